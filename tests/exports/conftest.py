"""What the tests of this room may ask for."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from tests.exports.builder import Builder, noon
from workflow.models import Case


@pytest.fixture
def build(session: Session, request: pytest.FixtureRequest) -> Builder:
    request.node.add_marker("terms_by_hand")
    return Builder(session)


@pytest.fixture
def of_case() -> Callable[..., dict[str, Any]]:
    """What every dossier row of a case needs."""

    def values(case: Case, day: date) -> dict[str, Any]:
        return {
            "zaak_id": case.id,
            "gemeentecode": case.gemeentecode,
            "vastgelegd_op": day,
            "tijdstip": noon(day),
            "door": "anna",
        }

    return values
