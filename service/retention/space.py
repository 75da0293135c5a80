"""What was freed in the database is overwritten: a deleted row lies in its page until something else is written there.

SQLite overwrites what it deletes (`secure_delete`, service.db), and here writes the whole file anew, without the log
beside it. PostgreSQL writes the tables anew from which something went; only their owner may, and its own log
(pg_wal), its replicas and every back-up keep what they have until they are thrown away.
"""

import re
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

from psycopg.errors import Diagnostic
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError

from service.db import BUSY_SECONDS, make_engine
from service.retention.fates import PERSONAL

_LOCK_SECONDS = 20
"""That a table may be waited for, behind which everybody else then waits."""
PAUSES = (2.0, 5.0, 13.0)
"""Seconds before a table is written anew once more, of all tables together: each time it is written whole."""
_LOCK = 0x4C52_4E49_0003
"""Names the advisory lock of whoever writes tables anew."""


def overwrite(
    engine: Engine, owner_url: str = "", names: Sequence[str] = PERSONAL, *, may_wait: float = BUSY_SECONDS
) -> bool:
    """Overwrites what is free in these tables (SQLite: in all); whether it was done.

    False when others are at work or may still read what went, or when only the owner may.
    """
    if engine.dialect.name == "sqlite":
        return _rewrite_file(engine, may_wait)
    return _rewrite_tables(engine, owner_url, names)


def _rewrite_file(engine: Engine, may_wait: float) -> bool:
    """The whole database anew, then the log beside it into it and emptied. Needs as much room on disk once more."""
    database = engine.url.database
    if not database or database == ":memory:":
        return True
    engine.dispose()  # its own idle connections would keep the log from being emptied
    try:
        with closing(sqlite3.connect(database, timeout=may_wait, isolation_level=None)) as connection:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute("PRAGMA analysis_limit = 1000")
            connection.execute("ANALYZE")  # what it knows of values is from before
            connection.execute("VACUUM")
            busy, *_ = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    except sqlite3.OperationalError:
        return False
    return not busy


_TEXTS = (
    "SELECT attname, format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_type ON pg_type.oid = atttypid"
    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND typcategory IN ('S', 'U')"
    " AND attname <> 'gemeentecode'"
)
"""The columns in which words may have stood; the other is in the policy of its table, and says of nobody who he is."""


def _forget_samples(connection: Connection, name: str) -> None:
    """Of an empty table PostgreSQL keeps the samples of values that it took before; a new type makes it forget them."""
    quote = connection.dialect.identifier_preparer.quote
    for column, kind in connection.exec_driver_sql(_TEXTS, (name,)).all():
        connection.exec_driver_sql(f"ALTER TABLE {quote(name)} ALTER COLUMN {quote(column)} TYPE {kind}")


def _write_anew(connection: Connection, what: str, pauses: Iterator[float]) -> bool:
    """Whether nothing that was deleted went along: a row is kept while somebody who began before may still read it.

    How many were kept PostgreSQL tells only in words, whatever their language, with the number before them.
    """
    kept: list[str] = []

    def told(diagnostic: Diagnostic) -> None:
        kept.extend(re.findall(r"^\d+", diagnostic.message_detail or ""))

    driver = connection.connection.driver_connection
    assert driver is not None
    driver.add_notice_handler(told)
    try:
        while True:
            kept.clear()
            connection.exec_driver_sql(f"VACUUM {what}")
            if kept and not any(int(number) for number in kept):
                return True
            if (pause := next(pauses, None)) is None:
                return False
            time.sleep(pause)
    finally:
        driver.remove_notice_handler(told)


def _rewrite_tables(engine: Engine, owner_url: str, names: Sequence[str]) -> bool:
    address = owner_url or engine.url.render_as_string(hide_password=False)
    owner = make_engine(address)
    try:
        with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            owned = connection.exec_driver_sql(
                "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace"
                " AND pg_has_role(relowner, 'USAGE')"
            )
            if not set(names) <= set(owned.scalars()):
                return False
            connection.exec_driver_sql(f"SET lock_timeout = '{_LOCK_SECONDS}s'")
            quote = owner.dialect.identifier_preparer.quote
            connection.exec_driver_sql(
                "SELECT set_config('rni.codes', '*', false), set_config('rni.signals', 'on', false)"
            )
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({_LOCK})")
            pauses = iter(PAUSES)
            for name in names:
                if not _write_anew(connection, f"(FULL, ANALYZE, VERBOSE) {quote(name)}", pauses):
                    return False
                if connection.exec_driver_sql(f"SELECT 1 FROM {quote(name)} LIMIT 1").first() is None:  # noqa: S608  # nosec B608  # a name of ours
                    _forget_samples(connection, name)
            # which remembers values, to plan by
            return _write_anew(connection, "(FULL, VERBOSE) pg_statistic", pauses)
    except DBAPIError as error:
        if getattr(error.orig, "sqlstate", None) == "55P03":  # a table was in use all that time
            return False
        raise
    finally:
        owner.dispose()
