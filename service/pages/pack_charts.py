"""The messages of a pack as a page shows them: the drawing of each, and which columns of its table are numbers.

The numbers and their words are those of the message; here they only get a place.
"""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass

from exports.packs.parts import Figuur, Message, Pack, Tabel, Vorm
from exports.sheet import Kind
from service.pages.charts import (
    LETTERS,
    Chart,
    Curve,
    Interval,
    Part,
    Stack,
    Tick,
    bars,
    falling,
    height,
    percent,
)

NO_NUMBER = "–"
MOST_BESIDE = 6
"""Columns of a table beside a drawing; a wider one stands below it."""


@dataclass(frozen=True)
class Shown:
    """A message with its drawing, if it has one. rechts: of each column of its table, whether numbers stand in it.
    naast: there is room for the table beside the drawing."""

    message: Message
    chart: Chart | None
    rechts: Sequence[bool]
    naast: bool


def parts_of(pack: Pack) -> list[Shown]:
    """Every message, in order."""
    return [
        Shown(message, _chart(message), _right(message.tabel), len(message.tabel.koppen) <= MOST_BESIDE)
        for message in pack.messages
    ]


def _right(tabel: Tabel) -> list[bool]:
    return [
        place > 0 and all(row[place].soort is not Kind.TEKST or row[place].tekst == NO_NUMBER for row in tabel.rijen)
        for place in range(len(tabel.koppen))
    ]


def _chart(message: Message) -> Chart | None:
    figuur = message.figuur
    if figuur is None:
        return None
    soort, drawing = _DRAWN[figuur.vorm](figuur)
    return Chart(message.naam, soort, message.titel, message.alternatief, (), (), drawing)


def _bars(figuur: Figuur) -> tuple[str, object]:
    (series,) = figuur.reeksen
    rows = zip(figuur.categorieen, series.items, series.waarden, strict=True)
    return "balken", bars([(label, item.tekst, float(value or 0), None) for label, item, value in rows])


def _stacks(figuur: Figuur) -> tuple[str, object]:
    """Bars in parts, with the number of each part in words above it: inside there is no room for that."""
    counts = list(zip(*([value or 0 for value in each.waarden] for each in figuur.reeksen), strict=True))
    most, top, drawn = max(map(sum, counts)) or 1, 0, []
    for place, (label, values) in enumerate(zip(figuur.categorieen, counts, strict=True)):
        told = (f"{each.naam}: {each.items[place].tekst}" for each in figuur.reeksen)
        words = [line for part in (label, *told) for line in textwrap.wrap(part, LETTERS)]
        left, parts = 0.0, []
        for number, (each, value) in enumerate(zip(figuur.reeksen, values, strict=True), start=1):
            parts.append(Part(number, each.naam, each.naam, left, percent(value / most), False))
            left = round(left + percent(value / most), 2)
        drawn.append(Stack(words, top, parts))
        top += height(words)
    return "gestapeld", drawn


def _intervals(figuur: Figuur) -> tuple[str, object]:
    (series,) = figuur.reeksen
    ends = (series.laag or (None,) * len(series.items), series.hoog or (None,) * len(series.items))
    top, drawn = 0, []
    rows = zip(figuur.categorieen, series.items, series.waarden, *ends, strict=True)
    for label, item, value, low, high in rows:
        words = [*textwrap.wrap(label, LETTERS), item.tekst]
        at, lowest, highest = (None if end is None else round(end * 100, 2) for end in (value, low, high))
        drawn.append(Interval(words, top, at, lowest, highest))
        top += height(words)
    return "intervallen", drawn


def _curve(figuur: Figuur) -> tuple[str, object]:
    last = figuur.dagen[-1] or 1
    shares = {day: float(share or 0) for day, share in zip(figuur.dagen, figuur.reeksen[0].waarden, strict=True)}
    return "kromme", Curve(
        falling(shares, last),
        [Tick(round(day / last * 100, 2), str(day)) for day in figuur.merken],
        [Tick(100 - part, f"{part}%") for part in (0, 25, 50, 75, 100)],
        None,
    )


_DRAWN = {Vorm.BALKEN: _bars, Vorm.GESTAPELD: _stacks, Vorm.INTERVALLEN: _intervals, Vorm.VERLOOP: _curve}
