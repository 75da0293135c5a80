"""A supplier's own headings in a small TOML: what it can say, and what nothing starts with."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from importers import identify, layouts, use_profiles
from importers.profiles import ProfilesRefused
from importers.uwv_2026_1 import LAYOUT
from service.cli import run
from tests.importers.deliveries import SAMPLES

GOOD = (SAMPLES / "layouts" / "profiel_leverancier_1.toml").read_text(encoding="utf-8")
NAMES = [column.name for column in LAYOUT.columns]


@pytest.fixture(autouse=True)
def without_profiles_afterwards() -> Iterator[None]:
    yield
    use_profiles(None)


def refused(folder: Path, text: str | bytes, name: str = "x.toml") -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    before = layouts()
    with pytest.raises(ProfilesRefused) as caught:
        use_profiles(folder)
    assert layouts() == before
    assert f"{folder / name}: " in caught.value.uitleg
    return caught.value.uitleg


def test_a_profile_is_a_layout_with_other_headings(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text(GOOD)
    (tmp_path / "leesmij.txt").write_text("geen profiel")
    use_profiles(tmp_path)
    profile = next(layout for layout in layouts() if layout.name == "profiel_leverancier_1")
    header = [column.label for column in profile.columns]
    assert identify(header) is profile
    assert identify([heading.upper().replace(" ", "_") for heading in header]) is profile
    assert identify(NAMES) is LAYOUT
    use_profiles(None)
    assert profile not in layouts()


def test_an_empty_folder_has_no_profiles(tmp_path: Path) -> None:
    use_profiles(tmp_path)
    assert {layout.name for layout in layouts()} >= {"uwv_2026_1", "uwv_kort_1"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "leeg. Zet erin: naam, indeling, kolommen"),
        ("\n  \n", "leeg"),
        ("naam = \n", "geen geldige TOML (regel 1, teken 8)"),
        (GOOD + '"PC" = "woonplaats"\n', "geen geldige TOML (regel"),
        (GOOD.encode("utf-16"), "Sla het op als UTF-8"),
        (GOOD.replace("uwv_2026_1", "uwv_2031_9"), "indeling uwv_2031_9 is onbekend. Kies uit opbrengst_2026_1, uwv_"),
        (GOOD.replace("indeling =", "layout ="), "de sleutel layout is onbekend"),
        (GOOD.replace("indeling =", "layout ="), "indeling ontbreekt"),
        (GOOD.replace('"profiel_leverancier_1"', '"met spatie"'), "naam ontbreekt of is geen woord"),
        (GOOD.replace('"profiel_leverancier_1"', "12"), "naam ontbreekt of is geen woord"),
        (GOOD.replace('"profiel_leverancier_1"', '"uwv_kort_1"'), "naam uwv_kort_1 is al een indeling"),
        (GOOD.replace('= "bsn"', '= "sofinummer"'), "[kolommen] Burgerservicenr: uwv_2026_1 heeft geen kolom sofinumm"),
        (GOOD.replace('= "bsn"', "= 9"), "heeft geen kolom 9"),
        (GOOD.replace('"PC" =', '"BURGER_SERVICENR" ='), "staat er twee keer (als Burgerservicenr)"),
        (GOOD + '"Plaats" = "postcode"\n', "de kolom postcode heeft twee kopteksten (PC en Plaats)"),
        (GOOD + '"-_ " = "woonplaats"\n', "de koptekst van woonplaats is leeg"),
        (GOOD.replace('"PC" =', '"woonplaats" ='), "twee kolommen heten woonplaats"),
        ('naam = "x"\nindeling = "uwv_2026_1"\n', "[kolommen] ontbreekt of is leeg"),
        ('naam = "x"\nindeling = "uwv_2026_1"\nkolommen = 3\n', "[kolommen] ontbreekt of is leeg"),
        ('naam = "x"\nindeling = "uwv_2026_1"\n[kolommen]\nOpm = "toelichting"\n', "past ook bij indeling uwv_2026_1"),
    ],
)
def test_a_faulty_profile_is_told_with_its_file_its_place_and_what_to_do(
    tmp_path: Path, text: str | bytes, says: str
) -> None:
    assert says in refused(tmp_path, text)


def test_two_profiles_must_stay_apart(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(GOOD)
    assert "naam profiel_leverancier_1 staat al" in refused(tmp_path, GOOD)
    assert "past ook bij indeling profiel_leverancier_1" in refused(tmp_path, GOOD.replace("leverancier_1", "twee"))


def test_every_fault_in_every_file_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("")
    told = refused(tmp_path, 'indeling = "x"\n')
    assert all(part in told for part in ("a.toml: dit bestand is leeg", "naam ontbreekt", "indeling x", "[kolommen]"))


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ProfilesRefused, match="kolomprofiel_ongeldig") as caught:
        use_profiles(tmp_path / "weg")
    assert "Maak de map of haal RNI_PROFILES_DIR weg" in caught.value.uitleg


def test_a_command_does_not_start_with_a_faulty_profile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "x.toml").write_text("naam = ")
    monkeypatch.setenv("RNI_PROFILES_DIR", str(tmp_path))
    monkeypatch.setenv("RNI_DATABASE_URL", f"sqlite:///{tmp_path}/rni.sqlite3")
    assert run(["check", str(SAMPLES / "layouts" / "uwv_kort_1.csv")]) == 4
    assert "x.toml: dit is geen geldige TOML" in capsys.readouterr().err
