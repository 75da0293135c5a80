"""How a pack says numbers: within the project as they are; in public rounded, and never as few as they really are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exports.packs.parts import Item
from exports.public import LEAST
from exports.sheet import Kind
from workflow.words import number, share, words

_DUTCH_POINTS = str.maketrans(",.", ".,")
MOST_TOGETHER = 3
TOO_FEW = "niet openbaar als percentage"


@dataclass(frozen=True)
class Voice:
    """Sentences of one edition."""

    openbaar: bool

    def amount(self, count: int) -> str:
        """`12`; in public nought may be one or two, so `minder dan 5`."""
        return f"minder dan {LEAST}" if self.openbaar and count == 0 else number(count)

    def count(self, count: int, one: str, more: str) -> str:
        """`1 zaak`, `12 zaken`, `minder dan 5 zaken`."""
        return f"{self.amount(count)} {one if count == 1 else more}"

    def zaken(self, count: int) -> str:
        """`12 zaken`."""
        return self.count(count, "zaak", "zaken")

    def share(self, part: float | None) -> str:
        """`53,1%`; in public a whole percent."""
        return f"{round(part * 100)}%" if self.openbaar and part is not None else share(part)

    def of(self, rate: Mapping[str, Any], what: str) -> str:
        """`53,1% (52 van 98 onderzochte zaken)`: never a percentage without over how many. Nothing to divide by, or
        too few for the public, is said in words."""
        if not rate["noemer"]:
            return "nog niet te zeggen"
        whole = f"{self.amount(rate['teller'])} van {self.amount(rate['noemer'])} {what}"
        if rate["waarde"] is None:
            return f"{TOO_FEW} ({whole})"
        return f"{self.share(rate['waarde'])} ({whole})"

    def interval(self, rate: Mapping[str, Any]) -> str:
        """`43,3% tot 62,6%`."""
        return "–" if rate["laag"] is None else f"{self.share(rate['laag'])} tot {self.share(rate['hoog'])}"

    # --- cells

    def item(self, count: int | None) -> Item:
        """A count."""
        return Item(count, Kind.GETAL, number(count))

    def part(self, part: float | None) -> Item:
        """A share."""
        return Item(part, Kind.PERCENTAGE, self.share(part))

    def rate(self, rate: Mapping[str, Any]) -> tuple[Item, ...]:
        """The cells under RATE_HEADS."""
        ends = self.part(rate["laag"]), self.part(rate["hoog"])
        return self.part(rate["waarde"]), self.item(rate["teller"]), self.item(rate["noemer"]), *ends


RATE_HEADS = ("Aandeel", "Teller", "Noemer", "95% vanaf", "95% tot")


def most(counts: Mapping[str, int]) -> tuple[list[str], int]:
    """The codes with the highest count, in the order given, and that count; a title names them all to be true."""
    highest = max(counts.values())
    return [code for code, count in counts.items() if count == highest], highest


def each_of(codes: Sequence[str]) -> str:
    """`‘overleden’`, `‘overleden’ en ‘niet opgepakt’`; of more than three the first three `en andere`."""
    told = [f"‘{words(code)}’" for code in codes]
    if len(told) > MOST_TOGETHER:
        told[MOST_TOGETHER:] = ["andere"]
    return " en ".join(filter(None, (", ".join(told[:-1]), told[-1])))


def text(told: str) -> Item:
    """Words in a cell."""
    return Item(told, Kind.TEKST, told)


def days(value: float | None) -> Item:
    """A number of days."""
    return Item(value, Kind.DECIMAAL, number(value))


def euros(value: float | None) -> Item:
    """A sum."""
    return Item(value, Kind.BEDRAG, euro_text(value))


def euro_text(value: float | None) -> str:
    """`24.108,21`; a dash for nothing."""
    return "–" if value is None else f"{value:,.2f}".translate(_DUTCH_POINTS)
