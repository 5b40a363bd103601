# What is measured: power on with a saved network that is out of reach, portal open behind a key, pages sent; then the
# network is back and joined, with the portal still open for the phone that is on it; then the farewell is over, and
# what is left is the owner's program's. Run by heap.measure() behind heap_common.py, as heap_program.py is.
import network

# mark: program
board = homeport.machine()
board.context.idle_ms = 1000
step_until(lambda: board.context.state == "fallback", "the fallback portal")
board.context.idle_ms = 0
# mark: fallback entered
open_pages()
# mark: fallback, in the middle of a page
end_pages()
# mark: fallback, at rest after pages
board.context.idle_ms = 1000
network.reachable = True
step_until(lambda: board.context.state == "connected", "the network")
board.context.idle_ms = 0
# mark: connected
open_pages()
# mark: connected, in the middle of a page
end_pages()
# mark: connected, at rest after pages
board.context.idle_ms = 1000
step_until(lambda: not network.WLAN(network.AP_IF).active(), "the end of the farewell")
board.context.idle_ms = 0
rest()
# mark: farewell over
