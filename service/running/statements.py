"""How long statements take, by the request that asks them; of a slow one the text is kept, without any value in it."""

import re
import time
from typing import Any

from sqlalchemy import Connection, Engine, ExceptionContext, ExecutionContext, event

from service.running.meter import METER, MOST_SPANS, OPEN, SLOW, Span

LONGEST = 1_000
"""Signs of a statement that are kept."""
_COLUMNS = 100
"""Signs that are kept of what is selected."""
_BEGUN = "_rni_begun"
_TEXT = re.compile(r"'(?:[^']|'')*'|\$(\w*)\$.*?\$\1\$", re.DOTALL)
_NUMBER = re.compile(r"(?<![\w.$:%])\d{4,}(?:\.\d+)?(?!\w)")
_VALUE = r"\(?(?:\?|%\(\w+\)s(?:::[A-Z ]+)?|%s)\)?"
_MANY = re.compile(rf"({_VALUE})(?:\s*,\s*{_VALUE}){{3,}}")
_SPACE = re.compile(r"\s+")


def watch(engine: Engine) -> None:
    """From now on the statements of this engine are timed."""
    event.listen(engine, "before_cursor_execute", _begin)
    event.listen(engine, "after_cursor_execute", _end)
    event.listen(engine, "handle_error", _fail)


def _begin(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: ExecutionContext, many: bool
) -> None:
    setattr(context, _BEGUN, time.perf_counter())


def _end(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: ExecutionContext, many: bool
) -> None:
    _note(statement, context)


def _fail(failed: ExceptionContext) -> None:
    """Also what was refused took its time: whoever waited for a lock, above all."""
    if failed.execution_context is not None and failed.statement is not None:
        _note(failed.statement, failed.execution_context)


def _note(statement: str, context: ExecutionContext) -> None:
    begun = getattr(context, _BEGUN, None)
    if begun is None:
        return
    seconds = time.perf_counter() - begun
    setattr(context, _BEGUN, None)
    tally = OPEN.get()
    if tally is not None:
        tally.statements += 1
        tally.seconds += seconds
        if tally.spans is not None and len(tally.spans) < MOST_SPANS:
            ended = time.time_ns()
            tally.spans.append(Span(without_values(statement), ended - round(seconds * 1e9), ended))
    if seconds * 1000 >= SLOW:
        METER.slow(without_values(statement), seconds * 1000)


def without_values(statement: str) -> str:
    """The text of a statement on one line, without what is quoted in it and without long numbers.

    Values go beside a statement and never stand in its text; this is the net below that.
    """
    # A long one holds the same for many rows: what is cut off says nothing new, and a pattern over it takes long.
    text = _TEXT.sub("'…'", statement[: 20 * LONGEST])
    text = _MANY.sub(r"\1, …", _NUMBER.sub("…", text))
    text = _SPACE.sub(" ", text).strip()
    whence = text.find(" FROM ")
    if whence > _COLUMNS:  # of forty columns nobody reads more than a few, and what makes it slow comes after them
        text = f"{text[:_COLUMNS]} …{text[whence:]}"
    return text[:LONGEST]
