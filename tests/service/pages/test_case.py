"""The page of a case: who to call, what a voornemen still lacks, and everything that happened, also on a telephone."""

import re

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import SignIn, Site, fits_the_width
from workflow.phases import Phase

pytestmark = pytest.mark.browser

TELEPHONE = (360, 740)


def test_the_timeline_tells_everything_and_is_narrowed_without_a_script(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=60, phase=Phase.HUISBEZOEK)
    site.add(number, "anna", "bronnen", soort="buren", bevinding="De buurvrouw ziet hem elke dag.")
    site.add(number, "anna", "terugbelverzoeken", telefoonnummer="0612345678")
    page = sign_in("anna", *TELEPHONE)
    page.goto(f"{site.url}/zaken/{number}")
    assert fits_the_width(page)
    told = page.locator(".verloop > li")
    everything = told.count()
    expect(told.filter(has_text="Vraagt om te worden teruggebeld")).to_have_count(1)
    expect(told.filter(has_text="Bron: buren")).to_contain_text("Anna de Vries")
    expect(told.filter(has_text="Brief 1, aanschrijving: verstuurd")).to_have_count(1)
    step = told.filter(has=page.locator("strong", has_text="Verstuur de aanschrijving"))
    expect(step.get_by_text("Grondslag")).to_be_hidden()
    step.locator("summary").click()
    expect(step).to_contain_text("Circulaire 4.3")
    assert fits_the_width(page)

    told.filter(has_text="Bron: buren").get_by_role("link").click()
    there = page.url.partition("#")[2]
    assert re.fullmatch(r"bronnen-\d+", there)
    expect(page.locator(f"[id='{there}']")).to_contain_text("De buurvrouw ziet hem elke dag.")

    kinds = page.get_by_role("navigation", name="Wat het verloop toont")
    kinds.get_by_role("link", name=re.compile("^Brieven")).click()
    page.wait_for_url("**?verloop=brieven#verloop-titel")
    expect(kinds.locator("[aria-current]")).to_have_text(re.compile("Brieven"))
    assert 0 < told.count() < everything
    for line in told.all():
        expect(line).to_contain_text("Brief")
    kinds.get_by_role("link", name=re.compile("^Alles")).click()
    expect(told).to_have_count(everything)
    page.goto(f"{site.url}/zaken/{number}?verloop=overdracht")
    expect(page.locator("main")).to_contain_text("Hiervan staat niets in deze zaak.")
    page.goto(f"{site.url}/zaken/{number}?verloop=verzonnen")
    expect(told).to_have_count(everything)


def test_every_line_leads_to_something_that_is_on_the_page(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=90, phase=Phase.BEZWAAR)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}")
    wanted = {each.get_attribute("href") or "" for each in page.locator(".verloop a").all()}
    assert wanted
    missing = [each for each in wanted if each.startswith("#") and not page.locator(f"[id='{each[1:]}']").count()]
    assert not missing


def test_the_contact_person_stands_above_everything_on_a_telephone(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    page = sign_in("anna", *TELEPHONE)
    page.goto(f"{site.url}/zaken/{number}")
    expect(page.locator(".wieis")).to_contain_text("nog niemand; wijs de zaak eerst toe")
    site.take(number, "anna", "wijs_toe")
    page.reload()
    expect(page.locator(".wieis")).to_contain_text("Anna de Vries, 010 555 01 01, a.devries@rotterdam.example")
    contact = page.locator(".wieis dt", has_text="Contactpersoon").bounding_box()
    phases = page.get_by_role("navigation", name="Fasen van de zaak").bounding_box()
    assert contact and phases and contact["y"] < phases["y"]
    assert fits_the_width(page)


def test_the_conditions_of_a_voornemen_tick_themselves_off_on_the_form(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=60, phase=Phase.AANSCHRIJVING)
    page = sign_in("anna", *TELEPHONE)
    page.goto(f"{site.url}/zaken/{number}/stappen/verstuur_voornemen")
    assert fits_the_width(page)
    conditions = page.locator(".voorwaarden > li")
    sources = conditions.filter(has_text="Twee bronnen")
    expect(sources).to_contain_text("ontbreekt")
    expect(conditions.filter(has_text="aanschrijving waarvan")).to_contain_text("in orde")
    conditions.filter(has_text="Hoe is de identiteit vastgesteld").get_by_role("link").click()
    assert page.url.endswith("#veld-identiteit")
    for kind in ("bag", "verhuurder"):
        sources.get_by_role("link", name="Leg een bron vast").click()
        expect(page.get_by_role("link", name="Terug naar Verstuur het voornemen")).to_be_visible()
        page.get_by_role("button", name="Vastleggen").click()
        expect(page.get_by_role("alert")).to_be_visible()  # refused once: the way back stays known
        page.select_option("[name=soort]", kind)
        page.fill("[name=bevinding]", "Staat hier.")
        page.get_by_role("button", name="Vastleggen").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Verstuur het voornemen")
        expect(page.get_by_role("status")).to_have_text("Vastgelegd in het dossier.")
    expect(sources).to_contain_text("in orde")
    expect(sources.get_by_role("link")).to_have_count(0)


def test_what_is_typed_in_the_form_of_a_voornemen_stays_while_something_is_mended(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=60, phase=Phase.AANSCHRIJVING)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}/stappen/verstuur_voornemen")
    page.fill("[name=identiteit]", "Pools paspoort.")
    page.get_by_role("button", name="Verstuur het voornemen").click()
    expect(page.get_by_role("alert")).to_be_visible()
    conditions = page.locator(".voorwaarden > li")
    expect(conditions.filter(has_text="Hoe is de identiteit vastgesteld")).to_contain_text("in orde")
    with page.expect_popup() as opened:
        conditions.filter(has_text="Twee bronnen").get_by_role("link").click()
    beside = opened.value
    beside.select_option("[name=soort]", "bag")
    beside.fill("[name=bevinding]", "Staat hier.")
    beside.get_by_role("button", name="Vastleggen").click()
    expect(beside.get_by_role("status")).to_have_text("Vastgelegd in het dossier.")
    expect(page.locator("[name=identiteit]")).to_have_value("Pools paspoort.")


def test_what_leads_on_stands_before_what_leads_back(site: Site, sign_in: SignIn) -> None:
    carla = sign_in("carla")
    carla.goto(f"{site.url}/zaken/{site.new_case(days_ago=90, phase=Phase.VOORNEMEN)}")
    assert carla.locator(".verder-stap").all_inner_texts() == ["Neem het besluit", "Geef terug"]
