"""Starts wptserve itself over a tree, on HTTP/1.1 and on HTTP/2 (TLS), and prints {"h1": PORT, "h2": PORT}:

    original.py TREE CONFIG CERTIFICATE KEY [TOOLS]

CONFIG is a file of the ports and hosts that templates see. Without TOOLS it is the package that is installed; with TOOLS,
the `tools` folder of a web-platform-tests checkout, it is the one in there. Ends when its standard input does.
"""

import json
import logging
import pathlib
import sys

tree, config_file, certificate, key = sys.argv[1:5]
if len(sys.argv) > 5:
    sys.path.insert(0, sys.argv[5])
    import localpaths  # noqa: F401: puts the checkout's packages on the path

from wptserve import server
from wptserve.config import ConfigBuilder
from wptserve.server import WebTestHttpd

# As serve.py has them.
SUBDOMAINS = {"www", "www1", "www2", "天気の良い日", "élève"}


def start(config, **options):
    httpd = WebTestHttpd(host="127.0.0.1", port=0, doc_root=tree, config=config, **options)
    httpd.start()
    return httpd.port


def main():
    logger = logging.getLogger("wptserve")
    logger.setLevel(logging.CRITICAL)
    given = json.loads(pathlib.Path(config_file).read_text())
    subdomains = SUBDOMAINS | {f"{a}.{b}" for a in SUBDOMAINS for b in SUBDOMAINS}
    builder = ConfigBuilder(
        logger, subdomains=subdomains, not_subdomains={"nonexistent", "nonexistent.nonexistent"}, doc_root=tree,
        **{name: given[name] for name in ("browser_host", "alternate_hosts", "server_host", "ports", "check_subdomains")})
    # As serve.py has it; newer versions have no such key.
    level = {"log_level": "info"} if "log_level" in ConfigBuilder._default else {}
    builder.update({"ssl": given["ssl"], **level})
    with builder as config:
        h2 = start(config, handler_cls=server.Http2WebTestRequestHandler, use_ssl=True, key_file=key,
                   certificate=certificate, http2=True)
        print(json.dumps({"h1": start(config), "h2": h2}), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
