"""The list to type over in WALAA, with buttons that copy."""

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import ON_BOTH, SignIn, Site

pytestmark = pytest.mark.browser


def answered(site: Site) -> str:
    """A case whose first answer still has to be entered."""
    number = site.new_case(days_ago=20)
    site.take(number, "anna", "wijs_toe")
    site.take(number, "anna", "start_vooronderzoek")
    site.take(number, "anna", "start_onderzoek", reden="Woont hier waarschijnlijk.")
    return number


@ON_BOTH
def test_an_answer_is_copied_with_one_press_and_that_is_told_aloud(site: Site, sign_in: SignIn) -> None:
    number = answered(site)
    anna = sign_in("anna")
    anna.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=site.url)
    anna.goto(f"{site.url}/walaa")
    mine = anna.locator(".walaa > li", has_text=number)
    button = mine.get_by_role("button", name=f"Kopieer het antwoord van {number}")
    button.focus()
    anna.keyboard.press("Enter")
    expect(anna.locator("#kopieerstatus")).to_have_text(f"{number}: Gekopieerd. Plak de tekst in WALAA.")
    expect(mine.locator(".gekopieerd")).to_be_visible()
    copied = anna.evaluate("navigator.clipboard.readText()")
    assert copied == mine.locator(".overtypen").inner_text()
    assert copied.startswith("Onderzoek in de BRP op ") and copied.endswith(f"{number}.")


def test_a_browser_that_refuses_gets_the_text_selected(site: Site, sign_in: SignIn) -> None:
    number = answered(site)
    anna = sign_in("anna")
    anna.add_init_script("navigator.clipboard.writeText = () => Promise.reject(new Error('no'))")
    anna.goto(f"{site.url}/walaa")
    mine = anna.locator(".walaa > li", has_text=number)
    mine.get_by_role("button", name=f"Kopieer het antwoord van {number}").click()
    expect(anna.locator("#kopieerstatus")).to_contain_text("druk op Ctrl en C")
    assert anna.evaluate("String(getSelection())") == mine.locator(".overtypen").inner_text()


def test_without_script_there_is_the_text_and_no_button_that_does_nothing(site: Site, sign_in: SignIn) -> None:
    number = answered(site)
    anna = sign_in("anna")
    anna.route("**/static/copy.js*", lambda route: route.abort())
    anna.goto(f"{site.url}/walaa")
    mine = anna.locator(".walaa > li", has_text=number)
    expect(mine.locator(".overtypen")).to_be_visible()
    expect(mine.get_by_role("button", name="Kopieer")).to_have_count(0)
    expect(mine.get_by_role("button", name="Bevestig")).to_be_visible()
