"""Files as people and programs write them, and the ones that are refused whole."""

import contextlib
import csv
import datetime
import io
import random
import zipfile
from pathlib import Path

import pytest
from openpyxl import Workbook
from sqlmodel import Session, select

from importers import archive, delimited, identify, layouts, reader
from importers.load import check, record_refusal, summary
from importers.reader import open_table
from importers.refusals import FileRefused
from importers.xlsx import cell_text
from signals.models import Load, LoadStatus, Signal
from tests.importers.deliveries import COLUMNS, NOW, PLAIN, SAMPLES, TODAY, row, take_in, write_csv
from workflow import intake

SAMPLE = SAMPLES / "layouts" / "uwv_2026_1-codes.xlsx"
HEADER = ";".join(COLUMNS)
LINE = ";".join(PLAIN.values())


def read(path: Path) -> list[tuple[int, dict[str, str]]]:
    table = open_table(path, path.name, identify)
    return [
        (regel, dict(zip(chunk.cells.columns, cells, strict=True)))
        for chunk in table.chunks()
        for regel, cells in zip(chunk.regels, chunk.cells.iter_rows(), strict=True)
    ]


def refusal(path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert path.name in refused.value.uitleg
    return refused.value


def written(tmp_path: Path, content: bytes, name: str = "levering.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def workbook(tmp_path: Path, *rows: list[object], name: str = "levering.xlsx") -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for cells in rows:
        sheet.append(cells)
    book.save(tmp_path / name)
    return tmp_path / name


def repacked(tmp_path: Path, **changed: bytes) -> Path:
    """The sample workbook with other or more parts (`__` in a name is `/`)."""
    more = {name.replace("__", "/"): content for name, content in changed.items()}
    with zipfile.ZipFile(SAMPLE) as old, zipfile.ZipFile(tmp_path / "levering.xlsx", "w", zipfile.ZIP_DEFLATED) as new:
        for entry in old.namelist():
            if entry not in more:
                new.writestr(entry, old.read(entry))
        for entry, content in more.items():
            new.writestr(entry, content)
    return tmp_path / "levering.xlsx"


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("sep_line", ["", "sep={}\r\n", "SEP={}\n"])
def test_a_csv_reads_the_same_however_it_was_saved(
    tmp_path: Path, separator: str, encoding: str, sep_line: str
) -> None:
    rows = [row(geslachtsnaam="Müller", toelichting='zei "ja"; a,b\tc'), row(signaalnummer="T-2", toelichting="x\r\ny")]
    path = write_csv(tmp_path / "levering.csv", rows, separator=separator, encoding=encoding)
    bom = b"\xef\xbb\xbf" if encoding == "utf-8-sig" else b""
    path.write_bytes(bom + sep_line.format(separator).encode() + path.read_bytes().removeprefix(bom))
    assert read(path) == [(2, rows[0]), (3, rows[1])]


def test_regel_counts_what_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = written(tmp_path, f"\n{HEADER}\n{LINE}\n\n{';' * 29}\n{LINE}\n \n".encode())
    assert [regel for regel, _ in read(path)] == [3, 6]


def test_chunks_join_without_a_seam(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "CHUNK_ROWS", 3)
    rows = [row(signaalnummer=f"T-{number}") for number in range(10)]
    path = write_csv(tmp_path / "levering.csv", rows)
    assert [cells["signaalnummer"] for _, cells in read(path)] == [cells["signaalnummer"] for cells in rows]


def test_a_workbook_may_have_a_title_of_twenty_rows(tmp_path: Path) -> None:
    for height, fits in ((20, True), (21, False)):
        title: list[list[object]] = [["Levering"]] * height
        path = workbook(tmp_path, *title, list(COLUMNS), list(PLAIN.values()))
        if fits:
            assert [regel for regel, _ in read(path)] == [22]
        else:
            assert refusal(path).reden == "kop_onbekend"


def test_the_cells_of_a_workbook_as_text() -> None:
    assert cell_text(12.0) == "12" and cell_text(1.5) == "1.5"
    assert cell_text(datetime.date(2026, 3, 2)) == "2026-03-02"
    assert cell_text(datetime.datetime(2026, 3, 2)) == "2026-03-02"  # noqa: DTZ001 a spreadsheet knows no zone
    assert cell_text(datetime.datetime(2026, 3, 2, 9, 5)) == "2026-03-02 09:05:00"  # noqa: DTZ001
    assert cell_text(True) == "WAAR"


def test_a_report_that_comes_back_is_read_from_its_rejected_rows(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.title = "Samenvatting"
    sheet = book.create_sheet("Afgekeurd")
    sheet.append(["regel", *COLUMNS, "codes", "uitleg"])
    sheet.append([7, *PLAIN.values(), "bsn_ongeldig", "..."])
    book.save(tmp_path / "verslag.xlsx")
    table = open_table(tmp_path / "verslag.xlsx", "verslag.xlsx", identify)
    assert table.unknown == () and len(next(table.chunks()).cells) == 1


def test_headings_compare_without_case_space_and_dashes() -> None:
    for heading in ("Datum signaal", "DATUM-SIGNAAL", " datum_signaal "):
        assert identify([heading if name == "datum_signaal" else name for name in COLUMNS]).name == "uwv_2026_1"
    assert {layout.name for layout in layouts()} >= {"uwv_2026_1", "uwv_kort_1", "opbrengst_2026_1"}


def test_a_header_needs_a_postcode_or_a_street_with_a_place() -> None:
    without = [name for name in COLUMNS if name not in ("postcode", "straatnaam", "woonplaats")]
    assert identify([*without, "postcode"]).name == identify([*without, "straatnaam", "woonplaats"]).name
    with pytest.raises(FileRefused, match="kop_onbekend") as refused:
        identify([*without, "straatnaam"], "x.csv")
    assert "postcode of straatnaam en woonplaats" in refused.value.uitleg


def test_a_refused_header_names_what_is_missing_for_the_nearest(tmp_path: Path) -> None:
    path = written(tmp_path, HEADER.replace("bsn;", "").encode() + b"\n" + LINE.encode())
    assert "uwv_2026_1 ontbreekt: bsn." in refusal(path).uitleg


def test_a_yield_file_at_this_door_is_shown_the_other(tmp_path: Path) -> None:
    assert "opbrengst" in refusal(written(tmp_path, b"signaalnummer;soort;bedrag;peildatum\na;b;c;d\n")).uitleg


@pytest.mark.parametrize(
    ("content", "reden", "says"),
    [
        (b"", "kop_onbekend", "leeg"),
        (f"{HEADER}\n".encode(), "geen_gegevensrij", "regel 1"),
        (f"{HEADER};BSN\n{LINE};1\n".encode(), "kolom_dubbel", "BSN"),
        (f"{HEADER};x;X\n{LINE};1;2\n".encode(), "kolom_dubbel", "X"),
        (f'{HEADER}\n{LINE}\n{LINE[:-1]};"niet gesloten\n{LINE}\n'.encode(), "onleesbaar", "regel 2"),
        (HEADER.encode() + b"\n\x81\x8d\x8f\n", "onleesbaar", "Windows-1252"),
        (f"{HEADER}\n{LINE}\n".encode("utf-16"), "verkeerd_type", "UTF-16"),
        (b"\x1f\x8b\x08" + bytes(20), "verkeerd_type", "gzip"),
        (b"%PDF-1.7 ...", "verkeerd_type", "PDF"),
        (b"<html><table>", "verkeerd_type", "HTML"),
        (b"\x7fELF\x00\x01", "verkeerd_type", "binair"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "verkeerd_type", ".xls"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600) + "EncryptedPackage".encode("utf-16-le"),
            "versleuteld",
            "wachtwoord",
        ),
        (b"PK\x03\x04" + bytes(40), "onleesbaar", "zip"),
    ],
)
def test_what_is_refused_as_text_or_by_its_type(tmp_path: Path, content: bytes, reden: str, says: str) -> None:
    refused = refusal(written(tmp_path, content))
    assert refused.reden == reden and says in refused.uitleg


@pytest.mark.parametrize("mark", ["|", "x", " "])
def test_a_separator_that_is_not_allowed(tmp_path: Path, mark: str) -> None:
    lines = f"sep={mark}\n{HEADER}\n{LINE}\n".replace(";", mark)
    refused = refusal(written(tmp_path, lines.encode()))
    assert refused.reden == "onleesbaar" and f"sep={mark} noemt een ander scheidingsteken" in refused.uitleg


@pytest.mark.parametrize("size", [200_000, delimited.LONGEST_CELL])
def test_a_cell_of_any_length_is_a_cell_until_it_must_be_a_lost_quote(tmp_path: Path, size: int) -> None:
    path = write_csv(tmp_path / "levering.csv", [row(toelichting="x" * size)])
    assert len(read(path)[0][1]["toelichting"]) == size


def test_a_quote_that_swallows_the_file_is_told_with_its_place(
    tmp_path: Path,
) -> None:
    before = csv.field_size_limit(1000)
    try:
        path = written(tmp_path, f'{HEADER}\n{LINE[:-1]};"nooit gesloten\n{LINE * 20}'.encode())
        assert "na regel 1 kloppen de aanhalingstekens niet" in refusal(path).uitleg
    finally:
        csv.field_size_limit(before)


def test_a_zip_that_is_no_workbook(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("readme.txt", "x")
    assert refusal(written(tmp_path, buffer.getvalue(), "levering.xlsx")).reden == "verkeerd_type"


def test_a_zip_with_a_password(tmp_path: Path) -> None:
    content = bytearray(SAMPLE.read_bytes())
    for sign, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        at = content.find(sign)
        while at >= 0:
            content[at + offset] |= 1
            at = content.find(sign, at + 4)
    assert refusal(written(tmp_path, bytes(content), "levering.xlsx")).reden == "versleuteld"


def test_macros(tmp_path: Path) -> None:
    assert refusal(repacked(tmp_path, **{"xl__vbaProject.bin": b"x"})).reden == "macro"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_doctype_or_entity(tmp_path: Path, encoding: str) -> None:
    bomb = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaa">]><sst/>'.encode(encoding)
    refused = refusal(repacked(tmp_path, **{"xl__sharedStrings.xml": bomb}))
    assert refused.reden == "externe_entiteit" and "xl/sharedStrings.xml" in refused.uitleg


def test_a_doctype_on_the_seam_of_two_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archive, "_BLOCK", 7)
    content = b" " * 10 + b"<!DOCTYPE x>"
    assert refusal(repacked(tmp_path, **{"xl__sharedStrings.xml": content})).reden == "externe_entiteit"


def test_too_large_when_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = repacked(tmp_path, **{"xl__media__big.xml": bytes(30_000_000)})
    assert "200 keer" in refusal(path).uitleg
    monkeypatch.setattr(archive, "MAX_UNPACKED", 1000)
    assert refusal(SAMPLE).reden == "te_groot_uitgepakt"


def test_a_cell_far_from_the_others(tmp_path: Path) -> None:
    """Four kilobytes that would take half a terabyte to read."""
    book = Workbook()
    assert book.active is not None
    book.active["A1"], book.active["XFD1048576"] = "leveringsnummer", "x"
    book.save(tmp_path / "levering.xlsx")
    refused = refusal(tmp_path / "levering.xlsx")
    assert refused.reden == "te_groot_uitgepakt" and "1048576 rijen bij 16384 kolommen" in refused.uitleg


SHEET = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>%s</sheetData></worksheet>'


@pytest.mark.parametrize(
    "rows",
    [
        b'<row r="1"><c r="a1"><v>1</v></c></row><row r="9"><c r="xfd1048576"><v>1</v></c></row>',
        b'<row r="1"><c r="XFD1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>',
    ],
)
@pytest.mark.parametrize("part", ["xl__worksheets__sheet1.xml", "xl__blad__s.xml"])
def test_a_far_cell_by_whatever_name_in_whatever_part(tmp_path: Path, rows: bytes, part: str) -> None:
    assert refusal(repacked(tmp_path, **{part: SHEET % rows})).reden == "te_groot_uitgepakt"


def test_any_flipped_bytes_are_a_refusal_and_never_a_crash(tmp_path: Path) -> None:
    chance = random.Random(20261121)
    for _ in range(60):
        content = bytearray(SAMPLE.read_bytes())
        for place in chance.sample(range(len(content)), 5):
            content[place] ^= chance.randrange(1, 256)
        path = written(tmp_path, bytes(content), "levering.xlsx")
        with contextlib.suppress(FileRefused):
            read(path)


def test_a_damaged_part(tmp_path: Path) -> None:
    content = bytearray(SAMPLE.read_bytes())
    content[200:240] = bytes(40)
    assert refusal(written(tmp_path, bytes(content), "levering.xlsx")).reden == "onleesbaar"
    assert refusal(repacked(tmp_path, **{"xl__workbook.xml": b"<x"})).reden == "onleesbaar"


def test_too_many_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_ROWS", 2)
    assert refusal(write_csv(tmp_path / "x.csv", [PLAIN] * 3)).reden == "te_veel_rijen"
    assert len(read(write_csv(tmp_path / "x.csv", [PLAIN] * 2))) == 2


def test_a_receipt_that_cannot_be(session: Session, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", [row(), row(signaalnummer="T-2", datum_signaal="20260815")])
    for received, says in ((datetime.date(2026, 8, 14), "regel 3"), (datetime.date(2026, 9, 2), "toekomst")):
        with pytest.raises(FileRefused, match="ontvangst_onmogelijk") as refused:
            take_in(session, path, received=received)
        assert says in refused.value.uitleg
        session.rollback()
    assert take_in(session, path, received=datetime.date(2026, 8, 15)).geaccepteerd == 2


def test_the_very_same_file_is_loaded_once_and_the_attempt_is_kept(session: Session, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", [PLAIN])
    first = take_in(session, path)
    session.commit()
    for again in (
        lambda: take_in(session, path),
        lambda: check(
            session,
            path,
            file_name="x.csv",
            history=intake.CaseHistory(session, TODAY),
            today=TODAY,
            received=TODAY,
        ),
    ):
        with pytest.raises(FileRefused, match="al_geladen") as refused:
            again()
        assert first.ladingnummer in refused.value.uitleg
        session.rollback()
    attempt = record_refusal(session, refused.value, path, file_name="x.csv", door="ulla", now=NOW, received=TODAY)
    told = summary(attempt)
    assert (told["status"], told["reden"], told["geleverd"]) == ("geweigerd", "al_geladen", 0)
    assert [load.ladingnummer for load in session.exec(select(Load).order_by(Load.ladingnummer))] == [
        "LD-2026-000001",
        "LD-2026-000002",
    ]
    assert len(session.exec(select(Signal)).all()) == 1


def test_a_load_that_was_undone_does_not_stand(session: Session, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "x.csv", [PLAIN])
    take_in(session, path).status = LoadStatus.ONGEDAAN
    assert take_in(session, path).dubbel == 1
