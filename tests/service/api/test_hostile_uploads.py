"""Files made to harm, and names made to harm, through the door where people bring them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import Settings
from tests.importers.deliveries import PLAIN
from tests.importers.workbooks import inline, packed, parts, sheet

from .conftest import Door

TEXT = f"{';'.join(PLAIN)}\n{';'.join(PLAIN.values())}\n".encode()
NAMES = (
    "../../../etc/cron.d/x.csv",
    "/etc/passwd",
    "..\\..\\windows\\system32\\x.csv",
    "C:\\CON",
    "NUL",
    "a\x00b.csv",
    "x" * 300 + ".csv",
    "lever\u202evsc.exe",
    "~/.bashrc",
    "$(touch gehackt).csv",
    "-rf",
    ".",
    " ",
)


@pytest.fixture
def outside(settings: Settings) -> Iterator[Path]:
    """The folder around the data; nothing may come in it that was not there."""
    folder = settings.data_dir.parent
    before = {path for path in folder.rglob("*") if settings.data_dir not in path.parents}
    yield folder
    after = {path for path in folder.rglob("*") if settings.data_dir not in path.parents}
    assert {path.name for path in after - before} <= {settings.data_dir.name, "rni.sqlite3-wal", "rni.sqlite3-shm"}


@pytest.mark.parametrize("name", NAMES, ids=[ascii(name)[:30] for name in NAMES])
def test_a_file_name_never_becomes_a_path(doors: dict[str, Door], settings: Settings, outside: Path, name: str) -> None:
    answer = doors["ulla"].post("/ladingen", files={"bestand": (name, TEXT, "text/csv")})
    assert answer.status_code in (202, 400, 422), answer.text
    kept = [path for path in (settings.data_dir / "ontvangen").glob("**/*") if path.is_file()]
    assert len(kept) == (answer.status_code == 202)
    assert all(path.parent == settings.data_dir / "ontvangen" and len(path.name) == 32 for path in kept)
    if answer.status_code == 202:
        shown = answer.json()["bestandsnaam"]
        assert len(shown) <= 255 and not {"/", "\\", "\x00", "\u202e"} & set(shown)


@pytest.mark.parametrize(
    ("part", "content", "reden"),
    [
        ("xl/vbaProject.bin", b"x", "macro"),
        ("xl/workbook.xml", b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><x/>', "externe_entiteit"),
        ("xl/media/bomb.bin", bytes(30_000_000), "te_groot_uitgepakt"),
    ],
)
def test_a_harmful_workbook_is_refused_with_a_sentence_and_noted(
    doors: dict[str, Door], tmp_path: Path, part: str, content: bytes, reden: str
) -> None:
    path = packed(tmp_path / "x.xlsx", parts(sheet(inline([list(PLAIN), list(PLAIN.values())]))) | {part: content})
    answer = doors["ulla"].post("/ladingen", files={"bestand": ("levering.csv", path.read_bytes(), "text/csv")})
    assert answer.json()["status"] == "geweigerd" and answer.json()["reden"] == reden
    assert "levering.csv" in answer.json()["uitleg"]
