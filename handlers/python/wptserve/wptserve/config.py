"""The server's configuration, as handlers see it: a mapping that cannot be changed."""

import json
from collections.abc import Mapping


class Config(Mapping):
    """By key, and by attribute. Keys that end in `_set` are sets."""

    def __init__(self, text):
        items = json.loads(text) if text else {}
        self._items = {name: _freeze(name, value) for name, value in items.items()}

    def __getitem__(self, name):
        if name not in self._items:
            # The original's word for it, which is no KeyError.
            raise ValueError(f"the configuration has no item {name!r}")
        return self._items[name]

    def __getattr__(self, name):
        if name.startswith("_") or name not in self._items:
            raise AttributeError(name)
        return self._items[name]

    def __contains__(self, name):
        return name in self._items

    def get(self, name, default=None):
        return self._items.get(name, default)

    def __iter__(self):
        return iter(self._items)

    def __len__(self):
        return len(self._items)


def _freeze(name, value):
    return frozenset(value) if name.endswith("_set") and isinstance(value, list) else value
