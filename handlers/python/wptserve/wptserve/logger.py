"""`get_logger`, over the standard library's logging: its lines reach the server's log through standard error."""

import logging


def get_logger():
    return logging.getLogger("wptserve")


def set_logger(logger):
    """Kept for those that call it; there is one logger."""
