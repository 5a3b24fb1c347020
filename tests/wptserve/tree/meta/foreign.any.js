// META: global=window,dedicatedworker,dedicatedworker-module,sharedworker,sharedworker-module,serviceworker,serviceworker-module
// META: title=Größe 日本
// META: script=größe.js
test(() => {}, "It runs.");
