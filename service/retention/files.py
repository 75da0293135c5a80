"""Files past their term: raw deliveries with the cells of their rejected rows, yield files, files of feedback."""

from collections.abc import Collection
from datetime import date
from pathlib import Path

from sqlalchemy import delete, func, select, update
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from exports.models import FeedbackDelivery, FeedbackFile
from service.files.storage import RECEIVED
from service.loading import findings
from service.models import Shipment, Upload
from service.retention.dossiers import Gone
from service.retention.due import UNLOADED
from signals.base import table
from signals.bulk import run
from signals.models import Load, LoadStatus, OpbrengstLoad, RejectedRow
from workflow.retention_models import FileToErase

TOLD = "terugkoppelingen"
"""Where `rni feedback make` writes what it made, in the data directory, unless another folder is named."""


def destroy_load(session: Session, ladingnummer: str, today: date) -> Gone:
    """The file, what its check found, and the cells of rejected rows; counts, codes and numbers of rows stay."""
    load = session.exec(select_rows(Load).where(Load.ladingnummer == ladingnummer)).one()
    gone = Gone()
    upload = session.get(Upload, ladingnummer)
    if upload is not None:
        name = upload.bestand
        gone.bestanden = [f"{RECEIVED}/{name}", *(f"{findings.FOLDER}/{each}" for each in findings.names(name))]
        session.expunge(upload)
        run(session, delete(table(Upload)).where(table(Upload).c.ladingnummer == ladingnummer))
        gone.rijen = 1
    rows = table(RejectedRow)
    emptied = run(session, update(rows).where(rows.c.load_id == load.id).values(cellen={}))
    gone.rijen += emptied.rowcount  # type: ignore[attr-defined]  # an UPDATE's result has it
    load.bestand_vernietigd_op = today
    if load.status in UNLOADED:
        load.status, load.reden = LoadStatus.GEWEIGERD, "bestand_vernietigd"
        load.uitleg = (
            "Dit bestand is nooit geladen en na de bewaartermijn vernietigd. Is het nodig, bied het opnieuw aan."
        )
    session.add(load)
    session.flush()
    return gone


def destroy_yields(session: Session, ladingnummer: str, today: date) -> Gone:
    """The bytes of a yield file and the cells of the rows that changed nothing; the amounts stay with their signals."""
    load = session.exec(select_rows(OpbrengstLoad).where(OpbrengstLoad.ladingnummer == ladingnummer)).one()
    load.inhoud = b""
    load.afgewezen = [row | {"cellen": {}} for row in load.afgewezen]
    load.bestand_vernietigd_op = today
    session.add(load)
    session.flush()
    return Gone(rijen=1)


def destroy_feedback(session: Session, nummer: str, today: date, kept: Collection[str]) -> Gone:
    """The files of a terugkoppeling, here and as they were encrypted for the road; what it told stays with the signals.

    kept: the names of what lies in the folder of the command line.
    """
    delivery = session.exec(select_rows(FeedbackDelivery).where(FeedbackDelivery.nummer == nummer)).one()
    files = session.exec(select_rows(FeedbackFile).where(FeedbackFile.terugkoppeling_id == delivery.id)).all()
    gone = Gone(rijen=len(files))
    for file in files:
        file.inhoud = None
        session.add(file)
        gone.bestanden += [f"{TOLD}/{name}" for name in (file.naam, f".{file.naam}.deel") if name in kept]
    for shipment in session.exec(select_rows(Shipment).where(col(Shipment.terugkoppeling_id) == delivery.id)):
        shipment.versleuteld = None
        session.add(shipment)
    delivery.bestanden_vernietigd_op = today
    session.add(delivery)
    session.flush()
    return gone


def names_in(data_dir: Path) -> frozenset[str]:
    """What lies in the folder of the command line."""
    folder = data_dir / TOLD
    return frozenset(path.name for path in folder.iterdir()) if folder.is_dir() else frozenset()


def waiting(session: Session, lijst_id: int | None) -> int:
    """How many files of a list are still to be erased."""
    mine = table(FileToErase)
    return int(run(session, select(func.count()).where(mine.c.lijst_id == lijst_id)).scalar_one())
