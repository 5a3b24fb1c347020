"""One exchange from the load of its handler to the end of its response."""

import traceback

from wptserve import pipes
from wptserve.handlers import FunctionHandler
from wptserve.request import H2Request, Request
from wptserve.response import H2Response, Response
from wptserve.response_headers import ResponseHeaders
from wptserve.utils import HTTPException

from . import check, code, h2, modules
from .polite import PoliteDoor


def run(door):
    """Answers the exchange behind this door."""
    facts = door.facts()
    if facts.only_load and door.only_compile():
        code.compile_only(door)
        return
    modules.use(door)
    if facts.only_load:
        check.run(door)
        return
    if facts.version == "HTTP/2":
        request = H2Request(door, facts)
        h2.run(door, request, H2Response(door, request), finish)
        return
    if not facts.has_raw:
        door = PoliteDoor(door)
    try:
        request = Request(door, facts)
    except ValueError as error:
        door.fail(f"the request can't be read: {error}")
        return
    if b"expect" in request.headers:
        # RFC 9110 §10.1.1: the server sends 100 when the content is first read, which has to be before the response.
        request.body
    response = Response(door, request)
    finish(door, request, response, lambda: answer(door, request, response))
    leave(door, request, response)


def answer(door, request, response):
    """Loads the handler and lets it make the response."""
    try:
        environment = code.load(door)
        if "main" not in environment:
            raise HTTPException(500, f"No main function in script {door.path()}")
        FunctionHandler(environment["main"])(request, response)
        pipes.apply(door.path(), request, response)
    except OSError as error:
        # As the original has it, which takes the file itself to be missing.
        door.log_warning(f"a file that the handler needs can't be had: {traceback_of(error)}")
        raise HTTPException(404) from error


def finish(door, request, response, act):
    """Acts, and sends what became of the response."""
    try:
        act()
    except HTTPException as error:
        cause = error.__cause__
        if cause is not None and error.code == 500:
            report(door, response, cause, error)
        else:
            if error.code >= 500:
                door.log_warning(f"the handler answers {error.code}: {error.message or error}")
            response.set_error(error.code, str(error))
    except BaseException as error:  # `sys.exit` too is a failure of this handler, and of nobody else.
        report(door, response, error, error)
    if not response.writer.content_written:
        if door.facts().injects_script:
            inject(door, response)
        try:
            response.write()
        except Exception as error:
            door.log_warning(f"the response can't be sent: {traceback_of(error)}")
            # What was announced will not come. The original leaves the client waiting.
            response.close_connection = True
            if not response.writer.has_begun:
                response.set_error(500, traceback_of(error) if door.facts().is_local else "500")
                response.write()


def inject(door, response):
    """Puts the site's script into a page that is whole. As the original has it: not into errors and what streams."""
    content = response.content
    if not isinstance(response.headers, ResponseHeaders) or response.headers.get("Content-Type")[:1] != [b"text/html"]:
        return
    if "Content-Encoding" in response.headers or not (isinstance(content, (bytes, str)) or hasattr(content, "read")):
        return
    response.content = door.inject_script(b"".join(response.iter_content(read_file=True)))
    if "Content-Length" in response.headers:
        response.headers.set("Content-Length", len(response.content))


def report(door, response, cause, error):
    """A failure of the handler: the traceback goes to the log, and to the client of a local server."""
    text = traceback_of(cause)
    door.log_warning(f"the handler failed: {text}")
    # `sys.exit` has a code too, which is no status.
    code = error.code if isinstance(error, HTTPException) else 500
    response.set_error(code, f"{cause}\n{text}" if door.facts().is_local else str(code))


def traceback_of(error):
    """The traceback from the handler's own file on: our frames above it say nothing."""
    trace = error.__traceback__
    while trace is not None and "_framewright" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    while trace is not None and "/wptserve/handlers.py" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    return "".join(traceback.format_exception(type(error), error, trace or error.__traceback__))


def leave(door, request, response):
    """Says what becomes of the connection: the original's rule."""
    facts = door.facts()
    connection = request.headers.get("connection", b"").lower()
    keeps = not response.close_connection and connection != b"close"
    if facts.version == "HTTP/1.0":
        keeps = keeps and connection == b"keep-alive"
    if keeps and not request.raw_input.is_complete:
        # The next request begins behind this one's content.
        while door.read():
            pass
    door.after(keeps)
