"""Events told to who subscribed: CloudEvents 1.0 as the NL GOV profile has them, signed, at least once each.

A message says that something happened to a case of which number, and not to whom: who may know more asks the API at
`dataref`. Signed as Standard Webhooks has it, so that a receiver needs no library of ours.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx2
import structlog
from sqlalchemy import Engine, delete, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from service.access import Access
from service.beside import waited_for
from service.connector_models import LineState, MessageState, Subscription, SubscriptionMessage
from service.connectors.addresses import NotAllowed, require_form, resolved
from service.connectors.answers import AGENT, CONNECT_SECONDS, LONGEST_FAULT, READ_SECONDS, trusting
from service.connectors.lines import LOST, ROUND_SECONDS, failed, went_well
from service.connectors.outbox import FEEDBACK_SENT, TRIAL
from service.connectors.subscriptions import SECRET_PREFIX
from service.connectors.warnings import tell_stopped
from service.db import session_scope
from service.log import audit
from service.settings import Settings

log = structlog.get_logger()

PREFIX = "nl.langdurig-rni."
CONTENT_TYPE = "application/cloudevents+json; charset=UTF-8"
WHOLE_SECONDS = 15
"""For looking up the name, the way there and the answer together."""
AT_ONCE = 500
"""Messages to one subscriber in one round; the others are not kept waiting for who has many."""
KEPT = timedelta(days=30)
"""So long one can see that a message was delivered."""
REFUSED = frozenset({400, 406, 409, 413, 415, 422})
"""Answers that say something of this message: the same one will not do better tomorrow."""
STOPPED = "abonnement_uitgezet"


@dataclass(frozen=True)
class Outcome:
    """What came of one message. `staat` None: nobody knows, so it is tried again. `gone`: no more is wanted."""

    staat: MessageState | None
    fout: str = ""
    gone: bool = False


def event_of(settings: Settings, message: SubscriptionMessage) -> dict[str, Any]:
    """The event in the JSON of CloudEvents (structured mode); the same at every attempt, to the letter."""
    noun = "terugkoppelingen" if message.soort == FEEDBACK_SENT else "zaken"
    told: dict[str, Any] = {
        "specversion": "1.0",
        "id": message.kenmerk,
        "source": source(settings),
        "type": PREFIX + message.soort,
        "subject": message.onderwerp,
        "time": message.tijdstip.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        "datacontenttype": "application/json",
    }
    if message.soort != TRIAL:
        told["dataref"] = f"{settings.base_url.rstrip('/')}/api/v1/{noun}/{message.onderwerp}"
    data = {"fase": message.fase, "versie": message.versie}
    told["data"] = {name: value for name, value in data.items() if value is not None}
    return told


def source(settings: Settings) -> str:
    """Who tells: the organisation by its number (OIN), or the address of the service where none was given."""
    return f"urn:nld:oin:{settings.oin}:systeem:langdurig-rni" if settings.oin else settings.base_url.rstrip("/")


def signature(secret: str, mark: str, moment: int, body: bytes) -> str:
    """The header `webhook-signature` (Standard Webhooks, symmetric). moment: seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.new(key, f"{mark}.{moment}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def deliver(settings: Settings, engine: Engine, now: datetime) -> Counter[str]:
    """Offers every subscriber what waits, oldest first, until one is not taken; gives how many ended how."""
    told: Counter[str] = Counter()
    system = Access.system(origin="klok")
    with session_scope(engine, system, write=False) as session:
        serves = (col(Subscription.staat) == LineState.AAN, col(Subscription.niet_voor) <= now)
        waits = col(SubscriptionMessage.staat).in_((MessageState.WACHT, MessageState.ONDERWEG))
        some = select(SubscriptionMessage.abonnement_id).where(waits).distinct()
        mine = select(Subscription).where(*serves, col(Subscription.id).in_(some)).order_by(col(Subscription.id))
        subscriptions = session.exec(mine).all()
    for subscription in subscriptions:
        try:
            told += waited_for(_serve(settings, engine, system, subscription, now))
        except OperationalError:  # the database is away: nobody else can be told either
            raise
        except Exception:  # the last net: of one subscriber the others know nothing
            log.exception("webhook mislukt", abonnement=subscription.id)
    return told


def sweep(session: Session, now: datetime) -> int:
    """Forgets what was delivered long ago; gives how many."""
    old = (col(SubscriptionMessage.staat) == MessageState.BEZORGD, col(SubscriptionMessage.bezorgd_op) < now - KEPT)
    return int(session.execute(delete(SubscriptionMessage).where(*old)).rowcount)  # type: ignore[attr-defined]


async def _serve(
    settings: Settings, engine: Engine, access: Access, subscription: Subscription, now: datetime
) -> Counter[str]:
    """One subscriber over one connection. Commits between messages, so a killed clock repeats at most one."""
    told: Counter[str] = Counter()
    until = time.monotonic() + ROUND_SECONDS
    timeout = httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS)
    try:
        trust = trusting()
        transport = httpx2.AsyncHTTPTransport(verify=trust, retries=0)
    except Exception as wrong:  # noqa: BLE001  # a certificate of the installation is of no use: told at the line itself
        with session_scope(engine, access) as session:
            _fail(session, settings, subscription, str(wrong), now)
        return told
    async with httpx2.AsyncClient(transport=transport, timeout=timeout, follow_redirects=False) as client:
        for number in _due(engine, access, subscription, now):
            message = _claimed(engine, access, number, now)
            if message is None:
                break  # another clock serves this one
            outcome = await _offered(settings, client, subscription, message)
            _settle(settings, engine, access, subscription, message, outcome, now)
            told[outcome.staat.value if outcome.staat else "wacht"] += 1
            log.info("webhook", abonnement=subscription.id, bericht=number, staat=outcome.staat, fout=outcome.fout)
            if outcome.staat is None or time.monotonic() > until:
                break
    return told


def _due(engine: Engine, access: Access, subscription: Subscription, now: datetime) -> Sequence[int | None]:
    """What waits, oldest first; what somebody had in hand who is gone waits again."""
    mine = col(SubscriptionMessage.abonnement_id) == subscription.id
    lost = (mine, col(SubscriptionMessage.staat) == MessageState.ONDERWEG)
    with session_scope(engine, access) as session:
        gone = (*lost, col(SubscriptionMessage.begonnen_op) < now - LOST)
        session.execute(update(SubscriptionMessage).where(*gone).values(staat=MessageState.WACHT))
        if session.exec(select(SubscriptionMessage.id).where(*lost).limit(1)).first() is not None:
            return ()  # in other hands; they keep their order
        waits = (mine, col(SubscriptionMessage.staat) == MessageState.WACHT)
        oldest = select(SubscriptionMessage.id).where(*waits).order_by(col(SubscriptionMessage.id))
        return session.exec(oldest.limit(AT_ONCE)).all()


def _claimed(engine: Engine, access: Access, number: int | None, now: datetime) -> SubscriptionMessage | None:
    """The message, in our hands; None when it is in others'."""
    with session_scope(engine, access) as session:
        mine = (col(SubscriptionMessage.id) == number, col(SubscriptionMessage.staat) == MessageState.WACHT)
        begun = {
            "staat": MessageState.ONDERWEG,
            "begonnen_op": now,
            "pogingen": SubscriptionMessage.pogingen + 1,
        }
        if session.execute(update(SubscriptionMessage).where(*mine).values(begun)).rowcount != 1:  # type: ignore[attr-defined]
            return None
        return session.get_one(SubscriptionMessage, number)


async def _offered(
    settings: Settings, client: httpx2.AsyncClient, subscription: Subscription, message: SubscriptionMessage
) -> Outcome:
    try:
        async with asyncio.timeout(WHOLE_SECONDS):
            status = await _post(settings, client, subscription, message)
    except NotAllowed as wrong:
        return Outcome(None, wrong.uitleg)
    except (TimeoutError, httpx2.TimeoutException):
        return Outcome(None, "De ontvanger antwoordt niet op tijd.")
    except httpx2.ConnectError as fault:
        if "CERTIFICATE" in str(fault).upper():
            return Outcome(None, "De ontvanger is niet te vertrouwen: het certificaat klopt niet.")
        return Outcome(None, "De ontvanger is niet te bereiken.")
    except (httpx2.HTTPError, httpx2.InvalidURL, OSError):
        return Outcome(None, "De verbinding met de ontvanger viel weg.")
    if 200 <= status < 300:
        return Outcome(MessageState.BEZORGD)
    if status == 410:
        return Outcome(None, "De ontvanger wil geen berichten meer (code 410).", gone=True)
    if status in REFUSED:
        return Outcome(MessageState.GEWEIGERD, f"De ontvanger weigert dit bericht (code {status}).")
    if 300 <= status < 400:
        return Outcome(None, f"De ontvanger verwijst naar een ander adres (code {status}); daar gaat niets heen.")
    return Outcome(None, f"De ontvanger neemt niets aan (code {status}).")


async def _post(
    settings: Settings, client: httpx2.AsyncClient, subscription: Subscription, message: SubscriptionMessage
) -> int:
    """The status of the answer; of what else it says nothing is read."""
    host, port = require_form(subscription.adres, settings.webhook_networks)
    place = await resolved(host, port, settings.webhook_networks)
    parts = urlsplit(subscription.adres)
    there = f"[{place}]:{port}" if ":" in place else f"{place}:{port}"
    body = json.dumps(event_of(settings, message), ensure_ascii=False, separators=(",", ":")).encode()
    moment = int(settings.now().timestamp())
    headers = {
        "Host": parts.netloc,
        "User-Agent": AGENT,
        "Content-Type": CONTENT_TYPE,
        "webhook-id": message.kenmerk,
        "webhook-timestamp": str(moment),
        "webhook-signature": signature(subscription.geheim, message.kenmerk, moment, body),
    }
    url = urlunsplit(parts._replace(netloc=there))
    named = {"sni_hostname": host}  # the certificate must be of the name, not of the address that it has today
    async with client.stream("POST", url, content=body, headers=headers, extensions=named) as answer:
        return answer.status_code


def _settle(
    settings: Settings,
    engine: Engine,
    access: Access,
    subscription: Subscription,
    message: SubscriptionMessage,
    outcome: Outcome,
    now: datetime,
) -> None:
    """Writes down what came of it: of the message and of the line."""
    mine = (
        col(SubscriptionMessage.id) == message.id,
        col(SubscriptionMessage.staat) == MessageState.ONDERWEG,
        col(SubscriptionMessage.pogingen) == message.pogingen,
    )
    ended = {
        "staat": outcome.staat or MessageState.WACHT,
        "fout": outcome.fout[:LONGEST_FAULT] if outcome.staat else "",
        "bezorgd_op": now if outcome.staat == MessageState.BEZORGD else None,
    }
    with session_scope(engine, access) as session:
        session.execute(update(SubscriptionMessage).where(*mine).values(ended))
        if outcome.staat is None:
            _fail(session, settings, subscription, outcome.fout, now, at_once=outcome.gone)
        else:
            line = session.get_one(Subscription, subscription.id)
            went_well(line, now)
            session.add(line)


def _fail(
    session: Session, settings: Settings, subscription: Subscription, why: str, now: datetime, *, at_once: bool = False
) -> None:
    line = session.get_one(Subscription, subscription.id)
    if line.staat != LineState.AAN:
        return  # ended meanwhile
    stops = failed(line, why, now) or at_once
    if stops:
        line.staat = LineState.UITGEZET
        audit.record(session, STOPPED, f"abonnement {line.id}", now, gemeentecode=line.gemeentecode)
        tell_stopped(session, settings, f"het abonnement van {urlsplit(line.adres).hostname}", line.fout, now)
    session.add(line)
