"""After a restore: what was destroyed since the back-up was made goes again, by the journal that was kept apart.

It was approved then, so nobody approves it anew. What is no longer the same, or is under a bewaarplicht by now, stays
and is told: somebody looks at it and makes a list.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, insert, select
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from exports.models import FeedbackDelivery
from service.access import Access
from service.audit_models import AuditSeal
from service.db import session_scope
from service.log import audit, chain
from service.retention import carrying_out, certificates, due, journal, lists
from service.settings import Settings
from signals.base import table
from signals.bulk import run
from signals.models import Load, NumberSeries, OpbrengstLoad, Signal
from signals.numbers import take_numbers
from workflow import retention
from workflow.models import Case, CaseSignal
from workflow.retention import MOST
from workflow.retention_models import (
    DestructionItem,
    DestructionList,
    LegalHold,
    Lijststaat,
    Regelstaat,
    Soort,
)

_ALREADY = None
Line = Mapping[str, Any]


@dataclass
class Repeated:
    """What a repetition came to. gebleven: number and reason; weg: lines of which nothing was there any more."""

    lijsten: list[str] = field(default_factory=list)
    verklaringen: list[str] = field(default_factory=list)
    vernietigd: int = 0
    weg: int = 0
    gebleven: list[tuple[str, str]] = field(default_factory=list)
    klaar: bool = True


def repeat(engine: Engine, settings: Settings, access: Access, path: Path, now: datetime) -> Repeated:
    """Destroys again what stands in this journal and is there. Refused when the journal is not as it was written."""
    lines = journal.read(path)
    done = Repeated()
    for lijst, told in _by_list(lines):
        for place in range(0, len(told), MOST):
            with session_scope(engine, access.widened()) as session:
                some = told[place : place + MOST]
                nummer = _listed(session, settings, lijst, some, access.actor.naam, now, done)
                if nummer:
                    audit.record(
                        session, "vernietiging_herhaald", nummer, now, gemeentecode=told[0]["gemeentecode"] or None
                    )
    with session_scope(engine, Access.system(), write=False) as session:
        open_ = select_rows(DestructionList.nummer).where(
            DestructionList.staat == Lijststaat.UITVOERING, DestructionList.herhaling_van != ""
        )
        done.lijsten = list(session.exec(open_.order_by(col(DestructionList.id))))
    for nummer in done.lijsten:
        ended = carrying_out.carry_out(engine, settings, nummer, now, access.origin)
        done.vernietigd += ended.vernietigd
        done.klaar = done.klaar and ended.klaar
        done.verklaringen += [ended.verklaring] if ended.verklaring else []
    return done


def _by_list(lines: Sequence[Line]) -> Iterator[tuple[str, list[Line]]]:
    """The lines of each list, of the first list on."""
    found: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        found[line["lijst"]].append(line)
    yield from found.items()


def _listed(
    session: Session, settings: Settings, lijst: str, lines: Sequence[Line], door: str, now: datetime, done: Repeated
) -> str:
    """A list of what of these lines is there and is still the same; its number, or empty when there is nothing."""
    _pass_over(session, lijst)
    going = []
    for line in lines:
        why = _why_not(session, line)
        if why == "":
            item = DestructionItem(**{name: line[name] for name in ("object", "nummer")})
            why = due.stopped(session, item, now.date(), settings.zone)
        if why is _ALREADY:
            done.weg += 1
        elif why:
            done.gebleven.append((line["nummer"], why))
        else:
            going.append(line)
    if not going:
        return ""
    first = going[0]
    # What goes with the list without a line of its own goes by the term of here and now too, not by the journal.
    term = retention.term(session, Soort(first["soort"]), first["gemeentecode"], now.date())
    row = DestructionList(
        gemeentecode=first["gemeentecode"],
        nummer=lists.number(session, now),
        soort=Soort(first["soort"]),
        staat=Lijststaat.UITVOERING,
        termijn=term.lengte,
        termijn_besluit=term.besluit,
        herhaling_van=lijst,
        voorgesteld_op=now,
        voorgesteld_door=door,
        uitgevoerd_door=door,
        begonnen_op=now,
    )
    session.add(row)
    session.flush()
    same: dict[str, Any] = {
        "lijst_id": row.id,
        "staat": Regelstaat.OP_LIJST,
        "versie": 0,
        "reden": "",
        "rijen": 0,
        "bestanden": 0,
    }
    same |= {"signalen": [], "in_journaal": False}
    items = [
        {**same, **{name: line[name] for name in ("gemeentecode", "object", "nummer")}}
        | {"sinds": date.fromisoformat(line["sinds"])}
        for line in going
    ]
    run(session, insert(table(DestructionItem)), items)
    return row.nummer


def _pass_over(session: Session, lijst: str) -> None:
    """The numbers that were given after the back-up are not given again."""
    _, year, last = lijst.split("-")
    series = table(NumberSeries)
    for name in (lists.SERIES, certificates.SERIES):
        mine = select(series.c.last).where(series.c.series == name, series.c.year == int(year))
        behind = int(last) - (run(session, mine).scalar() or 0)
        if behind > 0:
            take_numbers(session, name, int(year), behind)


def _why_not(session: Session, line: Line) -> str | None:
    """Why a line of the journal does not go again: a sentence; empty when it goes, _ALREADY when nothing is there."""
    listed = select_rows(DestructionItem.id).where(
        DestructionItem.object == line["object"],
        DestructionItem.nummer == line["nummer"],
        DestructionItem.staat == Regelstaat.OP_LIJST,
    )
    standing = session.exec(
        listed.join(DestructionList, col(DestructionList.id) == DestructionItem.lijst_id).where(
            DestructionList.staat == Lijststaat.UITVOERING
        )
    ).first()
    if standing is not None:
        return _ALREADY  # an earlier repetition was cut short, and goes on
    if session.exec(listed).first() is not None:
        return "Dit staat op een andere lijst. Trek die lijst in en herhaal daarna opnieuw."
    if line["object"] in (due.ZAAK, due.GEGEVENS):
        return _why_not_case(session, line)
    if line["object"] == due.LOGBOEK:
        return _why_not_chain(session, line)
    return _why_not_file(session, line)


def _why_not_case(session: Session, line: Line) -> str | None:
    case = session.exec(select_rows(Case).where(Case.zaaknummer == line["nummer"])).first()
    if case is None or (line["object"] == due.GEGEVENS and not _has_facts(session, case)):
        return _ALREADY
    closed = retention.closing_day(case)
    if closed is None or closed.isoformat() != line["sinds"]:
        return "De zaak is niet meer zoals toen zij werd vernietigd: heropend, of een andere zaak met hetzelfde nummer."
    held = select_rows(LegalHold.id).where(LegalHold.zaak_id == case.id, col(LegalHold.opgeheven_op).is_(None))
    if session.exec(held).first() is not None:
        return "Er is een bewaarplicht. Hef haar op als zij niet meer nodig is, en herhaal daarna opnieuw."
    return ""


def _has_facts(session: Session, case: Case) -> bool:
    kept = select_rows(Signal.id).join(CaseSignal, col(CaseSignal.signal_id) == col(Signal.id))
    kept = kept.where(CaseSignal.zaak_id == case.id, col(Signal.feiten_vernietigd_op).is_(None))
    return session.exec(kept.limit(1)).first() is not None


def _why_not_chain(session: Session, line: Line) -> str | None:
    name, _, place = line["nummer"].partition(":")
    code = "" if name == "project" else name
    seal = table(AuditSeal)
    there = run(session, select(seal.c.id).where(seal.c.gemeentecode == code, seal.c.volgnummer == int(place))).first()
    return _ALREADY if there is None or chain.start_of(session, code).volgnummer >= int(place) else ""


def _why_not_file(session: Session, line: Line) -> str | None:
    """A file that was put back lies there again, also where the database says that it went."""
    kind: Any = {due.LADING: Load, due.OPBRENGST: OpbrengstLoad, due.TERUGKOPPELING: FeedbackDelivery}[line["object"]]
    of = table(kind)
    nummer = of.c.nummer if kind is FeedbackDelivery else of.c.ladingnummer
    gone = of.c.bestanden_vernietigd_op if kind is FeedbackDelivery else of.c.bestand_vernietigd_op
    row = run(session, select(gone).where(nummer == line["nummer"])).first()
    return _ALREADY if row is None or row[0] is not None else ""
