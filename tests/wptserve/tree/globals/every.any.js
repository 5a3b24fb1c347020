// META: global=window,dedicatedworker,dedicatedworker-module,sharedworker,sharedworker-module,serviceworker,serviceworker-module
test(() => {}, "It runs.");
