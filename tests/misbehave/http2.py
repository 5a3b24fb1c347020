"""A polite client of HTTP/2 that looks at every octet. Frames are read with hyperframe, field blocks with hpack.

Frames that are the server's own, not the script's, are dropped by these rules:
- up to the acknowledgement of our SETTINGS: SETTINGS, SETTINGS with ACK, WINDOW_UPDATE on stream 0;
- from then on: WINDOW_UPDATE by 1 or more;
- once `complete`, when all that the script sends has come: PING, and GOAWAY with NO_ERROR, with which a server leaves
  (RFC 9113 §6.8).
"""

import time

import hpack
import hyperframe.exceptions
import hyperframe.frame as frames

from connection import SILENCE_S, Connection, Differs
from notation import FLAGS, HEADER_LENGTH, TYPES, block_of, flags_of, kind_of, octets_of, payload_of, show, text_of


class Http2(Connection):
    """A polite client that sends requests on streams 1, 3, 5, ….

    Field blocks are decoded from the first on, so that the table is the server's.
    """

    def __init__(self, server):
        super().__init__(server, "h2")
        self.authority = f"localhost:{server.https}"
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
        fields = [(":method", method), (":scheme", "https"), (":authority", self.authority), (":path", path)]
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

    def expect_answer(self, path, expected):
        """A request on this connection is answered with this content, and nothing else comes."""
        self.request(path)
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
        if (status, content) != ("200", expected):
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
