"""One request and what comes back, as it is on the wire: status, fields in order, content, and what becomes of the
connection. HTTP/1.1 is read from the octets, because every library tidies them up; HTTP/2 by Python's h2.
"""

import dataclasses
import re
import socket
import ssl
import time

import h2.config
import h2.connection
import h2.events
import h2.exceptions

# A server that has not said more by then says no more. Trickling bodies pause for less.
SILENCE_S = 3.0
CONNECT_S = 20

# Asked after each response, on the same connection: it has a length in any case.
PROBE = "/files/alphabet.txt?pipe=slice(0,3)"


@dataclasses.dataclass
class Answer:
    """What a server said."""

    # The status line from the status code on, or of HTTP/2 the code alone.
    status: str = ""
    # (name, value), in order.
    fields: list = dataclasses.field(default_factory=list)
    content: bytes = b""
    # "kept", "closed", or "silent" if the server neither answers nor closes; on HTTP/2 also how the stream ended.
    connection: str = ""
    # Heads of 1xx responses that came before.
    interim: list = dataclasses.field(default_factory=list)


def octets(text):
    """Any octets can stand in JSON: those that are no UTF-8 as lone surrogates."""
    return text.encode("utf-8", "surrogateescape")


def exchange(protocol, port, row, authority):
    return {"h1": over_h1, "h2": over_h2}[protocol](port, row, authority)


# ---- HTTP/1.1 ----


def h1_request(row, authority):
    if "raw" in row:
        return octets(row["raw"].replace("HOST", authority))
    lines = [f"{row.get('method', 'GET')} {row['target']} HTTP/1.1"]
    fields = row.get("fields", [])
    if not any(name.lower() == "host" for name, _ in fields):
        lines.append(f"Host: {authority}")
    lines += [f"{name}: {value}" for name, value in fields]
    body = octets(row.get("body", ""))
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return octets("\r\n".join(lines) + "\r\n\r\n") + body


def over_h1(port, row, authority):
    with socket.create_connection(("127.0.0.1", port), CONNECT_S) as connection:
        connection.sendall(h1_request(row, authority))
        return h1_answer(Reader(connection), row.get("method") == "HEAD" or row.get("raw", "").startswith("HEAD"), authority)


def h1_answer(reader, is_head, authority):
    answer = Answer()
    while True:
        head = reader.until(b"\r\n\r\n")
        if head is None or not head.startswith(b"HTTP/"):
            # No head at all: whatever it is.
            answer.content = reader.rest(head or b"")
            answer.connection = reader.end
            return answer
        lines = head.decode("latin-1").split("\r\n")
        if not re.match(r"HTTP/1\.1 1\d\d", lines[0]) or lines[0].split()[1] == "101":
            break
        answer.interim.append(lines)
    answer.status = lines[0]
    answer.fields = [tuple(part.strip() if at else part for at, part in enumerate(line.split(":", 1))) for line in lines[1:]]
    lengths = [value for name, *value in answer.fields if name.lower() == "content-length"]
    length = int(lengths[0][0]) if lengths and lengths[0][0].isdigit() else None
    if length is None and not is_head:
        answer.content = reader.rest(b"")
        answer.connection = reader.end
        return answer
    answer.content = b"" if is_head else reader.exactly(length)
    probe(reader, answer, authority)
    return answer


def probe(reader, answer, authority):
    """Whether the connection serves a further request."""
    try:
        reader.socket.sendall(f"GET {PROBE} HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n".encode())
    except OSError:
        pass
    more = reader.rest(b"")
    answer.connection = "kept" if re.match(rb"HTTP/1\.1 200 OK\r\n(.*\r\n)+\r\nabc$", more) else reader.end
    if more and answer.connection != "kept":
        answer.content += b"[then: " + more + b"]"


class Reader:
    """Octets from a socket. `end` says how it ended: "closed", or "silent"."""

    def __init__(self, connection):
        self.socket, self.buffer, self.end = connection, b"", None

    def more(self):
        self.socket.settimeout(SILENCE_S)
        try:
            octets = self.socket.recv(1 << 16)
        except TimeoutError:
            self.end = "silent"
            return False
        except OSError:
            octets = b""
        self.end = None if octets else "closed"
        self.buffer += octets
        return bool(octets)

    def until(self, mark):
        """Everything before the mark, or None at the end."""
        while mark not in self.buffer:
            if not self.more():
                return None
        found, _, self.buffer = self.buffer.partition(mark)
        return found

    def exactly(self, count):
        while len(self.buffer) < count and self.more():
            pass
        found, self.buffer = self.buffer[:count], self.buffer[count:]
        return found

    def rest(self, before):
        while self.more():
            pass
        found, self.buffer = self.buffer, b""
        return before + found


# ---- HTTP/2 ----


def over_h2(port, row, authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    with socket.create_connection(("127.0.0.1", port), CONNECT_S) as plain:
        with context.wrap_socket(plain, server_hostname="web-platform.test") as connection:
            return H2(connection, authority).answer(row)


class H2:
    """A connection for one request and its probe."""

    def __init__(self, connection, authority):
        self.socket, self.authority = connection, authority
        # What is not quite valid is for the server to judge.
        config = h2.config.H2Configuration(
            client_side=True, header_encoding="latin-1", validate_outbound_headers=False,
            normalize_outbound_headers=False, validate_inbound_headers=False)
        self.h2 = h2.connection.H2Connection(config)
        self.h2.initiate_connection()
        self.answers, self.ends = {}, {}

    def answer(self, row):
        stream = self.send(row.get("method", "GET"), row["target"], row.get("fields", []), octets(row.get("body", "")))
        how = self.wait(stream)
        answer = self.answers.setdefault(stream, Answer())
        answer.connection = how
        if how != "closed" and not how.startswith("broken"):
            probe_stream = self.send("GET", PROBE, [], b"")
            answer.connection += f", {'kept' if self.wait(probe_stream) == 'ended' else 'silent'}"
        return answer

    def send(self, method, target, fields, body):
        stream = self.h2.get_next_available_stream_id()
        head = [(b":method", method.encode()), (b":scheme", b"https"), (b":authority", self.authority.encode()),
                (b":path", octets(target))]
        head += [(name.lower().encode(), octets(value)) for name, value in fields]
        if body:
            head.append((b"content-length", str(len(body)).encode()))
        self.h2.send_headers(stream, head, end_stream=not body)
        if body:
            self.h2.send_data(stream, body, end_stream=True)
        return stream

    def wait(self, stream):
        """How the stream ended: "ended", "reset CODE", "silent", or "closed" with the connection."""
        end = time.monotonic() + SILENCE_S
        while stream not in self.ends:
            try:
                self.socket.sendall(self.h2.data_to_send())
                self.socket.settimeout(max(0.01, end - time.monotonic()))
                data = self.socket.recv(1 << 16)
            except TimeoutError:
                return "silent"
            except OSError:
                return "closed"
            if not data:
                return "closed"
            try:
                events = self.h2.receive_data(data)
            except h2.exceptions.ProtocolError as error:
                return f"broken ({type(error).__name__})"
            for event in events:
                self.take(event)
            if any(isinstance(event, (h2.events.DataReceived, h2.events.ResponseReceived)) for event in events):
                end = time.monotonic() + SILENCE_S
        return self.ends[stream]

    def take(self, event):
        stream = getattr(event, "stream_id", None)
        if isinstance(event, h2.events.ResponseReceived):
            fields = [(name, value) for name, value in event.headers]
            self.answers[stream] = Answer(fields[0][1], fields[1:])
        elif isinstance(event, h2.events.DataReceived):
            self.answers[stream].content += event.data
            self.h2.acknowledge_received_data(event.flow_controlled_length, stream)
        elif isinstance(event, h2.events.StreamEnded):
            self.ends[stream] = "ended"
        elif isinstance(event, h2.events.StreamReset):
            self.ends[stream] = f"reset {int(event.error_code)}"
        elif isinstance(event, h2.events.InformationalResponseReceived):
            self.answers.setdefault(stream, Answer()).interim.append(list(event.headers))
