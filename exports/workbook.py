"""The figures as a workbook: every number a real one, with its definition beside it."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from exports.figures import FIGURES
from exports.sheet import Cell, Column, Kind, Sheet, write_xlsx

RATE, DURATION, CURVE, MONEY, COUNT = "verhouding", "duur", "verloop", "bedrag", "aantal"

MEASURES: Mapping[str, tuple[str, str, Kind]] = {
    "aantal": (COUNT, "Een aantal.", Kind.GETAL),
    "teller": (RATE, "De teller van een verhouding.", Kind.GETAL),
    "noemer": (RATE, "De noemer van een verhouding.", Kind.GETAL),
    "waarde": (RATE, "Teller gedeeld door noemer; leeg als er niets te delen is.", Kind.PERCENTAGE),
    "laag": (RATE, "Ondergrens van het 95%-interval volgens Wilson.", Kind.PERCENTAGE),
    "hoog": (RATE, "Bovengrens van het 95%-interval volgens Wilson.", Kind.PERCENTAGE),
    "n": (DURATION, "Hoeveel keer de duur is gemeten.", Kind.GETAL),
    "mediaan": (DURATION, "De helft duurde korter dan dit aantal kalenderdagen.", Kind.DECIMAAL),
    "p90": (DURATION, "Negen van de tien duurden korter dan dit aantal kalenderdagen.", Kind.DECIMAAL),
    "km_mediaan": (
        DURATION,
        "De mediaan volgens Kaplan-Meier, waarin lopende zaken meetellen; leeg als nog geen helft is beantwoord.",
        Kind.DECIMAAL,
    ),
    "aandeel": (CURVE, "Het deel dat op de dag van de regel nog niet was afgesloten.", Kind.PERCENTAGE),
    "gevolgd": (CURVE, "Hoeveel zaken er tot die dag te volgen waren.", Kind.GETAL),
    "signalen": (MONEY, "Het aantal signalen waarover UWV iets meldde.", Kind.GETAL),
    "bedrag": (MONEY, "Het bedrag in euro's. Tel de soorten nooit bij elkaar op.", Kind.BEDRAG),
}
"""Key in the JSON of a figure -> which kind of figure has it, what it means, how a cell shows it."""

NAME = Column("Cijfer", "Hoe het cijfer heet.", breedte=34)
DETAIL = Column(
    "Onderdeel", "Het resultaat, de fase, het kanaal, de soort of de dag waarover de regel gaat.", breedte=28
)
DEFINITION = Column("Definitie", "Wat er geteld is.", breedte=110)
CODE = Column("Naam", "De naam van het cijfer in de API en op de opdrachtregel.", breedte=32)
MEASURED = tuple(
    Column(name.capitalize().replace("_", " "), uitleg, soort, 12) for name, (_, uitleg, soort) in MEASURES.items()
)

REMARKS = (
    "Geteld is wat op de peildatum was vastgelegd; dezelfde vraag geeft later hetzelfde antwoord.",
    "Het interval bij een verhouding rekent personen als losse waarnemingen. Huisgenoten zijn dat niet: kijk bij de "
    "trefkans ook naar die per adres, en naar het aantal zaken op het aantal adressen.",
    "Vergelijk geen trefkansen zolang minder dan 80% van de zaken is afgesloten.",
    "De opbrengst is pas aan het eind van het volgende jaar volledig.",
    "De cijfers op het blad 'Vergelijking LAA' gaan over adressen en andere signalen. Leg ze alleen naast de trefkans "
    "per adres. Voor Langdurig RNI is er geen cijfer gepubliceerd.",
)

LAA_REFERENCES = Path(__file__).with_name("laa_trefkans.csv")
"""What LAA published, per address, so to be laid beside `trefkans_adres` only; for this signal type nothing is."""


def write_workbook(figures: Mapping[str, Any], target: BinaryIO | Path, gone: str = "") -> None:
    """Writes what `figures.figures` gave as XLSX: one sheet with the whole, one per dimension, definitions, choices.

    gone: what it must say of dossiers that were destroyed (exports.destroyed).
    """
    write_xlsx(target, sheets_of(figures), (*remarks_of(figures), *filter(None, [gone])))


def sheets_of(figures: Mapping[str, Any]) -> list[Sheet]:
    """The sheets of the numbers themselves."""
    meanings = [(each.naam, each.label, each.definitie) for each in _used(figures)]
    return [
        Sheet("Cijfers", (NAME, DETAIL, *MEASURED, DEFINITION), _whole(figures["cijfers"])),
        *(_split(dimension, parts) for dimension, parts in figures["per"].items()),
        Sheet("Definities", (CODE, NAME, DEFINITION), meanings),
        _choices(figures),
        _references(),
    ]


def remarks_of(figures: Mapping[str, Any]) -> tuple[str, ...]:
    """What holds for every number of them."""
    edition = (
        "Openbare uitgave: aantallen zijn afgerond op vijftallen."
        if figures["openbaar"]
        else ("Binnen het project: ware aantallen, nooit een persoon.")
    )
    return (f"Peildatum {_day(figures):%d-%m-%Y}.", edition, *REMARKS)


def _day(figures: Mapping[str, Any]) -> date:
    return _iso(figures["peildatum"])


def _used(figures: Mapping[str, Any]) -> Iterator[Any]:
    return (each for naam, each in FIGURES.items() if naam in figures["cijfers"])


def _whole(cijfers: Mapping[str, Any]) -> Iterator[Sequence[Cell]]:
    for naam, value in cijfers.items():
        each = FIGURES[naam]
        for detail, cells in _lines(value):
            yield (each.label, detail, *cells, each.definitie)


def _split(dimension: str, parts: Mapping[str, Mapping[str, Any]]) -> Sheet:
    label = dimension.replace("_", " ")
    by = Column(label.capitalize(), f"De waarde van {label} waarover de regel gaat.", breedte=22)
    rows = (
        (value, FIGURES[naam].label, detail, *cells)
        for value, cijfers in parts.items()
        for naam, one in cijfers.items()
        for detail, cells in _lines(one)
    )
    return Sheet(f"Per {label}", (by, NAME, DETAIL, *MEASURED), rows)


def _lines(value: Any) -> Iterator[tuple[str, Sequence[Cell]]]:
    """(detail, cells under MEASURED) of a figure: one line, or one per part."""
    if not isinstance(value, Mapping):
        yield "", _cells({"aantal": value})
    elif value.keys() & MEASURES.keys():
        yield "", _cells(value)
    else:
        for detail, part in value.items():
            yield from ((detail, cells) for _, cells in _lines(part))


def _cells(measured: Mapping[str, Any]) -> list[Cell]:
    return [measured.get(name) for name in MEASURES]


def _choices(figures: Mapping[str, Any]) -> Sheet:
    columns = (
        Column("Kenmerk", "Waarop is gekozen.", breedte=24),
        Column("Gekozen", "Welke waarden; 'alles' als er niet is gekozen.", breedte=60),
    )
    rows = [
        (name.replace("_", " "), ", ".join(values) or "alles") for name, values in sorted(figures["selectie"].items())
    ]
    return Sheet("Selectie", columns, [("peildatum", f"{_day(figures):%d-%m-%Y}"), *rows])


def _references() -> Sheet:
    columns = (
        Column("Van", "Begin van de periode.", Kind.DATUM, 14),
        Column("Tot en met", "Einde van de periode.", Kind.DATUM, 14),
        Column("Trefkans per adres", "Gepubliceerd voor adresonderzoek in de LAA.", Kind.PERCENTAGE, 20),
        Column("Waarover", "Welke onderzoeken het getal betreft.", breedte=40),
        Column("Bron", "Waar het getal staat.", breedte=60),
    )
    with LAA_REFERENCES.open(encoding="utf-8", newline="") as file:
        published = [
            (_iso(row["van"]), _iso(row["tot_en_met"]), float(row["trefkans"]), row["waarover"], row["bron"])
            for row in csv.DictReader(file, delimiter=";")
        ]
    return Sheet("Vergelijking LAA", columns, published)


def _iso(day: str) -> date:
    return date.fromisoformat(day)
