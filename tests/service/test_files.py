"""Files that the service makes: for its own user only, under harmless names, and gone when nobody knows them."""

import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from serving import Installation
from sqlalchemy import Engine

from service import jobs, uploads
from service.access import Access
from service.db import session_scope
from service.models import Upload
from service.settings import Settings

from .conftest import NOW
from .test_cli import JULY


def test_what_a_command_makes_only_its_user_can_read(tmp_path: Path) -> None:
    data = tmp_path / "data"
    rni = Installation(f"sqlite:///{data / 'rni.sqlite3'}", data)
    rni.run("db", "upgrade")
    two = JULY.read_text(encoding="utf-8-sig").splitlines()[:2]
    (tmp_path / "een.csv").write_text("\n".join(two) + "\n")
    rni.run("load", tmp_path / "een.csv", "--report", data / "verslag.xlsx", "--received", "2026-07-06")
    rni.run("figures", "werksessie", "--out", data / "cijfers")
    made = [path for path in data.rglob("*") if path.is_file()]
    assert {path.suffix for path in made} >= {".sqlite3", ".xlsx", ""}
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("LRNI-2026-07.csv", "LRNI-2026-07.csv"),
        ("C:\\Users\\anna\\levering.xlsx", "levering.xlsx"),
        ("../../etc/levering.csv", "levering.csv"),
        ("lever\u202exslx.csv", "leverxslx.csv"),
        ("een\ntwee\x1b[2J.csv", "eentwee[2J.csv"),
        ("signaal 999900018.csv", "signaal *********.csv"),
        ("levering-20260706120000.csv", "levering-20260706120000.csv"),
    ],
)
def test_the_name_of_a_file_is_shown_without_tricks(sent: str, shown: str) -> None:
    assert uploads.shown_name(sent) == shown


def test_a_kept_file_that_nobody_knows_goes_after_a_day(engine: Engine, settings: Settings) -> None:
    folder = settings.data_dir / uploads.FOLDER
    folder.mkdir(parents=True)

    def keep(name: str, age: timedelta) -> None:
        (folder / name).touch()
        moment: datetime = NOW - age
        os.utime(folder / name, (moment.timestamp(), moment.timestamp()))

    keep("bekend", timedelta(days=9))
    keep("onbekend", timedelta(hours=25))
    keep("bezig", timedelta(hours=1))
    with session_scope(engine, Access.system()) as session:
        session.add(Upload(ladingnummer="LD-2026-000001", bestand="bekend"))
    assert jobs.run_nightly(settings, engine, NOW)[jobs.SWEEP] == 1
    assert sorted(path.name for path in folder.iterdir()) == ["bekend", "bezig"]
