"""A municipality with systems of its own, which stand here as processes beside the test."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2
import pytest

from service.connectors import brp
from service.connectors.configuration import FILE, use_connectors
from service.settings import Settings
from tests.elsewhere.certificates import Authority, made_in
from tests.elsewhere.process import Elsewhere, running


@dataclass(frozen=True)
class Written:
    """A folder of connectors, written for a test."""

    folder: Path

    def put(self, toml: str, code: str = "0599", **files: str) -> Path:
        """The file of a municipality, and the secrets beside it; gives its folder."""
        own = self.folder / code
        own.mkdir(parents=True, exist_ok=True)
        (own / FILE).write_text(toml)
        for name, text in files.items():
            (own / name).write_text(text)
        return own


@pytest.fixture
def written(tmp_path: Path) -> Written:
    (tmp_path / "koppelingen").mkdir()
    return Written(tmp_path / "koppelingen")


@pytest.fixture(autouse=True)
def _forgotten() -> Iterator[None]:
    brp.forget_failures()
    yield
    use_connectors(Settings())


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return made_in(tmp_path_factory.mktemp("certificaten"))


@pytest.fixture(scope="session")
def one_brp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with running("brp", tmp_path_factory.mktemp("brp")) as there:
        yield there


@pytest.fixture
def brp_there(one_brp: Elsewhere) -> Elsewhere:
    """A BRP without memory of what was asked before, that lets everybody in."""
    one_brp.forget()
    return one_brp


@pytest.fixture(scope="session")
def one_zgw(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Elsewhere]:
    with running("zgw", tmp_path_factory.mktemp("zaaksysteem")) as there:
        yield there


@pytest.fixture
def zgw_there(one_zgw: Elsewhere) -> Elsewhere:
    """An empty zaaksysteem."""
    one_zgw.forget()
    httpx2.delete(f"{one_zgw.url}/alles", timeout=60).raise_for_status()
    one_zgw.forget()
    return one_zgw


@pytest.fixture(scope="session")
def one_receiver(tmp_path_factory: pytest.TempPathFactory, authority: Authority) -> Iterator[Elsewhere]:
    tls = {"cert": authority.cert, "key": authority.key}
    with running("receiver", tmp_path_factory.mktemp("ontvanger"), tls=tls) as there:
        yield there


@pytest.fixture
def receiver(one_receiver: Elsewhere) -> Elsewhere:
    """Somebody who takes what comes, over https, with a certificate of an authority of the installation."""
    one_receiver.forget()
    return one_receiver
