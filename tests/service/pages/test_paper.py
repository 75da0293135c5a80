"""Pages on paper: what is read stays, what is clicked goes, and no table is cut off."""

import io

import pytest
from pypdf import PdfReader

from tests.service.pages.everywhere import World

pytestmark = pytest.mark.browser

PRINTED = {
    "zaak": ("anna", "/zaken/{druk}", ("Kowalska", "Verloop", "De buurvrouw ziet hem elke dag.", "Groesbeekseweg")),
    "dossier": ("anna", "/zaken/{druk}/dossier/bronnen", ("Al vastgelegd", "De buurvrouw ziet hem elke dag.")),
    "cijfers": ("coen", "/cijfers?per=gemeente", ("Rotterdam", "Wat het is")),
    "pakket": (
        "coen",
        "/sessies/{sessie}/pakket",
        ("Werksessie Langdurig RNI", "Wat erin staat", "Bron: Langdurig RNI"),
    ),
    "daglijst": ("bram", "/bezoeken?wie=iedereen", ("18.00–23.59", "Achterom lopen.", "Kowalska")),
    "werklijst": ("anna", "/zaken?lijst=alle", ("Eerstvolgende termijn", "Rotterdam")),
}
CLICKED = "nav.menu, .kop, .voet, button, .nl-button, input:not([type=hidden]), select, textarea, .kruimel"
CUT = """() => [...document.querySelectorAll("table")].filter((table) => {
    const box = table.getBoundingClientRect();
    return box.right > document.documentElement.clientWidth + 1 || table.scrollWidth > table.clientWidth + 1;
}).map((table) => table.className)"""
COLOUR = "getComputedStyle(document.querySelector('main')).color"
A4 = {"width": 680, "height": 1009}
"""What 180 by 267 millimetres hold: A4 without its margins."""


@pytest.mark.parametrize("name", PRINTED)
def test_a_page_reads_well_on_paper(full: World, name: str) -> None:
    naam, path, words = PRINTED[name]
    page, status = full.go(naam, path)
    assert status == 200
    page.set_viewport_size(A4)  # type: ignore[arg-type]
    page.emulate_media(media="print", color_scheme="light")
    try:
        assert not [each.inner_text() for each in page.locator(CLICKED).all() if each.is_visible()]
        assert page.evaluate(CUT) == []
        light = page.evaluate(COLOUR)
        page.emulate_media(media="print", color_scheme="dark")
        assert page.evaluate(COLOUR) == light, "light letters of a dark page cannot be read on paper"
        printed = PdfReader(io.BytesIO(page.pdf(format="A4"))).pages
        told = " ".join(" ".join(each.extract_text() for each in printed).split())
        assert not [each for each in words if each not in told]
        assert "Uitloggen" not in told and "Naar de inhoud" not in told
    finally:
        page.emulate_media(media="screen", color_scheme="light")
