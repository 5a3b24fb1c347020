// A small test harness in the manner of testharness.js: `test`, `promise_test`, `assert_*`. Promise tests run one after
// another. When all are done, `#results` holds them as JSON, and the title says PASS or FAIL.
//
// {"status": "pass" | "fail", "tests": [{"name", "status": "pass" | "fail", "message", "ms"}]}

"use strict";

// Far longer than any takes, so that a slow machine fails nothing.
const TEST_TIMEOUT_MS = 20_000;

class AssertionError extends Error {}

function assert_true(actual, description = "") {
  assert_equals(actual, true, description);
}

function assert_equals(actual, expected, description = "") {
  if (!Object.is(actual, expected)) {
    throw new AssertionError(`${description && `${description}: `}expected ${show(expected)}, got ${show(actual)}`);
  }
}

function assert_array_equals(actual, expected, description = "") {
  assert_equals(actual.length, expected.length, `${description} length`);
  for (let i = 0; i < expected.length; i += 1) assert_equals(actual[i], expected[i], `${description} [${i}]`);
}

function assert_at_least(actual, least, description = "") {
  if (!(actual >= least)) throw new AssertionError(`${description && `${description}: `}${show(actual)} is less than ${show(least)}`);
}

async function promise_rejects(name, promise, description = "") {
  let error;
  try {
    await promise;
  } catch (thrown) {
    error = thrown;
  }
  if (!error) throw new AssertionError(`${description} did not reject`);
  assert_equals(error.name, name, description);
}

function show(value) {
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}

const tests = [];

function test(body, name) {
  promise_test(async () => body(), name);
}

function promise_test(body, name) {
  tests.push({ name, body });
}

async function run_one({ name, body }) {
  const began = performance.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no result in ${TEST_TIMEOUT_MS} ms`)), TEST_TIMEOUT_MS);
  });
  let status = "pass";
  let message = "";
  try {
    await Promise.race([body(), late]);
  } catch (error) {
    status = "fail";
    message = error instanceof AssertionError ? error.message : `${error}`;
  }
  clearTimeout(timer);
  return { name, status, message, ms: Math.round(performance.now() - began) };
}

function add_row({ name, status, message }) {
  const row = document.querySelector("#log").insertRow();
  row.className = status;
  for (const text of [status.toUpperCase(), name, message]) row.insertCell().textContent = text;
}

// The load event waits for the last result, so that `chromium --dump-dom` does too: it waits for child documents, and
// one that is open to writing counts as not loaded.
const hold = document.createElement("iframe");
hold.hidden = true;
document.documentElement.append(hold);
hold.contentDocument.open();

addEventListener("DOMContentLoaded", async () => {
  const results = [];
  for (const each of tests) {
    results.push(await run_one(each));
    add_row(results.at(-1));
  }
  const failed = results.filter(({ status }) => status === "fail").length;
  const status = failed === 0 ? "pass" : "fail";
  document.querySelector("#results").textContent = JSON.stringify({ status, tests: results });
  document.querySelector("#summary").textContent = `${results.length - failed} of ${results.length} passed`;
  document.title = `${status.toUpperCase()} ${results.length - failed}/${results.length}`;
  hold.contentDocument.close();
});
