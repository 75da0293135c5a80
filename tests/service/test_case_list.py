"""Which cases a list has where the pages ask for more than a column; on both databases."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine, event
from sqlmodel import Session, select

from service import case_list
from service.access import Access
from service.case_list import Filter
from service.db import session_scope, take_stock
from signals.base import table
from tests import factories
from workflow import guards
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseEvent
from workflow.phases import Phase

from .conftest import NOW, ROTTERDAM, VENLO, access

pytestmark = pytest.mark.every_database

BEZWAREN = Filter(fase=(Phase.BEZWAAR,))


def by(session: Session, case: Case, stap: str, naam: str) -> None:
    event = session.exec(select(CaseEvent).where(CaseEvent.zaak_id == case.id, CaseEvent.stap == stap)).one()
    event.door = naam
    session.add(event)


@pytest.fixture
def bezwaren(engine: Engine) -> Engine:
    """Four of Rotterdam and one of Venlo: besluit by carla, twice by kees, once after an earlier voornemen of carla."""
    with session_scope(engine, Access.system()) as session:
        made = [
            factories.case_at(session, Phase.BEZWAAR, gemeentecode=code)
            for code in (ROTTERDAM, ROTTERDAM, ROTTERDAM, ROTTERDAM, VENLO)
        ]
        by(session, made[1], "neem_besluit", "kees")
        by(session, made[2], "neem_besluit", "kees")
        by(session, made[2], "verstuur_voornemen", "carla")
        by(session, made[3], "neem_besluit", "kees")
        session.flush()
        sent = session.exec(select(CaseEvent).where(CaseEvent.zaak_id == made[3].id)).all()
        last = next(event for event in sent if event.stap == "verstuur_voornemen")
        before = next(event for event in sent if event.volgnummer == last.volgnummer - 1)
        before.stap, before.door = "verstuur_voornemen", "carla"
        session.add(before)
    return engine


@pytest.mark.parametrize("naam", ["carla", "kees", "anna", "niemand"])
def test_who_takes_part_in_a_case_is_who_the_guard_keeps_from_deciding(bezwaren: Engine, naam: str) -> None:
    carla = access(bezwaren, "carla")
    actor = replace(carla.actor, naam=naam)
    with session_scope(bezwaren, replace(carla, actor=actor), write=False) as session:
        desk = Desk(actor, NOW)
        kept = {
            case.zaaknummer: guards.third_pair_of_eyes(CaseFile(session, case), desk) is not None
            for case in session.exec(select(Case))
        }
        for is_involved in (True, False):
            wanted = replace(BEZWAREN, betrokken=(naam, is_involved))
            found = {case.zaaknummer for case in case_list.page(session, wanted).cases}
            assert found == {number for number, kept_from in kept.items() if kept_from is is_involved}
            assert case_list.count(session, wanted) == len(found)
        assert len(kept) == 4 and sum(kept.values()) == {"carla": 2, "kees": 3, "anna": 3, "niemand": 0}[naam]


MANY = 5_000
_COPIES = """WITH RECURSIVE copy(number) AS (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < {many})
INSERT INTO zaak ({columns}, zaaknummer, behandelaar)
SELECT {columns}, 'Z-2020-' || printf('%07d', number), 'h' || (number % 500) FROM zaak, copy WHERE id = {of}"""


@pytest.mark.terms_by_hand
@pytest.mark.parametrize("databases", ["sqlite"], indirect=True)  # PostgreSQL takes stock by itself, some time after
@pytest.mark.parametrize(
    ("wanted", "path"),
    [(Filter(behandelaar="anna"), "ix_zaak_behandelaar (behandelaar=?)"), (Filter(), "INTEGER PRIMARY KEY (rowid=?)")],
    ids=["of a handler", "of a municipality"],
)
def test_a_list_in_a_file_is_read_from_the_index_made_for_it(engine: Engine, wanted: Filter, path: str) -> None:
    with session_scope(engine, Access.system()) as session:
        of = factories.new_case(session, gemeentecode=ROTTERDAM).id
        kept = [column.name for column in table(Case).columns if column.name not in ("id", "zaaknummer", "behandelaar")]
        session.connection().exec_driver_sql(_COPIES.format(many=MANY, columns=", ".join(kept), of=of))
    take_stock(engine)
    engine.dispose()  # a connection that was open does not see it: in a service it is opened anew every minute
    asked: list[tuple[str, tuple[object, ...]]] = []
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
    with session_scope(engine, access(engine, "anna"), write=False) as session:
        case_list.page(session, wanted, size=50)
        statement, parameters = asked[-1]
        plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        first = next(detail for *_, detail in plan if "zaak" in detail)
    assert path in first, first
