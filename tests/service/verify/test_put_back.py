"""A back-up, years of work and destruction, the machine lost, a restore: then what was destroyed goes once more."""

import shutil
from pathlib import Path

import pytest

from service import process
from service.backup.making import make
from service.backup.restoring import restore
from service.db import make_engine, upgrade
from service.loading import uploads
from service.log import chain
from service.retention import again, journal
from service.settings import Settings
from tests.postgres import as_owner
from tests.service.verify.aged import FIRST, LATER, destroy
from tests.service.verify.lived import SYSTEM, found_in
from workflow.retention_models import Soort


@pytest.mark.every_database
def test_after_a_restore_what_was_destroyed_since_goes_again_and_nothing_is_found(
    copy: Settings, empty: Settings, tmp_path: Path
) -> None:
    process.begin(copy)
    copy = copy.model_copy(update={"database_owner_url": as_owner(copy.database_url)})
    engine = make_engine(copy.database_url)
    chain.seal(engine, copy.data_dir, LATER, everything=True)
    made = make(copy, tmp_path / "out", LATER)
    gone = sum(destroy(engine, copy, Soort.DOSSIERS, code, LATER) for code in FIRST)
    assert gone > 3
    uploads.sweep(engine, copy, LATER)
    engine.dispose()
    apart = shutil.copy(journal.path_of(copy.data_dir), tmp_path / "apart.jsonl")
    shutil.rmtree(copy.data_dir)

    restore(empty, made.folder)
    upgrade(empty.database_url, empty.database_owner_url)
    assert found_in(empty, LATER)[1] == []
    there = make_engine(empty.database_url)
    done = again.repeat(there, empty, SYSTEM, Path(apart), LATER)
    assert (done.vernietigd, done.weg, done.gebleven, done.klaar) == (gone, 0, [], True)
    uploads.sweep(there, empty, LATER)
    chain.seal(there, empty.data_dir, LATER, everything=True)
    there.dispose()
    verdict, findings = found_in(empty, LATER)
    assert verdict.sound, [(one.code, one.waar, one.bijzonder) for one in findings]
