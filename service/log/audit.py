"""Who did what: one entry per change and per reading, in the transaction of the change itself, marked with a key.

Whose data it was stands in the Logboek Dataverwerkingen, under the same trace (`service.log.processing`). An entry
waits for no other: its place in the chain is given to it later (`service.log.chain`).
"""

from collections.abc import Collection, Iterable
from datetime import UTC, datetime

from sqlalchemy import Engine, insert
from sqlmodel import Session

from service.access import Access, access_of
from service.db import session_scope
from service.log.log_keys import Key, Purpose, newest
from service.log.processing import log_lines
from service.log.subjects import Subject, subjects_of
from service.models import AuditEntry
from service.trace import new_span
from signals.base import table
from signals.bulk import run
from workflow.phases import Role, role_text

_audit = table(AuditEntry)

MARKED = (
    "tijdstip",
    "actor",
    "actie",
    "object",
    "resultaat",
    "herkomst",
    "gemeentecode",
    "trace_id",
    "span_id",
    "sleutel",
)
"""The columns under the waarmerk, in this order; it never changes, or what was marked before would seem changed."""


def record(
    session: Session,
    actie: str,
    object_: str,
    now: datetime,
    *,
    resultaat: str = "gelukt",
    gemeentecode: str | None = None,
    about: Iterable[Subject] | None = None,
    elsewhere: str | None = None,
) -> None:
    """Add an entry in the name of whoever the session belongs to. `object_`: a number or user name, never a BSN.

    about: whose data it was, where the object does not say so by its number. elsewhere: address of the other system
    that takes part in it, if any.
    """
    access = access_of(session)
    entry = AuditEntry(
        tijdstip=now,
        actor=access.actor.naam,
        actie=actie,
        object=object_,
        resultaat=resultaat,
        herkomst=access.origin,
        gemeentecode=gemeentecode,
        trace_id=access.trace.trace_id,
        span_id=new_span(),
    )
    key = newest(Purpose.ENTRY)
    entry.sleutel = key.name
    entry.waarmerk = waarmerk(entry, key)
    run(session, insert(_audit), [entry.model_dump(exclude={"id"})])
    people = subjects_of(session, object_) if about is None else about
    if people is not None:
        log_lines(session, entry, access.trace, people, elsewhere)


def record_roles(
    session: Session,
    naam: str,
    before: Collection[tuple[Role, str | None]],
    after: Collection[tuple[Role, str | None]],
    now: datetime,
) -> None:
    """That the roles of a user changed, and each that was given or taken away: who could see what can be told later."""
    record(session, "rollen_gewijzigd", naam, now)
    for actie, roles in (("rol_gegeven", set(after) - set(before)), ("rol_afgenomen", set(before) - set(after))):
        for rol, code in sorted(roles, key=str):
            record(session, actie, f"{naam} {role_text(rol, code)}", now)


def waarmerk(entry: AuditEntry, key: Key) -> str:
    """The mark of an entry: over every column by its length and its text, so that nothing can move between two."""
    return key.mark(marked([getattr(entry, name) for name in MARKED]))


def marked(values: Iterable[datetime | str | None]) -> bytes:
    """The columns of MARKED as they are marked."""
    texts = []
    for value in values:
        if value is None:
            texts.append("-")
            continue
        text = value if isinstance(value, str) else value.astimezone(UTC).isoformat(timespec="microseconds")
        texts.append(f"{len(text)}:{text}")
    return "".join(texts).encode()


def record_reading(
    engine: Engine,
    access: Access,
    actie: str,
    object_: str,
    now: datetime,
    *,
    gemeentecode: str | None = None,
    about: Iterable[Subject] | None = None,
    elsewhere: str | None = None,
) -> None:
    """Add an entry for what was looked up or taken out, in a short transaction of its own: reading itself writes none.

    Before the answer leaves: what cannot be logged is not shown.
    """
    with session_scope(engine, access.widened()) as session:  # whose data it was is looked up in every municipality
        record(session, actie, object_, now, gemeentecode=gemeentecode, about=about, elsewhere=elsewhere)


def record_refusal(
    engine: Engine, access: Access, actie: str, object_: str, now: datetime, *, gemeentecode: str | None = None
) -> None:
    """Add an entry for what was refused, in a transaction of its own: that of the refused work leaves nothing.

    Roll that one back first: a database in a file has one writer at a time.
    """
    with session_scope(engine, access.widened()) as session:
        record(session, actie, object_, now, resultaat="geweigerd", gemeentecode=gemeentecode)
