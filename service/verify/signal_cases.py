"""Signals and the cases that work on them: each accepted signal in exactly one, of its municipality and its person."""

from typing import Any

from sqlalchemy import and_, exists, func, or_, select

from service.retention import due
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.keyring import KeyUnknown, keyring
from signals.models import Load, Signal
from signals.municipalities import Municipalities
from signals.sealing import kept
from workflow.models import Address, Case, CaseSignal
from workflow.phases import Herkomst
from workflow.retention_models import DestructionItem, Regelstaat
from workflow.unsettled import is_unsettled

_signal, _load, _case, _link = table(Signal), table(Load), table(Case), table(CaseSignal)
_address, _item = table(Address), table(DestructionItem)
_works_on = and_(_link.c.signal_id == _signal.c.id, _link.c.actueel)
_opened = and_(_case.c.eerste_signaal_id == _signal.c.id, is_unsettled)

_destroyed = exists().where(_item.c.object == due.ZAAK, _item.c.staat == Regelstaat.VERNIETIGD)
"""Whether there are dossiers that had their time: with them went links of signals that others have too."""

_named = select(_load.c.ladingnummer, _signal.c.regel).join(_signal, _signal.c.load_id == _load.c.id)
"""A signal by the line in which it was delivered: its own number is the supplier's, and may be anything."""


def _line(row: Any) -> str:
    return f"{row[0]} regel {row[1]}"


@check("een zaak per signaal")
def each_signal_has_one_case(look: Look) -> Findings:
    """By its one link that counts, or by the case that it opened and in which nothing happened.

    A signal stays for as long as any dossier has it; the one that worked on it may be destroyed before the others.
    """
    linked, opened = exists().where(_works_on), exists().where(_opened)
    elsewhere = or_(
        exists().where(_link.c.signal_id == _signal.c.id),
        exists().where(_address.c.signal_id == _signal.c.id),
        exists().where(_case.c.adres_signaal_id == _signal.c.id),
    )
    for row in look.rows(_named.where(~linked, ~opened, ~and_(_destroyed, elsewhere))):
        yield Finding("signaal_zonder_zaak", _line(row))
    several = select(_link.c.signal_id).where(_link.c.actueel).group_by(_link.c.signal_id).having(func.count() > 1)
    twice = select(_case.c.eerste_signaal_id).where(is_unsettled).group_by(_case.c.eerste_signaal_id)
    more = or_(_signal.c.id.in_(several), and_(linked, opened), _signal.c.id.in_(twice.having(func.count() > 1)))
    for row in look.rows(_named.where(more)):
        yield Finding("signaal_in_meer_zaken", _line(row))


@check("gemeente van signalen")
def a_signal_is_with_its_municipality(look: Look) -> Findings:
    """Unless it was handed over, which leaves a second link until the dossier of the giver had its time.

    Codes are compared as they stand today.
    """
    other = _link.alias("ander")
    second = exists().where(other.c.signal_id == _link.c.signal_id, other.c.id != _link.c.id)
    came = or_(_link.c.aangesloten, _case.c.herkomst != Herkomst.SIGNAAL)
    handed_over = or_(second, and_(_destroyed, came))
    pair = (_signal.c.gemeentecode, _case.c.gemeentecode)
    differ = pair[0] != pair[1]
    linked = _signal.join(_link, _works_on).join(_case, _case.c.id == _link.c.zaak_id)
    known = Municipalities.load(look.session)
    today = look.now.date()
    for source, condition in ((linked, and_(differ, ~handed_over)), (_signal.join(_case, _opened), differ)):
        kinds = select(*pair).select_from(source).where(condition).distinct()
        for mine, theirs in [tuple(row) for row in look.rows(kinds)]:
            if known.successor(mine, today) == known.successor(theirs, today):
                continue
            these = select(_case.c.zaaknummer).select_from(source).where(condition, pair[0] == mine, pair[1] == theirs)
            for (number,) in look.rows(these):
                yield Finding("signaal_andere_gemeente", number)


@check("persoon van signalen")
def a_signal_is_about_the_person_of_its_case(look: Look) -> Findings:
    """By the sealed numbers; under two keys, while a rotation goes on, by the numbers themselves."""
    lying = (kept(_signal.c.bsn), kept(_case.c.bsn))
    linked = _signal.join(_link, _works_on).join(_case, _case.c.id == _link.c.zaak_id)
    for source in (linked, _signal.join(_case, _opened)):
        differ = select(_case.c.zaaknummer, *lying).select_from(source).where(lying[0] != lying[1])
        for number, delivered, case in look.rows(differ):
            if _are_two(delivered, case):
                yield Finding("signaal_andere_persoon", number)


def _are_two(one: str, other: str) -> bool:
    """Whether these are of two people; what does not open is told elsewhere."""
    try:
        return keyring().open(one) != keyring().open(other)
    except KeyUnknown:
        return False
