"""The two databases of the benchmark: one that knows what was delivered before, and fresh copies of it."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path
from typing import Protocol

import psycopg
from sqlalchemy import Engine, make_url

from service.db import take_stock
from tests.bench.bare import Taken, postgres_copy, sqlite_executemany
from tests.databases import plain_address
from tests.postgres import as_owner, as_service

PRODUCTION = {
    "shared_buffers": "1GB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
}
"""What an operator sets on a server of some size; all else as PostgreSQL comes: what is committed is on the disk."""

Move = Callable[[Path, str], Taken]


def settle(engine: Engine) -> None:
    """What a database does by itself within minutes after much was written.

    On PostgreSQL as who owns the tables: to another role it is refused, in a warning that nobody reads.
    """
    if engine.dialect.name == "postgresql":
        address = plain_address(as_owner(engine.url.render_as_string(hide_password=False)))
        with psycopg.connect(address, autocommit=True) as connection:
            connection.execute("VACUUM (ANALYZE)")
    take_stock(engine)


class Database(Protocol):
    """Where loads are measured; every address is one for RNI_DATABASE_URL."""

    name: str
    bare: str  # its bare limit, by name
    move: Move  # and what is measured for it
    prepared: str

    def settle(self) -> None:
        """What the database would have done by itself before the next delivery comes."""

    def fresh(self) -> AbstractContextManager[str]:
        """A copy of the prepared database, thrown away afterwards."""

    def empty(self) -> AbstractContextManager[str]:
        """A database with nothing in it, thrown away afterwards."""


class Sqlite:
    """Files in a folder."""

    name = "SQLite"
    bare = "sqlite3.executemany"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.move: Move = sqlite_executemany
        self.prepared = self._url("prepared")

    def settle(self) -> None:
        """Nothing: closing the last connection wrote all into the one file."""
        assert not (self.folder / "prepared.sqlite-wal").exists()

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """A copy, on the disk before it is used: else the load would wait for the writing of the copy."""
        with self.empty() as url:
            copy = self.folder / "run.sqlite"
            shutil.copyfile(self.folder / "prepared.sqlite", copy)
            with copy.open("rb+") as file:
                os.fsync(file.fileno())
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """No file yet."""
        try:
            yield self._url("run")
        finally:
            for file in self.folder.glob("run.sqlite*"):
                file.unlink()

    def _url(self, name: str) -> str:
        return f"sqlite:///{self.folder / name}.sqlite"


class Postgres:
    """Databases of a cluster."""

    name = "PostgreSQL"
    bare = "COPY"

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.move: Move = postgres_copy
        self.numbers = count(1)
        self._run("postgres", "CREATE DATABASE prepared")
        self.prepared = self._url("prepared")

    def settle(self) -> None:
        """What autovacuum does within minutes after a load."""
        self._run("prepared", "VACUUM (ANALYZE)")

    @contextmanager
    def fresh(self) -> Iterator[str]:
        """A copy by files, which begins and ends with a checkpoint: every run starts with the same work left."""
        with self._made("TEMPLATE prepared STRATEGY FILE_COPY") as url:
            yield url

    @contextmanager
    def empty(self) -> Iterator[str]:
        """An empty one, after a checkpoint too."""
        with self._made("STRATEGY FILE_COPY") as url:
            yield url

    @contextmanager
    def _made(self, how: str) -> Iterator[str]:
        name = f"run_{next(self.numbers)}"
        self._run("postgres", f"CREATE DATABASE {name} {how}")
        try:
            yield self._url(name)
        finally:
            self._run("postgres", f"DROP DATABASE {name}")

    def version(self) -> str:
        """As the server tells it."""
        with self._connection("postgres") as connection:
            return str(connection.info.server_version // 10000)

    def _run(self, database: str, statement: str) -> None:
        with self._connection(database) as connection:
            connection.execute(statement)

    def _connection(self, database: str) -> "psycopg.Connection[tuple[object, ...]]":
        address = self.url.set(drivername="postgresql", database=database)
        return psycopg.connect(address.render_as_string(hide_password=False), autocommit=True)

    def _url(self, database: str) -> str:
        return as_service(self.url.set(database=database).render_as_string(hide_password=False))
