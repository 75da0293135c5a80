"""What a burgerservicenummer is: nine digits that pass the elfproef; how one is shown to who need not know it."""

WEIGHTS = (9, 8, 7, 6, 5, 4, 3, 2, -1)


def passes_elfproef(bsn: str) -> bool:
    """True for nine digits, not all zero, whose weighted sum is a multiple of eleven (Logisch Ontwerp BRP, 01.20)."""
    if len(bsn) != 9 or not (bsn.isascii() and bsn.isdigit()) or bsn == "000000000":
        return False
    return sum(weight * int(digit) for weight, digit in zip(WEIGHTS, bsn, strict=True)) % 11 == 0


def mask(bsn: str | None) -> str:
    """The last three digits, the rest starred: `******234`; empty for nobody."""
    return "*" * (len(bsn) - 3) + bsn[-3:] if bsn else ""
