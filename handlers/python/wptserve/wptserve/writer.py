"""`response.writer` over HTTP/1.x: every call leaves at once, and nothing is added that the original does not add."""

import sys
from email.utils import formatdate

from .constants import response_codes
from .utils import isomorphic_encode

#: What the original's base class calls itself.
SERVER = f"Framewright/0.1.0 Python/{sys.version.split()[0]}"
#: Octets that are read from a file at one time.
FILE_OCTETS = 32 * 1024


class ResponseWriter:
    """Writes a response piece by piece. The methods give False once the peer is gone."""

    def __init__(self, door, response):
        self._door = door
        self._response = response
        self.request = response.request
        self.default_status = 200
        self.file_chunk_size = FILE_OCTETS
        #: Whether anything was written: then the response's own fields and content no longer are.
        self.content_written = False
        self.is_peer_gone = False
        self._status_written = False
        self._headers_seen = set()
        self._headers_complete = False

    @property
    def has_begun(self):
        """Whether anything has left."""
        return self.content_written

    def send_head(self, status, headers, content=b""):
        """Status line, fields and what else goes with them, in one write."""
        octets = [self._status_line(*status)]
        self._status_written = True
        octets.extend(self._field_line(name, value) for name, value in headers)
        octets.append(self._end_of_head())
        octets.append(content)
        return self.write(b"".join(octets))

    def write_status(self, code, message=None):
        """The status line. More than one can be sent, as for informational responses."""
        line = self._status_line(code, message)
        self._status_written = True
        return self.write(line)

    def write_header(self, name, value):
        """A field line, behind a status line of 200 if there was none."""
        line = b"" if self._status_written else self._status_line(self.default_status)
        self._status_written = True
        return self.write(line + self._field_line(name, value))

    def write_default_headers(self):
        """The fields that the original adds."""
        return self.write(self._default_lines())

    def end_headers(self):
        """What is missing, and the empty line."""
        return self.write(self._end_of_head())

    def write_content(self, data):
        """Content, behind a head if there was none: its length is then that of this piece."""
        head = b""
        if not self._status_written:
            head = self._status_line(self.default_status)
            self._status_written = True
        if not self._headers_complete:
            self._response.content = data
            head += self._end_of_head()
        if head and isinstance(data, (bytes, str)):
            return self.write(head + self.encode(data))
        if head:
            self.write(head)
        return self.write_raw_content(data)

    def write_raw_content(self, data):
        """Octets, text or a file as it is."""
        if data is None:
            raise ValueError("there is no content to write: None")
        if isinstance(data, (bytes, str)):
            return self.write(data)
        return self.write_content_file(data)

    def write_content_file(self, data):
        """What a file holds, which is then closed."""
        is_written = True
        while is_written and (octets := data.read(self.file_chunk_size)):
            is_written = self.write(octets)
        data.close()
        return is_written

    def write(self, data):
        """Octets, or text in the response's encoding, verbatim."""
        octets = self.encode(data)
        self.content_written = True
        if not octets:
            return not self.is_peer_gone
        if not self._door.send_octets(octets):
            self.is_peer_gone = True
            return False
        return True

    def flush(self):
        """Everything has left when a write returns."""

    def encode(self, data):
        """Octets as they are, text in the response's encoding."""
        if isinstance(data, bytes):
            return data
        if isinstance(data, str):
            return data.encode(self._response.encoding)
        raise ValueError(f"data {data!r} should be text or octets, but is {type(data)}")

    def _status_line(self, code, message=None):
        if message is None:
            message = response_codes.get(code, ("", ""))[0]
        return b"%s %d %s\r\n" % (self.request.protocol_version.encode("ascii"), code, isomorphic_encode(message))

    def _field_line(self, name, value):
        name = self.encode(name)
        self._headers_seen.add(name.lower())
        if isinstance(value, int):
            value = str(value)
        return b"%s: %s\r\n" % (name, self.encode(value))

    def _default_lines(self):
        lines = []
        if b"server" not in self._headers_seen:
            lines.append(self._field_line("Server", SERVER))
        if b"date" not in self._headers_seen:
            lines.append(self._field_line("Date", formatdate(usegmt=True)))
        content = self._response.content
        if isinstance(content, (bytes, str)) and b"content-length" not in self._headers_seen:
            lines.append(self._field_line("Content-Length", len(self.encode(content))))
        return b"".join(lines)

    def _end_of_head(self):
        lines = self._default_lines() if self._response.add_required_headers else b""
        if b"content-length" not in self._headers_seen:
            # Only the close tells where the content ends.
            self._response.close_connection = True
        self._headers_complete = True
        return lines + b"\r\n"
