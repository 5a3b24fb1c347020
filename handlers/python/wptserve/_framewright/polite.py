"""HTTP/1.x without the raw door: what handlers write verbatim is read again, and sent as the server would."""


class PoliteDoor:
    """A door that takes octets of a response and makes steps of them."""

    def __init__(self, door):
        self._door = door
        self._head = b""
        self._has_head = False

    def __getattr__(self, name):
        return getattr(self._door, name)

    def send_octets(self, octets):
        if self._has_head:
            return self._send(self._door.send_data, octets, False, None)
        self._head += octets
        while not self._has_head and b"\r\n\r\n" in self._head:
            head, _, self._head = self._head.partition(b"\r\n\r\n")
            status, fields = _parse(head)
            if 100 <= status < 200:
                if not self._send(self._door.send_informational, status, fields):
                    return False
                continue
            self._has_head = True
            if not self._send(self._door.send_headers, status, fields, False, None):
                return False
            rest, self._head = self._head, b""
            if rest:
                return self._send(self._door.send_data, rest, False, None)
        return True

    def after(self, keep):
        """The server decides: it frames the response itself. By now there has to be one."""
        if not self._has_head:
            self._door.fail(f"no proper response: {self._head[:200]!r}; only a handler with the grant `raw` can send this")

    def _send(self, step, *arguments):
        fault = step(*arguments)
        if fault is None:
            return True
        if type(fault).__name__ == "PeerGone":
            return False
        raise PermissionError(f"{fault}; only a handler with the grant `raw` can send this")


def _parse(head):
    """Status and fields of a response head."""
    line, *lines = head.split(b"\r\n")
    words = line.split(b" ", 2)
    if len(words) < 2 or words[0] != b"HTTP/1.1" or not words[1].isdigit():
        raise PermissionError(f"no proper status line: {line!r}; only a handler with the grant `raw` can send this")
    fields = []
    for line in lines:
        name, colon, value = line.partition(b":")
        if not colon:
            raise PermissionError(f"no proper field line: {line!r}; only a handler with the grant `raw` can send this")
        fields.append((name, value.strip(b" \t")))
    return int(words[1]), fields
