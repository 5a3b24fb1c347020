// The page a person opens: one card for each handler, a button for each language that it is written in.

// Where they are unless the command line says otherwise.
const LISTENERS = [
  { name: "http", scheme: "http:", port: "8000", about: "HTTP/1.1 without TLS" },
  { name: "https", scheme: "https:", port: "8443", about: "HTTP/2 or HTTP/1.1, by ALPN" },
  { name: "h2", scheme: "https:", port: "9000", about: "HTTP/2 alone" },
];

const HANDLERS = [
  {
    name: "hello",
    languages: ["rust", "c"],
    about: "One line of text: the smallest complete handler.",
    request: () => [""],
  },
  {
    name: "echo",
    languages: ["rust", "c"],
    about: "What arrived, as JSON: every field line in wire order, the content, the connection underneath.",
    request: () => [
      "?a=1&b=%2F",
      { method: "POST", headers: { "X-Example": "one" }, body: new Uint8Array([72, 105, 32, 0xff, 0, 33]) },
    ],
    hidden: "Over HTTP/2 the pseudo-fields, which no script sees, stand first in the list here, in the order that this browser sends them.",
  },
  {
    name: "trickle",
    languages: ["rust"],
    about: "Six pieces, 250 ms apart. Each arrives on its own; while it waits, the handler holds no thread.",
    request: () => ["?n=6&delay=250"],
  },
  {
    name: "digest",
    languages: ["rust"],
    about: "SHA-256 of a 5 MiB upload that streams through the handler in constant memory.",
    request: () => ["", { method: "POST", body: new Uint8Array(5 << 20).fill(0x61) }],
  },
  {
    name: "trailers",
    languages: ["rust"],
    about: "Content, then a trailer section of three lines, two of one name.",
    request: () => [""],
    hidden: "fetch() drops trailers: only the Trailer field, which announces them, is visible. curl -i and nghttp -v show them.",
  },
  {
    name: "early-hints",
    languages: ["rust"],
    about: "103 Early Hints with a Link field, 400 ms of work, then 200.",
    request: () => ["?delay=400"],
    hidden: "Browsers act on a 103 for navigations only, and fetch() never shows one.",
  },
  {
    name: "duplex",
    languages: ["rust"],
    about: "Sends every piece back while it is still reading; the response starts before the content has arrived.",
    request: () => (streamsRequests() ? ["", { method: "POST", body: slowly(["one ", "two ", "three\n"]), duplex: "half" }] : ["", { method: "POST", body: "sent at once, by necessity\n" }]),
    hidden: streamsRequests()
      ? "The request streams, 300 ms between pieces, as HTTP/2 allows. But fetch() is half duplex: it holds the response back until the whole request has left, though the handler answered at once."
      : "Streamed requests need HTTP/2 and a browser that has them, so here the content is sent in one piece. See this page on the https or h2 listener, in Chromium.",
  },
];

let main;

function start() {
  main = document.querySelector("#handlers");
  showListeners();
  const cards = HANDLERS.map(card);
  const all = document.querySelector("#run-all");
  all.addEventListener("click", async () => {
    all.disabled = true;
    const outcomes = await Promise.all(cards.flatMap((runs) => runs.reduce((line, run) => [...line, chain(line, run)], [])));
    const good = outcomes.filter(Boolean).length;
    document.querySelector("#summary").textContent = `${good} of ${outcomes.length} answered as they should`;
    all.disabled = false;
  });
}

// The languages of one card take turns, as they share its place; cards run side by side.
function chain(line, run) {
  return (line.at(-1) ?? Promise.resolve()).then(run);
}

function showListeners() {
  document.querySelector("#frames").textContent = `nghttp -nv ${location.origin}/handlers/rust/trailers.handler.wasm`;
  const list = document.querySelector("#listeners");
  if (!LISTENERS.some(({ port }) => port === location.port)) {
    const note = document.createElement("p");
    note.textContent = `This page comes from port ${location.port}. The table that the server printed has the other listeners.`;
    list.replaceWith(note);
    return;
  }
  for (const { name, scheme, port, about } of LISTENERS) {
    const link = document.createElement("a");
    link.href = `${scheme}//${location.hostname}:${port}${location.pathname}`;
    link.textContent = `${name} ${port}`;
    link.title = about;
    if (location.port === port) link.setAttribute("aria-current", "page");
    const item = document.createElement("li");
    item.append(link);
    list.append(item);
  }
}

// Adds a card; returns a function for each of its buttons.
function card(handler) {
  const it = document.querySelector("#card").content.cloneNode(true).firstElementChild;
  it.querySelector("h2").textContent = handler.name;
  it.querySelector(".about").textContent = handler.about;
  it.querySelector(".hidden-part").textContent = handler.hidden ?? "";
  main.append(it);
  return handler.languages.map((language) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Run ${language === "c" ? "C" : "Rust"}`;
    button.setAttribute("aria-label", `${button.textContent} ${handler.name}`);
    it.querySelector(".buttons").append(button);
    const run = async () => {
      button.disabled = true;
      const good = await call(it, handler, language);
      button.disabled = false;
      return good;
    };
    button.addEventListener("click", run);
    return run;
  });
}

// Calls a handler and shows what came of it; tells whether that was a 200.
async function call(it, handler, language) {
  const show = display(it);
  const [query, options] = handler.request();
  const url = new URL(`handlers/${language}/${handler.name}.handler.wasm${query}`, location.href);
  const method = options?.method ?? "GET";
  show.status(`${method} ${language}/${handler.name}…`);
  try {
    const response = await fetch(url, { cache: "no-store", ...options });
    show.event(`status ${response.status}, ${[...response.headers].length} fields`);
    show.fields(response.headers);
    let octets = 0;
    let text = "";
    const decoder = new TextDecoder();
    for await (const piece of pieces(response.body)) {
      octets += piece.length;
      text += decoder.decode(piece, { stream: true });
      show.event(`${piece.length} octets`);
      show.content(text);
    }
    if (response.headers.get("content-type") === "application/json") show.content(readable(text));
    show.event("end");
    show.status(`${language}/${handler.name}: ${response.status}, ${octets} octets${await protocol(url)}`, response.ok);
    return response.ok;
  } catch (error) {
    show.event(String(error));
    show.status(`${language}/${handler.name}: ${error.message}`, false);
    return false;
  }
}

async function* pieces(stream) {
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    yield value;
  }
}

function display(it) {
  const began = performance.now();
  const find = (selector) => it.querySelector(selector);
  it.querySelector(".outcome").hidden = false;
  for (const part of [".timeline", "tbody", ".content"]) find(part).replaceChildren();
  return {
    status(text, good) {
      find(".status").textContent = text;
      find(".status").className = `status ${good === undefined ? "" : good ? "good" : "bad"}`;
    },
    event(text) {
      const line = document.createElement("li");
      const time = document.createElement("time");
      time.textContent = `${Math.round(performance.now() - began)} ms`;
      line.append(time, text);
      find(".timeline").append(line);
    },
    fields(headers) {
      for (const [name, value] of headers) {
        const row = find("tbody").insertRow();
        row.insertCell().textContent = name;
        row.insertCell().textContent = value;
      }
    },
    content(text) {
      find(".content").textContent = text;
    },
  };
}

// An object in JSON as lines: one for each member, and for each pair in a list.
function readable(json) {
  const member = ([name, value]) =>
    Array.isArray(value) && value.length > 0
      ? `${name}:\n${value.map((each) => `  ${each.join(": ")}`).join("\n")}`
      : `${name}: ${typeof value === "string" ? value : JSON.stringify(value)}`;
  return Object.entries(JSON.parse(json)).map(member).join("\n");
}

// What the browser says it spoke, if it says so, which can take it a moment.
async function protocol(url) {
  for (let attempt = 0; attempt < 10; attempt += 1) {
    const name = performance.getEntriesByName(url.href).at(-1)?.nextHopProtocol;
    if (name) return ` over ${name}`;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return "";
}

// Chromium has request streams, over HTTP/2; a browser without them reads `duplex` never, and makes text of the body.
function streamsRequests() {
  let asked = false;
  const probe = { method: "POST", body: new ReadableStream(), get duplex() { asked = true; return "half"; } };
  const typed = new Request(location.href, probe).headers.has("content-type");
  return asked && !typed && performance.getEntriesByType("navigation")[0]?.nextHopProtocol === "h2";
}

function slowly(words) {
  const encoder = new TextEncoder();
  return new ReadableStream({
    async pull(controller) {
      await new Promise((resolve) => setTimeout(resolve, 300));
      controller.enqueue(encoder.encode(words.shift()));
      if (words.length === 0) controller.close();
    },
  });
}

start();
