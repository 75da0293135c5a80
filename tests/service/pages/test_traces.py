"""What a browser did is kept when its test fails, and only then."""

import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from playwright.sync_api import Browser

from tests.service.pages.conftest import FAILED, Traced

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("failed", [True, False])
def test_the_trace_of_a_failed_test_is_kept(browser: Browser, tmp_path: Path, failed: bool) -> None:
    item = SimpleNamespace(nodeid="tests/x.py::test_x[a b]", stash=pytest.Stash())
    if failed:
        item.stash[FAILED] = {"call"}
    traced, context = Traced(item), browser.new_context()  # type: ignore[arg-type]
    traced.follow(context)
    context.new_page().set_content("<h1>Zaken</h1>")
    traced.finish(tmp_path)
    context.close()
    kept = list(tmp_path.iterdir())
    assert [path.name for path in kept] == (["x-py-test_x-a-b-1.zip"] if failed else [])
    for path in kept:
        assert any(name.endswith(".trace") for name in zipfile.ZipFile(path).namelist())
