"""Where handlers find other files."""

import importlib
import imp
import os
import sys

import helper

dashed = importlib.import_module("lib-dashed.inner")
source = imp.load_source("", os.path.join(os.path.dirname(__file__), "helper.py"))


def main(request, response):
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "data.txt")) as file:
        text = file.read()
    with open(os.path.join(request.doc_root, "data.txt"), "rb") as file:
        octets = file.read()
    relative = os.path.relpath(__file__, request.doc_root)
    return repr((helper.VALUE, dashed.INNER, source.VALUE, text, octets, relative, __name__, sys.path[0] == request.doc_root))
