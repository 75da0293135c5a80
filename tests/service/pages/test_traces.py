"""What a browser did is kept when its test fails, and only then; what a page does wrong is told by itself."""

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from pytest_playwright.pytest_playwright import CreateContextCallback

from tests import chromium
from tests.service.pages.conftest import MEASURE, ROOT, TELEPHONE, TOO_WIDE, watch

pytestmark = pytest.mark.browser

HOUSE = """
from tests.conftest import delete_output_dir, engine_path
from tests.service.pages.conftest import (
    base_url, browser, browser_context_args, browser_type_launch_args, output_path
)
"""
TESTS = """
import pytest

@pytest.fixture
def page(new_context):
    pages = [new_context().new_page() for who in ("anna", "bram")]
    for page in pages:
        page.goto("data:text/html,<h1>Zaken</h1>")
    yield pages[0]
    assert pages[0].title() != "stuk"

def test_goes_well(page):
    assert page.inner_text("h1") == "Zaken"

def test_goes_wrong(page):
    assert page.inner_text("h1") == "Besluiten"

def test_is_found_out_afterwards(page):
    page.goto("data:text/html,<title>stuk</title>")
"""


def test_of_a_test_that_fails_the_traces_are_kept_without_pictures(
    tmp_path: Path, engine_path: Callable[..., str]
) -> None:
    """Everything as `make test` has it, in a run of its own: no flag is given.

    An old trace of the same test does not stay, and one of a process beside it does.
    """
    engine_path(*chromium.PROGRAMS)
    (tmp_path / "conftest.py").write_text(HOUSE)
    (tmp_path / "test_three.py").write_text(TESTS)
    kept = tmp_path / "var" / "sporen"
    old, beside = kept / "test-three-py-test-goes-well-chromium", kept / "test-of-another-process"
    for folder in (old, beside):
        folder.mkdir(parents=True)
        (folder / "trace.zip").write_bytes(b"of before")
    run = [sys.executable, "-m", "pytest", "-c", ROOT / "pyproject.toml", f"--rootdir={tmp_path}"]
    outside = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [*run, "-p", "no:cacheprovider", "."],
        cwd=tmp_path,
        env=outside | {"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert "1 failed, 2 passed, 1 error" in done.stdout, done.stdout + done.stderr
    (beside / "trace.zip").unlink()  # fails when it is gone
    names = {f"{path.parent.name}/{path.name}" for path in kept.glob("*/*")}
    assert names == {
        f"test-three-py-test-{name}-chromium/trace-{who}.zip"
        for name in ("goes-wrong", "is-found-out-afterwards")
        for who in (1, 2)
    }
    for path in kept.glob("*/*"):
        inside = zipfile.ZipFile(path).namelist()
        assert any(name.endswith(".trace") for name in inside)
        assert not any(name.endswith((".jpeg", ".png")) for name in inside)


@pytest.mark.parametrize("wide", [True, False])
def test_a_page_that_a_telephone_does_not_hold_tells_so(new_context: CreateContextCallback, wide: bool) -> None:
    faults: list[str] = []
    page = new_context(viewport=TELEPHONE, has_touch=True).new_page()
    watch(page, faults)
    page.add_init_script(MEASURE)
    page.goto(f"data:text/html,<p style='width: {391 if wide else 300}px'>Zaken")
    assert [TOO_WIDE in fault for fault in faults] == ([True] if wide else [])
