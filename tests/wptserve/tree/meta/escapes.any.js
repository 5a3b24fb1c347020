// META: global=window,dedicatedworker,dedicatedworker-module,sharedworker,sharedworker-module,serviceworker,serviceworker-module
// META: title=Is 1 < 2 && "3" > '4' \ or not? 100%(path)s
// META: script=/a.js?x=1&y="2"&z=<3>\4
// META: script=b.js
test(() => {}, "It runs.");
