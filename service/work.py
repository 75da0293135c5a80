"""The one door to work outside a request: ask for it, see how far it is, stop it, take it in hand, end it.

A queue library could stand behind these functions; now it is the table `werk`, which several processes share, and a
folder of small files. Each piece of work is taken in hand by an UPDATE with its old state as condition, and its end is
written in the transaction of the work itself, on condition that it is still in the same hands: so it is done once,
whatever is killed and however often it is begun again.
"""

import json
import os
import secrets
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event, update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.access import Access, access_of
from service.models import Work, WorkKind, WorkState
from service.settings import Settings
from signals.errors import Reason, Refused
from workflow.actors import Actor

FOLDER = "werk"
"""Where the files of work lie, in the data directory that all processes of an installation share."""
OPEN = (WorkState.WACHT, WorkState.BEZIG)
MOST_ATTEMPTS = 3
SILENT_FOR = timedelta(seconds=20)
"""Work that gave no sign of life for so long was killed with its machine, and is begun again."""
ACTIONS: Mapping[WorkKind, str] = {
    WorkKind.CONTROLEREN: "lading_gecontroleerd",
    WorkKind.LADEN: "lading_bevestigd",
    WorkKind.ONGEDAAN_MAKEN: "lading_ongedaan_gemaakt",
}
"""What stands in the log when it is done, or cannot be."""
_WHAT = {
    WorkKind.CONTROLEREN: "De controle",
    WorkKind.LADEN: "Het laden",
    WorkKind.ONGEDAAN_MAKEN: "Het ongedaan maken",
}


class LostHold(Exception):
    """Somebody else has this work in hand by now; what was done for it must be rolled back."""


@dataclass(frozen=True)
class Progress:
    """How far a piece of work is. `gedaan`: rows dealt with; `pid`: the process that does it, 0 when none does."""

    gedaan: int = 0
    totaal: int | None = None
    pid: int = 0

    @property
    def percent(self) -> int:
        """Below 100 as long as it is not done; 0 while the number of rows is not known."""
        return min(99, 100 * self.gedaan // self.totaal) if self.totaal else 0


def enqueue(session: Session, soort: WorkKind, ladingnummer: str, now: datetime, *, rows: int | None) -> Work:
    """Ask for work in the name of the session's owner; Refused while other work on this load is not done.

    rows: how many it will deal with, None when nobody knows.
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
    )
    try:
        with session.begin_nested():
            session.add(work)
            session.flush()  # the index decides who of two at once is first
    except IntegrityError:
        raise Refused(busy(ladingnummer)) from None
    return work


def busy(ladingnummer: str) -> Reason:
    """Something else happens to this load now."""
    uitleg = f"Met lading {ladingnummer} wordt al iets gedaan. Wacht tot dat klaar is, of stop het eerst."
    return Reason("werk_loopt", uitleg)


def latest(session: Session, ladingnummer: str) -> Work | None:
    """What was asked last for this load."""
    mine = select(Work).where(col(Work.ladingnummer) == ladingnummer)
    return session.exec(mine.order_by(col(Work.id).desc()).limit(1)).first()


def latest_of(session: Session, numbers: Collection[str]) -> dict[str, Work]:
    """The same for several loads, by their number."""
    mine = select(Work).where(col(Work.ladingnummer).in_(numbers)).order_by(col(Work.id))
    return {work.ladingnummer: work for work in session.exec(mine)}


def unfinished(session: Session) -> list[Work]:
    """All that waits or goes on, oldest first."""
    waiting = (col(Work.staat) == WorkState.WACHT) | (col(Work.staat) == WorkState.BEZIG)
    return list(session.exec(select(Work).where(waiting).order_by(col(Work.id))))


# The small files: how far it is, and who wants it stopped


def progress(settings: Settings, work: Work) -> Progress:
    """How far it is, as told by whoever has it in hand."""
    if work.staat != WorkState.BEZIG:
        return Progress(totaal=work.totaal)
    try:
        told = json.loads(_progress_file(settings, work).read_text())
    except (OSError, ValueError):  # not begun, or done a moment ago
        return Progress(totaal=work.totaal)
    return Progress(**told)


def tell(settings: Settings, work: Work, told: Progress) -> None:
    """Write down how far it is; a reader sees the old file or the new one, never half of it."""
    path = _progress_file(settings, work)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    fresh.write_text(json.dumps(vars(told)))
    fresh.replace(path)


def give_sign_of_life(settings: Settings, work: Work) -> None:
    """In the name of a process that was seen to be alive, but may be too deep in its work to say so."""
    with suppress(OSError):
        os.utime(_progress_file(settings, work))


def is_silent(settings: Settings, work: Work, now: datetime) -> bool:
    """Whether nobody seems to have it in hand any more."""
    try:
        last = _progress_file(settings, work).stat().st_mtime
    except OSError:
        last = (work.begonnen_op or work.gevraagd_op).timestamp()
    return now.timestamp() - last > SILENT_FOR.total_seconds()


def stop(settings: Settings, access: Access, work: Work) -> None:
    """Ask that it stops, in a file: that needs no lock of a database, also not while a load holds it."""
    path = _stop_file(settings, work)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.write_text(json.dumps({"door": access.actor.naam, "herkomst": access.origin}))


def is_stopping(settings: Settings, work: Work) -> bool:
    """Whether somebody asked it to stop."""
    return _stop_file(settings, work).exists()


def stopper(settings: Settings, work: Work) -> Access:
    """In whose name it was stopped."""
    try:
        asked = json.loads(_stop_file(settings, work).read_text())
    except (OSError, ValueError):
        asked = {"door": work.door, "herkomst": work.herkomst}
    return Access.system(Actor(asked["door"]), asked["herkomst"])


def forget(settings: Settings, work: Work, *, ended: bool) -> None:
    """The files of an attempt go; ended: those of the work too."""
    _progress_file(settings, work).unlink(missing_ok=True)
    if ended:
        _stop_file(settings, work).unlink(missing_ok=True)


def _progress_file(settings: Settings, work: Work) -> Path:
    """Of one attempt: another one tells of itself elsewhere."""
    return settings.data_dir / FOLDER / f"{work.uitvoerder}.voortgang"


def _stop_file(settings: Settings, work: Work) -> Path:
    return settings.data_dir / FOLDER / f"{work.sleutel}.stop"


# Who has it in hand


def claim(session: Session, work: Work, now: datetime) -> bool:
    """Take waiting work in hand; whether nobody else was first."""
    hands = {"uitvoerder": secrets.token_urlsafe(18), "poging": work.poging + 1}
    return _change(session, work, WorkState.WACHT, {"staat": WorkState.BEZIG, "begonnen_op": now, **hands})


def finish(session: Session, work: Work, now: datetime, *, bewijs: str | None = None) -> None:
    """It is done: in the transaction of the work itself. LostHold when it is in other hands by now."""
    ended = {"staat": WorkState.KLAAR, "klaar_op": now, "bewijs": bewijs}
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


def crashed_too_often(work: Work) -> str | None:
    """What people are told when it is not tried again; None while it is."""
    if work.poging < MOST_ATTEMPTS:
        return None
    return (
        f"{_WHAT[work.soort]} is {MOST_ATTEMPTS} keer onverwacht afgebroken. Er is niets gewijzigd. Probeer het later "
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
