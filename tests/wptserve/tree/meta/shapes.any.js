//META:script=tight.js
//	 META:	 script=wide.js
// META: =no key
// META: title=
// META: script=
// META: script=a=b.js
// META: script= padded.js 
// META:script =dead.js
// META: script=never.js
test(() => {}, "It runs.");
