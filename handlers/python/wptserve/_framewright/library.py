"""The standard library of the snapshot: what is not loaded while the component is built cannot be loaded later."""

import importlib
import pkgutil
import sys

#: Modules with a window, a test suite, a tool's main programme, or jokes; and what has no place without processes.
_LEFT_OUT = frozenset(
    "__main__ __phello__ _pyrepl antigravity ensurepip idlelib lib2to3 pydoc_data this test tkinter turtle turtledemo "
    "venv pip msvcrt winreg winsound nt ntpath_ _android_support _apple_support _ios_support _aix_support _osx_support"
    .split()
)
#: Packages all of whose modules are wanted.
_WHOLE = ("collections", "concurrent", "email", "encodings", "html", "http", "importlib", "json", "logging", "urllib",
          "xml", "zoneinfo", "wsgiref", "unittest", "string", "re", "os", "compression", "pathlib")


def load():
    """Imports all that can be had; gives the names of what could not."""
    missing = []
    for name in sorted(sys.stdlib_module_names - _LEFT_OUT):
        if name.startswith("_sysconfigdata"):
            continue
        try:
            module = importlib.import_module(name)
        except Exception:
            missing.append(name)
            continue
        if name in _WHOLE and hasattr(module, "__path__"):
            for found in pkgutil.walk_packages(module.__path__, f"{name}."):
                try:
                    importlib.import_module(found.name)
                except Exception:
                    missing.append(found.name)
    return missing
