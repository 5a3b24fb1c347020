// META: title=An extension
// META: script=helper.js
test(() => {}, "It runs.");
