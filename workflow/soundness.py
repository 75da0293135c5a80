"""Whether a table of steps can be walked at all: asked when the table is read, so that no unsound one ever runs."""

from collections.abc import Iterator, Sequence

from workflow.move import Move, targets
from workflow.phases import OPEN, OUTCOMES, Outcome, Phase


class UnsoundTable(Exception):
    """The table of steps contradicts itself; the message names each row or phase and what is wrong with it."""


def require_sound(steps: Sequence[Move]) -> None:
    """Raise UnsoundTable unless every phase is reached and left, and every step and outcome is complete."""
    if faults := [*_of_steps(steps), *_of_phases(steps), *_of_outcomes(steps)]:
        raise UnsoundTable("; ".join(faults))


def _of_steps(steps: Sequence[Move]) -> Iterator[str]:
    names = [move.name for move in steps]
    for move in steps:
        if names.count(move.name) > 1:
            yield f"{move.name} is there twice"
        asked = [one.naam for one in move.fields]
        for missing in ("label", "basis", "van", "by"):
            if not getattr(move, missing):
                yield f"{move.name} has no {missing}"
        if len(asked) != len(set(asked)):
            yield f"{move.name} asks something twice"
        if move.implies is not None and move.implies not in names:
            yield f"{move.name} takes along {move.implies}, which is no step"
        closes = any(Phase.AFGESLOTEN in targets(move, van) for van in move.van if van in OPEN)
        if closes != bool(move.outcomes):
            yield f"{move.name} {'closes without an outcome' if closes else 'has an outcome and does not close'}"


def _of_phases(steps: Sequence[Move]) -> Iterator[str]:
    ways = {van: {to for move in steps if van in move.van for to in targets(move, van)} for van in Phase}
    reached, todo = {Phase.ONTVANGEN}, [Phase.ONTVANGEN]
    while todo:
        fresh = ways[todo.pop()] - reached
        reached |= fresh
        todo += fresh
    for phase in Phase:
        if phase not in reached:
            yield f"no step leads to {phase}"
        if not ways[phase] - {phase}:
            yield f"no step leads out of {phase}"


def _of_outcomes(steps: Sequence[Move]) -> Iterator[str]:
    reached = {outcome for move in steps for outcome in move.outcomes}
    for outcome in Outcome:
        if outcome not in reached:
            yield f"no step gives the outcome {outcome}"
        if outcome not in OUTCOMES:
            yield f"{outcome} is told to UWV as nothing"
