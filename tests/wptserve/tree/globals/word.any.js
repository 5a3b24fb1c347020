// META: global=worker
test(() => {}, "It runs.");
