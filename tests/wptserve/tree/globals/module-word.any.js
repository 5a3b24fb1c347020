// META: global=worker-module
test(() => {}, "It runs.");
