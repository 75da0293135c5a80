"""The teamleider and the auditor see who had to do with a person; the beheerder takes the rights along."""

import pytest
from playwright.sync_api import expect

from tests.service.pages.conftest import SignIn, Site, fits_the_width, menu

pytestmark = pytest.mark.browser


def test_the_teamleider_sees_from_the_case_who_looked_at_the_person(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    anna = sign_in("anna")
    anna.goto(f"{site.url}/zaken/{number}")
    expect(anna.get_by_role("link", name="Wie keek naar deze persoon")).to_have_count(0)
    anna.get_by_role("link", name="Verstrekkingen van deze persoon").click()
    expect(anna.get_by_role("heading", level=1)).to_have_text("Verstrekkingen van deze persoon")

    tess = sign_in("tess", 360, 740)
    tess.goto(f"{site.url}/zaken/{number}")
    tess.get_by_role("link", name="Wie keek naar deze persoon").click()
    expect(tess.get_by_role("heading", level=1)).to_have_text("Wie keek naar deze persoon")
    line = tess.get_by_role("row").filter(has_text="zaak geopend").filter(has_text=number).filter(has_text="Anna")
    expect(line.first).to_be_visible()
    assert fits_the_width(tess)
    tess.get_by_role("link", name="Zaak Z-").click()
    expect(tess).to_have_url(f"{site.url}/zaken/{number}")

    aad = sign_in("aad")
    aad.goto(f"{site.url}/logboek?object={number}")
    expect(aad.get_by_role("row").filter(has_text="Anna de Vries").first).to_be_visible()
    aad.get_by_role("link", name=number).first.click()
    expect(aad.get_by_role("row").filter(has_text="Anna de Vries").first).to_be_visible()
    expect(aad.locator("main")).not_to_contain_text("Kowalska")


def test_the_rights_can_be_taken_along(site: Site, sign_in: SignIn) -> None:
    bea = sign_in("bea", 360, 740)
    menu(bea, "Rechten")
    expect(bea.get_by_role("heading", level=1)).to_have_text("Rechten")
    assert fits_the_width(bea)
    with bea.expect_download() as taken:
        bea.get_by_role("link", name="Haal het overzicht op (CSV)").click()
    assert taken.value.suggested_filename == f"rechten-{site.today.isoformat()}.csv"
    assert "anna;Anna de Vries;behandelaar;N;0599;Rotterdam" in taken.value.path().read_text(encoding="utf-8-sig")
