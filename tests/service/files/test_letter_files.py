"""A letter at the doors: its bytes as they were sent, for who may see the case; and nobody changes them."""

import io
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from pypdf import PdfReader
from sqlalchemy import Engine, delete, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.models import AuditEntry
from service.settings import Settings
from tests import factories
from workflow.letterhead import LettersRefused, use_letters
from workflow.models import Case, Letter, LetterFile
from workflow.phases import Phase

from ..api.conftest import Door, is_problem
from ..conftest import NOW, ROTTERDAM, owning

SYSTEM = Access.system()


@pytest.fixture
def client(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        yield client


@pytest.fixture
def number(engine: Engine) -> str:
    """A case of Rotterdam in which a letter was sent."""
    with session_scope(engine, SYSTEM) as session:
        received = NOW.date() - timedelta(days=30)
        return factories.case_at(session, Phase.AANSCHRIJVING, received, gemeentecode=ROTTERDAM).zaaknummer


def stored(engine: Engine) -> LetterFile:
    with session_scope(engine, SYSTEM, write=False) as session:
        return session.exec(select(LetterFile)).one()


def test_a_letter_is_given_as_it_was_sent_and_who_opened_it_is_logged(
    client: TestClient, tokens: dict[str, str], engine: Engine, number: str
) -> None:
    answer = Door(client, tokens["anna"]).get(f"/zaken/{number}/brieven/1")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == f'inline; filename="brief-{number}-1.pdf"'
    assert answer.content == stored(engine).pdf
    assert "Woont u op Groesbeekseweg" in PdfReader(io.BytesIO(answer.content)).pages[0].extract_text()
    with session_scope(engine, SYSTEM, write=False) as session:
        (logged,) = session.exec(select(AuditEntry).where(AuditEntry.actie == "brief_geopend"))
    assert (logged.actor, logged.object, logged.gemeentecode) == ("anna", f"{number}/1", ROTTERDAM)


def test_another_municipality_and_the_project_get_no_letter(
    client: TestClient, tokens: dict[str, str], number: str
) -> None:
    is_problem(Door(client, tokens["dirk"]).get(f"/zaken/{number}/brieven/1"), 404)
    for who in ("ulla", "coen", "bea", "aad"):
        is_problem(Door(client, tokens[who]).get(f"/zaken/{number}/brieven/1"), 403)


def test_a_letter_that_is_not_there_or_was_sent_before_pdfs_is_404_with_a_sentence(
    client: TestClient, tokens: dict[str, str], engine: Engine, number: str
) -> None:
    anna = Door(client, tokens["anna"])
    assert is_problem(anna.get(f"/zaken/{number}/brieven/2"), 404)["errors"][0]["code"] == "brief_onbekend"
    with session_scope(engine, SYSTEM) as session:
        session.execute(delete(LetterFile))
    told = is_problem(anna.get(f"/zaken/{number}/brieven/1"), 404)
    assert told["errors"][0]["code"] == "brief_zonder_bestand"
    assert "voordat deze service brieven maakte" in told["detail"]
    for wrong in ("0", "een", "99999999999999999999"):
        is_problem(anna.get(f"/zaken/{number}/brieven/{wrong}"), 404)


def test_the_database_refuses_to_change_a_letter_that_was_sent(engine: Engine, number: str) -> None:
    before = stored(engine)
    for statement in ("UPDATE brief_bestand SET brief_id = brief_id", "UPDATE brief_bestand SET sha256 = ''"):
        with pytest.raises(DBAPIError, match="een verstuurde brief verandert niet"), owning(engine) as connection:
            connection.execute(text(statement))
    assert stored(engine) == before


def test_a_letter_has_the_telephone_that_the_beheerder_fills_in(
    client: TestClient, tokens: dict[str, str], engine: Engine
) -> None:
    received = NOW.date() - timedelta(days=10)
    with session_scope(engine, SYSTEM) as session:
        number = factories.case_at(session, Phase.VOORONDERZOEK, received, gemeentecode=ROTTERDAM).zaaknummer
        accounts.change_user(session, "anna", telefoonnummer="")
    anna = Door(client, tokens["anna"])
    step = {"stap": "verstuur_aanschrijving", "versie": anna.get(f"/zaken/{number}").json()["versie"]}
    with session_scope(engine, SYSTEM) as session:
        accounts.change_user(session, "anna", telefoonnummer="14 010")
    taken = anna.post(f"/zaken/{number}/stappen", step | {"gegevens": {"taal": "pl", "verzenddatum": "2026-11-02"}})
    assert taken.status_code == 201, taken.text
    assert taken.json()["gebeurtenissen"][-1]["gegevens"]["brief"] == 1
    pages = PdfReader(io.BytesIO(anna.get(f"/zaken/{number}/brieven/1").content)).pages
    assert "14 010" in "".join(page.extract_text() for page in pages)


def test_the_service_does_not_start_with_a_wrong_letterhead(settings: Settings, engine: Engine, tmp_path: Path) -> None:
    folder = tmp_path / "brieven" / ROTTERDAM
    folder.mkdir(parents=True)
    (folder / "brieven.toml").write_text("kleur = 'rood'")
    with pytest.raises(LettersRefused) as error:
        create_app(settings.model_copy(update={"letters_dir": folder.parent}), engine)
    assert "kleur is onbekend" in error.value.uitleg
    use_letters(None)


def test_a_letter_of_another_municipality_is_hidden_in_the_table_itself(engine: Engine, number: str) -> None:
    with session_scope(engine, SYSTEM, write=False) as session:
        dirk = accounts.access_of_user(session, "dirk", "test", date(2026, 11, 2))
        anna = accounts.access_of_user(session, "anna", "test", date(2026, 11, 2))
    for access, seen in ((dirk, 0), (anna, 1)):
        with session_scope(engine, access, write=False) as session:
            assert len(session.exec(select(LetterFile.sha256)).all()) == seen


def test_letters_are_numbered_within_their_case(engine: Engine, number: str) -> None:
    with session_scope(engine, SYSTEM) as session:
        case = session.exec(select(Case).where(Case.zaaknummer == number)).one()
        factories.take(session, case, "verstuur_aanschrijving", factories.desk(_anna(), date(2026, 11, 1)))
        numbers = session.exec(select(Letter.nummer).where(Letter.zaak_id == case.id).order_by(col(Letter.id))).all()
        assert list(numbers) == [1, 2]


def _anna() -> factories.Actor:
    return factories.person("anna", factories.Role.BEHANDELAAR, code=ROTTERDAM)
