// META: title=ÿ
test(() => {}, "It runs.");
