"""A back-up is database and files of one moment, whatever people do meanwhile, and comes back whole or not at all."""

import hashlib
import io
import json
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import httpx2 as httpx
import pyrage
import pytest
from serving import Installation, serving
from sqlalchemy import Engine, inspect, text
from sqlmodel import SQLModel, col, func, select

from service.access import Access
from service.backup import databases as copies
from service.backup import manifest
from service.backup.making import LEFT_OUT, NAMED, Copied, make
from service.backup.manifest import FILES, Manifest
from service.backup.restoring import restore
from service.backup.rows import counted
from service.backup.storing import Store
from service.db import make_engine, require_schema, session_scope, upgrade
from service.files import documents, storage
from service.identity.accounts import desk_of
from service.loading import uploads
from service.log import chain
from service.models import Upload
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.errors import Refused
from signals.keyring import use_keys
from tests.conftest import KEYS
from tests.evidence import PDF, PNG, TEXT
from tests.postgres import as_owner
from workflow import moves
from workflow.models import Case, Document, Source

from .conftest import NOW, ROTTERDAM, access

pytestmark = pytest.mark.every_database

SAMPLE = Path(__file__).parents[1] / "samples" / "demo" / "LRNI-2026-07.csv"
DOCUMENT = {"soort": "anders", "omschrijving": "huurovereenkomst", "datum": "2026-07-06"}


@pytest.fixture
def worked_in(settings: Settings, engine: Engine) -> Settings:
    """An installation with a delivery, its file, documents with their content, and a sealed log."""
    settings = settings.model_copy(update={"database_owner_url": as_owner(settings.database_url)})
    with SAMPLE.open("rb") as stream:
        kept = storage.keep(settings, stream)
    uploads.load_file(engine, access(engine, "ulla"), kept, SAMPLE.name, received=date(2026, 7, 6), now=NOW)
    for content in (PDF, PNG, TEXT):
        add_document(settings, engine, content)
    chain.seal(engine, settings.data_dir, NOW, everything=True)
    for folder, name in (("werk", "a.voortgang"), ("afdrukken", "half.pdf"), ("bevindingen", "x.rijen")):
        (settings.data_dir / folder).mkdir(exist_ok=True)
        (settings.data_dir / folder / name).write_text("iets")
    (settings.data_dir / "documenten" / "van-niemand").write_text("wordt vannacht geveegd")
    return settings


def cases(engine: Engine) -> list[str]:
    with session_scope(engine, Access.system(), write=False) as session:
        return list(session.exec(select(Case.zaaknummer).where(col(Case.gemeentecode) == ROTTERDAM)))


def add_document(settings: Settings, engine: Engine, content: bytes) -> None:
    anna = access(engine, "anna")
    with session_scope(engine, anna) as session, io.BytesIO(content) as stream:
        case = moves.find_case(session, cases(engine)[0])
        taken = documents.take_in(settings, stream, "stuk")
        documents.add(session, case, desk_of(session, NOW), DOCUMENT, taken)


def everything(url: str) -> dict[str, tuple[int, str]]:
    """Of every table how many rows, and a digest of all of them, by other means than the back-up's own."""
    engine = make_engine(as_owner(url))
    told = {}
    with engine.execution_options(**EVERYTHING).connect() as connection:
        for name in sorted(inspect(connection).get_table_names()):
            rows = sorted(repr(_plain(row)) for row in connection.execute(text(f'SELECT * FROM "{name}"')))
            told[name] = len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()
    engine.dispose()
    return told


def _plain(row: Any) -> list[Any]:
    return [bytes(value) if isinstance(value, memoryview) else value for value in row]


def files(root: Path) -> dict[str, str]:
    """Every file below a folder with its digest."""
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file()
    }


def expected_files(settings: Settings) -> dict[str, str]:
    """What belongs to an installation: not what is of use for the moment only, nor what no row names."""
    database = Path(settings.database_url.removeprefix("sqlite:///")).name
    return {
        name: digest
        for name, digest in files(settings.data_dir).items()
        if name.split("/")[0] not in LEFT_OUT and not name.startswith(database) and not name.endswith("van-niemand")
    }


AGE = pyrage.x25519.Identity.generate()


@pytest.mark.parametrize("to", [(), (str(AGE.to_public()),)], ids=["plain", "encrypted"])
def test_what_comes_back_is_what_was_there(
    worked_in: Settings, empty: Settings, tmp_path: Path, to: tuple[str, ...]
) -> None:
    rows, kept = everything(worked_in.database_url), expected_files(worked_in)
    assert sum(name.startswith("documenten/") for name in kept) == 3
    made = make(worked_in, tmp_path / "out", NOW, to=to)
    assert (made.manifest.versleuteld, made.manifest.al_weg) == (bool(to), ())
    told = restore(empty, made.folder, [AGE] if to else ())
    assert everything(empty.database_url) == rows
    assert files(empty.data_dir) == kept
    assert {name: rows.rijen for name, rows in told.tabellen.items()} == {
        name: count for name, (count, _) in rows.items()
    }
    upgrade(empty.database_url, empty.database_owner_url)
    engine = make_engine(empty.database_url)
    require_schema(engine)
    with session_scope(engine, Access.system(), write=False) as session:
        for document in session.exec(select(Document)):
            assert documents.stored(empty, document).stat().st_size == document.omvang
        verdict = chain.verify(session, chain.read_heads(chain.heads_file(empty.data_dir)))
        assert verdict.breuk is None and verdict.regels > 0
    engine.dispose()
    both = (*made.folder.rglob("*"), *empty.data_dir.rglob("*"))
    modes = {path.stat().st_mode & 0o077 for path in both if path.is_file()}
    assert modes == {0}, "somebody else on the machine can read it"


def test_no_key_and_when_encrypted_no_person_is_in_it(worked_in: Settings, tmp_path: Path) -> None:
    made = make(worked_in, tmp_path / "out", NOW, to=[str(AGE.to_public())])
    whole = b"".join(path.read_bytes() for path in made.folder.rglob("*") if path.is_file())
    name = SAMPLE.read_text(encoding="utf-8-sig").splitlines()[1].split(";")[8]
    assert len(name) > 3
    for secret in (*worked_in.keys, name.encode(), PDF[:200], b"SQLite format 3", b"PGDMP"):
        assert secret not in whole
    assert not list(worked_in.data_dir.glob(".backup/*")), "what was copied to be encrypted is still there"


class Work:
    """People who add to dossiers through the doors, with and without a file, until they are told to stop."""

    def __init__(self, address: str, token: str, cases: list[str]) -> None:
        self._ending, self.done = threading.Event(), list[tuple[float, float, str]]()
        self._threads = [threading.Thread(target=self._work, args=[address, token, cases, each]) for each in range(3)]
        self.wrong: list[str] = []

    def __enter__(self) -> "Work":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        for thread in self._threads:
            thread.join(60)

    def wait_for(self, number: int) -> None:
        for _ in range(1200):
            if len(self.done) >= number:
                return
            time.sleep(0.05)
        raise AssertionError(self.wrong)

    def _work(self, address: str, token: str, cases: list[str], number: int) -> None:
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60) as door:
            for turn in range(10_000):
                if self._ending.is_set():
                    return
                case, begun = cases[(number + 3 * turn) % len(cases)], time.monotonic()
                word = f"{number}-{turn}"
                if turn % 2:
                    sent = {"files": {"bestand": (f"{word}.txt", f"stuk {word}".encode())}, "data": DOCUMENT}
                    answer = door.post(f"/zaken/{case}/documenten", **sent)
                else:
                    entry = {"soort": "bag", "datum": "2026-07-06", "bevinding": word}
                    answer = door.post(f"/zaken/{case}/bronnen", json=entry)
                if answer.status_code == 201:
                    self.done.append((begun, time.monotonic(), word))
                else:
                    self.wrong.append(answer.text)


def test_a_back_up_under_load_is_of_one_moment(
    worked_in: Settings,
    engine: Engine,
    empty: Settings,
    tokens: Mapping[str, str],
    tmp_path: Path,
) -> None:
    """What was answered before it began is in it, what was asked after it ended is not; and each row has its file."""
    installation = Installation(worked_in.database_url, worked_in.data_dir)
    with ExitStack() as open_:
        served = open_.enter_context(serving(installation, tmp_path / "service.log"))
        work = open_.enter_context(Work(served.address, tokens["anna"], cases(engine)))
        work.wait_for(12)
        begun = time.monotonic()
        told = installation.json("backup", "--out", tmp_path / "out")
        ended = time.monotonic()
        work.wait_for(len(work.done) + 12)
    assert not work.wrong
    out = Path(told["map"])
    restore(empty, out)
    restored = make_engine(as_owner(empty.database_url))
    with session_scope(restored, Access.system(), write=False) as session:
        rows = list(session.exec(select(Document)))
        words = {*session.exec(select(Source.bevinding)), *(str(row.bestandsnaam).removesuffix(".txt") for row in rows)}
        for row in rows:
            assert documents.stored(empty, row).stat().st_size == row.omvang
        named = {str(row.bestand) for row in rows} | set(session.exec(select(Upload.bestand)))
    restored.dispose()
    before = {word for _, answered, word in work.done if answered < begun}
    after = {word for asked, _, word in work.done if asked > ended}
    assert len(before) >= 12 and len(after) >= 6
    assert before <= words and not after & words
    there = {path.name for folder in NAMED for path in (empty.data_dir / folder).iterdir()}
    assert there == named
    print(
        f"{len(before)} before, {len(words & {w for *_, w in work.done}) - len(before)} meanwhile, {len(after)} after"
    )


def test_a_file_that_goes_while_it_is_made_is_in_it_when_a_row_names_it(
    worked_in: Settings, engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when a dossier is destroyed between the moment of the database and the end of the copying."""
    taken = copies.snapshot
    gone: list[Path] = []

    def then_one_goes(settings: Settings) -> Any:
        gone.append(next(path for path in (settings.data_dir / "documenten").iterdir() if path.name != "van-niemand"))
        gone[0].unlink()
        return taken(settings)

    with monkeypatch.context() as patched:
        patched.setattr("service.backup.making.snapshot", then_one_goes)
        made = make(worked_in, tmp_path / "out", NOW)
    assert f"{FILES}/documenten/{gone[0].name}" in {part.naam for part in made.manifest.onderdelen}
    assert made.manifest.al_weg == ()
    made = make(worked_in, tmp_path / "out", NOW + timedelta(hours=1))  # now it was gone before
    assert made.manifest.al_weg == (f"documenten/{gone[0].name}",)


def test_a_file_that_was_still_being_written_is_copied_whole(worked_in: Settings, tmp_path: Path) -> None:
    path = next(path for path in (worked_in.data_dir / "documenten").iterdir() if path.read_bytes() == TEXT)
    path.write_bytes(TEXT[:10])

    class Beside(Store):
        """Right after the first half was copied, the rest is there."""

        def put(self, name: str, source: BinaryIO) -> manifest.Part:
            part = super().put(name, source)
            if name.endswith(path.name) and path.read_bytes() != TEXT:
                path.write_bytes(TEXT)
            return part

    store = Beside(tmp_path / "set")
    copied = Copied(worked_in, store)
    copied.look(every=True)
    copied.look(every=False)
    assert (store.folder / FILES / "documenten" / path.name).read_bytes() == TEXT
    (part,) = [part for part in copied.parts if part.naam.endswith(path.name)]
    assert (part.bytes, part.sha256) == (len(TEXT), hashlib.sha256(TEXT).hexdigest())


@pytest.fixture
def made(worked_in: Settings, tmp_path: Path) -> Path:
    return make(worked_in, tmp_path / "out", NOW).folder


def change(path: Path, **values: Any) -> None:
    told = json.loads((path / manifest.NAME).read_text())
    (path / manifest.NAME).write_text(json.dumps(told | values))


def nothing_was_done(empty: Settings) -> None:
    assert not empty.data_dir.exists() or not files(empty.data_dir)
    copies.require_empty(empty)


def _shorten(made: Path, _: Settings) -> None:
    part = next(path for path in (made / FILES / "documenten").iterdir())
    part.write_bytes(part.read_bytes()[:-1])


def _change_database(made: Path, _: Settings) -> None:
    (part,) = made.glob("database.*")
    content = bytearray(part.read_bytes())
    content[len(content) // 2] ^= 1
    part.write_bytes(bytes(content))


def _no_manifest(made: Path, _: Settings) -> None:
    (made / manifest.NAME).unlink()


def _lead_out(made: Path, _: Settings) -> None:
    told = json.loads((made / manifest.NAME).read_text())
    told["onderdelen"][-1]["naam"] = "bestanden/../../../elders/over.txt"
    (made / manifest.NAME).write_text(json.dumps(told))


def _file_there(made: Path, empty: Settings) -> None:
    empty.data_dir.mkdir(parents=True)
    (empty.data_dir / "iets").write_text("van een ander")


def _other_rows(made: Path, _: Settings) -> None:
    """As by a fault of ours, under our own key."""
    told = manifest.read(made)
    wrong = told.tabellen | {"zaak": told.tabellen["zaak"].model_copy(update={"som": "0" * 16})}
    (made / manifest.NAME).write_text(told.model_copy(update={"tabellen": wrong}).sealed().model_dump_json())


def _made_up(made: Path, _: Settings) -> None:
    """By who can write where back-ups lie and knows the public key, but has no secret one."""
    told = manifest.read(made)
    use_keys([b"van een ander, en zeker zo lang als de onze"])
    (made / manifest.NAME).write_text(told.sealed().model_dump_json())
    use_keys(KEYS)


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_shorten, "backup_beschadigd"),
        (_change_database, "backup_beschadigd"),
        (_no_manifest, "backup_onbekend"),
        (_lead_out, "backup_onbekend"),
        (_file_there, "map_niet_leeg"),
        (lambda made, _: change(made, vorm=2), "backup_andere_vorm"),
        (lambda made, _: change(made, schema_stap="9999"), "backup_nieuwer"),
        (lambda made, _: change(made, sleutels=["AAAA"]), "sleutel_ontbreekt"),
        (lambda made, _: change(made, soort="oracle"), "andere_database"),
        (lambda made, _: change(made, al_weg=["documenten/x"]), "backup_niet_van_ons"),
        (lambda made, _: change(made, zegel=""), "backup_niet_van_ons"),
        (_made_up, "backup_niet_van_ons"),
    ],
)
def test_what_cannot_come_back_whole_does_not_come_back(
    made: Path, empty: Settings, spoil: Callable[[Path, Settings], None], code: str
) -> None:
    spoil(made, empty)
    with pytest.raises(Refused, match=code) as refused:
        restore(empty, made)
    assert len(refused.value.uitleg) > 60
    (empty.data_dir / "iets").unlink(missing_ok=True)
    nothing_was_done(empty)


def test_rows_that_are_not_those_that_went_in_are_told(made: Path, empty: Settings) -> None:
    _other_rows(made, empty)
    with pytest.raises(Refused, match="terugzetten_ongelijk") as refused:
        restore(empty, made)
    assert "tabel zaak" in refused.value.uitleg
    assert not files(empty.data_dir)


def test_a_database_with_anything_in_it_is_left_as_it_is(made: Path, worked_in: Settings, tmp_path: Path) -> None:
    before = everything(worked_in.database_url)
    elsewhere = worked_in.model_copy(update={"data_dir": tmp_path / "elders"})
    with pytest.raises(Refused, match="database_niet_leeg"):
        restore(elsewhere, made)
    assert everything(worked_in.database_url) == before
    assert not elsewhere.data_dir.exists()


def test_without_the_key_an_encrypted_one_stays_closed(worked_in: Settings, empty: Settings, tmp_path: Path) -> None:
    made = make(worked_in, tmp_path / "out", NOW, to=[str(AGE.to_public())])
    for identities in ((), (pyrage.x25519.Identity.generate(),)):
        with pytest.raises(Refused, match="backup_gesloten"):
            restore(empty, made.folder, identities)
        nothing_was_done(empty)


def test_a_set_without_its_name_is_none_and_leaves_nothing(
    worked_in: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "out"
    out.mkdir()

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr("service.backup.making._write", full)
        with pytest.raises(Refused, match="backup_onmogelijk") as refused:
            make(worked_in, out, NOW)
    assert str(out) in refused.value.uitleg
    assert list(out.iterdir()) == []
    assert not list(worked_in.data_dir.glob(".backup"))


def test_the_newest_stay_and_what_is_no_back_up_is_left_alone(worked_in: Settings, tmp_path: Path) -> None:
    out = tmp_path / "out"
    other = out / "rni-oud"
    other.mkdir(parents=True)
    names = [make(worked_in, out, NOW + timedelta(days=day), keep=2).folder.name for day in range(3)]
    assert sorted(path.name for path in out.iterdir()) == sorted([*names[1:], "rni-oud"])


def test_every_column_that_names_a_file_is_known() -> None:
    naming = {
        each.name for each in SQLModel.metadata.sorted_tables for column in each.columns if column.name == "bestand"
    }
    assert naming == set(NAMED.values())


def test_the_commands_make_one_and_put_it_back(
    worked_in: Settings, engine: Engine, empty: Settings, tmp_path: Path
) -> None:
    here = Installation(worked_in.database_url, worked_in.data_dir)
    refused = here.ran("backup", "--out", tmp_path / "out", "--as", "anna")
    assert (refused.code, "beheerder" in refused.err) == (4, True)
    wrong = here.ran("backup", "--out", tmp_path / "out", "--to", "age1niets")
    assert (wrong.code, "age1" in wrong.err) == (2, True)
    identity = tmp_path / "sleutel.txt"
    identity.write_text(f"# public key: {AGE.to_public()}\n{AGE}\n")
    made = here.json("backup", "--out", tmp_path / "out", "--to", str(AGE.to_public()), "--as", "bea")
    assert made["versleuteld"] and made["alWeg"] == []
    there = Installation(empty.database_url, empty.data_dir)
    closed = there.ran("restore", made["map"])
    assert (closed.code, "--identity" in closed.err) == (4, True)
    said = there.run("restore", made["map"], "--identity", identity)
    assert f"Teruggezet: {made['rijen']} rijen" in said and "rni audit verify" in said
    assert "rni verify" in said and "rni retention repeat" in said
    checked = there.json("verify")
    assert (checked["status"], checked["bevindingen"]) == ("in_orde", [])
    assert there.run("audit", "verify")
    assert there.run("user", "list") == here.run("user", "list")
    again = there.ran("restore", made["map"], "--identity", identity)
    assert (again.code, "staat al iets" in again.err) == (4, True)


def test_a_manifest_says_nothing_of_a_person(made: Path) -> None:
    told = Manifest.model_validate_json((made / manifest.NAME).read_bytes())
    assert {"zaak", "signal", "audit"} <= told.tabellen.keys()
    names = {part.naam for part in told.onderdelen}
    assert not [name for name in names if not name.startswith((FILES, "database."))]
    assert sum(name.startswith(f"{FILES}/ontvangen/") for name in names) == 1


def test_a_count_sees_one_changed_value(worked_in: Settings) -> None:
    engine = make_engine(as_owner(worked_in.database_url))
    with engine.execution_options(**EVERYTHING).connect() as connection:
        before = counted(connection)
        connection.execute(text("UPDATE signal SET woonplaats = 'Elders' WHERE id = (SELECT min(id) FROM signal)"))
        after = counted(connection)
        assert {name for name in before if before[name] != after[name]} == {"signal"}
        assert before["signal"].rijen == after["signal"].rijen
        assert connection.execute(select(func.count()).select_from(Case)).scalar_one() == before["zaak"].rijen
        connection.rollback()
    engine.dispose()
