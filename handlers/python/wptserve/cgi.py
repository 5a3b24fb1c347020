"""The parts of `cgi` (gone since Python 3.13) that handlers use."""

from html import escape
from urllib.parse import parse_qs, parse_qsl

from wptserve.forms import FieldStorage, parse_header, parse_multipart as _parts

__all__ = ["FieldStorage", "escape", "parse_header", "parse_multipart", "parse_qs", "parse_qsl"]


def parse_multipart(fp, pdict, encoding="utf-8", errors="replace", separator="&"):
    """The fields of multipart content: name to a list of values, octets for files and text for others."""
    boundary = pdict["boundary"]
    boundary = boundary if isinstance(boundary, bytes) else boundary.encode("ascii")
    fields = {}
    for part in _parts(fp.read(), boundary):
        value = part.value if part.filename is not None else part.value.decode(encoding, errors)
        fields.setdefault(part.name, []).append(value)
    return fields
