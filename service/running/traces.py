"""Requests and their statements as spans for who collects traces: OTLP over HTTP, off until an address is set.

Spans are made when a request has been answered, because only then its trace is known for sure (a caller of the API may
have named it) and whether it failed: faults always go, of the rest a share, the same for every service that chooses by
the trace. Nothing in them is a value: routes are templates, statements are without parameters, and there is no user and
no municipality. The Logboek Dataverwerkingen is another thing, with its own receiver (`service.log.otlp`).
"""

import threading
import time
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

import structlog
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Status
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent

from service.running.meter import Call, Tally
from service.settings import Settings
from service.trace import Trace, new_span

log = structlog.get_logger()

WAITING = 2_000
"""Requests that wait to be sent; when there are more, the oldest go."""
AT_ONCE = 200
EVERY = 5.0
"""Seconds between two messages."""
PATIENCE = 10
"""Seconds that a receiver may take."""
_WHOLE = 2**56
_SCOPE = InstrumentationScope(name="langdurig-rni")


@dataclass(frozen=True)
class Answered:
    """A request that was answered: begun and ended in nanoseconds since 1970."""

    trace: Trace
    call: Call
    begun: int
    ended: int
    tally: Tally


class _Stay(HTTPRedirectHandler):
    """Another address than the one that was set gets nothing."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


class Sender:
    """Sends spans from a thread of its own, so that no request waits for the receiver."""

    def __init__(self, settings: Settings, database: str) -> None:
        self.url, self.token = settings.traces_otlp_url, settings.traces_otlp_token.get_secret_value()
        self.share, self.database = settings.traces_share, database
        self.dropped = 0
        self._waiting: deque[Answered] = deque()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._send_often, name="sporen", daemon=True)
        self._away = False

    def start(self) -> None:
        """From now on spans go."""
        self._thread.start()

    def stop(self) -> None:
        """What waits is sent once more."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE + EVERY)

    def wants(self, trace: Trace, status: int) -> bool:
        """Whether this request is told of: the last 7 bytes of a trace are random, as W3C asks of it."""
        return status >= 500 or int(trace.trace_id[-14:], 16) < self.share * _WHOLE

    def add(self, answered: Answered) -> None:
        """It goes with the next message."""
        if not self.wants(answered.trace, answered.call.status):
            return
        if len(self._waiting) >= WAITING:
            self._waiting.popleft()
            self.dropped += 1
        self._waiting.append(answered)

    def _send_often(self) -> None:
        while not self._stopped.wait(EVERY):
            self._send()
        self._send()

    def _send(self) -> None:
        """What waits; what the receiver does not take is lost, and counted: a trace is no record."""
        until = time.monotonic() + PATIENCE
        while self._waiting and time.monotonic() < until:
            some = [self._waiting.popleft() for _ in range(min(AT_ONCE, len(self._waiting)))]
            try:
                self._post(message(some, self.database).SerializeToString())
                self._away = False
            except (OSError, HTTPException) as refused:
                self.dropped += len(some)
                if not self._away:  # once, and not every five seconds
                    log.warning("sporen niet afgeleverd", reden=type(refused).__name__)
                self._away = True
                return

    def _post(self, content: bytes) -> None:
        headers = {"Content-Type": "application/x-protobuf"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        request = Request(self.url, content, headers)  # noqa: S310  # http(s): settings
        with build_opener(_Stay).open(request, timeout=PATIENCE) as answer:
            answer.read()


def message(answered: Iterable[Answered], database: str) -> ExportTraceServiceRequest:
    """Requests and their statements as a receiver takes them, by the names that OpenTelemetry gives (semconv 1.30)."""
    spans = [span for each in answered for span in _spans(each, database)]
    of = Resource(attributes=_attributes({"service.name": "langdurig-rni"}))
    return ExportTraceServiceRequest(
        resource_spans=[ResourceSpans(resource=of, scope_spans=[ScopeSpans(scope=_SCOPE, spans=spans)])]
    )


def _spans(answered: Answered, database: str) -> Iterable[Sent]:
    trace, call = answered.trace, answered.call
    trace_id, root = bytes.fromhex(trace.trace_id), bytes.fromhex(trace.span_id)
    told: dict[str, str | int] = {
        "http.request.method": call.method,
        "http.route": call.route,
        "http.response.status_code": call.status,
        "rni.db.statements": answered.tally.statements,
    }
    yield Sent(
        trace_id=trace_id,
        span_id=root,
        parent_span_id=bytes.fromhex(trace.parent or ""),
        name=f"{call.method} {call.route}",
        kind=Sent.SPAN_KIND_SERVER,
        start_time_unix_nano=answered.begun,
        end_time_unix_nano=answered.ended,
        attributes=_attributes(told),
        status=Status(code=Status.STATUS_CODE_ERROR if call.status >= 500 else Status.STATUS_CODE_UNSET),
    )
    for each in answered.tally.spans or ():
        verb = each.statement.partition(" ")[0].upper()[:20]
        yield Sent(
            trace_id=trace_id,
            span_id=bytes.fromhex(new_span()),
            parent_span_id=root,
            name=verb or "SQL",
            kind=Sent.SPAN_KIND_CLIENT,
            start_time_unix_nano=each.begun,
            end_time_unix_nano=each.ended,
            attributes=_attributes({"db.system.name": database, "db.query.text": each.statement}),
        )


def _attributes(told: Mapping[str, str | int]) -> list[KeyValue]:
    return [
        KeyValue(key=name, value=AnyValue(int_value=value) if isinstance(value, int) else AnyValue(string_value=value))
        for name, value in told.items()
    ]
