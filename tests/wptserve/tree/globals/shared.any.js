// META: global=sharedworker
test(() => {}, "It runs.");
