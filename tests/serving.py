"""A real `rni serve` on a free loopback port, and `rni` as a command, on a database of the test's own."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2 as httpx

RNI = Path(sys.executable).parent / "rni"


@dataclass(frozen=True)
class Installation:
    """A database and a data directory to run commands and a service on."""

    database_url: str
    data_dir: Path

    def environment(self, **more: str) -> dict[str, str]:
        """The environment of a process of this installation."""
        return os.environ | {"RNI_DATABASE_URL": self.database_url, "RNI_DATA_DIR": str(self.data_dir)} | more

    def run(self, *arguments: str | Path, exits: int = 0) -> str:
        """What the command printed; the exit code must be the one expected."""
        done = subprocess.run([RNI, *arguments], env=self.environment(), capture_output=True, text=True, timeout=120)
        assert done.returncode == exits, (arguments, done.returncode, done.stdout, done.stderr)
        return done.stdout.strip()

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


@contextmanager
def serving(installation: Installation, log: Path) -> Iterator[Served]:
    """The service of this installation, stopped by its own process id; a test may kill it before."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}"
    environment = installation.environment(RNI_BASE_URL=address)
    with log.open("w") as output:
        process = subprocess.Popen(
            [RNI, "serve", "--port", str(port)], env=environment, stdout=output, stderr=subprocess.STDOUT
        )
        try:
            for _ in range(600):
                try:
                    httpx.get(f"{address}/api/v1/openapi.json").raise_for_status()
                    break
                except httpx.TransportError:
                    assert process.poll() is None, log.read_text()
                    time.sleep(0.1)
            yield Served(address, log, process.pid)
        finally:
            process.terminate()
            assert process.wait(20) in (0, -15, -9), log.read_text()
