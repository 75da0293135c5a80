"""A case walked by hand, by people in different roles, from sign-in to the register."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.service.pages.conftest import ON_BOTH, SignIn, Site, menu
from workflow.phases import Phase

pytestmark = pytest.mark.browser


def open_case(page: Page, number: str) -> None:
    """Find a case with the search box."""
    menu(page, "Zaken")
    page.get_by_label("Zoek een zaak").fill(number)
    page.get_by_role("button", name="Zoek", exact=True).click()
    expect(page).to_have_url(re.compile(f"/zaken/{number}$"))


def take(page: Page, label: str, **filled: str) -> None:
    """Choose a step, fill its fields by their names, send it, and see that it was taken."""
    page.get_by_role("link", name=label, exact=True).click()
    fill(page, **filled)
    page.get_by_role("button", name=label, exact=True).click()
    expect(page.get_by_role("status")).to_have_text(f"Gedaan: {label}.")


def add(page: Page, word: str, **filled: str) -> None:
    """Add a dossier entry."""
    page.locator(f"a[href$='/dossier/{word}']").click()
    fill(page, **filled)
    page.get_by_role("button", name="Vastleggen").click()
    expect(page.get_by_role("status")).to_have_text("Vastgelegd in het dossier.")


def fill(page: Page, **filled: str) -> None:
    for naam, value in filled.items():
        radio = page.locator(f"input[type=radio][name={naam}][value='{value}']")
        if radio.count():
            radio.check()
        elif page.locator(f"select[name={naam}]").count():
            page.select_option(f"select[name={naam}]", value)
        else:
            page.fill(f"[name={naam}]", value)


@ON_BOTH
def test_people_in_four_roles_walk_a_case_into_the_register(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=60)

    tess = sign_in("tess")
    open_case(tess, number)
    take(tess, "Wijs toe", behandelaar="anna", toelichting="Graag deze week.")

    anna = sign_in("anna")
    expect(anna.get_by_role("heading", level=1)).to_have_text("Dag Anna de Vries")
    open_case(anna, number)
    take(anna, "Start het vooronderzoek")
    add(anna, "bronnen", soort="bag", bevinding="Woonfunctie, een adres.")
    add(anna, "bronnen", soort="werkgever", bevinding="Werkt er sinds vorig jaar.", gevorderd="ja")
    take(anna, "Verstuur de aanschrijving", verzenddatum=site.days(-40))

    bram = sign_in("bram")
    open_case(bram, number)
    take(bram, "Ga op huisbezoek")
    add(
        bram,
        "huisbezoeken",
        begin=f"{site.days(-10)}T18:30",
        einde=f"{site.days(-10)}T18:50",
        bezoekers="pas 112, pas 87",
        opengedaan="ja",
        gelegitimeerd="ja",
        doelGemeld="ja",
        toestemming="gegeven",
        binnengetreden="ja",
        aangetroffen="ja",
        bevindingen="Eigen kamer, eigen post.",
    )

    open_case(anna, number)
    take(
        anna,
        "Verstuur het voornemen",
        identiteit="Paspoort gezien bij het huisbezoek.",
        datumIdentiteit=site.days(-10),
        rechtmatigVerblijf="Ja, EU-burger.",
        verblijfscriterium="Vast werk en een huurcontract van een jaar.",
        adres="Huisbezoek en werkgever.",
        verzenddatum=site.days(-20),
    )
    expect(anna.locator(".eerst")).to_contain_text("staat nog niet in WALAA")
    expect(anna.locator(".termijnen")).to_contain_text("Zienswijze")

    carla = sign_in("carla")
    open_case(carla, number)
    take(carla, "Neem het besluit", motivering="De feiten staan vast.", soort="woonadres")

    open_case(anna, number)
    take(
        anna,
        "Verwerk in de BRP",
        identiteitVastgesteld="ja",
        bewonersGeinformeerd="ja",
        persoonslijstOpgevraagd="ja",
    )
    expect(anna.get_by_text("Resultaat: ambtshalve ingeschreven")).to_be_visible()
    history = anna.locator(".verloop > li")
    expect(history.first).to_contain_text("Verwerk in de BRP")
    expect(history.first).to_contain_text("Anna de Vries, behandelaar")
    expect(history.locator("strong").last).to_have_text("Signaal ontvangen")

    menu(anna, "WALAA")
    mine = anna.locator(".walaa > li", has_text=number)
    expect(mine).to_have_count(2)
    mine.filter(has_text="Afgerond met BRP-mutatie").get_by_role("button", name="Bevestig").click()
    expect(anna.get_by_role("status")).to_contain_text("Vastgelegd")
    assert site.case(number).fase == Phase.AFGESLOTEN


def test_one_step_with_the_keyboard_alone(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Naar de inhoud")).to_be_focused()
    page.keyboard.press("Enter")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent.trim()") == "Wijs toe":
            break
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("Enter")
    page.wait_for_url("**/stappen/wijs_toe")
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.name") == "toelichting":
            break
    page.keyboard.type("Ik pak deze op.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Gedaan: Wijs toe.")
    assert site.case(number).behandelaar == "anna"


def test_a_double_click_does_it_once(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}/stappen/wijs_toe")
    page.get_by_role("button", name="Wijs toe").dblclick()
    expect(page.get_by_role("status")).to_have_text("Gedaan: Wijs toe.")
    expect(page.locator(".verloop strong", has_text="Wijs toe")).to_have_count(1)

    page.goto(f"{site.url}/zaken/{number}/dossier/bronnen")
    fill(page, soort="bag", bevinding="Woonfunctie.")
    page.get_by_role("button", name="Vastleggen").dblclick()
    expect(page.get_by_role("status")).to_have_text("Vastgelegd in het dossier.")
    expect(page.locator(".stukken dd", has_text="Woonfunctie.")).to_have_count(1)


def test_the_back_button_does_nothing_twice(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}/stappen/wijs_toe")
    page.get_by_role("button", name="Wijs toe").click()
    # The browser refuses to go back while it swaps the page, so the answer must stand first.
    expect(page).to_have_url(re.compile(rf"/zaken/{number}(\?|$)"))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Kowalska")
    page.go_back()
    expect(page.get_by_role("button", name="Wijs toe")).to_be_visible()
    page.go_forward()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Kowalska")
    assert site.case(number).versie == 2


def test_who_comes_second_is_told_what_changed_and_keeps_the_text(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("noor")
    page.goto(f"{site.url}/zaken/{number}/stappen/houd_aan")
    page.get_by_label("Reden").fill("Wacht op een antwoord van de verhuurder.")
    site.take(number, "anna", "start_vooronderzoek")

    page.get_by_role("button", name="Houd aan").click()
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("De zaak is intussen veranderd")
    expect(alert).to_contain_text("Start het vooronderzoek, door Anna de Vries")
    expect(page.get_by_label("Reden")).to_have_value("Wacht op een antwoord van de verhuurder.")
    assert site.case(number).aangehouden_sinds is None

    page.get_by_role("button", name="Houd aan").click()
    expect(page.get_by_text("Aangehouden sinds")).to_be_visible()


def test_a_step_that_no_longer_fits_shows_why_and_the_text(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("noor")
    page.goto(f"{site.url}/zaken/{number}/stappen/start_vooronderzoek")
    page.get_by_label("Toelichting").fill("Ik begin er nu aan.")
    site.take(number, "anna", "start_vooronderzoek")
    page.get_by_role("button", name="Start het vooronderzoek").click()
    expect(page.get_by_text("past niet bij de fase vooronderzoek")).to_be_visible()
    expect(page.get_by_label("Toelichting")).to_have_value("Ik begin er nu aan.")
    expect(page.get_by_role("button", name="Start het vooronderzoek")).to_have_count(0)


def test_an_error_stands_at_the_field_and_on_top_and_keeps_what_was_typed(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}/stappen/niet_oppakken")
    fill(page, reden="anders")
    page.get_by_role("button", name="Niet oppakken").click()
    summary = page.get_by_role("alert")
    expect(summary).to_contain_text("Kies een reden, of licht 'anders' toe.")
    expect(summary).to_be_focused()
    expect(page.locator("input[name=reden][value=anders]")).to_be_checked()
    field = page.get_by_label("Toelichting")
    expect(field).to_have_attribute("aria-invalid", "true")
    assert page.title().startswith("Fout: ")
    summary.get_by_role("link").click()
    expect(field).to_be_focused()

    page.goto(f"{site.url}/zaken/{number}/dossier/huisbezoeken")
    fill(page, begin=f"{site.days(-1)}T10:00", bezoekers="pas 87", bevindingen="Niemand thuis.", toestemming="gegeven")
    page.get_by_role("button", name="Vastleggen").click()
    expect(page.get_by_role("alert")).to_contain_text("Vul in: Einde.")
    expect(page.get_by_label("Begin")).to_have_value(f"{site.days(-1)}T10:00")
    expect(page.get_by_label("Bevindingen")).to_have_value("Niemand thuis.")


def test_a_date_typed_the_dutch_way_is_understood_and_a_wrong_one_stays(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{number}/stappen/stel_vast_overleden")
    # A browser without a date field sends what was typed.
    page.eval_on_selector("[name=datum]", "field => field.type = 'text'")
    fill(page, bron="overlijdensakte", datum="31-02-2026")
    page.get_by_role("button", name="Stel vast: overleden").click()
    expect(page.get_by_role("alert")).to_contain_text("deze datum bestaat niet")
    expect(page.locator("[name=datum]")).to_have_value("31-02-2026")
    day = site.today.replace(day=1)
    fill(page, datum=f"{day:%d-%m-%Y}")
    page.get_by_role("button", name="Stel vast: overleden").click()
    expect(page.get_by_text("Resultaat: overleden")).to_be_visible()


def test_a_callback_and_a_task_are_ticked_off(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    site.add(number, "anna", "terugbelverzoeken", telefoonnummer="0612345678")
    site.take(number, "anna", "start_vooronderzoek")
    site.take(number, "anna", "start_onderzoek", reden="twijfel")
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken?lijst=mijn&terugbelverzoek=ja")
    expect(page.locator("tr", has_text=number)).to_contain_text("terugbellen")
    page.get_by_role("link", name=number, exact=True).click()
    page.get_by_role("button", name="Teruggebeld").click()
    expect(page.get_by_role("status")).to_have_text("Het terugbelverzoek is afgehandeld.")
    page.get_by_role("button", name="Gezien").click()
    expect(page.get_by_role("status")).to_have_text("De taak is afgehandeld.")
    expect(page.get_by_role("heading", name="Kijk hiernaar")).to_have_count(0)
