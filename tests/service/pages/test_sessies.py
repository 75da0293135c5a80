"""A werksessie from plan to evaluatie, at the browsers of the coordinator, two municipalities and UWV."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from playwright.sync_api import Locator, Page, expect
from sqlalchemy import delete, update
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from tests.service.pages.conftest import ON_BOTH, ROTTERDAM, SignIn, Site, fits_the_width, menu
from workflow.models import Case
from workflow.sessie_models import (
    Sessie,
    SessieActie,
    SessieDeelnemer,
    SessieLeerpunt,
    SessieLevering,
    SessieVraag,
)

pytestmark = pytest.mark.browser

LEVERING = "LRNI-2026-07"
QUESTION = "Wat doen we als er op het adres een bedrijf zit?"


@pytest.fixture(autouse=True)
def alone(site: Site) -> Iterator[None]:
    """Each test plans its own sessies, and leaves none for the next."""
    yield
    with session_scope(site.engine, Access.system()) as session:
        for kind in (SessieActie, SessieLeerpunt, SessieVraag, SessieDeelnemer, SessieLevering, Sessie):
            session.execute(delete(kind))


def plan(page: Page, site: Site, kind: str = "Werksessie", day: int = 0, place: str = "online") -> str:
    """The coordinator plans one with Rotterdam and UWV; its address."""
    page.goto(f"{site.url}/sessies/nieuw")
    page.get_by_role("radio", name=kind).check()
    page.get_by_label("Datum", exact=True).fill(site.days(day))
    page.get_by_label("Plaats").fill(place)
    page.get_by_role("checkbox", name=LEVERING).check()
    for who in ("UWV", "Gemeente Rotterdam"):
        page.get_by_role("checkbox", name=who).check()
    page.get_by_role("button", name="Plan de sessie").click()
    expect(page.get_by_role("status")).to_contain_text("De sessie is gepland")
    return page.url.partition("?")[0]


def delivered(site: Site) -> str:
    """The number of a case of Rotterdam in the levering."""
    with session_scope(site.engine, Access.system(), write=False) as session:
        mine = select(Case.zaaknummer).where(Case.gemeentecode == ROTTERDAM, Case.leveringsnummer == LEVERING)
        return session.exec(mine.limit(1)).one()


def part(page: Page, title: str) -> Locator:
    """A section of the page of a sessie."""
    return page.get_by_role("region", name=title, exact=True)


def pass_days(site: Site, address: str, days: int) -> None:
    """The sessie was that long ago, and what was agreed in it too."""
    with session_scope(site.engine, Access.system()) as session:
        sessie = session.exec(select(Sessie).where(Sessie.nummer == address.rpartition("/")[2])).one()
        sessie.datum -= timedelta(days=days)
        session.add(sessie)
        mine = col(SessieActie.sessie_id) == sessie.id
        session.execute(update(SessieActie).where(mine).values(voor=site.today - timedelta(days=1)))


def logged(site: Site, address: str) -> list[tuple[str, str]]:
    with session_scope(site.engine, Access.system(), write=False) as session:
        mine = select(AuditEntry).where(AuditEntry.object == address.rpartition("/")[2]).order_by(col(AuditEntry.id))
        return [(one.actor, one.actie) for one in session.exec(mine)]


def test_from_a_question_to_an_action_that_comes_back_until_it_is_done(site: Site, sign_in: SignIn) -> None:
    site.add(delivered(site), "anna", "leerpunten", soort="adres_onvolledig", toelichting="De huisletter ontbreekt.")
    coen, anna = sign_in("coen"), sign_in("anna", 360, 740)
    menu(coen, "Sessies")
    expect(coen.locator("main")).to_contain_text("Er is geen sessie gepland.")
    coen.get_by_role("link", name="Plan een sessie").first.click()
    address = plan(coen, site)

    anna.goto(site.url)
    anna.get_by_role("region", name="Eerstvolgende sessie").get_by_role("link").click()
    expect(anna).to_have_url(address)
    expect(anna.get_by_role("link", name="Leg een actie vast")).to_have_count(0)
    assert fits_the_width(anna)
    anna.get_by_role("link", name="Stel een vraag").click()
    anna.get_by_label("Uw vraag").fill("Bij 999990019 zit een bedrijf. Wat nu?")
    anna.get_by_role("button", name="Stel de vraag").click()
    expect(anna.get_by_role("alert")).to_contain_text("een nummer dat een BSN kan zijn")
    expect(anna.get_by_label("Uw vraag")).to_have_value("Bij 999990019 zit een bedrijf. Wat nu?")
    assert fits_the_width(anna)
    anna.get_by_label("Uw vraag").fill(QUESTION)
    anna.get_by_role("button", name="Stel de vraag").dblclick()
    expect(anna.get_by_role("status")).to_contain_text("Uw vraag staat bij de sessie")
    expect(part(anna, "Vragen").get_by_role("listitem")).to_have_count(1)

    coen.goto(address)
    coen.get_by_role("link", name="De sessie is gehouden").click()
    coen.get_by_role("button", name="De sessie is gehouden").click()
    expect(coen.get_by_role("status")).to_contain_text("de sessie is gehouden")
    coen.get_by_role("link", name="Leg het antwoord vast").click()
    expect(coen.locator("main")).to_contain_text("De vraag van gemeente Rotterdam")
    coen.get_by_role("radio", name="Ja").check()
    coen.get_by_label("Het antwoord").fill("Vraag de KvK.")
    coen.get_by_role("button", name="Leg vast").click()
    lesson = part(coen, "Leerpunten").get_by_role("listitem").filter(has_text="De huisletter ontbreekt.")
    lesson.get_by_role("link").click()
    coen.get_by_role("radio", name="Ja").check()
    coen.get_by_label("Wat is de conclusie").fill("UWV vraagt de huisletter voortaan uit.")
    coen.get_by_role("button", name="Leg vast").click()
    expect(lesson).to_contain_text("UWV vraagt de huisletter voortaan uit.")
    coen.get_by_role("link", name="Leg een actie vast").click()
    coen.get_by_label("Wat is afgesproken").fill("Maak een voorbeeldbrief.")
    coen.get_by_role("button", name="Leg de actie vast").click()
    expect(coen.get_by_role("alert")).to_contain_text("Wie doet het")
    expect(coen.get_by_label("Wat is afgesproken")).to_have_value("Maak een voorbeeldbrief.")
    coen.get_by_role("radio", name="Gemeente Rotterdam").check()
    coen.get_by_label("Uiterlijk op").fill(site.days(5))
    coen.get_by_role("button", name="Leg de actie vast").click()
    expect(part(coen, "Acties")).to_contain_text("Maak een voorbeeldbrief.")

    anna.goto(address)
    for words in ("Vraag de KvK.", "besproken", "UWV vraagt de huisletter voortaan uit."):
        expect(anna.locator("main")).to_contain_text(words)
    expect(anna.get_by_role("link", name="Stel een vraag")).to_have_count(0)
    expect(anna.get_by_role("link", name="Wijzig deze vraag")).to_have_count(0)

    pass_days(site, address, 40)
    evaluation = plan(coen, site, "Evaluatiesessie", 14)
    expect(part(coen, "Acties")).to_contain_text("Uit eerdere sessies, nog niet gedaan")
    expect(part(coen, "Acties")).to_contain_text("te laat")
    anna.goto(site.url)
    anna.get_by_role("link", name="Acties uit sessies voor uw organisatie").click()
    expect(anna.locator("main")).to_contain_text("Maak een voorbeeldbrief.")
    assert fits_the_width(anna)
    anna.goto(evaluation)
    anna.get_by_role("link", name="Leg vast dat dit is gedaan").click()
    expect(anna.get_by_label("Gedaan op")).to_have_value(site.days(0))
    anna.get_by_label("Hoe is het gedaan").fill("De brief staat bij de werkinstructie.")
    assert fits_the_width(anna)
    anna.get_by_role("button", name="Leg vast").click()
    expect(anna).to_have_url(f"{evaluation}?gedaan=gedaan")
    expect(part(anna, "Acties")).not_to_contain_text("Maak een voorbeeldbrief.")
    anna.goto(address)
    expect(part(anna, "Acties")).to_contain_text("De brief staat bij de werkinstructie.")
    assert logged(site, address) == [
        ("coen", "sessie_gepland"),
        ("anna", "sessie_vraag_gesteld"),
        ("coen", "sessie_gehouden"),
        ("coen", "sessie_vraag_beantwoord"),
        ("coen", "sessie_leerpunt_besproken"),
        ("coen", "sessie_actie_afgesproken"),
        ("anna", "sessie_actie_gedaan"),
    ]


def test_what_is_wrong_stands_at_the_field_and_nothing_typed_is_lost(site: Site, sign_in: SignIn) -> None:
    coen = sign_in("coen", 360, 740)
    coen.goto(f"{site.url}/sessies/nieuw")
    coen.get_by_label("Plaats").fill("stadhuis")
    coen.get_by_label("Andere organisaties").fill("RvIG, 9998")
    coen.get_by_role("checkbox", name="Gemeente Rotterdam").check()
    coen.get_by_role("radio", name="Werksessie").check()
    coen.get_by_label("Datum", exact=True).fill(site.days(3))
    coen.get_by_role("button", name="Plan de sessie").click()
    alert = coen.get_by_role("alert")
    expect(alert).to_contain_text("Kies ten minste één levering")
    expect(alert).to_contain_text("Er is geen gemeente met code 9998")
    expect(coen.get_by_label("Plaats")).to_have_value("stadhuis")
    expect(coen.get_by_role("checkbox", name="Gemeente Rotterdam")).to_be_checked()
    expect(coen.get_by_role("radio", name="Werksessie")).to_be_checked()
    alert.get_by_role("link", name="Kies ten minste één levering").click()
    expect(coen.get_by_role("group", name="Leveringen")).to_be_in_viewport()
    assert fits_the_width(coen)


def test_the_coordinator_changes_a_sessie_and_calls_it_off(site: Site, sign_in: SignIn) -> None:
    coen = sign_in("coen")
    address = plan(coen, site, day=9)
    expect(coen.get_by_role("link", name="De sessie is gehouden")).to_have_count(0)
    coen.get_by_role("link", name="Wijzig de sessie").click()
    expect(coen.get_by_label("Plaats")).to_have_value("online")
    expect(coen.get_by_role("checkbox", name=LEVERING)).to_be_checked()
    coen.get_by_label("Plaats").fill("stadhuis, zaal 2")
    coen.get_by_label("Peildatum").fill(site.days(-1))
    coen.get_by_label("Andere organisaties").fill("RvIG")
    coen.get_by_role("button", name="Bewaar").click()
    for words in ("stadhuis, zaal 2", "RvIG", "Gemeente Rotterdam"):
        expect(part(coen, "De sessie")).to_contain_text(words)
    coen.get_by_role("link", name=f"Cijfers van levering {LEVERING}").click()
    expect(coen).to_have_url(f"{site.url}/cijfers?levering={LEVERING}&peildatum={site.days(-1)}")
    expect(coen.get_by_role("heading", level=1)).to_have_text("Cijfers")
    coen.goto(address)
    coen.get_by_role("link", name="Gelast de sessie af").click()
    coen.get_by_label("Waarom gaat de sessie niet door").fill("De zaal is dicht.")
    coen.get_by_role("button", name="De sessie gaat niet door").click()
    expect(part(coen, "De sessie")).to_contain_text("Afgelast: De zaal is dicht.")
    expect(coen.get_by_role("link", name="Leg een actie vast")).to_have_count(0)
    coen.goto(f"{address}/wijzigen")
    expect(coen.locator("main")).to_contain_text("Dit kan alleen zolang zij gepland is")


def test_two_coordinators_do_not_write_over_each_other(site: Site, sign_in: SignIn) -> None:
    one, other = sign_in("coen"), sign_in("coen")
    address = plan(one, site, day=9)
    other.goto(f"{address}/wijzigen")
    one.goto(f"{address}/wijzigen")
    for page, place in ((one, "stadhuis"), (other, "raadzaal")):
        page.get_by_label("Plaats").fill(place)
        page.get_by_role("button", name="Bewaar").click()
    expect(other.get_by_role("alert")).to_contain_text("intussen door iemand anders gewijzigd")
    expect(part(other, "Zo staat het nu")).to_have_text(
        re.compile(r"\s*Zo staat het nu\s+Plaats\s*stadhuis\s+Wat u typte")
    )
    expect(other.get_by_label("Plaats")).to_have_value("raadzaal")
    one.goto(address)
    expect(part(one, "De sessie")).to_contain_text("stadhuis")
    other.get_by_label("Datum", exact=True).fill("")
    other.get_by_role("button", name="Bewaar").click()
    expect(other.get_by_role("alert")).to_contain_text("Vul in: Datum.")
    one.goto(f"{address}/wijzigen")
    one.get_by_label("Plaats").fill("online")
    one.get_by_role("button", name="Bewaar").click()
    other.get_by_label("Datum", exact=True).fill(site.days(9))
    other.get_by_role("button", name="Bewaar").click()
    expect(part(other, "Zo staat het nu")).to_contain_text("online")
    other.get_by_role("button", name="Bewaar").click()
    expect(part(other, "De sessie")).to_contain_text("raadzaal")


@ON_BOTH
def test_who_answers_after_another_sees_what_that_one_wrote(site: Site, sign_in: SignIn) -> None:
    site.add(delivered(site), "anna", "leerpunten", soort="adres_onvolledig", toelichting="De huisletter ontbreekt.")
    one, other, anna = sign_in("coen"), sign_in("coen"), sign_in("anna")
    address = plan(one, site)
    anna.goto(f"{address}/vragen")
    anna.get_by_label("Uw vraag").fill(QUESTION)
    anna.get_by_role("button", name="Stel de vraag").click()
    expect(anna.get_by_role("status")).to_be_visible()
    for link, label in (("Leg het antwoord vast", "Het antwoord"), ("Leg vast wat hierover", "Wat is de conclusie")):
        for page in (one, other):
            page.goto(address)
            page.get_by_role("link", name=link).first.click()
        for page, words in ((one, "Vraag de KvK."), (other, "Bel het bedrijf.")):
            page.get_by_role("radio", name="Ja").check()
            page.get_by_label(label).fill(words)
            page.get_by_role("button", name="Leg vast").click()
        expect(other.get_by_role("alert")).to_contain_text("Iemand anders heeft dit intussen gewijzigd.")
        expect(part(other, "Zo staat het nu")).to_contain_text("Vraag de KvK.")
        expect(other.get_by_label(label)).to_have_value("Bel het bedrijf.")
        assert fits_the_width(other)
        one.goto(address)
        expect(one.locator("main")).not_to_contain_text("Bel het bedrijf.")
        other.get_by_label(label).fill("Vraag de KvK, en bel het bedrijf.")
        other.get_by_role("button", name="Leg vast").click()
        expect(other.get_by_role("status")).to_be_visible()
        expect(other.locator("main")).to_contain_text("Vraag de KvK, en bel het bedrijf.")
        assert site_says(site) == "Vraag de KvK, en bel het bedrijf."


def site_says(site: Site) -> str:
    """What was written last: the conclusion, or the answer while there is none."""
    with session_scope(site.engine, Access.system(), write=False) as session:
        lessons = [one.conclusie for one in session.exec(select(SessieLeerpunt))]
        return (lessons or [one.antwoord for one in session.exec(select(SessieVraag))])[-1]


@ON_BOTH
def test_an_action_is_marked_once_and_taken_back_by_who_may_mark_it(site: Site, sign_in: SignIn) -> None:
    coen, anna, ulla = sign_in("coen"), sign_in("anna"), sign_in("ulla")
    address = plan(coen, site)
    coen.goto(f"{address}/acties")
    coen.get_by_label("Wat is afgesproken").fill("Maak een voorbeeldbrief.")
    coen.get_by_role("radio", name="Gemeente Rotterdam").check()
    coen.get_by_label("Uiterlijk op").fill(site.days(5))
    coen.get_by_role("button", name="Leg de actie vast").click()
    expect(coen.get_by_role("status")).to_be_visible()
    for page, how in ((coen, "Gezien op de website."), (anna, "De brief ligt klaar.")):
        page.goto(address)
        page.get_by_role("link", name="Leg vast dat dit is gedaan").click()
        page.get_by_label("Hoe is het gedaan").fill(how)
    for page in (anna, coen):
        page.get_by_role("button", name="Leg vast").click()
    expect(coen.get_by_role("alert")).to_contain_text("Iemand anders heeft dit intussen gewijzigd.")
    expect(part(coen, "Zo staat het nu")).to_contain_text("De brief ligt klaar.")
    expect(coen.get_by_label("Hoe is het gedaan")).to_have_value("Gezien op de website.")
    assert fits_the_width(coen)

    ulla.goto(address)
    expect(part(ulla, "Acties")).to_contain_text("De brief ligt klaar.")
    expect(ulla.get_by_role("link", name="Dit is toch nog niet gedaan")).to_have_count(0)
    anna.get_by_role("link", name="Dit is toch nog niet gedaan").click()
    assert fits_the_width(anna)
    anna.get_by_role("button", name="De actie is nog niet gedaan").dblclick()
    expect(anna.get_by_role("status")).to_have_text("Vastgelegd: de actie staat weer open.")
    expect(part(anna, "Acties")).not_to_contain_text("De brief ligt klaar.")
    anna.get_by_role("link", name="Leg vast dat dit is gedaan").click()
    expect(anna.get_by_label("Hoe is het gedaan")).to_have_value("")
    told = [each for each in logged(site, address) if "actie" in each[1]]
    assert told == [("coen", "sessie_actie_afgesproken"), ("anna", "sessie_actie_gedaan"),
                    ("anna", "sessie_actie_heropend")]  # fmt: skip


def test_a_question_that_comes_after_the_sessie_is_refused_with_what_was_typed(site: Site, sign_in: SignIn) -> None:
    coen, anna, ulla = sign_in("coen"), sign_in("anna"), sign_in("ulla")
    address = plan(coen, site)
    anna.goto(f"{address}/vragen")
    anna.get_by_label("Uw vraag").fill(QUESTION)
    ulla.goto(address)
    expect(ulla.locator("main")).to_contain_text("De coördinator laat de cijfers in de sessie zien.")
    ulla.get_by_role("link", name="Stel een vraag").click()
    ulla.get_by_label("Uw vraag").fill("Wat mist u in het signaal?")
    ulla.get_by_role("button", name="Stel de vraag").click()
    ulla.get_by_role("link", name="Wijzig deze vraag").click()
    ulla.get_by_role("link", name="Haal de vraag weg").click()
    ulla.get_by_role("button", name="Haal de vraag weg").click()
    expect(part(ulla, "Vragen")).to_contain_text("Er zijn nog geen vragen.")
    coen.goto(f"{address}/gehouden")
    coen.get_by_role("button", name="De sessie is gehouden").click()
    anna.get_by_role("button", name="Stel de vraag").click()
    expect(anna.get_by_role("alert")).to_contain_text("Deze sessie is gehouden")
    expect(anna.get_by_label("Uw vraag")).to_have_value(QUESTION)


def test_who_is_not_in_a_sessie_does_not_find_it(site: Site, sign_in: SignIn) -> None:
    coen, anna = sign_in("coen"), sign_in("anna")
    coen.goto(f"{site.url}/sessies/nieuw")
    coen.get_by_role("radio", name="Kick-off").check()
    coen.get_by_label("Datum", exact=True).fill(site.days(3))
    coen.get_by_role("checkbox", name="Gemeente Venlo").check()
    coen.get_by_role("button", name="Plan de sessie").click()
    expect(coen.get_by_role("status")).to_be_visible()
    address = coen.url.partition("?")[0]
    anna.goto(f"{site.url}/sessies")
    expect(anna.locator("main")).to_contain_text("Er is geen sessie gepland.")
    anna.goto(address)
    expect(anna.get_by_role("heading", level=1)).to_have_text("Niet gevonden")
    dirk = sign_in("dirk")
    dirk.goto(address)
    expect(dirk.get_by_role("heading", level=1)).to_contain_text("Kick-off op")
    assert ROTTERDAM not in dirk.locator("main").inner_text()
