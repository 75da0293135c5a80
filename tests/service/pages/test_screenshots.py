"""Pictures of the pages for README and manual; with DOCS=1 they replace those in docs/."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.service.pages.conftest import ROOT, SignIn, Site
from tests.service.pages.test_visits import plan
from workflow.phases import Phase

pytestmark = pytest.mark.browser

WIDTHS = {"": (1280, 900), "-telefoon": (390, 844)}


def shoot(page: Page, folder: Path, name: str, *, screens: float = 1) -> None:
    """A picture of the page, so many screens high; never a person's real data: the samples are made up."""
    path = folder / f"{name}.png"
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": int(size["height"] * screens)})
    page.screenshot(path=path)
    page.set_viewport_size(size)
    assert path.stat().st_size > 10_000


@pytest.mark.parametrize("kind", WIDTHS, ids=["1280", "390"])
def test_pictures_of_worklist_case_and_delivery(site: Site, sign_in: SignIn, tmp_path: Path, kind: str) -> None:
    folder = ROOT / "docs" if os.environ.get("DOCS") == "1" else tmp_path
    anna = sign_in("anna", *WIDTHS[kind])
    shoot(anna, folder, f"begin{kind}")
    anna.goto(f"{site.url}/zaken?lijst=mijn")
    shoot(anna, folder, f"worklist{kind}")
    anna.locator("tbody tr", has_text="Aanschrijving").first.get_by_role("link").first.click()
    shoot(anna, folder, f"zaak{kind}", screens=1.6)
    anna.get_by_role("link", name="Verstuur het voornemen").click()
    shoot(anna, folder, f"stap{kind}")
    plan(anna, site, site.new_case(days_ago=30, phase=Phase.HUISBEZOEK), site.days(1), opmerking="Achterom lopen.")
    bram = sign_in("bram", *WIDTHS[kind])
    bram.goto(f"{site.url}/bezoeken?dag={site.days(1)}")
    shoot(bram, folder, f"bezoeken{kind}")
    bram.get_by_role("link", name="Maak het verslag").first.click()
    shoot(bram, folder, f"verslag{kind}", screens=1.3)
    site.new_case(days_ago=90, phase=Phase.VOORNEMEN)
    carla = sign_in("carla", *WIDTHS[kind])
    carla.goto(f"{site.url}/besluiten")
    shoot(carla, folder, f"besluiten{kind}")
    ulla = sign_in("ulla", *WIDTHS[kind])
    ulla.goto(f"{site.url}/ladingen/{site.known['lading']}")
    shoot(ulla, folder, f"levering{kind}")
