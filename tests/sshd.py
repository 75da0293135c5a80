"""OpenSSH's own server on a free loopback port, with nothing behind it but a folder for SFTP; thrown away afterwards.

It runs as whoever runs the tests. Root becomes `daemon`, whom every system has: to root no folder is forbidden, and
`nobody` may not sign in where systemd answers for him.
"""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import asyncssh

from service.settings import Settings
from tests.postgres import _free_port

TOLD = ("sftp_host", "sftp_port", "sftp_user", "sftp_key_file", "sftp_host_key", "sftp_folder")
ROOT = os.geteuid() == 0
CONFIG = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host_key
HostKey {folder}/second_key
PidFile {folder}/pid
AuthorizedKeysFile {folder}/authorized_keys
AuthenticationMethods publickey
StrictModes no
UsePAM no
Subsystem sftp internal-sftp
ForceCommand internal-sftp
MaxStartups 100
"""


@dataclass
class Sshd:
    """A server that can be started, stopped and started again in the same place, with the same key."""

    program: str
    folder: Path
    user: str
    port: int = field(default_factory=_free_port)
    _process: "subprocess.Popen[bytes] | None" = None

    def __post_init__(self) -> None:
        self.inbox = self.folder / "in"
        self.inbox.mkdir()
        self.host_key = asyncssh.generate_private_key("ssh-ed25519")
        self.second_key = asyncssh.generate_private_key("ecdsa-sha2-nistp256")
        self.own_key = asyncssh.generate_private_key("ssh-ed25519")
        self.host_key.write_private_key(self.folder / "host_key")
        self.second_key.write_private_key(self.folder / "second_key")
        self.own_key.write_private_key(self.folder / "own_key")
        self.own_key.write_public_key(self.folder / "authorized_keys")
        (self.folder / "config").write_text(CONFIG.format(port=self.port, folder=self.folder))
        for name in ("host_key", "second_key"):
            (self.folder / name).chmod(0o600)
        for each in (self.folder, *self.folder.iterdir()):
            shutil.chown(each, self.user)

    @property
    def known_host(self) -> str:
        """Its line of known_hosts."""
        return self.known_host_at(self.port)

    def known_host_at(self, port: int) -> str:
        """The same for one that has its key at another port."""
        return f"[127.0.0.1]:{port} {self.host_key.export_public_key().decode().strip()}"

    @property
    def log(self) -> str:
        """What it said so far."""
        return (self.folder / "log").read_text(errors="replace")

    def put_in(self, settings: Settings) -> None:
        """From now on these settings bring files here."""
        settings.sftp_host, settings.sftp_port, settings.sftp_user = "127.0.0.1", self.port, self.user
        settings.sftp_key_file, settings.sftp_host_key = self.folder / "own_key", self.known_host
        settings.sftp_folder = str(self.inbox)

    def environment(self) -> dict[str, str]:
        """The same for a process of its own."""
        own = Settings()
        self.put_in(own)
        return {f"RNI_{name.upper()}": str(getattr(own, name)) for name in TOLD}

    def names(self) -> list[str]:
        """What lies in the folder, hidden or not."""
        return sorted(each.name for each in self.inbox.iterdir())

    def start(self, most: int | None = None) -> None:
        """Runs it until `stop`. most: bytes that a file may have, as on a disk that is full."""
        limited = [] if most is None else ["sh", "-c", f'trap "" XFSZ; ulimit -f {most // 512}; exec "$0" "$@"']
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [*limited, self.program, "-D", "-e", "-f", str(self.folder / "config")],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                **({"user": self.user, "group": pwd.getpwnam(self.user).pw_gid, "extra_groups": []} if ROOT else {}),
            )
        while True:
            assert self._process.poll() is None, self.log
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 5) as answered:
                if answered.recv(4) == b"SSH-":
                    return
            time.sleep(0.02)

    def stop(self) -> None:
        """Ends what was started, by its own number; what it began for somebody who is still there ends with them."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None


@contextmanager
def running(program: str) -> Iterator[Sshd]:
    """A server with a folder of its own."""
    user = "daemon" if ROOT else pwd.getpwuid(os.geteuid()).pw_name
    folder = Path(tempfile.mkdtemp(prefix="rni-sshd-"))
    server = Sshd(program, folder, user)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder)


@dataclass
class Wire:
    """A way to a server that lets so many bytes through and then no more, until it is cut."""

    to: int
    most: int
    passed: int = 0

    def __post_init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listener.getsockname()[1])
        self._ends: list[socket.socket] = [self._listener]
        self.full, self._cut = threading.Event(), threading.Event()
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self.to))
                self._ends += [near, far]
                for each in ((near, far, True), (far, near, False)):
                    self._threads.append(threading.Thread(target=self._carry, args=each, daemon=True))
                    self._threads[-1].start()

    def _carry(self, of: socket.socket, to: socket.socket, counts: bool) -> None:
        with suppress(OSError):
            while data := of.recv(65536):
                if counts and self.passed + len(data) > self.most:
                    self.full.set()
                    self._cut.wait()
                    break
                self.passed += len(data) if counts else 0
                to.sendall(data)
        for each in (of, to):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Both sides hear that the other is gone."""
        self._cut.set()
        for each in self._ends:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(30)
        for each in self._ends:
            each.close()
