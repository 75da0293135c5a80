"""The one shape that every importer yields: the columns of a signal, and what makes two of them the same content."""

from collections.abc import Sequence
from typing import NamedTuple

COLUMNS = (
    "leveringsnummer",
    "signaalnummer",
    "mutatiesoort",
    "datum_signaal",
    "grondslag",
    "bsn",
    "voornamen",
    "voorvoegsel",
    "geslachtsnaam",
    "geboortedatum",
    "gemeentecode",
    "straatnaam",
    "huisnummer",
    "huisletter",
    "huisnummertoevoeging",
    "postcode",
    "woonplaats",
    "nummeraanduiding",
    "adresbron",
    "adresdatum",
    "aanleiding",
    "uitkeringssoort",
    "datum_vanaf",
    "datum_tot",
    "werkgever",
    "loonheffingennummer",
    "telefoonnummer",
    "emailadres",
    "taal",
    "toelichting",
)
REQUIRED = frozenset(
    {
        "leveringsnummer",
        "signaalnummer",
        "mutatiesoort",
        "datum_signaal",
        "grondslag",
        "bsn",
        "geslachtsnaam",
        "geboortedatum",
        "gemeentecode",
        "huisnummer",
        "adresbron",
        "aanleiding",
        "datum_vanaf",
    }
)
"""What a signal cannot be without, beside an address."""
DATES = frozenset({"datum_signaal", "adresdatum", "datum_vanaf", "datum_tot"})
IDENTITY = ("bsn", "gemeentecode")
CONTENT = tuple(
    name
    for name in COLUMNS
    if name not in {"leveringsnummer", "mutatiesoort", "datum_signaal", "signaalnummer", *IDENTITY}
)
"""The compared columns without the identity, which is compared by itself: a merger may rename a code."""


class KnownSignal(NamedTuple):
    """What must be known of an accepted signal to judge a later row about it; `id` is None within its own file.

    inhoud: the hash of its values for CONTENT, as texts; of 64 bits, and it takes no memory for every signal of a file.
    """

    id: int | None
    bsn: str
    gemeentecode: str
    inhoud: int
    ingetrokken: bool


class WarnedRow(NamedTuple):
    """A delivered row that was taken in with warnings, as the report tells of it."""

    regel: int
    signaalnummer: str
    codes: Sequence[str]
