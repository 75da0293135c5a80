"""`make bench`: how quick a national delivery loads, beside what the machine can do at its barest.

ROWS (1,000,000) and RUNS (5) in the environment make it smaller; TMPDIR says where the databases lie; `--json` gives an
object. A full run takes some twenty minutes, 15 GB of disk and 4 GB of memory. Exit 1: slower than 3 times the bare
limit on SQLite, or more memory than a load may take.
"""

import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

from tests import postgres
from tests.bench.databases import PRODUCTION, Postgres, Sqlite
from tests.bench.files import SAMPLE
from tests.bench.measure import Bench, Memory
from tests.bench.table import as_object, as_text, machine, too_much

BYTES_PER_ROW = 15_000
"""Of disk: two deliveries, and twice a database with its journal, before and after a load."""


def main(rows: int, runs: int, as_json: bool) -> int:
    """Measure all and print it; the exit code."""
    place = Path(tempfile.gettempdir())
    if reason := _missing(rows, runs, place):
        print(reason, file=sys.stderr)
        return 2
    with (
        tempfile.TemporaryDirectory(prefix="rni-bench-") as folder,
        postgres.running(PRODUCTION) as url,
    ):
        bench, sqlite, postgresql = Bench(Path(folder), rows, runs), Sqlite(Path(folder)), Postgres(url)
        bench.make_files()
        for database in (sqlite, postgresql):
            bench.prepare(database)
        in_file = bench.measure_csv(sqlite, aim=2, limit=3)
        in_server = bench.measure_csv(postgresql, aim=5)
        spreadsheet = bench.measure_xlsx(sqlite, aim=2)
        slow = bench.compare(sqlite, in_file[0], spreadsheet[0])
        on = machine(postgresql.version())
    speed = [*in_file, *in_server, *spreadsheet, *slow]
    memory = [Memory(small, whole) for _, whole, small in (in_file, in_server)]
    print(json.dumps(as_object(speed, memory, on)) if as_json else as_text(speed, memory, on))
    return int(too_much(speed, memory))


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
    sys.exit(main(int(os.environ.get("ROWS", 1_000_000)), int(os.environ.get("RUNS", 5)), "--json" in sys.argv[1:]))
