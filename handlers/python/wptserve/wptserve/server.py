"""`request.server`: the site's stash and configuration."""

from .config import Config
from .stash import Stash


class Server:
    """What handlers reach of the server."""

    def __init__(self, request):
        self._request = request
        self._stash = None
        self._config = None

    @property
    def config(self):
        if self._config is None:
            self._config = Config(self._request._door.config())
        return self._config

    @property
    def stash(self):
        if self._stash is None:
            self._stash = Stash(self._request._door, self._request.url_parts.path)
        return self._stash
