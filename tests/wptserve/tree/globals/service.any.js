// META: global=serviceworker
test(() => {}, "It runs.");
