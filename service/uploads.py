"""A file that comes in through a door: kept, checked, loaded, refused; and who sees what became of it."""

import re
import secrets
import shutil
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import ColumnElement, Engine, false, func, true
from sqlmodel import Session, col, select

from exports.models import FeedbackRow
from importers.load import SERIES as LOAD_SERIES
from importers.load import Checked, check, load, new_load, record_refusal
from importers.refusals import FileRefused
from service import audit
from service.access import Access
from service.db import session_scope
from service.models import Upload
from service.proof import digest_of_others
from service.settings import Settings
from signals.errors import Forbidden, NotFound, Reason, Refused
from signals.models import Load, LoadStatus, RejectedRow, Signal, SignalChange
from signals.numbers import take_numbers
from workflow import intake
from workflow.phases import Role
from workflow.undo import obstacles, take_back

LOADERS = frozenset({Role.UWV_LIAISON, Role.TEAMLEIDER, Role.SYSTEEM})
FOLDER = "ontvangen"
"""Where the bytes of uploads lie, in the data directory."""
UNKNOWN_FOR = timedelta(days=1)
"""So long a file may lie there before a row knows of it: that of a load which is still going on."""

Progress = Callable[[int], None]


def require_loader(access: Access) -> None:
    """Forbidden for who may not load a delivery."""
    if not access.may(*LOADERS):
        raise Forbidden(
            Reason("rol_ontbreekt", "Een levering laden is voor de liaison van UWV of een teamleider van een gemeente.")
        )


def keep(settings: Settings, stream: BinaryIO) -> Path:
    """A copy of the bytes in the data directory, readable by the service alone, under a name nobody can guess."""
    folder = settings.data_dir / FOLDER
    path = folder / secrets.token_urlsafe(24)
    with dropped_on_failure(path):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("xb") as copy:
                path.chmod(0o600)
                shutil.copyfileobj(stream, copy, 1024 * 1024)
        except OSError:
            uitleg = (
                "Het bestand kan niet worden bewaard. Er is niets geladen. Laat de beheerder nagaan of de map van "
                "RNI_DATA_DIR bestaat, ruimte heeft en door de service te beschrijven is."
            )
            raise Refused(Reason("opslag_onmogelijk", uitleg)) from None
    return path


def stored(settings: Settings, upload: Upload) -> Path:
    """Where the bytes of an upload lie; Refused when they are gone."""
    path = settings.data_dir / FOLDER / upload.bestand
    if not path.is_file():
        uitleg = f"Het bestand van lading {upload.ladingnummer} is weg uit de opslag. Bied het bestand opnieuw aan."
        raise Refused(Reason("bestand_weg", uitleg))
    return path


def sweep(engine: Engine, settings: Settings, now: datetime) -> int:
    """Delete kept files of more than a day old that no upload knows: of work that was killed. Gives how many."""
    with session_scope(engine, Access.system(origin="klok"), write=False) as session:
        known = set(session.exec(select(Upload.bestand)))
    folder = settings.data_dir / FOLDER
    unknown = [path for path in folder.iterdir() if path.name not in known] if folder.is_dir() else []
    old = [path for path in unknown if path.stat().st_mtime < (now - UNKNOWN_FOR).timestamp()]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)


def shown_name(text: str) -> str:
    """The name of a file as it is stored and shown: the last part of a path, without signs that cannot be seen.

    A row of nine digits is masked: it may be a BSN.
    """
    visible = "".join(sign for sign in text if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    name = visible.replace("\\", "/").rpartition("/")[2]
    return re.sub(r"(?<![0-9])[0-9]{9}(?![0-9])", "*********", name).strip()


@contextmanager
def dropped_on_failure(path: Path) -> Iterator[None]:
    """What was kept goes when nothing came of it: no row would know of it."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise


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
    """What a load would do; stores nothing. Raises FileRefused, Forbidden when not the asker's file to load."""
    require_loader(access)
    today = now.date()
    with session_scope(engine, access.widened(), write=False) as session:
        checked = check(
            session,
            path,
            file_name=file_name,
            history=_known_to(session, access, today),
            today=today,
            received=received,
            progress=progress,
        )
    _require_own(access, checked.gemeentecodes)
    return checked


def offer(session: Session, access: Access, path: Path, file_name: str, *, received: date, now: datetime) -> Load:
    """Check an upload and keep what was found under a ladingnummer, to be confirmed; a refused file is noted as such.

    session: one that sees every row.
    """
    require_loader(access)
    today, door = now.date(), access.actor.naam
    try:
        history = _known_to(session, access, today)
        checked = check(session, path, file_name=file_name, history=history, today=today, received=received)
    except FileRefused as refused:
        loading = record_refusal(session, refused, path, file_name=file_name, door=door, now=now, received=received)
    else:
        _require_own(access, checked.gemeentecodes)
        loading = new_load(
            session,
            path,
            checked.sha256,
            file_name,
            LoadStatus.GECONTROLEERD,
            door=door,
            now=now,
            received=received,
        )
        loading.layout, loading.seconden = checked.layout, round(checked.seconden, 3)
        for name, value in checked.counts.as_columns().items():
            setattr(loading, name, value)
        session.add(loading)
    session.flush()
    session.add(Upload(ladingnummer=loading.ladingnummer, bestand=path.name))
    audit.record(session, "lading_aangeboden", loading.ladingnummer, now, resultaat=_result(loading))
    return loading


def confirm(engine: Engine, access: Access, ladingnummer: str, settings: Settings, now: datetime) -> Load:
    """`confirm_in` in a transaction of its own."""
    with session_scope(engine, access.widened()) as session:
        return confirm_in(session, access, ladingnummer, settings, now)


def confirm_in(session: Session, access: Access, ladingnummer: str, settings: Settings, now: datetime) -> Load:
    """Load what was checked. Refused unless it stands as gecontroleerd; a file refused by now is noted as such.

    session: one that sees every row.
    """
    require_loader(access)
    row = find_load(session, access, ladingnummer, lock=True)
    upload = session.get(Upload, ladingnummer)
    if row.status != LoadStatus.GECONTROLEERD or upload is None:
        uitleg = f"Lading {ladingnummer} is {row.status.value}; alleen een gecontroleerde lading is te bevestigen."
        raise Refused(Reason("staat_past_niet", uitleg))
    path = stored(settings, upload)
    try:
        with session.begin_nested():
            _load(session, access, path, row.bestandsnaam, row.datum_ontvangst, now, checked=row)
    except FileRefused as refused:
        row.status, row.reden, row.uitleg = LoadStatus.GEWEIGERD, refused.reden, refused.uitleg
    audit.record(session, "lading_bevestigd", ladingnummer, now, resultaat=_result(row))
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def load_file(
    engine: Engine,
    access: Access,
    path: Path,
    file_name: str,
    *,
    received: date,
    now: datetime,
    progress: Progress | None = None,
) -> Load:
    """Load a kept file at once, in one transaction; of a refused file only the attempt stays."""
    require_loader(access)
    with session_scope(engine, access.widened()) as session:
        try:
            with session.begin_nested():
                loading = _load(session, access, path, file_name, received, now, progress=progress)
        except FileRefused as refused:
            door = access.actor.naam
            loading = record_refusal(session, refused, path, file_name=file_name, door=door, now=now, received=received)
        session.add(Upload(ladingnummer=loading.ladingnummer, bestand=path.name))
        audit.record(session, "lading_geladen", loading.ladingnummer, now, resultaat=_result(loading))
    return loading


@dataclass(frozen=True)
class Undone:
    """A load that was taken back; `proof`: the digest of all other rows, the same before and after."""

    load: Load
    proof: str


def undo(engine: Engine, access: Access, ladingnummer: str, now: datetime) -> Undone:
    """`undo_in` in a transaction of its own, with the proof that nothing else changed; else it is rolled back."""
    require_loader(access)
    with session_scope(engine, access.widened()) as session:
        if session.get_bind().dialect.name == "postgresql":
            session.connection(execution_options={"isolation_level": "REPEATABLE READ"})  # sees nobody else's work
        load = _held(session, access, ladingnummer, now)
        before = digest_of_others(session, load)
        take_back(session, load, told=_told(session, load))
        if digest_of_others(session, load) != before:
            raise AssertionError(f"{ladingnummer} ongedaan maken veranderde ook andere rijen")
        audit.record(session, "lading_ongedaan_gemaakt", ladingnummer, now)
    return Undone(load, before)


def undo_in(session: Session, access: Access, ladingnummer: str, now: datetime) -> Load:
    """Take a load back: what it made goes, its counts and rejected rows stay. Refused with every reason why not.

    session: one that sees every row.
    """
    require_loader(access)
    load = _held(session, access, ladingnummer, now)
    take_back(session, load, told=_told(session, load))
    audit.record(session, "lading_ongedaan_gemaakt", ladingnummer, now)
    return load


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


def _load(
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
    loading = load(
        session,
        path,
        file_name=file_name,
        history=_known_to(session, access, now.date()),
        door=access.actor.naam,
        now=now,
        received=received,
        progress=progress,
        checked=checked,
    )
    _refuse_other_municipalities(session, access, loading)
    intake.apply(session, loading, now=now)
    return loading


def _known_to(session: Session, access: Access, today: date) -> intake.CaseHistory:
    """What the file is judged against: a teamleider learns of no signal elsewhere, not even that it exists."""
    return intake.CaseHistory(session, today, None if access.signals else access.codes)


def _refuse_other_municipalities(session: Session, access: Access, loading: Load) -> None:
    """A teamleider loads for the own municipality only; not even the rejected rows may be another's."""
    named: set[str | None] = set()
    for table in (Signal, SignalChange, RejectedRow):
        named |= set(session.scalars(select(table.gemeentecode).where(col(table.load_id) == loading.id).distinct()))
    _require_own(access, named)


def _require_own(access: Access, named: Iterable[str | None]) -> None:
    if access.codes is None or access.signals:
        return
    others = sorted({code for code in named if code is not None} - access.codes)
    if others:
        uitleg = (
            f"Dit bestand bevat rijen van een andere gemeente ({', '.join(others)}). U laadt alleen voor uw eigen "
            "gemeente. Er is niets geladen; haal die rijen eruit of laat de liaison van UWV het bestand laden."
        )
        raise Forbidden(Reason("andere_gemeente", uitleg, "gemeentecode"))


def _result(loading: Load) -> str:
    return "geweigerd" if loading.status == LoadStatus.GEWEIGERD else "gelukt"


def visible(access: Access) -> ColumnElement[bool]:
    """Which loads somebody sees: the liaison all, a teamleider the own ones, others none."""
    if access.signals or access.codes is None:
        return true()
    return col(Load.door) == access.actor.naam if access.may(Role.TEAMLEIDER) else false()


def find_load(session: Session, access: Access, ladingnummer: str, *, lock: bool = False) -> Load:
    """The load with this number; NotFound also when it is not for this asker. lock: until the transaction ends."""
    chosen = select(Load).where(col(Load.ladingnummer) == ladingnummer, visible(access))
    found = session.exec(chosen.with_for_update() if lock else chosen).first()
    if found is None:
        raise NotFound(unknown(ladingnummer))
    return found


def unknown(ladingnummer: str) -> Reason:
    """There is no such load, or it is not for whoever asks: the two look the same."""
    return Reason("lading_onbekend", f"Er is geen lading {ladingnummer}, of u mag haar niet zien.")
