"""`rni verify` as an operator runs it: what it prints, what it writes, how it ends, and who may."""

import json
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from service.access import Access
from service.db import session_scope
from service.log import audit
from service.settings import Settings
from service.verify.codes import CODES
from service.verify.looking import CHECKS

from ..conftest import NOW, ROTTERDAM, owning
from .test_cli import JULY, Rni, rni, rows

__all__ = ["rni"]


@pytest.fixture
def used(engine: Engine, rni: Rni) -> Engine:
    assert rni("load", JULY, "--received", "2026-07-06").code == 3
    with session_scope(engine, Access.system()) as session:
        audit.record(session, "aanmelden", "anna", NOW, gemeentecode=ROTTERDAM)
    return engine


def damage(engine: Engine, cases: int = 2) -> None:
    with owning(engine) as connection:
        connection.execute(text(f"UPDATE zaak SET versie = 7 WHERE id <= {cases}"))


def test_a_sound_installation_is_told_and_the_exit_is_0(rni: Rni, used: Engine, settings: Settings) -> None:
    before = rows(settings, "SELECT count(*) FROM audit")
    ran = rni("verify", "--json")
    assert (ran.code, ran.told["status"], ran.told["aantallen"], ran.told["bevindingen"]) == (0, "in_orde", {}, [])
    assert [one["naam"] for one in ran.told["controles"]] == list(CHECKS)
    assert sum(one["bekeken"] for one in ran.told["controles"]) > 100
    ran = rni("verify", "--as", "aad")
    assert (ran.code, ran.err) == (0, "")
    assert f"{len(CHECKS)} controles" in ran.out and "Er is niets gevonden." in ran.out
    assert rows(settings, "SELECT count(*) FROM audit") == before, "it changes nothing"


def test_each_finding_says_where_what_and_what_to_do_and_the_exit_is_4(rni: Rni, used: Engine) -> None:
    damage(used)
    ran = rni("verify", "--json")
    assert (ran.code, ran.told["status"]) == (4, "bevindingen")
    assert ran.told["aantallen"] == {"gebeurtenissen_onvolledig": 2}
    numbers = ["Z-2026-0000001", "Z-2026-0000002"]
    known = CODES["gebeurtenissen_onvolledig"]
    assert ran.told["bevindingen"] == [
        {"code": "gebeurtenissen_onvolledig", "waar": number, "uitleg": known.wat, "doen": known.doen}
        for number in numbers
    ]
    ran = rni("verify")
    assert ran.code == 4
    assert "gebeurtenissen_onvolledig (2)" in ran.out and f"Wat te doen: {known.doen}" in ran.out
    assert all(f"{number}: {known.wat}" in ran.out for number in numbers)
    assert "docs/beheer/controle.md" in ran.out


def test_a_file_has_every_finding_where_the_screen_has_some(rni: Rni, used: Engine, tmp_path: Path) -> None:
    damage(used, cases=30)
    out = tmp_path / "controle.jsonl"
    ran = rni("verify", "--out", out)
    assert ran.code == 4
    assert ran.out.count("Z-2026-") == 20 and "en nog 10; met --out" in ran.out
    *findings, verdict = map(json.loads, out.read_text().splitlines())
    assert len(findings) == 30 and {each["code"] for each in findings} == {"gebeurtenissen_onvolledig"}
    assert verdict["aantallen"] == {"gebeurtenissen_onvolledig": 30}
    assert [path.name for path in tmp_path.iterdir() if "controle" in path.name] == ["controle.jsonl"]


def test_no_number_or_name_of_a_person_is_told(rni: Rni, used: Engine, settings: Settings, tmp_path: Path) -> None:
    with owning(used) as connection:
        connection.execute(text("UPDATE zaak SET versie = 7, behandelaar = 'anna', adressleutel = '', bsn = NULL"))
        connection.execute(text("UPDATE signal SET gemeentecode = '9999', bsn = 'kapot'"))
    out = tmp_path / "controle.jsonl"
    ran = rni("verify", "--out", out)
    assert ran.code == 4
    said = ran.out + ran.err + out.read_text()
    told = rows(settings, "SELECT geslachtsnaam, signaalnummer FROM signal")
    names = {name for name, _ in told if len(name) > 4}  # a shorter one may be part of a word
    assert len(names) > 10
    assert not [word for word in names | {number for _, number in told} if word in said]
    assert not [word for word in said.replace('"', " ").split() if word.isdigit() and len(word) == 9]


def test_a_place_where_nothing_can_be_written_is_told_before_anything_is_looked_at(rni: Rni, used: Engine) -> None:
    ran = rni("verify", "--out", "/proc/nergens/controle.jsonl")
    assert (ran.code, ran.out) == (2, "")
    assert "Kies een map waarin u mag schrijven" in ran.err


@pytest.mark.parametrize("name", ["anna", "ulla", "coen", "tess"])
def test_looking_at_everything_is_for_the_auditor_and_the_beheerder(rni: Rni, used: Engine, name: str) -> None:
    ran = rni("verify", "--as", name)
    assert ran.code == 4
    assert "auditor of beheerder" in ran.err


def test_every_code_stands_in_the_page_for_who_runs_this() -> None:
    page = (Path(__file__).parents[3] / "docs" / "beheer" / "controle.md").read_text()
    for code, of in CODES.items():
        assert f"### `{code}`\n\n{of.wat} {of.doen}\n" in page, f"{code}: run make docs"
