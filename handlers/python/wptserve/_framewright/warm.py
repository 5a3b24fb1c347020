"""What has to be done once at build time so that exchanges need not, and what has to be done anew in each."""

import os
import random
import sys
import time
import warnings


def up():
    """Makes a trial run of what every exchange does, so that caches, code paths and lazy imports are in the snapshot."""
    import datetime
    import email.utils
    import http.client
    import io
    import json
    import re
    import urllib.parse

    # Handlers of years ago have escapes in their strings that Python now frowns on: nobody wants to read that each time.
    warnings.simplefilter("ignore", SyntaxWarning)
    email.utils.formatdate(usegmt=True)
    http.client.parse_headers(io.BytesIO(b"a: b\r\n\r\n"))
    json.loads(json.dumps({"a": [1, 2.5, None, "é"]}))
    re.compile(r"(?:^|\|)\s*(\w+)").findall("header(a,b)|status(1)")
    urllib.parse.urlsplit("http://localhost:80/?a=b")
    datetime.datetime.now(datetime.timezone.utc).strftime("%d %Y")
    time.strftime("%H", time.gmtime())
    # What handlers print is in the log at once.
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(line_buffering=True, write_through=True)


def wake():
    """Randomness of this exchange's own: the snapshot's generator is the same in every instance."""
    random.seed(os.urandom(32))
