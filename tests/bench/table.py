"""How the figures of a benchmark are shown: a table for people, an object for programs."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from tests.bench.audit import Kept
from tests.bench.measure import Memory, Runs
from tests.bench.night import Night
from tests.bench.pages import Crowd, Dearer, Pages, Rates, Weight
from tests.bench.steps import Times

_HEADER = ("what", "rows", "median s", "min-max", "rows/s", "ratio", "limit", "")
_TIMES_HEADER = ("one request after the other", "times", "median ms", "p95 ms", "", "ratio of p95", "aim", "")
_NIGHT_HEADER = ("the clock at night", "open cases", "s", "reminders made", "", "", "", "")
_LOG_HEADER = ("the log", "rows", "s", "rows/s", "", "", "limit", "")
_RATES_HEADER = ("ten people after each other", "cases", "pages/s", "bare pages/s", "", "share", "aim", "")
_DEARER_HEADER = ("what more costs", "", "pages/s", "of the other", "", "ratio", "aim", "")
_CROWD_HEADER = ("everybody at once", "people", "s till the last", "without answer", "", "", "", "")
_WEIGHT_HEADER = ("what a browser fetches", "", "first visit", "then", "2G s", "moved", "aim", "")
_FIGURES_HEADER = ("figures", "events", "median s", "min-max", "events/s", "ratio", "aim", "")
_MEMORY_HEADER = ("memory of the process", "rows", "peak MB", "", "", "ratio", "limit", "")


@dataclass
class Measured:
    """All that a benchmark found; what was not asked for is empty."""

    on: dict[str, Any]
    speed: Sequence[Runs] = ()
    memory: Sequence[Memory] = ()
    requests: Sequence[Times] = ()
    nights: Sequence[Night] = ()
    log: list[Kept] = field(default_factory=list)
    pages: Pages = field(default_factory=Pages)
    figures: list[Runs] = field(default_factory=list)


def verdict(runs: Runs | Times) -> str:
    """`over` above the aim, `too slow` above the hard limit."""
    if runs.ratio is None or runs.aim is None:
        return ""
    limit = getattr(runs, "limit", None)
    if limit is not None and runs.ratio > limit:
        return "too slow"
    return "over" if runs.ratio > runs.aim else "ok"


def too_much(found: Measured) -> bool:
    """Whether anything is above a hard limit."""
    return any(verdict(runs) == "too slow" for runs in found.speed) or any(
        one.over for one in (*found.memory, *found.log)
    )


def machine(postgres: str) -> dict[str, Any]:
    """On what it was measured."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgres,
    }


def as_text(found: Measured) -> str:
    """The tables, and on what they were measured."""
    memory = [line for one in found.memory for line in _memory_lines(one)]
    tables = (
        (_HEADER, [_speed_line(runs) for runs in found.speed]),
        (_MEMORY_HEADER, memory),
        (_TIMES_HEADER, [_times_line(times) for times in found.requests]),
        (_NIGHT_HEADER, [_night_line(night) for night in found.nights]),
        (_LOG_HEADER, [_log_line(kept) for kept in found.log]),
        (_RATES_HEADER, [_rates_line(rates) for rates in found.pages.rates]),
        (_DEARER_HEADER, [_dearer_line(each) for each in found.pages.dearer]),
        (_CROWD_HEADER, [_crowd_line(crowd) for crowd in found.pages.crowds]),
        (_WEIGHT_HEADER, [_weight_line(weight) for weight in found.pages.weights]),
        (_FIGURES_HEADER, [_speed_line(runs) for runs in found.figures]),
    )
    lines = [line for header, rows in tables if rows for line in (header, *rows, ("",) * len(_HEADER))][:-1]
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    rows = [
        "  ".join(
            cell.ljust(width) if column in (0, len(_HEADER) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    told = ", ".join(f"{name} {value}" for name, value in found.on.items())
    loads = (
        f"; {len(found.speed[0].seconds)} runs each. Counts of every load and feedback: right." if found.speed else "."
    )
    return "\n".join([*rows, "", f"{told}{loads}"])


def as_object(found: Measured) -> dict[str, Any]:
    """The same, with every run."""
    return {
        "machine": found.on,
        "speed": [_runs(runs) for runs in found.speed],
        "figures": [_runs(runs) | {"megabytes": runs.peak} for runs in found.figures],
        "memory": [
            {
                "what": one.whole.what,
                "rows": [one.small.rows, one.whole.rows],
                "megabytes": [one.small.peak, one.whole.peak],
                "ratio": one.ratio,
                "limit_ratio": one.most_ratio,
                "limit_megabytes": one.most,
                "over": one.over,
            }
            for one in found.memory
        ],
        "requests": [
            {
                "what": times.what,
                "seconds": times.seconds,
                "median": times.median,
                "p95": times.p95,
                "ratio": times.ratio,
                "aim": times.aim,
                "verdict": verdict(times),
            }
            for times in found.requests
        ],
        "nights": [vars(night) for night in found.nights],
        "log": [vars(kept) | {"over": kept.over} for kept in found.log],
        "pages": {
            "rates": [vars(rates) | {"share": rates.share, "aim": rates.aim} for rates in found.pages.rates],
            "dearer": [vars(each) | {"ratio": each.ratio} for each in found.pages.dearer],
            "crowds": [vars(crowd) for crowd in found.pages.crowds],
            "weights": [vars(weight) for weight in found.pages.weights],
        },
        "too_much": too_much(found),
    }


def _runs(runs: Runs) -> dict[str, Any]:
    return {
        "what": runs.what,
        "rows": runs.rows,
        "seconds": runs.seconds,
        "median": median(runs.seconds),
        "rows_per_second": runs.rate,
        "ratio": runs.ratio,
        "aim": runs.aim,
        "limit": runs.limit,
        "verdict": verdict(runs),
    }


def _speed_line(runs: Runs) -> tuple[str, ...]:
    aim = "" if runs.aim is None else f"{runs.aim:g}" + (f" ({runs.limit:g})" if runs.limit else "")
    return (
        runs.what,
        f"{runs.rows:,}",
        f"{median(runs.seconds):.2f}",
        f"{min(runs.seconds):.2f}-{max(runs.seconds):.2f}",
        f"{runs.rate:,.0f}",
        f"{runs.ratio:.2f}" if runs.ratio else "",
        aim,
        verdict(runs),
    )


def _times_line(times: Times) -> tuple[str, ...]:
    return (
        times.what,
        f"{len(times.seconds):,}",
        f"{times.median * 1000:.1f}",
        f"{times.p95 * 1000:.1f}",
        "",
        f"{times.ratio:.2f}" if times.ratio else "",
        f"{times.aim:g}" if times.aim else "",
        verdict(times),
    )


def _night_line(night: Night) -> tuple[str, ...]:
    return (night.what, f"{night.cases:,}", f"{night.seconds:.2f}", f"{night.made:,}", "", "", "", "")


def _log_line(kept: Kept) -> tuple[str, ...]:
    limit, said = (f"{kept.limit:g} s", "too slow" if kept.over else "ok") if kept.limit else ("", "")
    return (
        kept.what, f"{kept.rows:,}", f"{kept.seconds:.1f}", f"{kept.rows / kept.seconds:,.0f}", "", "", limit, said,
    )  # fmt: skip


def _rates_line(rates: Rates) -> tuple[str, ...]:
    said = "ok" if rates.share >= rates.aim else "under"
    bare = f"{median(rates.bare):,.0f}"
    return (
        rates.what, f"{rates.cases:,}", f"{rates.rate:,.1f}", bare, "", f"{rates.share:.2f}", f"{rates.aim:g}", said,
    )  # fmt: skip


def _dearer_line(each: Dearer) -> tuple[str, ...]:
    said = "ok" if each.ratio <= each.aim else "over"
    other, this = each.rates
    return (each.what, "", f"{this:,.1f}", f"{other:,.1f}", "", f"{each.ratio:.2f}", f"{each.aim:g}", said)


def _crowd_line(crowd: Crowd) -> tuple[str, ...]:
    said = "errors" if crowd.errors else "ok"
    return (crowd.what, f"{crowd.people:,}", f"{crowd.seconds:.1f}", f"{crowd.errors:,}", "", "", "", said)


def _weight_line(weight: Weight) -> tuple[str, ...]:
    said = "ok" if weight.first <= FIRST_VISIT and weight.after <= THEN and not weight.shift else "over"
    sizes = f"{weight.first / 1000:.1f} kB", f"{weight.after / 1000:.1f} kB"
    aim = f"{FIRST_VISIT // 1000}, {THEN // 1000} kB"
    return (weight.what, "", *sizes, f"{weight.slow:.1f}", f"{weight.shift:.3f}", aim, said)


FIRST_VISIT, THEN = 150_000, 20_000
"""Bytes that a browser may fetch for a page, compressed: with nothing in its cache, and afterwards."""


def _memory_lines(one: Memory) -> list[tuple[str, ...]]:
    limit = f"{one.most_ratio:g}, {one.most:g} MB"
    said = "too much" if one.over else "ok"
    return [
        (one.small.what, f"{one.small.rows:,}", f"{one.small.peak:.0f}", "", "", "", "", ""),
        (one.whole.what, f"{one.whole.rows:,}", f"{one.whole.peak:.0f}", "", "", f"{one.ratio:.2f}", limit, said),
    ]
