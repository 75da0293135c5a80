"""How often a test of chance tries: a few times among all tests, TIMES as often under `make soak`."""

import os
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings

TIMES = int(os.environ.get("TIMES", "1"))
SOAKING = TIMES > 1


ONLY_IN_A_SOAK = (
    pytest.mark.soak,
    pytest.mark.skipif(not SOAKING, reason="duurt te lang voor elke keer: draait in make soak"),
)


def only_in_a_soak(test: Callable[..., None]) -> Callable[..., None]:
    """A test that takes too long among all tests."""
    for mark in ONLY_IN_A_SOAK:
        test = mark(test)
    return test


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
