"""The ways in which we say no: one class per kind of answer, every answer with all its reasons."""

import re
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Reason:
    """Why something cannot be done: a stable code for scripts, a Dutch sentence for people.

    `veld` names the field, column or step the sentence is about, in the spelling of the door it came through.
    """

    code: str
    uitleg: str
    veld: str | None = None


class DomainError(Exception):
    """The user's fault, told in a sentence; never a traceback."""

    def __init__(self, reasons: Reason | Iterable[Reason]) -> None:
        self.reasons = (reasons,) if isinstance(reasons, Reason) else tuple(reasons)
        super().__init__("; ".join(reason.code for reason in self.reasons))

    @property
    def uitleg(self) -> str:
        """All sentences in one."""
        return " ".join(reason.uitleg for reason in self.reasons)


class NotFound(DomainError):
    """Not there, or not for whoever asks: the two look the same."""


class Forbidden(DomainError):
    """There, but this role may not do it."""


class Invalid(DomainError):
    """What was sent is faulty: one reason per field."""


class TooLarge(DomainError):
    """More in one piece than is taken."""


class Refused(DomainError):
    """Well-formed, but it cannot be done as things stand."""


class Stale(Refused):
    """Somebody else was first; the reasons say what changed."""


def named(number: str, series: str) -> str:
    """How a refusal calls what was asked for: by a number of that form (series: `LD-`), or not at all.

    Whatever else somebody asks for may be a person's, and is not repeated.
    """
    return f"nummer {number}" if re.fullmatch(rf"{series}\d{{4}}-\d{{4,10}}", number) else "dit nummer"
