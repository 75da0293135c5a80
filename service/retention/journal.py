"""What was destroyed, in a file that is only added to: so that it goes again after a back-up of before was put back.

One line of JSON for each case, file or piece of the log, with its number and nothing of a person. Every line proves
itself and the one before it, under a key of the installation: who has none cannot make one up. The file is to be kept
apart from the back-ups of database and files, for it says what those may no longer hold. A line is written after the
destruction was committed, and again until it is there.
"""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from signals.errors import Reason, Refused
from signals.keyring import KeyUnknown, keyring

FOLDER = "vernietigd"
NAME = "journaal.jsonl"
_PURPOSE = "journaal van vernietiging"
_KEYS = frozenset({"lijst", "soort", "gemeentecode", "object", "nummer", "sinds", "termijn", "signalen", "op", "keten"})


def path_of(data_dir: Path) -> Path:
    """Where the journal lies."""
    return data_dir / FOLDER / NAME


@contextmanager
def _held(path: Path) -> Iterator[BinaryIO]:
    """The file, for one process at a time; without a line that was cut off half-way by a kill."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        content = file.read()
        whole = content.rfind(b"\n") + 1
        if whole < len(content):  # what it was about is written once more: nobody was told that it stood here
            file.truncate(whole)
        file.seek(0)
        yield file


def append(path: Path, lines: Sequence[Mapping[str, Any]]) -> int:
    """Adds those that do not stand in it yet, on disk before this returns; gives how many were added."""
    with _held(path) as file:
        known, keten = set(), ""
        for told in map(json.loads, file):
            known.add((told["lijst"], told["object"], told["nummer"]))
            keten = told["keten"]
        added = 0
        for line in lines:
            if (line["lijst"], line["object"], line["nummer"]) in known:
                continue
            keten = keyring().stamp(_content(keten, line), _PURPOSE)
            text = json.dumps({**line, "keten": keten}, sort_keys=True, ensure_ascii=False)
            file.seek(0, os.SEEK_END)
            file.write(text.encode() + b"\n")
            added += 1
        file.flush()
        os.fsync(file.fileno())
    return added


def read(path: Path) -> list[dict[str, Any]]:
    """Its lines, the oldest first. Refused with the first line that is not as it was written."""
    lines, keten = [], ""
    with path.open("rb") as file:
        content = file.read()
    whole, _, rest = content.rpartition(b"\n")
    for number, text in enumerate(whole.splitlines(), start=1):
        try:
            told = json.loads(text)
            right = told.keys() == _KEYS and keyring().is_stamped(told["keten"], _content(keten, told), _PURPOSE)
        except KeyUnknown:
            uitleg = (
                f"Regel {number} van {path.name} is gewaarmerkt met een sleutel die hier ontbreekt. Er is niets "
                "vernietigd. Zet in RNI_SECRET_KEYS ook de sleutels van toen, achteraan: docs/sleutels.md."
            )
            raise Refused(Reason("sleutel_ontbreekt", uitleg, "RNI_SECRET_KEYS")) from None
        except (ValueError, AttributeError, TypeError):
            right = False
        if not right:
            uitleg = (
                f"Regel {number} van {path.name} is niet zoals zij werd geschreven. Er is niets vernietigd. Geef een "
                "andere kopie van het journaal."
            )
            raise Refused(Reason("journaal_gewijzigd", uitleg))
        keten = told["keten"]
        lines.append(told)
    if rest and not lines:
        raise Refused(Reason("journaal_gewijzigd", f"{path.name} is geen journaal van vernietiging."))
    return lines


def _content(before: str, line: Mapping[str, Any]) -> bytes:
    """What the proof of a line is about: that of the line before it, and the line without its own."""
    told = {name: value for name, value in line.items() if name != "keten"}
    return (before + json.dumps(told, sort_keys=True, ensure_ascii=False)).encode()
