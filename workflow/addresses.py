"""An address as a handler types it, as the columns of a presumed address."""

from collections.abc import Mapping
from typing import Any

from signals.address import address_key, mended_postcode

TYPED = ("postcode", "huisletter", "huisnummertoevoeging", "straatnaam", "woonplaats")


def chosen_address(values: Mapping[str, Any]) -> dict[str, Any]:
    """The address columns with their key; a postcode that is none is left out (the step's check says so)."""
    where = {name: values.get(name, "") for name in TYPED}
    where["postcode"] = mended_postcode(where["postcode"]) or ""
    key = address_key(**where, huisnummer=values["huisnummer"])
    return where | {"huisnummer": values["huisnummer"], "adressleutel": key}
