"""Debian's Chromium, as tests and measurements start it."""

import shutil

PROGRAMS = ("chromium-headless-shell", "chromium")
"""The one without windows first: the same engine and version, for less than half of the processor's time."""


def program() -> str | None:
    """Where the first of these lies."""
    return next(filter(None, map(shutil.which, PROGRAMS)), None)
