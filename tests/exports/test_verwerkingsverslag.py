"""The verwerkingsverslag says what is wrong with each row, and mended in a spreadsheet it loads again as it is."""

from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet
from sqlmodel import Session, col, select

from exports import verwerkingsverslag
from importers.explanations import MEANINGS
from importers.load import check, load
from service.loading import load_report
from signals.models import Load, RejectedRow, Signal
from tests.importers.deliveries import NOW, SAMPLES, TODAY, row, take_in, write_csv
from workflow.intake import CaseHistory

PEOPLE = ("999990019", "999990020", "999990032", "999990044", "999990056")


def report(session: Session, loaded: Load, path: Path) -> Path:
    assert NOW.tzinfo
    load_report.write_loaded(session, loaded, path, NOW.tzinfo)
    return path


def headings(sheet: Worksheet) -> list[str]:
    return [str(cell.value or "") for cell in sheet[1]]


def cell(sheet: Worksheet, heading: str, line: int) -> Any:
    return sheet.cell(line, headings(sheet).index(heading) + 1)


def faulty_delivery(path: Path) -> Path:
    """Five rows: one good, one good again (double), three faulty."""
    good = row(signaalnummer="T-1")
    return write_csv(
        path,
        [
            good,
            good,
            row(signaalnummer="T-2", bsn="99999002", huisletter="AB", werkgever='=HYPERLINK("x")'),
            row(signaalnummer="T-3", bsn=PEOPLE[2], postcode="0000AA", datum_vanaf="later"),
            row(signaalnummer="T-4", bsn=PEOPLE[3], gemeentecode="1999"),
        ],
    )


@pytest.fixture
def loaded(session: Session, tmp_path: Path) -> Load:
    return take_in(session, faulty_delivery(tmp_path / "levering.csv"))


def test_the_summary_tells_of_file_layout_times_and_counts(session: Session, loaded: Load, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(report(session, loaded, tmp_path / "verslag.xlsx"))
    assert book.sheetnames == ["Samenvatting", "Afgekeurd", "Waarschuwingen", "Toelichting"]
    told = {line[0]: line[1] for line in book["Samenvatting"].iter_rows(min_row=2, values_only=True)}
    assert (told["bestandsnaam"], told["sha256"], told["layout"]) == ("levering.csv", loaded.sha256, "uwv_2026_1")
    assert (told["geleverd"], told["geaccepteerd"], told["dubbel"], told["afgekeurd"]) == (5, 1, 1, 3)
    assert told["geladen_op"] == NOW.replace(tzinfo=None)
    assert told["datum_ontvangst"].date() == TODAY
    assert told["reden: gemeentecode_rni"] == 1


def test_faulty_cells_are_coloured_where_they_stood_and_explained(
    session: Session, loaded: Load, tmp_path: Path
) -> None:
    sheet = openpyxl.load_workbook(report(session, loaded, tmp_path / "verslag.xlsx"))["Afgekeurd"]
    assert headings(sheet) == ["regel", "codes", "uitleg", *row()]
    assert [cell(sheet, "regel", line).value for line in range(2, sheet.max_row + 1)] == [4, 5, 6]
    second = {name for name in row() if cell(sheet, name, 3).fill.fgColor.rgb == "FFF4B6B6"}
    assert second == {"postcode", "datum_vanaf"}
    assert cell(sheet, "codes", 3).value == "datum_ongeldig, postcode_ongeldig"
    assert "postcode" in cell(sheet, "uitleg", 3).value
    assert cell(sheet, "bsn", 2).value == "99999002"
    formula = cell(sheet, "werkgever", 2)
    assert (formula.value, formula.data_type) == ('=HYPERLINK("x")', "s")


def test_mended_in_a_spreadsheet_and_saved_it_loads_as_it_is(session: Session, loaded: Load, tmp_path: Path) -> None:
    path = report(session, loaded, tmp_path / "verslag.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["Afgekeurd"]
    cell(sheet, "bsn", 2).value = int(PEOPLE[1])  # a spreadsheet makes a number of what is typed
    cell(sheet, "huisletter", 2).value = "A"
    cell(sheet, "postcode", 3).value = "3181 JJ"
    cell(sheet, "datum_vanaf", 3).value = NOW.replace(year=2025, hour=0, minute=0, tzinfo=None)
    book.save(path)
    again = take_in(session, path)
    assert (again.geleverd, again.geaccepteerd, again.afgekeurd, again.dubbel) == (3, 2, 1, 0)
    assert again.redenen == {"gemeentecode_rni": 1}
    assert "onbekende_kolom" not in again.waarschuwingen
    assert again.leveringsnummer == loaded.leveringsnummer
    taken = {signal.signaalnummer: signal for signal in session.exec(select(Signal).where(Signal.load_id == again.id))}
    assert taken.keys() == {"T-2", "T-3"}
    assert (taken["T-2"].bsn, taken["T-2"].werkgever) == (PEOPLE[1], '=HYPERLINK("x")')
    assert (taken["T-3"].postcode, taken["T-3"].datum_vanaf.year) == ("3181JJ", 2025)

    path = report(session, again, tmp_path / "verslag-2.xlsx")
    book = openpyxl.load_workbook(path)
    sheet = book["Afgekeurd"]
    assert headings(sheet) == ["regel", "codes", "uitleg", *row()]
    assert cell(sheet, "regel", 2).value == 4
    cell(sheet, "gemeentecode", 2).value = "0599"
    book.save(path)
    last = take_in(session, path)
    assert (last.geleverd, last.geaccepteerd, last.afgekeurd) == (1, 1, 0)


@pytest.mark.parametrize("name", ["uwv_2026_1-codes.csv", "uwv_2026_1-codes.xlsx", "uwv_kort_1.csv"])
def test_unmended_it_is_rejected_for_the_same_reasons(session: Session, tmp_path: Path, name: str) -> None:
    """Every code about a row that our own samples hold, also cells beyond the header."""
    sample = SAMPLES / "layouts" / name
    loaded = take_in(session, sample)
    before = {
        (one.signaalnummer, *one.codes)
        for one in session.exec(select(RejectedRow).where(RejectedRow.load_id == loaded.id))
        if one.uitkomst == "afgekeurd"
    }
    assert before
    assert any("te_veel_cellen" in codes for codes in before) == name.startswith("uwv_2026_1-codes")
    again = take_in(session, report(session, loaded, tmp_path / "verslag.xlsx"))
    assert again.geleverd == loaded.afgekeurd
    # What was faulty only beside an earlier row of its own file, or for a sign no spreadsheet holds, may be good now.
    beside = {"signaalnummer_dubbel_in_levering", "leveringsnummer_wijkt_af", "ongeldig_teken"}
    after = {
        (one.signaalnummer, *one.codes)
        for one in session.exec(select(RejectedRow).where(RejectedRow.load_id == again.id))
    }
    assert {each for each in before if beside.isdisjoint(each)} <= after


def test_warnings_are_told_by_row_and_those_of_the_file_first(session: Session, tmp_path: Path) -> None:
    rows = [
        row(signaalnummer="T-1", adresbron="WERKGEVER") | {"kleur": "rood"},
        row(signaalnummer="T-2", bsn=PEOPLE[1]) | {"kleur": ""},
    ]
    loaded = take_in(session, write_csv(tmp_path / "kleur.csv", rows))
    sheet = openpyxl.load_workbook(report(session, loaded, tmp_path / "verslag.xlsx"))["Waarschuwingen"]
    lines = [line[:3] for line in sheet.iter_rows(min_row=2, values_only=True)]
    assert lines == [(None, None, "onbekende_kolom"), (2, "T-1", "adres_van_werkgever")]


def test_a_check_has_the_same_report_as_the_load_after_it(session: Session, tmp_path: Path) -> None:
    path = SAMPLES / "demo" / "LRNI-2026-07.csv"
    asked: dict[str, Any] = {"file_name": path.name, "received": TODAY}
    checked = check(session, path, history=CaseHistory(session, TODAY), today=TODAY, **asked)
    would = load_report.unsaved(path, checked, received=TODAY, now=NOW, door="ulla")
    history = CaseHistory(session, TODAY)
    done = load(session, path, history=history, door="ulla", now=NOW, **asked)
    assert NOW.tzinfo
    streams = BytesIO(), BytesIO()
    load_report.write_checked(would, checked, streams[0], NOW.tzinfo)
    load_report.write_loaded(session, done, streams[1], NOW.tzinfo)
    sheets = [openpyxl.load_workbook(stream) for stream in streams]
    for name in ("Afgekeurd", "Waarschuwingen"):
        first, second = (list(book[name].iter_rows(values_only=True)) for book in sheets)
        assert first == second
        assert len(first) > 1


def test_a_refused_file_has_a_report_without_rows() -> None:
    refused = Load(
        ladingnummer="LD-2026-000001",
        status="geweigerd",
        bestandsnaam="x.csv",
        sha256="0" * 64,
        datum_ontvangst=TODAY,
        aangeboden_op=NOW,
        door="ulla",
        reden="kop_onbekend",
        uitleg="Vul de kopregel aan.",
    )
    stream = BytesIO()
    assert NOW.tzinfo
    verwerkingsverslag.write(stream, refused, tuple, (), meanings=MEANINGS, zone=NOW.tzinfo)
    book = openpyxl.load_workbook(stream)
    told = {line[0]: line[1] for line in book["Samenvatting"].iter_rows(min_row=2, values_only=True)}
    assert (told["reden"], told["uitleg"]) == ("kop_onbekend", "Vul de kopregel aan.")
    assert "geleverd" not in told
    assert verwerkingsverslag.file_name(refused, NOW.tzinfo) == "verwerkingsverslag-LD-2026-000001-20260901.xlsx"
    refused.geladen_op = datetime(2026, 8, 31, 22, 30, tzinfo=UTC)
    in_zone = verwerkingsverslag.file_name(refused, ZoneInfo("Europe/Amsterdam"))
    assert in_zone == "verwerkingsverslag-LD-2026-000001-20260901.xlsx", "the day here, not that of UTC"


def test_double_rows_are_not_among_the_rejected(session: Session, loaded: Load) -> None:
    rows = session.exec(select(RejectedRow).order_by(col(RejectedRow.regel))).all()
    assert [one.uitkomst for one in rows] == ["dubbel", "afgekeurd", "afgekeurd", "afgekeurd"]
