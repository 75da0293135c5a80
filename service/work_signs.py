"""How far work is, whether anybody is at it, and who wants it stopped: told beside it, while it holds its rows.

On PostgreSQL in a table, so that machines need share no folder for it, and by one clock, that of the database. On a
database in a file in small files beside it: a load is the only writer there, from its first row to its last.
"""

import json
import os
import secrets
from abc import ABC, abstractmethod
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, func, select, text, update
from sqlalchemy.dialects import postgresql

from service.access import Access
from service.db import session_scope
from service.models import Work, WorkSign, WorkState, WorkStop
from service.settings import Settings
from signals.base import table
from workflow.actors import Actor

FOLDER = "werk"
"""Where the files of work lie, in the data directory."""
SILENT_FOR = timedelta(seconds=10)
"""Work that gave no sign of life for so long was killed with its machine, and is begun again."""
_signs, _stops = table(WorkSign), table(WorkStop)
_BRIEFLY = text("SET LOCAL lock_timeout = '1s'")


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


class Signs(ABC):
    """What is told of work, of one installation."""

    @abstractmethod
    def progress(self, work: Work) -> Progress:
        """How far it is, as told by whoever has it in hand."""

    @abstractmethod
    def tell(self, work: Work, told: Progress) -> None:
        """Write down how far it is, which is a sign of life too."""

    @abstractmethod
    def give_sign_of_life(self, work: Work) -> None:
        """In the name of a process that was seen to be alive, but may be too deep in its work to say so."""

    @abstractmethod
    def is_silent(self, work: Work, now: datetime) -> bool:
        """Whether nobody seems to have it in hand any more."""

    @abstractmethod
    def stop(self, access: Access, work: Work) -> None:
        """Ask that it stops; this waits for no lock, also not while a load holds one."""

    @abstractmethod
    def is_stopping(self, work: Work) -> bool:
        """Whether somebody asked it to stop."""

    @abstractmethod
    def stopper(self, work: Work) -> Access:
        """In whose name it was stopped."""

    @abstractmethod
    def forget(self, work: Work, *, ended: bool) -> None:
        """What an attempt told goes; ended: what was asked of the work too."""

    @abstractmethod
    def anybody_works(self) -> bool:
        """Whether there is somebody now who would take up work."""


def signs_of(engine: Engine, settings: Settings) -> Signs:
    """Those of an installation, by the kind of its database."""
    return FileSigns(settings.data_dir) if engine.dialect.name == "sqlite" else TableSigns(engine)


class FileSigns(Signs):
    """Small files in the data directory; a reader sees the old file or the new one, never half of it."""

    def __init__(self, data_dir: Path) -> None:
        self._folder = data_dir / FOLDER

    def progress(self, work: Work) -> Progress:
        """Nothing done when it was not begun, or is done since a moment."""
        if work.staat != WorkState.BEZIG:
            return Progress(totaal=work.totaal)
        try:
            told = json.loads(self._progress_file(work).read_text())
        except (OSError, ValueError):
            return Progress(totaal=work.totaal)
        return Progress(**told)

    def tell(self, work: Work, told: Progress) -> None:
        """Whole, by renaming."""
        path = self._progress_file(work)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = path.with_suffix(f".{secrets.token_hex(4)}")
        fresh.write_text(json.dumps(vars(told)))
        fresh.replace(path)

    def give_sign_of_life(self, work: Work) -> None:
        """The time of the file."""
        with suppress(OSError):
            os.utime(self._progress_file(work))

    def is_silent(self, work: Work, now: datetime) -> bool:
        """By the time of the file."""
        try:
            last = self._progress_file(work).stat().st_mtime
        except OSError:
            last = (work.begonnen_op or work.gevraagd_op).timestamp()
        return now.timestamp() - last > SILENT_FOR.total_seconds()

    def stop(self, access: Access, work: Work) -> None:
        """A file of its own."""
        path = self._stop_file(work)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.write_text(json.dumps({"door": access.actor.naam, "herkomst": access.origin}))

    def is_stopping(self, work: Work) -> bool:
        """Whether that file is there."""
        return self._stop_file(work).exists()

    def stopper(self, work: Work) -> Access:
        """What stands in it; the asker when it is gone."""
        try:
            asked = json.loads(self._stop_file(work).read_text())
        except (OSError, ValueError):
            asked = {"door": work.door, "herkomst": work.herkomst}
        return Access.system(Actor(asked["door"]), asked["herkomst"])

    def forget(self, work: Work, *, ended: bool) -> None:
        """The files go."""
        self._progress_file(work).unlink(missing_ok=True)
        if ended:
            self._stop_file(work).unlink(missing_ok=True)

    def anybody_works(self) -> bool:
        """Whoever shows it looks after it too."""
        return True

    def _progress_file(self, work: Work) -> Path:
        """Of one attempt: another one tells of itself elsewhere."""
        return self._folder / f"{work.uitvoerder}.voortgang"

    def _stop_file(self, work: Work) -> Path:
        return self._folder / f"{work.sleutel}.stop"


_ANYBODY = text("SELECT EXISTS (SELECT FROM procrastinate_workers WHERE last_heartbeat > now() - :within)")


class TableSigns(Signs):
    """The table `werk_teken`, each time in a transaction of its own: what is told is seen at once."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def progress(self, work: Work) -> Progress:
        """Nothing done when it was not begun."""
        mine = select(_signs.c.gedaan, _signs.c.totaal, _signs.c.pid).where(*self._attempt(work))
        found = self._one(mine) if work.staat == WorkState.BEZIG else None
        return Progress(totaal=work.totaal) if found is None else Progress(*found)

    def tell(self, work: Work, told: Progress) -> None:
        """The row of this work, made when it is the first time."""
        values = {"uitvoerder": work.uitvoerder, **vars(told), "gezien_op": func.now()}
        self._put(work, values)

    def give_sign_of_life(self, work: Work) -> None:
        """The moment alone."""
        self._change(update(_signs).where(*self._attempt(work)).values(gezien_op=func.now()))

    def is_silent(self, work: Work, now: datetime) -> bool:
        """By the clock of the database, which is one for all machines."""
        late = select(_signs.c.gezien_op < func.now() - SILENT_FOR).where(*self._attempt(work))
        found = self._one(late)
        if found is None or found[0] is None:
            begun = select(table(Work).c.begonnen_op < func.now() - SILENT_FOR).where(table(Work).c.id == work.id)
            found = self._one(begun)
        return found is not None and bool(found[0])

    def stop(self, access: Access, work: Work) -> None:
        """Who first asked, asked."""
        asked = {"werk_id": work.id, "door": access.actor.naam, "herkomst": access.origin}
        self._change(postgresql.insert(_stops).values(**asked).on_conflict_do_nothing())

    def is_stopping(self, work: Work) -> bool:
        """Whether somebody stands there."""
        return self._one(select(_stops.c.werk_id).where(_stops.c.werk_id == work.id)) is not None

    def stopper(self, work: Work) -> Access:
        """Who stands there; the asker when nobody does."""
        found = self._one(select(_stops.c.door, _stops.c.herkomst).where(_stops.c.werk_id == work.id))
        door, origin = found or (work.door, work.herkomst)
        return Access.system(Actor(door), origin)

    def forget(self, work: Work, *, ended: bool) -> None:
        """Of work that is begun again only what the attempt told goes."""
        if ended:
            self._change(delete(_signs).where(_signs.c.werk_id == work.id))
            self._change(delete(_stops).where(_stops.c.werk_id == work.id))
        else:
            gone = {"uitvoerder": None, "gedaan": 0, "pid": 0, "gezien_op": None}
            self._change(update(_signs).where(*self._attempt(work)).values(**gone))

    def anybody_works(self) -> bool:
        """By the sign of life of the workers themselves."""
        found = self._one(_ANYBODY.bindparams(within=2 * SILENT_FOR))
        return found is not None and bool(found[0])

    @staticmethod
    def _attempt(work: Work) -> tuple[Any, ...]:
        return _signs.c.werk_id == work.id, _signs.c.uitvoerder.is_not_distinct_from(work.uitvoerder)

    def _put(self, work: Work, values: dict[str, Any]) -> None:
        new = postgresql.insert(_signs).values(werk_id=work.id, **{"gedaan": 0, "pid": 0, **values})
        self._change(new.on_conflict_do_update(index_elements=[_signs.c.werk_id], set_=values))

    def _change(self, statement: Any) -> None:
        """OperationalError when somebody holds the row too long: a process that was frozen while it told."""
        with session_scope(self._engine, Access.system(origin="werk")) as session:
            session.execute(_BRIEFLY)
            session.execute(statement)

    def _one(self, statement: Any) -> Any:
        with session_scope(self._engine, Access.system(origin="werk"), write=False) as session:
            return session.execute(statement).first()
