"""How tables are named and how values are stored: decided here once for every room."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Dialect,
    Enum,
    Index,
    MetaData,
    Table,
    TypeDecorator,
    event,
    literal_column,
    or_,
    text,
)
from sqlmodel import Field, SQLModel

SQLModel.metadata.naming_convention = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
).naming_convention


def by_value(kind: type[StrEnum], column: str | None = None) -> Enum:
    """A column type that stores the Dutch value of an enum (not the member's name) and refuses any other.

    column: named where a table has two columns of one kind, because the check is named after it.
    """
    return ValueOf(
        kind,
        native_enum=False,
        validate_strings=True,
        length=60,
        name=column or kind.__name__.lower(),
        values_callable=lambda members: [member.value for member in members],
    )


class ValueOf(Enum):
    """The type that `by_value` gives; its column gets a CHECK when it comes into a table."""

    cache_ok = True


@event.listens_for(Column, "after_parent_attach")
def _check_values(column: Column[Any], parent: Table) -> None:
    """`kolom = 'a' OR kolom = 'b' ...`: with IN, SQLite builds a list for every row, which took a third of a load."""
    if isinstance(column.type, ValueOf):
        known: list[ColumnElement[bool]] = [column.is_(None)] if column.nullable else []
        known += [column == literal_column(f"'{value}'") for value in column.type.enums]
        parent.append_constraint(CheckConstraint(or_(*known), name=column.type.name))


class Moment(TypeDecorator[datetime]):
    """A point in time: stored in UTC, always aware; a naive one is a programming error."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """UTC; without a zone where the database keeps none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("een tijdstip zonder tijdzone kan niet worden bewaard")
        return value.astimezone(UTC).replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Aware again, in UTC."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Owned(SQLModel):
    """A row that belongs to one municipality; rows are chosen by this column for whoever asks."""

    gemeentecode: str = Field(max_length=4)


ACROSS: Mapping[str, Any] = {"across_municipalities": True}
"""Execution options of the few selects that must see another municipality's row: a hand-over and its way back."""


ACROSS_AND_ON: Mapping[str, Any] = {**ACROSS, "across_goes_on": True}
"""The same, for what the driver itself reads right after: it cannot say for whom it asks."""


def table(kind: type[SQLModel]) -> Table:
    """The table of a class, for bulk statements: those see every row, whoever the session belongs to."""
    found: Table = kind.__table__  # type: ignore[attr-defined]  # SQLModel does not declare it
    return found


def index_of(rows: str, name: str, *columns: str) -> Index:
    """An index of some rows only: those for which this SQL holds."""
    return Index(name, *columns, sqlite_where=text(rows), postgresql_where=text(rows))
