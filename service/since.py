"""What others did since somebody was last here, as far as it concerns that person: numbers of cases and steps only."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import ColumnElement
from sqlmodel import Session, col, func, select

from exports.models import FeedbackDelivery
from service.access import Access
from service.models import AuditEntry
from signals.models import Load
from workflow.models import CallbackRequest, Case, CaseEvent, Visit
from workflow.phases import Phase, Role
from workflow.visit_models import PlannedVisit

MOST = 10
MOST_COUNTED = 1000


@dataclass(frozen=True)
class Happening:
    """Something that happened. what: the name of a step, or words; path: where it can be seen."""

    when: datetime
    what: str
    who: str
    path: str
    number: str = ""


def happened(
    session: Session, access: Access, naam: str, moment: datetime, today: date, also: Sequence[Happening] = ()
) -> Sequence[Happening]:
    """The newest on top, at most MOST of them. also: what this session cannot see of itself."""
    found = [*also]
    if access.may(Role.BEHANDELAAR):
        found += _in_cases(session, naam, moment, col(Case.behandelaar) == naam)
    if access.may(Role.BESLISSER):
        found += _in_cases(session, naam, moment, col(Case.fase).in_((Phase.VOORNEMEN, Phase.BEZWAAR)))
    if access.may(Role.TOEZICHTHOUDER):
        found += _visits(session, naam, moment, today)
    if access.may(Role.UWV_LIAISON, Role.COORDINATOR):
        found += [*_loads(session, naam, moment), *_feedback(session, naam, moment)]
    newest = sorted(dict.fromkeys(found), key=lambda one: one.when, reverse=True)
    return newest[:MOST]


def new_cases(session: Session, moment: datetime) -> int:
    """How many cases were opened on the day of that moment or later, counted to MOST_COUNTED + 1."""
    return _count(session, Case.id, col(Case.geopend_op) >= moment.date())


def refusals(session: Session, moment: datetime) -> int:
    """How often the service refused somebody since, counted to MOST_COUNTED + 1."""
    return _count(session, AuditEntry.id, col(AuditEntry.tijdstip) > moment, AuditEntry.resultaat == "geweigerd")


def _count(session: Session, of: Any, *conditions: ColumnElement[bool] | bool) -> int:
    some = select(of).where(*conditions).limit(MOST_COUNTED + 1).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def _in_cases(session: Session, naam: str, moment: datetime, *which: ColumnElement[bool]) -> Iterator[Happening]:
    """Steps of others in these cases, home visits that were reported, and whoever asked to be called back."""
    for kind, what in ((CaseEvent, ""), (Visit, "Huisbezoek vastgelegd"), (CallbackRequest, "Terugbelverzoek")):
        row: Any = kind
        chosen = (
            select(row, Case.zaaknummer)
            .join(Case, col(Case.id) == row.zaak_id)
            .where(row.tijdstip > moment, row.door != naam, *which)
            .order_by(row.tijdstip.desc())
            .limit(MOST)
        )
        for each, zaaknummer in session.exec(chosen):
            told = what or each.stap
            yield Happening(each.tijdstip, told, each.door, f"/zaken/{zaaknummer}", zaaknummer)


def _visits(session: Session, naam: str, moment: datetime, today: date) -> Iterator[Happening]:
    planned = select(PlannedVisit).where(PlannedVisit.dag >= today, PlannedVisit.gepland_op > moment)
    for visit in session.exec(planned):
        if visit.gepland_door != naam and any(one["naam"] == naam for one in visit.bezoekers):
            path = f"/bezoeken?dag={visit.dag.isoformat()}"
            yield Happening(visit.gepland_op, "Bezoek voor u gepland", visit.gepland_door, path)


def _loads(session: Session, naam: str, moment: datetime) -> Iterator[Happening]:
    loaded = select(Load).where(col(Load.geladen_op) > moment, col(Load.door) != naam)
    for load in session.exec(loaded.order_by(col(Load.geladen_op).desc()).limit(MOST)):
        assert load.geladen_op is not None
        words = f"Levering {load.leveringsnummer or ''} geladen".replace("  ", " ")
        yield Happening(load.geladen_op, words, load.door, f"/ladingen/{load.ladingnummer}", load.ladingnummer)


def _feedback(session: Session, naam: str, moment: datetime) -> Iterator[Happening]:
    row = FeedbackDelivery
    for at, by, what in (
        (row.aangemaakt_op, row.aangemaakt_door, "Terugkoppeling gemaakt"),
        (row.verzonden_op, row.verzonden_door, "Terugkoppeling verzonden"),
        (row.ontvangen_op, row.ontvangen_door, "Terugkoppeling ontvangen door UWV"),
        (row.geweigerd_op, row.geweigerd_door, "Terugkoppeling geweigerd door UWV"),
    ):
        chosen = select(row.nummer, at, by).where(col(at) > moment, col(by) != naam).order_by(col(at).desc())
        for number, when, door in session.exec(chosen.limit(MOST)):
            assert when is not None
            yield Happening(when, what, door or "", f"/terugkoppelingen/{number}", number)
