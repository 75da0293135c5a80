"""Databases as earlier versions left them: made by their own code, kept as text, and put back for a test.

`python -m tests.released COMMIT [COMMIT …]` takes a version out of the history, has its demonstration work on a small
part of the deliveries, on both databases, and writes both to `tests/samples/schemas/` under the last step of its
schema. The files of letters and packs are replaced by a small one, and table 33 is left out: an upgrade brings it.
"""

import csv
import hashlib
import io
import lzma
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import psycopg
from sqlalchemy import make_url

from tests.databases import plain_address
from tests.evidence import PDF
from tests.postgres import as_owner, as_superuser, program, running

ROOT = Path(__file__).parents[1]
SAMPLES = ROOT / "tests" / "samples" / "schemas"
KINDS = ("sqlite", "postgresql")
FIRST_ROWS, FIRST_YIELDS, FIRST_CHANGES = 14, 8, 4
LARGE = 4_000
"""Bytes of a file that is replaced; what is sealed stays as it is."""
SHA256 = hashlib.sha256(PDF).hexdigest()


def released() -> list[str]:
    """The last step of each schema of which there is a sample, the oldest first."""
    return sorted({path.name.split(".")[0] for path in SAMPLES.glob("*.xz")})


def put_back(url: str, step: str) -> None:
    """An empty database becomes the one that a version with this last step left."""
    address = make_url(url)
    kind = address.get_backend_name()
    script = lzma.decompress((SAMPLES / f"{step}.{kind}.sql.xz").read_bytes()).decode()
    if kind == "sqlite":
        with closing(sqlite3.connect(str(address.database), isolation_level=None)) as connection:
            connection.execute("PRAGMA page_size = 8192")
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(script)
        return
    with psycopg.connect(plain_address(as_owner(url)), autocommit=True) as connection:
        connection.execute(script.encode())


def main(commits: list[str]) -> None:
    """A sample of each."""
    SAMPLES.mkdir(parents=True, exist_ok=True)
    with running() as address:
        for commit in commits:
            with tempfile.TemporaryDirectory(prefix="rni-released-") as folder:
                _sample(commit, Path(folder), address)


def _sample(commit: str, folder: Path, address: str) -> None:
    tree = folder / "tree"
    _git("worktree", "add", "--detach", "--force", str(tree), commit)
    try:
        _trim(tree / "tests" / "samples" / "demo")
        look = ROOT / "service" / "static" / "made"
        if look.is_dir():
            shutil.copytree(look, tree / "service" / "static" / "made", dirs_exist_ok=True)
        for kind in KINDS:
            with _empty(kind, folder, address) as url:
                _demonstrate(tree, url, folder / f"data-{kind}")
                step, script = _of_sqlite(url) if kind == "sqlite" else _of_postgresql(url)
            target = SAMPLES / f"{step}.{kind}.sql.xz"
            target.write_bytes(lzma.compress(script.encode(), preset=9 | lzma.PRESET_EXTREME))
            print(f"{commit} {target.name}: {target.stat().st_size} bytes of {len(script)}", flush=True)
    finally:
        _git("worktree", "remove", "--force", str(tree))


def _git(*words: str) -> None:
    subprocess.run(["git", *words], cwd=ROOT, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _trim(samples: Path) -> None:
    """A few rows of each delivery, among them what later files are about."""
    july, august, yields = (samples / name for name in ("LRNI-2026-07.csv", "LRNI-2026-08.csv", "opbrengst-2026.csv"))
    told = [row["signaalnummer"] for row in _rows(yields)[1]][:FIRST_YIELDS]
    changes = [row["signaalnummer"] for row in _rows(august)[1] if row["mutatiesoort"] != "N"][:FIRST_CHANGES]
    heading, rows = _rows(july)
    kept = [row for at, row in enumerate(rows) if at < FIRST_ROWS or row["signaalnummer"] in {*told, *changes}]
    _write(july, heading, kept)
    here = {row["signaalnummer"] for row in kept}
    heading, rows = _rows(august)
    new = [row for row in rows if row["mutatiesoort"] == "N"][:FIRST_CHANGES]
    _write(august, heading, [row for row in rows if row in new or row["signaalnummer"] in here])
    heading, rows = _rows(yields)
    _write(yields, heading, [row for row in rows if row["signaalnummer"] in here])


def _rows(path: Path) -> tuple[list[str], list[dict[str, str]]]:
    reader = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8-sig")), delimiter=";")
    return list(reader.fieldnames or []), list(reader)


def _write(path: Path, heading: list[str], rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, heading, delimiter=";", lineterminator="\r\n")
        writer.writeheader()
        writer.writerows(rows)


@contextmanager
def _empty(kind: str, folder: Path, address: str) -> Iterator[str]:
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'rni.sqlite3'}"
        return
    with psycopg.connect(plain_address(as_superuser(address)), autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS released")
        connection.execute("CREATE DATABASE released OWNER rni")
    yield make_url(address).set(database="released").render_as_string(hide_password=False)


def _demonstrate(tree: Path, url: str, data: Path) -> None:
    settings = {"RNI_ENVIRONMENT": "demo", "RNI_DATABASE_URL": url, "RNI_DATA_DIR": str(data)}
    subprocess.run(
        [sys.executable, "-m", "service.demo"],
        cwd=tree,
        env=os.environ | settings | {"PYTHONPATH": str(tree)},
        check=True,
        stdout=subprocess.DEVNULL,
    )


def _of_sqlite(url: str) -> tuple[str, str]:
    with closing(sqlite3.connect(str(make_url(url).database), isolation_level=None)) as connection:
        triggers = connection.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for table, columns in _tables(connection).items():
            for statement in _smaller(table, columns):
                connection.execute(statement.replace("%s", "?"), (PDF, SHA256, LARGE))
        for _, sql in triggers:
            connection.execute(sql)
        connection.execute("DELETE FROM municipality")
        (step,) = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        lines = [line for line in connection.iterdump() if "sqlite_stat" not in line]
        return step, "PRAGMA foreign_keys = OFF;\n" + "\n".join(lines) + "\n"


def _smaller(table: str, columns: set[str]) -> Iterator[str]:
    """What replaces the files of letters and of published packs, which no step of the schema looks into."""
    if {"pdf", "sha256"} <= columns:
        yield f"UPDATE {table} SET pdf = %s, sha256 = %s WHERE length(pdf) > %s"
    if {"inhoud", "sha256", "grootte"} <= columns:
        yield f"UPDATE {table} SET inhoud = %s, sha256 = %s, grootte = {len(PDF)} WHERE length(inhoud) > %s"


def _tables(connection: sqlite3.Connection) -> dict[str, set[str]]:
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: {row[1] for row in connection.execute(f"PRAGMA table_info({name})")} for name in names}


def _of_postgresql(url: str) -> tuple[str, str]:
    above = as_superuser(url)
    with psycopg.connect(plain_address(above), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")  # no triggers
        found = connection.execute(
            "SELECT table_name, array_agg(column_name::text) FROM information_schema.columns"
            " WHERE table_schema = 'public' GROUP BY table_name"
        )
        for table, columns in found.fetchall():
            for statement in _smaller(table, set(columns)):
                connection.execute(statement.encode(), (PDF, SHA256, LARGE))
        connection.execute("DELETE FROM municipality")
        found = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        assert found
    dump = program("pg_dump")
    assert dump
    how = ["--inserts", "--rows-per-insert=200", "--no-owner", "--no-privileges", "--no-comments"]
    told = subprocess.run([dump, *how, plain_address(above)], check=True, stdout=subprocess.PIPE, text=True)
    script = re.sub(r"^(\\|-- ).*\n", "", told.stdout, flags=re.M)  # commands of psql, and what it says of itself
    # What the program that reads it need not know, or may not.
    script = re.sub(r"^(SET transaction_timeout|CREATE SCHEMA).*\n", "", script, flags=re.M)
    return found[0], script


if __name__ == "__main__":
    main(sys.argv[1:])
