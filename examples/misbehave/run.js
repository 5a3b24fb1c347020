// Fetches one script as its row says, and asks the server afterwards what the client sent.

// Far longer than any script takes to answer, so that a slow machine fails nothing: the slowest take half a second.
const PATIENCE_MS = 8_000;
// How long the record of an attempt may take to be complete: scripts wait up to 3 s for what a client says at last.
const REPORT_MS = 8_000;
const REPORT_AGAIN_MS = 50;

/** `h2` or `http/1.1`: what this page came over. */
export function protocol() {
  return performance.getEntriesByType("navigation")[0].nextHopProtocol;
}

/** Whether the row's script speaks what this page came over. */
export function suits(row, spoken) {
  return row.protocol === "both" || row.protocol === spoken;
}

/** Runs a row: {outcome, status, error, content, attempts, connections, codes, then, ms}. */
export async function run(row) {
  const token = uuid();
  const began = performance.now();
  const got = await attempt(row, token);
  got.ms = Math.round(performance.now() - began);
  got.then = row.next?.by === "page" ? (await attempt({ file: row.file }, token)).content : null;
  const { attempts, refused } = await report(row.file, token);
  got.attempts = attempts.length + refused;
  got.connections = new Set(attempts.map(({ connection }) => connection)).size;
  const codes = attempts.flatMap((each) => each.codes.map(({ type, name, code }) => `${type} ${name ?? code}`));
  got.codes = [...new Set(codes)].sort();
  return got;
}

async function attempt(row, token) {
  const { method = "GET", content, octets, query, abort, patience = PATIENCE_MS } = row.request ?? {};
  const got = { outcome: "response", status: null, error: null, content: "" };
  const controller = new AbortController();
  const stop = (outcome) => {
    got.outcome = outcome;
    controller.abort();
  };
  const timer = typeof abort === "number" ? setTimeout(stop, abort, "aborted") : setTimeout(stop, patience, "pending");
  const body = octets ? new Blob([new Uint8Array(octets).fill(0x61)]) : content;
  try {
    const url = `${row.file}?token=${token}${query ? `&${query}` : ""}`;
    const response = await fetch(url, { method, body, cache: "no-store", signal: controller.signal });
    got.status = response.status;
    for await (const text of texts(response)) {
      got.content += text;
      if (abort === "content") stop("aborted");
    }
  } catch (error) {
    if (got.outcome === "response") Object.assign(got, { outcome: "error", error: error.name });
  }
  clearTimeout(timer);
  return got;
}

async function* texts(response) {
  if (!response.body) return;
  const decoder = new TextDecoder();
  const reader = response.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    yield decoder.decode(next.value, { stream: true });
  }
}

/** The server's record of all attempts, once they are finished. */
async function report(file, token) {
  const end = performance.now() + REPORT_MS;
  for (;;) {
    let seen = { attempts: [], refused: 0 };
    try {
      seen = await (await fetch(`${file}?token=${token}&report`, { cache: "no-store" })).json();
    } catch {
      // The connection that the fault broke may have been picked once more.
    }
    const finished = seen.attempts.length > 0 && seen.attempts.every((each) => each.finished);
    if (finished || performance.now() > end) return seen;
    await new Promise((resolve) => setTimeout(resolve, REPORT_AGAIN_MS));
  }
}

// crypto.randomUUID needs a secure context, which a listener without TLS is on localhost alone.
function uuid() {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(octets, (octet) => octet.toString(16).padStart(2, "0")).join("");
}
