"""Arranges the memory that each exchange starts from, so that exchanges write to few of its pages.

An instance begins with the snapshot's pages shared with all others; the first write to a page copies it, and at the end
it is put back. CPython writes everywhere: it counts references, specializes code in place, and puts new objects into
holes between old ones. So here: objects become immortal (PEP 683; the build does it, by a table that this module leaves),
code that exchanges run stands side by side, and no hole is left.
"""

import array
import gc
import sys
import types

#: What the build looks for in the finished component's memory, in upper case, so that this constant is not it. There, the
#: number of objects follows, and their addresses: 4 octets each, least significant first.
_MARK = b"framewright: the objects that the build makes immortal\n"
#: Free memory above all that is in use: more than any hole.
_ABOVE = 4 << 20
#: Exchanges played until the interpreter has learned what it will.
_PLAYS = 60

_objects = []
_table = None
_fillings = []


def arrange(play):
    """The last that is done to the snapshot. `play` plays exchanges, as they will come."""
    global _table
    for _ in range(3):
        play()
    _fill()
    _gather_code(play)
    for _ in range(_PLAYS):
        play()
    gc.collect()
    _objects.extend(_reachable())
    _table = _MARK.upper() + array.array("I", [len(_objects), *map(id, _objects)]).tobytes()
    gc.collect()
    # What is here now stays for good: no collection has to look at it, or touch its memory.
    gc.freeze()
    sys.argv = _Last(sys.argv)


class _Last(list):
    """The arguments, which the component's initialization empties as the last thing it does: a place to hook in."""

    def __delitem__(self, key):
        super().__delitem__(key)
        _fill()


def _fill():
    """Fills all free memory but the one piece on top."""
    gc.collect()
    above = id(bytes(_ABOVE))
    for size in _sizes():
        while True:
            filling = bytes(size) if size else object()
            if id(filling) >= above:
                break
            _fillings.append(filling)


def _sizes():
    size = _ABOVE // 2
    while size > 4096:
        yield size
        size = size * 7 // 8
    yield from range(4096, 1024, -64)
    yield from range(1024, 0, -16)
    # The smallest that there is.
    yield 0


def _gather_code(play):
    """Gives the functions that `play` runs new code objects, one next to the other."""
    ran = {}

    def note(frame, event, argument):
        ran[id(frame.f_code)] = frame.f_code

    sys.setprofile(note)
    try:
        play()
    finally:
        sys.setprofile(None)
    renewed = {}

    def has_run(code):
        return id(code) in ran or any(has_run(inner) for inner in code.co_consts if type(inner) is types.CodeType)

    def renew(code):
        if id(code) not in renewed:
            constants = tuple(
                renew(one) if type(one) is types.CodeType and has_run(one) else one for one in code.co_consts
            )
            renewed[id(code)] = code.replace(co_consts=constants)
        return renewed[id(code)]

    for function in gc.get_objects():
        if type(function) is types.FunctionType and has_run(function.__code__):
            function.__code__ = renew(function.__code__)


def _reachable():
    """Every object that stays."""
    seen, found = set(), []
    todo = [*gc.get_objects(), *_classes()]
    passed = {id(seen), id(found), id(todo), id(_objects)}
    while todo:
        one = todo.pop()
        kind = type(one)
        if id(one) in seen or id(one) in passed or kind is types.FrameType:
            continue
        seen.add(id(one))
        found.append(one)
        todo.append(kind)
        todo.extend(gc.get_referents(one))
        if kind is types.CodeType:
            todo += (one.co_consts, one.co_names, one.co_name, one.co_qualname, one.co_filename)
            todo += (*one.co_consts, *one.co_names, *one.co_varnames, *one.co_freevars, *one.co_cellvars)
        elif isinstance(one, type):
            # The collector does not look into classes that are built in.
            todo += (*vars(one).keys(), *vars(one).values(), one.__mro__, one.__bases__)
    return found


def _classes():
    todo, found = [object], set()
    while todo:
        one = todo.pop()
        if one not in found:
            found.add(one)
            todo += type.__subclasses__(one)
    return found
