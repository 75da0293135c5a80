"""Who looked at a person and to whom his data was given, for the teamleider of his municipality and the auditor."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session

from service.db import session_scope
from service.log import audit, oversight
from service.log.subjects import Subject
from service.pages.rendering import render, require, require_in
from service.pages.worklist import display_names
from service.web.dependencies import LARGEST_NUMBER, Database, Now, SignedIn, Who
from signals.municipalities import same_municipality
from workflow import moves
from workflow.phases import MUNICIPAL_ROLES, Role

router = APIRouter()

WATCHERS = frozenset({Role.TEAMLEIDER, Role.AUDITOR})
"""Who sees what colleagues did; to whom data went is for everybody who works on the case."""
Before = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]


@router.get("/zaken/{zaaknummer}/inzagen", response_class=HTMLResponse)
def who_looked(
    request: Request, who: Who, engine: Database, now: Now, zaaknummer: str, voor: Before = None
) -> Response:
    """Everything that people did with the data of the person of this case, in whatever case of his."""
    return _page(request, who, engine, now, zaaknummer, voor, disclosed=False)


@router.get("/zaken/{zaaknummer}/verstrekkingen", response_class=HTMLResponse)
def disclosures(
    request: Request, who: Who, engine: Database, now: Now, zaaknummer: str, voor: Before = None
) -> Response:
    """To whom the data of this person was given (Wet BRP 3.11; AVG 15 lid 1 c)."""
    return _page(request, who, engine, now, zaaknummer, voor, disclosed=True)


def _page(
    request: Request,
    who: SignedIn,
    engine: Engine,
    now: datetime,
    zaaknummer: str,
    voor: int | None,
    *,
    disclosed: bool,
) -> Response:
    asked = MUNICIPAL_ROLES | {Role.AUDITOR} if disclosed else WATCHERS
    require(who, asked)
    with _reading(engine, who) as session:
        case = moves.find_case(session, zaaknummer)
        require_in(who, asked, case.gemeentecode)
        code, codes = case.gemeentecode, None
        if not who.has(Role.AUDITOR):
            codes = same_municipality(session, {code}, now.date())
        action = "toezicht_verstrekkingen" if disclosed else "toezicht_inzagen"
        audit.record_reading(engine, who.access, action, zaaknummer, now, gemeentecode=code)
        subject = Subject.of_case(case)
        found, onward = oversight.deeds(session, subject, codes, before=voor, only_disclosed=disclosed)
        return render(
            request,
            "oversight.html",
            zaaknummer=zaaknummer,
            deeds=found,
            onward=onward,
            further=voor is not None,
            disclosed=disclosed,
            works=who.has(*MUNICIPAL_ROLES),
            watches=bool(WATCHERS & who.access.actor.roles_in(code)),
            names=display_names(session),
        )


@contextmanager
def _reading(engine: Engine, who: SignedIn) -> Iterator[Session]:
    """The auditor finds every case by its number, and sees nothing of it but that number."""
    access = who.access.widened() if who.has(Role.AUDITOR) else who.access
    with session_scope(engine, access, write=False) as session:
        yield session
