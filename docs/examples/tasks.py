# main.py: Homeport as one task of asyncio among others. The board is set up before the program is loaded: the setup
# page then has the whole heap.
import homeport

board = homeport.machine()
homeport.run(board)

import asyncio  # noqa: E402

online = asyncio.Event()
online.set()


def moved(state, event, next_state):
    print("from", state, "to", next_state)
    if next_state == "connected":
        online.set()
    else:
        online.clear()


async def measure():
    while True:
        await online.wait()
        print("measured")
        await asyncio.sleep(1)


async def blink():
    while True:
        print("blink")
        await asyncio.sleep(2)


async def main():
    homeport.on_transition(moved)
    asyncio.create_task(homeport.keep_online(board))
    asyncio.create_task(measure())
    await blink()


asyncio.run(main())
