import threading
import traceback
from datetime import date

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from psycopg import conninfo
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlmodel import SQLModel, col, select

from service import schema_steps
from service.access import Access
from service.db import (
    DatabaseGone,
    DatabaseUnusable,
    SchemaMissing,
    libpq_address,
    make_engine,
    require_schema,
    session_scope,
    upgrade,
    usable_database,
)
from signals.models import Load, Municipality, Participant
from signals.numbers import take_numbers
from tests.databases import Databases, plain_address
from tests.postgres import as_owner, as_superuser

pytestmark = pytest.mark.every_database

SYSTEM = Access.system()


def test_the_migrations_give_the_schema_of_the_models(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": schema_steps.is_ours})
        assert compare_metadata(context, SQLModel.metadata) == []


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


SEVERAL = "target_session_attrs=read-write&connect_timeout=3"


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("postgresql+psycopg://rni:geheim@een:5433/rni", "een", "5433"),
        (f"postgresql+psycopg://rni:geheim@/rni?host=een,twee&port=5433,5434&{SEVERAL}", "een,twee", "5433,5434"),
        (f"postgresql+psycopg://rni:geheim@/rni?host=een:5433&host=twee:5434&{SEVERAL}", "een,twee", "5433,5434"),
    ],
)
def test_an_address_of_several_hosts_is_one_for_the_programs_of_postgresql_too(url: str, host: str, port: str) -> None:
    told = conninfo.conninfo_to_dict(libpq_address(url))
    assert (told["host"], str(told["port"]), told["dbname"], told["password"]) == (host, port, "rni", "geheim")
    assert ("target_session_attrs" in told) == ("," in host)
    assert "geheim" not in libpq_address(url, password=False)


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")
def test_a_database_that_goes_away_while_a_command_works_is_not_said_to_be_unchanged(empty_database: str) -> None:
    engine = make_engine(empty_database)
    with pytest.raises(DatabaseGone), usable_database(), engine.begin() as connection:
        own = connection.exec_driver_sql("SELECT pg_backend_pid()").scalar_one()
        with psycopg.connect(plain_address(as_superuser(empty_database)), autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [own])
        connection.exec_driver_sql("SELECT 1")
    engine.dispose()
    with pytest.raises(DatabaseUnusable), usable_database():
        make_engine("postgresql+psycopg://niemand@127.0.0.1:1/niets").connect()
