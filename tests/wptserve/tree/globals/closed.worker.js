// META: global=window
test(() => {}, "It runs.");
