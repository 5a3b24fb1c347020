// META: global=dedicatedworker-module
test(() => {}, "It runs.");
