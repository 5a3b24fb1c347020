"""Connections of a client that looks at every octet, cleartext or TLS."""

import dataclasses
import socket
import ssl

# Longer than any script waits, so that a slow machine fails nothing.
PATIENCE_S = 30
# How long nothing has to come where nothing is expected.
SILENCE_S = 0.4


@dataclasses.dataclass(frozen=True)
class Server:
    """Where the server listens in cleartext and over TLS, and the file with the certificate of its authority."""

    http: int
    https: int
    authority: str


class Differs(Exception):
    """What came is not what the row says."""


class Tls:
    """TLS over a socket whose own errors show: Python's SSLSocket makes an end without close_notify of a reset."""

    def __init__(self, plain, context):
        self.plain, self.arrived, self.leaving = plain, ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.arrived, self.leaving, server_hostname="localhost")
        self.until_done(self.tls.do_handshake)

    def until_done(self, step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                self.flush()
                octets = self.plain.recv(1 << 16)
                if not octets:
                    raise ssl.SSLEOFError("no close_notify") from None
                self.arrived.write(octets)
            finally:
                self.flush()

    def flush(self):
        if self.leaving.pending:
            self.plain.sendall(self.leaving.read())

    def recv(self, most):
        try:
            return self.until_done(lambda: self.tls.read(most))
        except ssl.SSLZeroReturnError:
            return b""

    def sendall(self, octets):
        self.until_done(lambda: self.tls.write(octets))

    def settimeout(self, seconds):
        self.plain.settimeout(seconds)

    def __getattr__(self, name):
        return getattr(self.plain, name)


class Connection:
    """A socket, what has come and not been looked at, and how the connection ended."""

    def __init__(self, server, alpn):
        self.buffer, self.ended = b"", None
        self.socket = socket.create_connection(("127.0.0.1", server.https if alpn else server.http), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if alpn:
            context = ssl.create_default_context(cafile=server.authority)
            context.set_alpn_protocols([alpn])
            self.socket = Tls(self.socket, context)
            if self.socket.tls.selected_alpn_protocol() != alpn:
                raise Differs(f"ALPN chose {self.socket.tls.selected_alpn_protocol()}")

    def send(self, octets):
        try:
            self.socket.sendall(octets)
        except OSError:
            pass  # The server is gone: what it sent before is still to be read.

    def more(self, seconds=PATIENCE_S):
        """Waits for octets; false if none came, as the connection ended or the time is over."""
        if self.ended:
            return False
        self.socket.settimeout(seconds)
        try:
            octets = self.socket.recv(1 << 16)
            self.ended = None if octets else "close"
        except (TimeoutError, ssl.SSLWantReadError):
            return False
        except ssl.SSLEOFError:
            octets, self.ended = b"", "without-close-notify"
        except ConnectionResetError:
            octets, self.ended = b"", "reset"
        self.buffer += octets
        return bool(octets)

    def take(self, count):
        taken, self.buffer = self.buffer[:count], self.buffer[count:]
        return taken

    def expect_text(self, octets):
        """The octets, and nothing else before them."""
        while len(self.buffer) < len(octets) and octets.startswith(self.buffer) and self.more():
            pass
        if not self.buffer.startswith(octets):
            raise Differs(f"expected {octets[:400]!r}, got {self.buffer[:400]!r}, {self.ended or 'and no end'}")
        self.take(len(octets))

    def expect_silence(self):
        if self.buffer or self.more(SILENCE_S) or self.ended:
            raise Differs(f"expected nothing, got {self.buffer[:400]!r}, {self.ended or 'and no end'}")

    def expect_end(self, how):
        while self.more():
            pass
        if self.buffer:
            raise Differs(f"after all: {self.buffer[:400]!r}")
        if self.ended != how:
            raise Differs(f"expected the end by {how}, got {self.ended or 'none'}")
