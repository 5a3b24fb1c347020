"""Compares what the scripts of examples/misbehave put on the wire with the table, octet for octet, run by misbehave.rs:

    judge.py TABLE HTTP_PORT HTTPS_PORT AUTHORITY [PART OF A FILE'S NAME]…

Prints a JSON array of {"name", "passed", "message"}. It shares no code with the server.

For each row and protocol it sends one polite request on a new connection (HTTP/2: over TLS, on stream 1; HTTP/1.1: in
cleartext), and a second attempt where the row has `next`. Then `after` says whether the next polite request on the
connection is answered (`keep`), or the connection ends (`close`; how, if not in good order, says `end`).
"""

import concurrent.futures
import json
import sys
import time
import traceback
import uuid

from connection import Connection, Differs, Server
from http2 import Http2
from notation import octets_of

# Rows at one time: scripts wait more than they work.
THREADS = 12

POLITE = "/polite.txt"
POLITE_CONTENT = b"polite\n"


def target(row, token):
    """Path and query of an attempt, and the query alone, which rows may mention. `request.query` is for browsers."""
    query = f"token={token}"
    return f"/{row['file']}?{query}", query


def http1(server, row, wire, token, over_tls=False):
    """One attempt over HTTP/1.1."""
    to, query = target(row, token)
    request = row.get("request", {})
    content = request.get("content", "").encode()
    it = Connection(server, "http/1.1" if over_tls else None)
    length = f"Content-Length: {len(content)}\r\n" if content else ""
    it.send(f"{request.get('method', 'GET')} {to} HTTP/1.1\r\nHost: localhost\r\n{length}\r\n".encode() + content)
    for item in wire:
        it.expect_text(octets_of(item).replace(b"{query}", query.encode()))
    if not wire and row["after"] == "keep":
        it.expect_silence()
    return it


def judge_http1(server, row, token):
    it = http1(server, row, row["wire"]["http/1.1"], token)
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


def judge_http2(server, row, token):
    it = Http2(server)
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
    it.expect_answer(POLITE, POLITE_CONTENT)


def judge(server, row, protocol):
    token = str(uuid.uuid4())
    (judge_http2 if protocol == "h2" else judge_http1)(server, row, token)
    following = row.get("next", {})
    if following.get("connection") != "new":
        return
    if following.get("protocol", protocol) == "h2" and protocol == "h2":
        attempt_http2(Http2(server), row, following["wire"], token)
    elif "protocol" in following or protocol == row["protocol"]:
        http1(server, row, following["wire"], token, over_tls=protocol == "h2")


def result(server, row, protocol):
    began, message = time.monotonic(), ""
    try:
        judge(server, row, protocol)
    except Differs as difference:
        message = str(difference)
    except Exception:
        message = traceback.format_exc()
    seconds = round(time.monotonic() - began, 2)
    return {"name": f"{row['file']} over {protocol}", "passed": not message, "message": message, "seconds": seconds}


def main():
    file, http, https, authority, *parts = sys.argv[1:]
    server = Server(int(http), int(https), authority)
    with open(file, encoding="utf-8") as text:
        table = json.load(text)
    wanted = [row for row in table if not parts or any(part in row["file"] for part in parts)]
    runs = [(row, protocol) for row in wanted for protocol in row["wire"]]
    with concurrent.futures.ThreadPoolExecutor(THREADS) as pool:
        print(json.dumps(list(pool.map(lambda run: result(server, *run), runs))))


main()
