from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.dates import (
    add_months,
    as_date,
    birth_date,
    birth_date_text,
    complete_date,
    dutch_date,
    is_future,
    shorter_than_four_months,
)

TODAY = date(2026, 9, 1)


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_day_reads_the_same_in_its_three_notations(day: date) -> None:
    for notation in ("%Y%m%d", "%d-%m-%Y", "%Y-%m-%d"):
        digits = complete_date(day.strftime(notation))
        assert digits == f"{day:%Y%m%d}"
        assert as_date(digits) == day


@given(st.text())
def test_whatever_comes_in_a_date_is_eight_digits_or_nothing(text: str) -> None:
    for read in (complete_date, birth_date):
        digits = read(text)
        assert digits is None or (len(digits) == 8 and digits.isascii() and digits.isdigit())


@pytest.mark.parametrize(
    "text", ["19880412", "19880400", "19880000", "00000000", "20240229", "12-04-1988", "1988-04-12"]
)
def test_birth_dates_that_are_legal(text: str) -> None:
    assert birth_date(text) is not None


@pytest.mark.parametrize(
    "text",
    [
        "19880012",
        "00000400",
        "19881300",
        "19880230",
        "20230229",
        "00-04-1988",
        "1988",
        "12/04/1988",
        "１９８８０４１２",
    ],
)
def test_birth_dates_that_are_not(text: str) -> None:
    assert birth_date(text) is None


def test_a_partly_unknown_date_is_future_only_when_all_it_can_be_is() -> None:
    assert is_future("20260902", TODAY) and not is_future("20260901", TODAY)
    assert is_future("20261000", TODAY) and not is_future("20260900", TODAY)
    assert is_future("20270000", TODAY) and not is_future("20260000", TODAY)
    assert not is_future("00000000", TODAY)


def test_how_people_read_a_birth_date() -> None:
    assert birth_date_text("19880412") == "12 april 1988"
    assert birth_date_text("19880400") == "april 1988"
    assert birth_date_text("19880000") == "1988"
    assert birth_date_text("00000000") == "onbekend"
    assert dutch_date(date(2026, 3, 2)) == "2 maart 2026"


def test_months_end_on_the_same_number_or_the_last_day() -> None:
    assert add_months(date(2025, 10, 31), 4) == date(2026, 2, 28)
    assert add_months(date(2027, 12, 31), 1) == date(2028, 1, 31)
    assert add_months(date(2026, 6, 30), 6) == date(2026, 12, 30)
    assert add_months(date(2025, 9, 15), 4) == date(2026, 1, 15)
    assert add_months(date(2024, 2, 29), -120) == date(2014, 2, 28)


@given(st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1)), st.integers(0, 400))
def test_four_months_are_full_on_the_day_four_months_on(begin: date, days: int) -> None:
    end = begin + timedelta(days=days)
    assert shorter_than_four_months(begin, end) == (end < add_months(begin, 4))
