"""What the tests of this room may ask for."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from tests.exports.builder import Builder, noon
from tests.exports.packing import CHOSEN, Many, counted_as_json, fill
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


@pytest.fixture(scope="session")
def many(shared: Any, tmp_path_factory: pytest.TempPathFactory) -> Many:
    """The packs of ninety cases; see packing."""
    with session_scope(shared.engine, Access.system()) as session:
        fill(session, Builder(session))
        counted = {
            (openbaar, chosen): counted_as_json(session, openbaar, **selection)
            for openbaar in (False, True)
            for chosen, selection in CHOSEN.items()
        }
        session.rollback()
    return Many(counted, tmp_path_factory.mktemp("pakketten"))
