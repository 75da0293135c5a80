"""Whose questions somebody gets in a sessie, by the sessions that the service gives: both locks together."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from service.access import Access, NoAccess, access_of
from service.db import session_scope
from service.row_security import visible_to
from signals.base import table
from signals.errors import NotFound
from tests import factories
from workflow import sessie_notes, sessies
from workflow.actors import Desk
from workflow.models import Leerpunt
from workflow.sessie_models import SessieVraag
from workflow.sessies import UWV, Agenda

from .conftest import NOW, ROTTERDAM, VENLO, access

TOGETHER, ALONE = "SE-2026-0001", "SE-2026-0002"
"""Of Rotterdam, Venlo and UWV; of Venlo alone. Both about a levering in which both municipalities have a case."""
EVERYBODY = ["Van 0599.", "Van 0983.", "Van UWV."]


def access_in(engine: Engine, name: str) -> Access:
    """As the pages give it: who is in all sessies sees every row."""
    mine = access(engine, name)
    return mine.widened() if sessies.sees_all(mine.actor) else mine


def here(session: Session, nummer: str = TOGETHER) -> tuple[Agenda, Desk]:
    desk = Desk(access_of(session).actor, NOW)
    return sessies.find(session, nummer, desk.actor), desk


@pytest.fixture
def asked(engine: Engine) -> Iterator[Engine]:
    """Two sessies; in the first everybody asked something, and both municipalities have a leerpunt in a dossier."""
    with session_scope(engine, Access.system()) as session:
        for code, bsn in ((ROTTERDAM, "999990019"), (VENLO, "999990020")):
            case = factories.new_case(session, NOW.date(), code, bsn=bsn)
            own = {"zaak_id": case.id, "gemeentecode": code, "vastgelegd_op": NOW.date(), "tijdstip": NOW, "door": "x"}
            session.add(Leerpunt(**own, soort="samenwerking", toelichting=f"Van {code}."))
    with session_scope(engine, access_in(engine, "coen")) as session:
        desk = Desk(access_of(session).actor, NOW)
        plan = {"soort": "werksessie", "datum": "2026-11-05", "leveringen": "LRNI-2026-01"}
        assert sessies.plan(session, desk, plan | {"deelnemers": f"{ROTTERDAM},{VENLO},{UWV}"}).nummer == TOGETHER
        assert sessies.plan(session, desk, plan | {"deelnemers": VENLO}).nummer == ALONE
    for name, who in (("anna", ROTTERDAM), ("dirk", VENLO), ("ulla", UWV)):
        with session_scope(engine, access_in(engine, name)) as session:
            agenda, desk = here(session)
            sessie_notes.ask(session, agenda, desk, {"tekst": f"Van {who}."})
    yield engine


@pytest.mark.parametrize("name", ["anna", "tess", "dirk", "ulla", "coen"])
def test_who_takes_part_reads_what_everybody_asked_and_learned(asked: Engine, name: str) -> None:
    with session_scope(asked, access_in(asked, name), write=False) as session:
        agenda, desk = here(session)
        questions = sessie_notes.questions(session, agenda, desk.actor)
        assert [one.tekst for one in questions] == EVERYBODY
        lessons = sessie_notes.lessons(session, agenda, desk.actor, desk.today)
        assert [one.toelichting for one in lessons] == ["Van 0599.", "Van 0983."]


def test_who_has_cases_of_the_levering_only_adds_to_it_and_reads_the_own(asked: Engine) -> None:
    with session_scope(asked, access_in(asked, "dirk")) as session:
        agenda, desk = here(session, ALONE)
        sessie_notes.ask(session, agenda, desk, {"tekst": "Onder ons."})
    with session_scope(asked, access_in(asked, "anna")) as session:
        agenda, desk = here(session, ALONE)
        sessie_notes.ask(session, agenda, desk, {"tekst": "Wij ook."})
        assert [one.tekst for one in sessie_notes.questions(session, agenda, desk.actor)] == ["Wij ook."]
        lessons = sessie_notes.lessons(session, agenda, desk.actor, desk.today)
        assert [one.toelichting for one in lessons] == ["Van 0599."]


@pytest.mark.parametrize("name", ["bram", "carla", "bea", "aad"])
def test_for_everybody_else_there_are_no_sessies(asked: Engine, name: str) -> None:
    with session_scope(asked, access(asked, name), write=False) as session:
        actor = access_of(session).actor
        assert sessies.coming(session, actor, NOW.date()) == []
        with pytest.raises(NotFound):
            sessies.find(session, TOGETHER, actor)


def test_whatever_asks_without_a_sessie_gets_the_questions_of_the_own_municipality(asked: Engine) -> None:
    with session_scope(asked, access(asked, "anna"), write=False) as session:
        assert [one.tekst for one in session.exec(select(SessieVraag))] == ["Van 0599."]
        with pytest.raises(NoAccess):
            session.execute(select(table(SessieVraag).c.tekst))
    with session_scope(asked, access(asked, "coen"), write=False) as session:
        assert session.exec(select(SessieVraag)).all() == []


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")
@pytest.mark.parametrize("name", ["anna", "ulla"])
def test_postgresql_itself_keeps_questions_apart(asked: Engine, name: str) -> None:
    with asked.execution_options(**visible_to(access(asked, name))).connect() as connection:
        seen = connection.execute(text("SELECT tekst FROM sessie_vraag")).scalars().all()
        assert seen == (["Van 0599."] if name == "anna" else [])
        changed = connection.execute(text("UPDATE sessie_vraag SET tekst = 'x' WHERE gemeentecode <> '0599'"))
        assert changed.rowcount == 0
        for code in (VENLO, ""):
            with pytest.raises(DBAPIError, match="row-level security"), connection.begin_nested():
                connection.execute(
                    text(
                        "INSERT INTO sessie_vraag (gemeentecode, sessie_id, tekst, gesteld_door, gesteld_op, besproken,"
                        " antwoord) VALUES (:code, 1, 'x', 'x', now(), false, '')"
                    ),
                    {"code": code},
                )
