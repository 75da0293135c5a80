"""The pages of destruction: from what is due to the verklaring, by two people; and the bewaarplicht on a case."""

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from service import jobs
from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.settings import Settings
from tests.service import long_work
from tests.service.conftest import ROTTERDAM, Template
from tests.service.log.log_walk import Walk
from tests.service.retention import old_cases, steps
from tests.service.retention.old_cases import NOW


class Doors(Walk):
    """The pages as people of the cast use them, with the hidden fields of the form that stands there."""

    def _session(self, name: str) -> tuple[dict[str, str], str]:
        if name not in self._cookies:
            with session_scope(self.engine, Access.system()) as session:
                user = accounts.find_user(session, name)
                secret = accounts.start_session(session, user, now=NOW, hours=10, toestel="Firefox")
            self.client.cookies.clear()
            self.client.cookies.set("rni", secret)
            page = self.client.get("/begrippen", headers={"Sec-Fetch-Site": "same-origin"})
            token = re.search(r'name="csrf" value="([^"]+)"', page.text)
            assert token, page.status_code
            self._cookies[name] = dict(self.client.cookies), token[1]
        return self._cookies[name]

    def page(self, name: str, path: str) -> Response:
        return self.ask(name, f"GET {path}", None, None, {})

    def send(self, name: str, at: str, to: str, **form: str) -> Response:
        """The form on a page that goes there, with what is filled in."""
        text = self.page(name, at).text
        (found,) = re.findall(rf'<form[^>]*action="{re.escape(to)}".*?</form>', text, re.DOTALL)[:1] or [""]
        hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', found))
        hidden.pop("csrf", None)
        return self.ask(name, f"POST {to}", hidden | form, None, {})


@pytest.fixture
def doors(settings: Settings, engine: Engine, template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[Doors]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    monkeypatch.setattr("service.app._helpers", lambda app, settings, with_clock: [])  # the tests do the long work
    with TestClient(create_app(settings, engine)) as client:
        yield Doors(client, engine, template.tokens)


def test_two_people_and_the_clock_destroy_what_had_its_time(doors: Doors, engine: Engine, settings: Settings) -> None:
    numbers = old_cases.make(engine, settings, 2)
    assert "Dossiers waarvan de bewaartermijn voorbij is" in doors.page("tess", "/").text
    form = {"soort": "dossiers", "gemeentecode": ROTTERDAM}
    made = doors.send("tess", "/vernietiging", "/vernietiging", **form)
    assert made.status_code == 303
    path = made.headers["location"].partition("?")[0]
    shown = doors.page("tess", path).text
    assert all(number in shown for number in numbers) and "Een ander keurt haar goed" in shown
    assert old_cases.NAME not in shown

    own = {"versie": "1", "formulier": "zelf"}
    refused = doors.ask("tess", f"POST {path}/goedkeuren", own, None, {})
    assert refused.status_code == 409 and "U maakte deze lijst" in refused.text
    empty = doors.send("tess", path, f"{path}/weglaten", reden="")
    assert empty.status_code == 400 and '<a href="#veld-regel">Vink eerst aan' in empty.text
    assert empty.text.count('id="veld-regel"') == 1
    left = doors.send("tess", path, f"{path}/weglaten", regel=numbers[1], reden="nog in gebruik")
    assert left.status_code == 303
    stale = doors.ask("bea", f"POST {path}/goedkeuren", {"versie": "1", "formulier": "oud"}, None, {})
    assert stale.status_code == 409 and "intussen door iemand anders gewijzigd" in stale.text

    once = re.search(r'name="formulier" value="([^"]*)"', doors.page("bea", path).text)
    assert once
    for _ in range(2):  # a double click
        clicked = doors.ask("bea", f"POST {path}/goedkeuren", {"versie": "2", "formulier": once[1]}, None, {})
        assert clicked.headers["location"] == f"{path}?gedaan=goedkeuren"
    assert doors.send("tess", path, f"{path}/vernietigen").status_code == 303
    shown = doors.page("tess", path).text
    assert ("rni worker" if settings.on_postgresql else "Wacht op zijn beurt") in shown
    assert old_cases.numbers(engine) == sorted(numbers)  # a page destroys nothing itself
    assert doors.page("tess", f"{path}/verklaring").status_code == 404

    assert jobs.ask_retention(settings, engine, NOW) == {jobs.ASKED_AGAIN: 0}, "it is asked already"
    long_work.done(engine, settings)
    assert old_cases.numbers(engine) == [numbers[1]]
    told = doors.page("tess", f"{path}/verklaring").text
    assert numbers[0] in told and "Verklaring van vernietiging VV-2037-0001" in told and old_cases.NAME not in told
    pdf = doors.page("bea", f"{path}/verklaring/pdf")
    assert pdf.headers["content-type"] == "application/pdf" and pdf.content.startswith(b"%PDF")
    assert doors.page("tess", f"/zaken/{numbers[0]}").status_code == 404


def test_a_list_is_withdrawn_with_a_reason_without_a_number_of_a_person(
    doors: Doors, engine: Engine, settings: Settings
) -> None:
    numbers = old_cases.make(engine, settings)
    form = {"soort": "dossiers", "gemeentecode": ROTTERDAM}
    path = doors.send("tess", "/vernietiging", "/vernietiging", **form).headers["location"].partition("?")[0]
    refused = doors.send("tess", path, f"{path}/intrekken", reden="van 999990019")
    assert refused.status_code == 400 and "burgerservicenummer" in refused.text
    assert doors.send("tess", path, f"{path}/intrekken", reden="verkeerde dag").status_code == 303
    assert "verkeerde dag" in doors.page("tess", path).text
    assert old_cases.numbers(engine) == numbers


def test_where_nothing_is_due_the_page_says_so(doors: Doors, engine: Engine) -> None:
    page = doors.page("tess", "/vernietiging")
    assert page.status_code == 200 and "Er is niets aan de beurt" in page.text
    made = doors.ask("tess", "POST /vernietiging", {"soort": "dossiers", "gemeentecode": ROTTERDAM}, None, {})
    assert made.status_code == 409 and "Er is geen lijst gemaakt" in made.text
    for who, status in (("anna", 403), ("dirk", 403), ("coen", 403), ("bea", 200)):
        assert doors.page(who, "/vernietiging").status_code == status, who


def test_a_bewaarplicht_is_placed_seen_and_lifted(doors: Doors, engine: Engine, settings: Settings) -> None:
    (number,) = old_cases.make(engine, settings)
    path = f"/zaken/{number}/bewaarplicht"
    assert "Leg een bewaarplicht op" not in doors.page("anna", path).text
    assert doors.ask("anna", f"POST {path}", {"reden": "x", "formulier": "a"}, None, {}).status_code == 403
    assert doors.send("tess", path, path, reden="").status_code == 400
    assert doors.send("tess", path, path, reden="Beroep bij de rechtbank.").status_code == 303
    assert "Beroep bij de rechtbank." in doors.page("anna", f"/zaken/{number}").text
    assert "Er is niets aan de beurt" in doors.page("tess", "/vernietiging").text
    assert doors.page("dirk", path).status_code == 404
    assert doors.send("tess", path, f"{path}/1", reden="De rechter besliste.").status_code == 303
    again = doors.ask("tess", f"POST {path}/1", {"reden": "nog eens", "formulier": "b"}, None, {})
    assert again.status_code == 409 and "al opgeheven" in again.text
    assert "Bewaarplicht sinds" not in doors.page("anna", f"/zaken/{number}").text


def test_figures_say_from_which_day_dossiers_are_gone(doors: Doors, engine: Engine, settings: Settings) -> None:
    old_cases.make(engine, settings)
    assert "dossiers vernietigd" not in doors.page("coen", "/cijfers").text

    steps.carried_out(engine, settings)
    told = "Sinds 1 juni 2037 zijn na de bewaartermijn dossiers vernietigd van zaken die tot en met 13 april 2026"
    for who in ("coen", "tess"):
        assert told in doors.page(who, "/cijfers").text, who
    assert told not in doors.page("dirk", "/cijfers").text
    assert doors.page("coen", "/cijfers/werkboek").status_code == 200
