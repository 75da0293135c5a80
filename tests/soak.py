"""How often a test of chance tries: a few times among all tests, TIMES as often under `make soak`."""

import os

TIMES = int(os.environ.get("TIMES", "1"))
SOAKING = TIMES > 1


def tries(number: int) -> int:
    """So many among all tests, TIMES as many in a soak."""
    return number * TIMES
