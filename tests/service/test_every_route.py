"""Every door that shows or changes a person's data leaves an entry in the log and a line for everybody it is about."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from importers.load import SERIES
from service import pages
from service.access import Access
from service.api.routers import ROUTERS
from service.app import create_app
from service.audit_models import LogLine
from service.db import session_scope
from service.log.activities import ACTIVITIES
from service.models import AuditEntry
from service.settings import Settings
from service.web.middleware import API
from signals.models import Signal
from signals.numbers import take_numbers
from tests import factories
from tests.elsewhere.process import Elsewhere
from workflow.models import Aangifte, Case, CaseTask, ReceivedPart
from workflow.phases import Phase
from workflow.visit_models import UnplacedReport, VisitReport

from .conftest import CAST, NOW, ROTTERDAM, Template
from .log.log_walk import Walk

SILENT = {
    # numbers of cases and days, and nobody
    "GET /",
    # nobody's data but the user's own
    "GET /inloggen", "POST /inloggen", "POST /uitloggen", "GET /bezoeken/aanmelding",
    "GET /inloggen/code", "POST /inloggen/code", "GET /inloggen/koppelen", "POST /inloggen/koppelen",
    "GET /inloggen/koppelen/qr.svg", "GET /inloggen/organisatie", "GET /inloggen/organisatie/terug",
    "GET /inloggen/organisatie/sleutels", "GET /uitgelogd", "POST /gebruikers/{nummer}/ontkoppelen",
    "GET /gebruikers", "GET /gebruikers/{nummer}", "POST /gebruikers/{nummer}", "GET /berichten",
    "POST /gebruikers/{nummer}/rollen",
    "POST /berichten/{number}/herkansingen", "GET /rechten", "GET /rechten/bestand", "GET /gang-van-zaken",
    "GET /account", "POST /account/aanmeldingen", "POST /account/wachtwoord",
    # the log says of numbers of cases who did what, and shows nobody
    "GET /logboek",
    # the same for everybody
    "GET /.well-known/security.txt", "GET /handleiding", "GET /handleiding/{beeld}",
    "GET /zaken/{zaaknummer}/bsn", "GET /zaken/{zaaknummer}/brp",
    # systems and numbers of cases
    "GET /koppelingen", "GET /koppelingen/webhooks", "POST /koppelingen/webhooks",
    "POST /koppelingen/webhooks/{nummer}/{wat}", "POST /koppelingen/zaaksystemen/{code}/herkansingen",
    "GET /zaken/toewijzen", "GET /zaken/bezoeken", "GET /zaken/bezoeken/plannen", "GET /zaken/brieven",
    "GET /zaken/lijsten",
    "GET /zaken/zoek", "GET /bezoeken/onderweg", "GET /bezoeken/dienst.js", "GET /begrippen", "GET /termijnen",
    "GET /instellingen", "GET /instellingen/{soort}", "POST /instellingen/{soort}", "GET /verwerkingen",
    "GET /verwerkingen/{naam}/{versie}", "GET /toegankelijkheid", "GET /api/v1/termijnen", "GET /api/v1/gemeenten",
    # counts of loads, of feedback, of cases
    "GET /leveringen", "GET /ladingen/{ladingnummer}/annuleringen", "GET /terugkoppelingen",
    "GET /terugkoppelingen/{nummer}", "GET /opbrengsten", "GET /cijfers", "GET /cijfers/werkboek",
    "GET /api/v1/ladingen", "GET /api/v1/ladingen/{ladingnummer}", "GET /api/v1/leveringen",
    "GET /api/v1/terugkoppelingen", "GET /api/v1/terugkoppelingen/{nummer}", "GET /api/v1/cijfers",
    # what organisations ask and agree, about nobody; leerpunten come without the case they are of
    "GET /sessies", "GET /sessies/nieuw", "POST /sessies/nieuw", "GET /sessies/{nummer}", "GET /sessies/{nummer}/{wat}",
    "POST /sessies/{nummer}/{wat}", "GET /sessies/{nummer}/{wat}/{deel}", "POST /sessies/{nummer}/{wat}/{deel}",
    "GET /sessies/{nummer}/pakket", "GET /sessies/{nummer}/pakket/publiceren",
    "POST /sessies/{nummer}/pakket/publiceren", "GET /sessies/{nummer}/pakket/{volgnummer}/{uitgave}/{soort}",
    # numbers of cases and files that have had their time
    "GET /vernietiging", "POST /vernietiging", "GET /vernietiging/{nummer}", "POST /vernietiging/{nummer}/{wat}",
    "GET /vernietiging/{nummer}/verklaring", "GET /vernietiging/{nummer}/verklaring/pdf",
    # they only ask for work, which leaves its own line when it is done
    "GET /werk/{nummer}", "POST /werk/{nummer}/stopzettingen", "GET /sleutels", "POST /sleutels/vernieuwingen",
    "POST /ladingen/{ladingnummer}/controles", "POST /ladingen/{ladingnummer}/stopzettingen",
    "POST /api/v1/ladingen/{ladingnummer}/controles", "POST /api/v1/ladingen/{ladingnummer}/stopzettingen",
    "POST /api/v1/terugkoppelingen/{nummer}/bezorgingen", "GET /api/v1/terugkoppelingen/{nummer}/bezorgingen",
}  # fmt: skip
"""Routes at which nobody's data is seen or changed."""

ANNA_S, OTHER, THIRD, NEW = "999990019", "999990020", "999990032", "999990044"
NAMES = {ANNA_S: "Kowalska", OTHER: "Nowakowska", THIRD: "Wisniewska", NEW: "Zielinska"}
EMPLOYER = "Pannenkoekenhuis"
"""What only a handler sees of a signal."""
RECEIVED = date(2026, 9, 1)
HEADER = (
    "leveringsnummer;signaalnummer;mutatiesoort;datum_signaal;grondslag;bsn;voornamen;voorvoegsel;geslachtsnaam;"
    "geboortedatum;gemeentecode;straatnaam;huisnummer;huisletter;huisnummertoevoeging;postcode;woonplaats;"
    "nummeraanduiding;adresbron;adresdatum;aanleiding;uitkeringssoort;datum_vanaf;datum_tot;werkgever;"
    "loonheffingennummer;telefoonnummer;emailadres;taal;toelichting"
)


def delivery(number: int, bsn: str, *, faulty: bool = False) -> tuple[str, bytes, str]:
    """A delivery of one row, as a form sends it."""
    house = "nul" if faulty else "12"
    row = (
        f"LRNI-2026-1{number};S2610-0000{number};N;20260901;LAA_2_37;{bsn};Ewa;;{NAMES[bsn]};19880412;{ROTTERDAM};"
        f"Molenweg;{house};;;3181JJ;Rozenburg;;TVA;;UITKERING;WW;20251113;;{EMPLOYER};;;;pl;"
    )
    return f"levering-{number}.csv", f"{HEADER}\r\n{row}\r\n".encode(), "text/csv"


@pytest.fixture
def walk(
    settings: Settings, engine: Engine, template: Template, with_brp: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Walk]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        yield Walk(client, engine, template.tokens)


def routes() -> set[str]:
    """Every route of pages and API, with its method."""
    own = ((API, ROUTERS), ("", [noun.router for noun in pages._NOUNS]))
    return {
        f"{method} {prefix}{route.path}"  # type: ignore[attr-defined]
        for prefix, routers in own
        for router in routers
        for route in router.routes
        for method in route.methods  # type: ignore[attr-defined]
    }


def new_case(session: Session, bsn: str, **columns: Any) -> Case:
    name = {"geslachtsnaam": NAMES[bsn]}
    return factories.new_case(session, RECEIVED, ROTTERDAM, bsn=bsn, **name, **columns)


def made_of(row: Any) -> int:
    assert row.id is not None
    return int(row.id)


def of_case(case: Case) -> dict[str, Any]:
    return {
        "zaak_id": case.id,
        "gemeentecode": case.gemeentecode,
        "vastgelegd_op": NOW.date(),
        "tijdstip": NOW,
        "door": "anna",
    }


def test_every_route_with_a_person_in_it_leaves_a_line_for_that_person(walk: Walk, engine: Engine) -> None:
    walk_everything(walk, engine)
    assert not walk.wrong
    _nothing_personal(engine)


def walk_everything(walk: Walk, engine: Engine) -> None:
    """Comes by every route with a person in it, as somebody who may; each step makes the next one possible."""
    with session_scope(engine, Access.system()) as session:
        take_numbers(session, SERIES, NOW.year, 10)  # those of the loads that the factories made up
        case, other = new_case(session, ANNA_S), new_case(session, OTHER)
        walked = factories.case_at(
            session, Phase.HUISBEZOEK, RECEIVED, gemeentecode=ROTTERDAM, bsn=THIRD, geslachtsnaam=NAMES[THIRD]
        )
        task = CaseTask(**of_case(case), soort="termijn_nadert", sleutel="x", uitleg="Kijk even.")
        part = ReceivedPart(
            **of_case(case), sleutel="Z-1/brief:1", soort="brief", datum=RECEIVED, omschrijving="voornemen",
            van_gemeente="0983", vastgelegd_door="Dirk", sha256="0" * 64, pdf=b"%PDF-1.4",
        )  # fmt: skip
        declared = Aangifte(**of_case(walked), datum=RECEIVED, soort="woonadres")
        session.add_all([task, part, declared])
        session.flush()
        for signal in session.exec(select(Signal)):
            signal.werkgever = EMPLOYER
        number, beside, visited = case.zaaknummer, other.zaaknummer, walked.zaaknummer
        places = {"zaaknummer": number}
        of_task, of_part = made_of(task), made_of(part)

    one, all_ = [ANNA_S], [ANNA_S, OTHER, THIRD]
    walk("anna", f"GET {API}/zaken", all_)
    walk("anna", "GET /zaken", [THIRD])  # his own
    walk("anna", f"POST {API}/zaken/_zoek", one, {"bsn": ANNA_S})
    walk("anna", "POST /zaken/zoek", one, {"zoek": number})
    walk("anna", "POST /zaken/toewijzen", [OTHER], {"zaak": f"{beside}:1", "formulier": "n"})
    everything = {"naam": "Alles", "formulier": "o"}
    kept = walk("anna", "POST /zaken/lijsten", (), everything, query="?lijst=alle").headers["location"]
    of_list = {"nummer": int(re.findall(r"\d+", kept)[0])}
    walk("anna", "GET /zaken/lijsten/{nummer}", all_, **of_list)
    walk("anna", "POST /zaken/lijsten/{nummer}/weghalen", (), **of_list)
    walk("anna", "POST /zaken/bezoeken", [THIRD], {"zaak": f"{visited}:1"})
    for route in (
        f"GET {API}/zaken/{{zaaknummer}}", "GET /zaken/{zaaknummer}", f"GET {API}/zaken/{{zaaknummer}}/stappen",
        "GET /zaken/{zaaknummer}/verstrekkingen",
    ):  # fmt: skip
        walk("anna", route, one, **places)
    walk("anna", "POST /zaken/{zaaknummer}/bsn", one, {}, **places)
    walk("anna", "POST /zaken/{zaaknummer}/brp", one, {}, **places)
    walk("tess", "GET /zaken/{zaaknummer}/inzagen", one, **places)
    walk("aad", "GET /zaken/{zaaknummer}/inzagen", one, **places)
    kept_on = {"reden": "Beroep bij de rechtbank.", "formulier": "q"}
    walk("tess", "GET /zaken/{zaaknummer}/bewaarplicht", one, **places)
    walk("tess", "POST /zaken/{zaaknummer}/bewaarplicht", one, kept_on, **places)
    over = {"reden": "De rechter besliste.", "formulier": "r"}
    walk("tess", "POST /zaken/{zaaknummer}/bewaarplicht/{nummer}", one, over, nummer=1, **places)
    walk("anna", f"GET {API}/zaken/{{zaaknummer}}/ontvangen/{{nummer}}", one, nummer=of_part, **places)
    walk("anna", "GET /zaken/{zaaknummer}/ontvangen/{nummer}", one, nummer=of_part, **places)
    walk("anna", f"GET {API}/zaken/{{zaaknummer}}/brieven/{{nummer}}", [THIRD], zaaknummer=visited, nummer=1)
    walk("anna", "GET /zaken/{zaaknummer}/brieven/{nummer}", [THIRD], zaaknummer=visited, nummer=1)
    walk("anna", "POST /zaken/{zaaknummer}/taken/{nummer}", one, nummer=of_task, **places)

    step = {"stap": "wijs_toe", "versie": 1, "gegevens": {"behandelaar": "anna"}}
    walk("tess", f"POST {API}/zaken/{{zaaknummer}}/stappen", one, step, **places)
    walk("anna", "GET /zaken/{zaaknummer}/stappen/{stap}", one, stap="start_vooronderzoek", **places)
    started = {"versie": "2", "formulier": "a"}
    walk("anna", "POST /zaken/{zaaknummer}/stappen/{stap}", one, started, stap="start_vooronderzoek", **places)
    letter = {"versie": "3", "taal": "geen", "formulier": "b"}
    posting = {"stap": "verstuur_aanschrijving", **places}
    walk("anna", "POST /zaken/{zaaknummer}/stappen/{stap}/voorbeeld", one, letter, **posting)
    walk("anna", "POST /zaken/{zaaknummer}/stappen/{stap}/klaarzetten", one, letter, **posting)
    walk("anna", "POST /zaken/brieven", one, {"zaak": f"{number}:3", "formulier": "p"})
    walk("anna", "GET /post", one)
    walk("anna", "GET /post/pdf", one)
    walk("anna", "POST /post/{nummer}/weghalen", one, nummer=1)
    again = {"versie": "3", "taal": "geen", "formulier": "c"}
    walk("anna", "POST /zaken/{zaaknummer}/stappen/{stap}/klaarzetten", one, again, **posting)
    walk("anna", "POST /post", one)

    called = {"telefoonnummer": "0612345678", "toelichting": "na zes uur"}
    kind = {"dossiersoort": "terugbelverzoeken", **places}
    walk("anna", f"POST {API}/zaken/{{zaaknummer}}/{{dossiersoort}}", one, called, **kind)
    walk("anna", f"GET {API}/zaken/{{zaaknummer}}/{{dossiersoort}}", one, **kind)
    walk("anna", "POST /zaken/{zaaknummer}/terugbelverzoeken/{nummer}", one, nummer=1, **places)
    walk("anna", "GET /zaken/{zaaknummer}/dossier/{soort}", one, soort="bronnen", **places)
    source = {"soort": "bag", "bevinding": "woonfunctie", "formulier": "d"}
    walk("anna", "POST /zaken/{zaaknummer}/dossier/{soort}", one, source, soort="bronnen", **places)
    document = {"soort": "anders", "omschrijving": "een stuk", "datum": "2026-10-01"}
    sent = {"bestand": ("stuk.txt", b"een huurverklaring", "text/plain")}
    walk("anna", f"POST {API}/zaken/{{zaaknummer}}/documenten", one, document, sent, **places)
    reference = {**document, "formulier": "e", "kenmerk": "kast 3"}
    walk("anna", "POST /zaken/{zaaknummer}/dossier/documenten", one, reference, **places)
    for route in (
        f"GET {API}/zaken/{{zaaknummer}}/documenten/{{nummer}}/inhoud", "GET /zaken/{zaaknummer}/documenten/{nummer}",
        "GET /zaken/{zaaknummer}/documenten/{nummer}/inhoud",
    ):  # fmt: skip
        walk("anna", route, one, nummer=1, **places)
    walk("anna", "POST /zaken/{zaaknummer}/afdruk", one, {"doel": "inzage", "vorm": "pdf"}, **places)
    walk("anna", "GET /walaa", one)
    walk("carla", "GET /besluiten", [THIRD])

    _visits(walk, engine, visited)
    _deliveries(walk, engine, number, beside)
    unseen = {"GET /zaken/{zaaknummer}/documenten/{nummer}/weergave"}  # the same bytes as inhoud, for a PDF
    left = sorted(routes() - walk.passed - SILENT - unseen)
    assert not left, f"nobody walks {left}: do it in walk_everything; one that shows nothing of a person goes in SILENT"


def _visits(walk: Walk, engine: Engine, number: str) -> None:
    third, places = [THIRD], {"zaaknummer": number}
    day = (NOW + timedelta(days=3)).date().isoformat()
    walk("anna", "GET /zaken/{zaaknummer}/bezoek", third, **places)
    planned = {
        "dag": day, "begin": "18:00", "einde": "20:00", "veiligheid": "geen_bijzonderheden", "bezoeker-bram": "ja",
        "pas-bram": "4471", "formulier": "f",
    }  # fmt: skip
    walk("anna", "POST /zaken/{zaaknummer}/bezoek", third, planned, **places)
    page = walk("anna", "GET /bezoeken/{nummer}", third, nummer=1)
    walk("anna", "GET /bezoeken/{nummer}/wijzigen", third, nummer=1)
    assert page.status_code == 200
    changed = planned | {"dag": NOW.date().isoformat(), "begin": "11:00", "einde": "11:30", "versie": "1"}
    walk("anna", "POST /bezoeken/{nummer}/wijzigen", third, changed | {"formulier": "g"}, nummer=1)
    walk("bram", "GET /bezoeken", third)
    walk("bram", "GET /bezoeken/meenemen", third)
    form = walk("bram", "GET /bezoeken/{nummer}/verslag", third, nummer=1)
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form.text))
    hidden.pop("csrf", None)
    seen = {
        "datum": NOW.date().isoformat(), "begin": "09:00", "einde": "09:10", "bezoekers": "Bram (pas 4471)",
        "veiligheid": "geen_bijzonderheden", "opengedaan": "nee", "gelegitimeerd": "nee", "doelGemeld": "nee",
        "toestemming": "niet_gevraagd", "binnengetreden": "nee", "kaartAchtergelaten": "ja",
        "bevindingen": "niemand thuis", f"gevonden-{number}": "nee",
    }  # fmt: skip
    walk("bram", "POST /bezoeken/{nummer}/verslag", third, hidden | seen, nummer=1)
    with session_scope(engine, Access.system()) as session:
        case = session.exec(select(Case).where(Case.zaaknummer == number)).one()
        report = session.exec(select(VisitReport)).one()
        kept = UnplacedReport(**of_case(case), verslag_id=made_of(report), gegevens={}, reden="de zaak was verder")
        session.add(kept)
        session.flush()
        waiting = made_of(kept)
    walk("anna", "GET /bezoeken/te-plaatsen", third)
    aside = {"keuze": "terzijde", "reden": "hetzelfde bezoek"}
    walk("anna", "POST /bezoeken/te-plaatsen/{nummer}", third, aside, nummer=waiting)
    under_way = planned | {"begin": "12:00", "einde": "12:30", "dag": NOW.date().isoformat(), "formulier": "h"}
    walk("anna", "POST /zaken/{zaaknummer}/bezoek", third, under_way, **places)
    fresh = walk("bram", "GET /bezoeken/{nummer}/verslag", third, nummer=2)
    hidden = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', fresh.text))
    hidden.pop("csrf", None)
    mine = hidden | seen | {"begin": "09:41", "einde": "09:45", "voor": "bram", "bezoek": "2"}
    walk("bram", "POST /bezoeken/onderweg", third, mine)
    later = planned | {"begin": "21:00", "einde": "21:30", "formulier": "i"}
    walk("anna", "POST /zaken/{zaaknummer}/bezoek", third, later, **places)
    walk("anna", "POST /bezoeken/{nummer}/vervallen", third, {"reden": "ziek", "versie": "1"}, nummer=3)
    many = planned | {"begin": "20:00", "einde": "20:30", "zaak": f"{number}:1", "formulier": "q"}
    walk("anna", "POST /zaken/bezoeken/plannen", third, many)


def _deliveries(walk: Walk, engine: Engine, number: str, beside: str) -> None:
    new = [NEW]
    wrong = {"bestand": delivery(1, NEW, faulty=True)}
    walk("ulla", "POST /ladingen", (), {"formulier": "j"}, wrong)
    first = newest(engine, "lading_aangeboden")
    walk("ulla", "GET /ladingen/{ladingnummer}", new, ladingnummer=first)
    walk("ulla", f"GET {API}/ladingen/{{ladingnummer}}/verwerkingsverslag", (), ladingnummer=first)
    walk("ulla", "POST /ladingen/{ladingnummer}/bevestigingen", new, ladingnummer=first)
    walk("ulla", "GET /ladingen/{ladingnummer}/verwerkingsverslag", new, ladingnummer=first)
    right = {"bestand": delivery(2, NEW)}
    walk("ulla", f"POST {API}/ladingen", (), {"datumOntvangst": "2026-09-02"}, right)
    second = newest(engine, "lading_aangeboden")
    walk("ulla", f"POST {API}/ladingen/{{ladingnummer}}/bevestigingen", new, ladingnummer=second)
    walk("ulla", "POST /ladingen/{ladingnummer}/annuleringen", new, ladingnummer=second)
    third = {"bestand": delivery(3, NEW)}
    walk("ulla", f"POST {API}/ladingen", (), {"datumOntvangst": "2026-09-02"}, third)
    last = newest(engine, "lading_aangeboden")
    walk("ulla", f"POST {API}/ladingen/{{ladingnummer}}/bevestigingen", new, ladingnummer=last)
    walk("ulla", f"POST {API}/ladingen/{{ladingnummer}}/annuleringen", new, ladingnummer=last)

    other, steps = [OTHER], f"POST {API}/zaken/{{zaaknummer}}/stappen"
    walk("anna", steps, other, {"stap": "wijs_toe", "versie": 2}, zaaknummer=beside)
    closed = {"stap": "niet_oppakken", "versie": 3, "gegevens": {"reden": "onvoldoende_gegevens"}}
    walk("anna", steps, other, closed, zaaknummer=beside)
    walk("coen", "POST /terugkoppelingen", other, {"formulier": "k"})
    made = newest(engine, "terugkoppeling_gemaakt")
    for name, prefix in (("ulla", ""), ("ulla", API)):
        walk(name, f"GET {prefix}/terugkoppelingen/{{nummer}}/bestanden/{{soort}}", other, nummer=made, soort="csv")
    walk("coen", "POST /terugkoppelingen/{nummer}/{wat}", other, {"formulier": "l"}, nummer=made, wat="verzendingen")
    confirmed = {"kenmerk": "UWV-1"}
    walk("ulla", f"POST {API}/terugkoppelingen/{{nummer}}/ontvangstbevestigingen", other, confirmed, nummer=made)
    _yields(walk, engine)
    one = [ANNA_S]
    version = walk("anna", f"GET {API}/zaken/{{zaaknummer}}", one, zaaknummer=number).json()["versie"]
    ended = {"resultaat": "niet_vastgesteld", "reden": "adres wisselt"}
    walk("anna", steps, one, {"stap": "sluit_zonder_mutatie", "versie": version, "gegevens": ended}, zaaknummer=number)
    walk("coen", f"POST {API}/terugkoppelingen", one)
    again = newest(engine, "terugkoppeling_gemaakt")
    walk("coen", f"POST {API}/terugkoppelingen/{{nummer}}/verzendingen", one, nummer=again)
    no = {"reden": "onleesbaar"}
    walk("ulla", f"POST {API}/terugkoppelingen/{{nummer}}/weigeringen", one, no, nummer=again)


def _yields(walk: Walk, engine: Engine) -> None:
    with session_scope(engine, Access.system(), write=False) as session:
        case = session.exec(select(Case).where(Case.bsn == OTHER)).one()
        signal = f"T-{int(case.zaaknummer[-7:]):05d}"
    row = f"signaalnummer;soort;bedrag;peildatum\r\n{signal};boete;162,50;20261001\r\n"
    faulty = row + f"{signal};boete;veel;20261001\r\n"
    walk("ulla", f"POST {API}/opbrengsten", [OTHER], files={"bestand": ("opbrengst.csv", row.encode(), "text/csv")})
    more = {"bestand": ("meer.csv", faulty.replace("boete;162", "terugvordering;162").encode(), "text/csv")}
    walk("ulla", "POST /opbrengsten", [OTHER], {"formulier": "m"}, more)
    walk("ulla", "GET /opbrengsten/{ladingnummer}", [OTHER], ladingnummer=newest(engine, "opbrengst_geladen"))


def newest(engine: Engine, actie: str) -> str:
    with session_scope(engine, Access.system(), write=False) as session:
        mine = select(AuditEntry.object).where(AuditEntry.actie == actie).order_by(col(AuditEntry.id).desc())
        return session.exec(mine.limit(1)).one()


def _nothing_personal(engine: Engine) -> None:
    """In no line of all that stands a BSN, the name of a person or of a user, or a number of a case."""
    with session_scope(engine, Access.system(), write=False) as session:
        lines = session.exec(select(LogLine)).all()
    assert len(lines) > 80
    secrets = re.compile("|".join([*NAMES, *NAMES.values(), *(rf"\b{name}\b" for name in CAST), "Z-2026"]))
    assert not [line for line in lines if secrets.search(" ".join(map(str, line.model_dump().values())))]
    for line in lines:
        assert re.fullmatch("[0-9a-f]{32}", line.trace_id) and re.fullmatch("[0-9a-f]{16}", line.span_id)
        assert 0 < line.start_time <= line.end_time
        assert line.processing_activity_id.rpartition("/verwerkingen/")[2] in KNOWN
        assert (line.data_subject_id is None) == (line.data_subject_id_type is None)


KNOWN = {f"{activity.naam}/{activity.versie}" for activity in ACTIVITIES}
