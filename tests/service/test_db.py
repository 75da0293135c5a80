import threading
import traceback
from datetime import date

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel, col, select

from service.access import Access
from service.db import SchemaMissing, make_engine, require_schema, session_scope, upgrade
from signals.models import Load, Municipality, Participant
from signals.numbers import take_numbers
from tests.databases import Databases
from tests.postgres import as_owner

pytestmark = pytest.mark.every_database

SYSTEM = Access.system()


def test_the_migrations_give_the_schema_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), SQLModel.metadata) == []


def test_upgrading_twice_changes_nothing_and_loads_table_33(settings, engine: Engine) -> None:
    upgrade(settings.database_url, as_owner(settings.database_url))
    with session_scope(engine, SYSTEM, write=False) as session:
        rotterdam = session.get(Municipality, "0599")
    assert rotterdam is not None
    assert rotterdam.naam == "Rotterdam"


def test_a_missing_schema_names_the_command_that_mends_it(databases: Databases) -> None:
    url = databases.new()
    empty = make_engine(url)
    with pytest.raises(SchemaMissing, match="schema_ontbreekt") as refused:
        require_schema(empty)
    assert "rni db upgrade" in refused.value.uitleg
    empty.dispose()
    databases.drop(url)


def test_foreign_keys_are_enforced(engine: Engine) -> None:
    with pytest.raises(IntegrityError), session_scope(engine, SYSTEM) as session:
        session.execute(
            text(
                "INSERT INTO rejected_row (load_id, regel, uitkomst, codes, fouten, cellen)"
                " VALUES (99, 1, 'dubbel', '[]', '[]', '{}')"
            )
        )


def test_an_error_rolls_everything_back(engine: Engine) -> None:
    with pytest.raises(ZeroDivisionError), session_scope(engine, SYSTEM) as session:
        session.add(Participant(gemeentecode="0599", vanaf=date(2026, 1, 1), besloten_door="iemand"))
        session.flush()
        raise ZeroDivisionError
    with session_scope(engine, SYSTEM, write=False) as session:
        assert session.exec(select(Participant)).all() == []


def test_a_session_for_reading_cannot_write(engine: Engine) -> None:
    with pytest.raises(RuntimeError, match="opened for reading"), session_scope(engine, SYSTEM, write=False) as session:
        session.add(Municipality(code="9998", naam="Nergens"))
        session.flush()
    with pytest.raises(DBAPIError, match=r"read-?only"), session_scope(engine, SYSTEM, write=False) as session:
        session.execute(text("DELETE FROM municipality"))
    with session_scope(engine, SYSTEM) as session:
        session.execute(text("DELETE FROM participant"))


def test_errors_of_the_database_do_not_print_what_was_written(engine: Engine) -> None:
    with pytest.raises(IntegrityError) as failed, session_scope(engine, SYSTEM) as session:
        session.add_all([Municipality(code="9997", naam="Geheimdorp"), Municipality(code="9997", naam="Geheimdorp")])
    assert "Geheimdorp" not in str(failed.value)


def test_a_row_that_the_database_refuses_is_not_printed(engine: Engine) -> None:
    """PostgreSQL quotes the whole row in its own words; SQLite looks at neither length nor kind."""
    wrong: list[dict[str, str | None]] = [{"code": None}]
    if engine.dialect.name == "postgresql":
        wrong += [{"code": "999990019 Geheim"}, {"einde": "Geheim"}]
    statement = text("INSERT INTO municipality (code, naam, einde) VALUES (:code, :naam, :einde)")
    right = {"code": "9997", "naam": "Geheimdorp", "einde": None}
    for each in wrong:
        with pytest.raises(DBAPIError) as failed, session_scope(engine, SYSTEM) as session:
            session.execute(statement, right | each)
        told = "".join(traceback.format_exception(failed.value))
        assert "Geheim" not in told
        assert "999990019" not in told


def test_many_writers_at_once_get_numbers_without_gaps_or_doubles(engine: Engine) -> None:
    taken: list[int] = []

    def writer() -> None:
        for _ in range(10):
            with session_scope(engine, SYSTEM) as session:
                session.exec(select(Load).where(col(Load.id) == 1)).first()  # reads first, then writes
                taken.extend(take_numbers(session, "L", 2026, 2))

    writers = [threading.Thread(target=writer) for _ in range(6)]
    for each in writers:
        each.start()
    for each in writers:
        each.join()
    assert sorted(taken) == list(range(1, 121))
