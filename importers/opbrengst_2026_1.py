"""The layout `opbrengst_2026_1` and its loading: what UWV did with the results it was told."""

import json
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select
from sqlmodel import Session

from importers import identify
from importers.columns import Context, Fault, Parsed, ParsedColumn, Parser, matching, one_of, past_day
from importers.explanations import explanation
from importers.judgement import known_signals
from importers.layout import Column, Layout
from importers.reader import Chunk, Table, fingerprint, open_table
from importers.refusals import FileRefused
from importers.rules import parse_columns
from signals.base import table
from signals.bulk import run, slices
from signals.dates import as_date
from signals.models import Opbrengst, OpbrengstLoad, Uitkomst
from signals.municipalities import Municipalities
from signals.numbers import take_numbers

SERIES = "opbrengst"
WITHOUT_AMOUNT = "geen_gevolg"
KINDS = ("terugvordering", "beeindiging", "verlaging", "boete", "voorkomen_schade", "nabetaling", WITHOUT_AMOUNT)

Told = Callable[[Session, Collection[int]], set[int]]
Key = tuple[int, str, date]

_AMOUNT = re.compile(r"[0-9]{1,12}([.,][0-9]{1,2})?")


@Parser
def amount(value: str, context: Context) -> Parsed:
    """Euros, not below zero, at most two decimals behind a comma or a point; given as `1234.50`."""
    if not _AMOUNT.fullmatch(value):
        return Fault("bedrag_ongeldig")
    return str(Decimal(value.replace(",", ".")).quantize(Decimal("0.01")))


LAYOUT = Layout(
    name="opbrengst_2026_1",
    kind="opbrengst",
    columns=(
        Column(
            "signaalnummer",
            matching(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", "signaalnummer_ongeldig"),
            required=True,
            advice="het nummer van het signaal zoals UWV het leverde",
        ),
        Column("soort", one_of(*KINDS), required=True, advice=", ".join(KINDS)),
        Column(
            "bedrag",
            amount,
            advice=f"euro's met hoogstens 2 decimalen, niet onder nul; leeg bij {WITHOUT_AMOUNT}",
        ),
        Column("peildatum", past_day, required=True),
    ),
    header_also=frozenset({"bedrag"}),
)


def load(session: Session, path: Path, *, file_name: str, told: Told, door: str, now: datetime) -> OpbrengstLoad:
    """Loads a yield file in the transaction of this session. Raises FileRefused, before anything is written.

    told: those of these signal ids of which UWV was told a result.
    """
    sha256 = fingerprint(path)
    (number,) = take_numbers(session, SERIES, now.year)
    loads = table(OpbrengstLoad).c
    if standing := run(session, select(loads.ladingnummer).where(loads.sha256 == sha256)).scalar():
        raise FileRefused("al_geladen", file_name, standing)
    context = Context(now.date(), Municipalities.load(session))
    content = open_table(path, file_name, partial(identify, kind=LAYOUT.kind))
    loading = OpbrengstLoad(
        ladingnummer=f"OB-{now.year}-{number:06d}",
        bestandsnaam=file_name[-255:],
        sha256=sha256,
        inhoud=path.read_bytes(),
        waarschuwingen=content.warnings,
        geladen_op=now,
        door=door,
    )
    session.add(loading)
    session.flush()
    work = _Work(session, content, context, told, loading)
    for chunk in content.chunks():
        work.take(chunk)
    work.finish()
    return loading


class _Work:
    """The rows of one file, dealt with in its order."""

    def __init__(self, session: Session, content: Table, context: Context, told: Told, loading: OpbrengstLoad) -> None:
        assert loading.id is not None
        self.session = session
        self.content = content
        self.context = context
        self.told = told
        self.loading = loading
        self.load_id = loading.id
        self.reasons: Counter[str] = Counter()
        self.turned_down: list[dict[str, Any]] = []
        self.here: dict[Key, str] = {}  # the amounts that this file gave

    def take(self, chunk: Chunk) -> None:
        """Judges the rows of a chunk, stores the good ones and remembers the others."""
        parsed = _parse(chunk, self.content, self.context)
        ids = _told_ids(self.session, parsed["signaalnummer"], self.told)
        known = _standing(self.session, {signal_id for signal_id, _ in ids.values()})
        good: list[dict[str, Any]] = []
        bad: dict[int, list[tuple[str, str]]] = {}
        for row in range(len(chunk.regels)):
            values = {name: str(column.values[row]) for name, column in parsed.items()}
            faults = _faults(parsed, row, values, ids)
            if row in chunk.beyond:
                faults.append(("", "te_veel_cellen"))
            if faults := faults or _compare(values, ids, self.here, known):
                bad[row] = faults
            else:
                key = _key(values, ids)
                self.here[key] = values["bedrag"]
                good.append(self._stored(key, values["bedrag"]))
        if good:
            run(self.session, insert(table(Opbrengst)), good)
        self.loading.geleverd += len(chunk.regels)
        self.loading.geaccepteerd += len(good)
        self._turn_down(chunk, bad)

    def _stored(self, key: Key, bedrag: str) -> dict[str, Any]:
        """A row of the table Opbrengst."""
        signal_id, soort, peildatum = key
        return {
            "signal_id": signal_id,
            "load_id": self.load_id,
            "soort": soort,
            "bedrag": Decimal(bedrag) if bedrag else None,
            "peildatum": peildatum,
            "vastgelegd_op": self.context.today,
        }

    def _turn_down(self, chunk: Chunk, bad: Mapping[int, list[tuple[str, str]]]) -> None:
        """The rows that change nothing, as the loader reads them."""
        delivered = dict(zip(bad, map(json.loads, chunk.delivered(list(bad))), strict=True))
        for row, faults in bad.items():
            outcome = Uitkomst.DUBBEL if faults[0][1] in _DOUBLES else Uitkomst.AFGEKEURD
            self.loading.dubbel += outcome == Uitkomst.DUBBEL
            self.loading.afgekeurd += outcome == Uitkomst.AFGEKEURD
            codes = sorted({code for _, code in faults})
            self.reasons.update(codes)
            self.turned_down.append(
                {
                    "regel": chunk.regels[row],
                    "uitkomst": outcome.value,
                    "codes": codes,
                    "fouten": [self._explained(name, code) for name, code in faults],
                    "cellen": delivered[row],
                }
            )

    def _explained(self, name: str, code: str) -> dict[str, str]:
        """A fault as people read it; without a column it is about the whole row."""
        heading = self.content.headings.get(name, name)
        advice = LAYOUT.column(name).advice if name else ""
        return {"kolom": heading, "code": code, "uitleg": explanation(code, heading, advice)}

    def finish(self) -> None:
        """The counts; when they do not add up it is our fault, and the load stops."""
        loading = self.loading
        if loading.geleverd != loading.geaccepteerd + loading.dubbel + loading.afgekeurd:
            raise AssertionError("de uitkomsten tellen niet op tot wat geleverd is")
        loading.redenen = dict(sorted(self.reasons.items()))
        loading.afgewezen = self.turned_down
        self.session.add(loading)
        self.session.flush()


_DOUBLES = frozenset({"rij_dubbel", "al_geladen"})


def _parse(chunk: Chunk, content: Table, context: Context) -> dict[str, ParsedColumn]:
    columns = parse_columns(chunk, LAYOUT, content.headings, context)
    return {column.name: parsed for column, parsed in columns}


def _told_ids(session: Session, numbers: ParsedColumn, told: Told) -> dict[str, tuple[int, bool]]:
    """Per known signaalnummer its id, and whether UWV was told a result of it."""
    known = known_signals(session, numbers.values.unique().to_list())
    ids = {number: signal.id for number, signal in known.items() if signal.id is not None}
    with_result = told(session, set(ids.values()))
    return {number: (signal_id, signal_id in with_result) for number, signal_id in ids.items()}


def _standing(session: Session, signal_ids: Collection[int]) -> dict[Key, str]:
    """The amounts that earlier files gave for these signals."""
    rows = table(Opbrengst).c
    found: dict[Key, str] = {}
    for piece in slices(signal_ids):
        these = select(rows.signal_id, rows.soort, rows.peildatum, rows.bedrag).where(rows.signal_id.in_(piece))
        for row in run(session, these):
            found[row[0], row[1], row[2]] = "" if row[3] is None else str(row[3])
    return found


def _faults(
    parsed: Mapping[str, ParsedColumn], row: int, values: Mapping[str, str], ids: Mapping[str, tuple[int, bool]]
) -> list[tuple[str, str]]:
    """What is wrong with a row, as (column, code)."""
    faults = [(name, column.faults[row]) for name, column in parsed.items() if row in column.faults]
    faulty = {name for name, _ in faults}
    if faulty.isdisjoint(("soort", "bedrag")):
        if values["soort"] == WITHOUT_AMOUNT and values["bedrag"]:
            faults.append(("bedrag", "bedrag_ongeldig"))
        elif values["soort"] != WITHOUT_AMOUNT and not values["bedrag"]:
            faults.append(("bedrag", "verplicht_leeg"))
    if "signaalnummer" not in faulty:
        signal = ids.get(values["signaalnummer"])
        if signal is None:
            faults.append(("signaalnummer", "signaal_onbekend"))
        elif not signal[1]:
            faults.append(("signaalnummer", "signaal_zonder_resultaat"))
    return faults


def _key(values: Mapping[str, str], ids: Mapping[str, tuple[int, bool]]) -> Key:
    peildatum = as_date(values["peildatum"])
    assert peildatum
    return ids[values["signaalnummer"]][0], values["soort"], peildatum


def _compare(
    values: Mapping[str, str], ids: Mapping[str, tuple[int, bool]], here: Mapping[Key, str], known: Mapping[Key, str]
) -> list[tuple[str, str]]:
    """One amount per signal, soort and peildatum: the same again is a double, another is not to be believed."""
    key = _key(values, ids)
    for earlier, double in ((here, "rij_dubbel"), (known, "al_geladen")):
        if key in earlier:
            code = double if earlier[key] == values["bedrag"] else "opbrengst_bestaat_al_anders"
            return [("bedrag", code)]
    return []
