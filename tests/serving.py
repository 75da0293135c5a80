"""A real `rni serve` on a free loopback port, and `rni` as a command, on a database of the test's own."""

import json
import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2 as httpx

from tests import processes
from tests.postgres import as_owner


@dataclass(frozen=True)
class Ran:
    """What a command left."""

    code: int | None
    out: str
    err: str


@dataclass(frozen=True)
class Installation:
    """A database and a data directory to run commands and a service on."""

    database_url: str
    data_dir: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process of this installation."""
        addresses = {"RNI_DATABASE_URL": self.database_url, "RNI_DATABASE_OWNER_URL": as_owner(self.database_url)}
        return os.environ | addresses | {"RNI_DATA_DIR": str(self.data_dir)} | more

    def run(self, *arguments: str | Path, exits: int = 0) -> str:
        """What the command printed; the exit code must be the one expected."""
        done = self.ran(*arguments)
        assert done.code == exits, (arguments, done)
        return done.out.strip()

    def ran(self, *arguments: str | Path, **more: str) -> Ran:
        """The command, whatever it exits with. `more`: settings."""
        with TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            process = processes.begin(arguments, self.environment(**more), out, err)
            process.join(120)
            return Ran(process.exitcode, out.read_text(), err.read_text())

    def json(self, *arguments: str | Path, exits: int = 0) -> Any:
        """The object that the command printed with --json."""
        return json.loads(self.run(*arguments, "--json", exits=exits))


@dataclass(frozen=True)
class Served:
    """A running service, where it logs, and its process."""

    address: str
    log: Path
    pid: int

    def door(self, token: str) -> httpx.Client:
        """The API, opened with this token; to be closed by whoever opens it."""
        return httpx.Client(base_url=f"{self.address}/api/v1", headers={"Authorization": f"Bearer {token}"}, timeout=60)


def free_port() -> int:
    """One on which nobody listens now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def beside(installation: Installation, log: Path, *arguments: str, **more: str) -> Iterator[int]:
    """A clock or a worker of this installation, by its process id; a test may kill it before. `more`: settings."""
    process = processes.begin(arguments, installation.environment(**more), log, log)
    assert process.pid
    try:
        yield process.pid
    finally:
        process.terminate()
        process.join(30)
        assert process.exitcode in (0, -15, -9), (process.exitcode, log.read_text())


@contextmanager
def serving(
    installation: Installation, log: Path, port: int | None = None, *, clock: bool = False, **more: str
) -> Iterator[Served]:
    """The service of this installation, stopped by its own process id; a test may kill it before. `more`: settings."""
    port = port or free_port()
    address = f"http://127.0.0.1:{port}"
    environment = installation.environment(RNI_BASE_URL=address, **more)
    words = ["serve", "--port", str(port), *(["--with-clock"] if clock else [])]
    process = processes.begin(words, environment, log, log)
    assert process.pid
    try:
        for _ in range(1200):
            try:
                httpx.get(f"{address}/.well-known/security.txt").raise_for_status()
                break
            except httpx.TransportError:
                assert process.exitcode is None, log.read_text()
                time.sleep(0.05)
        yield Served(address, log, process.pid)
    finally:
        process.terminate()
        process.join(20)
        assert process.exitcode in (0, -15, -9), (process.exitcode, log.read_text())
