"""The answers to what is refused: names of their statuses (RFC 9110), and what they mean to a person."""

TABLES = (  # in pieces: a gap for all of it may not be there
    b"""
400 Bad Request|The request is not what HTTP or this page expects.
401 Unauthorized|Please sign in first.
403 Forbidden|You may not have this.
404 Not Found|There is no such page on this board.
405 Method Not Allowed|The page is there, but not for this.
406 Not Acceptable|The page does not exist in this form.
408 Request Timeout|That took too long.
""",
    b"""
409 Conflict|It is there already.
410 Gone|It is no longer there.
411 Length Required|The board has to know the length beforehand.
412 Precondition Failed|It is no longer what it was.
413 Content Too Large|That is more than the board can take.
414 URI Too Long|The address is longer than the board can read.
""",
    b"""
415 Unsupported Media Type|This page expects another kind of data.
416 Range Not Satisfiable|There are not so many bytes.
417 Expectation Failed|The board cannot do what was expected.
422 Unprocessable Content|What was entered cannot be used.
429 Too Many Requests|Too many attempts: please wait.
431 Request Header Fields Too Large|The browser said more than the board can read.
""",
    b"""
500 Internal Server Error|Something in the page's program went wrong.
501 Not Implemented|The board does not know how to do this.
502 Bad Gateway|What the board has asked did not answer well.
503 Service Unavailable|The board is short of memory: please try again.
504 Gateway Timeout|What the board has asked did not answer in time.
505 HTTP Version Not Supported|The board speaks HTTP/1.1 and before.
507 Insufficient Storage|There is no more room.
""",
)


def page(status):
    """(b"404 Not Found" and the like, a page that says so)."""
    for table in TABLES:
        start = table.find(b"\n%d " % status) + 1
        if start:
            name, said = table[start : table.find(b"\n", start)].split(b"|")
            return name, b"<!doctype html><title>" + name + b"</title><h1>" + name + b"</h1><p>" + said
    return b"%d Unknown" % status, b""
