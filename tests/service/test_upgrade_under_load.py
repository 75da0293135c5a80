"""An upgrade on a Tuesday afternoon: people work on, in the version that is there, and none of them notices."""

import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import date
from pathlib import Path

import httpx2 as httpx
import pytest
from serving import Installation, Served, free_port, serving
from sqlalchemy import Engine, inspect, text
from sqlmodel import col, func, select

from service.access import Access
from service.db import session_scope
from service.loading import uploads
from service.settings import Settings
from workflow.models import Case, Source

from .conftest import NOW, ROTTERDAM, access, owning

pytestmark = pytest.mark.every_database

ROOT = Path(__file__).parents[2]
PACKAGES = ("signals", "importers", "workflow", "exports", "service")
SAMPLE = ROOT / "tests" / "samples" / "demo" / "LRNI-2026-07.csv"
WORKERS = 3
MAIN = "from service.cli import main; main()"
NEXT: Sequence[tuple[str, str, str]] = (
    (
        "9996",
        "op.add_column('zaak', sa.Column('later', sa.String(10), nullable=False, server_default='niets'))\n"
        "    op.add_column('bron', sa.Column('later', sa.JSON(), nullable=True))\n"
        "    op.create_table('nieuw', sa.Column('id', sa.Integer(), primary_key=True))",
        "",
    ),
    ("9997", "beside.create_index('ix_bron_later', 'bron', ['vastgelegd_op'])", "BESIDE_THE_WORK = True"),
    ("9998", "beside.create_index('ix_zaak_later', 'zaak', ['geopend_op'])", "BESIDE_THE_WORK = True"),
)
"""Steps of a version to come: more columns, a table, indexes on tables in which people work."""


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """The code of this version with these steps after ours, in a folder of its own."""
    tree = tmp_path / "next"
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tree / package, ignore=shutil.ignore_patterns("__pycache__", "node_modules"))
    versions = tree / "service" / "migrations" / "versions"
    last = max(path.name[:4] for path in versions.glob("[0-9]*.py"))
    for number, does, more in NEXT:
        (versions / f"{number}_later.py").write_text(
            f"import sqlalchemy as sa\nfrom alembic import op\nfrom service.migrations import beside\n"
            f"revision = '{number}'\ndown_revision = '{last}'\nSTEP = 'expand'\n{more}\n"
            f"def upgrade():\n    {does}\ndef downgrade():\n    pass\n"
        )
        last = number
    return tree


def program(tree: Path, *arguments: str) -> list[str]:
    """`rni` of the version in that folder."""
    return [
        sys.executable,
        "-c",
        f"import sys; sys.path.insert(0, {str(tree)!r}); from service.cli import main; main()",
        *arguments,
    ]


class Load:
    """People who ask and write without a pause; every answer is counted, and what took longest kept."""

    def __init__(self, address: str, token: str, cases: Sequence[str]) -> None:
        self._address, self._token, self._cases = address, token, cases
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._work, args=[number]) for number in range(WORKERS)]
        self.answers: Counter[int | str] = Counter()
        self.written, self.longest = 0, 0.0
        self._lock = threading.Lock()

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def _work(self, number: int) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        mine = self._cases[number :: len(self._threads)]
        with httpx.Client(base_url=f"{self._address}/api/v1", headers=headers, timeout=60) as door:
            turn = 0
            while not self._ending.is_set():
                case = mine[turn % len(mine)]
                entry = {"soort": "bag", "datum": "2026-07-06", "bevinding": f"{number}-{turn}"}
                for method, path, body in (
                    ("GET", f"/zaken/{case}", None),
                    ("POST", f"/zaken/{case}/bronnen", entry),
                    ("GET", "/zaken", None),
                ):
                    self._ask(door, method, path, body)
                turn += 1

    def _ask(self, door: httpx.Client, method: str, path: str, body: Mapping[str, str] | None) -> None:
        begun = time.monotonic()
        try:
            answer: int | str = door.request(method, path, json=body).status_code
        except httpx.HTTPError as error:
            answer = type(error).__name__
        with self._lock:
            self.answers[answer] += 1
            self.written += answer == 201
            self.longest = max(self.longest, time.monotonic() - begun)


def wait_until(true: object, seconds: float = 60) -> None:
    """Until a condition holds."""
    assert callable(true)
    for _ in range(round(seconds * 20)):
        if true():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@contextmanager
def newer(tree: Path, installation: Installation, log: Path) -> Iterator[Served]:
    """A server of the version in that folder."""
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with log.open("w") as out:
        environment = installation.environment(RNI_BASE_URL=address, PYTHONPATH=str(tree))
        process = subprocess.Popen(
            program(tree, "serve", "--port", str(port)), cwd=tree, env=environment, stdout=out, stderr=out
        )
        try:
            for _ in range(1200):
                try:
                    httpx.get(f"{address}/.well-known/security.txt").raise_for_status()
                    break
                except httpx.TransportError:
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.05)
            yield Served(address, log, process.pid)
        finally:
            process.terminate()
            process.wait(30)


def test_nobody_notices_an_upgrade(
    settings: Settings, engine: Engine, tokens: Mapping[str, str], next_version: Path, tmp_path: Path
) -> None:
    done = uploads.load_file(
        engine, access(engine, "ulla"), SAMPLE, SAMPLE.name, received=date(2026, 7, 6), now=NOW, settings=None
    )
    assert done.zaken > 100
    with session_scope(engine, Access.system(), write=False) as session:
        cases = list(session.exec(select(Case.zaaknummer).where(col(Case.gemeentecode) == ROTTERDAM)))
    installation = Installation(settings.database_url, settings.data_dir)
    with ExitStack() as open_:
        old = open_.enter_context(serving(installation, tmp_path / "old.log"))
        load = open_.enter_context(Load(old.address, tokens["anna"], cases))
        wait_until(lambda: load.written > 5)
        upgraded = subprocess.run(
            program(next_version, "db", "upgrade"),
            cwd=next_version,
            env=installation.environment(PYTHONPATH=str(next_version)),
            capture_output=True,
            text=True,
            check=False,
        )
        assert upgraded.returncode == 0, upgraded.stderr
        assert upgraded.stdout.strip() == "De database is bijgewerkt: 9996, 9997, 9998."
        during = sum(load.answers.values())
        # A process of the version before is started again on the schema of the next, and both work side by side.
        again = open_.enter_context(serving(installation, tmp_path / "again.log"))
        after = open_.enter_context(newer(next_version, installation, tmp_path / "new.log"))
        for address in (again.address, after.address):
            with Load(address, tokens["anna"], cases) as beside:
                wait_until(lambda beside=beside: beside.written > 5)  # type: ignore[misc]
            assert set(beside.answers) == {200, 201}, beside.answers
            load.written += beside.written
        wait_until(lambda: sum(load.answers.values()) > during + 20)
    print(
        f"{sum(load.answers.values())} requests, {during} until it was done: {dict(load.answers)}; "
        f"the longest took {load.longest:.2f} s"
    )
    assert set(load.answers) == {200, 201}, load.answers
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(func.count()).select_from(Source)).one() == load.written
    with owning(engine) as connection:
        assert connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one() == "9998"
        assert "ix_bron_later" in {each["name"] for each in inspect(connection).get_indexes("bron")}


def test_a_command_of_the_version_before_says_when_it_may_not_work_any_more(
    settings: Settings, engine: Engine, next_version: Path, tmp_path: Path
) -> None:
    versions = next_version / "service" / "migrations" / "versions"
    step = versions / "9998_later.py"
    step.write_text(step.read_text().replace("STEP = 'expand'", "STEP = 'contract'"))
    installation = Installation(settings.database_url, settings.data_dir)
    environment = installation.environment(PYTHONPATH=str(next_version))
    subprocess.run(program(next_version, "db", "upgrade"), cwd=next_version, env=environment, check=True)
    for words in (("user", "list"), ("db", "upgrade"), ("serve", "--port", str(free_port()))):
        refused = installation.ran(*words)
        assert (refused.code, "Installeer hier versie" in refused.err) == (4, True), refused
