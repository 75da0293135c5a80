"""What the code promises of stored values and of rows that exist once, the database itself keeps: by raw SQL.

Nothing that is offered here satisfies a foreign key: both databases look at those last.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from sqlalchemy import Boolean as YesNo
from sqlalchemy import Column, Date, Engine, Enum, Float, Index, Integer, Numeric, Table, Time, UniqueConstraint
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel

from service.row_security import EVERYTHING
from signals.base import Moment

pytestmark = pytest.mark.every_database

TABLES = SQLModel.metadata.sorted_tables
ENUMS = [column for table in TABLES for column in table.columns if isinstance(column.type, Enum)]
FIRST = 901
"""No row of the cast has this number."""

Row = Mapping[str, Any]


def value(column: Column[Any], number: int) -> Any:
    """A good value; another one for another number, but where there are only two and so none can be unique."""
    if isinstance(column.type, Enum):
        return column.type.enums[number % len(column.type.enums)]
    if isinstance(column.type, YesNo):
        return True
    if isinstance(column.type, Integer | Numeric | Float):
        return number
    if isinstance(column.type, Time):
        return f"10:{number % 60:02}"
    if isinstance(column.type, Moment | Date):
        return f"2026-01-{number % 28 + 1:02}"
    length = getattr(column.type, "length", None)
    return str(number)[-length:] if length else '{"a": 1}'


def offer(engine: Engine, table: Table, *rows: Row) -> str:
    """Why the rows are refused in one statement, in the words of the database; nothing stays either way."""
    columns = ", ".join(f'"{name}"' for name in rows[0])
    mark = "?" if engine.dialect.name == "sqlite" else "%s"
    places = ", ".join(f"({', '.join([mark] * len(row))})" for row in rows)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        try:
            connection.exec_driver_sql(
                f'INSERT INTO "{table.name}" ({columns}) VALUES {places}',
                tuple(each for row in rows for each in row.values()),
            )
        except IntegrityError as refused:
            return str(refused.orig)
        finally:
            connection.rollback()
    return "nothing"


def test_every_column_of_fixed_values_refuses_any_other(engine: Engine) -> None:
    accepted = []
    for column in ENUMS:
        row = {each.name: value(each, FIRST) for each in column.table.columns}
        for wrong in ("iets anders", "", str(column.type.enums[0]).upper() + " "):
            refused = offer(engine, column.table, row | {column.name: wrong})
            if not re.search(rf"(?i)check constraint.*{column.type.name}", refused):
                accepted.append(f"{column}: {wrong!r}: {refused}")
        if not column.nullable and "null" not in offer(engine, column.table, row | {column.name: None}).lower():
            accepted.append(f"{column}: NULL")
    assert len(ENUMS) > 20
    assert not accepted


def test_every_value_of_the_code_fits_in_its_column(engine: Engine) -> None:
    """Only the foreign keys of the row may be refused."""
    refused = {}
    for column in ENUMS:
        row = {each.name: value(each, FIRST) for each in column.table.columns}
        for right in column.type.enums:
            said = offer(engine, column.table, row | {column.name: right})
            if "check constraint" in said.lower():
                refused[f"{column} = {right}"] = said
    assert not refused


def once() -> Iterator[tuple[Table, str, list[str], str]]:
    """Table, name, columns and condition of everything that may exist once."""
    for table in TABLES:
        yield table, "", [column.name for column in table.primary_key], ""
        for constraint in table.constraints:
            if isinstance(constraint, UniqueConstraint):
                yield table, str(constraint.name or ""), [column.name for column in constraint.columns], ""
        for index in table.indexes:
            if index.unique:
                yield table, str(index.name), [column.name for column in index.columns], condition(index)


def condition(index: Index) -> str:
    """The part of the rows that a unique index looks at; the same on both databases."""
    kinds = [index.dialect_options[kind]["where"] for kind in ("sqlite", "postgresql")]
    assert str(kinds[0]) == str(kinds[1]), index.name
    return "" if kinds[0] is None else str(kinds[0])


def meeting(asked: str) -> Row:
    """The values by which a row meets a condition."""
    empty = dict.fromkeys(re.findall(r"(\w+) IS NULL", asked))
    return empty | dict(re.findall(r"(\w+) = '(\w+)'", asked))


def test_what_may_exist_once_is_refused_a_second_time(engine: Engine) -> None:
    accepted, seen = [], 0
    for table, name, columns, asked in once():
        first = {each.name: value(each, FIRST) for each in table.columns} | meeting(asked)
        second = {each.name: value(each, FIRST + 1) for each in table.columns} | meeting(asked)
        second |= {column: first[column] for column in columns}
        refused = offer(engine, table, first, second)
        told = re.search(r"(?i)unique constraint", refused) and (
            name in refused if engine.dialect.name == "postgresql" else f"{table.name}.{columns[0]}" in refused
        )
        if not told:
            accepted.append(f"{table.name} {columns} {asked}: {refused}")
        seen += 1
    assert seen > len(TABLES) + 20
    assert not accepted


def test_every_table_that_points_at_a_case_carries_its_municipality() -> None:
    """So that the rows of one municipality can be kept apart: docs/beheer/groei.md."""
    of_cases = [table for table in TABLES if any(key.column.table.name == "zaak" for key in table.foreign_keys)]
    assert len(of_cases) > 15
    assert not [table.name for table in of_cases if "gemeentecode" not in table.columns]
