"""What a pack says of hit rates: of municipalities, of kinds of signals, of deliveries, of addresses."""

import csv
from collections.abc import Mapping, Sequence
from typing import Any, TypeAlias

from exports.packs.basis import SMALLER, Basis, Part, beside, early, shares, table
from exports.packs.parts import Message
from exports.packs.progress import nothing
from exports.packs.voice import RATE_HEADS, Voice, text
from exports.workbook import LAA_REFERENCES
from workflow.words import words

Rate: TypeAlias = Mapping[str, Any]

INVESTIGATED = "onderzochte zaken"
NOBODY = "Er is nog geen zaak onderzocht, dus er is nog geen trefkans."
NOBODY_PUBLIC = "Er zijn minder dan 5 zaken onderzocht, dus er is geen openbare trefkans."
TOGETHER = "Het interval telt personen als losse waarnemingen. Huisgenoten zijn dat niet: in het echt is het ruimer."
OVERLAP = "Overlappen twee intervallen, dan zegt het verschil weinig."
KINDS = {"aanleiding": "Aanleiding", "uitkeringssoort": "Uitkering", "adresbron": "Adres van", "verblijf": "Verblijf"}


def _still_open(of: Basis) -> str:
    """`54,7% (140 van 256 zaken) loopt nog`; in public also when the share itself is not said."""
    rate = of.cijfers["aandeel_lopend"]
    if rate["waarde"] is None:
        return f"{_whole(of.voice, rate)} lopen nog"
    return f"{of.voice.of(rate, 'zaken')} loopt nog"


def _open(voice: Voice, rate: Rate) -> str:
    """The same the other way round, after a name."""
    if rate["waarde"] is None:
        return f"lopen nog {_whole(voice, rate)}"
    return f"loopt nog {voice.of(rate, 'zaken')}"


def _whole(voice: Voice, rate: Rate) -> str:
    return f"{voice.amount(rate['teller'])} van {voice.zaken(rate['noemer'])}"


def _state(part: Part) -> str:
    return "nog niet" if early(part) else "ja"


def per_gemeente(of: Basis) -> Message:
    """The hit rate of each municipality with its interval, by name and in no order of rank."""
    cijfers, voice = of.cijfers, of.voice
    rate, by_address = cijfers["trefkans"], cijfers["trefkans_adres"]
    if not rate["noemer"]:
        title = NOBODY_PUBLIC if voice.openbaar else NOBODY
    elif of.too_early:
        title = f"De trefkans is nu {voice.of(rate, INVESTIGATED)}; {_still_open(of)}: vergelijk gemeenten nog niet."
    else:
        title = f"De trefkans is {voice.of(rate, INVESTIGATED)}"
        title += f", met een 95%-interval van {voice.interval(rate)}." if rate["laag"] is not None else "."
    parts, smaller = of.largest("gemeente")
    rows = sorted((of.municipality(code), part) for code, part in parts if part["trefkans"]["noemer"])
    lines = [
        (name, [*voice.rate(part["trefkans"]), voice.part(part["aandeel_lopend"]["waarde"]), text(_state(part))])
        for name, part in rows
    ]
    addresses = voice.count(by_address["noemer"], "adres", "adressen")
    return of.message(
        "gemeenten",
        title,
        ("trefkans", "trefkans_adres", "aandeel_lopend"),
        f"{voice.count(rate['noemer'], 'onderzochte zaak', INVESTIGATED)} op {addresses}",
        table(("Gemeente", *RATE_HEADS, "Loopt nog", "Te vergelijken"), lines),
        shares(voice, [(name, part["trefkans"]) for name, part in rows], "Trefkans"),
        (
            f"Per adres is de trefkans {voice.of(by_address, 'adressen')}, interval {voice.interval(by_address)}.",
            TOGETHER,
            f"{OVERLAP} Te vergelijken is een gemeente als ten minste 80% van haar zaken een resultaat heeft.",
            SMALLER if smaller else "",
        ),
        beside(
            voice, ("Gemeente", "Trefkans", "Treffers van onderzocht"), [(one, part["trefkans"]) for one, part in rows]
        ),
    )


def kenmerken(of: Basis) -> Message:
    """The hit rate by what the signal said: aanleiding, uitkeringssoort, adresbron, months of stay."""
    cijfers, voice = of.cijfers, of.voice
    rows: list[tuple[str, str, Rate]] = []
    for dimension, label in KINDS.items():
        for value, rate in _rates_by(of, dimension).items():
            if rate["noemer"]:
                rows.append((dimension, f"{label} {_said(dimension, value)}", rate))
    total = cijfers["trefkans"]
    if not total["noemer"]:
        title = NOBODY_PUBLIC if voice.openbaar else NOBODY
    elif of.too_early:
        title = f"Vergelijk de trefkans naar kenmerk nog niet: {_still_open(of)}."
    else:
        title = _differing(voice, rows) or (
            f"Geen kenmerk heeft een duidelijk andere trefkans dan een ander: over alles is zij "
            f"{voice.of(total, INVESTIGATED)}."
        )
    return of.message(
        "kenmerken",
        title,
        ("trefkans", *(("trefkans_per_verblijf",) if cijfers.get("trefkans_per_verblijf") else ())),
        voice.count(total["noemer"], "onderzochte zaak", INVESTIGATED),
        table(("Kenmerk", *RATE_HEADS), [(label, voice.rate(rate)) for _, label, rate in rows]),
        shares(voice, [(label, rate) for _, label, rate in rows], "Trefkans"),
        (
            "Naar aanleiding telt elk signaal; de rest telt per zaak, naar het eerste signaal.",
            f"{OVERLAP} Bij veel kenmerken verschilt er altijd wel een door toeval.",
        ),
        beside(voice, ("Kenmerk", "Trefkans", "Treffers van onderzocht"), [(label, rate) for _, label, rate in rows]),
    )


def _rates_by(of: Basis, dimension: str) -> Mapping[str, Rate]:
    if dimension == "verblijf":
        return of.cijfers.get("trefkans_per_verblijf") or {}
    return {value: part["trefkans"] for value, part in of.per(dimension).items()}


def _said(dimension: str, value: str) -> str:
    if dimension == "adresbron" and len(value) > len("UWV"):
        return value.lower()
    return words(value) if dimension == "aanleiding" or value == "geen" else value.replace("_", " ")


def _differing(voice: Voice, rows: Sequence[tuple[str, str, Rate]]) -> str:
    """The two of one kind that lie furthest apart, when their intervals do not meet."""
    pairs = [
        (high[2]["laag"] - low[2]["hoog"], high, low)
        for high in rows
        for low in rows
        if high[0] == low[0] and high[2]["laag"] is not None and low[2]["hoog"] is not None
    ]
    apart, high, low = max(pairs, key=lambda pair: pair[0], default=(0.0, None, None))
    if apart <= 0 or high is None or low is None:
        return ""
    of_what = "onderzochte signalen" if high[0] == "aanleiding" else INVESTIGATED
    above, below = (f"{label} {voice.of(rate, of_what)}" for _, label, rate in (high, low))
    return f"De trefkans verschilt duidelijk: {above}, {below}."


def leveringen(of: Basis) -> Message:
    """The hit rate of each delivery, beside those before it."""
    voice = of.voice
    parts = dict((of.earlier or of.counted)["per"].get("levering", {}))
    parts.update(of.per("levering"))
    present = {number: part for number, part in sorted(parts.items()) if part["signalen"]}
    measured = [number for number, part in present.items() if part["trefkans"]["waarde"] is not None]
    waiting = [number for number, part in present.items() if early(part)]
    what = "onderzochte signalen"
    if not present:
        title = "Er is nog geen levering om te vergelijken." if not voice.openbaar else nothing(of)
    elif len(present) == 1:
        (number,) = present
        title = f"De enige levering is {number}; de trefkans is {voice.of(present[number]['trefkans'], what)}."
    elif waiting:
        rate = present[waiting[-1]]["aandeel_lopend"]
        title = f"Vergelijk de leveringen nog niet: van {waiting[-1]} {_open(voice, rate)}."
    elif len(measured) < 2:
        title = f"Na {list(present)[-1]} zijn er nog te weinig onderzochte signalen om leveringen te vergelijken."
    else:
        first, last = (
            f"{number} {voice.of(present[number]['trefkans'], what)}" for number in (measured[-2], measured[-1])
        )
        title = f"De trefkans per levering: {first}, daarna {last}."
    lines = [
        (
            number,
            [
                voice.item(part["zaken"]),
                *voice.rate(part["trefkans"]),
                voice.part(part["aandeel_lopend"]["waarde"]),
                voice.part(part["opvolging"]["waarde"]),
                text(_state(part)),
            ],
        )
        for number, part in present.items()
    ]
    rates = [(number, part["trefkans"]) for number, part in present.items()]
    return of.message(
        "leveringen",
        title,
        ("trefkans", "aandeel_lopend", "opvolging"),
        voice.count(sum(rate["noemer"] for _, rate in rates), "onderzocht signaal", what),
        table(("Levering", "Zaken", *RATE_HEADS, "Loopt nog", "Opgevolgd", "Te vergelijken"), lines),
        shares(voice, rates, "Trefkans per signaal"),
        (f"Per levering telt elk signaal, ook als het aansloot bij een andere zaak. {OVERLAP}",),
        beside(voice, ("Levering", "Trefkans", "Treffers van onderzocht"), rates),
    )


def per_adres(of: Basis) -> Message:
    """The hit rate per address beside what LAA published of other signals."""
    voice, rate = of.voice, of.cijfers["trefkans_adres"]
    with LAA_REFERENCES.open(encoding="utf-8", newline="") as file:
        published = [(row, float(row["trefkans"])) for row in csv.DictReader(file, delimiter=";")]
    title = f"Per adres is de trefkans {voice.of(rate, 'adressen met een onderzochte zaak')}."
    if not rate["noemer"]:
        title = NOBODY_PUBLIC if voice.openbaar else NOBODY
    nothing_known = [text("–")] * 2
    rows = [("Langdurig RNI", rate, [*voice.rate(rate), text("deze cijfers")])]
    for row, share in published:
        label = f"LAA {row['van'][:4]}, {row['waarover']}"
        ends = {"waarde": share, "laag": None, "hoog": None}
        rows.append((label, ends, [voice.part(share), *nothing_known, *nothing_known, text(row["bron"])]))
    return of.message(
        "adressen",
        title,
        ("trefkans_adres",),
        voice.count(rate["noemer"], "adres met een onderzochte zaak", "adressen met een onderzochte zaak"),
        table(("Waarover", *RATE_HEADS, "Bron"), [(label, items) for label, _, items in rows]),
        shares(voice, [(label, each) for label, each, _ in rows], "Trefkans per adres") if rate["noemer"] else None,
        (
            "De cijfers van LAA gaan over andere signalen. Voor Langdurig RNI is er geen cijfer gepubliceerd.",
            f"Nu geldt: {_still_open(of)}." if of.cijfers["zaken"] else "",
        ),
        beside(voice, ("Waarover", "Trefkans", "Adressen"), [(label, each) for label, each, _ in rows]),
    )
