"""The two kinds of database that every test with a database runs on: how a test gets one of its own."""

import os
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from shutil import copy, rmtree

import psycopg
from psycopg.sql import SQL, Identifier
from sqlalchemy import URL, make_url

from tests.postgres import OWNER, as_service, as_superuser

CLUSTER = "TEST_POSTGRESQL_FOLDER"
"""Names the folder where the address of this run's cluster appears; processes of pytest-xdist inherit it."""


class Databases(ABC):
    """Databases of one kind, by their address."""

    @abstractmethod
    def new(self) -> str:
        """The address of an empty one."""

    @abstractmethod
    def copy(self, source: str) -> str:
        """The address of a copy of one to which nobody is connected."""

    @abstractmethod
    def drop(self, url: str) -> None:
        """Take one away."""

    @contextmanager
    def copied(self, source: str) -> Iterator[str]:
        """A copy for as long as it is used."""
        url = self.copy(source)
        try:
            yield url
        finally:
            self.drop(url)


class SqliteFiles(Databases):
    """Files, each in a folder of its own: a load puts more beside its database."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._numbers = folder, count(1)

    def new(self) -> str:
        folder = self._folder / str(next(self._numbers))
        folder.mkdir()
        return f"sqlite:///{folder / 'rni.sqlite3'}"

    def copy(self, source: str) -> str:
        url = self.new()
        copy(_file(source), _file(url))
        return url

    def drop(self, url: str) -> None:
        rmtree(_file(url).parent)


class PostgresDatabases(Databases):
    """Databases in a cluster, by the address of the role that owns nothing.

    worker: keeps their names apart from those of another process of this run.
    """

    def __init__(self, url: str, worker: str) -> None:
        self._url, self._worker, self._numbers = make_url(url), worker, count(1)
        # Whoever makes and drops them may also end a connection of the superuser that a test has left.
        self._connection = psycopg.connect(plain_address(as_superuser(url)), autocommit=True)

    def close(self) -> None:
        self._connection.close()

    def new(self) -> str:
        return self._made("CREATE DATABASE {} OWNER {}")

    def copy(self, source: str) -> str:
        # Files are copied and nothing is written to the log: the quickest without fsync.
        return self._made("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY", str(make_url(source).database))

    def drop(self, url: str) -> None:
        statement = SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(str(make_url(url).database)))
        self._connection.execute(statement)

    def _made(self, statement: str, *names: str) -> str:
        name = f"{self._worker}_{next(self._numbers)}"
        self._connection.execute(SQL(statement).format(*map(Identifier, (name, OWNER, *names))))
        return as_service(self._url.set(database=name).render_as_string(hide_password=False))


@contextmanager
def databases_of(kind: str, folder: Path) -> Iterator[Databases]:
    """Of one kind, for this process: files in this folder, or databases of this run's cluster, named after it."""
    if kind == "sqlite":
        yield SqliteFiles(folder)
        return
    address = Path(os.environ[CLUSTER]) / "url"
    for _ in range(600):
        if address.exists():
            break
        time.sleep(0.1)
    assert address.exists(), "PostgreSQL did not start"
    made = PostgresDatabases(address.read_text(), f"{os.environ.get('PYTEST_XDIST_WORKER', 'main')}_{folder.name}")
    yield made
    made.close()


def plain_address(url: URL | str) -> str:
    """The address of a PostgreSQL database as psycopg itself takes it."""
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def _file(url: str) -> Path:
    return Path(str(make_url(url).database))
