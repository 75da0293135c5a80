"""People at work through the real HTTP doors, while something is done to what they work on; and what they were told.

They do what a careful client does: a request without an answer is sent again, at whatever web process, under the same
Idempotency-Key. What they were told was done is counted, and compared with what is in the database afterwards.
"""

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import httpx2 as httpx
from sqlalchemy import Engine
from sqlmodel import col, func, select

from exports.models import FeedbackDelivery, FeedbackFile, FeedbackRow
from service import jobs, work
from service.access import Access
from service.db import session_scope
from service.models import AuditEntry, ClockDay, Work, WorkSign, WorkState
from service.settings import Settings
from signals.bsn import passes_elfproef
from signals.models import Load, LoadStatus, Signal
from tests import processes
from tests.importers.deliveries import row, write_csv
from workflow.models import Case, CaseEvent

ROWS = 2_100
"""Of one delivery: just more than is loaded within a request."""


@dataclass
class Machine:
    """A process that is killed, and started again."""

    words: list[str]
    environment: Mapping[str, str]
    log: Path
    process: ForkServerProcess | None = None

    def start(self) -> None:
        self.process = processes.begin(self.words, self.environment, self.log, self.log)

    def kill(self) -> None:
        assert self.process and self.process.pid
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.join()

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.join(30)


@dataclass
class Client:
    """Somebody with a token who sends a request again, elsewhere, until there is an answer.

    lost: how often it was sent again. longest: seconds that one request went without an answer. said: every sentence
    of an answer that was none.
    """

    ports: Sequence[int]
    token: str
    chance: random.Random
    lost: int = 0
    longest: float = 0
    said: set[str] = field(default_factory=set)

    def ask(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """The answer; 500 and a broken connection are no answer."""
        key = {"Idempotency-Key": f"{self.chance.getrandbits(64):x}"} if method == "POST" else {}
        begun = time.monotonic()
        for _ in range(600):
            port = self.chance.choice(self.ports)
            address = f"http://127.0.0.1:{port}/api/v1{path}"
            headers = {"Authorization": f"Bearer {self.token}", **key}
            with suppress(httpx.TransportError):
                answer = httpx.request(method, address, headers=headers, timeout=60, **sent)
                in_use = answer.status_code == 409 and "sleutel_in_gebruik" in answer.text
                if answer.status_code < 500 and not in_use:
                    self.longest = max(self.longest, time.monotonic() - begun)
                    return answer
                self.said.add(f"{answer.status_code} {answer.json()['detail']}")
            self.lost += 1
            time.sleep(0.1)
        raise AssertionError(f"no answer to {method} {path}")


MOST_LOADS = 4
"""Deliveries of `ROWS` persons each: there are no more numbers that begin with 9999."""


def delivered(folder: Path, number: int, rows: int = ROWS) -> Path:
    """A delivery of persons whom no other has."""
    bsns = [
        str(n) for n in range(999_900_000 + 25_000 * number, 999_925_000 + 25_000 * number) if passes_elfproef(str(n))
    ]
    cells = [
        row(leveringsnummer=f"LRNI-2026-{number + 1:02}", signaalnummer=f"M{number}-{place}", bsn=bsns[place])
        for place in range(rows)
    ]
    return write_csv(folder / f"levering-{number}.csv", cells)


@dataclass
class Told:
    """What the clients were told was done."""

    steps: dict[str, int] = field(default_factory=dict)
    loads: list[str] = field(default_factory=list)
    feedback: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)


def offers(client: Client, told: Told, path: Path) -> None:
    """A delivery is offered, checked, confirmed and loaded."""
    offered = client.ask("POST", "/ladingen", files={"bestand": (path.name, path.read_bytes())})
    assert offered.status_code == 202, offered.text
    load = offered.json()["ladingnummer"]

    def until(status: str) -> None:
        for _ in range(3_000):
            now = client.ask("GET", f"/ladingen/{load}").json()
            if now["status"] == status and now["werk"] in ("klaar", None):
                return
            assert now["werk"] not in ("mislukt", "gestopt"), now
            time.sleep(0.1)
        raise AssertionError(f"{load} did not become {status}")

    until("gecontroleerd")
    confirmed = client.ask("POST", f"/ladingen/{load}/bevestigingen")
    assert confirmed.status_code in (201, 202, 409), confirmed.text
    until("geladen")
    with told.lock:
        told.loads.append(load)


def steps(client: Client, told: Told, enough: threading.Event) -> None:
    """Cases are taken on and closed, each by two steps."""
    while not enough.is_set():
        cases = client.ask("GET", "/zaken?aantal=30&fase=ontvangen").json()["items"]
        for case in client.chance.sample(cases, min(3, len(cases))):
            number = case["zaaknummer"]
            version = client.ask("GET", f"/zaken/{number}").json()["versie"]
            if version != 1:
                continue
            done = 1
            for stap, more in (("wijs_toe", {}), ("niet_oppakken", {"gegevens": {"reden": "capaciteit"}})):
                answer = client.ask("POST", f"/zaken/{number}/stappen", json={"stap": stap, "versie": done, **more})
                if answer.status_code != 201:
                    told.wrong.append(f"{stap}: {answer.status_code} {answer.text[:200]}")
                    break
                done += 1
            if done == 1:
                continue  # a colleague was first
            with told.lock:
                told.steps[number] = done
        enough.wait(0.05 if cases else 0.5)


def feedback(coen: Client, ulla: Client, told: Told, enough: threading.Event) -> None:
    """What is due is told, sent and confirmed, one delivery after another."""
    while not enough.wait(0.3):
        made = coen.ask("POST", "/terugkoppelingen")
        if made.status_code == 200:
            continue
        assert made.status_code == 201, made.text
        number = made.json()["terugkoppelingsnummer"]
        assert coen.ask("POST", f"/terugkoppelingen/{number}/verzendingen").status_code == 201
        seen = ulla.ask("POST", f"/terugkoppelingen/{number}/ontvangstbevestigingen", json={"kenmerk": number})
        assert seen.status_code == 201, seen.text
        with told.lock:
            told.feedback.append(number)


class Office:
    """Five people at work at these ports: one loads, two take steps, two see to feedback. What breaks is told here."""

    def __init__(self, ports: Sequence[int], tokens: Mapping[str, str], chance: random.Random) -> None:
        names = ("ulla", "anna", "anna", "coen", "ulla")
        self.clients = [Client(ports, tokens[name], random.Random(chance.getrandbits(32))) for name in names]
        self.told = Told()
        self._enough = threading.Event()
        self._faults: list[Exception] = []
        self._loading: threading.Thread | None = None
        self._others: list[threading.Thread] = []

    def begin(self, files: Iterable[Path]) -> None:
        """Everybody begins; these deliveries are loaded one after the other."""
        loader, first, second, coen, ulla = self.clients

        def loads() -> None:
            for each in files:
                offers(loader, self.told, each)

        self._loading = self._thread(loads)
        self._others += [self._thread(steps, each, self.told, self._enough) for each in (first, second)]
        self._others.append(self._thread(feedback, coen, ulla, self.told, self._enough))

    def is_loading(self) -> bool:
        """Whether there is still a delivery to load; AssertionError when something broke."""
        assert not self._faults, self._faults
        return self._loading is not None and self._loading.is_alive()

    def end(self) -> None:
        """When all is loaded and some of it was worked on, everybody goes home."""
        assert self._loading
        self._loading.join()
        until(lambda: bool((self.told.steps and self.told.feedback) or self._faults))
        self._enough.set()
        for each in self._others:
            each.join()
        assert not self._faults, self._faults

    def sent_again(self) -> int:
        """Requests that got no answer at first."""
        return sum(each.lost for each in self.clients)

    def longest(self) -> float:
        """Seconds that anybody went without an answer."""
        return max(each.longest for each in self.clients)

    def did(self) -> dict[str, int]:
        """What they were told was done."""
        told = self.told
        return {"loads": len(told.loads), "cases closed": len(told.steps), "deliveries of feedback": len(told.feedback)}

    def said(self) -> set[str]:
        """What was said instead of an answer."""
        return set().union(*(each.said for each in self.clients))

    def _thread(self, work_: Callable[..., None], *given: Any) -> threading.Thread:
        def run() -> None:
            try:
                work_(*given)
            except Exception as fault:  # noqa: BLE001  # told by `is_loading` and `end`
                self._faults.append(fault)

        thread = threading.Thread(target=run, daemon=True)  # whoever breaks off the test need not wait for it
        thread.start()
        return thread


def until(ready: Callable[[], bool], seconds: float = 300) -> None:
    """Wait for something that must come."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if ready():
            return
        time.sleep(0.02)
    raise AssertionError("nobody took over")


def nothing_twice_nothing_lost(engine: Engine, settings: Settings, told: Told, loads: int, rows: int = ROWS) -> None:
    """What is in the database is what the clients were told: every load, step and delivery of feedback, once."""

    def count(kind: type[Any]) -> int:
        return int(session.exec(select(func.count()).select_from(kind)).one())

    assert len(told.loads) == len(set(told.loads)) == loads
    with session_scope(engine, Access.system(), write=False) as session:
        assert sorted(session.exec(select(Load.ladingnummer).where(Load.status == LoadStatus.GELADEN))) == sorted(
            told.loads
        )
        assert not work.unfinished(session)
        assert {each.staat for each in session.exec(select(Work))} <= {WorkState.KLAAR}
        if settings.on_postgresql:
            assert session.exec(select(func.count()).select_from(WorkSign)).one() == 0
        # Steps: as many events as the clients were told, in each case; and no case that nobody touched has any.
        events = dict(session.exec(select(Case.zaaknummer, Case.versie)).all())
        walked = {case: version for case, version in events.items() if version > 1}
        assert walked == told.steps
        numbered = select(CaseEvent.zaak_id, CaseEvent.volgnummer, func.count()).group_by(
            col(CaseEvent.zaak_id), col(CaseEvent.volgnummer)
        )
        assert {times_ for _, _, times_ in session.exec(numbered)} <= {1}
        # Feedback: every delivery is one that somebody was told of; no signal stands in two of them.
        assert sorted(session.exec(select(FeedbackDelivery.nummer))) == sorted(told.feedback)
        signals = session.exec(select(FeedbackRow.signal_id)).all()
        assert len(signals) == len(set(signals))
        # The night was done once by whoever led.
        if settings.now().hour >= jobs.HOUR:
            days = session.exec(select(ClockDay.taak, ClockDay.dag)).all()
            assert len(days) == len({name for name, _ in days})
        confirmed = select(AuditEntry.object).where(AuditEntry.actie == "lading_bevestigd")
        assert sorted(session.exec(confirmed)) == sorted(told.loads)
        assert count(Signal) == count(Case) == rows * loads
        assert count(FeedbackFile) == 2 * len(told.feedback)
    assert told.steps and told.feedback, "there was no load to speak of"
