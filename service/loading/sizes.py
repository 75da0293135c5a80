"""How many rows a file seems to have, found without reading them: for a progress that says how many are to go."""

import re
import zipfile
from pathlib import Path

SMALL_ROWS = 2_000
"""Up to so many rows a file is dealt with in the request, so that the answer is there at once; beyond, outside it."""
_SMALL_BYTES = 2_000_000
_BYTES_A_ROW = 50
"""At least so much takes a row when they cannot be counted."""
_BLOCK = 1024 * 1024
_DIMENSION = re.compile(rb"""<dimension\s+ref="[A-Z]{1,3}([0-9]{1,7}):[A-Z]{1,3}([0-9]{1,7})"\s*/?>""")
_SHEET = re.compile(r"xl/worksheets/[^/]+\.xml", re.IGNORECASE)


def rows_of(path: Path) -> int | None:
    """The line ends of a CSV or the stated height of the only sheet of an XLSX, less the header; None when unknown.

    A line end inside a cell and a blank row count too, so it may be somewhat more than there are.
    """
    with path.open("rb") as file:
        start = file.read(4)
        if start.startswith(b"PK"):
            return _rows_of_sheet(path)
        lines, last = start.count(b"\n"), start
        while block := file.read(_BLOCK):
            lines, last = lines + block.count(b"\n"), block
    unfinished = bool(last) and not last.endswith(b"\n")
    return max(0, lines + unfinished - 1)


def is_small(path: Path, rows: int | None) -> bool:
    """Whether the file can be dealt with within the request."""
    size = path.stat().st_size
    return size <= _SMALL_BYTES and (rows if rows is not None else size // _BYTES_A_ROW) <= SMALL_ROWS


def _rows_of_sheet(path: Path) -> int | None:
    """Only the beginning of the sheet is unpacked: what this file really is, is judged when it is read."""
    try:
        with zipfile.ZipFile(path) as archive:
            sheets = [name for name in archive.namelist() if _SHEET.fullmatch(name)]
            if len(sheets) != 1:
                return None
            with archive.open(sheets[0]) as sheet:
                found = _DIMENSION.search(sheet.read(4096))
    except (zipfile.BadZipFile, EOFError, OSError, RuntimeError, ValueError):
        return None
    return max(0, int(found[2]) - int(found[1])) if found else None
