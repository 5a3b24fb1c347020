"""A handler that runs the template itself."""

from wptserve import pipes


def main(request, response):
    response.headers.set("Content-Type", "text/plain")
    response.content = "{{GET[a]}} {{host}}"
    pipes.sub(request, response)
