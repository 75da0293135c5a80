"""Letters on the pages: looked at before they go, opened after they went, and who is named in them."""

import io
import re

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from tests.service.pages.conftest import ON_BOTH, SignIn, Site, menu
from workflow.models import Letter
from workflow.phases import Phase

pytestmark = pytest.mark.browser


def pdf_text(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


def letters_of(site: Site, number: str) -> list[int]:
    with session_scope(site.engine, Access.system(), write=False) as session:
        mine = select(Letter.nummer).where(Letter.zaak_id == site.case(number).id).order_by(col(Letter.id))
        return list(session.exec(mine))


SENT_AGAIN = """async button => {
    const body = new URLSearchParams(new FormData(button.form));
    const answer = await fetch(button.formAction, {method: 'POST', body});
    return Array.from(new Uint8Array(await answer.arrayBuffer()));
}"""


def preview(page: Page) -> bytes:
    """What the button opens in a page of its own; its bytes are asked for once more, as the page cannot give them."""
    button = page.get_by_role("button", name="Bekijk de brief")
    with page.context.expect_page() as opened, page.context.expect_event("response", is_pdf):
        button.click()
    opened.value.close()
    return bytes(button.evaluate(SENT_AGAIN))


def is_pdf(answer: object) -> bool:
    return "application/pdf" in getattr(answer, "headers", {}).get("content-type", "")


def test_a_letter_is_looked_at_sent_and_opened(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK)
    anna = sign_in("anna")
    anna.goto(f"{site.url}/zaken/{number}/stappen/verstuur_aanschrijving")
    anna.select_option("select[name=taal]", label="Pools")
    seen = pdf_text(preview(anna))
    assert "VOORBEELD" in seen
    assert "Czy mieszkają Państwo" in seen
    assert "Anna de Vries" in seen and "010 555 01 01" in seen
    assert letters_of(site, number) == []
    assert site.case(number).fase == Phase.VOORONDERZOEK

    anna.get_by_role("button", name="Verstuur de aanschrijving", exact=True).click()
    expect(anna.get_by_role("status")).to_have_text("Gedaan: Verstuur de aanschrijving.")
    link = anna.get_by_role("link", name=re.compile(r"1\. Aanschrijving \(PDF\)"))
    answer = anna.request.get(f"{site.url}{link.get_attribute('href')}")
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert "VOORBEELD" not in pdf_text(answer.body())
    with session_scope(site.engine, Access.system(), write=False) as session:
        logged = session.exec(select(AuditEntry.actie).where(col(AuditEntry.object).startswith(number))).all()
    assert {"voorbeeld_bekeken", "brief_geopend"} <= set(logged)


def test_one_looks_at_a_letter_before_one_sends_it_and_enter_sends_nothing(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK)
    anna = sign_in("anna", 390, 844)
    anna.goto(f"{site.url}/zaken/{number}/stappen/verstuur_aanschrijving")
    buttons = anna.locator("form.blad").get_by_role("button")
    expect(buttons).to_have_text(["Bekijk de brief", "Verstuur de aanschrijving", "Zet klaar voor de post"])
    tops = [box["y"] for each in buttons.all() if (box := each.bounding_box())]
    assert tops == sorted(tops) and len(tops) == 3
    anna.get_by_label("Verzenddatum").focus()
    with anna.context.expect_page() as opened, anna.context.expect_event("response", is_pdf):
        anna.keyboard.press("Enter")
    opened.value.close()
    assert letters_of(site, number) == [] and site.case(number).fase == Phase.VOORONDERZOEK


def test_what_is_wrong_is_told_on_the_form_that_still_sends_the_step(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=60, phase=Phase.INLICHTINGEN)
    anna = sign_in("anna")
    anna.goto(f"{site.url}/zaken/{number}/stappen/verstuur_voornemen")
    anna.fill("[name=identiteit]", "Paspoort gezien.")
    anna.evaluate("document.querySelectorAll('[formtarget]').forEach(each => each.removeAttribute('formtarget'))")
    anna.get_by_role("button", name="Bekijk de brief").click()
    expect(anna.get_by_role("alert")).to_contain_text("Vul in: Op welke feiten rust het adres.")
    expect(anna.locator("[name=identiteit]")).to_have_value("Paspoort gezien.")
    form = anna.locator("form.blad")
    assert form.get_attribute("action") == f"/zaken/{number}/stappen/verstuur_voornemen"


def test_a_step_without_a_letter_has_nothing_to_look_at(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK)
    anna = sign_in("anna")
    for stap in ("houd_aan", "sluit_zonder_mutatie"):
        anna.goto(f"{site.url}/zaken/{number}/stappen/{stap}")
        expect(anna.get_by_role("button", name="Bekijk de brief")).to_have_count(0)


def test_another_municipality_cannot_open_or_preview_a_letter(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.AANSCHRIJVING)
    dirk = sign_in("dirk")
    assert dirk.request.get(f"{site.url}/zaken/{number}/brieven/1").status == 404


def test_the_beheerder_says_how_somebody_stands_in_letters(site: Site, sign_in: SignIn) -> None:
    bea = sign_in("bea")
    menu(bea, "Gebruikers")
    bea.get_by_role("link", name="Wijzig dirk").click()
    bea.fill("[name=emailadres]", "geen adres")
    bea.get_by_role("button", name="Wijzig de gegevens").click()
    expect(bea.get_by_role("alert")).to_contain_text("Schrijf een e-mailadres als naam@gemeente.nl.")
    bea.fill("[name=emailadres]", "d.peters@venlo.example")
    bea.fill("[name=telefoonnummer]", "14 077")
    bea.get_by_role("button", name="Wijzig de gegevens").click()
    expect(bea.get_by_role("status")).to_have_text("De gebruiker is gewijzigd.")
    expect(bea.get_by_role("row", name=re.compile("Dirk Peters"))).to_contain_text("14 077")
    anna = sign_in("anna")
    assert anna.request.get(f"{site.url}/gebruikers/1").status == 403


@ON_BOTH
def test_the_post_of_the_day_goes_with_one_button_and_tells_of_each_letter(site: Site, sign_in: SignIn) -> None:
    goes, moved = (site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK) for _ in range(2))
    anna = sign_in("anna")
    for number in (goes, moved):
        anna.goto(f"{site.url}/zaken/{number}/stappen/verstuur_aanschrijving")
        anna.get_by_role("button", name="Zet klaar voor de post").click()
        expect(anna.get_by_role("status")).to_have_text("De brief ligt klaar voor de post.")
        assert letters_of(site, number) == []
    site.take(moved, "anna", "houd_aan", reden="Wacht op de IND.")

    menu(anna, "Post")
    expect(anna.get_by_role("row", name=re.compile(moved))).to_contain_text("De zaak is intussen veranderd")
    printed = anna.request.get(f"{site.url}/post/pdf")
    assert printed.headers["content-type"] == "application/pdf"
    told = pdf_text(printed.body())
    assert told.startswith("Postlijst van") and f"{goes}/1" in told and moved not in told

    anna.get_by_role("button", name="Verstuur de post van vandaag").click()
    result = anna.get_by_role("status")
    expect(result).to_contain_text(f"{goes}, Verstuur de aanschrijving: Verstuurd.")
    expect(result).to_contain_text("niet verstuurd. De zaak is intussen veranderd; maak de brief opnieuw op.")
    assert (letters_of(site, goes), letters_of(site, moved)) == ([1], [])
    assert site.case(goes).fase == Phase.AANSCHRIJVING

    anna.get_by_role("row", name=re.compile(moved)).get_by_role("button", name="Haal weg").click()
    expect(anna.get_by_role("status")).to_have_text("De brief is weggehaald uit de post.")
    expect(anna.get_by_role("row", name=re.compile(moved))).to_have_count(0)


def test_another_municipality_does_not_see_the_post(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.VOORONDERZOEK)
    anna = sign_in("anna")
    anna.goto(f"{site.url}/zaken/{number}/stappen/verstuur_aanschrijving")
    anna.get_by_role("button", name="Zet klaar voor de post").click()
    dirk = sign_in("dirk")
    dirk.goto(f"{site.url}/post")
    expect(dirk.get_by_text(number)).to_have_count(0)
    assert dirk.request.get(f"{site.url}/post/pdf").status == 404
    anna.get_by_role("row", name=re.compile(number)).get_by_role("button", name="Haal weg").click()
    assert sign_in("bea").request.get(f"{site.url}/post").status == 403
