"""A pack as a deck: PPTX with charts that PowerPoint draws itself, so that whoever shows it can restyle or copy them.

Everything is placed as the messages hold it; no number is counted here.
"""

import math
import re
from collections.abc import Sequence
from datetime import UTC, datetime, time
from typing import Any, BinaryIO

from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LABEL_POSITION, XL_LEGEND_POSITION, XL_TICK_LABEL_POSITION, XL_TICK_MARK
from pptx.enum.lang import MSO_LANGUAGE_ID
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.opc.constants import RELATIONSHIP_TYPE
from pptx.oxml.ns import qn
from pptx.util import Emu, Inches, Pt

from exports.packs import look
from exports.packs.parts import Figuur, Item, Message, Pack, Tabel, Vorm
from exports.sheet import MAKER, Kind
from signals.dates import dutch_date

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
MARGIN = Inches(0.6)
FULL = WIDTH - 2 * MARGIN
TITLE_TOP, TITLE_HEIGHT = Inches(0.4), Inches(1.1)
BODY_TOP, BODY_HEIGHT = Inches(1.65), Inches(4.55)
REMARK_TOP, REMARK_HEIGHT = Inches(6.3), Inches(0.5)
FOOT_TOP, FOOT_HEIGHT = Inches(6.92), Inches(0.32)
CHART_PART = 0.6
"""Of the width, when a table stands beside the chart."""
FEW_BARS = 3
MOST_BESIDE = 4
"""Columns of a table beside a chart; a wider one is in the notes, the workbook and on paper."""
ROOM_FOR_CHARACTERS = 5.6
"""Points of width of a letter, of letters of ten points."""
CELL_MARGIN = 5
_COUNTED = re.compile(r"–|[\d.]+ van [\d.]+")
FORMATS = {Kind.GETAL: "#,##0", Kind.DECIMAAL: "0.0", Kind.PERCENTAGE: "0.0%", Kind.BEDRAG: "#,##0.00"}


def write_deck(pack: Pack, target: BinaryIO) -> None:
    """Writes the deck: a title slide and one slide for each message that has one."""
    deck = _blank()
    _title_slide(deck, pack)
    for number, message in enumerate(pack.slides, start=2):
        _slide(deck, pack, message, number)
    told = deck.core_properties
    told.title, told.subject, told.language = pack.titel, pack.bron, look.LANGUAGE
    told.author = told.last_modified_by = MAKER
    told.created = told.modified = datetime.combine(pack.peildatum, time(12), UTC)
    deck.save(target)


# --- the empty deck


def _blank() -> Any:
    """A wide deck in our letters and colours, with the two layouts that are used."""
    deck = Presentation()
    stretch = WIDTH / deck.slide_width
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    for place in (deck.slide_master, *deck.slide_layouts):
        for shape in place.placeholders:
            shape.left, shape.width = Emu(round(shape.left * stretch)), Emu(round(shape.width * stretch))
    for layout in [each for each in deck.slide_layouts if each.name not in ("Title Slide", "Title Only")]:
        deck.slide_layouts.remove(layout)
    _theme(deck)
    first, other = deck.slide_layouts
    _put(first.placeholders[0], MARGIN, Inches(1.9), FULL, Inches(1.3))
    _put(first.placeholders[1], MARGIN, Inches(3.35), FULL, Inches(2.2))
    _put(other.placeholders[0], MARGIN, TITLE_TOP, FULL, TITLE_HEIGHT)
    return deck


def _theme(deck: Any) -> None:
    part = deck.slide_master.part.part_related_by(RELATIONSHIP_TYPE.THEME)
    theme = part.blob.decode()
    theme = re.sub(r'(<a:(?:major|minor)Font>\s*<a:latin typeface=)"[^"]*"', rf'\1"{look.FONT}"', theme)
    colours = {"dk2": look.INK, "accent1": look.MAIN, "accent2": look.LIGHT, "accent3": look.SOFT, "accent4": look.LINE}
    for name, colour in colours.items():
        theme = re.sub(rf"(<a:{name}>\s*<a:srgbClr val=)\"[^\"]*\"", rf'\1"{colour}"', theme)
    part._blob = theme.encode()  # the library has no other way to a theme


def _put(shape: Any, left: int, top: int, width: int, height: int) -> None:
    shape.left, shape.top, shape.width, shape.height = Emu(left), Emu(top), Emu(width), Emu(height)


# --- words


def _write(frame: Any, paragraphs: Sequence[str], size: float, colour: str = look.INK, bold: bool = False) -> None:
    frame.word_wrap = True
    for number, words in enumerate(paragraphs):
        paragraph = frame.paragraphs[0] if number == 0 else frame.add_paragraph()
        paragraph.alignment = PP_ALIGN.LEFT
        run = paragraph.add_run()
        run.text = words
        _letters(run.font, size, colour, bold)


def _letters(font: Any, size: float, colour: str = look.INK, bold: bool = False) -> None:
    font.size, font.bold, font.name = Pt(size), bold, look.FONT
    font.color.rgb = RGBColor.from_string(colour)
    font.language_id = MSO_LANGUAGE_ID.DUTCH


def _text_box(slide: Any, place: tuple[int, int, int, int], words: Sequence[str], size: float, colour: str) -> Any:
    frame = slide.shapes.add_textbox(*map(Emu, place)).text_frame
    frame.margin_left = frame.margin_right = frame.margin_top = frame.margin_bottom = 0
    _write(frame, words, size, colour)
    return frame


def _describe(shape: Any, naam: str, words: str) -> None:
    """Alternative text, as who cannot see it hears it."""
    told = shape._element.xpath(".//p:cNvPr")[0]
    told.set("name", naam)
    told.set("descr", words)


# --- slides


def _title_slide(deck: Any, pack: Pack) -> None:
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    title, below = slide.placeholders
    for each in (title, below):
        each.text_frame.margin_left = 0
    title.text_frame.vertical_anchor = MSO_ANCHOR.BOTTOM
    _write(title.text_frame, [pack.titel], 40, look.MAIN, bold=True)
    lines = [f"Stand op {dutch_date(pack.peildatum)}", *pack.selectie, pack.uitgave]
    _write(below.text_frame, lines, 20, look.SOFT)
    slide.notes_slide.notes_text_frame.text = "\n".join([pack.titel, pack.bron, *pack.selectie])
    _dutch_notes(slide)


def _slide(deck: Any, pack: Pack, message: Message, number: int) -> None:
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    title = slide.shapes.title.text_frame
    title.vertical_anchor = MSO_ANCHOR.MIDDLE
    title.margin_left = title.margin_right = 0  # in line with what stands below
    _write(title, [message.titel], 26 if len(message.titel) <= 110 else 22, look.INK, bold=True)
    left, width = int(MARGIN), int(FULL)
    shown = message.kort if len(message.kort.koppen) <= MOST_BESIDE else None
    if message.figuur is not None:
        width = int(FULL * CHART_PART) if shown and shown.rijen else FULL
        _chart(slide, message, (left, BODY_TOP, width, BODY_HEIGHT), pack.openbaar)
        left, width = left + width + Inches(0.25), FULL - width - Inches(0.25)
    else:
        shown = message.tabel
    if shown and shown.rijen:
        _table(slide, message, shown, (left, BODY_TOP, width, BODY_HEIGHT))
    remarks = " ".join(message.kanttekeningen)
    _text_box(slide, (MARGIN, REMARK_TOP, FULL, REMARK_HEIGHT), [remarks], 12 if len(remarks) < 330 else 10, look.SOFT)
    source = f"{pack.bron} n: {message.n}."
    _text_box(slide, (MARGIN, FOOT_TOP, FULL - Inches(0.8), FOOT_HEIGHT), [source], 10, look.SOFT)
    _page_number(slide, number)
    slide.notes_slide.notes_text_frame.text = message.notitie
    _dutch_notes(slide)


def _dutch_notes(slide: Any) -> None:
    for paragraph in slide.notes_slide.notes_text_frame.paragraphs:
        for run in paragraph.runs:
            run.font.language_id = MSO_LANGUAGE_ID.DUTCH


def _page_number(slide: Any, number: int) -> None:
    """A field, so that it stays right when slides are moved."""
    where = (WIDTH - MARGIN - Inches(0.6), FOOT_TOP, Inches(0.6), FOOT_HEIGHT)
    frame = _text_box(slide, where, [str(number)], 10, look.SOFT)
    paragraph = frame.paragraphs[0]
    paragraph.alignment = PP_ALIGN.RIGHT
    run = paragraph._p.r_lst[0]
    run.tag = qn("a:fld")
    run.set("id", "{B6F15528-21DE-4FAA-801E-634DDDAF4B2B}")
    run.set("type", "slidenum")


# --- tables


def _table(slide: Any, message: Message, table: Tabel, place: tuple[int, int, int, int]) -> None:
    left, top, width, height = place
    wide = message.figuur is None
    size, widths, rows = _fitting(table, width, height, 16 if wide else 14)
    left_out = len(table.rijen) - len(rows)
    if left_out:
        rest = f"En nog {left_out}: zie het werkboek of het papier."
        rows = [*rows, (Item(rest, Kind.TEKST, rest), *[Item("", Kind.TEKST, "")] * (len(table.koppen) - 1))]
    line = Emu(int(Pt(size * 1.75)))
    frame = slide.shapes.add_table(
        len(rows) + 1, len(table.koppen), Emu(left), Emu(top), Emu(width), line * (len(rows) + 1)
    )
    _describe(frame, f"Tabel {message.naam}", f"Tabel: {', '.join(table.koppen)}. {message.titel}")
    grid = frame.table
    grid.horz_banding = False
    for place_, part in enumerate(widths):
        grid.columns[place_].width = Emu(part)
    for row in grid.rows:
        row.height = line
    for place_, head in enumerate(table.koppen):
        _cell(grid.cell(0, place_), head, size, place_ > 0 and _right(rows, place_), look.PAPER, look.MAIN)
    for number, items in enumerate(rows, start=1):
        for place_, item in enumerate(items):
            _cell(
                grid.cell(number, place_), item.tekst, size, place_ > 0 and _right(rows, place_), look.INK, look.PAPER
            )


def _right(rows: Sequence[Sequence[Item]], place: int) -> bool:
    """Numbers stand to the right, words to the left."""
    told = [row[place] for row in rows if row[place].tekst]
    return all(item.soort is not Kind.TEKST or _COUNTED.fullmatch(item.tekst) for item in told)


def _cell(cell: Any, words: str, size: float, right: bool, colour: str, ground: str) -> None:
    cell.margin_top = cell.margin_bottom = Pt(size * 0.12)
    cell.margin_left = cell.margin_right = Pt(CELL_MARGIN)
    cell.vertical_anchor = MSO_ANCHOR.MIDDLE
    cell.fill.solid()
    cell.fill.fore_color.rgb = RGBColor.from_string(ground)
    _write(cell.text_frame, [words], size, colour, bold=ground == look.MAIN)
    if right:
        cell.text_frame.paragraphs[0].alignment = PP_ALIGN.RIGHT
    under = etree.SubElement(cell._tc.get_or_add_tcPr(), qn("a:lnB"), w="6350")
    etree.SubElement(etree.SubElement(under, qn("a:solidFill")), qn("a:srgbClr"), val=look.LINE)
    cell._tc.tcPr.insert(0, under)  # lines come before the fill


def _widths(table: Tabel, width: int, size: float) -> list[int] | None:
    """As wide as the longest text of a column where there is room, heads on more lines, and never so narrow that a
    word is broken; None when that does not fit."""
    least, wished = [], []
    for place, head in enumerate(table.koppen):
        texts = [head, *(row[place].tekst for row in table.rijen)]
        least.append(_room(max((word for each in texts for word in each.split()), key=len, default=""), size))
        wished.append(max(least[-1], *(_room(each, size) for each in texts[1:])))
    over = width - sum(least)
    if over < 0:
        return None
    more = [wish - small for wish, small in zip(wished, least, strict=True)]
    if sum(more) <= over:  # every text on one line: what is left goes to all
        return [int(width * wish / sum(wished)) for wish in wished]
    return [small + int(over * part / sum(more)) for small, part in zip(least, more, strict=True)]


def _room(words: str, size: float) -> int:
    return int(Pt((len(words) + 1) * ROOM_FOR_CHARACTERS * size / 10 + 2 * CELL_MARGIN))


def _fitting(table: Tabel, width: int, height: int, largest: float) -> tuple[float, list[int], list[tuple[Item, ...]]]:
    """The size of letters at which all rows fit, and the widths; when none does, the rows that fit at a small one."""
    for size in (largest, 14, 12, 11, 10, 9):
        widths = _widths(table, width, size)
        if size <= largest and widths and sum(_heights(table, widths, size)) <= height:
            return size, widths, list(table.rijen)
    size = 10
    widths = _widths(table, width, size) or [width // len(table.koppen)] * len(table.koppen)
    head, *talls = _heights(table, widths, size)
    room = height - 2 * head
    rows = []
    for row, tall in zip(table.rijen, talls, strict=True):
        room -= tall
        if room < 0:
            break
        rows.append(row)
    return size, widths, rows


def _heights(table: Tabel, widths: Sequence[int], size: float) -> list[int]:
    rows = [table.koppen, *([item.tekst for item in row] for row in table.rijen)]
    tall = []
    for row in rows:
        lines = max(_lines(words, Emu(width).pt, size) for words, width in zip(row, widths, strict=True))
        tall.append(int(Pt(max(size * 1.75, lines * size * 1.22 + size * 0.3))))
    return tall


def _lines(words: str, width: float, size: float) -> int:
    return max(1, math.ceil(len(words) * ROOM_FOR_CHARACTERS * size / 10 / (width - 2 * CELL_MARGIN)))


# --- charts


def _chart(slide: Any, message: Message, place: tuple[int, int, int, int], openbaar: bool) -> None:
    figure = message.figuur
    assert figure is not None
    shown = "0%" if openbaar and figure.soort is Kind.PERCENTAGE else FORMATS[figure.soort]
    kind, data = _data(figure, shown)
    frame = slide.shapes.add_chart(kind, *map(Emu, place), data)
    _describe(frame, f"Grafiek {message.naam}", message.alternatief)
    chart = frame.chart
    size = 12 if len(figure.categorieen) <= 12 else 9
    chart.has_title, chart.has_legend = False, figure.vorm is Vorm.GESTAPELD
    _letters(chart.font, size, look.INK)
    _language(chart)
    if chart.has_legend:
        chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
    if figure.vorm is Vorm.VERLOOP:
        _curve(chart, figure)
        return
    _axes(chart, figure)
    plot = chart.plots[0]
    plot.gap_width = 45 if len(figure.categorieen) > FEW_BARS else 160
    plot.overlap = 100 if figure.vorm is Vorm.GESTAPELD else 0
    for number, series in enumerate(plot.series):
        _bar(series, number, figure.vorm)
        if figure.vorm is Vorm.INTERVALLEN:  # an interval lies where a number would stand; that is in the table
            _error_bars(series, figure)
        else:
            _labels(series, number, figure, shown, size)


def _data(figure: Figuur, shown: str) -> tuple[Any, Any]:
    if figure.vorm is Vorm.VERLOOP:
        points = XyChartData(number_format=shown)
        line = points.add_series(figure.reeksen[0].naam)
        for day, share in figure.treden:
            line.add_data_point(day, share)
        return XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, points
    data = CategoryChartData(number_format=shown)
    data.categories = figure.categorieen
    for each in figure.reeksen:
        data.add_series(each.naam, each.waarden)
    stacked = figure.vorm is Vorm.GESTAPELD
    return (XL_CHART_TYPE.BAR_STACKED if stacked else XL_CHART_TYPE.BAR_CLUSTERED), data


def _language(chart: Any) -> None:
    space = chart._chartSpace
    for each in space.xpath(".//a:defRPr"):
        each.set("lang", look.LANGUAGE)
    told = space.find(qn("c:lang"))
    if told is None:
        told = etree.Element(qn("c:lang"))
        first = space.find(qn("c:date1904"))
        space.insert(0 if first is None else 1, told)
    told.set("val", look.LANGUAGE)


def _axes(chart: Any, figure: Figuur) -> None:
    names, values = chart.category_axis, chart.value_axis
    names.reverse_order = True  # the first at the top
    names.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    names.major_tick_mark = XL_TICK_MARK.NONE
    names.format.line.color.rgb = RGBColor.from_string(look.LINE)
    values.minimum_scale = 0
    values.visible = values.has_major_gridlines = figure.vorm is Vorm.INTERVALLEN
    if figure.vorm is Vorm.INTERVALLEN:
        values.maximum_scale, values.major_unit = 1, 0.25
        values.tick_labels.number_format, values.tick_labels.number_format_is_linked = "0%", False
        values.tick_label_position = XL_TICK_LABEL_POSITION.HIGH  # at the foot, since the first name is at the top
        values.major_tick_mark = XL_TICK_MARK.NONE
        values.major_gridlines.format.line.color.rgb = values.format.line.color.rgb = RGBColor.from_string(look.LINE)


def _bar(series: Any, number: int, vorm: Vorm) -> None:
    colour = look.LIGHT if vorm is Vorm.INTERVALLEN else look.SERIES[number]
    series.invert_if_negative = False
    series.format.fill.solid()
    series.format.fill.fore_color.rgb = RGBColor.from_string(colour)
    series.format.line.color.rgb = RGBColor.from_string(look.MAIN)
    series.format.line.width = Pt(0.75)


def _labels(series: Any, number: int, figure: Figuur, shown: str, size: float) -> None:
    labels = series.data_labels
    labels.show_value = True
    labels.number_format_is_linked = False
    labels.number_format = f"{shown};-{shown};" if figure.vorm is Vorm.GESTAPELD else shown  # no nought in a thin part
    _letters(labels.font, size, look.ON_SERIES[number] if figure.vorm is Vorm.GESTAPELD else look.INK)
    stacked = figure.vorm is Vorm.GESTAPELD
    labels.position = XL_LABEL_POSITION.CENTER if stacked else XL_LABEL_POSITION.OUTSIDE_END


def _error_bars(series: Any, figure: Figuur) -> None:
    """The 95% interval of each share; the library knows none."""
    (told,) = figure.reeksen
    bars = etree.Element(qn("c:errBars"))
    etree.SubElement(bars, qn("c:errBarType"), val="both")
    etree.SubElement(bars, qn("c:errValType"), val="cust")
    etree.SubElement(bars, qn("c:noEndCap"), val="0")
    for side, lengths in (("plus", told.boven), ("minus", told.onder)):
        numbers = etree.SubElement(etree.SubElement(bars, qn(f"c:{side}")), qn("c:numLit"))
        etree.SubElement(numbers, qn("c:formatCode")).text = "General"
        etree.SubElement(numbers, qn("c:ptCount"), val=str(len(lengths)))
        for place, length in enumerate(lengths):
            point = etree.SubElement(numbers, qn("c:pt"), idx=str(place))
            etree.SubElement(point, qn("c:v")).text = repr(length)
    line = etree.SubElement(etree.SubElement(bars, qn("c:spPr")), qn("a:ln"), w="15875")
    etree.SubElement(etree.SubElement(line, qn("a:solidFill")), qn("a:srgbClr"), val=look.INK)
    series._element.find(qn("c:cat")).addprevious(bars)


def _curve(chart: Any, figure: Figuur) -> None:
    (line,) = chart.plots[0].series
    line.smooth = False
    line.format.line.color.rgb = RGBColor.from_string(look.MAIN)
    line.format.line.width = Pt(2.5)
    across, up = chart.category_axis, chart.value_axis
    across.minimum_scale, across.maximum_scale = 0, figure.dagen[-1]
    up.minimum_scale, up.maximum_scale, up.major_unit = 0, 1, 0.25
    up.tick_labels.number_format, up.tick_labels.number_format_is_linked = "0%", False
    across.tick_labels.number_format, across.tick_labels.number_format_is_linked = "0", False
    across.has_major_gridlines = False
    up.major_gridlines.format.line.color.rgb = RGBColor.from_string(look.LINE)
    for axis, words in ((across, figure.as_titel), (up, figure.reeksen[0].naam)):
        axis.has_title = True
        axis.axis_title.text_frame.text = words
        _letters(axis.axis_title.text_frame.paragraphs[0].runs[0].font, 12, look.SOFT)
