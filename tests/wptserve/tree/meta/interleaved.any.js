// META: script=first.js
// META: title=Between
// META: global=window,dedicatedworker,dedicatedworker-module,sharedworker,sharedworker-module,serviceworker,serviceworker-module
// META: script=second.js
// META: title=Second title
test(() => {}, "It runs.");
