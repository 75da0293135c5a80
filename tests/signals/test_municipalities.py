from datetime import date
from pathlib import Path

import pytest
from sqlmodel import Session

from signals.errors import Invalid, Refused
from signals.models import Municipality, Participant
from signals.municipalities import (
    TABLE_33,
    Municipalities,
    alphabetical,
    names_on,
    participates,
    read_table_33,
    store,
)

TODAY = date(2026, 9, 1)


@pytest.fixture(scope="module")
def table() -> Municipalities:
    return Municipalities(read_table_33(TABLE_33))


def test_the_table_has_the_342_municipalities_of_today(table: Municipalities) -> None:
    codes = [row.code for row in read_table_33(TABLE_33)]
    assert sum(table.in_force(code, TODAY) for code in codes) == 342


@pytest.mark.parametrize("code", ["0501", "0530", "0614"])
def test_voorne_aan_zee_comes_from_three_on_1_january_2023(table: Municipalities, code: str) -> None:
    assert table.in_force(code, date(2022, 12, 31)) and table.successor(code, date(2022, 12, 31)) == code
    assert not table.in_force(code, date(2023, 1, 1)) and table.successor(code, date(2023, 1, 1)) == "1992"
    assert table.name("1992") == "Voorne aan Zee"


def test_mergers_are_followed_through_to_the_day_asked(table: Municipalities) -> None:
    assert table.successor("0071", date(1986, 1, 1)) == "0653"  # Gaasterland became Gaasterlân-Sleat
    assert table.successor("0071", date(2015, 6, 30)) == "1921"  # that became De Friese Meren
    assert table.successor("0071", TODAY) == "1940"  # and De Fryske Marren


def test_what_is_no_municipality(table: Municipalities) -> None:
    for code in ("0000", "0997", "1999", "9876"):
        assert not table.exists(code) and not table.in_force(code, TODAY)


def test_a_successor_that_leads_in_a_circle_ends() -> None:
    day = date(2020, 1, 1)
    rows = [Municipality(code=a, naam=a, einde=day, opvolger=b) for a, b in (("0001", "0002"), ("0002", "0001"))]
    assert Municipalities(rows).successor("0001", TODAY) in ("0001", "0002")


def test_a_name_finds_the_code_in_force_and_else_the_last(table: Municipalities) -> None:
    assert table.by_name("'s-hertogenbosch", TODAY) == "0796"
    assert table.by_name("Horst aan de Maas", TODAY) == "1507"
    assert table.by_name("Sevenum", TODAY) == "0964"
    assert table.by_name("Nergenshuizen", TODAY) is None
    assert table.by_name("Onbekend", TODAY) is None


def test_names_come_as_statistics_netherlands_puts_them() -> None:
    """By its column `Sortering naam` ("Gravenhage 's-"), and the order of the codes it once gave within a province."""
    listed = [
        "Baarn", "De Bilt", "Bunnik", "De Fryske Marren", "Gouda", "'s-Gravenhage", "Groningen", "Hardenberg",
        "Heiloo", "Den Helder", "Hengelo (O)", "'s-Hertogenbosch", "Hilversum", "Het Hogeland", "De Ronde Venen",
        "Stadskanaal", "Súdwest-Fryslân", "Terneuzen", "Texel", "De Wolden", "Zaltbommel", "'t Zandt",
    ]  # fmt: skip
    assert sorted({*listed}, key=alphabetical) == listed
    there = {row.naam: row.code for row in read_table_33(TABLE_33)}
    provinces = (
        ("Ten Boer", "Delfzijl"), ("Den Ham", "Hardenberg"), ("Baarn", "De Bilt", "Bunnik"),
        ("Heerhugowaard", "Heiloo", "Den Helder", "Hilversum"), ("De Rijp", "Schagen"),
        ("Ter Aar", "Abbenbroek", "Alblasserdam"), ("Gouda", "'s-Gravendeel", "'s-Gravenhage", "'s-Gravenzande"),
        ("Dongen", "Drunen", "Den Dungen"),
    )  # fmt: skip
    for names in provinces:
        assert sorted(names, key=alphabetical) == sorted(names, key=there.__getitem__) == list(names)


def test_a_list_has_the_municipalities_of_the_day_and_nothing_else(session: Session) -> None:
    names = names_on(session, TODAY)
    assert len(names) == 342 and [*names.values()] == sorted(names.values(), key=alphabetical)
    assert names["1992"] == "Voorne aan Zee" and "0614" not in names and "0000" not in names
    assert names_on(session, date(2022, 12, 31))["0614"] == "Westvoorne"


def test_who_takes_part_is_dated_and_follows_mergers(session: Session) -> None:
    assert participates(session, "0268", TODAY)
    session.add(Participant(gemeentecode="0614", vanaf=date(2020, 1, 1), besloten_door="test"))
    session.add(Participant(gemeentecode="0268", vanaf=date(2020, 1, 1), tot=date(2026, 1, 1), besloten_door="test"))
    session.flush()
    assert participates(session, "1992", TODAY) and participates(session, "0501", TODAY)
    assert not participates(session, "0268", TODAY) and participates(session, "0268", date(2025, 12, 31))


def test_without_a_table_no_code_is_judged(session: Session) -> None:
    store(session, read_table_33(TABLE_33)[:1])
    assert Municipalities.load(session).exists("0001") is False
    session.execute(Municipality.__table__.delete())  # type: ignore[attr-defined]
    with pytest.raises(Refused):
        Municipalities.load(session)


def test_another_file_is_no_table_33(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(Invalid, match="kop_onbekend"):
        read_table_33(path)
