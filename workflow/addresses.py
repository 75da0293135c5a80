"""The presumed addresses of a case: the current one in columns of the case, the others as rows; and one as typed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from signals.address import address_key, mended_postcode
from workflow.load_statements import PLACE
from workflow.models import Address, Case

TYPED = ("postcode", "huisletter", "huisnummertoevoeging", "straatnaam", "woonplaats")


def chosen_address(values: Mapping[str, Any]) -> dict[str, Any]:
    """The address columns with their key; a postcode that is none is left out (the step's check says so)."""
    where = {name: values.get(name, "") for name in TYPED}
    where["postcode"] = mended_postcode(where["postcode"]) or ""
    key = address_key(**where, huisnummer=values["huisnummer"])
    return where | {"huisnummer": values["huisnummer"], "adressleutel": key}


@dataclass
class PresumedAddress:
    """An address where the person may live, wherever it is kept."""

    straatnaam: str
    huisnummer: int
    huisletter: str
    huisnummertoevoeging: str
    postcode: str
    woonplaats: str
    nummeraanduiding: str
    adressleutel: str
    bron: str
    vanaf: date
    signal_id: int | None
    huidig: bool


def current_address(case: Case) -> PresumedAddress:
    """The one that counts."""
    return PresumedAddress(
        **_place(case), bron=case.adresbron, vanaf=case.adres_vanaf, signal_id=case.adres_signaal_id, huidig=True
    )


def presumed_addresses(case: Case, others: Sequence[Address]) -> list[PresumedAddress]:
    """All of them, in the order in which they came: on one day those of signals first, then what a person chose."""
    rows = [
        PresumedAddress(**_place(row), bron=row.bron, vanaf=row.vanaf, signal_id=row.signal_id, huidig=False)
        for row in sorted(others, key=lambda row: row.id or 0)
    ]
    return sorted(
        [*rows, current_address(case)], key=lambda one: (one.vanaf, one.signal_id is None, one.signal_id or 0)
    )


def change_address(case: Case, chosen: Mapping[str, Any], bron: str, today: date) -> Address:
    """Makes a typed address the current one, and gives the row that keeps the one it was."""
    assert case.id is not None
    former = Address(
        **_place(case),
        zaak_id=case.id,
        gemeentecode=case.gemeentecode,
        signal_id=case.adres_signaal_id,
        bron=case.adresbron,
        vanaf=case.adres_vanaf,
    )
    for name, value in {"nummeraanduiding": "", **chosen}.items():
        setattr(case, name, value)
    case.adresbron, case.adres_vanaf, case.adres_signaal_id = bron, today, None
    return former


def _place(of: Case | Address) -> dict[str, Any]:
    return {name: getattr(of, name) for name in (*PLACE, "adressleutel")}
