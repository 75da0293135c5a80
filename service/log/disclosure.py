"""What leaves the municipality stands in the log: feedback with its BSNs, and each part of a dossier by its number."""

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine
from sqlmodel import Session

from exports import feedback_2026_1 as feedback
from service.access import Access
from service.db import session_scope
from service.log import audit
from workflow.models import Case, CaseEvent
from workflow.parcels import keys_told
from workflow.questions import PARTS

Kind = Literal["csv", "xlsx"]


def fetch(engine: Engine, access: Access, nummer: str, kind: Kind, now: datetime) -> tuple[str, bytes]:
    """Name and bytes of a file; the entry in the log is written before they leave."""
    with session_scope(engine, access.widened()) as session:
        content = feedback.file_bytes(session, nummer, kind)
        name = next(each.naam for each in feedback.files(session, nummer) if each.soort == kind)
        _log(session, nummer, now)
    return name, content


def save(engine: Engine, access: Access, nummer: str, folder: Path, now: datetime) -> list[Path]:
    """Both files into a folder; gives their paths."""
    with session_scope(engine, access.widened()) as session:
        _log(session, nummer, now)
        return feedback.save(session, nummer, folder)


def record_parts(session: Session, case: Case, event: CaseEvent, now: datetime) -> None:
    """Each part that a hand-over or return gave to another municipality of this installation, in that transaction.

    Of a file for one outside it, the parts are logged when the file leaves.
    """
    if event.gegevens.get("ontvangerDoetMee", event.stap == "stuur_terug"):
        log_parts(session, case, keys_told(event.gegevens.get(PARTS.naam, ())), now)


def log_parts(session: Session, case: Case, keys: Iterable[str], now: datetime) -> None:
    """Parts of this case, by key (Wet BRP 3.11)."""
    for key in keys:
        where = f"{case.zaaknummer}/{key.replace(':', '/')}"
        audit.record(session, "stuk_meegegeven", where, now, gemeentecode=case.gemeentecode)


def _log(session: Session, nummer: str, now: datetime) -> None:
    audit.record(session, "terugkoppeling_verstrekt", nummer, now)
