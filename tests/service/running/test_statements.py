"""Statements are timed by the request that asks them, and kept without anything that was filled in."""

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.running import statements
from service.running.meter import OPEN, Tally
from service.running.statements import without_values
from workflow.models import Case

BSN, NAME = "999990019", "Kowalska"


@pytest.fixture
def tally() -> Tally:
    made = Tally(spans=[])
    OPEN.set(made)
    return made


@pytest.mark.parametrize(
    ("statement", "kept"),
    [
        ("SELECT *\n  FROM zaak\n WHERE id = ?", "SELECT * FROM zaak WHERE id = ?"),
        ("SELECT 'Kowalska', 'O''Brien', E'x'", "SELECT '…', '…', E'…'"),
        ("SELECT $$Kowalska$$, $a$ 'x' $a$", "SELECT '…', '…'"),
        ("WHERE bsn = 999990019 AND n = 12 LIMIT 100", "WHERE bsn = … AND n = 12 LIMIT 100"),
        ("IN (?, ?, ?, ?, ?, ?)", "IN (?, …"),
        ("IN (%(a_1)s::VARCHAR, %(a_2)s::VARCHAR, %(a_3)s::VARCHAR, %(a_4)s::VARCHAR)", "IN (%(a_1)s::VARCHAR), …"),
        ("VALUES (?, ?), (?, ?), (?, ?)", "VALUES (?, …"),
    ],
)
def test_a_statement_is_kept_without_values(statement: str, kept: str) -> None:
    told = without_values(statement)
    assert NAME not in told and BSN not in told
    assert told.replace(")", "") == kept.replace(")", "")


def test_a_long_statement_is_short() -> None:
    assert len(without_values("SELECT " + ", ".join(f"k{n}" for n in range(500_000)))) == statements.LONGEST


def test_a_request_knows_what_it_asked_and_of_no_value(engine: Engine, tally: Tally) -> None:
    with session_scope(engine, Access.system(), write=False) as session:
        before = tally.statements
        session.exec(select(Case).where(col(Case.bsn) == BSN)).all()
        session.exec(select(Case).where(col(Case.geslachtsnaam) == NAME)).all()
    own = 3 if engine.dialect.name == "sqlite" else 0  # what SQLite is told of the session: to read alone, and no more
    assert tally.statements - before == 2 + own
    assert 0 < tally.seconds < 60
    told = " ".join(span.statement for span in tally.spans or ())
    assert "FROM zaak" in told and BSN not in told and NAME not in told
    assert all(span.begun <= span.ended for span in tally.spans or ())


def test_what_was_refused_took_time_too(engine: Engine, tally: Tally) -> None:
    with pytest.raises(DBAPIError), session_scope(engine, Access.system()) as session:
        session.execute(text("INSERT INTO gebruiker (naam) VALUES (:naam)"), {"naam": NAME})
    assert tally.spans and tally.spans[-1].statement.startswith("INSERT INTO gebruiker")
    assert NAME not in tally.spans[-1].statement


def test_a_slow_statement_is_told(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[str, float]] = []
    monkeypatch.setattr(statements, "SLOW", 0.0)
    monkeypatch.setattr(statements.METER, "slow", lambda statement, ms: told.append((statement, ms)))
    with session_scope(engine, Access.system(), write=False) as session:
        session.exec(select(Case).where(col(Case.geslachtsnaam) == NAME)).all()
    slow = [statement for statement, _ in told if "FROM zaak" in statement]
    assert len(slow) == 1 and NAME not in slow[0]
