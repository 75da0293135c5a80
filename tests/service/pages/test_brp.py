"""Looking in the BRP from a case, and what the beheerder sees of connectors: in a browser, before real processes."""

import json
import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, StorageState, expect
from sqlmodel import col, select

from service.access import Access
from service.audit_models import LogLine
from service.connector_models import MessageState, Subscription, SubscriptionMessage
from service.connectors.configuration import FILE
from service.db import session_scope
from service.models import AuditEntry
from tests.databases import Databases
from tests.elsewhere.process import Elsewhere
from tests.elsewhere.process import running as elsewhere
from tests.service.pages.conftest import ON_BOTH, ROTTERDAM, SignIn, Site, site_in
from workflow import moves
from workflow.models import Case, Source
from workflow.phases import Phase

pytestmark = pytest.mark.browser

RESIDENT, RNI, INQUIRY, NOBODY = "999993653", "999990457", "999990561", "999990019"
SYSTEM = Access.system()


@pytest.fixture(scope="module")
def brp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with elsewhere("brp", tmp_path_factory.mktemp("brp")) as there:
        yield there


@pytest.fixture(scope="module")
def site(databases: Databases, brp: Elsewhere, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A service in which Rotterdam may ask the BRP and Venlo may not."""
    folder = tmp_path_factory.mktemp("site-met-brp")
    own = folder / "koppelingen" / ROTTERDAM
    own.mkdir(parents=True)
    (own / FILE).write_text(f'[brp]\nadres = "{brp.url}"\n')
    with site_in(folder, databases, empty=True, RNI_CONNECTORS_DIR=str(own.parent)) as made:
        yield made


@pytest.fixture(scope="module")
def cookies(site: Site) -> dict[str, StorageState]:
    return {}


@pytest.fixture(autouse=True)
def _behaves(brp: Elsewhere) -> Iterator[None]:
    yield
    brp.behave()


def open_case(page: Page, site: Site, number: str) -> None:
    page.goto(f"{site.url}/zaken/{number}")


def logged(site: Site, number: str) -> list[tuple[str, str, str]]:
    with session_scope(site.engine, SYSTEM, write=False) as session:
        mine = select(AuditEntry).where(AuditEntry.object == number, col(AuditEntry.actie).startswith("brp_"))
        return [(one.actor, one.actie, one.resultaat) for one in session.exec(mine.order_by(col(AuditEntry.id)))]


def sources(site: Site, number: str) -> list[Source]:
    with session_scope(site.engine, SYSTEM, write=False) as session:
        mine = select(Source).join(Case, col(Case.id) == Source.zaak_id).where(Case.zaaknummer == number)
        return list(session.exec(mine))


@ON_BOTH
def test_a_handler_looks_in_the_brp_and_records_what_counts(site: Site, sign_in: SignIn, brp: Elsewhere) -> None:
    number = site.new_case(days_ago=10, bsn=RESIDENT)
    site.take(number, "anna", "wijs_toe")
    anna = sign_in("anna")
    open_case(anna, site, number)
    before = len(brp.asked)
    anna.get_by_role("button", name="Bekijk in de BRP").click()
    expect(anna.get_by_role("heading", name="Wat de BRP nu zegt")).to_be_visible()
    facts = anna.locator("dl.feiten")
    expect(facts).to_contain_text("Rotterdam (0599)")
    expect(facts).to_contain_text("Volgens de BRP nu wel, van Rotterdam")
    expect(anna.locator("main")).to_contain_text("Wat hier staat, wordt niet bewaard")
    assert sources(site, number) == [], "nothing is kept unless somebody says so"
    found = anna.get_by_label("Bevinding")
    assert found.input_value().startswith("De BRP op ") and "Rotterdam" in found.input_value()
    found.fill("Staat sinds vorige maand in Rotterdam ingeschreven.")
    anna.get_by_label("Indicatie geheim").select_option("0")
    anna.get_by_role("button", name="Vastleggen").click()
    expect(anna.get_by_role("status")).to_contain_text("Vastgelegd in het dossier")
    (source,) = sources(site, number)
    assert (source.soort, source.datum, source.door) == ("brp", site.today, "anna")
    assert source.bevinding == "Staat sinds vorige maand in Rotterdam ingeschreven."
    assert site.case(number).indicatie_geheim == 0
    assert logged(site, number) == [("anna", "brp_geraadpleegd_vooronderzoek", "gelukt")]
    (asked,) = brp.asked[before:]
    assert RESIDENT in asked["body"] and RESIDENT not in asked["path"] + asked["query"] + json.dumps(asked["headers"])


def test_the_log_tells_of_whom_for_what_and_by_which_other_system(site: Site, sign_in: SignIn, brp: Elsewhere) -> None:
    number = site.new_case(days_ago=60, phase=Phase.VOORNEMEN, bsn=RNI)
    carla = sign_in("carla")
    open_case(carla, site, number)
    expect(carla.locator("#brp-doel")).to_contain_text("Nagaan of voornemen en besluit nog uitgaan van de juiste")
    carla.get_by_role("button", name="Bekijk in de BRP").click()
    expect(carla.locator("dl.feiten")).to_contain_text("Registratie Niet Ingezetenen (RNI) (1999)")
    expect(carla.locator("dl.feiten")).to_contain_text("Volgens de BRP nu niet")
    assert logged(site, number) == [("carla", "brp_geraadpleegd_besluit", "gelukt")]
    with session_scope(site.engine, SYSTEM, write=False) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.object == number, AuditEntry.actor == "carla").where(
            AuditEntry.actie == "brp_geraadpleegd_besluit")).one()  # fmt: skip
        line = session.exec(select(LogLine).where(LogLine.span_id == entry.span_id)).one()
    assert line.foreign_operation_processor == brp.url
    assert line.processing_activity_id.endswith("/verwerkingen/brp-raadplegen/1")
    assert (line.data_subject_id_type, line.gemeentecode) == ("BSN", ROTTERDAM)
    assert RNI not in str(line) and RNI not in str(entry)
    assert brp.asked[-1]["headers"]["traceparent"].split("-")[1] == entry.trace_id


@ON_BOTH
def test_a_brp_that_does_not_answer_is_told_and_the_case_goes_on(site: Site, sign_in: SignIn, brp: Elsewhere) -> None:
    number = site.new_case(days_ago=10, bsn=RESIDENT)
    anna = sign_in("anna")
    brp.behave(personen={"status": 503})
    open_case(anna, site, number)
    anna.get_by_role("button", name="Bekijk in de BRP").click()
    expect(anna.get_by_role("alert")).to_have_text("De BRP heeft een storing. Probeer het later opnieuw.")
    anna.get_by_role("link", name="Terug naar de zaak").click()
    expect(anna.get_by_role("button", name="Bekijk in de BRP")).to_be_visible()
    asked = ("anna", "brp_geraadpleegd_vooronderzoek", "gelukt")
    assert logged(site, number) == [asked, ("anna", "brp_gaf_geen_antwoord", "geweigerd")]


def test_somebody_whom_the_brp_does_not_know_and_what_is_under_inquiry_are_shown(site: Site, sign_in: SignIn) -> None:
    anna = sign_in("anna")
    open_case(anna, site, site.new_case(days_ago=10, bsn=NOBODY))
    anna.get_by_role("button", name="Bekijk in de BRP").click()
    expect(anna.locator("main")).to_contain_text("De BRP geeft bij dit burgerservicenummer geen gegevens")
    open_case(anna, site, site.new_case(days_ago=10, bsn=INQUIRY))
    anna.get_by_role("button", name="Bekijk in de BRP").click()
    expect(anna.locator("dl.feiten")).to_contain_text("De verblijfplaats, sinds ")


def test_who_opens_the_address_again_must_ask_again(site: Site, sign_in: SignIn, brp: Elsewhere) -> None:
    number = site.new_case(days_ago=10, bsn=RESIDENT)
    anna = sign_in("anna")
    open_case(anna, site, number)
    anna.get_by_role("button", name="Bekijk in de BRP").click()
    asked = len(brp.asked)
    anna.goto(f"{site.url}/zaken/{number}/brp")
    assert anna.url == f"{site.url}/zaken/{number}" and len(brp.asked) == asked


@pytest.mark.parametrize(
    ("naam", "days", "phase", "columns"),
    [
        ("bram", 60, Phase.HUISBEZOEK, {}),
        ("tess", 60, Phase.HUISBEZOEK, {}),
        ("anna", 60, Phase.AFGESLOTEN, {}),
        ("anna", 10, Phase.ONTVANGEN, {"geslachtsnaam": "Kowalska zonder nummer"}),
        ("dirk", 10, Phase.ONTVANGEN, {"gemeentecode": "0983"}),
    ],
    ids=["toezichthouder", "teamleider", "closed", "no number", "no connection"],
)
def test_there_is_no_button_for_who_may_not_look(
    site: Site, sign_in: SignIn, brp: Elsewhere, naam: str, days: int, phase: Phase, columns: dict[str, object]
) -> None:
    """And whoever sends the form all the same is refused, and nothing is asked."""
    number = site.new_case(days_ago=days, phase=phase, **columns)  # type: ignore[arg-type]
    if "geslachtsnaam" in columns:
        with session_scope(site.engine, SYSTEM) as session:
            moves.find_case(session, number).bsn = None
    page, asked = sign_in(naam), len(brp.asked)
    open_case(page, site, number)
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("Kowalska"))
    expect(page.get_by_role("button", name="Bekijk in de BRP")).to_have_count(0)
    token = page.locator("input[name=csrf]").first.input_value()
    answer = page.request.post(f"{site.url}/zaken/{number}/brp", form={"csrf": token}, headers={"Origin": site.url})
    assert answer.status in (403, 409)
    assert len(brp.asked) == asked
    assert [one[1:] for one in logged(site, number)] == [("brp_geraadpleegd", "geweigerd")]


@ON_BOTH
def test_a_beheerder_subscribes_an_address_tries_it_and_ends_it(site: Site, sign_in: SignIn) -> None:
    bea = sign_in("bea")
    bea.goto(f"{site.url}/koppelingen")
    expect(bea.get_by_role("heading", name="BRP")).to_be_visible()
    expect(bea.locator("main")).to_contain_text("Rotterdam: 127.0.0.1")
    bea.get_by_role("link", name="Leg een abonnement vast").click()
    bea.get_by_label("Adres van de ontvanger").fill("http://ontvanger.example/haak")
    bea.get_by_role("button", name="Vastleggen").click()
    alert = bea.get_by_role("alert")
    for told in ("Kies een gemeente",):
        expect(alert).to_contain_text(told)
    bea.get_by_role("combobox", name="Gemeente").fill("Rotterdam")
    bea.get_by_role("button", name="Vastleggen").click()
    for told in ("adres dat met https:// begint", "ten minste één soort"):
        expect(alert).to_contain_text(told)
    bea.get_by_label("Adres van de ontvanger").fill("https://10.1.2.3/haak")
    bea.get_by_label("Een zaak is afgesloten").check()
    bea.get_by_role("button", name="Vastleggen").click()
    expect(alert).to_contain_text("eigen netwerk")
    bea.get_by_label("Adres van de ontvanger").fill("https://ontvanger.example/haak")
    bea.get_by_role("button", name="Vastleggen").click()
    secret = bea.locator("code").inner_text()
    assert secret.startswith("whsec_")
    with session_scope(site.engine, SYSTEM, write=False) as session:
        one = session.exec(select(Subscription).order_by(col(Subscription.id).desc())).first()
        assert one is not None and (one.geheim, one.soorten, one.vastgelegd_door) == (secret, "zaak.afgesloten", "bea")
        number = one.id
    bea.get_by_role("link", name="Naar de koppelingen").click()
    assert secret not in bea.content()
    mine = bea.locator("section", has_text="https://ontvanger.example/haak")
    mine.get_by_role("button", name="Stuur een proefbericht").click()
    expect(bea.get_by_role("status")).to_contain_text("proefbericht")
    expect(mine.locator("dl.feiten")).to_contain_text("Wacht nog")
    with session_scope(site.engine, SYSTEM) as session:
        message = session.exec(select(SubscriptionMessage).where(SubscriptionMessage.abonnement_id == number)).one()
        message.staat, message.fout = MessageState.GEWEIGERD, "De ontvanger weigert dit bericht (code 422)."
        session.add(message)
    bea.goto(f"{site.url}/")
    bea.get_by_role("link", name=re.compile("Koppelingen, zaken en berichten die stilstaan")).click()
    expect(bea.locator("main")).to_contain_text("De ontvanger weigert dit bericht (code 422).")
    mine.get_by_role("button", name="Probeer opnieuw").click()
    expect(bea.get_by_role("status")).to_contain_text("opnieuw geprobeerd")
    mine.get_by_role("button", name="Beëindig").click()
    expect(bea.get_by_role("status")).to_contain_text("beëindigd")
    expect(bea.locator("main")).not_to_contain_text("https://ontvanger.example/haak")
