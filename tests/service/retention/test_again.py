"""After a restore: a real copy of database and files from before, and the journal that was kept apart."""

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import make_engine, session_scope
from service.files import storage
from service.retention import again, journal
from service.settings import Settings
from signals.errors import Refused
from signals.keyring import use_keys
from tests.conftest import KEYS
from tests.databases import Databases
from tests.service.conftest import ROTTERDAM, access
from tests.service.retention import old_cases, steps
from tests.service.retention.old_cases import NOW
from workflow.retention_models import Certificate, DestructionList

pytestmark = pytest.mark.every_database


@pytest.fixture
def backup(engine: Engine, settings: Settings, databases: Databases, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """Three dossiers with their documents, in the copy too: of the database its address, of the files the folder."""
    old_cases.make(engine, settings, 3)
    engine.dispose()
    if engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(str(engine.url.database))) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    url = databases.copy(settings.database_url)
    shutil.copytree(settings.data_dir, tmp_path / "back-up")
    yield url, tmp_path / "back-up"
    databases.drop(url)


def restored(backup: tuple[str, Path], settings: Settings) -> tuple[Engine, Settings]:
    url, folder = backup
    return make_engine(url), settings.model_copy(update={"database_url": url, "data_dir": folder})


def documents(settings: Settings) -> int:
    return len(list((settings.data_dir / storage.DOCUMENTS).iterdir()))


def test_what_was_destroyed_after_the_back_up_goes_again(
    engine: Engine, settings: Settings, backup: tuple[str, Path], tmp_path: Path
) -> None:
    first = steps.carried_out(engine, settings)
    apart = shutil.copy(journal.path_of(settings.data_dir), tmp_path / "apart.jsonl")
    there, here = restored(backup, settings)
    assert len(old_cases.numbers(there)) == 3 and documents(here) == 3
    done = again.repeat(there, here, access(there, "bea"), Path(apart), NOW)
    assert (done.vernietigd, done.weg, done.gebleven, done.klaar) == (3, 0, [], True)
    assert old_cases.numbers(there) == [] and documents(here) == 0
    with session_scope(there, Access.system(), write=False) as session:
        row = session.exec(select(DestructionList)).one()
        assert row.herhaling_van == first and row.nummer != first  # that number is taken, also here
        made = session.exec(select(Certificate)).one()
        assert first in str(made.inhoud) and "al eens vernietigd" in made.inhoud["inleiding"]
    once_more = again.repeat(there, here, access(there, "bea"), Path(apart), NOW)
    assert (once_more.vernietigd, once_more.weg, once_more.lijsten) == (0, 3, [])
    there.dispose()


def test_what_changed_since_stays_and_is_told(
    engine: Engine, settings: Settings, backup: tuple[str, Path], tmp_path: Path
) -> None:
    steps.carried_out(engine, settings)
    there, here = restored(backup, settings)
    held, *_ = old_cases.numbers(there)

    old_cases.change(there, held, old_cases.hold)
    done = again.repeat(there, here, access(there, "bea"), journal.path_of(settings.data_dir), NOW)
    assert done.vernietigd == 2 and [number for number, _ in done.gebleven] == [held]
    assert "bewaarplicht" in done.gebleven[0][1]
    assert old_cases.numbers(there) == [held] and documents(here) == 1
    there.dispose()


def test_a_journal_that_somebody_changed_destroys_nothing(
    engine: Engine, settings: Settings, backup: tuple[str, Path], tmp_path: Path
) -> None:
    steps.carried_out(engine, settings)
    there, here = restored(backup, settings)
    lines = journal.path_of(settings.data_dir).read_text().splitlines(keepends=True)
    for number, changed in enumerate((lines[1:], [lines[0].replace("0599", "0344"), *lines[1:]], ["x\n"])):
        path = tmp_path / f"{number}.jsonl"
        path.write_text("".join(changed))
        with pytest.raises(Refused) as refused:
            again.repeat(there, here, access(there, "bea"), path, NOW)
        assert refused.value.reasons[0].code == "journaal_gewijzigd"
    assert len(old_cases.numbers(there)) == 3
    there.dispose()


def test_a_journal_under_another_key_destroys_nothing(
    engine: Engine, settings: Settings, backup: tuple[str, Path]
) -> None:
    steps.carried_out(engine, settings)
    there, _ = restored(backup, settings)
    use_keys([b"van een ander, en zeker zo lang als de onze"])
    with pytest.raises(Refused, match="sleutel_ontbreekt"):
        journal.read(journal.path_of(settings.data_dir))
    use_keys(KEYS)
    assert len(old_cases.numbers(there)) == 3
    there.dispose()


def test_a_journal_that_somebody_made_up_takes_nothing_before_its_time(
    engine: Engine, settings: Settings, tmp_path: Path
) -> None:
    """Who has the keys of the installation can write one: then the second person would be passed by."""
    old_cases.make(engine, settings, 1)
    (number,) = old_cases.numbers(engine)
    made_up = {
        "lijst": "VL-2027-0001", "soort": "dossiers", "gemeentecode": ROTTERDAM, "object": "zaak", "nummer": number,
        "sinds": old_cases.CLOSED.isoformat(), "termijn": 0, "signalen": [], "op": "2027-06-01T10:00:00+02:00",
    }  # fmt: skip
    facts = made_up | {"lijst": "VL-2027-0002", "soort": "signaalgegevens", "object": "signaalgegevens"}
    path = tmp_path / "zelf.jsonl"
    journal.append(path, [made_up, facts])
    early = NOW.replace(year=2027, month=1)
    done = again.repeat(engine, settings, access(engine, "bea"), path, early)
    assert (done.vernietigd, done.lijsten) == (0, [])
    told = (number, "De bewaartermijn is nog niet voorbij.")
    assert done.gebleven == [told, told]
    assert old_cases.numbers(engine) == [number] and documents(settings) == 1
    assert again.repeat(engine, settings, access(engine, "bea"), path, NOW).vernietigd == 1
    with session_scope(engine, Access.system(), write=False) as session:
        assert 0 not in session.exec(select(DestructionList.termijn)).all(), "visits without a case go by it too"


def test_a_line_cut_off_by_a_kill_is_written_again(settings: Settings) -> None:
    path = journal.path_of(settings.data_dir)
    line = {
        "lijst": "VL-2037-0001", "soort": "dossiers", "gemeentecode": "0599", "object": "zaak", "nummer": "Z-1",
        "sinds": "2026-04-13", "termijn": 10, "signalen": [], "op": "2037-06-01T10:00:00+02:00",
    }  # fmt: skip
    assert journal.append(path, [line]) == 1
    with path.open("ab") as file:
        file.write(b'{"lijst": "VL-2037-0001", "obj')
    assert journal.append(path, [line, line | {"nummer": "Z-2"}]) == 1
    assert [told["nummer"] for told in journal.read(path)] == ["Z-1", "Z-2"]
