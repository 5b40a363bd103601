"""What a person, or a tool at the other end of the cable, may ask for at the prompt, where nothing of the firmware
runs."""

NAP_MS = 20


def forget_all():
    """Erase what is saved, the chip's own copy as well, as the button does. For the prompt."""
    from .context import Context
    from .net.actions import forget

    context = Context()
    forget(context)
    print("homeport: everything is erased" if context.saved else "homeport: not everything could be erased")


def restart_into_portal():
    """Start again and open the portal, as the button does. For the prompt."""
    from .hardware import Hardware
    from .marks import PERSON, PORTAL, mark

    mark(Hardware, PORTAL | PERSON)
    Hardware.reset()


def join(form):
    """Try what a person would have submitted to the portal, and save it if it works: credentials over the cable.

    form: {b"ssid": name, b"password": key}, and if wanted b"device": its name, b"f.name": the value of an input; bytes.
    No access point opens. The last line printed tells the outcome: "cable: connected ADDRESS", "cable: failed REASON"
    with "probably" behind it where that is a guess, "cable: refused WORD" for what no portal would take, or "cable:
    unsaved" if flash refused.
    """
    from .context import Context
    from .owner import inputs

    context = Context()
    context.fields = inputs(context.hardware, context.report)
    del inputs  # each with its code: there is no room for all of it at once
    known = [b"f." + field[0] for field in context.fields]
    if [name for name in form if name.startswith(b"f.") and name not in known]:
        print("cable: refused field_unknown")
        return
    context.rest()
    from .net.scan import scan

    scan(context)  # what it shows is saved with the network
    del scan
    context.rest()
    from .net.actions import connect

    refused = connect(context, form, form.pop(b"password", b""), False)
    del connect
    context.rest()
    if not context.submitted:
        print("cable: refused", refused[2])
        return
    from .states.connecting import State

    state = State(context)
    event = None
    while event is None:
        context.clock.sleep(NAP_MS)
        event = state.step()
    if event != "got_ip":
        print("cable: failed", context.attempt.reason, "probably" if context.attempt.guess else "")
    elif context.saved:
        print("cable: connected", context.radio.address(context.radio.station))
    else:
        print("cable: unsaved")
