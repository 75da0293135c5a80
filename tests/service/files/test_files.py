"""Files that the service makes: for its own user only, under harmless names, and gone when nobody knows them."""

import os
import stat
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from serving import Installation
from sqlalchemy import Engine

from importers.refusals import FileRefused
from service import jobs, work_signs
from service.access import Access
from service.db import session_scope
from service.files import storage
from service.loading import deliveries, findings, uploads, yields
from service.models import Upload
from service.settings import Settings
from signals.models import LoadStatus
from tests.importers.deliveries import row, write_csv

from ..commands.test_cli import JULY
from ..conftest import NOW, access
from .icap_server import EICAR


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
        ("brief 9999.00.018.txt", "brief ***********.txt"),
        ("brief 9999 00 018.txt", "brief ***********.txt"),
        ("0999900018.pdf", "**********.pdf"),
        ("٩٩٩٩٠٠٠١٨.pdf", "*********.pdf"),
        ("verslag 2026-07-06 10.30.pdf", "verslag 2026-07-06 10.30.pdf"),
        ("C:\\Users\\anna\\levering.xlsx", "levering.xlsx"),
        ("../../etc/levering.csv", "levering.csv"),
        ("lever\u202exslx.csv", "leverxslx.csv"),
        ("een\ntwee\x1b[2J.csv", "eentwee[2J.csv"),
        ("signaal 999900018.csv", "signaal *********.csv"),
        ("levering-20260706120000.csv", "levering-20260706120000.csv"),
    ],
)
def test_the_name_of_a_file_is_shown_without_tricks(sent: str, shown: str) -> None:
    assert storage.shown_name(sent) == shown


def test_a_kept_file_that_nobody_knows_goes_after_a_day(engine: Engine, settings: Settings) -> None:
    folder = settings.data_dir / storage.RECEIVED
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


def test_what_a_check_found_goes_once_its_upload_no_longer_waits(engine: Engine, settings: Settings) -> None:
    path = write_csv(settings.data_dir.parent / "een.csv", [row(), row(signaalnummer="T-2", bsn="12")])
    liaison = access(engine, "ulla")
    with session_scope(engine, liaison.widened()) as session, path.open("rb") as stream:
        kept = storage.keep(settings, stream)
        load = deliveries.offer(session, settings, liaison, kept, path.name, received=NOW.date(), now=NOW)
    folder = settings.data_dir / findings.FOLDER
    old = (NOW - timedelta(days=2)).timestamp()
    (settings.data_dir / work_signs.FOLDER).mkdir()
    left = settings.data_dir / work_signs.FOLDER / "dood.voortgang"
    left.touch()
    for each in (left, kept, *folder.iterdir()):
        os.utime(each, (old, old))
    assert jobs.run_nightly(settings, engine, NOW)[jobs.SWEEP] == 1
    assert not left.exists()
    assert sorted(each.suffix for each in folder.iterdir()) == [".rijen", ".waarschuwingen"]
    assert [stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()] == [0o600, 0o600]
    assert [found.signaalnummer for found in findings.rejected(settings, kept.name)] == ["T-2"]
    with session_scope(engine, liaison.widened()) as session:
        deliveries.confirm(session, settings, liaison, load.ladingnummer, NOW)
    assert jobs.run_nightly(settings, engine, NOW)[jobs.SWEEP] == 2
    assert not list(folder.iterdir())
    assert kept.exists()


def test_nothing_is_kept_of_a_file_with_malware(engine: Engine, settings: Settings, tmp_path: Path) -> None:
    scanner = tmp_path / "scanner"
    scanner.write_text("#!/bin/sh\ngrep -qF 'EICAR-STANDARD-' \"$1\" && exit 1\nexit 0\n")
    scanner.chmod(0o700)
    guarded = settings.model_copy(update={"scan_command": str(scanner)})
    bad = tmp_path / "besmet.csv"
    bad.write_bytes(b"a;b\n" + EICAR)
    liaison = access(engine, "ulla")
    with session_scope(engine, liaison.widened()) as session, bad.open("rb") as stream:
        kept = storage.keep(guarded, stream)
        load = deliveries.offer(session, guarded, liaison, kept, bad.name, received=NOW.date(), now=NOW)
    assert (load.status, load.reden) == (LoadStatus.GEWEIGERD, "malware")
    with bad.open("rb") as stream:
        kept = storage.keep(guarded, stream)
    load = uploads.load_file(engine, liaison, kept, bad.name, received=NOW.date(), now=NOW, settings=guarded)
    assert load.reden == "malware"
    with (
        bad.open("rb") as stream,
        pytest.raises(FileRefused, match="malware"),
        session_scope(engine, liaison.widened()) as session,
    ):
        yields.load(session, guarded, stream, file_name=bad.name, door="ulla", now=NOW)
    assert not list((settings.data_dir / storage.RECEIVED).iterdir())
