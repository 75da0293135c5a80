"""The verwerkingsverslag: what became of a delivery, to return to the supplier; mended and saved it loads again."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, tzinfo
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from exports.sheet import Cell, Column, Kind, Sheet, Shown, write_xlsx
from signals.models import Load, LoadStatus, RejectedRow, Uitkomst
from signals.rows import WarnedRow

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 1_000_000
"""A sheet holds little more; a file with more faults than that has one fault in every row."""

REGEL = Column("regel", "Het nummer van de rij in het aangeleverde bestand.", Kind.GETAL, 8)
CODES = Column("codes", "Wat er met de rij is, als codes.", breedte=30)
UITLEG = Column("uitleg", "Wat er met de rij is en hoe u haar verbetert.", breedte=60)
OWN = (REGEL, CODES, UITLEG)
DELIVERED = "Zoals aangeleverd; een gekleurde cel is fout."
BEYOND = "Gevulde cellen rechts van de laatste kolom, zoals aangeleverd."

REMARKS = (
    "Verbeter op het blad 'Afgekeurd' de gekleurde cellen en sla het bestand op. U kunt het dan zo weer aanbieden: "
    "van een verwerkingsverslag wordt alleen dat blad gelezen. Laat de kopregel staan.",
    "Rijen die dubbel zijn, staan niet op het blad 'Afgekeurd': aan een dubbele rij hoeft u niets te doen.",
    "Dit bestand bevat burgerservicenummers. Deel het alleen met wie de levering maakte.",
)

_ABOUT: tuple[tuple[str, str], ...] = (
    ("ladingnummer", "Het nummer van deze lading; leeg bij een controle zonder laden."),
    ("leveringsnummer", "Het nummer dat de leverancier aan de levering gaf."),
    ("bestandsnaam", "De naam van het aangeleverde bestand."),
    ("sha256", "Het controlegetal van het aangeleverde bestand."),
    ("layout", "De indeling waarin het bestand is gelezen."),
    ("status", "Wat er met het bestand is gedaan."),
    ("reden", "Waarom het bestand is geweigerd."),
    ("uitleg", "Wat u aan een geweigerd bestand kunt doen."),
    ("datum_ontvangst", "De dag van ontvangst in WALAA of TMV."),
    ("aangeboden_op", "Wanneer het bestand is aangeboden."),
    ("geladen_op", "Wanneer het bestand is geladen."),
    ("seconden", "Hoe lang het werk duurde."),
)
_COUNTS: tuple[tuple[str, str], ...] = (
    ("geleverd", "Het aantal rijen in het bestand: de som van de vijf hieronder."),
    ("geaccepteerd", "Nieuwe signalen."),
    ("gewijzigd", "Wijzigingen van een bekend signaal."),
    ("ingetrokken", "Ingetrokken signalen."),
    ("dubbel", "Rijen die niets veranderen, omdat ze al bekend zijn."),
    ("afgekeurd", "Rijen met een fout; ze staan op het blad 'Afgekeurd'."),
    ("zaken", "Geopende zaken."),
)
OF_THE_FILE = ("onbekende_kolom", "cel_zonder_waarde")
"""Warnings that are about no row but about the file as a whole."""
_EMPTY_WHEN_NONE = frozenset({"reden", "uitleg", "geladen_op"})

Rejected = Callable[[], Iterable[RejectedRow]]
"""The rows that changed nothing in file order; asked for twice, so that they need not all be held at once."""


def file_name(load: Load, zone: tzinfo) -> str:
    """`verwerkingsverslag-LD-2026-000012-20261102.xlsx`: kind, number and the day in `zone`."""
    day = (load.geladen_op or load.aangeboden_op).astimezone(zone)
    return f"verwerkingsverslag-{load.ladingnummer}-{day:%Y%m%d}.xlsx"


def write(
    target: BinaryIO | Path,
    load: Load,
    rejected: Rejected,
    warned: Iterable[WarnedRow],
    *,
    meanings: Mapping[str, str],
    zone: tzinfo,
) -> None:
    """Writes the report of a load, or of a check (a Load that is not stored), as XLSX.

    meanings: code -> what it means in a sentence. zone: in which moments are told.
    """
    sheets = (
        Sheet("Samenvatting", _SUMMARY, _summary(load, meanings, zone)),
        _rejected_sheet(rejected),
        Sheet("Waarschuwingen", _WARNINGS, _warnings(load, warned, meanings)),
    )
    write_xlsx(target, sheets, REMARKS)


_SUMMARY = (
    Column("gegeven", "Waar de regel over gaat.", breedte=36),
    Column("waarde", "Het gegeven, of het aantal rijen.", breedte=68),
    Column("betekenis", "Wat het is.", breedte=90),
)
_WARNINGS = (
    REGEL,
    Column("signaalnummer", "Het nummer van het signaal.", breedte=24),
    Column("code", "De waarschuwing, als code.", breedte=36),
    Column("uitleg", "Wat de waarschuwing betekent. De rij is wel verwerkt.", breedte=90),
)


def _summary(load: Load, meanings: Mapping[str, str], zone: tzinfo) -> Iterator[Sequence[Cell | Shown]]:
    for name, meaning in _ABOUT:
        value = getattr(load, name)
        if value is not None or name not in _EMPTY_WHEN_NONE:
            yield name, _shown(value, zone), meaning
    if load.status == LoadStatus.GEWEIGERD:
        return
    for name, meaning in _COUNTS:
        yield name, _shown(getattr(load, name), zone), meaning
    for title, counts in (("reden", load.redenen), ("waarschuwing", load.waarschuwingen)):
        for code, rows in counts.items():
            yield f"{title}: {code}", Shown(rows, Kind.GETAL), meanings.get(code, "")


def _shown(value: object, zone: tzinfo) -> Cell | Shown:
    match value:
        case datetime():
            return Shown(value.astimezone(zone), Kind.MOMENT)
        case LoadStatus():
            return value.value
        case int():
            return Shown(value, Kind.GETAL)
        case float():
            return Shown(value, Kind.DECIMAAL)
        case None | str():
            return value
    return Shown(value, Kind.DATUM)  # type: ignore[arg-type]  # of the columns of Load only a date is left


def _rejected_sheet(rejected: Rejected) -> Sheet:
    """The columns are ours, then the delivered ones, then what stood beyond them without a heading, as it was."""
    headings: list[str] = []
    beyond = 0
    for row in _only_rejected(rejected):
        delivered, more = _split(row)
        beyond = max(beyond, len(more))
        asked = [fault["kolom"] for fault in row.fouten if fault["kolom"]]
        headings += [name for name in dict.fromkeys((*delivered, *asked)) if name not in headings]
    columns = (
        *OWN,
        *(Column(name, DELIVERED) for name in headings),
        *(Column("", BEYOND) for _ in range(beyond)),
    )

    def rows() -> Iterator[Sequence[Cell | Shown]]:
        for row in _only_rejected(rejected):
            yield _cells(row, headings, beyond)

    return Sheet("Afgekeurd", columns, rows())


def _only_rejected(rejected: Rejected) -> Iterator[RejectedRow]:
    return islice((row for row in rejected() if row.uitkomst == Uitkomst.AFGEKEURD), MOST_ROWS)


def _split(row: RejectedRow) -> tuple[dict[str, str], list[str]]:
    """The delivered cells under their heading, and those beyond the last one (`kolom 31`).

    When the delivery itself was a verwerkingsverslag, its own three columns are left out: these are written anew.
    """
    cells = list(row.cellen.items())
    beyond: list[str] = []
    while cells and cells[-1][0] == f"kolom {len(cells)}":
        beyond.insert(0, cells.pop()[1])
    own = {column.naam for column in OWN}
    return {name: value for name, value in cells if name.strip().casefold() not in own}, beyond


def _cells(row: RejectedRow, headings: Sequence[str], beyond: int) -> list[Cell | Shown]:
    delivered, more = _split(row)
    faulty = {fault["kolom"] for fault in row.fouten}
    uitleg = " ".join(dict.fromkeys(fault["uitleg"] for fault in row.fouten))
    cells: list[Cell | Shown] = [row.regel, ", ".join(row.codes), uitleg]
    for name in headings:
        value = delivered.get(name, "")
        cells.append(Shown(value, fout=True) if name in faulty else value)
    cells += [Shown(value, fout=True) if value.strip() else value for value in more]
    return cells + [""] * (beyond - len(more))


def _warnings(load: Load, warned: Iterable[WarnedRow], meanings: Mapping[str, str]) -> Iterator[Sequence[Cell]]:
    """What is about the whole file first, then every row with a warning."""
    for code in OF_THE_FILE:
        if code in load.waarschuwingen:
            yield None, "", code, meanings.get(code, "")
    told = ((row, code) for row in warned for code in row.codes)
    for row, code in islice(told, MOST_ROWS):
        yield row.regel, row.signaalnummer, code, meanings.get(code, "")
