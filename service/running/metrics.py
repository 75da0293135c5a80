"""What Prometheus reads, on a port of its own, of this process alone: never on that of the pages.

Every process that is to be followed has a port; so no process writes for another, and each is seen to be gone when it
is. What the database says is asked at most once in `facts.FRESH` seconds, however often is read. Labels are of few
values: templates of routes, names of tasks, states; never a person, a municipality or an address.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import version

from prometheus_client import CollectorRegistry, GCCollector, PlatformCollector, ProcessCollector, start_http_server
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from sqlalchemy import Engine
from sqlalchemy.pool import QueuePool

from service.db import make_engine
from service.running import facts as asked
from service.running.facts import Cached, Facts, rooms
from service.running.meter import LIMITS, METER, Meter, Sum
from service.running.traces import Sender
from service.settings import Settings
from signals.errors import Invalid, Reason

PREFIX = "rni"


class PortTaken(Invalid):
    """Nobody can listen there."""


@dataclass
class Followed:
    """The process of which is told. leads: whether it is the clock that does the work, None for what is no clock."""

    settings: Settings
    soort: str
    engines: Mapping[str, Engine]
    meter: Meter = METER
    sender: Sender | None = None
    leads: Callable[[], bool] | None = None
    facts: Cached = field(init=False)

    def __post_init__(self) -> None:
        self.facts = Cached(make_engine(self.settings.database_url, alone=True), self.settings.now)


@contextmanager
def exported(followed: Followed) -> Iterator[None]:
    """Meanwhile the metrics of this process can be read at the port of `RNI_METRICS_PORT`; nothing without one."""
    settings = followed.settings
    if not settings.metrics_port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(Told(followed))
    for standard in (ProcessCollector, PlatformCollector, GCCollector):
        standard(registry=registry)
    try:
        server, thread = start_http_server(settings.metrics_port, settings.metrics_host, registry)
    except OSError:
        uitleg = (
            f"De metingen kunnen niet op {settings.metrics_host}, poort {settings.metrics_port}: die is bezet, bestaat "
            "niet of mag niet. Geef elk proces een eigen RNI_METRICS_PORT, of haal die weg: dan staan ze uit."
        )
        raise PortTaken(Reason("poort_bezet", uitleg, "RNI_METRICS_PORT")) from None
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
        followed.facts.engine.dispose()


class Told(Collector):
    """Everything of one process, made when it is read."""

    def __init__(self, followed: Followed) -> None:
        self.of = followed

    def describe(self) -> list[Metric]:
        """Nothing beforehand: the database is not asked when nobody reads."""
        return []

    def collect(self) -> Iterator[Metric]:
        """As it stands now."""
        about = InfoMetricFamily(f"{PREFIX}_build", "Which version, and what kind of process this is.")
        about.add_metric([], {"version": version("langdurig-rni"), "process": self.of.soort})
        yield about
        yield from self._answers()
        yield from self._pools()
        yield from self._disks()
        if self.of.leads is not None:
            yield _gauge("clock_leader", "Whether this clock does the work (1) or waits to take over (0).",
                         int(self.of.leads()))  # fmt: skip
        found = self.of.facts.get()
        yield _gauge("database_answers", "Whether the database told how it stands, when it was asked last.",
                     int(found is not None))  # fmt: skip
        if found is not None:
            yield from _of_database(found, self.of.settings.now())

    def _answers(self) -> Iterator[Metric]:
        calls, refused, slow = self.of.meter.since_the_beginning()
        told = CounterMetricFamily(
            f"{PREFIX}_http_requests", "Answers, by the template of the route.", labels=["route", "method", "status"]
        )
        together: dict[tuple[str, str], Sum] = {}
        for call, each in calls.items():
            told.add_metric([call.route, call.method, str(call.status)], each.count)
            key = call.route, call.method
            together[key] = together.get(key, Sum()).plus(each)
        yield told
        by = ["route", "method"]
        times = HistogramMetricFamily(
            f"{PREFIX}_http_request_duration_seconds", "From the request to the end of its answer.", labels=by
        )
        statements = CounterMetricFamily(f"{PREFIX}_http_request_db_statements", "Statements of requests.", labels=by)
        seconds = CounterMetricFamily(f"{PREFIX}_http_request_db_seconds", "Time of those in the database.", labels=by)
        for (route, method), each in together.items():
            times.add_metric([route, method], _buckets(each), each.ms / 1000)
            statements.add_metric([route, method], each.statements)
            seconds.add_metric([route, method], each.db_ms / 1000)
        yield from (times, statements, seconds)
        yield _gauge("http_requests_in_progress", "Requests without an answer yet.", self.of.meter.in_progress)
        yield _counter("db_slow_statements", "Statements that took a quarter of a second or more.", slow)
        no = CounterMetricFamily(f"{PREFIX}_sign_ins_refused", "Sign-ins that were refused.", labels=["reason"])
        for reason, count in refused.items():
            no.add_metric([reason], count)
        yield no
        if self.of.sender is not None:
            yield _counter("traces_dropped", "Requests of which the spans were lost.", self.of.sender.dropped)

    def _pools(self) -> Iterator[Metric]:
        used = GaugeMetricFamily(f"{PREFIX}_db_pool_in_use", "Connections in use.", labels=["pool"])
        most = GaugeMetricFamily(f"{PREFIX}_db_pool_limit", "Connections there may be.", labels=["pool"])
        for name, engine in self.of.engines.items():
            pool = engine.pool
            if isinstance(pool, QueuePool):
                used.add_metric([name], pool.checkedout())
                most.add_metric([name], pool.size() + max(pool._max_overflow, 0))
        yield from (used, most)

    def _disks(self) -> Iterator[Metric]:
        free = GaugeMetricFamily(f"{PREFIX}_disk_free_bytes", "Free on the disk of this place.", labels=["place"])
        whole = GaugeMetricFamily(f"{PREFIX}_disk_size_bytes", "Size of the disk of this place.", labels=["place"])
        for place, room in rooms(self.of.settings).items():
            free.add_metric([place], room.vrij)
            whole.add_metric([place], room.totaal)
        yield from (free, whole)


def _buckets(each: Sum) -> list[tuple[str, float]]:
    seen, told = 0, []
    for limit, count in zip((*LIMITS, None), each.classes, strict=True):
        seen += count
        told.append(("+Inf" if limit is None else str(limit / 1000), float(seen)))
    return told


def _gauge(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"{PREFIX}_{name}", what, value=value)


def _counter(name: str, what: str, value: float) -> Metric:
    return CounterMetricFamily(f"{PREFIX}_{name}", what, value=value)


def _of_database(found: Facts, now: datetime) -> Iterator[Metric]:
    yield from _waiting("work", "Work outside requests", {str(k.value): v for k, v in found.werk.items()}, now)
    yield from _waiting("mail", "Messages", found.berichten, now)
    yield from _waiting("shipments", "Files for UWV", {str(k.value): v for k, v in found.bezorgingen.items()}, now)
    since = found.onverzegeld_sinds
    age = 0.0 if since is None else max(0.0, (now - since).total_seconds())
    yield _gauge("log_unsealed_oldest_seconds", "Age of the oldest entry of the log without a seal.", age)
    good = GaugeMetricFamily(f"{PREFIX}_task_last_success_timestamp_seconds", "When it ended well.", labels=["task"])
    bad = GaugeMetricFamily(f"{PREFIX}_task_last_failure_timestamp_seconds", "When it failed.", labels=["task"])
    long = GaugeMetricFamily(f"{PREFIX}_task_last_duration_seconds", "How long its last run took.", labels=["task"])
    for run in found.rondes:
        good.add_metric([run.taak], run.gelukt_op.timestamp() if run.gelukt_op else 0)
        bad.add_metric([run.taak], run.mislukt_op.timestamp() if run.mislukt_op else 0)
        long.add_metric([run.taak], run.milliseconden / 1000)
    yield from (good, bad, long)
    if found.omvang is None:
        return
    told = found.omvang.inhoud
    cases = GaugeMetricFamily(f"{PREFIX}_cases", "Cases by phase, as counted last.", labels=["phase"])
    for phase, count in told["zaken"].items():
        cases.add_metric([phase], count)
    yield cases
    yield _gauge("database_size_bytes", "Size of the database, as measured last.", told["bytes"])
    dead = GaugeMetricFamily(f"{PREFIX}_table_dead_rows", "Rows that wait for vacuum.", labels=["table"])
    live = GaugeMetricFamily(f"{PREFIX}_table_rows", "Rows, as PostgreSQL estimates them.", labels=["table"])
    for each in told.get("tabellen", ()):
        dead.add_metric([each["naam"]], each["dood"])
        live.add_metric([each["naam"]], each["rijen"])
    yield from (dead, live)
    age = (now - found.omvang.gemeten_op).total_seconds()
    yield _gauge("size_measured_seconds_ago", "How long ago cases and sizes were counted.", age)


def _waiting(name: str, what: str, states: Mapping[str, asked.Waiting], now: datetime) -> Iterator[Metric]:
    counted = GaugeMetricFamily(f"{PREFIX}_{name}", f"{what}, by state.", labels=["state"])
    oldest = GaugeMetricFamily(f"{PREFIX}_{name}_oldest_seconds", f"{what}: age of the oldest.", labels=["state"])
    for state, waiting in states.items():
        counted.add_metric([state], waiting.aantal)
        if waiting.oudste is not None:
            oldest.add_metric([state], max(0.0, (now - waiting.oudste).total_seconds()))
    yield from (counted, oldest)
