"""What a check found, kept in files while the upload waits to be loaded: rows that change nothing, and warned ones.

In files, because a file of two million faulty rows is checked without writing a row of the database.
"""

import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

from service.settings import Settings
from signals.errors import Reason, Refused
from signals.models import RejectedRow, Uitkomst
from signals.rows import WarnedRow

FOLDER = "bevindingen"
"""In the data directory; a line of JSON per row, under the name of the upload's own file."""
Found = Callable[[Iterable[Mapping[str, Any]], Iterable[WarnedRow]], None]
"""Is given a piece of the rows that change nothing, as columns of RejectedRow, and of those with a warning."""
_KEPT = ("regel", "uitkomst", "signaalnummer", "gemeentecode", "codes", "fouten", "cellen")


@contextmanager
def keeping(settings: Settings, name: str) -> Iterator[Found]:
    """Keep the rows that are given, in file order, in place of what an earlier check of this upload found.

    Only when the check comes to its end: one that fails or is killed leaves what there was.
    """
    with _replacing(_rejected(settings, name)) as rows, _replacing(_warned(settings, name)) as warnings:

        def found(rejected: Iterable[Mapping[str, Any]], warned: Iterable[WarnedRow]) -> None:
            for row in rejected:
                rows.write(json.dumps({each: row[each] for each in _KEPT}, ensure_ascii=False) + "\n")
            for warning in warned:
                warnings.write(json.dumps(warning._asdict(), ensure_ascii=False) + "\n")

        yield found


def rejected(settings: Settings, name: str) -> Iterator[RejectedRow]:
    """The rows that change nothing; Refused when they are gone."""
    for row in _read(_rejected(settings, name)):
        yield RejectedRow(**row | {"uitkomst": Uitkomst(row["uitkomst"])})


def warned(settings: Settings, name: str) -> Iterator[WarnedRow]:
    """The rows that are taken in with a warning; Refused when they are gone."""
    for row in _read(_warned(settings, name)):
        yield WarnedRow(**row)


def names(name: str) -> tuple[str, str]:
    """The names of both files of an upload: of rows that change nothing, and of warned ones."""
    return f"{name}.rijen", f"{name}.waarschuwingen"


def files_of(settings: Settings, name: str) -> tuple[Path, Path]:
    """Where what was found in this upload lies: the rows that change nothing, and those with a warning."""
    return _rejected(settings, name), _warned(settings, name)


def _rejected(settings: Settings, name: str) -> Path:
    return settings.data_dir / FOLDER / names(name)[0]


def _warned(settings: Settings, name: str) -> Path:
    return settings.data_dir / FOLDER / names(name)[1]


@contextmanager
def _replacing(path: Path) -> Iterator[TextIO]:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    try:
        with fresh.open("x", encoding="utf-8") as lines:
            fresh.chmod(0o600)
            yield lines
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                yield json.loads(line)
    except OSError:
        uitleg = "De foute rijen van deze controle zijn weg uit de opslag. Bied het bestand opnieuw aan."
        raise Refused(Reason("bevindingen_weg", uitleg)) from None
