"""One installation in which much happened, of each kind of database, and copies of it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.settings import Settings
from tests.databases import Databases
from tests.service.verify.aged import Aged, grow_old
from tests.service.verify.lived import Lived, live


@pytest.fixture(scope="session")
def lived(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Lived:
    """Made once; it takes a while."""
    return live(databases, tmp_path_factory.mktemp("geleefd"))


@pytest.fixture(scope="session")
def aged(lived: Lived, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Aged:
    """The same years later, when most of it was destroyed."""
    return grow_old(lived, databases, tmp_path_factory.mktemp("oud"))


@pytest.fixture
def old_copy(aged: Aged, databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """A copy of the test's own of what is left."""
    with databases.copied(aged.lived.url) as url:
        yield aged.lived.settings(url, tmp_path / "data")


@pytest.fixture
def copy(lived: Lived, databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """A copy of the test's own, database and files."""
    with databases.copied(lived.url) as url:
        yield lived.settings(url, tmp_path / "data")
