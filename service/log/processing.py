"""The Logboek Dataverwerkingen 1.0.0: a line for every person whose data was processed, in the transaction of the work.

No sampling, and it fails closed: when a line cannot be written, nothing is done and nothing is shown. What is done with
one person is a line of its own; with several, a line without a person and under it one for each.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session

from service.audit_models import LineStatus, LogLine
from service.log.activities import activity_of
from service.log.subjects import Subject, pseudonyms_of
from service.models import AuditEntry
from service.trace import Trace
from signals.base import table
from signals.bulk import run

_FEW = 200
"""Up to so many lines go in one statement; more are copied."""
_AT_ONCE = 20_000
_NOBODY = {"data_subject_id": None, "data_subject_id_type": None}

_line = table(LogLine)


def log_lines(
    session: Session, entry: AuditEntry, trace: Trace, about: Iterable[Subject], elsewhere: str | None = None
) -> None:
    """The lines of one action, of which the audit entry says who did it. `about`: everybody once; may be a stream.

    elsewhere: address of the other system that takes part in it, if any.
    """
    people = iter(about)
    some = list(islice(people, _AT_ONCE))
    begun = round(entry.tijdstip.timestamp() * 1000)
    common = {
        "trace_id": entry.trace_id,
        "status": (LineStatus.OK if some and entry.resultaat == "gelukt" else LineStatus.UNSET).value,
        "name": entry.actie,
        "start_time": begun,
        "end_time": begun + trace.lasted(),
        "processing_activity_id": activity_of(entry.actie).address,
    }
    if elsewhere is not None:
        common["foreign_operation_processor"] = elsewhere
    own = common | {"span_id": entry.span_id, "parent_span_id": trace.parent}
    if len(some) == 1:
        ((subject,), (pseudonym,)) = some, pseudonyms_of(some)
        who = {"data_subject_id": pseudonym, "data_subject_id_type": subject.kind}
        run(session, insert(_line), [own | who | {"gemeentecode": subject.gemeentecode}])
        return
    run(session, insert(_line), [own | _NOBODY | {"gemeentecode": entry.gemeentecode}])
    common["parent_span_id"] = entry.span_id
    while some:
        _write_each(session, common, some)
        some = list(islice(people, _AT_ONCE))


def _write_each(session: Session, common: Mapping[str, Any], subjects: Sequence[Subject]) -> None:
    spans = os.urandom(8 * len(subjects)).hex()
    own = {
        "span_id": [spans[place : place + 16] for place in range(0, len(spans), 16)],
        "data_subject_id": pseudonyms_of(subjects),
        "data_subject_id_type": [subject.kind for subject in subjects],
        "gemeentecode": [subject.gemeentecode for subject in subjects],
    }
    if len(subjects) > _FEW:
        import polars as pl  # here: loading it takes longer than writing a few lines

        from signals.staging import insert_frame

        rows = pl.DataFrame(own, schema=dict.fromkeys(own, pl.String))
        insert_frame(session, _line, rows.with_columns(pl.lit(value).alias(name) for name, value in common.items()))
        return
    each = zip(*own.values(), strict=True)
    run(session, insert(_line), [{**common, **dict(zip(own, values, strict=True))} for values in each])
