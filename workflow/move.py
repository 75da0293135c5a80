"""What a step is: the columns of the table of steps."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow.case_file import CaseFile
from workflow.checks import Check
from workflow.deadlines import Term
from workflow.fields import Field
from workflow.guards import Guard
from workflow.models import LetterKind
from workflow.phases import Outcome, Phase, Role


@dataclass(frozen=True)
class Same:
    """The case stays in its phase, except from the phases named."""

    except_from: Mapping[Phase, Phase] = field(default_factory=dict)


@dataclass(frozen=True)
class OneOf:
    """Where the case goes depends on the case and on what was decided."""

    phases: tuple[Phase, ...]
    choose: Callable[[CaseFile, Mapping[str, Any]], Phase]


@dataclass(frozen=True)
class Move:
    """One legal step."""

    name: str
    label: str
    van: tuple[Phase, ...]
    to: Phase | Same | OneOf
    by: frozenset[Role]
    needs: Sequence[Guard] = ()
    fields: Sequence[Field] = ()
    valid: Sequence[Check] = ()
    """Values that are impossible for this case: answered as a fault of the field."""
    checks: Sequence[Check] = ()
    """Conditions that look at what was filled in as well: answered as a blocker."""
    letter: LetterKind | None = None
    term: Term | None = None
    outcomes: frozenset[Outcome] = frozenset()
    implies: str | None = None
    basis: str = ""
    effect: str = ""
    """What else it changes, in words, for the diagram and the manual; the doing is in effects.py under this name."""


def targets(move: Move, phase: Phase) -> tuple[Phase, ...]:
    """The phases in which a case can stand after this step from this phase."""
    if isinstance(move.to, OneOf):
        return move.to.phases
    if isinstance(move.to, Same):
        return (move.to.except_from.get(phase, phase),)
    return (move.to,)
