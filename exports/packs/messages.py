"""What a pack says: one function makes it from counted figures, also from those of a frozen JSON on another machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from exports.packs import compared, ending, progress, spoken
from exports.packs.basis import Basis
from exports.packs.parts import MOST_SLIDES, Message, Pack, Said, Soort
from exports.selection import DIMENSIONS
from signals.dates import dutch_date
from workflow.words import heading, words

TITLES = {
    Soort.WERKSESSIE: "Werksessie Langdurig RNI",
    Soort.EVALUATIE: "Evaluatiesessie Langdurig RNI",
}
EDITIONS = {
    False: "Binnen het project: ware aantallen, niet verder verspreiden.",
    True: "Openbare uitgave: aantallen zijn afgerond op vijftallen.",
}
MOST_NAMED = 6

Make = Callable[[Basis], Message]
_ORDER: Mapping[Soort, Sequence[Make]] = {
    Soort.WERKSESSIE: (
        progress.voortgang,
        progress.resultaten,
        progress.antwoorden,
        progress.wachten,
        progress.contact,
        progress.regels,
    ),
    Soort.EVALUATIE: (
        progress.trechter,
        progress.voortgang,
        progress.resultaten,
        compared.per_gemeente,
        compared.kenmerken,
        compared.leveringen,
        compared.per_adres,
        ending.duur,
        ending.opbrengst,
        progress.antwoorden,
        progress.wachten,
        progress.contact,
        progress.regels,
    ),
}
_WITHOUT_SLIDE = ("regels", "wachten", "antwoorden", "voortgang", "adressen", "contact", "resultaten")
"""Who goes first when there are more messages than a deck has slides; page, workbook and paper have them all."""


def pack_of(
    soort: Soort,
    counted: Mapping[str, Any],
    *,
    names: Mapping[str, str] | None = None,
    said: Said | None = None,
    earlier: Mapping[str, Any] | None = None,
) -> Pack:
    """The pack of what `exports.figures.figures` gave.

    names: of municipalities by code; a code stands where there is none. said: what the sessie knows, left out in
    public. earlier: the figures of all deliveries, when `counted` is of one.
    """
    soort, openbaar = Soort(soort), bool(counted["openbaar"])
    of = Basis(counted, names or {}, (said if said and not openbaar else Said()), earlier)
    peildatum = date.fromisoformat(counted["peildatum"])
    chosen = _chosen(of)
    return Pack(
        soort,
        TITLES[soort],
        peildatum,
        openbaar,
        chosen,
        f"Bron: Langdurig RNI, stand op {dutch_date(peildatum)}. {EDITIONS[openbaar]}",
        EDITIONS[openbaar],
        _with_slides([*(make(of) for make in _ORDER[soort]), *_spoken(soort, of)]),
    )


def _spoken(soort: Soort, of: Basis) -> list[Message]:
    messages = []
    if of.said.leerpunten is not None:
        messages.append(spoken.leerpunten(of, of.said.leerpunten))
    if soort is Soort.EVALUATIE:
        messages.append(spoken.vragen_evaluatie(of))
    elif not of.voice.openbaar:
        messages.append(spoken.vragen_werksessie(of))
    if of.said.acties is not None:
        messages.append(spoken.acties(of))
    return messages


def _with_slides(messages: Sequence[Message]) -> tuple[Message, ...]:
    room = MOST_SLIDES - 1  # the title has one
    out = set(_WITHOUT_SLIDE[: max(0, len(messages) - room)])
    shown = tuple(replace(message, dia=message.naam not in out) for message in messages)
    assert sum(message.dia for message in shown) <= room
    return shown


def _chosen(of: Basis) -> tuple[str, ...]:
    """What is counted, in words: `Levering: LRNI-2026-07`."""
    lines = []
    for dimension, field in DIMENSIONS.items():
        values = of.counted["selectie"].get(field) or []
        if not values:
            continue
        called = [of.municipality(value) if dimension == "gemeente" else words(value) for value in values]
        more = len(called) - MOST_NAMED
        told = ", ".join(called[:MOST_NAMED]) + (f" en nog {more}" if more > 0 else "")
        lines.append(f"{heading(words(dimension))}: {told}")
    return tuple(lines) or ("Alle leveringen en gemeenten",)
