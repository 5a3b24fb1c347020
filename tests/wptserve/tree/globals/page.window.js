// META: title=A page
// META: global=sharedworker
// META: script=/common/a.js
// META: script=b.js?x=1&y="2"
// META: timeout=long
test(() => {}, "It runs.");
