"""Cases to work on, from real loads and by real steps, so that `rni verify` finds nothing to say of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import count
from pathlib import Path

from sqlalchemy import Engine
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.files import storage
from service.loading import uploads
from service.settings import Settings
from signals.bsn import passes_elfproef
from signals.models import Signal
from tests.factories import ZONE, take
from tests.importers.deliveries import row, write_csv
from tests.service.conftest import ROTTERDAM, access
from workflow.actors import Actor, Desk
from workflow.models import Case
from workflow.phases import Role

ANNA = Actor("anna", {Role.BEHANDELAAR: frozenset({ROTTERDAM})})
LATER = date(2026, 9, 1)
"""A day on which the plain row could be delivered."""


@dataclass
class Furnisher:
    """Brings cases into an installation, each of another person."""

    engine: Engine
    settings: Settings
    folder: Path
    loads: int = 0
    persons: Iterator[str] = field(default_factory=lambda: filter(passes_elfproef, map(str, count(999_900_000))))

    def delivery(self, rows: int, day: date = LATER) -> Path:
        """A file that was not delivered before, of signals of before that day."""
        self.loads += 1
        plain = row(
            leveringsnummer=f"LRNI-{day.year}-{self.loads:02}",
            datum_signaal=f"{day - timedelta(days=30):%Y%m%d}",
            datum_vanaf=f"{day - timedelta(days=300):%Y%m%d}",
        )
        cells = [
            plain | {"signaalnummer": f"F{self.loads}-{place}", "bsn": next(self.persons)} for place in range(rows)
        ]
        return write_csv(self.folder / f"levering-{self.loads}.csv", cells)

    def load(self, rows: int, day: date) -> list[str]:
        """So many new cases, received that day; their numbers."""
        path = self.delivery(rows, day)
        with path.open("rb") as stream:
            kept = storage.keep(self.settings, stream)
        moment = datetime(day.year, day.month, day.day, 9, tzinfo=ZONE)
        loaded = uploads.load_file(self.engine, access(self.engine, "ulla"), kept, path.name, received=day, now=moment)
        with session_scope(self.engine, Access.system(), write=False) as session:
            mine = select(Case.zaaknummer).join(Signal, col(Signal.id) == col(Case.eerste_signaal_id))
            return sorted(session.exec(mine.where(Signal.load_id == loaded.id)))

    def walk(self, numbers: Sequence[str], day: date, *steps: str) -> None:
        """Each of these cases takes these steps, by Anna, the day after."""
        moment = datetime(day.year, day.month, day.day, 10, tzinfo=ZONE) + timedelta(days=1)
        with session_scope(self.engine, Access.system()) as session:
            for case in session.exec(select(Case).where(col(Case.zaaknummer).in_(numbers))):
                for name in steps:
                    more = {"reden": "capaciteit"} if name == "niet_oppakken" else {}
                    take(session, case, name, Desk(ANNA, moment, lambda _: ["anna"]), **more)
