"""Cases: what happened in each is numbered, lawful, and what it is now."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select, true
from sqlalchemy.sql import expression

from service.verify.looking import Finding, Findings, Look, check, words
from signals.base import table
from workflow.models import Bezwaar, Case, CaseEvent, CaseSignal, CaseTask
from workflow.move import targets
from workflow.phases import OPEN, PROCEDURE_VERSION, Outcome, Phase
from workflow.transitions import STEPS
from workflow.unsettled import OPENING, is_unsettled

_case, _event, _link = table(Case), table(CaseEvent), table(CaseSignal)
_task, _bezwaar = table(CaseTask), table(Bezwaar)

_STATE = (
    "fase",
    "resultaat",
    "datum_resultaat",
    "eerste_antwoord",
    "datum_eerste_antwoord",
    "behandelaar",
    "ingangsdatum",
)
"""What an event says of the case after it, by the names of the case; and whether it is on hold."""

_OPENINGS = frozenset({OPENING["stap"], "ontvang_overdracht", "open_bijvangst"})
_COMES_BACK = ("ontvang_teruggestuurd", Phase.AFGESLOTEN, Phase.VOORONDERZOEK)


@check("gebeurtenissen van zaken")
def events_are_numbered(look: Look) -> Findings:
    """Every case has the events 1 to its version; of one in which nothing happened they are no rows."""
    of = _event.c.zaak_id
    counted = (
        select(
            of,
            func.count().label("aantal"),
            func.min(_event.c.volgnummer).label("eerste"),
            func.max(_event.c.volgnummer).label("laatste"),
        )
        .group_by(of)
        .subquery()
    )
    whole = and_(counted.c.aantal == _case.c.versie, counted.c.eerste == 1, counted.c.laatste == _case.c.versie)
    settled = (
        select(_case.c.zaaknummer)
        .outerjoin(counted, counted.c.zaak_id == _case.c.id)
        .where(~is_unsettled, func.coalesce(~whole, true()))
    )
    untouched = select(_case.c.zaaknummer).where(is_unsettled, _case.c.versie != 1)
    for asked in (settled, untouched):
        for (number,) in look.rows(asked):
            yield Finding("gebeurtenissen_onvolledig", number)
    has_rows = or_(
        exists().where(_event.c.zaak_id == _case.c.id),
        exists().where(_link.c.zaak_id == _case.c.id),
    )
    for (number,) in look.rows(select(_case.c.zaaknummer).where(is_unsettled, has_rows)):
        yield Finding("opening_dubbel", number)


@check("stand van zaken")
def the_events_are_the_case(look: Look) -> Findings:
    """The last event of a case says what it is; a case in which nothing happened is as it was opened."""
    pairs = {name: (_case.c[name], _event.c["naar" if name == "fase" else name]) for name in _STATE}
    differs = {name: mine.is_distinct_from(told) for name, (mine, told) in pairs.items()}
    differs["aangehouden"] = _case.c.aangehouden_sinds.is_not(None) != _event.c.aangehouden
    last = and_(_event.c.zaak_id == _case.c.id, _event.c.volgnummer == _case.c.versie)
    yield from _differing(look, differs, select(_case.c.zaaknummer).join(_event, last).where(~is_unsettled))
    differs = {name: _case.c[name].is_not(None) for name in _STATE if name != "fase"}
    differs |= {
        "fase": _case.c.fase != Phase.ONTVANGEN,
        "aangehouden": _case.c.aangehouden_sinds.is_not(None),
        "laatste_stap_op": _case.c.laatste_stap_op.is_not(None),
    }
    yield from _differing(look, differs, select(_case.c.zaaknummer).where(is_unsettled))


def _differing(
    look: Look, differs: dict[str, ColumnElement[bool]], asked: "expression.Select[Any]"
) -> Iterator[Finding]:
    shown = asked.add_columns(*(condition.label(name) for name, condition in differs.items()))
    for number, *flags in look.rows(shown.where(or_(*differs.values()))):
        yield Finding("stand_wijkt_af", number, words(dict(zip(differs, flags, strict=True))))


@check("stappen in zaken")
def steps_are_lawful(look: Look) -> Findings:
    """Each event goes on where the one before it ended, along a way that the procedure of its day knows."""
    before = _event.alias("vorige")
    follows = and_(before.c.zaak_id == _event.c.zaak_id, before.c.volgnummer == _event.c.volgnummer - 1)
    broken = (
        select(_case.c.zaaknummer, _event.c.volgnummer)
        .join_from(_event, before, follows)
        .join(_case, _case.c.id == _event.c.zaak_id)
        .where(_event.c.van.is_distinct_from(before.c.naar))
    )
    for number, place in look.rows(broken):
        yield Finding("stap_onmogelijk", number, f"Het gaat om gebeurtenis {place}.")
    lawful: set[tuple[str, Phase | None, Phase]] = {
        (move.name, van, to) for move in STEPS for van in move.van for to in targets(move, van)
    }
    lawful |= {(stap, None, Phase.ONTVANGEN) for stap in _OPENINGS} | {_COMES_BACK}
    way = (_event.c.stap, _event.c.van, _event.c.naar)
    kinds = select(*way).where(_event.c.procedure == PROCEDURE_VERSION).distinct()
    for stap, van, naar in [tuple(row) for row in look.rows(kinds)]:
        if (stap, van, naar) not in lawful:
            yield from _of_way(look, _event.c.stap == stap, van, naar)
    first = and_(_event.c.volgnummer == 1, _event.c.van.is_not(None))
    for (number,) in look.rows(select(_case.c.zaaknummer).join(_event, _event.c.zaak_id == _case.c.id).where(first)):
        yield Finding("stap_onmogelijk", number, "Het gaat om gebeurtenis 1.")


def _of_way(look: Look, stap: ColumnElement[bool], van: Any, naar: Any) -> Iterator[Finding]:
    these = (
        select(_case.c.zaaknummer, _event.c.volgnummer)
        .join(_event, _event.c.zaak_id == _case.c.id)
        .where(stap, _event.c.van.is_not_distinct_from(van), _event.c.naar == naar)
    )
    for number, place in look.rows(these):
        if place > 1 or van is None:
            yield Finding("stap_onmogelijk", number, f"Het gaat om gebeurtenis {place}.")


def _contradictions() -> dict[str, ColumnElement[bool]]:
    """By what it is in words for people; each is true of a case that cannot be."""
    case = _case.c
    is_open, closed = case.fase.in_(OPEN), case.fase == Phase.AFGESLOTEN
    answered = or_(case.eerste_antwoord.is_not(None), case.resultaat == Outcome.INGETROKKEN)
    return {
        "open met een resultaat": and_(is_open, case.resultaat.is_not(None)),
        "open met een sluitingsdatum": and_(is_open, case.afgesloten_op.is_not(None)),
        "open met een ingangsdatum": and_(is_open, case.ingangsdatum.is_not(None)),
        "gesloten zonder resultaat": and_(closed, case.resultaat.is_(None)),
        "gesloten zonder sluitingsdatum": and_(closed, case.afgesloten_op.is_(None)),
        "gesloten en aangehouden": and_(closed, case.aangehouden_sinds.is_not(None)),
        "gesloten zonder eerste antwoord": and_(closed, func.coalesce(~answered, true())),
        "aangehouden zonder reden": case.aangehouden_sinds.is_not(None) != case.aangehouden_reden.is_not(None),
        "eerste antwoord zonder dag": case.eerste_antwoord.is_not(None) != case.datum_eerste_antwoord.is_not(None),
        "resultaat zonder dag": case.resultaat.is_not(None) != case.datum_resultaat.is_not(None),
        "in bezwaar zonder vorige fase": (case.fase == Phase.BEZWAAR) != case.fase_voor_bezwaar.is_not(None),
    }


@check("tegenstrijdige zaken")
def cases_do_not_contradict_themselves(look: Look) -> Findings:
    """What cannot be at the same time; and in bezwaar is who has one that is open."""
    found = _contradictions()
    shown = (condition.label(f"k{place}") for place, condition in enumerate(found.values()))
    for number, *flags in look.rows(select(_case.c.zaaknummer, *shown).where(or_(*found.values()))):
        yield Finding("zaak_tegenstrijdig", number, words(dict(zip(found, flags, strict=True))))
    open_one = exists().where(_bezwaar.c.zaak_id == _case.c.id, _bezwaar.c.beslist_op.is_(None))
    touched = or_(_case.c.fase == Phase.BEZWAAR, _case.c.id.in_(select(_bezwaar.c.zaak_id)))
    wrong = select(_case.c.zaaknummer).where(touched, (_case.c.fase == Phase.BEZWAAR) != open_one)
    for (number,) in look.rows(wrong):
        yield Finding("bezwaar_wijkt_af", number)


@check("een open zaak per persoon")
def nobody_has_two_open_cases(look: Look) -> Findings:
    """Where the law or another municipality opened one again, a person was asked to close one of the two."""
    person = (_case.c.bsn, _case.c.gemeentecode)
    several = (
        select(*person)
        .where(_case.c.fase.in_(OPEN), _case.c.bsn.is_not(None))
        .group_by(*person)
        .having(func.count() > 1)
        .subquery()
    )
    mine = and_(_case.c.bsn == several.c.bsn, _case.c.gemeentecode == several.c.gemeentecode)
    asked = exists().where(_task.c.zaak_id == _case.c.id, _task.c.soort == "dubbele_zaak")
    members = (
        select(several.c.bsn, several.c.gemeentecode, _case.c.zaaknummer, func.coalesce(asked, false()))
        .join_from(several, _case, mine)
        .where(_case.c.fase.in_(OPEN))
        .order_by(several.c.gemeentecode, several.c.bsn, _case.c.id)
    )
    group: list[Any] = []
    for row in look.rows(members):
        if group and (row[0], row[1]) != (group[0][0], group[0][1]):
            yield from _unasked(group)
            group = []
        group.append(row)
    yield from _unasked(group)


def _unasked(group: Sequence[Any]) -> Iterator[Finding]:
    if group and not any(asked for *_, asked in group):
        first, *others = (number for _, _, number, _ in group)
        yield Finding("zaak_dubbel_open", first, f"De andere is {', '.join(others[:3])}.")
