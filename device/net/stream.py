"""An answer that comes from an iterator while it leaves."""

import sys


class Stream:
    """A part of an answer, see Connection.answer(). chunked: framed as RFC 9112 section 7.1 wants it.

    Calling it raises StopIteration if there is nothing for now, OSError if the iterator failed, or gave what is neither
    bytes nor text: the client sees that it is not all.
    """

    def __init__(self, source, chunked):
        self._source = source
        self._chunked = chunked
        self._failed = False

    def __call__(self, file, n):
        if self._failed:
            raise OSError
        try:
            piece = next(self._source)
            if isinstance(piece, str):
                piece = piece.encode()
            if piece:
                memoryview(piece)  # TypeError if it is of no kind that can be sent
                if self._chunked:
                    piece = b"%x\r\n" % len(piece) + piece + b"\r\n"
        except StopIteration:
            return None
        except Exception as error:
            sys.print_exception(error)
            self._failed = True
            raise StopIteration  # what came before goes out first
        if not piece:
            raise StopIteration
        return piece

    def close(self):
        """Let a generator tidy up."""
        if hasattr(self._source, "close"):
            self._source.close()
