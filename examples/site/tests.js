// What fetch() sees of each handler; true on every listener unless the test asks which one it is on.

"use strict";

const ON_HTTP2 = performance.getEntriesByType("navigation")[0].nextHopProtocol === "h2";

// A rerun must not be answered from the cache.
function call(handler, options) {
  const [path, query = ""] = handler.split("?");
  return fetch(`handlers/${path}.handler.wasm${query && `?${query}`}`, { cache: "no-store", ...options });
}

for (const language of ["rust", "c"]) {
  promise_test(async () => {
    const response = await call(`${language}/hello`);
    assert_equals(response.status, 200);
    assert_equals(response.headers.get("content-type"), "text/plain; charset=utf-8");
    assert_equals(response.headers.get("content-length"), "14");
    assert_equals(await response.text(), "Hello, world!\n");
  }, `${language}/hello answers one line`);

  promise_test(async () => {
    const response = await call(`${language}/hello`, { method: "HEAD" });
    assert_equals(response.status, 200);
    assert_equals(response.headers.get("content-length"), "14");
    assert_equals(await response.text(), "");
  }, `${language}/hello has no content in answer to HEAD`);

  promise_test(async () => {
    const octets = Uint8Array.from({ length: 256 }, (_, octet) => octet);
    const response = await call(`${language}/echo?a=%2f&&b`, {
      method: "POST",
      body: octets,
      headers: { "x-one": "1", "content-type": "application/x-octets" },
    });
    const echo = await response.json();
    assert_equals(echo.method, "POST");
    assert_equals(echo.scheme, location.protocol.slice(0, -1));
    assert_equals(echo.authority, location.host);
    assert_true(echo.path.endsWith(`/handlers/${language}/echo.handler.wasm?a=%2f&&b`), "path");
    assert_equals(echo.version, ON_HTTP2 ? "HTTP/2" : "HTTP/1.1");
    assert_equals(echo.content_octets, 256);
    assert_array_equals(Array.from(echo.content, (letter) => letter.codePointAt(0)), octets, "content");
    const field = (wanted) => echo.fields.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
    assert_array_equals(field("x-one"), ["1"], "x-one");
    assert_array_equals(field("content-type"), ["application/x-octets"], "content-type");
  }, `${language}/echo shows method, target, fields and all 256 octets`);

  promise_test(async () => {
    const { fields, connection } = await (await call(`${language}/echo`)).json();
    assert_true(connection.id > 0, "connection id");
    assert_equals(connection.tls !== null, location.protocol === "https:", "TLS");
    assert_equals(connection.stream !== null, ON_HTTP2, "stream id");
    assert_equals(fields[0][0].startsWith(":"), ON_HTTP2, "a pseudo-field comes first");
    assert_equals(String(connection.local.port), location.port, "local port");
    if (connection.tls) assert_equals(connection.tls.alpn, ON_HTTP2 ? "h2" : "http/1.1", "ALPN");
  }, `${language}/echo shows the connection`);
}

promise_test(async () => {
  const began = performance.now();
  const reader = (await call("rust/trickle?n=4&delay=100&size=10")).body.getReader();
  const times = [];
  let text = "";
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    times.push(performance.now() - began);
    text += new TextDecoder().decode(next.value);
  }
  assert_equals(text, "piece 0..\npiece 1..\npiece 2..\npiece 3..\n");
  assert_at_least(times.at(-1) - times[0], 200, "time from the first piece to the last");
  assert_at_least(times.length, 2, "pieces seen");
}, "rust/trickle sends its pieces one by one");

promise_test(async () => {
  const began = performance.now();
  const answers = await Promise.all(Array.from({ length: 12 }, () => call("rust/trickle?n=3&delay=50").then((it) => it.text())));
  for (const answer of answers) assert_equals(answer, "piece 0\npiece 1\npiece 2\n");
  assert_at_least(performance.now() - began, 100);
}, "twelve trickles run side by side");

promise_test(async () => {
  const aborter = new AbortController();
  const response = await call("rust/trickle?n=1000&delay=20", { signal: aborter.signal });
  const reader = response.body.getReader();
  await reader.read();
  aborter.abort();
  await promise_rejects("AbortError", (async () => { while (!(await reader.read()).done); })(), "reading on");
  assert_equals((await call("rust/hello")).status, 200, "the next request");
}, "an aborted trickle leaves the listener working");

promise_test(async () => {
  const answer = await (await call("rust/digest", { method: "POST", body: "abc" })).json();
  assert_equals(answer.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  assert_equals(answer.octets, 3);
}, "rust/digest knows the test vector of FIPS 180");

promise_test(async () => {
  const body = Uint8Array.from({ length: 3_000_001 }, (_, position) => position % 251);
  const answer = await (await call("rust/digest", { method: "POST", body })).json();
  assert_equals(answer.octets, body.length);
  if (!crypto.subtle) return;
  const expected = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  assert_equals(answer.sha256, Array.from(expected, (octet) => octet.toString(16).padStart(2, "0")).join(""));
}, "rust/digest hashes an upload of 3 MB as the browser does");

promise_test(async () => {
  const response = await call("rust/trailers");
  assert_equals(response.headers.get("trailer"), "x-octets, x-note");
  assert_equals(response.headers.get("x-octets"), null, "a trailer among the fields");
  assert_equals(await response.text(), "The trailers follow.\n");
}, "rust/trailers' content is whole, its trailers are hidden");

promise_test(async () => {
  const response = await call("rust/early-hints?delay=20");
  assert_equals(response.status, 200, "the final status");
  assert_equals(response.headers.get("link"), "</style.css>; rel=preload; as=style");
  assert_equals(await response.text(), "A 103 with a Link field went before this.\n");
}, "rust/early-hints ends in a 200, its 103 is hidden");

promise_test(async () => {
  const body = Uint8Array.from({ length: 300_000 }, (_, position) => position % 249);
  const back = new Uint8Array(await (await call("rust/duplex", { method: "POST", body })).arrayBuffer());
  assert_equals(back.length, body.length);
  assert_true(back.every((octet, position) => octet === body[position]), "same octets");
}, "rust/duplex sends an upload back");

promise_test(async () => {
  const words = ["one ", "two ", "three"];
  const body = new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 30));
      controller.enqueue(new TextEncoder().encode(words.shift()));
      if (words.length === 0) controller.close();
    },
  });
  const answer = call("rust/duplex", { method: "POST", body, duplex: "half" }).then((response) => response.text());
  if (ON_HTTP2) assert_equals(await answer, "one two three");
  else await promise_rejects("TypeError", answer, "a streamed request without HTTP/2");
}, "rust/duplex takes a streamed request, over HTTP/2 alone");

promise_test(async () => {
  const response = await call("rust/hello", { headers: { range: "bytes=0-3" } });
  const octets = new Uint8Array(await response.arrayBuffer());
  assert_equals(new TextDecoder().decode(octets), "Hello, world!\n");
}, "a handler's own octets are never served");

promise_test(async () => {
  const whole = await fetch("style.css", { cache: "no-store" });
  assert_equals(whole.status, 200);
  assert_true(whole.headers.get("content-type").startsWith("text/css"), "content-type");
  const part = await fetch("style.css", { cache: "no-store", headers: { range: "bytes=1-4" } });
  assert_equals(part.status, 206);
  assert_equals(await part.text(), (await whole.text()).slice(1, 5));
  assert_equals((await fetch("missing.css")).status, 404);
}, "files beside the handlers: type, range, and a missing one");
