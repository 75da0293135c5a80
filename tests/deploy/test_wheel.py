"""What is given away: the wheel holds all that the service needs, and serves with nothing of the source beside it."""

import os
import subprocess
import sys
import sysconfig
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx2 as httpx
import pytest
from hatchling.builders.wheel import WheelBuilder
from serving import free_port

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel in an empty folder, as pip would lay it down."""
    folder = tmp_path_factory.mktemp("wheel")
    (made,) = WheelBuilder(str(ROOT)).build(directory=str(folder / "dist"), versions=["standard"])
    with zipfile.ZipFile(made) as wheel:
        wheel.extractall(folder / "site")
    return folder / "site"


def test_everything_that_is_no_module_is_in_it(unpacked: Path) -> None:
    kept = {".py", ".pyc"}
    here = {
        path.relative_to(ROOT)
        for package in ("signals", "importers", "workflow", "exports", "service")
        for path in (ROOT / package).rglob("*")
        if path.is_file() and path.suffix not in kept and not {"node_modules", "__pycache__"} & set(path.parts)
    }
    assert Path("service/static/made/design-system.css") in here, "the look of the pages was not made: make demo"
    assert not {path for path in here if not (unpacked / path).is_file()}
    steps = {path.name for path in (ROOT / "service" / "migrations" / "versions").glob("*.py")}
    assert steps == {path.name for path in (unpacked / "service" / "migrations" / "versions").glob("*.py")}
    assert not list(unpacked.glob("tests*"))


class Alone:
    """`rni` out of the wheel: its dependencies are those of this environment, and the source is not to be found."""

    def __init__(self, site: Path, data: Path) -> None:
        places = [str(site), *dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib")))]
        begin = (
            f"import sys; sys.path[:0] = {places!r}; import service; assert service.__file__.startswith({str(site)!r})"
        )
        # -I and -S: neither this folder nor what an editable install points at.
        self._command = [sys.executable, "-I", "-S", "-c", f"{begin}; from service.cli import main; main()"]
        own = {name: value for name, value in os.environ.items() if not name.startswith(("RNI_", "PYTHON"))}
        self.environment = own | {
            "RNI_DATABASE_URL": f"sqlite:///{data / 'rni.sqlite3'}",
            "RNI_DATA_DIR": str(data / "data"),
        }
        self._data = data

    def run(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            cwd=self._data,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def begin(self, *arguments: str) -> "subprocess.Popen[bytes]":
        return subprocess.Popen([*self._command, *arguments], cwd=self._data, env=self.environment)


@pytest.fixture
def alone(unpacked: Path, tmp_path: Path) -> Iterator[Alone]:
    yield Alone(unpacked, tmp_path)


def test_it_serves_with_nothing_of_the_source_beside_it(alone: Alone) -> None:
    assert "De database is bijgewerkt" in alone.run("db", "upgrade")
    assert "beheer" in alone.run("user", "add", "beheer", "--role", "beheerder")
    port = free_port()
    process = alone.begin("serve", "--port", str(port))
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(600):
                try:
                    page = client.get("/inloggen")
                    break
                except httpx.TransportError:
                    assert process.poll() is None
                    time.sleep(0.05)
            assert page.status_code == 200
            style = page.text.split('rel="stylesheet" href="')[1].split('"')[0]
            assert client.get(style).headers["content-type"].startswith("text/css")
            assert client.get("/handleiding").status_code == 200
            assert client.get("/api/v1/openapi.json").status_code == 200
    finally:
        process.terminate()
        process.wait(30)
