"""The lists of the pages, item by item. What an item needs comes into memory when its turn has come."""


def lists(context, values, inputs):
    """Add to `values`, see view.py, the functions that return the n-th item of a list, None behind the last one.

    An item is {name in the template: value}. inputs: what owner.rows() returned.
    """
    seen = context.seen  # another scan may follow before this page has left
    saved = []
    for network in context.networks:
        if network.ssid not in saved:  # a new key may have left an older one behind it
            saved.append(network.ssid)
    meant = values[b"meant"]

    def row(n):
        from .rows import item

        return item(seen[n], saved, meant) if n < len(seen) else None

    def known(n):
        return {b"ssid": saved[n]} if n < len(saved) else None

    def field(n):
        from .fieldset import field

        return field(inputs[n]) if n < len(inputs) else None

    values[b"rows"] = row
    values[b"known"] = known
    if inputs:
        values[b"fields"] = field
