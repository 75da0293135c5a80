"""A letter leaves the service as PDF: the stored bytes, with who opened it in the log."""

from datetime import datetime

from fastapi.responses import Response
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.access import Access
from service.log import audit
from signals.errors import NotFound, Reason
from workflow import letters
from workflow.models import Case, ReceivedPart

PDF = "application/pdf"


def answer(session: Session, engine: Engine, access: Access, case: Case, nummer: int, now: datetime) -> Response:
    """A letter as it was sent, to be shown in the browser; NotFound when there is none, or it has no PDF."""
    kept = letters.sent(session, case, nummer)
    object_ = f"{case.zaaknummer}/{nummer}"
    audit.record_reading(engine, access, "brief_geopend", object_, now, gemeentecode=case.gemeentecode)
    return pdf_answer(kept.pdf, letters.file_name(case, nummer))


def received_answer(
    session: Session, engine: Engine, access: Access, case: Case, nummer: int, now: datetime
) -> Response:
    """A letter that another municipality sent, as it came with a hand-over; NotFound when there is none."""
    mine = select(ReceivedPart).where(ReceivedPart.zaak_id == case.id, ReceivedPart.id == nummer)
    part = session.exec(mine).first()
    if part is None or part.pdf is None:
        raise NotFound(Reason("stuk_onbekend", "Dit stuk is er niet, of het heeft geen PDF."))
    object_ = f"{case.zaaknummer}/ontvangen/{nummer}"
    audit.record_reading(engine, access, "brief_geopend", object_, now, gemeentecode=case.gemeentecode)
    return pdf_answer(part.pdf, f"ontvangen-{case.zaaknummer}-{nummer}.pdf")


def pdf_answer(content: bytes, name: str) -> Response:
    """A PDF that the browser shows."""
    return Response(content, media_type=PDF, headers={"Content-Disposition": f'inline; filename="{name}"'})
