"""Who did what, for the auditor: the newest first, without a person's data."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import col, select

from service.models import AuditEntry
from service.pages.rendering import render, require
from service.pages.worklist import display_names
from service.web.dependencies import LARGEST_NUMBER, PageSession, Who
from workflow.phases import Role

router = APIRouter()

PAGE = 100


@router.get("/logboek", response_class=HTMLResponse)
def logbook(
    request: Request,
    who: Who,
    session: PageSession,
    voor: Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)] = None,
    actor: Annotated[str, Query(max_length=100)] = "",
    object_: Annotated[str, Query(alias="object", max_length=100)] = "",
) -> Response:
    """A page of the log; `voor` is the number of the last line of the page before."""
    require(who, frozenset({Role.AUDITOR}))
    query = select(AuditEntry).order_by(col(AuditEntry.id).desc()).limit(PAGE + 1)
    if voor is not None:
        query = query.where(col(AuditEntry.id) < voor)
    if actor:
        query = query.where(AuditEntry.actor == actor)
    if object_:
        query = query.where(AuditEntry.object == object_)
    entries = session.exec(query).all()
    onward = entries[PAGE - 1].id if len(entries) > PAGE else None
    return render(
        request,
        "logbook.html",
        entries=entries[:PAGE],
        names=display_names(session),
        onward=onward,
        further=voor is not None,
        actor=actor,
        about=object_,
    )
