"""Looking somebody up in the BRP (BRP API Personen 2.7.0): on request, by number, no more than the research needs.

What comes back is shown and not kept. The number goes in the body alone, never in an address.
"""

import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from service.connectors import answers
from service.connectors.answers import NotAnswered
from service.connectors.configuration import BrpAccess, brp_of
from service.trace import HEADER
from signals.dates import MONTHS, dutch_date
from signals.municipalities import standing_for
from workflow.actors import Desk
from workflow.models import Case
from workflow.phases import OPEN, Phase, Role

MOST = 20
"""Persons in one request, as the standard has it."""
FIELDS = ("burgerservicenummer", "gemeenteVanInschrijving", "datumInschrijvingInGemeente", "verblijfplaats.datumVan")
"""What is asked, and why: the number, to see that the answer is about who was asked; whether and since when somebody is
a resident of which municipality (reeds_ingezetene and elders_ingeschreven hang on that day); of the residence
its kind and since when, which tells a life abroad from one that nobody knows where. No name and no address: the case
has them, and where else somebody was registered is for that municipality to tell. Suspension, secrecy, inquiry and who
delivered to the RNI come along by themselves, and may not be asked."""
ASKERS = frozenset({Role.BEHANDELAAR, Role.BESLISSER})
RNI = "1999"
WHO = "De BRP"
AT_ONCE = 2
"""Requests that one process has under way: a BRP that hangs must not take every thread that answers pages."""
REST_SECONDS = 30
"""After the BRP did not answer, nobody waits for it for so long."""


@dataclass(frozen=True)
class Purpose:
    """Why the BRP is looked at (doelbinding): follows from where the case stands, and stands in the log."""

    naam: str
    doel: str
    grondslag: str

    @property
    def action(self) -> str:
        """As the log tells it."""
        return f"brp_geraadpleegd_{self.naam}"


_FIRST = Purpose(
    "vooronderzoek",
    "Nagaan of de betrokkene ingezetene was of is geworden, voordat het onderzoek begint.",
    "Wet BRP 2.37d, 2.37e; Circulaire 4.1",
)
_RESEARCH = Purpose(
    "adresonderzoek",
    "Nagaan of de inschrijving van de betrokkene tijdens het adresonderzoek veranderde.",
    "Wet BRP 2.19, 2.37e; Circulaire 4.3, 4.4",
)
_DECISION = Purpose(
    "besluit",
    "Nagaan of voornemen en besluit nog uitgaan van de juiste inschrijving.",
    "Wet BRP 2.19 lid 3; Awb 3:2",
)
PURPOSES: Mapping[Phase, Purpose] = {
    Phase.ONTVANGEN: _FIRST,
    Phase.VOORONDERZOEK: _FIRST,
    Phase.AANSCHRIJVING: _RESEARCH,
    Phase.INLICHTINGEN: _RESEARCH,
    Phase.HUISBEZOEK: _RESEARCH,
    Phase.VOORNEMEN: _DECISION,
    Phase.BESLUIT: _DECISION,
}
assert PURPOSES.keys() == set(OPEN)


@dataclass(frozen=True)
class BrpDate:
    """A date of which not all need be known."""

    tekst: str
    dag: date | None = None


@dataclass(frozen=True)
class Person:
    """What the BRP tells of somebody; empty or None where it tells nothing."""

    gemeentecode: str = ""
    gemeente: str = ""
    ingeschreven_op: BrpDate | None = None
    verblijf: str = ""
    verblijf_vanaf: BrpDate | None = None
    niet_op_adres: bool = False
    opschorting: str = ""
    opschorting_op: BrpDate | None = None
    geheim: bool = False
    in_onderzoek: Sequence[str] = field(default_factory=tuple)
    deelnemers: Sequence[str] = field(default_factory=tuple)

    @property
    def resident(self) -> bool:
        """Whether the BRP has this person as resident of a municipality now."""
        here = self.verblijf in ("Adres", "Locatie") and self.gemeentecode not in ("", RNI)
        return here and not self.opschorting


def may_ask(roles: frozenset[Role], phase: Phase) -> bool:
    """Whether somebody with these roles in the municipality of a case in this phase may look."""
    return phase in PURPOSES and bool(roles & ASKERS)


def access_for(session: Session, case: Case, desk: Desk) -> BrpAccess | None:
    """How the municipality of this case asks the BRP; None while it cannot."""
    return brp_of((standing_for(session, case.gemeentecode, desk.today), case.gemeentecode))


def offered(session: Session, case: Case, desk: Desk) -> Purpose | None:
    """Why this person may look in the BRP now; None when that is not possible."""
    may = case.bsn and may_ask(desk.actor.roles_in(case.gemeentecode), case.fase)
    return PURPOSES[case.fase] if may and access_for(session, case, desk) else None


def consult(access: BrpAccess, bsns: Sequence[str], traceparent: str) -> Mapping[str, Person]:
    """What the BRP tells of these numbers, at most MOST; without those it does not know, or gives to nobody (F, W).

    Raises NotAnswered. Hold no transaction meanwhile: it may take as long as `answers.WHOLE_SECONDS`.
    """
    if not 0 < len(bsns) <= MOST:
        raise ValueError(f"{len(bsns)} numbers in one request; 1 to {MOST} are possible")
    asked = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": list(bsns), "fields": list(FIELDS)}
    with _turn(access), answers.client({HEADER: traceparent}, access.certificaat, access.sleutel) as by:
        answer = answers.asked(by, "POST", f"{access.adres}/personen", WHO, json=asked, headers=_known_as(access))
        if answer.status_code != 200:
            raise _refusal(answer.status_code)
        told = answers.as_object(answer, WHO)
    found: dict[str, Person] = {}
    try:
        for one in told["personen"]:
            found[one["burgerservicenummer"]] = read(one)
    except (KeyError, TypeError, AttributeError, ValueError):
        raise NotAnswered(f"{WHO} geeft een antwoord dat niet te lezen is.", again=True) from None
    if found.keys() - set(bsns):
        raise NotAnswered(f"{WHO} antwoordt over iemand anders dan gevraagd; er is niets getoond.", again=False)
    return found


def require_let_in(access: BrpAccess, traceparent: str) -> None:
    """Raises NotAnswered unless the BRP is there and knows us. Asks about nobody, so it says what is missing (400)."""
    nothing = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [], "fields": list(FIELDS)}
    with answers.client({HEADER: traceparent}, access.certificaat, access.sleutel) as by:
        answer = answers.asked(by, "POST", f"{access.adres}/personen", WHO, json=nothing, headers=_known_as(access))
    if answer.status_code not in (200, 400):
        raise _refusal(answer.status_code)


def _known_as(access: BrpAccess) -> dict[str, str]:
    """The headers by which we are known; a token is asked anew each time, for somebody looks a few times a day."""
    headers = {"X-API-KEY": access.api_sleutel} if access.api_sleutel else {}
    if not access.token_adres:
        return headers
    who = "De dienst die tokens voor de BRP geeft"
    form = {"grant_type": "client_credentials", "client_id": access.client_id, "client_secret": access.client_geheim}
    if access.scope:
        form["scope"] = access.scope
    with answers.client({}, access.certificaat, access.sleutel) as by:
        answer = answers.asked(by, "POST", access.token_adres, who, data=form)
    told = answers.as_object(answer, who) if answer.status_code == 200 else None
    token = told.get("access_token") if isinstance(told, dict) else None
    if not isinstance(token, str) or not token or not (token.isascii() and token.isprintable()):
        raise NotAnswered(f"{who} geeft er geen. Laat de beheerder client_id en client_geheim nakijken.", again=False)
    return headers | {"Authorization": f"Bearer {token}"}


def _refusal(status: int) -> NotAnswered:
    if status in (401, 403):
        told, again = "laat deze gemeente niet toe. Laat de beheerder sleutels en autorisatie nakijken.", False
    elif status == 429:
        told, again = "kreeg te veel vragen. Probeer het over een minuut opnieuw.", True
    elif status >= 500:
        told, again = "heeft een storing. Probeer het later opnieuw.", True
    else:
        told, again = f"begrijpt de vraag niet (code {status}). Meld dit aan de beheerder.", False
    return NotAnswered(f"{WHO} {told}", again=again, status=status)


class _Circuits:
    """Until when nobody waits for which BRP, in this process."""

    def __init__(self) -> None:
        self.places = threading.BoundedSemaphore(AT_ONCE)
        self.closed_until: dict[str, float] = {}


_circuits = _Circuits()


@contextmanager
def _turn(access: BrpAccess) -> Iterator[None]:
    """A place among the few that ask at once; NotAnswered at once while the BRP is known not to answer."""
    busy = f"{WHO} antwoordt nu niet. Probeer het over een halve minuut opnieuw."
    if _circuits.closed_until.get(access.adres, 0) > time.monotonic():
        raise NotAnswered(busy, again=True)
    if not _circuits.places.acquire(timeout=1):
        raise NotAnswered(busy, again=True)
    try:
        yield
    except NotAnswered as failed:
        if failed.status is None and failed.again:
            _circuits.closed_until[access.adres] = time.monotonic() + REST_SECONDS
        raise
    finally:
        _circuits.places.release()


def forget_failures() -> None:
    """As a process that has just begun."""
    _circuits.closed_until.clear()


# What an answer says

_RESIDENCES = {
    "Adres": "een adres in Nederland",
    "Locatie": "een plek in Nederland zonder adres",
    "VerblijfplaatsBuitenland": "in het buitenland",
    "VerblijfplaatsOnbekend": "onbekend (vertrokken, niet bekend waarheen)",
}


def read(told: Mapping[str, Any]) -> Person:
    """A person as the standard writes one; KeyError, TypeError, AttributeError or ValueError for what is none."""
    place = told.get("verblijfplaats", {})
    suspended = told.get("opschortingBijhouding", {})
    municipality = told.get("gemeenteVanInschrijving", {})
    return Person(
        gemeentecode=municipality.get("code", ""),
        gemeente=municipality.get("omschrijving", ""),
        ingeschreven_op=read_date(told.get("datumInschrijvingInGemeente")),
        verblijf=place.get("type", ""),
        verblijf_vanaf=read_date(place.get("datumVan")),
        niet_op_adres=bool(place.get("indicatieVastgesteldVerblijftNietOpAdres")),
        opschorting=_named(suspended["reden"]) if "reden" in suspended else "",
        opschorting_op=read_date(suspended.get("datum")),
        geheim=bool(told.get("geheimhoudingPersoonsgegevens")),
        in_onderzoek=tuple(_in_inquiry(told)),
        deelnemers=tuple(dict.fromkeys(_named(one["deelnemer"]) for one in told.get("rni", ()))),
    )


def residence_text(person: Person) -> str:
    """Where the BRP says somebody lives, in words."""
    return _RESIDENCES.get(person.verblijf, "niet vermeld")


def _named(value: Mapping[str, str]) -> str:
    """A value of one of the national tables: what it means and its code."""
    return f"{value.get('omschrijving') or 'zonder omschrijving'} ({value['code']})"


def _in_inquiry(told: Mapping[str, Any]) -> Iterator[str]:
    """Which of what we asked is under inquiry, with since when."""
    of_person = told.get("inOnderzoek", {})
    if of_person.get("gemeenteVanInschrijving") or of_person.get("datumInschrijvingInGemeente"):
        yield _since("de gemeente van inschrijving", of_person.get("datumIngangOnderzoekGemeente"))
    if of_person.get("burgerservicenummer"):
        yield _since("de persoon", of_person.get("datumIngangOnderzoekPersoon"))
    if of_place := told.get("verblijfplaats", {}).get("inOnderzoek"):
        yield _since("de verblijfplaats", of_place.get("datumIngangOnderzoek"))


def _since(what: str, begun: Mapping[str, Any] | None) -> str:
    day = read_date(begun)
    return f"{what}, sinds {day.tekst}" if day else what


def read_date(told: Mapping[str, Any] | None) -> BrpDate | None:
    """A date in one of its four forms, told apart by `type`; of another the words that the BRP gives for it."""
    if told is None:
        return None
    match told["type"]:
        case "Datum":
            day = date.fromisoformat(told["datum"])
            return BrpDate(dutch_date(day), day)
        case "JaarMaandDatum":
            return BrpDate(f"{MONTHS[int(told['maand']) - 1]} {int(told['jaar'])}, dag onbekend")
        case "JaarDatum":
            return BrpDate(f"{int(told['jaar'])}, dag en maand onbekend")
        case "DatumOnbekend":
            return BrpDate("onbekend")
        case _:
            return BrpDate(str(told["langFormaat"])[:17])


def summary(person: Person | None, today: date) -> str:
    """The same as a finding for the dossier, which whoever records it may change: facts of the BRP, no conclusion."""
    if person is None:
        return f"De BRP gaf op {dutch_date(today)} geen gegevens bij dit burgerservicenummer."
    parts = [f"De BRP op {dutch_date(today)}: ingeschreven in {person.gemeente or 'een gemeente die niet is vermeld'}"]
    if person.ingeschreven_op:
        parts[0] += f", sinds {person.ingeschreven_op.tekst}"
    living = f"verblijfplaats {residence_text(person)}"
    parts.append(living + (f", sinds {person.verblijf_vanaf.tekst}" if person.verblijf_vanaf else ""))
    if person.opschorting:
        since = f", sinds {person.opschorting_op.tekst}" if person.opschorting_op else ""
        parts.append(f"bijhouding opgeschort: {person.opschorting}{since}")
    else:
        parts.append("bijhouding niet opgeschort")
    if person.niet_op_adres:
        parts.append("vastgesteld dat de persoon niet op het adres verblijft")
    if person.in_onderzoek:
        parts.append(f"in onderzoek: {'; '.join(person.in_onderzoek)}")
    if person.deelnemers:
        parts.append(f"RNI-deelnemer: {', '.join(person.deelnemers)}")
    return "; ".join(parts) + "."
