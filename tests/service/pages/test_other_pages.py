"""What the liaison, the coordinator, the teamleider, the beheerder and the auditor do on their pages."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from service import jobs
from tests.importers.deliveries import row, write_csv
from tests.service.pages.conftest import ON_BOTH, SAMPLE, TELEPHONE, SignIn, Site, fits_the_width, menu
from tests.serving import Installation, serving
from tests.sshd import Sshd
from workflow.phases import Phase

pytestmark = pytest.mark.browser

BEGINNINGS = {
    "anna": "Zaken zonder behandelaar",
    "tess": "Zaken zonder behandelaar",
    "carla": "Voornemens",
    "bram": "Zaken in de fase huisbezoek",
    "ulla": "Leveringen gecontroleerd en nog niet geladen",
    "coen": "de terugkoppelingen",
    "bea": "de gebruikers",
    "aad": "het logboek",
}
"""What each of them finds on the first page: what waits, or where to go when nothing does."""


def delivery(site: Site, folder: Path, number: str, **cells: str) -> Path:
    """A file of three rows, of which one is faulty twice."""
    day = f"{site.today - timedelta(days=30):%Y%m%d}"
    rows = [
        row(leveringsnummer=number, signaalnummer=f"{number}-{place}", datum_signaal=day, **each)
        for place, each in enumerate(
            [{"bsn": "999990019"}, {"bsn": "999990020"}, {"bsn": "123", "postcode": "0000AA"}], start=1
        )
    ]
    return write_csv(folder / f"{number}.csv", [each | cells for each in rows])


@pytest.mark.parametrize(("naam", "finds"), BEGINNINGS.items())
def test_everybody_begins_at_what_waits(site: Site, sign_in: SignIn, tmp_path: Path, naam: str, finds: str) -> None:
    if naam == "carla":
        site.new_case(days_ago=40, phase=Phase.VOORNEMEN)
    if naam == "ulla":
        page = sign_in("ulla")
        page.goto(f"{site.url}/leveringen")
        offer(page, delivery(site, tmp_path, "LRNI-2026-50"))
        expect(page.get_by_role("heading", name="Gecontroleerd, nog niet geladen")).to_be_visible()
    page = sign_in(naam, 390, 844)
    assert page.url == f"{site.url}/"
    assert page.locator("h1").count() == 1
    assert fits_the_width(page)
    link = page.get_by_role("main").get_by_role("link", name=finds, exact=True)
    address = link.get_attribute("href")
    link.click()
    expect(page).to_have_url(f"{site.url}{address}")
    assert page.locator("h1").inner_text() not in ("", "Geen toegang")


def offer(page: Page, path: Path, received: str = "") -> None:
    page.get_by_label("Bestand", exact=True).set_input_files(path)
    if received:
        page.get_by_label("Datum van ontvangst").fill(received)
    page.get_by_role("button", name="Controleer het bestand").click()


@ON_BOTH
def test_the_liaison_offers_checks_and_confirms_a_delivery(
    site: Site, sign_in: SignIn, screen: ViewportSize, tmp_path: Path
) -> None:
    number = "LRNI-2026-54" if screen == TELEPHONE else "LRNI-2026-51"
    page = sign_in("ulla")
    page.goto(f"{site.url}/leveringen")
    offer(page, delivery(site, tmp_path, number), site.days(-5))
    expect(page.get_by_role("heading", name="Gecontroleerd, nog niet geladen")).to_be_visible()
    numbers = [int(text) for text in page.locator(".som .cijfer").all_inner_texts()]
    assert numbers[0] == sum(numbers[1:]) == 3
    faulty = page.locator("tr", has_text=f"{number}-3")
    expect(faulty.locator("mark")).to_have_count(2)
    expect(faulty).to_contain_text("bsn: 123")

    page.get_by_role("button", name="Bevestig en laad").dblclick()
    expect(page.get_by_role("status")).to_contain_text("Geladen op")
    expect(page.locator("tr", has_text=f"{number}-3").locator("mark")).to_have_count(2)
    menu(page, "Leveringen")
    expect(page.locator("tr", has_text=number).first).to_contain_text("geladen")


def test_a_refused_file_says_why_and_how_to_mend_it(site: Site, sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("ulla")
    page.goto(f"{site.url}/leveringen")
    offer(page, SAMPLE)
    expect(page.get_by_role("alert")).to_contain_text("al geladen als")
    page.goto(f"{site.url}/leveringen")
    page.get_by_role("button", name="Controleer het bestand").click()
    expect(page.get_by_role("alert")).to_contain_text("Kies een bestand.")
    page.goto(f"{site.url}/leveringen")
    offer(page, delivery(site, tmp_path, "LRNI-2026-52"), site.days(3))
    expect(page.get_by_role("alert")).to_contain_text("kan niet na vandaag liggen")
    expect(page.get_by_label("Datum van ontvangst")).to_have_value(site.days(3))


def test_a_teamleider_loads_for_the_own_municipality_only(site: Site, sign_in: SignIn, tmp_path: Path) -> None:
    page = sign_in("tess")
    page.goto(f"{site.url}/leveringen")
    offer(page, delivery(site, tmp_path, "LRNI-2026-53", gemeentecode="0983", postcode="5911AA"))
    expect(page.get_by_role("alert")).to_contain_text("andere gemeente")
    expect(page.locator("main")).not_to_contain_text("LRNI-2026-07.csv")


def test_what_goes_on_with_a_large_file_is_seen_without_a_new_page(
    site: Site, worker: None, sign_in: SignIn, tmp_path: Path
) -> None:
    """The part that tells how far it is asks for itself; when it is done the page comes once."""
    path = write_csv(
        tmp_path / "groot.csv", [row(signaalnummer=f"G-{place}", huisnummer="nul") for place in range(21_000)]
    )
    page = sign_in("ulla")
    asked = []
    page.on("request", lambda request: asked.append(request) if "hx-request" in request.headers else None)
    page.goto(f"{site.url}/leveringen")
    offer(page, path)
    expect(page.locator("progress")).to_be_visible()
    page.evaluate("window.stays = true")
    page.get_by_role("button", name="Stop").focus()
    with page.expect_response(lambda answer: "hx-request" in answer.request.headers) as told:
        pass
    if "hx-refresh" not in told.value.headers:  # it may have been done by then
        assert page.evaluate("window.stays && document.activeElement.textContent") == "Stop"
    expect(page.locator("main")).to_contain_text("huisnummer: nul", timeout=60_000)
    assert asked and not page.evaluate("window.stays")


@ON_BOTH
def test_feedback_is_made_sent_and_received(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20)
    site.take(number, "anna", "wijs_toe")
    site.take(number, "anna", "niet_oppakken", reden="capaciteit")

    coen = sign_in("coen")
    coen.goto(f"{site.url}/terugkoppelingen")
    stand = [
        int(text.replace(".", "")) for text in coen.locator("#grafiek-afstemming td:nth-of-type(1)").all_inner_texts()
    ]
    assert sum(stand[:-1]) == stand[-1] > 0
    coen.get_by_role("button", name="Maak de terugkoppeling").dblclick()
    expect(coen.get_by_role("heading", level=1)).to_have_text(re.compile(r"TK-\d{4}-\d{4}"))
    made = coen.get_by_role("heading", level=1).inner_text()
    expect(coen.locator("main")).to_contain_text("Wie een bestand ophaalt, staat in het logboek.")
    expect(coen.locator("main")).not_to_contain_text("9999")
    expect(coen.locator("main")).to_contain_text(re.compile(rf"{made}\S*\.csv"))
    assert coen.locator("a[href*='/bestanden/']").count() == 0
    coen.get_by_role("button", name="Leg de verzending vast").click()
    expect(coen.get_by_role("status")).to_contain_text("verzonden")

    ulla = sign_in("ulla")
    ulla.goto(f"{site.url}/terugkoppelingen/{made}")
    with ulla.expect_download() as download:
        ulla.locator("a[href$='/bestanden/csv']").click()
    assert made in download.value.suggested_filename
    assert download.value.path().read_bytes().startswith(b"\xef\xbb\xbfterugkoppelingsnummer;")
    ulla.get_by_role("button", name="Bevestig de ontvangst").click()
    expect(ulla.get_by_role("alert")).to_contain_text("kenmerk")
    ulla.get_by_label("Kenmerk van UWV").fill("UWV-77")
    ulla.get_by_role("button", name="Bevestig de ontvangst").click()
    expect(ulla.locator("main")).to_contain_text("kenmerk UWV-77")

    ulla.get_by_text("UWV weigert deze terugkoppeling, of een deel").click()
    ulla.get_by_label("Waarom weigert UWV").fill("Regel onleesbaar.")
    ulla.get_by_label("Welke regels").fill("eerste")
    ulla.get_by_role("button", name="Leg de weigering vast").click()
    expect(ulla.get_by_label("Waarom weigert UWV")).to_have_value("Regel onleesbaar.")
    ulla.get_by_label("Welke regels").fill("1")
    ulla.get_by_role("button", name="Leg de weigering vast").click()
    expect(ulla.locator("main")).to_contain_text("waarvan 1 geweigerd")


def test_while_feedback_is_made_the_page_says_so_and_asks_for_it_once(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20)
    site.take(number, "anna", "wijs_toe")
    site.take(number, "anna", "niet_oppakken", reden="capaciteit")
    coen = sign_in("coen")
    # What would leave is counted and stays here: a browser that is on its way to a next page answers nothing.
    coen.add_init_script(
        "window.sent = 0; addEventListener('submit', (e) => { sent += !e.defaultPrevented; e.preventDefault(); })"
    )
    coen.goto(f"{site.url}/terugkoppelingen")
    button, status = coen.get_by_role("button", name="Maak de terugkoppeling"), coen.locator("form [role=status]")
    expect(status).to_have_text("")
    button.focus()
    for _ in range(3):
        coen.keyboard.press("Enter")
        expect(status).to_contain_text("De terugkoppeling wordt gemaakt")
    expect(button).to_have_attribute("aria-disabled", "true")
    expect(button).to_be_focused()
    assert coen.evaluate("sent") == 1
    coen.evaluate("window.dispatchEvent(new Event('pageshow'))")  # as when somebody comes back by the browser
    expect(status).to_have_text("")
    expect(coen.locator("form [aria-disabled]")).to_have_count(0)
    coen.keyboard.press("Enter")
    assert coen.evaluate("sent") == 2


@ON_BOTH
def test_feedback_is_brought_to_uwv_and_what_fails_is_asked_once_more(
    site: Site, sign_in: SignIn, server: Sshd, tmp_path: Path
) -> None:
    number = site.new_case(days_ago=20)
    site.take(number, "anna", "wijs_toe")
    site.take(number, "anna", "niet_oppakken", reden="capaciteit")
    bringing = site.settings.model_copy()
    server.put_in(bringing)
    installation = Installation(site.settings.database_url, site.settings.data_dir)

    def clock() -> dict[str, int]:
        """Beside the browser, whose thread has a loop of its own."""
        with ThreadPoolExecutor(1) as beside:
            return beside.submit(jobs.run_shipments, bringing, site.engine, site.settings.now()).result()

    with serving(installation, tmp_path / "server.log", **server.environment()) as served:
        coen, ulla = sign_in("coen"), sign_in("ulla")
        coen.goto(f"{served.address}/terugkoppelingen")
        coen.get_by_role("button", name="Maak de terugkoppeling").click()
        expect(coen.get_by_role("heading", level=1)).to_have_text(re.compile(r"TK-\d{4}-\d{4}"))
        made = coen.get_by_role("heading", level=1).inner_text()
        file = next(each for each in coen.locator("main").inner_text().split() if each.endswith(".xlsx"))
        (server.inbox / file).write_bytes(b"iets anders")
        coen.get_by_role("button", name="Bezorg bij UWV").dblclick()
        expect(coen.get_by_role("status")).to_contain_text("worden bezorgd")
        expect(coen.get_by_role("button", name="Bezorg")).to_have_count(0)
        assert clock()["bezorgingen_mislukt"] == 1

        coen.reload()
        expect(coen.locator("main")).to_contain_text("De liaison ziet waarom")
        expect(coen.locator("main")).not_to_contain_text("ander bestand")
        ulla.goto(served.address)
        ulla.get_by_role("link", name="Terugkoppelingen die niet bezorgd konden worden").click()
        expect(ulla.locator("tr", has_text=made)).to_contain_text("bezorgen mislukt")
        ulla.get_by_role("link", name=made).click()
        expect(ulla.locator("main")).to_contain_text("Op de SFTP-server staat al een ander bestand met deze naam.")
        (server.inbox / file).unlink()
        ulla.get_by_role("button", name="Bezorg opnieuw").click()
        assert clock()["bezorgingen_bezorgd"] == 1
        ulla.reload()
        expect(ulla.get_by_text("Op de server van UWV sinds")).to_have_count(2)
        expect(ulla.get_by_role("button", name="Bezorg opnieuw")).to_have_count(0)
        expect(ulla.get_by_role("button", name="Bevestig de ontvangst")).to_be_visible()
        coen.reload()
        expect(coen.locator("main")).to_contain_text("De bestanden staan op de server van UWV.")
        expect(coen.get_by_role("button", name="Leg de verzending vast")).to_have_count(0)


@ON_BOTH
def test_the_coordinator_reads_figures_and_takes_the_workbook(site: Site, sign_in: SignIn) -> None:
    page = sign_in("coen")
    expect(page.locator("main")).not_to_contain_text(re.compile(r"Kowalska|Z-\d{4}-"))
    page.goto(f"{site.url}/cijfers")
    rotterdam = page.locator("tr", has_text="Rotterdam")
    expect(rotterdam).to_be_visible()
    expect(page.locator("main")).not_to_contain_text("Kowalska")
    with page.expect_download() as download:
        page.get_by_role("link", name="Werkboek (XLSX)").click()
    assert download.value.suggested_filename.endswith(".xlsx")
    assert download.value.path().read_bytes().startswith(b"PK")
    rotterdam.get_by_role("link").click()
    expect(page.locator("main")).to_contain_text("Alleen: Gemeente 0599")
    page.get_by_label("Uitgesplitst naar").select_option("uitkeringssoort")
    page.get_by_role("button", name="Toon").click()
    expect(page.get_by_role("heading", name="Per soort uitkering")).to_be_visible()


def test_on_a_telephone_a_figure_stands_beside_its_name_and_nothing_is_cut_off(site: Site, sign_in: SignIn) -> None:
    page = sign_in("coen", 390, 844)
    page.goto(f"{site.url}/cijfers")
    for block in ("Aantallen", "Aandelen", "Duren in kalenderdagen", "Bereik per kanaal", "Duur per fase"):
        region = page.get_by_role("region", name=block, exact=True)
        assert region.evaluate("each => each.scrollWidth <= each.clientWidth"), block
        expect(region.locator(".getal:empty").filter(visible=True)).to_have_count(0)
    cases = page.get_by_role("region", name="Aantallen").get_by_role("row", name="Regels geleverd")
    name, number, meaning = (box["y"] for each in cases.locator("> *").all() if (box := each.bounding_box()))
    assert name == number < meaning
    assert page.get_by_role("region", name="Duren in kalenderdagen").locator(".getal:empty").count()
    page.set_viewport_size({"width": 1280, "height": 900})
    expect(page.get_by_role("columnheader", name="Wat het is").first).to_be_visible()


def test_a_handler_reads_the_figures_of_the_own_municipality(site: Site, sign_in: SignIn) -> None:
    page = sign_in("anna")
    page.goto(f"{site.url}/cijfers?per=gemeente")
    expect(page.locator(".cijfers").first.locator("tbody tr")).to_have_count(1)
    answer = page.goto(f"{site.url}/cijfers?gemeente=0983")
    assert answer is not None
    assert answer.status == 403


def test_anybody_can_count_a_term(site: Site, sign_in: SignIn) -> None:
    page = sign_in("bea")
    menu(page, "Termijnen")
    page.get_by_role("button", name="Reken uit").click()
    page.get_by_label("Termijn", exact=True).select_option("bezwaar")
    page.get_by_role("button", name="Reken uit").click()
    expect(page.get_by_role("alert")).to_be_visible()
    expect(page.get_by_label("Termijn", exact=True)).to_have_value("bezwaar")
    page.get_by_label("Dag van de gebeurtenis").fill("2026-03-02")
    page.get_by_role("button", name="Reken uit").click()
    expect(page.get_by_role("status")).to_contain_text("13 april 2026")


def test_words_users_and_log_are_there_to_read(site: Site, sign_in: SignIn) -> None:
    bea = sign_in("bea")
    expect(bea.locator("main")).to_contain_text("Er wacht nu niets op u.")
    bea.get_by_role("link", name="de gebruikers").click()
    expect(bea.locator("tr", has_text="anna")).to_contain_text("behandelaar (Rotterdam)")
    menu(bea, "Begrippen")
    expect(bea.locator("main")).to_contain_text("Ambtshalve")
    aad = sign_in("aad")
    aad.goto(f"{site.url}/logboek")
    expect(aad.locator("tr", has_text="aanmelden").first).to_be_visible()


@pytest.mark.parametrize(
    ("naam", "paths"),
    [
        ("ulla", ["/leveringen", "/ladingen/{lading}", "/terugkoppelingen", "/opbrengsten"]),
        ("coen", ["/cijfers"]),
        ("bea", ["/gebruikers", "/instellingen", "/instellingen/grondslagen", "/instellingen/waarden"]),
        ("aad", ["/logboek", "/begrippen", "/termijnen?term=bezwaar&vanaf=2026-03-02"]),
    ],
)
def test_nothing_scrolls_sideways_on_a_telephone(site: Site, sign_in: SignIn, naam: str, paths: list[str]) -> None:
    page = sign_in(naam, 390, 844)
    for path in paths:
        page.goto(site.url + path.format(lading=site.known["lading"]))
        assert page.locator("h1").count() == 1, path
        assert fits_the_width(page), path
