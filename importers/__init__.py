"""A file becomes rows: which layouts there are, and which one a header belongs to."""

from collections.abc import Iterable, Sequence
from functools import cache
from importlib import import_module
from itertools import permutations
from pathlib import Path
from pkgutil import iter_modules

from importers.layout import Layout, header_name
from importers.profiles import read_profiles
from importers.refusals import FileRefused

_profiles: tuple[Layout, ...] = ()


def use_profiles(folder: Path | None) -> None:
    """From now on this process also knows the column profiles in this folder, and no others; None: none.

    Raises ProfilesRefused, and then nothing changes.
    """
    global _profiles  # what a process knows is set once, by the room with the settings
    _profiles = read_profiles(folder, _built_in()) if folder else ()


def layouts() -> tuple[Layout, ...]:
    """Every layout that a file may have: those of the modules here, and the profiles in use."""
    return (*_built_in(), *_profiles)


@cache
def _built_in() -> tuple[Layout, ...]:
    """The LAYOUT of every module here that has one."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    found = tuple(module.LAYOUT for module in modules if hasattr(module, "LAYOUT"))
    require_distinct(found)
    return found


def require_distinct(found: Iterable[Layout]) -> None:
    """Raises ValueError when the whole header of one fits another of its kind: no such file would ever be taken."""
    for each, other in permutations(found, 2):
        if each.kind == other.kind and not other.missing(frozenset(each.by_heading())):
            raise ValueError(
                f"layout {each.name}: its header fits {other.name} too; give a required column its own heading"
            )


def identify(header: Sequence[str], file_name: str = "het bestand", kind: str = "levering") -> Layout:
    """The one layout of this kind that a header fits.

    Raises FileRefused (`kop_onbekend`), naming what the nearest lacks, or the other door where this file belongs.
    """
    headings = frozenset(name for name in map(header_name, header) if name)
    missing = {layout: layout.missing(headings) for layout in layouts()}
    fitting = [layout for layout, labels in missing.items() if not labels]
    ours = [layout for layout in fitting if layout.kind == kind]
    if len(ours) == 1:
        return ours[0]
    if ours:
        names = " en ".join(layout.name for layout in ours)
        place = f"Hij past bij meer dan één indeling: {names}. Gebruik de kopregel van één indeling."
    elif fitting:
        place = f"Dit is een bestand van de soort {fitting[0].kind} ({fitting[0].name}). Laad het daar."
    else:
        candidates = [layout for layout in missing if layout.kind == kind]
        nearest = min(candidates, key=lambda layout: len(missing[layout]) / len(layout.columns))
        place = f"Voor indeling {nearest.name} ontbreekt: {', '.join(missing[nearest])}. Vul de kopregel aan."
    raise FileRefused("kop_onbekend", file_name, place)
