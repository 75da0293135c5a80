"""The arithmetic behind the figures: intervals, quantiles, survival; knows nothing of cases."""

import math
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


def duration(days: "pd.Series[Any]") -> Duration:
    """Median and 90th percentile by linear interpolation; missing values are left out."""
    measured = days.dropna()
    if measured.empty:
        return Duration(0, None, None)
    median, p90 = (float(measured.quantile(q, interpolation="linear")) for q in (0.5, 0.9))
    return Duration(len(measured), median, p90)


def survival(days: "pd.Series[Any]", happened: "pd.Series[Any]") -> "pd.Series[Any]":
    """The Kaplan-Meier curve: by day on which something happened, the share for which it had not happened yet.

    days: observed days per subject. happened: True where the observation ended with the event, False where it was
    censored. Who is censored on a day was still at risk on that day.
    """
    by_day = (
        pd.DataFrame({"day": days, "happened": happened.astype(int)}).groupby("day")["happened"].agg(["sum", "size"])
    )
    at_risk = len(days) - by_day["size"].cumsum().shift(fill_value=0)
    curve = (1 - by_day["sum"] / at_risk).cumprod()
    return curve[by_day["sum"] > 0]


def survival_median(days: "pd.Series[Any]", happened: "pd.Series[Any]") -> float | None:
    """The first day on which the curve is one half or lower; None when it stays above."""
    curve = survival(days, happened)
    # A product of fractions that is exactly one half may come out a hair above it.
    reached = curve[curve <= 0.5 + 1e-12]
    return float(reached.index[0]) if len(reached) else None
