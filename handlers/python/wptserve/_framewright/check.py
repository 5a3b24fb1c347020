"""Loads a file without answering anything: for `framewright check`."""

import ast

from . import code

#: What makes a file a handler.
_HOOKS = ("main", "handle_headers", "handle_data", "handle_frame")


def run(door):
    """Answers 200 if the handler loads, 404 if the file is no handler, and 500 with the reason if it does not load."""
    status, text = _outcome(door)
    content = text.encode("utf-8", "replace")
    door.send_headers(status, [(b"content-length", str(len(content)).encode())], False, None)
    door.send_data(content, True, None)


def _outcome(door):
    try:
        if not _is_handler(ast.parse(door.source(), door.path())):
            return 404, ""
        environment = code.load(door)
    except BaseException as error:
        return 500, _words(error, door.path())
    if any(callable(environment.get(name)) for name in _HOOKS):
        return 200, ""
    return 500, "it has no function main when it is loaded"


def _is_handler(tree):
    """Whether a `main` of two parameters or another hook is defined or assigned at the top. Others are modules or tools."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in _HOOKS:
            if node.name != "main" or len(node.args.args) == 2 or node.decorator_list or node.args.vararg:
                return True
        elif isinstance(node, ast.Assign):
            if any(isinstance(target, ast.Name) and target.id in _HOOKS for target in node.targets):
                return True
    return False


def _words(error, path):
    """The fault and the handler's line that led to it."""
    trace, line = error.__traceback__, getattr(error, "lineno", None)
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            line = trace.tb_lineno
        trace = trace.tb_next
    return f"line {line}: {type(error).__name__}: {error}" if line else f"{type(error).__name__}: {error}"
