"""Checks of the server by Python's h2, run by python_h2.rs:

    python_h2.py GROUP LISTENER PORT PID AUTHORITY

GROUP is `exchanges`, `alpn` or `drain`, LISTENER `http`, `https` or `h2`. Prints a JSON array of
{"name", "passed", "message"}.
"""

import json
import os
import signal
import socket
import ssl
import sys
import time
import traceback

import h2.config
import h2.connection
import h2.events
import h2.settings
import hyperframe.frame
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

GROUP, LISTENER = sys.argv[1:3]
PORT, PID = int(sys.argv[3]), int(sys.argv[4])
AUTHORITY = sys.argv[5]
TLS = LISTENER != "http"

# Seconds to wait for what must come: far longer than it takes.
PATIENCE = 30

CHECKS = {"exchanges": [], "alpn": [], "drain": []}


def check(group):
    def register(function):
        CHECKS[group].append(function)
        return function

    return register


def connect():
    return socket.create_connection(("127.0.0.1", PORT), timeout=PATIENCE)


def handshake(alpn, version=None):
    context = ssl.create_default_context(cafile=AUTHORITY)
    if alpn is not None:
        context.set_alpn_protocols(alpn)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context.wrap_socket(connect(), server_hostname="localhost")


class Connection:
    """An HTTP/2 connection; events wait in a list until somebody looks for them."""

    def __init__(self, settings=None):
        self.socket = handshake(["h2"]) if TLS else connect()
        self.h2 = h2.connection.H2Connection(h2.config.H2Configuration(client_side=True, header_encoding=None))
        if settings:
            self.h2.local_settings = h2.settings.Settings(client=True, initial_values=settings)
        self.events = []
        self.h2.initiate_connection()
        self.flush()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def flush(self):
        self.socket.sendall(self.h2.data_to_send())

    def receive(self):
        octets = self.socket.recv(1 << 16)
        if not octets:
            raise EOFError(f"the server closed the connection; so far: {self.events}")
        self.events += self.h2.receive_data(octets)
        self.flush()

    def expect(self, kind, stream=None):
        """Waits for an event of this kind, and takes it."""
        while True:
            for event in self.events:
                if isinstance(event, kind) and (stream is None or event.stream_id == stream):
                    self.events.remove(event)
                    return event
                # Nothing more comes on this stream.
                if isinstance(event, h2.events.StreamReset) and event.stream_id == stream:
                    raise AssertionError(f"{event} instead of {kind.__name__}")
            self.receive()

    def request(self, path, method="GET", fields=(), end=True):
        stream = self.h2.get_next_available_stream_id()
        head = [(":method", method), (":path", path), (":scheme", "https" if TLS else "http"), (":authority", "localhost")]
        self.h2.send_headers(stream, head + list(fields), end_stream=end)
        self.flush()
        return stream

    def send(self, stream, octets, end=False):
        """Sends content, waiting for the window."""
        while octets or end:
            room = min(self.h2.local_flow_control_window(stream), self.h2.max_outbound_frame_size, len(octets))
            if octets and not room:
                self.receive()
                continue
            piece, octets = octets[:room], octets[room:]
            self.h2.send_data(stream, piece, end_stream=end and not octets)
            self.flush()
            if not octets:
                return

    def round_trip(self):
        """When this returns, the server has seen all that was sent before, and what it sent before is among events."""
        self.h2.ping(b"roundtri")
        self.flush()
        self.expect(h2.events.PingAckReceived)

    def acknowledge(self, octets, stream):
        self.h2.acknowledge_received_data(octets, stream)
        self.flush()

    def content(self, stream):
        """Reads content to the end of the stream, opening the windows."""
        content = b""
        while True:
            found = [event for event in self.events if getattr(event, "stream_id", None) == stream]
            for event in found:
                if isinstance(event, h2.events.DataReceived):
                    self.events.remove(event)
                    content += event.data
                    self.acknowledge(event.flow_controlled_length, stream)
                elif isinstance(event, h2.events.StreamEnded):
                    self.events.remove(event)
                    return content
                elif isinstance(event, h2.events.StreamReset):
                    raise AssertionError(f"{event} after {len(content)} octets")
            if not found:
                self.receive()
            elif not any(isinstance(event, (h2.events.DataReceived, h2.events.StreamEnded)) for event in self.events):
                self.receive()

    def get(self, path, **request):
        """A whole exchange: (head, content)."""
        stream = self.request(path, **request)
        head = self.expect(h2.events.ResponseReceived, stream).headers
        return head, self.content(stream)


def plain(fields):
    return [(bytes(name), bytes(value)) for name, value in fields]


def equal(actual, expected):
    assert actual == expected, f"expected {expected!r}, got {actual!r}"


def pattern(octets):
    return (bytes(range(251)) * (octets // 251 + 1))[:octets]


@check("exchanges")
def settings_are_exchanged():
    with Connection() as it:
        changed = it.expect(h2.events.RemoteSettingsChanged).changed_settings
        it.expect(h2.events.SettingsAcknowledged)
        equal(changed[SettingCodes.MAX_CONCURRENT_STREAMS].new_value, 256)
        equal(it.h2.remote_settings.max_frame_size, 16_384)
        equal(it.h2.remote_settings.max_header_list_size, 65_536)
        it.h2.update_settings({SettingCodes.HEADER_TABLE_SIZE: 0, SettingCodes.MAX_FRAME_SIZE: 1 << 20})
        it.flush()
        it.expect(h2.events.SettingsAcknowledged)
        for _ in range(3):
            equal(it.get("/hello.handler.wasm")[1], b"Hello, world!\n")


@check("exchanges")
def pings_are_answered():
    with Connection() as it:
        it.h2.ping(b"\x00\xff ping!")
        it.flush()
        equal(it.expect(h2.events.PingAckReceived).ping_data, b"\x00\xff ping!")


@check("exchanges")
def response_fields_arrive_in_order():
    with Connection() as it:
        head, content = it.get("/hello.handler.wasm")
        equal(plain(head), [(b":status", b"200"), (b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"14")])
        equal(content, b"Hello, world!\n")


@check("exchanges")
def request_fields_arrive_in_order_with_duplicates():
    fields = [("b", "1"), ("a", "2"), ("b", "3"), ("x-octets", b"\xe9\xff"), ("cookie", "x=1"), ("cookie", "y=2"), ("a", "")]
    with Connection() as it:
        _, content = it.get("/echo.handler.wasm?q=%2f", method="OPTIONS", fields=fields)
        echo = json.loads(content)
        pseudo = [[":method", "OPTIONS"], [":path", "/echo.handler.wasm?q=%2f"]]
        pseudo += [[":scheme", "https" if TLS else "http"], [":authority", "localhost"]]
        text = [[name, value.decode("latin-1") if isinstance(value, bytes) else value] for name, value in fields]
        equal(echo["fields"], pseudo + text)
        equal(echo["connection"]["stream"], 1)
        equal(echo["version"], "HTTP/2")


@check("exchanges")
def trailers_follow_the_content():
    with Connection() as it:
        stream = it.request("/trailers.handler.wasm")
        equal(dict(plain(it.expect(h2.events.ResponseReceived, stream).headers))[b"trailer"], b"x-octets, x-note")
        equal(it.content(stream), b"The trailers follow.\n")
        trailers = it.expect(h2.events.TrailersReceived, stream).headers
        equal(plain(trailers), [(b"x-octets", b"21"), (b"x-note", b"first"), (b"x-note", b"second")])


@check("exchanges")
def request_trailers_reach_the_handler():
    with Connection() as it:
        stream = it.request("/duplex.handler.wasm", method="POST", end=False)
        it.send(stream, b"content")
        it.h2.send_headers(stream, [("x-b", "1"), ("x-a", "2"), ("x-b", "3")], end_stream=True)
        it.flush()
        equal(it.content(stream), b"content")
        # Same names side by side: how h2, the crate, sends them.
        trailers = plain(it.expect(h2.events.TrailersReceived, stream).headers)
        equal(trailers, [(b"x-b", b"1"), (b"x-b", b"3"), (b"x-a", b"2")])


@check("exchanges")
def informational_responses_come_first():
    with Connection() as it:
        stream = it.request("/misbehaving.handler.wasm?do=informational&n=3")
        for number in range(3):
            fields = plain(it.expect(h2.events.InformationalResponseReceived, stream).headers)
            equal(fields, [(b":status", b"103"), (b"x-number", str(number).encode())])
            assert not any(isinstance(event, h2.events.ResponseReceived) for event in it.events[:1])
        equal(plain(it.expect(h2.events.ResponseReceived, stream).headers)[0], (b":status", b"200"))
        equal(it.content(stream), b"informed\n")


@check("exchanges")
def a_tiny_window_holds_the_server_back():
    with Connection({SettingCodes.INITIAL_WINDOW_SIZE: 10}) as it:
        # The server's acknowledgement: from here on the window is 10 octets.
        it.expect(h2.events.SettingsAcknowledged)
        stream = it.request("/misbehaving.handler.wasm?do=send&octets=1000&chunk=64")
        it.expect(h2.events.ResponseReceived, stream)
        content = b""
        for opened in range(10, 1001, 10):
            while len(content) < opened:
                content += it.expect(h2.events.DataReceived, stream).data
            # Nothing more comes while the window is shut.
            it.round_trip()
            equal([event for event in it.events if isinstance(event, h2.events.DataReceived)], [])
            if opened < 1000:
                it.h2.increment_flow_control_window(10, stream)
                it.flush()
        it.expect(h2.events.StreamEnded, stream)
        equal(content, pattern(1000))


@check("exchanges")
def a_handler_that_cannot_send_shuts_the_window_of_its_client():
    with Connection({SettingCodes.INITIAL_WINDOW_SIZE: 0}) as it:
        it.expect(h2.events.SettingsAcknowledged)
        stream = it.request("/duplex.handler.wasm", method="POST", end=False)
        it.expect(h2.events.ResponseReceived, stream)
        octets, sent = pattern(400_000), 0
        for _ in range(20):
            while room := min(it.h2.local_flow_control_window(stream), it.h2.max_outbound_frame_size):
                it.h2.send_data(stream, octets[sent : sent + room])
                it.flush()
                sent += room
            it.round_trip()
        # The window, and what one read hands out.
        assert 65_535 <= sent <= 2 * 65_536, f"{sent} octets went into a handler that sends nothing"
        equal(it.h2.local_flow_control_window(stream), 0)
        it.h2.increment_flow_control_window(400_000, stream)
        it.h2.increment_flow_control_window(400_000)
        it.flush()
        it.send(stream, octets[sent:], end=True)
        equal(it.content(stream), octets)


@check("exchanges")
def content_goes_both_ways_at_once():
    with Connection() as it:
        stream = it.request("/duplex.handler.wasm", method="POST", end=False)
        # The response begins before the request has any content.
        it.expect(h2.events.ResponseReceived, stream)
        for number in range(20):
            piece = b"piece %d" % number
            it.send(stream, piece)
            data = it.expect(h2.events.DataReceived, stream)
            equal(data.data, piece)
            it.acknowledge(data.flow_controlled_length, stream)
        it.send(stream, b"", end=True)
        equal(it.content(stream), b"")


@check("exchanges")
def the_server_resets_with_the_handlers_code():
    with Connection() as it:
        for code in (0, 2, 8, 0xD, 0xDEADBEEF):
            for at, events in (("start", 0), ("head", 1), ("data", 2)):
                stream = it.request(f"/misbehaving.handler.wasm?do=reset&code={code}&at={at}")
                if events > 0:
                    it.expect(h2.events.ResponseReceived, stream)
                if events > 1:
                    equal(it.expect(h2.events.DataReceived, stream).data, b"so far so good\n")
                reset = it.expect(h2.events.StreamReset, stream)
                equal((int(reset.error_code), reset.remote_reset), (code, True))
        equal(it.get("/hello.handler.wasm")[1], b"Hello, world!\n")


@check("exchanges")
def a_trap_resets_with_internal_error():
    with Connection() as it:
        stream = it.request("/misbehaving.handler.wasm?do=trap&at=data")
        equal(it.expect(h2.events.DataReceived, stream).data, b"so far so good\n")
        equal(it.expect(h2.events.StreamReset, stream).error_code, ErrorCodes.INTERNAL_ERROR)
        head, _ = it.get("/misbehaving.handler.wasm?do=trap")
        equal(plain(head)[0], (b":status", b"500"))


@check("exchanges")
def a_handler_learns_how_the_client_reset():
    with Connection() as it:
        for code in (8, 0xDEADBEEF):
            stream = it.request("/misbehaving.handler.wasm?do=peer-gone&delay=1")
            it.expect(h2.events.DataReceived, stream)
            it.h2.reset_stream(stream, code)
            it.flush()
        stream = it.request("/misbehaving.handler.wasm?do=read", method="POST", end=False)
        it.send(stream, b"content")
        it.round_trip()
        it.h2.reset_stream(stream, 11)
        it.flush()
        equal(it.get("/hello.handler.wasm")[1], b"Hello, world!\n")


@check("exchanges")
def an_answer_to_an_unread_upload_stops_it_without_error():
    with Connection() as it:
        stream = it.request("/hello.handler.wasm", method="POST", end=False)
        equal(it.content(stream), b"Hello, world!\n")
        # RFC 9113 §8.1: the response is complete, the rest of the request is not wanted.
        equal(it.expect(h2.events.StreamReset, stream).error_code, ErrorCodes.NO_ERROR)
        equal(it.get("/hello.handler.wasm")[1], b"Hello, world!\n")


@check("exchanges")
def a_hundred_streams_at_once():
    with Connection() as it:
        streams = [it.request("/trickle.handler.wasm?n=3&delay=50") for _ in range(100)]
        # Every response begins before any has ended.
        ended = 0
        for stream in streams:
            it.expect(h2.events.ResponseReceived, stream)
        for stream in streams:
            equal(it.content(stream), b"piece 0\npiece 1\npiece 2\n")
            ended += 1
        equal(ended, 100)


@check("exchanges")
def malformed_frames_end_the_connection_with_a_code():
    for what, octets, code in MALFORMED:
        with Connection() as it:
            it.round_trip()
            it.socket.sendall(octets)
            equal((what, it.expect(h2.events.ConnectionTerminated).error_code), (what, code))


MALFORMED = (
    ("DATA on stream 0", b"\0\0\1\0\0\0\0\0\0x", ErrorCodes.PROTOCOL_ERROR),
    ("DATA on a stream that is not open", b"\0\0\1\0\0\0\0\0\7x", ErrorCodes.PROTOCOL_ERROR),
    ("WINDOW_UPDATE past 2^31 - 1", b"\0\0\4\x08\0\0\0\0\0\x7f\xff\xff\xff", ErrorCodes.FLOW_CONTROL_ERROR),
    ("WINDOW_UPDATE by 0", b"\0\0\4\x08\0\0\0\0\0\0\0\0\0", ErrorCodes.PROTOCOL_ERROR),
    ("DATA longer than SETTINGS_MAX_FRAME_SIZE", b"\0\x40\1\0\0\0\0\0\1", ErrorCodes.FRAME_SIZE_ERROR),
    # RFC 9113 §4.3 has COMPRESSION_ERROR, but h2, the crate, has one code for whatever it cannot decode.
    ("an index in no table", b"\0\0\2\1\5\0\0\0\1\xff\x7f", ErrorCodes.PROTOCOL_ERROR),
    # RFC 9113 §6.7 has FRAME_SIZE_ERROR; likewise.
    ("PING of 7 octets", b"\0\0\7\6\0\0\0\0\0seven!!", ErrorCodes.PROTOCOL_ERROR),
)


@check("alpn")
def h2_is_chosen_where_it_is_offered():
    for offer in (["h2"], ["http/1.1", "h2"], ["x-unknown", "h2"]):
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with handshake(offer, version) as stream:
                equal(stream.selected_alpn_protocol(), "h2")
                equal(stream.version(), {"TLSv1_2": "TLSv1.2", "TLSv1_3": "TLSv1.3"}[version.name])


@check("alpn")
def http_1_is_chosen_where_it_is_spoken():
    if LISTENER == "https":
        with handshake(["http/1.1"]) as stream:
            equal(stream.selected_alpn_protocol(), "http/1.1")
            equal(answer_to_http_1(stream), b"HTTP/1.1 200 OK")
    else:
        refused(["http/1.1"])


@check("alpn")
def an_offer_without_overlap_is_refused():
    refused(["spdy/3", "x-unknown"])


@check("alpn")
def no_offer_gets_the_listeners_default():
    if LISTENER == "https":
        with handshake(None) as stream:
            equal(stream.selected_alpn_protocol(), None)
            equal(answer_to_http_1(stream), b"HTTP/1.1 200 OK")
    else:
        with handshake(None) as stream:
            equal(stream.selected_alpn_protocol(), None)
            connection = h2.connection.H2Connection()
            connection.initiate_connection()
            stream.sendall(connection.data_to_send())
            events = connection.receive_data(stream.recv(1 << 16))
            assert any(isinstance(event, h2.events.RemoteSettingsChanged) for event in events), events


@check("alpn")
def old_tls_is_refused():
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        context.wrap_socket(connect()).close()
    except (ssl.SSLError, ConnectionError):
        return
    raise AssertionError("TLS 1.1 was accepted")


@check("alpn")
def other_authorities_do_not_vouch_for_it():
    try:
        ssl.create_default_context().wrap_socket(connect(), server_hostname="localhost").close()
    except ssl.SSLCertVerificationError:
        return
    raise AssertionError("the system's authorities vouch for the certificate")


def answer_to_http_1(stream):
    stream.sendall(b"GET /hello.handler.wasm HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    octets = b""
    while piece := stream.recv(1 << 16):
        octets += piece
    return octets.split(b"\r\n")[0]


def refused(offer):
    try:
        handshake(offer).close()
    except ssl.SSLError as error:
        # How it is spelt depends on the version of Python.
        assert "no application protocol" in str(error).lower().replace("_", " "), error
        return
    raise AssertionError(f"{offer} was accepted")


@check("drain")
def goaway_then_the_last_stream_then_the_close():
    with Connection() as it:
        stream = it.request("/duplex.handler.wasm", method="POST", end=False)
        it.expect(h2.events.ResponseReceived, stream)
        it.round_trip()
        os.kill(PID, signal.SIGTERM)
        # From here on by frames: h2, the library, takes no frame after GOAWAY.
        frames = Frames(it.socket)
        goaway = frames.until(hyperframe.frame.GoAwayFrame)
        equal(goaway.error_code, 0)
        # RFC 9113 §6.8: first a warning, then, a round trip later, the last stream that will be answered.
        equal(goaway.last_stream_id, 2**31 - 1)
        ping = frames.until(hyperframe.frame.PingFrame)
        it.socket.sendall(hyperframe.frame.PingFrame(0, ping.opaque_data, flags=["ACK"]).serialize())
        goaway = frames.until(hyperframe.frame.GoAwayFrame)
        equal((goaway.error_code, goaway.last_stream_id), (0, stream))
        # Soon no new connection is accepted, but the stream goes on.
        refused_within(PATIENCE)
        it.socket.sendall(hyperframe.frame.DataFrame(stream, b"still here", flags=["END_STREAM"]).serialize())
        content = b""
        while True:
            data = frames.until(hyperframe.frame.DataFrame)
            content += data.data
            if "END_STREAM" in data.flags:
                break
        equal(content, b"still here")
        equal(frames.rest(), [])


def refused_within(seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            connect().close()
        except ConnectionRefusedError:
            return
        time.sleep(0.01)
    raise AssertionError("new connections are still accepted")


class Frames:
    """Frames as they come."""

    def __init__(self, stream):
        self.socket, self.buffer = stream, b""

    def next(self):
        """The next frame; None is the close."""
        while len(self.buffer) < 9 or len(self.buffer) < 9 + int.from_bytes(self.buffer[:3], "big"):
            octets = self.socket.recv(1 << 16)
            if not octets:
                return None
            self.buffer += octets
        frame, length = hyperframe.frame.Frame.parse_frame_header(memoryview(self.buffer[:9]))
        frame.parse_body(memoryview(self.buffer[9 : 9 + length]))
        self.buffer = self.buffer[9 + length :]
        return frame

    def until(self, kind):
        while frame := self.next():
            if isinstance(frame, kind) and "ACK" not in frame.flags:
                return frame
        raise AssertionError(f"closed before a {kind.__name__}")

    def rest(self):
        """Frames to the close, but for WINDOW_UPDATE."""
        frames = []
        while frame := self.next():
            if not isinstance(frame, hyperframe.frame.WindowUpdateFrame):
                frames.append(repr(frame))
        return frames


def main():
    results = []
    for function in CHECKS[GROUP]:
        message = ""
        try:
            function()
        except Exception:
            message = traceback.format_exc()
        results.append({"name": function.__name__.replace("_", " "), "passed": not message, "message": message})
    print(json.dumps(results))


main()
