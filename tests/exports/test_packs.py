"""What a pack says is the same to the last digit in its workbook, its deck and on its paper."""

import io
import json
import re
import zipfile
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.utils import get_column_letter
from pptx import Presentation
from pptx.enum.shapes import PP_PLACEHOLDER
from pypdf import PdfReader

from exports.figures import FIGURES, figures
from exports.packs.book import write_book
from exports.packs.deck import write_deck
from exports.packs.files import save
from exports.packs.messages import pack_of
from exports.packs.paper import write_paper
from exports.packs.parts import MOST_SLIDES, Actie, Leerpunt, Said, Soort, Vorm
from exports.public import Money, public
from exports.selection import Selection
from exports.sheet import Kind
from exports.statistics import Duration, Rate, survival_curve
from service.access import Access
from service.db import session_scope
from signals.models import Opbrengst, OpbrengstLoad, RejectedRow, Uitkomst
from tests.exports.builder import Builder, noon
from workflow.models import Contact, Visit, WalaaEntry
from workflow.phases import Answer, Outcome

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
"""A pack is made of what was counted; that both databases count the same is tested with the figures."""

DAY = date(2026, 8, 31)
FIRST, SECOND = date(2026, 1, 5), date(2026, 4, 6)
PLACES = ("0363", "0599", "0935")
NAMES = {"0363": "Amsterdam", "0599": "Rotterdam", "0935": "Maastricht"}
SAID = Said(
    leerpunten=(
        Leerpunt("signaal_verouderd", "", 5, 3),
        Leerpunt("werkinstructie_onduidelijk", "=de stap voor een briefadres ontbreekt", 3, 2, "UWV past dit aan"),
    ),
    acties=(Actie("Werkinstructie aanpassen", "UWV", date(2026, 10, 1)), Actie("@bellen", "Rotterdam", DAY, DAY)),
    vragen=("Hoe gaan wij om met een vakantiepark?",),
)
EVERY = [(soort, openbaar) for soort in Soort for openbaar in (False, True)]
ENDS = (Outcome.AANGIFTE_GEDAAN, Outcome.BUITENLAND_OF_TE_KORT, Outcome.AMBTSHALVE_INGESCHREVEN, Outcome.OVERLEDEN)


@dataclass(frozen=True)
class Made:
    """A pack, the figures it was made of, and its three files read back."""

    pack: object
    counted: dict
    book: object
    deck: object
    paper: str
    raw: dict


class Many:
    """Packs of ninety cases, counted once; each is made once, and a test only reads it."""

    def __init__(self, counted, folder):
        self.counted, self._folder, self._made = counted, folder, {}

    def __call__(self, soort, openbaar=False, chosen=""):
        key = (soort, openbaar, chosen)
        if key not in self._made:
            folder = self._folder / f"{soort}-{openbaar}-{chosen}"
            folder.mkdir()
            self._made[key] = made_of(self.counted[openbaar, chosen], soort, folder)
        return self._made[key]


CHOSEN = {"": {}, "levering": {"leveringen": ("LRNI-2026-02",)}, "gemeente": {"gemeenten": ("0599",)}}


@pytest.fixture(scope="module")
def many(shared, tmp_path_factory):
    with session_scope(shared.engine, Access.system()) as session:
        fill(session, Builder(session))
        counted = {
            (openbaar, chosen): counted_as_json(session, openbaar, **selection)
            for openbaar in (False, True)
            for chosen, selection in CHOSEN.items()
        }
        session.rollback()
    return Many(counted, tmp_path_factory.mktemp("pakketten"))


def fill(session, build):
    """Ninety cases of two deliveries in three municipalities: answered, visited, closed, waiting; yield of some."""
    loads = {"LRNI-2026-01": build.load("LRNI-2026-01", FIRST), "LRNI-2026-02": build.load("LRNI-2026-02", SECOND)}
    values = {"ladingnummer": "OB-00001", "bestandsnaam": "o.csv", "sha256": "x" * 64, "inhoud": b"x", "door": "ulla"}
    yields = OpbrengstLoad(**values, geladen_op=noon(DAY))
    session.add(yields)
    session.flush()
    for number in range(90):
        load = loads["LRNI-2026-01" if number < 60 else "LRNI-2026-02"]
        kind = ("WW", "ZW", "WIA")[number % 3]
        signal = build.signal(PLACES[number % 3], load, adressleutel=f"1000AA-{number // 2}", uitkeringssoort=kind)
        case = build.case(signal)
        build.term(case, "laa_eerste_antwoord", load.datum_ontvangst + timedelta(days=28))
        if number % 9 == 4:
            continue
        began = load.datum_ontvangst + timedelta(days=3 + number % 30)
        build.answer(case, began)
        mine = {
            "zaak_id": case.id,
            "gemeentecode": case.gemeentecode,
            "vastgelegd_op": began,
            "tijdstip": noon(began),
            "door": "anna",
        }
        session.add(WalaaEntry(**mine, antwoord=Answer.ONDERZOEK_IN_DE_BRP, datum=began))
        for soort in ("contactpoging", "contactmoment")[: 1 + number % 2]:
            spoken = {"kanaal": "telefoon", "richting": "uitgaand", "wanneer": mine["tijdstip"]}
            session.add(Contact(**mine, soort=soort, **spoken))
        flags = {"opengedaan": True, "gelegitimeerd": True, "doel_gemeld": True, "binnengetreden": False}
        moments = {"begin": mine["tijdstip"], "einde": mine["tijdstip"], "poging": 1, "adressleutel": "x"}
        consent = "geweigerd" if number == 11 else "gegeven"
        session.add(Visit(**mine, **moments, **flags, aangetroffen=number % 3 > 0, toestemming=consent))
        if number % 7:
            outcome = ENDS[number % 4] if number % 3 else ENDS[0]
            build.close(case, outcome, began + timedelta(days=10 + number % 60))
        if number % 4 == 0:
            soort, euros = (("terugvordering", Decimal(number) + Decimal("100.25")), ("boete", Decimal("0.10")))[
                number % 3 == 0
            ]
            row = {"signal_id": signal.id, "load_id": yields.id, "peildatum": DAY, "vastgelegd_op": DAY}
            session.add(Opbrengst(**row, soort=soort, bedrag=euros))
    for regel, codes in enumerate([["bsn_ongeldig", "postcode_ongeldig"], ["postcode_ongeldig"], ["datum_ongeldig"]]):
        row = {"load_id": loads["LRNI-2026-01"].id, "uitkomst": Uitkomst.AFGEKEURD, "gemeentecode": "0363"}
        session.add(RejectedRow(**row, regel=900 + regel, codes=codes))
    session.flush()


def counted_as_json(session, openbaar=False, **selection):
    """Figures as a frozen pack gives them back."""
    return json.loads(json.dumps(figures(session, Selection(**selection), DAY, openbaar=openbaar)))


def made_of(counted, soort, folder, said=SAID):
    pack = pack_of(soort, counted, names=NAMES, said=said)
    paths = save(pack, counted, folder, "pakket")
    raw = {path.suffix: path.read_bytes() for path in paths}
    assert sorted(path.name for path in folder.iterdir()) == ["pakket.pdf", "pakket.pptx", "pakket.xlsx"]
    pages = PdfReader(paths[2]).pages
    foot = re.compile(re.escape(bare(pack.bron)) + rf"\d+/{len(pages)}")
    words = [foot.subn("", bare(page.extract_text())) for page in pages]
    assert {found for _, found in words} == {1}, "under every page stands where it is from"
    paper = "".join(page for page, _ in words)
    return Made(pack, counted, openpyxl.load_workbook(paths[0]), Presentation(paths[1]), paper, raw)


def bare(words):
    return "".join(words.split())


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
def test_deliveries_are_compared_with_those_before_them(many):
    every, one = many.counted[False, ""], many.counted[False, "levering"]
    alone, beside = (pack_of(Soort.EVALUATIE, one, earlier=other) for other in (None, every))
    rows = [[row[0].tekst for row in _named(pack, "leveringen").tabel.rijen] for pack in (alone, beside)]
    assert rows == [["LRNI-2026-02"], ["LRNI-2026-01", "LRNI-2026-02"]]


def _named(pack, naam):
    return next(message for message in pack.messages if message.naam == naam)


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


def test_many_municipalities_with_long_names_fit():
    codes = [f"{number:04}" for number in range(1, 60)]
    named = {code: f"Gemeente met een heel erg lange naam aan de Waterkant {code}" for code in codes}
    part = counted_of(40, 5, 30, 20, 12)["cijfers"]
    counted = {**counted_of(2360, 300, 1800, 1200, 700), "per": {"gemeente": dict.fromkeys(codes, part)}}
    counted["per"]["gemeente"]["0059"] = {**part, "zaken": 41}
    pack = pack_of(Soort.EVALUATIE, counted, names=named)
    progress, rates = _named(pack, "voortgang"), _named(pack, "gemeenten")
    assert len(progress.figuur.categorieen) == 26
    assert progress.figuur.categorieen[-1] == "De rest"
    assert sum(row[1].waarde for row in progress.tabel.rijen) == 59 * 40 + 1
    assert len(rates.tabel.rijen) == 25
    assert any("25 gemeenten" in remark for remark in rates.kanttekeningen)
    assert named["0059"] in rates.figuur.categorieen, "the largest is drawn"
    for write in (write_deck, write_paper):
        write(pack, io.BytesIO())
    write_book(pack, counted, io.BytesIO())


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
    assert _named(made.pack, "duur").figuur.vorm is Vorm.BALKEN if soort is Soort.EVALUATIE else True
    assert "Openbare uitgave" in made.pack.bron and bare("Openbare uitgave") in made.paper


def small_counts(words):
    """Counts of one to four in a sentence: no part of a percentage, a date, a sum, an article, days or a number."""
    plain = re.sub(
        r"LRNI-\d+-\d+|€ [\d.,]+|\d+%|(?:binnen |richtlijn )\d+ dagen|paragraaf [\d.]+|Wet BRP [\d.]+",
        "",
        words,
    )
    return re.findall(r"(?<![\d.,])[1-4](?![\d.,]*\d)", plain)


# --- sentences over whatever is counted


def counted_of(total, waiting, taken_up, investigated, hits, *, due=0, late=0, openbaar=False, places=()):
    """Figures as they are counted, from a few counts."""
    shown = public if openbaar else plain
    durations = {"duur_ontvangst_eerste_antwoord", "duur_onderzoek_afgesloten", "duur_aangehouden"}
    days = [number % 90 for number in range(total)]
    closed = [number >= waiting for number in range(total)]
    curve = survival_curve(days, closed)
    median = next((float(step.dag) for step in curve.steps if step.aandeel <= 0.5), None)
    values = {
        **dict.fromkeys(FIGURES, 0),
        **{
            naam: Duration(total - waiting, 4.0, 9.5) if total > waiting else Duration(0, None, None)
            for naam in durations
        },
        "duur_ontvangst_afgesloten": Duration(total - waiting, 4.0, 9.5, km=(median,), km_n=total),
        "verloop_ontvangst_afgesloten": curve,
        "duur_in_fase": {"ontvangen": Duration(taken_up, 2.0, 3.0)} if taken_up else {},
        "zaken": total,
        "signalen": total,
        "adressen": (total + 1) // 2,
        "lopend": waiting,
        "aandeel_lopend": Rate(waiting, total),
        "in_fase": {"huisbezoek": waiting} if waiting else {},
        "opgepakt": taken_up,
        "onderzocht": investigated,
        "treffers": hits,
        "opvolging": Rate(taken_up, total),
        "trefkans": Rate(hits, investigated),
        "trefkans_adres": Rate((hits + 1) // 2, (investigated + 1) // 2),
        "eerste_antwoord_op_tijd": Rate(due - late, due),
        "resultaat_op_tijd": Rate(0, 0),
        "aangifte_aandeel": Rate(hits // 2, hits),
        "resultaten": {"aangifte_gedaan": total - waiting} if total > waiting else {},
        "bereik": Rate(hits, taken_up),
        "bereik_per_kanaal": {"telefoon": Rate(hits, taken_up)} if taken_up else {},
        "thuis_getroffen": Rate(hits, investigated),
        "opbrengst": {"boete": Money(hits, hits * 1234)} if hits else {},
        "opbrengst_nog_niet_gemeld": waiting,
        "geleverd": total + late,
        "geaccepteerd": total,
        "afgekeurd": late,
        "afgekeurd_per_reden": {"bsn_ongeldig": late, "postcode_ongeldig": late // 2} if late else {},
        "trefkans_per_verblijf": {"4_tot_6_maanden": Rate(hits, investigated)},
        "afstemming": {},
    }
    counted = {naam: shown(value) if FIGURES[naam].openbaar or not openbaar else None for naam, value in values.items()}
    per = {naam: dict.fromkeys(places, counted) for naam in ("gemeente", "levering", "aanleiding", "adresbron")}
    chosen = {"leveringen": [], "gemeenten": list(places)}
    return {"peildatum": "2026-08-31", "openbaar": openbaar, "selectie": chosen, "cijfers": counted, "per": per}


def plain(value):
    if isinstance(value, dict):
        return {naam: plain(part) for naam, part in value.items()}
    return value if isinstance(value, int) else value.as_dict()


ALIKE = {"overleden": 3, "aangifte_gedaan": 3, "niet_opgepakt": 3, "reeds_ingezetene": 3}


def test_what_comes_first_together_is_named_together():
    counted = counted_of(12, 0, 12, 6, 3)
    counted["cijfers"]["resultaten"] = dict.fromkeys(("overleden", "aangifte_gedaan"), 6)
    titles = {message.naam: message.titel for message in pack_of(Soort.WERKSESSIE, counted).messages}
    assert titles["resultaten"] == (
        "De resultaten die het meest voorkomen zijn ‘aangifte gedaan’ en ‘overleden’: elk 6 van 12 zaken met een "
        "resultaat."
    )
    counted["cijfers"]["resultaten"] = ALIKE
    title = _named(pack_of(Soort.WERKSESSIE, counted), "resultaten").titel
    assert title.endswith(" en andere: elk 3 van 12 zaken met een resultaat.")
    assert title.count("‘") == 3


@st.composite
def counted_by_chance(draw):
    upto = st.integers(0, 12) | st.integers(0, 3000)
    total = draw(upto)
    waiting = draw(st.integers(0, total))
    taken_up = draw(st.integers(0, total))
    investigated = draw(st.integers(0, min(taken_up, total - waiting)))
    hits = draw(st.integers(0, investigated))
    due = draw(st.integers(0, total))
    late = draw(st.integers(0, due))
    places = draw(st.lists(st.sampled_from(["0363", "0599", "0935"]), unique=True))
    openbaar = draw(st.booleans())
    return counted_of(
        total, waiting, taken_up, investigated, hits, due=due, late=late, openbaar=openbaar, places=places
    )


@given(counted_by_chance(), st.sampled_from(Soort))
def test_a_sentence_reads_well_whatever_was_counted(counted, soort):
    pack = pack_of(soort, counted, names=NAMES, said=SAID)
    assert len(pack.slides) < MOST_SLIDES
    assert len({message.naam for message in pack.messages}) == len(pack.messages)
    for message in pack.messages:
        words = "\n".join((message.titel, message.n, message.alternatief, message.notitie, *message.kanttekeningen))
        assert not re.search(r"\b(nan|None|inf)\b|\{|  |\.\.|,,| \.", words), words
        assert message.titel[0].isupper() and message.titel[-1] in ".?" and len(message.titel) <= 190, message.titel
        for share in re.finditer(r"\d%", message.titel):
            after = message.titel[share.end() :]
            assert re.match(r" \((minder dan )?[\d.]+ van (minder dan )?[\d.]+ |-interval|,? tot |\.$", after), (
                message.titel
            )
        assert "100,0% tot" not in message.titel
        if counted["openbaar"]:
            assert not small_counts(message.titel), message.titel
        if message.figuur:
            assert any(value is not None for each in message.figuur.reeksen for value in each.waarden)
            assert all(
                len(each.items) == len(message.figuur.dagen or message.figuur.categorieen)
                for each in message.figuur.reeksen
            )


@given(counted_by_chance())
def test_hit_rates_are_not_compared_while_more_than_a_fifth_is_open(counted):
    share = counted["cijfers"]["aandeel_lopend"]["waarde"]
    if not share or share <= 0.2 or not counted["cijfers"]["onderzocht"]:
        return
    pack = pack_of(Soort.EVALUATIE, counted, names=NAMES)
    assert _named(pack, "gemeenten").titel.endswith("vergelijk gemeenten nog niet.")
    assert _named(pack, "kenmerken").titel.startswith("Vergelijk de trefkans naar kenmerk nog niet")


def test_a_frozen_pack_of_before_a_figure_was_counted_is_made_all_the_same():
    counted = counted_of(20, 2, 18, 15, 8, places=("0363", "0599"))
    for part in (counted["cijfers"], *counted["per"]["gemeente"].values()):
        for naam in ("afgekeurd_per_reden", "trefkans_per_verblijf"):
            part.pop(naam, None)
    assert pack_of("evaluatie", counted).messages


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
