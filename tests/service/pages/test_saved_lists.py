"""Lists under a name in front of a browser: kept, opened by a colleague, counted where one begins, taken away."""

import re

import pytest
from playwright.sync_api import Page, expect

from service import saved_lists
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from tests.service.pages.conftest import ROTTERDAM, SignIn, Site, fits_the_width
from workflow.phases import Phase

pytestmark = pytest.mark.browser


def numbers(page: Page) -> list[str]:
    return page.locator("tbody .nummer").all_inner_texts()


def keep(page: Page, site: Site, naam: str, query: str, *, shared: bool = False) -> str:
    """Keeps the list of an address from its page; gives the address under which it stands then."""
    page.goto(f"{site.url}/zaken?{query}")
    page.get_by_text("Bewaar deze lijst onder een naam").click()
    page.get_by_label("Naam van de lijst").fill(naam)
    if shared:
        page.get_by_label("Ook voor collega's").check()
    page.get_by_role("button", name="Bewaar de lijst").click()
    return page.url.partition("?")[0]


def test_a_list_is_kept_sent_to_a_colleague_and_taken_away(site: Site, sign_in: SignIn) -> None:
    hers, his = (site.new_case(days_ago=days, phase=Phase.AANSCHRIJVING) for days in (30, 31))
    for number, naam in ((hers, "anna"), (his, "noor")):
        site.take(number, naam, "wijs_toe")
    anna, noor = sign_in("anna", 360, 740), sign_in("noor")
    address = keep(anna, site, "Wacht op antwoord", "lijst=mijn&fase=aanschrijving&sorteer=-zaaknummer", shared=True)
    expect(anna.get_by_role("status")).to_contain_text("De lijst is bewaard.")
    expect(anna.get_by_role("heading", level=1)).to_have_text("Wacht op antwoord")
    assert hers in numbers(anna) and his not in numbers(anna)
    assert fits_the_width(anna)

    noor.goto(address)
    expect(noor.get_by_role("heading", level=1)).to_have_text("Wacht op antwoord")
    expect(noor.locator("main")).to_contain_text("Bewaarde lijst van Anna de Vries, ook voor collega's.")
    assert his in numbers(noor) and hers not in numbers(noor)
    expect(noor.get_by_label("Volgorde")).to_have_value("-zaaknummer")
    expect(noor.get_by_role("button", name="Haal deze lijst weg")).to_have_count(0)
    noor.goto(f"{site.url}/zaken")
    noor.get_by_text("Lijsten van collega's").click()
    noor.get_by_role("link", name="Wacht op antwoord").click()
    expect(noor).to_have_url(address)
    assert sign_in("dirk").request.get(address).status == 404

    anna.get_by_role("button", name="Haal deze lijst weg").dblclick()
    expect(anna).to_have_url(re.compile("/zaken\\?lijst=mijn&fase=aanschrijving&sorteer=-zaaknummer$"))
    expect(anna.get_by_role("heading", level=1)).to_have_text("Zaken")
    assert noor.request.get(address).status == 404


def test_the_same_click_twice_ends_at_the_same_list(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna")
    address = keep(page, site, "Twee keer klikken", "lijst=alle&fase=besluit")
    form = page.locator("form.weg").evaluate("form => Object.fromEntries(new FormData(form))")
    headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    answers = [page.request.post(f"{address}/weghalen", form=form, headers=headers, max_redirects=0) for _ in "12"]
    assert [(one.status, one.headers["location"]) for one in answers] == [(303, "/zaken?lijst=alle&fase=besluit")] * 2
    another = page.request.post(f"{address}/weghalen", form=form | {"formulier": "x"}, headers=headers)
    assert another.status == 404


def test_a_list_for_oneself_is_for_nobody_else(site: Site, sign_in: SignIn) -> None:
    anna = sign_in("anna")
    address = keep(anna, site, "Alleen van mij", "lijst=alle")
    expect(anna.locator("main")).to_contain_text("alleen voor uzelf")
    for naam in ("noor", "tess"):
        assert sign_in(naam).request.get(address).status == 404
    anna.get_by_role("button", name="Haal deze lijst weg").click()


def test_a_name_that_will_not_do_is_told_and_what_was_typed_stays(site: Site, sign_in: SignIn) -> None:
    page = sign_in("tess", 360, 740)
    keep(page, site, "Zaak 999990019", "lijst=alle&fase=besluit", shared=True)
    expect(page.get_by_role("alert")).to_contain_text("In deze naam staat een nummer dat een BSN kan zijn.")
    expect(page.get_by_label("Naam van de lijst")).to_have_value("Zaak 999990019")
    expect(page.get_by_label("Ook voor collega's")).to_be_checked()
    expect(page.get_by_label("Fase", exact=True)).to_have_value("besluit")
    assert fits_the_width(page)
    page.get_by_label("Naam van de lijst").fill("Besluiten")
    page.get_by_role("button", name="Bewaar de lijst").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Besluiten")
    page.get_by_role("button", name="Haal deze lijst weg").click()
    expect(page.get_by_role("link", name="Besluiten", exact=True)).to_have_count(0)


def test_the_first_page_counts_what_is_on_a_list_for_who_looks(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20)
    site.take(number, "noor", "wijs_toe")
    noor = sign_in("noor")
    address = keep(noor, site, "Van mij en nieuw", "lijst=mijn&fase=ontvangen")
    told = noor.locator(".telling").inner_text()
    noor.goto(site.url)
    line = noor.get_by_role("region", name="Uw bewaarde lijsten").get_by_role("listitem")
    expect(line.locator(".cijfer")).to_have_text(told.split(" ")[0])
    line.get_by_role("link", name="Van mij en nieuw").click()
    expect(noor).to_have_url(address)
    noor.get_by_role("button", name="Haal deze lijst weg").click()
    noor.goto(site.url)
    expect(noor.get_by_role("region", name="Uw bewaarde lijsten")).to_have_count(0)


def test_paging_and_actions_stay_on_the_list(site: Site, sign_in: SignIn) -> None:
    free = site.new_case(days_ago=5)
    page = sign_in("anna")
    address = keep(page, site, "Vrij, nieuwste eerst", "lijst=vrij&sorteer=-zaaknummer")
    page.get_by_label(f"Kies {free}").check()
    page.get_by_role("button", name="Wijs de aangevinkte zaken aan uzelf toe").click()
    expect(page.get_by_role("status")).to_contain_text("1 zaak toegewezen")
    expect(page.get_by_role("heading", level=1)).to_have_text("Vrij, nieuwste eerst")
    page.get_by_role("link", name="Vink alles op deze pagina aan").click()
    expect(page).to_have_url(f"{address}?alles=ja")
    page.get_by_role("button", name="Haal deze lijst weg").click()


def test_a_list_on_what_is_gone_says_so(site: Site, sign_in: SignIn) -> None:
    """A handler who left, a delivery that never was, a phase and a field of another version."""
    gone = "lijst=alle&fase=weg&behandelaar=vertrokken&levering=LRNI-1999-01&wat=dit&sorteer=x&taak=weg&voor=morgen"
    with session_scope(site.engine, Access.system(), write=False) as session:
        tess = accounts.access_of_user(session, "tess", "test", site.today)
    with session_scope(site.engine, tess) as session:
        now = site.settings.now()
        row = saved_lists.save(session, "Oud", gone, now, gemeentecode=ROTTERDAM, gedeeld=False)
        number = row.id
    page = sign_in("tess")
    page.goto(f"{site.url}/zaken/lijsten/{number}")
    expect(page.get_by_label("Behandelaar")).to_have_value("vertrokken")
    expect(page.locator(".leeg")).to_contain_text("Geen zaken met deze keuzes.")
    page.get_by_role("link", name="toon alles in deze lijst").click()
    assert numbers(page)
    page.goto(f"{site.url}/zaken/lijsten/{number}")
    page.get_by_role("button", name="Haal deze lijst weg").click()


def test_the_words_of_the_filters_are_explained(sign_in: SignIn, site: Site) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken")
    anchors = page.locator(".woorden a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(anchors) >= 5
    page.goto(f"{site.url}/begrippen")
    for anchor in anchors:
        assert page.locator(f"[id='{anchor.partition('#')[2]}']").count() == 1, anchor
