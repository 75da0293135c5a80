"""A whole dossier printed from the page of its case: who may, what comes, and what the log says."""

import io
import zipfile

import pytest
from playwright.sync_api import Download, Page
from pypdf import PdfReader
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from workflow.phases import Phase

from .conftest import SignIn, Site, fits_the_width

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def case(site: Site) -> str:
    made = site.new_case(days_ago=40, phase=Phase.INLICHTINGEN)
    site.add(made, "anna", "bronnen", soort="buren", bevinding="De buurvrouw ziet hem elke dag.")
    return made


def printed(page: Page, site: Site, case: str, words: str, form: str = "PDF") -> Download:
    page.goto(f"{site.url}/zaken/{case}")
    section = page.get_by_role("region", name="Dossier afdrukken")
    section.get_by_role("radio", name=words).check()
    section.get_by_role("radio", name=form).check()
    with page.expect_download() as download:
        section.get_by_role("button", name="Druk het dossier af").click()
    return download.value


def read(download: Download) -> str:
    pages = PdfReader(download.path()).pages
    return " ".join(" ".join(page.extract_text() for page in pages).split())


def test_a_handler_prints_for_a_bezwaar_and_for_the_person(site: Site, case: str, sign_in: SignIn) -> None:
    page = sign_in("anna")
    whole = printed(page, site, case, "bezwaar")
    assert whole.suggested_filename == f"dossier-{case}-bezwaar.pdf"
    told = read(whole)
    assert "elke dag" in told and "Gemeente Rotterdam" in told and "Verstuur de aanschrijving" in told
    own = read(printed(page, site, case, "inzage"))
    assert "elke dag" not in own and "bevindingen van bronnen bij of over anderen: 2" in own
    with session_scope(site.engine, Access.system(), write=False) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.object == case)).all()
    found = [(entry.actor, entry.actie, entry.gemeentecode) for entry in entries if "verstrekt" in entry.actie]
    assert found == [
        ("anna", "dossier_verstrekt_bezwaar_pdf", "0599"),
        ("anna", "dossier_verstrekt_inzage_pdf", "0599"),
    ]
    assert not list((site.settings.data_dir / "afdrukken").iterdir())


def test_a_zip_holds_the_pdf_and_the_list(site: Site, case: str, sign_in: SignIn) -> None:
    download = printed(sign_in("anna"), site, case, "overdracht", "ZIP")
    assert download.suggested_filename.endswith(".zip")
    with zipfile.ZipFile(io.BytesIO(download.path().read_bytes())) as archive:
        assert archive.namelist() == ["dossier.pdf", "stuk-001-brief-1-aanschrijving.pdf", "inhoud.csv"]


def test_who_visits_homes_prints_no_dossier_and_another_municipality_finds_none(
    site: Site, case: str, sign_in: SignIn
) -> None:
    page = sign_in("bram")
    page.goto(f"{site.url}/zaken/{case}")
    assert page.get_by_role("region", name="Dossier afdrukken").count() == 0
    token = page.locator("input[name=csrf]").first.input_value()
    asked = {"csrf": token, "doel": "bezwaar", "vorm": "pdf"}
    headers = {"Origin": site.url}
    assert page.request.post(f"{site.url}/zaken/{case}/afdruk", form=asked, headers=headers).status == 403
    other = sign_in("dirk")
    other.goto(f"{site.url}/zaken")
    asked["csrf"] = other.locator("input[name=csrf]").first.input_value()
    assert other.request.post(f"{site.url}/zaken/{case}/afdruk", form=asked, headers=headers).status == 404


def test_the_form_fits_a_telephone(site: Site, case: str, sign_in: SignIn) -> None:
    page = sign_in("anna", width=360, height=740)
    page.goto(f"{site.url}/zaken/{case}")
    assert fits_the_width(page)
