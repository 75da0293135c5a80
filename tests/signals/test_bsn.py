import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.bsn import WEIGHTS, mask, mask_in, may_hold_bsn, passes_elfproef


@given(st.integers(0, 999_999_999))
def test_the_elfproef_is_the_weighted_sum_modulo_eleven_of_nine_digits_not_all_zero(number: int) -> None:
    bsn = f"{number:09d}"
    weighted = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, bsn, strict=True))
    assert passes_elfproef(bsn) == (weighted % 11 == 0 and number > 0)


@given(st.text())
def test_only_nine_ascii_digits_can_pass(text: str) -> None:
    assert not passes_elfproef(text) or (len(text) == 9 and text.isascii() and text.isdigit())


def test_other_digits_than_ours_are_no_digits() -> None:
    assert passes_elfproef("999990019")
    assert not passes_elfproef("99999001²")
    assert not passes_elfproef("٩٩٩٩٩٠٠١٩")


def test_a_mask_leaves_the_last_three() -> None:
    assert mask("999990019") == "******019"
    assert mask(None) == ""


@pytest.mark.parametrize("day", ["20-11-2026", "07-11-2026", "8 1 2027", "2026-11-20", "24.12.2026"])
def test_a_day_is_no_number_of_a_person(day: str) -> None:
    assert not may_hold_bsn(f"UWV levert uiterlijk {day} opnieuw.")
    assert mask_in(day) == day


@pytest.mark.parametrize("number", ["999990019", "9999 900 19", "999-990-019", "9999.90.019", "99999 0019"])
def test_a_number_of_a_person_is_found_however_it_is_written(number: str) -> None:
    assert may_hold_bsn(f"Van {number} weten wij niets.")
    assert set(mask_in(number)) == {"*"}
