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
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import URL, make_url

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
FOLLOWED: Mapping[str, str] = {
    "fsync": "off",
    "wal_level": "replica",
    "max_wal_senders": "4",
    "hot_standby_feedback": "on",
    "max_connections": "60",
}
"""For one that is copied as it goes; a commit is written before it is answered, as it should be."""
ROOM = 4_000_000_000
"""Bytes that must be free in memory: the databases of a run take some hundreds of millions at a time."""


def program(name: str) -> str | None:
    """Where a program lies: in PATH, among those of PostgreSQL or of servers; None where it is not installed."""
    return shutil.which(name, path=os.pathsep.join([os.environ.get("PATH", ""), *map(str, PLACES), "/usr/sbin"]))


@contextmanager
def running(settings: Mapping[str, str] = QUICK) -> Iterator[str]:
    """The address of a new cluster, as the role that owns; stopped by its process id and removed."""
    folder = Path(tempfile.mkdtemp(prefix="rni-postgresql-", dir=_memory() if settings is QUICK else None))
    data, log, secret = folder / "data", folder / "server.log", secrets.token_hex(16)
    try:
        (folder / "password").write_text(secret)
        started = _started_as(folder)
        subprocess.run([*_made_as(folder), f"--pgdata={data}"], **started, check=True, stdout=subprocess.DEVNULL)
        with _served(data, log, settings, started, lambda server, port: _answers(server, port, secret)) as (port, _):
            yield f"postgresql+psycopg://{OWNER}:{secret}@127.0.0.1:{port}/postgres"
    finally:
        shutil.rmtree(folder)


@contextmanager
def following(url: str) -> Iterator[tuple[str, int]]:
    """A copy of the cluster at this address that runs along, and the process id of its server."""
    basebackup = program("pg_basebackup")
    assert basebackup, "pg_basebackup is missing"
    of = make_url(as_superuser(url))
    folder = Path(tempfile.mkdtemp(prefix="rni-leeskopie-"))
    try:
        (folder / "password").write_text(str(of.password))
        started = _started_as(folder)
        whence = ["-h", str(of.host), "-p", str(of.port), "-U", SUPERUSER]
        environment = {"env": os.environ | {"PGPASSWORD": str(of.password)}}
        data = folder / "data"
        subprocess.run(
            [basebackup, *whence, "-D", str(data), "-R", "-X", "stream", "--checkpoint=fast", "--no-sync"],
            **started | environment,
            check=True,
        )
        settings = FOLLOWED | {"hot_standby": "on"}
        with _served(data, folder / "server.log", settings, started, lambda server, port: _reads(server, port, of)) as (
            port,
            server,
        ):
            yield make_url(url).set(port=port).render_as_string(hide_password=False), server.pid
    finally:
        shutil.rmtree(folder)


@dataclass
class Cluster:
    """A cluster that a test stops and starts again on its port, as its machine would be.

    of: it runs along with that one. like: it begins as that one was when it was stopped.
    """

    folder: Path
    secret: str
    settings: Mapping[str, str]
    of: "Cluster | None" = None
    like: "Cluster | None" = None
    port: int = field(default_factory=lambda: _free_port())
    server: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        """The address of its first database, as the role that owns."""
        return f"postgresql+psycopg://{OWNER}:{self.secret}@127.0.0.1:{self.port}/postgres"

    def prepare(self) -> None:
        """The data it begins with."""
        (self.folder / "password").write_text(self.secret)
        started = _started_as(self.folder)
        data = f"--pgdata={self.folder / 'data'}"
        if self.like is not None:
            command = ["cp", "-a", str(self.like.folder / "data"), str(self.folder)]
            started = {}
        elif self.of is None:
            command = [*_made_as(self.folder), data]
        else:
            whence = ["-h", "127.0.0.1", "-p", str(self.of.port), "-U", SUPERUSER]
            how = ["--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync"]
            command = [str(program("pg_basebackup")), *whence, *how, data]
            started |= {"env": os.environ | {"PGPASSWORD": self.secret}}
        subprocess.run(command, **started, check=True, stdout=subprocess.DEVNULL)

    def start(self) -> None:
        """Until it answers."""
        postgres = Path(str(program("initdb"))).resolve().with_name("postgres")  # of the same version
        options = [f"-c{name}={value}" for name, value in self.settings.items()]
        log = self.folder / "server.log"
        first = not log.exists() and self.of is None and self.like is None
        with log.open("a") as output:
            self.server = subprocess.Popen(
                [str(postgres), "-D", "data", "-h", "127.0.0.1", "-p", str(self.port), "-k", "", *options],
                **_started_as(self.folder),
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        there = (
            _answers(self.server, self.port, self.secret)
            if first
            else _reads(self.server, self.port, make_url(self.url))
        )
        assert there, log.read_text()

    def stop(self, how: signal.Signals) -> None:
        """SIGINT: at once, in order. SIGQUIT: as a crash. SIGKILL: its machine is gone."""
        assert self.server
        self.server.send_signal(how)
        self.server.wait(60)

    def hold(self, how: signal.Signals = signal.SIGSTOP) -> None:
        """All its processes stand still, as on a machine that hangs; SIGCONT: they go on."""
        assert self.server
        for pid in (self.server.pid, *_children(self.server.pid)):
            with suppress(ProcessLookupError):
                os.kill(pid, how)

    def as_superuser(self) -> "psycopg.Connection[Any]":
        """A connection of whoever may do everything, each statement for itself."""
        return psycopg.connect(
            host="127.0.0.1",
            port=self.port,
            user=SUPERUSER,
            password=self.secret,
            dbname="postgres",
            autocommit=True,
        )


@contextmanager
def cluster(
    settings: Mapping[str, str], *, of: Cluster | None = None, like: Cluster | None = None, within: Path | None = None
) -> Iterator[Cluster]:
    """A cluster of a test alone, started. within: where its folder is made."""
    folder = Path(tempfile.mkdtemp(prefix="rni-postgresql-", dir=within))
    other = of or like
    made = Cluster(folder, other.secret if other else secrets.token_hex(16), settings, of, like)
    try:
        made.prepare()
        made.start()
        yield made
    finally:
        if made.server and made.server.poll() is None:
            made.hold(signal.SIGCONT)
            made.stop(signal.SIGQUIT)
        shutil.rmtree(folder)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _made_as(folder: Path) -> list[str]:
    """How a cluster is made, but for where its data lie."""
    initdb = program("initdb")
    assert initdb, "initdb is missing"
    # One order of text on every machine; a password, because other users of this machine reach the port too.
    choices = ["--no-sync", "--locale=C", "--encoding=UTF8", f"--username={SUPERUSER}", "--auth=scram-sha-256"]
    return [initdb, *choices, f"--pwfile={folder / 'password'}"]


@contextmanager
def _served(
    data: Path,
    log: Path,
    settings: Mapping[str, str],
    started: Mapping[str, Any],
    ready: Callable[["subprocess.Popen[bytes]", int], bool],
) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A server on this data, on a free port; stopped by its process id."""
    postgres = Path(str(program("initdb"))).resolve().with_name("postgres")  # of the same version
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
                if ready(server, port):
                    yield port, server
                    return
            finally:
                if server.poll() is None:
                    server.send_signal(signal.SIGCONT)  # a test may have held it
                    server.send_signal(signal.SIGQUIT)  # at once: what it holds is thrown away
                server.wait(30)
        raise AssertionError(log.read_text())


def _reads(server: "subprocess.Popen[bytes]", port: int, of: URL) -> bool:
    """Whether a copy came up and can be read."""
    while server.poll() is None:
        try:
            psycopg.connect(
                host="127.0.0.1", port=port, user=SUPERUSER, password=of.password, dbname="postgres"
            ).close()
            return True
        except psycopg.OperationalError:
            time.sleep(0.05)
    return False


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
