"""Sessies: planning a kick-off, werksessie or evaluatiesessie, who may see it, and what becomes of it.

What is said in one stands in `workflow.sessie_notes`. An organisation is written as the code of a municipality or as
the name of another; nobody is written by name.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import delete, exists
from sqlmodel import Session, col, select

from signals.base import table
from signals.bsn import may_hold_bsn
from signals.bulk import run
from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused, Stale, named
from signals.models import Delivery, Municipality
from signals.municipalities import Municipalities, alphabetical
from signals.numbers import take_numbers
from workflow.actors import Actor, Desk
from workflow.fields import Field, read
from workflow.models import Case
from workflow.phases import Role
from workflow.sessie_models import (
    Sessie,
    SessieActie,
    SessieDeelnemer,
    SessieLevering,
    SessieSoort,
    SessieStaat,
)

SERIES = "SE"
UWV = "UWV"
LEADERS = frozenset({Role.COORDINATOR})
"""Who plans a sessie and writes down what came of it."""
ASKERS = frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER})
"""Who speaks for a municipality."""
VISITORS = LEADERS | ASKERS | {Role.UWV_LIAISON}
"""Who has sessies at all; leaders and UWV have all of them."""
LONGEST_NAME = 80
FIELDS = (
    Field("soort", "keuze", "Wat voor sessie", keuzes=tuple(SessieSoort)),
    Field("datum", "datum", "Datum", toekomst=True),
    Field("tijd", "tijd", "Begintijd", verplicht=False, hint="Bijvoorbeeld 10:00."),
    Field("plaats", "tekst", "Plaats", verplicht=False, langste=200, hint="Een adres of een zaal, of: online."),
    Field(
        "leveringen",
        "lijst",
        "Leveringen",
        verplicht=False,
        hint="Waar gaat de sessie over? Bij een kick-off mag dit leeg blijven tot er een levering is.",
    ),
    Field("deelnemers", "lijst", "Wie doen mee", verplicht=False, hint="Wie u aankruist, leest alle vragen."),
    Field(
        "andere",
        "lijst",
        "Andere organisaties die meedoen",
        verplicht=False,
        langste=LONGEST_NAME,
        hint="Namen van organisaties, met een komma ertussen; geen namen van personen. Van een gemeente de code.",
    ),
    Field(
        "peildatum",
        "datum",
        "Peildatum van de cijfers",
        verplicht=False,
        toekomst=True,
        hint="De cijfers tellen tot en met deze dag. Leeg betekent: nog niet afgesproken.",
    ),
)
CALLING_OFF = (
    Field("reden", "lange_tekst", "Waarom gaat de sessie niet door", langste=500, hint="Zonder persoonsgegevens."),
)


@dataclass(frozen=True)
class Agenda:
    """A sessie with its leveringen and the organisations that take part, in order."""

    sessie: Sessie
    leveringen: Sequence[str]
    deelnemers: Sequence[str]

    @property
    def id(self) -> int:
        """Of the row of the sessie."""
        return _id(self.sessie)


def speaks_for(actor: Actor) -> frozenset[str]:
    """The organisations in whose name somebody asks and does: municipalities by code, and UWV."""
    codes: frozenset[str] = frozenset()
    for role in ASKERS & actor.rollen.keys():
        codes |= actor.rollen[role] or frozenset()
    return codes | {UWV} if Role.UWV_LIAISON in actor.rollen else codes


def sees_all(actor: Actor) -> bool:
    """Whether somebody has every sessie: who leads them, and UWV, which is in all of them."""
    return leads(actor) or Role.UWV_LIAISON in actor.rollen


def plan(session: Session, desk: Desk, gegevens: Mapping[str, Any]) -> Sessie:
    """A new sessie, with its number. Forbidden for who does not lead them, Invalid naming every faulty field."""
    require_leader(desk.actor)
    values = _chosen(session, desk, gegevens)
    number = take_numbers(session, SERIES, desk.now.year)[0]
    sessie = Sessie(
        nummer=f"{SERIES}-{desk.now.year}-{number:04d}",
        **{name: values[name] for name in _OWN},
        gepland_door=desk.actor.naam,
        gepland_op=desk.now,
    )
    session.add(sessie)
    session.flush()
    _set_around(session, sessie, values)
    return sessie


_OWN = ("soort", "datum", "tijd", "plaats", "peildatum")


def change(session: Session, sessie: Sessie, desk: Desk, versie: int, gegevens: Mapping[str, Any]) -> None:
    """Another day, place, levering or participant. As `plan`; Stale when somebody else changed it meanwhile."""
    require_leader(desk.actor)
    require_planned(sessie)
    _require_version(sessie, versie)
    values = _chosen(session, desk, gegevens)
    sessie.versie += 1
    for name in _OWN:
        setattr(sessie, name, values[name])
    session.add(sessie)
    for around in (SessieLevering, SessieDeelnemer):
        rows = table(around)
        run(session, delete(rows).where(rows.c.sessie_id == sessie.id))
    _set_around(session, sessie, values)


def hold(session: Session, sessie: Sessie, desk: Desk, versie: int) -> None:
    """It was held: from now on nobody asks for it any more. Refused before its day; done twice is refused."""
    require_leader(desk.actor)
    require_planned(sessie)
    if sessie.datum > desk.today:
        uitleg = "Deze sessie is nog niet geweest. Leg op de dag zelf of daarna vast dat zij is gehouden."
        raise Refused(Reason("sessie_komt_nog", uitleg))
    _require_version(sessie, versie)
    _end(session, sessie, desk, SessieStaat.GEHOUDEN)


def call_off(session: Session, sessie: Sessie, desk: Desk, versie: int, gegevens: Mapping[str, Any]) -> None:
    """It does not take place; what was asked for it stays to be read."""
    require_leader(desk.actor)
    require_planned(sessie)
    _require_version(sessie, versie)
    sessie.reden_afgelast = without_bsn(read(CALLING_OFF, gegevens, desk.now))["reden"]
    _end(session, sessie, desk, SessieStaat.AFGELAST)


def _end(session: Session, sessie: Sessie, desk: Desk, staat: SessieStaat) -> None:
    sessie.versie += 1
    sessie.staat, sessie.beeindigd_op = staat, desk.now
    session.add(sessie)


def _require_version(sessie: Sessie, versie: int) -> None:
    """Asked before what was filled in is judged, so that who mends a fault does not write over another's change."""
    if sessie.versie != versie:
        uitleg = "Deze sessie is intussen door iemand anders gewijzigd. Hieronder staat hoe zij nu is."
        raise Stale(Reason("sessie_gewijzigd", uitleg))


def leads(actor: Actor) -> bool:
    """Whether this person plans sessies and writes down what came of them."""
    return bool(LEADERS & actor.rollen.keys())


def require_leader(actor: Actor) -> None:
    """Forbidden unless this person leads sessies."""
    if not leads(actor):
        raise Forbidden(Reason("rol_ontbreekt", "Dit is voor de coördinator."))


def require_planned(sessie: Sessie) -> None:
    """Refused once a sessie was held or called off."""
    if sessie.staat != SessieStaat.GEPLAND:
        raise Refused(Reason("sessie_voorbij", f"Deze sessie is {sessie.staat}. Dit kan alleen zolang zij gepland is."))


def without_bsn(values: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same values; Invalid naming every text with what may be a BSN in it: a sessie is about nobody."""
    uitleg = "Hier staat een nummer dat een BSN kan zijn. Haal het weg: in een sessie staan geen persoonsgegevens."
    texts = ((naam, value if isinstance(value, list) else [value]) for naam, value in values.items())
    faults = [
        Reason("bsn_in_tekst", uitleg, naam)
        for naam, parts in texts
        if any(isinstance(part, str) and may_hold_bsn(part) for part in parts)
    ]
    if faults:
        raise Invalid(faults)
    return values


def _chosen(session: Session, desk: Desk, gegevens: Mapping[str, Any]) -> dict[str, Any]:
    """What was filled in, the organisations as they are written and each once; Invalid naming every faulty field."""
    values = dict(without_bsn(read(FIELDS, gegevens, desk.now)))
    wanted = list(dict.fromkeys(values.get("leveringen", [])))
    known = set(session.exec(select(Delivery.leveringsnummer).where(col(Delivery.leveringsnummer).in_(wanted))))
    faults = [
        Reason("levering_onbekend", f"Er is geen levering {one}. Kies uit de leveringen die er zijn.", "leveringen")
        for one in wanted
        if one not in known
    ]
    if not wanted and values["soort"] != SessieSoort.KICK_OFF:
        uitleg = "Kies ten minste één levering. Alleen een kick-off kan zonder."
        faults.append(Reason("levering_ontbreekt", uitleg, "leveringen"))
    register = Municipalities.load(session)
    together: dict[str, str] = {}
    for field in ("deelnemers", "andere"):
        for one in values.get(field, []):
            if one.isdigit() and not register.exists(one):
                uitleg = f"Er is geen gemeente met code {one}. Kijk de code na."
                faults.append(Reason("gemeentecode_onbekend", uitleg, field))
            together.setdefault(one.casefold(), UWV if one.casefold() == UWV.casefold() else one)
    if not together:
        faults.append(Reason("deelnemer_ontbreekt", "Kies ten minste één organisatie die meedoet.", "deelnemers"))
    if faults:
        raise Invalid(faults)
    own = {"tijd": None, "plaats": "", "peildatum": None} | {name: values[name] for name in _OWN if name in values}
    return own | {"leveringen": wanted, "deelnemers": list(together.values())}


def _id(sessie: Sessie) -> int:
    assert sessie.id is not None  # it was flushed
    return sessie.id


def _set_around(session: Session, sessie: Sessie, values: Mapping[str, Any]) -> None:
    session.add_all(SessieLevering(sessie_id=_id(sessie), leveringsnummer=one) for one in values["leveringen"])
    session.add_all(SessieDeelnemer(sessie_id=_id(sessie), organisatie=one) for one in values["deelnemers"])
    session.flush()


def find(session: Session, nummer: str, actor: Actor, *, lock: bool = False) -> Agenda:
    """A sessie that this person may see; NotFound for any other, and for none.

    lock: nobody else changes it until the end of the transaction.
    """
    asked = select(Sessie).where(Sessie.nummer == nummer)
    if lock:
        asked = asked.with_for_update().execution_options(populate_existing=True)
    sessie = session.exec(asked).first()
    seen = visible(session, actor, [sessie]) if sessie is not None else ()
    if not seen:
        raise NotFound(Reason("sessie_onbekend", f"Er is geen sessie met {named(nummer, f'{SERIES}-')}."))
    return seen[0]


def coming(session: Session, actor: Actor, today: date) -> Sequence[Agenda]:
    """The sessies ahead that this person may see, also those whose day passed unsaid; the first one first."""
    ahead = select(Sessie).where(Sessie.staat == SessieStaat.GEPLAND)
    return visible(session, actor, session.exec(ahead.order_by(col(Sessie.datum), col(Sessie.id))).all())


def past(session: Session, actor: Actor, at_most: int) -> Sequence[Agenda]:
    """The sessies that were held or called off and that this person may see, the last one first."""
    over = select(Sessie).where(Sessie.staat != SessieStaat.GEPLAND)
    newest = over.order_by(col(Sessie.datum).desc(), col(Sessie.id).desc()).limit(at_most)
    return visible(session, actor, session.exec(newest).all())


def visible(session: Session, actor: Actor, some: Sequence[Sessie]) -> Sequence[Agenda]:
    """Of these, what this person may see: where the own organisation takes part or has something to do, or has cases
    of a levering that is treated; all for who leads them and for UWV."""
    mine = speaks_for(actor)
    if not some or not (mine or sees_all(actor)):
        return []
    agendas = _agendas(session, some)
    if sees_all(actor):
        return agendas
    owed = set(session.exec(select(SessieActie.sessie_id).where(col(SessieActie.organisatie).in_(mine))))
    seen = {each.sessie.nummer for each in agendas if mine & {*each.deelnemers} or each.id in owed}
    rest = {one for each in agendas if each.sessie.nummer not in seen for one in each.leveringen}
    at_us = {one for one in sorted(rest) if _has_cases(session, mine, one)}
    return [each for each in agendas if each.sessie.nummer in seen or at_us & {*each.leveringen}]


def _has_cases(session: Session, codes: Iterable[str], leveringsnummer: str) -> bool:
    theirs = select(Case.id).where(col(Case.gemeentecode).in_(codes), Case.leveringsnummer == leveringsnummer)
    return bool(session.exec(select(exists(theirs))).one())


def _agendas(session: Session, some: Sequence[Sessie]) -> Sequence[Agenda]:
    ids = [sessie.id for sessie in some]
    parts: dict[Any, tuple[list[str], list[str]]] = {sessie_id: ([], []) for sessie_id in ids}
    treated = select(SessieLevering).where(col(SessieLevering.sessie_id).in_(ids))
    for one in session.exec(treated.order_by(col(SessieLevering.leveringsnummer))):
        parts[one.sessie_id][0].append(one.leveringsnummer)
    asked = session.exec(select(SessieDeelnemer).where(col(SessieDeelnemer.sessie_id).in_(ids))).all()
    place = {one: number for number, one in enumerate(in_order(session, (each.organisatie for each in asked)))}
    for each in sorted(asked, key=lambda each: place[each.organisatie]):
        parts[each.sessie_id][1].append(each.organisatie)
    return [Agenda(sessie, *parts[sessie.id]) for sessie in some]


def in_order(session: Session, organisations: Iterable[str]) -> Sequence[str]:
    """Each once, as people look for them: the municipalities by name, then the others."""
    some = {*organisations}
    known = select(Municipality.code, Municipality.naam).where(col(Municipality.code).in_(some))
    names: dict[str, str] = dict(session.exec(known).all())
    called: dict[str, str] = {one: names.get(one, one) for one in some}
    return sorted(some, key=lambda one: (one not in names, alphabetical(called[one]), one))


def takes_part(agenda: Agenda, actor: Actor) -> bool:
    """Whether this person sits at the table, and so reads what every participant asked."""
    return sees_all(actor) or bool(speaks_for(actor) & {*agenda.deelnemers})


def voices(session: Session, agenda: Agenda, actor: Actor, today: date) -> Sequence[str]:
    """In whose name this person can ask here: own organisations that take part; of who has cases only, those of today.

    More than one for who works for several municipalities.
    """
    mine = speaks_for(actor)
    if at_the_table := in_order(session, mine & {*agenda.deelnemers, UWV}):
        return at_the_table
    register = Municipalities.load(session)
    return in_order(session, (register.successor(code, today) for code in mine))
