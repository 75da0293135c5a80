"""How many rows a file seems to have, before anybody reads it."""

import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook

from service.loading.sizes import SMALL_ROWS, is_small, rows_of


@pytest.mark.parametrize(
    ("content", "rows"),
    [
        (b"a;b\n1;2\n3;4\n", 2),
        (b"a;b\r\n1;2\r\n3;4", 2),
        (b"a;b\n", 0),
        (b"a", 0),
        (b"", 0),
    ],
)
def test_the_rows_of_a_csv_are_its_lines_less_the_header(tmp_path: Path, content: bytes, rows: int) -> None:
    path = tmp_path / "lijst.csv"
    path.write_bytes(content)
    assert rows_of(path) == rows


def test_the_rows_of_an_xlsx_are_what_its_only_sheet_says(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for number in range(31):
        sheet.append([number, "x"])
    book.save(tmp_path / "lijst.xlsx")
    assert rows_of(tmp_path / "lijst.xlsx") == 30
    book.create_sheet("Nog een")
    book.save(tmp_path / "twee.xlsx")
    assert rows_of(tmp_path / "twee.xlsx") is None


def test_of_what_only_looks_like_an_xlsx_nothing_is_known(tmp_path: Path) -> None:
    (tmp_path / "stuk.xlsx").write_bytes(b"PK\x03\x04" + bytes(100))
    assert rows_of(tmp_path / "stuk.xlsx") is None
    with zipfile.ZipFile(tmp_path / "leeg.xlsx", "w") as archive:
        archive.writestr("xl/worksheets/sheet1.xml", "<worksheet/>")
    assert rows_of(tmp_path / "leeg.xlsx") is None


def test_a_file_is_small_by_its_rows_and_by_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "lijst.csv"
    path.write_bytes(b"x\n" * (SMALL_ROWS + 1))
    assert is_small(path, rows_of(path))
    path.write_bytes(b"x\n" * (SMALL_ROWS + 2))
    assert not is_small(path, rows_of(path))
    path.write_bytes(b"x" * 3_000_000)  # one line without end
    assert not is_small(path, rows_of(path))
    path.write_bytes(b"x" * 150_000)
    assert not is_small(path, None)
