"""Octets as text, and the one exception with a status."""


def isomorphic_decode(s):
    """Octets as text, one code point for each (ISO-8859-1); text stays as it is."""
    if isinstance(s, str):
        return s
    if isinstance(s, (bytes, bytearray)):
        return s.decode("iso-8859-1")
    raise TypeError(f"neither text nor octets: {s!r}")


def isomorphic_encode(s):
    """The opposite of `isomorphic_decode`; octets stay as they are."""
    if isinstance(s, bytes):
        return s
    if isinstance(s, str):
        return s.encode("iso-8859-1")
    raise TypeError(f"neither text nor octets: {s!r}")


class HTTPException(Exception):
    """Ends a handler with an error response."""

    # `Exception.__new__` has kept the positional arguments, so that `str()` gives what clients of the original see: the
    # code alone, or the pair if the message was given by position.
    def __init__(self, code, message=""):
        self.code = code
        self.message = message


def get_port(host=""):
    """The original finds a free port; there are no sockets here."""
    raise PermissionError("handlers run without sockets: there are no ports to be had")
