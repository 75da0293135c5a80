"""The database: its engine, the one place that commits, and its schema."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import Script, ScriptDirectory
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, OperationalError
from sqlalchemy.orm import UOWTransaction
from sqlmodel import Session, select

from service import schema_steps
from service.access import Access
from service.row_security import EVERYTHING, grant, tell_who_asks, visible_to
from service.running import statements
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
    """The database is not there, or older or newer than this version of the program can work with."""


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


class DatabaseGone(Refused):
    """The database went away while something was done: nobody can say whether it was written down."""

    def __init__(self) -> None:
        super().__init__(
            Reason(
                "database_weggevallen",
                "De database viel weg terwijl hieraan werd gewerkt. Zorg dat zij weer draait, kijk na of het werk is "
                "gedaan, en doe het anders opnieuw.",
                "RNI_DATABASE_URL",
            )
        )


class DatabaseFull(Refused):
    """The disk of the database has no room."""

    def __init__(self) -> None:
        super().__init__(
            Reason(
                "schijf_vol",
                "Op de schijf van de database is geen ruimte meer. Er is niets gewijzigd. Maak ruimte, en doe het "
                "opnieuw.",
                "RNI_DATABASE_URL",
            )
        )


class Trouble(Enum):
    """What is nobody's fault in the program: a load holds the lock, the database is away, its disk is full."""

    BUSY, AWAY, FULL = range(3)


_UNUSABLE = ("SQLITE_CANTOPEN", "SQLITE_READONLY", "SQLITE_NOTADB", "SQLITE_PERM", "SQLITE_IOERR")
_FULL_FILE = ("SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE")
"""What SQLite says of a full disk, of one of its files or another."""
_FULL_SERVER = "53100"
_AWAY_STATES = ("08", "57P", "25006")
"""How PostgreSQL's states begin when a connection is lost, when it stops or starts, when a copy is asked to write."""


def trouble_of(error: DBAPIError) -> Trouble | None:
    """None for what is a fault of ours."""
    name = getattr(error.orig, "sqlite_errorname", None)
    if name is not None:
        return Trouble.BUSY if name == "SQLITE_BUSY" else Trouble.FULL if name.startswith(_FULL_FILE) else None
    state = getattr(error.orig, "sqlstate", None)
    if state == _FULL_SERVER:
        return Trouble.FULL
    lost = error.connection_invalidated or (isinstance(error, OperationalError) and state is None)
    return Trouble.AWAY if lost or (state or "").startswith(_AWAY_STATES) else None


@contextmanager
def usable_database() -> Iterator[None]:
    """DatabaseUnusable, DatabaseGone or DatabaseFull for what such a database makes of the work within."""
    try:
        yield
    except (ArgumentError, ModuleNotFoundError):  # NoSuchModuleError is the first
        raise DatabaseUnusable from None
    except DBAPIError as error:
        trouble = trouble_of(error)
        if trouble is Trouble.FULL:
            raise DatabaseFull from None
        if trouble is Trouble.AWAY:
            begun = error.connection_invalidated or error.statement is not None or getattr(error.orig, "sqlstate", None)
            raise (DatabaseGone if begun else DatabaseUnusable) from None
        if str(getattr(error.orig, "sqlite_errorname", None)).startswith(_UNUSABLE):
            raise DatabaseUnusable from None
        raise


def make_engine(
    url: str, *, foreign_keys: bool = True, pooled: bool = False, wait: int | None = None, alone: bool = False
) -> Engine:
    """An engine whose errors never print parameters; SQLite with foreign keys, WAL and honest transactions.

    pooled: a pooler gives every transaction another connection, so that nothing can be prepared on one. wait: seconds
    for a connection to be made and for an answer on one, where it is no use to wait longer.
    alone: of one connection, for whoever asks one thing at a time.
    """
    sqlite = make_url(url).get_backend_name() == "sqlite"
    pool: dict[str, Any] = {"pool_size": 1, "max_overflow": 0} if alone else {}
    if not sqlite:
        asked: dict[str, Any] = {"prepare_threshold": None} if pooled else {}
        if wait is not None:
            asked |= {"connect_timeout": wait, "tcp_user_timeout": 1000 * wait}
        engine = create_engine(url, hide_parameters=True, pool_pre_ping=True, connect_args=asked, **pool)
        event.listen(engine, "handle_error", _hide_row)
        tell_who_asks(engine)
        statements.watch(engine)
        return engine
    engine = create_engine(
        url, hide_parameters=True, connect_args={"timeout": BUSY_SECONDS}, pool_recycle=STOCK_SECONDS, **pool
    )
    statements.watch(engine)
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
    cursor.execute("PRAGMA secure_delete = ON")  # what goes is overwritten, also where it was changed
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


def upgrade(url: str, owner_url: str = "") -> Sequence[str]:
    """Bring the schema up to date and load national table 33 where there is none; gives the steps that were taken.

    A step is taken whole or not at all, and while others work: one that finds its table held lets go and tries again.
    SchemaMissing when the database is further than this program can work with. owner_url: of the role that owns the
    tables, where that is not the one with which the service connects.
    """
    file = file_of(make_url(url))
    if file is not None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
        except OSError:
            raise DatabaseUnusable from None
    engine = make_engine(owner_url or url, foreign_keys=False)
    try:
        with schema_steps.alone(engine):
            scripts = _scripts(engine)
            steps = _missing_steps(engine, scripts)
            if steps is None:
                return []
            for step in steps:
                schema_steps.until_it_is_free(step.revision, partial(_take, engine, scripts, step))
            role = _role(url) if owner_url and not file else None
            schema_steps.until_it_is_free("rechten", partial(_settle, engine, role))
        with session_scope(engine, Access.system()) as session:
            if session.exec(select(Municipality.code).limit(1)).first() is None:
                municipalities.store(session, municipalities.read_table_33(municipalities.TABLE_33))
    finally:
        engine.dispose()
    return [step.revision for step in steps]


def _scripts(engine: Engine) -> ScriptDirectory:
    """All steps that this program has."""
    with engine.execution_options(**READ_ONLY).connect() as connection:
        return ScriptDirectory.from_config(alembic_config(connection))


def _missing_steps(engine: Engine, scripts: ScriptDirectory) -> Sequence[Script] | None:
    """What the database has yet to take, in order; None when it is further than we are and we may work on it."""
    with engine.execution_options(**READ_ONLY).connect() as connection:
        heads = MigrationContext.configure(connection).get_current_heads()
        unknown = set(heads) - {each.revision for each in scripts.walk_revisions()}
        if unknown:
            _require_room(connection, scripts, *heads)
            return None
    return list(reversed(list(scripts.iterate_revisions("head", heads[0] if heads else "base"))))


def _take(engine: Engine, scripts: ScriptDirectory, step: Script) -> None:
    """One step, in a transaction of its own; an index beside the work is made outside any."""
    beside = engine.dialect.name == "postgresql" and getattr(step.module, "BESIDE_THE_WORK", False)
    if beside:
        with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            _run(connection, scripts, step)
        return
    with engine.execution_options(**EVERYTHING).begin() as connection:
        schema_steps.impatient(connection)
        _run(connection, scripts, step)


def _run(connection: Connection, scripts: ScriptDirectory, step: Script) -> None:
    """As `alembic upgrade` does, without reading every step anew; nothing when another upgrade was first."""

    def still_to_take(heads: Any, context: MigrationContext) -> Any:
        return scripts._upgrade_revs(step.revision, heads)  # alembic's own command takes it from there too

    with EnvironmentContext(alembic_config(connection), scripts, fn=still_to_take, destination_rev=step.revision):
        scripts.run_env()


def _settle(engine: Engine, role: str | None) -> None:
    """What every schema has beside its steps: the list of them, and what the role of the service may."""
    with engine.execution_options(**EVERYTHING).begin() as connection:
        schema_steps.impatient(connection)
        schema_steps.prepare(connection)
        if role is not None:
            grant(connection, role)


def _role(url: str) -> str:
    """The role with which one connects at this address; it need not be named there."""
    engine = make_engine(url)
    with engine.connect() as connection:
        role: str = connection.exec_driver_sql("SELECT current_user").scalar_one()
    engine.dispose()
    return role


_EMPTY = Reason("schema_ontbreekt", "De database is nog leeg. Voer eerst uit: rni db upgrade")
_TWO_ENDS = Reason(
    "schema_onbekend",
    "De database heeft meer dan één laatste stap: daar heeft iets anders dan rni db upgrade aan gewerkt. Zet een "
    "back-up van voor die tijd terug.",
)


def libpq_address(url: str, *, password: bool = True) -> str:
    """The address of a PostgreSQL database as its own programs take it, with each of its hosts when there are several.

    password=False: for a command line, which whoever lists the processes of a machine reads.
    """
    from psycopg import conninfo  # here: a database in a file has no use for it

    address = make_url(url)
    _, found = address.get_dialect()().create_connect_args(address)
    if not password:
        found.pop("password", None)
    return conninfo.make_conninfo(**found)


def file_of(url: URL) -> Path | None:
    """Where a database in a file lies; None for any other."""
    in_file = url.get_backend_name() == "sqlite" and url.database and url.database != ":memory:"
    return Path(str(url.database)) if in_file else None


def require_schema(engine: Engine) -> None:
    """Raise SchemaMissing, with what mends it, unless this program can work on the schema that is there.

    That is its own, or a later one of which every further step leaves older programs working. Looking makes nothing:
    SQLite would make the file.
    """
    file = file_of(engine.url)
    if file is not None and not file.exists():
        raise SchemaMissing(_EMPTY)
    with engine.execution_options(**READ_ONLY).connect() as connection:
        current = MigrationContext.configure(connection).get_current_heads()
        scripts = ScriptDirectory.from_config(alembic_config(connection))
        if not current:
            raise SchemaMissing(_EMPTY)
        if set(current) != set(scripts.get_heads()):
            _require_room(connection, scripts, *current)


def _require_room(connection: Connection, scripts: ScriptDirectory, head: str, *others: str) -> None:
    """Raise SchemaMissing when the schema is older than ours, or further than we can work with."""
    known = {each.revision for each in scripts.walk_revisions()}
    if head in known and not others:
        raise SchemaMissing(
            Reason("schema_verouderd", "De database is nog van een oudere versie. Voer eerst uit: rni db upgrade")
        )
    obstacle = schema_steps.obstacle(connection, head, str(scripts.get_current_head()), known)
    if obstacle or others:
        raise SchemaMissing(obstacle or _TWO_ENDS)
