// The index: a row for each script, a button to run it, and what this browser made of it. `?run` begins by itself. After
// a whole run `#results` holds it as JSON:
//
// {"protocol", "agent", "rows": [{"file", "outcome", "status", "error", "attempts", "codes", "code", "agrees", "seen", …}]}

import { agrees, codeAgrees, describe, summary } from "./outcome.js";
import { protocol, run, suits } from "./run.js";

// Content in the results is cut to this many characters: it is there to be read.
const SHOWN_CONTENT = 200;

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
async function show(row, line, button) {
  button.disabled = true;
  line.className = "running";
  cell(line, "seen", "…");
  const got = await run(row);
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
  const rows = [];
  // One after the other, since some break the connection; what changes how a client goes on comes last.
  const order = [...buttons].sort((a, b) => Boolean(a.row.last) - Boolean(b.row.last));
  const wanted = new URLSearchParams(location.search).get("only");
  for (const { row, line, button } of order) {
    if (wanted && !row.file.includes(wanted)) continue;
    rows.push(await show(row, line, button));
    progress.textContent = `${rows.length} of ${order.length}…`;
  }
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
if (new URLSearchParams(location.search).has("run")) await runAll();
