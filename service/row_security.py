"""The second lock on rows: PostgreSQL itself chooses them by municipality, for whatever statement asks.

The first lock (`service.access`) adds a criterion to what SQLAlchemy writes. Here stands what the database is told of
whoever asks, before the first statement of a transaction that names a table of a municipality, and what the role may
do with which the service connects. The policies themselves stand in the migrations. Whoever told the database nothing
sees no row at all. SQLite has no such lock.
"""

import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import lru_cache
from typing import Any

from sqlalchemy import Connection, Engine, ExecutionContext, event, text
from sqlmodel import SQLModel

from service.access import UWV_WHOLES, Access, NoAccess, owned_tables
from service.audit_models import AuditSeal, LogLine
from service.models import AuditEntry
from service.schema_steps import TABLE
from signals.base import ACROSS, ACROSS_AND_ON, table
from signals.errors import Reason, Refused
from workflow.retention_models import Certificate

_VISIBLE = "rni_visible"
_TOLD = "rni_told"
_TELL = "SELECT set_config('rni.codes', %s, true), set_config('rni.signals', %s, true)"
"""Until the end of the transaction: a connection that comes back in the pool tells the next one nothing."""
_EVERY_ROW = ("*", "on")
_LONG = 10_000

ONLY_ADDED: Sequence[type[SQLModel]] = (AuditEntry, AuditSeal, LogLine, Certificate)
"""Tables in which the role of the service may add and read, never change or delete."""


class RoleTooPowerful(Refused):
    """The role with which the service connects could step over the second lock."""


def visible_to(access: Access) -> Mapping[str, Any]:
    """Execution options of connections on which this access sees its rows."""
    codes = "*" if access.codes is None else ",".join(sorted(access.codes))
    return {_VISIBLE: (codes, "on" if access.signals else "off")}


EVERYTHING: Mapping[str, Any] = {_VISIBLE: _EVERY_ROW}
"""Execution options of a connection outside a session that sees every row: a migration, a measurement."""


def tell_who_asks(engine: Engine) -> None:
    """From now on connections of this engine to PostgreSQL say for whom they ask."""
    event.listen(engine, "begin", _begin)
    event.listen(engine, "rollback_savepoint", _forget)
    event.listen(engine, "before_cursor_execute", _tell)
    event.listen(engine, "after_cursor_execute", _narrow)


def _begin(connection: Connection) -> None:
    connection.info[_TOLD] = None
    for each in ACROSS:  # set by signals.bulk.reach_across, for one transaction
        connection.info.pop(each, None)


def _forget(connection: Connection, name: str, context: None) -> None:
    """What was said within a savepoint is unsaid with it."""
    if not connection.invalidated:  # else it was lost with the connection, and asking for that would hide why
        connection.info[_TOLD] = None


def _tell(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: ExecutionContext, many: bool
) -> None:
    """Says it where it was not yet said; wider for a statement that looks across."""
    visible = connection.get_execution_options().get(_VISIBLE)
    if visible is None or not _names_guarded(statement):
        return
    writes = context.isinsert or context.isupdate or context.isdelete  # type: ignore[attr-defined]  # of the default one
    if writes and ACROSS.keys() <= connection.info.keys():
        visible = _EVERY_ROW
    elif visible[0] != "*" and ACROSS.keys() <= context.execution_options.keys():
        if context.execution_options.get("yield_per") or context.execution_options.get("stream_results"):
            raise NoAccess("what looks across cannot be read piece by piece in a session of one municipality")
        visible = _EVERY_ROW
    _say(connection, visible)


def _narrow(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: ExecutionContext, many: bool
) -> None:
    """After a statement that looked across, at once: who knows by what words the next one finds a table."""
    visible = connection.get_execution_options().get(_VISIBLE)
    if visible is None or ACROSS_AND_ON.keys() <= context.execution_options.keys():
        return
    if connection.info.get(_TOLD) == _EVERY_ROW:
        _say(connection, visible)


def _say(connection: Connection, visible: tuple[str, str]) -> None:
    if connection.info.get(_TOLD) != visible:
        with closing(connection.connection.cursor()) as own:  # that of the statement may be kept on the server
            own.execute(_TELL, visible)
        connection.info[_TOLD] = visible


def _names_guarded(statement: str) -> bool:
    """Whether rows of a table in it are chosen; of a long one (many rows) the answer is not kept."""
    return _found(statement) if len(statement) < _LONG else _found.__wrapped__(statement)


@lru_cache(maxsize=2048)
def _found(statement: str) -> bool:
    return _guarded_names().search(statement) is not None


@lru_cache
def _guarded_names() -> re.Pattern[str]:
    return re.compile(rf"\b({'|'.join(guarded_tables())})\b", re.IGNORECASE)


def guarded_tables() -> list[str]:
    """The tables of which PostgreSQL chooses the rows, by name."""
    return sorted([table(each).name for each in owned_tables()] + [table(each).name for each in UWV_WHOLES])


def grant(connection: Connection, role: str) -> None:
    """Gives the role of the service what it needs of the tables that are there now, and takes away what it had.

    A role that owns them itself keeps what it has.
    """
    if role == connection.execute(text("SELECT current_user")).scalar_one():
        return
    quote = connection.dialect.identifier_preparer.quote
    schema, to = quote(connection.execute(text("SELECT current_schema()")).scalar_one()), quote(role)
    kept = ", ".join(table(each).name for each in ONLY_ADDED)
    everything = f"ALL TABLES IN SCHEMA {schema}"
    for statement in (
        f"REVOKE ALL ON {everything} FROM {to}",
        f"GRANT USAGE ON SCHEMA {schema} TO {to}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {everything} TO {to}",
        f"REVOKE UPDATE, DELETE ON {kept} FROM {to}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version, {TABLE} FROM {to}",
        f"GRANT EXECUTE ON FUNCTION {schema}.vernietig_logboek(varchar, integer) TO {to}",  # past its term, no further
        f"GRANT USAGE, SELECT, UPDATE ON ALL SEQUENCES IN SCHEMA {schema} TO {to}",  # a load sets the number of signals
    ):
        connection.execute(text(statement))


_ABOUT_ME = text(
    "SELECT me.rolsuper, me.rolbypassrls, EXISTS (SELECT FROM pg_class"
    "  WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace AND pg_has_role(relowner, 'MEMBER'))"
    " FROM pg_roles me WHERE me.rolname = current_user"
)
_WITHOUT = text(
    "SELECT relname FROM pg_class WHERE relnamespace = current_schema::regnamespace"
    " AND relname = ANY(:guarded) AND NOT (relrowsecurity AND relforcerowsecurity) ORDER BY relname"
)


def require_second_lock(engine: Engine) -> None:
    """Raise RoleTooPowerful unless PostgreSQL keeps municipalities apart for the role of this engine."""
    if engine.dialect.name != "postgresql":
        return
    with engine.connect() as connection:
        superuser, bypasses, owns = connection.execute(_ABOUT_ME).one()
        without = connection.execute(_WITHOUT, {"guarded": guarded_tables()}).scalars().all()
    if superuser or bypasses or owns:
        what = (
            "is superuser"
            if superuser
            else "mag de beveiliging per rij overslaan (BYPASSRLS)"
            if bypasses
            else "is eigenaar van de tabellen, of kan dat worden"
        )
        raise RoleTooPowerful(
            Reason(
                "databaserol_te_machtig",
                f"De databaserol van de service {what}. Dan houdt de database de gemeenten niet uit elkaar. Zet in "
                "RNI_DATABASE_URL een rol die niets bezit, in RNI_DATABASE_OWNER_URL de eigenaar, en voer uit: "
                "rni db upgrade",
                "RNI_DATABASE_URL",
            )
        )
    if without:
        raise RoleTooPowerful(
            Reason(
                "rijbeveiliging_uit",
                f"De beveiliging per rij staat uit voor: {', '.join(without)}. Dan houdt de database de gemeenten niet "
                "uit elkaar. Zet haar als eigenaar weer aan: ALTER TABLE naam ENABLE ROW LEVEL SECURITY, en daarna "
                "hetzelfde met FORCE.",
            )
        )
