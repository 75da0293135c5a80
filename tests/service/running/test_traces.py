"""Spans of requests and statements arrive at a collector, with nobody's data in them; and cost nobody anything."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
from serving import Installation, free_port, serving
from sqlalchemy import Engine
from sqlmodel import func, select

from service.access import Access
from service.audit_models import LogLine
from service.db import session_scope
from service.running.meter import Call, Tally
from service.running.traces import WAITING, Answered, Sender
from service.settings import Settings
from service.trace import Trace
from tests.factories import new_case

from ..conftest import CAST, NOW, ROTTERDAM, Template

BSN, NAME = "999990019", "Kowalska"
CALL = Call("/zaken", "GET", 200)


@dataclass
class Collector:
    """Where spans arrive, and what came."""

    address: str
    file: Path

    def spans(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.file.read_text().splitlines()] if self.file.exists() else []


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[Collector]:
    file = tmp_path / "sporen.jsonl"
    command = [sys.executable, "-m", "tests.service.log.otlp_receiver", str(file)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path(__file__).parents[3]) as process:
        assert process.stdout
        port = process.stdout.readline().strip()
        yield Collector(f"http://127.0.0.1:{port}/v1/traces", file)
        process.terminate()


@pytest.mark.every_database
def test_a_request_arrives_with_its_statements_and_nobody_in_it(
    settings: Settings, engine: Engine, template: Template, collector: Collector, tmp_path: Path
) -> None:
    with session_scope(engine, Access.system()) as session:
        number = new_case(session, NOW.date(), ROTTERDAM, bsn=BSN, geslachtsnaam=NAME).zaaknummer
    caller = Trace()
    bearer = {"Authorization": f"Bearer {template.tokens['anna']}", "traceparent": caller.header}
    set_ = {"RNI_TRACES_OTLP_URL": collector.address, "RNI_TRACES_SHARE": "1", "RNI_TRACES_OTLP_TOKEN": "geheim"}
    place = Installation(settings.database_url, settings.data_dir)
    with serving(place, tmp_path / "service.log", **set_) as served:
        case = httpx.get(f"{served.address}/api/v1/zaken/{number}", headers=bearer)
        found = httpx.post(f"{served.address}/api/v1/zaken/_zoek", headers=bearer, json={"bsn": BSN})
        assert (case.status_code, found.status_code) == (200, 200)
    spans = collector.spans()
    (root,) = [each for each in spans if each["name"] == "GET /api/v1/zaken/{zaaknummer}"]
    assert root["trace_id"] == caller.trace_id and root["parent_span_id"] == caller.span_id
    assert root["span_id"] == case.headers["traceparent"].split("-")[2]
    assert root["token"] == "Bearer geheim" and root["resource"]["service.name"] == "langdurig-rni"
    below = [each for each in spans if each["parent_span_id"] == root["span_id"]]
    assert len(below) > 3
    for each in below:
        assert root["start"] <= each["start"] <= each["end"] <= root["end"] + 10_000_000
        assert each["attributes"]["db.query.text"].partition(" ")[0].upper() == each["name"]
    everything = collector.file.read_text()
    for secret in (BSN, NAME, number, f'"{ROTTERDAM}"', template.tokens["anna"], *(f'"{name}"' for name in CAST)):
        assert secret not in everything
    with session_scope(engine, Access.system(), write=False) as session:
        lines = session.exec(select(func.count()).select_from(LogLine).where(LogLine.trace_id == caller.trace_id))
        assert lines.one() >= 2  # the Logboek Dataverwerkingen is what it was


def sender(url: str = "http://127.0.0.1:9/v1/traces", share: float = 1.0) -> Sender:
    return Sender(Settings(traces_otlp_url=url, traces_share=share), "sqlite")


def answered(status: int = 200) -> Answered:
    return Answered(Trace(), CALL._replace(status=status), 1, 2, Tally(spans=[]))


def test_a_share_of_the_requests_goes_and_every_fault() -> None:
    some = sender(share=0.25)
    taken = sum(some.wants(Trace(), 200) for _ in range(20_000))
    assert 4_500 < taken < 5_500
    assert not any(sender(share=0).wants(Trace(), 404) for _ in range(100))
    assert all(sender(share=0).wants(Trace(), 500) for _ in range(100))


def test_the_same_trace_is_chosen_everywhere() -> None:
    trace = Trace()
    assert len({sender(share=0.5).wants(trace, 200) for _ in range(10)}) == 1


def test_a_collector_that_is_away_costs_memory_for_so_many_and_no_more() -> None:
    some = sender(f"http://127.0.0.1:{free_port()}/v1/traces")
    for _ in range(WAITING + 100):
        some.add(answered())
    assert some.dropped == 100
    some._send()
    assert some.dropped > 100
    assert len(some._waiting) < WAITING


def test_what_waits_goes_when_the_service_stops(collector: Collector) -> None:
    some = sender(collector.address)
    some.start()
    some.add(answered(500))
    some.stop()
    (span,) = collector.spans()
    assert (span["name"], span["status"]) == ("GET /zaken", 2)


def test_another_address_than_the_one_that_was_set_gets_nothing(collector: Collector) -> None:
    from http.server import BaseHTTPRequestHandler, HTTPServer
    from threading import Thread

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(307)
            self.send_header("Location", collector.address)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *told: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        some = sender(f"http://127.0.0.1:{server.server_port}/")
        some.add(answered())
        some._send()
        server.shutdown()
    assert some.dropped == 1 and collector.spans() == []


def test_off_is_off(settings: Settings, engine: Engine) -> None:
    from service.app import create_app

    app = create_app(settings, engine)
    assert app.state.sender is None
