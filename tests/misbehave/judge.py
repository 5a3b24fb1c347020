"""Compares what the scripts of examples/misbehave put on the wire with the table, octet for octet, run by misbehave.rs:

    judge.py TABLE HTTP_PORT HTTPS_PORT AUTHORITY [PART OF A FILE'S NAME]…

Prints a JSON array of {"name", "passed", "message"}. It shares no code with the server: frames are read with hyperframe,
field blocks with hpack.

For each row and protocol it sends one polite request on a new connection (HTTP/2: over TLS, on stream 1; HTTP/1.1: in
cleartext), and a second attempt where the row has `next`. Then `after` says whether the next polite request on the
connection is answered (`keep`), or the connection ends (`close`; how, if not in good order, says `end`).

Frames that are the server's own, not the script's, are dropped by these rules:
- up to the acknowledgement of our SETTINGS: SETTINGS, SETTINGS with ACK, WINDOW_UPDATE on stream 0;
- from then on: WINDOW_UPDATE by 1 or more;
- once all of `wire` has come: PING, and GOAWAY with NO_ERROR, with which a server leaves (RFC 9113 §6.8).
"""

import concurrent.futures
import json
import socket
import ssl
import sys
import time
import traceback
import uuid

import hpack
import hyperframe.exceptions
import hyperframe.frame as frames

from notation import FLAGS, HEADER_LENGTH, TYPES, block_of, flags_of, kind_of, octets_of, payload_of, show, text_of

TABLE, HTTP_PORT, HTTPS_PORT, AUTHORITY = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
WANTED = sys.argv[5:]

# Longer than any script waits, so that a slow machine fails nothing.
PATIENCE_S = 30
# How long nothing has to come where nothing is expected.
SILENCE_S = 0.4
# Rows at one time: scripts wait more than they work.
THREADS = 12

POLITE = "/polite.txt"
POLITE_CONTENT = b"polite\n"


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

    def __init__(self, alpn):
        self.buffer, self.ended = b"", None
        self.socket = socket.create_connection(("127.0.0.1", HTTPS_PORT if alpn else HTTP_PORT), PATIENCE_S)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if alpn:
            context = ssl.create_default_context(cafile=AUTHORITY)
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


class Http2(Connection):
    """A polite client that sends requests on streams 1, 3, 5, ….

    Field blocks are decoded from the first on, so that the table is the server's.
    """

    def __init__(self):
        super().__init__("h2")
        self.decoder, self.encoder = hpack.Decoder(), hpack.Encoder()
        # RFC 9113 §10.5.1: rows have field sections of more than 400 KiB.
        self.decoder.max_header_list_size = 1 << 20
        self.complete, self.stream = False, -1
        push = {frames.SettingsFrame.ENABLE_PUSH: 0}
        self.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frames.SettingsFrame(0, settings=push).serialize())
        first, acknowledged = True, False
        while not acknowledged:
            frame = self.whole_frame()
            if first and not (isinstance(frame, frames.SettingsFrame) and "ACK" not in frame.flags):
                raise Differs(f"the server's preface is no SETTINGS (RFC 9113 §3.4) but {frame}")
            acknowledged = isinstance(frame, frames.SettingsFrame) and "ACK" in frame.flags
            if not isinstance(frame, (frames.SettingsFrame, frames.WindowUpdateFrame)) or frame.stream_id:
                raise Differs(f"before our SETTINGS were acknowledged: {frame}")
            if first:
                self.send(frames.SettingsFrame(0, flags=["ACK"]).serialize())
            first = False

    def request(self, path, method="GET", content=b"", unfinished=False):
        self.stream += 2
        fields = [(":method", method), (":scheme", "https"), (":authority", f"localhost:{HTTPS_PORT}"), (":path", path)]
        has_content = bool(content) or unfinished
        flags = ["END_HEADERS"] if has_content else ["END_HEADERS", "END_STREAM"]
        octets = frames.HeadersFrame(self.stream, self.encoder.encode(fields), flags=flags).serialize()
        if has_content:
            octets += frames.DataFrame(self.stream, content, flags=[] if unfinished else ["END_STREAM"]).serialize()
        self.send(octets)

    def cancel(self):
        self.send(frames.RstStreamFrame(self.stream, error_code=8).serialize())

    def whole_frame(self):
        """The next frame as hyperframe reads it; None at the end."""
        while not self.has_frame():
            if not self.more():
                if self.buffer:
                    raise Differs(f"cut: {show(self.buffer)}, {self.ended or 'and no end'}")
                return None
        return parse(self.take(self.frame_length()))

    def frame_length(self):
        return HEADER_LENGTH + int.from_bytes(self.buffer[:3], "big")

    def has_frame(self):
        return len(self.buffer) >= HEADER_LENGTH and len(self.buffer) >= self.frame_length()

    def drops_own(self):
        """Drops the next frame if it is the server's own."""
        if not self.has_frame():
            return False
        try:
            frame = parse(self.buffer[: self.frame_length()])
        except (hyperframe.exceptions.HyperframeError, ValueError):
            return False
        own = isinstance(frame, frames.WindowUpdateFrame) and frame.window_increment > 0
        if self.complete and isinstance(frame, frames.PingFrame) and "ACK" not in frame.flags:
            self.send(frames.PingFrame(0, frame.opaque_data, flags=["ACK"]).serialize())
            own = True
        own = own or (self.complete and isinstance(frame, frames.GoAwayFrame) and frame.error_code == 0)
        if own:
            self.take(self.frame_length())
        return own

    def expect_octets(self, octets):
        while not self.buffer.startswith(octets):
            if octets.startswith(self.buffer) or (not self.has_frame() and not self.ended):
                # What came is a beginning, or too little to tell whose it is.
                if self.more():
                    continue
            elif self.drops_own():
                continue
            raise Differs(f"expected {show(octets)}, got {show(self.buffer)}, {self.ended or 'and no end'}")
        self.take(len(octets))

    def expect_section(self, item):
        """A polite field section: the frame as the row says, its fields after decoding."""
        while not self.has_frame() or self.drops_own():
            if not self.has_frame() and not self.more():
                raise Differs(f"expected {item}, got {show(self.buffer)}, {self.ended or 'and no end'}")
        octets = self.take(self.frame_length())
        seen = (octets[3], octets[4], int.from_bytes(octets[5:9], "big"))
        if seen != (kind_of(item), flags_of(item), item["stream"]):
            raise Differs(f"expected {item}, got {show(octets)}")
        self.expect_fields(item["fields"], block_of(octets[3], octets[4], octets[HEADER_LENGTH:]))

    def expect_fields(self, fields, block):
        decoded = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in self.decoder.decode(block, raw=True)]
        expected = [[name, text_of(value)] for name, value in fields]
        if decoded != expected:
            raise Differs(f"expected the fields {str(expected)[:400]}, got {str(decoded)[:400]}")

    def expect(self, wire):
        for at, item in enumerate(wire):
            octets = octets_of(item)
            if octets is None:
                self.expect_section(item)
                continue
            self.expect_octets(octets)
            if "fields" in item:
                self.expect_fields(item["fields"], block_from(wire[at:]))
            if "type" in item:
                self.answer(item)
        if not wire:
            self.expect_silence()

    def answer(self, item):
        """Acknowledges as a polite client does: PING (RFC 9113 §6.7) and SETTINGS (§6.5.3) without fault."""
        kind, payload = kind_of(item), payload_of(item["payload"])
        if item["stream"] or flags_of(item):
            return
        if kind == TYPES["PING"] and len(payload) == 8:
            self.send(frames.PingFrame(0, payload, flags=["ACK"]).serialize())
        if kind == TYPES["SETTINGS"] and len(payload) % 6 == 0:
            self.send(frames.SettingsFrame(0, flags=["ACK"]).serialize())

    def expect_silence(self):
        """Nothing but the server's own frames."""
        end = time.monotonic() + SILENCE_S
        while time.monotonic() < end:
            if not self.drops_own() and not self.more(SILENCE_S):
                break
        if self.buffer or self.ended:
            raise Differs(f"expected nothing, got {show(self.buffer)}, {self.ended or 'and no end'}")

    def expect_polite(self):
        """The next polite request on this connection is answered, and nothing else comes."""
        self.request(POLITE)
        status, content, ended = None, b"", False
        while not ended:
            while self.drops_own():
                pass
            frame = self.whole_frame()
            if frame is None:
                raise Differs(f"the next request was not answered: {self.ended or 'nothing came'}")
            if frame.stream_id != self.stream or not isinstance(frame, (frames.HeadersFrame, frames.DataFrame)):
                raise Differs(f"before the answer to the next request: {frame}")
            if isinstance(frame, frames.HeadersFrame):
                status = dict(self.decoder.decode(frame.data))[":status"]
            else:
                content += frame.data
            ended = "END_STREAM" in frame.flags
        if (status, content) != ("200", POLITE_CONTENT):
            raise Differs(f"the next request was answered by {status} {content!r}")

    def expect_end(self, how):
        while self.more() or self.has_frame():
            while self.drops_own():
                pass
            if self.has_frame():
                raise Differs(f"after all: {show(self.buffer)}")
        super().expect_end(how)


def parse(octets):
    frame, length = frames.Frame.parse_frame_header(memoryview(octets[:HEADER_LENGTH]))
    frame.parse_body(memoryview(octets[HEADER_LENGTH : HEADER_LENGTH + length]))
    return frame


def block_from(wire):
    """The field block that begins with the first frame, its CONTINUATIONs included (RFC 9113 §6.10)."""
    block = b""
    for at, item in enumerate(wire):
        kind, flags = kind_of(item), flags_of(item)
        if at > 0 and (kind != TYPES["CONTINUATION"] or item["stream"] != wire[0]["stream"]):
            continue
        block += block_of(kind, flags, payload_of(item["payload"])) * item.get("times", 1)
        if flags & FLAGS["end-headers"]:
            break
    return block


def target(row, token):
    """Path and query of an attempt, and the query alone, which rows may mention. `request.query` is for browsers."""
    query = f"token={token}"
    return f"/{row['file']}?{query}", query


def http1(row, wire, token, over_tls=False):
    """One attempt over HTTP/1.1."""
    to, query = target(row, token)
    request = row.get("request", {})
    content = request.get("content", "").encode()
    it = Connection("http/1.1" if over_tls else None)
    length = f"Content-Length: {len(content)}\r\n" if content else ""
    it.send(f"{request.get('method', 'GET')} {to} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n".encode() + content)
    for item in wire:
        it.expect_text(octets_of(item).replace(b"{query}", query.encode()))
    if not wire and row["after"] == "keep":
        it.expect_silence()
    return it


def judge_http1(row, token):
    it = http1(row, row["wire"]["http/1.1"], token)
    if row["after"] == "close":
        it.expect_end(row.get("end", "close"))
    elif row["wire"]["http/1.1"]:
        it.send(f"GET {POLITE} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        while it.more():
            pass
        if not it.buffer.startswith(b"HTTP/1.1 200 OK\r\n") or not it.buffer.endswith(b"\r\n\r\n" + POLITE_CONTENT):
            raise Differs(f"the next request was answered by {it.buffer[:400]!r}")


def attempt_http2(it, row, wire, token):
    request = row.get("request", {})
    to, _ = target(row, token)
    it.request(to, request.get("method", "GET"), request.get("content", "").encode(), request.get("open", False))
    it.expect(wire)


def judge_http2(row, token):
    it = Http2()
    attempt_http2(it, row, row["wire"]["h2"], token)
    following = row.get("next", {})
    if following.get("connection") == "same":
        attempt_http2(it, row, following["wire"], token)
    it.complete = True
    if row["after"] == "close":
        it.expect_end(row.get("end", "close"))
        return
    if "abort" in row.get("request", {}) or "patience" in row.get("request", {}):
        it.cancel()
    it.expect_polite()


def judge(row, protocol):
    token = str(uuid.uuid4())
    (judge_http2 if protocol == "h2" else judge_http1)(row, token)
    following = row.get("next", {})
    if following.get("connection") != "new":
        return
    if following.get("protocol", protocol) == "h2" and protocol == "h2":
        attempt_http2(Http2(), row, following["wire"], token)
    elif "protocol" in following or protocol == row["protocol"]:
        http1(row, following["wire"], token, over_tls=protocol == "h2")


def result(row, protocol):
    began, message = time.monotonic(), ""
    try:
        judge(row, protocol)
    except Differs as difference:
        message = str(difference)
    except Exception:
        message = traceback.format_exc()
    seconds = round(time.monotonic() - began, 2)
    return {"name": f"{row['file']} over {protocol}", "passed": not message, "message": message, "seconds": seconds}


def main():
    with open(TABLE, encoding="utf-8") as file:
        table = json.load(file)
    wanted = [row for row in table if not WANTED or any(part in row["file"] for part in WANTED)]
    runs = [(row, protocol) for row in wanted for protocol in row["wire"]]
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        print(json.dumps(list(pool.map(lambda run: result(*run), runs))))


main()
