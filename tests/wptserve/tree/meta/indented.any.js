 // META: title=Unseen
test(() => {}, "It runs.");
