"""The systemd units: what systemd itself finds wrong with them, and how much a service may on its machine."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.cli import COMMANDS
from service.settings import Settings

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "deploy" / "systemd"
SERVICES = sorted(UNITS.glob("*.service"))
MOST_EXPOSED = 1.5
"""Of `systemd-analyze security`, from 0 (nothing) to 10 (everything); it calls up to 2.0 SAFE and OK."""


@pytest.fixture
def systemd_analyze() -> str:
    """The program; without it these tests skip, also where nothing may be missing: no service of ours needs it."""
    return shutil.which("systemd-analyze") or pytest.skip("systemd-analyze ontbreekt (Debian: apt install systemd)")


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """A machine as the operations guide leaves it: the units, the user, and a program in the place of ours."""
    system = tmp_path / "etc" / "systemd" / "system"
    system.mkdir(parents=True)
    for unit in UNITS.glob("rni*"):
        if unit.suffix in (".service", ".timer", ".target"):
            shutil.copy(unit, system)
    program = tmp_path / "opt" / "rni" / "bin" / "rni"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    return tmp_path


def test_there_is_a_unit_for_everything_that_runs() -> None:
    assert {unit.stem for unit in SERVICES} == {
        "rni-web@", "rni-clock", "rni-worker@", "rni-upgrade", "rni-backup",
    }  # fmt: skip


def test_systemd_reads_every_unit_without_a_word(systemd_analyze: str, installed: Path) -> None:
    """`verify` looks for the program at its place, so the paths of the units are those of a machine of our own."""
    system = installed / "etc" / "systemd" / "system"
    names = []
    for unit in sorted(system.iterdir()):
        unit.write_text(unit.read_text().replace("/opt/rni/", f"{installed}/opt/rni/"))
        names.append(str(unit).replace("@.", "@8001."))
    for unit in sorted(system.glob("*@.*")):
        shutil.copy(unit, str(unit).replace("@.", "@8001."))
    done = subprocess.run(
        [systemd_analyze, "verify", "--man=no", *names],
        env=os.environ | {"SYSTEMD_UNIT_PATH": f"{system}:"},
        capture_output=True,
        text=True,
        check=False,
    )
    ours = [line for line in (done.stdout + done.stderr).splitlines() if "rni" in line]
    assert not ours, "\n".join(ours)


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_service_may_hardly_anything(systemd_analyze: str, unit: Path) -> None:
    done = subprocess.run(
        [systemd_analyze, "security", "--offline=yes", f"--threshold={round(MOST_EXPOSED * 10)}", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )
    told = re.search(r"Overall exposure level for [^:]+: ([0-9.]+) (\w+)", done.stdout)
    assert told, done.stdout + done.stderr
    print(unit.name, told[1], told[2])
    assert float(told[1]) <= MOST_EXPOSED, done.stdout


def words_of(line: str) -> list[str]:
    return line.split("=", 1)[1].split()


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.stem)
def test_a_unit_starts_a_command_that_exists(unit: Path) -> None:
    (started,) = [words_of(line) for line in unit.read_text().splitlines() if line.startswith("ExecStart=")]
    assert started[0] == "/opt/rni/bin/rni"
    assert started[1] in COMMANDS


def test_the_keys_are_in_no_environment_and_the_owner_is_known_to_one_unit() -> None:
    text = {unit.stem: unit.read_text() for unit in SERVICES}
    assert all("LoadCredential=sleutels:/etc/rni/sleutels" in one for one in text.values())
    assert [name for name, one in text.items() if "EnvironmentFile=/etc/rni/eigenaar.env" in one] == ["rni-upgrade"]
    settings = (UNITS / "rni.env.example").read_text()
    assert "RNI_SECRET_KEYS=" not in settings and "OWNER" not in settings


def test_an_example_names_settings_that_exist() -> None:
    named = set(re.findall(r"\bRNI_[A-Z_]+\b", "".join(path.read_text() for path in UNITS.iterdir())))
    known = {f"RNI_{name.upper()}" for name in Settings.model_fields}
    assert named - known == {"RNI_BACKUP_TO"}  # of the unit itself


_WITHOUT_WRITING_CODE = """
import ctypes, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):  # PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN
    sys.exit(77)
from service.cli import main
main()
"""
"""What MemoryDenyWriteExecute asks of the kernel, without systemd."""


def test_a_delivery_loads_where_no_memory_is_written_and_run(tmp_path: Path) -> None:
    (unit,) = [unit for unit in SERVICES if unit.stem == "rni-web@"]
    lines = unit.read_text().splitlines()
    assert "MemoryDenyWriteExecute=yes" in lines
    own = [words_of(line) for line in lines if line.startswith("Environment=")]
    named = dict(word.split("=", 1) for words in own for word in words if not word.startswith("RNI_"))
    settings = {"RNI_DATABASE_URL": f"sqlite:///{tmp_path / 'rni.sqlite3'}", "RNI_DATA_DIR": str(tmp_path / "data")}
    sample = ROOT / "tests" / "samples" / "demo" / "LRNI-2026-07.csv"
    for words, code in ((("db", "upgrade"), 0), (("load", str(sample), "--received", "2026-09-01"), 3)):
        done = subprocess.run(
            [sys.executable, "-c", _WITHOUT_WRITING_CODE, *words],
            env=os.environ | {"PYTHONPATH": str(ROOT)} | settings | named,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode == 77:
            pytest.skip("deze kernel kent PR_SET_MDWE niet (Linux 6.3)")
        assert done.returncode == code, done.stderr
