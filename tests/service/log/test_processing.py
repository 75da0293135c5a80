"""The lines of the Logboek Dataverwerkingen: of whom, under which trace, in how many statements, and what fails."""

import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event, text
from sqlmodel import col, func, select

from service import jobs
from service.access import Access
from service.app import create_app
from service.audit_models import LineStatus, LogLine
from service.db import session_scope
from service.log import audit
from service.log.activities import ACTIVITIES
from service.log.subjects import Subject
from service.models import AuditEntry
from service.settings import Settings
from service.web.middleware import API
from signals.bsn import passes_elfproef
from tests import factories
from workflow.models import Case

from ..conftest import NOW, ROTTERDAM, Template, owning
from .log_walk import Walk, pseudonym

RECEIVED = date(2026, 9, 1)


@pytest.fixture
def walk(settings: Settings, engine: Engine, template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[Walk]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        yield Walk(client, engine, template.tokens)


@pytest.fixture
def fifty(engine: Engine) -> list[str]:
    """The BSNs of fifty cases of Rotterdam."""
    numbers = [bsn for bsn in (f"9999{place:05d}" for place in range(2000)) if passes_elfproef(bsn)][:50]
    with session_scope(engine, Access.system()) as session:
        for bsn in numbers:
            factories.new_case(session, RECEIVED, ROTTERDAM, bsn=bsn)
    return numbers


def statements(engine: Engine) -> list[str]:
    """Every statement from now on."""
    made: list[str] = []
    event.listen(engine, "before_cursor_execute", lambda _, cursor, text, *rest: made.append(text))
    return made


def test_a_list_of_fifty_is_one_entry_and_a_line_for_each_in_one_statement(
    walk: Walk, engine: Engine, fifty: list[str]
) -> None:
    made = statements(engine)
    walk("anna", f"GET {API}/zaken", fifty)
    assert not walk.wrong
    written = [text for text in made if "INSERT INTO logboek_dataverwerking" in text]
    assert len(written) == 2  # of the list itself, and of all who stand in it
    with session_scope(engine, Access.system(), write=False) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.actie == "lijst_bekeken")).all()
        lines = session.exec(select(LogLine).order_by(col(LogLine.id))).all()
    own, each = lines[0], lines[1:]
    assert (own.trace_id, own.span_id, own.parent_span_id, own.data_subject_id) == (
        entry.trace_id, entry.span_id, None, None,
    )  # fmt: skip
    assert {line.data_subject_id for line in each} == {pseudonym(bsn) for bsn in fifty}
    assert {(line.trace_id, line.parent_span_id) for line in each} == {(entry.trace_id, entry.span_id)}
    assert len({line.span_id for line in lines}) == 51
    assert {(line.status, line.gemeentecode) for line in each} == {(LineStatus.OK, ROTTERDAM)}


def test_what_cannot_be_logged_is_not_shown(walk: Walk, engine: Engine, fifty: list[str]) -> None:
    walk("anna", f"GET {API}/zaken", fifty)
    with owning(engine) as connection:
        connection.execute(text("ALTER TABLE logboek_dataverwerking RENAME TO weg"))
    headers = {"Authorization": f"Bearer {walk.tokens['anna']}"}
    answer = walk.client.get(f"{API}/zaken", headers=headers)
    assert answer.status_code == 500
    assert "Z-2026" not in answer.text
    step = {"stap": "wijs_toe", "versie": 1, "gegevens": {"behandelaar": "anna"}}
    assert walk.client.post(f"{API}/zaken/Z-2026-0000001/stappen", json=step, headers=headers).status_code == 500
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(Case.behandelaar).distinct()).all() == [None]


FROM_ELSEWHERE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.mark.parametrize(
    ("sent", "taken"),
    [
        (FROM_ELSEWHERE, True),
        ("cc" + FROM_ELSEWHERE[2:] + "-later", True),
        (FROM_ELSEWHERE + "-more", False),
        ("ff" + FROM_ELSEWHERE[2:], False),
        (FROM_ELSEWHERE.upper(), False),
        (FROM_ELSEWHERE.replace("4bf92f3577b34da6a3ce929d0e0e4736", "0" * 32), False),
        (FROM_ELSEWHERE.replace("00f067aa0ba902b7", "0" * 16), False),
        ("onzin", False),
        (None, False),
    ],
)
def test_a_trace_is_taken_over_and_given_with_the_answer(
    walk: Walk, engine: Engine, fifty: list[str], sent: str | None, taken: bool
) -> None:
    headers = {"Authorization": f"Bearer {walk.tokens['anna']}"} | ({"traceparent": sent} if sent else {})
    answer = walk.client.post(f"{API}/zaken/_zoek", json={"bsn": fifty[0]}, headers=headers)
    told = re.fullmatch(r"00-([0-9a-f]{32})-([0-9a-f]{16})-01", answer.headers["traceparent"])
    assert told
    with session_scope(engine, Access.system(), write=False) as session:
        (line,) = session.exec(select(LogLine)).all()
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.actie == "gezocht")).all()
    assert line.trace_id == entry.trace_id == told[1]
    assert (told[1] == "4bf92f3577b34da6a3ce929d0e0e4736") == taken
    assert line.parent_span_id == ("00f067aa0ba902b7" if taken else None)


def test_only_who_brings_a_token_chooses_a_trace(walk: Walk, engine: Engine, fifty: list[str]) -> None:
    """Whoever opens a page, or comes with a token that does not live, cannot say under which number it is logged."""
    chosen = FROM_ELSEWHERE.split("-")[1]
    with session_scope(engine, Access.system(), write=False) as session:
        number = session.exec(select(Case.zaaknummer).where(Case.gemeentecode == ROTTERDAM)).first()
    walk.client.headers["traceparent"] = FROM_ELSEWHERE
    page = walk.ask("anna", "GET /zaken/{number}", None, None, {"number": number})
    stranger = walk.client.get(f"{API}/zaken/{number}", headers={"Authorization": "Bearer rni_verkeerd"})
    token = {"Authorization": f"Bearer {walk.tokens['anna']}"}
    page_with_token = walk.client.get(f"/zaken/{number}", headers=token)
    answers = page, stranger, page_with_token
    assert [answer.status_code for answer in answers] == [200, 401, 200]
    assert not [answer for answer in answers if chosen in answer.headers["traceparent"]]
    with session_scope(engine, Access.system(), write=False) as session:
        lines = session.exec(select(LogLine)).all()
        entries = session.exec(select(AuditEntry)).all()
    assert lines and not [each for each in [*lines, *entries] if each.trace_id == chosen]
    assert {line.parent_span_id for line in lines} == {None}


def test_a_search_that_finds_nobody_and_a_step_that_is_refused_have_no_result(
    walk: Walk, engine: Engine, fifty: list[str]
) -> None:
    walk("anna", f"POST {API}/zaken/_zoek", (), {"signaalnummer": "bestaat-niet"})
    headers = {"Authorization": f"Bearer {walk.tokens['anna']}"}
    refused = walk.client.post(
        f"{API}/zaken/Z-2026-0000001/stappen", json={"stap": "neem_besluit", "versie": 1}, headers=headers
    )
    assert refused.status_code == 409
    with session_scope(engine, Access.system(), write=False) as session:
        nobody, somebody = session.exec(select(LogLine).order_by(col(LogLine.id))).all()
    assert (nobody.status, nobody.data_subject_id) == (LineStatus.UNSET, None)
    assert (somebody.status, somebody.data_subject_id) == (LineStatus.UNSET, pseudonym(fifty[0]))


def test_the_night_leaves_a_line_for_everybody_it_reminds_of(settings: Settings, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        for bsn in ("999990019", "999990019", "999990020"):
            factories.new_case(session, RECEIVED, ROTTERDAM, bsn=bsn)
    assert jobs.run_nightly(settings, engine, NOW)["overdue"] == 3
    with session_scope(engine, Access.system(), write=False) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.actie == "nachttaak")).all()
        lines = session.exec(select(LogLine).where(LogLine.name == "nachttaak").order_by(col(LogLine.id))).all()
    assert (entry.object, entry.herkomst) == ("overdue", "klok")
    assert {line.data_subject_id for line in lines[1:]} == {pseudonym("999990019"), pseudonym("999990020")}
    assert len(lines) == 3


def test_many_lines_are_copied(engine: Engine) -> None:
    people = [Subject(ROTTERDAM, "BSN", f"{place:09d}") for place in range(45_000)]
    with session_scope(engine, Access.system()) as session:
        audit.record(session, "terugkoppeling_verstrekt", "TK-2026-0009", NOW, about=iter(people))
    with session_scope(engine, Access.system(), write=False) as session:
        found = session.exec(
            select(func.count(), func.count(col(LogLine.data_subject_id).distinct())).select_from(LogLine)
        ).one()
        spans = session.exec(select(func.count(col(LogLine.span_id).distinct()))).one()
    assert tuple(found) == (45_001, 45_000)
    assert spans == 45_001


def test_the_register_for_people_says_what_the_service_says() -> None:
    text_of_it = " ".join((Path(__file__).parents[3] / "docs" / "verwerkingsregister.md").read_text().split())
    for each in ACTIVITIES:
        assert f"## {each.naam}, versie {each.versie}" in text_of_it
        for told in (each.doel, each.grondslag, each.betrokkenen, each.ontvangers, each.bewaartermijn):
            assert told in text_of_it
