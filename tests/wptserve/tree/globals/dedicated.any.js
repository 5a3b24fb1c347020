// META: global=dedicatedworker
test(() => {}, "It runs.");
