// META: global=
test(() => {}, "It runs.");
