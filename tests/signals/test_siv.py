"""A column of numbers is opened as the library opens each of them, and not at all when one of them was changed."""

from base64 import urlsafe_b64encode

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from hypothesis import given
from hypothesis import strategies as st

from signals.keyring import Keyring, KeyUnknown
from signals.siv import Opener

OLD, NEW = b"o" * 32, b"n" * 32
numbers = st.lists(st.from_regex(r"[0-9]{9}", fullmatch=True), max_size=30)


@given(numbers, st.binary(min_size=32, max_size=32))
def test_a_column_is_opened_as_one_by_one(bsns: list[str], secret: bytes) -> None:
    ring = Keyring((secret,))
    kept = [ring.seal(bsn) for bsn in bsns]
    assert ring.open_all(kept) == [ring.open(text) for text in kept] == bsns


@pytest.mark.parametrize("size", [32, 48, 64])
def test_it_is_the_aes_siv_of_the_library_for_keys_of_every_size(size: int) -> None:
    key, about = bytes(range(size)), b"waarover"
    # Sealed by the library beside us, and not by what we would make of it ourselves.
    bsns = ["000000000", "999999999", "999900018"]
    kept = [urlsafe_b64encode(AESSIV(key).encrypt(bsn.encode(), [about])).decode().rstrip("=") for bsn in bsns]
    assert Opener(key, about).open(kept) == bsns
    assert Opener(key, b"iets anders").open(kept) is None
    assert Opener(key[::-1], about).open(kept) is None


@given(numbers.filter(bool), st.data())
def test_what_was_changed_is_told_wherever_it_stands(bsns: list[str], data: st.DataObject) -> None:
    ring = Keyring((NEW,))
    kept = [ring.seal(bsn) for bsn in bsns]
    row, place = data.draw(st.integers(0, len(kept) - 1)), data.draw(st.integers(0, len(kept[0]) - 2))
    text = kept[row]
    other = data.draw(st.sampled_from("AZaz09-_é").filter(lambda sign: sign != text[place]))
    kept[row] = text[:place] + other + text[place + 1 :]
    with pytest.raises(KeyUnknown) as told:
        ring.open_all(kept)
    assert not any(bsn in str(told.value) for bsn in bsns)


def test_two_texts_that_changed_places_in_part_are_not_opened() -> None:
    ring = Keyring((NEW,))
    one, other = ring.seal("999900018"), ring.seal("999900021")
    with pytest.raises(KeyUnknown):
        ring.open_all([one[:20] + other[20:], other[:20] + one[20:]])
    with pytest.raises(KeyUnknown):  # together as long as two whole ones
        ring.open_all([one + "A", other[:-1]])


def test_a_column_under_several_keys_is_opened_too() -> None:
    before, now = Keyring((OLD,)), Keyring((NEW, OLD))
    kept = [before.seal("999900018"), now.seal("999900021"), before.seal("999900021")]
    assert now.open_all(kept) == ["999900018", "999900021", "999900021"]
    assert now.open_all(kept[::2]) == ["999900018", "999900021"]
    with pytest.raises(KeyUnknown):
        Keyring((NEW,)).open_all(kept)


def test_what_is_no_number_of_nine_digits_is_opened_by_the_library() -> None:
    ring = Keyring((NEW,))
    kept = [ring.seal("12"), ring.seal("999900018")]
    assert ring.open_all(kept) == ["12", "999900018"]
