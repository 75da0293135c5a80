"""The log: one line per event as JSON, tracebacks for our own faults, and no personal data."""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import structlog

OUR_FAULT = "Er ging bij ons iets mis. Er is niets gewijzigd. Probeer het later opnieuw."
"""What people are told when the rest is in the log."""

_TRACE = "trace_id"
"""Drawn at random, so nine digits in it are no BSN."""
_NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")


def _mask(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A number of nine digits may be a BSN, also inside a traceback."""
    return {
        key: _NINE_DIGITS.sub("*********", value) if isinstance(value, str) and key != _TRACE else value
        for key, value in event.items()
    }


MOST = 20_000
"""Characters of one text in a line: a traceback of a fault deep in a chain of causes can be megabytes."""
_FROM_THE_START = 8_000
"""Where it began; the rest of what is kept is the end, with the exception itself."""


def _shorten(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Keeps the begin and the end of a text that is too long, and says how much there was between them.

    After masking: a number that is cut in two would no longer be known as one.
    """
    return {key: shortened(value) if isinstance(value, str) else value for key, value in event.items()}


def shortened(text: str) -> str:
    """A text of at most `MOST` characters, apart from the note of what was left out."""
    left_out = len(text) - MOST
    if left_out <= 0:
        return text
    note = f"\n[… {left_out} tekens weggelaten …]\n"
    return text[:_FROM_THE_START] + note + text[_FROM_THE_START - MOST :]


class _OurHandler(logging.StreamHandler[TextIO]):
    """The handler put here, to be told from what others put on the root logger."""


def configure(stream: TextIO | None = None, level: int = logging.INFO) -> None:
    """Send everything, also what libraries log, through one formatter to `stream` (standard error)."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level),
        cache_logger_on_first_use=False,
    )
    handler = _OurHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                _mask,
                _shorten,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _OurHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)


@contextmanager
def in_file(directory: Path) -> Iterator[Path]:
    """Log to a file in the data directory, for commands whose screen shows sentences only; gives its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "fouten.log"
    with path.open("a", encoding="utf-8") as stream:
        configure(stream, logging.WARNING)
        yield path
    configure(level=logging.WARNING)
