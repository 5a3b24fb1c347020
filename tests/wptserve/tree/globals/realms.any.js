// META: global=shadowrealm,window-module
// META: title=A `realm` of ${one} \
// META: script=helper.js
test(() => {}, "It runs.");
