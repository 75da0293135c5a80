"""Who looked at a person, to whom data went, and who may what: the log as those see it who must answer for it."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.log import oversight
from service.log.subjects import Subject
from service.settings import Settings
from service.web.middleware import API
from tests import authenticator, factories

from ..conftest import NOW, ROTTERDAM, VENLO, Template

MINE, OTHER = "999990019", "999990020"


class Visitor:
    """The service as one person sees it."""

    def __init__(self, client: TestClient, engine: Engine, template: Template) -> None:
        self.client, self.engine, self.tokens = client, engine, template.tokens

    def api(self, name: str, path: str) -> int:
        headers = {"Authorization": f"Bearer {self.tokens[name]}"}
        return int(self.client.get(f"{API}{path}", headers=headers).status_code)

    def page(self, name: str, path: str) -> tuple[int, str]:
        """Status, and what the page says in plain words."""
        self.client.cookies.clear()
        same = {"Sec-Fetch-Site": "same-origin"}
        authenticator.sign_in(self.client, self.engine, name, name, now=NOW, headers=same)
        answer = self.client.get(path)
        return answer.status_code, " ".join(re.sub(r"<[^>]*>", " ", answer.text).split())


@pytest.fixture
def visitor(
    settings: Settings, engine: Engine, template: Template, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Visitor]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        yield Visitor(client, engine, template)


@pytest.fixture
def numbers(engine: Engine) -> list[str]:
    """Two cases of one person in Rotterdam, one of somebody else, and one of that first person in Venlo."""
    with session_scope(engine, Access.system()) as session:
        asked = ((ROTTERDAM, MINE), (ROTTERDAM, MINE), (ROTTERDAM, OTHER), (VENLO, MINE))
        return [factories.new_case(session, gemeentecode=code, bsn=bsn).zaaknummer for code, bsn in asked]


def test_the_teamleider_sees_who_looked_at_a_person_in_whatever_case_or_list(
    visitor: Visitor, numbers: list[str]
) -> None:
    first, second, other, elsewhere = numbers
    for name, number in (("anna", first), ("bram", second), ("carla", other), ("dirk", elsewhere)):
        assert visitor.api(name, f"/zaken/{number}") == 200
    assert visitor.api("anna", "/zaken") == 200
    status, told = visitor.page("tess", f"/zaken/{first}/inzagen")
    assert status == 200
    assert "zaak geopend" in told and "lijst bekeken" in told
    assert first in told and second in told
    assert other not in told and elsewhere not in told
    assert "anna" in told and "bram" in told
    assert "carla" not in told and "dirk" not in told
    assert "Kowalska" not in told and MINE not in told


def test_the_auditor_sees_it_of_every_municipality_and_nothing_of_the_case(
    visitor: Visitor, numbers: list[str]
) -> None:
    assert visitor.api("dirk", f"/zaken/{numbers[3]}") == 200
    status, told = visitor.page("aad", f"/zaken/{numbers[0]}/inzagen")
    assert status == 200
    assert "dirk" in told and "Kowalska" not in told
    assert visitor.page("aad", f"/zaken/{numbers[0]}")[0] == 403


@pytest.mark.parametrize(("name", "status"), [("anna", 403), ("coen", 403), ("bea", 403), ("ulla", 403), ("dirk", 403)])
def test_what_colleagues_did_is_not_for_everybody(visitor: Visitor, numbers: list[str], name: str, status: int) -> None:
    assert visitor.page(name, f"/zaken/{numbers[0]}/inzagen")[0] == status


def test_a_role_holds_where_it_was_given_and_not_elsewhere(
    visitor: Visitor, engine: Engine, numbers: list[str]
) -> None:
    with session_scope(engine, Access.system()) as session:
        roles = [*accounts.role_given(f"teamleider:{ROTTERDAM}"), *accounts.role_given(f"behandelaar:{VENLO}")]
        accounts.create_user(session, "twee", roles, now=NOW, password="twee")
        authenticator.link_all(session, ["twee"])
    assert visitor.page("twee", f"/zaken/{numbers[0]}/inzagen")[0] == 200
    assert visitor.page("twee", f"/zaken/{numbers[3]}/inzagen")[0] == 403
    status, told = visitor.page("twee", f"/zaken/{numbers[3]}")
    assert (status, "Wie keek naar deze persoon" in told) == (200, False)
    assert visitor.page("twee", f"/zaken/{numbers[3]}/verstrekkingen")[0] == 200


def test_disclosures_are_for_who_works_on_the_case_and_name_the_receiver(
    visitor: Visitor, engine: Engine, numbers: list[str]
) -> None:
    anna = {"Authorization": f"Bearer {visitor.tokens['anna']}"}
    steps = f"{API}/zaken/{numbers[0]}/stappen"
    visitor.client.post(steps, json={"stap": "wijs_toe", "versie": 1}, headers=anna)
    closed = {"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "onvoldoende_gegevens"}}
    assert visitor.client.post(steps, json=closed, headers=anna).status_code == 201
    coen = {"Authorization": f"Bearer {visitor.tokens['coen']}"}
    made = visitor.client.post(f"{API}/terugkoppelingen", headers=coen).json()["terugkoppelingsnummer"]
    assert visitor.api("ulla", f"/terugkoppelingen/{made}/bestanden/csv") == 200
    assert visitor.api("ulla", f"/zaken/{numbers[0]}") == 403
    status, told = visitor.page("anna", f"/zaken/{numbers[1]}/verstrekkingen")
    assert status == 200
    assert "terugkoppeling verstrekt" in told and "UWV" in told and made in told
    assert "zaak geopend" not in told and "ulla" not in told
    assert "ulla" in visitor.page("tess", f"/zaken/{numbers[1]}/verstrekkingen")[1]
    assert "Er is niets verstrekt." in visitor.page("anna", f"/zaken/{numbers[2]}/verstrekkingen")[1]
    assert visitor.page("dirk", f"/zaken/{numbers[0]}/verstrekkingen")[0] == 404
    assert visitor.page("coen", f"/zaken/{numbers[0]}/verstrekkingen")[0] == 403


def test_older_pages_go_on_where_the_last_stopped(
    visitor: Visitor, engine: Engine, numbers: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oversight, "PAGE", 2)
    for _ in range(5):
        visitor.api("anna", f"/zaken/{numbers[0]}")
    found, before = [], None
    with session_scope(engine, Access.system(), write=False) as session:
        while True:
            some, before = oversight.deeds(session, Subject(ROTTERDAM, "BSN", MINE), None, before=before)
            found += some
            if before is None:
                break
    assert [each.actie for each in found] == ["zaak_geopend"] * 5
    assert len({each.regel for each in found}) == 5


def test_the_rights_of_everybody_can_be_reviewed_and_taken_along(visitor: Visitor) -> None:
    visitor.page("anna", "/begrippen")
    for name in ("bea", "aad"):
        status, told = visitor.page(name, "/rechten")
        assert status == 200
        assert "toezichthouder" in told and "Rotterdam" in told and "bijzonder" in told
    file = visitor.client.get("/rechten/bestand")
    lines = file.content.decode("utf-8-sig").splitlines()
    assert lines[0].startswith("gebruiker;naam;rol;bijzonder;gemeentecode;gemeente")
    rows = {row.split(";")[0]: row.split(";") for row in lines[1:]}
    assert rows["anna"][2:6] == ["behandelaar", "N", ROTTERDAM, "Rotterdam"]
    assert rows["bea"][2:5] == ["beheerder", "J", ""]
    assert (rows["anna"][8], rows["dirk"][8], rows["anna"][9]) == ("20261102", "", "1")
    for name in ("anna", "tess", "coen", "ulla"):
        assert visitor.page(name, "/rechten")[0] == 403


def test_the_register_is_open_to_all(visitor: Visitor) -> None:
    for path in ("/verwerkingen", "/verwerkingen/adresonderzoek/1"):
        answer = visitor.client.get(path)
        assert answer.status_code == 200
        assert "Wet BRP" in answer.text
    assert visitor.client.get("/verwerkingen/adresonderzoek/99").status_code == 404
