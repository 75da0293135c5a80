"""Telling UWV: what is due, the deliveries made, and what UWV answered."""

import re
from collections.abc import Mapping
from typing import Literal

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, func, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery, FeedbackRow
from service import shipments, work
from service.log import audit, disclosure
from service.models import WorkKind
from service.pages.charts import whole
from service.pages.forms import Sent, claim, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.pages.work import address, going_on
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, Now, SignedIn, Who, WidePageSession
from service.web.errors import status_of
from service.web.files import MEDIA_TYPES, download
from signals.errors import DomainError, Invalid, Reason
from workflow.phases import Role

router = APIRouter()

READERS = frozenset({Role.COORDINATOR, Role.UWV_LIAISON})
MAKERS = frozenset({Role.COORDINATOR})
RECEIVERS = frozenset({Role.UWV_LIAISON})
MOST = 50
MANY = 10_000
"""More rows than this are made outside the request."""
ABOUT = "terugkoppeling"
"""What the work is about: there is one of it at a time."""
DONE: Mapping[str, str] = {
    "gemaakt": "De terugkoppeling is gemaakt. Hieronder staat hoe zij bij UWV komt.",
    "niets": "Er is nu niets te vertellen. Er is geen terugkoppeling gemaakt.",
    "bezorgingen": "Vastgelegd: de bestanden worden bezorgd.",
    "verzendingen": "Vastgelegd: de terugkoppeling is verzonden.",
    "ontvangstbevestigingen": "Vastgelegd: UWV heeft de terugkoppeling ontvangen.",
    "weigeringen": "Vastgelegd: UWV weigert. De geweigerde regels zijn weer te vertellen.",
}


@router.get("/terugkoppelingen", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: WidePageSession, gedaan: str = "") -> Response:
    """What is due, the reconciliation, and every delivery."""
    require(who, READERS)
    return _overview(request, session, who, notice=DONE.get(gedaan, ""))


def _overview(
    request: Request, session: Session, who: SignedIn, *, notice: str = "", error: DomainError | None = None
) -> Response:
    newest = select(FeedbackDelivery).order_by(col(FeedbackDelivery.id).desc()).limit(MOST)
    stand = list(feedback.reconciliation(session).items())
    return render(
        request,
        "feedback.html",
        status=status_of(error) if error else 200,
        due=sorted(feedback.due_by_kind(session).items()),
        stand=whole(
            "afstemming", "Afstemming", "Wat UWV weet", stand, "Elk geaccepteerd signaal staat hier precies één keer."
        ),
        deliveries=session.exec(newest).all(),
        given_up=shipments.given_up(session),
        may_make=who.has(*MAKERS),
        many=MANY,
        going_on=going_on(session, ABOUT),
        notice=notice,
        reasons=error.reasons if error else (),
        names=display_names(session),
        form_key=new_key(),
    )


@router.post("/terugkoppelingen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def make(request: Request, who: Who, session: WidePageSession, settings: Config, now: Now, sent: Sent) -> Response:
    """Makes the next delivery of everything that is due: at once, or outside the request when that is much."""
    require(who, MAKERS)
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    if asked := going_on(session, ABOUT):
        return form.finish(address(asked))
    if (rows := sum(feedback.due_by_kind(session).values())) > MANY:
        asked = work.enqueue(session, WorkKind.TERUGKOPPELING, ABOUT, now, rows=rows)
        return form.finish(address(asked))
    try:
        made = feedback.make(session, door=who.naam, now=now, production=settings.production, folder=settings.data_dir)
    except DomainError as error:
        session.rollback()
        return _overview(request, session, who, error=error)
    if made is None:
        return form.finish("/terugkoppelingen?gedaan=niets")
    audit.record(session, "terugkoppeling_gemaakt", made.nummer, now)
    return form.finish(f"/terugkoppelingen/{made.nummer}?gedaan=gemaakt")


@router.get("/terugkoppelingen/{nummer}", response_class=HTMLResponse)
def delivery_page(
    request: Request, who: Who, session: WidePageSession, settings: Config, nummer: str, gedaan: str = ""
) -> Response:
    """One delivery: where it stands, its files, and what can be recorded now."""
    require(who, READERS)
    return _delivery(request, session, who, settings, nummer, notice=DONE.get(gedaan, ""))


def _delivery(
    request: Request,
    session: Session,
    who: SignedIn,
    settings: Config,
    nummer: str,
    *,
    notice: str = "",
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    delivery = feedback.find(session, nummer)
    reasons = error.reasons if error else ()
    counted = select(FeedbackRow.soort, func.count(), func.count(col(FeedbackRow.geweigerd_op)))
    mine = counted.where(FeedbackRow.terugkoppeling_id == delivery.id).group_by(col(FeedbackRow.soort))
    told = session.exec(mine).all()
    brought = shipments.of_delivery(session, nummer)
    return render(
        request,
        "feedback_delivery.html",
        status=status_of(error) if error else 200,
        delivery=delivery,
        kinds=sorted((soort, rows) for soort, rows, _ in told),
        refused_rows=sum(refused for _, _, refused in told),
        files=feedback.files(session, nummer),
        shipments=brought if who.has(*RECEIVERS) else (),
        brought=shipments.whole_state(brought),
        may_bring=shipments.may_ask(session, settings, nummer),
        may_fetch=who.has(*RECEIVERS),
        may_send=who.has(*MAKERS) and delivery.staat == DeliveryState.AANGEMAAKT,
        may_receive=who.has(*RECEIVERS) and delivery.staat == DeliveryState.VERZONDEN,
        may_refuse=who.has(*RECEIVERS) and delivery.staat in (DeliveryState.VERZONDEN, DeliveryState.ONTVANGEN),
        notice=notice,
        values=sent or {},
        reasons=reasons,
        errors=by_field(reasons),
        names=display_names(session),
        form_key=new_key(),
    )


@router.get("/terugkoppelingen/{nummer}/bestanden/{soort}")
def download_file(who: Who, engine: Database, now: Now, nummer: str, soort: disclosure.Kind) -> Response:
    """The stored bytes, for UWV to fetch; each time it stands in the log."""
    require(who, RECEIVERS)
    return download(MEDIA_TYPES[soort], *disclosure.fetch(engine, who.access, nummer, soort, now))


@router.post("/terugkoppelingen/{nummer}/{wat}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def record(
    request: Request,
    who: Who,
    session: WidePageSession,
    settings: Config,
    now: Now,
    nummer: str,
    wat: Literal["bezorgingen", "verzendingen", "ontvangstbevestigingen", "weigeringen"],
    sent: Sent,
) -> Response:
    """Has it brought, or records that it was sent, that UWV received it, or that UWV refuses it."""
    require(who, {"bezorgingen": READERS, "verzendingen": MAKERS}.get(wat, RECEIVERS))
    form = claim(session, sent, request.url.path, now)
    if form.location:
        return see_other(form.location)
    try:
        if wat == "bezorgingen":
            shipments.ask(session, settings, nummer, now)
        elif wat == "verzendingen":
            shipments.sent(session, nummer, who.naam, now)
        elif wat == "ontvangstbevestigingen":
            feedback.received(session, nummer, sent.get("kenmerk", ""), who.naam, now)
        else:
            rows = _rows(sent.get("regels", ""))
            feedback.refused(session, nummer, sent.get("reden", ""), rows, who.naam, now)
    except DomainError as error:
        session.rollback()
        return _delivery(request, session, who, settings, nummer, sent=sent, error=error)
    if wat in AUDITED:  # what is asked of shipments they write down themselves
        audit.record(session, f"terugkoppeling_{AUDITED[wat]}", nummer, now)
    return form.finish(f"/terugkoppelingen/{nummer}?gedaan={wat}")


AUDITED: Mapping[str, str] = {
    "verzendingen": "verzonden",
    "ontvangstbevestigingen": "ontvangen",
    "weigeringen": "geweigerd",
}


def _rows(text: str) -> list[int] | None:
    """`3, 8` as numbers; nothing means the whole delivery."""
    parts = [part for part in re.split(r"[\s,;]+", text) if part]
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise Invalid(
            Reason("regels_ongeldig", "Schrijf de nummers van de regels met een komma ertussen: 3, 8.", "regels")
        )
    return [int(part) for part in parts] or None
