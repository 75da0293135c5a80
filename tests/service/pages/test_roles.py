"""What each role comes to do, from its menu to the end, behind a desk and on a telephone.

Other journeys stand where their pages are tested; those with `ON_BOTH` are walked on both screens too.
"""

import re
from pathlib import Path

import pytest
from playwright.sync_api import ViewportSize, expect
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.identity import accounts
from tests import authenticator
from tests.importers.deliveries import row, write_csv
from tests.service.pages.conftest import ON_BOTH, TELEPHONE, SignIn, Site, menu
from tests.service.pages.test_other_pages import offer
from tests.service.pages.test_queue import card
from tests.service.pages.test_walk import fill, open_case, take
from workflow.models import Case
from workflow.phases import Phase

pytestmark = [pytest.mark.browser, ON_BOTH]


PEOPLE_OF_THEIR_OWN = {
    "handed over": ("999999928", "999999941"),
    "reopened": ("999999953", "999999965"),
    "found": ("999999977", "999999989"),
}
"""About whom nothing else runs anywhere; for each screen another."""


def number_for(screen: ViewportSize) -> int:
    """Another one for each screen, where the second time would be refused."""
    return 2 if screen == TELEPHONE else 1


def test_a_case_is_handed_over_and_the_other_handler_reads_what_came_along(
    site: Site, sign_in: SignIn, screen: ViewportSize
) -> None:
    bsn = PEOPLE_OF_THEIR_OWN["handed over"][number_for(screen) - 1]
    number = site.new_case(days_ago=30, phase=Phase.INLICHTINGEN, bsn=bsn)
    anna = sign_in("anna")
    open_case(anna, number)
    anna.get_by_role("link", name="Draag over", exact=True).click()
    expect(anna.get_by_role("checkbox", checked=True)).to_have_count(3)
    fill(anna, gemeentecode="0983")
    anna.get_by_role("button", name="Draag over", exact=True).click()
    expect(anna.get_by_role("status")).to_have_text("Gedaan: Draag over.")
    with session_scope(site.engine, Access.system(), write=False) as session:
        there = session.exec(select(Case.zaaknummer).where(Case.bsn == bsn, Case.gemeentecode == "0983")).one()
    dirk = sign_in("dirk")
    open_case(dirk, there)
    came = dirk.locator(".dossierdeel", has_text="Ontvangen bij overdracht")
    expect(came).to_contain_text("gemeente Rotterdam; ontvangen op")
    take(dirk, "Wijs toe")
    assert site.case(there).behandelaar == "dirk"


def test_a_case_waits_goes_on_and_its_letter_comes_back(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=20, phase=Phase.AANSCHRIJVING)
    anna = sign_in("anna")
    open_case(anna, number)
    take(anna, "Houd aan", reden="Wacht op het antwoord van de IND.")
    expect(anna.get_by_text("Aangehouden sinds")).to_be_visible()
    take(anna, "Hervat")
    anna.get_by_role("link", name="Registreer een retourbrief", exact=True).click()
    anna.get_by_label("Welke brief kwam terug").select_option(index=1)
    fill(anna, datum=site.days(-1))
    anna.get_by_role("button", name="Registreer een retourbrief", exact=True).click()
    expect(anna.get_by_role("status")).to_have_text("Gedaan: Registreer een retourbrief.")
    expect(anna.locator(".verloop > li").first).to_contain_text("Registreer een retourbrief")
    assert site.case(number).aangehouden_sinds is None


def test_a_bezwaar_is_registered_put_off_and_decided_by_another_beslisser(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=60, phase=Phase.BESLUIT)
    anna = sign_in("anna")
    open_case(anna, number)
    take(anna, "Registreer een bezwaar", datum=site.days(-2), ontvangenVia="balie")
    take(anna, "Verdaag de beslissing op bezwaar", reden="De tolk kan niet eerder.")
    kees = sign_in("kees")
    menu(kees, "Besluiten")
    card(kees, site, number).get_by_role("link", name="Beslis op het bezwaar").click()
    fill(kees, uitkomst="ongegrond", motivering="De feiten staan vast.", gehoord="ja")
    kees.get_by_role("button", name="Beslis op het bezwaar", exact=True).click()
    expect(kees.get_by_role("status")).to_have_text("Gedaan: Beslis op het bezwaar.")
    assert site.case(number).fase == Phase.BESLUIT
    expect(kees.locator(".verloop")).to_contain_text("Kees Visser, beslisser")


def test_a_beslisser_gives_back_refuses_a_declaration_and_reopens(
    site: Site, sign_in: SignIn, screen: ViewportSize
) -> None:
    weak, declared = (site.new_case(days_ago=90, phase=Phase.VOORNEMEN) for _ in range(2))
    site.take(declared, "anna", "registreer_aangifte", datum=site.days(0), soort="woonadres")
    closed = site.new_case(days_ago=12, bsn=PEOPLE_OF_THEIR_OWN["reopened"][number_for(screen) - 1])
    site.take(closed, "anna", "wijs_toe")
    site.take(closed, "anna", "niet_oppakken", reden="capaciteit")
    carla = sign_in("carla")
    menu(carla, "Besluiten")
    card(carla, site, weak).get_by_role("link", name="Geef terug").click()
    fill(carla, reden="Van de verhuurder is nog niets gehoord.")
    carla.get_by_role("button", name="Geef terug", exact=True).click()
    expect(carla.get_by_role("status")).to_have_text("Gedaan: Geef terug.")
    card(carla, site, declared).get_by_role("link", name="Weiger de aangifte").click()
    fill(carla, motivering="De identiteit kon niet worden vastgesteld.")
    carla.get_by_role("button", name="Weiger de aangifte", exact=True).click()
    expect(carla.get_by_role("status")).to_have_text("Gedaan: Weiger de aangifte.")
    expect(carla.get_by_role("link", name=re.compile("Besluit.*PDF")).first).to_be_visible()
    open_case(carla, closed)
    take(carla, "Heropen", reden="Er is weer ruimte.")
    phases = [site.case(number).fase for number in (weak, declared, closed)]
    assert phases == [Phase.INLICHTINGEN, Phase.VOORNEMEN, Phase.VOORONDERZOEK]


def test_a_teamleider_loads_what_the_municipality_found_and_undoes_it(
    site: Site, sign_in: SignIn, screen: ViewportSize, tmp_path: Path
) -> None:
    name = f"LRNI-2026-6{number_for(screen)}"
    bsn, day = PEOPLE_OF_THEIR_OWN["found"][number_for(screen) - 1], site.days(-9).replace("-", "")
    found = row(leveringsnummer=name, signaalnummer=f"{name}-1", datum_signaal=day, bsn=bsn)
    path = write_csv(tmp_path / f"{name}.csv", [found])
    tess = sign_in("tess")
    menu(tess, "Leveringen")
    offer(tess, path)
    tess.get_by_role("button", name="Bevestig en laad").click()
    expect(tess.get_by_role("status")).to_contain_text("1 zaak geopend")
    tess.get_by_role("link", name="Lading ongedaan maken").click()
    tess.get_by_role("button", name="Ja, maak ongedaan").click()
    expect(tess.get_by_role("main")).to_contain_text("Ongedaan gemaakt")
    number = site.new_case(days_ago=12)
    open_case(tess, number)
    menu(tess, "Logboek")
    tess.get_by_label("Zaak, lading of terugkoppeling").fill(number)
    tess.get_by_role("button", name="Toon").click()
    expect(tess.get_by_role("row").nth(1)).to_contain_text("Tess Mulder")


def test_the_liaison_tells_what_uwv_did_and_reads_which_rows_were_turned_down(
    site: Site, sign_in: SignIn, screen: ViewportSize, tmp_path: Path
) -> None:
    path = tmp_path / f"opbrengst-{number_for(screen)}.csv"
    path.write_text(f"signaalnummer;soort;bedrag;peildatum\nONBEKEND-{number_for(screen)};boete;10;20260801\n")
    ulla = sign_in("ulla")
    menu(ulla, "Opbrengst")
    ulla.get_by_label("Bestand", exact=True).set_input_files(path)
    ulla.get_by_role("button", name="Laad het bestand").click()
    expect(ulla.get_by_role("main")).to_contain_text(f"signaalnummer: ONBEKEND-{number_for(screen)}")
    menu(ulla, "Opbrengst")
    ulla.get_by_role("row").filter(has_text=path.name).get_by_role("link").click()
    expect(ulla.get_by_role("heading", level=1)).to_have_text(path.name)


def test_the_beheerder_records_a_value_after_a_look_at_what_it_changes(
    site: Site, sign_in: SignIn, screen: ViewportSize
) -> None:
    first, value = site.days(400 * number_for(screen)), str(2 + number_for(screen))
    bea = sign_in("bea")
    menu(bea, "Instellingen")
    bea.get_by_role("link", name="Geef een instelling een waarde").click()
    fill(bea, naam="bezoek_aantal", waarde=value, gemeentecode="0983", besloten_door="College", vanaf=first)
    bea.get_by_role("button", name="Controleer wat er verandert").click()
    expect(bea.get_by_role("heading", level=1)).to_have_text("Controleer wat er verandert")
    expect(bea.get_by_role("region", name="Dit gebeurt er")).to_contain_text(f"naar {value}")
    bea.get_by_role("button", name="Leg dit vast").click()
    expect(bea.get_by_role("row").filter(has_text="Venlo").last).to_contain_text("later")
    menu(bea, "Berichten")
    expect(bea.get_by_role("heading", level=1)).to_have_text("Berichten")


def test_the_beheerder_unlinks_a_lost_telephone_and_gives_a_new_password(
    site: Site, sign_in: SignIn, screen: ViewportSize
) -> None:
    naam = f"zoek{number_for(screen)}"
    with session_scope(site.engine, Access.system()) as session:
        roles = accounts.role_given("toezichthouder:0983")
        accounts.create_user(session, naam, roles, now=site.settings.now(), weergavenaam=f"Zoë {naam}")
        authenticator.link_all(session, [naam])
    bea = sign_in("bea")
    menu(bea, "Gebruikers")
    bea.get_by_role("link", name=f"Wijzig {naam}").click()
    bea.get_by_role("button", name="Ontkoppel de app").click()
    assert re.fullmatch(r"[A-Za-z0-9_-]{20}", bea.locator("code").first.inner_text())
    bea.get_by_role("button", name="Ik heb het bewaard: ontkoppel de app").click()
    expect(bea.get_by_role("status")).to_contain_text("De app is ontkoppeld")


def test_the_auditor_goes_from_the_log_to_a_person_and_takes_the_rights_along(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=12)
    sign_in("anna").goto(f"{site.url}/zaken/{number}")
    aad = sign_in("aad")
    menu(aad, "Logboek")
    aad.get_by_label("Zaak, lading of terugkoppeling").fill(number)
    aad.get_by_role("button", name="Toon").click()
    aad.get_by_role("link", name=number).first.click()
    expect(aad.get_by_role("heading", level=1)).to_have_text("Wie keek naar deze persoon")
    expect(aad.get_by_role("row").filter(has_text="Anna de Vries").first).to_be_visible()
    menu(aad, "Rechten")
    with aad.expect_download() as taken:
        aad.get_by_role("link", name="Haal het overzicht op (CSV)").click()
    assert "Anna de Vries;behandelaar" in taken.value.path().read_text(encoding="utf-8-sig")


def test_the_toezichthouder_goes_from_the_list_of_the_day_to_what_was_found(site: Site, sign_in: SignIn) -> None:
    number = site.new_case(days_ago=30, phase=Phase.HUISBEZOEK)
    bram = sign_in("bram")
    open_case(bram, number)
    bram.get_by_role("link", name="Plan een huisbezoek").click()
    bram.get_by_label("Bram Bakker", exact=True).check()
    bram.get_by_label("Pas van Bram Bakker").fill("4471")
    minute = int(number[-2:]) % 59
    fill(bram, dag=site.days(0), begin=f"18:{minute:02}", einde="23:59", veiligheid="met_twee_personen")
    bram.get_by_role("button", name="Plan het bezoek").click()
    expect(bram.get_by_role("status")).to_have_text("Het bezoek is gepland.")
    menu(bram, "Bezoeken")
    stop = bram.locator(".stop", has_text=number)
    stop.get_by_role("link", name="Maak het verslag").click()
    seen = {"opengedaan": "nee", "bevindingen": "Niemand deed open.", f"gevonden-{number}": "nee"}
    fill(bram, datum=site.days(0), begin="00:01", einde="00:02", **seen)
    bram.get_by_role("button", name="Leg het verslag vast").click()
    expect(bram.get_by_role("status")).to_contain_text("Het verslag is binnen.")
    open_case(bram, number)
    expect(bram.get_by_role("main")).to_contain_text("Niemand deed open.")


def test_everybody_counts_a_term_looks_up_a_word_and_signs_out(site: Site, sign_in: SignIn) -> None:
    coen = sign_in("coen", anew=True)
    menu(coen, "Termijnen")
    coen.get_by_label("Termijn", exact=True).select_option("bezwaar")
    coen.get_by_label("Dag van de gebeurtenis").fill("2026-03-02")
    coen.get_by_role("button", name="Reken uit").click()
    expect(coen.get_by_role("status")).to_contain_text("13 april 2026")
    menu(coen, "Begrippen")
    expect(coen.get_by_role("main")).to_contain_text("Ambtshalve")
    coen.get_by_role("link", name="Handleiding").click()
    expect(coen.get_by_role("heading", level=1)).to_be_visible()
    coen.get_by_role("button", name="Uitloggen").click()
    coen.goto(f"{site.url}/cijfers")
    expect(coen.get_by_label("Gebruikersnaam")).to_be_visible()
