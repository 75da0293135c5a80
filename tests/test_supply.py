"""What runs is what was locked, under licences that go with ours, and can be told to whoever asks."""

from pathlib import Path

import pytest
from cyclonedx.output.json import JsonV1Dot6
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from supply import LOCK, bill_of_materials, findings, pins


def test_what_is_installed_is_what_was_locked() -> None:
    assert not list(findings())


def test_every_line_of_the_lock_is_looked_at() -> None:
    lines = [line.split(" ;")[0].rstrip(" \\") for line in LOCK.read_text().splitlines() if "==" in line.split(" ")[0]]
    others = set(lines) - {f"{pin.name}=={pin.version}" for pin in pins()}
    named = {pin.name for pin in pins()}
    assert len(lines) > 50
    assert all(other.split("==")[0] in named for other in others), "of another Python"


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("jinja2==3.1.6", "jinja2==3.1.5", "jinja2 3.1.6 is installed, and 3.1.5 is locked"),
        ("jinja2==3.1.6", "jinja22==1.0", "jinja22 1.0 is locked and not installed"),
    ],
)
def test_what_is_not_as_it_was_locked_is_named(tmp_path: Path, old: str, new: str, told: str) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text(LOCK.read_text().replace(old, new))
    assert told in list(findings(lock))


def test_a_lock_without_a_hash_is_named(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("jinja2==3.1.6\n")
    assert list(findings(lock)) == ["jinja2 3.1.6 has no hash in the lock"]


def test_a_file_that_was_changed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("et-xmlfile==2.0.0 \\\n    --hash=sha256:" + "0" * 64 + "\n")
    assert not list(findings(lock))
    real = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: real(path) + (b"#" if path.name == "xmlfile.py" else b""))
    assert list(findings(lock)) == ["et-xmlfile 2.0.0: et_xmlfile/xmlfile.py was changed"]


def test_the_bill_of_materials_is_valid_and_whole() -> None:
    bom = bill_of_materials()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(JsonV1Dot6(bom).output_as_string()) is None
    assert {(part.name, part.version) for part in bom.components} == {(pin.name, pin.version) for pin in pins()}
    assert all(part.licenses and part.purl for part in bom.components)
    needs = {each.ref.value: {part.ref.value for part in each.dependencies} for each in bom.dependencies}
    reached, new = set[str](), {"langdurig-rni"}
    while new:
        reached |= new
        new = {part for each in new for part in needs[each]} - reached
    assert reached == needs.keys(), "nothing is here that nobody asked for"
