"""The page of the users: who may what, since when somebody was not here, and giving and taking away roles."""

import html
import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from playwright.sync_api import expect
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.models import AuditEntry, User, WebSession
from service.settings import Settings
from signals import municipalities
from tests import authenticator
from tests.service.pages.conftest import SignIn, Site, fits_the_width

OWN = {"Origin": "http://127.0.0.1:8000"}
Roles = list[tuple[str, str | None]]


@pytest.fixture
def client(settings: Settings, engine: Engine) -> Iterator[TestClient]:
    with session_scope(engine, Access.system()) as session:
        municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
    with TestClient(create_app(settings, engine), base_url=OWN["Origin"], follow_redirects=False) as opened:
        authenticator.sign_in(opened, engine, "bea", "bea", now=settings.now(), headers=OWN)
        yield opened


def number(engine: Engine, naam: str) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        return accounts.find_user(session, naam).id or 0


def held(engine: Engine, naam: str) -> Roles:
    with session_scope(engine, Access.system(), write=False) as session:
        return [(rol.value, code) for rol, code in accounts.roles_held(session, accounts.find_user(session, naam))]


def send(client: TestClient, engine: Engine, naam: str, **form: object) -> tuple[int, str]:
    """The form of the roles as it stands there, with these fields; the status, and what it says or where it leads."""
    path = f"/gebruikers/{number(engine, naam)}"
    page = client.get(path).text
    hidden = dict(re.findall(r'name="(csrf|formulier|stond)" value="([^"]*)"', page.partition("/rollen")[2]))
    answer = client.post(f"{path}/rollen", data={**hidden, **form}, headers=OWN)
    return answer.status_code, answer.headers.get("location", answer.text)


def test_a_role_is_given_and_taken_away_and_the_sign_ins_end(
    client: TestClient, engine: Engine, settings: Settings
) -> None:
    with session_scope(engine, Access.system()) as session:
        anna = accounts.find_user(session, "anna")
        accounts.start_session(session, anna, now=settings.now(), hours=1)
    given = {"houd": "behandelaar:0599", "rol": "teamleider", "gemeentecode": "0983"}
    assert send(client, engine, "anna", **given) == (303, "/gebruikers?gedaan=rollen")
    assert held(engine, "anna") == [("behandelaar", "0599"), ("teamleider", "0983")]
    with session_scope(engine, Access.system(), write=False) as session:
        assert not session.exec(select(WebSession).where(WebSession.gebruiker_id == anna.id)).all()
        entries = session.exec(select(AuditEntry).where(AuditEntry.actie == "rollen_gewijzigd")).all()
        assert [(one.actor, one.object) for one in entries] == [("bea", "anna")]
        given_one = session.exec(select(AuditEntry).where(AuditEntry.actie == "rol_gegeven")).one()
        assert (given_one.actor, given_one.object) == ("bea", "anna teamleider:0983")
    assert send(client, engine, "anna", houd="teamleider:0983")[0] == 303
    assert held(engine, "anna") == [("teamleider", "0983")]
    with session_scope(engine, Access.system(), write=False) as session:
        taken = session.exec(select(AuditEntry).where(AuditEntry.actie == "rol_afgenomen")).one()
        assert taken.object == "anna behandelaar:0599"
    assert send(client, engine, "anna", houd="teamleider:0983") == (303, "/gebruikers?gedaan=gelijk")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "Laat ten minste één rol staan."),
        ({"rol": "teamleider"}, "Deze rol geldt per gemeente. Vul de gemeente in."),
        ({"rol": "auditor", "gemeentecode": "0599"}, "Deze rol geldt voor het hele project. Laat de gemeente leeg."),
        ({"gemeentecode": "0599"}, "Kies ook welke rol deze persoon daar krijgt."),
        ({"rol": "teamleider", "gemeentecode": "9876"}, "De gemeentecode 9876 bestaat niet."),
        ({"rol": "teamleider", "gemeentecode": "Roterdam"}, "Er is geen gemeente met deze naam."),
        ({"rol": "teamleider", "gemeentecode": "Onbekend"}, "Er is geen gemeente met deze naam."),
        ({"rol": "systeem"}, "Geef een rol erbij"),
    ],
)
def test_what_cannot_be_is_said_at_its_field_and_changes_nothing(
    client: TestClient, engine: Engine, form: dict[str, str], said: str
) -> None:
    keeps = {} if not form else {"houd": "behandelaar:0599"}
    status, page = send(client, engine, "anna", **keeps, **form)
    assert status == 400 and said in page and "Dit is niet gewijzigd" in page
    assert held(engine, "anna") == [("behandelaar", "0599")]
    if code := form.get("gemeentecode"):
        assert f'value="{code}"' in page


@pytest.mark.parametrize(
    ("typed", "code"),
    [("'s-Gravenhage", "0518"), ("’s-gravenhage", "0518"), (" súdwest-fryslân ", "1900"), ("0518", "0518")],
)
def test_a_municipality_is_filled_in_by_name_or_by_code(
    client: TestClient, engine: Engine, typed: str, code: str
) -> None:
    given = {"houd": "behandelaar:0599", "rol": "teamleider", "gemeentecode": typed}
    assert send(client, engine, "anna", **given) == (303, "/gebruikers?gedaan=rollen")
    assert held(engine, "anna") == [("behandelaar", "0599"), ("teamleider", code)]


def test_the_names_stand_in_the_order_of_a_list(client: TestClient, engine: Engine) -> None:
    page = client.get(f"/gebruikers/{number(engine, 'anna')}").text
    offered = [html.unescape(name) for name in re.findall(r'<option value="([^"]+)">', page.partition("<datalist")[2])]
    assert len(offered) == 342 and offered[0] == "Aa en Hunze" and offered[-1] == "Zwolle"
    assert offered.index("'s-Gravenhage") == offered.index("Gouda") + 1


def test_of_two_at_once_the_second_sees_what_the_first_did(client: TestClient, engine: Engine) -> None:
    status, page = send(client, engine, "anna", stond="teamleider:0599", houd="teamleider:0599")
    assert status == 409 and "Iemand anders wijzigde deze rollen intussen." in page
    assert held(engine, "anna") == [("behandelaar", "0599")]


def test_a_forged_tick_gives_nothing(client: TestClient, engine: Engine) -> None:
    assert send(client, engine, "anna", houd=["behandelaar:0599", "beheerder"])[1] == "/gebruikers?gedaan=gelijk"
    assert held(engine, "anna") == [("behandelaar", "0599")]


def test_nobody_gives_himself_rights(client: TestClient, engine: Engine) -> None:
    path = f"/gebruikers/{number(engine, 'bea')}"
    page = client.get(path).text
    assert "Uw eigen rollen wijzigt een andere beheerder" in page and f"{path}/rollen" not in page
    csrf = re.findall(r'name="csrf" value="([^"]*)"', page)[0]
    form = {"csrf": csrf, "stond": "beheerder", "houd": "beheerder", "rol": "auditor"}
    answer = client.post(f"{path}/rollen", data=form, headers=OWN)
    assert answer.status_code == 409 and "Uw eigen rollen wijzigt een andere beheerder" in answer.text
    assert held(engine, "bea") == [("beheerder", None)]


def test_the_roles_of_who_signs_in_elsewhere_come_from_there(client: TestClient, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        anna = session.exec(select(User).where(User.naam == "anna")).one()
        anna.wachtwoord = accounts.NO_PASSWORD
        session.add(anna)
    assert "De rollen komen daarvandaan" in client.get(f"/gebruikers/{number(engine, 'anna')}").text


def test_it_says_when_somebody_was_last_here_and_since_when_an_account_is_closed(
    client: TestClient, engine: Engine, settings: Settings
) -> None:
    with session_scope(engine, Access.system()) as session:
        accounts.disable_user(session, "dirk", settings.now())
    page = client.get("/gebruikers").text
    rows = {row.partition("<span>")[2].partition("<br>")[0]: row for row in page.split("<tr")[2:]}
    assert "nog niet" in rows["anna"] and "actief" in rows["anna"]
    assert "uur" in rows["bea"].partition("Laatst hier")[2].partition("</td>")[0]
    assert "uitgeschakeld" in rows["dirk"] and " uur" in rows["dirk"].partition("uitgeschakeld")[2]


@pytest.mark.browser
def test_a_role_is_given_and_taken_on_a_telephone(site: Site, sign_in: SignIn) -> None:
    with session_scope(site.engine, Access.system()) as session:
        accounts.create_user(
            session, "wim", accounts.role_given("behandelaar:0599"), now=site.settings.now(), weergavenaam="Wim Bos"
        )
    bea = sign_in("bea", 360, 740)
    bea.goto(f"{site.url}/gebruikers")
    assert fits_the_width(bea)
    bea.get_by_role("link", name="Wijzig wim").click()
    assert fits_the_width(bea)
    bea.get_by_label("Geef een rol erbij").select_option("toezichthouder")
    bea.get_by_role("button", name="Wijzig de rollen").click()
    expect(bea.get_by_role("alert")).to_contain_text("Vul de gemeente in.")
    expect(bea.get_by_label("Geef een rol erbij")).to_have_value("toezichthouder")
    bea.get_by_label("In welke gemeente").fill("Rotterdam")
    bea.get_by_role("button", name="Wijzig de rollen").dblclick()
    expect(bea.get_by_role("status")).to_contain_text("De rollen zijn gewijzigd.")
    wim = bea.get_by_role("row").filter(has_text="Wim Bos")
    expect(wim).to_contain_text("toezichthouder (Rotterdam)")
    wim.get_by_role("link").click()
    bea.get_by_label("Behandelaar in Rotterdam").uncheck()
    bea.get_by_role("button", name="Wijzig de rollen").click()
    expect(bea.get_by_role("row").filter(has_text="Wim Bos")).not_to_contain_text("behandelaar")
    with session_scope(site.engine, Access.system()) as session:
        accounts.disable_user(session, "wim", site.settings.now())
