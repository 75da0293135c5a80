"""Somebody keeps or changes a case in the very moment in which it is destroyed: one of the two is first."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.retention import carrying_out, due
from service.settings import Settings
from signals.errors import DomainError, NotFound
from tests import factories
from tests.clients import until
from tests.databases import plain_address
from tests.postgres import as_superuser
from tests.service.conftest import ROTTERDAM, Template
from tests.service.pages.test_retention import Doors
from tests.service.retention import old_cases
from tests.service.retention.old_cases import NOW
from tests.service.retention.steps import approve, lines, propose, start
from workflow import legal_holds, moves, prepared_letters
from workflow.models import Case
from workflow.phases import Phase, Role

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")
TESS = factories.desk(factories.person("tess", Role.TEAMLEIDER, code=ROTTERDAM), NOW.date())
CARLA = factories.desk(factories.person("carla", Role.BESLISSER, code=ROTTERDAM), NOW.date())


def somebody_waits(engine: Engine) -> None:
    """Until a transaction of this database waits for another."""
    blocked = "SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    url = as_superuser(engine.url.render_as_string(hide_password=False))
    with psycopg.connect(plain_address(url), autocommit=True) as connection:
        until(lambda: connection.execute(blocked).fetchone() is not None, 60)


def keep(session: Session, case: Case) -> None:
    legal_holds.place(session, case, TESS, {"reden": "beroep"})


def reopen(session: Session, case: Case) -> None:
    factories.take(session, case, "heropen", CARLA, reden="er is een nieuw feit")


def test_a_bewaarplicht_that_is_being_placed_is_waited_for(engine: Engine, settings: Settings) -> None:
    (number,) = old_cases.make(engine, settings, 1)
    nummer = propose(engine, settings)
    approve(engine, nummer)
    start(engine, nummer)
    with ThreadPoolExecutor(1) as other:
        with session_scope(engine, Access.system()) as session:
            keep(session, moves.find_case(session, number))
            destroying = other.submit(carrying_out.carry_out, engine, settings, nummer, NOW, "test")
            somebody_waits(engine)
        done = destroying.result(60)
    assert (done.vernietigd, done.afgevallen) == (0, 1)
    assert old_cases.numbers(engine) == [number]
    assert "bewaarplicht" in lines(engine, nummer)[number][1].lower()


@pytest.mark.parametrize(("deed", "code"), [(keep, "zaak_weg"), (reopen, "versie_verouderd")])
def test_who_comes_a_moment_too_late_is_told_that_it_is_gone(
    engine: Engine, settings: Settings, deed: Callable[[Session, Case], None], code: str
) -> None:
    with session_scope(engine, Access.system()) as session:
        number = old_cases.put_aside(session).zaaknummer

    def too_late() -> None:
        with session_scope(engine, Access.system()) as session:
            deed(session, moves.find_case(session, number))

    with ThreadPoolExecutor(1) as other:
        with session_scope(engine, Access.system()) as session:
            carrying_out.destroy(session, due.ZAAK, number, None, NOW, frozenset())
            session.flush()
            doing = other.submit(too_late)
            somebody_waits(engine)
        with pytest.raises(DomainError, match=code):
            doing.result(60)
    assert old_cases.numbers(engine) == []


def test_a_letter_that_is_posted_is_not_taken_out_of_the_post(engine: Engine) -> None:
    anna = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), NOW.date())
    with session_scope(engine, Access.system()) as session:
        case = factories.case_at(session, Phase.VOORONDERZOEK, NOW.date(), gemeentecode=ROTTERDAM)
        step = "verstuur_aanschrijving"
        number = prepared_letters.prepare(session, case, step, anna, versie=case.versie, gegevens={}).id
    assert number is not None

    def take_out() -> None:
        with session_scope(engine, Access.system()) as session:
            prepared_letters.remove(session, prepared_letters.find(session, number), anna)

    with ThreadPoolExecutor(1) as other:
        with session_scope(engine, Access.system()) as session:
            prepared_letters.post(session, prepared_letters.find(session, number), anna)
            doing = other.submit(take_out)
            somebody_waits(engine)
        with pytest.raises(NotFound, match="brief_niet_klaar"):
            doing.result(60)
    with session_scope(engine, Access.system(), write=False) as session:
        assert prepared_letters.posted(session, [number]) == 1


def test_the_page_of_a_bewaarplicht_says_that_the_case_went(
    engine: Engine, settings: Settings, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    (number,) = old_cases.make(engine, settings, 1)
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client, ThreadPoolExecutor(1) as other:
        walk = Doors(client, engine, template.tokens)
        walk.page("tess", "/")
        with session_scope(engine, Access.system()) as session:
            carrying_out.destroy(session, due.ZAAK, number, None, NOW, frozenset())
            session.flush()
            sent = {"reden": "Beroep bij de rechtbank.", "formulier": "een"}
            doing = other.submit(walk.ask, "tess", f"POST /zaken/{number}/bewaarplicht", sent, None, {})
            somebody_waits(engine)
        answer = doing.result(60)
    assert answer.status_code == 404 and "is er niet meer" in answer.text
