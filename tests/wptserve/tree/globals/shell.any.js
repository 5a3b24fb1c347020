// META: global=window,worker,jsshell
test(() => {}, "It runs.");
