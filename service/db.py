"""The database: its engine, the one place that commits, and its schema."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, select

from service.access import Access
from service.row_security import EVERYTHING, grant, tell_who_asks, visible_to
from signals import municipalities
from signals.errors import Reason, Refused
from signals.models import Municipality

MIGRATIONS = Path(__file__).parent / "migrations"
ROWS_LOOKED_AT = 1000
"""Of each index, by `take_stock`: enough to tell one that picks a person from one that picks a municipality."""
STOCK_SECONDS = 60
"""After so long a connection to a database in a file is opened anew: an open one does not see that stock was taken."""
BUSY_SECONDS = 30
"""How long a writer waits for another one before it gives up."""

QUOTES_VALUES = "22"
"""The class of errors of PostgreSQL whose first line may hold what was written, as in: invalid input for a date."""

CACHE_KIB, READING_CACHE_KIB = 64 * 1024, 8 * 1024
"""The most that SQLite keeps of the database in memory: a load of a million rows walks through indexes of this size."""


READ_ONLY: Mapping[str, Any] = {"postgresql_readonly": True}
"""Execution options of a connection that only reads; SQLite is told in `_begin_sqlite`."""


class SchemaMissing(Refused):
    """The database is not there, or older or newer than this version of the program."""


class DatabaseUnusable(Refused):
    """The address of the database is wrong, nobody answers there, or nothing can be written there."""

    def __init__(self) -> None:
        super().__init__(
            Reason(
                "database_onbruikbaar",
                "De database is niet te openen of niet te beschrijven. Er is niets gewijzigd. Controleer het adres in "
                "RNI_DATABASE_URL, of de database draait, en of de service daar mag schrijven.",
                "RNI_DATABASE_URL",
            )
        )


_UNUSABLE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_NOTADB", "SQLITE_PERM", "SQLITE_FULL", "SQLITE_IOERR")


@contextmanager
def usable_database() -> Iterator[None]:
    """DatabaseUnusable for what a wrong address or a database that is away makes of the work within."""
    try:
        yield
    except (ArgumentError, ModuleNotFoundError):  # NoSuchModuleError is the first
        raise DatabaseUnusable from None
    except DBAPIError as error:
        name = getattr(error.orig, "sqlite_errorname", None)
        away = name is None and isinstance(error, OperationalError) and getattr(error.orig, "sqlstate", None) is None
        if away or str(name).startswith(_UNUSABLE):
            raise DatabaseUnusable from None
        raise


def make_engine(url: str, *, foreign_keys: bool = True) -> Engine:
    """An engine whose errors never print parameters; SQLite with foreign keys, WAL and honest transactions."""
    sqlite = make_url(url).get_backend_name() == "sqlite"
    if not sqlite:
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True)
        event.listen(engine, "handle_error", _hide_row)
        tell_who_asks(engine)
        return engine
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS}, pool_recycle=STOCK_SECONDS
    )
    event.listen(engine, "connect", _without_foreign_keys if not foreign_keys else _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _hide_row(context: ExceptionContext) -> None:
    """PostgreSQL quotes the row or the value that it refused; in our log stands only which rule it broke, and where."""
    told = getattr(context.original_exception, "diag", None)
    if told is None or told.sqlstate is None:
        return
    place = [told.table_name, told.column_name, told.constraint_name]
    shown = " ".join([f"sqlstate {told.sqlstate}", *filter(None, place)])
    if not told.sqlstate.startswith(QUOTES_VALUES):
        shown = f"{told.message_primary} ({shown})"
    name = type(context.original_exception).__name__
    context.original_exception.args = (shown,)
    if context.sqlalchemy_exception is not None:
        context.sqlalchemy_exception.args = (f"({name}) {shown}",)


def _prepare_sqlite(connection: Any, record: object) -> None:
    connection.isolation_level = None  # the driver opens no transactions of its own; _begin_sqlite does
    cursor = connection.cursor()
    cursor.execute("PRAGMA page_size = 8192")  # heeded when the file is made
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.close()


def _without_foreign_keys(connection: Any, record: object) -> None:
    """A migration on SQLite copies a table and drops the old one: that must not delete what points at it."""
    _prepare_sqlite(connection, record)
    connection.execute("PRAGMA foreign_keys = OFF")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes the lock at once: a reader that becomes a writer half-way would fail instead of wait."""
    reads = connection.get_execution_options().get("postgresql_readonly", False)
    connection.exec_driver_sql(f"PRAGMA query_only = {'ON' if reads else 'OFF'}")
    connection.exec_driver_sql(f"PRAGMA cache_size = -{READING_CACHE_KIB if reads else CACHE_KIB}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def take_stock(engine: Engine) -> None:
    """Have SQLite look at how its rows lie, so that it reads a list from the index that was made for it.

    Without it takes seconds for what otherwise takes milliseconds where one municipality has very many cases. It looks
    at a few rows of each index; when another writes, it is left for the next time. PostgreSQL does this by itself.
    """
    if engine.dialect.name != "sqlite":
        return
    with suppress(OperationalError), engine.connect() as connection:
        connection.exec_driver_sql(f"PRAGMA analysis_limit = {ROWS_LOOKED_AT}")
        connection.exec_driver_sql("ANALYZE")
        connection.commit()


@contextmanager
def session_scope(engine: Engine, access: Access, *, write: bool = True) -> Iterator[Session]:
    """A session in somebody's name: one transaction, committed here and nowhere else, or rolled back on any error.

    With `write=False` nothing can be written and nothing is committed.
    """
    bound = engine.execution_options(**visible_to(access), **({} if write else READ_ONLY))
    with Session(bound, expire_on_commit=False) as session:
        session.info["access"] = access
        if not write:
            event.listen(session, "before_flush", _refuse_write)
        yield session
        if write:
            session.commit()


def _refuse_write(session: Session, context: UOWTransaction, instances: object) -> None:
    raise RuntimeError("this session was opened for reading; open it with write=True")


def alembic_config(connection: Connection) -> Config:
    """The configuration of alembic for an open connection; there is no alembic.ini."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def upgrade(url: str, owner_url: str = "") -> None:
    """Bring the schema up to date and load national table 33 where there is none: all of it or nothing.

    owner_url: of the role that owns the tables, where that is not the one with which the service connects.
    """
    file = _file(make_url(url))
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise DatabaseUnusable from None
    engine = make_engine(owner_url or url, foreign_keys=False)
    with engine.execution_options(**EVERYTHING).begin() as connection:
        command.upgrade(alembic_config(connection), "head")
        if owner_url and not file:
            grant(connection, _role(url))
    with session_scope(engine, Access.system()) as session:
        if session.exec(select(Municipality.code).limit(1)).first() is None:
            municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
    engine.dispose()


def _role(url: str) -> str:
    """The role with which one connects at this address; it need not be named there."""
    engine = make_engine(url)
    with engine.connect() as connection:
        role: str = connection.exec_driver_sql("SELECT current_user").scalar_one()
    engine.dispose()
    return role


_EMPTY = Reason("schema_ontbreekt", "De database is nog leeg. Voer eerst uit: rni db upgrade")


def _file(url: URL) -> Path | None:
    """Where a database in a file lies; None for any other."""
    in_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if in_file else None


def require_schema(engine: Engine) -> None:
    """Raise SchemaMissing, with the command that mends it, unless the schema is that of this program.

    Looking makes nothing: SQLite would make the file.
    """
    file = _file(engine.url)
    if file is not None and not file.exists():
        raise SchemaMissing(_EMPTY)
    with engine.execution_options(**READ_ONLY).connect() as connection:
        current = set(MigrationContext.configure(connection).get_current_heads())
        expected = set(ScriptDirectory.from_config(alembic_config(connection)).get_heads())
    if not current:
        raise SchemaMissing(_EMPTY)
    if current != expected:
        raise SchemaMissing(
            Reason("schema_verouderd", "De database hoort bij een andere versie. Voer eerst uit: rni db upgrade")
        )
