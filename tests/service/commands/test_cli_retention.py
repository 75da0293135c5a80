"""`rni retention` as a municipality runs it: from what is due to the verklaring, and the journal kept apart."""

import shutil
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.retention import journal
from service.settings import Settings
from tests.service.conftest import NOW as THEN
from tests.service.conftest import ROTTERDAM
from tests.service.retention import old_cases

from .test_cli import Rni, rni

__all__ = ["rni"]

LATER = old_cases.NOW


@pytest.fixture(autouse=True)
def _later(rni: Rni, monkeypatch: pytest.MonkeyPatch) -> None:
    """`rni` on the day on which the dossiers had their time."""
    monkeypatch.setattr(Settings, "now", lambda self: LATER)


@pytest.fixture
def numbers(engine: Engine, settings: Settings) -> list[str]:
    return old_cases.make(engine, settings, 3)


def test_the_whole_way_on_the_command_line(
    rni: Rni, engine: Engine, settings: Settings, numbers: list[str], tmp_path: Path
) -> None:
    told = rni("retention", "due", "--as", "tess", "--json").told
    assert {one["soort"]: one["aantal"] for one in told["aanDeBeurt"]} == {"dossiers": 3, "signaalgegevens": 3}
    assert "Circulaire" in told["aanDeBeurt"][0]["grondslag"]
    left_out = f"{numbers[1]}=nog in gebruik"
    made = rni(
        "retention", "propose", "dossiers", "--gemeente", ROTTERDAM, "--zonder", left_out, "--as", "tess", "--json"
    )
    nummer = made.told["lijst"]
    assert (made.code, made.told["aantallen"]["op_lijst"], made.told["aantallen"]["weggelaten"]) == (0, 2, 1)
    refused = rni("retention", "approve", nummer, "--as", "tess")
    assert refused.code == 4 and "Een ander keurt haar goed" in refused.err
    assert rni("retention", "destroy", nummer, "--as", "tess").code == 4
    assert rni("retention", "approve", nummer, "--as", "bea").code == 0
    done = rni("retention", "destroy", nummer, "--as", "tess", "--json")
    assert (done.code, done.told["klaar"], done.told["aantallen"]["vernietigd"]) == (0, True, 2)
    assert old_cases.numbers(engine) == [numbers[1]]
    out = tmp_path / "verklaring.pdf"
    assert rni("retention", "certificate", nummer, "--out", out, "--as", "tess").code == 0
    assert out.read_bytes().startswith(b"%PDF")
    assert rni("audit", "verify", "--as", "aad").code == 0
    apart = shutil.copy(journal.path_of(settings.data_dir), tmp_path / "apart.jsonl")
    again = rni("retention", "repeat", apart, "--as", "bea", "--json")
    assert (again.code, again.told["alWeg"], again.told["vernietigd"]) == (0, 2, 0)


def test_a_bewaarplicht_is_placed_and_lifted(rni: Rni, numbers: list[str]) -> None:
    held = rni("retention", "hold", numbers[0], "--reden", "Beroep bij de rechtbank.", "--as", "tess", "--json")
    assert held.code == 0 and held.told["zaaknummer"] == numbers[0]
    listed = rni("retention", "propose", "dossiers", "--gemeente", ROTTERDAM, "--as", "tess", "--json").told
    assert [one["nummer"] for one in listed["regels"]] == numbers[1:]
    assert rni("retention", "withdraw", listed["lijst"], "--reden", "toch niet", "--as", "tess").code == 0
    assert rni("retention", "hold", numbers[1], "--reden", "x", "--as", "anna").code == 4
    assert rni("retention", "release", numbers[0], "--reden", "De rechter besliste.", "--as", "tess").code == 0
    assert rni("retention", "release", numbers[0], "--reden", "nog eens", "--as", "tess").code == 4
    listed = rni("retention", "propose", "dossiers", "--gemeente", ROTTERDAM, "--as", "tess", "--json").told
    assert [one["nummer"] for one in listed["regels"]] == numbers


def test_who_may_not_hears_so_and_changes_nothing(rni: Rni, engine: Engine, numbers: list[str]) -> None:
    for words in (
        ("due", "--as", "anna"),
        ("propose", "dossiers", "--gemeente", ROTTERDAM, "--as", "dirk"),
        ("propose", "bestanden", "--as", "tess"),
        ("propose", "dossiers", "--gemeente", "0983", "--as", "tess"),
        ("repeat", __file__, "--as", "tess"),
        ("clean", "--as", "tess"),
    ):
        assert rni("retention", *words).code == 4, words
    assert rni("retention", "propose", "dossiers", "--as", "bea").code == 2
    assert old_cases.numbers(engine) == numbers


def test_free_space_is_overwritten_by_who_may(rni: Rni, settings: Settings, numbers: list[str]) -> None:
    ran = rni("retention", "clean", "--as", "bea", "--json")
    sqlite = settings.database_url.startswith("sqlite")
    assert (ran.code, ran.told) == ((0, {"overschreven": True}) if sqlite else (4, {"overschreven": False}))


def test_the_clock_goes_on_with_what_was_begun_and_begins_nothing(
    rni: Rni, engine: Engine, settings: Settings, numbers: list[str]
) -> None:
    listed = rni("retention", "propose", "dossiers", "--gemeente", ROTTERDAM, "--as", "tess", "--json").told["lijst"]
    assert rni("retention", "approve", listed, "--as", "bea").code == 0
    told = rni("clock", "--once", "--json").told
    assert (told["regels_vernietigd"], told["vernietiging_aan_de_beurt"]) == (0, 0)  # all of it is on a list
    assert old_cases.numbers(engine) == numbers


def test_what_is_over_by_itself_is_thrown_away_by_night(rni: Rni, engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        user = accounts.find_user(session, "anna")
        accounts.start_session(session, user, now=THEN, hours=10, toestel="Firefox")
    assert rni("clock", "--once", "--json").told["verlopen_gewist"] >= 1
