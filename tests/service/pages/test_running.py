"""What a beheerder finds when somebody says that it is slow."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.databases import Databases
from tests.service.pages import busy_service
from tests.service.pages.conftest import ON_BOTH, SignIn, Site, enter_as, fits_the_width, served, site_in

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def quiet(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service on its first minute, without a clock."""
    with site_in(tmp_path_factory.mktemp("stil"), databases, empty=True) as made:
        yield made


def text(page: Page) -> str:
    return re.sub(r"\s+", " ", page.locator("main").inner_text())


def test_on_the_first_day_it_says_that_the_clock_must_be_started(quiet: Site, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(quiet.url)
    enter_as(page, quiet, "bea")
    page.get_by_role("link", name="Gang van zaken").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Gang van zaken")
    light = page.locator(".melding").filter(has_text="Ernstig: De klok heeft hier nog nooit gelopen.")
    expect(light).to_contain_text("Start op de server rni clock")
    told = text(page)
    assert "Er is nog niets geteld." in told or "Hoe snel het gaat" in told
    assert "nog niet geteld; de klok doet dat elk uur" in told
    page.close()


@ON_BOTH
def test_a_beheerder_finds_what_is_slow_what_failed_and_what_to_do(site: Site, sign_in: SignIn) -> None:
    busy_service.furnish(site)
    bea = sign_in("bea")
    menu = bea.get_by_role("navigation", name="Hoofdmenu")
    if menu.locator("summary").is_visible():
        menu.locator("summary").click()
    bea.get_by_role("link", name="Gang van zaken").click()
    expect(bea.get_by_role("heading", level=1)).to_have_text("Gang van zaken")
    told = text(bea)
    for light in (
        "bij ons mis. Kijk onder Fouten welke", "Het afgelopen uur duurde een op de twintig antwoorden langer dan",
        "De taak herindelingen verteld van de klok mislukte (OperationalError).",
    ):  # fmt: skip
        assert light in told
    for part in ("lijsten", "formulieren en stappen", "cijfers en sessies", "API", "GET /cijfers", "GET /zaken"):
        assert part in told
    for part in (busy_service.TRACE, busy_service.SLOW, "Schema van de database", "1 klok"):
        assert part in told
    assert re.search(r"Processen 1 klok, [23] web", told)  # this one itself too, when it is a minute old
    lists = bea.locator("h2#traagst + table tbody tr", has=bea.get_by_text("GET /zaken", exact=True))
    expect(lists).to_contain_text("9 per keer")
    assert fits_the_width(bea)
    day = told.count(" antwoorden, 95% binnen")
    bea.get_by_role("link", name="Laatste 7 dagen").click()
    expect(bea.get_by_role("link", name="Laatste 7 dagen")).to_have_attribute("aria-current", "true")
    assert text(bea).count(" antwoorden, 95% binnen") > day
    assert fits_the_width(bea)


def test_it_is_for_the_beheerder_alone(site: Site, sign_in: SignIn) -> None:
    anna = sign_in("anna")
    expect(anna.get_by_role("link", name="Gang van zaken")).to_have_count(0)
    answer = anna.goto(f"{site.url}/gang-van-zaken")
    assert answer is not None and answer.status == 403
    expect(anna.locator("main")).to_contain_text("beheerder")


def test_what_the_service_counted_itself_is_on_the_page(databases: Databases, tmp_path: Path, browser: Browser) -> None:
    """Without any row put there by a test: a service that is stopped keeps its last minute."""
    with site_in(tmp_path, databases, empty=True) as made:
        page = browser.new_page()
        page.goto(made.url)
        enter_as(page, made, "bea")
        for _ in range(3):
            page.goto(f"{made.url}/begrippen")
        state = page.context.storage_state()
        settings = made.settings
        page.close()
    with served(settings, tmp_path / "opnieuw.log"):
        context = browser.new_context(storage_state=state)
        page = context.new_page()
        page.goto(f"{settings.base_url}/gang-van-zaken")
        row = page.locator("h2#traagst + table tbody tr").filter(has_text="GET /begrippen")
        expect(row).to_contain_text("3")
        expect(page.locator("main")).to_contain_text("POST /inloggen")
        context.close()
