// META: global=window,dedicatedworker,dedicatedworker-module,sharedworker,sharedworker-module,serviceworker,serviceworker-module
// META: variant=?1-10
// META: variant=?11-last
// META: quic=true
// META: timeout=short
// META: timeout=long 
// META: unheard-of=1
test(() => {}, "It runs.");
