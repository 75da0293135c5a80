"""The arithmetic behind the figures: intervals, quantiles, survival; knows nothing of cases."""

import math
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

Z_95 = 1.959963984540054
"""The 97.5th percentile of the normal distribution: two sides of 95%."""


@dataclass(frozen=True)
class Rate:
    """A share with its numerator, denominator and 95% Wilson interval; no value when there is nothing to divide by."""

    teller: int
    noemer: int

    @property
    def waarde(self) -> float | None:
        """The share, 0 to 1."""
        return self.teller / self.noemer if self.noemer else None

    @property
    def interval(self) -> tuple[float, float] | tuple[None, None]:
        """The Wilson interval."""
        return wilson(self.teller, self.noemer)

    def as_dict(self) -> dict[str, Any]:
        """As the contract prints it."""
        low, high = self.interval
        return {"teller": self.teller, "noemer": self.noemer, "waarde": self.waarde, "laag": low, "hoog": high}


@dataclass(frozen=True)
class Duration:
    """Calendar days: how many were measured, their median and 90th percentile.

    `km`: (Kaplan-Meier median or None) where that is part of the figure; absent elsewhere.
    """

    n: int
    mediaan: float | None
    p90: float | None
    km: tuple[float | None] | None = None
    km_n: int = 0

    def as_dict(self) -> dict[str, Any]:
        """As the contract prints it; `km_mediaan` only where it is part of the figure."""
        shown: dict[str, Any] = {"n": self.n, "mediaan": self.mediaan, "p90": self.p90}
        return shown if self.km is None else {**shown, "km_mediaan": self.km[0]}


@dataclass(frozen=True)
class Step:
    """A place on a survival curve: from this day on `aandeel` still waits; `gevolgd` were watched until this day."""

    dag: int
    aandeel: float
    gevolgd: int


@dataclass(frozen=True)
class Curve:
    """A survival curve: where it begins, and every day on which the watching of somebody ended."""

    steps: tuple[Step, ...]

    def as_dict(self) -> dict[str, Any]:
        """The steps by their day, as a split is printed."""
        return {str(step.dag): {"aandeel": step.aandeel, "gevolgd": step.gevolgd} for step in self.steps}


def wilson(successes: int, trials: int) -> tuple[float, float] | tuple[None, None]:
    """The 95% Wilson score interval of a share; (None, None) without trials."""
    if trials == 0:
        return (None, None)
    share, square = successes / trials, Z_95**2
    centre = share + square / (2 * trials)
    margin = Z_95 * math.sqrt(share * (1 - share) / trials + square / (4 * trials**2))
    scale = 1 + square / trials
    # At 0 and at all the formula gives an end of exactly 0 or 1, but for the rounding of the machine.
    low = 0.0 if successes == 0 else (centre - margin) / scale
    high = 1.0 if successes == trials else (centre + margin) / scale
    return (low, high)


def quantile(ordered: Sequence[float], share: float) -> float:
    """The value below which a share of ordered values lies, by linear interpolation between neighbours."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])


def duration(days: "pd.Series[Any]") -> Duration:
    """Median and 90th percentile by linear interpolation; missing values are left out."""
    measured = sorted(days.dropna().tolist())
    if not measured:
        return Duration(0, None, None)
    return Duration(len(measured), float(quantile(measured, 0.5)), float(quantile(measured, 0.9)))


def survival(days: Iterable[int], happened: Iterable[bool]) -> dict[int, float]:
    """The Kaplan-Meier curve: {day on which something happened: the share for which it had not happened yet}.

    days: observed days per subject. happened: True where the observation ended with the event, False where it was
    censored. Who is censored on a day was still at risk on that day.
    """
    seen = Counter(zip(days, happened, strict=True))
    at_risk, share, curve = sum(seen.values()), 1.0, {}
    for day in sorted({day for day, _ in seen}):
        if events := seen[day, True]:
            share *= 1 - events / at_risk
            curve[int(day)] = share
        at_risk -= events + seen[day, False]
    return curve


def survival_curve(days: Sequence[int], happened: Sequence[bool]) -> Curve:
    """The curve of `survival` as it is drawn; without steps when nobody was watched."""
    watched = sorted(int(day) for day in days)
    if not watched:
        return Curve(())
    falls, left, steps = survival(days, happened), 1.0, []
    for day in sorted({0, *watched}):
        left = falls.get(day, left)
        steps.append(Step(day, left, len(watched) - bisect_left(watched, day)))
    return Curve(tuple(steps))


def survival_median(days: Iterable[int], happened: Iterable[bool]) -> float | None:
    """The first day on which the curve is one half or lower; None when it stays above."""
    # A product of fractions that is exactly one half may come out a hair above it.
    reached = (day for day, share in survival(days, happened).items() if share <= 0.5 + 1e-12)
    return next((float(day) for day in reached), None)
