"""An uploaded yield file, the same for the page and the API."""

from datetime import datetime
from typing import BinaryIO

from sqlmodel import Session

from exports.feedback_2026_1 import told_signals
from importers import opbrengst_2026_1
from service.files import storage
from service.files.scan import scan
from service.log import audit
from service.settings import Settings
from signals.models import OpbrengstLoad


def load(
    session: Session, settings: Settings, stream: BinaryIO, *, file_name: str, door: str, now: datetime
) -> OpbrengstLoad:
    """Load the file; a refused one changes nothing.

    session: one that sees every row. The row keeps the bytes, so the copy that was read from is gone afterwards,
    whatever became of it: nobody would know of it.
    """
    path = storage.keep(settings, stream)
    try:
        scan(settings, path, file_name)
        loaded = opbrengst_2026_1.load(session, path, file_name=file_name, told=told_signals, door=door, now=now)
    finally:
        path.unlink(missing_ok=True)
    audit.record(session, "opbrengst_geladen", loaded.ladingnummer, now)
    return loaded
