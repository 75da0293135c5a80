"""What a pack says is the same to the last digit in its workbook, its deck and on its paper."""

import io
import re
import shutil
import subprocess
import zipfile
from datetime import datetime, timedelta

import openpyxl
import pytest
from openpyxl.utils import get_column_letter
from pptx.enum.shapes import PP_PLACEHOLDER
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from exports.figures import figures
from exports.packs.files import save
from exports.packs.messages import pack_of
from exports.packs.parts import MOST_SLIDES, Said, Soort, Vorm
from exports.selection import Selection
from exports.sheet import Kind
from tests.exports.packing import (
    DAY,
    EVERY,
    FIRST,
    NAMES,
    ONE_DATABASE,
    bare,
    counted_as_json,
    made_of,
    named,
    small_counts,
)
from workflow.phases import Outcome

# --- reading back


def check_book(made):
    """Every message has its sheet: sentence, table in real numbers, and a chart that keeps them."""
    sheets = dict(zip(made.book.sheetnames, made.book.worksheets, strict=True))
    overview = [row[0] for row in sheets["Overzicht"].iter_rows(values_only=True)]
    for message in made.pack.messages:
        assert message.titel in overview
        sheet = sheets[message.naam.capitalize()]
        rows = list(sheet.iter_rows(values_only=True))
        assert rows[0][0] == message.titel
        head = next(place for place, row in enumerate(rows) if row[: len(message.tabel.koppen)] == message.tabel.koppen)
        assert sheet.freeze_panes == f"A{head + 2}"
        assert sheet.auto_filter.ref.startswith(f"A{head + 1}:")
        assert all(width.width >= 12 for width in sheet.column_dimensions.values())
        lines = rows[head + 1 :]
        told = [tuple(item.waarde if item.waarde != "" else None for item in row) for row in message.tabel.rijen]
        assert [row[: len(message.tabel.koppen)] for row in lines[: len(told)]] == told
        charts = sheet._charts
        assert len(charts) == (message.figuur is not None)
        for chart in charts:
            check_chart_of_book(made.book, chart, message.figuur)


def kept(data):
    """The numbers that lie in the chart itself, for a reader that does not count."""
    found = {point.idx: point.v for point in data.pt}
    return [found.get(place) for place in range(data.ptCount)]


def check_intervals(each, below, above):
    """Drawn from the ends that were counted, and of every share that has them."""
    for share, low, high, down, up in zip(each.waarden, each.laag, each.hoog, below, above, strict=True):
        drawn = (share - down, share + up) if share is not None else (None, None)
        assert drawn == (pytest.approx((low, high), abs=1e-15) if low is not None else (share, share))


def check_chart_of_book(book, chart, figure):
    def in_cells(reference):
        naam, _, where = reference.rpartition("!")
        return [cell.value for (cell,) in book[naam.strip("'")][where.replace("$", "")]]

    if figure.dagen:
        (line,) = chart.series
        for read in (lambda side: kept(side.numRef.numCache), lambda side: in_cells(side.numRef.f)):
            assert list(zip(read(line.xVal), read(line.yVal), strict=True)) == figure.treden
        return
    assert len(chart.series) == len(figure.reeksen)
    for series, each in zip(chart.series, figure.reeksen, strict=True):
        assert kept(series.val.numRef.numCache) == in_cells(series.val.numRef.f) == list(each.waarden)
        assert series.tx.v == each.naam
        if figure.vorm is Vorm.INTERVALLEN:
            sides = [side.numRef for side in (series.errBars.minus, series.errBars.plus)]
            check_intervals(each, *(kept(side.numCache) for side in sides))
            check_intervals(each, *(in_cells(side.f) for side in sides))
        names = [point.v for point in series.cat.strRef.strCache.pt]
        assert names == in_cells(series.cat.strRef.f) == list(figure.categorieen)


def check_deck(made):
    """Every message with a slide has it: sentence, chart, table, notes, source; nothing else is there."""
    slides = list(made.deck.slides)
    assert len(slides) == 1 + len(made.pack.slides) <= MOST_SLIDES
    assert slides[0].shapes.title.text_frame.text == made.pack.titel
    for slide, message in zip(slides[1:], made.pack.slides, strict=True):
        assert slide.shapes.title.text_frame.text == message.titel
        assert slide.notes_slide.notes_text_frame.text == message.notitie
        words = [shape.text_frame.text for shape in slide.shapes if shape.has_text_frame]
        assert any(made.pack.bron in each and message.n in each for each in words)
        charts = [shape for shape in slide.shapes if shape.has_chart]
        tables = [shape for shape in slide.shapes if shape.has_table]
        assert len(charts) == (message.figuur is not None)
        for shape in charts:
            assert described(shape) == message.alternatief
            check_chart_of_deck(shape.chart, message.figuur)
        for shape in tables:
            assert described(shape)
            check_table_of_deck(shape.table, message)
        assert charts or tables or not message.tabel.rijen


def described(shape):
    return shape._element.xpath(".//p:cNvPr")[0].get("descr")


def check_chart_of_deck(chart, figure):
    """What is drawn, and the workbook in the chart that opens when somebody changes it."""
    (plot,) = chart.plots
    behind = openpyxl.load_workbook(io.BytesIO(chart.part.chart_workbook.xlsx_part.blob)).active
    heads, *rows = behind.iter_rows(values_only=True)
    if figure.dagen:
        (line,) = plot.series
        days = [float(each.text) for each in line._element.xpath("./c:xVal//c:pt/c:v")]
        assert list(zip(days, line.values, strict=True)) == figure.treden
        assert rows == [(day, in_sixteen_digits(share)) for day, share in figure.treden]
        return
    assert list(plot.categories) == [row[0] for row in rows] == list(figure.categorieen)
    assert list(heads[1:]) == [each.naam for each in figure.reeksen]
    for place, (series, each) in enumerate(zip(plot.series, figure.reeksen, strict=True), start=1):
        assert (series.name, series.values) == (each.naam, each.waarden)
        assert [row[place] for row in rows] == list(map(in_sixteen_digits, each.waarden))
        if figure.vorm is Vorm.INTERVALLEN:
            ends = (series._element.xpath(f"./c:errBars/c:{side}//c:v/text()") for side in ("minus", "plus"))
            check_intervals(each, *(list(map(float, side)) for side in ends))


def in_sixteen_digits(value):
    """As the library writes what lies behind a chart; Excel itself shows fifteen."""
    return None if value is None else float(f"{value:.16g}")


def check_table_of_deck(table, message):
    heads, *rows = [tuple(cell.text for cell in row.cells) for row in table.rows]
    shown = message.kort if message.figuur else message.tabel
    assert heads == shown.koppen
    told = [tuple(item.tekst for item in row) for row in shown.rijen]
    left_out = re.match(r"En nog (\d+)", rows[-1][0])
    if left_out:
        assert int(left_out[1]) == len(told) - len(rows) + 1
        rows = rows[:-1]
    assert rows == told[: len(rows)]
    assert left_out or len(rows) == len(told)


def check_paper(made):
    """Every sentence, every row of every table, and what each figure is."""
    for message in made.pack.messages:
        assert bare(message.titel) in made.paper
        for row in message.tabel.rijen:
            if max(len(item.tekst) for item in row) < 20:  # words that go on on a next line stand between others
                assert bare("".join(item.tekst for item in row)) in made.paper, row
            assert all(bare(part) in made.paper for item in row for part in item.tekst.split())
        for label, meaning in message.definities:
            assert bare(f"{label}: {meaning}") in made.paper


def structure(reader):
    """Every element of the tagged structure."""
    waiting = [reader.trailer["/Root"]["/StructTreeRoot"]]
    while waiting:
        each = waiting.pop().get_object()
        if isinstance(each, list):
            waiting += each
        elif isinstance(each, dict):
            yield each
            waiting += [each["/K"]] if "/K" in each else []


# --- what is told


@ONE_DATABASE
@pytest.mark.parametrize(("soort", "openbaar"), EVERY)
def test_every_number_is_the_same_in_all_three_files(many, soort, openbaar):
    made = many(soort, openbaar)
    assert {message.figuur.vorm for message in made.pack.messages if message.figuur} >= {
        Vorm.BALKEN,
        Vorm.GESTAPELD,
        Vorm.INTERVALLEN,
    }
    check_book(made)
    check_deck(made)
    check_paper(made)


@ONE_DATABASE
@pytest.mark.parametrize(("soort", "openbaar"), EVERY)
def test_an_installation_without_anything_has_packs_too(session, tmp_path, soort, openbaar):
    made = made_of(counted_as_json(session, openbaar), soort, tmp_path, Said())
    check_book(made)
    check_deck(made)
    check_paper(made)
    assert not [message.naam for message in made.pack.messages if message.figuur]


@ONE_DATABASE
@pytest.mark.parametrize(("soort", "openbaar"), EVERY)
@pytest.mark.parametrize("closed", [False, True])
def test_one_signal_is_told_of_as_one(session, build, tmp_path, soort, openbaar, closed):
    case = build.case()
    if closed:
        build.answer(case, FIRST + timedelta(days=2))
        build.close(case, Outcome.AANGIFTE_GEDAAN, FIRST + timedelta(days=9))
    made = made_of(counted_as_json(session, openbaar), soort, tmp_path)
    check_book(made)
    check_deck(made)
    check_paper(made)
    titles = {message.naam: message.titel for message in made.pack.messages}
    assert titles["voortgang"] == (
        "In deze selectie zijn minder dan 5 zaken."
        if openbaar
        else "De enige zaak heeft een resultaat."
        if closed
        else "De enige zaak loopt nog."
    )


@ONE_DATABASE
@pytest.mark.parametrize(("soort", "openbaar"), EVERY)
@pytest.mark.parametrize(("chosen", "told"), [("levering", "LRNI-2026-02"), ("gemeente", "Rotterdam")])
def test_a_pack_of_one_delivery_or_one_municipality(many, soort, openbaar, chosen, told):
    made = many(soort, openbaar, chosen)
    check_book(made)
    check_deck(made)
    check_paper(made)
    assert any(told in line for line in made.pack.selectie)


@ONE_DATABASE
def test_the_numbers_of_a_pack_are_those_of_the_figures(many):
    made = many(Soort.EVALUATIE)
    cijfers, messages = made.counted["cijfers"], {message.naam: message for message in made.pack.messages}
    assert cijfers["zaken"] == 90 and cijfers["aandeel_lopend"]["waarde"] < 0.3
    steps = [items[1].waarde for items in messages["trechter"].tabel.rijen]
    assert steps == [cijfers[name] for name in ("signalen", "zaken", "opgepakt", "onderzocht", "treffers")]
    for row in messages["gemeenten"].tabel.rijen:
        (code,) = (code for code, name in NAMES.items() if name == row[0].waarde)
        rate = made.counted["per"]["gemeente"][code]["trefkans"]
        assert [item.waarde for item in row[1:6]] == [
            rate[naam] for naam in ("waarde", "teller", "noemer", "laag", "hoog")
        ]
    stays = {row[0].tekst: row[2].waarde for row in messages["kenmerken"].tabel.rijen}
    by_stay = cijfers["trefkans_per_verblijf"]
    assert stays["Verblijf 12 maanden of langer"] == by_stay["12_maanden_of_langer"]["teller"] > 0
    assert stays["Uitkering WW"] == made.counted["per"]["uitkeringssoort"]["WW"]["trefkans"]["teller"] > 0
    assert "‘postcode ongeldig’ (2)" in messages["regels"].titel
    reasons = {
        label: item.waarde
        for label, item in zip(
            messages["regels"].figuur.categorieen, messages["regels"].figuur.reeksen[0].items, strict=True
        )
    }
    assert reasons == {"Postcode ongeldig": 2, "Bsn ongeldig": 1, "Datum ongeldig": 1}
    curve = messages["duur"].figuur
    assert dict(zip(map(str, curve.dagen), curve.reeksen[0].waarden, strict=True)) == {
        day: step["aandeel"] for day, step in cijfers["verloop_ontvangst_afgesloten"].items()
    }
    median = cijfers["duur_ontvangst_afgesloten"]["km_mediaan"]
    assert f"binnen {median:.0f} dagen" in messages["duur"].titel
    yields = {row[0].waarde: (row[1].waarde, row[2].waarde) for row in messages["opbrengst"].tabel.rijen}
    assert yields == {name.capitalize(): tuple(each.values()) for name, each in cijfers["opbrengst"].items()}


@ONE_DATABASE
def test_the_words_of_a_sessie_are_in_the_pack_and_never_in_public(many):
    said = ["de stap voor een briefadres ontbreekt", "Werkinstructie aanpassen", "vakantiepark"]
    within, public_one = many(Soort.EVALUATIE), many(Soort.EVALUATIE, openbaar=True)
    assert all(bare(words) in within.paper and bare(words) not in public_one.paper for words in said)
    for made, there in ((within, True), (public_one, False)):
        slides = " ".join(slide.notes_slide.notes_text_frame.text for slide in made.deck.slides)
        cells = " ".join(str(cell) for sheet in made.book for row in sheet.iter_rows(values_only=True) for cell in row)
        assert [words in text for words in said for text in (slides, cells)] == [there] * 6


@ONE_DATABASE
def test_no_cell_of_a_pack_is_run_as_a_formula(many):
    made = many(Soort.WERKSESSIE)
    typed = [cell for sheet in made.book for row in sheet.iter_rows() for cell in row if str(cell.value)[:1] in "=+@"]
    assert {cell.value for cell in typed} == {"=de stap voor een briefadres ontbreekt", "@bellen"}
    assert {cell.data_type for cell in typed} == {"s"}


# --- for who cannot see it


@ONE_DATABASE
@pytest.mark.parametrize(("soort", "openbaar"), EVERY)
def test_everything_that_is_drawn_is_told_in_words(many, soort, openbaar):
    made = many(soort, openbaar)
    drawn = [message for message in made.pack.messages if message.figuur]
    for message in drawn:
        figure, told = message.figuur, message.alternatief
        assert told.endswith(".")
        if figure.dagen:
            assert len(re.findall(r"na \d+ dagen [\d,]+%", told)) == min(9, len(figure.dagen))
        else:
            assert all(label in told for label in figure.categorieen)
            assert all(item.tekst in told for each in figure.reeksen for item in each.items)
    with zipfile.ZipFile(io.BytesIO(made.raw[".xlsx"])) as archive:
        drawings = [name for name in archive.namelist() if re.match(r"xl/drawings/drawing\d+", name)]
        told = {re.search(r' descr="([^"]*)"', archive.read(name).decode())[1] for name in drawings}
    assert len(drawings) == len(drawn)
    assert {re.sub(r"&#\d+;|&\w+;", "", each) for each in told} == {message.alternatief for message in drawn}
    reader = PdfReader(io.BytesIO(made.raw[".pdf"]))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] is True or root["/MarkInfo"]["/Marked"].value
    assert root["/Lang"].startswith("nl")
    figures_there = [each for each in structure(reader) if each.get("/S") == "/Figure"]
    assert {each["/Alt"] for each in figures_there} == {message.alternatief for message in drawn}
    kinds = {each.get("/S") for each in structure(reader)}
    assert {"/H1", "/Table", "/TH"} <= kinds or {"/H2", "/Table", "/TH"} <= kinds


@ONE_DATABASE
@pytest.mark.parametrize("soort", Soort)
def test_a_deck_is_in_dutch_and_names_no_person(many, soort):
    made = many(soort)
    told = made.deck.core_properties
    assert (told.author, told.last_modified_by, told.language) == ("Langdurig RNI", "Langdurig RNI", "nl-NL")
    assert told.title == made.pack.titel
    assert (made.book.properties.creator, made.book.properties.title) == ("Langdurig RNI", made.pack.titel)
    with zipfile.ZipFile(io.BytesIO(made.raw[".pptx"])) as archive:
        for name in archive.namelist():
            if re.match(r"ppt/slides/slide\d+\.xml", name):
                runs = re.findall(r"<a:(?:r|fld)\b.*?</a:(?:r|fld)>", archive.read(name).decode(), re.DOTALL)
                assert runs and all('lang="nl-NL"' in run for run in runs), name
    for slide in list(made.deck.slides)[1:]:
        (number,) = slide.element.xpath('.//a:fld[@type="slidenum"]')
        assert number.xpath("string()").isdigit()
        assert [each.placeholder_format.type for each in slide.placeholders] == [PP_PLACEHOLDER.TITLE]


@ONE_DATABASE
def test_nothing_on_a_slide_lies_outside_it_or_over_something_else(many):
    for soort in Soort:
        deck = many(soort).deck
        for slide in deck.slides:
            places = [
                (shape.left, shape.top, shape.left + shape.width, shape.top + shape.height) for shape in slide.shapes
            ]
            for left, top, right, bottom in places:
                assert left >= 0 and top >= 0 and right <= deck.slide_width and bottom <= deck.slide_height
            for number, one in enumerate(places):
                for other in places[number + 1 :]:
                    apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
                    assert apart, (slide.shapes.title.text_frame.text, one, other)


# --- the public edition


@ONE_DATABASE
@pytest.mark.parametrize("soort", Soort)
def test_no_count_below_five_is_in_the_public_files(many, soort):
    made = many(soort, openbaar=True)
    items = [item for message in made.pack.messages for row in message.tabel.rijen for item in row]
    items += [
        item
        for message in made.pack.messages
        if message.figuur
        for each in message.figuur.reeksen
        for item in each.items
    ]
    counts = [item.waarde for item in items if item.soort is Kind.GETAL and item.waarde is not None]
    assert len(counts) > 20
    assert not [count for count in counts if 0 < count < 5 or count % 5]
    for message in made.pack.messages:
        for words in (message.titel, message.n, *message.kanttekeningen):
            assert not small_counts(words), words
    names = {"Aantal", "Teller", "Noemer", "N", "Gevolgd", "Signalen"}
    for sheet in made.book:
        for row in sheet.iter_rows(min_row=1):
            head = [cell.value for cell in row]
            if "Teller" in head:
                columns = [get_column_letter(cell.column) for cell in row if cell.value in names]
                below = [
                    sheet[f"{letter}{place}"].value
                    for letter in columns
                    for place in range(row[0].row + 1, sheet.max_row + 1)
                ]
                assert not [value for value in below if isinstance(value, int) and (0 < value < 5 or value % 5)]
    assert named(made.pack, "duur").figuur.vorm is Vorm.BALKEN if soort is Soort.EVALUATIE else True
    assert "Openbare uitgave" in made.pack.bron and bare("Openbare uitgave") in made.paper


@ONE_DATABASE
def test_a_pack_that_cannot_be_made_leaves_nothing(session, tmp_path, monkeypatch):
    counted = figures(session, Selection(), DAY)
    pack = pack_of(Soort.WERKSESSIE, counted)
    (tmp_path / "pakket.xlsx").write_bytes(b"van gisteren")
    monkeypatch.setattr("exports.packs.files.write_paper", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        save(pack, counted, tmp_path, "pakket")
    assert [path.name for path in tmp_path.iterdir()] == ["pakket.xlsx"]
    assert (tmp_path / "pakket.xlsx").read_bytes() == b"van gisteren"


# --- other programs


@ONE_DATABASE
@pytest.mark.parametrize(("soort", "openbaar"), EVERY)
def test_another_reader_sees_the_same_cells(many, soort, openbaar):
    made = many(soort, openbaar)
    other = CalamineWorkbook.from_filelike(io.BytesIO(made.raw[".xlsx"]))
    assert other.sheet_names == made.book.sheetnames
    for sheet in made.book:
        rows = [["" if cell is None else cell for cell in row] for row in sheet.iter_rows(values_only=True)]
        read = other.get_sheet_by_name(sheet.title).to_python(skip_empty_area=False)
        assert [list(map(as_day, row)) for row in rows] == [list(map(as_day, row)) for row in read], sheet.title


def as_day(cell):
    """One reader gives a moment where the other gives a day."""
    return cell.date() if isinstance(cell, datetime) else cell


@ONE_DATABASE
@pytest.mark.parametrize("soort", Soort)
def test_an_office_draws_every_slide_and_every_sheet(many, tmp_path, soort):
    """With LibreOffice where it is; the readers above go without."""
    soffice = shutil.which("soffice")
    if soffice is None:
        pytest.skip("soffice (LibreOffice) ontbreekt")  # `make engines` does not bring it; others read the files too
    made = many(soort)
    for kind in (".pptx", ".xlsx"):
        (tmp_path / f"pakket{kind}").write_bytes(made.raw[kind])
        own = f"-env:UserInstallation={(tmp_path / 'profiel').as_uri()}"
        asked = [soffice, own, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, tmp_path / f"pakket{kind}"]
        subprocess.run(asked, check=True, capture_output=True)
        pages = [bare(page.extract_text()) for page in PdfReader(tmp_path / "pakket.pdf").pages]
        if kind == ".xlsx":
            assert all(any(bare(message.titel) in page for page in pages) for message in made.pack.messages)
            continue
        assert len(pages) == 1 + len(made.pack.slides)
        for page, message in zip(pages[1:], made.pack.slides, strict=True):
            assert bare(message.titel) in page
            if message.figuur and message.figuur.soort is Kind.GETAL:
                assert all(bare(label) in page for label in message.figuur.categorieen)
                assert all(item.tekst in page for each in message.figuur.reeksen for item in each.items)
