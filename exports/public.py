"""What the public may see of a figure: counts rounded to five, and nothing that rests on fewer than five people."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from exports.statistics import Curve, Duration, Rate

LEAST = 5
"""Fewer than this is shown to nobody outside the project."""


@dataclass(frozen=True)
class Money:
    """A sum over signals, counted in cents."""

    signalen: int
    cent: int

    def as_dict(self) -> dict[str, Any]:
        """The number of signals and the sum in euros."""
        return {"signalen": self.signalen, "bedrag": self.cent / 100}


def rounded(count: int) -> int:
    """To the nearest five, halves up."""
    return (count + LEAST // 2) // LEAST * LEAST


def public(value: Any) -> Any:
    """A figure as the public edition prints it; suppressed parts are None."""
    if isinstance(value, Mapping):
        return {name: public(part) for name, part in value.items()}
    if isinstance(value, Rate):
        return _rate(value)
    if isinstance(value, Duration):
        return _duration(value)
    if isinstance(value, Curve):
        return None  # a step down is often one person, and it names the day
    if isinstance(value, Money):
        sum_shown = value.as_dict()["bedrag"] if value.signalen >= LEAST else None
        return {"signalen": rounded(value.signalen), "bedrag": sum_shown}
    return None if value is None else rounded(value)


def _rate(rate: Rate) -> dict[str, Any]:
    shown = rate.as_dict()
    enough = min(rate.teller, rate.noemer - rate.teller) >= LEAST
    percents = {name: round(shown[name], 2) if enough else None for name in ("waarde", "laag", "hoog")}
    return {"teller": rounded(rate.teller), "noemer": rounded(rate.noemer), **percents}


def _duration(duration: Duration) -> dict[str, Any]:
    shown = duration.as_dict()
    shown["n"] = rounded(duration.n)
    if duration.n < LEAST:
        shown["mediaan"] = shown["p90"] = None
    if "km_mediaan" in shown and duration.km_n < LEAST:
        shown["km_mediaan"] = None
    return shown
