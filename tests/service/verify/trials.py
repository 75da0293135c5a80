"""How damages are tried."""

from collections.abc import Sequence

import pytest
from _pytest.mark.structures import ParameterSet

from tests.service.verify.damages import Damage
from tests.soak import ONLY_IN_A_SOAK


def one_by_one(damages: Sequence[Damage]) -> list[ParameterSet]:
    """Each a test of its own: on one kind of database, and where it can be done on one only, that one is among them.

    Of those with the same code the first; the others in a soak.
    """
    first = {each.code: each for each in reversed(damages)}
    found = []
    for each in damages:
        marks = [pytest.mark.every_database] if each.only else []
        marks += [*ONLY_IN_A_SOAK] if first[each.code] is not each else []
        found.append(pytest.param(each, id=each.name, marks=marks))
    return found
