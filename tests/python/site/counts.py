"""State that must not outlive a request."""

import helper

COUNT = 0


def main(request, response):
    global COUNT
    COUNT += 1
    helper.VALUE += "+"
    return f"{COUNT} {helper.VALUE}"
