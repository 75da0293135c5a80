"""Work of six kinds that a process of its own does, and that is done again after a kill as a person would do it."""

import os
import re
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any, cast

import httpx2 as httpx
from pydantic import SecretStr
from serving import Installation, free_port, serving
from serving import Served as ServedHere
from sqlalchemy import Engine
from sqlmodel import col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery, FeedbackRow
from service import keys, process, shipments
from service.access import Access
from service.db import session_scope
from service.retention import lists
from service.settings import Settings
from signals.models import Load, LoadStatus, Signal
from tests import authenticator, processes
from tests.conftest import KEYS
from tests.importers.processes import wait_until_alone
from tests.service.conftest import ROTTERDAM, Template, access
from tests.service.faults.conftest import found_by_verify
from tests.service.faults.furnishing import ANNA, Furnisher
from workflow import prepared_letters
from workflow.actors import Desk
from workflow.models import Case, CaseEvent, PreparedLetter
from workflow.retention_models import Certificate, Soort

LONG_AGO = date(2014, 3, 3)
"""What was received then has had its term on any day on which this runs."""
SYSTEM = Access.system()


@dataclass
class Compared:
    """What people were told, beside what is there: how much is missing, and how much is there once too often."""

    lost: int
    twice: int

    @staticmethod
    def of(expected: Sequence[Any], found: Sequence[Any]) -> "Compared":
        """Each of the first must be there once."""
        one, other = Counter(expected), Counter(found)
        return Compared(sum((one - other).values()), sum((other - one).values()))


class Work(ABC):
    """Portions of work of one kind, on an installation of its own."""

    portion = 1

    def __init__(self, settings: Settings, engine: Engine, template: Template, folder: Path) -> None:
        self.settings, self.engine, self.template, self.folder = settings, engine, template, folder
        self.furnisher = Furnisher(engine, settings, folder)
        self.installation = Installation(settings.database_url, settings.data_dir)

    @property
    def today(self) -> date:
        """As the processes see it."""
        return self.settings.now().date()

    @abstractmethod
    def prepare(self) -> None:
        """There is something to do."""

    @abstractmethod
    def goes(self, killed_after: float | None) -> float:
        """It is done, until it ends or is killed; gives the seconds that it took."""

    def settle(self) -> None:  # noqa: B027  # most need nothing
        """What must be done before the next portion, now that this one is done."""

    def close(self) -> None:  # noqa: B027  # most keep nothing
        """Nothing goes on any more."""

    @abstractmethod
    def compared(self) -> Compared:
        """What is there, when all is done."""

    def findings(self) -> list[Any]:
        """Of `rni verify`."""
        wait_until_alone_but_us(self.engine)
        return found_by_verify(self.installation)


def wait_until_alone_but_us(engine: Engine) -> None:
    """What a killed process left at the database is over."""
    engine.dispose()
    wait_until_alone(engine)


class Command(Work):
    """By a command; after a kill the same command is given again."""

    fine = (0, 4)
    """4: it was all done before it was killed."""
    more: dict[str, str]

    @abstractmethod
    def words(self) -> Sequence[str | Path]:
        """The command."""

    def goes(self, killed_after: float | None) -> float:
        """In a process of its own."""
        out, err = self.folder / "out", self.folder / "err"
        environment = self.installation.environment(**getattr(self, "more", {}))
        begun = time.monotonic()
        running = processes.begin(self.words(), environment, out, err)
        if killed_after is None:
            running.join(120)
            assert running.exitcode in self.fine, err.read_text()
        else:
            running.join(killed_after)
            running.kill()
            running.join()
        return time.monotonic() - begun


class Loading(Command):
    """A delivery is loaded."""

    rows = 60
    path: Path

    def prepare(self) -> None:
        """A new delivery."""
        self.path = self.furnisher.delivery(self.rows)

    def words(self) -> Sequence[str | Path]:
        """`rni load`."""
        return ["load", self.path, "--as", "ulla"]

    def compared(self) -> Compared:
        """Every signal of every delivery, with a case."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            loads = list(session.exec(select(Load.leveringsnummer).where(Load.status == LoadStatus.GELADEN)))
            signals = session.exec(select(Signal.signaalnummer)).all()
            cases = session.exec(select(Case.zaaknummer)).all()
        number = self.furnisher.loads
        expected = [f"F{load}-{place}" for load in range(1, number + 1) for place in range(self.rows)]
        assert sorted(map(str, loads)) == [f"LRNI-2026-{load:02}" for load in range(1, number + 1)]
        assert len(cases) == len(expected)
        return Compared.of(expected, signals)


class Telling(Command):
    """What is due is told in a delivery of feedback."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.closed: list[str] = []

    def prepare(self) -> None:
        """Three results."""
        day = self.today - timedelta(days=3)
        fresh = self.furnisher.load(3, day)
        self.furnisher.walk(fresh, day, "wijs_toe", "niet_oppakken")
        self.closed += fresh

    def words(self) -> Sequence[str | Path]:
        """`rni feedback make`."""
        return ["feedback", "make", "--as", "coen"]

    def settle(self) -> None:
        """It is sent, and UWV says that it is there."""
        now = self.settings.now()
        with session_scope(self.engine, access(self.engine, "coen").widened()) as session:
            made = select(FeedbackDelivery.nummer).where(FeedbackDelivery.staat == DeliveryState.AANGEMAAKT)
            (number,) = session.exec(made)
            shipments.sent(session, number, "coen", now)
            feedback.received(session, number, "U1", "ulla", now)

    def compared(self) -> Compared:
        """Every result in one row."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            told = select(Case.zaaknummer).join(FeedbackRow, col(FeedbackRow.signal_id) == col(Case.eerste_signaal_id))
            return Compared.of(self.closed, session.exec(told).all())


class Rotating(Command):
    """Everything is sealed under another key."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.secrets = [KEYS[0].decode()]
        self.cases = self.furnisher.load(400, self.today - timedelta(days=3))
        self.persons = self._persons()

    def _persons(self) -> list[tuple[str, str | None]]:
        with session_scope(self.engine, SYSTEM, write=False) as session:
            return [tuple(one) for one in session.exec(select(Case.zaaknummer, Case.bsn))]

    def prepare(self) -> None:
        """Another key, before the others."""
        self.secrets.insert(0, f"een sleutel van meer dan 32 tekens met nummer {len(self.secrets)}")
        self.more = {"RNI_SECRET_KEYS": ",".join(self.secrets)}
        process.begin(Settings(secret_keys=tuple(map(SecretStr, self.secrets))))

    def words(self) -> Sequence[str | Path]:
        """`rni keys rotate`."""
        return ["keys", "rotate", "--as", "bea"]

    def compared(self) -> Compared:
        """Everybody is who he was, and nothing is left to seal."""
        assert not keys.rotate(self.engine).total()
        return Compared.of(self.persons, self._persons())

    def findings(self) -> list[Any]:
        """With the keys of now."""
        wait_until_alone_but_us(self.engine)
        return found_by_verify(self.installation, **self.more)


class Destroying(Command):
    """What is on an approved list is destroyed."""

    portion = 4
    fine = (0, 3, 4)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.gone: list[str] = []
        self.number = ""

    def prepare(self) -> None:
        """A list that somebody else approved."""
        fresh = self.furnisher.load(self.portion, LONG_AGO)
        self.furnisher.walk(fresh, LONG_AGO, "wijs_toe", "niet_oppakken")
        self.gone += fresh
        now = self.settings.now()
        tess, bea = (access(self.engine, name).widened() for name in ("tess", "bea"))
        with session_scope(self.engine, tess) as session:
            zone = self.settings.zone
            self.number = lists.propose(session, tess.actor, now, zone, Soort.DOSSIERS, ROTTERDAM).nummer
        with session_scope(self.engine, bea) as session:
            lists.approve(session, lists.find(session, bea.actor, self.number, lock=True), bea.actor, now)

    def words(self) -> Sequence[str | Path]:
        """`rni retention destroy`."""
        return ["retention", "destroy", self.number, "--as", "tess"]

    def compared(self) -> Compared:
        """Nothing is left of them, and each stands once in a verklaring."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            assert not session.exec(select(Case.id)).all()
            told = session.exec(select(Certificate)).all()
            assert len(told) == len(self.gone) // self.portion
            found = [item.nummer for one in told for item in lists.items(session, self._list(session, one))]
        return Compared.of(self.gone, found)

    def _list(self, session: Any, certificate: Certificate) -> Any:
        return session.get_one(lists.DestructionList, certificate.lijst_id)


class Served(Work):
    """By a web process; after a kill another begins, and people do again what they got no answer to."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.port = free_port()
        self.log = self.folder / "serve.log"
        self._ends, self._running = ExitStack(), cast(ServedHere | None, None)

    @abstractmethod
    def asked(self, address: str) -> None:
        """All requests of a portion; TransportError when the process is killed."""

    def goes(self, killed_after: float | None) -> float:
        """By the web process that there is."""
        broken: list[Exception] = []

        def asks(address: str) -> None:
            try:
                self.asked(address)
            except Exception as fault:  # noqa: BLE001  # told below
                broken.append(fault)

        served = self._served()
        thread = threading.Thread(target=asks, args=(served.address,))
        begun = time.monotonic()
        thread.start()
        thread.join(killed_after)
        took = time.monotonic() - begun
        if killed_after is not None:
            os.kill(served.pid, signal.SIGKILL)
        thread.join()
        if killed_after is None or not all(isinstance(each, httpx.TransportError) for each in broken):
            assert not broken, broken
        if killed_after is not None:
            self.close()
        return took

    def _served(self) -> ServedHere:
        if self._running is None:
            begun = serving(self.installation, self.log, self.port, RNI_REQUESTS_PER_USER="0")
            self._running = self._ends.enter_context(begun)
        return self._running

    def close(self) -> None:
        """The web process ends."""
        self._running = None
        self._ends.close()


class Stepping(Served):
    """Steps are taken through the API, each under a key of its own."""

    portion = 6

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.cases: list[str] = []

    def prepare(self) -> None:
        """Cases that nobody took."""
        self.fresh = self.furnisher.load(self.portion, self.today - timedelta(days=3))
        self.cases += self.fresh

    def asked(self, address: str) -> None:
        """Each case is taken and closed."""
        taken = (("wijs_toe", {}), ("niet_oppakken", {"gegevens": {"reden": "capaciteit"}}))
        for number in self.fresh:
            for version, (name, more) in enumerate(taken, 1):
                sent = {"stap": name, "versie": version, **more}
                key = {"Idempotency-Key": f"{number}-{name}"}
                headers = {"Authorization": f"Bearer {self.template.tokens['anna']}", **key}
                answer = httpx.post(f"{address}/api/v1/zaken/{number}/stappen", headers=headers, json=sent, timeout=60)
                assert answer.status_code == 201, answer.text

    def compared(self) -> Compared:
        """Each step of each case once."""
        expected = [(case, step) for case in self.cases for step in ("wijs_toe", "niet_oppakken")]
        return Compared.of(expected, steps_of(self.engine, ("wijs_toe", "niet_oppakken")))


class Posting(Served):
    """The letters of the day are posted with one button."""

    portion = 5

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.cases: list[str] = []
        self.cookies: httpx.Cookies | None = None

    def prepare(self) -> None:
        """Letters that wait."""
        day = self.today - timedelta(days=3)
        fresh = self.furnisher.load(self.portion, day)
        self.furnisher.walk(fresh, day, "wijs_toe", "start_vooronderzoek")
        desk = Desk(ANNA, self.settings.now(), lambda _: ["anna"])
        with session_scope(self.engine, SYSTEM) as session:
            for case in session.exec(select(Case).where(col(Case.zaaknummer).in_(fresh))):
                prepared_letters.prepare(session, case, "verstuur_aanschrijving", desk, versie=case.versie, gegevens={})
        self.cases += fresh

    def asked(self, address: str) -> None:
        """Anna opens the post and presses the button, if there is anything to post."""
        with httpx.Client(base_url=address, headers={"Origin": address}, cookies=self.cookies, timeout=60) as anna:
            if self.cookies is None:
                authenticator.sign_in(anna, self.engine, "anna", "anna")
                self.cookies = anna.cookies
            page = anna.get("/post").text
            if "Verstuur" not in page:
                return
            (token,) = set(re.findall(r'name="csrf" value="([0-9a-f]+)"', page))
            answer = anna.post("/post", data={"csrf": token})
            assert answer.status_code == 200, answer.text

    def compared(self) -> Compared:
        """Each letter once, and none that waits."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            waiting = len(prepared_letters.waiting(session))
            posted = session.exec(
                select(Case.zaaknummer)
                .join(PreparedLetter, col(PreparedLetter.zaak_id) == col(Case.id))
                .where(PreparedLetter.afhandeling == prepared_letters.POST)
            ).all()
        assert not waiting
        assert sorted(posted) == sorted(self.cases)
        step = "verstuur_aanschrijving"
        return Compared.of([(case, step) for case in self.cases], steps_of(self.engine, (step,)))


def steps_of(engine: Engine, names: Sequence[str]) -> list[tuple[str, str]]:
    """Case and step of every event of these."""
    with session_scope(engine, SYSTEM, write=False) as session:
        taken = select(Case.zaaknummer, CaseEvent.stap).join(Case, col(Case.id) == col(CaseEvent.zaak_id))
        return [tuple(one) for one in session.exec(taken.where(col(CaseEvent.stap).in_(names)))]
