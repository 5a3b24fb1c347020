"""Modules of the site, read anew in each exchange. The server keeps their compiled code, by path and content."""

import marshal
import sys
from importlib.machinery import FileFinder, SourceFileLoader

#: The exchange's door, which leads to what is kept.
_door = None


class Loader(SourceFileLoader):
    """Runs a file's code as it is kept, or else compiles it."""

    def get_code(self, fullname):
        path = self.get_filename(fullname)
        source = self.get_data(path)
        kept = _door.compiled_module(path, source) if _door else None
        return self.source_to_code(source, path) if kept is None else marshal.loads(kept)


def install():
    """Lets imports find files of Python source, and nothing else: there are no archives, extensions or `.pyc` files."""
    sys.path_hooks[:] = [FileFinder.path_hook((Loader, [".py"]))]
    sys.path_importer_cache.clear()


def use(door):
    """From here on, modules are those of this exchange."""
    global _door
    _door = door
