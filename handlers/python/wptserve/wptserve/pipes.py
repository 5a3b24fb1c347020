"""Pipes on responses of Python handlers. What they do is the server's; here are their places."""

import re
import time
from urllib.parse import unquote

from .response_headers import ResponseHeaders

#: Pipes that leave the content alone, so that content made on the way stays so.
_HEAD_PIPES = frozenset(("header", "status"))
#: Names of paths whose `.sub.` means HTML.
_HTML = (".html", ".htm", ".xht", ".xhtml", ".xml", ".svg")


def apply(path, request, response):
    """Runs the response through the pipes of its path and of the request's query."""
    pipes = pipes_of(path, request)
    if pipes:
        run(pipes, request, response)


def pipes_of(path, request):
    """The pipes as one text: those of `.sub.` in the path, then the query's."""
    pipes = []
    if ".sub." in path:
        pipes.append("sub(html)" if path.endswith(_HTML) else "sub(none)")
    query = request.url_parts.query
    if "pipe" in query:
        given = None
        for piece in query.split("&"):
            # Another reading of the query than that of `GET`: UTF-8, and the last one counts.
            name, equals, value = piece.partition("=")
            if equals and value and unquote(name.replace("+", " ")) == "pipe":
                given = unquote(value.replace("+", " "))
        if given:
            pipes.append(given)
    return "|".join(pipes)


def run(pipes, request, response):
    """Runs the response through these pipes."""
    code, reason = response.status
    is_lazy = _HEAD_PIPES.issuperset(re.findall(r"(?:^|\|)\s*(\w+)", pipes))
    content = response.content
    if isinstance(content, str):
        content = content.encode(response.encoding)
    if not isinstance(content, bytes):
        content = [] if is_lazy else [_piece(item) for item in response.iter_content(read_file=True)]
    reply = (int(code), reason, list(response.headers), content)
    code, reason, fields, content = request._door.apply_pipes(reply, pipes)
    response.status = code if reason is None else (code, reason)
    response.headers = ResponseHeaders(fields)
    if isinstance(content, bytes):
        response.content = content
    elif not is_lazy:
        response.content = _steps(content)


def sub(request, response, escape_type="html"):
    """The pipe of this name, for handlers that call it."""
    run(f"sub({escape_type})", request, response)
    return response


def _piece(item):
    if not isinstance(item, bytes):
        # The original joins the pieces, and fails the same way.
        raise TypeError(f"content that is made in pieces can be piped if they are octets, not {type(item).__name__}")
    return item


def _steps(steps):
    """Pieces of content with waits between them: a number is a wait, in seconds."""
    for step in steps:
        if isinstance(step, bytes):
            yield step
        else:
            time.sleep(step)
