"""Terms: each ends where its rule says, each step that begins one began it, and the list knows which ends first."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from functools import lru_cache
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, Select, String, and_, cast, exists, func, literal, or_, select

from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.bulk import run, slices
from signals.errors import Invalid
from workflow import case_terms
from workflow.deadlines import TERMS, Term, deadline
from workflow.holidays import next_working_day
from workflow.models import NO_TERM, CallbackRequest, Case, CaseEvent, CaseTerm
from workflow.moves import OWN_TERMS
from workflow.phases import Phase
from workflow.running_terms import ANSWER, FIRST, FIRST_END, RESULT, receipt_ends, running_terms
from workflow.transitions import STEPS

_case, _event, _term = table(Case), table(CaseEvent), table(CaseTerm)
_request = table(CallbackRequest)

_SEVERAL = (Term.BEZWAAR, Term.TERUGBELVERZOEK)
"""Of these several may run beside each other."""
_OUTLIVE = (*_SEVERAL, Term.PL_OVERZICHT, Term.LAA_EERSTE_ANTWOORD, Term.LAA_RESULTAAT, Term.TMV_REACTIE)
"""Those that may still run in a case that is closed."""
_HELD = [term for term, rule in TERMS.items() if rule.held]
_DECISIONS = (Term.BESLISSING_OP_BEZWAAR, Term.BESLISSING_OP_BEZWAAR_COMMISSIE)
_AT_ONCE = 500


@check("termijnen bij ontvangst")
def receipt_terms_are_recomputed(look: Look) -> Findings:
    """The terms that a load kept in columns of its cases: of a million cases there are a few different ones."""
    columns = (_case.c.grondslag, _case.c.datum_ontvangst, _case.c[ANSWER], _case.c[RESULT])
    kept = or_(_case.c[ANSWER].is_not(None), _case.c[RESULT].is_not(None))
    for row in [tuple(row) for row in look.rows(select(*columns).where(kept).distinct())]:
        grondslag, received, answer, result = row
        ends = receipt_ends(grondslag, received)
        if (answer, result) != (ends.get(ANSWER), ends.get(RESULT)):
            same = (column.is_not_distinct_from(value) for column, value in zip(columns, row, strict=True))
            for (number,) in look.rows(select(_case.c.zaaknummer).where(*same)):
                yield Finding("termijn_wijkt_af", number, "Het gaat om een termijn vanaf de ontvangst.")


@dataclass(frozen=True)
class _Row:
    """A term as it is kept."""

    zaak_id: int
    zaaknummer: str
    term: str
    vanaf: date
    lengte: int | None
    einde: date
    beeindigd_op: date | None
    tijdstip: datetime


@dataclass(frozen=True)
class _Hold:
    """A time on hold; `closed`: the moment at which it ended, None while it goes on."""

    begin: date
    end: date
    closed: datetime | None


@check("termijnen nagerekend")
def terms_are_recomputed(look: Look) -> Findings:
    """Each distinct term once; only those that do not end as counted, or that a hold may have moved, one by one."""
    shape = (_term.c.term, _term.c.vanaf, _term.c.lengte, _term.c.einde)
    for row in [tuple(row) for row in look.rows(select(*shape).distinct())]:
        term, vanaf, length, ends = row
        if _plain_end(term, vanaf, length) != ends:
            same = (column.is_not_distinct_from(value) for column, value in zip(shape, row, strict=True))
            yield from _one_by_one(look, and_(*same))
    held_once = exists().where(_event.c.zaak_id == _term.c.zaak_id, _event.c.aangehouden)
    moved = and_(_term.c.term.in_(_HELD), held_once)
    for row in [tuple(row) for row in look.rows(select(*shape).where(moved).distinct())]:
        term, vanaf, length, ends = row
        if _plain_end(term, vanaf, length) == ends:  # the others were looked at above
            same = (column.is_not_distinct_from(value) for column, value in zip(shape, row, strict=True))
            yield from _one_by_one(look, and_(moved, *same))


@lru_cache(maxsize=50_000)
def _plain_end(term: str, vanaf: date, length: int | None) -> date | None:
    """Where it ends when nobody moved it; None for what is no term."""
    try:
        return deadline(term, vanaf, length=length).einde
    except Invalid:
        return None


def _one_by_one(look: Look, these: ColumnElement[bool]) -> Iterator[Finding]:
    columns = [_case.c.zaaknummer if each.name == "zaaknummer" else _term.c[each.name] for each in fields(_Row)]
    rows = look.rows(select(*columns).join(_case, _case.c.id == _term.c.zaak_id).where(these), _AT_ONCE)
    for piece in _pieces(rows):
        events = _events_of(look, {row.zaak_id for row in piece})
        for row in piece:
            if row.einde not in _possible_ends(row, events.get(row.zaak_id, [])):
                yield Finding("termijn_wijkt_af", row.zaaknummer, f"Het gaat om de termijn {row.term}.")


def _pieces(rows: Iterator[Any]) -> Iterator[list[_Row]]:
    piece: list[_Row] = []
    for row in rows:
        piece.append(_Row(*row))
        if len(piece) == _AT_ONCE:
            yield piece
            piece = []
    yield piece


def _events_of(look: Look, case_ids: set[int]) -> dict[int, list[Any]]:
    """The events of these cases, in their order, as far as terms hang on them."""
    wanted = (_event.c.zaak_id, _event.c.stap, _event.c.vastgelegd_op, _event.c.tijdstip, _event.c.aangehouden)
    found: dict[int, list[Any]] = {}
    for ids in slices(case_ids):
        mine = select(*wanted, _event.c.gegevens).where(_event.c.zaak_id.in_(ids))
        rows = run(look.session, mine.order_by(_event.c.zaak_id, _event.c.volgnummer)).all()
        found |= {case_id: [*of_case] for case_id, of_case in groupby(rows, key=lambda row: row.zaak_id)}
    return found


def _possible_ends(row: _Row, events: Sequence[Any]) -> set[date]:
    """On which days it may end, by its rule, its holds and what somebody chose."""
    plain = _plain_end(row.term, row.vanaf, row.lengte)
    if plain is None:
        return set()
    term = Term(row.term)
    if TERMS[term].letter:
        chosen = {one.gegevens.get("einde") for one in events if one.stap == "verleng_termijn"}
        return {plain} | {next_working_day(date.fromisoformat(day)) for day in chosen if day}
    if not TERMS[term].held:
        return {plain}
    holds = _holds(events, row.beeindigd_op)
    moved = case_terms.shifted(term, row.vanaf, row.lengte, [(one.begin, one.end) for one in holds]).einde
    later = [one for one in holds if one.closed is None or one.closed >= row.tijdstip]
    if not later:  # it began after the last hold, and was counted as if there had been none
        return {plain}
    return {moved} if any(one.closed != row.tijdstip for one in later) else {plain, moved}


def _holds(events: Sequence[Any], until: date | None) -> list[_Hold]:
    """The holds that moved a term: those that are over, and where the term ended within one, up to that day."""
    holds: list[_Hold] = []
    since: date | None = None
    for event in events:
        if event.aangehouden and since is None:
            since = event.vastgelegd_op
        elif not event.aangehouden and since is not None:
            holds.append(_Hold(since, event.vastgelegd_op, event.tijdstip))
            since = None
    if until is None:
        return holds
    if since is not None:
        holds.append(_Hold(since, until, None))
    return [_Hold(one.begin, min(one.end, until), one.closed) for one in holds if one.begin <= until]


@check("termijnen van stappen")
def steps_began_their_terms(look: Look) -> Findings:
    """A step of the table that begins a term has one from its posting date; what began stays, also when it ended."""
    posted = func.coalesce(_event.c.gegevens["verzenddatum"].as_string(), cast(_event.c.vastgelegd_op, String))
    for move in STEPS:
        if move.term is None or move.term in OWN_TERMS:
            continue
        begun = exists().where(
            _term.c.zaak_id == _event.c.zaak_id, _term.c.term == move.term, cast(_term.c.vanaf, String) == posted
        )
        missing = (
            select(_case.c.zaaknummer)
            .join(_event, _event.c.zaak_id == _case.c.id)
            .where(_event.c.stap == move.name, ~begun)
        )
        for (number,) in look.rows(missing):
            yield Finding("termijn_ontbreekt", number, f"Het gaat om de termijn {move.term}.")
    of_event, of_request = _event.c.zaak_id, _request.c.zaak_id
    begun_by = {
        (Term.RICHTLIJN_ONDERZOEK,): select(of_event).where(_event.c.stap == "start_onderzoek"),
        _DECISIONS: select(of_event).where(_event.c.stap == "registreer_bezwaar"),
        (Term.TERUGBELVERZOEK,): select(of_request),
    }
    for names, began in begun_by.items():
        yield from _fewer(look, names, began)


def _fewer(look: Look, names: Sequence[Term], began: Select[Any]) -> Iterator[Finding]:
    """Cases with fewer terms of these names than times at which one began. began: a row with the case for each time."""
    times = began.subquery()
    (case_id,) = times.c
    due = select(case_id.label("id"), func.count().label("keer")).group_by(case_id).subquery()
    there = select(_term.c.zaak_id, func.count().label("keer")).where(_term.c.term.in_(names))
    rows = there.group_by(_term.c.zaak_id).subquery()
    asked = select(_case.c.zaaknummer).join(due, due.c.id == _case.c.id).outerjoin(rows, rows.c.zaak_id == _case.c.id)
    for (number,) in look.rows(asked.where(func.coalesce(rows.c.keer, 0) < due.c.keer)):
        yield Finding("termijn_ontbreekt", number, f"Het gaat om de termijn {names[0]}.")


@check("lopende termijnen")
def terms_run_once_and_end_somehow(look: Look) -> Findings:
    """Of most terms one runs at a time; a closed case leaves the legal clocks only; what ended says how."""
    runs = _term.c.beeindigd_op.is_(None)
    of_case = select(_case.c.zaaknummer, _term.c.term).join(_term, _term.c.zaak_id == _case.c.id)
    double = (
        of_case.where(runs, _term.c.term.not_in(_SEVERAL))
        .group_by(_case.c.zaaknummer, _term.c.term)
        .having(func.count() > 1)
    )
    closed = of_case.where(runs, _case.c.fase == Phase.AFGESLOTEN, _term.c.term.not_in(_OUTLIVE))
    unsaid = of_case.where(runs == _term.c.beeindiging.is_not(None))
    begun_elsewhen = of_case.where(
        runs, _term.c.term == Term.RICHTLIJN_ONDERZOEK, _term.c.vanaf.is_distinct_from(_case.c.start_onderzoek)
    )
    backwards = of_case.where(_term.c.einde < _term.c.vanaf)
    for asked in (double, closed, unsaid, begun_elsewhen, backwards):
        for number, term in look.rows(asked):
            yield Finding("termijn_tegenstrijdig", number, f"Het gaat om de termijn {term}.")


@check("eerste termijn op de werklijst")
def the_list_knows_which_term_ends_first(look: Look) -> Findings:
    """Cases without a row of a term by what they have alike; the others by their running terms."""
    yield from _without_rows(look)
    with_rows = select(_term.c.zaak_id).distinct()
    terms = running_terms()
    named = cast(terms.c.einde, String) + literal("|") + cast(terms.c.term, String)
    least = (
        select(terms.c.zaak_id, func.min(named).label("eerste"))
        .where(terms.c.zaak_id.in_(with_rows))
        .group_by(terms.c.zaak_id)
        .subquery("eerste_lopende")
    )
    said = cast(_case.c[FIRST_END], String) + literal("|") + func.coalesce(_case.c[FIRST], "")
    wrong = (
        select(_case.c.zaaknummer)
        .outerjoin(least, least.c.zaak_id == _case.c.id)
        .where(_case.c.id.in_(with_rows), said != func.coalesce(least.c.eerste, f"{NO_TERM}|"))
    )
    for (number,) in look.rows(wrong):
        yield Finding("eerste_termijn_wijkt_af", number)


def _without_rows(look: Look) -> Iterator[Finding]:
    columns = (
        _case.c.grondslag,
        _case.c.datum_ontvangst,
        *(_case.c[name] for name in (ANSWER, RESULT, FIRST, FIRST_END)),
    )
    none = ~exists().where(_term.c.zaak_id == _case.c.id)
    for row in [tuple(row) for row in look.rows(select(*columns).where(none).distinct())]:
        grondslag, received, answer, result, first, first_end = row
        ends = receipt_ends(grondslag, received)
        kept = answer is not None or result is not None
        if (first, first_end) != ((ends[FIRST], ends[FIRST_END]) if kept else (None, NO_TERM)):
            same = (column.is_not_distinct_from(value) for column, value in zip(columns, row, strict=True))
            for (number,) in look.rows(select(_case.c.zaaknummer).where(none, *same)):
                yield Finding("eerste_termijn_wijkt_af", number)
