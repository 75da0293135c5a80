"""The Logboek Dataverwerkingen reaches another one: every line, whatever is lost on the way, in its own words."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import Engine
from sqlmodel import col, func, select

from service import jobs
from service.access import Access
from service.audit_models import LogDelivery, LogLine
from service.db import session_scope
from service.log import audit, chain, otlp
from service.log.subjects import Subject
from service.settings import Misconfigured, Settings, read_settings

from ..conftest import NOW, ROTTERDAM, VENLO

ROOT = Path(__file__).parents[3]
Receive = Callable[..., str]


@pytest.fixture
def received(tmp_path: Path) -> Path:
    return tmp_path / "ontvangen.jsonl"


@pytest.fixture
def receive(received: Path) -> Iterator[Receive]:
    """Starts a receiver and gives its address; it ends with the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(*how: str) -> str:
        command = [sys.executable, "-m", "tests.service.log.otlp_receiver", str(received), *how]
        running.append(subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True))
        assert running[-1].stdout
        return f"http://127.0.0.1:{running[-1].stdout.readline().strip()}/v1/traces"

    yield begin
    for each in running:
        each.kill()
        each.communicate()


def told(received: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in received.read_text().splitlines()] if received.exists() else []


def write(engine: Engine, people: int, code: str = ROTTERDAM, action: str = "lijst_bekeken") -> None:
    about = [Subject(code, "BSN", f"9999{place:05d}") for place in range(people)]
    with session_scope(engine, Access.system(origin="test")) as session:
        audit.record(session, action, "zaken", NOW, about=about)


def lines(engine: Engine) -> list[LogLine]:
    with session_scope(engine, Access.system(), write=False) as session:
        return list(session.exec(select(LogLine).order_by(col(LogLine.id))))


def with_receiver(settings: Settings, address: str, token: str = "") -> Settings:
    return settings.model_copy(update={"logbook_otlp_url": address, "logbook_otlp_token": SecretStr(token)})


def test_every_line_arrives_as_it_stands(engine: Engine, settings: Settings, receive: Receive, received: Path) -> None:
    own = with_receiver(settings, receive(), "geheim")
    write(engine, 1)
    write(engine, 3, VENLO)
    write(engine, 0)
    assert jobs.run_log(own, engine, NOW) == {"logregels_verzegeld": 3, "logregels_afgeleverd": 6}
    kept, found = {line.span_id: line for line in lines(engine)}, {each["span_id"]: each for each in told(received)}
    assert found.keys() == kept.keys()
    for span, line in kept.items():
        each = found[span]
        assert (each["trace_id"], each["parent_span_id"]) == (line.trace_id, line.parent_span_id or "")
        assert (each["name"], each["start"]) == (line.name, line.start_time * 1_000_000)
        assert each["end"] == line.end_time * 1_000_000
        assert each["status"] == {"Unset": 0, "Ok": 1, "Error": 2}[line.status.value]
        asked = {
            "dpl.core.processing_activity_id": line.processing_activity_id,
            "dpl.core.data_subject_id": line.data_subject_id,
            "dpl.core.data_subject_id_type": line.data_subject_id_type,
        }
        assert each["attributes"] == {name: value for name, value in asked.items() if value}
        assert each["resource"]["rni.gemeentecode"] == line.gemeentecode if line.gemeentecode else True
        assert each["token"] == "Bearer geheim"
    assert jobs.run_log(own, engine, NOW) == {"logregels_verzegeld": 0, "logregels_afgeleverd": 0}


def test_a_confirmation_that_is_lost_makes_lines_come_twice_and_none_get_lost(
    engine: Engine, settings: Settings, receive: Receive, received: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(otlp, "AT_ONCE", 7)
    own = with_receiver(settings, receive("refuse"))
    for people in (1, 20, 3, 0):
        write(engine, people)
    chain.seal(engine, settings.data_dir, NOW)
    sent = [otlp.deliver(own, engine, NOW) for _ in range(10)]
    assert sum(sent) == len(lines(engine)) == 27
    times = Counter(each["span_id"] for each in told(received))
    assert times.keys() == {line.span_id for line in lines(engine)}
    assert set(times.values()) == {2}


def test_what_has_no_seal_waits_and_what_was_sent_is_not_sent_again(
    engine: Engine, settings: Settings, receive: Receive, received: Path
) -> None:
    own = with_receiver(settings, receive())
    write(engine, 2)
    assert otlp.deliver(own, engine, NOW) == 0
    chain.seal(engine, settings.data_dir, NOW)
    assert otlp.deliver(own, engine, NOW) == 3
    write(engine, 2)
    chain.seal(engine, settings.data_dir, NOW)
    assert otlp.deliver(own, engine, NOW) == 3
    assert len(told(received)) == 6


def test_a_receiver_that_is_away_holds_up_nobody(engine: Engine, settings: Settings) -> None:
    own = with_receiver(settings, "http://127.0.0.1:9/v1/traces")
    write(engine, 2)
    assert jobs.run_log(own, engine, NOW) == {"logregels_verzegeld": 1, "logregels_afgeleverd": 0}
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(func.count()).select_from(LogDelivery)).one() == 0


def test_the_log_goes_to_another_machine_over_https_only(monkeypatch: pytest.MonkeyPatch) -> None:
    unsafe = Settings(environment="production", logbook_otlp_url="http://logboek.gemeente.example/v1/traces")  # type: ignore[arg-type]
    assert "logboek_onbeveiligd" in [reason.code for reason in unsafe.problems()]
    safe = unsafe.model_copy(update={"logbook_otlp_url": "https://logboek.gemeente.example/v1/traces"})
    assert "logboek_onbeveiligd" not in [reason.code for reason in safe.problems()]
    monkeypatch.setenv("RNI_LOGBOOK_OTLP_URL", "ftp://logboek.gemeente.example")
    with pytest.raises(Misconfigured) as wrong:
        read_settings()
    assert "RNI_LOGBOOK_OTLP_URL" in wrong.value.uitleg
