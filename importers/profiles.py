"""Column profiles: a supplier's own headings for a layout that is there already, in a small TOML instead of code."""

import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from importers.layout import Layout, header_name
from signals.errors import DomainError, Reason

KEYS = ("naam", "indeling", "kolommen")
_EXAMPLE = 'bijvoorbeeld naam = "leverancier_x_1"'


class ProfilesRefused(DomainError):
    """Profiles with which nothing starts; the sentences name the file, the place and what to do."""


def read_profiles(folder: Path, layouts: Sequence[Layout]) -> tuple[Layout, ...]:
    """A layout per `*.toml` in the folder, in the order of their names; raises ProfilesRefused with every fault in all.

    layouts: those that a profile may be about, and whose headers must stay apart from it.
    """
    if not folder.is_dir():
        raise ProfilesRefused([_fault(folder, "deze map is er niet. Maak de map of haal RNI_PROFILES_DIR weg.")])
    faults: list[Reason] = []
    found: list[Layout] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            profile = _profile(path, layouts)
            found.append(_apart(path, profile, (*layouts, *found)))
        except ProfilesRefused as refused:
            faults += refused.reasons
    if faults:
        raise ProfilesRefused(faults)
    return tuple(found)


def _fault(path: Path, uitleg: str) -> Reason:
    return Reason("kolomprofiel_ongeldig", f"{path}: {uitleg}", "RNI_PROFILES_DIR")


def _profile(path: Path, layouts: Sequence[Layout]) -> Layout:
    content = _content(path)
    known = {layout.name: layout for layout in layouts}
    if faults := [_fault(path, uitleg) for uitleg in _faults(content, known)]:
        raise ProfilesRefused(faults)
    layout = known[content["indeling"]]
    headings = {column: heading for heading, column in content["kolommen"].items()}
    try:
        return layout.revised(content["naam"], headings=headings)
    except ValueError as fault:  # two columns under one heading: this one and that of a column it does not name
        taken = str(fault).rpartition(" ")[2]
        uitleg = f"[kolommen] twee kolommen heten {taken}. Geef elk een eigen koptekst."
        raise ProfilesRefused([_fault(path, uitleg)]) from fault


def _content(path: Path) -> dict[str, Any]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as fault:
        uitleg = "dit bestand is niet te lezen. Sla het op als UTF-8 en geef de service leesrecht."
        raise ProfilesRefused([_fault(path, uitleg)]) from fault
    if not text.strip():
        raise ProfilesRefused([_fault(path, f"dit bestand is leeg. Zet erin: {', '.join(KEYS)}.")])
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        uitleg = f"dit is geen geldige TOML ({_place(str(fault))}). Controleer aanhalingstekens en dubbele kopteksten."
        raise ProfilesRefused([_fault(path, uitleg)]) from fault


def _place(fault: str) -> str:
    """`regel 3, teken 8` of the parser's `... (at line 3, column 8)`."""
    at = fault.rpartition("(at ")[2].rstrip(")")
    return at.replace("line", "regel").replace("column", "teken").replace("end of document", "aan het einde")


def _faults(content: dict[str, Any], known: dict[str, Layout]) -> Iterator[str]:
    for key in sorted(content.keys() - set(KEYS)):
        yield f"de sleutel {key} is onbekend. Gebruik {', '.join(KEYS)}."
    name, layout, columns = (content.get(key) for key in KEYS)
    if not (isinstance(name, str) and name.isascii() and name.isidentifier()):
        yield f"naam ontbreekt of is geen woord van letters, cijfers en _. Zet erin: {_EXAMPLE}."
    elif name in known:
        yield f"naam {name} is al een indeling. Kies een andere naam."
    if not isinstance(layout, str) or layout not in known:
        told = f"indeling {layout} is onbekend" if isinstance(layout, str) else "indeling ontbreekt"
        yield f"{told}. Kies uit {', '.join(sorted(known))}."
    if not isinstance(columns, dict) or not columns:
        yield '[kolommen] ontbreekt of is leeg. Zet erin per regel: "Koptekst van de leverancier" = "onze_kolom".'
    elif isinstance(layout, str) and layout in known:
        yield from _column_faults(columns, known[layout])


def _column_faults(columns: dict[str, Any], layout: Layout) -> Iterator[str]:
    names = {column.name for column in layout.columns}
    headings: dict[str, str] = {}
    given: dict[str, str] = {}
    for heading, column in columns.items():
        if not isinstance(column, str) or column not in names:
            yield f"[kolommen] {heading}: {layout.name} heeft geen kolom {column}. Kies uit {', '.join(sorted(names))}."
            continue
        short = header_name(heading)
        if not short:
            yield f"[kolommen] de koptekst van {column} is leeg. Schrijf de koptekst zoals hij in het bestand staat."
        elif short in headings:
            yield f"[kolommen] de koptekst {heading} staat er twee keer (als {headings[short]}). Haal er één weg."
        if column in given:
            yield f"[kolommen] de kolom {column} heeft twee kopteksten ({given[column]} en {heading}). Kies er één."
        headings.setdefault(short, heading)
        given.setdefault(column, heading)


def _apart(path: Path, profile: Layout, others: Sequence[Layout]) -> Layout:
    """The profile, when no file can be both this and another layout."""
    for other in others:
        if other.name == profile.name:
            raise ProfilesRefused(
                [_fault(path, f"naam {profile.name} staat al in een ander profiel. Kies een andere.")]
            )
        if other.kind == profile.kind and (_fits(profile, other) or _fits(other, profile)):
            uitleg = (
                f"een bestand met deze kopteksten past ook bij indeling {other.name}. Geef in [kolommen] een "
                "verplichte kolom een koptekst die alleen deze leverancier gebruikt."
            )
            raise ProfilesRefused([_fault(path, uitleg)])
    return profile


def _fits(layout: Layout, other: Layout) -> bool:
    """Whether the whole header of the one is taken for the other."""
    return not other.missing(frozenset(layout.by_heading()))
