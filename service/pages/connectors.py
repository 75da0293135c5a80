"""How it goes with the systems that are told of cases, for the beheerder: set up, standing still, tried again.

Numbers of cases and addresses of systems; nothing of a person.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlmodel import Session, col, func, select

from service.connector_models import (
    MessageState,
    RegisterCase,
    RegisterLine,
    RegisterState,
    Subscription,
    SubscriptionMessage,
)
from service.connectors import outbox, subscriptions
from service.connectors.configuration import configured, registers
from service.pages.forms import Sent, claim, new_key, with_codes
from service.pages.rendering import by_field, render, require, see_other
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Now, RowNumber, Who, WidePageSession
from service.web.errors import status_of
from signals.errors import DomainError, Invalid, Reason
from signals.municipalities import names_on, same_municipality
from workflow.fields import Field
from workflow.models import Case
from workflow.phases import Role
from workflow.questions import MUNICIPALITY

router = APIRouter()

BEHEERDER = frozenset({Role.BEHEERDER})
MOST = 50
FIELDS = (
    MUNICIPALITY,
    Field(
        "adres", "tekst", "Adres van de ontvanger", langste=500, hint="Begint met https://. Geheimen horen er niet in."
    ),
)
KINDS = Field(
    "soorten", "keuze", "Waarover", hint="De ontvanger krijgt het nummer van de zaak, nooit gegevens van een persoon."
)
DONE: Mapping[str, str] = {
    "ja": "Het abonnement is vastgelegd.",
    "proefberichten": "Er gaat binnen een minuut een proefbericht uit. Daarna staat hieronder of het aankwam.",
    "herkansingen": "Het wordt binnen een minuut opnieuw geprobeerd.",
    "beeindigingen": "Het abonnement is beëindigd. Er gaat niets meer heen.",
}


@dataclass(frozen=True)
class RegisterShown:
    """A zaaksysteem: where it is, how it goes, and the cases that it refused."""

    code: str
    host: str
    line: RegisterLine | None
    waiting: int
    refused: Sequence[tuple[str, str]]


@dataclass(frozen=True)
class SubscriptionShown:
    """A subscription, how it goes, and what was refused."""

    one: Subscription
    kinds: Sequence[str]
    waiting: int
    refused: Sequence[SubscriptionMessage]


@router.get("/koppelingen", response_class=HTMLResponse)
def overview(request: Request, who: Who, session: WidePageSession, now: Now, gedaan: str = "") -> Response:
    """Every connector of every municipality, those that stand still first in sight."""
    require(who, BEHEERDER)
    return _overview(request, session, now, notice=DONE.get(gedaan, ""))


def _overview(
    request: Request, session: Session, now: datetime, *, notice: str = "", error: DomainError | None = None
) -> Response:
    return render(
        request,
        "connectors.html",
        status=status_of(error) if error else 200,
        notice=notice,
        reasons=error.reasons if error else (),
        names=names_on(session, now.date()),
        brp=[(code, urlsplit(found.brp.adres).hostname) for code, found in configured().items() if found.brp],
        registers=[_register(session, code, now) for code in registers()],
        subscriptions=_subscriptions(session),
        form_key=new_key(),
    )


def _register(session: Session, code: str, now: datetime) -> RegisterShown:
    codes = same_municipality(session, {code}, now.date())
    mine = col(RegisterCase.gemeentecode).in_(codes)
    open_states = (RegisterState.WACHT, RegisterState.ONDERWEG)
    waiting = select(func.count()).select_from(RegisterCase).where(mine, col(RegisterCase.staat).in_(open_states))
    refused = select(Case.zaaknummer, RegisterCase.fout).join(RegisterCase, col(RegisterCase.zaak_id) == Case.id)
    stuck = refused.where(mine, RegisterCase.staat == RegisterState.MISLUKT).order_by(col(RegisterCase.id)).limit(MOST)
    line = session.exec(select(RegisterLine).where(RegisterLine.gemeentecode == code)).first()
    host = urlsplit(registers()[code].zaken).hostname or ""
    return RegisterShown(code, host, line, session.exec(waiting).one(), session.exec(stuck).all())


def _subscriptions(session: Session) -> list[SubscriptionShown]:
    counts = outbox.counts(session)
    shown = []
    for one in subscriptions.every(session):
        assert one.id is not None
        mine = (SubscriptionMessage.abonnement_id == one.id, SubscriptionMessage.staat == MessageState.GEWEIGERD)
        refused = select(SubscriptionMessage).where(*mine).order_by(col(SubscriptionMessage.id).desc()).limit(MOST)
        kinds = [outbox.KINDS[kind] for kind in one.soorten.split(",")]
        waiting = counts["wacht"].get(one.id, 0)
        shown.append(SubscriptionShown(one, kinds, waiting, session.exec(refused).all()))
    return shown


@router.get("/koppelingen/webhooks", response_class=HTMLResponse)
def form(request: Request, who: Who, session: WidePageSession, now: Now) -> Response:
    """The form for a new subscription."""
    require(who, BEHEERDER)
    return _form(request, session, now, {})


@router.post("/koppelingen/webhooks", response_class=HTMLResponse, dependencies=[CsrfChecked])
def subscribe(request: Request, who: Who, session: WidePageSession, settings: Config, now: Now, sent: Sent) -> Response:
    """Records it, once, and shows the secret that the receiver needs: only this time."""
    require(who, BEHEERDER)
    claimed = claim(session, sent, request.url.path, now)
    if claimed.location:
        return see_other(claimed.location)
    try:
        given = with_codes(session, FIELDS, {field.naam: sent.get(field.naam, "") for field in FIELDS}, now.date())
        if not given["gemeentecode"]:
            raise Invalid(Reason("verplicht_leeg", "Kies een gemeente uit de lijst.", "gemeentecode"))
        kinds = [kind for kind in sent.get("soorten", "").split(",") if kind]
        made, secret = subscriptions.subscribe(
            session, given["gemeentecode"], given["adres"], kinds, settings.webhook_networks, now
        )
    except DomainError as error:
        session.rollback()
        return _form(request, session, now, sent, error)
    claimed.finish("/koppelingen?gedaan=ja")
    return render(request, "connector_secret.html", one=made, secret=secret)


@router.post("/koppelingen/webhooks/{nummer}/{wat}", response_class=HTMLResponse, dependencies=[CsrfChecked])
def change(
    request: Request,
    who: Who,
    session: WidePageSession,
    now: Now,
    nummer: RowNumber,
    wat: Literal["proefberichten", "herkansingen", "beeindigingen"],
    sent: Sent,
) -> Response:
    """Tries it, tries it again, or ends it."""
    require(who, BEHEERDER)
    claimed = claim(session, sent, request.url.path, now)
    if claimed.location:
        return see_other(claimed.location)
    work = {
        "proefberichten": subscriptions.send_trial,
        "herkansingen": subscriptions.try_again,
        "beeindigingen": subscriptions.end,
    }[wat]
    try:
        work(session, nummer, now)
    except DomainError as error:
        session.rollback()
        return _overview(request, session, now, error=error)
    return claimed.finish(f"/koppelingen?gedaan={wat}")


@router.post("/koppelingen/zaaksystemen/{code}/herkansingen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def try_register_again(
    request: Request, who: Who, session: WidePageSession, now: Now, code: str, sent: Sent
) -> Response:
    """Has every case that waits or was refused there offered anew."""
    require(who, BEHEERDER)
    claimed = claim(session, sent, request.url.path, now)
    if claimed.location:
        return see_other(claimed.location)
    try:
        subscriptions.try_register_again(session, code, now)
    except DomainError as error:
        session.rollback()
        return _overview(request, session, now, error=error)
    return claimed.finish("/koppelingen?gedaan=herkansingen")


def _form(
    request: Request, session: Session, now: datetime, values: Mapping[str, str], error: DomainError | None = None
) -> Response:
    reasons = error.reasons if error else ()
    return render(
        request,
        "connector_form.html",
        status=status_of(error) if error else 200,
        fields=FIELDS,
        kinds=KINDS,
        kind_choices=outbox.KINDS,
        choices={"gemeentecode": names_on(session, now.date())},
        values=values,
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )
