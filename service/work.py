"""The one door to work outside a request: ask for it, see how far it is, stop it, take it in hand, end it.

The table `werk` says what is to be done and whether it is. Each piece of work is taken in hand by an UPDATE with its
old state as condition, and its end is written in the transaction of the work itself, on condition that it is still in
the same hands: so it is done once, whatever is killed and however often it is begun again. How far it is stands beside
it (`service.work_signs`). Who takes it up: on PostgreSQL the workers, to whom a queue brings it (`service.work_queue`);
on a database in a file the web process itself (`service.workers.supervisor`).
"""

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, event, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.access import access_of
from service.models import Work, WorkKind, WorkState
from signals.errors import Reason, Refused

OPEN = (WorkState.WACHT, WorkState.BEZIG)
MOST_ATTEMPTS = 3
ACTIONS: Mapping[WorkKind, str] = {
    WorkKind.CONTROLEREN: "lading_gecontroleerd",
    WorkKind.LADEN: "lading_bevestigd",
    WorkKind.ONGEDAAN_MAKEN: "lading_ongedaan_gemaakt",
    WorkKind.TERUGKOPPELING: "terugkoppeling_gemaakt",
    WorkKind.PAKKET: "pakket_gepubliceerd",
    WorkKind.SLEUTELS: "sleutels_vernieuwd",
    WorkKind.BRIEVEN: "post_verstuurd",
    WorkKind.VERNIETIGEN: "vernietiging_verklaard",
}
"""What stands in the log when it is done, or cannot be."""
_WHAT = {
    WorkKind.CONTROLEREN: "De controle",
    WorkKind.LADEN: "Het laden",
    WorkKind.ONGEDAAN_MAKEN: "Het ongedaan maken",
    WorkKind.TERUGKOPPELING: "Het maken van de terugkoppeling",
    WorkKind.PAKKET: "Het publiceren van het pakket",
    WorkKind.SLEUTELS: "Het opnieuw verzegelen",
    WorkKind.BRIEVEN: "Het versturen van de post",
    WorkKind.VERNIETIGEN: "Het vernietigen",
}
PIECEMEAL = frozenset({WorkKind.SLEUTELS, WorkKind.BRIEVEN, WorkKind.VERNIETIGEN})
"""Done piece by piece, each in a transaction of its own: what was done stays, and the rest goes on from there."""
STOPPED: Mapping[WorkKind, str] = {
    **dict.fromkeys((WorkKind.CONTROLEREN, WorkKind.LADEN, WorkKind.ONGEDAAN_MAKEN), "lading_gestopt"),
    **dict.fromkeys((WorkKind.TERUGKOPPELING, WorkKind.PAKKET, *PIECEMEAL), "werk_gestopt"),
}
"""What stands in the log when somebody stopped it."""


class LostHold(Exception):
    """Somebody else has this work in hand by now; what was done for it must be rolled back."""


def enqueue(
    session: Session,
    soort: WorkKind,
    ladingnummer: str,
    now: datetime,
    *,
    rows: int | None,
    gegevens: Mapping[str, Any] | None = None,
) -> Work:
    """Ask for work in the name of the session's owner; Refused while other work on the same thing is not done.

    rows: how many it will deal with, None when nobody knows. gegevens: what its form asked. With the transaction of
    this session it is asked, or not.
    """
    access = access_of(session)
    work = Work(
        sleutel=secrets.token_urlsafe(18),
        soort=soort,
        ladingnummer=ladingnummer,
        door=access.actor.naam,
        herkomst=access.origin,
        gevraagd_op=now,
        totaal=rows,
        gegevens=dict(gegevens or {}),
    )
    try:
        with session.begin_nested():
            session.add(work)
            session.flush()  # the index decides who of two at once is first
    except IntegrityError as error:
        if any(name in str(error.orig) for name in ("uq_werk_open", "werk.ladingnummer")):
            raise Refused(busy(ladingnummer)) from None
        raise
    if session.get_bind().dialect.name == "postgresql":
        from service import work_queue  # here: nobody else needs the queue

        work_queue.put(session, work)
    return work


def busy(ladingnummer: str) -> Reason:
    """Something else happens to this load, or whatever it is, now."""
    known = {
        "LD-": f"lading {ladingnummer}",
        "SE-": f"het pakket van sessie {ladingnummer}",
        "VL-": f"vernietigingslijst {ladingnummer}",
        "BR-": "uw post",
    }
    what = known.get(ladingnummer[:3], f"de {ladingnummer}")
    uitleg = f"Met {what} wordt al iets gedaan. Wacht tot dat klaar is, of stop het eerst."
    return Reason("werk_loopt", uitleg)


_KNOWN = col(Work.soort).in_([*WorkKind])
"""Half-way an upgrade there may be work of a kind that only the new version knows: that is left to its workers."""


def find(session: Session, nummer: int) -> Work | None:
    """The work of this number; None when there is none that this version knows."""
    return session.exec(select(Work).where(col(Work.id) == nummer, _KNOWN)).first()


def latest(session: Session, ladingnummer: str) -> Work | None:
    """What was asked last for this load."""
    mine = select(Work).where(col(Work.ladingnummer) == ladingnummer, _KNOWN)
    return session.exec(mine.order_by(col(Work.id).desc()).limit(1)).first()


def latest_of(session: Session, numbers: Collection[str]) -> dict[str, Work]:
    """The same for several loads, by their number."""
    mine = select(Work).where(col(Work.ladingnummer).in_(numbers), _KNOWN).order_by(col(Work.id))
    return {work.ladingnummer: work for work in session.exec(mine)}


def unfinished(session: Session) -> list[Work]:
    """All that waits or goes on, oldest first."""
    waiting = (col(Work.staat) == WorkState.WACHT) | (col(Work.staat) == WorkState.BEZIG)
    return list(session.exec(select(Work).where(waiting, _KNOWN).order_by(col(Work.id))))


# Who has it in hand


def claim(session: Session, work: Work, now: datetime) -> bool:
    """Take waiting work in hand; whether nobody else was first.

    One list is destroyed at a time: it may take long, and there is more to do.
    """
    if work.soort is WorkKind.VERNIETIGEN:
        others = select(Work.id).where(Work.soort == work.soort, Work.staat == WorkState.BEZIG)
        if session.exec(others).first() is not None:
            return False
    hands = {"uitvoerder": secrets.token_urlsafe(18), "poging": work.poging + 1}
    return _change(session, work, WorkState.WACHT, {"staat": WorkState.BEZIG, "begonnen_op": now, **hands})


def finish(
    session: Session, work: Work, now: datetime, *, bewijs: str | None = None, uitkomst: str | None = None
) -> None:
    """It is done: in the transaction of the work itself. LostHold when it is in other hands by now."""
    ended = {"staat": WorkState.KLAAR, "klaar_op": now, "bewijs": bewijs, "uitkomst": uitkomst}
    if not _change(session, work, WorkState.BEZIG, ended):
        raise LostHold(work.ladingnummer)


def fail(session: Session, work: Work, now: datetime, foutzin: str) -> bool:
    """It cannot be done, and people are told why; whether it was still in the same hands."""
    ended = {"staat": WorkState.MISLUKT, "klaar_op": now, "foutzin": foutzin}
    return _change(session, work, WorkState.BEZIG, ended)


def end_as_stopped(session: Session, work: Work, now: datetime) -> bool:
    """It was stopped before it was done, waiting or at work; whether it was still in the same hands."""
    return _change(session, work, work.staat, {"staat": WorkState.GESTOPT, "klaar_op": now})


def put_back(session: Session, work: Work, *, counts: bool = True) -> bool:
    """Whoever had it in hand is gone: it waits again. counts: whether this was an attempt that failed."""
    again = {"staat": WorkState.WACHT, "poging": work.poging if counts else work.poging - 1}
    return _change(session, work, WorkState.BEZIG, again)


def stands(soort: WorkKind) -> str:
    """What holds of work that was begun and does not go on, as a sentence."""
    return "Wat al gedaan was, blijft gedaan." if soort in PIECEMEAL else "Er is niets gewijzigd."


def crashed_too_often(work: Work) -> str | None:
    """What people are told when it is not tried again; None while it is."""
    if work.poging < MOST_ATTEMPTS:
        return None
    return (
        f"{_WHAT[work.soort]} is {MOST_ATTEMPTS} keer onverwacht afgebroken. {stands(work.soort)} Probeer het later "
        "opnieuw, of laat de beheerder in het logboek van de service nagaan wat er misging."
    )


def _change(session: Session, work: Work, staat: WorkState, values: dict[str, Any]) -> bool:
    """Only from this state and the hands in which it was seen."""
    hands = col(Work.uitvoerder).is_not_distinct_from(work.uitvoerder)
    changed = update(Work).where(col(Work.id) == work.id, col(Work.staat) == staat, hands).values(**values)
    done = session.execute(changed.execution_options(synchronize_session=False))
    return bool(done.rowcount)  # type: ignore[attr-defined]  # an UPDATE's result has it


def wait_for_the_lock(engine: Engine, seconds: float) -> None:
    """How long a writer of this engine waits for another one, on a database in a file."""
    if engine.dialect.name == "sqlite":
        pragma = f"PRAGMA busy_timeout = {round(seconds * 1000)}"
        event.listen(engine, "connect", lambda made, _: made.execute(pragma).close())
