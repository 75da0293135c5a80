"""What is measured, in which order, and against which limit.

Bare limit and load take turns, so that what else the machine does meets both. Every run is a new process, not a fork:
the threads of the libraries, which give memory back, would be missing in one. Its start counts in memory, not in time.
"""

import multiprocessing
import os
import resource
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeVar

from service.db import upgrade
from service.settings import Settings
from signals.keyring import use_keys
from tests.bench import bare, files, loading, night
from tests.bench.databases import Database
from tests.bench.expected import Expected
from tests.bench.night import Night
from tests.postgres import as_owner

Found = TypeVar("Found")
KILOBYTE = 1 if sys.platform == "darwin" else 1024  # in what ru_maxrss counts


@dataclass
class Runs:
    """The runs of one thing, and what they are held against."""

    what: str
    bare: "Runs | None" = None
    aim: float | None = None  # times the bare limit, per row
    limit: float | None = None  # from here on the benchmark fails
    rows: int = 0
    seconds: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)  # the most memory that the process had

    def add(self, rows: int, seconds: float, megabytes: float) -> None:
        """One run more."""
        self.rows = rows
        self.seconds.append(seconds)
        self.megabytes.append(megabytes)

    @property
    def rate(self) -> float:
        """Rows per second of the median run."""
        return self.rows / median(self.seconds)

    @property
    def ratio(self) -> float | None:
        """How many times longer a row takes than at the bare limit."""
        return self.bare.rate / self.rate if self.bare else None

    @property
    def peak(self) -> float:
        """The most memory of all runs, in megabytes."""
        return max(self.megabytes)


@dataclass
class Bench:
    """The files of a benchmark, with the counts that loads of them must have."""

    folder: Path
    rows: int
    runs: int
    shared: Executor | None = None  # one process for all runs, where nobody looks at the memory
    expected: dict[str, Expected] = field(default_factory=dict)

    def make_files(self) -> None:
        """Write the deliveries."""
        note(f"making deliveries of {self.rows:,} rows")
        self.expected, _ = self._alone(files.make, self.folder, self.rows)

    def prepare(self, database: Database) -> None:
        """The schema, and the delivery that is known beforehand, loaded by the product itself."""
        note(f"{database.name}: loading what is known beforehand")
        self._alone(upgrade, database.prepared, as_owner(database.prepared))
        self._load(Runs(""), loading.load, "known.csv", database.prepared)
        database.settle()

    def measure_csv(self, database: Database, *, aim: float, limit: float | None = None) -> tuple[Runs, Runs, Runs]:
        """The bare limit, the load, and a load of a tenth for its memory."""
        plain = Runs(f"{database.name}: bare {database.bare}, one table without index")
        load = Runs(f"{database.name}: load of CSV, {self.rows:,} signals known", plain, aim, limit)
        small = Runs(f"{database.name}: load of CSV, a tenth of it", plain)
        for number in range(self.runs):
            note(f"{database.name}: run {number + 1} of {self.runs}")
            with database.empty() as url:
                self._bare(plain, database.move, "new.csv", url)
            with database.fresh() as url:
                self._load(load, loading.load, "new.csv", url)
            with database.fresh() as url:
                self._load(small, loading.load, "small.csv", url)
        return plain, load, small

    def measure_xlsx(self, database: Database, *, aim: float) -> tuple[Runs, Runs, Runs]:
        """Reading alone, a check and a load of a tenth of the rows as XLSX."""
        plain = Runs("XLSX: bare python-calamine, every row walked")
        check = Runs(f"XLSX: check on {database.name}, stores nothing", plain)
        load = Runs(f"XLSX: load on {database.name}, {self.rows:,} signals known", plain, aim)
        for number in range(self.runs):
            note(f"XLSX: run {number + 1} of {self.runs}")
            self._bare(plain, bare.calamine, "small.xlsx")
            with database.fresh() as url:
                self._load(check, loading.check, "small.xlsx", url)
                self._load(load, loading.load, "small.xlsx", url)
        return plain, check, load

    def nights(self, database: Database) -> list[Night]:
        """The clock over every case of what was known beforehand."""
        note(f"{database.name}: the clock at night")
        with database.fresh() as url:
            found, _ = self._alone(night.work, url, database.name)
        return found

    def compare(self, database: Database, stored: Runs, read: Runs) -> tuple[Runs, Runs]:
        """What is slow, on fewer rows, held against the same bare limits per row."""
        note("for comparison: row by row, and openpyxl")
        one_by_one = Runs(f"for comparison: session.add and commit per row on {database.name}", stored)
        with database.empty() as url:
            self._bare(one_by_one, bare.add_and_commit, "new.csv", url)
        slow = Runs("for comparison: XLSX read by openpyxl", read)
        self._bare(slow, bare.openpyxl_read, "sample.xlsx")
        return one_by_one, slow

    def _bare(self, runs: Runs, move: Callable[[Path, str], bare.Taken], name: str, url: str = "") -> None:
        taken, megabytes = self._alone(move, self.folder / name, url)
        runs.add(int(taken["rows"]), taken["seconds"], megabytes)

    def _load(self, runs: Runs, command: Callable[[Path, str, Path], loading.Told], name: str, url: str) -> None:
        """A load or check; its counts must be right, else nothing was measured."""
        data = self.folder / "data"
        (told, seconds), megabytes = self._alone(command, self.folder / name, url, data)
        self.expected[name].require(told)
        runs.add(told["geleverd"], seconds, megabytes)
        shutil.rmtree(data, ignore_errors=True)  # a check keeps no file

    def _alone(self, work: Callable[..., Found], *arguments: object) -> tuple[Found, float]:
        """What the work gives, and the most memory in megabytes that its process and what that started had."""
        return alone(work, *arguments, shared=self.shared)


def alone(work: Callable[..., Found], *arguments: object, shared: Executor | None = None) -> tuple[Found, float]:
    """What the work gives, and the most memory in megabytes that its process and what that started had."""
    with nullcontext(shared) if shared else new_process() as process:
        return process.submit(_measured, work, *arguments).result()


def new_process() -> ProcessPoolExecutor:
    """One that begins with nothing."""
    return ProcessPoolExecutor(1, multiprocessing.get_context("spawn"))


def _measured(work: Callable[..., Found], *arguments: object) -> tuple[Found, float]:
    for name in [name for name in os.environ if name.startswith("RNI_")]:
        del os.environ[name]  # no setting of whoever runs the benchmark counts
    use_keys(Settings().keys)
    found = work(*arguments)
    own, started = (resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return found, (own + started) * KILOBYTE / 1e6


def note(text: str) -> None:
    """Where the benchmark is, for whoever waits."""
    print(text, file=sys.stderr, flush=True)


@dataclass(frozen=True)
class Memory:
    """The memory of a load beside that of a load of a tenth."""

    small: Runs
    whole: Runs
    most: float = 512
    most_ratio: float = 1.3

    @property
    def ratio(self) -> float:
        """How much more ten times the rows take."""
        return self.whole.peak / self.small.peak

    @property
    def over(self) -> bool:
        """Whether it is more than may be."""
        return self.whole.peak > self.most or self.ratio > self.most_ratio
