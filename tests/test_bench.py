"""The benchmark on a few hundred rows: its deliveries, its runs and its tables keep working. No time is judged."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from openpyxl import load_workbook
from sqlalchemy import Engine

from importers.load import summary
from service.access import Access
from service.loading.uploads import check_file, load_file
from signals.bsn import passes_elfproef
from tests import chromium, postgres
from tests.bench import counting, deliveries, feedback, pages, seeing, steps, verifying
from tests.bench.databases import Postgres, Sqlite
from tests.bench.deliveries import COLUMNS, RECEIVED, new, write_csv, write_known
from tests.bench.expected import Expected
from tests.bench.measure import Bench, Memory, Runs, new_process
from tests.bench.pages import Pages
from tests.bench.steps import Times
from tests.bench.table import Measured, as_object, as_text, machine, too_much, verdict
from tests.bench.workbook import write_xlsx
from tests.databases import Databases
from tests.soak import only_in_a_soak

ROOT = Path(__file__).parents[1]
ROWS = 400
NOW = datetime(2026, 9, 1, 9, 30, tzinfo=ZoneInfo("Europe/Amsterdam"))


def written(path: Path, rows: int = ROWS, known: int = ROWS) -> Expected:
    """The delivery that is measured, as the name of the file says."""
    expected = Expected()
    write = write_csv if path.suffix == ".csv" else write_xlsx
    write(path, new(rows, known, expected))
    return expected


def test_a_load_of_the_deliveries_has_the_counts_that_are_expected(engine: Engine, tmp_path: Path) -> None:
    known, access = tmp_path / "known.csv", Access.system()
    counts = write_known(known, ROWS)
    counts.require(summary(load_file(engine, access, known, known.name, received=RECEIVED, now=NOW)))
    for name, rows in (("new.xlsx", ROWS // 2), ("new.csv", ROWS)):
        path = tmp_path / name
        counts = written(path, rows)
        counts.require(summary(check_file(engine, access, path, path.name, received=RECEIVED, now=NOW)))
    counts.require(summary(load_file(engine, access, path, path.name, received=RECEIVED, now=NOW)))
    assert (counts.geleverd, counts.afgekeurd, counts.dubbel) == (ROWS, ROWS * 5 // 100, ROWS * 3 // 100)
    assert len(counts.redenen) == 12


def test_wrong_counts_are_told(tmp_path: Path) -> None:
    counts = written(tmp_path / "new.csv")
    right = vars(counts) | {"gewijzigd": 0, "ingetrokken": 0}
    counts.require(right)
    for name in right:
        with pytest.raises(AssertionError, match=name):
            counts.require(right | {name: {"al_geladen": 1} if isinstance(right[name], dict) else -1})


def test_the_same_delivery_is_made_each_time(tmp_path: Path) -> None:
    for name in ("one", "two"):
        written(tmp_path / f"{name}.csv")
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


def test_every_person_has_a_number_of_one_s_own_that_passes_the_elfproef(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries, "PIECE", 150)  # more than one piece, and a last one that is smaller
    write_known(tmp_path / "known.csv", ROWS)
    with (tmp_path / "known.csv").open(encoding="utf-8") as file:
        numbers = {row["bsn"] for row in csv.DictReader(file, delimiter=";")}
    assert len(numbers) == ROWS
    assert all(map(passes_elfproef, numbers))


def test_the_workbook_has_real_dates_and_numbers(tmp_path: Path) -> None:
    written(tmp_path / "new.xlsx")
    header, *rows = load_workbook(tmp_path / "new.xlsx").worksheets[0].iter_rows(values_only=True)
    assert header == COLUMNS
    assert len(rows) == ROWS
    first = dict(zip(header, rows[0], strict=True))
    assert isinstance(first["datum_signaal"], datetime)
    assert isinstance(first["huisnummer"], int)
    assert isinstance(first["bsn"], str)


def test_the_whole_benchmark_runs(tmp_path: Path, engine_path: Callable[..., str]) -> None:
    engine_path("initdb")
    with postgres.running() as url, new_process() as process:
        in_file, in_server = Sqlite(tmp_path), Postgres(url)
        bench = Bench(tmp_path, ROWS, 1, process)
        bench.make_files()
        speed, memory = [], []
        for database in (in_file, in_server):
            bench.prepare(database)
            bare, load, small = bench.measure_csv(database, aim=2, limit=3)
            speed += [bare, load, small]
            memory.append(Memory(small, load))
        speed += bench.measure_xlsx(in_file, aim=2)
        speed += bench.compare(in_file, speed[0], speed[-3])
        nights = [*bench.nights(in_file), *bench.nights(in_server)]
        on = machine(in_server.version())
    assert [(night.cases, night.made) for night in nights] == [(400, 0), (400, 400), (400, 0), (400, 400)] * 2
    assert [runs.rows for runs in speed] == [400, 400, 40, 400, 400, 40, 40, 40, 40, 400, 4]
    requests = [Times("bare", seconds=[0.001] * 20), Times("API", Times("bare", seconds=[0.001] * 20), 5, [0.006] * 20)]
    found = Measured(on, speed, memory, requests, nights)
    told = as_object(found)
    assert json.loads(json.dumps(told)) == told
    assert [(one["ratio"], one["verdict"]) for one in told["requests"]] == [(None, ""), (6, "over")]
    shown = as_text(found)
    assert all(each.what in shown for each in (*speed, *requests, *nights))
    assert not list(tmp_path.glob("run*"))  # what was measured on is thrown away


def test_the_statements_of_a_step_do_alone_what_the_step_did(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "LONG", 10)
    prepared = steps.prepare(databases.new(), 2, tmp_path)
    copies = [databases.copy(prepared.url) for _ in range(3)]
    todo = [(number, each) for number in prepared.numbers for each in (*steps.PLAIN, *steps.LETTER)]
    recorded = steps.record(prepared, copies[0], todo, tmp_path)
    with pytest.raises(AssertionError, match="did not do the same"):
        steps.require_same(copies)
    for url in copies[1:]:
        assert len(steps.replay(url, recorded)) == len(todo)
    steps.require_same(copies)


@only_in_a_soak
@pytest.mark.chance
def test_every_signal_of_the_feedback_that_is_measured_is_told(databases: Databases, tmp_path: Path) -> None:
    speed, memory = feedback.work(databases, "here", 200, 1, tmp_path)
    assert [(runs.rows, runs.aim, runs.bare is speed[0]) for runs in speed] == [
        (200, None, False), (200, None, False), (200, feedback.AIM, True), (200, None, False),
    ]  # fmt: skip
    assert (memory.small.rows, memory.whole.rows) == (20, 200)
    shown = as_text(Measured({}, speed, [memory]))
    assert all(runs.what in shown for runs in (*speed, memory.small, memory.whole))
    assert not list(tmp_path.rglob("told.csv"))


@only_in_a_soak
@pytest.mark.chance
@pytest.mark.browser
@pytest.mark.parametrize("databases", ["postgresql"], indirect=True)  # what differs between the two is not in pages
def test_every_page_that_is_measured_is_a_page_and_its_bare_route_answers_the_same(
    engine_path: Callable[..., str], databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine_path(*chromium.PROGRAMS)
    for name, small in (("SECONDS", 1), ("PEOPLE", 20), ("DEEP", 2), ("HANDLERS", 2)):
        monkeypatch.setattr(pages, name, small)
    found = Pages()
    pages.work(databases, "here", 120, 1, tmp_path, found)
    assert len(found.rates) == 5 and all(rates.pages[0] and rates.bare[0] for rates in found.rates)
    assert [(crowd.people, crowd.errors) for crowd in found.crowds] == [(20, 0)]
    assert all(0 < weight.after < weight.first and weight.slow > 0.8 for weight in found.weights)
    shown = as_text(Measured({}, pages=found))
    assert all(each.what in shown for each in (*found.rates, *found.dearer, *found.crowds, *found.weights))
    assert len(found.dearer) == 1 and json.dumps(as_object(Measured({}, pages=found))["pages"])


@only_in_a_soak
@pytest.mark.chance
def test_the_figures_that_are_measured_are_those_of_all_copies(databases: Databases, tmp_path: Path) -> None:
    bare, counted = counting.work(databases, "here", 600, 1, tmp_path)
    assert bare.rows == counted.rows >= 6000  # more than two copies of the demonstration, and ten events a case
    assert counted.ratio and counted.peak
    shown = as_text(Measured({}, figures=[bare, counted]))
    assert "all figures" in shown and as_object(Measured({}, figures=[bare, counted]))["figures"]


@only_in_a_soak
@pytest.mark.chance
def test_the_installation_that_is_verified_is_sound(databases: Databases, tmp_path: Path) -> None:
    looked, memory = verifying.work(databases, "here", 400, 1, tmp_path)
    assert (looked.rows, memory.small.rows, memory.whole.rows) == (400, 40, 400)
    assert "rni verify" in as_text(Measured({}, [looked], [memory]))


def runs(seconds: float, megabytes: float = 100, bare: Runs | None = None) -> Runs:
    return Runs("load", bare, 2, 3, 1000, [seconds], [megabytes])


@pytest.mark.parametrize(("seconds", "said"), [(2.0, "ok"), (2.1, "over"), (3.1, "too slow")])
def test_a_load_is_held_against_its_bare_limit(seconds: float, said: str) -> None:
    load = runs(seconds, bare=runs(1))
    assert verdict(load) == said
    assert too_much(Measured({}, speed=[load])) is (said == "too slow")


@pytest.mark.parametrize(("small", "whole", "over"), [(400, 510, False), (400, 513, True), (100, 131, True)])
def test_memory_is_held_against_a_tenth_and_a_ceiling(small: float, whole: float, over: bool) -> None:
    memory = Memory(runs(1, small), runs(1, whole))
    assert memory.over is over
    assert too_much(Measured({}, memory=[memory])) is over


def test_too_little_room_is_told_before_anything_is_made(engine_path: Callable[..., str]) -> None:
    engine_path("initdb")
    asked = os.environ | {"ROWS": "1000000000000"}
    done = subprocess.run([sys.executable, "-m", "tests.bench"], cwd=ROOT, env=asked, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (2, "")
    assert "GB is needed" in done.stderr


def test_what_it_costs_to_be_seen_is_measured(
    databases: Databases, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seeing, "ROUNDS", 2)
    monkeypatch.setattr(seeing, "AT_ONCE", 1)
    without, seen, minute = seeing.work(databases, "hier", tmp_path)
    assert (len(without.seconds), len(seen.seconds), len(minute.seconds)) == (2, 2, 30)
    assert seen.bare is without
    assert '"verzoek"' in (tmp_path / "log").read_text()
    assert "counted, timed, logged" in as_text(Measured(machine("17"), requests=[without, seen, minute]))
