"""A row in every table that goes with a dossier, whatever it means, with a word in it that is then found nowhere.

The tables are taken from the models and filled by the kinds of their columns, so a new one is tried by itself.
"""

from collections.abc import Iterator
from datetime import datetime, time
from typing import Any

import pytest
from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Connection,
    Date,
    Engine,
    Enum,
    Integer,
    LargeBinary,
    Numeric,
    Table,
    Time,
    func,
    select,
)
from sqlmodel import SQLModel
from sqlmodel import select as select_rows

from service.access import Access
from service.db import session_scope
from service.retention.fates import TABLES, Lot
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.base import Moment
from signals.sealing import SealedBsn, SealedBytes, SealedJson
from tests.service.conftest import ROTTERDAM
from tests.service.retention import old_cases, steps
from workflow.models import Case

pytestmark = pytest.mark.every_database

WORD = "Zwartepietersma"
GOES = (Lot.DOSSIER, Lot.SIGNAAL, Lot.ADRES)
DAY = old_cases.RECEIVED


def going() -> list[Table]:
    """Every table of which the rows go with a dossier, those that others point at first."""
    return [each for each in SQLModel.metadata.sorted_tables if TABLES[each.name].lot in GOES]


def filled(connection: Connection, of: Table, known: dict[str, Any]) -> dict[str, Any]:
    """A row of a table with the word wherever it can be; what it points at is what is there."""
    return {
        column.name: known.get(column.name, value)
        for column in of.columns
        if not (column.primary_key and not column.foreign_keys)
        for value in [_value(connection, column)]
    }


def _value(connection: Connection, column: Column[Any]) -> Any:
    for key in column.foreign_keys:
        found = connection.execute(select(func.max(key.column))).scalar()
        if found is None and TABLES[key.column.table.name].lot not in GOES:
            # What it belongs to stays, and is about nobody.
            parent = key.column.table.columns
            plain: dict[str, Any] = {each.name: "x" for each in parent if "VARCHAR" in str(each.type)}
            plain |= {each.name: {} for each in parent if isinstance(each.type, JSON)}
            row = filled(connection, key.column.table, plain | {"staat": "aangemaakt", "inhoud": b"x"})
            connection.execute(key.column.table.insert(), row)
            found = connection.execute(select(func.max(key.column))).scalar()
        return found
    match column.type:
        case SealedBsn():
            return old_cases.BSN
        case SealedJson() | JSON():
            return {"tekst": WORD}
        case SealedBytes() | LargeBinary():
            return WORD.encode()
        case Enum() as kind:
            return kind.enums[0]
        case Moment():
            return datetime(2026, 3, 2, 10, tzinfo=old_cases.NOW.tzinfo)
        case Date():
            return DAY
        case Time():
            return time(10)
        case Boolean():
            return False
        case Integer() | Numeric():
            return 7
        case _:
            length = getattr(column.type, "length", None) or len(WORD)
            return WORD[:length]


@pytest.fixture
def case(engine: Engine, settings: Settings) -> dict[str, Any]:
    """A closed case with a row in every table that goes with it; by name what its rows have in common."""
    with session_scope(engine, Access.system()) as session:
        made = old_cases.closed_case(session, geslachtsnaam=WORD)
        common = {"zaak_id": made.id, "signal_id": made.eerste_signaal_id, "gemeentecode": ROTTERDAM}
        common |= {"adressleutel": made.adressleutel, "dag": DAY}
    with engine.execution_options(**EVERYTHING).begin() as connection:
        for each in going():
            of_case = each.c.zaak_id == common["zaak_id"] if "zaak_id" in each.columns else None
            there = select(func.count()).select_from(each)
            if connection.execute(there if of_case is None else there.where(of_case)).scalar_one() == 0:
                connection.execute(each.insert(), filled(connection, each, common))
    return common


def rows(engine: Engine) -> Iterator[tuple[str, str]]:
    """Every row there is as text, with the name of its table."""
    with engine.execution_options(**EVERYTHING).connect() as connection:
        for each in SQLModel.metadata.sorted_tables:
            for row in connection.execute(each.select()):
                yield (
                    each.name,
                    " ".join(bytes(one).decode("latin-1") if isinstance(one, bytes) else str(one) for one in row),
                )


def test_no_row_is_left_and_the_word_is_nowhere(engine: Engine, settings: Settings, case: dict[str, Any]) -> None:
    before = {name for name, _ in rows(engine)}
    assert {each.name for each in going()} <= before
    with_word = {name for name, told in rows(engine) if WORD in told}
    assert len(with_word) > 15
    listed = steps.carried_out(engine, settings)
    (number,) = steps.lines(engine, listed)
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select_rows(Case.id)).all() == []
    assert number.startswith("Z-")
    after = list(rows(engine))
    assert {name for name, _ in after} & {each.name for each in going()} == set()
    assert [name for name, told in after if WORD in told] == []
    assert [name for name, told in after if old_cases.BSN in told] == []
