"""Runs a Python handler of the site for one exchange. Not for handlers to import."""
