"""`make bench`: how quick a delivery loads, a step is taken and a night passes, beside what the machine can do.

ROWS (1,000,000), RUNS (5) and STEPS (100 cases) in the environment make it smaller, ONLY=loads, steps, nights, audit,
feedback, pages, figures, seeing or verify leaves out the rest; TMPDIR says where the databases lie; `--json` gives an
object. A full run takes some twenty minutes, 15 GB of disk and 4 GB of memory. Exit 1: slower than 3 times the bare
limit on SQLite, more memory than a load or a feedback may take, or a log that is checked in more than a minute.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from service.settings import Settings
from signals.keyring import use_keys
from tests import postgres
from tests.bench import audit, counting, feedback, pages, seeing, steps, verifying
from tests.bench.databases import PRODUCTION, Postgres, Sqlite
from tests.bench.files import SAMPLE
from tests.bench.measure import Bench, Memory
from tests.bench.table import Measured, as_object, as_text, machine, too_much
from tests.databases import PostgresDatabases, SqliteFiles

BYTES_PER_ROW = 15_000
"""Of disk: two deliveries, and twice a database with its journal, before and after a load."""


PARTS = ("loads", "steps", "nights", "audit", "feedback", "pages", "figures", "seeing", "verify")


def main(rows: int, runs: int, cases: int, only: str, as_json: bool) -> int:
    """Measure all and print it; the exit code."""
    use_keys(Settings().keys)
    place = Path(tempfile.gettempdir())
    parts = (only,) if only else PARTS
    if reason := _missing(rows, runs, place) or _unknown(parts, cases):
        print(reason, file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="rni-bench-") as folder,
        postgres.running(PRODUCTION) as url,
    ):
        bench, sqlite, postgresql = Bench(Path(folder), rows, runs), Sqlite(Path(folder)), Postgres(url)
        found = Measured(machine(postgresql.version()))
        if {"loads", "nights"} & set(parts):
            bench.make_files()
            for database in (sqlite, postgresql):
                bench.prepare(database)
        if "loads" in parts:
            in_file = bench.measure_csv(sqlite, aim=2, limit=3)
            in_server = bench.measure_csv(postgresql, aim=5)
            spreadsheet = bench.measure_xlsx(sqlite, aim=2)
            slow = bench.compare(sqlite, in_file[0], spreadsheet[0])
            found.speed = [*in_file, *in_server, *spreadsheet, *slow]
            found.memory = [Memory(small, whole) for _, whole, small in (in_file, in_server)]
        if "steps" in parts:
            in_memory = SqliteFiles(Path(folder)), PostgresDatabases(url, "steps")
            found.requests = [
                times
                for database, name in zip(in_memory, (sqlite.name, postgresql.name), strict=True)
                for times in steps.measure(database, name, cases, Path(folder))
            ]
            in_memory[1].close()
        if "nights" in parts:
            found.nights = [*bench.nights(sqlite), *bench.nights(postgresql)]
        if "audit" in parts:
            for database in (sqlite, postgresql):
                with database.empty() as place_of_it:
                    found.log += audit.work(place_of_it, database.name, rows, Path(folder))
        if "feedback" in parts:
            told = PostgresDatabases(url, "feedback")
            for some, name in ((SqliteFiles(Path(folder)), sqlite.name), (told, postgresql.name)):
                speed, memory = feedback.work(some, name, rows, runs, Path(folder))
                found.speed, found.memory = [*found.speed, *speed], [*found.memory, memory]
            told.close()
        if "pages" in parts:
            pages.work(SqliteFiles(Path(folder)), sqlite.name, rows, runs, Path(folder), found.pages)
            towns = PostgresDatabases(url, "pages")
            pages.work(towns, postgresql.name, rows, runs, Path(folder), found.pages)
            towns.close()
        if "figures" in parts:
            found.figures += counting.work(SqliteFiles(Path(folder)), sqlite.name, rows, runs, Path(folder))
            countries = PostgresDatabases(url, "figures")
            found.figures += counting.work(countries, postgresql.name, rows, runs, Path(folder))
            countries.close()
        if "seeing" in parts:
            offices = PostgresDatabases(url, "seeing")
            for kind, name in ((SqliteFiles(Path(folder)), sqlite.name), (offices, postgresql.name)):
                found.requests = [*found.requests, *seeing.work(kind, name, Path(folder))]
            offices.close()
        if "verify" in parts:
            sound = PostgresDatabases(url, "verify")
            for some, name in ((SqliteFiles(Path(folder)), sqlite.name), (sound, postgresql.name)):
                looked, memory = verifying.work(some, name, rows, runs, Path(folder))
                found.speed, found.memory = [*found.speed, looked], [*found.memory, memory]
            sound.close()
    print(json.dumps(as_object(found)) if as_json else as_text(found))
    return int(too_much(found))


def _unknown(parts: Sequence[str], cases: int) -> str | None:
    if not set(parts) <= set(PARTS):
        return f"ONLY is one of {', '.join(PARTS)}."
    return None if cases > 2 * steps.WARM else f"STEPS must be more than {2 * steps.WARM}."


def _missing(rows: int, runs: int, place: Path) -> str | None:
    """Why it cannot be measured here, or None."""
    if rows < SAMPLE or runs < 1:
        return f"ROWS must be {SAMPLE} or more and RUNS 1 or more."
    if not (postgres.program("initdb") and postgres.program("postgres")):
        return "PostgreSQL is missing. On Debian: sudo apt-get install postgresql"
    needed, free = rows * BYTES_PER_ROW, shutil.disk_usage(place).free
    if free < needed:
        return (
            f"{place} has {free / 1e9:.1f} GB free and {needed / 1e9:.1f} GB is needed. Name another place with "
            "TMPDIR=/where/there/is/room, or measure fewer rows with ROWS=100000."
        )
    return None


if __name__ == "__main__":
    asked = os.environ.get
    numbers = (int(asked("ROWS", 1_000_000)), int(asked("RUNS", 5)), int(asked("STEPS", 100)))
    sys.exit(main(*numbers, asked("ONLY", ""), "--json" in sys.argv[1:]))
