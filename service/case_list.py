"""Lists of cases: which ones, in what order, from where on; the same for the work list and the API."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    SQLColumnExpression,
    and_,
    exists,
    false,
    func,
    literal,
    or_,
    tuple_,
    union_all,
)
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from service import case_signals
from service.access import access_of
from service.web.characters import readable
from service.web.dependencies import LARGEST_NUMBER
from signals.errors import Invalid, Reason
from workflow import guards
from workflow.models import Aangifte, Address, CallbackRequest, Case, CaseEvent, CaseTask
from workflow.phases import Outcome, Phase

LARGEST_PAGE = 100
SORTS = ("termijn", "-termijn", "datumOntvangst", "-datumOntvangst", "zaaknummer", "-zaaknummer")
ANY_TASK = "alle"


@dataclass(frozen=True)
class Filter:
    """Which cases; what is left empty filters nothing.

    termijn_voor: a running term ends before this day. taak: an open task of this kind, or ANY_TASK. betrokken: whether
    this user sent the voornemen or took the besluit, and so decides on no bezwaar (`guards.third_pair_of_eyes`).
    """

    fase: Sequence[Phase] = ()
    gemeentecode: Sequence[str] = ()
    behandelaar: str | None = None
    toegewezen: bool | None = None
    resultaat: Outcome | None = None
    leveringsnummer: str | None = None
    termijn_voor: date | None = None
    aangehouden: bool | None = None
    terugbelverzoek: bool | None = None
    taak: str | None = None
    aangifte_wacht: bool | None = None
    betrokken: tuple[str, bool] | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """What a case must meet."""
        wanted: list[ColumnElement[bool]] = []
        if self.fase:
            others = [phase for phase in Phase if phase not in self.fase]
            # Most phases: the few others are left out, which no database mistakes for many lists to be sorted together.
            few = len(others) < len(self.fase)
            wanted.append(col(Case.fase).not_in(others) if few else col(Case.fase).in_(self.fase))
        if self.gemeentecode:
            wanted.append(col(Case.gemeentecode).in_(self.gemeentecode))
        if self.behandelaar is not None:
            wanted.append(col(Case.behandelaar) == self.behandelaar)
        if self.toegewezen is not None:
            handler = col(Case.behandelaar)
            wanted.append(handler.is_not(None) if self.toegewezen else handler.is_(None))
        if self.resultaat is not None:
            wanted.append(col(Case.resultaat) == self.resultaat)
        if self.leveringsnummer is not None:
            wanted.append(col(Case.leveringsnummer) == self.leveringsnummer)
        if self.termijn_voor is not None:
            wanted.append(col(Case.eerste_termijn_tot) < self.termijn_voor)
        if self.aangehouden is not None:
            since = col(Case.aangehouden_sinds)
            wanted.append(since.is_not(None) if self.aangehouden else since.is_(None))
        if self.terugbelverzoek is not None:
            asked = select(CallbackRequest.zaak_id).where(col(CallbackRequest.teruggebeld_op).is_(None))
            waits = col(Case.id).in_(asked)
            wanted.append(waits if self.terugbelverzoek else ~waits)
        if self.taak is not None:
            tasks = select(CaseTask.zaak_id).where(col(CaseTask.afgehandeld_op).is_(None))
            kind = tasks if self.taak == ANY_TASK else tasks.where(col(CaseTask.soort) == self.taak)
            wanted.append(col(Case.id).in_(kind))
        if self.aangifte_wacht is not None:
            declared = col(Case.id).in_(select(Aangifte.zaak_id).where(col(Aangifte.afgehandeld_op).is_(None)))
            wanted.append(declared if self.aangifte_wacht else ~declared)
        if self.betrokken is not None:
            naam, is_involved = self.betrokken
            took_part = or_(_decided_by(naam), _proposed_by(naam))
            wanted.append(took_part if is_involved else ~took_part)
        return wanted


def _decided_by(naam: str) -> ColumnElement[bool]:
    """Asked of each case by itself: there are few of them, and very many events."""
    of_case = select(CaseEvent.id).where(col(CaseEvent.zaak_id) == Case.id, CaseEvent.door == naam)
    return exists(of_case.where(col(CaseEvent.stap).in_(guards.DECIDING)))


def _proposed_by(naam: str) -> ColumnElement[bool]:
    """The last voornemen counts: who sent one before it has no part in this one."""
    later = aliased(CaseEvent)
    after_it = select(later.id).where(
        later.zaak_id == CaseEvent.zaak_id, later.stap == CaseEvent.stap, later.volgnummer > CaseEvent.volgnummer
    )
    of_case = select(CaseEvent.id).where(col(CaseEvent.zaak_id) == Case.id, CaseEvent.door == naam)
    return exists(of_case.where(CaseEvent.stap == "verstuur_voornemen", ~exists(after_it)))


@dataclass(frozen=True)
class Page:
    """Some cases in order, and the cursor after the last one; None when there are no more."""

    cases: Sequence[Case]
    volgende: str | None = None


@dataclass(frozen=True)
class Order:
    """A way of sorting: the value sorted by, the case number as the last word, and the direction."""

    name: str  # of a column of Case
    descending: bool

    def after(self, value: Any, case_id: int) -> ColumnElement[bool]:
        """The cases that come after one with this value and id."""
        before_it = literal(value), literal(case_id)
        return tuple_(*self._by) < tuple_(*before_it) if self.descending else tuple_(*self._by) > tuple_(*before_it)

    @property
    def columns(self) -> tuple[ColumnElement[Any], ...]:
        """For ORDER BY."""
        return tuple(each.desc() if self.descending else each.asc() for each in self._by)

    @property
    def value(self) -> SQLColumnExpression[Any]:
        """What is sorted by."""
        return col(getattr(Case, self.name))

    @property
    def _by(self) -> tuple[SQLColumnExpression[Any], SQLColumnExpression[Any]]:
        return self.value, col(Case.id)


_SORTED_BY = {"termijn": "eerste_termijn_tot", "datumOntvangst": "datum_ontvangst", "zaaknummer": "zaaknummer"}


def _order(sort: str) -> Order:
    if sort not in SORTS:
        raise Invalid(Reason("sortering_onbekend", f"Sorteer op een van: {', '.join(SORTS)}.", "sorteer"))
    return Order(_SORTED_BY[sort.removeprefix("-")], sort.startswith("-"))


def page(session: Session, wanted: Filter, *, sort: str = "termijn", size: int = 50, after: str | None = None) -> Page:
    """A page of cases that the session's owner sees. `after`: the cursor of the page before; Invalid when it is not."""
    order = _order(sort)
    after_it = () if after is None else (order.after(*read_cursor(after, sort)),)
    in_pieces = _in_pieces(session, wanted, order, size + 1, after_it)
    chosen = select(Case).where(*wanted.conditions(), *after_it)
    if in_pieces is not None:
        chosen = select(Case).where(col(Case.id).in_(in_pieces))
    rows = session.exec(chosen.order_by(*order.columns).limit(size + 1)).all()
    cases = rows[:size]
    if len(rows) <= size:
        return Page(cases)
    last = rows[size - 1]
    return Page(cases, _cursor(sort, getattr(last, order.name), last.id))


def _in_pieces(
    session: Session, wanted: Filter, order: Order, size: int, after: Sequence[ColumnElement[bool]] = ()
) -> CompoundSelect[Any] | None:
    """The ids of the first so many of each index that a list spans; None where there is one, or too many.

    Each is read in the order of the list, and stops in time: asked together they would all be sorted first. An index
    is of one municipality, of the cases with a handler or of those without; one handler's have an index of their own.
    """
    codes = access_of(session).codes
    if wanted.behandelaar is not None or order.name != _SORTED_BY["termijn"] or codes is None:
        return None
    codes = codes & set(wanted.gemeentecode) if wanted.gemeentecode else codes
    if not 0 < len(codes) <= MOST_APART:
        return None
    given = (col(Case.behandelaar).is_not(None), col(Case.behandelaar).is_(None))
    wanted_of = given if wanted.toegewezen is None else given[:1] if wanted.toegewezen else given[1:]
    pieces = [
        select(Case.id).where(Case.gemeentecode == code, each, *wanted.conditions(), *after)
        for code in sorted(codes)
        for each in wanted_of
    ]
    return union_all(*(select(each.order_by(*order.columns).limit(size).subquery()) for each in pieces))


MOST_APART = 40
"""More municipalities take longer to ask one by one than that saves."""


def _cursor(sort: str, value: Any, case_id: int | None) -> str:
    plain = value.isoformat() if isinstance(value, date) else value
    return base64.urlsafe_b64encode(json.dumps([sort, plain, case_id]).encode()).decode().rstrip("=")


def read_cursor(text: str, sort: str) -> tuple[Any, int]:
    """Where a page begins: the value sorted by and the id of the last case before it; Invalid for another sort."""
    wrong = Invalid(Reason("cursor_ongeldig", "Deze cursor past niet bij deze vraag. Begin opnieuw zonder 'na'.", "na"))
    try:
        made_for, value, case_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        if sort.removeprefix("-") != "zaaknummer":
            value = date.fromisoformat(value)
    except (ValueError, TypeError, binascii.Error, UnicodeDecodeError):
        raise wrong from None
    known = made_for == sort and type(case_id) is int and 0 < case_id <= LARGEST_NUMBER
    if not known or not (isinstance(value, date) or (isinstance(value, str) and readable(value))):
        raise wrong
    return value, case_id


def count(session: Session, wanted: Filter, *, at_most: int = 1001) -> int:
    """How many cases; counting stops at `at_most`, because nobody needs to know more and it costs."""
    in_pieces = _in_pieces(session, wanted, _order(SORTS[0]), at_most)
    some = select(Case.id).where(*wanted.conditions()).limit(at_most) if in_pieces is None else in_pieces
    return min(at_most, session.exec(select(func.count()).select_from(some.subquery())).one())


def search(
    session: Session,
    *,
    bsn: str | None = None,
    geslachtsnaam: str | None = None,
    geboortedatum: str | None = None,
    postcode: str | None = None,
    huisnummer: int | None = None,
    signaalnummer: str | None = None,
) -> Sequence[Case]:
    """The newest cases of a person, an address or a signal; exactly one of the four ways, else Invalid.

    geboortedatum: 8 digits. A name without a birth date finds nobody: it would find too many.
    """
    chosen = _search_by(session, bsn, geslachtsnaam, geboortedatum, postcode, huisnummer, signaalnummer)
    return session.exec(chosen.order_by(col(Case.id).desc()).limit(LARGEST_PAGE)).all()


def _search_by(
    session: Session,
    bsn: str | None,
    geslachtsnaam: str | None,
    geboortedatum: str | None,
    postcode: str | None,
    huisnummer: int | None,
    signaalnummer: str | None,
) -> SelectOfScalar[Case]:
    ways = (bsn is not None, bool(geslachtsnaam or geboortedatum), bool(postcode or huisnummer), bool(signaalnummer))
    pairs = bool(geslachtsnaam) == bool(geboortedatum) and bool(postcode) == bool(huisnummer)
    if sum(ways) != 1 or not pairs:
        raise Invalid(
            Reason(
                "zoekvraag_ongeldig",
                "Zoek op een van: bsn; geslachtsnaam met geboortedatum; postcode met huisnummer; signaalnummer.",
            )
        )
    chosen = select(Case)
    if bsn is not None:
        return chosen.where(col(Case.bsn) == bsn)
    if geslachtsnaam and geboortedatum:
        same = func.lower(col(Case.geslachtsnaam)) == geslachtsnaam.strip().lower()
        return chosen.where(same, col(Case.geboortedatum) == geboortedatum)
    if postcode and huisnummer:
        wanted = "".join(postcode.split()).upper()
        now = and_(col(Case.postcode) == wanted, col(Case.huisnummer) == huisnummer)
        also = select(Address.zaak_id).where(col(Address.postcode) == wanted, col(Address.huisnummer) == huisnummer)
        return chosen.where(or_(now, col(Case.id).in_(also)))
    known = case_signals.cases_of(session, str(signaalnummer))
    return chosen.where(col(Case.id).in_(known) if known else false())  # among none, SQLite would look in every case
