"""Taking in a file as one `rni load` does, and writing small deliveries of one's own."""

import csv
import io
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlmodel import Session

from importers.load import load
from importers.uwv_2026_1 import LAYOUT
from signals.models import Load
from workflow import intake

SAMPLES = Path(__file__).parents[1] / "samples"
NOW = datetime(2026, 9, 1, 9, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))
TODAY = NOW.date()
COLUMNS = tuple(column.name for column in LAYOUT.columns)

PLAIN = dict.fromkeys(COLUMNS, "") | {
    "leveringsnummer": "LRNI-2026-09",
    "signaalnummer": "T-1",
    "mutatiesoort": "N",
    "datum_signaal": "20260801",
    "grondslag": "LAA_2_37",
    "bsn": "999990019",
    "geslachtsnaam": "Kowalska",
    "geboortedatum": "19880412",
    "gemeentecode": "0599",
    "straatnaam": "Putselaan",
    "huisnummer": "12",
    "postcode": "3074EA",
    "woonplaats": "Rotterdam",
    "adresbron": "TVA",
    "aanleiding": "UITKERING",
    "uitkeringssoort": "WW",
    "datum_vanaf": "20250601",
}
"""A row that is accepted without a warning."""


def row(**cells: str) -> dict[str, str]:
    """The plain row with other cells."""
    return PLAIN | cells


def write_csv(path: Path, rows: Iterable[Mapping[str, str]], *, separator: str = ";", encoding: str = "utf-8") -> Path:
    """A delivery as CSV; the columns are those of the first row."""
    text = io.StringIO()
    written = list(rows)
    writer = csv.DictWriter(text, fieldnames=list(written[0]), delimiter=separator)
    writer.writeheader()
    writer.writerows(written)
    path.write_bytes(text.getvalue().encode(encoding))
    return path


def take_in(
    session: Session,
    path: Path,
    *,
    now: datetime = NOW,
    received: date | None = None,
    only: frozenset[str] | None = None,
) -> Load:
    """What one `rni load` does, without its commit; what was done before it is committed, for a load sees no other.

    only: the municipalities that the loader may know of.
    """
    if not session.in_nested_transaction():
        session.commit()
    cases = intake.Intake(session, now, only)
    loaded = load(
        session,
        path,
        file_name=path.name,
        history=cases.history,
        door="ulla",
        now=now,
        received=received or now.date(),
        taken_in=cases.take_in,
    )
    cases.finish(loaded)
    return loaded
