"""A table of steps that contradicts itself is refused when it is read, with the row that is wrong."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from workflow import soundness
from workflow.move import Move, Same
from workflow.phases import OUTCOMES, Outcome, Phase
from workflow.soundness import UnsoundTable, require_sound
from workflow.transitions import STEPS

Steps = Sequence[Move]


def changed(name: str, **columns: object) -> Callable[[Steps], Steps]:
    """The table with other columns in one row."""
    return lambda steps: [replace(move, **columns) if move.name == name else move for move in steps]  # type: ignore[arg-type]


def without(*names: str) -> Callable[[Steps], Steps]:
    """The table without these rows."""
    return lambda steps: [move for move in steps if move.name not in names]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (changed("neem_besluit", basis=""), "neem_besluit has no basis"),
        (changed("neem_besluit", label=""), "neem_besluit has no label"),
        (changed("neem_besluit", by=frozenset()), "neem_besluit has no by"),
        (changed("heropen", van=()), "heropen has no van"),
        (changed("verstuur_voornemen", to=Same()), "no step leads to voornemen"),
        (without("beslis_op_bezwaar"), "no step leads out of bezwaar"),
        (without("stel_vast_overleden"), "no step gives the outcome overleden"),
        (changed("stel_vast_overleden", outcomes=frozenset()), "stel_vast_overleden closes without an outcome"),
        (changed("wijs_toe", outcomes=frozenset({Outcome.OVERLEDEN})), "wijs_toe has an outcome and does not close"),
        (changed("verstuur_voornemen", implies="begin"), "verstuur_voornemen takes along begin, which is no step"),
        (lambda steps: [*steps, steps[0]], "wijs_toe is there twice"),
        (lambda steps: changed("heropen", fields=[*steps[0].fields] * 2)(steps), "heropen asks something twice"),
    ],
)
def test_what_is_wrong_with_a_table_is_told(change: Callable[[Steps], Steps], told: str) -> None:
    require_sound(STEPS)
    with pytest.raises(UnsoundTable) as unsound:
        require_sound(change(STEPS))
    assert told in str(unsound.value).split("; ")


def test_an_outcome_that_uwv_is_never_told_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {outcome: meaning for outcome, meaning in OUTCOMES.items() if outcome != Outcome.OVERLEDEN}
    monkeypatch.setattr(soundness, "OUTCOMES", known)
    with pytest.raises(UnsoundTable, match=r"^overleden is told to UWV as nothing$"):
        require_sound(STEPS)


def test_a_phase_that_only_loops_has_no_way_out() -> None:
    stays = [replace(move, to=Same()) if Phase.BEZWAAR in move.van else move for move in STEPS]
    with pytest.raises(UnsoundTable, match="no step leads out of bezwaar"):
        require_sound(stays)
