"""A file that comes in through a door: kept, checked, loaded, refused; and who sees what became of it."""

import secrets
import shutil
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import ColumnElement, Engine, false, true
from sqlmodel import Session, col, select

from importers.load import Checked, check, load, new_load, record_refusal
from importers.refusals import FileRefused
from service import audit
from service.access import Access
from service.db import session_scope
from service.models import Upload
from service.settings import Settings
from signals.errors import Forbidden, NotFound, Reason, Refused
from signals.models import Load, LoadStatus, RejectedRow, Signal, SignalChange
from workflow import intake
from workflow.phases import Role

LOADERS = frozenset({Role.UWV_LIAISON, Role.TEAMLEIDER, Role.SYSTEEM})
Progress = Callable[[int], None]


def require_loader(access: Access) -> None:
    """Forbidden for who may not load a delivery."""
    if not access.may(*LOADERS):
        raise Forbidden(
            Reason("rol_ontbreekt", "Een levering laden is voor de liaison van UWV of een teamleider van een gemeente.")
        )


def keep(settings: Settings, stream: BinaryIO) -> Path:
    """A copy of the bytes in the data directory, readable by the service alone, under a name nobody can guess."""
    folder = settings.data_dir / "ontvangen"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / secrets.token_urlsafe(24)
    with path.open("xb") as copy:
        path.chmod(0o600)
        shutil.copyfileobj(stream, copy, 1024 * 1024)
    return path


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
            history=intake.CaseHistory(session, today),
            today=today,
            received=received,
            progress=progress,
        )
    _require_own(access, (row.gemeentecode for row in checked.regels))
    return checked


def offer(session: Session, access: Access, path: Path, file_name: str, *, received: date, now: datetime) -> Load:
    """Check an upload and keep what was found under a ladingnummer, to be confirmed; a refused file is noted as such.

    session: one that sees every row.
    """
    require_loader(access)
    today, door = now.date(), access.actor.naam
    try:
        history = intake.CaseHistory(session, today)
        checked = check(session, path, file_name=file_name, history=history, today=today, received=received)
    except FileRefused as refused:
        loading = record_refusal(session, refused, path, file_name=file_name, door=door, now=now, received=received)
    else:
        _require_own(access, (row.gemeentecode for row in checked.regels))
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
    """Load what was checked. Refused unless it stands as gecontroleerd; a file refused now is noted as such."""
    require_loader(access)
    wide = access.widened()
    with session_scope(engine, wide, write=False) as session:
        found = find_load(session, access, ladingnummer)
        upload = session.get(Upload, ladingnummer)
    if found.status != LoadStatus.GECONTROLEERD or upload is None:
        uitleg = f"Lading {ladingnummer} is {found.status.value}; alleen een gecontroleerde lading is te bevestigen."
        raise Refused(Reason("staat_past_niet", uitleg))
    path = settings.data_dir / "ontvangen" / upload.bestand
    try:
        with session_scope(engine, wide) as session:
            row = session.get(Load, found.id, with_for_update=True)
            if row is None or row.status != LoadStatus.GECONTROLEERD:
                raise Refused(Reason("staat_past_niet", f"Lading {ladingnummer} is zojuist al bevestigd."))
            return _load(session, access, path, row.bestandsnaam, row.datum_ontvangst, now, checked=row)
    except FileRefused as refused:
        with session_scope(engine, wide) as session:
            row = session.get(Load, found.id)
            assert row is not None
            row.status, row.reden, row.uitleg = LoadStatus.GEWEIGERD, refused.reden, refused.uitleg
            session.add(row)
            audit.record(session, "lading_bevestigd", ladingnummer, now, resultaat="geweigerd")
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
    """Load a kept file at once, in one transaction; a refused file leaves its attempt, in a transaction of its own."""
    require_loader(access)
    wide = access.widened()
    try:
        with session_scope(engine, wide) as session:
            loading = _load(session, access, path, file_name, received, now, progress=progress)
            session.add(Upload(ladingnummer=loading.ladingnummer, bestand=path.name))
    except FileRefused as refused:
        with session_scope(engine, wide) as session:
            door = access.actor.naam
            loading = record_refusal(session, refused, path, file_name=file_name, door=door, now=now, received=received)
            session.add(Upload(ladingnummer=loading.ladingnummer, bestand=path.name))
            audit.record(session, "lading_geladen", loading.ladingnummer, now, resultaat="geweigerd")
    return loading


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
        history=intake.CaseHistory(session, now.date()),
        door=access.actor.naam,
        now=now,
        received=received,
        progress=progress,
        checked=checked,
    )
    _refuse_other_municipalities(session, access, loading)
    intake.apply(session, loading, now=now)
    audit.record(session, "lading_geladen", loading.ladingnummer, now)
    return loading


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


def find_load(session: Session, access: Access, ladingnummer: str) -> Load:
    """The load with this number; NotFound also when it is not for this asker."""
    found = session.exec(select(Load).where(col(Load.ladingnummer) == ladingnummer, visible(access))).first()
    if found is None:
        raise NotFound(Reason("lading_onbekend", f"Er is geen lading {ladingnummer}, of u mag haar niet zien."))
    return found
