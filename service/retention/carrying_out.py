"""An approved list is carried out: line by line, each in a transaction of its own, from wherever it was left.

Whatever is killed and whenever: a line is whole there or whole gone. Its files wait in a table until they are erased,
and it stands in the journal before the list is done; only then the verklaring is drawn up. Of two processes at the same
list each does what the other has not done.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, delete, func, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from service import work
from service.access import Access
from service.db import session_scope
from service.log import audit, chain
from service.models import WorkKind
from service.retention import certificates, dossiers, due, files, journal, lists, space
from service.retention.dossiers import Gone
from service.retention.fates import PERSONAL, TABLES, Lot
from service.settings import Settings
from signals.base import table
from signals.bulk import run
from signals.errors import Refused
from workflow.actors import Actor
from workflow.models import Case
from workflow.retention_models import (
    DestructionItem,
    DestructionList,
    FileToErase,
    Lijststaat,
    Regelstaat,
    Soort,
)

log = structlog.get_logger()

_LOCK = 0x4C52_4E49_0002
"""Names the advisory lock of whoever destroys, on PostgreSQL; SQLite has one writer."""
AGAIN_AFTER = timedelta(hours=1)
"""After so long the clock asks again for a list that could not be carried out to its end."""
TO_THE_JOURNAL = 50
"""Lines that are destroyed before they are written there: reading it takes longer every year."""
ACTIONS: Mapping[str, str] = {
    due.ZAAK: "dossier_vernietigd",
    due.GEGEVENS: "signaalgegevens_vernietigd",
    due.LADING: "lading_bestand_vernietigd",
    due.OPBRENGST: "opbrengst_bestand_vernietigd",
    due.TERUGKOPPELING: "terugkoppeling_bestand_vernietigd",
    due.LOGBOEK: "logboek_vernietigd",
}
"""What stands in the log for each line."""
Tick = Callable[[int], None]


@dataclass(frozen=True)
class Done:
    """What a turn at a list came to. klaar: nothing is left and the verklaring is there."""

    nummer: str
    vernietigd: int
    afgevallen: int
    klaar: bool
    verklaring: str = ""


def carry_out(
    engine: Engine, settings: Settings, nummer: str, now: datetime, origin: str, tick: Tick | None = None
) -> Done:
    """Goes on with a list that somebody had carried out until it is done, or until what it waits for is not there.

    tick: is told after each line how many this turn did.
    """
    with session_scope(engine, Access.system(), write=False) as session:
        row = session.exec(select_rows(DestructionList).where(DestructionList.nummer == nummer)).one()
        lines = list(
            session.exec(
                select_rows(DestructionItem.id)
                .where(DestructionItem.lijst_id == row.id, DestructionItem.staat == Regelstaat.OP_LIJST)
                .order_by(col(DestructionItem.id))
            )
        )
    access = Access.system(Actor.system(row.uitgevoerd_door or "systeem"), origin)
    kept = files.names_in(settings.data_dir)
    told = {Regelstaat.VERNIETIGD: 0, Regelstaat.AFGEVALLEN: 0}
    for place, line in enumerate(lines, start=1):
        with session_scope(engine, access) as session:
            ended = _one(session, row, line, settings, now, kept)
        if ended:
            told[ended] += 1
        if place % TO_THE_JOURNAL == 0:
            erase_files(engine, settings)
            write_journal(engine, settings, now)
        if tick:
            tick(place)
    erase_files(engine, settings)
    write_journal(engine, settings, now)
    number = _finish(engine, settings, access, nummer, now)
    return Done(nummer, told[Regelstaat.VERNIETIGD], told[Regelstaat.AFGEVALLEN], bool(number), number)


def _one(
    session: Session, row: DestructionList, line: int | None, settings: Settings, now: datetime, kept: frozenset[str]
) -> Regelstaat | None:
    """One line, whole; None when somebody else did it meanwhile."""
    mine = select_rows(DestructionItem).where(DestructionItem.id == line).with_for_update()
    item = session.exec(mine.execution_options(populate_existing=True)).first()
    if item is None or item.staat != Regelstaat.OP_LIJST:
        return None
    if session.get_bind().dialect.name == "postgresql":
        # Of two dossiers that share a signal or a document the last one takes it along: so one at a time.
        session.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # type: ignore[deprecated,unused-ignore]
    if item.object in (due.ZAAK, due.GEGEVENS):
        # Before it is looked whether it may go: a bewaarplicht that is being placed is waited for.
        session.exec(select_rows(Case.id).where(Case.zaaknummer == item.nummer).with_for_update())
    if row.herhaling_van:
        why = due.stopped(session, item, now.date(), settings.zone)
    else:
        why = due.obstacle(session, item, lists.term_of(row), now.date(), settings.zone)
    if why:
        item.staat, item.reden, item.gewijzigd_op = Regelstaat.AFGEVALLEN, why, now
        session.add(item)
        return item.staat
    action, code = ACTIONS[item.object], item.gemeentecode or None
    # Beforehand: about whom it is, nobody knows afterwards. Of a whole file that is told when it is read, not here.
    about = None if item.object in (due.ZAAK, due.GEGEVENS) else ()
    audit.record(session, action, item.nummer, now, gemeentecode=code, about=about)
    session.flush()
    gone = destroy(session, item.object, item.nummer, row.id, now, kept)
    item.staat, item.gewijzigd_op = Regelstaat.VERNIETIGD, now
    item.rijen, item.bestanden, item.signalen = gone.rijen, len(gone.bestanden), gone.signalen
    session.add(item)
    return item.staat


def destroy(
    session: Session, what: str, nummer: str, lijst_id: int | None, now: datetime, kept: frozenset[str]
) -> Gone:
    """One thing goes, whatever it is; the caller knows that it may. kept: files in the folder of the command line."""
    today = now.date()
    if what in (due.ZAAK, due.GEGEVENS):
        case = session.exec(select_rows(Case).where(Case.zaaknummer == nummer).with_for_update()).one()
        return (
            dossiers.destroy(session, case, lijst_id, now)
            if what == due.ZAAK
            else dossiers.destroy_facts(session, case, today)
        )
    if what == due.LOGBOEK:
        name, _, place = nummer.partition(":")
        return _cut(session, "" if name == "project" else name, int(place))
    destroy_file: Mapping[str, Callable[[], Gone]] = {
        due.LADING: lambda: files.destroy_load(session, nummer, today),
        due.OPBRENGST: lambda: files.destroy_yields(session, nummer, today),
        due.TERUGKOPPELING: lambda: files.destroy_feedback(session, nummer, today, kept),
    }
    gone = destroy_file[what]()
    dossiers.put_aside(session, gone.bestanden, lijst_id, now)
    return gone


def _cut(session: Session, code: str, place: int) -> Gone:
    tot: date = chain.day_of(session, code, place)
    return Gone(rijen=chain.cut(session, code, place, tot))


def erase_files(engine: Engine, settings: Settings) -> int:
    """What transactions that were committed left to be erased goes from disk; gives how many.

    Before its row goes: whoever is killed in between erases what is not there any more. What cannot be erased waits.
    """
    with session_scope(engine, Access.system(), write=False) as session:
        waiting = session.exec(select_rows(FileToErase.id, FileToErase.pad).order_by(col(FileToErase.id))).all()
    erased = []
    for number, name in waiting:
        path = settings.data_dir / name
        if not path.resolve().is_relative_to(settings.data_dir.resolve()):
            log.error("te wissen bestand ligt elders", regel=number)
            continue
        try:
            path.unlink(missing_ok=True)
        except OSError:
            log.error("bestand niet te wissen", regel=number)
            continue
        erased.append(number)
    for start in range(0, len(erased), TO_THE_JOURNAL):
        with session_scope(engine, Access.system()) as session:
            rows = table(FileToErase)
            run(session, delete(rows).where(rows.c.id.in_(erased[start : start + TO_THE_JOURNAL])))
    return len(erased)


def write_journal(engine: Engine, settings: Settings, now: datetime) -> int:
    """What was destroyed and does not stand in the journal yet is added to it; gives how many."""
    with session_scope(engine, Access.system(), write=False) as session:
        waiting = session.exec(
            select_rows(DestructionItem, DestructionList)
            .join(DestructionList, col(DestructionList.id) == DestructionItem.lijst_id)
            .where(DestructionItem.staat == Regelstaat.VERNIETIGD, ~col(DestructionItem.in_journaal))
            .order_by(col(DestructionItem.id))
        ).all()
        lines = [_told(item, row, now) for item, row in waiting]
        written = [item.id for item, _ in waiting]
    if not lines:
        return 0
    added = journal.append(journal.path_of(settings.data_dir), lines)
    with session_scope(engine, Access.system()) as session:
        items = table(DestructionItem)
        run(session, update(items).where(items.c.id.in_(written)).values(in_journaal=True))
    return added


def _told(item: DestructionItem, row: DestructionList, now: datetime) -> dict[str, Any]:
    return {
        "lijst": row.nummer,
        "soort": row.soort.value,
        "gemeentecode": item.gemeentecode,
        "object": item.object,
        "nummer": item.nummer,
        "sinds": item.sinds.isoformat(),
        "termijn": row.termijn,
        "signalen": item.signalen,
        "op": (item.gewijzigd_op or now).astimezone(now.tzinfo).isoformat(),
    }


def _finish(engine: Engine, settings: Settings, access: Access, nummer: str, now: datetime) -> str:
    """The number of the verklaring, once; empty while something of the list is left."""
    if not _ready(engine, nummer):
        return ""
    with session_scope(engine, access) as session:
        row = _held(session, nummer)
        if row.soort is Soort.DOSSIERS and row.staat == Lijststaat.UITVOERING:
            before = lists.term_of(row).latest(now.date())
            dossiers.destroy_left_visits(session, row.gemeentecode, before)
        of_the_log = row.soort is Soort.LOGBOEK
    names = [name for name in PERSONAL if (TABLES[name].lot is Lot.LOGBOEK) is of_the_log]
    overwritten = space.overwrite(engine, settings.database_owner_url, names)
    with session_scope(engine, access) as session:
        row = _held(session, nummer)
        if row.staat != Lijststaat.UITVOERING:
            known = lists.certificate(session, row)
            return known.nummer if known else ""
        if overwritten:
            row.ruimte_gewist_op = now
        row.staat, row.uitgevoerd_op = Lijststaat.UITGEVOERD, now
        lists.raised(session, row)
        made = certificates.draw_up(session, row, now, settings.zone)
        audit.record(session, "vernietiging_verklaard", made.nummer, now, gemeentecode=lists.whose(row))
        return made.nummer


def _ready(engine: Engine, nummer: str) -> bool:
    """Whether every line is dealt with, every file erased, and all of it in the journal."""
    with session_scope(engine, Access.system(), write=False) as session:
        row = session.exec(select_rows(DestructionList).where(DestructionList.nummer == nummer)).one()
        item = table(DestructionItem)
        open_ = select(func.count()).where(item.c.lijst_id == row.id, item.c.staat == Regelstaat.OP_LIJST)
        unwritten = select(func.count()).where(
            item.c.lijst_id == row.id, item.c.staat == Regelstaat.VERNIETIGD, ~item.c.in_journaal
        )
        left = sum(int(run(session, each).scalar_one()) for each in (open_, unwritten))
        return left + files.waiting(session, row.id) == 0


def _held(session: Session, nummer: str) -> DestructionList:
    mine = select_rows(DestructionList).where(DestructionList.nummer == nummer).with_for_update()
    return session.exec(mine.execution_options(populate_existing=True)).one()


def ask(session: Session, row: DestructionList, now: datetime) -> None:
    """Have this list carried out outside the request, in the name of the session's owner."""
    work.enqueue(session, WorkKind.VERNIETIGEN, row.nummer, now, rows=None)


def ask_again(engine: Engine, settings: Settings, now: datetime) -> int:
    """For the clock: lists that somebody had carried out and that nobody is at are asked for; gives how many.

    What could not go to its end waits an hour before it is tried again.
    """
    with session_scope(engine, Access.system(), write=False) as session:
        left = []
        for row in _going_on(session):
            last = work.latest(session, row.nummer)
            if last is None or (last.klaar_op is not None and last.klaar_op <= now - AGAIN_AFTER):
                left.append(row)
    asked = 0
    for row in left:
        with (
            suppress(Refused),  # somebody else asked meanwhile
            session_scope(engine, Access.system(Actor.system(row.uitgevoerd_door or "systeem"), "klok")) as session,
        ):
            ask(session, row, now)
            asked += 1
    if not left:
        erase_files(engine, settings)
    return asked


def run_open(engine: Engine, settings: Settings, now: datetime) -> int:
    """Goes on here with every list that somebody had carried out; gives how many lines went."""
    with session_scope(engine, Access.system(), write=False) as session:
        going_on = [row.nummer for row in _going_on(session)]
    if not going_on:
        erase_files(engine, settings)
    return sum(carry_out(engine, settings, nummer, now, "klok").vernietigd for nummer in going_on)


def _going_on(session: Session) -> Sequence[DestructionList]:
    mine = select_rows(DestructionList).where(DestructionList.staat == Lijststaat.UITVOERING)
    return session.exec(mine.order_by(col(DestructionList.id))).all()


def overwrite_now(engine: Engine, settings: Settings, access: Access, now: datetime) -> bool:
    """Overwrites what is free in the database, whatever list it came from; whether it was done."""
    done = space.overwrite(engine, settings.database_owner_url)
    if done:
        with session_scope(engine, access) as session:
            audit.record(session, "vrije_ruimte_overschreven", "database", now)
    return done
