"""A disk without room: each answer is a clear sentence or done, nothing is half; with room the same succeeds."""

import os
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from serving import Installation, serving
from sqlalchemy import Engine, func
from sqlmodel import select

from exports.models import FeedbackDelivery, FeedbackFile
from service.access import Access
from service.db import file_of, make_engine, session_scope
from service.files import storage
from service.settings import Settings
from signals.models import Load, LoadStatus, Signal
from tests.clients import until
from tests.postgres import FOLLOWED, cluster
from tests.service.conftest import Template
from tests.service.faults.conftest import Furnished, found_by_verify, house
from tests.service.faults.furnishing import Furnisher
from tests.service.faults.outcome import Outcome, Outcomes
from tests.soak import SOAKING, tries
from workflow.models import CaseEvent, Document, Letter

pytestmark = pytest.mark.chance

SIZE = 64_000_000
"""Bytes of the disk: some times what the installation takes."""
LEFT = (0, 24_000, 400_000)
"""Bytes that are left for whoever comes first."""
TURNS = min(tries(2), 30)
ROWS = 200
CLUSTER_SIZE = 220_000_000
SMALL_LOG = {**FOLLOWED, "max_wal_size": "48MB", "min_wal_size": "32MB"}
FALLS = min(tries(1), 6)
LETTER_STEPS = ("start_vooronderzoek", "start_onderzoek", "verstuur_aanschrijving")
"""What a case takes to its letter; the second follows by itself."""
DONE = (200, 201, 202)
SENTENCES = ("Op de schijf is geen ruimte meer", "Het bestand kan niet worden bewaard")
"""How each answer begins that is a no."""


@dataclass
class Disk:
    """A small one."""

    folder: Path

    def fill(self, but: int) -> None:
        """Until so many bytes are left."""
        with (self.folder / "ballast").open("ab", buffering=0) as ballast, suppress(OSError):
            left = os.statvfs(self.folder)
            many = left.f_bavail * left.f_frsize - but
            while many > 0:
                many -= ballast.write(bytes(min(many, 1 << 20)))

    def make_room(self) -> None:
        """All of it again."""
        (self.folder / "ballast").unlink()


@contextmanager
def mounted(size: int) -> Iterator[Disk]:
    """A disk of this size; the test skips where none can be mounted."""
    folder = Path(tempfile.mkdtemp(prefix="rni-schijf-"))
    command = ["mount", "-t", "tmpfs", "-o", f"size={size},mode=755", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        folder.rmdir()
        pytest.skip("een kleine schijf aankoppelen mag hier niet (mount, als root)")
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
        folder.rmdir()


@pytest.fixture
def disk() -> Iterator[Disk]:
    with mounted(SIZE) as made:
        yield made


@pytest.fixture
def on_it(disk: Disk, settings: Settings) -> Settings:
    """An installation with its files on that disk; a database in a file too."""
    made = settings.model_copy(update={"data_dir": disk.folder / "data"})
    engine = make_engine(settings.database_url)
    path = file_of(engine.url)
    engine.dispose()
    if path is not None:
        shutil.copy(path, disk.folder / "rni.sqlite3")
        made = made.model_copy(update={"database_url": f"sqlite:///{disk.folder / 'rni.sqlite3'}"})
    return made


@dataclass
class Day:
    """What people do on a day, each request under a key of its own."""

    address: str
    tokens: Mapping[str, str]
    number: int
    delivery: Path
    to_close: str
    to_write: str

    def passes(self) -> dict[str, httpx.Response]:
        """The answers."""
        content = self.delivery.read_bytes()
        answers = {"load": self.asks("ulla", "/ladingen", files={"bestand": (self.delivery.name, content)})}
        if answers["load"].status_code == 202:
            load = answers["load"].json()["ladingnummer"]
            answers["confirm"] = self.asks("ulla", f"/ladingen/{load}/bevestigingen")
        step = {"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "capaciteit"}}
        answers["step"] = self.asks("anna", f"/zaken/{self.to_close}/stappen", json=step)
        letter = {"stap": "verstuur_aanschrijving", "versie": 3}
        answers["letter"] = self.asks("anna", f"/zaken/{self.to_write}/stappen", json=letter)
        answers["feedback"] = self.asks("coen", "/terugkoppelingen")
        return answers

    def is_told(self, feedback: str) -> None:
        """UWV has it, so that the next can be made."""
        path = f"/terugkoppelingen/{feedback}"
        assert self.asks("coen", f"{path}/verzendingen").status_code == 201
        assert self.asks("ulla", f"{path}/ontvangstbevestigingen", json={"kenmerk": "U1"}).status_code == 201

    def asks(self, name: str, path: str, **sent: Any) -> httpx.Response:
        """One answer."""
        headers = {"Authorization": f"Bearer {self.tokens[name]}", "Idempotency-Key": f"{self.number}-{name}-{path}"}
        return httpx.post(f"{self.address}/api/v1{path}", headers=headers, timeout=60, **sent)


def count(engine: Engine, kind: type[Any], *where: Any) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        return int(session.exec(select(func.count()).select_from(kind).where(*where)).one())


def steps(engine: Engine) -> Counter[str]:
    """How often each was taken, but the first."""
    with session_scope(engine, Access.system(), write=False) as session:
        taken = Counter(session.exec(select(CaseEvent.stap)))
    return Counter({name: times for name, times in taken.items() if name not in ("ontvang_signaal", "wijs_toe")})


def test_without_room_each_answer_is_a_sentence_or_done_and_with_room_all_of_it_is_done(
    disk: Disk, on_it: Settings, template: Template, outcomes: Outcomes, tmp_path: Path
) -> None:
    engine = make_engine(on_it.database_url)
    furnisher = Furnisher(engine, on_it, tmp_path)
    begun = on_it.now().date() - timedelta(days=8)
    cases = furnisher.load(3 * TURNS, begun)
    to_close, to_write, closed = cases[:TURNS], cases[TURNS : 2 * TURNS], cases[2 * TURNS :]
    furnisher.walk(to_close, begun, "wijs_toe")
    furnisher.walk(to_write, begun, "wijs_toe", "start_vooronderzoek")
    installation = Installation(on_it.database_url, on_it.data_dir)
    refused = 0
    with serving(installation, tmp_path / "serve.log", RNI_REQUESTS_PER_USER="0") as served:
        for turn in range(TURNS):
            furnisher.walk(closed[turn : turn + 1], begun, "wijs_toe", "niet_oppakken")  # there is something to tell
            day = Day(served.address, template.tokens, turn, furnisher.delivery(ROWS), to_close[turn], to_write[turn])
            disk.fill(LEFT[turn % len(LEFT)])
            for name, answer in day.passes().items():
                if answer.status_code not in DONE:
                    refused += 1
                    assert answer.status_code in (409, 503), (name, answer.text)
                    assert answer.json()["detail"].startswith(SENTENCES), (name, answer.text)
            disk.make_room()
            again = day.passes()
            for name, answer in again.items():
                assert answer.status_code in DONE, (name, answer.text)
            day.is_told(again["feedback"].json()["terugkoppelingsnummer"])
    log = (tmp_path / "serve.log").read_text()
    assert refused and "Traceback" not in log, log
    assert steps(engine) == {"niet_oppakken": 2 * TURNS} | dict.fromkeys(LETTER_STEPS, TURNS)
    assert count(engine, Letter) == TURNS and count(engine, Document) == 0
    assert count(engine, Load, Load.status == LoadStatus.GELADEN) == TURNS + 1
    assert count(engine, Signal) == 3 * TURNS + ROWS * TURNS
    assert count(engine, FeedbackFile) == 2 * count(engine, FeedbackDelivery) > 0
    assert len(list((on_it.data_dir / storage.RECEIVED).iterdir())) == TURNS + 1, "what was refused left a file"
    engine.dispose()
    findings = found_by_verify(installation)
    assert not findings, findings
    what = "files and SQLite" if not on_it.on_postgresql else "files beside PostgreSQL"
    outcomes.tell(Outcome(f"disk full, {what}", TURNS, "load, step, letter, feedback", {"refused": refused}))


@pytest.mark.skipif(not SOAKING, reason="tot PostgreSQL omvalt duurt te lang voor elke keer; make soak doet het")
@pytest.mark.parametrize("time_", range(FALLS))
def test_a_postgresql_whose_own_disk_is_full_falls_over_and_has_everything_when_there_is_room(
    furnished: Furnished, outcomes: Outcomes, tmp_path: Path, time_: int
) -> None:
    with mounted(CLUSTER_SIZE) as disk, cluster(SMALL_LOG, like=furnished.cluster, within=disk.folder) as made:
        own = Furnished(made, furnished.template)
        with house(own.address(), own.template.tokens, tmp_path) as there:
            office = there.office(20261124 + time_)
            office.begin(there.files(1))
            time.sleep(office.clients[0].chance.uniform(0.5, 4))
            disk.fill(LEFT[time_ % len(LEFT)])
            until(lambda: bool(office.said()), 120)
            disk.make_room()
            if made.server and made.server.poll() is not None:
                made.start()
            office.end()
            there.compare(office, 1)
            findings = there.findings()
    assert not findings, findings
    said = office.said()
    told = ("503 De database antwoordt nu niet.", "503 Op de schijf is geen ruimte meer")
    assert said and not [each for each in said if not each.startswith(told)], said
    outcomes.tell(Outcome("disk of PostgreSQL itself full", 1, "", office.did(), office.longest()))
