"""Handlers as objects, for files that make or wrap one, and for the runtime, which wraps every `main`."""

import json
import traceback

from . import pipes
from .utils import HTTPException


class FunctionHandler:
    """Calls a function and makes a response of what it gives."""

    def __init__(self, func):
        self.func = func

    def __call__(self, request, response):
        try:
            value = self.func(request, response)
        except HTTPException:
            raise
        except Exception as error:
            raise HTTPException(500, message=traceback.format_exc()) from error
        if value is None:
            return
        if isinstance(value, tuple):
            if len(value) == 3:
                response.status, headers, content = value
            elif len(value) == 2:
                headers, content = value
            else:
                raise HTTPException(500)
            response.headers.update(headers)
        else:
            content = value
        response.content = content
        # The original runs the query's pipes here, and again when the script is done.
        pipes.apply("", request, response)


def handler(func):
    """Decorator: a function as a handler."""
    return FunctionHandler(func)


class JsonHandler:
    """Makes JSON of what a function gives, or of the last item of a tuple."""

    def __init__(self, func):
        self.func = func

    def __call__(self, request, response):
        return FunctionHandler(self.handle_request)(request, response)

    def handle_request(self, request, response):
        value = self.func(request, response)
        response.headers.set("Content-Type", "application/json")
        *others, last = value if isinstance(value, tuple) else (value,)
        text = json.dumps(last)
        response.headers.set("Content-Length", len(text))
        return (*others, text) if isinstance(value, tuple) else text


def json_handler(func):
    """Decorator: a function whose value is sent as JSON."""
    return JsonHandler(func)


class StringHandler:
    """The same text for every request."""

    def __init__(self, data, content_type, **headers):
        self.data = data
        self.headers = [("Content-Type", content_type)]
        self.headers += [(name.replace("_", "-"), value) for name, value in headers.items()]

    def __call__(self, request, response):
        return FunctionHandler(self.handle_request)(request, response)

    def handle_request(self, request, response):
        return self.headers, self.data


class StaticHandler(StringHandler):
    """The content of a file, formatted with `%` if there is something to format it with."""

    def __init__(self, path, format_args, content_type, **headers):
        with open(path, encoding="utf-8") as file:
            data = file.read()
        super().__init__(data % format_args if format_args else data, content_type, **headers)


class ErrorHandler:
    """The same error for every request."""

    def __init__(self, status):
        self.status = status

    def __call__(self, request, response):
        response.set_error(self.status)


class BasicAuthHandler:
    """Asks for credentials before it lets a handler answer (RFC 7617)."""

    def __init__(self, handler, user, password):
        self.handler = handler
        self.user = user
        self.password = password

    def __call__(self, request, response):
        if "authorization" not in request.headers:
            response.status = 401
            response.headers.set("WWW-Authenticate", "Basic")
            return response
        auth = request.auth
        if (auth.username, auth.password) != (_octets(self.user), _octets(self.password)):
            response.set_error(403, "Invalid username or password")
            return response
        return self.handler(request, response)


def basic_auth_handler(handler, user, password):
    """`BasicAuthHandler` under the name that some use."""
    return BasicAuthHandler(handler, user, password)


def _octets(text):
    return text.encode("iso-8859-1") if isinstance(text, str) else text
