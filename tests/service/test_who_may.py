"""Who gets what at every route: the other municipality, UWV, the coordinator and nobody try each request first.

The requests are those of the walk through every route, made with what really belongs to a case of Rotterdam, so what is
refused here is not refused for being wrong: right after it the same request is done by somebody who may.
"""

import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from pypdf import PdfReader
from sqlalchemy import Engine
from sqlmodel import select

from service import sessie_packs, work
from service.access import access_of
from service.app import create_app
from service.db import session_scope
from service.log.activities import ACTIVITIES
from service.models import WorkKind, WorkState
from service.retention import certificates
from service.settings import Settings
from service.web.middleware import API
from signals.models import Delivery
from tests.elsewhere.process import Elsewhere
from workflow import sessie_notes, sessies
from workflow.actors import Desk
from workflow.retention_models import DestructionItem, DestructionList, Lijststaat, Regelstaat, Soort

from .conftest import NOW, ROTTERDAM, Template, access
from .log.log_walk import Walk
from .test_every_route import ANNA_S, EMPLOYER, NAMES, newest, routes, walk_everything

OTHERS: Mapping[str, str | None] = {"andere gemeente": "dirk", "UWV": "ulla", "coordinator": "coen", "niemand": None}
COLLEAGUES = ("carla", "bram", "tess")
"""Of the same municipality, and no handlers: they see the case, but not what UWV pays. All look at the case itself."""

PERSON = re.compile("|".join([*NAMES, *NAMES.values(), "Groesbeekseweg"]))
CASE = re.compile(r"Z-2026-\d{7}")
DOSSIER = re.compile("woonfunctie|0612345678|na zes uur|kast 3|een huurverklaring")
BENEFIT = re.compile(EMPLOYER)
NOT_FOR: Mapping[str, tuple[re.Pattern[str], ...]] = {
    "andere gemeente": (PERSON, CASE, DOSSIER, BENEFIT),
    "UWV": (CASE, DOSSIER),
    "coordinator": (PERSON, CASE, DOSSIER, BENEFIT),
    "niemand": (PERSON, CASE, DOSSIER, BENEFIT),
    "collega": (BENEFIT,),
}

TAKES_ALONG = {"POST /zaken/{zaaknummer}/afdruk", "POST /zaken/zoek", f"POST {API}/zaken/_zoek"}
"""Routes that change nothing and are no GET."""

FOR_EVERYBODY = {
    "GET /inloggen", "POST /inloggen", "GET /inloggen/organisatie", "GET /inloggen/organisatie/terug",
    "GET /inloggen/organisatie/sleutels", "GET /uitgelogd", "GET /.well-known/security.txt", "POST /uitloggen",
    "GET /bezoeken/dienst.js", "GET /bezoeken/onderweg", "GET /inloggen/code", "POST /inloggen/code",
    "GET /inloggen/koppelen", "POST /inloggen/koppelen", "GET /inloggen/koppelen/qr.svg", "GET /verwerkingen",
    "GET /verwerkingen/{naam}/{versie}", "GET /handleiding", "GET /handleiding/{beeld}", "GET /toegankelijkheid",
}  # fmt: skip
"""Routes that somebody who is not signed in may ask: the way in and out, and what holds no data."""

OWN = {"GET /account", "POST /account/aanmeldingen", "POST /account/wachtwoord"}
"""Routes at which everybody who is signed in has what is his own."""

OWED = {
    ("UWV", "GET /terugkoppelingen/{nummer}/bestanden/{soort}"),
    ("UWV", "GET /api/v1/terugkoppelingen/{nummer}/bestanden/{soort}"),
}
"""The file with numbers of persons that UWV is owed."""

ASKS_TOO = {
    ("UWV", "POST /sessies/{nummer}/{wat}"),
    ("coordinator", "POST /api/v1/terugkoppelingen/{nummer}/bezorgingen"),
}
"""UWV is in every sessie and asks questions of its own there: an empty form comes back. Liaison and coordinator may
both ask that feedback is brought: here they hear that there is no server."""

SHARED = {
    "GET /sessies/{nummer}", "GET /sessies/{nummer}/{wat}", "GET /sessies/{nummer}/pakket",
    "GET /sessies/{nummer}/pakket/{volgnummer}/{uitgave}/{soort}",
    "GET /instellingen/{soort}", "GET /verwerkingen/{naam}/{versie}", "GET /terugkoppelingen/{nummer}",
    "GET /api/v1/terugkoppelingen/{nummer}", "GET /api/v1/terugkoppelingen/{nummer}/bezorgingen",
}  # fmt: skip
"""Routes to one thing that holds nothing of a person and is for more than one of these."""


BESIDE: Mapping[str, tuple[str, ...]] = {
    "anna": (
        "GET /", "GET /zaken/toewijzen", "GET /zaken/zoek", "GET /zaken/lijsten", "GET /zaken/brieven",
        "GET /zaken/bezoeken", "GET /zaken/bezoeken/plannen",
        "GET /termijnen", "GET /begrippen", "GET /cijfers", "GET /cijfers/werkboek",
        "GET /bezoeken/aanmelding", f"GET {API}/cijfers", f"GET {API}/termijnen", f"GET {API}/gemeenten",
        "GET /zaken/{zaaknummer}/documenten/{nummer}/weergave", "GET /zaken/{zaaknummer}/bsn",
        "GET /zaken/{zaaknummer}/brp", "GET /account", "POST /account/aanmeldingen", "POST /account/wachtwoord",
        "GET /sessies", "GET /sessies/{nummer}", "GET /sessies/{nummer}/{wat}", "POST /sessies/{nummer}/{wat}",
        "GET /sessies/{nummer}/{wat}/{deel}", "POST /sessies/{nummer}/{wat}/{deel}",
        "GET /sessies/{nummer}/pakket", "GET /sessies/{nummer}/pakket/{volgnummer}/{uitgave}/{soort}",
    ),
    "coen": (
        "GET /sessies/nieuw", "POST /sessies/nieuw", "GET /sessies/{nummer}/pakket/publiceren",
        "POST /sessies/{nummer}/pakket/publiceren",
    ),
    "ulla": (
        "GET /leveringen", "GET /opbrengsten", "GET /ladingen/{ladingnummer}/annuleringen",
        "POST /ladingen/{ladingnummer}/controles", "POST /ladingen/{ladingnummer}/stopzettingen",
        "GET /terugkoppelingen", "GET /terugkoppelingen/{nummer}", f"GET {API}/terugkoppelingen",
        f"GET {API}/terugkoppelingen/{{nummer}}", f"GET {API}/leveringen", f"GET {API}/ladingen",
        f"GET {API}/ladingen/{{ladingnummer}}", f"POST {API}/ladingen/{{ladingnummer}}/controles",
        f"POST {API}/ladingen/{{ladingnummer}}/stopzettingen",
        f"GET {API}/terugkoppelingen/{{nummer}}/bezorgingen", f"POST {API}/terugkoppelingen/{{nummer}}/bezorgingen",
    ),
    "tess": (
        "GET /vernietiging", "POST /vernietiging", "GET /vernietiging/{nummer}", "POST /vernietiging/{nummer}/{wat}",
        "GET /vernietiging/{nummer}/verklaring", "GET /vernietiging/{nummer}/verklaring/pdf",
    ),
    "aad": ("GET /logboek", "GET /rechten", "GET /rechten/bestand"),
    "bea": (
        "GET /gebruikers", "GET /gebruikers/{nummer}", "POST /gebruikers/{nummer}", "GET /berichten",
        "POST /berichten/{number}/herkansingen", "GET /instellingen", "GET /instellingen/{soort}",
        "GET /gang-van-zaken",
        "GET /sleutels", "POST /sleutels/vernieuwingen", "GET /werk/{nummer}", "POST /werk/{nummer}/stopzettingen",
        "GET /koppelingen", "GET /koppelingen/webhooks", "POST /koppelingen/webhooks",
        "POST /koppelingen/webhooks/{nummer}/{wat}", "POST /koppelingen/zaaksystemen/{code}/herkansingen",
        "POST /instellingen/{soort}", "POST /gebruikers/{nummer}/ontkoppelen", "POST /gebruikers/{nummer}/rollen",
        *sorted(FOR_EVERYBODY - {"POST /uitloggen"}), "POST /uitloggen",
    ),
}  # fmt: skip
"""The routes beside the walk, at most of which nobody's data is seen, by who may; the last ends the sign-in."""
SESSIE = {"nummer": "SE-2026-0001"}
QUESTION = SESSIE | {"wat": "vragen", "deel": 1}
"""A sessie of Rotterdam alone, and its question."""
PACK = {"nummer": "SE-2026-0002", "volgnummer": 1, "uitgave": "binnen", "soort": "xlsx"}
"""A werksessie of Rotterdam alone, and its published pack."""
DESTROYED = {"nummer": "VL-2026-0001", "wat": "intrekken"}
"""A list of Rotterdam that was carried out, with its verklaring."""
PLACES: Mapping[str, Mapping[str, Any]] = {
    "GET /vernietiging/{nummer}": DESTROYED,
    "POST /vernietiging/{nummer}/{wat}": DESTROYED,
    "GET /vernietiging/{nummer}/verklaring": DESTROYED,
    "GET /vernietiging/{nummer}/verklaring/pdf": DESTROYED,
    "GET /sessies/{nummer}": SESSIE,
    "GET /sessies/{nummer}/{wat}": QUESTION,
    "POST /sessies/{nummer}/{wat}": QUESTION,
    "GET /sessies/{nummer}/{wat}/{deel}": QUESTION,
    "POST /sessies/{nummer}/{wat}/{deel}": QUESTION,
    "GET /sessies/{nummer}/pakket": PACK,
    "GET /sessies/{nummer}/pakket/publiceren": PACK,
    "POST /sessies/{nummer}/pakket/publiceren": PACK,
    "GET /sessies/{nummer}/pakket/{volgnummer}/{uitgave}/{soort}": PACK,
    "GET /werk/{nummer}": {"nummer": 1},
    "POST /werk/{nummer}/stopzettingen": {"nummer": 1},
    "GET /gebruikers/{nummer}": {"nummer": 1},
    "POST /gebruikers/{nummer}": {"nummer": 1},
    "POST /gebruikers/{nummer}/ontkoppelen": {"nummer": 1},
    "POST /gebruikers/{nummer}/rollen": {"nummer": 1},
    "POST /berichten/{number}/herkansingen": {"number": 1},
    "GET /instellingen/{soort}": {"soort": "deelnemers"},
    "POST /instellingen/{soort}": {"soort": "deelnemers"},
    f"GET {API}/termijnen": {"query": "?term=bezwaar&vanaf=2026-11-02"},
    "GET /zaken/{zaaknummer}/documenten/{nummer}/weergave": {"zaaknummer": "Z-2026-0000001", "nummer": 1},
    "GET /handleiding/{beeld}": {"beeld": "worklist.png"},
    "GET /zaken/{zaaknummer}/bsn": {"zaaknummer": "Z-2026-0000001"},
    "GET /zaken/{zaaknummer}/brp": {"zaaknummer": "Z-2026-0000001"},
    "POST /koppelingen/webhooks/{nummer}/{wat}": {"nummer": 1, "wat": "proefberichten"},
    "POST /koppelingen/zaaksystemen/{code}/herkansingen": {"code": "0599"},
    "GET /verwerkingen/{naam}/{versie}": {"naam": ACTIVITIES[0].naam, "versie": ACTIVITIES[0].versie},
}
"""Where a route is about something else than the newest load and feedback."""


def told_by(answer: Response) -> str:
    """All that an answer says, in headers and body; of a workbook, an archive or a PDF what stands in it."""
    return " ".join(answer.headers.values()) + " " + _text(answer.content)


def _text(content: bytes) -> str:
    if content.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return " ".join(f"{name} {_text(archive.read(name))}" for name in archive.namelist())
    if content.startswith(b"%PDF") and b"%%EOF" in content:
        return " ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    return content.decode("utf-8", "replace")


def refused(answer: Response) -> bool:
    """Nothing was done and nothing told."""
    to_sign_in = answer.status_code == 303 and answer.headers["location"].startswith("/inloggen")
    return answer.status_code in (401, 403, 404) or to_sign_in


@dataclass
class Tried(Walk):
    """A walk on which everybody who should not tries every request first; what came of it, by route and by who."""

    table: dict[str, dict[str, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    leaks: list[str] = field(default_factory=list)
    found: dict[str, set[str]] = field(default_factory=dict)

    def __call__(self, name: str, route: str, *about: Any, files: Any = None, **places: Any) -> Response:
        people, data, sent = (*about, *(None,) * 3)[:3]
        self.attempt(name, route, data, sent or files, places)
        answer = super().__call__(name, route, people, data, sent or files, **places)
        self.table[route]["eigen"].add(f"{name} {answer.status_code}")
        if route not in self.found:
            told = told_by(answer)
            self.found[route] = {one for each in (PERSON, CASE, DOSSIER, BENEFIT) for one in each.findall(told)}
        return answer

    def alone(self, name: str, route: str, places: Mapping[str, Any]) -> None:
        """A route at which nobody's data is seen; asked by who may, after all others."""
        self.attempt(name, route, None, None, places)
        answer = self.ask(name, route, None, None, places)
        self.table[route]["eigen"].add(f"{name} {answer.status_code}")
        self.passed.add(route)
        if answer.status_code in (401, 403) or answer.status_code >= 500:
            self.leaks.append(f"{name} may not {route}: {answer.status_code}")

    def attempt(
        self, own: str, route: str, data: Mapping[str, Any] | None, files: Any, places: Mapping[str, Any]
    ) -> None:
        """The same request by everybody else, the first time that the walk comes by a route."""
        if route in self.table:
            return
        for who, name in OTHERS.items():
            if name != own:
                self._judge(who, route, self.ask(name, route, data, files, places), f"{places} {data}")
        if own == "anna" and (route.startswith("GET ") or route in TAKES_ALONG):
            for name in COLLEAGUES if route.endswith("{zaaknummer}") else COLLEAGUES[:1]:
                self._judge("collega", route, self.ask(name, route, data, None, places), f"{places}")

    def _judge(self, who: str, route: str, answer: Response, said: str) -> None:
        self.table[route][who].add(str(answer.status_code))
        told = told_by(answer)
        for each in NOT_FOR[who]:
            found = {one for one in each.findall(told) if one not in said}  # a form that comes back says what they said
            if found and (who, route) not in OWED:
                self.leaks.append(f"{who} {route}: {answer.status_code} {found}")
        if who == "collega" or refused(answer) or (who, route) in OWED or route in FOR_EVERYBODY:
            return
        if (route in OWN and who != "niemand") or (who, route) in ASKS_TOO:
            return
        if who == "niemand" or answer.status_code >= 400:
            self.leaks.append(f"{who} {route}: {answer.status_code}, not refused")
        elif "{" in route and route not in SHARED:
            self.leaks.append(f"{who} {route}: {answer.status_code}, of one thing and not refused")

    def __str__(self) -> str:
        names = ("eigen", *OTHERS, "collega")
        lines = [("route", *names)]
        lines += [
            (route, *(", ".join(sorted(self.table[route].get(name, {"-"}))) for name in names))
            for route in sorted(self.table, key=lambda each: each.split(" ")[::-1])
        ]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        return "\n".join(" | ".join(map(str.ljust, line, widths)) for line in lines)


@pytest.fixture
def tried(
    settings: Settings, engine: Engine, template: Template, with_brp: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Tried]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    with TestClient(create_app(settings, engine)) as client:
        yield Tried(client, engine, template.tokens)


def prepare_sessie(engine: Engine) -> None:
    """A sessie without a levering, in which of all municipalities Rotterdam alone takes part, with a question of it."""
    for name in ("coen", "anna"):
        with session_scope(engine, access(engine, name)) as session:
            desk = Desk(access_of(session).actor, NOW)
            if name == "coen":
                asked = {"soort": "kick_off", "datum": "2026-11-05", "deelnemers": ROTTERDAM}
                assert sessies.plan(session, desk, asked).nummer == SESSIE["nummer"]
            else:
                agenda = sessies.find(session, SESSIE["nummer"], desk.actor)
                assert sessie_notes.ask(session, agenda, desk, {"tekst": "Wie belt er aan?"}).id == QUESTION["deel"]


def prepare_pack(engine: Engine) -> None:
    """A werksessie about everything that was delivered, in which Rotterdam alone takes part, and its pack."""
    with session_scope(engine, access(engine, "coen").widened()) as session:
        desk = Desk(access_of(session).actor, NOW)
        (levering, *_) = session.exec(select(Delivery.leveringsnummer))
        asked = {"soort": "werksessie", "datum": "2026-11-05", "deelnemers": ROTTERDAM, "leveringen": levering}
        assert sessies.plan(session, desk, asked).nummer == PACK["nummer"]
    with session_scope(engine, access(engine, "coen").widened()) as session:
        agenda = sessies.find(session, str(PACK["nummer"]), desk.actor)
        new = sessie_packs.make(session, engine, access_of(session), agenda, NOW.date(), NOW.date())
        files, stood = sessie_packs.files_made(new), (new.volgnummer, new.digest)
        sessie_packs.publish(session, agenda, desk, new, files, stood, {})


def prepare_work(engine: Engine) -> None:
    """Work that a beheerder asked for, and that came to nothing."""
    with session_scope(engine, access(engine, "bea")) as session:
        asked = work.enqueue(session, WorkKind.SLEUTELS, "sleutels", NOW, rows=None)
        assert asked.id == PLACES["GET /werk/{nummer}"]["nummer"]
        asked.staat = WorkState.MISLUKT


def prepare_destruction(engine: Engine) -> None:
    """A list of Rotterdam with the number of a case on it, as it is after it was carried out."""
    with session_scope(engine, access(engine, "tess").widened()) as session:
        row = DestructionList(
            gemeentecode=ROTTERDAM, nummer=DESTROYED["nummer"], soort=Soort.DOSSIERS, staat=Lijststaat.UITGEVOERD,
            termijn=10, voorgesteld_op=NOW, voorgesteld_door="bea", goedgekeurd_op=NOW, goedgekeurd_door="tess",
            uitgevoerd_door="tess", begonnen_op=NOW, uitgevoerd_op=NOW,
        )  # fmt: skip
        session.add(row)
        session.flush()
        assert row.id is not None
        item = DestructionItem(
            lijst_id=row.id, gemeentecode=ROTTERDAM, object="zaak", nummer="Z-2026-0000099", sinds=NOW.date(),
            staat=Regelstaat.VERNIETIGD, gewijzigd_op=NOW,
        )  # fmt: skip
        session.add(item)
        session.flush()
        certificates.draw_up(session, row, NOW, NOW.tzinfo)  # type: ignore[arg-type]


def test_nobody_gets_at_any_route_what_is_not_theirs(tried: Tried, engine: Engine) -> None:
    """`pytest -rP` prints the table: what came back at every route, by who asked."""
    walk_everything(tried, engine)
    prepare_sessie(engine)
    prepare_pack(engine)
    prepare_work(engine)
    prepare_destruction(engine)
    loaded, made = newest(engine, "lading_aangeboden"), newest(engine, "terugkoppeling_gemaakt")
    for name, paths in BESIDE.items():
        for route in paths:
            tried.alone(name, route, {"ladingnummer": loaded, "nummer": made} | PLACES.get(route, {}))
    print(tried)
    assert tried.leaks == []
    whole = {*NAMES, NAMES[ANNA_S], EMPLOYER, *DOSSIER.pattern.split("|")}
    assert whole <= set().union(*tried.found.values())  # whoever may sees all that was looked for
    for route in ("GET /zaken/{zaaknummer}", f"GET {API}/zaken/{{zaaknummer}}", "POST /zaken/{zaaknummer}/afdruk"):
        assert EMPLOYER in tried.found[route]
    untried = sorted(routes() - tried.passed)
    assert not untried, f"nobody asks for {untried}: name it in BESIDE under who may, or walk it in test_every_route"
