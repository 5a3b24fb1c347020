"""Serves one directory with wptserve over HTTP/1.1 (cleartext) and HTTP/2 (TLS), as `wpt serve` sets both up.

Usage: serve_with_wptserve.py ROOT KEY CERTIFICATE. Prints the same ready line as the other servers, on free ports.
"""

import json
import sys
import threading

from wptserve import server

root, key, certificate = sys.argv[1:4]
http = server.WebTestHttpd(host="127.0.0.1", port=0, doc_root=root)
https = server.WebTestHttpd(
    host="127.0.0.1",
    port=0,
    doc_root=root,
    handler_cls=server.Http2WebTestRequestHandler,
    use_ssl=True,
    key_file=key,
    certificate=certificate,
    http2=True,
)
http.start()
https.start()
listeners = [{"name": "http", "port": http.port}, {"name": "https", "port": https.port}]
print(json.dumps({"event": "ready", "listeners": listeners}), flush=True)
threading.Event().wait()
