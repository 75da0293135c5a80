"""`--report` and `rni undo`: what they write, print and refuse."""

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook

from service.settings import Settings
from tests.importers.deliveries import row, write_csv
from tests.service.commands.test_cli import JULY, Rni, rni, rows

__all__ = ["rni"]


def small(folder: Path, name: str = "klein") -> Path:
    """One good row and one faulty."""
    number = f"LRNI-2026-{len(name):02d}"
    good = row(leveringsnummer=number, signaalnummer=f"{name}-1", bsn="999990056")
    return write_csv(folder / f"{name}.csv", [good, row(leveringsnummer=number, signaalnummer=f"{name}-2", bsn="12")])


def sheet(path: Path, name: str) -> list[tuple[object, ...]]:
    return list(load_workbook(path)[name].values)


def test_check_and_load_write_the_same_report_and_print_the_same_object(rni: Rni, tmp_path: Path) -> None:
    path, out = small(tmp_path), tmp_path / "verslag.xlsx"
    checked = rni("check", path, "--json", "--report", out, "--as", "ulla")
    assert (checked.code, checked.told["afgekeurd"]) == (3, 1)
    would = sheet(out, "Afgekeurd")
    assert len(would) == 2
    loaded = rni("load", path, "--json", "--report", out, "--as", "ulla")
    assert (loaded.code, loaded.told["afgekeurd"]) == (3, 1)
    assert sheet(out, "Afgekeurd") == would
    told = dict(line[:2] for line in sheet(out, "Samenvatting"))
    assert (told["ladingnummer"], told["sha256"]) == (loaded.told["ladingnummer"], loaded.told["sha256"])


def test_a_report_mended_and_saved_loads_with_exit_0(rni: Rni, tmp_path: Path) -> None:
    out = tmp_path / "verslag.xlsx"
    said = rni("load", small(tmp_path), "--report", out)
    assert f"Verwerkingsverslag: {out}" in said.out
    book = load_workbook(out)
    faulty = next(cell for cell in book["Afgekeurd"][2] if cell.value == "12")
    faulty.value = "999990044"
    book.save(out)
    again = rni("load", out, "--json", "--report", tmp_path / "verslag-2.xlsx")
    assert (again.code, again.told["geaccepteerd"], again.told["waarschuwingen"]) == (0, 1, {})


def test_a_refused_file_has_its_reason_in_the_report(rni: Rni, tmp_path: Path) -> None:
    (tmp_path / "lijst.csv").write_text("a;b\n1;2\n")
    for command in ("check", "load"):
        out = tmp_path / f"{command}.xlsx"
        assert rni(command, tmp_path / "lijst.csv", "--report", out).code == 4
        assert dict(line[:2] for line in sheet(out, "Samenvatting"))["reden"] == "kop_onbekend"


@pytest.mark.parametrize("place", ["nergens/verslag.xlsx", "map", "klein.csv"])
def test_a_report_that_cannot_be_written_is_known_before_anything_is_loaded(
    rni: Rni, settings: Settings, tmp_path: Path, place: str
) -> None:
    (tmp_path / "map").mkdir()
    path = small(tmp_path)
    before = path.read_bytes()
    ran = rni("load", path, "--report", tmp_path / place)
    assert (ran.code, ran.out) == (2, "")
    assert "Het verslag" in ran.err
    assert rows(settings, "SELECT count(*) FROM load") == [(0,)]
    assert path.read_bytes() == before


def test_undo_takes_a_load_back_and_prints_the_proof(rni: Rni, settings: Settings, tmp_path: Path) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    path = small(tmp_path)
    number = rni("load", path, "--json").told["ladingnummer"]
    ran = rni("undo", number, "--as", "ulla")
    assert (ran.code, ran.err) == (0, "")
    assert "Weggehaald: 1 (signalen), 1 (zaken)" in ran.out
    assert re.search(r"controlegetal voor en na [0-9a-f]{64}\.", ran.out)
    stands = "SELECT status, afgekeurd FROM load WHERE ladingnummer = "
    assert rows(settings, f"{stands}'{number}'") == [("ongedaan_gemaakt", 1)]
    logged = rows(settings, "SELECT actor, object FROM audit WHERE actie = 'lading_ongedaan_gemaakt'")
    assert logged == [("ulla", number)]
    assert rni("load", path, "--json").told["geaccepteerd"] == 1


def test_undo_exits_4_with_every_reason(rni: Rni, settings: Settings) -> None:
    rni("load", JULY, "--received", "2026-07-06")
    (number,) = rows(settings, "SELECT ladingnummer FROM load")[0]
    before = rows(settings, "SELECT count(*) FROM signal")
    ran = rni("undo", number)
    assert (ran.code, ran.out) == (4, "")
    assert "lopende" in ran.err or "er al was" in ran.err
    assert rni("undo", "LD-2026-000099").code == 4
    assert rni("undo", number, "--as", "tess").code == 4
    assert rows(settings, "SELECT count(*) FROM signal") == before
