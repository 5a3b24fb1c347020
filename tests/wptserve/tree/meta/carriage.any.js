// META: timeout=long
// META: title=Carriage
// META: global=window,worker
test(() => {}, "It runs.");
