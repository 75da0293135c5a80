"""What the beheerder decides with `rni`, and what it brings about."""

from collections.abc import Callable

import pytest

from service.settings import Settings
from tests.service.commands.test_cli import JULY, SAMPLES, Rni, rni, rows

__all__ = ["rni"]

Production = Callable[[], None]
BASIS = ("--tekst", "Wet BRP artikel 2.37e lid 3", "--besloten-door", "Minister")


@pytest.fixture
def production(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RNI_ENVIRONMENT", "production")
    monkeypatch.setenv("RNI_BASE_URL", "https://rni.example.nl")
    monkeypatch.setenv("RNI_SECRET_KEYS", "x" * 32)


def deliver(rni: Rni) -> None:
    """Two deliveries; the second one withdraws signals, so there is something to tell."""
    rni("load", JULY, "--received", "2026-07-06", "--as", "ulla")
    rni("load", SAMPLES / "LRNI-2026-08.csv", "--received", "2026-08-05", "--as", "ulla")


def test_production_makes_feedback_once_a_basis_is_recorded(rni: Rni, settings: Settings, production: None) -> None:
    deliver(rni)
    refused = rni("feedback", "make", "--as", "coen")
    assert refused.code == 4
    assert "geen geldige grondslag" in refused.err
    grounds = {row[0] for row in rows(settings, "SELECT DISTINCT grondslag FROM signal")}
    assert "--as" in rni("basis", "add", "LAA_2_37", *BASIS).err
    assert rni("basis", "add", "LAA_2_37", *BASIS, "--as", "coen").code == 4
    for ground in sorted(grounds):
        assert rni("basis", "add", ground, *BASIS, "--as", "bea").code == 0
    made = rni("feedback", "make", "--json", "--as", "coen")
    assert made.code == 0, made.err
    assert made.told["regels"] > 0
    logged = rows(settings, "SELECT actor, object FROM audit WHERE actie = 'grondslag_vastgelegd' ORDER BY object")
    assert logged == [("bea", ground) for ground in sorted(grounds)]


def test_a_basis_holds_between_its_days(rni: Rni) -> None:
    assert "nog geen grondslag" in rni("basis", "list").out
    assert rni("basis", "add", "LAA_2_37", *BASIS, "--vanaf", "2026-01-01", "--tot", "2026-06-01").code == 0
    assert rni("basis", "add", "LAA_2_37", *BASIS, "--vanaf", "2026-06-01").code == 0
    again = rni("basis", "add", "LAA_2_37", *BASIS, "--vanaf", "2027-01-01")
    assert again.code == 4
    assert "geldt vanaf 1 juni 2026" in again.err
    assert rni("basis", "end", "LAA_2_37", "--tot", "2026-05-01").code == 2
    assert rni("basis", "end", "LAA_2_37", "--tot", "2026-12-01").out == "LAA_2_37: vanaf 2026-06-01 tot 2026-12-01.\n"
    assert rni("basis", "end", "LAA_2_37").code == 4
    told = rni("basis", "list", "--json", "--as", "aad").told
    assert [(each["vanaf"], each["tot"], each["geldt"]) for each in told] == [
        ("2026-01-01", "2026-06-01", "voorbij"),
        ("2026-06-01", "2026-12-01", "geldt"),
    ]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["basis", "add", "WET", *BASIS], "De grondslag 'WET' bestaat niet. Kies een van: LAA_2_37"),
        (["basis", "add", "LAA_2_37", "--tekst", " ", "--besloten-door", "x"], "Vul in welk artikel"),
        (["basis", "add", "LAA_2_37", "--tekst", "x"], "ontbreekt"),
        (["basis", "add", "LAA_2_37", *BASIS, "--vanaf", "2026-03-02", "--tot", "2026-03-02"], "na het begin"),
        (["setting", "set", "onzin", "3", "--besloten-door", "x"], "bestaat niet"),
        (["setting", "set", "termijn_bezwaar", "3", "--besloten-door", "x"], "staat vast"),
        (["setting", "set", "bezoek_aantal", "99", "--besloten-door", "x"], "van 1 tot en met 10"),
        (["setting", "set", "bezoek_aantal", "3", "--besloten-door", "x", "--gemeente", "9999"], "9999 bestaat niet"),
        (["participant", "add", "9999", "--besloten-door", "x"], "geen gemeente"),
        (["participant", "add", "0501", "--besloten-door", "x"], "is op 2 november 2026 geen gemeente"),
        (["participant", "add", "0599", "--besloten-door", "x" * 201], "ten hoogste 200 tekens"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else "",
)
def test_what_cannot_be_is_told(rni: Rni, settings: Settings, words: list[str], sentence: str) -> None:
    ran = rni(*words)
    assert ran.code == 2
    assert sentence in ran.err
    assert rows(settings, "SELECT count(*) FROM audit") == [(0,)]


def test_a_setting_gets_a_value_from_a_day_on(rni: Rni, settings: Settings) -> None:
    before = rni("setting", "list", "--json").told
    assert (before["landelijk"]["bezoek_aantal"], before["vastgelegd"]) == (2, [])
    words = ["setting", "set", "bezoek_aantal", "3", "--besloten-door", "College"]
    assert rni(*words, "--as", "anna").code == 4
    assert rni(*words, "--as", "bea").out == "bezoek_aantal (alle gemeenten) = 3, vanaf 2026-11-02.\n"
    assert rni(*words, "--gemeente", "0599", "--vanaf", "2027-01-01", "--as", "bea").code == 0
    told = rni("setting", "list", "--json").told
    assert told["landelijk"]["bezoek_aantal"] == 3
    assert [(each["gemeentecode"], each["geldt"]) for each in told["vastgelegd"]] == [
        (None, "geldt"),
        ("0599", "later"),
    ]
    logged = rows(settings, "SELECT actie, object, gemeentecode FROM audit ORDER BY id")
    assert logged == [
        ("instelling_vastgelegd", "bezoek_aantal", None),
        ("instelling_vastgelegd", "bezoek_aantal", "0599"),
    ]


def test_who_takes_part_is_who_is_named(rni: Rni, settings: Settings) -> None:
    assert "Alle gemeenten doen mee" in rni("participant", "list").out
    later = rni("participant", "add", "0599", "--besloten-door", "Stuurgroep", "--vanaf", "2027-01-01")
    assert later.code == 4
    assert "geen enkele gemeente" in later.err
    assert "alle andere gemeenten" in rni("participant", "add", "0599", "--besloten-door", "Stuurgroep").out
    assert "alle andere" not in rni("participant", "add", "0983", "--besloten-door", "Stuurgroep").out
    assert rni("participant", "add", "0983", "--besloten-door", "Stuurgroep").code == 4
    loaded = rni("load", JULY, "--received", "2026-07-06", "--json").told
    codes = {row[0] for row in rows(settings, "SELECT DISTINCT gemeentecode FROM zaak")}
    assert codes == {"0599", "0983"}
    assert loaded["afgekeurd"] > 10
    assert rni("participant", "end", "0983", "--tot", "2026-12-01").code == 0
    assert rni("participant", "end", "0983").code == 4
    listed = rni("participant", "list", "--json").told
    assert [(each["gemeentecode"], each["tot"]) for each in listed] == [("0599", None), ("0983", "2026-12-01")]
