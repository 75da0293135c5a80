"""A file becomes rows: which layouts there are, and which one a header belongs to."""

from collections.abc import Sequence
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from importers.layout import Layout, header_name
from importers.refusals import FileRefused


@cache
def layouts() -> tuple[Layout, ...]:
    """The layouts of signals: the LAYOUT of every module here that has one."""
    modules = (import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__))
    return tuple(module.LAYOUT for module in modules if hasattr(module, "LAYOUT"))


def identify(header: Sequence[str], file_name: str = "het bestand") -> Layout:
    """The one layout that this header fits. Raises FileRefused (`kop_onbekend`), naming what the nearest lacks."""
    headings = frozenset(name for name in map(header_name, header) if name)
    missing = {layout: layout.missing(headings) for layout in layouts()}
    fitting = [layout for layout, labels in missing.items() if not labels]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = " en ".join(layout.name for layout in fitting)
        raise FileRefused(
            "kop_onbekend", file_name, f"Hij past bij meer dan één indeling: {names}. Gebruik één indeling."
        )
    nearest = min(missing, key=lambda layout: len(missing[layout]) / len(layout.columns))
    labels = ", ".join(missing[nearest])
    raise FileRefused(
        "kop_onbekend", file_name, f"Voor indeling {nearest.name} ontbreekt: {labels}. Vul de kopregel aan."
    )
