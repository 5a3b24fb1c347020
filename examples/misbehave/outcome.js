// What a correct client does, against what this one did. `expect` of a row is one of:
//
//   accept [STATUS]          the response arrives whole, with this status (200) and the row's content
//   network-error            fetch, or reading the content, rejects
//   stream-error CODE        the same; RFC 9113 §5.4.2 names the code of its RST_STREAM
//   connection-error CODE    the same; RFC 9113 §5.4.1 names the code of its GOAWAY
//   accept-or-network-error  the RFCs leave the choice
//   may-retry                a second attempt succeeds, or the first one's fault is shown
//   no-retry                 rejects after one attempt
//   pending                  nothing, for as long as the page waits
//   reset CODE               the page aborts, and the client says so by RST_STREAM with this code

/** Whether `text` is what the row says: `*` is anything, `a*100` a hundred of that letter. */
function holds(row, text) {
  if (row.content === undefined || row.content === "*") return true;
  const run = /^(.)\*(\d+)$/s.exec(row.content);
  return text.trimEnd() === (run ? run[1].repeat(Number(run[2])) : row.content);
}

const RULES = {
  accept: (row, got, status = "200") => got.outcome === "response" && got.status === Number(status) && holds(row, got.content),
  "network-error": (row, got) => got.outcome === "error",
  "stream-error": failed,
  "connection-error": failed,
  "accept-or-network-error": (row, got) => got.outcome === "error" || (got.outcome === "response" && holds(row, got.content)),
  "may-retry": (row, got) =>
    got.attempts > 1 ? RULES.accept(row, got) : got.outcome === "error" || (got.outcome === "response" && got.status !== 200),
  "no-retry": (row, got) => got.outcome === "error" && got.attempts === 1,
  pending: (row, got) => got.outcome === "pending",
  reset: (row, got, code) => got.outcome === "aborted" && got.codes.includes(`RST_STREAM ${code}`),
};

// Where the response was complete before the fault, a client has every right to show it.
function failed(row, got) {
  return got.outcome === "error" || (row.complete === true && got.outcome === "response");
}

/** Whether the outcome is what the row expects of a correct client. */
export function agrees(row, got) {
  const [rule, detail] = row.expect.split(" ");
  const second = row.next?.by !== "page" || got.then === row.next.content;
  return RULES[rule](row, got, detail) && second;
}

/** How the codes that the client sent compare with the one that the RFC names: `as named`, `other`, `none`, or nothing to compare. */
export function codeAgrees(row, got) {
  const [rule, code] = row.expect.split(" ");
  if (rule !== "stream-error" && rule !== "connection-error") return "";
  if (got.codes.length === 0) return "none";
  return got.codes.some((seen) => seen.endsWith(` ${code}`)) ? "as named" : "other";
}

/** What is the same each time, for comparison with a recorded run. */
export function summary(got) {
  // A fault right behind the head is a race: whether the page still sees the head is not the same each time.
  const status = got.status === null || got.outcome === "error" ? "" : ` ${got.status}`;
  const attempts = got.attempts === 1 ? [] : [`${got.attempts} attempts`];
  const then = got.then === null ? [] : [`then ${JSON.stringify(got.then)}`];
  return [`${got.outcome}${status}`, ...attempts, ...then, ...got.codes].join(", ");
}

/** One line for people. */
export function describe(got) {
  const status = got.status === null ? "" : ` ${got.status}`;
  const shown = {
    response: () => `response${status}, ${got.content.length > 40 ? `${got.content.length} characters` : JSON.stringify(got.content)}`,
    error: () => `${got.error}${got.status === null ? "" : ` after the head of${status}`}`,
    pending: () => `nothing${got.status === null ? "" : ` after the head of${status}`} for ${got.ms} ms`,
    aborted: () => "aborted by the page",
    lost: () => `nothing is known: ${got.error}`,
  };
  return shown[got.outcome]();
}
