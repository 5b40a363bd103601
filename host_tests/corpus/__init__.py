"""Requests that the protocol functions must get right: what clients send (dns.json, http.json), what hostile ones do.

dns.json: name; phase of the private-address rule, A or B; query in hex; reply: must, none, or optional (then the rcode
is meant only if there is one); rcode; address of the one A record, none if missing; opt: the reply has an OPT record.
http.json: name; phase: success if it is asked once the board is online and has told so, else the portal is open;
request, one character a byte; status: any of these is right for the final answer; silence: so is none; body, whole;
body_bytes: fewest and most of them; type: how Content-Type begins; fields: more that must be there, with their values;
rests: nothing may have changed. host_tests/check.py judges answers by these, and by what every answer must keep.
verdicts.json: answers and what the clients of host_tests/verdicts.py make of them.
hostile.py: named inputs with what is right for them. replay.py: runs inputs, on CPython and on MicroPython.
"""


def load(name):
    """The rows of a JSON file of this directory."""
    import json  # here, because MicroPython imports this package for hostile.py and has no pathlib
    from pathlib import Path

    return json.loads((Path(__file__).parent / name).read_text())
