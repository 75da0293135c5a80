"""A chunk read by its layout: every cell parsed by column, then the rules that look across the cells of a row."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import polars as pl

from importers.columns import Context, ParsedColumn, parse_column, plain_cells
from importers.explanations import explanation
from importers.layout import Column, Layout
from importers.reader import Chunk, Table
from signals.dates import as_date
from signals.rows import COLUMNS


class Fault(NamedTuple):
    """What is wrong with a row, and in which of our columns; the column is empty when it is the whole row."""

    column: str
    code: str


class Warnings:
    """The warnings of the rows of a chunk, by position: a bit for every code, because many rows have one."""

    def __init__(self, size: int) -> None:
        self._bits = np.zeros(size, np.uint32)
        self._codes: list[str] = []

    def add(self, rows: "Sequence[int] | np.ndarray", code: str) -> None:
        """These rows have that warning."""
        if len(rows):
            if code not in self._codes:
                self._codes.append(code)
            self._bits[rows] |= 1 << self._codes.index(code)

    def only(self, rows: np.ndarray) -> "Warnings":
        """Those of these rows, by new positions."""
        some = Warnings(len(rows))
        some._bits, some._codes = self._bits[rows], [*self._codes]
        return some

    def of(self, row: int) -> list[str]:
        """The codes of a row, in order."""
        return self._in_words(int(self._bits[row]))

    def counted(self, rows: "Sequence[int] | np.ndarray") -> Counter[str]:
        """How many of these rows have each code."""
        bits = self._bits[rows]
        counts = Counter({code: int((bits >> place & 1).sum()) for place, code in enumerate(self._codes)})
        return +counts

    def as_json(self, rows: "Sequence[int] | np.ndarray") -> pl.Series:
        """The codes of each of these rows as JSON."""
        found, which = np.unique(self._bits[rows], return_inverse=True)
        return pl.Series([json.dumps(self._in_words(int(bits))) for bits in found], dtype=pl.String).gather(which)

    def any(self) -> np.ndarray:
        """The rows that have a warning."""
        return np.flatnonzero(self._bits)

    def _in_words(self, bits: int) -> list[str]:
        return sorted(code for place, code in enumerate(self._codes) if bits >> place & 1)


@dataclass
class Reading:
    """A chunk as values: a column of texts per column of ours, and by row position its faults and warnings."""

    chunk: Chunk
    values: pl.DataFrame
    delivered_code: pl.Series  # the gemeentecode before mergers were followed
    warnings: Warnings
    faults: defaultdict[int, list[Fault]] = field(default_factory=lambda: defaultdict(list))

    def __len__(self) -> int:
        """The number of rows."""
        return len(self.chunk.regels)

    def only(self, rows: np.ndarray) -> "Reading":
        """These rows alone, in this order, with new positions."""
        places = {int(row): place for place, row in enumerate(rows)}
        faults = {places[row]: found for row, found in self.faults.items() if row in places}
        return Reading(
            self.chunk.only(rows),
            self.values[rows],
            self.delivered_code.gather(rows),
            self.warnings.only(rows),
            defaultdict(list, faults),
        )

    def blame(self, rows: Iterable[int], column: str, code: str) -> None:
        """These rows have that fault."""
        for row in rows:
            self.faults[int(row)].append(Fault(column, code))


def parse_columns(
    chunk: Chunk, layout: Layout, headings: Mapping[str, str], context: Context
) -> Iterator[tuple[Column, ParsedColumn]]:
    """The columns of the layout that this file has; headings: our name -> the heading as delivered."""
    here = [column for column in layout.columns if column.name in headings]
    plain = chunk.cells.select(
        plain_cells(pl.col(headings[column.name]), column.parse, context, required=column.required).alias(column.name)
        for column in here
    )
    for column in here:
        cells = chunk.cells[headings[column.name]]
        yield column, parse_column(cells, plain[column.name], column.parse, context, required=column.required)


class Rulebook:
    """The layout of one file put to work: the same rules for every chunk."""

    def __init__(self, table: Table, context: Context, *, received: date, participating: frozenset[str] | None) -> None:
        self.layout: Layout = table.layout
        self.headings: Mapping[str, str] = table.headings
        self.context = context
        self.constants = {
            name: f"{received:%Y%m%d}" if value == "ontvangst" else value
            for name, value in table.layout.constants.items()
        }
        self.participating = participating
        self.leveringsnummer: str | None = None  # of the first row with a valid one
        self._explained: dict[Fault, dict[str, str]] = {}

    def read(self, chunk: Chunk) -> Reading:
        """Values, faults and warnings of a chunk; they come in file order, for the first tells the leveringsnummer."""
        size = len(chunk.regels)
        columns: dict[str, pl.Series] = {}
        warnings = Warnings(size)
        faults: defaultdict[int, list[Fault]] = defaultdict(list)
        for column, parsed in parse_columns(chunk, self.layout, self.headings, self.context):
            columns[column.name] = parsed.values
            for row, code in parsed.faults.items():
                faults[row].append(Fault(column.name, code))
            for code in set(parsed.warnings.values()):
                warnings.add([row for row, found in parsed.warnings.items() if found == code], code)
        values = pl.select(
            columns[name].alias(name) if name in columns else pl.repeat(self.constants.get(name, ""), size).alias(name)
            for name in COLUMNS
        )
        reading = Reading(chunk, values, values["gemeentecode"], warnings, faults)
        self._follow_mergers(reading)
        self._judge_dates(reading)
        self._judge_address(reading)
        self._judge_codes(reading)
        reading.blame(chunk.beyond, "", "te_veel_cellen")
        self._judge_leveringsnummer(reading)
        return reading

    def explain(self, fault: Fault) -> dict[str, str]:
        """A fault as people read it: the heading as delivered, the code, the sentence."""
        if fault not in self._explained:
            heading = self.headings.get(fault.column, fault.column)
            advice = next((column.advice for column in self.layout.columns if column.name == fault.column), "")
            text = explanation(fault.code, heading, advice)
            self._explained[fault] = {"kolom": heading, "code": fault.code, "uitleg": text}
        return self._explained[fault]

    def _faulty(self, reading: Reading, *columns: str) -> np.ndarray:
        """True for the rows that have a fault in one of these columns."""
        faulty = np.zeros(len(reading), dtype=bool)
        rows = [row for row, faults in reading.faults.items() if any(fault.column in columns for fault in faults)]
        faulty[rows] = True
        return faulty

    def _judge_leveringsnummer(self, reading: Reading) -> None:
        numbers = reading.values["leveringsnummer"]
        good = ~self._faulty(reading, "leveringsnummer")
        if self.leveringsnummer is None and good.any():
            self.leveringsnummer = numbers[int(np.argmax(good))]
        other = good & (numbers != (self.leveringsnummer or "")).to_numpy()
        reading.blame(np.flatnonzero(other), "leveringsnummer", "leveringsnummer_wijkt_af")

    def _follow_mergers(self, reading: Reading) -> None:
        """The code must count on datum_signaal, or have counted and gone up in another; the row goes to that one."""
        pairs = reading.values.select("gemeentecode", "datum_signaal")
        good = ~self._faulty(reading, "gemeentecode")
        dated = ~self._faulty(reading, "datum_signaal")
        # What stands for itself on the earliest day does so on every other: only the rest is looked at by day.
        earliest = as_date(str(pairs["datum_signaal"].filter(dated).min())) or self.context.today
        codes = pairs["gemeentecode"].filter(good).unique()
        plain = [code for code in codes if self._stands_for(code, earliest) == (code, None)]
        good &= ~(dated & pairs["gemeentecode"].is_in(plain).to_numpy())
        if not good.any():
            return
        distinct = pairs.filter(good).unique()
        followed: dict[str, list[str]] = {"gemeentecode": [], "datum_signaal": [], "nu": []}
        for code, day in distinct.iter_rows():
            now, fault = self._stands_for(code, as_date(day) or self.context.today)
            if fault or now != code:
                these = good & ((pairs["gemeentecode"] == code) & (pairs["datum_signaal"] == day)).to_numpy()
                rows = np.flatnonzero(these)
                if fault:
                    reading.blame(rows, "gemeentecode", fault)
                else:
                    reading.warnings.add(rows, "gemeente_samengevoegd")
                if now != code:
                    for name, value in zip(followed, (code, day, now), strict=True):
                        followed[name].append(value)
        if followed["nu"]:
            new = pairs.join(
                pl.DataFrame(followed), on=["gemeentecode", "datum_signaal"], how="left", maintain_order="left"
            )
            now_there = pl.Series(np.where(good, new["nu"].fill_null(pairs["gemeentecode"]), pairs["gemeentecode"]))
            reading.values = reading.values.with_columns(now_there.cast(pl.String).alias("gemeentecode"))

    def _stands_for(self, code: str, on: date) -> tuple[str, str | None]:
        municipalities, today = self.context.municipalities, self.context.today
        now = municipalities.successor(code, today)
        if not municipalities.begun(code, on) or not municipalities.in_force(now, today):
            return code, "gemeentecode_onbekend"
        if self.participating is not None and now not in self.participating:
            return now, "gemeente_doet_niet_mee"
        return now, None

    def _judge_dates(self, reading: Reading) -> None:
        faulty_period = self._faulty(reading, "datum_vanaf", "datum_tot")
        faulty_signal = self._faulty(reading, "datum_signaal")
        ended = pl.col("datum_tot") != ""
        backwards = ended & (pl.col("datum_tot") <= pl.col("datum_vanaf"))
        begin, end = pl.col("datum_vanaf"), pl.when(ended).then("datum_tot").otherwise("datum_signaal")
        # As numbers, without a calendar: four months on the month is 4 more, or 8 less in the next year.
        day = begin.cast(pl.Int32, strict=False)
        soon = end.cast(pl.Int32, strict=False) < day + pl.when(day // 100 % 100 <= 8).then(400).otherwise(9_200)
        found = reading.values.select(
            backwards.alias("backwards"), (~backwards & soon).fill_null(False).alias("perhaps short")
        )
        reading.blame(np.flatnonzero(found["backwards"].to_numpy() & ~faulty_period), "datum_tot", "einde_voor_begin")
        perhaps = np.flatnonzero(found["perhaps short"].to_numpy() & ~faulty_period & ~faulty_signal)
        # The stay criterion (Wet BRP 2.4 lid 1): as signals.dates.shorter_than_four_months, a column at a time.
        short = reading.values[perhaps].select(
            end.str.to_date("%Y%m%d") < begin.str.to_date("%Y%m%d").dt.offset_by("4mo")
        )
        reading.warnings.add(perhaps[short.to_series().to_numpy()], "verblijf_korter_dan_vier_maanden")

    def _judge_address(self, reading: Reading) -> None:
        no_postcode = pl.col("postcode") == ""
        incomplete = no_postcode & ((pl.col("straatnaam") == "") | (pl.col("woonplaats") == ""))
        column = next((name for name in ("postcode", "straatnaam", "woonplaats") if name in self.headings), "postcode")
        reading.blame(_rows(reading, incomplete), column, "adres_onvolledig")
        reading.warnings.add(_rows(reading, no_postcode & ~incomplete), "postcode_ontbreekt")
        reading.warnings.add(_rows(reading, pl.col("adresbron") == "WERKGEVER"), "adres_van_werkgever")

    def _judge_codes(self, reading: Reading) -> None:
        without = (pl.col("aanleiding") == "UITKERING") & (pl.col("uitkeringssoort") == "")
        reading.blame(_rows(reading, without), "uitkeringssoort", "uitkeringssoort_ontbreekt")
        reading.warnings.add(_rows(reading, pl.col("grondslag") == "TMV_2_34"), "grondslag_past_niet_bij_rni")


def _rows(reading: Reading, condition: pl.Expr) -> np.ndarray:
    """The positions of the rows for which it is true."""
    return np.flatnonzero(reading.values.select(condition).to_series().to_numpy())
