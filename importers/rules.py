"""A chunk read by its layout: every cell parsed by column, then the rules that look across the cells of a row."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import NamedTuple

import numpy as np
import pandas as pd

from importers.columns import Context, parse_column
from importers.explanations import explanation
from importers.layout import Layout
from importers.reader import Chunk, Table
from signals.dates import as_date, shorter_than_four_months
from signals.rows import COLUMNS, CONTENT, content_digest


class Fault(NamedTuple):
    """What is wrong with a row, and in which of our columns; the column is empty when it is the whole row."""

    column: str
    code: str


@dataclass
class Reading:
    """A chunk as values: one array of texts per column, and by row position its faults and warnings."""

    chunk: Chunk
    regels: list[int]
    values: dict[str, np.ndarray]
    inhoud: list[str]
    delivered_code: np.ndarray  # the gemeentecode before mergers were followed
    faults: defaultdict[int, list[Fault]] = field(default_factory=lambda: defaultdict(list))
    warnings: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list))

    def blame(self, rows: Iterable[int], column: str, code: str) -> None:
        """These rows have that fault."""
        for row in rows:
            self.faults[int(row)].append(Fault(column, code))

    def warn(self, rows: Iterable[int], code: str) -> None:
        """These rows have that warning."""
        for row in rows:
            self.warnings[int(row)].append(code)


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

    def read(self, chunk: Chunk) -> Reading:
        """Values, faults and warnings of a chunk; nothing here needs to know another row."""
        size = len(chunk.cells)
        values = {name: np.full(size, self.constants.get(name, ""), dtype=object) for name in COLUMNS}
        reading = Reading(chunk, chunk.cells.index.tolist(), values, [], values["gemeentecode"])
        for column in self.layout.columns:
            heading = self.headings.get(column.name)
            if heading is None:
                continue
            cells: pd.Series = chunk.cells[heading]
            parsed = parse_column(cells, column.parse, self.context, required=column.required)
            values[column.name] = parsed.values
            for row, code in parsed.faults.items():
                reading.faults[row].append(Fault(column.name, code))
            for row, code in parsed.warnings.items():
                reading.warnings[row].append(code)
        self._follow_mergers(reading)
        self._judge_dates(reading)
        self._judge_address(reading)
        self._judge_codes(reading)
        known = {regel: row for row, regel in enumerate(reading.regels)} if chunk.beyond else {}
        reading.blame((known[regel] for regel in chunk.beyond), "", "te_veel_cellen")
        reading.inhoud = list(map(content_digest, zip(*(values[name] for name in CONTENT), strict=True)))
        return reading

    def explain(self, fault: Fault) -> dict[str, str]:
        """A fault as people read it: the heading as delivered, the code, the sentence."""
        heading = self.headings.get(fault.column, fault.column)
        advice = next((column.advice for column in self.layout.columns if column.name == fault.column), "")
        return {"kolom": heading, "code": fault.code, "uitleg": explanation(fault.code, heading, advice)}

    def _faulty(self, reading: Reading, *columns: str) -> np.ndarray:
        """True for the rows that have a fault in one of these columns."""
        faulty = np.zeros(len(reading.regels), dtype=bool)
        rows = [row for row, faults in reading.faults.items() if any(fault.column in columns for fault in faults)]
        faulty[rows] = True
        return faulty

    def _follow_mergers(self, reading: Reading) -> None:
        """The code must count on datum_signaal, or have counted and gone up in another; the row goes to that one."""
        delivered = reading.values["gemeentecode"]
        reading.delivered_code = delivered
        rows = np.flatnonzero(~self._faulty(reading, "gemeentecode"))
        codes, distinct = pd.factorize(delivered[rows] + reading.values["datum_signaal"][rows])
        stands = [self._stands_for(pair[:4], as_date(pair[4:]) or self.context.today) for pair in distinct]
        followed = delivered.copy()
        followed[rows] = np.array([now for now, _ in stands], dtype=object)[codes]
        for number, (now, fault) in enumerate(stands):
            if fault:
                reading.blame(rows[codes == number], "gemeentecode", fault)
            elif now != distinct[number][:4]:
                reading.warn(rows[codes == number], "gemeente_samengevoegd")
        reading.values["gemeentecode"] = followed

    def _stands_for(self, code: str, on: date) -> tuple[str, str | None]:
        municipalities, today = self.context.municipalities, self.context.today
        now = municipalities.successor(code, today)
        if not municipalities.begun(code, on) or not municipalities.in_force(now, today):
            return code, "gemeentecode_onbekend"
        if self.participating is not None and now not in self.participating:
            return now, "gemeente_doet_niet_mee"
        return now, None

    def _judge_dates(self, reading: Reading) -> None:
        begin, end, signal = (reading.values[name] for name in ("datum_vanaf", "datum_tot", "datum_signaal"))
        usable = ~self._faulty(reading, "datum_vanaf", "datum_tot", "datum_signaal")
        ended = ~self._faulty(reading, "datum_vanaf", "datum_tot") & (end != "")
        backwards = ended & (end <= begin)
        reading.blame(np.flatnonzero(backwards), "datum_tot", "einde_voor_begin")
        rows = np.flatnonzero(usable & ~backwards)
        codes, distinct = pd.factorize(begin[rows] + np.where(end != "", end, signal)[rows])
        for number, pair in enumerate(distinct):
            first, last = as_date(pair[:8]), as_date(pair[8:])
            if first and last and shorter_than_four_months(first, last):
                reading.warn(rows[codes == number], "verblijf_korter_dan_vier_maanden")

    def _judge_address(self, reading: Reading) -> None:
        street, place, postcode = (reading.values[name] for name in ("straatnaam", "woonplaats", "postcode"))
        no_postcode = postcode == ""
        incomplete = no_postcode & ((street == "") | (place == ""))
        column = next((name for name in ("postcode", "straatnaam", "woonplaats") if name in self.headings), "postcode")
        reading.blame(np.flatnonzero(incomplete), column, "adres_onvolledig")
        reading.warn(np.flatnonzero(no_postcode & ~incomplete), "postcode_ontbreekt")
        reading.warn(np.flatnonzero(reading.values["adresbron"] == "WERKGEVER"), "adres_van_werkgever")

    def _judge_codes(self, reading: Reading) -> None:
        without = (reading.values["aanleiding"] == "UITKERING") & (reading.values["uitkeringssoort"] == "")
        reading.blame(np.flatnonzero(without), "uitkeringssoort", "uitkeringssoort_ontbreekt")
        reading.warn(np.flatnonzero(reading.values["grondslag"] == "TMV_2_34"), "grondslag_past_niet_bij_rni")
