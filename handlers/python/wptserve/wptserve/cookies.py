"""Cookies of a request, with the quirks of the standard library's parser, which pages can see."""

from http.cookies import BaseCookie, Morsel

from .multidict import MultiDict
from .utils import isomorphic_decode


class CookieValue:
    """A cookie's value with the attributes that stood behind it."""

    def __init__(self, morsel):
        self.key = morsel.key
        self.value = morsel.value.encode("iso-8859-1")
        self.expires = morsel["expires"]
        self.path = morsel["path"]
        self.comment = morsel["comment"]
        self.domain = morsel["domain"]
        self.max_age = morsel["max-age"]
        self.secure = morsel["secure"]
        self.version = morsel["version"]
        self.httponly = morsel["httponly"]
        self._morsel = morsel

    def __str__(self):
        return self._morsel.OutputString()

    __repr__ = __str__

    def __eq__(self, other):
        return self.value == getattr(other, "value", other)

    def __hash__(self):
        return hash(self.value)


class Cookies(MultiDict):
    """By name, in octets. The parser keeps one value for each name."""

    def __getitem__(self, name):
        return self.last(name)


class _Jar(BaseCookie):
    """Values as they were sent, quotes and escapes included."""

    def value_decode(self, text):
        return text, text


def parse_cookies(field):
    """The cookies of a Cookie field (RFC 6265 §4.2); what the parser does not like ends it, or empties it."""
    cookies = Cookies()
    if not field:
        return cookies
    jar = _Jar()
    jar.load(isomorphic_decode(field))
    for name, morsel in jar.items():
        cookies[name.encode("iso-8859-1")] = CookieValue(morsel)
    return cookies


def set_cookie_line(name, value, attributes):
    """The value of a Set-Cookie field. `attributes`: lower-case names as `http.cookies` has them."""
    morsel = Morsel()
    morsel.set(name, value, value)
    for attribute, given in attributes.items():
        if given is not None and given is not False:
            morsel[attribute] = given
    return morsel.OutputString()
