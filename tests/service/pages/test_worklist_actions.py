"""Cases that were ticked: a visit to every address, letters in one bundle; and what an empty list says."""

import io
import re

import pytest
from playwright.sync_api import Page, ViewportSize, expect
from pypdf import PdfReader
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from tests.service.pages.conftest import ON_BOTH, TELEPHONE, SignIn, Site, fits_the_width
from tests.service.pages.everywhere import World
from workflow import moves
from workflow.models import PreparedLetter
from workflow.phases import Phase
from workflow.visit_models import PlannedVisit

pytestmark = pytest.mark.browser


def tick(page: Page, site: Site, *wanted: str) -> None:
    page.goto(f"{site.url}/zaken?lijst=alle&sorteer=-zaaknummer")
    for number in wanted:
        page.get_by_label(f"Kies {number}").check()


def visits_on(site: Site, day: str, begin: str) -> int:
    with session_scope(site.engine, Access.system(), write=False) as session:
        found = session.exec(select(PlannedVisit)).all()
        return sum(one.dag.isoformat() == day and f"{one.begin:%H:%M}" == begin for one in found)


def letters_waiting(site: Site, *numbers: str) -> int:
    ids = [site.case(number).id for number in numbers]
    with session_scope(site.engine, Access.system(), write=False) as session:
        waiting = select(PreparedLetter).where(
            col(PreparedLetter.zaak_id).in_(ids), col(PreparedLetter.afgehandeld_op).is_(None)
        )
        return len(session.exec(waiting).all())


def fill_in(page: Page, day: str, begin: str, end: str) -> None:
    page.get_by_label("Dag").fill(day)
    page.get_by_label("Vanaf").fill(begin)
    page.get_by_label("Tot").fill(end)
    page.get_by_label("Bram Bakker", exact=True).check()
    page.get_by_label("Pas van Bram Bakker").fill("4471")
    page.get_by_label("Geen bijzonderheden").check()


def test_many_visits_are_planned_at_once_one_for_each_address(site: Site, sign_in: SignIn) -> None:
    one, beside, other, closed = (site.new_case(days_ago=30, phase=Phase.HUISBEZOEK) for _ in range(4))
    for number, house in ((one, 801), (other, 803), (closed, 805)):
        site.move_to(number, house)
    site.move_in(beside, with_=one)
    day = site.days(9)
    page = sign_in("anna", 360, 740)
    tick(page, site, one, beside, other, closed)
    page.get_by_role("button", name="Plan huisbezoek", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Plan huisbezoeken")
    expect(page.locator(".bezoekadres")).to_have_count(3)
    assert fits_the_width(page)
    fill_in(page, day, "18:00", "17:00")
    page.get_by_role("button", name="Plan de bezoeken").click()
    expect(page.get_by_role("alert")).to_contain_text("Het tijdvak eindigt voor het begint.")
    expect(page.get_by_label("Pas van Bram Bakker")).to_have_value("4471")
    assert visits_on(site, day, "18:00") == 0
    page.get_by_label("Tot").fill("20:00")
    site.take(closed, "anna", "sluit_zonder_mutatie", resultaat="niet_vastgesteld", reden="adres wisselt")
    page.get_by_role("button", name="Plan de bezoeken").dblclick()
    told = page.get_by_role("status")
    expect(told).to_contain_text("Huisbezoek gepland bij 3 zaken, bij 1 niet")
    expect(told.get_by_role("listitem").filter(has_text=one)).to_contain_text("gepland op")
    expect(told.get_by_role("listitem").filter(has_text=beside)).to_contain_text("hoort bij het bezoek aan hetzelfde")
    expect(told.get_by_role("listitem").filter(has_text=closed)).to_contain_text("is veranderd sinds u haar aanvinkte")
    assert fits_the_width(page)
    assert visits_on(site, day, "18:00") == 2
    page.reload()
    expect(page.get_by_role("status")).to_contain_text("Huisbezoek gepland bij 3 zaken, bij 1 niet")
    tick(page, site, one)
    page.get_by_role("button", name="Plan huisbezoek", exact=True).click()
    expect(page.locator(".bezoekadres")).to_contain_text("Hier staat al een bezoek")
    fill_in(page, day, "18:00", "19:00")
    page.get_by_role("button", name="Plan de bezoeken").click()
    expect(page.get_by_role("status")).to_contain_text("stond al gepland")
    assert visits_on(site, day, "18:00") == 2


def test_letters_of_many_cases_go_in_one_bundle_and_the_rest_says_why(site: Site, sign_in: SignIn) -> None:
    made, ready, apart = (site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK) for _ in range(3))
    new, further = site.new_case(days_ago=5), site.new_case(days_ago=30, phase=Phase.INLICHTINGEN)
    page = sign_in("anna", 360, 740)
    for number in (ready, apart):
        page.goto(f"{site.url}/zaken/{number}/stappen/verstuur_aanschrijving")
        page.get_by_role("button", name="Zet klaar voor de post").click()
    tick(page, site, made, ready, new, further)
    page.get_by_role("button", name="Post brieven").dblclick()
    expect(page.get_by_role("heading", level=1)).to_have_text("Brieven van de aangevinkte zaken")
    told = page.get_by_role("status")
    expect(told).to_contain_text("2 zaken gaan niet mee")
    expect(told.get_by_role("listitem").filter(has_text=new)).to_contain_text("begin eerst het vooronderzoek")
    expect(told.get_by_role("listitem").filter(has_text=further)).to_contain_text("Kies in de zaak welke brief volgt")
    expect(page.locator("main")).to_contain_text("2 brieven kunnen vandaag mee.")
    assert letters_waiting(site, made, ready, apart) == 3
    assert fits_the_width(page)
    pdf = page.get_by_role("link", name="Open deze brieven om te printen").get_attribute("href")
    printed = page.request.get(f"{site.url}{pdf}")
    text = " ".join(each.extract_text() for each in PdfReader(io.BytesIO(printed.body())).pages)
    assert f"{made}/1" in text and f"{ready}/1" in text and apart not in text

    page.get_by_role("button", name="Verstuur deze brieven").click()
    result = page.get_by_role("status")
    for number in (made, ready):
        expect(result).to_contain_text(f"{number}, Verstuur de aanschrijving: Verstuurd.")
        assert site.case(number).fase == Phase.AANSCHRIJVING
    assert site.case(apart).fase == Phase.VOORONDERZOEK and letters_waiting(site, apart) == 1
    expect(page.get_by_role("row", name=re.compile(apart))).to_have_count(0)
    page.goto(f"{site.url}/post")
    page.get_by_role("row", name=re.compile(apart)).get_by_role("button", name="Haal weg").click()


def leave(site: Site, number: str) -> None:
    """The case is another municipality's from now on."""
    with session_scope(site.engine, Access.system()) as session:
        case = moves.find_case(session, number)
        case.gemeentecode = "0983"
        session.add(case)


def test_a_case_that_is_gone_since_it_was_ticked_is_told_and_the_others_go_on(site: Site, sign_in: SignIn) -> None:
    numbers = [site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK) for _ in range(5)]
    stays, gone, later = numbers[0], numbers[1], numbers[2]
    for place, number in enumerate(numbers):
        site.move_to(number, 821 + 2 * place)
    page = sign_in("anna", 360, 740)
    tick(page, site, stays, gone)
    leave(site, gone)
    page.get_by_role("button", name="Wijs de aangevinkte zaken aan uzelf toe").click()
    told = page.get_by_role("status")
    expect(told.get_by_role("heading")).to_have_text("1 zaak toegewezen, 1 niet")
    expect(told.get_by_role("listitem")).to_have_text(f"{gone}: is er niet meer, of niet meer bij uw gemeente.")
    expect(told.get_by_role("link")).to_have_count(0)
    assert site.case(stays).behandelaar == "anna" and fits_the_width(page)

    tick(page, site, stays, later)
    leave(site, later)
    page.get_by_role("button", name="Plan huisbezoek", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"{later}: is er niet meer")
    expect(page.locator(".bezoekadres")).to_have_count(1)
    assert fits_the_width(page)

    one, other = numbers[3], numbers[4]
    tick(page, site, one, other)
    page.get_by_role("button", name="Plan huisbezoek", exact=True).click()
    expect(page.locator(".bezoekadres")).to_have_count(2)
    leave(site, other)
    fill_in(page, site.days(12), "18:00", "17:00")
    page.get_by_role("button", name="Plan de bezoeken").click()
    expect(page.get_by_role("alert")).to_contain_text("Het tijdvak eindigt voor het begint.")
    page.get_by_label("Tot").fill("20:00")
    page.get_by_role("button", name="Plan de bezoeken").click()
    expect(page.get_by_role("status")).to_contain_text("Huisbezoek gepland bij 1 zaak")
    assert visits_on(site, site.days(12), "18:00") == 1

    tick(page, site, stays, one)
    leave(site, one)
    page.get_by_role("button", name="Post brieven").click()
    expect(page.get_by_role("status")).to_contain_text(f"{one}: is er niet meer")
    assert letters_waiting(site, stays) == 1
    page.goto(f"{site.url}/post")
    page.get_by_role("row", name=re.compile(stays)).get_by_role("button", name="Haal weg").click()

    tick(page, site, stays)
    leave(site, stays)
    page.get_by_role("button", name="Plan huisbezoek", exact=True).click()
    expect(page.get_by_role("status")).to_contain_text(f"{stays}: is er niet meer")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zaken")


def test_an_address_that_names_no_letter_is_not_about_all_of_them(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}/stappen/verstuur_aanschrijving")
    page.get_by_role("button", name="Zet klaar voor de post").click()
    assert page.request.get(f"{site.url}/post/pdf?brief=x").status == 404
    token = page.locator("input[name=csrf]").first.input_value()
    headers = {"Origin": site.url, "Sec-Fetch-Site": "same-origin"}
    page.request.post(f"{site.url}/post", form={"csrf": token, "brief": "alles"}, headers=headers)
    assert letters_waiting(site, number) == 1
    page.goto(f"{site.url}/post")
    page.get_by_role("row", name=re.compile(number)).get_by_role("button", name="Haal weg").click()


STANDING = """() => {
    const bar = document.querySelector(".blijft"), rows = [...document.querySelectorAll(".lijst tbody tr")];
    const [top, bottom] = [bar.getBoundingClientRect().top, bar.getBoundingClientRect().bottom];
    const last = rows.at(-1).getBoundingClientRect().bottom;
    return {rows: rows.length, sticks: getComputedStyle(bar).position === "sticky", top, bottom, last,
            seen: top >= 0 && bottom <= innerHeight, part: (bottom - top) / innerHeight};
}"""
COVERED = """() => [...document.querySelectorAll(".lijst a, .lijst input")].filter(each => {
    each.focus();
    const box = each.getBoundingClientRect(), x = box.left + box.width / 2, y = box.top + box.height / 2;
    return !each.contains(document.elementFromPoint(x, y)) && !each.closest("label")?.contains(
        document.elementFromPoint(x, y));
}).map(each => each.textContent || each.value)"""


@pytest.mark.parametrize("naam", ["anna", "tess"])
@ON_BOTH
def test_the_buttons_stay_in_sight_and_hide_nothing(
    site: Site, sign_in: SignIn, screen: ViewportSize, naam: str
) -> None:
    page = sign_in(naam)
    page.goto(f"{site.url}/zaken?lijst=alle")
    if screen == TELEPHONE:
        assert not page.evaluate(STANDING)["sticks"]  # before there is anything to do it would only take room
    page.locator(".vink input").first.check()
    begin = page.evaluate(STANDING)
    assert begin["rows"] == 50 and begin["sticks"] and begin["seen"] and begin["part"] < 0.34, begin
    assert page.evaluate(COVERED) == []
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    end = page.evaluate(STANDING)
    assert end["seen"] and end["last"] <= end["top"], end
    assert fits_the_width(page)
    page.emulate_media(media="print")
    expect(page.locator(".blijft")).to_be_hidden()


@pytest.mark.parametrize("size", [(320, 256), (844, 390), (1280, 480)], ids=["400 percent", "lying", "low"])
def test_on_a_low_screen_the_buttons_stand_below_the_list(site: Site, sign_in: SignIn, size: tuple[int, int]) -> None:
    page = sign_in("anna", *size)
    page.goto(f"{site.url}/zaken?lijst=alle")
    page.locator(".vink input").first.check()
    assert not page.evaluate(STANDING)["sticks"]


@pytest.mark.parametrize(
    ("naam", "buttons"),
    [
        ("anna", {"Wijs de aangevinkte zaken aan uzelf toe", "Plan huisbezoek", "Post brieven"}),
        ("tess", {"Wijs toe", "Plan huisbezoek", "Post brieven"}),
        ("bram", {"Plan huisbezoek"}),
        ("carla", {"Post brieven"}),
    ],
)
def test_a_role_sees_the_buttons_of_what_it_may(site: Site, sign_in: SignIn, naam: str, buttons: set[str]) -> None:
    page = sign_in(naam)
    page.goto(f"{site.url}/zaken?lijst=alle")
    form = page.locator("#aangevinkt")
    assert set(form.get_by_role("button").all_inner_texts()) == buttons
    form.get_by_role("button").last.click()
    expect(page.get_by_role("alert")).to_contain_text("Vink eerst aan welke zaken u wilt")


@pytest.mark.parametrize(
    ("naam", "path", "title", "link"),
    [
        ("anna", "/zaken?lijst=mijn", "U hebt geen lopende zaken.", "hoe u een zaak behandelt"),
        ("anna", "/zaken?lijst=vrij", "Uw gemeente heeft geen lopende zaken.", "hoe u een zaak behandelt"),
        ("anna", "/zaken?lijst=mijn&fase=besluit", "Geen zaken met deze keuzes.", "hoe u een zaak behandelt"),
        ("tess", "/zaken?lijst=alle", "Uw gemeente heeft geen lopende zaken.", "Leveringen"),
        ("tess", "/zaken?lijst=mijn", "U behandelt zelf geen zaken.", "Leveringen"),
    ],
)
def test_an_empty_list_says_what_to_do_and_leads_to_no_other_empty_list(
    empty: World, naam: str, path: str, title: str, link: str
) -> None:
    page, status = empty.go(naam, path)
    assert status == 200
    expect(page.locator(".leeg")).to_contain_text(title)
    expect(page.locator(".leeg").get_by_role("link")).to_have_count(1)
    page.locator(".leeg").get_by_role("link", name=link).click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()


def test_an_empty_list_beside_others_leads_to_those(site: Site, sign_in: SignIn) -> None:
    site.new_case(days_ago=5)
    page = sign_in("carla")
    page.goto(f"{site.url}/zaken?lijst=mijn")
    expect(page.locator(".leeg")).to_contain_text("U behandelt zelf geen zaken.")
    page.get_by_role("link", name="alle zaken van uw gemeente").click()
    expect(page.locator("tbody .nummer").first).to_be_visible()
