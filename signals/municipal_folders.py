"""What municipalities set in files of their own: a folder for each, named by its gemeentecode."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from signals.errors import DomainError, Reason

T = TypeVar("T")


def read_each(
    folder: Path, file: str, setting: str, read: Callable[[Path], T], fault: Callable[[Path, str], Reason]
) -> tuple[dict[str, T], list[Reason]]:
    """What `read` makes of this file, by gemeentecode; and every fault in all, those it refuses with (DomainError) too.

    setting: the environment variable that names the folder.
    """
    if not folder.is_dir():
        return {}, [fault(folder, f"deze map is er niet. Maak de map of haal {setting} weg.")]
    found: dict[str, T] = {}
    faults: list[Reason] = []
    for path in sorted(one for one in folder.iterdir() if not one.name.startswith(".")):
        if not path.is_dir() or not re.fullmatch(r"[0-9]{4}", path.name):
            uitleg = f"hier horen alleen mappen met een gemeentecode als naam, zoals 0599, met daarin {file}."
            faults.append(fault(path, uitleg))
            continue
        try:
            found[path.name] = read(path / file)
        except DomainError as refused:
            faults += refused.reasons
    return found, faults
