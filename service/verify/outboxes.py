"""What other systems must still be told: no message is held by nobody, none waits longer than its line rests."""

from datetime import timedelta

from sqlalchemy import and_, or_, select

from service.connector_models import (
    LineState,
    MessageState,
    RegisterCase,
    RegisterState,
    Subscription,
    SubscriptionMessage,
)
from service.connectors.lines import LOST
from service.models import ClockDay
from service.verify.looking import Finding, Findings, Look, check, words
from signals.base import table
from workflow.models import Case

_case, _register, _day = table(Case), table(RegisterCase), table(ClockDay)
_line, _message = table(Subscription), table(SubscriptionMessage)
SLACK = timedelta(hours=1)
"""So long something that is due may wait for its turn."""


@check("koppelingen")
def what_others_must_know_goes_on(look: Look) -> Findings:
    """Nothing is in hand for longer than anybody works on it; a line that rests, or was put off, is no finding."""
    late = look.now - LOST - SLACK
    held = and_(_register.c.staat == RegisterState.ONDERWEG, _register.c.begonnen_op < late)
    of_case = select(_case.c.zaaknummer).join(_register, _register.c.zaak_id == _case.c.id)
    for (number,) in look.rows(of_case.where(held).order_by(_case.c.id)):
        yield Finding("koppeling_staat_stil", number, "Het gaat om het zaaksysteem.")
    serves = and_(_line.c.staat == LineState.AAN, _line.c.niet_voor < look.now - SLACK)
    waits = and_(serves, _message.c.staat == MessageState.WACHT, _message.c.tijdstip < look.now - timedelta(days=1))
    forgotten = or_(waits, and_(_message.c.staat == MessageState.ONDERWEG, _message.c.begonnen_op < late))
    of_line = select(_line.c.id).join(_message, _message.c.abonnement_id == _line.c.id).where(forgotten).distinct()
    for (number,) in look.rows(of_line.order_by(_line.c.id)):
        yield Finding("koppeling_staat_stil", f"abonnement {number}")


@check("stand van koppelingen")
def what_others_know_has_happened(look: Look) -> Findings:
    """A zaaksysteem knows no event that is not there; what is up to date there and what arrived says when."""
    wrong = {
        "gevraagd": _register.c.gevraagd > _case.c.versie,
        "gebracht": or_(
            _register.c.gebracht > _case.c.versie,
            and_(_register.c.staat == RegisterState.BIJ, _register.c.gebracht < _register.c.gevraagd),
        ),
        "bijgewerkt_op": (_register.c.gebracht > 0) & _register.c.bijgewerkt_op.is_(None),
    }
    asked = select(_case.c.zaaknummer, *wrong.values()).join(_register, _register.c.zaak_id == _case.c.id)
    for number, *flags in look.rows(asked.where(or_(*wrong.values()))):
        yield Finding("koppeling_wijkt_af", number, words(dict(zip(wrong, flags, strict=True))))
    arrived = (_message.c.staat == MessageState.BEZORGD) != _message.c.bezorgd_op.is_not(None)
    for (number,) in look.rows(select(_message.c.id).where(arrived).order_by(_message.c.id)):
        yield Finding("koppeling_wijkt_af", f"abonnement_bericht {number}", "Het gaat om: bezorgd_op.")


@check("dagen van de klok")
def the_clock_is_not_ahead(look: Look) -> Findings:
    """A job that was noted as done on a day to come is not done until then."""
    ahead = select(_day.c.taak).where(_day.c.dag > look.now.date()).order_by(_day.c.taak)
    for (name,) in look.rows(ahead):
        yield Finding("klok_loopt_voor", name)
