"""What happens to a case goes into the boxes of who must be told, in the transaction in which it happens.

A listener, so that no door can forget it: every event of a case comes by here when it is written. What a load opens in
bulk is no event of its own, and so a statement of its own. Nobody waits here for another system: the clock brings it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Row, Table, and_, case, delete, event, func, insert, literal, null, select, update
from sqlalchemy.orm import Session as AnySession
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session

from exports.models import FeedbackDelivery, FeedbackRow
from service.connector_models import (
    LineState,
    MessageState,
    RegisterCase,
    RegisterState,
    Subscription,
    SubscriptionMessage,
)
from service.connectors.configuration import RegisterAccess, register_of, registers
from signals.base import table
from signals.bulk import run
from signals.models import Load
from signals.municipalities import same_municipality, standing_for
from workflow.models import Case, CaseEvent
from workflow.phases import Phase

OPENED, PHASE_CHANGED, CLOSED = "zaak.geopend", "zaak.fase-gewijzigd", "zaak.afgesloten"
GONE, FEEDBACK_SENT, TRIAL = "zaak.vervallen", "terugkoppeling.verzonden", "proef"
KINDS: Mapping[str, str] = {
    OPENED: "Een zaak is geopend",
    PHASE_CHANGED: "Een zaak kwam in een andere fase",
    CLOSED: "Een zaak is afgesloten",
    FEEDBACK_SENT: "Een terugkoppeling aan UWV is verzonden",
}
"""What one can subscribe to. GONE comes with OPENED: what was told is taken back. TRIAL comes when somebody asks."""

_case, _row = table(Case), table(FeedbackRow)
_subscription, _message, _register = table(Subscription), table(SubscriptionMessage), table(RegisterCase)


class Taken(NamedTuple):
    """A message of a load that was undone, of which the receiver may know."""

    abonnement_id: int
    gemeentecode: str
    onderwerp: str


@event.listens_for(AnySession, "before_flush")
def _note(session: AnySession, context: UOWTransaction, instances: object) -> None:
    events = [one for one in session.new if isinstance(one, CaseEvent)]
    if events and isinstance(session, Session):
        note(session, events)


def note(session: Session, events: Sequence[CaseEvent]) -> None:
    """Whoever must know of these events, which are being written, will be told."""
    subscribers = _subscribers(session)
    if not subscribers and not registers():
        return
    if registers():
        _note_registers(session, events)
    if subscribers:
        _note_subscribers(session, events, subscribers)


def register_for(session: Session, code: str, on: date) -> RegisterAccess | None:
    """The zaaksysteem for cases under this code: of whoever stands for it on that day, else its own of before."""
    return register_of((standing_for(session, code, on), code))


def _note_registers(session: Session, events: Iterable[CaseEvent]) -> None:
    newest: dict[int, CaseEvent] = {}
    for one in events:
        if one.zaak_id not in newest or newest[one.zaak_id].volgnummer < one.volgnummer:
            newest[one.zaak_id] = one
    for zaak_id, one in newest.items():
        if register_for(session, one.gemeentecode, one.vastgelegd_op) is None:
            continue
        up_to_date = _register.c.staat == RegisterState.BIJ
        values = {
            "gevraagd": one.volgnummer,
            "staat": case((up_to_date, RegisterState.WACHT), else_=_register.c.staat),
            "niet_voor": case(
                (up_to_date, literal(one.tijdstip, _register.c.niet_voor.type)), else_=_register.c.niet_voor
            ),
        }
        raised = run(session, update(_register).where(_register.c.zaak_id == zaak_id).values(values))
        if not raised.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
            row = RegisterCase(
                gemeentecode=one.gemeentecode, zaak_id=zaak_id, gevraagd=one.volgnummer, niet_voor=one.tijdstip
            )
            run(session, insert(_register), [row.model_dump(exclude={"id"})])


def _subscribers(session: Session) -> Sequence[Row[Any]]:
    """Every subscription that is not ended; of one that is not served now, what happens waits."""
    wanted = _subscription.c.id, _subscription.c.gemeentecode, _subscription.c.soorten
    return run(session, select(*wanted).where(_subscription.c.staat != LineState.BEEINDIGD)).all()


def _note_subscribers(session: Session, events: Sequence[CaseEvent], subscribers: Sequence[Row[Any]]) -> None:
    told = [(one, kind) for one in events for kind in _kinds(one)]
    if not told:
        return
    numbers = dict(_numbers(session, {one.zaak_id for one, _ in told}))
    rows = []
    for one, kind in told:
        for subscriber in _interested(session, subscribers, kind, one.gemeentecode, one.vastgelegd_op):
            number = numbers[one.zaak_id]
            rows.append(
                _new(
                    subscriber.id,
                    one.gemeentecode,
                    kind,
                    number,
                    one.tijdstip,
                    kenmerk=f"{number}.{one.volgnummer}.{kind}",
                    fase=one.naar.value,
                    versie=one.volgnummer,
                )
            )
    if rows:
        run(session, insert(_message), rows)


def _kinds(one: CaseEvent) -> Iterator[str]:
    if one.volgnummer == 1:
        yield OPENED
    elif one.van != one.naar:
        yield PHASE_CHANGED
        if one.naar == Phase.AFGESLOTEN:
            yield CLOSED


def _numbers(session: Session, cases: Iterable[int]) -> Iterator[tuple[int, str]]:
    chosen = select(_case.c.id, _case.c.zaaknummer).where(_case.c.id.in_(sorted(cases)))
    yield from (tuple(row) for row in run(session, chosen))


def _interested(
    session: Session, subscribers: Iterable[Row[Any]], kind: str, code: str, on: date
) -> Iterator[Row[Any]]:
    """The subscriptions to this kind of the municipality that this code stands for."""
    for one in subscribers:
        if kind in one.soorten.split(",") and one.gemeentecode in same_municipality(session, {code}, on):
            yield one


def _new(abonnement_id: int, code: str, kind: str, about: str, now: datetime, **more: Any) -> dict[str, Any]:
    more.setdefault("kenmerk", f"{about}.{kind}")
    made = SubscriptionMessage(
        abonnement_id=abonnement_id, gemeentecode=code, soort=kind, onderwerp=about, tijdstip=now, **more
    )
    return made.model_dump(exclude={"id"})


def opened_by(session: Session, load: Load, now: datetime) -> None:
    """Whoever subscribed to it is told of every case that this load opened; a statement for each of them."""
    for one in _subscribers(session):
        if OPENED not in one.soorten.split(","):
            continue
        codes = same_municipality(session, {one.gemeentecode}, now.date())
        columns: dict[str, ColumnElement[Any]] = {
            "gemeentecode": _case.c.gemeentecode,
            "abonnement_id": literal(one.id),
            "kenmerk": _case.c.zaaknummer + literal(f".1.{OPENED}"),
            "soort": literal(OPENED),
            "onderwerp": _case.c.zaaknummer,
            "tijdstip": literal(now, _message.c.tijdstip.type),
            "fase": literal(Phase.ONTVANGEN.value),
            "versie": literal(1),
            "lading_id": literal(load.id),
            "staat": literal(MessageState.WACHT.value),
            "pogingen": literal(0),
            "begonnen_op": null(),
            "bezorgd_op": null(),
            "fout": literal(""),
        }
        mine = and_(_case.c.lading_id == load.id, _case.c.gemeentecode.in_(sorted(codes)))
        chosen = select(*columns.values()).where(mine).order_by(_case.c.id)
        run(session, insert(_message).from_select(list(columns), chosen, include_defaults=False))


def own_rows(load: Load) -> Mapping[Table, ColumnElement[bool]]:
    """Which rows in the boxes are of what this load opened."""
    return {_message: _message.c.lading_id == load.id}


def take_back(session: Session, load: Load) -> Sequence[Taken]:
    """Takes what this load put in the boxes out of them; gives of which the receiver may know."""
    left = (_message.c.pogingen > 0, _message.c.staat != MessageState.GEWEIGERD)
    known = select(_message.c.abonnement_id, _message.c.gemeentecode, _message.c.onderwerp)
    taken = [Taken(*row) for row in run(session, known.where(_message.c.lading_id == load.id, *left)).all()]
    run(session, delete(_message).where(_message.c.lading_id == load.id))
    return taken


def tell_gone(session: Session, taken: Iterable[Taken], now: datetime) -> None:
    """Whoever may have been told that these cases were opened is told that they are no more."""
    wants = {one.id for one in _subscribers(session) if OPENED in one.soorten.split(",")}
    rows = [_new(one.abonnement_id, one.gemeentecode, GONE, one.onderwerp, now) for one in taken if one[0] in wants]
    if rows:
        run(session, insert(_message), rows)


def feedback_sent(session: Session, nummer: str, now: datetime) -> None:
    """Whoever subscribed to it is told that this feedback, in which are rows of that municipality, was sent."""
    wants = [one for one in _subscribers(session) if FEEDBACK_SENT in one.soorten.split(",")]
    if not wants:
        return
    sent = table(FeedbackDelivery)
    mine = select(_row.c.gemeentecode).join_from(_row, sent, sent.c.id == _row.c.terugkoppeling_id)
    codes = set(run(session, mine.where(sent.c.nummer == nummer).distinct()).scalars())
    told: dict[int, Row[Any]] = {}
    for one in wants:
        if codes & same_municipality(session, {one.gemeentecode}, now.date()):
            told[one.id] = one
    rows = [_new(one.id, one.gemeentecode, FEEDBACK_SENT, nummer, now) for one in told.values()]
    if rows:
        run(session, insert(_message), rows)


def trial(session: Session, subscription: Subscription, now: datetime) -> None:
    """A message by which one sees whether a receiver is there and knows the secret."""
    assert subscription.id is not None
    about = f"A-{subscription.id}"
    mark = f"{about}.{now:%Y%m%d%H%M%S%f}.{TRIAL}"
    row = _new(subscription.id, subscription.gemeentecode, TRIAL, about, now, kenmerk=mark)
    run(session, insert(_message), [row])


def counts(session: Session) -> Mapping[str, Mapping[int, int]]:
    """How many messages wait and how many were refused, by subscription."""
    found: dict[str, dict[int, int]] = defaultdict(dict)
    open_states = (MessageState.WACHT, MessageState.ONDERWEG)
    for name, states in (("wacht", open_states), ("geweigerd", (MessageState.GEWEIGERD,))):
        counted = select(_message.c.abonnement_id, func.count()).where(_message.c.staat.in_(states))
        for number, count in run(session, counted.group_by(_message.c.abonnement_id)):
            found[name][number] = count
    return found
