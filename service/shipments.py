"""Feedback on its way to the server of UWV: asked for by a person, tried by the clock until both files are there.

Before a file is tried its row says so, in a transaction of its own; what becomes of it is another one. Whoever is
killed in between leaves it `onderweg`, and after a while it is tried again: a file that lies there with the same bytes
counts as brought, so nothing is lost and nothing is there twice. To encrypt gives other bytes each time, and so those
are kept until they are brought.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import Engine, update
from sqlalchemy.orm import defer
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery
from service.access import Access, access_of
from service.connectors import outbox
from service.db import session_scope
from service.log import audit
from service.models import Shipment, ShipmentState
from service.settings import Misconfigured, Settings
from signals.errors import Forbidden, NotFound, Reason, Refused
from workflow.phases import Role

log = structlog.get_logger()

WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720))
"""Between one attempt and the next; after the last of them it is given up, and a person sees it."""
LOST = timedelta(minutes=40)
"""Nobody works this long on one file (`sftp.WHOLE_SECONDS` and then some): whoever did is gone."""
BRINGABLE = (DeliveryState.AANGEMAAKT, DeliveryState.VERZONDEN)
OPEN = (ShipmentState.WACHT, ShipmentState.ONDERWEG)
ASKED, BROUGHT, NOT_BROUGHT = (
    "terugkoppeling_bezorging_gevraagd",
    "terugkoppeling_bezorgd",
    "terugkoppeling_niet_bezorgd",
)
_NOT_ANY_MORE = "UWV heeft deze terugkoppeling intussen ontvangen of geweigerd; er is niets meer bezorgd."


def of_delivery(session: Session, nummer: str) -> Sequence[Shipment]:
    """The files of a delivery that somebody asked to bring, csv first."""
    delivery = feedback.find(session, nummer)
    mine = select(Shipment).where(col(Shipment.terugkoppeling_id) == delivery.id).order_by(col(Shipment.soort))
    large = defer(Shipment.versleuteld)  # type: ignore[arg-type]  # SQLModel types a column as its value
    return session.exec(mine.options(large)).all()


def whole_state(shipments: Sequence[Shipment]) -> ShipmentState | None:
    """Where they stand together: the one that is furthest behind; None when nobody asked."""
    order = (ShipmentState.MISLUKT, ShipmentState.ONDERWEG, ShipmentState.WACHT, ShipmentState.BEZORGD)
    return next((state for state in order if any(each.staat == state for each in shipments)), None)


def given_up(session: Session) -> frozenset[int]:
    """The deliveries, by id, of which a file waits for a person."""
    waits = (col(Shipment.staat) == ShipmentState.MISLUKT, col(FeedbackDelivery.staat).in_(BRINGABLE))
    mine = select(Shipment.terugkoppeling_id).join(FeedbackDelivery).where(*waits)
    return frozenset(session.exec(mine))


def may_ask(session: Session, settings: Settings, nummer: str) -> bool:
    """Whether whoever the session belongs to can ask now."""
    try:
        _judge(session, settings, feedback.find(session, nummer), of_delivery(session, nummer))
    except (Refused, Forbidden):
        return False
    return True


def require_server(settings: Settings) -> None:
    """Refused when there is no server to bring anything to."""
    if not settings.sftp_host:
        uitleg = (
            "Bezorgen staat uit. De liaison haalt de bestanden op bij de terugkoppeling. Wilt u laten bezorgen, vraag "
            "dan de beheerder om RNI_SFTP_HOST in te stellen."
        )
        raise Refused(Reason("sftp_niet_ingesteld", uitleg))


def ask(session: Session, settings: Settings, nummer: str, now: datetime) -> Sequence[Shipment]:
    """From now on the files wait to be brought; of those that failed, once more from the first attempt on.

    Sending is of the coordinator, so he asks first; of what was sent already the liaison may. Only the liaison sees a
    fault, and so asks once more. Refused when nothing is left to be asked.
    """
    delivery = _locked(session, feedback.find(session, nummer))
    known = of_delivery(session, nummer)
    _judge(session, settings, delivery, known)
    if not known:
        assert delivery.id is not None
        door = access_of(session).actor.naam
        for file in feedback.files(session, nummer):
            session.add(
                Shipment(
                    terugkoppeling_id=delivery.id,
                    soort=file.soort,
                    gevraagd_op=now,
                    gevraagd_door=door,
                    niet_voor=now,
                )
            )
    for each in known:
        if each.staat == ShipmentState.MISLUKT:
            each.staat, each.niet_voor, each.pogingen, each.fout = ShipmentState.WACHT, now, 0, ""
            session.add(each)
    session.flush()
    audit.record(session, ASKED, nummer, now, about=())  # whose data it is stands at what is brought
    return of_delivery(session, nummer)


def sent(session: Session, nummer: str, door: str, now: datetime) -> FeedbackDelivery:
    """`feedback.sent`, and whoever subscribed to it is told: every door comes by here."""
    delivery = feedback.sent(session, nummer, door, now)
    outbox.feedback_sent(session, nummer, now)
    return delivery


def _judge(session: Session, settings: Settings, delivery: FeedbackDelivery, known: Sequence[Shipment]) -> None:
    """Forbidden or Refused, with the reason why whoever the session belongs to cannot ask now."""
    require_server(settings)
    failed = any(each.staat == ShipmentState.MISLUKT for each in known)
    roles = {Role.UWV_LIAISON} if failed else {Role.COORDINATOR, Role.UWV_LIAISON}
    if delivery.staat == DeliveryState.AANGEMAAKT and not known:
        roles = {Role.COORDINATOR}
    if not access_of(session).may(*roles):
        named = " of ".join(sorted(role.value for role in roles))
        raise Forbidden(Reason("rol_ontbreekt", f"Dit is voor de rol {named}."))
    if delivery.staat not in BRINGABLE:
        uitleg = f"Terugkoppeling {delivery.nummer} is {delivery.staat.value}; bezorgen is niet meer nodig."
        raise Refused(Reason("staat_past_niet", uitleg))
    if known and not failed:
        all_there = all(each.staat == ShipmentState.BEZORGD for each in known)
        what = "is al bezorgd" if all_there else "wordt al bezorgd; dat gaat vanzelf door"
        raise Refused(Reason("bezorging_loopt", f"Terugkoppeling {delivery.nummer} {what}."))


def _locked(session: Session, delivery: FeedbackDelivery) -> FeedbackDelivery:
    """The delivery, of which nobody else changes anything before this transaction ends."""
    mine = select(FeedbackDelivery).where(col(FeedbackDelivery.id) == delivery.id).with_for_update()
    return session.exec(mine.execution_options(populate_existing=True)).one()


def deliver(
    settings: Settings, engine: Engine, now: datetime, *, nummer: str | None = None, access: Access | None = None
) -> Counter[str]:
    """Tries every file that is due, and gives how many ended how. Without a server they wait.

    nummer: only those of this delivery, also before their time. access: in whose name; the clock's when not given.
    """
    told: Counter[str] = Counter()
    access = access or Access.system(origin="klok")
    with session_scope(engine, access) as session:
        lost = (col(Shipment.staat) == ShipmentState.ONDERWEG, col(Shipment.begonnen_op) < now - LOST)
        fault = "Het bezorgen werd afgebroken."
        session.execute(update(Shipment).where(*lost).values(staat=ShipmentState.WACHT, fout=fault, niet_voor=now))
    if not settings.sftp_host:
        return told
    waits = [col(Shipment.staat) == ShipmentState.WACHT]
    with session_scope(engine, access, write=False) as session:
        if nummer is None:
            waits.append(col(Shipment.niet_voor) <= now)
        else:
            waits.append(col(Shipment.terugkoppeling_id) == feedback.find(session, nummer).id)
        # The CSV is the one that counts: it goes first, whichever was asked first.
        order = (col(Shipment.terugkoppeling_id), col(Shipment.soort))
        due = session.exec(select(Shipment.id).where(*waits).order_by(*order)).all()
    for number in due:
        assert number is not None
        with session_scope(engine, access) as session:
            mine = update(Shipment).where(col(Shipment.id) == number, *waits)
            begun = {"staat": ShipmentState.ONDERWEG, "begonnen_op": now, "pogingen": Shipment.pogingen + 1}
            if not _change(session, mine.values(begun)):
                continue  # another clock has it in hand
            shipment = session.get_one(Shipment, number)
        outcome = _brought(settings, engine, access, shipment, now)
        state = _settled(engine, access, shipment, outcome, now)
        told[state] += 1
        log.info("bezorging", bezorging=number, staat=state, poging=shipment.pogingen)
    return told


def _brought(
    settings: Settings, engine: Engine, access: Access, shipment: Shipment, now: datetime
) -> tuple[str, bool] | None:
    """None when the file is there; else why not, and whether the next attempt may do better."""
    from service import sftp  # here: without a server nothing of SSH is needed

    try:
        target = sftp.Target.of(settings)
        name, content, nummer = _content(settings, engine, access, shipment)

        def leaving() -> None:
            with session_scope(engine, access) as session:
                audit.record(session, "terugkoppeling_verstrekt", nummer, now)

        sftp.bring(target, name, content, leaving)
    except sftp.NotBrought as failed:
        return failed.fault, failed.again
    except Misconfigured as wrong:
        return wrong.reasons[0].uitleg[: sftp.LONGEST_FAULT], True
    except (NotFound, Refused) as refused:
        return refused.reasons[0].uitleg[: sftp.LONGEST_FAULT], False
    return None


def _content(settings: Settings, engine: Engine, access: Access, shipment: Shipment) -> tuple[str, bytes, str]:
    """Name and bytes of the file as it goes, the same at every attempt, and the number of its delivery."""
    from service import sftp  # here: as above

    recipients = ",".join(sorted(settings.sftp_age_recipients))
    with session_scope(engine, access, write=False) as session:
        delivery = session.get_one(FeedbackDelivery, shipment.terugkoppeling_id)
        if delivery.staat not in BRINGABLE:
            raise Refused(Reason("staat_past_niet", _NOT_ANY_MORE))
        content = feedback.file_bytes(session, delivery.nummer, shipment.soort)
        name = next(each.naam for each in feedback.files(session, delivery.nummer) if each.soort == shipment.soort)
    kept: bytes | None = None
    if recipients:
        name += ".age"
        kept = shipment.versleuteld if shipment.ontvangers == recipients else None
        content = kept = kept or sftp.encrypted(content, settings)
    digest = hashlib.sha256(content).hexdigest()
    with session_scope(engine, access) as session:
        sent = {"naam": name, "sha256": digest, "ontvangers": recipients, "versleuteld": kept}
        if not _change(session, _mine(shipment).values(sent)):
            raise sftp.NotBrought("Het bezorgen werd afgebroken.")
    return name, content, delivery.nummer


def _mine(shipment: Shipment) -> Any:
    """An UPDATE of the row as long as nobody began another attempt."""
    return update(Shipment).where(
        col(Shipment.id) == shipment.id,
        col(Shipment.staat) == ShipmentState.ONDERWEG,
        col(Shipment.pogingen) == shipment.pogingen,
        col(Shipment.begonnen_op) == shipment.begonnen_op,
    )


def _settled(
    engine: Engine, access: Access, shipment: Shipment, fault: tuple[str, bool] | None, now: datetime
) -> ShipmentState:
    """Writes down what came of an attempt; with the last file the delivery is verzonden, in the same transaction."""
    with session_scope(engine, access) as session:
        delivery = _locked(session, session.get_one(FeedbackDelivery, shipment.terugkoppeling_id))
        if fault is not None:
            why, again = fault
            state = ShipmentState.WACHT if again and shipment.pogingen <= len(WAITS) else ShipmentState.MISLUKT
            wait = WAITS[min(shipment.pogingen, len(WAITS)) - 1]
            if not _change(session, _mine(shipment).values(staat=state, fout=why, niet_voor=now + wait)):
                return session.get_one(Shipment, shipment.id).staat  # somebody else went on with it
            audit.record(session, NOT_BROUGHT, delivery.nummer, now, resultaat="geweigerd", about=())
            return state
        # It is there, whoever tries it meanwhile.
        there = {"staat": ShipmentState.BEZORGD, "bezorgd_op": now, "fout": "", "versleuteld": None}
        still = (col(Shipment.id) == shipment.id, col(Shipment.staat) != ShipmentState.BEZORGD)
        if not _change(session, update(Shipment).where(*still).values(there)):
            return ShipmentState.BEZORGD
        audit.record(session, BROUGHT, delivery.nummer, now, about=())
        rest = (col(Shipment.terugkoppeling_id) == delivery.id, col(Shipment.staat) != ShipmentState.BEZORGD)
        left = session.exec(select(Shipment.id).where(*rest)).first()
        if delivery.staat == DeliveryState.AANGEMAAKT and left is None:
            sent(session, delivery.nummer, shipment.gevraagd_door, now)
            audit.record(session, "terugkoppeling_verzonden", delivery.nummer, now)
        return ShipmentState.BEZORGD


def _change(session: Session, statement: Any) -> bool:
    """Whether the row was still as the statement wants it, and so was changed."""
    changed: int = session.execute(statement).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has it
    return changed == 1
