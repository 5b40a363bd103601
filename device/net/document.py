"""What sends a page that pages.py has planned. It stays in memory until the page has left; the rest need not."""

BLOCK_BYTES = 128


def sent(hardware, name, plan):
    """Yield the bytes of a plan: each part is bytes, an iterable of pairs (bytes, check), or two numbers: where in the
    file `name` of the compiled pages something begins, and its size.
    """
    with hardware.page(name) as file:
        at = 0
        while at < len(plan):
            part = plan[at]
            at += 1
            if isinstance(part, int):
                file.seek(part)
                left = plan[at]
                at += 1
                while left:
                    block = file.read(min(left, BLOCK_BYTES))
                    if not block:
                        return  # the file was cut short: the length that was announced will tell
                    left -= len(block)
                    yield block
            elif isinstance(part, (bytes, bytearray)):
                yield part
            else:
                for piece, _ in part:
                    yield piece
