"""What the faults came to, as one table at the end of the run."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import pytest

PROPERTY = "fault"
"""Under which an outcome travels with the report of its test, also from another process."""
_HEADINGS = ("fault", "runs", "under", "lost", "twice", "no answer, at most", "findings")


@dataclass(frozen=True)
class Outcome:
    """Of one fault. runs: how often it was brought about. under: what went on meanwhile; did: how much of that.

    lost, twice: of what people were told was done. silence: seconds that anybody went without an answer, at most; None
    where nobody waits. findings: of `rni verify` afterwards.
    """

    fault: str
    runs: int
    under: str = ""
    did: Mapping[str, int] = field(default_factory=dict)
    silence: float | None = None
    lost: int = 0
    twice: int = 0
    findings: int = 0

    def __add__(self, other: "Outcome") -> "Outcome":
        """Both, of the same fault."""
        return Outcome(
            self.fault,
            self.runs + other.runs,
            self.under,
            Counter(self.did) + Counter(other.did),
            max(filter(None, (self.silence, other.silence)), default=None),
            self.lost + other.lost,
            self.twice + other.twice,
            self.findings + other.findings,
        )

    def cells(self) -> tuple[str, ...]:
        """As it stands in the table."""
        silence = "-" if self.silence is None else f"{self.silence:.1f} s"
        under = ", ".join(filter(None, (self.under, *(f"{number} {what}" for what, number in self.did.items()))))
        return self.fault, str(self.runs), under, str(self.lost), str(self.twice), silence, str(self.findings)


class Outcomes:
    """Of one test."""

    def __init__(self, keep: Any) -> None:
        self._keep = keep

    def tell(self, outcome: Outcome) -> None:
        """Nothing may be lost or done twice; whatever it was stands in the table."""
        self._keep(PROPERTY, asdict(outcome))
        assert (outcome.lost, outcome.twice, outcome.findings) == (0, 0, 0), outcome


def table(reports: Iterable[Any]) -> list[str]:
    """A line for each outcome, below its headings; none without outcomes."""
    found: dict[tuple[str, str], Outcome] = {}
    for report in reports:
        for name, told in getattr(report, "user_properties", ()):
            if name == PROPERTY and report.when == "call":
                one = Outcome(**told)
                place = one.fault, one.under
                found[place] = found[place] + one if place in found else one
    if not found:
        return []
    rows = [found[place].cells() for place in sorted(found)]
    lines = [_HEADINGS, *rows]
    widths = [max(len(line[place]) for line in lines) for place in range(len(_HEADINGS))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines]


def show(reporter: pytest.TerminalReporter) -> None:
    """At the end of the run."""
    lines = table(report for kind in ("passed", "failed") for report in reporter.stats.get(kind, ()))
    if lines:
        reporter.section("faults")
        for line in lines:
            reporter.line(line)
