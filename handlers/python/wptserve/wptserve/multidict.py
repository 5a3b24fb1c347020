"""Several values under one name: queries, forms, cookies."""

_NONE = object()


class MultiDict(dict):
    """A dict of lists whose index gives the first of them."""

    def __setitem__(self, name, value):
        dict.__setitem__(self, name, [value])

    def __getitem__(self, name):
        return self.first(name)

    def add(self, name, value):
        dict.setdefault(self, name, []).append(value)

    def first(self, name, default=_NONE):
        """The first value. Without one the default, or `KeyError`."""
        if name in self:
            return dict.__getitem__(self, name)[0]
        if default is _NONE:
            raise KeyError(name)
        return default

    def last(self, name, default=_NONE):
        """The last value. Without one the default, or `KeyError`."""
        if name in self:
            return dict.__getitem__(self, name)[-1]
        if default is _NONE:
            raise KeyError(name)
        return default

    def get(self, name, default=None):
        return self.first(name, default)

    def get_list(self, name):
        """All values; an empty list for none."""
        return dict.get(self, name, [])
