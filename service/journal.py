"""The log: one line per event, as JSON or as text, tracebacks for our own faults, and no personal data.

Names, addresses and what people type are never put in: no line says about whom it is. `_mask` is the net below that.
"""

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TextIO

import structlog

from signals.bsn import passes_elfproef

OUR_FAULT = "Er ging bij ons iets mis. Er is niets gewijzigd. Probeer het later opnieuw."
"""What people are told when the rest is in the log."""

_TRACE = "trace_id"
"""Drawn at random, so nine digits in it are no BSN."""
_NINE_DIGITS = re.compile(r"(?<!\d)\d{9}(?!\d)")
_WRITTEN_OUT = re.compile(r"(?<![\d.-])\d{2,4}(?:[ .-]\d{2,4}){2,3}(?![\d-])|(?<![\d.])\d{8}(?![\d.])")
"""As people write a number, in groups; and one of which the first nought fell off, but no date in groups."""
_MASKED = "*********"


def _mask(logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """A number of nine digits may be a BSN, also inside a traceback; one in another form, when it passes the test."""
    return {key: value if key == _TRACE else _masked(value) for key, value in event.items()}


def _masked(value: Any) -> Any:
    if isinstance(value, str):
        return _WRITTEN_OUT.sub(_or_nothing, _NINE_DIGITS.sub(_MASKED, value))
    if isinstance(value, int) and not isinstance(value, bool):
        return _MASKED if 10**7 <= value < 10**9 and passes_elfproef(f"{value:09}") else value
    if isinstance(value, Mapping):
        return {_masked(name): _masked(each) for name, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_masked(each) for each in value]
    return value


def _or_nothing(found: re.Match[str]) -> str:
    digits = re.sub(r"\D", "", found[0])
    whole = digits.zfill(9) if digits == found[0] else digits
    return _MASKED if passes_elfproef(whole) else found[0]


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


LEVELS = logging.getLevelNamesMapping()
_OURS = ("service", "importers", "exports", "workflow", "signals", "__main__")
_TALKATIVE = ("apscheduler", "httpx2", "httpcore2")
"""Libraries that tell at INFO of each thing they do; what matters of it we tell ourselves."""


def configure(stream: TextIO | None = None, level: int | str = logging.INFO, form: str = "json") -> None:
    """Send everything, also what libraries log, through one formatter to `stream` (standard error).

    level: as a number, or as `Settings.log_level`; of libraries never more than INFO, for below that they quote what
    they handle. form: json, or tekst for a reader at a screen.
    """
    level = level if isinstance(level, int) else LEVELS[level.upper()]
    draw = structlog.processors.JSONRenderer() if form == "json" else structlog.dev.ConsoleRenderer(colors=False)
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
                draw,
            ],
        )
    )
    root = logging.getLogger()
    for old in [each for each in root.handlers if isinstance(each, _OurHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(max(level, logging.INFO))
    for name in _OURS:
        logging.getLogger(name).setLevel(level)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


@contextmanager
def in_file(directory: Path) -> Iterator[Path]:
    """Log to a file in the data directory, for commands whose screen shows sentences only; gives its path."""
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / "fouten.log"
    with path.open("a", encoding="utf-8") as stream:
        configure(stream, logging.WARNING)
        yield path
    configure(level=logging.WARNING)
