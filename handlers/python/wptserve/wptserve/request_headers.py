"""The fields of a request, as handlers see them."""

_NONE = object()


def _key(name):
    if isinstance(name, str):
        name = name.encode("iso-8859-1")
    return name.lower()


class RequestHeaders(dict):
    """Lower-case name to a list of values, in octets. An index gives one value; `items()` gives the lists.

    The original keeps one value for each name (web-platform-tests issue 37272), unless that is mended: on HTTP/1.x the
    first, on HTTP/2 the last. What was sent is in `request.raw_headers`.
    """

    def __init__(self, lines=(), keeps_all=False):
        super().__init__()
        for name, value in lines:
            name = name.lower()
            if not dict.__contains__(self, name):
                dict.__setitem__(self, name, [value])
            elif keeps_all:
                dict.__getitem__(self, name).append(value)

    def __getitem__(self, name):
        values = dict.__getitem__(self, _key(name))
        return values[0] if len(values) == 1 else b", ".join(values)

    def __setitem__(self, name, value):
        raise TypeError("the fields of a request cannot be changed")

    def __contains__(self, name):
        return dict.__contains__(self, _key(name))

    def get(self, name, default=None):
        return self[name] if name in self else default

    def get_list(self, name, default=_NONE):
        """The values of this name. Without one the default, or `KeyError`."""
        if name in self:
            return dict.__getitem__(self, _key(name))
        if default is _NONE:
            raise KeyError(name)
        return default

    def iteritems(self):
        for name in self:
            yield name, self[name]

    def itervalues(self):
        for name in self:
            yield self[name]


class H2RawHeaders(dict):
    """HTTP/2: the fields as the original has them, pseudo-fields under names without a colon; and as they were sent."""

    def __init__(self, lines):
        super().__init__()
        self._lines = [(name.decode("iso-8859-1"), value.decode("iso-8859-1")) for name, value in lines]
        for name, value in self._lines:
            if name in _PLAIN:
                name = name[1:]
            if name == "cookie" and name in self:
                # RFC 9113 §8.2.3: crumbs are joined.
                value = f"{self[name]}; {value}"
            self[name] = value

    def all_items(self):
        """Names as here, with every value that was sent; of cookies the one."""
        for name, value in self._lines:
            if name != "cookie":
                yield name[1:] if name in _PLAIN else name, value
        if "cookie" in self:
            yield "cookie", self["cookie"]

    def raw_items(self):
        """Names and values in wire order, duplicates and pseudo-fields included."""
        return list(self._lines)


#: Pseudo-fields that lose their colon.
_PLAIN = frozenset((":method", ":path", ":scheme", ":authority", ":host", ":status"))
