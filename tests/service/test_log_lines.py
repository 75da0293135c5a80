"""The lines of the log: one for every request, task and piece of work, and in none of them anybody."""

import io
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service import jobs, journal
from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.running import tasks
from service.settings import Misconfigured, Settings, read_settings
from service.web.middleware import API
from tests import authenticator
from tests.elsewhere.process import Elsewhere

from .conftest import CAST, NOW, Template
from .log.log_walk import Walk
from .test_every_route import EMPLOYER, NAMES, routes, walk_everything

ADDRESSES = ("Groesbeekseweg", "Molenweg", "3181JJ", "Rozenburg")
TYPED = ("0612345678", "na zes uur", "kast 3", "een huurverklaring", "woonfunctie", "@rotterdam.example")
PERSONAL = re.compile("|".join([*NAMES, *NAMES.values(), EMPLOYER, *ADDRESSES, *TYPED, r"Z-2026-\d", "010 555"]))
USERS = re.compile(rf"\b({'|'.join(CAST)})\b", re.IGNORECASE)


@pytest.fixture(params=["info", "debug"])
def stream(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """The log, from here on, at both levels at which it may be read."""
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    made = io.StringIO()
    journal.configure(made, level=request.param)
    return made


@pytest.fixture
def walk(
    settings: Settings, engine: Engine, template: Template, with_brp: Elsewhere, stream: io.StringIO
) -> Iterator[Walk]:
    with TestClient(create_app(settings, engine)) as client:
        yield Walk(client, engine, template.tokens)


def lines(stream: io.StringIO, event: str) -> list[dict[str, Any]]:
    found = [json.loads(line) for line in stream.getvalue().splitlines()]
    return [line for line in found if line["event"] == event]


def test_a_walk_by_every_route_leaves_nobody_in_the_log(
    walk: Walk, engine: Engine, settings: Settings, stream: io.StringIO
) -> None:
    walk_everything(walk, engine)
    assert walk.client.get("/zaken/Z-2026-0000001/kowalska").status_code == 404
    for job in (jobs.run_nightly, jobs.run_mail, jobs.run_shipments, jobs.run_log, jobs.run_sizes):
        job(settings, engine, NOW)
    whole = stream.getvalue()
    assert not PERSONAL.search(whole), PERSONAL.search(whole)
    assert not USERS.search(whole), USERS.search(whole)
    told = lines(stream, "verzoek")
    assert len(told) > 100
    known = {route.partition(" ")[2] for route in routes()} | {"onbekend", "/static"}
    assert {line["route"] for line in told} <= known
    assert len({line["route"] for line in told}) > 60
    assert {task["taak"] for task in lines(stream, "kloktaak")} >= {jobs.MERGERS, jobs.SWEEP, "logboek_verzegelen"}


def test_a_request_is_a_line_with_the_role_and_without_the_user(
    walk: Walk, engine: Engine, template: Template, stream: io.StringIO
) -> None:
    bearer = {"Authorization": f"Bearer {template.tokens['tess']}"}
    answer = walk.client.get(f"{API}/zaken", headers=bearer)
    authenticator.sign_in(walk.client, engine, "coen", "coen", now=NOW, headers={"Sec-Fetch-Site": "same-origin"})
    walk.client.get("/cijfers")
    walk.client.cookies.clear()
    walk.client.get("/begrippen", follow_redirects=False)
    told = {line["route"]: line for line in lines(stream, "verzoek")}
    of_api = told[f"{API}/zaken"]
    assert (of_api["methode"], of_api["status"], of_api["rol"]) == ("GET", 200, "teamleider")
    assert of_api["trace_id"] == answer.headers["traceparent"].split("-")[1]
    assert of_api["vragen"] >= 2 and 0 <= of_api["db_ms"] <= of_api["ms"] + 1
    assert told["/cijfers"]["rol"] == "coordinator"
    assert told["/begrippen"]["rol"] == "niemand"
    assert set(of_api) == {
        "event", "level", "timestamp", "methode", "route", "status", "trace_id", "ms", "rol", "vragen", "db_ms",
    }  # fmt: skip


@pytest.mark.parametrize(
    "written",
    [
        "999990019", "9999.90.019", "999 990 019", "9999-90-019", "99.99.90.019", "bsn=999990019&x", 999990019,
        {"bsn": "999990019"}, [{"x": ("999990019",)}], {"999990019": 1}, "Traceback …\nValueError: 999990019",
    ],
)  # fmt: skip
def test_a_number_in_whatever_form_is_masked(written: Any) -> None:
    stream = io.StringIO()
    journal.configure(stream)
    structlog.get_logger().info("iets", waarde=written)
    assert "*********" in stream.getvalue()
    assert "99999" not in re.sub(r"[ .-]", "", stream.getvalue().partition('"level"')[0])


@pytest.mark.parametrize(
    "written", ["2026-11-23T09:00:00", "20 ms van 300", 1234, 4.5, True, None, "v0.26.1", "LD-2026-000012"]
)
def test_what_is_no_number_of_a_person_stays(written: Any) -> None:
    stream = io.StringIO()
    journal.configure(stream)
    structlog.get_logger().info("iets", waarde=written)
    assert json.loads(stream.getvalue())["waarde"] == written


def test_every_day_of_a_year_stays_a_day() -> None:
    stream = io.StringIO()
    journal.configure(stream)
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    structlog.get_logger().info("iets", dagen=days)
    assert json.loads(stream.getvalue())["dagen"] == days


def test_as_text_it_is_for_a_reader_and_as_clean() -> None:
    stream = io.StringIO()
    journal.configure(stream, form="tekst")
    try:
        raise ValueError("bij 999990019")
    except ValueError:
        structlog.get_logger().exception("onverwachte fout", route="/zaken")
    told = stream.getvalue()
    assert "onverwachte fout" in told and "route=/zaken" in told and "ValueError" in told
    assert "999990019" not in told and not told.startswith("{")


@pytest.mark.parametrize(("level", "told"), [("debug", 4), ("info", 3), ("warning", 2), ("error", 1)])
def test_a_level_leaves_out_what_is_below_it(level: str, told: int) -> None:
    stream = io.StringIO()
    journal.configure(stream, level=level)
    log = structlog.get_logger("service.proef")
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("iets")
    assert len(stream.getvalue().splitlines()) == told


def test_a_level_that_does_not_exist_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNI_LOG_LEVEL", "veel")
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert "RNI_LOG_LEVEL" in refused.value.uitleg


def test_a_task_is_a_line_with_its_outcome(settings: Settings, engine: Engine, stream: io.StringIO) -> None:
    jobs.run_log(settings, engine, NOW)
    (good,) = lines(stream, "kloktaak")
    assert (good["taak"], good["uitkomst"], good["level"]) == ("logboek_verzegelen", "gelukt", "info")
    with (
        pytest.raises(ZeroDivisionError),
        session_scope(engine, Access.system()),
        tasks.noted(settings, engine, "proef"),
    ):
        raise ZeroDivisionError("Kowalska")
    assert (lines(stream, "kloktaak")[-1]["uitkomst"], lines(stream, "kloktaak")[-1]["fout"]) == (
        "mislukt",
        "ZeroDivisionError",
    )
    assert "Kowalska" not in stream.getvalue()
