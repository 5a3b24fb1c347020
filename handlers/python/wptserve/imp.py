"""The parts of `imp` (gone since Python 3.12) that handlers use."""

import importlib
import importlib.machinery
import sys
import types

from _framewright.modules import Loader

PY_SOURCE = 1
PKG_DIRECTORY = 5


def load_source(name, pathname, file=None):
    """Runs a file as the module `name`, in the module that has this name already if there is one."""
    module = sys.modules.get(name)
    if module is None:
        module = types.ModuleType(name)
    loader = Loader(name, _text(pathname))
    module.__file__ = _text(pathname)
    module.__loader__ = loader
    module.__spec__ = importlib.machinery.ModuleSpec(name, loader, origin=module.__file__)
    sys.modules[name] = module
    exec(loader.get_code(name), module.__dict__)
    return module


def new_module(name):
    return types.ModuleType(name)


def reload(module):
    return importlib.reload(module)


def find_module(name, path=None):
    """File, path and description of a module's source, for `load_module`."""
    spec = importlib.machinery.PathFinder.find_spec(name, path)
    if spec is None:
        raise ImportError(f"no module named {name!r}", name=name)
    if spec.submodule_search_locations is not None:
        return None, next(iter(spec.submodule_search_locations)), ("", "", PKG_DIRECTORY)
    return open(spec.origin, encoding="utf-8"), spec.origin, (".py", "r", PY_SOURCE)


def load_module(name, file, pathname, description):
    """Loads what `find_module` found."""
    if description[2] == PKG_DIRECTORY:
        pathname = f"{pathname}/__init__.py"
    return load_source(name, pathname)


def _text(path):
    return path.decode("utf-8", "surrogateescape") if isinstance(path, bytes) else str(path)
