"""How values of Python stand in the stash, where handlers in other languages find octets.

`bytes` stand as they are. Everything else is a NUL, `json:` and a JSON text (RFC 8259) in which objects with one member
whose name begins with `$` are what JSON lacks:

    {"$bytes": "…"}     octets, one code point U+0000 to U+00FF for each
    {"$tuple": […]}     {"$set": […]}     {"$float": "nan" | "inf" | "-inf"}
    {"$dict": [[key, value], …]}     a dict with other keys than text, or with one that begins with `$`

What another handler left reads by the same rule: octets without the mark are `bytes`.
"""

import json
import math

MARK = b"\0json:"


def dumps(value):
    """The octets of a value. `TypeError` for what has no place there."""
    if type(value) is bytes and not value.startswith(MARK):
        return value
    return MARK + json.dumps(_plain(value), ensure_ascii=False, allow_nan=False).encode("utf-8", "surrogatepass")


def loads(octets):
    """The value of these octets."""
    if not octets.startswith(MARK):
        return octets
    return json.loads(octets[len(MARK) :].decode("utf-8", "surrogatepass"), object_hook=_rebuild)


def _plain(value):
    if value is None or isinstance(value, (bool, str)):
        return value
    if isinstance(value, int):
        return int(value)
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else {"$float": repr(float(value))}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"$bytes": bytes(value).decode("iso-8859-1")}
    if isinstance(value, tuple):
        return {"$tuple": [_plain(item) for item in value]}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, (set, frozenset)):
        return {"$set": [_plain(item) for item in value]}
    if isinstance(value, dict):
        return _plain_dict(value)
    raise TypeError(
        f"the stash holds None, bool, int, float, str, bytes, list, tuple, set and dict, not {type(value).__name__}"
    )


def _plain_dict(value):
    # `dict.items`: subclasses show other things there.
    items = [(key, _plain(item)) for key, item in dict.items(value)]
    if all(isinstance(key, str) and not key.startswith("$") for key, _ in items):
        return dict(items)
    return {"$dict": [[_plain(key), item] for key, item in items]}


def _rebuild(item):
    if len(item) != 1:
        return item
    ((name, value),) = item.items()
    build = _BUILD.get(name)
    return build(value) if build else item


_BUILD = {
    "$bytes": lambda text: text.encode("iso-8859-1"),
    "$tuple": tuple,
    "$set": set,
    "$float": float,
    "$dict": lambda pairs: {key: value for key, value in pairs},
}
