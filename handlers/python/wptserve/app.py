"""What componentize-py makes a component of. All that is imported here is in the snapshot that each exchange starts from."""

import logging
import sys

import cgi  # noqa: F401  what the standard library no longer has
import imp  # noqa: F401

from _framewright import code, exchange, library, rehearsal, snapshot, warm
from _framewright.door import Door


class IncomingHandler:
    """`framewright:handler/incoming-handler`."""

    def handle(self, request, response):
        # The host's clock and random numbers differ from those of the build.
        warm.wake()
        exchange.run(Door(request, response))


library.load()
code.set_paths()
logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level=logging.INFO)
warm.up()
snapshot.arrange(lambda: rehearsal.play(IncomingHandler()))
