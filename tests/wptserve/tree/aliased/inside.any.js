test(() => {}, "It runs.");
