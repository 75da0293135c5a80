"""About whom an entry of the log is: found by the number of its object, so that no door has to say it."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from sqlalchemy import Select, case, exists, func, select
from sqlmodel import Session

from exports.models import FeedbackDelivery, FeedbackRow
from service.log.log_keys import Purpose, known, newest
from signals.base import table
from signals.bsn import passes_elfproef
from signals.bulk import among, run
from signals.models import Load, Opbrengst, OpbrengstLoad, RejectedRow, Signal, SignalChange
from workflow.models import Case, CaseTask
from workflow.phases import Phase
from workflow.visit_models import PlannedVisit

_AT_ONCE = 20_000

_case, _signal, _change = table(Case), table(Signal), table(SignalChange)
_load, _rejected, _task = table(Load), table(RejectedRow), table(CaseTask)


class Subject(NamedTuple):
    """A person, and whose processing it is: the municipality, or none yet. `kind`: what `number` is."""

    gemeentecode: str | None
    kind: str
    number: str

    @classmethod
    def of(cls, gemeentecode: str | None, bsn: str | None, zaaknummer: str) -> "Subject":
        """By the BSN; who has none, or of whom it is not known, by the case."""
        return cls(gemeentecode, "BSN", bsn) if bsn else cls(gemeentecode, "zaaknummer", zaaknummer)

    @classmethod
    def of_case(cls, one: Case) -> "Subject":
        """Whom a case is about."""
        return cls.of(one.gemeentecode, one.bsn, one.zaaknummer)

    @property
    def content(self) -> bytes:
        """What the pseudonym is made of."""
        return f"{self.kind} {self.number}".encode()


def pseudonyms_of(subjects: Iterable[Subject]) -> list[str]:
    """The pseudonym of each with the newest key: the same person has the same one as long as that is the newest."""
    mark = newest(Purpose.SUBJECT).mark
    return [mark(subject.content) for subject in subjects]


def every_pseudonym(subject: Subject) -> list[str]:
    """Under which names this person may stand in the log: one for each key."""
    return [key.mark(subject.content) for key in known(Purpose.SUBJECT)]


def subjects_of_cases(cases: Iterable[Case]) -> list[Subject]:
    """Everybody whom these cases are about, once."""
    return list(dict.fromkeys(Subject.of_case(one) for one in cases))


def subjects_of(session: Session, object_: str) -> Iterable[Subject] | None:
    """Everybody whom the thing with this number is about; may be a stream. None for what is about nobody."""
    for form, found in _FORMS.items():
        if match := form.match(object_):
            return found(session, match[0])
    return None


def names_somebody(object_: str) -> bool:
    """Whether the thing with this number is about people: then who was to be told of it stands in the log."""
    return any(form.match(object_) for form in _FORMS)


def _of_case(session: Session, number: str) -> Iterator[Subject]:
    mine = select(_case.c.gemeentecode, _case.c.bsn, _case.c.zaaknummer).where(_case.c.zaaknummer == number)
    for row in run(session, mine):
        yield Subject.of(*row)


def _of_visit(session: Session, number: str) -> Iterator[Subject]:
    """Everybody who is looked for at the address of the visit."""
    visit = table(PlannedVisit)
    there = (
        (_case.c.adressleutel == visit.c.adressleutel)
        & (_case.c.gemeentecode == visit.c.gemeentecode)
        & (_case.c.fase != Phase.AFGESLOTEN)
    )
    mine = select(_case.c.gemeentecode, _case.c.bsn, _case.c.zaaknummer).join_from(visit, _case, there)
    rows = run(session, mine.where(visit.c.id == int(number.partition(" ")[2])))
    yield from dict.fromkeys(Subject.of(*row) for row in rows)


def _of_load(session: Session, number: str) -> Iterator[Subject]:
    """Everybody in a delivery, once: those of rejected rows too, as far as their number can be read."""
    found = run(session, select(_load.c.id, _load.c.layout).where(_load.c.ladingnummer == number)).first()
    if found is None:
        return
    turned_down = set(rejected_subjects(session, found.id, found.layout))
    yield from turned_down
    new = select(_signal.c.gemeentecode, _signal.c.bsn).where(_signal.c.load_id == found.id)
    changed = (
        select(_signal.c.gemeentecode, _signal.c.bsn)
        .join_from(_change, _signal, _signal.c.id == _change.c.signal_id)
        .where(_change.c.load_id == found.id)
    )
    for subject in _people(session, new.union(changed).subquery().select()):
        if subject not in turned_down:
            yield subject


def rejected_subjects(session: Session, load_id: int | None, layout: str | None) -> Iterator[Subject]:
    """Whom the rejected rows of a load are about."""
    rows = select(_rejected.c.gemeentecode, _rejected.c.cellen).where(_rejected.c.load_id == load_id)
    return subjects_of_rows(run(session, rows.execution_options(yield_per=_AT_ONCE)), layout)


def subjects_of_rows(rows: Iterable[tuple[str | None, Mapping[str, str]]], layout: str | None) -> Iterator[Subject]:
    """Whom rows as they were delivered are about: municipality and cells of each; without a number nobody is known."""
    heading = _heading_of_bsn(layout)
    for gemeentecode, cells in rows:
        bsn = cells.get(heading, "").strip().zfill(9)
        if passes_elfproef(bsn):
            yield Subject(gemeentecode, "BSN", bsn)


def newest_task(session: Session) -> int:
    """The number of the last task that was made; 0 for none."""
    return run(session, select(func.max(_task.c.id))).scalar() or 0


def subjects_of_tasks(session: Session, after: int) -> Iterator[Subject]:
    """Everybody about whom there is a task with a higher number, once."""
    told = exists().where(_task.c.zaak_id == _case.c.id, _task.c.id > after)
    without = case((_case.c.bsn.is_(None), _case.c.zaaknummer), else_="")  # one person may have several cases
    mine = select(_case.c.gemeentecode, _case.c.bsn, without).where(told).distinct()
    for row in run(session, mine.execution_options(yield_per=_AT_ONCE)):
        yield Subject.of(*row)


def subjects_of_signals(session: Session, numbers: Sequence[str]) -> list[Subject]:
    """Whom the signals with these numbers are about, once."""
    mine = select(_signal.c.gemeentecode, _signal.c.bsn).where(among(session, _signal.c.signaalnummer, numbers))
    return list(_people(session, mine.distinct()))


def _heading_of_bsn(layout: str | None) -> str:
    from importers import layouts  # here: a command that does nothing with files need not read its room

    return next((each.column("bsn").label for each in layouts() if each.name == layout), "")


def _of_feedback(session: Session, number: str) -> Iterator[Subject]:
    row, delivery = table(FeedbackRow), table(FeedbackDelivery)
    mine = (
        select(row.c.gemeentecode, row.c.bsn)
        .join_from(row, delivery, delivery.c.id == row.c.terugkoppeling_id)
        .where(delivery.c.nummer == number)
    )
    return _people(session, mine.distinct())


def _of_yield(session: Session, number: str) -> Iterator[Subject]:
    row, loaded = table(Opbrengst), table(OpbrengstLoad)
    mine = (
        select(_signal.c.gemeentecode, _signal.c.bsn)
        .join_from(row, loaded, loaded.c.id == row.c.load_id)
        .join(_signal, _signal.c.id == row.c.signal_id)
        .where(loaded.c.ladingnummer == number)
    )
    return _people(session, mine.distinct())


def _people(session: Session, asked: Select[tuple[str, str]]) -> Iterator[Subject]:
    for gemeentecode, bsn in run(session, asked.execution_options(yield_per=_AT_ONCE)):
        yield Subject(gemeentecode, "BSN", bsn)


_FORMS: Mapping[re.Pattern[str], Callable[[Session, str], Iterator[Subject]]] = {
    re.compile(r"Z-\d{4}-\d+"): _of_case,
    re.compile(r"bezoek \d+"): _of_visit,
    re.compile(r"LD-\d{4}-\d+"): _of_load,
    re.compile(r"OB-\d{4}-\d+"): _of_yield,
    re.compile(r"TK-\d{4}-\d+"): _of_feedback,
}
"""By the form of the number of an object, or of what it begins with."""
BEGINNINGS = ("Z-", "bezoek ", "LD-", "OB-", "TK-")
"""What each of these forms begins with, to find most of them in a statement."""
