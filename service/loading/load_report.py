"""The verwerkingsverslag of an upload: who may have it, and where its rows come from."""

import io
from collections.abc import Iterable, Iterator
from datetime import date, datetime, tzinfo
from pathlib import Path
from typing import BinaryIO

from sqlalchemy import Engine, String, cast, select, union_all
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from exports import verwerkingsverslag
from importers.explanations import MEANINGS
from importers.load import Checked
from importers.reader import fingerprint
from importers.refusals import FileRefused
from service.access import Access
from service.loading import findings, uploads
from service.log import audit
from service.models import Upload
from service.settings import Settings
from signals.base import table
from signals.bulk import run
from signals.dates import dutch_date
from signals.errors import NotFound, Reason, Refused
from signals.models import Load, LoadStatus, RejectedRow, Signal, SignalChange
from signals.rows import WarnedRow

MEDIA_TYPE = verwerkingsverslag.MEDIA_TYPE
_AT_ONCE = 2_000


def download(
    session: Session, engine: Engine, access: Access, ladingnummer: str, settings: Settings, now: datetime
) -> tuple[str, bytes]:
    """Name and bytes of the report of a load, or of a checked file as its check found it.

    session: one that sees every row. NotFound for all but who loaded it and the liaison: there are BSNs in it.
    """
    load = uploads.find_load(session, access, ladingnummer)
    if not access.may(*uploads.LOADERS) or not (access.signals or load.door == access.actor.naam):
        raise NotFound(uploads.unknown(ladingnummer))
    if load.status == LoadStatus.AANGEBODEN:
        uitleg = f"Lading {ladingnummer} is nog niet gecontroleerd. Het verslag is er na de controle."
        raise Refused(Reason("nog_niet_gecontroleerd", uitleg))
    require_cells(load)
    stream = io.BytesIO()
    upload = session.get(Upload, ladingnummer) if load.status == LoadStatus.GECONTROLEERD else None
    if upload is None:
        write_loaded(session, load, stream, settings.zone)
    else:
        uploads.stored(settings, upload)
        _write_found(settings, load, upload, stream)
    audit.record_reading(engine, access, "verwerkingsverslag_verstrekt", ladingnummer, now)
    return verwerkingsverslag.file_name(load, settings.zone), stream.getvalue()


def require_cells(load: Load) -> None:
    """Refused once the file and what was delivered in faulty rows were destroyed."""
    if load.bestand_vernietigd_op is not None:
        uitleg = (
            f"Het bestand van lading {load.ladingnummer} is na de bewaartermijn vernietigd, op "
            f"{dutch_date(load.bestand_vernietigd_op)}. Er is geen verslag meer; de aantallen staan op de pagina van "
            "de "
            "lading."
        )
        raise Refused(Reason("bestand_vernietigd", uitleg))


def write_loaded(session: Session, load: Load, target: BinaryIO | Path, zone: tzinfo) -> None:
    """The report of a load as it is stored; also of a refused file, which has no rows."""
    mine = select_rows(RejectedRow).where(RejectedRow.load_id == load.id)
    mine = mine.order_by(col(RejectedRow.regel)).execution_options(yield_per=_AT_ONCE)

    def rejected() -> Iterable[RejectedRow]:
        return session.exec(mine)

    verwerkingsverslag.write(target, load, rejected, _warned(session, load), meanings=MEANINGS, zone=zone)


def write_checked(load: Load, checked: Checked, target: BinaryIO | Path, zone: tzinfo) -> None:
    """The report of a check; `load` is the upload, stored or not."""

    def rejected() -> Iterable[RejectedRow]:
        return (RejectedRow(**row) for row in checked.regels)

    verwerkingsverslag.write(target, load, rejected, checked.gewaarschuwd, meanings=MEANINGS, zone=zone)


def _write_found(settings: Settings, load: Load, upload: Upload, target: BinaryIO) -> None:
    """The report of a checked file, from what its check left beside it."""

    def rejected() -> Iterable[RejectedRow]:
        return findings.rejected(settings, upload.bestand)

    warned = findings.warned(settings, upload.bestand)
    verwerkingsverslag.write(target, load, rejected, warned, meanings=MEANINGS, zone=settings.zone)


def write_refused(load: Load, target: BinaryIO | Path, zone: tzinfo) -> None:
    """The report of a refused file: why, and nothing of its rows."""
    verwerkingsverslag.write(target, load, tuple, (), meanings=MEANINGS, zone=zone)


def unsaved(path: Path, outcome: Checked | FileRefused, *, received: date, now: datetime, door: str) -> Load:
    """What a check would look like as a load; it is not stored."""
    load = Load(
        ladingnummer="",
        status=LoadStatus.GECONTROLEERD,
        bestandsnaam=path.name,
        sha256="",
        datum_ontvangst=received,
        aangeboden_op=now,
        door=door,
    )
    if isinstance(outcome, FileRefused):
        load.status, load.sha256 = LoadStatus.GEWEIGERD, fingerprint(path)
        load.reden, load.uitleg = outcome.reden, outcome.uitleg
    else:
        load.sha256, load.layout, load.seconden = outcome.sha256, outcome.layout, outcome.seconden
        for name, value in outcome.counts.as_columns().items():
            setattr(load, name, value)
    return load


def _warned(session: Session, load: Load) -> Iterator[WarnedRow]:
    """The new and changed signals of the load with a warning, in file order; none once it was undone."""
    signal, change = table(Signal), table(SignalChange)
    new = select(signal.c.regel, signal.c.signaalnummer, signal.c.waarschuwingen).where(signal.c.load_id == load.id)
    changed = (
        select(change.c.regel, signal.c.signaalnummer, change.c.waarschuwingen)
        .join_from(change, signal, signal.c.id == change.c.signal_id)
        .where(change.c.load_id == load.id)
    )
    both = union_all(
        new.where(cast(signal.c.waarschuwingen, String) != "[]"),
        changed.where(cast(change.c.waarschuwingen, String) != "[]"),
    ).order_by("regel")
    for row in run(session, both.execution_options(yield_per=_AT_ONCE)):
        yield WarnedRow(*row)
