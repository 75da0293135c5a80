"""Every page of a case in every phase, and what a page never does, without a browser."""

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import col, select

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.models import AuditEntry
from service.pages import labels
from service.pages.forms import given
from service.settings import Settings
from signals import municipalities
from signals.models import Signal
from tests import authenticator, factories
from tests.service.conftest import AMSTERDAM, ROTTERDAM, VENLO
from workflow import dossier, moves, visit_planning
from workflow.actors import Actor, Desk
from workflow.fields import Field
from workflow.models import Case, CaseSignal
from workflow.phases import Phase, Role
from workflow.transitions import STEPS


class Visitor:
    """Somebody who is signed in, without a browser."""

    def __init__(self, client: TestClient, naam: str) -> None:
        self.client = client
        self.own = {"Origin": "http://127.0.0.1:8000"}
        state = client.app.state  # type: ignore[attr-defined]  # of create_app
        now = state.settings.now()
        answer = authenticator.sign_in(client, state.engine, naam, naam, now=now, headers=self.own)
        assert answer.headers["location"] == "/"

    def get(self, path: str) -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return answer.text

    def post(self, path: str, **data: str) -> tuple[int, str]:
        found = re.search(r'name="csrf" value="([0-9a-f]+)"', self.get("/begrippen"))
        assert found
        sent = {"csrf": found[1], **data}
        answer = self.client.post(path, data=sent, headers=self.own, follow_redirects=False)
        return answer.status_code, answer.text


@pytest.fixture
def client(settings: Settings, engine: Engine) -> Iterator[TestClient]:
    with session_scope(engine, Access.system()) as session:
        municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
    with TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000") as opened:
        yield opened


def case_in(engine: Engine, phase: Phase, **columns: object) -> Case:
    with session_scope(engine, Access.system()) as session:
        return factories.case_at(session, phase, gemeentecode=ROTTERDAM, **columns)  # type: ignore[arg-type]


@pytest.mark.parametrize("phase", list(Phase))
def test_every_page_of_a_case_can_be_opened_in_every_phase(client: TestClient, engine: Engine, phase: Phase) -> None:
    number = case_in(engine, phase).zaaknummer
    assert Visitor(client, "carla").get(f"/zaken/{number}").count("<h1>") == 1
    anna = Visitor(client, "anna")
    assert anna.get(f"/zaken/{number}").count("<h1>") == 1
    for step in STEPS:
        if step.name != "trek_signaal_in":
            assert step.label in anna.get(f"/zaken/{number}/stappen/{step.name}")
    for word in dossier.KINDS:
        anna.get(f"/zaken/{number}/dossier/{word}")


def test_a_page_tells_of_the_other_municipality_whom_to_call_and_no_more(client: TestClient, engine: Engine) -> None:
    mine, theirs = case_in(engine, Phase.VOORONDERZOEK), ""
    with session_scope(engine, Access.system()) as session:
        other = factories.case_at(session, Phase.HUISBEZOEK, gemeentecode=VENLO)
        other.behandelaar, theirs = "dirk", other.zaaknummer
    page = Visitor(client, "anna").get(f"/zaken/{mine.zaaknummer}")
    assert "Ook in een andere gemeente" in page and "Venlo: dirk, 010 555 01 01" in page
    assert theirs not in page


def test_the_page_of_a_letter_says_who_gets_it_when_that_is_no_matter_of_course(
    client: TestClient, engine: Engine
) -> None:
    anna = Visitor(client, "anna")
    for born, words in (("20150412", "aan de ouder(s) of voogd"), ("20100000", "Ga na of hij 16 jaar is")):
        number = case_in(engine, Phase.VOORONDERZOEK, geboortedatum=born, bsn="999990020").zaaknummer
        assert words in anna.get(f"/zaken/{number}/stappen/verstuur_aanschrijving")


def test_a_returned_besluit_can_still_be_chosen_to_say_how_it_was_made_known(
    client: TestClient, engine: Engine
) -> None:
    case = case_in(engine, Phase.BESLUIT)
    with session_scope(engine, Access.system()) as session:
        handler = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), date(2026, 4, 20))
        row = session.get_one(Case, case.id)
        factories.take(session, row, "registreer_retour", handler, brief="besluit", datum="2026-04-20")
    anna = Visitor(client, "anna")
    assert "Maak hem op een andere manier bekend" in anna.get(f"/zaken/{case.zaaknummer}")
    form = anna.get(f"/zaken/{case.zaaknummer}/stappen/registreer_retour")
    assert "Besluit van 11-04-2026, kwam retour op 20-04-2026" in form


def test_a_blocked_step_names_all_its_reasons(client: TestClient, engine: Engine) -> None:
    number = case_in(engine, Phase.VOORNEMEN).zaaknummer
    page = Visitor(client, "bram").get(f"/zaken/{number}/stappen/neem_besluit")
    assert "Deze stap is voor: beslisser." in page
    assert 'type="submit">Neem het besluit' not in page


def test_a_step_of_another_role_is_refused_also_when_its_form_is_made_up(client: TestClient, engine: Engine) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK)
    status, page = Visitor(client, "bram").post(
        f"/zaken/{case.zaaknummer}/stappen/houd_aan", versie=str(case.versie), reden="Bewaar deze zin."
    )
    assert status == 409
    assert "Deze stap is voor: behandelaar." in page
    assert "Bewaar deze zin." in page


def test_a_step_refused_on_its_page_stays_in_the_log(client: TestClient, engine: Engine) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK)
    Visitor(client, "bram").post(f"/zaken/{case.zaaknummer}/stappen/houd_aan", versie=str(case.versie), reden="x")
    with session_scope(engine, Access.system(), write=False) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.object == case.zaaknummer))
    assert (entry.actor, entry.actie, entry.resultaat) == ("bram", "stap_houd_aan", "geweigerd")


def test_the_receiver_of_a_hand_over_reads_its_signal(client: TestClient, engine: Engine) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK)
    with session_scope(engine, Access.system()) as session:
        handler = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), date(2026, 3, 9))
        factories.take(session, session.get_one(Case, case.id), "draag_over", handler, gemeentecode=VENLO)
        signal, there = session.exec(
            select(Signal.signaalnummer, Case.zaaknummer)
            .join(CaseSignal, col(CaseSignal.signal_id) == col(Signal.id))
            .join(Case, col(Case.id) == col(CaseSignal.zaak_id))
            .where(Case.gemeentecode == VENLO)
        ).one()
    dirk = Visitor(client, "dirk")
    assert signal in dirk.get(f"/zaken/{there}")
    assert dirk.post("/zaken/zoek", zoek=signal)[0] == 303


def test_a_field_says_how_long_its_text_may_be(client: TestClient, engine: Engine) -> None:
    page = Visitor(client, "anna").get(f"/zaken/{case_in(engine, Phase.VOORONDERZOEK).zaaknummer}/dossier/bijvangst")
    (longest,) = (field.langste for field in dossier.KINDS["bijvangst"].velden if field.naam == "omschrijving")
    assert re.search(rf'name="omschrijving"[^>]* maxlength="{longest}"', page)


def test_a_form_without_its_token_changes_nothing(client: TestClient, engine: Engine) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK)
    visitor = Visitor(client, "anna")
    path = f"/zaken/{case.zaaknummer}/stappen/houd_aan"
    assert visitor.post(path, versie=str(case.versie), reden="x", csrf="0" * 64)[0] == 403
    answer = client.post(path, data={"versie": case.versie, "reden": "x"}, headers={"Origin": "https://kwaad.example"})
    assert answer.status_code == 403
    assert "Aangehouden sinds" not in visitor.get(f"/zaken/{case.zaaknummer}")


def test_the_step_of_the_machine_has_no_page(client: TestClient, engine: Engine) -> None:
    number = case_in(engine, Phase.ONTVANGEN).zaaknummer
    Visitor(client, "anna")
    assert client.get(f"/zaken/{number}/stappen/trek_signaal_in").status_code == 404
    assert client.get(f"/zaken/{number}/stappen/bestaat_niet").status_code == 404


def test_what_people_typed_is_text_and_never_markup(client: TestClient, engine: Engine) -> None:
    case = case_in(engine, Phase.VOORONDERZOEK, geslachtsnaam="<script>x</script>")
    visitor = Visitor(client, "anna")
    path = f"/zaken/{case.zaaknummer}"
    for _ in range(2):
        visitor.post(f"{path}/dossier/bronnen", soort="bag", bevinding="<b onclick=x>", formulier="een")
    visitor.post("/zaken/zoek", zoek='"><script>x</script>')
    page = visitor.get(path)
    assert "<script>" not in page
    assert page.count("&lt;b onclick=x&gt;") == 1, "the same form counts once"
    assert "style=" not in page


def test_headers_keep_pages_out_of_caches_and_other_sites_out_of_pages(client: TestClient) -> None:
    Visitor(client, "anna")
    headers = client.get("/zaken").headers
    assert headers["cache-control"] == "no-store"
    assert "unsafe" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_every_button_is_one_of_the_design_system() -> None:
    """The house's own sheet has no buttons; `stil` is the one on the dark bar."""
    plain = {
        f"{path.name}: {tag}"
        for path in (Path(labels.__file__).parents[1] / "templates").glob("*.html")
        for tag in re.findall(r"<button\b[^>]*>", path.read_text())
        if not re.search(r'class="(nl-button nl-button--(primary\b|secondary\b|subtle\b|\{\{ kind \}\})|stil")', tag)
    }
    assert not plain


def test_a_page_is_compressed_unless_another_site_asked_for_it(client: TestClient) -> None:
    """What a page weighs must tell a stranger nothing (BREACH); a file with its digest in the address is kept."""
    asked = {"Accept-Encoding": "gzip"}
    for site, encoding in (("same-origin", "gzip"), ("none", "gzip"), ("cross-site", None), ("same-site", None)):
        page = client.get("/inloggen", headers=asked | {"Sec-Fetch-Site": site})
        assert page.headers.get("content-encoding") == encoding, site
        assert "Inloggen" in page.text
    assert "content-encoding" not in client.get("/inloggen", headers=asked).headers
    sheet = re.search(r'href="(/static/made/[^"]+)"', page.text)
    assert sheet
    kept = client.get(sheet[1], headers=asked).headers
    assert (kept["content-encoding"], kept["cache-control"]) == ("gzip", "public, max-age=31536000, immutable")


def test_pages_have_no_inline_script_and_no_inline_style() -> None:
    folder = Path(labels.__file__).parents[1] / "templates"
    wrong = re.compile(r"<script(?! defer src=\"{{ static\()|<style|\sstyle=|\son[a-z]+=|javascript:|https?://")
    assert not [path.name for path in folder.glob("*.html") if wrong.search(path.read_text())]


@pytest.mark.parametrize(
    ("einde", "expected"),
    [
        (date(2026, 11, 2), ("spoed", "vandaag")),
        (date(2026, 11, 3), ("spoed", "morgen")),
        (date(2026, 11, 9), ("spoed", "nog 7 dagen")),
        (date(2026, 11, 10), ("rustig", "nog 8 dagen")),
        (date(2026, 11, 1), ("laat", "1 dag te laat")),
    ],
)
def test_a_term_of_the_municipality_is_urgent_within_five_working_days(einde: date, expected: tuple[str, str]) -> None:
    assert labels.urgency("laa_eerste_antwoord", einde, date(2026, 11, 2)) == expected


def test_a_term_of_a_letter_is_never_late() -> None:
    assert labels.urgency("zienswijze", date(2026, 11, 1), date(2026, 11, 2)) == ("voorbij", "voorbij")
    assert labels.urgency("zienswijze", date(2026, 11, 2), date(2026, 11, 2)) == ("rustig", "vandaag")


def test_stored_values_are_read_aloud() -> None:
    fields = (Field("datum", "datum", "Datum"), Field("gehoord", "ja_nee", "Gehoord"))
    stored = {"brief": 2, "gehoord": True, "datum": "2026-03-02", "datumVoornemen": None, "soort": "e_mail"}
    assert labels.told(stored, fields, AMSTERDAM) == [
        ("Datum", "2 maart 2026"),
        ("Gehoord", "ja"),
        ("Brief", "2"),
        ("Soort", "e-mail"),
    ]
    assert labels.moment(datetime(2026, 7, 1, 8, 5, tzinfo=ZoneInfo("UTC")), AMSTERDAM) == "1 juli 2026, 10.05 uur"
    assert labels.number(12345) == "12.345"
    assert labels.number(2.5) == "2,5"


def test_only_the_fields_of_the_form_are_taken_and_dates_are_mended() -> None:
    fields = (Field("datum", "datum", "Datum"), Field("tekst", "tekst", "Tekst"))
    sent = {"datum": "2-3-2026", "tekst": "", "versie": "3", "csrf": "x"}
    assert given(fields, sent) == {"datum": "2026-03-02"}
    assert given(fields, sent | {"datum": "2-3-26"}) == {"datum": "2-3-26"}
    assert given(fields, sent | {"datum": "02-03-2026"}) == {"datum": "2026-03-02"}


def test_a_report_from_under_way_comes_from_whoever_made_it(client: TestClient, engine: Engine) -> None:
    path = "/bezoeken/onderweg"
    assert "<form id=" in client.get(path).text, "the page that a browser keeps is open to all, and the same for all"
    assert client.get("/bezoeken/dienst.js").headers["service-worker-allowed"] == "/bezoeken"
    assert client.get("/bezoeken/aanmelding").status_code == 401
    own = {"Origin": "http://127.0.0.1:8000"}
    assert client.post(path, data={"voor": "bram"}, headers=own).status_code == 401
    visit = planned_visit(engine)
    shell = client.get(path).text
    for naam, sent, status, words in (
        ("bram", {"voor": "bram", "csrf": "0"}, 403, "formulier is verlopen"),
        ("anna", {"voor": "bram"}, 403, "van iemand anders"),
        ("dirk", {"voor": "dirk"}, 404, "Dit bezoek is er niet."),
        ("bram", {"voor": "bram"}, 400, "Dit formulier is niet heel."),
    ):
        visitor = Visitor(client, naam)
        found, told = visitor.post(path, **{"bezoek": str(visit), **sent})
        assert (found, words in told) == (status, True), told
        assert client.get("/bezoeken/aanmelding").json()["gebruiker"] == naam
        assert client.get(path).text == shell
    assert client.get("/bezoeken/meenemen").headers["content-type"] == "application/json"


def planned_visit(engine: Engine) -> int:
    """A visit of Bram, far ahead."""
    number = case_in(engine, Phase.HUISBEZOEK).zaaknummer
    now = datetime.now(AMSTERDAM)
    asked = {
        "dag": f"{now + timedelta(days=300):%Y-%m-%d}",
        "begin": "18:00",
        "einde": "20:00",
        "veiligheid": "geen_bijzonderheden",
    }
    anna = Actor("anna", {Role.BEHANDELAAR: frozenset({ROTTERDAM})})
    desk = Desk(anna, now, visitors=lambda code: ["bram"])
    with session_scope(engine, Access.system()) as session:
        case = moves.find_case(session, number)
        visit, _ = visit_planning.plan(session, case, desk, asked, [visit_planning.Visitor("bram", "4471")])
        assert visit.id is not None
        return visit.id
