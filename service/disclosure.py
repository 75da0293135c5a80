"""A feedback file leaves the service: the stored bytes, with who took them in the log (there are BSNs in them)."""

from datetime import datetime
from pathlib import Path
from typing import Literal

from sqlalchemy import Engine
from sqlmodel import Session

from exports import feedback_2026_1 as feedback
from service import audit
from service.access import Access
from service.db import session_scope

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


def _log(session: Session, nummer: str, now: datetime) -> None:
    audit.record(session, "terugkoppeling_verstrekt", nummer, now)
