"""Cookies of a response."""

from datetime import datetime, timedelta


def main(request, response):
    CASES[request.GET.first(b"do")](response)
    return "done"


def unset(response):
    response.set_cookie(b"a", b"1")
    response.unset_cookie(b"a")
    response.unset_cookie(b"b")


def bad(response):
    try:
        response.set_cookie(b"a b", b"1")
    except Exception:
        response.headers.set("X-Raised", "yes")


CASES = {
    b"plain": lambda response: response.set_cookie(b"a", b"1"),
    b"text": lambda response: response.set_cookie("a", "\u00e9 1"),
    b"all": lambda response: response.set_cookie(
        b"a", b"1", path="/x", domain="d.test", max_age=5, expires=datetime(2030, 2, 3, 4, 5, 6), secure=True,
        httponly=True, comment="c"),
    b"delta": lambda response: response.set_cookie(b"a", b"1", max_age=timedelta(minutes=2)),
    b"none": lambda response: response.set_cookie(b"a", None),
    b"delete": lambda response: response.delete_cookie(b"a", path="/p"),
    b"two": lambda response: (response.set_cookie(b"a", b"1"), response.set_cookie(b"a", b"2", path=None)),
    b"unset": unset,
    b"bad": bad,
}
