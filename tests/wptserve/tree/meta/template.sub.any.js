// META: global=window,dedicatedworker,dedicatedworker-module,sharedworker,sharedworker-module,serviceworker,serviceworker-module
// META: title={{host}} of {{GET[x]}}
// META: script=/a.js?{{location[scheme]}}
test(() => {}, "It runs.");
