from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.address import address_key, address_line, mended_postcode


@pytest.mark.parametrize(("text", "mended"), [("3181JJ", "3181JJ"), ("3181 jj", "3181JJ"), ("3181  Jj", "3181JJ")])
def test_space_and_case_of_a_postcode_are_mended(text: str, mended: str) -> None:
    assert mended_postcode(text) == mended


@pytest.mark.parametrize(
    "text", ["0181JJ", "3181SA", "3181SD", "3181ss", "3181J", "31811JJ", "3181JJJ", "", "３１８１JJ"]
)
def test_what_is_no_postcode(text: str) -> None:
    assert mended_postcode(text) is None


@given(st.text())
def test_a_mended_postcode_stays_as_it_is(text: str) -> None:
    mended = mended_postcode(text)
    assert mended is None or mended_postcode(mended) == mended


def test_who_lives_together_has_one_key() -> None:
    key = address_key("3181JJ", 271, "b", "3H", "Molenweg", "Rozenburg")
    assert key == address_key("3181JJ", "271", "B", "3h", "", "")
    assert key != address_key("3181JJ", 271, "", "3H", "Molenweg", "Rozenburg")
    assert address_key("", 1, "", "", "Molenweg", "Rozenburg") == address_key("", 1, "", "", "MOLENWEG", "rozenburg")


def test_an_address_on_one_line() -> None:
    place = {"straatnaam": "Molenweg", "huisnummer": 271, "huisletter": "", "huisnummertoevoeging": "3H"}
    assert address_line(SimpleNamespace(**place, postcode="3181JJ", woonplaats="Rozenburg")) == (
        "Molenweg 271 3H, 3181 JJ Rozenburg"
    )
    assert address_line(SimpleNamespace(**place | {"straatnaam": ""}, postcode="3181JJ", woonplaats="")) == (
        "271 3H, 3181 JJ"
    )
