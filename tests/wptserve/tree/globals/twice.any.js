// META: global=sharedworker
// META: global=window,serviceworker
test(() => {}, "It runs.");
