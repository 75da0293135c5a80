"""A pack as a workbook: a sheet for each message with its table and a chart that Excel draws; then all figures."""

from collections.abc import Mapping, Sequence
from itertools import zip_longest
from typing import Any, BinaryIO

from openpyxl.chart import BarChart, ScatterChart
from openpyxl.chart.axis import ChartLines
from openpyxl.chart.data_source import (
    AxDataSource,
    NumData,
    NumDataSource,
    NumRef,
    NumVal,
    StrData,
    StrRef,
    StrVal,
)
from openpyxl.chart.error_bar import ErrorBars
from openpyxl.chart.label import DataLabelList
from openpyxl.chart.layout import Layout, ManualLayout
from openpyxl.chart.marker import Marker
from openpyxl.chart.series import Series, SeriesLabel, XYSeries
from openpyxl.chart.shapes import GraphicalProperties
from openpyxl.descriptors.nested import NestedText
from openpyxl.drawing.line import LineProperties
from openpyxl.drawing.spreadsheet_drawing import AnchorMarker, OneCellAnchor
from openpyxl.drawing.xdr import XDRPositiveSize2D
from openpyxl.utils import get_column_letter
from openpyxl.utils.units import cm_to_EMU

from exports.packs import look
from exports.packs.parts import Figuur, Item, Message, Pack, Reeks, Vorm
from exports.sheet import Cell, Column, Kind, Sheet, Shown, write_xlsx
from exports.workbook import remarks_of, sheets_of

WIDTH = 24
"""Centimetres of a chart."""
LEAST_WIDTH = 14
"""Characters of a column."""
FORMATS = {Kind.GETAL: "#,##0", Kind.DECIMAAL: "0.0", Kind.PERCENTAGE: "0.0%", Kind.BEDRAG: "#,##0.00"}


def write_book(pack: Pack, counted: Mapping[str, Any], target: BinaryIO) -> None:
    """Writes the workbook; counted: the figures that the pack was made of."""
    messages = [_sheet(pack, message) for message in pack.messages]
    rows = [(message.titel, message.n, sheet.naam) for message, sheet in zip(pack.messages, messages, strict=True)]
    wide = [max(len(row[place]) for row in rows) + 2 for place in range(3)]
    columns = (
        Column("Wat het zegt", "De zin bij de grafiek, met de cijfers.", breedte=wide[0]),
        Column("Over hoeveel", "Waarover geteld is (n).", breedte=wide[1]),
        Column("Blad", "Het blad met de tabel en de grafiek.", breedte=wide[2]),
    )
    overview = Sheet("Overzicht", columns, rows, (pack.titel, pack.bron, *pack.selectie))
    write_xlsx(target, [overview, *messages, *sheets_of(counted)], remarks_of(counted), pack.titel)


class _Exact(NumVal):
    """A number with all its digits: the library would round it to sixteen."""

    __elements__, __attrs__ = NumVal.__elements__, NumVal.__attrs__
    v = NestedText(expected_type=str)


class _Place(OneCellAnchor):
    """Where a chart stands, with what it shows in words: the library makes the frame itself, without them."""

    tagname = "oneCellAnchor"
    __elements__ = OneCellAnchor.__elements__

    def __init__(self, column: int, row: int, height: float, naam: str, words: str) -> None:
        super().__init__(AnchorMarker(col=column, row=row), XDRPositiveSize2D(cm_to_EMU(WIDTH), cm_to_EMU(height)))
        self._naam, self._words = naam, words

    def __setattr__(self, naam: str, value: Any) -> None:
        if naam == "graphicFrame" and value is not None:
            told = value.nvGraphicFramePr.cNvPr
            told.name, told.descr = self._naam, self._words
        super().__setattr__(naam, value)


def _sheet(pack: Pack, message: Message) -> Sheet:
    """The table; then, in columns of its own, what a chart shows that the table does not hold."""
    naam = message.naam.capitalize()
    table, figure = message.tabel, message.figuur
    above = (message.titel, f"n: {message.n}.", *message.kanttekeningen, pack.bron)
    columns = [_column(head, [row[place] for row in table.rijen]) for place, head in enumerate(table.koppen)]
    blocks: list[list[Item]] = [[row[place] for row in table.rijen] for place in range(len(columns))]
    charts = []
    if figure is not None:
        places = _places(message) or []
        extra = [*(_own(figure) if not places else ()), *_lengths(figure)]
        places += range(len(columns), len(columns) + len(extra))
        for head, items in extra:
            columns.append(_column(f"Grafiek: {head}", items, LEAST_WIDTH))
            blocks.append(items)
        charts.append(_chart(pack, message, naam, places, len(above) + 1, len(columns)))
    rows = [[_shown(item, column) for item, column in zip(row, columns, strict=True)] for row in zip_longest(*blocks)]
    return Sheet(naam, columns, rows, above, charts)


def _column(head: str, items: Sequence[Item], head_width: int = 60) -> Column:
    kind = next((item.soort for item in items if item.soort is not Kind.TEKST), Kind.TEKST)
    longest = max((len(item.tekst) for item in items), default=0)
    width = min(60, max(LEAST_WIDTH, min(head_width, len(head) + 4), longest + 2))
    return Column(head, f"{head}, zoals de zin boven de tabel zegt.", kind, width)


def _shown(item: Item | None, column: Column) -> Cell | Shown:
    if item is None or item.waarde is None:
        return None
    return item.waarde if item.soort is column.soort else Shown(item.waarde, item.soort)


def _places(message: Message) -> list[int] | None:
    """The columns of the table that hold the categories and every series of the chart; None when it has them not."""
    figure, table = message.figuur, message.tabel
    assert figure is not None
    if figure.dagen or [row[0].tekst for row in table.rijen] != list(figure.categorieen):
        return None
    blocks = [tuple(row[place] for row in table.rijen) for place in range(len(table.koppen))]
    if any(each.items not in blocks for each in figure.reeksen):
        return None
    return [0, *(blocks.index(each.items) for each in figure.reeksen)]


def _own(figure: Figuur) -> list[tuple[str, list[Item]]]:
    """The categories and the series of a chart of which the table holds something else."""
    if figure.dagen:
        points = figure.treden
        days = [Item(day, Kind.GETAL, str(day)) for day, _ in points]
        shares = [Item(share, Kind.PERCENTAGE, "") for _, share in points]
        return [(figure.as_titel, days), (figure.reeksen[0].naam, shares)]
    names = [Item(label, Kind.TEKST, label) for label in figure.categorieen]
    return [("naam", names), *((each.naam, list(each.items)) for each in figure.reeksen)]


def _lengths(figure: Figuur) -> list[tuple[str, list[Item]]]:
    """How far every interval reaches to both sides, which is how a spreadsheet wants it."""
    if figure.vorm is not Vorm.INTERVALLEN:
        return []
    sides = (("interval naar beneden", figure.reeksen[0].onder), ("interval naar boven", figure.reeksen[0].boven))
    return [(head, [Item(each, Kind.PERCENTAGE, "") for each in lengths]) for head, lengths in sides]


# --- charts


def _chart(pack: Pack, message: Message, sheet: str, places: Sequence[int], head: int, columns: int) -> Any:
    figure = message.figuur
    assert figure is not None
    count = len(figure.treden) if figure.dagen else len(figure.categorieen)
    where = [f"'{sheet}'!${letter}${head + 1}:${letter}${head + count}" for letter in map(_letter, places)]
    shown = "0%" if pack.openbaar and figure.soort is Kind.PERCENTAGE else FORMATS[figure.soort]
    chart: Any = _curve(figure, where) if figure.dagen else _bars(figure, where, shown)
    height = 9.0 if figure.dagen else max(6.0, 2.5 + 0.75 * count)
    chart.anchor = _Place(columns + 1, head - 1, height, f"Grafiek {message.naam}", message.alternatief)
    chart.height, chart.width, chart.roundedCorners = height, WIDTH, False
    return chart


def _letter(place: int) -> str:
    return get_column_letter(place + 1)


def _bars(figure: Figuur, where: Sequence[str], shown: str) -> BarChart:
    chart = BarChart()
    chart.type, chart.gapWidth = "bar", 45
    stacked = figure.vorm is Vorm.GESTAPELD
    chart.grouping, chart.overlap = ("stacked", 100) if stacked else ("clustered", 0)
    names, *others = where
    for number, (each, place) in enumerate(zip(figure.reeksen, others, strict=False)):
        series = Series(idx=number, order=number, tx=SeriesLabel(v=each.naam))
        series.cat = AxDataSource(strRef=StrRef(names, _words(figure.categorieen)))
        series.val = NumDataSource(numRef=NumRef(place, _numbers(each.waarden, shown)))
        colour = look.LIGHT if figure.vorm is Vorm.INTERVALLEN else look.SERIES[number]
        series.graphicalProperties = GraphicalProperties(solidFill=colour, ln=LineProperties(solidFill=look.MAIN))
        series.invertIfNegative = False
        if figure.vorm is Vorm.INTERVALLEN:
            series.errBars = _error_bars(each, others[1:])
        else:
            series.dLbls = DataLabelList(numFmt=shown, showVal=True, dLblPos="ctr" if stacked else "outEnd")
            for other in ("showSerName", "showCatName", "showLegendKey", "showPercent", "showLeaderLines"):
                setattr(series.dLbls, other, False)
        chart.series.append(series)
    chart.x_axis.scaling.orientation = "maxMin"
    chart.x_axis.delete, chart.y_axis.delete = False, figure.vorm is not Vorm.INTERVALLEN
    chart.y_axis.scaling.min = 0
    chart.y_axis.number_format = shown
    if figure.vorm is Vorm.INTERVALLEN:
        chart.y_axis.scaling.max, chart.y_axis.majorUnit, chart.y_axis.number_format = 1, 0.25, "0%"
        chart.y_axis.tickLblPos = "high"  # at the foot, since the first name is at the top
        chart.y_axis.majorGridlines = _gridlines()
    else:
        chart.y_axis.majorGridlines = None
    chart.x_axis.tickLblPos = "low"
    if stacked:
        chart.legend.position = "b"
    else:
        chart.legend = None
    return chart


def _curve(figure: Figuur, where: Sequence[str]) -> ScatterChart:
    chart = ScatterChart(scatterStyle="lineMarker")
    days, shares = zip(*figure.treden, strict=True)
    series = XYSeries(idx=0, order=0, tx=SeriesLabel(v=figure.reeksen[0].naam))
    series.xVal = AxDataSource(numRef=NumRef(where[0], _numbers(days, "0")))
    series.yVal = NumDataSource(numRef=NumRef(where[1], _numbers(shares, "0%")))
    series.marker, series.smooth = Marker("none"), False
    series.graphicalProperties = GraphicalProperties(ln=LineProperties(solidFill=look.MAIN, w=31750))
    chart.series.append(series)
    chart.legend = None
    chart.x_axis.title, chart.y_axis.title = figure.as_titel, figure.reeksen[0].naam
    chart.x_axis.scaling.min, chart.x_axis.scaling.max = 0, figure.dagen[-1]
    chart.y_axis.scaling.min, chart.y_axis.scaling.max, chart.y_axis.majorUnit = 0, 1, 0.25
    chart.x_axis.number_format, chart.y_axis.number_format = "0", "0%"
    chart.x_axis.delete = chart.y_axis.delete = False
    chart.x_axis.majorGridlines, chart.y_axis.majorGridlines = None, _gridlines()
    chart.layout = Layout(manualLayout=ManualLayout(x=0.09, y=0.05, w=0.86, h=0.75, xMode="edge", yMode="edge"))
    return chart


def _gridlines() -> ChartLines:
    return ChartLines(spPr=GraphicalProperties(ln=LineProperties(solidFill=look.LINE)))


def _words(labels: Sequence[str]) -> StrData:
    return StrData(ptCount=len(labels), pt=[StrVal(idx=place, v=label) for place, label in enumerate(labels)])


def _numbers(values: Sequence[float | int | None], shown: str) -> NumData:
    """The numbers kept with the chart, for a reader that does not count."""
    points = [_Exact(idx=place, v=repr(value)) for place, value in enumerate(values) if value is not None]
    return NumData(formatCode=shown, ptCount=len(values), pt=points)


class _Interval(ErrorBars):
    """The library writes the two sides in the other order than the standard has them."""

    tagname, __attrs__, __nested__ = ErrorBars.tagname, ErrorBars.__attrs__, ErrorBars.__nested__
    __elements__ = ("errDir", "errBarType", "errValType", "noEndCap", "plus", "minus", "val", "spPr")


def _error_bars(told: Reeks, where: Sequence[str]) -> ErrorBars:
    minus, plus = (
        NumDataSource(numRef=NumRef(place, _numbers(lengths, "0.0%")))
        for place, lengths in zip(where, (told.onder, told.boven), strict=True)
    )
    line = GraphicalProperties(ln=LineProperties(solidFill=look.INK, w=15875))
    return _Interval(
        errBarType="both",
        errValType="cust",
        noEndCap=False,
        plus=plus,
        minus=minus,
        spPr=line,
    )
