"""How the figures of a benchmark are shown: a table for people, an object for programs."""

import os
import platform
import sqlite3
from collections.abc import Sequence
from statistics import median
from typing import Any

from tests.bench.measure import Memory, Runs

_HEADER = ("what", "rows", "median s", "min-max", "rows/s", "ratio", "limit", "")
_MEMORY_HEADER = ("memory of the process", "rows", "peak MB", "", "", "ratio", "limit", "")


def verdict(runs: Runs) -> str:
    """`over` above the aim, `too slow` above the hard limit."""
    if runs.ratio is None or runs.aim is None:
        return ""
    if runs.limit is not None and runs.ratio > runs.limit:
        return "too slow"
    return "over" if runs.ratio > runs.aim else "ok"


def too_much(speed: Sequence[Runs], memory: Sequence[Memory]) -> bool:
    """Whether anything is above a hard limit."""
    return any(verdict(runs) == "too slow" for runs in speed) or any(one.over for one in memory)


def machine(postgres: str) -> dict[str, Any]:
    """On what it was measured."""
    return {
        "cpus": os.cpu_count(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "postgresql": postgres,
    }


def as_text(speed: Sequence[Runs], memory: Sequence[Memory], on: dict[str, Any]) -> str:
    """Both tables, and on what they were measured."""
    lines = [_HEADER, *map(_speed_line, speed), ("",) * len(_HEADER), _MEMORY_HEADER]
    for one in memory:
        lines += _memory_lines(one)
    widths = [max(len(line[column]) for line in lines) for column in range(len(_HEADER))]
    rows = [
        "  ".join(
            cell.ljust(width) if column in (0, len(_HEADER) - 1) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]
    told = ", ".join(f"{name} {value}" for name, value in on.items())
    return "\n".join([*rows, "", f"{told}; {len(speed[0].seconds)} runs each. Counts of every load: right."])


def as_object(speed: Sequence[Runs], memory: Sequence[Memory], on: dict[str, Any]) -> dict[str, Any]:
    """The same, with every run."""
    return {
        "machine": on,
        "speed": [
            {
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
            for runs in speed
        ],
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
            for one in memory
        ],
        "too_much": too_much(speed, memory),
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


def _memory_lines(one: Memory) -> list[tuple[str, ...]]:
    limit = f"{one.most_ratio:g}, {one.most:g} MB"
    said = "too much" if one.over else "ok"
    return [
        (one.small.what, f"{one.small.rows:,}", f"{one.small.peak:.0f}", "", "", "", "", ""),
        (one.whole.what, f"{one.whole.rows:,}", f"{one.whole.peak:.0f}", "", "", f"{one.ratio:.2f}", limit, said),
    ]
