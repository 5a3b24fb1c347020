// META: title=A worker
// META: timeout=long
// META: script=unused.js
importScripts("/resources/testharness.js");
test(() => {}, "It runs.");
done();
