"""The arithmetic behind the figures: intervals, quantiles, survival; knows nothing of cases."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Counts: TypeAlias = NDArray[np.int64]

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
class Days:
    """How often each number of days occurs: `counts[k]` times `lowest + k`."""

    lowest: int
    counts: Counts

    @classmethod
    def of(cls, values: Sequence[int], lowest: int | None = None, highest: int | None = None) -> "Days":
        """From the numbers themselves; lowest and highest where two must lie beside each other."""
        first = lowest if lowest is not None else min(values, default=0)
        last = highest if highest is not None else max(values, default=0)
        return cls(first, np.bincount(np.asarray(values, np.int64) - first, minlength=last - first + 1))

    @property
    def n(self) -> int:
        """How many were measured."""
        return int(self.counts.sum())

    def quantile(self, share: float) -> float:
        """The value below which a share of them lies, by linear interpolation between neighbours; n must not be 0."""
        place = share * (self.n - 1)
        below = math.floor(place)
        ranks = (below, min(below + 1, self.n - 1))
        low, high = (self.lowest + int(at) for at in np.searchsorted(np.cumsum(self.counts), ranks, side="right"))
        return low + (place - below) * (high - low)


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


def duration(days: Days) -> Duration:
    """Median and 90th percentile by linear interpolation."""
    if not days.n:
        return Duration(0, None, None)
    return Duration(days.n, float(days.quantile(0.5)), float(days.quantile(0.9)))


def survival(watched: Days, happened: Days) -> dict[int, float]:
    """The Kaplan-Meier curve: {day on which something happened: the share for which it had not happened yet}.

    watched: after how many days the watching of each ended. happened: of those the ones that ended with the event; the
    others are censored, and who is censored on a day was still at risk on that day. Both from the same lowest day.
    """
    at_risk = watched.n - np.cumsum(watched.counts) + watched.counts
    (falls,) = np.nonzero(happened.counts)
    shares = np.cumprod(1 - happened.counts[falls] / at_risk[falls])
    return dict(zip((watched.lowest + falls).tolist(), shares.tolist(), strict=True))


def survival_curve(watched: Days, happened: Days) -> Curve:
    """The curve of `survival` as it is drawn; without steps when nobody was watched."""
    if not watched.n:
        return Curve(())
    falls, left, steps = survival(watched, happened), 1.0, []
    ended = np.cumsum(watched.counts)
    days = watched.lowest + np.nonzero(watched.counts)[0]
    for day in sorted({0, *days.tolist()}):
        left = falls.get(day, left)
        earlier = day - watched.lowest - 1
        steps.append(Step(day, left, watched.n - (int(ended[earlier]) if earlier >= 0 else 0)))
    return Curve(tuple(steps))


def survival_median(watched: Days, happened: Days) -> float | None:
    """The first day on which the curve is one half or lower; None when it stays above."""
    # A product of fractions that is exactly one half may come out a hair above it.
    reached = (day for day, share in survival(watched, happened).items() if share <= 0.5 + 1e-12)
    return next((float(day) for day in reached), None)
