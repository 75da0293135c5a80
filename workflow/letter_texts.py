"""The texts of the letters: which blocks a letter has, in every language, and what an own text may not leave out."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "letter_templates"
DUTCH = "nl"
LANGUAGES: Mapping[str, str] = {
    "en": "Engels",
    "de": "Duits",
    "pl": "Pools",
    "ro": "Roemeens",
    "bg": "Bulgaars",
    "es": "Spaans",
    "uk": "Oekraïens",
}
"""In which a letter can have a courtesy translation; the Dutch text counts."""

LETTERS = (
    "aanschrijving",
    "inlichtingenverzoek",
    "voornemen",
    "besluit",
    "weigering",
    "beslissing_op_bezwaar",
    "verlenging",
    "verdaging",
    "afsluiting",
)
SHARED = ("algemeen", "bezwaar")
TEXTS = (*SHARED, *LETTERS)
"""The tables with blocks; the others hold words."""

ONLY_WHEN: Mapping[str, frozenset[str]] = {
    "bezwaar": frozenset({"bezwaar_adres", "bezwaar_adres_vragen"}),
    "inlichtingenverzoek": frozenset({"grond_instelling", "grond_overheid", "grond_vrijwillig"}),
    "voornemen": frozenset({"bronnen", "bronnen_geen"}),
    "besluit": frozenset({"woonadres", "briefadres", "zienswijze_wel", "zienswijze_niet"}),
    "beslissing_op_bezwaar": frozenset(
        {"gegrond", "deels_gegrond", "ongegrond", "niet_ontvankelijk", "verder", "gehoord", "niet_gehoord"}
    ),
    "verlenging": frozenset({"aanschrijving", "zienswijze"}),
    "afsluiting": frozenset(
        {"niet_vastgesteld", "buitenland_of_te_kort", "onbekend_op_adres", "buiten_aangifteplicht"}
    ),
}
"""Blocks that are printed when the case gives occasion; every other block always."""
MAY_BE_EMPTY = frozenset({("aanschrijving", "boete")})
"""Blocks that no statute asks for: a municipality may leave them out."""
OWN_WORDS = frozenset(
    {"identiteit", "rechtmatig_verblijf", "verblijfscriterium", "feiten", "motivering", "reden", "vragen"}
)
"""Placeholders for what the handler wrote: they stand alone on a line and stay Dutch in a translation."""
LISTS = frozenset({"bronnen"})
"""Placeholders for a list, alone on a line too."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_WITH_POINT = re.compile(rf"{_PLACEHOLDER.pattern}(\.?)")
_ARTICLE = re.compile(r"\b\d{1,2}[.:]\d{1,3}\b")


@cache
def texts(language: str) -> Mapping[str, Mapping[str, Any]]:
    """All tables of a language, as they are in its file."""
    return tomllib.loads((FOLDER / f"{language}.toml").read_text(encoding="utf-8"))


def placeholders(text: str) -> frozenset[str]:
    """The names between braces."""
    return frozenset(_PLACEHOLDER.findall(text))


def filled(text: str, values: Mapping[str, str]) -> str:
    """The text with its placeholders filled; what is filled in is not looked at again.

    A sentence that ends with something that has a point of its own (`22 marca 2026 r.`, `De Bouw B.V.`) gets no second.
    """

    def value(match: re.Match[str]) -> str:
        found = values[match[1]]
        return found if found.endswith(".") else found + match[2]

    return _WITH_POINT.sub(value, text)


@dataclass(frozen=True)
class Due:
    """A last day: written as `vóór of op dinsdag 14 april 2026`."""

    day: date


def in_words(value: str | date | Due, language: str) -> str:
    """A value as this language writes it."""
    if isinstance(value, str):
        return value
    words = texts(language)["woorden"]
    day = value.day if isinstance(value, Due) else value
    written = filled(
        words["datum"], {"dag": str(day.day), "maand": words["maanden"][day.month - 1], "jaar": f"{day:%Y}"}
    )
    if not isinstance(value, Due):
        return written
    named = filled(words["dag"], {"weekdag": words["dagen"][day.weekday()], "datum": written})
    return filled(words["uiterlijk"], {"dag": named})


def own_text_faults(language: str, own: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with a municipality's own texts in one language, by table and block; nothing when all is well."""
    for name, blocks in own.items():
        ours = texts(DUTCH).get(name, {}) if name in TEXTS else None
        where = f"[teksten.{language}.{name}]"
        if ours is None:
            yield f"{where} deze brief bestaat niet. Kies uit {', '.join(TEXTS)}."
        elif not isinstance(blocks, dict):
            yield f"{where} geef hier per blok een tekst."
        else:
            for block, text in blocks.items():
                yield from (f"{where} {block}: {fault}" for fault in _block_faults(name, block, text, ours))


def _named(names: frozenset[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in sorted(names))


def _block_faults(name: str, block: str, text: Any, ours: Mapping[str, str]) -> Iterator[str]:
    if block not in ours:
        yield f"dit blok bestaat niet. Kies uit {', '.join(ours)}."
        return
    if not isinstance(text, str):
        yield "geef een tekst tussen aanhalingstekens."
        return
    if not text.strip():
        if (name, block) not in MAY_BE_EMPTY:
            yield "dit blok is wettelijk nodig en mag niet leeg zijn. Schrijf een tekst of haal de regel weg."
        return
    if missing := placeholders(ours[block]) - placeholders(text):
        yield f"hier ontbreekt {_named(missing)}. Dat gegeven is nodig; zet het erin."
    allowed = placeholders(" ".join(ours.values())) | placeholders(" ".join(texts(DUTCH)["algemeen"].values()))
    if unknown := placeholders(text) - allowed:
        yield f"{_named(unknown)} kan hier niet. Kies uit {_named(allowed)}."
    if "{" in _PLACEHOLDER.sub("", text) or "}" in _PLACEHOLDER.sub("", text):
        yield "een accolade hoort bij een gegeven, zoals {naam}. Haal losse accolades weg."
    if articles := set(_ARTICLE.findall(ours[block])) - set(_ARTICLE.findall(text)):
        yield f"noem artikel {', '.join(sorted(articles))}: zonder wettelijk artikel mag dit blok niet weg."
    lines = {line.strip() for line in text.splitlines()}
    for one in sorted(placeholders(text) & allowed & (OWN_WORDS | LISTS)):
        if f"{{{one}}}" not in lines:
            yield f"zet {{{one}}} alleen op een regel, met een lege regel ervoor en erna."


Piece = dict[str, Any]


def pieces(text: str, values: Mapping[str, str], lists: Mapping[str, list[str]], preface: str = "") -> list[Piece]:
    """A block as headings, paragraphs, lists and quotations (of Dutch words, each after `preface` if there is one)."""
    found: list[Piece] = []
    for chunk in re.split(r"\n\s*\n", text.strip()):
        alone = _PLACEHOLDER.fullmatch(chunk.strip())
        lines = [line.strip() for line in chunk.strip().splitlines()]
        if alone and alone[1] in LISTS:
            found.append({"soort": "lijst", "items": lists[alone[1]]})
        elif alone and alone[1] in OWN_WORDS:
            found += [{"soort": "alinea", "tekst": preface}] if preface else []
            found.append(quotation(values[alone[1]]))
        elif chunk.startswith("# "):
            found.append({"soort": "kop", "tekst": filled(" ".join(lines)[2:], values)})
        elif all(line.startswith("- ") for line in lines):
            found.append({"soort": "lijst", "items": [filled(line[2:], values) for line in lines]})
        else:
            found.append({"soort": "alinea", "tekst": filled(" ".join(lines), values)})
    return found


def quotation(text: str) -> Piece:
    """Words as somebody wrote them, in Dutch."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return {"soort": "citaat", "taal": DUTCH, "alineas": lines}
