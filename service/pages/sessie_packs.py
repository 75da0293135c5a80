"""The pack of a sessie: looked at before it is published, read and fetched afterwards; always as it was published."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session

from service import sessie_packs as packs
from service import work
from service.db import session_scope
from service.identity.accounts import desk_of
from service.log import audit
from service.models import WorkKind
from service.pages import pack_charts
from service.pages.forms import Sent, claim, given, new_key, version_of
from service.pages.rendering import by_field, render, require, see_other
from service.pages.work import address, going_on
from service.sessie_packs import Bestand, Made, Uitgave
from service.web.csrf import CsrfChecked
from service.web.dependencies import LARGEST_NUMBER, Database, Now, RowNumber, SignedIn, Who, engine_of
from service.web.errors import status_of
from service.web.files import MEDIA_TYPES, download
from signals.dates import as_date, complete_date
from signals.errors import DomainError, Invalid, Reason
from workflow import sessie_notes as notes
from workflow import sessies
from workflow.fields import Field
from workflow.sessies import Agenda

router = APIRouter()

PEILDATUM = Field("peildatum", "datum", "Peildatum", hint="De cijfers tellen tot en met deze dag.")
STOOD = "stond"
TYPES = {
    Bestand.XLSX: MEDIA_TYPES["xlsx"],
    Bestand.PPTX: "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    Bestand.PDF: "application/pdf",
}
FILES: Mapping[str, str] = {"pptx": "Presentatie (PPTX)", "xlsx": "Werkboek (XLSX)", "pdf": "PDF"}
EDITIONS: Mapping[Uitgave, str] = {Uitgave.BINNEN: "Binnen het project", Uitgave.OPENBAAR: "Openbaar"}


def _reading(request: Request, who: Who) -> Iterator[Session]:
    """As that of the pages of a sessie, and also of a POST it only reads: a pack takes a while to make, and nobody else
    should wait to write meanwhile."""
    access = who.access.widened() if sessies.sees_all(who.access.actor) else who.access
    with session_scope(engine_of(request), access, write=False) as session:
        yield session


ReadingSession = Annotated[Session, Depends(_reading, scope="function")]
Which = Annotated[int | None, Query(ge=1, le=LARGEST_NUMBER)]


@router.get("/sessies/{nummer}/pakket", response_class=HTMLResponse)
def page(
    request: Request,
    who: Who,
    session: ReadingSession,
    nummer: str,
    uitgave: Uitgave = Uitgave.BINNEN,
    volgnummer: Which = None,
    gedaan: str = "",
) -> Response:
    """A published pack: the newest, or an older one that is asked for."""
    agenda = _readable(session, who, nummer)
    every = packs.published(session, agenda)
    shown = packs.chosen(every, volgnummer)
    told = packs.read_back(shown, uitgave)
    files = packs.files_of(session, shown)
    return render(
        request,
        "pack.html",
        sessie=agenda.sessie,
        shown=shown,
        next=next((one for one in every if one.volgnummer == shown.volgnummer + 1), None),
        every=every,
        pack=told,
        parts=pack_charts.parts_of(told),
        files=[(one, FILES[one.soort]) for one in files if one.uitgave == uitgave],
        uitgave=uitgave,
        editions={one: label for one, label in EDITIONS.items() if one in {file.uitgave for file in files}},
        may_publish=sessies.leads(who.access.actor) and agenda.sessie.staat != "afgelast",
        notice="Het pakket is gepubliceerd. Wie meedoet aan de sessie, kan het lezen." if gedaan else "",
    )


@router.get("/sessies/{nummer}/pakket/publiceren", response_class=HTMLResponse)
def preview(
    request: Request,
    who: Who,
    session: ReadingSession,
    engine: Database,
    now: Now,
    nummer: str,
    uitgave: Uitgave = Uitgave.BINNEN,
    peildatum: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    """What would be published as of a day, and the button that does it."""
    require(who, sessies.LEADERS)
    agenda = sessies.find(session, nummer, who.access.actor)
    packs.require_publisher(agenda, who.access.actor)
    sent, error, made = {"peildatum": peildatum}, None, None
    try:
        made = _make(session, engine, who, agenda, now, peildatum)
    except Invalid as fault:
        error = fault
    return _preview(request, agenda, made, sent, uitgave, error)


@router.post("/sessies/{nummer}/pakket/publiceren", response_class=HTMLResponse, dependencies=[CsrfChecked])
def publish(
    request: Request, who: Who, session: ReadingSession, engine: Database, now: Now, nummer: str, sent: Sent
) -> Response:
    """Publishes what was looked at, once; when it is refused the preview comes back with what was typed.

    Of many signals outside the request: then whether it is still what was looked at is seen there.
    """
    require(who, sessies.LEADERS)
    agenda = sessies.find(session, nummer, who.access.actor)
    packs.require_publisher(agenda, who.access.actor)
    made = None
    try:
        if packs.is_large(session, agenda):
            packs.read_reason(session, agenda, desk_of(session, now), None, _stood(sent), given(packs.REASON, sent))
            return _have_published(request, who, engine, now, nummer, sent)
        made = _make(session, engine, who, agenda, now, sent.get("peildatum", ""))
        packs.read_reason(session, agenda, desk_of(session, now), made, _stood(sent), given(packs.REASON, sent))
        return _publish(request, who, engine, now, nummer, sent, made)
    except DomainError as error:
        if location := _carried_out(request, who, engine, now, sent):
            return see_other(location)
        if made is None:
            with suppress(Invalid):  # the day itself may be what was wrong
                made = _make(session, engine, who, agenda, now, sent.get("peildatum", ""))
        return _preview(request, agenda, made, sent, Uitgave.BINNEN, error)


def _have_published(
    request: Request, who: SignedIn, engine: Engine, now: datetime, nummer: str, sent: Mapping[str, str]
) -> Response:
    """Asks for it outside the request; whoever comes second is led to what goes on."""
    versie, stond = _stood(sent)
    asked = {"peildatum": _day(sent.get("peildatum", "")).isoformat(), "versie": versie, "stond": stond}
    with session_scope(engine, who.access.widened()) as session:
        taken = claim(session, sent, request.url.path, now)
        if taken.location:
            return see_other(taken.location)
        sessies.find(session, nummer, who.access.actor, lock=True)
        gegevens = asked | given(packs.REASON, sent)
        working = going_on(session, nummer) or work.enqueue(
            session, WorkKind.PAKKET, nummer, now, rows=None, gegevens=gegevens
        )
        return taken.finish(address(working))


def _carried_out(request: Request, who: SignedIn, engine: Engine, now: datetime, sent: Mapping[str, str]) -> str | None:
    """Where this very form led when it was carried out before: then the pack that it finds there is its own."""
    with session_scope(engine, who.access) as session:
        taken = claim(session, sent, request.url.path, now)
        session.rollback()
        return taken.location


def _publish(
    request: Request, who: SignedIn, engine: Engine, now: datetime, nummer: str, sent: Mapping[str, str], made: Made
) -> Response:
    files = packs.files_made(made)
    with session_scope(engine, who.access.widened()) as session:
        taken = claim(session, sent, request.url.path, now)
        if taken.location:
            return see_other(taken.location)
        agenda = sessies.find(session, nummer, who.access.actor, lock=True)
        reason = given(packs.REASON, sent)
        new = packs.publish(session, agenda, desk_of(session, now), made, files, _stood(sent), reason)
        audit.record(session, "pakket_gepubliceerd", new.nummer, now)
        return taken.finish(f"/sessies/{nummer}/pakket?gedaan=gepubliceerd")


@router.get("/sessies/{nummer}/pakket/{volgnummer}/{uitgave}/{soort}")
def file(
    who: Who,
    session: ReadingSession,
    engine: Database,
    now: Now,
    nummer: str,
    volgnummer: RowNumber,
    uitgave: Uitgave,
    soort: Bestand,
) -> Response:
    """A file as it was published; each time it stands in the log."""
    agenda = _readable(session, who, nummer)
    pack = packs.chosen(packs.published(session, agenda), volgnummer)
    found = packs.file_of(session, pack, uitgave, soort)
    audit.record_reading(engine, who.access, "pakket_opgehaald", f"{pack.nummer} {uitgave} {soort}", now)
    return download(TYPES[soort], found.naam, found.inhoud)


def _stood(sent: Mapping[str, str]) -> tuple[int, str]:
    return version_of(sent), sent.get(STOOD, "")


def _readable(session: Session, who: SignedIn, nummer: str) -> Agenda:
    require(who, sessies.VISITORS)
    agenda = sessies.find(session, nummer, who.access.actor)
    packs.require_reader(agenda, who.access.actor)
    return agenda


def _make(session: Session, engine: Engine, who: SignedIn, agenda: Agenda, now: datetime, peildatum: str) -> Made:
    day = _day(peildatum) if peildatum else notes.counted_until(agenda.sessie, now.date())
    return packs.make(session, engine, who.access, agenda, day, now.date())


def _day(text: str) -> date:
    digits = complete_date(text)
    day = as_date(digits) if digits else None
    if day is None:
        raise Invalid(Reason("datum_ongeldig", "De peildatum is geen bestaande datum.", "peildatum"))
    return day


def _preview(
    request: Request,
    agenda: Agenda,
    made: Made | None,
    sent: Mapping[str, str],
    uitgave: Uitgave,
    error: DomainError | None,
) -> Response:
    reasons = error.reasons if error else ()
    told = None if made is None else made.editions.get(uitgave, made.editions[Uitgave.BINNEN]).pack
    day = made.peildatum.isoformat() if made else sent.get("peildatum", "")
    return render(
        request,
        "pack_publish.html",
        status=status_of(error) if error else 200,
        sessie=agenda.sessie,
        made=made,
        pack=told,
        parts=pack_charts.parts_of(told) if told else (),
        uitgave=Uitgave.OPENBAAR if told and told.openbaar else Uitgave.BINNEN,
        editions={one: label for one, label in EDITIONS.items() if made and one in made.editions},
        peildatum=PEILDATUM,
        reason=packs.REASON if made and made.volgnummer > 1 else (),
        values={**sent, "peildatum": day},
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )
