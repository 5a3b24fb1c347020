"""`request.raw_input`: the content as a seekable file, read as far as it is asked for."""

import io


class InputFile:
    """Reads octets with `pull` (some octets, or none at the end) and remembers them."""

    def __init__(self, pull, length=None):
        self._pull = pull
        self._length = length
        self._buffer = io.BytesIO()
        self._is_complete = length == 0

    @property
    def length(self):
        """Octets in all: as announced, else as counted to the end."""
        if self._length is None:
            self._fill(None)
            self._length = self._buffer.getbuffer().nbytes
        return self._length

    def _fill(self, octets):
        """Reads until there are this many octets; none: all."""
        at = self._buffer.tell()
        held = self._buffer.seek(0, io.SEEK_END)
        while not self._is_complete and (octets is None or held < octets):
            piece = self._pull()
            if not piece:
                self._is_complete = True
                break
            held += self._buffer.write(piece)
        self._buffer.seek(at)

    def read(self, octets=-1):
        wanted = None if octets is None or octets < 0 else self._buffer.tell() + octets
        self._fill(wanted)
        return self._buffer.read(octets)

    def readline(self, limit=None):
        most = -1 if limit is None else limit
        at = self._buffer.tell()
        while True:
            line = self._buffer.readline(most)
            if line.endswith(b"\n") or len(line) == most or self._is_complete:
                return line
            self._buffer.seek(at)
            self._fill(at + len(line) + 1)

    def readlines(self):
        return list(self)

    def __iter__(self):
        return iter(self.readline, b"")

    def __next__(self):
        line = self.readline()
        if not line:
            raise StopIteration
        return line

    def tell(self):
        return self._buffer.tell()

    def seek(self, at):
        if at < 0 or at > self.length:
            raise ValueError("the content does not reach there")
        self._fill(at)
        self._buffer.seek(at)

    @property
    def is_complete(self):
        """Whether all of the content was received."""
        return self._is_complete
