// META: global= window ,	sharedworker , nonsense, Window2
test(() => {}, "It runs.");
