"""What every message is made from: the counted figures, how numbers are said, what municipalities are called."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from exports.figures import FIGURES
from exports.packs.parts import Figuur, Item, Message, Reeks, Said, Tabel, Vorm
from exports.packs.voice import Voice, text
from exports.sheet import Kind
from workflow.words import number

MOST_MUNICIPALITIES = 25
"""So many are drawn, the largest; the others are together, or in the workbook."""
CLOSED_ENOUGH = 0.8
"""Hit rates are compared when at least this part of the cases is closed."""
ROUNDED = "Aantallen zijn afgerond op vijftallen; een streepje staat waar het om te weinig zaken gaat."
SMALLER = "Getekend zijn de 25 gemeenten met de meeste zaken; de kleinere staan in het werkboek."

Part = Mapping[str, Any]
"""The figures of a selection, or of one part of a split."""


@dataclass(frozen=True)
class Basis:
    """counted: what `exports.figures.figures` gave, or the same read back from JSON.

    names: of municipalities by code. earlier: figures of all deliveries, to compare one with.
    """

    counted: Part
    names: Mapping[str, str] = field(default_factory=dict)
    said: Said = field(default_factory=Said)
    earlier: Part | None = None

    @property
    def cijfers(self) -> Part:
        """The figures of the whole selection."""
        figures: Part = self.counted["cijfers"]
        return figures

    @property
    def voice(self) -> Voice:
        """How this edition says numbers."""
        return Voice(bool(self.counted["openbaar"]))

    @property
    def too_early(self) -> bool:
        """More than a fifth is still open, so no hit rates are compared."""
        return early(self.cijfers)

    def per(self, dimension: str) -> Mapping[str, Part]:
        """The figures of each value of a dimension; empty where this edition does not split."""
        parts: Mapping[str, Part] = self.counted["per"].get(dimension, {})
        return parts

    def municipality(self, code: str) -> str:
        """Its name; its code when nobody said what it is called."""
        return self.names.get(code, code)

    def municipalities(self, counts: Callable[[Part], Sequence[int]]) -> list[tuple[str, tuple[int, ...]]]:
        """(name, counts) of the municipalities with the most cases, by name, and of all others together."""
        largest, others = self.largest("gemeente")
        rows = sorted((self.municipality(code), tuple(counts(part))) for code, part in largest)
        if others:
            rows.append(("De rest", tuple(map(sum, zip(*(counts(part) for _, part in others), strict=True)))))
        return rows

    def largest(self, dimension: str) -> tuple[list[tuple[str, Part]], list[tuple[str, Part]]]:
        """The parts with the most cases, and the others; parts without a case are in neither."""
        ordered = sorted(self.per(dimension).items(), key=lambda one: (-one[1]["zaken"], one[0]))
        present = [(value, part) for value, part in ordered if part["zaken"]]
        return present[:MOST_MUNICIPALITIES], present[MOST_MUNICIPALITIES:]

    def known(self, counts: Mapping[str, int]) -> dict[str, int]:
        """Counts by code without the noughts: in public a nought that is mentioned would be one or two people."""
        return {code: count for code, count in counts.items() if count}

    def message(
        self,
        naam: str,
        titel: str,
        figures: Sequence[str],
        n: str,
        tabel: Tabel,
        figuur: Figuur | None = None,
        remarks: Sequence[str] = (),
        kort: Tabel | None = None,
    ) -> Message:
        """A message with what a speaker needs: what the figures mean, over how many, and every number in words."""
        meanings = tuple((FIGURES[each].label, FIGURES[each].definitie) for each in figures)
        said = tuple(remark for remark in (*remarks, ROUNDED if self.voice.openbaar and figures else "") if remark)
        told = "; ".join(_line(tabel, row) for row in tabel.rijen).removesuffix(".")
        notes = [f"{titel}", f"n: {n}."]
        notes += [f"{label}: {definition}" for label, definition in meanings]
        notes += said
        if told:
            notes.append(f"De cijfers: {told}.")
        seen = described(figuur) if figuur else ""
        return Message(naam, titel, figuur, tabel, kort or tabel, meanings, n, seen, "\n".join(notes), said)


def early(part: Part) -> bool:
    """Whether more than a fifth of the cases is still open; in public also when that is not said."""
    open_share = part["aandeel_lopend"]
    part_open = open_share["waarde"]
    if part_open is None:  # nothing at all, or too few of one kind to say in public
        part_open = open_share["teller"] / open_share["noemer"] if open_share["noemer"] else 0
    return bool(part_open > 1 - CLOSED_ENOUGH + 1e-12)


def bars(items: Sequence[tuple[str, Item]], naam: str, as_titel: str) -> Figuur | None:
    """One bar for each; nothing to draw without any."""
    if not any(item.waarde for _, item in items):
        return None
    labels, values = zip(*items, strict=True)
    return Figuur(Vorm.BALKEN, labels, (Reeks(naam, values),), values[0].soort, as_titel)


def stacked(voice: Voice, rows: Sequence[tuple[str, Sequence[int]]], series: Sequence[str]) -> Figuur | None:
    """One bar in parts for each row of counts."""
    if not any(any(counts) for _, counts in rows):
        return None
    parts = tuple(
        Reeks(naam, tuple(voice.item(counts[place]) for _, counts in rows)) for place, naam in enumerate(series)
    )
    return Figuur(Vorm.GESTAPELD, tuple(label for label, _ in rows), parts, Kind.GETAL, "Zaken")


def shares(voice: Voice, rows: Sequence[tuple[str, Mapping[str, Any]]], naam: str) -> Figuur | None:
    """A share with its interval for each row."""
    if not any(rate["waarde"] is not None for _, rate in rows):
        return None
    values = tuple(voice.part(rate["waarde"]) for _, rate in rows)
    low, high = (tuple(rate[end] for _, rate in rows) for end in ("laag", "hoog"))
    series = Reeks(naam, values, low, high)
    return Figuur(Vorm.INTERVALLEN, tuple(label for label, _ in rows), (series,), Kind.PERCENTAGE, naam)


def beside(voice: Voice, heads: Sequence[str], rows: Sequence[tuple[str, Mapping[str, Any]]]) -> Tabel:
    """Shares as they fit beside a chart that shows their intervals: the share, and of how many."""
    lines = []
    for label, rate in rows:
        whole = f"{number(rate['teller'])} van {number(rate['noemer'])}" if rate.get("noemer") else "–"
        lines.append((label, [voice.part(rate["waarde"]), text(whole)]))
    return table(heads, lines)


_SEEN = {
    Vorm.BALKEN: "Staafdiagram",
    Vorm.GESTAPELD: "Gestapeld staafdiagram",
    Vorm.INTERVALLEN: "Staafdiagram met 95%-intervallen",
    Vorm.VERLOOP: "Dalende lijn",
}
MOST_DESCRIBED = 26


def described(figuur: Figuur) -> str:
    """A chart in words, with its numbers."""
    if figuur.dagen:
        last = len(figuur.dagen) - 1
        places = sorted({round(last * tenth / 8) for tenth in range(9)})
        items = figuur.reeksen[0].items
        told = "; ".join(f"na {figuur.dagen[place]} dagen {items[place].tekst}" for place in places)
        return f"{_SEEN[figuur.vorm]}: {figuur.reeksen[0].naam.lower()}. {told}."
    lines = []
    for place, label in enumerate(figuur.categorieen):
        values = [each.items[place].tekst for each in figuur.reeksen]
        if len(figuur.reeksen) > 1:
            values = [f"{each.naam.lower()} {value}" for each, value in zip(figuur.reeksen, values, strict=True)]
        lines.append(f"{label}: {', '.join(values)}")
    return f"{_SEEN[figuur.vorm]}, {figuur.as_titel.lower()}. {'; '.join(lines)}."


def table(heads: Sequence[str], rows: Sequence[tuple[str, Sequence[Item]]]) -> Tabel:
    """Rows of (what it is called, its cells)."""
    return Tabel(tuple(heads), tuple((text(label), *items) for label, items in rows))


def _line(tabel: Tabel, row: Sequence[Item]) -> str:
    heads = (head.lower() for head in tabel.koppen[1:])
    told = ", ".join(f"{head} {item.tekst}" for head, item in zip(heads, row[1:], strict=True) if item.tekst)
    return f"{row[0].tekst}: {told}" if told else row[0].tekst
