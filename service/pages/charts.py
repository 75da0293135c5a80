"""Figures as pictures: from numbers to places on a drawing, each with the same numbers as a table.

Widths and places along the line are percents, so that a drawing fills whatever room there is and its words keep their
size, on a telephone and at 400% alike. Heights are pixels.
"""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from service.pages import labels
from signals.municipalities import alphabetical
from workflow.phases import Outcome, Phase
from workflow.words import share as share  # pages take it from here

LINE, UNDER = 18, 30
"""Pixels of a line of words, and of the bar under it with what is left open."""
LETTERS = 30
"""Words are put on so many lines that they fit on a telephone: a drawing does not wrap them by itself."""
LONGEST = 80.0
"""Percents of the line for the longest bar; behind it stands its number."""
CURVE, WHOLE = 260, 72
"""Pixels of the drawings that have no rows."""
MOST_MUNICIPALITIES = 25
CLOSED_ENOUGH = 0.8
"""Hit rates are compared when at least this part of the cases is closed."""
TICKS = (7, 14, 28, 56, 91, 182, 364, 728)
DAYS_SHOWN = 10


@dataclass(frozen=True)
class Bar:
    """A row of a bar chart: its words, its number, and how long it is; `further`: to where a second, thin line goes."""

    words: Sequence[str]
    text: str
    top: int
    width: float
    further: float | None = None


@dataclass(frozen=True)
class Interval:
    """A row of a chart of shares: the share and its 95% interval on a line from 0 to 100%; None where the public gets
    none. `early`: not to compare."""

    words: Sequence[str]
    top: int
    at: float | None
    low: float | None
    high: float | None
    early: bool = False


@dataclass(frozen=True)
class Part:
    """A part of one whole bar. `naam` says which pattern; `shows_number`: there is room for its number above it."""

    number: int
    naam: str
    label: str
    left: float
    width: float
    shows_number: bool


@dataclass(frozen=True)
class Stack:
    """A row of bars in parts, the longest as long as there is room; its numbers are in its words."""

    words: Sequence[str]
    top: int
    parts: Sequence[Part]


@dataclass(frozen=True)
class Tick:
    """A place along an axis and what stands there."""

    at: float
    text: str


@dataclass(frozen=True)
class Curve:
    """A line that only falls, in a field of 1000 by 1000; the marks along both sides; where it passes one half."""

    path: str
    days: Sequence[Tick]
    shares: Sequence[Tick]
    median: float | None


@dataclass(frozen=True)
class Chart:
    """A drawing with what it is called, what is seen on it in words, and its numbers as a table.

    soort: the macro of charts.html that draws it. naam: makes the identifiers on the page its own.
    """

    naam: str
    soort: str
    titel: str
    beschrijving: str
    heads: Sequence[str]
    rows: Sequence[tuple[str, Sequence[str]]]
    drawing: Any
    noot: str = ""

    @property
    def height(self) -> int:
        """In pixels."""
        if isinstance(self.drawing, Curve):
            return CURVE
        last = self.drawing[-1]
        return WHOLE if isinstance(last, Part) else int(last.top + height(last.words))


def charts_of(counted: Mapping[str, Any], municipalities: Mapping[str, str]) -> list[Chart]:
    """The charts of what `figures_for` gave; one without anything to draw is left out. municipalities: name by code."""
    cijfers = counted["cijfers"]
    drawn = (
        funnel(cijfers),
        outcomes(cijfers),
        phases(cijfers),
        survival(cijfers),
        compared(counted["per"].get("gemeente", {}), municipalities),
    )
    return [chart for chart in drawn if chart is not None]


def bars(rows: Sequence[tuple[str, str, float, float | None]]) -> list[Bar]:
    """Rows of (words, number as text, value, how much further or None), drawn to the same measure."""
    most = max((max(value, further or 0) for _, _, value, further in rows), default=0) or 1
    drawn, top = [], 0
    for label, text, value, further in rows:
        words = textwrap.wrap(label, LETTERS)
        end = None if further is None else percent(further / most)
        drawn.append(Bar(words, text, top, percent(value / most), end))
        top += height(words)
    return drawn


def height(words: Sequence[str]) -> int:
    """Pixels of a row with these words."""
    return len(words) * LINE + UNDER


def percent(share: float) -> float:
    """How long a bar is of this part of the longest."""
    return round(share * LONGEST, 2)


def funnel(cijfers: Mapping[str, Any]) -> Chart | None:
    """From signals to people registered: what is left at every step."""
    names = {
        "signalen": "Signalen",
        "zaken": "Zaken",
        "opgepakt": "Opgepakt",
        "onderzocht": "Onderzocht, met een resultaat",
        "treffers": "Ingeschreven als ingezetene",
    }
    counts = [cijfers[naam] for naam in names]
    if not counts[0] and not counts[1]:
        return None
    before = [None, *counts[:-1]]
    return Chart(
        "trechter",
        "balken",
        "Van signaal tot inschrijving",
        _told(zip(names.values(), map(labels.number, counts), strict=True)),
        ("Stap", "Aantal", "Deel van de stap ervoor"),
        [
            (label, (labels.number(count), "–" if not earlier else share(count / earlier)))
            for label, count, earlier in zip(names.values(), counts, before, strict=True)
        ],
        bars([(label, labels.number(count), count, None) for label, count in zip(names.values(), counts, strict=True)]),
        "Een zaak kan meer dan één signaal hebben. Lopende zaken kunnen nog een stap verder komen.",
    )


def outcomes(cijfers: Mapping[str, Any]) -> Chart | None:
    """Every case by the outcome that stands, and those that have none yet."""
    total = cijfers["zaken"]
    if not total:
        return None
    known = cijfers["resultaten"]
    counts = [(labels.heading(labels.words(outcome)), known[outcome]) for outcome in Outcome if known.get(outcome)]
    counts.append(("Nog geen resultaat", cijfers["lopend"]))
    return Chart(
        "resultaten",
        "balken",
        "Waar zaken op uitkwamen",
        _told((label, labels.number(count)) for label, count in counts),
        ("Resultaat", "Zaken", "Deel van alle zaken"),
        [(label, (labels.number(count), share(count / total))) for label, count in counts],
        bars([(label, labels.number(count), count, None) for label, count in counts]),
    )


def phases(cijfers: Mapping[str, Any]) -> Chart | None:
    """How long cases stay in a phase: the median, and to where nine out of ten come."""
    measured = [(phase, cijfers["duur_in_fase"][phase]) for phase in Phase if phase in cijfers["duur_in_fase"]]
    if not measured:
        return None
    rows = [
        (labels.heading(labels.words(phase)), *(labels.number(each[name]) for name in ("n", "mediaan", "p90")))
        for phase, each in measured
    ]
    return Chart(
        "fasen",
        "balken",
        "Hoe lang een zaak in een fase is",
        _told((label, f"mediaan {median}, negen van de tien binnen {p90} dagen") for label, _, median, p90 in rows),
        ("Fase", "Keer gemeten", "Mediaan in dagen", "90e percentiel"),
        [(label, cells) for label, *cells in rows],
        bars(
            [
                (row[0], f"{row[2]} d", each["mediaan"], each["p90"])
                for row, (_, each) in zip(rows, measured, strict=True)
            ]
        ),
        "De volle balk is de mediaan: de helft was korter. De dunne lijn loopt tot waar negen van de tien binnen "
        "blijven. Alleen verblijven die voorbij zijn.",
    )


def survival(cijfers: Mapping[str, Any]) -> Chart | None:
    """The Kaplan-Meier curve of receipt to first closing."""
    steps = {int(day): step for day, step in (cijfers["verloop_ontvangst_afgesloten"] or {}).items()}
    last = max(steps, default=0)
    if not last:
        return None
    every = next((tick for tick in TICKS if last / tick <= DAYS_SHOWN), last)
    days = list(range(0, last + 1, every))
    median = cijfers["duur_ontvangst_afgesloten"]["km_mediaan"]
    told = "Na de ontvangst is nog niet afgesloten"
    at = [(day, share(_left(steps, day))) for day in days]
    drawn = Curve(
        falling({day: step["aandeel"] for day, step in steps.items()}, last),
        [Tick(round(day / last * 100, 2), labels.number(day)) for day in days],
        [Tick(100 - part, f"{part}%") for part in (0, 25, 50, 75, 100)],
        None if median is None else round(median / last * 100, 2),
    )
    half = (
        "Meer dan de helft wacht nog, dus er is geen mediaan."
        if median is None
        else f"De helft is afgesloten na {labels.number(median)} dagen."
    )
    return Chart(
        "verloop",
        "kromme",
        "Hoe lang het duurt tot een zaak is afgesloten",
        f"{told}: {_told((f'na {day} dagen', part) for day, part in at)} {half}",
        ("Dagen na ontvangst", "Nog niet afgesloten", "Nog te volgen"),
        [(labels.number(day), (part, labels.number(_watched(steps, day)))) for day, part in at],
        drawn,
        f"Kaplan-Meier: lopende zaken tellen mee tot de peildatum. {half} Rechts rust de lijn op weinig zaken. Elke "
        "dag staat in het werkboek.",
    )


def _left(steps: Mapping[int, Mapping[str, Any]], day: int) -> float:
    """What had not happened yet at the end of a day: as told by the last place on or before it."""
    return float(next(step["aandeel"] for place, step in sorted(steps.items(), reverse=True) if place <= day))


def _watched(steps: Mapping[int, Mapping[str, Any]], day: int) -> int:
    """How many were still watched on a day, as told by the first place on or after it."""
    return int(next(step["gevolgd"] for place, step in sorted(steps.items()) if place >= day))


def falling(shares: Mapping[int, float], last: int) -> str:
    """A line that goes right, and down where something happened."""
    path = ""
    for day, left in sorted(shares.items()):
        across, down = round(day / last * 1000, 1), round((1 - left) * 1000, 1)
        path += f"H{across}V{down}" if path else f"M{across} {down}"
    return path


def compared(per: Mapping[str, Mapping[str, Any]], names: Mapping[str, str]) -> Chart | None:
    """The hit rate of each municipality with its interval, by name and in no order of rank."""
    rates = {code: each for code, each in per.items() if each.get("trefkans", {}).get("noemer")}
    if len(rates) < 2:
        return None
    largest = sorted(rates, key=lambda code: (-rates[code]["zaken"], code))[:MOST_MUNICIPALITIES]
    called = sorted(((names.get(code, code), rates[code]) for code in largest), key=lambda each: alphabetical(each[0]))
    early = [(each["aandeel_lopend"]["waarde"] or 0) > 1 - CLOSED_ENOUGH + 1e-12 for _, each in called]
    drawn, rows, top = [], [], 0
    for (name, each), too_early in zip(called, early, strict=True):
        rate = each["trefkans"]
        of = f"{labels.number(rate['teller'])} van {labels.number(rate['noemer'])}"
        at, low, high = (round(rate[part] * 100, 2) for part in ("waarde", "laag", "hoog"))
        words = [*textwrap.wrap(name, LETTERS), f"{share(rate['waarde'])}, {of}"]
        drawn.append(Interval(words, top, at, low, high, too_early))
        top += height(words)
        interval = f"{share(rate['laag'])} tot {share(rate['hoog'])}"
        rows.append((name, (share(rate["waarde"]), of, interval, share(each["aandeel_lopend"]["waarde"]))))
    left_out = len(rates) - len(largest)
    more = f" De {left_out} kleinere staan in de tabel per gemeente." if left_out else ""
    return Chart(
        "gemeenten",
        "intervallen",
        "Trefkans per gemeente",
        _told((name, f"{rate}, {of}") for name, (rate, of, *_) in rows),
        ("Gemeente", "Trefkans", "Treffers van onderzocht", "95%-interval", "Nog lopend"),
        rows,
        drawn,
        "De stip is de trefkans, de lijn het 95%-interval. Overlappen twee lijnen, dan zegt het verschil weinig. Bij "
        f"een open stip loopt nog meer dan 20% van de zaken: vergelijk die nog niet.{more}",
    )


def whole(naam: str, titel: str, head: str, counts: Sequence[tuple[str, int]], noot: str = "") -> Chart | None:
    """One bar in parts, each with its number and pattern (at most six); a last row has them all."""
    total = sum(count for _, count in counts)
    if not total:
        return None
    parts, left = [], 0.0
    for place, (code, count) in enumerate(counts, start=1):
        width = count / total * 100
        label = labels.heading(labels.words(code))
        parts.append(Part(place, code, label, round(left, 3), round(width, 3), width >= ROOM_FOR_A_NUMBER))
        left += width
    shown = [(part.label, labels.number(count)) for part, (_, count) in zip(parts, counts, strict=True)]
    return Chart(
        naam,
        "geheel",
        titel,
        _told(shown),
        (head, "Aantal", "Deel"),
        [(label, (number, share(count / total))) for (label, number), (_, count) in zip(shown, counts, strict=True)]
        + [("Samen", (labels.number(total), share(1)))],
        parts,
        noot,
    )


ROOM_FOR_A_NUMBER = 5
"""Percents."""


def _told(parts: Any) -> str:
    return "; ".join(f"{label}: {text}" for label, text in parts) + "."
