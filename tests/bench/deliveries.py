"""What the benchmark delivers: two made-up lists of signals in `uwv_2026_1`, and the counts a right load of them has.

`known` is what was loaded before: good rows only. `new` is measured: 5 % faulty in ten ways, 3 % duplicate (half equal
to an earlier row of the file, half known already), 1 % a second signal of a person with an open case.

The test range of BSNs (9999...) holds some 9,090 numbers, far too few for two million persons. So numbers that start
with a 9 are drawn when the benchmark runs; they lie in its temporary folder and nowhere else, never in the repository.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path

import numpy as np

from importers.uwv_2026_1 import LAYOUT
from signals.municipalities import NO_MUNICIPALITY, TABLE_33, read_table_33
from tests.bench.expected import Expected

COLUMNS = tuple(column.name for column in LAYOUT.columns)
RECEIVED = date(2026, 3, 2)
PIECE = 100_000
"""Rows made at once. A piece of `new` points at rows of the same piece of `known`, so memory stays small."""
FAULTY, DOUBLE, KNOWN, JOINING = 0.05, 0.015, 0.015, 0.01

Columns = dict[str, np.ndarray]


def _words(text: str) -> list[str]:
    return text.split()


_FIRST = _words(
    "Jan Maria Stanisław Crenguța Elena Ivan Ana Piotr Katarzyna José Mehmet Zoë Łukasz Ștefan Désirée Jürgen"
)
_LAST = _words(
    "Kowalski Nowak Ionescu Popescu Bălan Gołębiowski Ivanov Petrov García López Müller Schmidt Vries O'Neill Yılmaz "
    "Wiśniewska Dąbrowski Țurcanu Horváth Szabó Jansen Berg Fernandes Conceição Dijk"
)
_BEFORE_LAST = ("", "", "", "", "", "", "", "", "de", "van der")
_STREETS = [
    first + last
    for first in _words("Molen Kerk Dorps School Stations Wilhelmina Juliana Eiken Beuken Linden Kastanje Haven Markt")
    for last in _words("weg straat laan plein kade dijk pad")
]
_LETTERS = "ABCDEFGHJKLMNPRTVWXZ"  # no S: the pairs SA, SD and SS are not given out

_FAULTS: Mapping[str, tuple[str, str]] = {
    "postcode_ongeldig": ("postcode", "12AB"),
    "huisnummer_ongeldig": ("huisnummer", "nul"),
    "datum_ongeldig": ("datum_vanaf", "20269999"),
    "verplicht_leeg": ("geslachtsnaam", ""),
    "gemeentecode_onbekend": ("gemeentecode", "9998"),
    "einde_voor_begin": ("datum_tot", "20200101"),
    "code_onbekend": ("adresbron", "ONBEKEND"),
    "signaal_onbekend": ("mutatiesoort", "W"),
}
"""By code the cell that causes it; two more take more than one cell and stand in `_spoil`."""
_CODES = (*_FAULTS, "bsn_ongeldig", "signaal_bestaat_al_anders")


def write_known(path: Path, rows: int) -> Expected:
    """The delivery that is loaded before anything is measured, as CSV."""
    expected = Expected()
    pieces = (known_piece(start, rows) for start in range(0, rows, PIECE))
    write_csv(path, _counted(pieces, expected))
    return expected


def new(rows: int, known: int, expected: Expected) -> Iterator[Columns]:
    """The pieces of the delivery that is measured; `known`: the rows of the other one, at least as many.

    `expected` counts what was given.
    """
    for start in range(0, rows, PIECE):
        yield _new(start, min(PIECE, rows - start), known_piece(start, known), known, expected)


def write_csv(path: Path, pieces: Iterator[Columns]) -> None:
    """As UWV might write it: semicolons, UTF-8, CRLF."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, delimiter=";", lineterminator="\r\n")
        writer.writerow(COLUMNS)
        for piece in pieces:
            writer.writerows(zip(*(piece[name].tolist() for name in COLUMNS), strict=True))


def _counted(pieces: Iterator[Columns], expected: Expected) -> Iterator[Columns]:
    for piece in pieces:
        expected.accept(piece["adresbron"])
        yield piece


def known_piece(start: int, rows: int) -> Columns:
    return _signals(start, min(PIECE, rows - start), first_number=start, first_bsn=90_000_000, delivery="LRNI-2026-01")


def _new(start: int, size: int, known: Columns, known_rows: int, expected: Expected) -> Columns:
    """Good rows, some of which then become faulty, double or a second signal of somebody."""
    piece = _signals(start, size, first_number=known_rows + start, first_bsn=95_000_000, delivery="LRNI-2026-02")
    draw = np.random.default_rng([3, start])
    places = 1 + draw.permutation(size - 1)  # the first row stays good: every equal row needs one before it
    others = draw.permutation(len(known["bsn"]))  # no known row is used twice
    faulty, double, again, joining = (round(size * share) for share in (FAULTY, DOUBLE, KNOWN, JOINING))
    cuts = np.cumsum([faulty, double, again, joining])
    spoilt, doubled, repeated, joined, plain = np.split(places, cuts)
    other, same, person = np.split(others, np.cumsum([faulty, again]))[:3]

    for name in ("bsn", "gemeentecode", "geslachtsnaam", "voornamen", "voorvoegsel", "geboortedatum"):
        piece[name][joined] = known[name][person[:joining]]
    _repeat(piece, repeated, known, same)
    _spoil(piece, spoilt, known, other, expected)
    good = np.sort(np.concatenate([[0], joined, plain]))
    earlier = good[(draw.random(double) * np.searchsorted(good, doubled)).astype(int)]
    for name in COLUMNS:
        piece[name][doubled] = piece[name][earlier]

    expected.accept(piece["adresbron"][good], joining)
    expected.double("signaalnummer_dubbel_in_levering", double)
    expected.double("al_geladen", again)
    return piece


def _repeat(piece: Columns, rows: np.ndarray, known: Columns, which: np.ndarray) -> None:
    """These rows say what known ones said, in a delivery of another number."""
    for name in COLUMNS:
        if name != "leveringsnummer":
            piece[name][rows] = known[name][which]


def _spoil(piece: Columns, rows: np.ndarray, known: Columns, other: np.ndarray, expected: Expected) -> None:
    """Each of these rows gets one fault, of all kinds about as many."""
    for kind, code in enumerate(_CODES):
        chosen = rows[kind :: len(_CODES)]
        expected.reject(code, len(chosen))
        if code == "bsn_ongeldig":  # the last digit one higher
            piece["bsn"][chosen] = [f"{bsn[:8]}{(int(bsn[8]) + 1) % 10}" for bsn in piece["bsn"][chosen]]
        elif code == "signaal_bestaat_al_anders":
            _repeat(piece, chosen, known, other[: len(chosen)])
            piece["toelichting"][chosen] = "Nieuw telefoonnummer."
        else:
            name, text = _FAULTS[code]
            piece[name][chosen] = text


def _signals(start: int, size: int, *, first_number: int, first_bsn: int, delivery: str) -> Columns:
    """Good rows, about 22 of the 30 cells filled. The same arguments give the same rows."""
    draw = np.random.default_rng([first_bsn, start, size])
    codes, places = _municipalities()

    def pick(choices: Sequence[str], count: int = size) -> np.ndarray:
        return np.array(list(choices), dtype=object)[draw.integers(0, len(choices), count)]

    def some(share: float, texts: np.ndarray) -> np.ndarray:
        return np.where(draw.random(size) < share, texts, "").astype(object)

    def numbers(form: str, first: int, beyond: int) -> np.ndarray:
        return _texts(form, draw.integers(first, beyond, size))

    def days(first: date, count: int) -> np.ndarray:
        return pick([f"{first + timedelta(days=day):%Y%m%d}" for day in range(count)])

    where = draw.integers(0, len(codes), size)
    benefit = draw.random(size) < 0.7
    return {
        "leveringsnummer": np.full(size, delivery, dtype=object),
        "signaalnummer": _texts("UWV-{:08d}", np.arange(first_number, first_number + size) + 1),
        "mutatiesoort": np.full(size, "N", dtype=object),
        "datum_signaal": days(date(2026, 2, 1), 28),
        "grondslag": np.full(size, "LAA_2_37", dtype=object),
        "bsn": draw.permutation(_bsns(first_bsn + start // PIECE * (PIECE * 6 // 5), size)),
        "voornamen": pick(_FIRST) + some(0.4, " " + pick(_FIRST)),
        "voorvoegsel": pick(_BEFORE_LAST),
        "geslachtsnaam": pick(_LAST) + some(0.1, "-" + pick(_LAST)),
        "geboortedatum": days(date(1950, 1, 1), 20_000),
        "gemeentecode": codes[where],
        "straatnaam": pick(_STREETS),
        "huisnummer": numbers("{}", 1, 400),
        "huisletter": some(0.1, pick("ABC")),
        "huisnummertoevoeging": some(0.15, pick(("1", "2", "3H", "bis"))),
        "postcode": numbers("{}", 1000, 10_000) + pick(_LETTERS) + pick(_LETTERS),
        "woonplaats": places[where],
        "nummeraanduiding": some(0.5, codes[where] + numbers("20{:010d}", 0, 10**10)),
        "adresbron": pick(("TVA", "UWV", "WERKGEVER")),
        "adresdatum": days(date(2024, 6, 1), 500),
        "aanleiding": np.where(benefit, "UITKERING", "DIENSTVERBAND").astype(object),
        "uitkeringssoort": np.where(benefit, pick(("WW", "ZW", "WIA")), "").astype(object),
        "datum_vanaf": days(date(2024, 1, 1), 600),
        "datum_tot": some(0.3, days(date(2026, 3, 1), 300)),
        "werkgever": np.where(benefit, "", numbers("Bedrijf {} B.V.", 0, 5000)).astype(object),
        "loonheffingennummer": np.where(benefit, "", numbers("{:09d}L01", 0, 10**9)).astype(object),
        "telefoonnummer": some(0.5, numbers("06{:08d}", 0, 10**8)),
        "emailadres": some(0.3, _texts("p{}@example.org", np.arange(first_number, first_number + size))),
        "taal": pick(("pl", "ro", "en", "bg", "")),
        "toelichting": np.full(size, "", dtype=object),
    }


def _texts(form: str, numbers: np.ndarray) -> np.ndarray:
    return np.array([form.format(number) for number in numbers.tolist()], dtype=object)


def _bsns(first: int, count: int) -> np.ndarray:
    """So many numbers that pass the elfproef, all different, from these eight leading digits up."""
    leading = np.arange(first, first + count * 6 // 5 + 11)  # one in eleven has no last digit that passes
    last = sum((leading // 10**place % 10) * (place + 2) for place in range(8)) % 11
    return _texts("{}", (leading * 10 + last)[last < 10][:count])


def _municipalities() -> tuple[np.ndarray, np.ndarray]:
    """Code and name of the municipalities in force."""
    rows = [row for row in read_table_33(TABLE_33) if row.einde is None and row.code not in NO_MUNICIPALITY]
    return np.array([row.code for row in rows], dtype=object), np.array([row.naam for row in rows], dtype=object)
