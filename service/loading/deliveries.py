"""A delivery that comes in by page or API: offered, checked, confirmed, undone; small at once, large as work."""

from contextlib import nullcontext
from datetime import date, datetime
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import Session

from importers.load import Checked, check, new_load
from importers.reader import fingerprint
from importers.refusals import FileRefused
from service import work
from service.access import Access
from service.db import session_scope
from service.files.scan import scan
from service.loading import findings, sizes
from service.loading.uploads import (
    Progress,
    drop_unwanted,
    find_load,
    known_to,
    load_in,
    require_loader,
    require_own,
    result_of,
    stored,
    undo_at_once,
    undo_obstacles,
)
from service.log import audit
from service.models import Upload, WorkKind
from service.settings import Settings
from service.work_signs import Signs
from signals.errors import DomainError, Forbidden, Reason, Refused
from signals.models import Load, LoadStatus


def offer(
    session: Session, settings: Settings, access: Access, path: Path, file_name: str, *, received: date, now: datetime
) -> Load:
    """Give a kept file a ladingnummer and have it checked: a small one at once, another outside the request.

    A refused file is noted as such. session: one that sees every row.
    """
    require_loader(access)
    row = new_load(
        session,
        path,
        fingerprint(path),
        file_name,
        LoadStatus.AANGEBODEN,
        door=access.actor.naam,
        now=now,
        received=received,
    )
    session.add(row)
    session.add(Upload(ladingnummer=row.ladingnummer, bestand=path.name))
    session.flush()
    rows = sizes.rows_of(path)
    if sizes.is_small(path, rows):
        note_check(session, row, check_kept(session, settings, access, row, now))
        drop_unwanted(path, row)
    else:
        work.enqueue(session, WorkKind.CONTROLEREN, row.ladingnummer, now, rows=rows)
    audit.record(session, "lading_aangeboden", row.ladingnummer, now, resultaat=result_of(row))
    return row


def require_idle(engine: Engine, ladingnummer: str) -> None:
    """Refused while something goes on with this load; known without waiting for a lock that a load may hold."""
    with session_scope(engine, Access.system(), write=False) as session:
        asked = work.latest(session, ladingnummer)
    if asked is not None and asked.staat in work.OPEN:
        raise Refused(work.busy(ladingnummer))


def check_again(session: Session, settings: Settings, access: Access, ladingnummer: str, now: datetime) -> Load:
    """Have a file checked whose check was stopped or failed; Refused unless it stands as aangeboden.

    session: one that sees every row.
    """
    require_loader(access)
    row = find_load(session, access, ladingnummer)
    path = _bytes_of(session, settings, row, LoadStatus.AANGEBODEN, "te controleren")
    work.enqueue(session, WorkKind.CONTROLEREN, ladingnummer, now, rows=sizes.rows_of(path))
    return row


def check_kept(
    session: Session, settings: Settings, access: Access, row: Load, now: datetime, progress: Progress | None = None
) -> Checked | FileRefused:
    """What a load of this upload would do, or why it is refused; Forbidden when it is not the asker's to load.

    Stores nothing in the database; the rows it finds go into files beside the upload, a piece at a time.
    """
    path = _bytes_of(session, settings, row, LoadStatus.AANGEBODEN, "te controleren")
    try:
        scan(settings, path, row.bestandsnaam)
        with findings.keeping(settings, path.name) as found:
            checked = check(
                session,
                path,
                file_name=row.bestandsnaam,
                history=known_to(session, access, now),
                today=now.date(),
                received=row.datum_ontvangst,
                progress=progress,
                found=found,
            )
            require_own(access, checked.gemeentecodes)
    except FileRefused as refused:
        return refused
    return checked


def note_check(session: Session, row: Load, found: Checked | FileRefused | Forbidden) -> None:
    """What a check found, in the row of the upload."""
    if isinstance(found, DomainError):
        row.status, row.reden, row.uitleg = LoadStatus.GEWEIGERD, found.reasons[0].code, found.uitleg
    else:
        row.status = LoadStatus.GECONTROLEERD
        row.layout, row.seconden = found.layout, round(found.seconden, 3)
        for name, value in found.counts.as_columns().items():
            setattr(row, name, value)
    session.add(row)
    session.flush()


def confirm(session: Session, settings: Settings, access: Access, ladingnummer: str, now: datetime) -> Load:
    """Have loaded what was checked: a small file at once, another outside the request.

    Refused unless it stands as gecontroleerd. session: one that sees every row.
    """
    require_loader(access)
    row = find_load(session, access, ladingnummer)
    _bytes_of(session, settings, row, LoadStatus.GECONTROLEERD, "te bevestigen")
    if row.geleverd > sizes.SMALL_ROWS:
        work.enqueue(session, WorkKind.LADEN, ladingnummer, now, rows=row.geleverd)
        return row
    return load_checked(session, settings, access, ladingnummer, now)


def load_checked(
    session: Session,
    settings: Settings,
    access: Access,
    ladingnummer: str,
    now: datetime,
    progress: Progress | None = None,
) -> Load:
    """Load what was checked, in the transaction of this session; a file refused by now is noted as such.

    session: one that sees every row; with a large file one that did nothing yet, for it is then rolled back whole.
    """
    require_loader(access)
    row = find_load(session, access, ladingnummer, lock=True)
    path = _bytes_of(session, settings, row, LoadStatus.GECONTROLEERD, "te bevestigen")
    small = row.geleverd <= sizes.SMALL_ROWS
    try:
        with session.begin_nested() if small else nullcontext():  # in a savepoint SQLite copies each page it touches
            load_in(session, access, path, row.bestandsnaam, row.datum_ontvangst, now, checked=row, progress=progress)
    except FileRefused as refused:
        if not small:
            session.rollback()
            row = find_load(session, access, ladingnummer, lock=True)
        row.status, row.reden, row.uitleg = LoadStatus.GEWEIGERD, refused.reden, refused.uitleg
    audit.record(session, "lading_bevestigd", ladingnummer, now, resultaat=result_of(row))
    session.add(row)
    session.flush()
    session.refresh(row)
    return row


def undo(session: Session, access: Access, ladingnummer: str, now: datetime) -> Load:
    """Have a load taken back: a small one at once, another outside the request. Refused with every reason why not.

    session: one that sees every row.
    """
    require_loader(access)
    load = find_load(session, access, ladingnummer)
    if load.geaccepteerd <= sizes.SMALL_ROWS:
        return undo_at_once(session, access, ladingnummer, now)
    if reasons := undo_obstacles(session, load):
        raise Refused(reasons)
    work.enqueue(session, WorkKind.ONGEDAAN_MAKEN, ladingnummer, now, rows=None)
    return load


def stop(session: Session, signs: Signs, access: Access, ladingnummer: str) -> Load:
    """Ask that what goes on with this load stops; Refused when nothing does.

    session: one that sees every row; for reading is enough, and does not wait for the load that is to stop.
    """
    require_loader(access)
    load = find_load(session, access, ladingnummer)
    asked = work.latest(session, ladingnummer)
    if asked is None or asked.staat not in work.OPEN:
        uitleg = f"Met lading {ladingnummer} wordt nu niets gedaan; er is niets te stoppen."
        raise Refused(Reason("niets_te_stoppen", uitleg))
    signs.stop(access, asked)
    return load


def _bytes_of(session: Session, settings: Settings, row: Load, status: LoadStatus, what: str) -> Path:
    """Where the bytes of an upload lie that stands like this; Refused when it stands otherwise or they are gone."""
    upload = session.get(Upload, row.ladingnummer)
    if row.status != status or upload is None:
        uitleg = f"Lading {row.ladingnummer} is {row.status.value}; alleen een lading die {status.value} is, is {what}."
        raise Refused(Reason("staat_past_niet", uitleg))
    return stored(settings, upload)
