"""A file that comes in through a door: kept, checked, loaded, refused; and who sees what became of it."""

import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import ColumnElement, Engine, false, func, true
from sqlmodel import Session, col, select

from exports.models import FeedbackRow
from importers.load import SERIES as LOAD_SERIES
from importers.load import Checked, History, check, load, record_refusal
from importers.refusals import FileRefused
from service import keys, work
from service.access import Access
from service.connectors import outbox
from service.db import session_scope, take_stock
from service.files.scan import scan
from service.files.storage import DOCUMENTS, PRINTS, RECEIVED
from service.loading import findings
from service.loading.proof import digest_of_others, size
from service.log import audit
from service.models import Upload
from service.settings import Settings
from service.work_signs import FOLDER as WORK
from signals.bulk import slices
from signals.errors import Forbidden, NotFound, Reason, Refused, named
from signals.models import Load, LoadStatus, RejectedRow, Signal, SignalChange
from signals.numbers import take_numbers
from workflow.intake import Intake
from workflow.models import Document
from workflow.phases import Role
from workflow.undo import obstacles, take_back

LOADERS = frozenset({Role.UWV_LIAISON, Role.TEAMLEIDER, Role.SYSTEEM})
UNKNOWN_FOR = timedelta(days=1)
"""So long a file may lie there before a row knows of it: that of a load which is still going on."""

NOT_KEPT = frozenset({"malware", "andere_gemeente"})
"""For which reasons of a refusal the file itself goes at once."""

Progress = Callable[[int], None]


def require_loader(access: Access) -> None:
    """Forbidden for who may not load a delivery."""
    if not access.may(*LOADERS):
        raise Forbidden(
            Reason("rol_ontbreekt", "Een levering laden is voor de liaison van UWV of een teamleider van een gemeente.")
        )


def stored(settings: Settings, upload: Upload) -> Path:
    """Where the bytes of an upload lie; Refused when they are gone."""
    path = settings.data_dir / RECEIVED / upload.bestand
    if not path.is_file():
        uitleg = f"Het bestand van lading {upload.ladingnummer} is weg uit de opslag. Bied het bestand opnieuw aan."
        raise Refused(Reason("bestand_weg", uitleg))
    return path


def drop_unwanted(path: Path, row: Load) -> None:
    """Nothing is kept of a file that holds malware, nor of one that was not the asker's to load."""
    if row.reden in NOT_KEPT:
        path.unlink(missing_ok=True)


def sweep(engine: Engine, settings: Settings, now: datetime) -> int:
    """Delete files of more than a day old that nothing knows any more; gives how many.

    Bytes that no upload or document has, what was found in an upload that waits no longer, and what killed work left.
    """
    with session_scope(engine, Access.system(origin="klok"), write=False) as session:
        old = unknown_files(session, settings, now)
    for path in old:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def unknown_files(session: Session, settings: Settings, now: datetime) -> list[Path]:
    """What lies in the data directory for more than a day and nothing knows any more."""
    uploads = set(session.exec(select(Upload.bestand)))
    waiting = select(Upload.bestand).join(Load, col(Load.ladingnummer) == Upload.ladingnummer)
    checked = set(session.exec(waiting.where(Load.status == LoadStatus.GECONTROLEERD)))
    documents = {name for name in session.exec(select(Document.bestand)) if name}
    going_on = {name for each in work.unfinished(session) for name in (each.sleutel, each.uitvoerder or "")}
    folders = {RECEIVED: uploads, findings.FOLDER: checked, WORK: going_on, DOCUMENTS: documents, PRINTS: set()}
    return [
        path
        for name, known in folders.items()
        if (folder := settings.data_dir / name).is_dir()
        for path in folder.iterdir()
        if path.stem not in known and path.stat().st_mtime < (now - UNKNOWN_FOR).timestamp()
    ]


def check_file(
    engine: Engine,
    access: Access,
    path: Path,
    file_name: str,
    *,
    received: date,
    now: datetime,
    progress: Progress | None = None,
) -> Checked:
    """What a load of a file that is not kept would do; stores nothing. Raises FileRefused, Forbidden."""
    require_loader(access)
    today = now.date()
    with session_scope(engine, access.widened(), write=False) as session:
        checked = check(
            session,
            path,
            file_name=file_name,
            history=known_to(session, access, now),
            today=today,
            received=received,
            progress=progress,
        )
    require_own(access, checked.gemeentecodes)
    return checked


def load_file(
    engine: Engine,
    access: Access,
    path: Path,
    file_name: str,
    *,
    received: date,
    now: datetime,
    settings: Settings | None = None,
    progress: Progress | None = None,
) -> Load:
    """Load a kept file at once, in one transaction; of a refused file only the attempt stays.

    settings: of whoever brings a file from outside, which is then admitted first.
    """
    require_loader(access)
    keys.one_key(engine)
    with session_scope(engine, access.widened()) as session:
        try:
            if settings:
                scan(settings, path, file_name)
            loading = load_in(session, access, path, file_name, received, now, progress=progress)
        except FileRefused as refused:
            session.rollback()
            door = access.actor.naam
            loading = record_refusal(session, refused, path, file_name=file_name, door=door, now=now, received=received)
        session.add(Upload(ladingnummer=loading.ladingnummer, bestand=path.name))
        audit.record(session, "lading_geladen", loading.ladingnummer, now, resultaat=result_of(loading))
    take_stock(engine)
    drop_unwanted(path, loading)
    return loading


@dataclass(frozen=True)
class Undone:
    """A load that was taken back; `proof`: the digest of all other rows, the same before and after."""

    load: Load
    proof: str


def undo(engine: Engine, access: Access, ladingnummer: str, now: datetime) -> Undone:
    """`undo_proven` in a transaction of its own."""
    with session_scope(engine, access.widened()) as session:
        return undo_proven(session, access, ladingnummer, now)


def undo_proven(
    session: Session, access: Access, ladingnummer: str, now: datetime, progress: Progress | None = None
) -> Undone:
    """`undo_at_once` with the proof that nothing else changed; else an error, and the caller rolls back.

    session: one that sees every row and did nothing yet. progress: is told how many rows of the database were read for
    the proof; each is read twice.
    """
    require_loader(access)
    if session.get_bind().dialect.name == "postgresql":
        held = session.connection(execution_options={"isolation_level": "REPEATABLE READ"})  # sees nobody else's work
        held.exec_driver_sql("LOCK TABLE number_series IN SHARE ROW EXCLUSIVE MODE")  # waits before it begins to see
    load = _held(session, access, ladingnummer, now)
    read = 0

    def step(rows: int) -> None:
        if progress:
            progress(read + rows)

    _log_undoing(session, ladingnummer, now)
    before = digest_of_others(session, load, step)
    take_back(session, load, told=_told(session, load))
    taken = outbox.take_back(session, load)
    read = size(session)
    if digest_of_others(session, load, step) != before:
        raise AssertionError(f"{ladingnummer} ongedaan maken veranderde ook andere rijen")
    outbox.tell_gone(session, taken, now)
    return Undone(load, before)


def undo_at_once(session: Session, access: Access, ladingnummer: str, now: datetime) -> Load:
    """Take a load back: what it made goes, its counts and rejected rows stay. Refused with every reason why not.

    session: one that sees every row.
    """
    require_loader(access)
    load = _held(session, access, ladingnummer, now)
    _log_undoing(session, ladingnummer, now)
    take_back(session, load, told=_told(session, load))
    taken = outbox.take_back(session, load)
    outbox.tell_gone(session, taken, now)
    return load


def _log_undoing(session: Session, ladingnummer: str, now: datetime) -> None:
    """Beforehand: afterwards nobody knows any more who was in it. A refusal takes the entry along."""
    audit.record(session, "lading_ongedaan_gemaakt", ladingnummer, now)
    session.flush()  # what is compared before and after has it both times


def undo_obstacles(session: Session, load: Load) -> tuple[Reason, ...]:
    """Why the load cannot be undone now; empty when it can."""
    return tuple(obstacles(session, load, told=_told(session, load)))


def _held(session: Session, access: Access, ladingnummer: str, now: datetime) -> Load:
    """The load, with no other load going on until the transaction ends."""
    find_load(session, access, ladingnummer)
    take_numbers(session, LOAD_SERIES, now.year, 0)
    return find_load(session, access, ladingnummer, lock=True)


def _told(session: Session, load: Load) -> int:
    """How many of the load's signals stand in a feedback delivery, whatever became of it."""
    rows = select(func.count(col(FeedbackRow.signal_id).distinct())).join(
        Signal, col(Signal.id) == FeedbackRow.signal_id
    )
    return session.exec(rows.where(Signal.load_id == load.id)).one()


def load_in(
    session: Session,
    access: Access,
    path: Path,
    file_name: str,
    received: date,
    now: datetime,
    *,
    progress: Progress | None = None,
    checked: Load | None = None,
) -> Load:
    """Load a file in the transaction of this session, and what it means for cases. Raises FileRefused, Forbidden."""
    cases = _intake(session, access, now)
    loading = load(
        session,
        path,
        file_name=file_name,
        history=cases.history,
        door=access.actor.naam,
        now=now,
        received=received,
        progress=progress,
        checked=checked,
        taken_in=cases.take_in,
    )
    _refuse_other_municipalities(session, access, loading)
    loading.door_gemeente = not (access.signals or access.codes is None)
    cases.finish(loading)
    outbox.opened_by(session, loading, now)
    if taken := _taken_by_municipalities(session, access, loading):
        cases.tell_taken(loading, taken)
    return loading


_TAKEN = "signaal_bestaat_al_anders"


def _taken_by_municipalities(session: Session, access: Access, loading: Load) -> set[str]:
    """The numbers for which a row of UWV was rejected because a teamleider had loaded them as something else."""
    if not loading.redenen.get(_TAKEN) or not (access.signals or access.codes is None):
        return set()
    turned_down = select(RejectedRow.signaalnummer, RejectedRow.codes).where(RejectedRow.load_id == loading.id)
    met = {number for number, codes in session.exec(turned_down) if number and _TAKEN in codes}
    taken: set[str] = set()
    for piece in slices(sorted(met)):
        known = select(Signal.signaalnummer).join(Load, col(Load.id) == Signal.load_id).where(col(Load.door_gemeente))
        taken |= set(session.exec(known.where(col(Signal.signaalnummer).in_(piece))))
    return taken


def known_to(session: Session, access: Access, now: datetime) -> History:
    """What a file is judged against: a teamleider learns of no signal elsewhere, not even that it exists."""
    return _intake(session, access, now).history


def _intake(session: Session, access: Access, now: datetime) -> Intake:
    return Intake(session, now, None if access.signals else access.codes)


def _refuse_other_municipalities(session: Session, access: Access, loading: Load) -> None:
    """A teamleider loads for the own municipality only; not even the rejected rows may be another's."""
    if access.codes is None or access.signals:
        return
    named: set[str | None] = set()
    for table in (Signal, SignalChange, RejectedRow):
        named |= set(session.scalars(select(table.gemeentecode).where(col(table.load_id) == loading.id).distinct()))
    require_own(access, named)


def require_own(access: Access, named: Iterable[str | None]) -> None:
    """Forbidden when rows of another municipality than those that the asker leads are among them."""
    if access.codes is None or access.signals:
        return
    loads_for = access.actor.rollen.get(Role.TEAMLEIDER) or frozenset()
    others = sorted({code for code in named if code is not None} - loads_for)
    if others:
        uitleg = (
            f"Dit bestand bevat rijen van een andere gemeente ({', '.join(others)}). U laadt alleen voor uw eigen "
            "gemeente. Er is niets geladen; haal die rijen eruit of laat de liaison van UWV het bestand laden."
        )
        raise Forbidden(Reason("andere_gemeente", uitleg, "gemeentecode"))


def result_of(loading: Load) -> str:
    """What became of it, for the log."""
    return "geweigerd" if loading.status == LoadStatus.GEWEIGERD else "gelukt"


def visible(access: Access) -> ColumnElement[bool]:
    """Which loads somebody sees: the liaison all, a teamleider the own ones, others none."""
    if access.signals or access.codes is None:
        return true()
    return col(Load.door) == access.actor.naam if access.may(Role.TEAMLEIDER) else false()


def find_load(session: Session, access: Access, ladingnummer: str, *, lock: bool = False) -> Load:
    """The load with this number; NotFound also when it is not for this asker. lock: until the transaction ends."""
    chosen = select(Load).where(col(Load.ladingnummer) == ladingnummer, visible(access))
    if lock:  # as it stands now, not as this session read it before it had to wait
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    found = session.exec(chosen).first()
    if found is None:
        raise NotFound(unknown(ladingnummer))
    return found


def unknown(ladingnummer: str) -> Reason:
    """There is no such load, or it is not for whoever asks: the two look the same."""
    return Reason("lading_onbekend", f"Er is geen lading met {named(ladingnummer, 'LD-')}, of u mag haar niet zien.")
