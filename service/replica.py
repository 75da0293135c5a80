"""Reading at a copy of the database that runs along (streaming replica): what it may lack, and when it is left alone.

A copy is always a little behind. How far is measured here, once a second: where the database writes is noted with the
moment, and what the copy has replayed by then tells up to which moment it has everything. So no clock of another
machine counts, nor whether anything happens at all. Only lists and figures are read there, only while it is at most
`MOST_BEHIND` behind, and never by who changed something in the last `OWN_CHANGES` seconds: everybody sees at once what
he did himself.
"""

import threading
import time
from collections import deque

import structlog
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from service.db import make_engine
from service.settings import Settings

log = structlog.get_logger()

EVERY = 1.0
"""Seconds between two looks at how far it is."""
MOST_BEHIND = 5.0
"""Seconds; a copy that is further behind is not read."""
OWN_CHANGES = 10
"""Seconds after a change of one's own in which everything is read where it was written: well over `MOST_BEHIND`."""
_KEPT = 60
"""Moments that are remembered: a copy that is further behind than that is not read anyhow."""
_WRITTEN = text("SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn")
_REPLAYED = text("SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() - '0/0'::pg_lsn END")


class Replica:
    """A copy that is watched for as long as the application runs."""

    def __init__(self, settings: Settings, origin: Engine) -> None:
        self._origin = origin
        self._engine = make_engine(settings.database_read_url, wait=3)
        self._written: deque[tuple[float, int]] = deque(maxlen=_KEPT)
        self._complete_until = float("-inf")
        self._read = False
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="leeskopie", daemon=True)

    def start(self) -> None:
        """From now on it may be read, once it is known how far it is."""
        self._thread.start()

    def stop(self) -> None:
        """It is no longer watched."""
        self._stopped.set()
        self._thread.join()
        self._engine.dispose()

    @property
    def behind(self) -> float:
        """At most so many seconds."""
        return time.monotonic() - self._complete_until

    def engine(self) -> Engine:
        """Where lists and figures are read now: the copy, or the database itself when that is away or behind."""
        if self.behind > MOST_BEHIND:
            return self._origin
        try:
            with self._engine.connect():
                return self._engine
        except SQLAlchemyError:  # gone since the last look
            self._complete_until = float("-inf")
            self._tell(read=False)
            return self._origin

    def _watch(self) -> None:
        while not self._stopped.is_set():
            self._look()
            self._stopped.wait(EVERY)

    def _look(self) -> None:
        """Note where the database writes now, and up to which moment the copy has everything."""
        try:
            with self._origin.connect() as connection:
                moment = time.monotonic()
                self._written.append((moment, int(connection.execute(_WRITTEN).scalar_one())))
            with self._engine.connect() as connection:
                replayed = connection.execute(_REPLAYED).scalar_one()
        except SQLAlchemyError:
            self._tell(read=False)
            return
        if replayed is None:  # no copy any more: it was promoted, and goes its own way
            self._complete_until = float("-inf")
        else:
            there = [moment for moment, written in self._written if written <= int(replayed)]
            self._complete_until = max([self._complete_until, *there])
        self._tell(read=self.behind <= MOST_BEHIND)

    def _tell(self, *, read: bool) -> None:
        """In the log, each time that it changes."""
        if read != self._read:
            self._read = read
            if read:
                log.info("lijsten worden van de leeskopie gelezen")
            else:
                log.warning("leeskopie is weg of loopt achter: alles wordt uit de hoofddatabase gelezen")
