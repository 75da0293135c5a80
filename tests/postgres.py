"""A PostgreSQL cluster of one's own on a free loopback port, thrown away afterwards; for the tests and the benchmark.

`python -m tests.postgres FOLDER` runs one until its standard input closes, so it never outlives who started it.
"""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

SUPERUSER = "postgres"
OWNER = "rni"
"""Makes the databases and owns their tables."""
SERVICE = "rni_dienst"
"""Owns nothing: what the service and the tests connect as."""
PLACES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda place: int(place.parent.name), reverse=True)
"""Where Debian keeps the programs of a server: outside PATH, a folder for each version."""

QUICK: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",  # would hold up the copying of a database that it is looking at
    "max_connections": "200",
}
"""For data that nobody will miss after a power cut; a benchmark leaves it out."""
ROOM = 4_000_000_000
"""Bytes that must be free in memory: the databases of a run take some hundreds of millions at a time."""


def program(name: str) -> str | None:
    """Where a program lies: in PATH, among those of PostgreSQL or of servers; None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, PLACES), "/usr/sbin"]))


@contextmanager
def running(settings: Mapping[str, str] = QUICK) -> Iterator[str]:
    """The address of a new cluster, as the role that owns; stopped by its process id and removed."""
    initdb = program("initdb")
    assert initdb, "initdb is missing"
    postgres = Path(initdb).resolve().with_name("postgres")  # of the same version
    folder = Path(tempfile.mkdtemp(prefix="rni-postgresql-", dir=_memory() if settings is QUICK else None))
    data, log, secret = folder / "data", folder / "server.log", secrets.token_hex(16)
    try:
        (folder / "password").write_text(secret)
        started = _started_as(folder)
        # One order of text on every machine; a password, because other users of this machine reach the port too.
        choices = ["--no-sync", "--locale=C", "--encoding=UTF8", f"--username={SUPERUSER}", "--auth=scram-sha-256"]
        subprocess.run(
            [initdb, *choices, f"--pwfile={folder / 'password'}", f"--pgdata={data}"],
            **started,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        options = [f"-c{name}={value}" for name, value in settings.items()]
        with log.open("w") as output:
            for _ in range(5):  # another program may take the port in between
                port = _free_port()
                server = subprocess.Popen(
                    [str(postgres), "-D", str(data), "-h", "127.0.0.1", "-p", str(port), "-k", "", *options],
                    **started,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                )
                try:
                    if _answers(server, port, secret):
                        yield f"postgresql+psycopg://{OWNER}:{secret}@127.0.0.1:{port}/postgres"
                        return
                finally:
                    if server.poll() is None:
                        server.send_signal(signal.SIGQUIT)  # at once: what it holds is thrown away
                    server.wait(30)
            raise AssertionError(log.read_text())
    finally:
        shutil.rmtree(folder)


def as_owner(url: str) -> str:
    """The same database as the role that owns it; a file has no roles."""
    return _as(url, OWNER)


def as_service(url: str) -> str:
    """The same database as the role that owns nothing."""
    return _as(url, SERVICE)


def as_superuser(url: str) -> str:
    """The same database as who may do everything in the cluster."""
    return _as(url, SUPERUSER)


def _as(url: str, role: str) -> str:
    address = make_url(url)
    if address.get_backend_name() != "postgresql":
        return url
    return address.set(username=role).render_as_string(hide_password=False)


def _memory() -> Path | None:
    """A folder in memory with room to spare: a database is copied in a tenth of the time there."""
    folder = Path("/dev/shm")  # where Linux has it; what is made there has a name nobody can foretell
    with suppress(OSError):
        if shutil.disk_usage(folder).free > ROOM:
            return folder
    return None


def _started_as(folder: Path) -> dict[str, Any]:
    """How its programs are started: PostgreSQL refuses to run as root, so then as another user who owns the folder."""
    quietly = {"cwd": folder, "start_new_session": True}  # Ctrl-C is for who started us
    if os.geteuid() != 0:
        return quietly
    try:
        shutil.chown(folder, "postgres")
        user = "postgres"
    except LookupError:
        shutil.chown(folder, "nobody")
        user = "nobody"
    shutil.chown(folder / "password", user)
    return quietly | {"user": user, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def _answers(server: "subprocess.Popen[bytes]", port: int, secret: str) -> bool:
    """Whether it came up; then our roles are made."""
    while server.poll() is None:
        try:
            with psycopg.connect(
                host="127.0.0.1", port=port, user=SUPERUSER, password=secret, dbname="postgres", autocommit=True
            ) as connection:
                connection.execute(f"CREATE ROLE {OWNER} LOGIN CREATEDB PASSWORD '{secret}'")
                connection.execute(f"CREATE ROLE {SERVICE} LOGIN PASSWORD '{secret}'")
                connection.execute(f"GRANT pg_signal_backend TO {OWNER}")  # takes away a database that is in use
            return True
        except psycopg.OperationalError:
            time.sleep(0.05)
    return False


def main(folder: Path) -> None:
    """Runs until the standard input closes; the address stands in FOLDER/url once it answers. Removes the folder."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with running() as url:
            (folder / "being-written").write_text(url)
            (folder / "being-written").rename(folder / "url")
            sys.stdin.read()
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
