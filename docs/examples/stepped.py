# main.py: your loop is in charge from the first moment, Wi-Fi or not.
import time

import homeport

board = homeport.machine()
was_online = False
measured_at = time.ticks_ms()

while True:
    board.step()  # takes less than 100 ms, but for a scan: two seconds, while it looks for networks
    online = board.context.state == "connected"
    if online != was_online:
        was_online = online
        print("online" if online else "offline")
    if time.ticks_diff(time.ticks_ms(), measured_at) > 1_000:
        measured_at = time.ticks_ms()
        print("measured", "and sent" if online else "and kept")
    time.sleep_ms(10)
