"""Making a back-up: the files that are there, the database at one moment, and the files that came until then.

Files are only added and taken away, never changed, and a row names a file after it was written whole. So most of them
are copied before the moment of the database and the rest after it; of documents and uploads exactly those stay in the
set that a row of that moment names.
"""

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection, make_url, text

from service.backup import manifest
from service.backup.databases import snapshot
from service.backup.manifest import FILES, FORM, Manifest, Part
from service.backup.rows import counted
from service.backup.storing import Store, recipients_given
from service.files.storage import DOCUMENTS, PRINTS, RECEIVED
from service.schema_steps import program_version
from service.settings import Settings
from service.work_signs import FOLDER as WORK
from signals.errors import Reason, Refused
from signals.keyring import keyring

PREFIX = "rni-"
LEFT_OUT = frozenset({WORK, PRINTS, "demo", "sporen", "fouten.log", "lost+found"})
"""At the top of the data directory: what is of use for the moment only, or of no use elsewhere."""
NAMED: Mapping[str, str] = {DOCUMENTS: "document", RECEIVED: "upload"}
"""Folders of which every file that counts is named in column `bestand` of a table."""
_COMPLETE = "rni-*/" + manifest.NAME


@dataclass(frozen=True)
class Made:
    """A back-up that is there. `folder`: where; `dropped`: older ones that went."""

    folder: Path
    manifest: Manifest
    dropped: Sequence[str]


def make(settings: Settings, out: Path, now: datetime, *, to: Sequence[str] = (), keep: int | None = None) -> Made:
    """A back-up in a folder of its own within `out`, which has its name when all of it is there.

    to: public keys of age; only their holders can read it. keep: so many stay, this one with them; older ones go.
    """
    recipients = recipients_given(to)
    name = f"{PREFIX}{now:%Y%m%dT%H%M%S}"
    growing = out / f".{name}.bezig"
    try:
        growing.mkdir(parents=True, mode=0o700)
        try:
            made = _filled(settings, Store(growing, recipients), now)
            _write(growing / manifest.NAME, made)
            growing.rename(out / name)
        except BaseException:
            shutil.rmtree(growing, ignore_errors=True)
            raise
        return Made(out / name, made, _drop_old(out, keep))
    except OSError as error:
        uitleg = (
            f"Er is geen back-up gemaakt: {error.strerror} ({error.filename or out}). Zorg dat in {out} geschreven kan "
            "worden en dat er ruimte is, en dat de service in RNI_DATA_DIR mag lezen; begin dan opnieuw."
        )
        raise Refused(Reason("backup_onmogelijk", uitleg)) from None


def _filled(settings: Settings, store: Store, now: datetime) -> Manifest:
    copied = Copied(settings, store)
    copied.look(every=True)
    with snapshot(settings) as moment:
        parts: list[Part] = []
        moment.write(lambda source: parts.append(store.put(moment.name, source)))
        tables = counted(moment.reads)
        named = {folder: _names(moment.reads, table) for folder, table in NAMED.items()}
        step = str(moment.reads.execute(text("SELECT version_num FROM alembic_version")).scalar_one())
        kind = moment.kind
    copied.look(every=False)
    gone = copied.keep_only(named)
    return Manifest(
        vorm=FORM,
        gemaakt_op=now,
        versie=program_version(),
        soort=kind,
        schema_stap=step,
        versleuteld=store.encrypts,
        sleutels=tuple(key.mark for key in keyring().keys),
        tabellen=dict(tables),
        onderdelen=(*parts, *copied.parts),
        al_weg=tuple(gone),
    ).sealed()


class Copied:
    """The files of the data directory, as far as they were copied into a set."""

    def __init__(self, settings: Settings, store: Store) -> None:
        self._root, self._store = settings.data_dir, store
        self._left_out = LEFT_OUT | _of_the_database(settings)
        self._known: dict[str, tuple[tuple[int, int], Part]] = {}

    @property
    def parts(self) -> tuple[Part, ...]:
        """What is in the set by now, by name."""
        return tuple(part for _, (_, part) in sorted(self._known.items()))

    def look(self, *, every: bool) -> None:
        """Copy what is there and was not yet, or was still being written when it was copied.

        every: else only documents and uploads. Of what is written anew now and then (the heads of the log) the one
        from before the moment of the database counts: it says less than that database holds, never more.
        """
        for name, path in self._files():
            if not every and name.partition("/")[0] not in NAMED and name in self._known:
                continue
            with suppress(FileNotFoundError), path.open("rb") as source:  # it may be taken away meanwhile
                told = os.fstat(source.fileno())
                seen = (told.st_size, told.st_mtime_ns)
                if name not in self._known or self._known[name][0] != seen:
                    self._known[name] = seen, self._store.put(f"{FILES}/{name}", source)

    def keep_only(self, named: Mapping[str, frozenset[str]]) -> list[str]:
        """Of each of these folders no other files than these; gives documents that were there no more."""
        for name in list(self._known):
            folder, _, file = name.partition("/")
            if folder in named and file not in named[folder]:
                self._store.drop(self._known.pop(name)[1])
        documents = (f"{DOCUMENTS}/{file}" for file in named.get(DOCUMENTS, ()))
        return sorted(name for name in documents if name not in self._known)

    def _files(self) -> Iterator[tuple[str, Path]]:
        """Every file below the data directory but what is left out, by its path there."""
        for folder, folders, files in os.walk(self._root):
            here = Path(folder)
            if here == self._root:
                folders[:] = [each for each in folders if each not in self._left_out and not each.startswith(".")]
                files = [each for each in files if each not in self._left_out]
            for each in sorted(files):
                path = here / each
                if not path.is_symlink():
                    yield path.relative_to(self._root).as_posix(), path


def _of_the_database(settings: Settings) -> frozenset[str]:
    """Names of the files of a database that lies in the data directory itself."""
    url = make_url(settings.database_url)
    if url.get_backend_name() != "sqlite":
        return frozenset()
    name = Path(str(url.database)).name
    return frozenset(name + ending for ending in ("", "-wal", "-shm", "-journal"))


def _names(connection: Connection, table: str) -> frozenset[str]:
    found = connection.execute(text(f"SELECT bestand FROM {table} WHERE bestand IS NOT NULL"))  # noqa: S608  # nosec B608
    return frozenset(found.scalars())


def _write(path: Path, made: Manifest) -> None:
    """Last of all, when everything else lies on the disk: a set without it is none."""
    os.sync()
    with path.open("w", encoding="utf-8") as file:
        json.dump(made.model_dump(mode="json"), file, ensure_ascii=False, indent=1)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o600)


def _drop_old(out: Path, keep: int | None) -> Sequence[str]:
    if keep is None:
        return []
    whole = sorted(path.parent for path in out.glob(_COMPLETE))
    old = whole[: max(0, len(whole) - keep)]
    for each in old:
        (each / manifest.NAME).unlink()  # from now on it is no back-up any more, whatever interrupts us
        shutil.rmtree(each)
    return [each.name for each in old]
