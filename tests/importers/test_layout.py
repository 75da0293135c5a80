"""A layout made from another one, and layouts that could never work."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

import importers
from importers import identify, require_distinct
from importers.columns import text
from importers.layout import Column, Layout
from importers.refusals import FileRefused
from importers.uwv_2026_1 import LAYOUT
from importers.uwv_kort_1 import LAYOUT as SHORT

NAMES = [column.name for column in LAYOUT.columns]


def header(layout: Layout) -> frozenset[str]:
    return frozenset(layout.by_heading())


def test_a_variant_keeps_everything_it_does_not_speak_of() -> None:
    renamed = SHORT.revised("kort_2", headings={"bsn": "Burgerservicenummer"})
    assert [column.name for column in renamed.columns] == [column.name for column in SHORT.columns]
    assert renamed.constants == SHORT.constants and renamed.header_also == SHORT.header_also
    assert (
        renamed.column("bsn").label == "Burgerservicenummer" and renamed.column("geslachtsnaam").label == "Achternaam"
    )
    assert renamed.column("bsn").required and renamed.missing(header(renamed)) == []
    assert "Burgerservicenummer" in renamed.missing(header(SHORT))


def test_a_variant_may_put_a_column_in_the_place_of_another_or_add_one() -> None:
    changed = SHORT.revised(
        "kort_2", columns=[Column("voornamen", text(10), required=True), Column("taal", text(2), heading="Spreekt")]
    )
    assert changed.column("voornamen").required and changed.column("voornamen").label == "Voornamen"
    assert changed.columns[-1].label == "Spreekt"
    assert "Voornamen" in changed.missing(header(changed) - {"voornamen"})


def test_a_variant_may_leave_columns_out_and_give_them_a_fixed_value() -> None:
    kept = [name for name in NAMES if name not in ("adresbron", "straatnaam", "toelichting")]
    fewer = LAYOUT.revised("zonder", only=kept, constants={"adresbron": "UWV"})
    assert [column.name for column in fewer.columns] == kept
    assert fewer.missing(header(fewer)) == []


def test_a_layout_without_a_street_does_not_stop_other_files_from_being_known(monkeypatch: pytest.MonkeyPatch) -> None:
    without_street = LAYOUT.revised(
        "zonder_straat", only=[name for name in NAMES if name != "straatnaam"], headings={"bsn": "Burgerservicenummer"}
    )
    found = (*importers.layouts(), without_street)
    monkeypatch.setattr(importers, "layouts", lambda: found)
    with pytest.raises(FileRefused, match="kop_onbekend"):
        identify(["signaalnummer", "bsn"])
    assert identify(NAMES) is LAYOUT
    assert without_street.missing(header(without_street) - {"postcode"}) == ["postcode"]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"only": [name for name in NAMES if name != "huisnummer"]}, "nothing gives huisnummer"),
        ({"only": [name for name in NAMES if name not in ("postcode", "straatnaam")]}, "an address needs postcode"),
        ({"headings": {"sofinummer": "Sofinummer"}}, "uwv_2026_1 has no column sofinummer"),
        ({"only": [*NAMES, "sofinummer"]}, "uwv_2026_1 has no column sofinummer"),
        ({"headings": {"voornamen": "Naam", "geslachtsnaam": "NAAM"}}, "two columns are headed naam"),
        ({"columns": [Column("sofinummer", text(9))]}, "a signal has no column sofinummer"),
        ({"constants": {"sofinummer": "1"}}, "a signal has no column sofinummer"),
        ({"header_also": {"sofinummer"}}, "there is no column sofinummer"),
    ],
)
def test_a_layout_that_cannot_work_says_so_when_it_is_made(changes: Mapping[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"layout nieuw: .*{says}"):
        LAYOUT.revised("nieuw", **changes)


def test_a_column_stands_in_a_layout_once() -> None:
    with pytest.raises(ValueError, match="column bsn is there twice"):
        replace(LAYOUT, columns=(*LAYOUT.columns, LAYOUT.column("bsn")))


def test_no_layout_may_have_a_header_that_is_taken_for_another() -> None:
    require_distinct(importers.layouts())
    with pytest.raises(ValueError, match=r"its header fits (uwv_2026_1|nieuw) too"):
        require_distinct((LAYOUT, LAYOUT.revised("nieuw", headings={"toelichting": "Opmerking"})))
