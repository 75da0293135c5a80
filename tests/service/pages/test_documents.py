"""Documents on the pages: added with a file, shown where a browser can, downloaded, and kept from others."""

import io
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Page, Playwright
from pypdf import PdfReader

from tests import evidence
from workflow.phases import Phase

from .conftest import FLAGS, SignIn, Site

pytestmark = pytest.mark.browser
Files = dict[str, str | bytes]


@pytest.fixture
def case(site: Site) -> str:
    return site.new_case(days_ago=20, phase=Phase.ONTVANGEN)


def file(name: str, content: bytes) -> Files:
    return {"name": name, "mimeType": "application/octet-stream", "buffer": content}


@pytest.fixture
def add(site: Site, sign_in: SignIn, case: str) -> Callable[..., Page]:
    page = sign_in("anna")

    def send(name: str, content: bytes, words: str = "Huurovereenkomst") -> Page:
        page.goto(f"{site.url}/zaken/{case}/dossier/documenten")
        page.get_by_label("Bestand").set_input_files(file(name, content))
        page.get_by_label("Omschrijving").fill(words)
        page.get_by_role("radio", name="Bewijs").check()
        page.get_by_label("Datum").fill(site.days(-1))
        page.get_by_role("button", name="Vastleggen").click()
        page.wait_for_load_state()
        return page

    return send


def test_an_image_is_added_seen_on_its_page_and_downloaded(site: Site, case: str, add: Callable[..., Page]) -> None:
    page = add("voordeur.png", evidence.PNG, "De voordeur")
    assert "Vastgelegd in het dossier" in page.inner_text("main")
    assert "voordeur.png" in page.inner_text("main") and "afbeelding (PNG), 1 kB" in page.inner_text("main")
    page.get_by_role("link", name="Bekijk voordeur.png").click()
    image = page.get_by_role("img", name="De voordeur")
    assert image.evaluate("image => image.decode().then(() => image.naturalWidth)") == 4
    with page.expect_download() as download:
        page.get_by_role("link", name="Download dit document").click()
    assert download.value.suggested_filename == "voordeur.png"
    assert download.value.path().read_bytes() == evidence.PNG


def test_a_pdf_is_shown_in_its_page(
    site: Site, case: str, add: Callable[..., Page], playwright: Playwright, engine_path: Callable[..., str]
) -> None:
    """In the Chromium that people have: the one without windows has nothing to show a PDF with."""
    added = add("huur.pdf", evidence.PDF)
    with playwright.chromium.launch(executable_path=engine_path("chromium"), args=FLAGS) as whole:
        page = whole.new_context(storage_state=added.context.storage_state()).new_page()
        page.goto(added.url)
        assert_shown(page)


def assert_shown(page: Page) -> None:
    with page.expect_response("**/weergave") as shown:
        page.get_by_role("link", name="Bekijk huur.pdf").click()
    answer = shown.value
    assert answer.status == 200 and answer.headers["content-disposition"].startswith("inline")
    assert answer.headers["x-frame-options"] == "SAMEORIGIN"
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    page.wait_for_timeout(500)
    assert any(frame.url.endswith("/weergave") for frame in page.frames)


def test_only_a_pdf_is_shown_by_itself(site: Site, case: str, add: Callable[..., Page]) -> None:
    page = add("brief.txt", evidence.TEXT)
    page.get_by_role("link", name="Bekijk brief.txt").click()
    assert "wordt hier niet getoond" in page.inner_text("main")
    assert page.request.get(f"{page.url}/weergave").status == 404
    answer = page.request.get(f"{page.url}/inhoud")
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert answer.headers["content-disposition"].startswith("attachment")


def test_a_refused_file_leaves_what_was_typed(site: Site, case: str, add: Callable[..., Page]) -> None:
    page = add("pagina.pdf", evidence.HTML)
    assert page.get_by_role("alert").get_by_role("link").inner_text().startswith("Dit is HTML")
    assert page.get_by_label("Omschrijving").input_value() == "Huurovereenkomst"
    page.get_by_label("Bestand").set_input_files(file("huur.pdf", evidence.PDF))
    page.get_by_role("button", name="Vastleggen").click()
    assert "huur.pdf" in page.inner_text("main")


def test_too_large_a_file_is_refused_in_a_sentence(site: Site, case: str, sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{case}/dossier/documenten")
    path = tmp_path / "lang.txt"
    path.write_bytes(b"regel\n" * 3_400_000)
    page.get_by_label("Bestand").set_input_files(path)
    page.get_by_role("button", name="Vastleggen").click()
    page.wait_for_url("**/dossier/documenten")
    assert "20 MB" in page.inner_text("main")


def test_a_document_without_a_file_is_a_reference(site: Site, case: str, sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/zaken/{case}/dossier/documenten")
    page.get_by_label("Omschrijving").fill("Akte")
    page.get_by_role("radio", name="Bewijs").check()
    page.get_by_label("Datum").fill(site.days(-1))
    page.get_by_label("Waar het ligt").fill("DMS 4711")
    page.get_by_role("button", name="Vastleggen").click()
    assert "DMS 4711" in page.inner_text("main") and page.get_by_role("link", name="Download").count() == 0


def test_another_municipality_finds_no_document(
    site: Site, case: str, add: Callable[..., Page], sign_in: SignIn
) -> None:
    page = add("huur.pdf", evidence.PDF)
    page.get_by_role("link", name="Bekijk huur.pdf").click()
    path = page.url
    other = sign_in("dirk")
    for tail in ("", "/inhoud", "/weergave"):
        assert other.request.get(f"{path}{tail}").status == 404
    assert PdfReader(io.BytesIO(page.request.get(f"{path}/inhoud").body())).pages
