"""Values that outlive a request."""

import uuid

from . import stash_values
from .utils import isomorphic_decode


class StashError(Exception):
    """A value cannot be kept, or not be had."""


class Stash:
    """The site's stash: values by path and key, taken once."""

    def __init__(self, door, default_path):
        self._door = door
        self._default_path = default_path

    def _path(self, path):
        return isomorphic_decode(self._default_path if path is None else path)

    def put(self, key, value, path=None):
        """Keeps a value under a UUID and a path, the request's own by default."""
        if value is None:
            raise ValueError("a stash cannot keep None")
        error = self._door.stash_put(self._path(path), _canonical(key), stash_values.dumps(value))
        if error is not None:
            raise StashError(error)

    def take(self, key, path=None):
        """Removes a value and gives it; none if there is none."""
        octets, error = self._door.stash_take(self._path(path), _canonical(key))
        if error is not None:
            raise StashError(error)
        return None if octets is None else stash_values.loads(octets)

    @property
    def lock(self):
        """The site's one lock: `with request.server.stash.lock:`."""
        return Lock(self._door)


class Lock:
    """The one lock of the site; not reentrant."""

    def __init__(self, door):
        self._door = door

    def acquire(self):
        """Waits until nobody else has it."""
        while True:
            error, is_patience_over = self._door.stash_lock()
            if error is None:
                return True
            # The server ends one wait after a minute; the original waits for ever, and so the exchange's own limit counts.
            if not is_patience_over:
                raise StashError(error)

    def release(self):
        error = self._door.stash_unlock()
        if error is not None:
            raise StashError(error)

    def __enter__(self):
        self.acquire()

    def __exit__(self, *_):
        self.release()


def _canonical(key):
    """The usual form of a UUID. `TypeError` for None, `ValueError` for what is none."""
    if key is None:
        raise TypeError("a stash key has to be a UUID, not None")
    return str(uuid.UUID(isomorphic_decode(key)))
