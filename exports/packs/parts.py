"""What a pack is made of: messages, each a sentence with its chart and its table. Whoever draws places these only."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from exports.sheet import Kind

MOST_SLIDES = 10
"""With the title slide."""


class Soort(StrEnum):
    """For which session a pack is."""

    WERKSESSIE = "werksessie"
    EVALUATIE = "evaluatie"


class Vorm(StrEnum):
    """How a chart is drawn: bars, bars in parts, shares with their interval, or a line that falls in steps."""

    BALKEN = "balken"
    GESTAPELD = "gestapeld"
    INTERVALLEN = "intervallen"
    VERLOOP = "verloop"


@dataclass(frozen=True)
class Item:
    """What stands in a cell: the value itself, what kind it is, and how it is read."""

    waarde: str | int | float | None
    soort: Kind
    tekst: str


@dataclass(frozen=True)
class Reeks:
    """The values of a chart in the order of its categories, and how each is read; None where there is none.

    laag, hoog: the ends of the interval of each, of a chart of shares.
    """

    naam: str
    items: tuple[Item, ...]
    laag: tuple[float | None, ...] = ()
    hoog: tuple[float | None, ...] = ()

    @property
    def waarden(self) -> tuple[float | int | None, ...]:
        """The bare numbers."""
        return tuple(None if isinstance(item.waarde, str) else item.waarde for item in self.items)

    @property
    def onder(self) -> list[float]:
        """How far every interval reaches below its value; nought where there is none."""
        return self._apart(self.laag)

    @property
    def boven(self) -> list[float]:
        """How far it reaches above."""
        return self._apart(self.hoog)

    def _apart(self, ends: Sequence[float | None]) -> list[float]:
        return [
            0.0 if value is None or end is None else abs(end - value)
            for value, end in zip(self.waarden, ends, strict=True)
        ]


@dataclass(frozen=True)
class Figuur:
    """A chart. dagen: of a line, the day of each value; then there are no categories."""

    vorm: Vorm
    categorieen: tuple[str, ...]
    reeksen: tuple[Reeks, ...]
    soort: Kind
    as_titel: str
    dagen: tuple[int, ...] = ()

    @property
    def merken(self) -> list[int]:
        """The days that stand below a line."""
        return [round(self.dagen[-1] * part / 4) for part in range(5)]

    @property
    def treden(self) -> list[tuple[int, float]]:
        """The points of a line that goes right, and down where something happened."""
        points: list[tuple[int, float]] = []
        for day, share in zip(self.dagen, self.reeksen[0].waarden, strict=True):
            assert share is not None
            if points and points[-1][1] != share:
                points.append((day, points[-1][1]))
            points.append((day, float(share)))
        return points


@dataclass(frozen=True)
class Tabel:
    """Heads and rows; the first cell of a row names it."""

    koppen: tuple[str, ...]
    rijen: tuple[tuple[Item, ...], ...]


@dataclass(frozen=True)
class Message:
    """One thing a pack says.

    titel: a sentence with the numbers that tell it. definities: (figure, what it counts). n: over how many, in words.
    kort: of the table what fits beside a chart.
    alternatief: the chart in words. notitie: what a speaker needs to know. dia: it has a slide in the deck.
    """

    naam: str
    titel: str
    figuur: Figuur | None
    tabel: Tabel
    kort: Tabel
    definities: tuple[tuple[str, str], ...]
    n: str
    alternatief: str
    notitie: str
    kanttekeningen: tuple[str, ...] = ()
    dia: bool = True


@dataclass(frozen=True)
class Pack:
    """All a pack says. selectie: in words. bron: where the numbers come from, under every message."""

    soort: Soort
    titel: str
    peildatum: date
    openbaar: bool
    selectie: tuple[str, ...]
    bron: str
    uitgave: str
    messages: tuple[Message, ...]

    @property
    def slides(self) -> Sequence[Message]:
        """The messages of the deck."""
        return [message for message in self.messages if message.dia]


@dataclass(frozen=True)
class Leerpunt:
    """Leerpunten with the same words: in how many dossiers, of how many municipalities, what was concluded."""

    soort: str
    tekst: str
    dossiers: int
    gemeenten: int
    conclusie: str = ""


@dataclass(frozen=True)
class Actie:
    """An action that was agreed: what, by which organisation, before which day, and when it was done."""

    tekst: str
    organisatie: str
    voor: date
    gedaan_op: date | None = None


@dataclass(frozen=True)
class Said:
    """What only the sessie knows, in words without a person; never in the public edition. None: there is no sessie."""

    leerpunten: tuple[Leerpunt, ...] | None = None
    acties: tuple[Actie, ...] | None = None
    vragen: tuple[str, ...] = ()
