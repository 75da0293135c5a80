"""A file on its way to a real OpenSSH server: there whole or not at all, to the right server or to none."""

import gc
import hashlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import asyncssh
import pyrage
import pytest

from service import sftp
from service.settings import Misconfigured, Settings
from tests.sshd import Sshd, Wire

NAME = "terugkoppeling-TK-2026-0001-20261102.csv"
CONTENT = b"\xef\xbb\xbfsignaalnummer;bsn\r\nS1;999990019\r\n"
LARGE = hashlib.shake_256(b"groot").digest(24 << 20)
"""24 MiB in which no piece is like another."""


@pytest.fixture
def settings(server: Sshd, tmp_path: Path) -> Settings:
    made = Settings(data_dir=tmp_path)
    server.put_in(made)
    return made


class Leaving:
    """Counts how often bytes were about to leave."""

    times = 0

    def __call__(self) -> None:
        self.times += 1


def bring(settings: Settings, content: bytes = CONTENT, leaving: Callable[[], None] = lambda: None) -> None:
    sftp.bring(sftp.Target.of(settings), NAME, content, leaving)


def fault(settings: Settings, content: bytes = CONTENT, leaving: Callable[[], None] = lambda: None) -> sftp.NotBrought:
    with pytest.raises(sftp.NotBrought) as failed:
        bring(settings, content, leaving)
    assert len(failed.value.fault) < sftp.LONGEST_FAULT
    return failed.value


def in_the_folder(server: Sshd) -> dict[str, bytes]:
    return {name: (server.inbox / name).read_bytes() for name in server.names()}


def test_a_file_arrives_byte_for_byte_and_alone(server: Sshd, settings: Settings) -> None:
    leaving = Leaving()
    bring(settings, LARGE, leaving)
    assert in_the_folder(server) == {NAME: LARGE}
    assert leaving.times == 1


def test_the_folder_where_the_server_begins_needs_no_name(server: Sshd, settings: Settings) -> None:
    settings.sftp_folder = os.path.relpath(server.inbox, Path(server.user and "~" + server.user).expanduser())
    if not Path("~" + server.user).expanduser().is_dir():  # without a home the server begins at the root
        settings.sftp_folder = str(server.inbox).lstrip("/")
    bring(settings)
    assert server.names() == [NAME]


def test_a_file_that_is_there_with_the_same_bytes_counts_as_brought(server: Sshd, settings: Settings) -> None:
    bring(settings)
    before = (server.inbox / NAME).stat()
    leaving = Leaving()
    bring(settings, leaving=leaving)
    after = (server.inbox / NAME).stat()
    assert (after.st_ino, after.st_mtime_ns, leaving.times) == (before.st_ino, before.st_mtime_ns, 0)


@pytest.mark.parametrize("other", [b"iets anders", CONTENT[:-3] + b"0\r\n", b""])
def test_another_file_of_this_name_stays_as_it_is(server: Sshd, settings: Settings, other: bytes) -> None:
    (server.inbox / NAME).write_bytes(other)
    (server.inbox / NAME).chmod(0o644)  # the user of the server may read it, whatever this process makes by itself
    leaving = Leaving()
    failed = fault(settings, leaving=leaving)
    assert "ander bestand" in failed.fault and not failed.again
    assert in_the_folder(server) == {NAME: other}
    assert leaving.times == 0


def test_another_file_that_comes_while_ours_is_on_its_way_stays_as_it_is(server: Sshd, settings: Settings) -> None:
    failed = fault(settings, leaving=lambda: (server.inbox / NAME).write_bytes(b"iets anders") and None)
    assert "ander bestand" in failed.fault and not failed.again
    assert (server.inbox / NAME).read_bytes() == b"iets anders"


def test_a_server_with_another_key_gets_nothing(server: Sshd, settings: Settings) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    settings.sftp_host_key = f"[127.0.0.1]:{server.port} {other}"
    before, leaving = server.log, Leaving()
    failed = fault(settings, leaving=leaving)
    assert "andere sleutel" in failed.fault and not failed.again
    assert (server.names(), leaving.times) == ([], 0)
    assert "Accepted publickey" not in server.log.removeprefix(before), "it does not even hear who we are"


def test_a_server_with_a_key_of_another_kind_gets_nothing(server: Sshd, settings: Settings) -> None:
    other = asyncssh.generate_private_key("ssh-rsa").export_public_key().decode().strip()
    settings.sftp_host_key = f"[127.0.0.1]:{server.port} {other}"
    failed = fault(settings)
    assert "andere sleutel" in failed.fault and not failed.again
    assert server.names() == []


def test_of_a_server_with_several_keys_one_that_we_know_is_enough(server: Sshd, settings: Settings) -> None:
    for key in (server.host_key, server.second_key):
        settings.sftp_host_key = f"[127.0.0.1]:{server.port} {key.export_public_key().decode()}"
        bring(settings)
    assert server.names() == [NAME]


def test_while_a_server_changes_its_key_either_is_good(server: Sshd, settings: Settings) -> None:
    other = asyncssh.generate_private_key("ssh-ed25519").export_public_key().decode().strip()
    settings.sftp_host_key = f"[127.0.0.1]:{server.port} {other}\n{server.known_host}"
    bring(settings)
    assert server.names() == [NAME]


def test_a_key_that_was_revoked_is_not_good_any_more(server: Sshd, settings: Settings) -> None:
    settings.sftp_host_key = f"{server.known_host}\n@revoked {server.known_host}"
    assert "andere sleutel" in fault(settings).fault


def test_nothing_of_whoever_runs_the_clock_counts(
    server: Sshd, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """His own ~/.ssh may send connections elsewhere, or know keys that let him in there."""
    (tmp_path / ".ssh").mkdir()
    (tmp_path / ".ssh" / "config").write_text("Host *\n  HostName 192.0.2.1\n  User somebody\n")
    server.own_key.write_private_key(tmp_path / ".ssh" / "id_ed25519")
    monkeypatch.setenv("HOME", str(tmp_path))
    bring(settings)
    asyncssh.generate_private_key("ssh-ed25519").write_private_key(tmp_path / "other")
    settings.sftp_key_file = tmp_path / "other"
    failed = fault(settings)
    assert "weigert naam of sleutel" in failed.fault and failed.again


def test_a_server_that_is_away_is_said_to_be_and_takes_it_when_it_is_back(server: Sshd, settings: Settings) -> None:
    server.stop()
    failed = fault(settings)
    server.start()
    assert "niet te bereiken" in failed.fault and failed.again
    bring(settings)
    assert in_the_folder(server) == {NAME: CONTENT}


def test_what_is_no_ssh_server_is_said_to_be_away(settings: Settings) -> None:
    with Listener(b"HTTP/1.1 400 Bad Request\r\n\r\n") as port:
        settings.sftp_host_key = settings.sftp_host_key.replace(f":{settings.sftp_port}", f":{port}")
        settings.sftp_port = port
        assert "niet te bereiken" in fault(settings).fault


class Listener:
    """Says one thing to whoever comes, and goes."""

    def __init__(self, said: bytes) -> None:
        self._said, self._socket = said, socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def _serve(self) -> None:
        came, _ = self._socket.accept()
        with came:
            came.sendall(self._said)

    def __enter__(self) -> int:
        self._thread.start()
        return int(self._socket.getsockname()[1])

    def __exit__(self, *of: object) -> None:
        self._thread.join(30)
        self._socket.close()


def test_a_folder_in_which_nothing_may_be_written_is_told(server: Sshd, settings: Settings) -> None:
    server.inbox.chmod(0o555)
    leaving = Leaving()
    failed = fault(settings, leaving=leaving)
    assert "staat niet toe" in failed.fault and failed.again
    assert (server.names(), leaving.times) == ([], 0)


def test_a_folder_that_is_not_there_is_told(server: Sshd, settings: Settings) -> None:
    settings.sftp_folder = str(server.inbox / "weg")
    leaving = Leaving()
    failed = fault(settings, leaving=leaving)
    assert "map is er niet" in failed.fault and failed.again
    assert leaving.times == 0, "nothing is said to have left"


def test_a_server_without_room_keeps_nothing_of_it(server: Sshd, settings: Settings) -> None:
    server.stop()
    server.start(most=4 << 20)
    try:
        failed = fault(settings, LARGE)
        assert "geen ruimte" in failed.fault and failed.again
        assert server.names() == []
        bring(settings)
    finally:
        server.stop()
        server.start()
    assert in_the_folder(server) == {NAME: CONTENT}


def test_a_name_is_never_seen_with_part_of_the_bytes(server: Sshd, settings: Settings) -> None:
    seen: set[tuple[str, int]] = set()
    ended = threading.Event()

    def watch() -> None:
        while not ended.is_set():
            for each in server.inbox.iterdir():
                try:
                    seen.add((each.name, each.stat().st_size))
                except FileNotFoundError:
                    continue

    watcher = threading.Thread(target=watch)
    watcher.start()
    bring(settings, LARGE)
    ended.set()
    watcher.join()
    bring(settings, LARGE)
    assert {size for name, size in seen if name == NAME} <= {len(LARGE)}
    parts = {size for name, size in seen if name != NAME}
    assert len(parts) > 2 and min(parts) < len(LARGE), "it was seen growing, under another name"
    assert in_the_folder(server) == {NAME: LARGE}


def test_a_connection_that_breaks_half_way_leaves_no_name_and_the_next_attempt_ends_it(
    server: Sshd, settings: Settings
) -> None:
    wire = Wire(server.port, 8 << 20)
    halfway = settings.model_copy()
    halfway.sftp_port, halfway.sftp_host_key = wire.port, server.known_host_at(wire.port)
    cutter = threading.Thread(target=lambda: wire.full.wait(60) and wire.cut())
    cutter.start()
    failed = fault(halfway, LARGE)
    cutter.join()
    assert "viel weg" in failed.fault and failed.again
    (left,) = server.names()
    assert left.startswith(f".{NAME}.") and left.endswith(".part")
    assert 0 < (server.inbox / left).stat().st_size < len(LARGE)
    bring(settings, LARGE)
    assert in_the_folder(server) == {NAME: LARGE}, "what was left is overwritten"


def test_a_server_that_falls_silent_is_not_waited_for(
    server: Sshd, settings: Settings, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    wire = Wire(server.port, 8 << 20)
    settings.sftp_port = wire.port
    settings.sftp_host_key = server.known_host_at(wire.port)
    monkeypatch.setattr(sftp, "SILENT_SECONDS", 1)
    told = fault(settings, LARGE).fault
    assert wire.full.is_set()
    wire.cut()
    assert "viel weg" in told
    assert NAME not in server.names()
    gc.collect()  # what nobody waited for is told when it is thrown away
    assert caplog.messages == []


def test_a_server_that_lives_and_does_nothing_is_left(
    server: Sshd, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when its disk hangs: it says that it is there, whenever it is asked. Opening a pipe waits for a reader."""
    part = f".{NAME}.{hashlib.sha256(CONTENT).hexdigest()[:16]}.part"
    os.mkfifo(server.inbox / part)
    shutil.chown(server.inbox / part, server.user)
    monkeypatch.setattr(sftp, "WHOLE_SECONDS", 1)
    leaving = Leaving()
    failed = fault(settings, leaving=leaving)
    os.close(os.open(server.inbox / part, os.O_RDWR))  # lets the server go
    assert "duurde te lang" in failed.fault and failed.again
    assert leaving.times == 0


KILLED = """
import sys
from pathlib import Path
from service import sftp
from service.settings import Settings

sftp.bring(sftp.Target.of(Settings()), sys.argv[1], Path(sys.argv[2]).read_bytes(), lambda: None)
"""


def test_a_process_that_is_killed_half_way_leaves_no_name_and_the_next_attempt_ends_it(
    server: Sshd, settings: Settings, tmp_path: Path
) -> None:
    wire = Wire(server.port, 8 << 20)
    (tmp_path / "groot").write_bytes(LARGE)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join(sys.path),
        **server.environment(),
        "RNI_SFTP_PORT": str(wire.port),
        "RNI_SFTP_HOST_KEY": server.known_host_at(wire.port),
    }
    child = subprocess.Popen([sys.executable, "-c", KILLED, NAME, str(tmp_path / "groot")], env=environment)
    assert wire.full.wait(60)
    while not server.names():
        time.sleep(0.01)
    child.send_signal(signal.SIGKILL)
    child.wait(30)
    wire.cut()
    assert NAME not in server.names()
    bring(settings, LARGE)
    assert in_the_folder(server) == {NAME: LARGE}


def test_two_who_bring_the_same_at_once_spoil_nothing(server: Sshd, settings: Settings) -> None:
    """As a clock that was taken for lost and goes on, beside the one that took over."""
    both = threading.Barrier(2)
    faults: list[BaseException] = []

    def one() -> None:
        try:
            bring(settings, LARGE, lambda: both.wait(30) and None)
        except sftp.NotBrought as failed:
            faults.append(failed)

    threads = [threading.Thread(target=one) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert faults == []
    assert in_the_folder(server) == {NAME: LARGE}


def test_what_is_encrypted_is_read_by_the_receiver_alone(server: Sshd, settings: Settings) -> None:
    receiver, spare, other = (pyrage.x25519.Identity.generate() for _ in range(3))
    settings.sftp_age_recipients = (str(receiver.to_public()), str(spare.to_public()))
    bring(settings, sftp.encrypted(CONTENT, settings))
    there = (server.inbox / NAME).read_bytes()
    assert b"999990019" not in there
    assert pyrage.decrypt(there, [receiver]) == pyrage.decrypt(there, [spare]) == CONTENT
    with pytest.raises(pyrage.DecryptError):
        pyrage.decrypt(there, [other])


def test_a_connection_is_tried_without_leaving_anything(server: Sshd, settings: Settings) -> None:
    sftp.probe(sftp.Target.of(settings))
    assert server.names() == []
    settings.sftp_folder = str(server.inbox / "weg")
    with pytest.raises(sftp.NotBrought, match="map is er niet"):
        sftp.probe(sftp.Target.of(settings))


def test_what_cannot_work_is_told_before_anybody_is_asked(server: Sshd, settings: Settings, tmp_path: Path) -> None:
    """And without a word of any key."""
    locked = tmp_path / "locked"
    server.own_key.write_private_key(locked, "pkcs8-pem", passphrase="geheim")
    (tmp_path / "scrap").write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
    identity = str(pyrage.x25519.Identity.generate())
    for wrong, names in (
        ({"sftp_key_file": tmp_path / "nergens"}, "RNI_SFTP_KEY_FILE"),
        ({"sftp_key_file": tmp_path}, "RNI_SFTP_KEY_FILE"),
        ({"sftp_key_file": locked}, "RNI_SFTP_KEY_FILE"),
        ({"sftp_key_file": tmp_path / "scrap"}, "RNI_SFTP_KEY_FILE"),
        ({"sftp_host_key": "ergens.example ssh-ed25519 AAAA"}, "RNI_SFTP_HOST_KEY"),
        ({"sftp_host_key": server.known_host.replace("127.0.0.1", "127.0.0.2")}, "RNI_SFTP_HOST_KEY"),
        ({"sftp_host_key": f"@cert-authority {server.known_host}"}, "RNI_SFTP_HOST_KEY"),
        ({"sftp_host_key": "niets"}, "RNI_SFTP_HOST_KEY"),
        ({"sftp_age_recipients": ("age1nee",)}, "RNI_SFTP_AGE_RECIPIENTS"),
        ({"sftp_age_recipients": (identity,)}, "RNI_SFTP_AGE_RECIPIENTS"),
    ):
        with pytest.raises(Misconfigured) as refused:
            sftp.Target.of(settings.model_copy(update=wrong))
        assert [reason.veld for reason in refused.value.reasons] == [names], wrong
        assert identity not in refused.value.uitleg and "AAAA\n" not in refused.value.uitleg
    shown = repr(sftp.Target.of(settings))
    assert "SSHKey" not in shown and "trusted" not in shown
