"""The response, as handlers make it."""

import json
from datetime import datetime, timedelta, timezone
from http.cookies import BaseCookie

from .cookies import set_cookie_line
from .h2_writer import H2ResponseWriter
from .logger import get_logger
from .raw import Raw
from .response_headers import ResponseHeaders
from .utils import isomorphic_decode
from .writer import ResponseWriter

_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()


class Response:
    """A response over HTTP/1.x. Nothing leaves before `write`, unless the handler uses `writer`."""

    _writer_class = ResponseWriter

    def __init__(self, door, request):
        self.request = request
        self.encoding = "utf8"
        self.add_required_headers = True
        self.send_body_for_head_request = False
        self.close_connection = False
        self.logger = get_logger()
        self._status = (200, None)
        self.headers = ResponseHeaders()
        self.content = []
        self._door = door
        self._raw = None
        self.writer = self._writer_class(door, self)

    @property
    def status(self):
        """Code and phrase; none: the usual one."""
        return self._status

    @status.setter
    def status(self, value):
        if not hasattr(value, "__len__"):
            self._status = (int(value), None)
            return
        if len(value) != 2:
            raise ValueError("a status is a number, or a number and a phrase")
        code, phrase = value
        self._status = (int(code), phrase if isinstance(phrase, (bytes, str)) else str(phrase))

    @property
    def raw(self):
        """The raw door: any octets, any frames."""
        if self._raw is None:
            self._raw = Raw(self._door, self)
        return self._raw

    def set_cookie(self, name, value, path="/", domain=None, max_age=None, expires=None, secure=False,
                   httponly=False, comment=None, samesite=None):
        """Appends a Set-Cookie field. A value of None is an empty cookie that expired yesterday."""
        if value is None:
            value, max_age, expires = b"", 0, timedelta(days=-1)
        if isinstance(expires, timedelta):
            expires = datetime.now(timezone.utc) + expires
        if expires is not None:
            expires = expires.strftime("%d {} %Y %H:%M:%S GMT").format(_MONTHS[expires.month - 1])
        if max_age is not None:
            if hasattr(max_age, "total_seconds"):
                max_age = int(max_age.total_seconds())
            max_age = "%.0d" % max_age
        attributes = {"path": path, "domain": domain, "comment": comment, "expires": expires, "max-age": max_age,
                      "secure": secure, "httponly": httponly, "samesite": samesite}
        line = set_cookie_line(isomorphic_decode(name), isomorphic_decode(value), attributes)
        self.headers.append("Set-Cookie", line)

    def unset_cookie(self, name):
        """Takes a cookie out of those that this response sets."""
        name = isomorphic_decode(name)
        jar = BaseCookie()
        for line in self.headers.get("Set-Cookie"):
            jar.load(isomorphic_decode(line))
        if name in jar:
            del self.headers["Set-Cookie"]
            for morsel in jar.values():
                if morsel.key != name:
                    self.headers.append("Set-Cookie", morsel.OutputString())

    def delete_cookie(self, name, path="/", domain=None):
        """Makes the client forget a cookie."""
        self.set_cookie(name, None, path=path, domain=domain, max_age=0, expires=timedelta(days=-1))

    def iter_content(self, read_file=False):
        """The content in pieces; callables among them are called. A file is one piece."""
        content = self.content
        if isinstance(content, bytes):
            yield content
        elif isinstance(content, str):
            yield content.encode(self.encoding)
        elif hasattr(content, "read"):
            yield content.read() if read_file else content
        else:
            for item in content:
                piece = item() if callable(item) else item
                if piece:
                    yield piece

    def has_content(self):
        """Whether content leaves with this response (RFC 9110 §9.3.2)."""
        return self.request.method != "HEAD" or self.send_body_for_head_request

    def write_status_headers(self):
        """Sends status and fields."""
        self.writer.send_head(self.status, self.headers)

    def write_content(self):
        """Sends the content."""
        if self.has_content():
            for item in self.iter_content():
                if self.writer.write_content(item) is False and self.writer.is_peer_gone:
                    # What makes the items may go on for ever.
                    break

    def write(self):
        """Sends all of it."""
        content = self.content
        if self.has_content() and isinstance(content, (bytes, str)):
            # One write: a client never sees half of a short response.
            self.writer.send_head(self.status, self.headers, self.writer.encode(content))
        else:
            self.write_status_headers()
            self.write_content()

    def set_error(self, code, err=""):
        """Makes this the error document that clients of the original know."""
        document = json.dumps({"error": {"code": code, "message": str(err)}})
        self.status = code
        self.headers = [("Content-Type", "application/json"), ("Content-Length", len(document))]
        self.content = document


class H2Response(Response):
    """A response over HTTP/2."""

    _writer_class = H2ResponseWriter

    def __init__(self, door, request):
        #: Whether the fields are checked before they leave: False sends them as they are, well-formed or not.
        self.validate = True
        super().__init__(door, request)

    def write_status_headers(self):
        self.writer.write_headers(self.headers, *self.status)

    def write_content(self):
        if not self.has_content():
            return
        items = iter(self.iter_content())
        item = next(items, None)
        while item is not None and not self.writer.is_peer_gone:
            # The last piece carries END_STREAM, so one is fetched ahead.
            following = next(items, None)
            self.writer.write_data(item, last=following is None)
            item = following

    def write(self):
        self.write_status_headers()
        self.write_content()
