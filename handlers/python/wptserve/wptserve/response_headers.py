"""The fields of a response."""

_NONE = object()


def _octets(value):
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode("iso-8859-1")
    if isinstance(value, int):
        return str(int(value)).encode("ascii")
    raise TypeError(f"a field is made of text, octets or a number, not {type(value).__name__}")


class ResponseHeaders:
    """Fields in the order in which their names first came; values of one name side by side."""

    def __init__(self, items=()):
        # Lower-case name: the name as it was spelled, and the values.
        self._fields = {}
        self.update(items)

    def set(self, name, value):
        """One value in place of all of this name. The place stays, the spelling is the new one."""
        name = _octets(name)
        self._fields[name.lower()] = (name, [_octets(value)])

    def append(self, name, value):
        """One value more; the spelling stays."""
        name, value = _octets(name), _octets(value)
        self._fields.setdefault(name.lower(), (name, []))[1].append(value)

    def get(self, name, default=_NONE):
        """The values of this name; without any the default, or an empty list."""
        if name in self:
            return self[name]
        return [] if default is _NONE else default

    def update(self, items):
        """Appends all of these."""
        for name, value in items:
            self.append(name, value)

    def items(self):
        return list(self)

    def __getitem__(self, name):
        return self._fields[_octets(name).lower()][1]

    def __setitem__(self, name, value):
        self.set(name, value)

    def __delitem__(self, name):
        del self._fields[_octets(name).lower()]

    def __contains__(self, name):
        return _octets(name).lower() in self._fields

    def __iter__(self):
        for name, values in self._fields.values():
            for value in values:
                yield name, value

    def __repr__(self):
        return repr(self._fields)
