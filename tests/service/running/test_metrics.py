"""What Prometheus reads of real processes, and that every alarm is about something that is told."""

import re
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2 as httpx
import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from serving import Installation, free_port, serving
from sqlalchemy import Engine, event

from service.access import Access
from service.db import make_engine, session_scope
from service.log import audit
from service.models import Mail, MailState
from service.running import facts, lights, tasks
from service.running.meter import METER, Call, Tally
from service.running.metrics import Followed, Told
from service.settings import Settings
from tests import processes

from ..conftest import CAST, NOW, Template

ROOT = Path(__file__).parents[3]
RULES = ROOT / "docs" / "beheer" / "alarmen.yml"
BOOK = ROOT / "docs" / "beheer" / "alarmen.md"
Series = Mapping[str, list[tuple[Mapping[str, str], float]]]


def told(port: int) -> Series:
    """Every series at this port, by its name."""
    answer = httpx.get(f"http://127.0.0.1:{port}/metrics", timeout=30)
    assert answer.status_code == 200
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(answer.text):
        found.setdefault(family.name, [])
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(series: Series, name: str, **labels: str) -> float:
    return sum(number for of, number in series[name] if labels.items() <= of.items())


def until(ready: Callable[[], bool]) -> None:
    """Waits; fails after a minute."""
    for _ in range(600):
        if ready():
            return
        time.sleep(0.1)
    pytest.fail("het kwam niet")


@contextmanager
def clock(place: Installation, log: Path, **more: str) -> Iterator[None]:
    process = processes.begin(["clock"], place.environment(**more), log, log)
    try:
        yield
    finally:
        process.terminate()
        process.join(20)


@contextmanager
def both(settings: Settings, folder: Path) -> Iterator[tuple[str, int, int]]:
    """A web process and a clock, each with a port for its metrics."""
    place, of_pages, of_clock = Installation(settings.database_url, settings.data_dir), free_port(), free_port()
    (folder / "clock.log").touch()
    with (
        serving(place, folder / "service.log", RNI_METRICS_PORT=str(of_pages)) as served,
        clock(place, folder / "clock.log", RNI_METRICS_PORT=str(of_clock)),
    ):
        until(lambda: tasks.SIZES in (folder / "clock.log").read_text())
        yield served.address, of_pages, of_clock


def test_two_processes_tell_what_they_do_each_at_its_own_port(
    settings: Settings, template: Template, tmp_path: Path
) -> None:
    with both(settings, tmp_path) as (address, of_pages, of_clock):
        bearer = {"Authorization": f"Bearer {template.tokens['anna']}"}
        for _ in range(3):
            assert httpx.get(f"{address}/api/v1/zaken", headers=bearer).status_code == 200
        assert httpx.get(f"{address}/api/v1/zaken/Z-2026-0000001", headers=bearer).status_code == 404
        assert httpx.get(f"{address}/zaken/999990019", follow_redirects=False).status_code == 303
        wrong = {"gebruikersnaam": "anna", "wachtwoord": "mis"}
        assert (
            httpx.post(f"{address}/inloggen", data=wrong, headers={"Sec-Fetch-Site": "same-origin"}).status_code == 400
        )
        assert httpx.get(f"{address}/bestaat/niet").status_code == 404
        web, klok = told(of_pages), told(of_clock)
        lists = {"route": "/api/v1/zaken", "method": "GET"}
        assert value(web, "rni_http_requests_total", status="200", **lists) == 3
        assert value(web, "rni_http_requests_total", route="/api/v1/zaken/{zaaknummer}", status="404") == 1
        assert value(web, "rni_http_requests_total", route="/zaken/{zaaknummer}", status="303") == 1
        assert value(web, "rni_http_requests_total", route="onbekend", status="404") == 1
        assert value(web, "rni_http_request_duration_seconds_count", **lists) == 3
        assert value(web, "rni_http_request_duration_seconds_bucket", le="+Inf", **lists) == 3
        assert value(web, "rni_http_request_db_statements_total", **lists) >= 6
        assert value(web, "rni_http_request_db_seconds_total", **lists) > 0
        assert value(web, "rni_sign_ins_refused_total", reason="wachtwoord") == 1
        assert value(web, "rni_db_pool_limit", pool="verzoeken") > 1
        assert value(web, "rni_disk_free_bytes", place="bestanden") > 0
        assert value(web, "rni_build_info", process="web") == 1
        assert "rni_clock_leader" not in web
        assert value(klok, "rni_clock_leader") == 1
        assert value(klok, "rni_build_info", process="klok") == 1
        time.sleep(facts.FRESH)  # what the first reading found of the clock may be of before it began
        web = told(of_pages)
        for each in (web, klok):
            assert value(each, "rni_database_answers") == 1
        assert value(web, "rni_task_last_success_timestamp_seconds", task=tasks.SIZES) > time.time() - 600
        assert value(web, "rni_cases") == 0 and value(web, "rni_database_size_bytes") > 100_000
        # nobody else can read it, and it is not at the address of the pages
        assert httpx.get(f"{address}/metrics").status_code == 404
        for text in (httpx.get(f"http://127.0.0.1:{port}/metrics").text for port in (of_pages, of_clock)):
            said = " ".join(re.findall(r'"[^"]*"', text))  # a number that was measured may hold any digits
            assert "/api/v1/zaken" in said or "klok" in said
            assert not re.search(r"999990019|Z-2026|0599|" + "|".join(rf'"{name}"' for name in CAST), said)


def test_without_a_setting_nothing_listens(settings: Settings, tmp_path: Path) -> None:
    with serving(Installation(settings.database_url, settings.data_dir), tmp_path / "service.log") as served:
        listening = subprocess.run(["ss", "-Hltnp"], capture_output=True, text=True, check=False).stdout
        mine = [line for line in listening.splitlines() if f"pid={served.pid}," in line]
        assert len(mine) <= 1
        assert served.address.rpartition(":")[2] in " ".join(mine) or not mine


def test_a_port_that_is_taken_is_told_in_a_sentence(settings: Settings, tmp_path: Path) -> None:
    place, port = Installation(settings.database_url, settings.data_dir), free_port()
    with serving(place, tmp_path / "service.log", RNI_METRICS_PORT=str(port)):
        ran = place.ran("serve", "--port", str(free_port()), RNI_METRICS_PORT=str(port))
        assert ran.code == 2
        assert "RNI_METRICS_PORT" in ran.err and "Traceback" not in ran.err
        ran = place.ran("clock", RNI_METRICS_PORT=str(port))
        assert ran.code == 2


@pytest.fixture
def followed(settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> Iterator[Followed]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    made = Followed(settings, "web", {"verzoeken": engine})
    yield made
    made.facts.engine.dispose()


def series(followed: Followed) -> Series:
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in Told(followed).collect():
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


@pytest.mark.every_database
def test_what_waits_is_told_with_its_age(followed: Followed, engine: Engine) -> None:
    followed.facts.fresh = 0
    with session_scope(engine, Access.system()) as session:
        for day, staat in enumerate([MailState.WACHT, MailState.ONZEKER, MailState.OPGEGEVEN, MailState.VERZONDEN]):
            session.add(
                Mail(
                    soort="dagbericht", ontvanger="anna", dag=NOW.date() - timedelta(days=day), adres="a@b.example",
                    onderwerp="x", tekst="x", staat=staat, gemaakt_op=NOW - timedelta(hours=3), niet_voor=NOW,
                )
            )  # fmt: skip
        audit.record(session, "aanmelden", "anna", NOW - timedelta(minutes=15))
    found = series(followed)
    assert value(found, "rni_mail", state="wacht") == 1
    assert value(found, "rni_mail", state="mislukt") == 2
    assert value(found, "rni_mail_oldest_seconds", state="wacht") == 3 * 3600
    assert value(found, "rni_log_unsealed_oldest_seconds") == 15 * 60


@pytest.mark.every_database
def test_reading_often_asks_the_database_once(followed: Followed) -> None:
    asked = 0

    def count(*told: Any) -> None:
        nonlocal asked
        asked += 1

    event.listen(followed.facts.engine, "before_cursor_execute", count)
    for _ in range(20):
        series(followed)
    assert 0 < asked < 20


@pytest.mark.parametrize("hangs", [False, True])
def test_a_database_that_is_away_is_told_and_the_rest_goes_on(tmp_path: Path, hangs: bool) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if hangs:  # takes connections and says nothing
            listener.listen(5)
        url = f"postgresql+psycopg://rni@127.0.0.1:{listener.getsockname()[1]}/rni"
        away = Followed(Settings(database_url=url, data_dir=tmp_path), "web", {"verzoeken": make_engine(url)})
        found = series(away)
        assert value(found, "rni_database_answers") == 0
        assert "rni_disk_free_bytes" in found


def test_a_failed_task_is_told(settings: Settings, engine: Engine, followed: Followed) -> None:
    followed.facts.fresh = 0
    with tasks.noted(settings, engine, "proef") as noted:
        noted.aantal = 3
    with pytest.raises(ZeroDivisionError), tasks.noted(settings, engine, "proef"):
        raise ZeroDivisionError("Kowalska")
    found = series(followed)
    assert value(found, "rni_task_last_failure_timestamp_seconds", task="proef") == NOW.timestamp()
    with session_scope(engine, Access.system(), write=False) as session:
        (run,) = tasks.runs(session)
        assert (run.fout, run.aantal) == ("ZeroDivisionError", 3)


def rules() -> list[dict[str, Any]]:
    groups = yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def test_every_alarm_says_what_to_do_and_stands_in_the_book() -> None:
    headings = re.findall(r"^### (\w+)$", BOOK.read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(headings) == sorted(rule["alert"] for rule in rules())
    for rule in rules():
        assert rule["labels"]["ernst"] in (lights.RED, lights.ORANGE)
        assert rule["annotations"]["summary"] and rule["annotations"]["doe"]


def names(expression: str) -> set[str]:
    return set(re.findall(r"\brni_\w+", expression))


def test_every_metric_of_an_alarm_is_told_by_a_running_process(settings: Settings, tmp_path: Path) -> None:
    """Also what Prometheus calls a family: with its type, when there is nothing to count yet."""
    with both(settings, tmp_path) as (address, of_pages, of_clock):
        assert httpx.get(f"{address}/inloggen").status_code == 200
        known = set(told(of_pages)) | set(told(of_clock))
    counters = {f"{name}_total" for name in known}
    asked = {name for rule in rules() for name in names(rule["expr"])}
    only_with_traces = {"rni_traces_dropped_total"}
    assert len(asked) > 15
    assert sorted(asked - known - counters - only_with_traces) == []


def test_alarms_have_the_bounds_of_the_page() -> None:
    by_name = {rule["alert"]: rule["expr"] for rule in rules()}
    for alarm, bound in {
        "RniWerkWacht": lights.WORK_WAITS.total_seconds(),
        "RniLogboekNietVerzegeld": lights.UNSEALED.total_seconds(),
        "RniBerichtenWachten": lights.MAIL_WAITS.total_seconds(),
        "RniBezorgingWacht": lights.SHIPMENT_WAITS.total_seconds(),
        "RniTraag": lights.SLOW_MS / 1000,
        "RniSchijfBijnaVol": lights.LITTLE_ROOM,
        "RniSchijfVol": lights.NO_ROOM,
        "RniDodeRijen": lights.DEAD_ROWS,
        "RniAanmeldingenGeweigerd": lights.REFUSED_AN_HOUR,
        "RniNachttaakTeLaat": tasks.A_NIGHT.total_seconds(),
    }.items():
        assert re.search(rf"[<>]\s*{bound:g}\b".replace("1e+05", "100000"), by_name[alarm]), (alarm, bound)
    for task, bound in tasks.AT_MOST.items():
        part = next(each for each in by_name["RniTaakTeLaat"].split(" or ") if task in each)
        assert part.strip().endswith(f"> {bound.total_seconds():.0f}")
        assert task in by_name["RniNachttaakTeLaat"]


def test_prometheus_understands_every_alarm(engine_path: Callable[..., str]) -> None:
    promtool = engine_path("promtool")
    checked = subprocess.run([promtool, "check", "rules", str(RULES)], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert f"{len(rules())} rules found" in checked.stdout


def test_prometheus_understands_every_metric(followed: Followed, engine_path: Callable[..., str]) -> None:
    METER.answered(Call("/zaken", "GET", 200), 12, Tally(1, 0.001))
    registry = CollectorRegistry()
    registry.register(Told(followed))
    checked = subprocess.run(
        [engine_path("promtool"), "check", "metrics"], input=generate_latest(registry), capture_output=True, check=False
    )
    assert checked.returncode == 0, checked.stderr.decode()
