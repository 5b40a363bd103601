# main.py: wait for the Wi-Fi, then do what has to be done. The simplest way.
import time

import homeport

board = homeport.machine()
wlan = homeport.run(board)  # joins, or asks on the portal; returns when it is connected
print("online as", wlan.ifconfig()[0])

wishes = homeport.values()  # what was entered into inputs of your own (docs/settings.md)
print("the server is", wishes.get("server"))

while True:
    board.step()  # at least a few times a second: the link is watched, the button is looked at
    print("uptime", time.ticks_ms() // 1000)
    time.sleep_ms(500)
