"""Charts: where the numbers land on a drawing, and how the drawings stand on their pages."""

import re
from itertools import pairwise

import pytest
from playwright.sync_api import Page, expect

from service.pages import charts
from tests.service.pages.conftest import SignIn, Site, fits_the_width


def rate(hits: int, of: int, low: float = 0.1, high: float = 0.6) -> dict[str, object]:
    return {"teller": hits, "noemer": of, "waarde": hits / of if of else None, "laag": low, "hoog": high}


def part(hits: int, of: int, open_: float, cases: int = 10) -> dict[str, object]:
    return {"zaken": cases, "trefkans": rate(hits, of), "aandeel_lopend": {"waarde": open_}}


CURVE = {
    "0": {"aandeel": 1.0, "gevolgd": 8},
    "30": {"aandeel": 0.75, "gevolgd": 8},
    "60": {"aandeel": 0.5, "gevolgd": 4},
    "100": {"aandeel": 0.5, "gevolgd": 2},
}
FIGURES = {
    "signalen": 40,
    "zaken": 30,
    "opgepakt": 20,
    "onderzocht": 10,
    "treffers": 5,
    "lopend": 12,
    "resultaten": {"overleden": 3, "aangifte_gedaan": 15},
    "duur_in_fase": {
        "huisbezoek": {"n": 3, "mediaan": 10.0, "p90": 40.0},
        "ontvangen": {"n": 9, "mediaan": 5.0, "p90": 6.0},
    },
    "duur_ontvangst_afgesloten": {"km_mediaan": 60.0},
    "verloop_ontvangst_afgesloten": CURVE,
}  # fmt: skip


def test_the_longest_bar_takes_its_room_and_the_others_their_part_of_it() -> None:
    drawn = charts.funnel(FIGURES)
    assert drawn is not None
    assert [bar.width for bar in drawn.drawing] == [80.0, 60.0, 40.0, 20.0, 10.0]
    assert [cells for _, cells in drawn.rows][1] == ("30", "75,0%")
    assert "Opgepakt: 20" in drawn.beschrijving


def test_outcomes_with_those_that_have_none_yet_are_all_cases() -> None:
    drawn = charts.outcomes(FIGURES)
    assert drawn is not None
    assert sum(int(cells[0]) for _, cells in drawn.rows) == 30
    assert drawn.rows[-1] == ("Nog geen resultaat", ("12", "40,0%"))


def test_a_phase_has_its_median_and_a_line_to_nine_out_of_ten_in_the_order_of_the_path() -> None:
    drawn = charts.phases(FIGURES)
    assert drawn is not None
    assert [(bar.words, bar.width, bar.further) for bar in drawn.drawing] == [
        (["Ontvangen"], 10.0, 12.0),
        (["Huisbezoek"], 20.0, 80.0),
    ]


def test_a_curve_falls_on_its_days_only() -> None:
    drawn = charts.survival(FIGURES)
    assert drawn is not None
    assert drawn.drawing.path == "M0.0 0.0H300.0V250.0H600.0V500.0H1000.0V500.0"
    assert drawn.drawing.median == 60
    assert drawn.rows[2] == ("28", ("100,0%", "8"))
    assert drawn.rows[5] == ("70", ("50,0%", "2"))
    still = charts.survival(FIGURES | {"duur_ontvangst_afgesloten": {"km_mediaan": None}})
    assert still is not None
    assert still.drawing.median is None and "geen mediaan" in still.noot


def test_municipalities_stand_by_name_and_say_when_it_is_too_early() -> None:
    per = {"0599": part(3, 9, 0.2), "0363": part(1, 4, 0.21), "0935": part(0, 0, 0.0)}
    drawn = charts.compared(per, {"0599": "Rotterdam", "0363": "Amsterdam", "0935": "Maastricht"})
    assert drawn is not None
    assert [(row.words, row.early) for row in drawn.drawing] == [
        (["Amsterdam", "25,0%, 1 van 4"], True),
        (["Rotterdam", "33,3%, 3 van 9"], False),
    ]
    assert charts.compared({"0599": part(3, 9, 0.2)}, {}) is None, "there is nothing to compare with"


def test_of_very_many_municipalities_the_largest_are_drawn_and_the_rest_counted() -> None:
    per = {f"{code:04}": part(1, 2, 0.0, cases=code) for code in range(1, 31)}
    drawn = charts.compared(per, {})
    assert drawn is not None
    assert [row.words[0] for row in drawn.drawing] == [f"{code:04}" for code in range(6, 31)]
    assert "De 5 kleinere" in drawn.noot


def test_the_parts_of_a_whole_lie_end_to_end_and_fill_it() -> None:
    counts = [("nu_te_vertellen", 1), ("onderweg", 0), ("nog_niets", 2), ("resultaat_verteld", 97)]
    drawn = charts.whole("x", "Alles", "Wat", counts)
    assert drawn is not None
    for one, next_ in pairwise(drawn.drawing):
        assert next_.left == pytest.approx(one.left + one.width)
    assert drawn.drawing[-1].left + drawn.drawing[-1].width == pytest.approx(100)
    assert [each.shows_number for each in drawn.drawing] == [False, False, False, True]
    assert drawn.rows[-1] == ("Samen", ("100", "100,0%"))
    assert charts.whole("x", "Alles", "Wat", [("onderweg", 0)]) is None


def test_long_words_are_put_on_more_lines_and_the_rows_under_them_make_room() -> None:
    drawn = charts.outcomes(FIGURES | {"resultaten": {"buitenland_of_te_kort": 18}})
    assert drawn is not None
    assert drawn.drawing[0].words == ["In het buitenland, of te kort", "in Nederland"]
    assert [bar.top for bar in drawn.drawing] == [0, 66]
    assert drawn.height == 66 + 48


def test_without_cases_nothing_is_drawn() -> None:
    nothing = dict.fromkeys(("signalen", "zaken", "opgepakt", "onderzocht", "treffers", "lopend"), 0)
    nothing |= {"resultaten": {}, "duur_in_fase": {}, "duur_ontvangst_afgesloten": {"km_mediaan": None}}
    nothing |= {"verloop_ontvangst_afgesloten": {}}
    assert charts.charts_of({"cijfers": nothing, "per": {}}, {}) == []


def check_charts(page: Page) -> int:
    """Every drawing has a name and a description that are its own, a table beside it, and no style of its own."""
    drawings = page.locator("svg[role=img]")
    for drawing in drawings.all():
        title, description = (drawing.get_attribute("aria-labelledby") or "").split(" ")
        for each in (title, description):
            assert page.locator(f"[id='{each}']").count() == 1
            assert (page.locator(f"[id='{each}']").text_content() or "").strip()
    for chart in page.locator("figure.grafiek").all():
        expect(chart.locator("table tbody tr").first).to_be_visible()
        expect(chart.locator("svg[role=img]")).to_have_count(1)
    names = page.locator("[id]").evaluate_all("found => found.map(each => each.id)")
    assert len(names) == len(set(names)), "no identifier stands there twice"
    assert page.locator("svg [style], svg style").count() == 0
    return drawings.count()


@pytest.mark.browser
@pytest.mark.parametrize(("naam", "path"), [("coen", "/cijfers"), ("anna", "/cijfers"), ("coen", "/terugkoppelingen")])
def test_charts_are_there_for_eyes_and_for_ears_on_every_screen(
    site: Site, sign_in: SignIn, naam: str, path: str
) -> None:
    if path == "/cijfers":
        number = site.new_case(days_ago=40)
        site.take(number, "anna", "wijs_toe")
        site.take(number, "anna", "niet_oppakken", reden="capaciteit")
    for width in (1280, 320):
        page = sign_in(naam, width, 800)
        page.goto(site.url + path)
        assert check_charts(page) >= (3 if path == "/cijfers" else 1)
        assert fits_the_width(page)
        for words in page.locator("svg[role=img] text").all():
            box = words.bounding_box()
            assert box is not None and box["height"] >= 12, "words keep their size"
            assert box["x"] >= 0 and box["x"] + box["width"] <= width, "and stay on the page"


@pytest.mark.browser
def test_a_chart_says_the_same_in_its_drawing_and_its_table(site: Site, sign_in: SignIn) -> None:
    page = sign_in("coen")
    page.goto(f"{site.url}/cijfers")
    funnel = page.locator("#grafiek-trechter")
    drawn = funnel.locator("text.waarde").all_text_contents()
    assert drawn == funnel.locator("tbody td:nth-of-type(1)").all_inner_texts()
    described = funnel.locator("desc").text_content() or ""
    assert re.findall(r": ([\d.]+)(?=[;.]\s|[;.]$)", described) == drawn


@pytest.mark.browser
def test_charts_are_not_told_by_colour_alone_and_print(site: Site, sign_in: SignIn) -> None:
    page = sign_in("coen")
    page.goto(f"{site.url}/terugkoppelingen")
    parts = page.locator("#grafiek-afstemming svg[role=img] rect.deel")
    fills = [each.get_attribute("fill") for each in parts.all()]
    assert fills and len(set(fills)) == len(fills), "each part has a pattern of its own"
    page.emulate_media(media="print")
    expect(parts.first).to_be_visible()
    expect(page.locator("#grafiek-afstemming table")).to_be_visible()
