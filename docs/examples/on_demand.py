# app.py: homeport.main() runs, as installed. A button of your own on D5 (GPIO14) opens the portal; what was entered
# there is read when the phone has left, for the portal needs the memory.
import homeport
from machine import Pin

button = Pin(14, Pin.IN, Pin.PULL_UP)
settings = None


def moved(state, event, next_state):
    global settings
    print("now", next_state)
    settings = None


homeport.on_transition(moved)


def step():  # called by homeport.main() at each turn, from the first connection on
    global settings
    if not homeport.running.settled:
        return
    if settings is None:
        settings = homeport.values()
        print("settings", settings)
    if not button.value():
        homeport.open_portal()  # to everybody, for ten minutes
