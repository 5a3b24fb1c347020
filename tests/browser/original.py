"""Starts a checkout's own server, unmodified on disk: original.py CHECKOUT CONFIG

Checkouts of before 2024 refuse to serve HTTP/2 unless OpenSSL's version begins with 1, although they can: that check is
made to pass, in memory. All else is the checkout's doing.
"""

import pathlib
import sys

checkout = pathlib.Path(sys.argv[1]).resolve()
sys.path.insert(0, str(checkout))

from tools import localpaths  # noqa: E402, F401: puts the checkout's other packages on the path
from tools.serve import serve  # noqa: E402

if hasattr(serve, "http2_compatible"):
    serve.http2_compatible = lambda: True

if __name__ == "__main__":
    arguments = serve.get_parser().parse_args(["--config", sys.argv[2]])
    sys.exit(serve.run(**vars(arguments)))
