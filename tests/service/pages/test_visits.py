"""Home visits on the pages: planned from a case, walked from the list of a day."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from tests.service.pages.conftest import SignIn, Site, fits_the_width, menu
from tests.service.pages.test_walk import fill
from workflow.phases import Phase

pytestmark = pytest.mark.browser


def plan(page: Page, site: Site, number: str, day: str, **other: str) -> None:
    """Plan a visit by Bram from the page of a case."""
    page.goto(f"{site.url}/zaken/{number}")
    page.get_by_role("link", name="Plan een huisbezoek").click()
    page.get_by_label("Bram Bakker", exact=True).check()
    page.get_by_label("Pas van Bram Bakker").fill("4471")
    asked = {"dag": day, "begin": "18:00", "einde": "20:00", "veiligheid": "met_twee_personen"} | other
    fill(page, **asked)
    page.get_by_role("button", name="Plan het bezoek").click()


def test_a_handler_plans_and_the_toezichthouder_finds_it_on_his_list(site: Site, sign_in: SignIn) -> None:
    number, tomorrow = site.new_case(days_ago=30, phase=Phase.HUISBEZOEK), site.days(1)
    anna = sign_in("anna")
    plan(anna, site, number, tomorrow, einde="17:00", opmerking="Bel aan bij nummer 2")
    expect(anna.get_by_role("alert")).to_contain_text("Het tijdvak eindigt voor het begint.")
    expect(anna.get_by_label("Opmerking")).to_have_value("Bel aan bij nummer 2")
    anna.get_by_label("Tot").fill("20:00")
    anna.get_by_role("button", name="Plan het bezoek").click()
    expect(anna.get_by_role("status")).to_have_text("Het bezoek is gepland.")
    expect(anna.locator("main")).to_contain_text("nodig: nog 1 bezoek op een andere dag")
    plan(anna, site, number, tomorrow)
    expect(anna.get_by_role("status")).to_contain_text("Dit bezoek stond al gepland.")
    visit = anna.url.split("?")[0]

    bram = sign_in("bram", 360, 740)
    menu(bram, "Bezoeken")
    bram.get_by_label("Dag").fill(tomorrow)
    bram.get_by_role("button", name="Toon").click()
    stop = bram.locator(".stop", has_text=number)
    for words in ("18.00–20.00", "Kowalska", "12 april 1988", "met twee personen", "Bel aan bij nummer 2", "pas 4471"):
        expect(stop).to_contain_text(words)
    expect(stop).not_to_contain_text("99999")
    assert fits_the_width(bram)
    boxes = [each.bounding_box() for each in stop.locator(".nl-button, .bel").all()]
    assert boxes and min(box["height"] for box in boxes if box) >= 44
    expect(bram.get_by_role("heading", name="Zonder verbinding")).to_be_visible()
    bram.emulate_media(media="print")
    expect(bram.get_by_role("heading", name="Zonder verbinding")).to_be_hidden()
    expect(bram.get_by_role("link", name="Maak het verslag").first).to_be_hidden()
    with session_scope(site.engine, Access.system(), write=False) as session:
        read = session.exec(select(AuditEntry.actor, AuditEntry.actie).where(AuditEntry.object == number)).all()
    assert {("bram", "daglijst_geopend"), ("anna", "bezoek_gepland"), ("anna", "bezoek_geopend")} <= set(read)

    anna.goto(visit)
    anna.get_by_role("link", name="Verzet of wijzig").click()
    expect(anna.get_by_label("Pas van Bram Bakker")).to_have_value("4471")
    anna.get_by_label("Vanaf").fill("18:30")
    anna.get_by_role("button", name="Wijzig het bezoek").click()
    expect(anna.get_by_text("18.30–20.00 uur")).to_be_visible()
    anna.get_by_text("Gaat het bezoek niet door?").click()
    anna.get_by_label("Waarom gaat het bezoek niet door").fill(" ")
    anna.get_by_role("button", name="Laat het bezoek vervallen").click()
    expect(anna.get_by_role("alert")).to_contain_text("Het bezoek is niet vervallen")
    anna.get_by_role("link", name="Vul in: Waarom gaat het bezoek niet door.").click()
    anna.get_by_label("Waarom gaat het bezoek niet door").fill("Bram is ziek")
    anna.get_by_role("button", name="Laat het bezoek vervallen").click()
    expect(anna.locator("main")).to_contain_text("Dit bezoek is vervallen: Bram is ziek")


def test_nobody_else_sees_a_visit(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12, phase=Phase.VOORONDERZOEK)
    tess = sign_in("tess")
    plan(tess, site, number, site.days(2))
    visit = re.sub(r"\?.*", "", tess.url)
    for naam, status in (("dirk", 404), ("carla", 403), ("ulla", 403), ("aad", 403)):
        page = sign_in(naam)
        for path in ("", "/wijzigen"):
            answer = page.goto(visit + path)
            assert answer is not None and answer.status == status
    dirk = sign_in("dirk")
    dirk.goto(f"{site.url}/bezoeken?dag={site.days(2)}&wie=iedereen")
    expect(dirk.get_by_text("Op deze dag is er geen bezoek.")).to_be_visible()
    answer = dirk.goto(f"{site.url}/zaken/{number}/bezoek")
    assert answer is not None and answer.status == 404


def test_a_report_is_made_at_the_door_and_goes_where_it_belongs(site: Site, sign_in: SignIn) -> None:
    number, other = (site.new_case(days_ago=30, phase=Phase.HUISBEZOEK) for _ in range(2))
    site.move_in(other, with_=number)
    anna = sign_in("anna")
    plan(anna, site, number, site.days(1))
    bram = sign_in("bram", 360, 740)
    bram.goto(anna.url.split("?")[0])
    bram.get_by_role("link", name="Maak het verslag").click()
    assert fits_the_width(bram)
    boxes = [each.bounding_box() for each in bram.locator(".deur .keuze:visible").all()]
    assert boxes and min(box["height"] for box in boxes if box) >= 44
    expect(bram.get_by_label("Wat zag u binnen")).to_be_hidden()
    fill(bram, datum=site.days(0), begin="00:01", einde="00:02", opengedaan="ja", bevindingen="Twee namen bij de bel.")
    fill(bram, gelegitimeerd="ja", doelGemeld="ja", toestemming="geweigerd", binnengetreden="ja")
    expect(bram.get_by_text("Het is nooit een bevinding.")).to_be_visible()
    bram.get_by_role("button", name="Leg het verslag vast").click()
    alert = bram.get_by_role("alert")
    expect(alert).to_contain_text(f"Kies of u de persoon van zaak {number} zag.")
    expect(bram.get_by_label("Wat zag u", exact=False).first).to_have_value("Twee namen bij de bel.")
    fill(bram, **{f"gevonden-{number}": "ja", f"gevonden-{other}": "nee", "binnengetreden": "nee"})
    bram.get_by_text("Iemand anders gevonden").click()
    fill(bram, onverwachtOmschrijving="Een broer", zorg="ja", zorgWaarheen="wijkteam Zuid")
    site.take(other, "anna", "sluit_zonder_mutatie", resultaat="niet_vastgesteld", reden="adres wisselt")
    bram.get_by_role("button", name="Leg het verslag vast").click()
    expect(bram.get_by_role("status")).to_contain_text("Het verslag is binnen.")
    expect(bram.locator(".antwoorden")).to_contain_text("Vastgelegd als bezoek 1 op dit adres")
    expect(bram.locator(".antwoorden")).to_contain_text("Sluit zonder mutatie (Anna de Vries")
    expect(bram.locator("main")).to_contain_text("wijkteam Zuid")

    anna.goto(f"{site.url}/zaken/{number}")
    expect(anna.locator("main")).to_contain_text("Twee namen bij de bel.")
    expect(anna.locator("main")).to_contain_text("Een broer")
    expect(anna.locator("main")).not_to_contain_text("wijkteam Zuid")
    anna.goto(f"{site.url}/zaken/{number}/stappen/sluit_zonder_mutatie")
    expect(anna.get_by_text("Bezoekbeleid voor")).to_contain_text("Nodig is nog 1 bezoek op een andere dag")
    anna.goto(f"{site.url}/bezoeken/te-plaatsen")
    kept = anna.locator(".blad", has_text=other)
    expect(kept).to_contain_text("Twee namen bij de bel.")
    kept.get_by_role("button", name="Leg terzijde").click()
    expect(anna.get_by_role("alert")).to_contain_text("Vul in: Waarom hoort dit niet in het dossier.")
    anna.locator(".blad", has_text=other).get_by_role("button", name="Plaats in het dossier").click()
    expect(anna.get_by_role("status")).to_have_text("Het verslag staat in het dossier.")
    carla = sign_in("carla")
    for path in ("te-plaatsen", "1/verslag"):
        answer = carla.goto(f"{site.url}/bezoeken/{path}")
        assert answer is not None and answer.status == 403
