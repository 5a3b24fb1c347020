"""The request, as handlers see it."""

import base64
import io
from urllib.parse import urlsplit

from .cookies import parse_cookies
from .forms import parse_form, parse_query
from .input_stream import InputFile
from .multidict import MultiDict
from .request_headers import H2RawHeaders, RequestHeaders
from .server import Server
from .utils import HTTPException


class Authentication:
    """Basic credentials (RFC 7617), in octets; none without an Authorization field."""

    def __init__(self, headers):
        self.username = None
        self.password = None
        if "Authorization" in headers:
            scheme, credentials = headers.get("Authorization").split(b" ", 1)
            if scheme != b"Basic":
                raise HTTPException(400, f"Unsupported authentication scheme {scheme!r}")
            self.username, self.password = base64.b64decode(credentials).split(b":", 1)


class Request:
    """A request over HTTP/1.x."""

    #: The scheme that URLs are built with; none: that of the listener.
    _scheme = None
    #: The site's folder is the root of all that handlers can see.
    doc_root = "/"

    def __init__(self, door, facts):
        self._door = door
        self._facts = facts
        self.url_base = "/"
        self.protocol_version = "HTTP/1.1"
        self.method = facts.method.decode("iso-8859-1")
        self.client_address = facts.peer
        self.server = Server(self)
        self._start(facts)
        self.route_match = {"*": self.url_parts.path.lstrip("/")}
        self.raw_input = self._content(door, facts)
        self._parsed = {}

    def _start(self, facts):
        """What only HTTP/1.x has: a request line, and fields with their spelling."""
        self.request_line, _, self._head = facts.head.partition(b"\r\n")
        self.request_line += b"\r\n"
        self._lines = list(_field_lines(self._head))
        words = self.request_line.decode("iso-8859-1").split()
        target = words[1] if len(words) > 1 else facts.target.decode("iso-8859-1")
        # As CPython's server has it since 3.10.6: such a path could be taken for a host.
        self.request_path = "/" + target.lstrip("/") if target.startswith("//") else target
        host = self.headers.get("host")
        self._name_url(host.decode("iso-8859-1") if host is not None else None)

    def _name_url(self, host):
        scheme = self._scheme or self._facts.scheme
        name, port = self._facts.local
        if host is not None:
            name, colon, given = host.partition(":")
            port = given if colon else port
        if self.request_path.startswith(f"{scheme}://"):
            self.url = self.request_path
        else:
            self.url = f"{scheme}://{name}:{port}{self.request_path}"
        self.url_parts = urlsplit(self.url)

    def _content(self, door, facts):
        """Of the octets announced; only the end of the content will tell how many they are if there is a transfer coding."""
        is_coded = b"transfer-encoding" in self.headers
        return InputFile(door.read, None if is_coded else int(self.headers.get("content-length", b"0")))

    def _once(self, name, parse):
        if name not in self._parsed:
            self._parsed[name] = parse()
        return self._parsed[name]

    def __repr__(self):
        return f"<Request {self.method} {self.url}>"

    @property
    def headers(self):
        if "_headers" not in self.__dict__:
            self._headers = RequestHeaders(self._lines, "request-duplicates" in self._facts.mended)
        return self._headers

    @property
    def raw_headers(self):
        """The fields as the standard library's parser gives them: spelling, order and duplicates kept."""
        from http.client import parse_headers

        return self._once("raw_headers", lambda: parse_headers(io.BytesIO(self._head)))

    @property
    def GET(self):
        def parse():
            query = MultiDict()
            for name, value in parse_query(self.url_parts.query):
                query.add(name, value)
            return query

        return self._once("GET", parse)

    @property
    def POST(self):
        def parse():
            kind = self.headers.get("content-type")
            kind = kind.decode("iso-8859-1") if kind is not None else None
            return parse_form(self.method, kind, lambda: self.body, "content-length" in self.headers)

        return self._once("POST", parse)

    @property
    def cookies(self):
        return self._once("cookies", lambda: parse_cookies(self.headers.get("cookie", b"")))

    @property
    def auth(self):
        return self._once("auth", lambda: Authentication(self.headers))

    @property
    def body(self):
        def read():
            at = self.raw_input.tell()
            self.raw_input.seek(0)
            octets = self.raw_input.read()
            self.raw_input.seek(at)
            return octets

        return self._once("body", read)


def _field_lines(head):
    """Name and value of each line of a field section. As the original's parser has it: spaces behind values stay, folded
    lines keep their ends, and a line without a colon ends it."""
    lines = []
    for line in head.split(b"\r\n"):
        if not line:
            break
        if line[:1] in b" \t":
            if lines:
                lines[-1][1] += b"\r\n" + line
            continue
        name, colon, value = line.partition(b":")
        if not colon:
            break
        lines.append([name, value.lstrip(b" \t")])
    return ((name, value) for name, value in lines)


class H2Request(Request):
    """A request over HTTP/2: its URL, fields and content are the original's, which pages can see, unless that is mended."""

    def __init__(self, door, facts):
        self.frames = []
        super().__init__(door, facts)
        self.protocol_version = "HTTP/2.0"
        self.h2_stream_id = facts.stream_id
        self._seen_frames = 0

    def _start(self, facts):
        self.request_line = ""
        self.request_path = facts.target.decode("iso-8859-1")
        self._plain = H2RawHeaders(facts.fields)
        if "http2-url" in facts.mended:
            self._name_url(self._plain.get("authority"))
            return
        self._scheme = "http2"
        # The original looks for `Host`, which HTTP/2 never has in this spelling.
        self._name_url(None)

    def _content(self, door, facts):
        #: What the client sends, for `handle_data`.
        self.received = InputFile(door.read)
        # The original asks for the length under a name that HTTP/2 never has.
        return self.received if "http2-content" in facts.mended else InputFile(door.read, 0)

    @property
    def headers(self):
        if "_headers" not in self.__dict__:
            keeps_all = "request-duplicates" in self._facts.mended
            lines = self._plain.all_items() if keeps_all else self._plain.items()
            octets = ((name.encode("iso-8859-1"), value.encode("iso-8859-1")) for name, value in lines)
            self._headers = RequestHeaders(octets, keeps_all)
        return self._headers

    @property
    def raw_headers(self):
        return self._plain

    def next_frame(self, timeout=None, stream_id=0):
        """Waits for the client's next frame: of this stream and the connection, or with a `stream_id` of that stream.
        None if there is none within `timeout` seconds, or ever again."""
        frame = self._door.next_frame(self._seen_frames, self.h2_stream_id, stream_id, timeout)
        if frame is not None:
            self._seen_frames = frame.number
        return frame
