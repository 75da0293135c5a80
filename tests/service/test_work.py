"""Long work outside the request, with real services and their processes: it shows how far it is, stops, and survives.

On a database in a file the service itself looks after it; on PostgreSQL a worker beside it does.

The process that works is frozen (SIGSTOP) where a test needs a moment to look: so nothing depends on how fast it is.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from serving import Installation, Served, beside, serving
from sqlalchemy import Engine
from sqlmodel import col, func, select, update

from service import work
from service.access import Access
from service.db import make_engine, session_scope
from service.files import storage
from service.identity import accounts
from service.loading import deliveries
from service.models import AuditEntry, Upload, WebSession, Work, WorkKind, WorkSign, WorkState
from service.settings import Settings
from service.work_signs import FOLDER, SILENT_FOR, signs_of
from service.workers import worker
from service.workers.hands import DATABASE_AWAY, Held
from signals.bsn import passes_elfproef
from signals.models import Load, RejectedRow, Signal
from tests import authenticator
from tests.databases import Databases
from tests.importers.deliveries import row, write_csv
from workflow.models import Case

from .conftest import NOW, Template, access

GOOD, FAULTY = 3_000, 18_000
"""Rows of the delivery: enough for two pieces, so that the progress is seen to rise."""
ALL = GOOD + FAULTY


@pytest.fixture(scope="session")
def delivery(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A large delivery: persons of Rotterdam, and many rows without a house number."""
    numbers = (str(number) for number in range(999900000, 1_000_000_000) if passes_elfproef(str(number)))
    rows = [row(signaalnummer=f"G-{place}", bsn=bsn) for place, bsn in zip(range(GOOD), numbers, strict=False)]
    rows += [row(signaalnummer=f"F-{place}", huisnummer="nul") for place in range(FAULTY)]
    return write_csv(tmp_path_factory.mktemp("levering") / "groot.csv", rows)


@dataclass(frozen=True)
class Checked:
    """An installation in which the delivery waits to be confirmed, made once and copied for each test."""

    url: str
    data_dir: Path
    number: str


@pytest.fixture(scope="module")
def checked_once(
    template: Template, databases: Databases, delivery: Path, tmp_path_factory: pytest.TempPathFactory
) -> Checked:
    settings = Settings(database_url=databases.copy(template.url), data_dir=tmp_path_factory.mktemp("data"))
    engine = make_engine(settings.database_url)
    with session_scope(engine, access(engine, "ulla").widened()) as session, delivery.open("rb") as stream:
        kept = storage.keep(settings, stream)
        asked = deliveries.offer(
            session, settings, access(engine, "ulla"), kept, delivery.name, received=settings.now().date(), now=NOW
        )
    with session_scope(engine, Access.system()) as session:
        waiting = work.latest(session, asked.ladingnummer)
        assert waiting is not None
        assert work.claim(session, waiting, NOW)
        session.refresh(waiting)
    assert waiting.id is not None
    worker.run_one(settings, engine, waiting.id, str(waiting.uitvoerder))
    engine.dispose()
    return Checked(settings.database_url, settings.data_dir, asked.ladingnummer)


@pytest.fixture
def checked(checked_once: Checked, databases: Databases, tmp_path: Path) -> Iterator[Settings]:
    """An installation of the test's own in which the delivery waits to be confirmed."""
    with databases.copied(checked_once.url) as url:
        shutil.copytree(checked_once.data_dir, tmp_path / "data")
        yield Settings(database_url=url, data_dir=tmp_path / "data")


NUMBER = "LD-2026-000001"
"""The load in it."""


@dataclass
class Desk:
    """A liaison at the API of a running service, and what lies under it."""

    served: Served
    api: httpx.Client
    settings: Settings
    engine: Engine
    looks_after: int
    """The process that has work done."""
    work_log: Path
    """Where that process logs."""
    killed: set[int] = field(default_factory=set)

    def kill(self, pid: int) -> None:
        os.kill(pid, signal.SIGKILL)
        self.killed.add(pid)

    def offer(self, path: Path) -> str:
        with path.open("rb") as stream:
            answer = self.api.post("/ladingen", files={"bestand": (path.name, stream)})
        assert answer.status_code == 202, answer.text
        assert (answer.json()["status"], answer.json()["werk"]) == ("aangeboden", "wacht")
        return str(answer.json()["ladingnummer"])

    def post(self, number: str, what: str) -> httpx.Response:
        return self.api.post(f"/ladingen/{number}/{what}")

    def get(self, number: str) -> dict[str, Any]:
        answer = self.api.get(f"/ladingen/{number}")
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    def until(self, number: str, ready: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """What the API tells once it is so far; work that failed ends the wait."""
        for _ in range(6_000):
            told = self.get(number)
            if ready(told):
                return told
            assert told["werk"] != "mislukt", (told["werkUitleg"], self.served.log.read_text())
            time.sleep(0.02)
        raise AssertionError((self.get(number), self.served.log.read_text()))

    def failed(self, number: str) -> dict[str, Any]:
        for _ in range(6_000):
            told = self.get(number)
            if told["werk"] == "mislukt":
                return told
            assert told["werk"] in work.OPEN, told
            time.sleep(0.02)
        raise AssertionError((told, self.served.log.read_text()))

    def done(self, number: str, status: str) -> dict[str, Any]:
        return self.until(number, lambda told: told["werk"] == "klaar" and told["status"] == status)

    def worker(self, number: str, rows: int = 0) -> int:
        """The process that works on this load, frozen once it has dealt with so many rows."""
        for _ in range(6_000):
            with session_scope(self.engine, Access.system(), write=False) as session:
                asked = work.latest(session, number)
            assert asked is not None
            told = signs_of(self.engine, self.settings).progress(asked)
            if told.pid and told.pid not in self.killed and told.gedaan >= rows:
                os.kill(told.pid, signal.SIGSTOP)
                return told.pid
            assert asked.staat in work.OPEN, asked
            time.sleep(0.002)
        raise AssertionError(f"niemand werkt aan {number}: {self.served.log.read_text()}")

    def count(self, kind: type[Any]) -> int:
        with session_scope(self.engine, Access.system(), write=False) as session:
            return int(session.exec(select(func.count()).select_from(kind)).one())


@contextmanager
def running(settings: Settings, log: Path, token: str) -> Iterator[Desk]:
    engine = make_engine(settings.database_url)
    installation = Installation(settings.database_url, settings.data_dir)
    with ExitStack() as stack:
        served = stack.enter_context(serving(installation, log))
        api = stack.enter_context(served.door(token))
        looks_after, work_log = served.pid, log
        if settings.on_postgresql:
            work_log = log.with_suffix(".worker.log")
            looks_after = stack.enter_context(beside(installation, work_log, "worker"))
        yield Desk(served, api, settings, engine, looks_after, work_log)
    engine.dispose()


@pytest.fixture
def desk(settings: Settings, tmp_path: Path, tokens: Mapping[str, str]) -> Iterator[Desk]:
    with running(settings, tmp_path / "service.log", tokens["ulla"]) as opened:
        yield opened


@pytest.fixture
def waiting(checked: Settings, tmp_path: Path, tokens: Mapping[str, str]) -> Iterator[Desk]:
    """A service in which the delivery waits to be confirmed."""
    with running(checked, tmp_path / "service.log", tokens["ulla"]) as opened:
        yield opened


def thaw(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGCONT)


@contextmanager
def signed_in(desk: Desk) -> Iterator[httpx.Client]:
    """The liaison in a browser."""
    own = {"Origin": desk.served.address}
    with httpx.Client(base_url=desk.served.address, timeout=60, headers=own) as browser:
        authenticator.sign_in(browser, desk.engine, "ulla", "ulla")
        yield browser


def page_of(desk: Desk, number: str) -> httpx.Response:
    """The page of the load, as the liaison sees it in a browser."""
    with signed_in(desk) as browser:
        return browser.get(f"/ladingen/{number}")


def press(browser: httpx.Client, button: str) -> tuple[int, str]:
    """A button on the page of the load: where it leads."""
    csrf = re.search(r'name="csrf" value="([^"]+)"', browser.get(f"/ladingen/{NUMBER}").text)
    assert csrf
    answer = browser.post(f"/ladingen/{NUMBER}/{button}", data={"csrf": csrf[1]})
    return answer.status_code, answer.headers.get("location", answer.text)


def test_a_large_file_is_checked_loaded_and_undone_outside_the_request(desk: Desk, delivery: Path) -> None:
    number = desk.offer(delivery)
    pid = desk.worker(number, rows=1)
    told = desk.get(number)
    assert (told["werk"], told["status"]) == ("bezig", "aangeboden")
    assert 0 < told["rijenGedaan"] < told["rijenTotaal"] == ALL
    assert told["voortgang"] == 100 * told["rijenGedaan"] // ALL
    page = page_of(desk, number)
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in page.text
    assert f'hx-get="/ladingen/{number}" hx-trigger="every 2s"' in page.text
    assert "van 21.000 rijen" in page.text
    assert "<progress" in page.text
    assert "Bevestig en laad" not in page.text
    thaw(pid)
    told = desk.done(number, "gecontroleerd")
    assert (told["geaccepteerd"], told["afgekeurd"]) == (GOOD, FAULTY)
    assert (told["voortgang"], told["rijenGedaan"], told["rijenTotaal"]) == (100, ALL, ALL)
    assert (desk.count(Signal), desk.count(RejectedRow)) == (0, 0)
    page = page_of(desk, number)
    assert 'http-equiv="refresh"' not in page.text
    assert page.text.count("huisnummer: nul") == 200
    assert "De eerste 200." in page.text

    confirmed = desk.post(number, "bevestigingen")
    assert (confirmed.status_code, confirmed.json()["status"]) == (202, "gecontroleerd")
    told = desk.done(number, "geladen")
    assert told["zaken"] == GOOD
    assert (desk.count(Signal), desk.count(Case), desk.count(RejectedRow)) == (GOOD, GOOD, FAULTY)
    assert desk.post(number, "bevestigingen").status_code == 409

    undone = desk.post(number, "annuleringen")
    assert (undone.status_code, undone.json()["status"]) == (202, "geladen")
    told = desk.done(number, "ongedaan_gemaakt")
    assert len(told["bewijs"]) == 64
    assert told["bewijs"] in page_of(desk, number).text
    assert (desk.count(Signal), desk.count(Case)) == (0, 0)
    with session_scope(desk.engine, Access.system(), write=False) as session:
        mine = select(AuditEntry.actie).where(AuditEntry.object == number).order_by(col(AuditEntry.id))
        assert session.exec(mine).all() == [
            "lading_aangeboden",
            "lading_gecontroleerd",
            "lading_bekeken",
            "lading_bevestigd",
            "lading_ongedaan_gemaakt",
            "lading_bekeken",
        ]
    for _ in range(600):  # each piece of work is a line in the log, written when it has ended
        lines = [json.loads(line) for line in desk.work_log.read_text().splitlines() if '"uitkomst"' in line]
        if len(lines) == 3:
            break
        time.sleep(0.05)
    told = [(line["soort"], line["uitkomst"], line["waarvan"], line["ms"] > 0) for line in lines]
    assert told == [(soort, "gelukt", number, True) for soort in ("controleren", "laden", "ongedaan_maken")]


def test_a_stopped_check_can_be_done_again(desk: Desk, delivery: Path) -> None:
    number = desk.offer(delivery)
    desk.worker(number)
    assert desk.post(number, "stopzettingen").status_code == 202
    told = desk.until(number, lambda told: told["werk"] == "gestopt")
    assert (told["status"], told["voortgang"], told["geleverd"]) == ("aangeboden", 0, 0)
    assert desk.post(number, "stopzettingen").status_code == 409
    assert desk.post(number, "bevestigingen").status_code == 409
    assert desk.api.get(f"/ladingen/{number}/verwerkingsverslag").status_code == 409
    with session_scope(desk.engine, Access.system(), write=False) as session:
        last = session.exec(select(AuditEntry).order_by(col(AuditEntry.id).desc())).first()
    assert last is not None
    assert (last.actor, last.actie, last.object) == ("ulla", "lading_gestopt", number)
    page = page_of(desk, number).text
    assert "De controle is gestopt." in page
    assert "Controleer opnieuw" in page
    assert desk.post(number, "controles").status_code == 202
    assert desk.done(number, "gecontroleerd")["geleverd"] == ALL


def test_a_load_that_holds_the_lock_is_stopped_and_confirmed_again(waiting: Desk) -> None:
    with signed_in(waiting) as browser:
        ago = waiting.settings.now() - 2 * accounts.SEEN_EVERY
        with session_scope(waiting.engine, Access.system()) as session:  # each page wants to note that it was seen
            session.execute(update(WebSession).values(gezien_op=ago))
        assert press(browser, "bevestigingen") == (303, f"/ladingen/{NUMBER}")
        pid = waiting.worker(NUMBER, rows=ALL)
        assert "Wordt geladen" in browser.get(f"/ladingen/{NUMBER}").text
        assert "wordt geladen" in browser.get("/leveringen").text
        assert browser.get("/begrippen").status_code == 200
        for path in ("/ladingen", "/gemeenten"):
            assert waiting.api.get(path).status_code == 200
        assert press(browser, "bevestigingen") == (303, f"/ladingen/{NUMBER}")
        assert waiting.post(NUMBER, "bevestigingen").status_code == 409
        for _ in range(2):
            assert press(browser, "stopzettingen") == (303, f"/ladingen/{NUMBER}")
    assert waiting.until(NUMBER, lambda told: told["werk"] == "gestopt")["status"] == "gecontroleerd"
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
    assert (waiting.count(Signal), waiting.count(Case), waiting.count(RejectedRow)) == (0, 0, 0)
    assert "Het laden is gestopt." in page_of(waiting, NUMBER).text
    assert waiting.post(NUMBER, "bevestigingen").status_code == 202
    assert waiting.done(NUMBER, "geladen")["zaken"] == GOOD


def test_a_large_file_refused_half_way_leaves_nothing_but_the_reason(checked: Settings, delivery: Path) -> None:
    engine = make_engine(checked.database_url)
    today = checked.now().date()
    with session_scope(engine, Access.system()) as session:
        kept = checked.data_dir / storage.RECEIVED / session.get_one(Upload, NUMBER).bestand
        session.exec(select(Load)).one().datum_ontvangst = today - timedelta(days=1)
    too_late = row(signaalnummer="G-laat", datum_signaal=f"{today:%Y%m%d}")
    last = write_csv(kept.with_name("laatste"), [too_late]).read_bytes().splitlines(keepends=True)[-1]
    kept.write_bytes(delivery.read_bytes() + last)  # seen only when all other rows are written
    with session_scope(engine, access(engine, "ulla").widened()) as session:
        deliveries.confirm(session, checked, access(engine, "ulla"), NUMBER, NOW)
        waiting = work.latest(session, NUMBER)
        assert waiting is not None
        assert work.claim(session, waiting, NOW)
        session.refresh(waiting)
        number, holder = waiting.id, str(waiting.uitvoerder)
    assert number is not None
    worker.run_one(checked, engine, number, holder)
    with session_scope(engine, Access.system(), write=False) as session:
        load = session.exec(select(Load)).one()
        assert (load.status, load.reden) == ("geweigerd", "ontvangst_onmogelijk")
        assert session.get_one(Work, number).staat == WorkState.KLAAR
        told = session.exec(select(AuditEntry).where(AuditEntry.actie == "lading_bevestigd")).one()
        assert (told.object, told.resultaat) == (NUMBER, "geweigerd")
        for kind in (Signal, Case, RejectedRow):
            assert session.exec(select(func.count()).select_from(kind)).one() == 0
    engine.dispose()


def test_work_that_is_killed_begins_again_and_fails_with_a_sentence_the_third_time(waiting: Desk) -> None:
    waiting.post(NUMBER, "bevestigingen")
    for _ in range(3):
        waiting.kill(waiting.worker(NUMBER))
    told = waiting.failed(NUMBER)
    assert told["status"] == "gecontroleerd"
    assert "3 keer onverwacht afgebroken" in told["werkUitleg"]
    assert told["werkUitleg"] in page_of(waiting, NUMBER).text
    assert waiting.post(NUMBER, "bevestigingen").status_code == 202
    waiting.kill(waiting.worker(NUMBER, rows=ALL))
    assert waiting.done(NUMBER, "geladen")["zaken"] == GOOD
    assert (waiting.count(Signal), waiting.count(Case), waiting.count(RejectedRow)) == (GOOD, GOOD, FAULTY)


def let_pass(settings: Settings, engine: Engine, time_gone: timedelta) -> None:
    """So long ago is every sign of life now."""
    if settings.on_postgresql:
        with session_scope(engine, Access.system()) as session:
            session.execute(update(WorkSign).values(gezien_op=func.now() - time_gone))
        return
    (told,) = settings.data_dir.glob(f"{FOLDER}/*.voortgang")
    long_ago = told.stat().st_mtime - time_gone.total_seconds()
    os.utime(told, (long_ago, long_ago))


@pytest.mark.parametrize("end", ["stopped", "killed with its machine", "killed alone"])
def test_work_goes_on_by_itself_after_the_service_ended(
    checked: Settings, tmp_path: Path, tokens: Mapping[str, str], end: str
) -> None:
    with running(checked, tmp_path / "eerste.log", tokens["ulla"]) as first:
        first.post(NUMBER, "bevestigingen")
        pid = first.worker(NUMBER, rows=ALL)
        if end == "killed with its machine":
            os.kill(first.looks_after, signal.SIGSTOP)
            os.kill(pid, signal.SIGKILL)
        if end == "killed alone":
            thaw(pid)
        os.kill(first.looks_after, signal.SIGTERM if end == "stopped" else signal.SIGKILL)
    if end == "killed with its machine":
        engine = make_engine(checked.database_url)
        let_pass(checked, engine, SILENT_FOR)
        engine.dispose()
    with running(checked, tmp_path / "tweede.log", tokens["ulla"]) as second:
        assert second.done(NUMBER, "geladen")["zaken"] == GOOD
        assert (second.count(Signal), second.count(Case), second.count(Load)) == (GOOD, GOOD, 1)


def test_two_services_on_one_database_do_the_work_once(
    checked: Settings, tmp_path: Path, tokens: Mapping[str, str]
) -> None:
    with (
        running(checked, tmp_path / "een.log", tokens["ulla"]) as one,
        running(checked, tmp_path / "twee.log", tokens["ulla"]) as two,
    ):
        answers = [each.post(NUMBER, "bevestigingen").status_code for each in (one, two)]
        assert answers == [202, 409]
        assert two.done(NUMBER, "geladen")["zaken"] == GOOD
        assert (two.count(Signal), two.count(Case)) == (GOOD, GOOD)
        with session_scope(two.engine, Access.system(), write=False) as session:
            assert [each.poging for each in session.exec(select(Work))] == [1, 1]


def test_the_work_of_a_user_who_was_disabled_is_refused(waiting: Desk) -> None:
    waiting.post(NUMBER, "bevestigingen")
    pid = waiting.worker(NUMBER)
    with session_scope(waiting.engine, Access.system()) as session:
        accounts.disable_user(session, "ulla", NOW)
    os.kill(pid, signal.SIGKILL)
    for _ in range(6_000):
        with session_scope(waiting.engine, Access.system(), write=False) as session:
            asked = work.latest(session, NUMBER)
        assert asked is not None
        if asked.staat not in work.OPEN:
            break
        time.sleep(0.02)
    assert asked.staat == WorkState.MISLUKT
    assert "uitgeschakeld" in (asked.foutzin or "")
    assert waiting.count(Signal) == 0


def test_a_large_file_that_is_not_one_s_own_is_not_kept_and_one_that_is_gone_is_asked_for_again(
    settings: Settings, tmp_path: Path, tokens: Mapping[str, str]
) -> None:
    rows = [row(signaalnummer=f"A-{place}", gemeentecode="0983", huisnummer="nul") for place in range(2_500)]
    other = write_csv(tmp_path / "venlo.csv", rows)
    kept = settings.data_dir / storage.RECEIVED
    with running(settings, tmp_path / "service.log", tokens["tess"]) as tess:
        told = tess.done(tess.offer(other), "geweigerd")
        assert told["reden"] == "andere_gemeente"
        assert tess.count(RejectedRow) == 0
        assert not list(kept.iterdir())

        number = tess.offer(other)
        pid = tess.worker(number)
        for path in kept.iterdir():
            path.unlink()
        os.kill(pid, signal.SIGKILL)
        assert "Bied het bestand opnieuw aan" in tess.failed(number)["werkUitleg"]


def test_work_whose_database_went_away_did_not_fail() -> None:
    """It begins again as often as it takes: a process that ends so is no attempt that counts."""
    address = "postgresql+psycopg://niemand@127.0.0.1:1/niets"
    command = [sys.executable, "-P", "-m", "service.workers.worker", "1", "x"]
    process = subprocess.Popen(command, env=os.environ | {"RNI_DATABASE_URL": address}, stdout=subprocess.PIPE)
    out, _ = process.communicate(timeout=120)
    asked = Work(soort=WorkKind.LADEN, ladingnummer="LD-2026-000001", sleutel="x", door="ulla", gevraagd_op=NOW)
    assert process.returncode == DATABASE_AWAY and not Held(asked, process).failed, out
    broken = subprocess.Popen(["false"])
    broken.wait()
    assert Held(asked, broken).failed
