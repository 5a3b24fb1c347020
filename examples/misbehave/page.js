// The index: a row for each script, a button to run it, and what this browser made of it. In the query,
//
//   run            begins by itself
//   only=PART,…    takes the scripts with one of these in their name
//   ports=P,P,…    runs each script on one of these ports, in order, and several at one time: see elsewhere.js
//
// After a whole run `#results` holds it as JSON:
//
// {"protocol", "agent", "rows": [{"file", "outcome", "status", "error", "attempts", "codes", "code", "agrees", "seen", …}]}

import { runElsewhere, severalAtOnce } from "./elsewhere.js";
import { agrees, codeAgrees, describe, summary } from "./outcome.js";
import { protocol, run, suits } from "./run.js";

// Content in the results is cut to this many characters: it is there to be read.
const SHOWN_CONTENT = 200;
// Scripts at one time where each has a port of its own. They wait more than they work.
const AT_ONCE = 12;

const QUERY = new URLSearchParams(location.search);
const PORTS = QUERY.get("ports")?.split(",");
const SPOKEN = protocol();
const table = await (await fetch("table.json", { cache: "no-store" })).json();
const body = document.querySelector("#rows");
const buttons = [];

function cell(line, name, text) {
  const it = line.querySelector(`.${name}`);
  it.textContent = text;
  return it;
}

function add(row) {
  const line = document.querySelector("#row").content.cloneNode(true).querySelector("tr");
  line.dataset.file = row.file;
  cell(line, "title", row.title);
  cell(line, "wrong", row.wrong);
  const file = cell(line, "file", row.file);
  file.href = row.file;
  cell(line, "clauses", row.clauses.join(", "));
  cell(line, "expect", row.expect.replaceAll("-", " "));
  cell(line, "why", row.why ?? "");
  const button = line.querySelector("button");
  button.setAttribute("aria-label", `Run: ${row.title}`);
  button.disabled = !suits(row, SPOKEN);
  if (button.disabled) cell(line, "seen", `for ${row.protocol}`);
  button.addEventListener("click", () => show(row, line, button));
  body.append(line);
  if (!button.disabled) buttons.push({ row, line, button });
}

/** Runs a row and shows what came of it. */
async function show(row, line, button, port) {
  button.disabled = true;
  line.className = "running";
  cell(line, "seen", "…");
  const got = await (port ? runElsewhere(row, port) : run(row));
  const good = agrees(row, got);
  const code = codeAgrees(row, got);
  line.className = good ? "agrees" : "differs";
  cell(line, "mark", good ? "as it should" : "differs");
  cell(line, "seen", describe(got));
  const then = got.then === null ? "" : `, then ${JSON.stringify(got.then)}`;
  const attempts = `${got.attempts} attempt${got.attempts === 1 ? "" : "s"}`;
  const codes = got.codes.length === 0 ? "" : `, sent ${got.codes.join(", ")}`;
  cell(line, "details", attempts + then + codes + (code && `; code: ${code}`));
  button.disabled = false;
  return { file: row.file, ...got, content: got.content.slice(0, SHOWN_CONTENT), code, agrees: good, seen: summary(got) };
}

async function runAll() {
  const all = document.querySelector("#run-all");
  const progress = document.querySelector("#summary");
  all.disabled = true;
  const parts = (QUERY.get("only") ?? "").split(",");
  const wanted = buttons.filter(({ row }) => parts.some((part) => row.file.includes(part)));
  // On one origin one after the other, since some break the connection; what changes how a client goes on comes last.
  if (!PORTS) wanted.sort((a, b) => Boolean(a.row.last) - Boolean(b.row.last));
  let done = 0;
  const rows = await severalAtOnce(wanted, PORTS ? AT_ONCE : 1, async ({ row, line, button }, at) => {
    const got = await show(row, line, button, PORTS?.[at % PORTS.length]);
    progress.textContent = `${++done} of ${wanted.length}…`;
    return got;
  });
  const good = rows.filter((each) => each.agrees).length;
  progress.textContent = `${good} of ${rows.length} as they should be`;
  document.querySelector("#results").textContent = JSON.stringify({ protocol: SPOKEN, agent: navigator.userAgent, rows });
  document.title = `Misbehaviour: ${progress.textContent}`;
  all.disabled = false;
}

for (const row of table) add(row);
document.querySelector("#spoken").textContent = SPOKEN === "h2" ? "HTTP/2" : "HTTP/1.1";
document.querySelector("#count").textContent = `${buttons.length} of ${table.length}`;
document.querySelector("#run-all").addEventListener("click", runAll);
document.querySelector("#only-differing").addEventListener("change", ({ target }) => body.classList.toggle("only-differing", target.checked));
// A driver's "go to this page" waits for the load event, which frames would put off.
const loaded = new Promise((resolve) => document.readyState === "complete" ? resolve() : addEventListener("load", resolve));
if (QUERY.has("run")) loaded.then(runAll);
