"""Files made to harm or mislead: each is refused with a sentence, in little memory, before anything reads its cells."""

import bz2
import gzip
import io
import lzma
import os
import socket
import struct
import tarfile
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from importers import archive, identify
from importers.layout import MAX_COLUMNS
from importers.reader import open_table
from importers.refusals import FileRefused
from tests.importers.deliveries import COLUMNS, PLAIN, SAMPLES
from tests.importers.workbooks import OFFICE, PACKAGE, inline, packed, parts, sheet

HEADER, LINE = ";".join(COLUMNS), ";".join(PLAIN.values())
TEXT = f"{HEADER}\n{LINE}\n"
GOOD = inline([list(COLUMNS), list(PLAIN.values())])
SAMPLE = SAMPLES / "layouts" / "uwv_2026_1-codes.xlsx"


def read(path: Path) -> int:
    """The number of rows."""
    return sum(len(chunk.regels) for chunk in open_table(path, path.name, identify).chunks())


def refusal(path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        read(path)
    assert refused.value.uitleg.startswith(path.name) and refused.value.uitleg.endswith((".", ". "))
    return refused.value


def written(tmp_path: Path, content: bytes, name: str = "levering.csv") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


def a_tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        tar.addfile(tarfile.TarInfo("levering.csv"))
    return buffer.getvalue()


def a_zip(*names: str) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        for name in names:
            made.writestr(name, TEXT)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "says", "do"),
    [
        (TEXT.encode("utf-16"), "tekst in UTF-16", "CSV UTF-8"),
        (TEXT.encode("utf-16-le"), "tekst in UTF-16", "CSV UTF-8"),
        (TEXT.encode("utf-16-be"), "tekst in UTF-16", "CSV UTF-8"),
        (TEXT.encode("utf-32"), "tekst in UTF-32", "CSV UTF-8"),
        (gzip.compress(TEXT.encode()), "gzip", "Pak het bestand uit"),
        (bz2.compress(TEXT.encode()), "bzip2", "Pak het bestand uit"),
        (lzma.compress(TEXT.encode()), "xz", "Pak het bestand uit"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "zstd", "Pak het bestand uit"),
        (b"7z\xbc\xaf\x27\x1c\x00\x04", "7-Zip", "Pak het bestand uit"),
        (b"Rar!\x1a\x07\x01\x00", "RAR", "Pak het bestand uit"),
        (a_tar(), "tar", "Pak het bestand uit"),
        (a_zip("levering.csv"), "zip-archief", "Sla het bestand op"),
        (a_zip(), "leeg zip-archief", "Sla het bestand op"),
        (a_zip("mimetype", "content.xml", "META-INF/manifest.xml"), ".ods", "Sla het bestand op"),
        (a_zip("xl/workbook.bin"), ".xlsb", "Sla het bestand op"),
        (a_zip("Index/Document.iwa"), "Numbers", "Sla het bestand op"),
        (a_zip("word/document.xml"), ".docx", "Sla het bestand op"),
        (b'  {"rijen": []}', "JSON", "Sla het bestand op"),
        (b"[1, 2]", "JSON", "Sla het bestand op"),
        (b"\xef\xbb\xbf\r\n<!DOCTYPE html><table>", "HTML", "Sla het bestand op"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">', "XML", "Sla het"),
        (b"%PDF-1.7", "PDF", "Sla het bestand op"),
        (b"SQLite format 3\x00", "SQLite", "Sla het bestand op"),
        (b"\x89PNG\r\n\x1a\n", "afbeelding", "Sla het bestand op"),
        (b"MZ\x90\x00\x03", "binair", "Sla het bestand op"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@pytest.mark.parametrize("name", ["levering.csv", "levering.xlsx"])
def test_what_it_is_counts_and_not_its_name(tmp_path: Path, content: bytes, says: str, do: str, name: str) -> None:
    refused = refusal(written(tmp_path, content, name))
    assert refused.reden == "verkeerd_type" and says in refused.uitleg and do in refused.uitleg


def test_a_workbook_is_read_by_any_name(tmp_path: Path) -> None:
    assert read(packed(tmp_path / "levering.csv", parts(sheet(GOOD)))) == 1
    assert read(written(tmp_path, TEXT.encode(), "levering.xlsx")) == 1


# What the zip says of itself


def directory(raw: bytes) -> list[tuple[int, str]]:
    """Where each entry of the directory begins, and its name."""
    found, at = [], raw.find(b"PK\x01\x02")
    while at >= 0:
        length = struct.unpack_from("<H", raw, at + 28)[0]
        found.append((at, raw[at + 46 : at + 46 + length].decode()))
        at = raw.find(b"PK\x01\x02", at + 4)
    return found


def with_field(raw: bytes, name: str, offset: int, value: int, form: str = "<L") -> bytes:
    """The zip with another value at a place in the directory entry of a part."""
    changed = bytearray(raw)
    struct.pack_into(form, changed, next(at for at, entry in directory(raw) if entry == name) + offset, value)
    return bytes(changed)


SHEET = "xl/worksheets/sheet1.xml"
CHECKSUM, PACKED, SIZE, WHERE, METHOD = 16, 20, 24, 42, 10


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    return packed(tmp_path / "goed.xlsx", parts(sheet(GOOD))).read_bytes()


@pytest.mark.parametrize(
    ("offset", "value", "form"),
    [
        (SIZE, 100, "<L"),
        (SIZE, 10_000, "<L"),
        (CHECKSUM, 1, "<L"),
        (PACKED, 50, "<L"),
        (PACKED, 2_000_000_000, "<L"),
        (WHERE, 0, "<L"),
        (WHERE, 4_000_000_000, "<L"),
        (METHOD, 0, "<H"),
        (METHOD, 12, "<H"),
        (METHOD, 14, "<H"),
        (METHOD, 93, "<H"),
        (METHOD, 99, "<H"),
    ],
)
def test_a_directory_that_lies(tmp_path: Path, good: bytes, offset: int, value: int, form: str) -> None:
    assert refusal(written(tmp_path, with_field(good, SHEET, offset, value, form))).reden == "onleesbaar"


def test_a_part_that_goes_on_behind_the_size_and_checksum_it_told(tmp_path: Path) -> None:
    """Who believes the directory sees a harmless beginning; a reader would unpack the whole."""
    content = sheet(GOOD + " " * 3_000_000).encode()
    raw = packed(tmp_path / "x.xlsx", parts(content)).read_bytes()
    lying = with_field(with_field(raw, SHEET, SIZE, 1000), SHEET, CHECKSUM, zlib.crc32(content[:1000]))
    assert refusal(written(tmp_path, lying)).reden == "onleesbaar"


def test_parts_that_share_their_bytes(tmp_path: Path, good: bytes) -> None:
    """A bomb without nesting: many names for one packed part."""
    target = struct.unpack_from("<L", good, next(at for at, name in directory(good) if name == SHEET) + WHERE)[0]
    assert refusal(written(tmp_path, with_field(good, "xl/styles.xml", WHERE, target))).reden == "onleesbaar"


def test_a_part_twice(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate"), zipfile.ZipFile(tmp_path / "x.xlsx", "w") as made:
        for name, content in (*parts(sheet(GOOD)).items(), (SHEET, sheet(""))):
            made.writestr(name, content)
    assert "twee keer" in refusal(tmp_path / "x.xlsx").uitleg


def test_more_parts_than_a_workbook_has(tmp_path: Path) -> None:
    many = {f"xl/media/{number}": b"" for number in range(archive.MAX_PARTS)}
    assert refusal(packed(tmp_path / "x.xlsx", parts(sheet(GOOD)) | many)).reden == "te_groot_uitgepakt"


def test_zip64_is_read_as_any_zip(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.xlsx", "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts(sheet(GOOD)).items():
            with made.open(name, "w", force_zip64=True) as part:
                part.write(content.encode() if isinstance(content, str) else content)
    assert read(tmp_path / "x.xlsx") == 1


def test_zips_in_zips_are_never_opened(tmp_path: Path) -> None:
    bomb = gzip.compress(bytes(10_000_000))
    assert read(packed(tmp_path / "x.xlsx", parts(sheet(GOOD)) | {"xl/media/bomb.zip": bomb})) == 1


# What the parts hold


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="2"><c r="XFD1048576"><v>1</v></c></row>',
        '<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>',
        '<row r="1"><c r="A99999999999"><v>1</v></c></row><row r="1"><c r="Z1"><v>1</v></c></row>',
        '<row r="99999999"><c><v>1</v></c></row><row r="1"><c r="B1"/></row>',
        "<row>" + "<c><v>1</v></c>" * 900 + "</row>" + "<row/>" * 60_000 + "<row><c><v>1</v></c></row>",
        "<row>" + "<c/>" * 2000 + "</row>",
        '<row r="1"><x:c xmlns:x="y" r="XFD1048576"/></row>',
        "<row\tr = '1'><c\ts=\"1\"\n r = 'xfd1048576'><v>1</v></c></row>",
    ],
)
def test_a_table_that_would_fill_the_memory(tmp_path: Path, rows: str) -> None:
    path = packed(tmp_path / "x.xlsx", parts(sheet(inline([["a"]]) + rows)))
    tracemalloc.start()
    assert refusal(path).reden == "te_groot_uitgepakt"
    assert tracemalloc.get_traced_memory()[1] < 50_000_000
    tracemalloc.stop()


@pytest.mark.parametrize(
    "value", ["<v>1</v>", "<v>&#49;</v>", "<v><![CDATA[1]]></v>", "<v > +1 </v>", f"<v>{1:030}</v>"]
)
def test_one_long_text_in_very_many_cells(tmp_path: Path, value: str) -> None:
    """A megabyte that becomes six gigabytes once every cell has a copy."""
    strings = "<si><t>a</t></si><si>" + f"<r><t>{'lang' * 8000}</t></r>" * 8 + "</si>"
    rows = "".join(f'<row r="{row}"><c r="A{row}" t="s">{value}</c></row>' for row in range(1, 25_001))
    refused = refusal(packed(tmp_path / "x.xlsx", parts(sheet(rows), strings=strings)))
    assert refused.reden == "te_groot_uitgepakt" and "dezelfde lange tekst" in refused.uitleg


def test_a_text_longer_than_a_cell_can_hold(tmp_path: Path) -> None:
    assert (
        "32.767 tekens"
        in refusal(packed(tmp_path / "x.xlsx", parts(sheet(inline([[os.urandom(250_000).hex()]]))))).uitleg
    )
    strings = f"<si><t>{os.urandom(250_000).hex()}</t></si>"
    path = packed(tmp_path / "y.xlsx", parts(sheet('<row r="1"><c r="A1" t="s"><v>0</v></c></row>'), strings=strings))
    assert "32.767 tekens" in refusal(path).uitleg


DOCTYPES = ('<!DOCTYPE x SYSTEM "file:///etc/passwd">', '<!DOCTYPE x [<!ENTITY a SYSTEM "http://127.0.0.1/">]>')


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "_rels/.rels", "[Content_Types].xml", "docProps/app.xml"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("doctype", DOCTYPES, ids=["outside", "entity"])
def test_a_doctype_in_any_part_in_any_encoding(tmp_path: Path, part: str, encoding: str, doctype: str) -> None:
    content = f'<?xml version="1.0"?>{doctype}<x>&a;</x>'.encode(encoding)
    assert refusal(packed(tmp_path / "x.xlsx", parts(sheet(GOOD)) | {part: content})).reden == "externe_entiteit"


@pytest.mark.parametrize("encoding", ["utf-16", "utf-7", "cp037", "utf-32"])
def test_a_sheet_in_an_encoding_that_would_be_read_as_nothing(tmp_path: Path, encoding: str) -> None:
    text = sheet(GOOD).replace("UTF-8", encoding)
    assert refusal(packed(tmp_path / "x.xlsx", parts(text.encode(encoding)))).reden in ("onleesbaar", "kop_onbekend")


ACTIVE = "application/vnd.ms-office.vbaProject"


@pytest.mark.parametrize(
    "part",
    [
        "xl/vbaProject.bin", "XL/VBAPROJECT.BIN", "xl/macrosheets/sheet1.xml", "xl/embeddings/oleObject1.bin",
        "xl/activeX/activeX1.xml", "xl/ctrlProps/ctrlProp1.xml",
    ],
)  # fmt: skip
def test_macros_and_embedded_objects(tmp_path: Path, part: str) -> None:
    refused = refusal(packed(tmp_path / "x.xlsx", parts(sheet(GOOD)) | {part: b"x"}))
    assert refused.reden == "macro" and part.lower() in refused.uitleg


@pytest.mark.parametrize("kind", [ACTIVE, "application/vnd.ms-excel.sheet.macroEnabled.main+xml"])
def test_a_macro_by_another_name(tmp_path: Path, kind: str) -> None:
    made = parts(sheet(GOOD))
    types = str(made["[Content_Types].xml"])
    told = f'<Override PartName="/xl/onschuldig.bin" ContentType="{kind}"/></Types>'
    made |= {"[Content_Types].xml": types.replace("</Types>", told), "xl/onschuldig.bin": b"x"}
    assert refusal(packed(tmp_path / "x.xlsx", made)).reden == "macro"


def test_no_address_in_a_workbook_is_ever_asked(tmp_path: Path) -> None:
    """External links, remote templates and formulas that fetch: read as they are, while somebody listens there."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setblocking(False)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"
        relation = f'<Relationship Id="rId1" Type="{OFFICE}/%s" Target="{url}" TargetMode="External"/>'
        outside = f'<Relationships xmlns="{PACKAGE}">%s</Relationships>'
        formula = f'<row r="3"><c r="A3"><f>WEBSERVICE("{url}")</f><v>1</v></c><c r="B3"><f>[1]Blad1!A1</f></c></row>'
        more: dict[str, str | bytes] = {
            "xl/externalLinks/externalLink1.xml": "<externalLink/>",
            "xl/externalLinks/_rels/externalLink1.xml.rels": outside % (relation % "externalLinkPath"),
            "xl/worksheets/_rels/sheet1.xml.rels": outside % (relation % "hyperlink"),
            "xl/connections.xml": f'<connections><connection><webPr url="{url}"/></connection></connections>',
        }
        assert read(packed(tmp_path / "x.xlsx", parts(sheet(GOOD + formula)) | more)) == 2
        with pytest.raises(BlockingIOError):
            listener.accept()


# CSV


def test_a_row_of_a_csv_with_more_columns_than_any_layout(tmp_path: Path) -> None:
    many = ";" * MAX_COLUMNS
    for text, regel in ((f"{HEADER}{many}\n{LINE}\n", 1), (f"{HEADER}\n{LINE}{many}x\n", 2)):
        refused = refusal(written(tmp_path, text.encode()))
        assert refused.reden == "onleesbaar" and f"regel {regel} heeft" in refused.uitleg


QUOTED: tuple[Callable[[], bytes], ...] = (
    lambda: f'{HEADER}\n"'.encode() + b"x" * 40_000_000,
    lambda: f'{HEADER}\n"'.encode() + b"x\n" * 20_000_000,
    lambda: f"{HEADER}\n".encode() + b'""' * 20_000_000,
    lambda: b"x" * 40_000_000,
    lambda: f"{HEADER}\n".encode() + b";" * 30_000_000,
)


@pytest.mark.parametrize("content", QUOTED, ids=["one line", "many lines", "quotes", "no line", "separators"])
def test_a_quote_or_a_line_without_an_end(tmp_path: Path, content: Callable[[], bytes]) -> None:
    assert refusal(written(tmp_path, content())).reden in ("onleesbaar", "kop_onbekend")
