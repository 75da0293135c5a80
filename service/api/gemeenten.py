"""/gemeenten: national table 33, with the days on which a code counts."""

from datetime import date

from fastapi import APIRouter
from sqlmodel import col, select

from service.api.shapes import ApiModel, Lijst
from service.web.dependencies import ApiSession
from signals.models import Municipality

router = APIRouter(prefix="/gemeenten", tags=["Gemeenten"])


class Gemeente(ApiModel):
    """A code; `einde` is the first day on which it no longer counts."""

    code: str
    naam: str
    begin: date | None
    einde: date | None
    opvolger: str | None


@router.get("", summary="Gemeentecodes met hun geldigheid")
def gemeenten(session: ApiSession) -> Lijst[Gemeente]:
    """The whole table, by code."""
    rows = session.exec(select(Municipality).order_by(col(Municipality.code)))
    return Lijst(items=[Gemeente(**row.model_dump()) for row in rows])
