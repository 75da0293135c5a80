"""What makes two addresses the same, what a postcode is, and how an address is written on one line."""

import re
from typing import Protocol

_POSTCODE = re.compile(r"[1-9][0-9]{3}(?!SA|SD|SS)[A-Z]{2}")


class HasAddress(Protocol):
    """Anything with the address columns: a signal, an address of a case."""

    straatnaam: str
    huisnummer: int
    huisletter: str
    huisnummertoevoeging: str
    postcode: str
    woonplaats: str


def mended_postcode(text: str) -> str | None:
    """A postcode in capitals without its space (11.60), or None when it is none: SA, SD and SS are not given out."""
    postcode = text.replace(" ", "").upper()
    return postcode if _POSTCODE.fullmatch(postcode) else None


def address_key(
    postcode: str, huisnummer: int | str, huisletter: str, huisnummertoevoeging: str, straatnaam: str, woonplaats: str
) -> str:
    """One text for one address, so that who lives together is found together.

    By postcode where there is one, else by street and place; capitals and the notation of the addition do not count.
    """
    where = postcode if postcode else f"{straatnaam.casefold()}/{woonplaats.casefold()}"
    return f"{where} {huisnummer} {huisletter.casefold()} {huisnummertoevoeging.casefold()}".rstrip()


def address_line(x: HasAddress) -> str:
    """`Molenweg 271 3H, 3181 JJ Rozenburg`; parts that are not known are left out."""
    number = f"{x.huisnummer}{x.huisletter}"
    street = " ".join(part for part in (x.straatnaam, number, x.huisnummertoevoeging) if part)
    postcode = f"{x.postcode[:4]} {x.postcode[4:]}" if x.postcode else ""
    place = " ".join(part for part in (postcode, x.woonplaats) if part)
    return ", ".join(part for part in (street, place) if part)
