// META: title=Größe
test(() => {}, "It runs.");
