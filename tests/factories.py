"""Cases for tests, brought where they are needed by real steps of real people."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlmodel import Session, SQLModel

from signals.errors import DomainError, Refused
from signals.models import Delivery, Grondslag, Load, LoadStatus, Signal
from signals.numbers import take_numbers
from workflow import case_terms, dossier, moves
from workflow.actors import Actor, ContactPerson, Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseEvent
from workflow.opening import CASE_SERIES, case_number
from workflow.phases import Herkomst, Phase, Role
from workflow.running_terms import receipt_ends

ZONE = ZoneInfo("Europe/Amsterdam")
NIJMEGEN, VENLO, ROTTERDAM = "0268", "0983", "0599"
RECEIVED = date(2026, 3, 2)


def at(day: date, hour: int = 10) -> datetime:
    """A moment on a day, in the clock's time zone."""
    return datetime(day.year, day.month, day.day, hour, tzinfo=ZONE)


def person(name: str, *roles: Role, code: str | None = NIJMEGEN) -> Actor:
    """An actor with roles in one municipality, or in the project with code=None."""
    return Actor(name, {role: frozenset({code}) if code else None for role in roles})


ANNA = person("anna", Role.BEHANDELAAR)
BRAM = person("bram", Role.TOEZICHTHOUDER)
CARLA = person("carla", Role.BESLISSER)
KEES = person("kees", Role.BESLISSER)
DIRK = person("dirk", Role.BEHANDELAAR, code=VENLO)
TESS = person("tess", Role.TEAMLEIDER)
ULLA = person("ulla", Role.UWV_LIAISON, code=None)
COEN = person("coen", Role.COORDINATOR, code=None)
CAST = (ANNA, BRAM, CARLA, KEES, DIRK, TESS, ULLA, COEN)


def staff(gemeentecode: str) -> Collection[str]:
    """The handlers of the cast, by municipality."""
    return [actor.naam for actor in CAST if actor.has(Role.BEHANDELAAR, gemeentecode)]


def visitors(gemeentecode: str) -> Collection[str]:
    """The toezichthouders of the cast, by municipality."""
    return [actor.naam for actor in CAST if actor.has(Role.TOEZICHTHOUDER, gemeentecode)]


def contact(naam: str) -> ContactPerson:
    """How the letters name somebody of the cast."""
    return ContactPerson(naam.title(), "024 329 90 00", f"{naam}@nijmegen.example")


def desk(actor: Actor, day: date = RECEIVED, hour: int = 10) -> Desk:
    """That person's desk on a day."""
    return Desk(actor, at(day, hour), staff, contact, visitors)


def new_case(
    session: Session,
    received: date = RECEIVED,
    gemeentecode: str = NIJMEGEN,
    grondslag: Grondslag = Grondslag.LAA_2_37,
    bsn: str = "999990019",
    **columns: Any,
) -> Case:
    """A case in `ontvangen` with its signal, as a load leaves it."""
    (number,) = take_numbers(session, CASE_SERIES, received.year)
    levering = "LRNI-2026-01"
    if session.get(Delivery, levering) is None:
        session.add(Delivery(leveringsnummer=levering, eerste_ontvangst=received))
    load = Load(
        ladingnummer=f"LD-2026-{number:06d}",
        leveringsnummer=levering,
        status=LoadStatus.GELADEN,
        bestandsnaam="x.csv",
        sha256=f"{number:064d}",
        datum_ontvangst=received,
        aangeboden_op=at(received),
        geladen_op=at(received),
        door="ulla",
    )
    session.add(load)
    session.flush()
    where = {"postcode": "6523AB", "straatnaam": "Groesbeekseweg", "huisnummer": number, "woonplaats": "Nijmegen"}
    who = {"bsn": bsn, "voornamen": "Ewa", "geslachtsnaam": "Kowalska", "geboortedatum": "19880412"}
    key = f"6523AB {number}"
    signal = Signal(
        signaalnummer=f"T-{number:05d}",
        leveringsnummer=levering,
        load_id=load.id,
        regel=2,
        datum_ontvangst=received,
        datum_signaal=received,
        grondslag=grondslag,
        gemeentecode=gemeentecode,
        gemeentecode_geleverd=gemeentecode,
        adresbron="TVA",
        adressleutel=key,
        aanleiding="UITKERING",
        uitkeringssoort="WW",
        datum_vanaf=received - timedelta(days=200),
        inhoud=f"{number:032d}",
        **who,
        **where,
    )
    session.add(signal)
    session.flush()
    case = Case(
        zaaknummer=case_number(received.year, number),
        gemeentecode=gemeentecode,
        fase=Phase.ONTVANGEN,
        herkomst=Herkomst.SIGNAAL,
        grondslag=grondslag,
        datum_ontvangst=received,
        geopend_op=received,
        leveringsnummer=levering,
        eerste_signaal_id=signal.id,
        lading_id=load.id,
        adressleutel=key,
        adresbron="TVA",
        adres_vanaf=received,
        adres_signaal_id=signal.id,
        **where,
        **receipt_ends(grondslag, received),
        **{**who, **columns},
    )
    session.add(case)
    session.flush()
    return case


def take(session: Session, case: Case, stap: str, at_desk: Desk, **gegevens: Any) -> CaseEvent:
    """Take a step on the case as it stands now."""
    return moves.take(session, case, stap, at_desk, versie=case.versie, gegevens=gegevens)


VOORNEMEN: Mapping[str, Any] = {
    "identiteit": "paspoort aan de balie",
    "datumIdentiteit": "2026-03-06",
    "rechtmatigVerblijf": "ja, EU-burger",
    "verblijfscriterium": "werkt sinds september in Nijmegen",
    "adres": "verhuurder en huisbezoek",
}
CHECKLIST: Mapping[str, Any] = {
    "identiteitVastgesteld": True,
    "bewonersGeinformeerd": True,
    "persoonslijstOpgevraagd": True,
}
ORDER = (
    Phase.ONTVANGEN,
    Phase.VOORONDERZOEK,
    Phase.AANSCHRIJVING,
    Phase.INLICHTINGEN,
    Phase.HUISBEZOEK,
    Phase.VOORNEMEN,
    Phase.BESLUIT,
    Phase.AFGESLOTEN,
    Phase.BEZWAAR,
)


def case_at(session: Session, phase: Phase, received: date = RECEIVED, **columns: Any) -> Case:
    """A case that real people walked to a phase, along the whole ambtshalve path.

    Days after receipt: assigned 1, aanschrijving 3, inlichtingen 5, huisbezoek 6, voornemen 20, besluit 40,
    processed 42, bezwaar 50.
    """
    case = new_case(session, received, **columns)
    own = {"code": case.gemeentecode}
    anna = replace(ANNA, rollen={Role.BEHANDELAAR: frozenset({case.gemeentecode})})
    carla = person("carla", Role.BESLISSER, **own)

    def on(day: int, actor: Actor = anna) -> Desk:
        return desk(actor, received + timedelta(days=day))

    walk = {
        Phase.VOORONDERZOEK: lambda: (
            take(session, case, "wijs_toe", on(1)),
            take(session, case, "start_vooronderzoek", on(1)),
        ),
        Phase.AANSCHRIJVING: lambda: take(session, case, "verstuur_aanschrijving", on(3)),
        Phase.INLICHTINGEN: lambda: (
            take(session, case, "win_inlichtingen_in", on(5)),
            add_source(session, case, on(5), "verhuurder"),
            add_source(session, case, on(5), "bag"),
        ),
        Phase.HUISBEZOEK: lambda: take(session, case, "ga_op_huisbezoek", on(6)),
        Phase.VOORNEMEN: lambda: take(session, case, "verstuur_voornemen", on(20), **VOORNEMEN),
        Phase.BESLUIT: lambda: take(session, case, "neem_besluit", on(40, carla), motivering="woont er aantoonbaar"),
        Phase.AFGESLOTEN: lambda: take(session, case, "verwerk_in_brp", on(42), **CHECKLIST),
        Phase.BEZWAAR: lambda: take(
            session, case, "registreer_bezwaar", on(50), datum=_iso(received, 49), ontvangenVia="post"
        ),
    }
    for step in ORDER[1 : ORDER.index(phase) + 1]:
        walk[step]()
    assert case.fase == phase
    return case


def add_source(session: Session, case: Case, at_desk: Desk, soort: str, bevinding: str = "staat er op de bel") -> None:
    """A source consulted on the day."""
    dossier.add(session, case, "bronnen", at_desk, {"soort": soort, "bevinding": bevinding})


def _iso(received: date, days: int) -> str:
    return (received + timedelta(days=days)).isoformat()


def codes(error: pytest.ExceptionInfo[DomainError]) -> set[str]:
    return {reason.code for reason in error.value.reasons}


def term(session: Session, case: Case, name: str, today: date = RECEIVED) -> case_terms.TermView:
    return next(one for one in case_terms.views(CaseFile(session, case), today) if one.term == name)


def refused(session: Session, case: Case, stap: str, at_desk: Any, **gegevens: Any) -> set[str]:
    with pytest.raises(Refused) as error:
        take(session, case, stap, at_desk, **gegevens)
    return codes(error)


def everything(session: Session) -> list[tuple[object, ...]]:
    """Every row there is, to compare before and after."""
    return [
        tuple(row)
        for table in SQLModel.metadata.sorted_tables
        if table.name not in ("municipality", "number_series")
        for row in session.connection().execute(table.select().order_by(*table.primary_key))
    ]
