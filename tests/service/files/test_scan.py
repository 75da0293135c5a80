"""Only a scanner that says "clean" lets a file through; with real programs and a real ICAP server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from importers.refusals import FileRefused
from service.files.scan import scan
from service.settings import Misconfigured, Settings, read_settings
from tests.service.files.icap_server import EICAR

SERVER = Path(__file__).with_name("icap_server.py")
SCRIPT = """#!/bin/sh
# As clamdscan: 0 is clean, 1 is infected, 2 an error.
if [ ! -r "$1" ]; then exit 2; fi
if grep -qF 'EICAR-STANDARD-' "$1"; then exit 1; fi
exit 0
"""


@pytest.fixture
def clean(tmp_path: Path) -> Path:
    path = tmp_path / "schoon"
    path.write_bytes(os.urandom(300_000))
    return path


@pytest.fixture
def infected(tmp_path: Path) -> Path:
    path = tmp_path / "besmet"
    path.write_bytes(b"a;b\n" + EICAR + b"\n" + bytes(200_000))
    return path


@pytest.fixture
def icap(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """Starts a server that answers in some way; gives its address."""
    running = []

    def start(way: str) -> str:
        port = tmp_path / f"poort-{way}"
        running.append(subprocess.Popen([sys.executable, SERVER, way, port]))
        until = time.monotonic() + 20
        while not port.exists():
            assert time.monotonic() < until
            time.sleep(0.02)
        return f"icap://127.0.0.1:{port.read_text()}/avscan"

    yield start
    for process in running:
        process.kill()
        process.wait()


def program(tmp_path: Path, text: str) -> str:
    path = tmp_path / "scanner met spatie.sh"
    path.write_text(text)
    path.chmod(0o700)
    return f"'{path}'"


def refusal(settings: Settings, path: Path) -> FileRefused:
    with pytest.raises(FileRefused) as refused:
        scan(settings, path, "levering.csv")
    assert "levering.csv" in refused.value.uitleg
    return refused.value


def test_without_a_scanner_there_is_nothing_to_wait_for(infected: Path) -> None:
    scan(Settings(), infected)


@pytest.mark.parametrize("words", ["", " {path}"])
def test_a_program_says_clean_or_infected(tmp_path: Path, clean: Path, infected: Path, words: str) -> None:
    settings = Settings(scan_command=program(tmp_path, SCRIPT) + words)
    scan(settings, clean)
    assert refusal(settings, infected).reden == "malware"


@pytest.mark.parametrize("text", ["#!/bin/sh\nexit 2\n", "#!/bin/sh\nkill -9 $$\n", "geen programma"])
def test_a_program_without_a_verdict_refuses(tmp_path: Path, clean: Path, text: str) -> None:
    assert refusal(Settings(scan_command=program(tmp_path, text)), clean).reden == "scan_mislukt"


def test_a_program_that_is_not_there_refuses(clean: Path) -> None:
    assert "start niet" in refusal(Settings(scan_command="/nergens/clamdscan"), clean).uitleg


def test_a_program_that_stays_away_is_ended_with_all_that_it_started(tmp_path: Path, clean: Path) -> None:
    child = tmp_path / "kind"
    text = f"#!/bin/sh\nsleep 60 &\necho $! > '{child}'\nwait\n"
    settings = Settings(scan_command=program(tmp_path, text), scan_seconds=1)
    assert "1 seconden" in refusal(settings, clean).uitleg
    status = Path(f"/proc/{child.read_text().strip()}/stat")
    until = time.monotonic() + 10
    while status.exists() and ") Z " not in status.read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_no_shell_reads_the_command_or_the_name(tmp_path: Path) -> None:
    path = tmp_path / "a;touch gehackt $(touch gehackt)"
    path.write_bytes(EICAR)
    assert refusal(Settings(scan_command=program(tmp_path, SCRIPT)), path).reden == "malware"
    assert not list(tmp_path.rglob("gehackt"))


@pytest.mark.parametrize("way", ["plain", "page"])
def test_an_icap_server_says_clean_or_infected(
    icap: Callable[[str], str], clean: Path, infected: Path, way: str
) -> None:
    settings = Settings(scan_icap=icap(way))
    scan(settings, clean)
    refused = refusal(settings, infected)
    assert refused.reden == "malware" and "niet bewaard" in refused.uitleg


def test_the_file_given_back_as_it_was_is_clean(icap: Callable[[str], str], clean: Path) -> None:
    scan(Settings(scan_icap=icap("echo")), clean)


@pytest.mark.parametrize("way", ["changed", "error", "nonsense", "halfway", "early", "silent"])
def test_an_icap_server_without_a_verdict_refuses(
    icap: Callable[[str], str], tmp_path: Path, clean: Path, way: str
) -> None:
    clean.write_bytes(os.urandom(20_000_000))
    assert refusal(Settings(scan_icap=icap(way), scan_seconds=3), clean).reden == "scan_mislukt"


def test_an_icap_server_that_is_not_there_refuses(clean: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert refusal(Settings(scan_icap=f"icap://127.0.0.1:{port}/avscan"), clean).reden == "scan_mislukt"


def test_of_two_scanners_both_must_say_clean(
    tmp_path: Path, icap: Callable[[str], str], clean: Path, infected: Path
) -> None:
    never = program(tmp_path, "#!/bin/sh\nexit 0\n")
    settings = Settings(scan_command=never, scan_icap=icap("plain"))
    scan(settings, clean)
    assert refusal(settings, infected).reden == "malware"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RNI_SCAN_COMMAND", "clamdscan 'nooit gesloten"),
        ("RNI_SCAN_COMMAND", "   "),
        ("RNI_SCAN_ICAP", "http://127.0.0.1/avscan"),
        ("RNI_SCAN_ICAP", "icap://127.0.0.1:1344"),
        ("RNI_SCAN_ICAP", "icap://127.0.0.1:poort/avscan"),
    ],
)
def test_a_scanner_that_cannot_be_meant_stops_the_start(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(Misconfigured) as refused:
        read_settings()
    assert name in refused.value.uitleg
