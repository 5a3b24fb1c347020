"""Forms in request content: URL-encoded, and RFC 7578's multipart. Octets, and text that has one code point for each."""

import email.parser
import io
from urllib.parse import unquote_to_bytes

from .multidict import MultiDict


def parse_query(query):
    """Name and value pairs of a query, in octets: `&` separates, `+` is a space, empty pieces fall away."""
    if isinstance(query, str):
        query = query.encode("iso-8859-1")
    for piece in query.split(b"&"):
        if piece:
            name, _, value = piece.replace(b"+", b" ").partition(b"=")
            yield unquote_to_bytes(name), unquote_to_bytes(value)


def parse_header(line):
    """A field value with parameters: the value, and a dict of the parameters by lower-case name."""
    pieces = _split(line)
    value = next(pieces, "").strip()
    parameters = {}
    for piece in pieces:
        name, equals, given = piece.partition("=")
        if equals:
            given = given.strip()
            if len(given) >= 2 and given[0] == given[-1] == '"':
                given = given[1:-1].replace("\\\\", "\\").replace('\\"', '"')
            parameters[name.strip().lower()] = given
    return value, parameters


def _split(line):
    """The pieces between semicolons that stand outside quoted strings (RFC 9110 §5.6.4)."""
    start = at = 0
    is_quoted = False
    while at < len(line):
        if line[at] == "\\" and is_quoted:
            at += 1
        elif line[at] == '"':
            is_quoted = not is_quoted
        elif line[at] == ";" and not is_quoted:
            yield line[start:at]
            start = at + 1
        at += 1
    yield line[start:]


class FieldStorage:
    """A part of a form, or the form: what `cgi.FieldStorage` was, as far as handlers can tell."""

    def __init__(self, name=None, value=b"", filename=None, headers=None, content_type="text/plain", options=None):
        self.name = name
        self.filename = filename
        self.headers = headers if headers is not None else {}
        self.type = content_type
        self.type_options = options or {}
        self.disposition = "form-data" if name is not None else ""
        self.file = io.BytesIO(value)
        self.list = None

    @property
    def value(self):
        at = self.file.tell()
        self.file.seek(0)
        octets = self.file.read()
        self.file.seek(at)
        return octets

    def __repr__(self):
        return f"FieldStorage({self.name!r}, {self.filename!r}, {self.value!r})"


def parse_form(method, content_type, content, has_length):
    """`request.POST`: text fields as octets, files as `FieldStorage`.

    `content`: a function that gives the octets, called only for methods that have any by the original's rules.
    `content_type`: text; none if the request names none.
    """
    form = MultiDict()
    if method in ("GET", "HEAD"):
        return form
    if content_type is None:
        content_type = "application/x-www-form-urlencoded" if method == "POST" else "text/plain"
    kind, options = parse_header(content_type)
    if kind == "application/x-www-form-urlencoded":
        for name, value in parse_query(content()):
            form.add(name, value)
    elif kind.startswith("multipart/"):
        boundary = options.get("boundary", "")
        if not boundary:
            raise ValueError(f"multipart content without a boundary: {content_type!r}")
        for part in parse_multipart(content(), boundary.encode("iso-8859-1")):
            form.add(part.name.encode("iso-8859-1"), part if part.filename else part.value)
    elif has_length:
        # The original fails here too, and pages see a 500.
        raise TypeError(f"content of type {kind!r} is no form")
    return form


def parse_multipart(content, boundary):
    """The parts of multipart content (RFC 2046 §5.1), in order; those without a name are left out."""
    delimiter = b"--" + boundary
    pieces = (b"\r\n" + content).split(b"\r\n" + delimiter)
    for piece in pieces[1:]:
        if piece.startswith(b"--"):
            return
        # Transport padding, then the line's end.
        _, end, part = piece.partition(b"\r\n")
        if not end:
            continue
        head, _, value = part.partition(b"\r\n\r\n") if not part.startswith(b"\r\n") else (b"", b"", part[2:])
        headers = email.parser.HeaderParser().parsestr(head.decode("iso-8859-1"))
        _, options = parse_header(headers.get("content-disposition", ""))
        if "name" not in options:
            continue
        kind, kind_options = parse_header(headers.get("content-type", "text/plain"))
        yield FieldStorage(options["name"], value, options.get("filename"), headers, kind, kind_options)
