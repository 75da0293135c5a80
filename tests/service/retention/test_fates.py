"""Nothing is kept of which nobody said how long: every table and folder has its place, in code and on the page."""

import re
from pathlib import Path

from sqlmodel import SQLModel

from service import work_signs
from service.files import storage
from service.loading import findings
from service.log import chain
from service.retention import dossiers, files, journal
from service.retention.fates import FOLDERS, PERSONAL, TABLES, Lot
from workflow.dated_settings import SETTINGS
from workflow.retention import RULES

PAGE = (Path(__file__).parents[3] / "docs" / "bewaartermijnen.md").read_text(encoding="utf-8")
PERSONS = {"bsn", "geslachtsnaam", "voornamen", "geboortedatum", "adressleutel", "telefoonnummer", "cellen", "gegevens"}
"""Columns by which a table gives itself away."""


def test_every_table_has_a_fate() -> None:
    assert TABLES.keys() == SQLModel.metadata.tables.keys()


def test_what_has_a_case_goes_with_it() -> None:
    of_a_case = {each.name for each in dossiers.tables_of_a_case()}
    assert of_a_case | {"zaak", "brief_bestand"} == {name for name, fate in TABLES.items() if fate.lot is Lot.DOSSIER}


def test_what_has_a_signal_goes_with_it() -> None:
    of_a_signal = {each.name for each in SQLModel.metadata.sorted_tables if "signal_id" in each.columns}
    assert of_a_signal - {"zaak_signaal", "zaak_adres"} | {"signal"} == {
        name for name, fate in TABLES.items() if fate.lot is Lot.SIGNAAL
    }


def test_a_table_with_data_of_persons_is_not_said_to_stay() -> None:
    suspect = {each.name for each in SQLModel.metadata.sorted_tables if PERSONS & set(each.columns.keys())}
    staff = {"gebruiker", "werk"}  # and what they asked of long work: a day, a reason in which a BSN is refused
    assert {name for name in suspect - staff if TABLES[name].lot is Lot.BLIJFT} == set()
    assert suspect - staff <= set(PERSONAL)


def test_whatever_points_at_a_table_that_goes_goes_too() -> None:
    """A row that stays and points at one that goes would stop the destruction."""
    goes = {name for name, fate in TABLES.items() if fate.lot in (Lot.DOSSIER, Lot.SIGNAAL, Lot.ADRES)}
    wrong = [
        f"{each.name}.{key.parent.name}"
        for each in SQLModel.metadata.sorted_tables
        for key in each.foreign_keys
        if key.column.table.name in goes and each.name not in goes
    ]
    assert wrong == []


def test_every_folder_of_the_data_directory_is_known() -> None:
    named = {
        storage.RECEIVED, storage.DOCUMENTS, storage.PRINTS, findings.FOLDER, work_signs.FOLDER, files.TOLD,
        journal.FOLDER, chain.heads_file(Path()).parts[0], "fouten.log",
    }  # fmt: skip
    assert named == FOLDERS.keys()
    here = (path for path in (Path(__file__).parents[3] / "service").rglob("*.py") if "demo" not in path.parts)
    source = "\n".join(path.read_text() for path in here)
    assert set(re.findall(r'data_dir / "([^"]+)"', source)) <= named


def test_the_page_says_the_same() -> None:
    for name, fate in TABLES.items():
        assert f"| `{name}` | {fate.lot} | {fate.uitleg} |" in PAGE, name
    for name, told in FOLDERS.items():
        assert f"| `{name}` | {told} |" in PAGE, name
    for rule in RULES.values():
        default = rule.in_words(SETTINGS[rule.instelling].default)
        assert f"| {rule.wat} | {default} | {rule.vanaf} | `{rule.instelling}` | {rule.bron} |" in PAGE, rule.soort
    assert PAGE.count("\n| `") == len(TABLES) + len(FOLDERS)
