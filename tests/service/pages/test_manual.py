"""The manual as a page, in a browser, and in the wheel."""

import zipfile
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from hatchling.builders.wheel import WheelBuilder
from playwright.sync_api import expect
from sqlalchemy import Engine

from service.app import create_app
from service.pages import manual
from service.settings import Settings
from tests.service.pages.conftest import ROOT, SignIn, Site, fits_the_width


def test_headings_have_anchors_and_html_in_the_file_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "manual.txt"
    path.write_text("# Één\n\n## Zo *gaat* het\n\n<script>x</script> <b onclick=x>\n\n[x](javascript:alert(1))\n")
    made = manual.written(path)
    assert '<h1 id="een">' in made.html and '<h2 id="zo-gaat-het">' in made.html
    assert made.chapters == (("zo-gaat-het", "Zo *gaat* het"),)
    assert "<script" not in made.html and "<b " not in made.html and 'href="javascript' not in made.html


def test_every_picture_of_the_manual_comes_and_nothing_else_from_its_folder(settings: Settings, engine: Engine) -> None:
    with TestClient(create_app(settings, engine)) as client:
        assert client.get("/handleiding").status_code == 200
        for name in manual.manual().pictures:
            answer = client.get(f"/handleiding/{name}")
            assert answer.headers["content-type"] == "image/png" and answer.content.startswith(b"\x89PNG")
        for name in ("security.md", "handleiding.md", "zaak-telefoon.png", "..%2Fpyproject.toml"):
            assert client.get(f"/handleiding/{name}").status_code == 404


def test_the_manual_and_its_pictures_are_in_the_wheel(tmp_path: Path) -> None:
    (made,) = WheelBuilder(str(ROOT)).build(directory=str(tmp_path), versions=["standard"])
    with zipfile.ZipFile(made) as wheel:
        packed = {name.removeprefix("service/manual/") for name in wheel.namelist() if "service/manual/" in name}
        assert packed == {"handleiding.md", *manual.manual().pictures}
        assert wheel.read("service/manual/handleiding.md") == (ROOT / "docs" / "handleiding.md").read_bytes()
        assert {"service/static/copy.js", "service/templates/charts.html"} <= set(wheel.namelist())


@pytest.mark.browser
def test_the_manual_is_reached_from_any_page_and_its_chapters_from_its_top(site: Site, sign_in: SignIn) -> None:
    for width in (1280, 320):
        page = sign_in("anna", width, 800)
        page.goto(f"{site.url}/termijnen")
        page.get_by_role("contentinfo").get_by_role("link", name="Handleiding").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Handleiding voor behandelaars")
        page.get_by_role("navigation", name="In deze handleiding").get_by_role("link", name="Huisbezoeken").click()
        assert page.url.endswith("#huisbezoeken")
        expect(page.get_by_role("heading", name="Huisbezoeken")).to_be_in_viewport()
        expect(page.get_by_alt_text("De deuren van een dag")).to_have_js_property("naturalWidth", 1280)
        assert fits_the_width(page)
