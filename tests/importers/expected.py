"""What a load of a delivery comes to, in the form in which it stands beside a sample.

`python -m tests.importers.expected FILE ...` writes it there. Read it before you believe it: from then on it is what
the layout promises.
"""

import csv
import json
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlmodel import Session, select

from importers import use_profiles
from importers.load import summary
from service import process
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.settings import Settings
from signals.models import Load, Mutatiesoort, RejectedRow, Signal, SignalChange, Uitkomst
from tests.importers.deliveries import SAMPLES, take_in

ROWS = ".expected.csv"
COUNTS = ".expected.json"


def told(loaded: Load) -> dict[str, object]:
    """The counts, as `rni load --json` prints them, without what differs each time."""
    return {
        name: value for name, value in summary(loaded).items() if name not in ("ladingnummer", "seconden", "sha256")
    }


def rows(session: Session, loaded: Load) -> list[tuple[int, str, str]]:
    """Per delivered row its regel, uitkomst and codes."""
    rejected = session.exec(select(RejectedRow).where(RejectedRow.load_id == loaded.id))
    found = [(one.regel, one.uitkomst, one.codes) for one in rejected]
    signals = session.exec(select(Signal).where(Signal.load_id == loaded.id))
    found += [(one.regel, Uitkomst.GEACCEPTEERD, one.waarschuwingen) for one in signals]
    outcomes = {Mutatiesoort.GEWIJZIGD: Uitkomst.GEWIJZIGD, Mutatiesoort.VERVALLEN: Uitkomst.INGETROKKEN}
    changes = session.exec(select(SignalChange).where(SignalChange.load_id == loaded.id))
    found += [(one.regel, outcomes[one.soort], one.waarschuwingen) for one in changes]
    return [(regel, outcome.value, " ".join(sorted(codes))) for regel, outcome, codes in sorted(found)]


def beside(delivery: Path, ending: str) -> Path:
    """The file with what is expected: `x.expected.json` of `x.csv`, `x.xlsx.expected.json` of `x.xlsx`."""
    return delivery.with_name(delivery.name.removesuffix(".csv") + ending)


def write(delivery: Path) -> None:
    """Load it into an empty database on the day of the samples, and write down what came of it."""
    with TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/rni.sqlite3"
        upgrade(url)
        engine = make_engine(url)
        with session_scope(engine, Access.system()) as session:
            loaded = take_in(session, delivery)
            counts, lines = told(loaded), rows(session, loaded)
        engine.dispose()
    told_in_json = json.dumps(counts, ensure_ascii=False, indent=2)
    beside(delivery, COUNTS).write_text(told_in_json + "\n", encoding="utf-8")
    with beside(delivery, ROWS).open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";", lineterminator="\n").writerows([("regel", "uitkomst", "codes"), *lines])


if __name__ == "__main__":
    process.begin(Settings())
    use_profiles(SAMPLES / "layouts")
    for name in sys.argv[1:]:
        write(Path(name))
