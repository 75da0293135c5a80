"""The arithmetic, against numbers worked out by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exports.statistics import Days, Rate, duration, survival, survival_curve, survival_median, wilson


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # 8/10: centre (0.8 + 3.8415/20) / 1.38415 = 0.716742, margin 1.95996 * sqrt(0.016 + 0.0096036) / 1.38415
        (8, 10, 0.490162, 0.943318),
        # 0/10: high = (3.8415/20 + 3.8415/20) / 1.38415
        (0, 10, 0.0, 0.277533),
        (10, 10, 0.722467, 1.0),
        # 50/100: 0.5 plus or minus 1.95996 * sqrt(0.0025 + 0.00009604) / 1.038415
        (50, 100, 0.403832, 0.596168),
    ],
)
def test_the_wilson_interval(successes, trials, low, high):
    assert wilson(successes, trials) == (pytest.approx(low, abs=1e-6), pytest.approx(high, abs=1e-6))


def test_a_rate_over_nothing_has_no_value():
    assert Rate(0, 0).as_dict() == {"teller": 0, "noemer": 0, "waarde": None, "laag": None, "hoog": None}


def test_median_and_p90_interpolate_linearly():
    measured = duration(Days.of([100, 10, 30, 20]))
    # Position 0.9 * 3 = 2.7 between 30 and 100.
    assert (measured.n, measured.mediaan, measured.p90) == (4, 25.0, pytest.approx(79.0))
    assert duration(Days.of([])).as_dict() == {"n": 0, "mediaan": None, "p90": None}


def watched(days, happened):
    """After how many days the watching of each ended, and of whom with the event."""
    ends = {"lowest": min(days, default=0), "highest": max(days, default=0)}
    return Days.of(days, **ends), Days.of([day for day, event in zip(days, happened, strict=True) if event], **ends)


def test_kaplan_meier_steps_by_hand():
    # Day 1: 1 of 5. Day 2: one censored. Day 3: 1 of 3. Day 4: 1 of 2, one censored that day is still at risk.
    days = [1, 2, 3, 4, 4]
    happened = [True, False, True, True, False]
    assert survival(*watched(days, happened)) == {
        1: pytest.approx(4 / 5),
        3: pytest.approx(4 / 5 * 2 / 3),
        4: pytest.approx(4 / 5 * 2 / 3 * 1 / 2),
    }
    assert survival_median(*watched(days, happened)) == 4.0


def test_a_curve_that_stays_above_one_half_has_no_median():
    assert survival_median(*watched([5, 9, 9], [True, False, False])) is None
    assert survival_median(*watched([], [])) is None


def test_a_curve_that_touches_one_half_has_its_median_there():
    # 3/4 * 2/3 is one half, but not in binary fractions.
    assert survival_median(*watched([1, 2, 9, 9], [True, True, False, False])) == 2.0


def redistributed(days, happened):
    """The same curve the other way round (Efron 1967), in whole fractions: everybody carries an equal weight, and who
    is censored leaves it in equal parts to those who were watched longer; what has not happened yet is what still
    waits.
    """
    order = sorted(zip(days, happened, strict=True), key=lambda each: (each[0], not each[1]))
    weights = [Fraction(1, len(order))] * len(order)
    for place, (_, event) in enumerate(order):
        behind = len(order) - place - 1
        if not event and behind:
            share = weights[place] / behind
            weights = [*weights[: place + 1], *(weight + share for weight in weights[place + 1 :])]
            weights[place] = Fraction(0)
    left, curve = Fraction(1), {}
    for (day, event), weight in zip(order, weights, strict=True):
        if event:
            left -= weight
            curve[day] = left
    return curve


@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=40))
def test_the_curve_is_the_one_that_handing_on_the_weights_of_the_censored_gives(people):
    days, happened = [day for day, _ in people], [event for _, event in people]
    curve = survival_curve(*watched(days, happened))
    shares = {step.dag: step.aandeel for step in curve.steps}
    falls = {day: float(share) for day, share in redistributed(days, happened).items()}
    assert {day: shares[day] for day in falls} == pytest.approx(falls, abs=1e-12)
    assert set(shares) == {0, *days}
    assert [step.gevolgd for step in curve.steps] == [sum(day >= step.dag for day in days) for step in curve.steps]
    assert list(shares) == sorted(shares)


def test_a_curve_has_a_step_for_every_day_on_which_somebody_leaves():
    # Day 1: 1 of 5; day 3: 1 of 3; the last of all is watched until day 9.
    assert survival_curve(*watched([1, 2, 3, 9, 9], [True, False, True, False, False])).as_dict() == {
        "0": {"aandeel": 1.0, "gevolgd": 5},
        "1": {"aandeel": pytest.approx(4 / 5), "gevolgd": 5},
        "2": {"aandeel": pytest.approx(4 / 5), "gevolgd": 4},
        "3": {"aandeel": pytest.approx(8 / 15), "gevolgd": 3},
        "9": {"aandeel": pytest.approx(8 / 15), "gevolgd": 2},
    }
    assert survival_curve(*watched([], [])).as_dict() == {}
