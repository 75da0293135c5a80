"""Feedback brought to a real OpenSSH server by the clock: asked by who may, once, whatever is killed."""

import hashlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import date, datetime, timedelta

import pyrage
import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState
from service import jobs, shipments
from service.access import Access
from service.db import session_scope
from service.models import AuditEntry, Shipment, ShipmentState
from service.settings import Settings
from signals.errors import Forbidden, Refused
from tests import factories
from tests.service.conftest import NOW, access
from tests.sshd import Sshd
from workflow.actors import Actor, Desk
from workflow.phases import Role

ANNA = Actor("anna", {Role.BEHANDELAAR: frozenset({"0599"})})
MINUTE = timedelta(minutes=1)
WAITS, UNDERWAY, THERE, FAILED = ShipmentState
SYSTEM = Access.system()


@pytest.fixture
def number(engine: Engine) -> str:
    """Of a feedback delivery of one row, which waits to be sent."""
    with session_scope(engine, SYSTEM) as session:
        case = factories.new_case(session, date(2026, 10, 5), gemeentecode="0599")
        desk = Desk(ANNA, NOW - 20 * 24 * 60 * MINUTE, lambda code: ["anna"])
        factories.take(session, case, "wijs_toe", desk)
        factories.take(session, case, "niet_oppakken", desk, reden="capaciteit")
        made = feedback.make(session, door="coen", now=NOW, production=False)
        assert made is not None
        return made.nummer


@pytest.fixture
def on(server: Sshd, settings: Settings) -> Settings:
    """Settings with which files are brought."""
    server.put_in(settings)
    return settings


def ask(engine: Engine, settings: Settings, number: str, name: str = "coen", now: datetime = NOW) -> None:
    with session_scope(engine, access(engine, name).widened()) as session:
        shipments.ask(session, settings, number, now)


def rows(engine: Engine) -> list[Shipment]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return list(session.exec(select(Shipment).order_by(col(Shipment.soort))))


def states(engine: Engine) -> list[ShipmentState]:
    return [each.staat for each in rows(engine)]


def delivery_state(engine: Engine, number: str) -> DeliveryState:
    with session_scope(engine, SYSTEM, write=False) as session:
        return feedback.find(session, number).staat


def made_files(engine: Engine, number: str) -> dict[str, bytes]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return {each.naam: each.inhoud or b"" for each in feedback.files(session, number)}


def there(server: Sshd) -> dict[str, bytes]:
    return {name: (server.inbox / name).read_bytes() for name in server.names()}


def logged(engine: Engine, number: str) -> list[tuple[str, str, str]]:
    with session_scope(engine, SYSTEM, write=False) as session:
        mine = select(AuditEntry).where(AuditEntry.object == number).order_by(col(AuditEntry.id))
        return [(each.actor, each.actie.removeprefix("terugkoppeling_"), each.resultaat) for each in session.exec(mine)]


def test_the_clock_brings_what_the_coordinator_asked_for_and_then_it_is_sent(
    on: Settings, engine: Engine, server: Sshd, number: str
) -> None:
    assert set(jobs.run_shipments(on, engine, NOW).values()) == {0}, "nobody asked"
    ask(engine, on, number)
    told = jobs.run_shipments(on, engine, NOW + MINUTE)
    assert told == {"bezorgingen_bezorgd": 2, "bezorgingen_wacht": 0, "bezorgingen_mislukt": 0}
    assert there(server) == made_files(engine, number)
    for each in rows(engine):
        assert (each.staat, each.pogingen, each.fout, each.bezorgd_op) == (THERE, 1, "", NOW + MINUTE)
        assert each.sha256 == hashlib.sha256((server.inbox / each.naam).read_bytes()).hexdigest()
    with session_scope(engine, SYSTEM, write=False) as session:
        sent = feedback.find(session, number)
        assert (sent.staat, sent.verzonden_door, sent.verzonden_op) == (DeliveryState.VERZONDEN, "coen", NOW + MINUTE)
    clock = SYSTEM.actor.naam
    one = [(clock, "verstrekt", "gelukt"), (clock, "bezorgd", "gelukt")]
    wanted = [("coen", "bezorging_gevraagd", "gelukt"), *one, *one, (clock, "verzonden", "gelukt")]
    assert logged(engine, number) == wanted
    assert set(jobs.run_shipments(on, engine, NOW + 60 * MINUTE).values()) == {0}
    assert logged(engine, number) == wanted


def test_a_server_that_is_away_is_tried_less_and_less_often_and_then_a_person_is_asked(
    on: Settings, engine: Engine, server: Sshd, number: str
) -> None:
    ask(engine, on, number)
    on.sftp_port, on.sftp_host_key = 1, server.known_host_at(1)
    now, seen = NOW, []
    for _ in range(len(shipments.WAITS) + 1):
        jobs.run_shipments(on, engine, now)
        seen.append(set(states(engine)))
        due = rows(engine)[0].niet_voor
        assert set(jobs.run_shipments(on, engine, due - MINUTE).values()) == {0}, "not before its time"
        now = due
    assert seen == [{WAITS}] * len(shipments.WAITS) + [{FAILED}]
    assert {each.fout for each in rows(engine)} == {
        "De SFTP-server is niet te bereiken (RNI_SFTP_HOST, RNI_SFTP_PORT)."
    }
    assert delivery_state(engine, number) == DeliveryState.AANGEMAAKT
    assert [each for each in logged(engine, number) if each[1] == "verstrekt"] == [], "nothing left"
    server.put_in(on)
    assert set(jobs.run_shipments(on, engine, now).values()) == {0}, "it waits for a person"
    ask(engine, on, number, "ulla", now)
    assert jobs.run_shipments(on, engine, now)["bezorgingen_bezorgd"] == 2
    assert there(server) == made_files(engine, number)
    with session_scope(engine, SYSTEM, write=False) as session:
        assert feedback.find(session, number).verzonden_door == "coen", "who had it sent, not who tried again"


def test_one_file_that_does_not_arrive_keeps_the_other_and_the_delivery_waits(
    on: Settings, engine: Engine, server: Sshd, number: str
) -> None:
    name = next(each for each in made_files(engine, number) if each.endswith(".xlsx"))
    (server.inbox / name).write_bytes(b"iets anders")
    ask(engine, on, number)
    jobs.run_shipments(on, engine, NOW)
    assert states(engine) == [THERE, FAILED]
    assert "ander bestand met deze naam" in rows(engine)[1].fout
    assert (server.inbox / name).read_bytes() == b"iets anders"
    assert delivery_state(engine, number) == DeliveryState.AANGEMAAKT
    assert logged(engine, number)[-1][1:] == ("niet_bezorgd", "geweigerd")
    (server.inbox / name).unlink()
    before = rows(engine)[0]
    ask(engine, on, number, "ulla")
    jobs.run_shipments(on, engine, NOW + MINUTE)
    assert there(server) == made_files(engine, number)
    assert rows(engine)[0] == before, "what is there is not brought again"
    assert delivery_state(engine, number) == DeliveryState.VERZONDEN


def test_to_a_server_with_another_key_nothing_goes_until_a_person_has_looked(
    on: Settings, engine: Engine, server: Sshd, number: str
) -> None:
    on.sftp_host_key = f"[127.0.0.1]:{server.port} {server.own_key.export_public_key().decode()}"
    ask(engine, on, number)
    jobs.run_shipments(on, engine, NOW)
    assert states(engine) == [FAILED, FAILED]
    assert (there(server), set(jobs.run_shipments(on, engine, NOW + 24 * 60 * MINUTE).values())) == ({}, {0})
    assert [each for each in logged(engine, number) if each[1] == "verstrekt"] == []


DIES = """
import os, signal, sys
from datetime import datetime
from service import jobs, process, sftp, shipments
from service.db import make_engine
from service.settings import Settings

def die(*given, **named):
    os.kill(os.getpid(), signal.SIGKILL)

place, _, name = sys.argv[1].partition(".")
setattr({"sftp": sftp, "shipments": shipments}[place], name, die)
settings = Settings()
process.begin(settings)
jobs.run_shipments(settings, make_engine(settings.database_url), datetime.fromisoformat(sys.argv[2]))
"""
"""A clock that is killed as soon as it comes to this function."""


MOMENTS = ("shipments._content", "sftp.bring", "sftp._upload", "sftp._name", "shipments._settled")


@pytest.mark.parametrize(
    ("moment", "encrypts"), [*((each, False) for each in MOMENTS), *((each, True) for each in MOMENTS[-2:])]
)
def test_a_clock_that_is_killed_loses_nothing_and_brings_nothing_twice(
    on: Settings, engine: Engine, server: Sshd, number: str, moment: str, encrypts: bool
) -> None:
    receiver = pyrage.x25519.Identity.generate()
    on.sftp_age_recipients = (str(receiver.to_public()),) if encrypts else ()
    ask(engine, on, number)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        "RNI_DATABASE_URL": on.database_url,
        "RNI_DATA_DIR": str(on.data_dir),
        **server.environment(),
        "RNI_SFTP_AGE_RECIPIENTS": ",".join(on.sftp_age_recipients),
    }
    killed = subprocess.run([sys.executable, "-c", DIES, moment, NOW.isoformat()], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert states(engine) == [UNDERWAY, WAITS]
    first = server.inbox / (rows(engine)[0].naam or "nog geen naam")
    arrived = first.read_bytes() if first.exists() else None
    assert (arrived is not None) == (moment == "shipments._settled"), "no name before all of it is there"

    still = jobs.run_shipments(on, engine, NOW + 20 * MINUTE)
    assert still["bezorgingen_bezorgd"] == 1 and states(engine) == [UNDERWAY, THERE], "it may still be at it"
    assert delivery_state(engine, number) == DeliveryState.AANGEMAAKT
    jobs.run_shipments(on, engine, NOW + shipments.LOST + MINUTE)
    assert states(engine) == [THERE, THERE]
    assert delivery_state(engine, number) == DeliveryState.VERZONDEN
    assert sorted(server.names()) == sorted(each.naam for each in rows(engine)), "nothing else is left"
    if arrived is not None:
        assert first.read_bytes() == arrived
    read = {
        name.removesuffix(".age"): pyrage.decrypt(content, [receiver]) if encrypts else content
        for name, content in there(server).items()
    }
    assert read == made_files(engine, number)
    actions = [what for _, what, _ in logged(engine, number)]
    assert (actions.count("bezorgd"), actions.count("verzonden")) == (2, 1)


def test_what_goes_encrypted_is_what_the_receiver_reads_and_ours_stays_as_it_is(
    on: Settings, engine: Engine, server: Sshd, number: str
) -> None:
    receiver = pyrage.x25519.Identity.generate()
    on.sftp_age_recipients = (str(receiver.to_public()),)
    before = made_files(engine, number)
    ask(engine, on, number)
    jobs.run_shipments(on, engine, NOW)
    assert before == made_files(engine, number)
    assert server.names() == [f"{name}.age" for name in sorted(before)]
    for each in rows(engine):
        sealed = (server.inbox / each.naam).read_bytes()
        assert pyrage.decrypt(sealed, [receiver]) == before[each.naam.removesuffix(".age")]
        assert each.sha256 == hashlib.sha256(sealed).hexdigest()
        assert each.versleuteld is None, "what is there is not kept here too"


def test_two_clocks_at_once_bring_each_file_once(on: Settings, engine: Engine, server: Sshd, number: str) -> None:
    ask(engine, on, number)
    both, told = threading.Barrier(2), []

    def one() -> None:
        both.wait(30)
        told.append(jobs.run_shipments(on, engine, NOW)["bezorgingen_bezorgd"])

    threads = [threading.Thread(target=one) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert sum(told) == 2
    assert [each.pogingen for each in rows(engine)] == [1, 1]
    actions = [what for _, what, _ in logged(engine, number)]
    assert (actions.count("verstrekt"), actions.count("bezorgd"), actions.count("verzonden")) == (2, 2, 1)
    assert there(server) == made_files(engine, number)


def test_one_that_was_taken_for_lost_and_goes_on_changes_nothing_of_who_took_over(
    on: Settings, engine: Engine, server: Sshd, number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes back with a fault, long after the file is there."""
    ask(engine, on, number)
    really = shipments._brought

    def slow(*given: object) -> tuple[str, bool] | None:
        monkeypatch.setattr(shipments, "_brought", really)
        jobs.run_shipments(on, engine, NOW + shipments.LOST + MINUTE)
        return "De verbinding viel weg.", False

    monkeypatch.setattr(shipments, "_brought", slow)
    jobs.run_shipments(on, engine, NOW)
    assert [(each.staat, each.fout) for each in rows(engine)] == [(THERE, ""), (THERE, "")]
    actions = [what for _, what, _ in logged(engine, number)]
    assert (actions.count("bezorgd"), actions.count("verzonden"), actions.count("niet_bezorgd")) == (2, 1, 0)


def test_what_uwv_has_already_is_not_brought_any_more(on: Settings, engine: Engine, server: Sshd, number: str) -> None:
    ask(engine, on, number)
    with session_scope(engine, SYSTEM) as session:
        feedback.sent(session, number, "coen", NOW)
        feedback.received(session, number, "UWV-1", "ulla", NOW)
    jobs.run_shipments(on, engine, NOW)
    assert (states(engine), there(server)) == ([FAILED, FAILED], {})
    assert "intussen ontvangen of geweigerd" in rows(engine)[0].fout
    with session_scope(engine, SYSTEM, write=False) as session:
        assert shipments.given_up(session) == frozenset(), "and nobody is asked to look"


def refusal(work: Callable[[], None]) -> str:
    with pytest.raises((Refused, Forbidden)) as refused:
        work()
    return refused.value.reasons[0].code


def test_who_may_ask_and_when(on: Settings, engine: Engine, server: Sshd, number: str) -> None:
    def asks(name: str, now: datetime = NOW) -> str:
        return refusal(lambda: ask(engine, on, number, name, now))

    for name in ("ulla", "anna", "tess", "carla", "bea", "aad"):
        assert asks(name) == "rol_ontbreekt", "sending is of the coordinator"
    assert rows(engine) == []
    ask(engine, on, number, "coen")
    assert asks("ulla") == asks("coen") == "bezorging_loopt"
    (server.inbox / next(iter(made_files(engine, number)))).write_bytes(b"iets anders")
    jobs.run_shipments(on, engine, NOW)
    assert asks("coen") == "rol_ontbreekt", "only the liaison sees why it failed"
    with session_scope(engine, access(engine, "coen").widened(), write=False) as session:
        assert not shipments.may_ask(session, on, number)
        assert shipments.whole_state(shipments.of_delivery(session, number)) == FAILED
        assert len(shipments.given_up(session)) == 1
    with session_scope(engine, access(engine, "ulla").widened(), write=False) as session:
        assert shipments.may_ask(session, on, number)
    ask(engine, on, number, "ulla")
    (server.inbox / next(iter(made_files(engine, number)))).unlink()
    jobs.run_shipments(on, engine, NOW)
    assert asks("ulla") == "bezorging_loopt", "it is there"
    with session_scope(engine, SYSTEM) as session:
        feedback.received(session, number, "UWV-1", "ulla", NOW)
    assert asks("ulla") == "staat_past_niet"


@pytest.mark.parametrize("name", ["coen", "ulla"])
def test_what_was_sent_already_is_brought_when_either_asks(
    on: Settings, engine: Engine, server: Sshd, number: str, name: str
) -> None:
    with session_scope(engine, SYSTEM) as session:
        feedback.sent(session, number, "coen", NOW)
    ask(engine, on, number, name, NOW + MINUTE)
    jobs.run_shipments(on, engine, NOW + MINUTE)
    assert there(server) == made_files(engine, number)
    assert [what for _, what, _ in logged(engine, number)].count("verzonden") == 0, "it was already"


def test_without_a_server_nobody_can_ask_and_what_waits_goes_on_waiting(
    on: Settings, engine: Engine, server: Sshd, number: str
) -> None:
    ask(engine, on, number)
    off = on.model_copy(update={"sftp_host": ""})
    assert set(jobs.run_shipments(off, engine, NOW).values()) == {0}
    assert states(engine) == [WAITS, WAITS]
    assert refusal(lambda: ask(engine, off, number, "ulla")) == "sftp_niet_ingesteld"


def test_a_setting_that_cannot_work_is_a_fault_that_names_it_and_no_secret(
    on: Settings, engine: Engine, server: Sshd, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    ask(engine, on, number)
    assert on.sftp_key_file is not None
    key = on.sftp_key_file.read_text()
    on.sftp_key_file = on.data_dir / "weg"
    jobs.run_shipments(on, engine, NOW)
    (one, _) = rows(engine)
    assert one.staat == WAITS and "sleutel voor de SFTP-server is niet te lezen" in one.fout
    said = capsys.readouterr()
    told = f"{said.out}{said.err}{one.fout}{logged(engine, number)}"
    assert "bezorging" in told
    for secret in key.split("\n")[1:-2]:
        assert secret not in told
