"""The workbook says what the figures say, in real numbers."""

import io
from datetime import date, datetime

import openpyxl
import pytest

from exports.figures import FIGURES, figures
from exports.selection import Selection
from exports.workbook import write_workbook
from workflow.phases import Outcome

DAY = date(2026, 3, 31)


@pytest.fixture
def counted(session, build):
    build.close(build.case(), Outcome.AANGIFTE_GEDAAN, date(2026, 2, 3))
    build.close(build.case(), Outcome.OVERLEDEN, date(2026, 2, 4))
    build.case()
    return figures(session, Selection(), DAY)


def written(counted):
    stream = io.BytesIO()
    write_workbook(counted, stream)
    return openpyxl.load_workbook(stream)


def lines(sheet):
    header, *rows = sheet.iter_rows(values_only=True)
    return [dict(zip(header, row, strict=True)) for row in rows]


def test_every_figure_stands_in_the_workbook_with_its_definition(counted):
    book = written(counted)
    whole = {(row["Cijfer"], row["Onderdeel"]): row for row in lines(book["Cijfers"])}
    assert whole["Zaken", None]["Aantal"] == 3
    rate = whole["Trefkans", None]
    shown = tuple(rate[name] for name in ("Teller", "Noemer", "Waarde", "Laag", "Hoog"))
    assert shown == tuple(counted["cijfers"]["trefkans"].values())
    assert rate["Definitie"] == FIGURES["trefkans"].definitie
    assert whole["Resultaten", "overleden"]["Aantal"] == 1
    assert whole["Duur ontvangst tot eerste sluiting", None]["Km mediaan"] == 30
    assert {row["Naam"] for row in lines(book["Definities"])} == set(FIGURES)


def test_the_splits_stand_on_a_sheet_each(counted):
    book = written(counted)
    per = [row for row in lines(book["Per gemeente"]) if row["Cijfer"] == "Zaken"]
    assert [(row["Gemeente"], row["Aantal"]) for row in per] == [("0363", 3)]
    assert {"Per levering", "Per maand ontvangst", "Selectie", "Toelichting"} <= set(book.sheetnames)


def test_published_numbers_of_others_carry_their_period_and_source(counted):
    published = lines(written(counted)["Vergelijking LAA"])
    assert [row["Trefkans per adres"] for row in published] == [0.4, 0.5, 0.55, 0.47]
    assert all(row["Bron"] and isinstance(row["Van"], datetime) for row in published)


def test_numbers_are_shown_as_what_they_are(counted):
    sheet = written(counted)["Cijfers"]
    formats = {cell.value: cell.column for cell in sheet[1]}
    assert sheet.cell(2, formats["Waarde"]).number_format == "0.0%"
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref


def test_a_workbook_goes_to_a_file_too(counted, tmp_path):
    write_workbook(counted, tmp_path / "cijfers.xlsx")
    assert openpyxl.load_workbook(tmp_path / "cijfers.xlsx").sheetnames[0] == "Cijfers"


def test_the_public_workbook_says_that_it_is_rounded(session, counted):
    book = written(figures(session, Selection(), DAY, openbaar=True))
    remarks = [row["Uitleg"] for row in lines(book["Toelichting"])]
    assert any("afgerond op vijftallen" in remark for remark in remarks)
