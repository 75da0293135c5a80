"""What a printed dossier is made of: chapters of entries, and the pieces behind them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from signals.dates import dutch_date
from workflow.models import Document, Letter, ReceivedPart

Origin = Document | Letter | ReceivedPart
"""What has bytes of its own: a document, a letter, or a letter that another municipality sent."""
ONE_OF: Mapping[str, str] = {
    "contacten": "contact",
    "terugbelverzoeken": "terugbelverzoek",
    "huisbezoeken": "huisbezoek",
    "walaa-vastleggingen": "vastlegging",
    "leerpunten": "leerpunt",
    "rectificaties": "rectificatie",
    "inlichtingenverzoeken": "inlichtingenverzoek",
}
"""What one dossier entry of a kind is called."""


@dataclass
class Entry:
    """A piece of text: its heading and its lines."""

    kop: str = ""
    regels: list[tuple[str, str]] = field(default_factory=list)


@dataclass
class Part:
    """A chapter."""

    titel: str
    stukken: list[Entry] = field(default_factory=list)
    uitleg: str = ""
    leeg: str = "Hierover is niets vastgelegd."


@dataclass(frozen=True)
class Piece:
    """What goes along as it is, under its number. mediatype and sha256: empty for a reference."""

    nummer: int
    omschrijving: str
    soort: str
    datum: date
    kenmerk: str
    mediatype: str
    sha256: str
    origin: Origin

    @property
    def title(self) -> str:
        """`Stuk 3: Huurovereenkomst`."""
        return f"Stuk {self.nummer}: {self.omschrijving}"


def entry(kop: str, regels: Iterable[tuple[str, str]]) -> Entry:
    """An entry with the lines that say something."""
    return Entry(kop, [(label, text) for label, text in regels if text])


def day_or_nothing(value: date | None) -> str:
    """A day in words; nothing for none."""
    return dutch_date(value) if value else ""


def capital(text: str) -> str:
    """With a capital at the beginning."""
    return text[:1].upper() + text[1:]
