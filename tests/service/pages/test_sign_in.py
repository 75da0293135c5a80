"""Signing in with a real browser: linking an app, and by the provider of the organisation and out again."""

import re
from base64 import b32decode
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from pytest_playwright.pytest_playwright import CreateContextCallback

from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.identity import accounts, second_factor
from service.settings import Settings
from tests.databases import Databases
from tests.postgres import as_owner
from tests.service.identity.provider import CLIENT, SUBSTANTIAL, new_key, providing
from tests.service.pages.conftest import MEASURE, TELEPHONE, Site, fits_the_width, served, watch
from tests.serving import free_port

pytestmark = pytest.mark.browser


@pytest.fixture
def page(new_context: CreateContextCallback) -> Iterator[Page]:
    """A browser that knows nothing yet, on a telephone; it tells what its policies stop."""
    context = new_context(viewport=TELEPHONE, has_touch=True)
    context.set_default_timeout(15_000)
    page, faults = context.new_page(), list[str]()
    watch(page, faults)
    page.add_init_script(MEASURE)
    yield page
    assert not faults


def test_a_newcomer_links_an_app_on_the_way_in(site: Site, page: Page) -> None:
    with session_scope(site.engine, Access.system()) as session:
        roles = accounts.role_given("behandelaar:0599")
        _, password = accounts.create_user(session, "nieuweling", roles, now=site.settings.now())
    page.goto(f"{site.url}/termijnen")
    page.get_by_label("Gebruikersnaam").fill("nieuweling")
    page.get_by_label("Wachtwoord").fill(password)
    page.get_by_role("button", name="Inloggen").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Koppel een app")
    picture = page.get_by_role("img", name="QR-code")
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 100
    assert fits_the_width(page)
    page.get_by_label("Code", exact=True).fill("000000")
    page.get_by_role("button", name="Koppel de app").click()
    expect(page.get_by_role("alert")).to_contain_text("Deze code klopt niet")
    secret = b32decode(page.locator("code").inner_text().replace(" ", ""))
    page.get_by_label("Code", exact=True).fill(second_factor.code_at(secret, datetime.now(UTC)))
    page.get_by_role("button", name="Koppel de app").click()
    expect(page).to_have_url(f"{site.url}/account")
    expect(page.locator("main")).to_contain_text("Dit wachtwoord kreeg u van de beheerder.")
    page.get_by_label("Huidig wachtwoord").fill(password)
    page.get_by_role("button", name="Geef mij een nieuw wachtwoord").click()
    assert fits_the_width(page)
    new = page.locator("code").inner_text()
    page.get_by_role("button", name="Ik heb het bewaard").dblclick()
    expect(page.get_by_role("status")).to_contain_text("Uw wachtwoord is vernieuwd")
    with session_scope(site.engine, Access.system(), write=False) as session:
        assert accounts.check_password(session, "nieuweling", new) is not None
        assert accounts.check_password(session, "nieuweling", password) is None


@pytest.fixture
def with_provider(databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a service with a real provider beside it."""
    address = f"http://127.0.0.1:{free_port()}"
    settings = Settings(database_url=databases.new(), data_dir=tmp_path / "data", base_url=address)
    upgrade(settings.database_url, as_owner(settings.database_url))
    with providing(new_key(tmp_path / "sleutel.pem"), tmp_path, address) as issuer:
        for name, value in {
            "ISSUER": issuer,
            "CLIENT_ID": CLIENT,
            "KEY_FILE": str(tmp_path / "sleutel.pem"),
            "ACR": SUBSTANTIAL,
            "SCOPE": "openid profile email rni",
            "ROLES": '{"rni-behandelaar": "behandelaar"}',
        }.items():
            monkeypatch.setenv(f"RNI_OIDC_{name}", value)
        with served(settings, tmp_path / "server.log"):
            yield address
    make_engine(settings.database_url).dispose()


def test_the_way_to_the_provider_and_out_again_is_one_that_a_browser_takes(with_provider: str, page: Page) -> None:
    page.goto(f"{with_provider}/termijnen")
    page.get_by_role("link", name="Log in via uw organisatie").click()
    page.get_by_label("Wie bent u?").fill("f0b7")
    page.get_by_role("button", name="Verder").click()
    expect(page).to_have_url(f"{with_provider}/termijnen")
    expect(page.locator("header")).to_contain_text("Anna de Vries")
    page.get_by_role("button", name="Uitloggen").click()
    page.get_by_role("button", name=re.compile("Yes")).click()
    expect(page).to_have_url(re.compile(f"^{with_provider}/inloggen"))
    page.get_by_role("link", name="Log in via uw organisatie").click()
    expect(page.get_by_label("Wie bent u?")).to_be_visible()
