"""What a burgerservicenummer is: nine digits that pass the elfproef; how one is shown to who need not know it."""

import re
import unicodedata

WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def passes_elfproef(bsn: str) -> bool:
    """True for nine digits, not all zero, whose weighted sum is a multiple of eleven (Logisch Ontwerp BRP, 01.20)."""
    if len(bsn) != 9 or not (bsn.isascii() and bsn.isdigit()) or bsn == "000000000":
        return False
    return sum(weight * int(digit) for weight, digit in zip(WEIGHTS, bsn, strict=True)) % 11 == 0


def mask(bsn: str | None) -> str:
    """The last three digits, the rest starred: `******234`; empty for nobody."""
    return "*" * (len(bsn) - 3) + bsn[-3:] if bsn else ""


_NUMBER = re.compile(r"(?<!\d)\d(?:[ ._-]?\d){7,9}(?!\d)")
"""Eight to ten digits, of whatever script, with or without a sign between two of them."""


def mask_in(text: str) -> str:
    """A text in which what may be a BSN is starred: nine digits, and whatever passes the elfproef however written."""
    return _NUMBER.sub(_starred, text)


def may_hold_bsn(text: str) -> bool:
    """Whether something in a text may be a BSN, as `mask_in` would star it."""
    return any(_suspect(found) for found in _NUMBER.finditer(text))


def _starred(found: re.Match[str]) -> str:
    return "*" * len(found[0]) if _suspect(found) else found[0]


_DAY = re.compile(
    r"(0?[1-9]|[12]\d|3[01])[ .-](0?[1-9]|1[0-2])[ .-](19|20)\d\d|(19|20)\d\d-(0[1-9]|1[0-2])-([0-2]\d|3[01])"
)
"""A day as people write it: every eleventh would pass for a number otherwise."""


def _suspect(found: re.Match[str]) -> bool:
    if _DAY.fullmatch(found[0]):
        return False
    digits = "".join(str(unicodedata.digit(sign)) for sign in found[0] if sign.isdigit())
    bare = len(digits) == len(found[0]) == 9
    return bare or passes_elfproef(digits.lstrip("0").zfill(9))
