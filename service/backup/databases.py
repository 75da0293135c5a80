"""The database as it was at one moment, taken out while others write, and put into an empty one."""

import os
import shutil
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from sqlalchemy import URL, Connection, create_engine, inspect, make_url, text

from service.backup.storing import ENCRYPTED
from service.db import READ_ONLY, DatabaseUnusable, libpq_address, make_engine
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.errors import Reason, Refused

SQLITE, POSTGRESQL = "sqlite", "postgresql"
_NAMES = {SQLITE: "database.sqlite3", POSTGRESQL: "database.dump"}
"""How the part is called, by kind of database."""
_WORK = ".backup"
"""A folder in the data directory, as well guarded as the rest: a copy lies there while it is encrypted."""
_LONGEST_TOLD = 300


@dataclass(frozen=True)
class Snapshot:
    """The database at one moment. `reads`: a connection on which that moment stays, with every row.

    `write`: gives a stream with the whole database as of that moment to whoever stores it.
    """

    kind: str
    name: str
    reads: Connection
    write: Callable[[Callable[[BinaryIO], None]], None]


@contextmanager
def snapshot(settings: Settings) -> Iterator[Snapshot]:
    """The moment of this back-up; whoever writes meanwhile waits for nothing."""
    url = make_url(settings.database_url)
    with _of_a_file(settings, url) if url.get_backend_name() == SQLITE else _of_a_server(settings) as taken:
        yield taken


@contextmanager
def _of_a_file(settings: Settings, url: URL) -> Iterator[Snapshot]:
    """A copy by SQLite's own way of copying; in WAL others write on while it is made."""
    source = Path(str(url.database))
    if not source.is_file():
        raise DatabaseUnusable
    folder = settings.data_dir / _WORK
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True, mode=0o700)
    copy = folder / _NAMES[SQLITE]
    engine = create_engine(f"sqlite:///{copy}")
    try:
        with closing(sqlite3.connect(source)) as live, closing(sqlite3.connect(copy)) as made:
            live.backup(made)
            made.execute("PRAGMA journal_mode = DELETE")  # one file, whole by itself
        copy.chmod(0o600)

        def write(store: Callable[[BinaryIO], None]) -> None:
            with copy.open("rb") as file:
                store(file)

        with engine.connect() as connection:
            yield Snapshot(SQLITE, copy.name, connection, write)
    finally:
        engine.dispose()
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _of_a_server(settings: Settings) -> Iterator[Snapshot]:
    """pg_dump looks through the eyes of a transaction that stays open until all of the set is there."""
    address = settings.database_owner_url or settings.direct_url
    program = _program("pg_dump")
    engine = make_engine(address).execution_options(isolation_level="REPEATABLE READ", **EVERYTHING, **READ_ONLY)
    try:
        with engine.connect() as connection:
            moment = connection.execute(text("SELECT pg_export_snapshot()")).scalar_one()

            def write(store: Callable[[BinaryIO], None]) -> None:
                # Every row of every municipality: the policies of the tables are asked for all of them.
                wide = "-c rni.codes=* -c rni.signals=on"
                how = ["--format=custom", "--enable-row-security", "--no-owner", "--no-privileges"]
                command = [program, *how, f"--snapshot={moment}", f"--dbname={libpq_address(address, password=False)}"]
                process = subprocess.Popen(  # noqa: S603  # nosec B603  # no shell, and a program found by its name
                    command,
                    env=_environment(address, PGOPTIONS=wide),
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                )
                assert process.stdout
                with process:
                    store(cast(BinaryIO, process.stdout))
                    told = process.stderr.read() if process.stderr else b""
                if process.returncode:
                    raise _failed("pg_dump", told)

            yield Snapshot(POSTGRESQL, _NAMES[POSTGRESQL], connection, write)
    finally:
        engine.dispose()


# Back again


def require_empty(settings: Settings) -> None:
    """Refused unless there is nothing yet in the database of these settings."""
    url = make_url(settings.database_url)
    if url.get_backend_name() == SQLITE:
        empty = not Path(str(url.database)).exists()
    else:
        engine = make_engine(settings.database_owner_url or settings.direct_url)
        with engine.execution_options(**READ_ONLY).connect() as connection:
            empty = not inspect(connection).get_table_names()
        engine.dispose()
    if not empty:
        uitleg = (
            "In de database van RNI_DATABASE_URL staat al iets. Er is niets teruggezet. Een back-up gaat alleen in een "
            "lege database: zet de oude opzij, of noem in RNI_DATABASE_URL een nieuwe."
        )
        raise Refused(Reason("database_niet_leeg", uitleg, "RNI_DATABASE_URL"))


def require_kind(settings: Settings, kind: str) -> None:
    """Refused when the back-up is of the other kind of database, or the program that puts it back is missing."""
    if make_url(settings.database_url).get_backend_name() != kind:
        named = {SQLITE: "SQLite", POSTGRESQL: "PostgreSQL"}.get(kind, kind)
        uitleg = (
            f"Deze back-up is van {named}, en RNI_DATABASE_URL noemt iets anders. Er is niets teruggezet. Noem in "
            f"RNI_DATABASE_URL een lege database van {named}."
        )
        raise Refused(Reason("andere_database", uitleg, "RNI_DATABASE_URL"))
    if kind == POSTGRESQL:
        _program("pg_restore")


@contextmanager
def put_back(settings: Settings, pour: Callable[[BinaryIO], None]) -> Iterator[Connection]:
    """The database as it was, to be looked at on a connection that sees every row; gone again when that raises."""
    url = make_url(settings.database_url)
    with _into_a_file(url, pour) if url.get_backend_name() == SQLITE else _into_a_server(settings, pour) as looked_at:
        yield looked_at


@contextmanager
def _into_a_file(url: URL, pour: Callable[[BinaryIO], None]) -> Iterator[Connection]:
    place = Path(str(url.database))
    place.parent.mkdir(parents=True, exist_ok=True)
    fresh = place.with_name(f"{place.name}.terugzetten")
    engine = create_engine(f"sqlite:///{fresh}")
    try:
        with fresh.open("wb") as file:
            fresh.chmod(0o600)
            pour(file)
            file.flush()
            os.fsync(file.fileno())
        with engine.connect() as connection:
            yield connection
        engine.dispose()
        fresh.replace(place)
    finally:
        engine.dispose()
        fresh.unlink(missing_ok=True)


@contextmanager
def _into_a_server(settings: Settings, pour: Callable[[BinaryIO], None]) -> Iterator[Connection]:
    """All of it in one transaction; what the role of the service may is given by the upgrade that follows."""
    address = settings.database_owner_url or settings.direct_url
    how = ["--no-owner", "--no-privileges", "--single-transaction", "--exit-on-error"]
    process = subprocess.Popen(  # noqa: S603  # nosec B603  # no shell, and a program found by its name
        [_program("pg_restore"), *how, f"--dbname={libpq_address(address, password=False)}"],
        env=_environment(address),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin
    broken = False
    with process:
        try:
            pour(cast(BinaryIO, process.stdin))
            process.stdin.close()
        except BrokenPipeError:
            broken = True  # it ended before all was said, and tells why
        except BaseException:
            process.kill()
            raise
        told = process.stderr.read() if process.stderr else b""
    if process.returncode or broken:
        raise _failed("pg_restore", told)
    engine = make_engine(address)
    try:
        with engine.execution_options(**EVERYTHING, **READ_ONLY).connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        uitleg = (
            f"Het programma {name} ontbreekt op deze machine. Installeer het, in een versie die niet ouder is dan de "
            "database (Debian: apt install postgresql-client)."
        )
        raise Refused(Reason("programma_ontbreekt", uitleg))
    return found


def _environment(address: str, **more: str) -> dict[str, str]:
    password = make_url(address).password
    return os.environ | more | ({"PGPASSWORD": str(password)} if password else {})


def _failed(program: str, told: bytes) -> Refused:
    lines = [line for line in told.decode(errors="replace").splitlines() if line.strip()]
    said = (lines[0] if lines else "niets")[:_LONGEST_TOLD]
    uitleg = f"{program} is gestopt met een fout, en er is niets gewijzigd. Het zei: {said}"
    return Refused(Reason(f"{program}_mislukt", uitleg))


def plain_kind(name: str) -> str:
    """The kind of database by the name of its part."""
    plain = name.removesuffix(ENCRYPTED)
    return next((kind for kind, named in _NAMES.items() if named == plain), "")
