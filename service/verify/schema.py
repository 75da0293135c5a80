"""The database itself: whole, and made as the migrations make it."""

from collections.abc import Iterator, Sequence
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import CheckConstraint, Connection, inspect, text
from sqlalchemy.exc import DatabaseError
from sqlmodel import SQLModel

from service import schema_steps
from service.verify.looking import Finding, Findings, Look, check

_NOT_OURS = ("remove_table", "remove_index")
"""What somebody has beside our tables, or added so that they are read quicker, does no harm."""


@check("databasebestand")
def the_file_is_whole(look: Look) -> Findings:
    """SQLite reads every page, index and rule of its own; PostgreSQL does so with pg_amcheck, by its superuser."""
    if not look.sqlite:
        return
    try:
        told = look.session.connection().execute(text("PRAGMA integrity_check(1)")).scalars().all()
    except DatabaseError as error:
        told = [str(error.orig)]
    if told != ["ok"]:
        yield Finding("database_beschadigd", "database", f"SQLite zegt: {_cut_off(told)}.")


def _cut_off(told: Sequence[str]) -> str:
    """What is wrong and where; no values of columns stand in it, and it is cut off to be sure."""
    return " ".join(told).split("\n")[-1][:120].rstrip(".")


@check("schema")
def the_schema_is_that_of_the_models(look: Look) -> Findings:
    """Tables, columns, keys and indexes, as alembic compares them; and the rules of each column."""
    connection = look.session.connection()
    context = MigrationContext.configure(connection, opts={"compare_type": False})
    for difference in compare_metadata(context, SQLModel.metadata):
        for what, where in _named(difference):
            code = "index_ontbreekt" if what.startswith(("add_index", "add_constraint")) else "schema_wijkt_af"
            if not what.startswith(_NOT_OURS):
                yield Finding(code, where, f"Het gaat om: {what}.")
    yield from _rules(connection)
    yield from _steps(connection, context.get_current_revision())
    if not look.sqlite:
        yield from _invalid(connection)


def _named(difference: Any) -> Iterator[tuple[str, str]]:
    """What differs and of which table; changes of columns come as lists."""
    if isinstance(difference, list):
        for each in difference:
            yield from _named(each)
        return
    what, *rest = difference
    things = [one for one in rest if hasattr(one, "name")]
    tables = [one.table.name for one in things if getattr(one, "table", None) is not None]
    names = [str(one.name) for one in things] or [str(one) for one in rest if isinstance(one, str)]
    yield f"{what} {' '.join(dict.fromkeys(names))}".strip(), (tables or names or ["database"])[0]


def _rules(connection: Connection) -> Iterator[Finding]:
    """The CHECK of every column that holds a fixed word."""
    inspector = inspect(connection)
    there = inspector.get_multi_check_constraints()
    found = {name: {each["name"] for each in rules} for (_, name), rules in there.items()}
    prepare = connection.dialect.identifier_preparer
    for each in SQLModel.metadata.sorted_tables:
        wanted = (one for one in each.constraints if isinstance(one, CheckConstraint))
        names = {prepare.format_constraint(one) for one in wanted}
        for missing in sorted(name for name in names - found.get(each.name, set()) if name):
            yield Finding("schema_wijkt_af", each.name, f"Het gaat om: regel {missing} ontbreekt.")


def _steps(connection: Connection, head: str | None) -> Iterator[Finding]:
    """By the last step that was taken an older program knows whether it may work here."""
    name = schema_steps.TABLE
    if not inspect(connection).has_table(name):
        yield Finding("schema_wijkt_af", name, "De tabel is er niet.")
        return
    there = text(f"SELECT 1 FROM {name} WHERE revisie = :head")  # noqa: S608  # nosec B608  # a name of our own
    if head is None or connection.execute(there, {"head": head}).first() is None:
        yield Finding("schema_wijkt_af", name, "De laatste stap van het schema staat er niet in.")


def _invalid(connection: Connection) -> Iterator[Finding]:
    """On PostgreSQL an index may be there and not count, and a key may never have been looked at."""
    asked: Sequence[tuple[str, str]] = (
        (
            "index_ontbreekt",
            "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid"
            " WHERE c.relnamespace = current_schema::regnamespace AND NOT (i.indisvalid AND i.indisready)",
        ),
        (
            "schema_wijkt_af",
            "SELECT conname FROM pg_constraint WHERE connamespace = current_schema::regnamespace AND NOT convalidated",
        ),
    )
    for code, statement in asked:
        for name in connection.execute(text(statement)).scalars():
            yield Finding(code, name, "Het is er, maar geldt niet.")
