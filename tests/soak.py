"""How often a test of chance tries: a few times among all tests, TIMES as often under `make soak`."""

import os

from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("TIMES", "1"))
SOAKING = TIMES > 1


def tries(number: int) -> int:
    """So many among all tests, TIMES as many in a soak."""
    return number * TIMES


def of_a_machine(runs: int, steps: int) -> settings:
    """How a state machine is run: so many runs (and TIMES as many in a soak), of so many steps each."""
    return settings(
        max_examples=tries(runs),
        derandomize=not SOAKING,  # among all tests the same few: what they say does not hang on chance
        database=None,
        stateful_step_count=steps,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
