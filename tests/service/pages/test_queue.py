"""The queue of the beslisser: what waits, what must be weighed, and why something may not be taken."""

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.service.pages.conftest import SignIn, Site, fits_the_width, menu
from workflow.phases import Phase

pytestmark = pytest.mark.browser


def card(page: Page, site: Site, number: str) -> Locator:
    """The part about one case, on whichever page of the queue it stands."""
    page.goto(f"{site.url}/besluiten")
    found = page.get_by_role("article").filter(has_text=number)
    while not found.count():
        page.get_by_role("link", name="Volgende").first.click()
    return found


def test_a_voornemen_stands_there_with_all_that_is_weighed(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=90, phase=Phase.VOORNEMEN)
    page = sign_in("carla", 390, 844)
    menu(page, "Besluiten")
    expect(page.get_by_role("heading", level=1)).to_have_text("Besluiten")
    one = card(page, site, number)
    for words in ("Kowalska", "Voorstel van", "Anna de Vries", "staat er op de bel", "Verhuurder", "dus voorbij"):
        expect(one).to_contain_text(words)
    one.get_by_text("Het voorstel").click()
    expect(one).to_contain_text("Op welke feiten rust het adres")
    expect(one).not_to_contain_text("99999")
    assert fits_the_width(page)
    one.get_by_role("link", name="Neem het besluit").click()
    expect(page).to_have_url(f"{site.url}/zaken/{number}/stappen/neem_besluit")


def test_while_the_term_runs_the_reason_stands_there_until_a_zienswijze_is_in(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=22, phase=Phase.VOORNEMEN)
    page = sign_in("carla")
    one = card(page, site, number)
    expect(one).to_contain_text("Neem het besluit kan nu niet. De termijn voor een zienswijze loopt nog")
    expect(one.get_by_role("link", name="Neem het besluit")).to_have_count(0)
    expect(one.get_by_role("link", name="Geef terug")).to_be_visible()
    site.take(number, "anna", "leg_zienswijze_vast", datum=site.days(0), tekst="Ik woon hier niet.")
    one = card(page, site, number)
    expect(one).to_contain_text("Ik woon hier niet.")
    expect(one.get_by_role("link", name="Neem het besluit")).to_be_visible()


def test_who_took_the_besluit_reads_why_another_decides_on_the_bezwaar(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=70, phase=Phase.BEZWAAR)
    carla = card(sign_in("carla"), site, number)
    expect(carla).to_contain_text("Een ander beslist op het bezwaar")
    expect(carla.get_by_role("link", name="Beslis op het bezwaar")).to_have_count(0)
    kees = card(sign_in("kees"), site, number)
    expect(kees).to_contain_text("Besluit van")
    expect(kees.get_by_role("link", name="Beslis op het bezwaar")).to_be_visible()


def test_the_first_page_counts_the_bezwaren_that_one_may_decide(site: Site, sign_in: SignIn) -> None:
    """Carla took the besluit here, so she leaves the bezwaar to Kees."""
    site.new_case(days_ago=71, phase=Phase.BEZWAAR)
    for naam, screen in (("carla", (390, 844)), ("kees", (1280, 900))):
        page = sign_in(naam, *screen)
        page.goto(f"{site.url}/besluiten?deel=bezwaren")
        may = others = 0
        while True:
            cards = page.get_by_role("article")
            may += cards.get_by_role("link", name="Beslis op het bezwaar").count()
            others += cards.filter(has_text="Een ander beslist op het bezwaar").count()
            if not page.get_by_role("link", name="Volgende bezwaren").count():
                break
            page.get_by_role("link", name="Volgende bezwaren").click()
        assert others if naam == "carla" else may
        page.goto(site.url)
        waiting = page.get_by_role("region", name="Wat op u wacht")
        line = waiting.get_by_role("listitem").filter(has=page.get_by_role("link", name="Bezwaren"))
        expect(line.locator(".cijfer")).to_have_text(str(may))
        told = f"en {others} door een ander te beslissen"
        expect(line.get_by_text(told)).to_have_count(1 if others else 0)
        expect(line.get_by_text("door een ander")).to_have_count(1 if others else 0)
        assert fits_the_width(page)


def test_a_declaration_that_waits_can_be_refused_from_here(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=30, phase=Phase.HUISBEZOEK)
    page = sign_in("kees")
    page.goto(f"{site.url}/besluiten")
    expect(page.get_by_role("article").filter(has_text=number)).to_have_count(0)
    site.take(number, "anna", "registreer_aangifte", datum=site.days(0), soort="woonadres")
    one = card(page, site, number)
    expect(one).to_contain_text("Van een woonadres")
    one.get_by_role("link", name="Weiger de aangifte").click()
    expect(page).to_have_url(f"{site.url}/zaken/{number}/stappen/weiger_aangifte")


def test_what_is_decided_elsewhere_or_by_others_is_not_seen(site: Site, sign_in: SignIn) -> None:
    elsewhere = site.new_case(days_ago=90, gemeentecode="0983", phase=Phase.VOORNEMEN)
    page = sign_in("carla")
    page.goto(f"{site.url}/besluiten")
    expect(page.locator("main")).not_to_contain_text(elsewhere)
    for naam in ("anna", "tess", "bram", "coen", "ulla"):
        assert sign_in(naam).request.get(f"{site.url}/besluiten").status == 403
