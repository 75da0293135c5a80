"""Of any number of clocks on one database one leads: whoever holds the lock. Who loses it, stops before the next job.

On PostgreSQL it is an advisory lock of the session, on a connection of its own: when the process, its machine or the
connection is gone, PostgreSQL lets it go and another clock takes it. On a database in a file it is a lock on a file in
the data directory. What a leader does may be done twice without harm all the same: between the last look and the end
of a job nobody can promise anything.
"""

import fcntl
import os
import secrets
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path
from typing import IO, Any

import psycopg
import structlog

from service.db import libpq_address
from service.settings import Settings

log = structlog.get_logger()

FILE = "klok.slot"
_KEY = 0x726E_6920_6B6C_6F6B
"""Of the advisory lock: `rni klok`, as a number. Locks are counted per database."""
_GONE = {"tcp_keepalives_idle": "3", "tcp_keepalives_interval": "2", "tcp_keepalives_count": "3"}
"""By which the server notices within ten seconds that the machine of a leader is gone without a word."""
_ALIVE: Mapping[str, Any] = {
    "keepalives_idle": 2,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 5000,
}
"""By which the leader notices sooner than that: it must have stopped before another begins."""
_HOLDS = """
SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND classid::bigint = %(high)s AND objid::bigint = %(low)s AND objsubid = 1)
    AND current_setting('rni.klok', true) = %(name)s
"""
_POOLED = "klok houdt geen eigen verbinding: zet in RNI_DATABASE_DIRECT_URL het adres van de database zonder pooler"


class Leader(ABC):
    """A candidate; several threads may ask it whether it leads."""

    def __init__(self) -> None:
        self._one_at_a_time = threading.Lock()
        self._led = False

    def leads(self) -> bool:
        """Whether it leads now; who does not tries to take the lead."""
        with self._one_at_a_time:
            leads = self._holds() if self._led else self._take()
            if self._led and not leads:
                log.warning("klok leidt niet meer")
                self._let_go()
            elif leads and not self._led:
                log.info("klok leidt")
            self._led = leads
        return leads

    def still_leads(self) -> bool:
        """Whether it leads and did so all the time: asked before every job."""
        with self._one_at_a_time:
            return self._led and self._holds()

    def close(self) -> None:
        """Another one may lead."""
        with self._one_at_a_time:
            self._led = False
            self._let_go()

    @abstractmethod
    def _take(self) -> bool:
        """Take the lock if it is free."""

    @abstractmethod
    def _holds(self) -> bool:
        """Whether the lock is still in these hands."""

    @abstractmethod
    def _let_go(self) -> None:
        """Leave the lock, whatever its state."""


def leader_of(settings: Settings) -> Leader:
    """A candidate for an installation, by the kind of its database."""
    return ByDatabase(settings.direct_url) if settings.on_postgresql else ByFile(settings.data_dir)


class ByDatabase(Leader):
    """By an advisory lock of PostgreSQL.

    A pooler by transaction would give the session with the lock to another clock, which then has it too. So a session
    bears the name of its clock, and one that bears another's is refused.
    """

    def __init__(self, url: str) -> None:
        super().__init__()
        self._address = libpq_address(url)
        self._connection: psycopg.Connection[Any] | None = None
        self._name = secrets.token_hex(8)
        self._told = ""

    def _take(self) -> bool:
        try:
            connection = self._connection or self._connect()
            took = bool(connection and self._asked(connection, "SELECT pg_try_advisory_lock(%(key)s)"))
            if took and not self._holds():
                return self._refuse(_POOLED)
        except psycopg.Error:
            return self._refuse("klok kan de database niet bereiken")
        if connection is not None:
            self._told = ""
        return took

    def _connect(self) -> "psycopg.Connection[Any] | None":
        """A session of its own; None when it is not."""
        made = psycopg.connect(
            self._address,
            autocommit=True,
            connect_timeout=5,
            prepare_threshold=None,
            application_name=f"rni klok {os.getpid()} {socket.gethostname()}"[:63],  # pg_stat_activity says who leads
            **_ALIVE,
        )
        self._connection = made
        if self._asked(made, "SELECT coalesce(current_setting('rni.klok', true), '') NOT IN ('', %(name)s)"):
            self._refuse(_POOLED)
            return None
        for name, value in _GONE.items():
            made.execute(f"SET {name} = {value}")
        self._asked(made, "SELECT set_config('rni.klok', %(name)s, false)")
        return made

    def _asked(self, connection: "psycopg.Connection[Any]", question: str) -> Any:
        known = {"key": _KEY, "high": _KEY >> 32, "low": _KEY & 0xFFFF_FFFF, "name": self._name}
        row = connection.execute(question, known).fetchone()
        return row[0] if row else None

    def _refuse(self, why: str) -> bool:
        """Said once, until it is otherwise."""
        if why != self._told:
            log.warning(why)
        self._told = why
        self._let_go()
        return False

    def _holds(self) -> bool:
        if self._connection is None:
            return False
        try:
            return bool(self._asked(self._connection, _HOLDS))
        except psycopg.Error:
            return False

    def _let_go(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None


class ByFile(Leader):
    """By a lock on a file, which the system takes away with the process."""

    def __init__(self, data_dir: Path) -> None:
        super().__init__()
        self._path = data_dir / FILE
        self._file: IO[bytes] | None = None

    def _take(self) -> bool:
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = self._path.open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            return False
        self._file = file
        return True

    def _holds(self) -> bool:
        return self._file is not None

    def _let_go(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = None
