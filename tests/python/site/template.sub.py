"""A handler whose name asks for the template."""


def main(request, response):
    return [("Content-Type", "text/plain")], "{{GET[a]}} {{location[path]}} {{headers[x-none]}}" if b"bad" in request.GET else "{{GET[a]}} {{location[path]}}"
