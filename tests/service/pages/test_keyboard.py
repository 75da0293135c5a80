"""A handler works on a case with the keyboard alone: from signing in to a step that is refused, mended and taken."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests import authenticator
from tests.service.pages.conftest import SignIn, Site, password

pytestmark = pytest.mark.browser

FOCUS = """() => {
    const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
    return {
        name: (one.labels?.[0] ?? one).textContent.trim().replace(/\\s+/g, " "), field: one.name ?? "",
        drawn: style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
        seen: box.bottom > 0 && box.top < innerHeight && box.width > 0,
    };
}"""


def tab_to(page: Page, words: str = "", *, field: str = "", most: int = 120) -> None:
    """Press Tab until this has the focus; wherever it stands on the way, it can be seen."""
    for _ in range(most):
        page.keyboard.press("Tab")
        at = page.evaluate(FOCUS)
        assert at["drawn"] and at["seen"], f"the focus is lost at {at}"
        if at["field"] == field if field else re.match(words, at["name"]):
            return
    pytest.fail(f"with Tab one never comes at {words or field} on {page.url}")


def test_a_handler_works_without_a_mouse(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    site.take(number, "anna", "wijs_toe")
    page = sign_in("anna")
    page.context.clear_cookies()
    page.goto(f"{site.url}/zaken")
    tab_to(page, field="gebruikersnaam")
    page.keyboard.type("anna")
    tab_to(page, field="wachtwoord")
    page.keyboard.type(password("anna"))
    page.keyboard.press("Enter")
    expect(page.get_by_label("Code")).to_be_focused()
    page.keyboard.type(authenticator.code(site.engine, "anna"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zaken")

    tab_to(page, "Naar de inhoud", most=1)
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    tab_to(page, "Mijn zaken", most=1)
    page.reload()
    tab_to(page, field="zoek", most=15)  # it stands above every page
    page.keyboard.type(number)
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(f"/zaken/{number}$"))

    tab_to(page, "Niet oppakken")
    page.keyboard.press("Enter")
    page.wait_for_url("**/stappen/niet_oppakken")
    tab_to(page, field="reden")
    for _ in range(6):  # the last of the choices, by the arrows
        if page.evaluate("document.activeElement.value") == "anders" and page.evaluate(
            "document.activeElement.checked"
        ):
            break
        page.keyboard.press("ArrowDown")
    tab_to(page, "Niet oppakken")
    page.keyboard.press("Enter")
    summary = page.get_by_role("alert")
    expect(summary).to_be_focused()
    tab_to(page, "Kies een reden", most=1)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Toelichting")).to_be_focused()
    page.keyboard.type("Het huis is afgebrand.")
    tab_to(page, "Niet oppakken")
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Gedaan: Niet oppakken.")

    tab_to(page, "Zaken$")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Zaken")
    assert site.case(number).resultaat == "niet_opgepakt"
