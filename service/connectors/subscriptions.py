"""Who is told of what happens: subscriptions, made and ended by a beheerder for a municipality."""

import base64
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime

from sqlmodel import Session, col, func, select

from service.access import access_of
from service.connector_models import (
    LineState,
    MessageState,
    RegisterCase,
    RegisterLine,
    RegisterState,
    Subscription,
    SubscriptionMessage,
)
from service.connectors import outbox
from service.connectors.addresses import Network, NotAllowed, require_form
from service.connectors.lines import begin_anew
from service.log import audit
from signals.base import table
from signals.bulk import run
from signals.errors import Invalid, NotFound, Reason, Refused
from signals.municipalities import Municipalities, same_municipality

SECRET_PREFIX = "whsec_"  # noqa: S105  # nosec B105  # how Standard Webhooks writes that a secret follows
SECRET_BYTES = 32
MOST = 50
_lines, _cases = table(RegisterLine), table(RegisterCase)
_subscriptions, _messages = table(Subscription), table(SubscriptionMessage)


def every(session: Session) -> Sequence[Subscription]:
    """Those that were not ended, by municipality."""
    standing = select(Subscription).where(col(Subscription.staat) != LineState.BEEINDIGD)
    return session.exec(standing.order_by(col(Subscription.gemeentecode), col(Subscription.id))).all()


def subscribe(
    session: Session,
    gemeentecode: str,
    address: str,
    kinds: Collection[str],
    networks: Sequence[Network],
    now: datetime,
) -> tuple[Subscription, str]:
    """A new subscription and its secret, which is shown once. Invalid with every faulty field."""
    reasons = []
    if not Municipalities.load(session).in_force(gemeentecode, now.date()):
        uitleg = f"'{gemeentecode}' is nu geen gemeente. Kies een gemeente uit de lijst."
        reasons.append(Reason("gemeentecode_onbekend", uitleg, "gemeentecode"))
    try:
        require_form(address, networks)
    except NotAllowed as wrong:
        reasons.append(Reason("adres_niet_toegestaan", wrong.uitleg, "adres"))
    wanted = [kind for kind in outbox.KINDS if kind in kinds]
    if not wanted or set(kinds) - set(wanted):
        reasons.append(Reason("soort_ontbreekt", "Kies ten minste één soort gebeurtenis uit de lijst.", "soorten"))
    if reasons:
        raise Invalid(reasons)
    secret = SECRET_PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()
    made = Subscription(
        gemeentecode=gemeentecode,
        adres=address,
        soorten=",".join(wanted),
        geheim=secret,
        vastgelegd_op=now,
        vastgelegd_door=access_of(session).actor.naam,
        niet_voor=now,
    )
    session.add(made)
    session.flush()
    _log(session, "abonnement_vastgelegd", made, now)
    return made, secret


def end(session: Session, number: int, now: datetime) -> Subscription:
    """Nothing goes there any more, nor what waits; what happened stays to be seen. Ending twice is ending once."""
    found = find(session, number)
    if found.staat != LineState.BEEINDIGD:
        found.staat, found.beeindigd_op = LineState.BEEINDIGD, now
        session.add(found)
        waiting = select(SubscriptionMessage).where(
            SubscriptionMessage.abonnement_id == found.id,
            col(SubscriptionMessage.staat).in_((MessageState.WACHT, MessageState.ONDERWEG)),
        )
        for message in session.exec(waiting):
            session.delete(message)
        _log(session, "abonnement_beeindigd", found, now)
    return found


def try_again(session: Session, number: int, now: datetime) -> Subscription:
    """What waits, and what was refused, is offered anew, at once."""
    found = _standing(session, number)
    found.staat = LineState.AAN
    begin_anew(found, now)
    session.add(found)
    refused = select(SubscriptionMessage).where(
        SubscriptionMessage.abonnement_id == found.id, SubscriptionMessage.staat == MessageState.GEWEIGERD
    )
    for message in session.exec(refused):
        message.staat, message.fout = MessageState.WACHT, ""
        session.add(message)
    _log(session, "abonnement_hervat", found, now)
    return found


def send_trial(session: Session, number: int, now: datetime) -> Subscription:
    """A message that says nothing but that we are there."""
    found = _standing(session, number)
    outbox.trial(session, found, now)
    _log(session, "abonnement_geprobeerd", found, now)
    return found


def try_register_again(session: Session, gemeentecode: str, now: datetime) -> int:
    """Every case of this municipality that the zaaksysteem refused is offered anew, at once; gives how many wait."""
    line = session.exec(select(RegisterLine).where(RegisterLine.gemeentecode == gemeentecode)).first()
    codes = same_municipality(session, {gemeentecode}, now.date())
    mine = (col(RegisterCase.gemeentecode).in_(codes), col(RegisterCase.staat) != RegisterState.BIJ)
    waiting = session.exec(select(RegisterCase).where(*mine)).all()
    if line is None and not waiting:
        raise NotFound(
            Reason("zaaksysteem_onbekend", "Deze gemeente heeft geen zaaksysteem, of er ging nog niets heen.")
        )
    if line is not None:
        line.staat = LineState.AAN
        begin_anew(line, now)
        session.add(line)
    for one in waiting:
        if one.staat == RegisterState.MISLUKT:
            one.staat, one.pogingen, one.fout = RegisterState.WACHT, 0, ""
        one.niet_voor = now
        session.add(one)
    audit.record(session, "zaaksysteem_hervat", f"zaaksysteem {gemeentecode}", now, gemeentecode=gemeentecode)
    return len(waiting)


def standing_still(session: Session) -> int:
    """How many lines, cases and messages of all municipalities wait for a person; no more than MOST of each."""
    return sum(
        int(run(session, select(func.count()).select_from(some.limit(MOST).subquery())).scalar_one())
        for some in (
            select(_lines.c.id).where(_lines.c.staat == LineState.UITGEZET),
            select(_subscriptions.c.id).where(_subscriptions.c.staat == LineState.UITGEZET),
            select(_cases.c.id).where(_cases.c.staat == RegisterState.MISLUKT),
            select(_messages.c.id).where(_messages.c.staat == MessageState.GEWEIGERD),
        )
    )


def find(session: Session, number: int) -> Subscription:
    """The subscription with this number; NotFound for another."""
    found = session.get(Subscription, number)
    if found is None:
        raise NotFound(Reason("abonnement_onbekend", "Dit abonnement is er niet."))
    return found


def _standing(session: Session, number: int) -> Subscription:
    found = find(session, number)
    if found.staat == LineState.BEEINDIGD:
        raise Refused(Reason("abonnement_beeindigd", "Dit abonnement is beëindigd. Leg een nieuw abonnement vast."))
    return found


def _log(session: Session, action: str, one: Subscription, now: datetime) -> None:
    audit.record(session, action, f"abonnement {one.id}", now, gemeentecode=one.gemeentecode)
