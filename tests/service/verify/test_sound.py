"""A sound installation: nothing is found in it, whatever happened there, and nothing is changed by looking."""

from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service import keys, process
from service.access import Access
from service.db import make_engine
from service.row_security import EVERYTHING
from service.settings import Settings
from service.verify.guards import IN_A_FILE, IN_A_SERVER
from service.verify.looking import CHECKS, Finding, Look
from service.verify.references import references
from service.verify.running import verify
from signals.base import table
from signals.keyring import use_keys
from signals.models import Signal
from tests.conftest import KEYS
from tests.importers.processes import contents
from tests.service.verify.lived import NOW, found_in, with_keys

pytestmark = pytest.mark.every_database
NEW = "een nieuwe sleutel van meer dan 32 tekens"


def test_nothing_is_found_where_much_happened_and_nothing_is_changed(copy: Settings) -> None:
    engine = make_engine(copy.database_url)
    before = contents(engine), {path: path.read_bytes() for path in copy.data_dir.rglob("*") if path.is_file()}
    verdict, findings = found_in(copy)
    assert not findings, [(finding.code, finding.waar, finding.bijzonder) for finding in findings]
    assert verdict.sound and [ran.naam for ran in verdict.controles] == list(CHECKS)
    after = contents(engine), {path: path.read_bytes() for path in copy.data_dir.rglob("*") if path.is_file()}
    assert before == after
    engine.dispose()


def test_what_the_lived_in_installation_has_is_worth_looking_at(copy: Settings) -> None:
    """So that no check is sound because there was nothing to look at."""
    verdict, _ = found_in(copy)
    looked = {ran.naam: ran.bekeken for ran in verdict.controles}
    may_see_nothing = {name for name, count in looked.items() if not count}
    engine = make_engine(copy.database_url)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        for name in ("ontvangen_stuk", "bezwaar", "verblijf", "klaargezette_brief", "huisbezoek", "walaa_vastlegging"):
            assert connection.execute(text(f"SELECT count(*) FROM {name}")).scalar_one(), name
        assert connection.execute(text("SELECT count(*) FROM zaak WHERE lading_id IS NOT NULL")).scalar_one() > 3
        assert connection.execute(text("SELECT count(*) FROM load WHERE status = 'ongedaan_gemaakt'")).scalar_one()
    engine.dispose()
    # those that ask the database for offenders only, and see none
    assert len(looked) - len(may_see_nothing) >= 15, sorted(may_see_nothing)


def test_an_empty_installation_is_sound(engine: Engine, tmp_path: Path) -> None:
    url = engine.url.render_as_string(hide_password=False)
    verdict, findings = found_in(Settings(database_url=url, data_dir=tmp_path))
    assert verdict.sound, findings


class Killed(BaseException):
    """What a kill looks like from inside."""


def test_half_way_a_rotation_of_keys_it_is_sound_with_both(copy: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = make_engine(copy.database_url)
    use_keys((NEW.encode(), *KEYS))
    monkeypatch.setattr(keys, "PIECE", 7)

    def kill(rows: int) -> None:
        if rows:
            raise Killed

    with pytest.raises(Killed):
        keys.rotate(engine, kill)
    both = with_keys(copy, NEW, KEYS[0].decode())
    verdict, findings = found_in(both)
    assert verdict.sound, [(finding.code, finding.waar) for finding in findings]
    keys.rotate(engine)
    assert found_in(both)[0].sound
    assert "verzegeling_onleesbaar" in found_in(copy)[0].aantallen  # without the new key
    engine.dispose()


def test_every_trigger_of_the_database_is_known(engine: Engine) -> None:
    asked = {
        "sqlite": "SELECT name, tbl_name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname, tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal",
    }[engine.dialect.name]
    with engine.connect() as connection:
        ours = {each.name for each in table(Signal).metadata.sorted_tables}
        there = {name: of for name, of in connection.execute(text(asked)) if of in ours}
    assert there == dict(IN_A_FILE if engine.dialect.name == "sqlite" else IN_A_SERVER)


def test_what_points_without_a_foreign_key_is_looked_at_too() -> None:
    looked_at = {(column.table.name, column.name) for column, _ in references()}
    assert ("gebeurtenis", "zaak_id") in looked_at and ("signal", "load_id") in looked_at
    named = {
        (each.name, column.name)
        for each in table(Signal).metadata.sorted_tables
        for column in each.columns
        if column.name.endswith("_id") and column.name not in ("span_id", "trace_id", "parent_span_id")
    }
    # numbers that are no reference: of a person, of a processing, and of what is not kept for ever
    others = {"data_subject_id", "processing_activity_id", "audit_id", "zegel_id", "regel_id"}
    assert {(of, name) for of, name in named if name not in others} <= looked_at


def test_what_is_committed_meanwhile_is_not_seen(copy: Settings) -> None:
    """All checks see one moment: else a step taken between two of them would be told as damage."""
    engine = make_engine(copy.database_url)
    process.begin(copy)

    def step_between(name: str, look: Look) -> None:
        if name == [*CHECKS][1]:
            with engine.execution_options(**EVERYTHING).begin() as connection:
                connection.execute(text("UPDATE zaak SET versie = versie + 1"))

    found: list[Finding] = []
    assert verify(engine, copy, Access.system(), NOW, found.append, step_between).sound, found
    engine.dispose()
    assert "gebeurtenissen_onvolledig" in found_in(copy)[0].aantallen
