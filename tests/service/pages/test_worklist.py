"""The worklist: order and filters that stay, many cases assigned at once, and finding a case from every page."""

import re

import pytest
from playwright.sync_api import Page, expect
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from tests.service.pages.conftest import ON_BOTH, TELEPHONE, SignIn, Site, fits_the_width
from workflow.models import CaseEvent
from workflow.phases import Phase

pytestmark = pytest.mark.browser


def numbers(page: Page) -> list[str]:
    return page.locator("tbody .nummer").all_inner_texts()


def assigned(site: Site, number: str) -> list[str]:
    """To whom a case was given, in order."""
    with session_scope(site.engine, Access.system(), write=False) as session:
        of_case = select(CaseEvent.behandelaar).where(
            CaseEvent.zaak_id == site.case(number).id, CaseEvent.stap == "wijs_toe"
        )
        return [str(naam) for naam in session.exec(of_case.order_by(CaseEvent.volgnummer))]  # type: ignore[arg-type]


def only(page: Page, site: Site, *wanted: str) -> None:
    """The free cases, newest first, so that those just made stand on the first page."""
    page.goto(f"{site.url}/zaken?lijst=vrij&sorteer=-zaaknummer")
    for number in wanted:
        page.get_by_label(f"Kies {number}").check()


def test_on_a_telephone_the_first_case_is_in_sight_and_the_choices_open_above_it(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna", **TELEPHONE)
    page.goto(f"{site.url}/zaken?lijst=alle")
    expect(page.get_by_role("link", name=re.compile("^Z-")).first).to_be_in_viewport()
    expect(page.get_by_label("Fase", exact=True)).to_be_hidden()
    page.get_by_text("Kies welke zaken").press("Enter")
    page.get_by_label("Fase", exact=True).select_option("aanschrijving")
    page.get_by_role("button", name="Toon").click()
    expect(page.locator("details.klap", has_text="Kies welke zaken")).to_contain_text("(1 gekozen)")
    assert fits_the_width(page)


def test_the_chosen_order_and_filters_stay_while_paging_and_going_back(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken?lijst=alle")
    page.get_by_label("Volgorde").select_option("-zaaknummer")
    page.get_by_text("Meer keuzes").click()
    page.get_by_label("Levering", exact=True).fill("LRNI-2026-07")
    page.get_by_role("button", name="Toon").click()
    first = numbers(page)
    assert first == sorted(first, reverse=True) and len(first) > 1
    address = page.url
    assert "sorteer=-zaaknummer" in address and "levering=LRNI-2026-07" in address
    page.get_by_role("link", name="Volgende").click()
    onward = numbers(page)
    assert onward == sorted(onward, reverse=True) and onward[0] < first[-1]
    expect(page.get_by_label("Volgorde")).to_have_value("-zaaknummer")
    page.go_back()
    page.locator("tbody .nummer a").first.click()
    page.go_back()
    expect(page).to_have_url(address)
    assert numbers(page) == first
    expect(page.get_by_label("Levering", exact=True)).to_have_value("LRNI-2026-07")


def test_outcome_term_and_task_choose_the_cases(site: Site, sign_in: SignIn) -> None:
    closed, late, asked = (site.new_case(days_ago=days) for days in (20, 200, 12))
    for number in (closed, late, asked):
        site.take(number, "anna", "wijs_toe")
    site.take(closed, "anna", "niet_oppakken", reden="capaciteit")
    site.take(asked, "anna", "start_vooronderzoek")
    site.take(asked, "anna", "start_onderzoek", reden="twijfel")
    page = sign_in("anna")
    base = f"{site.url}/zaken?lijst=mijn&sorteer=-zaaknummer"
    page.goto(f"{base}&resultaat=niet_opgepakt")
    assert closed in numbers(page) and late not in numbers(page)
    page.goto(f"{base}&voor={site.days(0)}")
    assert late in numbers(page) and asked not in numbers(page) and closed not in numbers(page)
    page.goto(f"{base}&taak=alle")
    assert asked in numbers(page) and late not in numbers(page)
    page.goto(f"{base}&levering=LRNI-9999-99")
    expect(page.locator(".leeg")).to_contain_text("Geen zaken met deze keuzes.")


@ON_BOTH
def test_many_cases_are_assigned_at_once_and_each_tells_what_became_of_it(site: Site, sign_in: SignIn) -> None:
    one, two, moved = (site.new_case(days_ago=5) for _ in range(3))
    page = sign_in("tess")
    only(page, site, one, two, moved)
    site.take(moved, "anna", "wijs_toe")
    page.get_by_label("Wijs toe aan").select_option("noor")
    page.get_by_role("button", name="Wijs toe").dblclick()
    told = page.get_by_role("status")
    expect(told).to_contain_text("2 zaken toegewezen, 1 niet")
    refused = told.get_by_role("listitem")
    expect(refused).to_have_count(1)
    expect(refused).to_contain_text(moved)
    expect(refused).to_contain_text("De zaak is veranderd sinds u haar opende. Intussen gebeurde: wijs_toe door anna")
    assert fits_the_width(page)
    assert [assigned(site, number) for number in (one, two, moved)] == [["noor"], ["noor"], ["anna"]]
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("2 zaken toegewezen, 1 niet")
    assert assigned(site, one) == ["noor"]


def test_a_handler_takes_many_cases_himself(site: Site, sign_in: SignIn) -> None:
    one, two = site.new_case(days_ago=5), site.new_case(days_ago=5)
    page = sign_in("anna")
    only(page, site, one, two)
    page.get_by_role("button", name="Wijs de aangevinkte zaken aan uzelf toe").click()
    expect(page.get_by_role("status")).to_contain_text("2 zaken toegewezen")
    assert "sorteer=-zaaknummer" in page.url and one not in numbers(page)
    assert assigned(site, one) == assigned(site, two) == ["anna"]


def test_ticking_nothing_says_so_and_ticking_all_ticks_the_page(site: Site, sign_in: SignIn) -> None:
    site.new_case(days_ago=5)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken?lijst=vrij&sorteer=-zaaknummer")
    page.get_by_role("button", name="Wijs de aangevinkte zaken aan uzelf toe").click()
    expect(page.get_by_role("alert")).to_contain_text("Vink eerst aan welke zaken u wilt toewijzen.")
    page.goto(f"{site.url}/zaken?lijst=vrij&sorteer=-zaaknummer")
    page.get_by_role("link", name="Vink alles op deze pagina aan").click()
    assert page.locator("input[name=zaak]:checked").count() == len(numbers(page)) > 0


def test_who_may_not_assign_has_no_button_for_it_and_is_refused(site: Site, sign_in: SignIn) -> None:
    number, elsewhere = site.new_case(days_ago=5), site.new_case(days_ago=5, gemeentecode="0983")
    nowhere = "Z-2026-9999999"
    for naam, zaak, status in (
        ("bram", number, 403), ("carla", number, 403), ("anna", elsewhere, 200), ("anna", nowhere, 200)
    ):  # fmt: skip
        page = sign_in(naam)
        page.goto(f"{site.url}/zaken?lijst=alle")
        assert bool(page.get_by_role("button", name="Wijs de aangevinkte").count()) == (naam == "anna")
        token = page.locator("input[name=csrf]").first.input_value()
        form = {"csrf": token, "zaak": f"{zaak}:1", "formulier": "x"}
        headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
        answer = page.request.post(f"{site.url}/zaken/toewijzen", form=form, headers=headers)
        assert answer.status == status
        # What is another's is told in the same words as what is not there.
        assert (f"{zaak}: is er niet meer, of niet meer bij uw gemeente." in answer.text()) == (naam == "anna")
    assert assigned(site, number) == assigned(site, elsewhere) == []


@pytest.mark.parametrize("typed", ["Kowalska 12-04-1988", "Ewa kowalska, 12-4-1988", "KOWALSKA 19880412"])
def test_a_case_is_found_by_name_and_birth_date_from_any_page(site: Site, sign_in: SignIn, typed: str) -> None:
    number = site.new_case(days_ago=4, phase=Phase.ONTVANGEN)
    site.new_case(days_ago=4, phase=Phase.ONTVANGEN)  # a namesake of the same day: one alone would open at once
    page = sign_in("anna")
    page.goto(f"{site.url}/begrippen")
    page.get_by_label("Zoek een zaak").fill(typed)
    page.get_by_role("button", name="Zoek", exact=True).click()
    expect(page.get_by_role("link", name=number, exact=True)).to_be_visible()
    assert page.url == f"{site.url}/zaken/zoek"
    page.get_by_label("Zoek een zaak").fill("Kowalska 13-04-1988")
    page.get_by_role("button", name="Zoek", exact=True).click()
    expect(page.locator("main")).to_contain_text("een naam altijd een geboortedatum")


def test_only_who_sees_cases_has_the_search_box(sign_in: SignIn) -> None:
    for naam in ("ulla", "coen", "bea", "aad"):
        expect(sign_in(naam).get_by_role("search")).to_have_count(0)
    page = sign_in("carla", 360, 740)
    expect(page.get_by_role("search")).to_have_count(1)
    assert fits_the_width(page)
    assert not re.search("onclick|style=", page.locator("header").first.inner_html())
