"""Rotterdam and Venlo merge on 1 January: the clock runs over the night, and who works there sees it at midnight."""

from datetime import date, datetime

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service import case_list, jobs
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.models import AuditEntry
from service.settings import Settings
from signals.errors import NotFound
from signals.models import Municipality
from tests import factories
from workflow import moves
from workflow.phases import Phase

from .conftest import AMSTERDAM, ROTTERDAM, VENLO

pytestmark = pytest.mark.every_database

DAY = date(2027, 1, 1)
EVENING = datetime(2026, 12, 31, 23, 59, tzinfo=AMSTERDAM)
MIDNIGHT = datetime(2027, 1, 1, 0, 0, tzinfo=AMSTERDAM)
NIGHT = datetime(2027, 1, 1, 2, 0, tzinfo=AMSTERDAM)


def test_a_merger_counts_from_midnight_and_stands_in_the_log_once(settings: Settings, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        for code in (ROTTERDAM, VENLO):
            row = session.get_one(Municipality, code)
            row.einde, row.opvolger = DAY, "1998"
        session.add(Municipality(code="1998", naam="Maas en Rotte", begin=DAY))
        received = date(2026, 12, 7)
        running = factories.case_at(session, Phase.INLICHTINGEN, received, gemeentecode=ROTTERDAM).zaaknummer
        closed = factories.case_at(session, Phase.ONTVANGEN, received, gemeentecode=ROTTERDAM, bsn="999990020")
        anna = factories.person("anna", factories.Role.BEHANDELAAR, code=ROTTERDAM)
        at_desk = factories.desk(anna, received)
        factories.take(session, closed, "wijs_toe", at_desk)
        factories.take(session, closed, "niet_oppakken", at_desk, reden="capaciteit")
        number = closed.zaaknummer

    def of_dirk(now: datetime) -> list[str]:
        """What somebody of Venlo finds, each closed one and each running one."""
        with session_scope(engine, Access.system(), write=False) as session:
            access = accounts.access_of_user(session, "dirk", "test", now.date())
            assert ("anna" in accounts.staff(session, VENLO, now.date())) == (now >= MIDNIGHT)
        with session_scope(engine, access, write=False) as session:
            try:
                moves.find_case(session, number)
            except NotFound:
                assert now < MIDNIGHT
            return [case.zaaknummer for case in case_list.page(session, case_list.Filter()).cases]

    assert jobs.run_nightly(settings, engine, EVENING)[jobs.MERGERS] == 0
    assert of_dirk(EVENING) == []
    assert set(of_dirk(MIDNIGHT)) == {running, number}
    counts = [jobs.run_nightly(settings, engine, NIGHT)[jobs.MERGERS] for _ in range(2)]
    assert counts == [2, 0]
    with session_scope(engine, Access.system(), write=False) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.actie == "gemeente_opgegaan"))
        told = [(one.object, one.gemeentecode) for one in entries.all()]
        assert told == [("0599 in 1998", "1998"), ("0983 in 1998", "1998")]
        assert moves.find_case(session, running).gemeentecode == ROTTERDAM
        assert case_list.count(session, case_list.Filter(gemeentecode=[ROTTERDAM])) == 2
