"""The Logboek Dataverwerkingen handed on to a logboek of the organisation, as OTLP over HTTP, from the table.

Off the path of any request, in the order of the seals: what has a seal is committed, and nothing comes before it any
more. Every line is sent at least once: how far it is is noted after the receiver confirmed, so after a crash some are
sent again, with the same ids.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from http.client import HTTPException
from itertools import groupby
from typing import Any
from urllib.request import HTTPRedirectHandler, Request, build_opener

import structlog
from google.protobuf.message import DecodeError
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, InstrumentationScope, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status
from sqlalchemy import Engine, Row, or_, select
from sqlmodel import Session

from service.access import Access
from service.audit_models import AuditSeal, LineStatus, LogDelivery, LogLine
from service.db import session_scope
from service.models import AuditEntry
from service.settings import Settings
from signals.base import table
from signals.bulk import run

log = structlog.get_logger()

AT_ONCE = 500
"""Lines in one message; so many seals are looked at for them."""
PATIENCE = 10
"""Seconds that a receiver may take."""
STANDARD = "1.0.0"
"""The version of the Logboek Dataverwerkingen that the lines follow."""

_entry, _seal, _line = table(AuditEntry), table(AuditSeal), table(LogLine)
_STATUS = {
    LineStatus.UNSET: Status.STATUS_CODE_UNSET,
    LineStatus.OK: Status.STATUS_CODE_OK,
    LineStatus.ERROR: Status.STATUS_CODE_ERROR,
}
_ATTRIBUTES = {
    "dpl.core.processing_activity_id": "processing_activity_id",
    "dpl.core.data_subject_id": "data_subject_id",
    "dpl.core.data_subject_id_type": "data_subject_id_type",
    "dpl.core.foreign_operation.processor": "foreign_operation_processor",
}


class NotTaken(Exception):
    """The receiver did not confirm; it is tried again later."""


class _Stay(HTTPRedirectHandler):
    """Another address may not get these lines, and its answer would be no confirmation."""

    def redirect_request(self, *args: Any, **more: Any) -> None:
        return None


def deliver(settings: Settings, engine: Engine, now: datetime) -> int:
    """Send what has a seal and was not confirmed; gives how many lines."""
    sent, receiver = 0, settings.logbook_otlp_url
    while True:
        with session_scope(engine, Access.system(origin="klok"), write=False) as session:
            known = session.get(LogDelivery, receiver) or LogDelivery(ontvanger=receiver, bijgewerkt_op=now)
            lines, reached = _due(session, known)
        if reached == (known.zegel_id, known.regel_id):
            break
        try:
            if lines:
                _post(settings, message(lines))
        except (NotTaken, OSError, HTTPException) as refused:
            log.warning("logboek niet afgeleverd", reden=type(refused).__name__, status=getattr(refused, "code", None))
            break
        with session_scope(engine, Access.system(origin="klok")) as session:
            known.zegel_id, known.regel_id = reached
            known.bijgewerkt_op = now
            session.merge(known)
        sent += len(lines)
    return sent


def _due(session: Session, known: LogDelivery) -> tuple[list[Row[Any]], tuple[int, int]]:
    """The lines that come next, at most AT_ONCE, and how far one is with them."""
    lines: list[Row[Any]] = []
    reached = known.zegel_id, known.regel_id
    sealed = (
        select(_seal.c.id, _entry.c.trace_id, _entry.c.span_id)
        .join(_entry, _entry.c.id == _seal.c.audit_id)
        .where(_seal.c.id >= known.zegel_id)
        .order_by(_seal.c.id)
        .limit(AT_ONCE)
    )
    for seal_id, trace_id, span_id in run(session, sealed).all():
        after = known.regel_id if seal_id == known.zegel_id else 0
        of_it = select(_line).where(
            _line.c.trace_id == trace_id,
            or_(_line.c.span_id == span_id, _line.c.parent_span_id == span_id),
            _line.c.id > after,
        )
        found = run(session, of_it.order_by(_line.c.id).limit(AT_ONCE - len(lines))).all()
        lines += found
        reached = seal_id, found[-1].id if found else after
        if len(lines) == AT_ONCE:
            break
    return lines, reached


def message(lines: Iterable[Row[Any]]) -> ExportTraceServiceRequest:
    """Lines as the receiver takes them, those of a municipality together."""
    by_code = sorted(lines, key=lambda line: line.gemeentecode or "")
    return ExportTraceServiceRequest(
        resource_spans=[
            ResourceSpans(
                resource=Resource(attributes=_attributes({"service.name": "langdurig-rni", "rni.gemeentecode": code})),
                scope_spans=[ScopeSpans(scope=_SCOPE, spans=[_span(line) for line in of_it])],
            )
            for code, of_it in groupby(by_code, key=lambda line: line.gemeentecode or "")
        ]
    )


_SCOPE = InstrumentationScope(name="logboek-dataverwerkingen", version=STANDARD)


def _span(line: Row[Any]) -> Span:
    return Span(
        trace_id=bytes.fromhex(line.trace_id),
        span_id=bytes.fromhex(line.span_id),
        parent_span_id=bytes.fromhex(line.parent_span_id or ""),
        name=line.name,
        kind=Span.SPAN_KIND_INTERNAL,
        start_time_unix_nano=line.start_time * 1_000_000,
        end_time_unix_nano=line.end_time * 1_000_000,
        attributes=_attributes({name: getattr(line, column) for name, column in _ATTRIBUTES.items()}),
        status=Status(code=_STATUS[line.status]),
    )


def _attributes(told: Mapping[str, str | None]) -> Sequence[KeyValue]:
    return [KeyValue(key=name, value=AnyValue(string_value=text)) for name, text in told.items() if text]


def _post(settings: Settings, content: ExportTraceServiceRequest) -> None:
    headers = {"Content-Type": "application/x-protobuf"}
    if token := settings.logbook_otlp_token.get_secret_value():
        headers["Authorization"] = f"Bearer {token}"
    request = Request(settings.logbook_otlp_url, content.SerializeToString(), headers)  # noqa: S310  # http(s): settings
    with build_opener(_Stay).open(request, timeout=PATIENCE) as answer:
        told = answer.read()
    if answer.status != 200:
        raise NotTaken
    try:
        rejected = ExportTraceServiceResponse.FromString(told).partial_success.rejected_spans
    except DecodeError:
        raise NotTaken from None
    if rejected:  # the protocol forbids to offer these again
        log.error("ontvanger weigert regels van het logboek", aantal=rejected)
