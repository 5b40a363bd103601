"""Requests that the protocol functions must get right: what clients send (dns.json, http.json), what hostile ones do.

dns.json: name; phase of the private-address rule, A or B; query in hex; reply: must, none, or optional (then the rcode
is meant only if there is one); rcode; address of the one A record, none if missing; opt: the reply has an OPT record.
http.json: name; request, one character a byte; status: any of these is right for the portal's first answer.
hostile.py: named inputs with what is right for them. replay.py: runs inputs, on CPython and on MicroPython.
"""


def load(name):
    """The rows of a JSON file of this directory."""
    import json  # here, because MicroPython imports this package for hostile.py and has no pathlib
    from pathlib import Path

    return json.loads((Path(__file__).parent / name).read_text())
