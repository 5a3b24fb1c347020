// META: global=shadowrealm-in-window
test(() => {}, "It runs.");
