"""The arithmetic, against numbers worked out by hand."""

import pandas as pd
import pytest

from exports.statistics import Rate, duration, survival, survival_median, wilson


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
    measured = duration(pd.Series([10, None, 20, 30, 100]))
    # Position 0.9 * 3 = 2.7 between 30 and 100.
    assert (measured.n, measured.mediaan, measured.p90) == (4, 25.0, pytest.approx(79.0))
    assert duration(pd.Series([], dtype=float)).as_dict() == {"n": 0, "mediaan": None, "p90": None}


def test_kaplan_meier_steps_by_hand():
    # Day 1: 1 of 5. Day 2: one censored. Day 3: 1 of 3. Day 4: 1 of 2, one censored that day is still at risk.
    days = [1, 2, 3, 4, 4]
    happened = [True, False, True, True, False]
    assert survival(days, happened) == {
        1: pytest.approx(4 / 5),
        3: pytest.approx(4 / 5 * 2 / 3),
        4: pytest.approx(4 / 5 * 2 / 3 * 1 / 2),
    }
    assert survival_median(days, happened) == 4.0


def test_a_curve_that_stays_above_one_half_has_no_median():
    assert survival_median([5, 9, 9], [True, False, False]) is None
    assert survival_median([], []) is None


def test_a_curve_that_touches_one_half_has_its_median_there():
    # 3/4 * 2/3 is one half, but not in binary fractions.
    assert survival_median([1, 2, 9, 9], [True, True, False, False]) == 2.0
