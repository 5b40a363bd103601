"""What the pages show of the board: words that hold, and texts. The templates in device/pages name them."""


def view(context, problem, form):
    """{name: bytes or a truth}; what is missing does not hold. lists.py adds the lists.

    Names are bytes: as text, the short ones would stay in memory for ever. problem: a word for what was wrong with the
    submitted `form` ({field: value}), whose fields are put back.
    """
    attempt = context.attempt
    joined = context.joined
    meant = form.get(b"ssid", b"")
    name = context.name.encode()
    values = {
        b"name": name,
        b"device": form.get(b"device", name),
        b"here": context.radio.address(context.radio.access_point).encode(),
        b"networks": context.seen,
        b"saved": context.networks,
        b"unsaved": not context.saved,
        b"history": context.history is not None or recorded(context),
    }
    if problem:
        values[problem.encode()] = True
    elif attempt is None:
        values[b"no_attempt"] = True
    else:
        values[attempt.outcome.encode()] = True
        values[b"ssid"] = attempt.network.ssid
        if attempt.reason:
            values[attempt.reason.encode() + (b"_guess" if attempt.guess else b"")] = True
        for warning in attempt.warnings:
            values[warning.encode()] = True
        if attempt.outcome == "failed":
            meant = meant or attempt.network.ssid
            values[b"device"] = (attempt.values or {}).get(b"device", name)
    if joined:
        values[b"online"] = True
        values[b"joined"] = joined.ssid
        values[b"address"] = context.radio.address(context.radio.station).encode()
    if context.outage and not problem and not joined and b"trying" not in values:
        values[context.outage] = True
        values[b"home"] = missed(context)
    values[b"meant"] = meant
    if meant not in [row[0] for row in context.seen]:
        values[b"typed"] = meant
    return values


def recorded(context):
    """Whether attempts were noted before the last start."""
    try:
        context.hardware.open(str(b"/history", "ascii"), "rb").close()  # trusted: our own word, as in history.py
    except OSError:
        return False
    return True


def missed(context):
    """The name of the network that the board would be in: one that refuses it is in the air, the first one else."""
    names = [network.ssid for network in context.networks]
    if context.outage == b"password_changed":
        seen = [row[0] for row in context.seen]
        names = [name for name in names if name in seen] + names
    return names[0] if names else b""
