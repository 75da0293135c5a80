"""A letter leaves the service as PDF: the stored bytes, with who opened it in the log."""

from datetime import datetime

from fastapi.responses import Response
from sqlalchemy import Engine
from sqlmodel import Session

from service import audit
from service.access import Access
from workflow import letters
from workflow.models import Case

PDF = "application/pdf"


def answer(session: Session, engine: Engine, access: Access, case: Case, nummer: int, now: datetime) -> Response:
    """A letter as it was sent, to be shown in the browser; NotFound when there is none, or it has no PDF."""
    kept = letters.sent(session, case, nummer)
    object_ = f"{case.zaaknummer}/{nummer}"
    audit.record_reading(engine, access, "brief_geopend", object_, now, gemeentecode=case.gemeentecode)
    return pdf_answer(kept.pdf, letters.file_name(case, nummer))


def pdf_answer(content: bytes, name: str) -> Response:
    """A PDF that the browser shows."""
    return Response(content, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{name}"'})
