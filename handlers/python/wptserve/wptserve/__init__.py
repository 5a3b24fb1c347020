"""What Python handlers of web-platform-tests import: `request`, `response` and their parts, over one exchange.

Written from the behaviour of the original, not from its text. Nothing here knows of WebAssembly: what reaches the
client goes through a *door* (`_framewright.door`), for which the tests have a stand-in.
"""
