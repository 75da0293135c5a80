"""`rni audit verify` as an operator runs it, on a service that was used."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service.access import Access
from service.db import session_scope
from service.log import audit, chain
from service.settings import Settings

from ..conftest import NOW, ROTTERDAM, owning
from .test_cli import Rni, rni

__all__ = ["rni"]


@pytest.fixture
def used(engine: Engine, settings: Settings) -> Engine:
    for place in range(5):
        with session_scope(engine, Access.system()) as session:
            audit.record(session, "aanmelden", f"gebruiker-{place}", NOW, gemeentecode=ROTTERDAM)
    return engine


def tamper(engine: Engine, statement: str) -> None:
    """As somebody does who may do everything in the database."""
    with owning(engine) as connection:
        drop = "DROP TRIGGER audit_geen_update" if engine.dialect.name == "sqlite" else None
        connection.execute(text(drop or "DROP TRIGGER audit_alleen_toevoegen ON audit"))
        connection.execute(text(statement))


def test_a_whole_log_is_told_with_its_heads(rni: Rni, used: Engine) -> None:
    ran = rni("audit", "verify", "--json")
    assert (ran.code, ran.told["status"], ran.told["regels"], ran.told["fout"]) == (0, "ongeschonden", 5, None)
    assert ran.told["koppen"][ROTTERDAM][0] == 5
    ran = rni("audit", "verify", "--as", "aad")
    assert ran.code == 0
    assert "Er is niets gewijzigd, verwijderd, ingevoegd of verplaatst." in ran.out
    assert "project: 1 " in ran.out  # that it was checked stands in the log too


def test_the_first_broken_entry_is_told_and_the_exit_is_4(rni: Rni, used: Engine) -> None:
    assert rni("audit", "verify").code == 0
    tamper(used, "UPDATE audit SET actor = 'bram' WHERE object = 'gebruiker-3'")
    ran = rni("audit", "verify", "--json")
    assert ran.code == 4
    fault = ran.told["fout"]
    assert (ran.told["status"], fault["soort"], fault["volgnummer"]) == ("geschonden", "gewijzigd", 4)
    assert f"van gemeente {ROTTERDAM}" in fault["uitleg"]
    with session_scope(used, Access.system(), write=False) as session:
        result = session.execute(text("SELECT resultaat FROM audit WHERE actie = 'logboek_gecontroleerd'"))  # type: ignore[deprecated,unused-ignore]
        assert result.scalars().all() == ["gelukt", "geweigerd"]


def test_heads_kept_elsewhere_are_compared(rni: Rni, used: Engine, settings: Settings, tmp_path: Path) -> None:
    assert rni("audit", "verify").code == 0
    kept = tmp_path / "koppen.json"
    kept.write_bytes(chain.heads_file(settings.data_dir).read_bytes())
    assert rni("audit", "verify", "--koppen", kept).code == 0
    kept.write_text(json.dumps({ROTTERDAM: [900, "0" * 64]}))
    ran = rni("audit", "verify", "--koppen", kept)
    assert ran.code == 4
    assert "hoort minstens 900 regels te hebben" in ran.out
    kept.write_text("geen koppen")
    ran = rni("audit", "verify", "--koppen", kept)
    assert ran.code == 2
    assert "staan geen ketenkoppen" in ran.err


def test_a_file_of_heads_that_is_gone_is_a_fault_and_is_not_made_anew(
    rni: Rni, used: Engine, settings: Settings, tmp_path: Path
) -> None:
    assert rni("audit", "verify").code == 0
    path, kept = chain.heads_file(settings.data_dir), tmp_path / "koppen.json"
    path.rename(kept)
    ran = rni("audit", "verify", "--json")
    assert (ran.code, ran.told["fout"]["soort"]) == (4, "koppen_ontbreken")
    assert "--koppen" in ran.told["fout"]["uitleg"]
    rni("clock", "--once")
    assert not path.exists()
    told = json.loads(kept.read_text())
    kept.write_text(json.dumps(told | {ROTTERDAM: [900, "0" * 64]}))
    assert rni("audit", "verify", "--koppen", kept).code == 4
    assert not path.exists(), "what was not proved is not told"
    kept.write_text(json.dumps(told))
    assert rni("audit", "verify", "--koppen", kept).code == 0
    assert path.exists()
    assert rni("audit", "verify").code == 0


@pytest.mark.parametrize("name", ["anna", "ulla", "coen", "tess"])
def test_checking_is_for_the_auditor_and_the_beheerder(rni: Rni, used: Engine, name: str) -> None:
    ran = rni("audit", "verify", "--as", name)
    assert ran.code == 4
    assert "auditor of beheerder" in ran.err
