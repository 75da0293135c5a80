"""A pack on paper: a tagged PDF with every message, its chart drawn beside its table."""

from pathlib import Path
from typing import Any, BinaryIO

from exports.packs import look
from exports.packs.parts import Figuur, Item, Message, Pack, Tabel, Vorm
from exports.print import typeset
from exports.sheet import Kind
from signals.dates import dutch_date

_TEMPLATE = Path(__file__).with_name("pack.typ")


def write_paper(pack: Pack, target: BinaryIO) -> None:
    """Writes the PDF."""
    data = {
        "titel": pack.titel,
        "stand": f"Stand op {dutch_date(pack.peildatum)}",
        "selectie": pack.selectie,
        "uitgave": pack.uitgave,
        "bron": pack.bron,
        "kleuren": {"inkt": look.INK, "zacht": look.SOFT, "lijn": look.LINE, "hoofd": look.MAIN, "licht": look.LIGHT},
        "berichten": [_message(message) for message in pack.messages],
    }
    target.write(typeset(_TEMPLATE, data))


def _message(message: Message) -> dict[str, Any]:
    return {
        "titel": message.titel,
        "n": f"n: {message.n}.",
        "figuur": _figure(message.figuur) if message.figuur else None,
        "alternatief": message.alternatief,
        "tabel": _table(message.tabel),
        "kanttekeningen": message.kanttekeningen,
        "definities": message.definities,
    }


def _table(table: Tabel) -> dict[str, Any]:
    rows = [[item.tekst for item in row] for row in table.rijen]
    right = [place > 0 and all(_stands_right(row[place]) for row in table.rijen) for place in range(len(table.koppen))]
    return {"koppen": table.koppen, "rijen": rows, "rechts": right}


def _stands_right(item: Item) -> bool:
    return item.soort is not Kind.TEKST or item.tekst == "–"


def _figure(figure: Figuur) -> dict[str, Any]:
    """Lengths as parts of the longest bar; of shares of the whole."""
    if figure.vorm is Vorm.VERLOOP:
        last = figure.dagen[-1]
        points = [[day / last, share] for day, share in figure.treden]
        return {
            "vorm": figure.vorm,
            "punten": points,
            "dagen": [[day / last, str(day)] for day in figure.merken],
            "as": figure.as_titel,
            "hoogte": figure.reeksen[0].naam,
        }
    totals = [
        sum(values) for values in zip(*([share or 0 for share in each.waarden] for each in figure.reeksen), strict=True)
    ]
    most = 1 if figure.vorm is Vorm.INTERVALLEN else max(totals)
    bars = []
    for place, label in enumerate(figure.categorieen):
        parts = [
            {"lengte": (each.waarden[place] or 0) / most, "tekst": each.items[place].tekst} for each in figure.reeksen
        ]
        (first, *_) = figure.reeksen
        ends = None
        if first.laag and first.laag[place] is not None:
            ends = [first.laag[place], first.hoog[place]]
        bars.append({"naam": label, "delen": parts, "eind": ends})
    return {"vorm": figure.vorm, "balken": bars, "reeksen": [each.naam for each in figure.reeksen]}
