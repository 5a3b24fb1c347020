"""How handlers fail."""

from wptserve.utils import HTTPException


def main(request, response):
    response.headers.set("X-A", "gone")
    return CASES[request.GET.first(b"do")](request, response)


def raised(request, response):
    raise RuntimeError("the reason")


def code(request, response):
    raise HTTPException(404)


def positional(request, response):
    raise HTTPException(403, "text")


def keyword(request, response):
    raise HTTPException(410, message="text")


def missing_file(request, response):
    open(__file__ + ".none")


def generator(request, response):
    def pieces():
        yield b"some"
        raise RuntimeError("too late")

    return [("Content-Length", "9")], pieces()


CASES = {name.replace("_", "-").encode(): case for name, case in list(globals().items()) if callable(case) and name not in ("main", "HTTPException")}
