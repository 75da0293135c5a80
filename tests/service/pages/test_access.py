"""Who comes in, and what is not there for whom."""

import re

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import SignIn, Site, enter_as, fits_the_width

pytestmark = pytest.mark.browser


def test_another_municipality_is_not_there(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("dirk")
    for path in (f"/zaken/{number}", f"/zaken/{number}/stappen/houd_aan", f"/zaken/{number}/dossier/bronnen"):
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 404
        expect(page.locator("main")).not_to_contain_text("Kowalska")
    page.goto(f"{site.url}/zaken?lijst=alle")
    expect(page.locator("main")).not_to_contain_text(number)
    page.get_by_label("Zoek een zaak").fill(number)
    page.get_by_role("button", name="Zoek", exact=True).click()
    expect(page.get_by_text("Geen zaak gevonden bij uw gemeente.")).to_be_visible()


@pytest.mark.parametrize("naam", ["ulla", "coen", "bea", "aad"])
def test_the_project_s_roles_see_no_case(site: Site, sign_in: SignIn, naam: str) -> None:
    number = site.new_case(days_ago=12)
    page = sign_in(naam)
    for path in ("/zaken", f"/zaken/{number}", "/walaa"):
        answer = page.goto(site.url + path)
        assert answer is not None
        assert answer.status == 403


def test_a_wrong_password_gets_one_sentence_and_then_a_wait(site: Site, sign_in: SignIn) -> None:
    page = sign_in("niemand", anew=True)
    expect(page.get_by_role("alert")).to_contain_text("De gebruikersnaam of het wachtwoord klopt niet.")
    expect(page.get_by_label("Gebruikersnaam")).to_have_value("niemand")
    for _ in range(5):
        page.get_by_label("Wachtwoord").fill("mis")
        page.get_by_role("button", name="Inloggen").click()
    expect(page.get_by_role("alert")).to_contain_text("Te veel mislukte pogingen")


def test_after_signing_in_one_gets_the_page_that_was_asked_for(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    page = sign_in("anna", anew=True)
    page.get_by_role("button", name="Uitloggen").click()
    page.goto(f"{site.url}/zaken/{number}")
    expect(page).to_have_url(re.compile("/inloggen"))
    enter_as(page, site, "anna")
    expect(page).to_have_url(re.compile(f"/zaken/{number}$"))


@pytest.mark.parametrize("elsewhere", ["//kwaad.example", "https://kwaad.example", "/\\kwaad.example"])
def test_signing_in_never_leads_to_another_site(site: Site, sign_in: SignIn, elsewhere: str) -> None:
    page = sign_in("bea")
    page.goto(f"{site.url}/inloggen?volgende={elsewhere}")
    assert page.url.startswith(site.url)


def test_no_bsn_or_name_in_an_address_or_a_title(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken?lijst=alle")
    page.get_by_label("Zoek een zaak").fill("999990019")
    page.get_by_role("button", name="Zoek", exact=True).click()
    assert "999990019" not in page.url
    assert "999990019" not in page.content().replace('value="999990019"', "")
    number = site.new_case(days_ago=3)
    page.goto(f"{site.url}/zaken/{number}")
    assert "Kowalska" not in page.title() + page.url
    expect(page.locator(".wieis")).to_contain_text("******019")
    expect(page.locator("body")).not_to_contain_text("999990019")


@pytest.mark.parametrize(
    "typed", ["S2607-00001", "3181 JJ 271", "3181jj271"], ids=["signaalnummer", "adres", "adres aaneen"]
)
def test_a_case_is_found_by_signal_or_address(site: Site, sign_in: SignIn, typed: str) -> None:
    page = sign_in("anna")
    page.get_by_label("Zoek een zaak").fill(typed)
    page.get_by_role("button", name="Zoek", exact=True).click()
    expect(page.locator("main")).to_contain_text("Crenguța Bălan")


def test_nothing_scrolls_sideways_on_a_telephone(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna", 390, 844)
    case = f"/zaken/{site.new_case(days_ago=12)}"
    for path in ("/zaken?lijst=alle", "/walaa", case, f"{case}/stappen/wijs_toe", f"{case}/dossier/huisbezoeken"):
        page.goto(site.url + path)
        assert fits_the_width(page), path
        assert page.locator("h1").count() == 1, path


def test_the_list_pages_on_without_losing_or_doubling_a_case(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken?lijst=alle")
    seen: list[str] = []
    while True:
        seen += page.locator("tbody .nummer").all_inner_texts()
        onward = page.get_by_role("link", name=re.compile("^Volgende"))
        if not onward.count():
            break
        onward.click()
    assert len(seen) == len(set(seen)) > 50
