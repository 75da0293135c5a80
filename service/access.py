"""Who asks, and which rows that person's session can see: the first lock (the second: service.row_security).

Every session carries an `Access` in `session.info["access"]`; one listener adds the municipality to every ORM
statement on a table that is `Owned`, whether it comes from a select, `session.get`, a lazy load, a count, an EXISTS,
an alias or a bulk update or delete. A session without access raises, so it cannot be forgotten.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Any, cast

from sqlalchemy import ColumnElement, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import visitors
from sqlalchemy.sql.base import ExecutableOption
from sqlalchemy.sql.schema import Table
from sqlmodel import SQLModel

import service.models  # noqa: F401  # every owned table must be known here
import workflow.course  # every owned table must be known here
import workflow.retention_models
import workflow.sessie_models
import workflow.visit_models  # noqa: F401
from exports.models import FeedbackFile, FeedbackRow
from service.trace import Trace
from signals.base import ACROSS, Owned, table
from signals.models import Opbrengst, OpbrengstLoad, RejectedRow, Signal, SignalChange
from workflow.actors import Actor
from workflow.phases import MUNICIPAL_ROLES, Role

UWV_TABLES: frozenset[type[Owned]] = frozenset({Signal, SignalChange, FeedbackRow})
"""What the liaison sees of everybody: what UWV delivered and what it was told, never what a municipality did."""

UWV_WHOLES: frozenset[type[SQLModel]] = frozenset({RejectedRow, FeedbackFile, Opbrengst, OpbrengstLoad})
"""What UWV delivered and was told as a whole, of no municipality: only the second lock knows them (`row_security`)."""


class NoAccess(RuntimeError):
    """A session was used that nobody gave access: a programming error, never shown to a user."""


@dataclass(frozen=True)
class Access:
    """What a session may see and in whose name it writes.

    codes: municipalities whose rows are visible, None for all. signals: what UWV delivered and was told is visible of
    every municipality. origin: the door and the address it came from, for the audit entry. trace: the processing that
    is done in this name.
    """

    actor: Actor
    codes: frozenset[str] | None = field(default_factory=frozenset)
    signals: bool = False
    origin: str = ""
    trace: Trace = field(default_factory=Trace, compare=False)

    @classmethod
    def of(cls, actor: Actor, origin: str = "", trace: Trace | None = None) -> "Access":
        """What this actor's roles give: municipal roles their municipalities, the liaison all signals."""
        codes: frozenset[str] | None = frozenset()
        for role in actor.rollen.keys() & {*MUNICIPAL_ROLES, Role.SYSTEEM}:
            scope = actor.rollen[role]
            codes = None if codes is None or scope is None else codes | scope
        return cls(actor, codes, Role.UWV_LIAISON in actor.rollen, origin, trace or Trace())

    @classmethod
    def system(cls, actor: Actor | None = None, origin: str = "") -> "Access":
        """Sees every row: for the clock, loads and aggregates. `actor`: in whose name it is done."""
        return cls(actor or Actor.system(), None, True, origin)

    def widened(self) -> "Access":
        """The same actor seeing every row: for the few functions that give back aggregates or judge a whole file."""
        return replace(self, codes=None, signals=True)

    def may(self, *roles: Role) -> bool:
        """Whether the actor holds one of these roles anywhere."""
        return any(role in self.actor.rollen for role in roles)

    def sees(self, gemeentecode: str) -> bool:
        """Whether cases of this municipality are visible."""
        return self.codes is None or gemeentecode in self.codes

    @cached_property
    def _visible(self) -> Callable[[Any], ColumnElement[bool]]:
        """The criterion on rows of which some are invisible. No code at all matches no row."""
        assert self.codes is not None
        # A lambda, because only that is applied to an alias as an alias (a plain criterion on a self-join is not).
        if len(codes := sorted(self.codes)) == 1:
            (code,) = codes
            return lambda owned: owned.gemeentecode == code  # a list is written out at every statement
        return lambda owned: owned.gemeentecode.in_(codes)

    def criterion(self, on: Table) -> ExecutableOption:
        """What is visible of a table of which some rows are not; made when a statement names the table."""
        if on not in self._made:
            self._made[on] = with_loader_criteria(_hidden(self.signals)[on], self._visible, include_aliases=True)
        return self._made[on]

    @cached_property
    def _made(self) -> dict[Table, ExecutableOption]:
        return {}


def _subclasses(of: type[Owned]) -> Iterator[type[Owned]]:
    for each in of.__subclasses__():
        yield each
        yield from _subclasses(each)


@cache
def owned_tables() -> tuple[type[Owned], ...]:
    """Every mapped class that belongs to a municipality, by name."""
    mapped = (each for each in _subclasses(Owned) if hasattr(each, "__table__"))
    return tuple(sorted(mapped, key=lambda each: each.__name__))


@cache
def _hidden(signals: bool) -> Mapping[Table, type[Owned]]:
    """The tables of which some rows are hidden, with their class. signals: those of UWV are seen whole."""
    return {table(owned): owned for owned in owned_tables() if not (signals and owned in UWV_TABLES)}


def access_of(session: Session) -> Access:
    """The access a session was given; NoAccess without."""
    access = session.info.get("access")
    if not isinstance(access, Access):
        raise NoAccess("a session must be made by service.db.session_scope, which asks whose it is")
    return access


@event.listens_for(Session, "do_orm_execute")
def _choose_rows(state: ORMExecuteState) -> None:
    access = access_of(state.session)
    if access.codes is None or ACROSS.keys() <= state.execution_options.keys():
        return
    hidden = _hidden_tables(access, state)
    if state.is_select or state.is_update or state.is_delete:
        # Of the tables that it names only: every criterion is weighed again at every statement.
        state.statement = state.statement.options(*(access.criterion(each) for each in hidden))


def _hidden_tables(access: Access, state: ORMExecuteState) -> list[Table]:
    """The tables in a statement of which rows are hidden; refuses it when one is not named as its class, and text.

    Criteria reach classes only, and what this walk does not see would go without one: no table may have a relationship,
    which SQLAlchemy can join by itself. Write `select(exists(select(Case.id).where(...)))` where
    `select(exists().where(...))` is refused.
    """
    by_class = state.is_orm_statement and not state.is_from_statement
    selects = 0
    classes: set[Any] = set()  # tables that stand here as a class, an alias unwrapped
    direct: set[Any] = set()  # the same without what stands here as an alias only
    tables: set[Any] = set()
    columns: set[Any] = set()
    for element in visitors.iterate(cast(visitors.ExternallyTraversible, state.statement)):
        of_class = by_class and "parententity" in getattr(element, "_annotations", ())
        match element.__visit_name__:
            case "select":
                selects += 1
            case "table":
                (classes if of_class else tables).add(element)
                direct |= {element} if of_class else set()
            case "column":
                if getattr(element, "is_literal", False) and str(element) != "*":
                    raise _refusal()
                of = getattr(element, "table", None)
                if of_class:
                    classes.add(_unwrapped(of))
                    direct.add(of)
                else:
                    columns.add(_unwrapped(of))
            case "textclause" | "text_as_from":
                raise _refusal()
    # `session.get` names bare columns beside the class; in a statement without a second select that is the same table.
    allowed = direct if selects <= 1 else set()
    hidden = _hidden(access.signals).keys()
    if ((tables - classes) | (columns - allowed)) & hidden:
        raise _refusal()
    return sorted((tables | classes | columns) & hidden, key=lambda each: each.name)


def _unwrapped(table: Any) -> Any:
    """The table behind an alias."""
    while (inner := getattr(table, "element", None)) is not None:
        table = inner
    return table


def _refusal() -> NoAccess:
    return NoAccess("this session sees one municipality: select classes, not tables or text")


def municipal_scopes(roles: Iterable[tuple[Role, str | None]]) -> Mapping[Role, frozenset[str] | None]:
    """Rows of (role, code) as the mapping an Actor takes; a role without a code holds for the project."""
    scopes: dict[Role, frozenset[str] | None] = {}
    for role, code in roles:
        known: Any = scopes.get(role, frozenset())
        scopes[role] = None if code is None or known is None else known | {code}
    return scopes
