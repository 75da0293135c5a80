"""The terms of a case: how they start, end, move and look; their dates come from deadlines.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlmodel import col

from workflow import unsettled
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.dated_settings import setting
from workflow.deadlines import TERMS, Deadline, Term, deadline
from workflow.holidays import day_off, next_working_day
from workflow.models import NO_TERM, Case, CaseTerm, TermStatus
from workflow.phases import Answer
from workflow.running_terms import ANSWER, RESULT, first_of


@dataclass(frozen=True)
class TermView:
    """A term as people see it: status loopt, verstreken, opgeschort, gehaald, te_laat or vervallen."""

    term: str
    label: str
    vanaf: date
    einde: date
    uitleg: tuple[str, ...]
    status: str
    beeindigd_op: date | None


def settle(file: CaseFile) -> None:
    """Make rows of what a load left in columns of the case; asked before anything is written in it.

    That is its opening (`unsettled`) and its receipt terms. The statement that empties the columns settles a race:
    whoever comes second finds the rows of the first.
    """
    case, kept = file.case, file.kept_terms
    unsettled.settle_one(file.session, case)
    for name in ("events", "signals", "terms"):  # read before the row was held, somebody may have added to them
        file.__dict__.pop(name, None)
    if not kept:
        return
    full = or_(col(Case.eerste_antwoord_voor).is_not(None), col(Case.resultaat_voor).is_not(None))
    emptied = update(Case).where(col(Case.id) == case.id, full).values({ANSWER: None, RESULT: None})
    mine = file.session.execute(emptied.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]  # an UPDATE's result has it
    for column in (ANSWER, RESULT):
        set_committed_value(case, column, None)
    if mine:
        file.session.add_all(kept)
        file.session.flush()
    file.__dict__.pop("terms", None)


def start(file: CaseFile, desk: Desk, term: Term, vanaf: date) -> CaseTerm:
    """Start a term; one of the same name that runs gives way, but each besluit and callback request has its own."""
    if term not in (Term.BEZWAAR, Term.TERUGBELVERZOEK):
        stop(file, desk, term, TermStatus.VERVALLEN)
    name = TERMS[term].setting
    length = setting(file.session, name, file.case.gemeentecode, vanaf) if name else None
    one = deadline(term, vanaf, length=length)
    row = CaseTerm(**file.own(desk), term=term, vanaf=vanaf, einde=one.einde, lengte=length, uitleg=list(one.uitleg))
    file.session.add(row)
    file.session.flush()
    file.__dict__.pop("terms", None)
    keep_first(file)
    return row


def stop(file: CaseFile, desk: Desk, term: Term, how: TermStatus, on: date | None = None) -> None:
    """End a running term: made (gehaald) on a day, or lapsed; nothing happens when it does not run."""
    row = file.running(term)
    if row is not None:
        _end(file, row, how, on or desk.today)


def stop_begun(file: CaseFile, term: Term, begun: date, how: TermStatus, on: date) -> None:
    """End the running term of this name that began on a day, where several may run beside each other."""
    rows = (one for one in file.terms if one.term == term and one.vanaf == begun and one.beeindigd_op is None)
    row = next(rows, None)
    if row is not None:
        _end(file, row, how, on)


def _end(file: CaseFile, row: CaseTerm, how: TermStatus, on: date) -> None:
    if file.case.aangehouden_sinds is not None and TERMS[Term(row.term)].held:
        _shift(row, _holds(file, on))
    row.beeindigd_op, row.beeindiging = on, how
    file.session.add(row)
    keep_first(file)


def extend(file: CaseFile, desk: Desk, term: Term, einde: date, reden: str) -> None:
    """Move the end of a letter term, the only way it moves; the college chooses a working day."""
    row = file.running(term)
    assert row is not None
    moved = next_working_day(einde)
    uitleg = [f"Verlengd tot en met {moved:%d-%m-%Y} door {desk.actor.naam}: {reden}"]
    if moved != einde:
        uitleg.append(f"Gekozen was {einde:%d-%m-%Y}; dat is {day_off(einde)}, dus de eerste werkdag daarna.")
    row.einde, row.uitleg = moved, [*row.uitleg, *uitleg]
    file.session.add(row)
    keep_first(file)


def defer(file: CaseFile, desk: Desk, reden: str) -> None:
    """The decision on a bezwaar may take as much longer as the law allows, counted on from the same day."""
    row = file.decision_term
    assert row is not None
    (longest,) = TERMS[Term(row.term)].legal
    one = deadline(Term(row.term), row.vanaf, length=longest)
    row.einde, row.lengte = one.einde, longest
    row.uitleg = [*one.uitleg, f"Verdaagd door {desk.actor.naam} op {desk.today:%d-%m-%Y}: {reden}"]
    file.session.add(row)
    keep_first(file)


def hold(file: CaseFile, desk: Desk, reden: str) -> None:
    """On hold since today: three terms stand still."""
    file.case.aangehouden_sinds, file.case.aangehouden_reden = desk.today, reden
    keep_first(file)


def end_hold(file: CaseFile, desk: Desk) -> None:
    """The three terms that a hold moves go on, later by the days held."""
    _shift_after_hold(file, desk)
    file.case.aangehouden_sinds = file.case.aangehouden_reden = None
    keep_first(file)


def _shift_after_hold(file: CaseFile, desk: Desk) -> None:
    holds = _holds(file, desk.today)
    for row in file.terms:
        if row.beeindigd_op is None and TERMS[Term(row.term)].held:
            _shift(row, holds)
            file.session.add(row)


def _shift(row: CaseTerm, holds: Sequence[tuple[date, date]]) -> None:
    moved = shifted(Term(row.term), row.vanaf, row.lengte, holds)
    row.einde, row.uitleg = moved.einde, list(moved.uitleg)


def shifted(term: Term, vanaf: date, length: int | None, holds: Sequence[tuple[date, date]]) -> Deadline:
    """The end of a term that a hold moves, after holds (first and last day), in their order.

    By the days held since it began; a hold that began when it had passed already makes nothing in time again.
    """
    held, moved = 0, deadline(term, vanaf, length=length)
    for begin, end in holds:
        if begin <= moved.einde:
            held += max(0, (end - max(begin, vanaf)).days)
            moved = deadline(term, vanaf, length=length, held_days=held)
    return moved


def _holds(file: CaseFile, today: date) -> list[tuple[date, date]]:
    holds: list[tuple[date, date]] = []
    since: date | None = None
    for event in file.events:
        if event.aangehouden and since is None:
            since = event.vastgelegd_op
        elif not event.aangehouden and since is not None:
            holds.append((since, event.vastgelegd_op))
            since = None
    return [*holds, (since, today)] if since is not None else holds


def close(file: CaseFile, desk: Desk, withdrawn: bool) -> None:
    """What ends when a case closes: a hold, and all but the legal clocks (WALAA) and what a besluit started."""
    kept = {Term.BEZWAAR, Term.PL_OVERZICHT, Term.TERUGBELVERZOEK}
    if not withdrawn:
        kept |= {Term.LAA_EERSTE_ANTWOORD, Term.LAA_RESULTAAT, Term.TMV_REACTIE}
    for row in file.terms:
        if row.beeindigd_op is None and row.term not in kept:
            made = TERMS[Term(row.term)].held and not withdrawn
            _end(file, row, TermStatus.GEHAALD if made else TermStatus.VERVALLEN, desk.today)
    file.case.aangehouden_sinds = file.case.aangehouden_reden = None
    keep_first(file)


def keep_first(file: CaseFile) -> None:
    """Note on the case which running term ends first, after any of them changed."""
    first = first_of(file.case, file.terms)
    file.case.eerste_termijn, file.case.eerste_termijn_tot = (first.term, first.einde) if first else (None, NO_TERM)
    file.session.add(file.case)


def answered(file: CaseFile, desk: Desk, antwoord: Answer, on: date) -> None:
    """A legal answer was entered in WALAA: the clock turns green on that date, not before."""
    stop(file, desk, Term.LAA_EERSTE_ANTWOORD, TermStatus.GEHAALD, on)
    if antwoord != Answer.ONDERZOEK_IN_DE_BRP:
        stop(file, desk, Term.LAA_RESULTAAT, TermStatus.GEHAALD, on)


def views(file: CaseFile, today: date) -> list[TermView]:
    """Every term of the case, the running ones first and by their end."""
    shown = [
        TermView(
            row.term,
            TERMS[Term(row.term)].label,
            row.vanaf,
            row.einde,
            tuple(row.uitleg),
            _status(file, row, today),
            row.beeindigd_op,
        )
        for row in file.terms
    ]
    return sorted(shown, key=lambda one: (one.beeindigd_op is not None, one.einde, one.term))


def _status(file: CaseFile, row: CaseTerm, today: date) -> str:
    if row.beeindiging == TermStatus.VERVALLEN:
        return "vervallen"
    if row.beeindigd_op is not None:
        late = "verstreken" if TERMS[Term(row.term)].letter else "te_laat"  # that a letter term passed is no lateness
        return "gehaald" if row.beeindigd_op <= row.einde else late
    since = file.case.aangehouden_sinds
    if since is not None and since <= row.einde and TERMS[Term(row.term)].held:
        return "opgeschort"
    return "verstreken" if row.einde < today else "loopt"


def next_term(file: CaseFile, today: date) -> TermView | None:
    """The one term that is due first."""
    return next((one for one in views(file, today) if one.status in ("loopt", "verstreken")), None)
