"""Files that were damaged in every way a dice can think of: rows or a refusal in a Dutch sentence, never a crash."""

import random
import resource
import zipfile
from collections import Counter
from io import BytesIO
from pathlib import Path

import pytest

from importers import identify
from importers.reader import open_table
from importers.refusals import FileRefused
from tests.importers.deliveries import SAMPLES
from tests.soak import tries

FOLDER = SAMPLES / "layouts"
FILES = ("uwv_2026_1-codes.csv", "uwv_2026_1-windows1252.csv", "uwv_2026_1-codes.xlsx", "uwv_2026_1-libreoffice.xlsx")
SEEDS = tries(75)
TOKENS = (
    b"\x00", b'"', b'""', b"\r", b"\n", b";" * 500, b"sep=|\n", b"\xff\xfe", b"\xef\xbb\xbf", b"=1+1", b"<", b"</c>",
    b'<c r="XFD1048576"><v>1</v></c>', b'r="A0"', b't="s"', b"<v>99999999999999999999</v>", b"<!DOCTYPE x>", b"&#0;",
    b"&undefined;", b"]]>", b"<row>", b'<c t="d"><v>9999-99-99</v></c>', b'<c s="1"><v>1e308</v></c>', b"PK\x03\x04",
    b'<c t="e"><v>#ONZIN!</v></c>', b"\xf0\x9f\x98\x80", b"-1", b"1e400", b"NaN",
)  # fmt: skip


def damaged(content: bytes, chance: random.Random) -> bytes:
    """A few bytes flipped, cut, doubled, moved, or something strange put in."""
    made = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 5, 20))):
        at = chance.randrange(len(made) + 1)
        size = chance.choice((1, 2, 8, 100, 1000))
        match chance.randrange(5):
            case 0 if at < len(made):
                made[at] ^= chance.randrange(1, 256)
            case 1:
                del made[at : at + size]
            case 2:
                made[at:at] = made[at : at + size]
            case 3:
                made[at:at] = chance.choice(TOKENS)
            case _:
                del made[at if size == 1000 else len(made) :]
    return bytes(made)


def with_damaged_parts(content: bytes, chance: random.Random) -> bytes:
    """The workbook with damage inside its parts, in a zip that is whole."""
    made = BytesIO()
    with zipfile.ZipFile(BytesIO(content)) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        hit = chance.choice([name for name in old.namelist() if name.startswith("xl/")])
        for name in old.namelist():
            new.writestr(name, damaged(old.read(name), chance) if name == hit else old.read(name))
    return made.getvalue()


def outcome(path: Path) -> str:
    try:
        table = open_table(path, path.name, identify)
        return f"rijen: {bool(sum(len(chunk.regels) for chunk in table.chunks()))}"
    except FileRefused as refused:
        assert refused.uitleg.startswith(path.name) and len(refused.uitleg) < 2000
        return refused.reden


@pytest.mark.parametrize(
    ("name", "inside"), [*((name, False) for name in FILES), *((name, True) for name in FILES if name.endswith("x"))]
)
@pytest.mark.chance
def test_a_damaged_file_is_read_or_refused(tmp_path: Path, name: str, inside: bool) -> None:
    content = (FOLDER / name).read_bytes()
    path = tmp_path / name
    found: Counter[str] = Counter()
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for seed in range(SEEDS):
        chance = random.Random(f"{name} {inside} {seed}")
        path.write_bytes((with_damaged_parts if inside else damaged)(content, chance))
        found[outcome(path)] += 1
    assert found["rijen: True"] and len(found) > 1, found
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 500_000, "kilobytes"
