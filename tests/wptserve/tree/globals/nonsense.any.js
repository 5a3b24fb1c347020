// META: global=nonsense
test(() => {}, "It runs.");
