"""Numbers that lie sealed: found by equality under whichever key, and by nobody without one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from signals.keyring import LENGTH, Key, Keyring, KeyUnknown, keyring, use_keys
from signals.sealing import forms, mark_of, sealed_text, unsealed_text

OLD, NEW = b"o" * 32, b"n" * 32
BSN = "999900018"


@given(st.from_regex(r"[0-9]{9}", fullmatch=True))
def test_a_number_comes_back_and_is_nowhere_in_what_is_kept(bsn: str) -> None:
    ring = Keyring((NEW, OLD))
    kept = ring.seal(bsn)
    assert len(kept) == LENGTH and bsn not in kept and ring.open(kept) == bsn
    assert ring.seal(bsn) == kept, "else it could not be found"


def test_another_key_gives_another_text_and_older_ones_still_open() -> None:
    before, now = Keyring((OLD,)), Keyring((NEW, OLD))
    kept = before.seal(BSN)
    assert now.seal(BSN) != kept and now.open(kept) == BSN
    assert now.forms(BSN) == (now.seal(BSN), kept)
    with pytest.raises(KeyUnknown):
        Keyring((NEW,)).open(kept)


@pytest.mark.parametrize("place", range(LENGTH - 1))  # of the last sign two bits mean nothing
def test_what_was_changed_is_not_opened(place: int) -> None:
    ring = Keyring((NEW,))
    kept = ring.seal(BSN)
    other = "A" if kept[place] != "A" else "B"
    with pytest.raises(KeyUnknown) as told:
        ring.open(kept[:place] + other + kept[place + 1 :])
    assert BSN not in str(told.value)
    for changed in (kept[:place] + other + kept[place + 1 :], kept[:place] + "!" + kept[place + 1 :], kept[:-1]):
        with pytest.raises(KeyUnknown) as told:
            ring.open_many([kept, changed, kept])
        assert BSN not in str(told.value)


@given(st.lists(st.tuples(st.from_regex(r"[0-9]{9}", fullmatch=True), st.booleans())))
def test_many_numbers_open_in_their_order_under_whichever_keys(bsns: list[tuple[str, bool]]) -> None:
    old, ring = Keyring((OLD,)), Keyring((NEW, OLD))
    kept = [(old if older else ring).seal(bsn) for bsn, older in bsns]
    assert ring.open_many(kept) == [bsn for bsn, _ in bsns]


def test_a_whole_text_is_sealed_otherwise_each_time() -> None:
    use_keys((NEW, OLD))
    text = '{"bsn": "999900018"}'
    first, second = sealed_text(text), sealed_text(text)
    assert first != second and unsealed_text(first) == unsealed_text(second) == text
    assert mark_of(first) == keyring().newest.mark == mark_of(keyring().seal(BSN))
    assert mark_of(keyring().newest.seal_bytes(b"")) == keyring().newest.mark


def test_a_text_opens_for_what_it_belongs_to_only() -> None:
    use_keys((NEW,))
    kept = sealed_text("tekst", "rij 1")
    assert unsealed_text(kept, "rij 1") == "tekst"
    for about in ("rij 2", ""):
        with pytest.raises(KeyUnknown):
            unsealed_text(kept, about)


@pytest.mark.parametrize("place", [0, 3, 8, 20, -10])
def test_a_text_that_was_changed_does_not_open(place: int) -> None:
    use_keys((NEW,))
    kept = list(sealed_text("tekst", "rij 1"))
    kept[place] = "A" if kept[place] != "A" else "B"
    with pytest.raises(KeyUnknown):
        unsealed_text("".join(kept), "rij 1")


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.3", "tekst", "é", "AAAA"])
def test_what_was_never_sealed_does_not_open(text: str) -> None:
    use_keys((NEW,))
    with pytest.raises(KeyUnknown):
        unsealed_text(text, "rij 1")


def test_every_purpose_has_a_key_of_its_own() -> None:
    key = Key(NEW)
    assert len({key.derived(purpose) for purpose in ("bsn", "inhoud", "merk", "keten")}) == 4
    assert key.derived("bsn", 64) != key.derived("bsn") * 2 and Key(OLD).derived("bsn") != key.derived("bsn")


def test_without_a_key_nothing_is_kept() -> None:
    use_keys(())
    with pytest.raises(KeyUnknown):
        keyring().seal(BSN)
    assert forms([BSN]) == []


def test_neither_key_nor_number_is_in_what_an_object_says_of_itself() -> None:
    assert OLD.decode() not in repr(Keyring((OLD,)).keys) + repr(Keyring((OLD,)))
