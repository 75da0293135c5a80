"""Putting a back-up back on an empty machine: judged first, put back whole, and counted afterwards."""

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

import pyrage
from alembic.script import ScriptDirectory
from sqlalchemy import create_engine

from service.backup import databases, manifest
from service.backup.manifest import FILES, Manifest
from service.backup.rows import counted
from service.backup.storing import Opened
from service.db import alembic_config
from service.settings import Settings
from signals.errors import Reason, Refused
from signals.keyring import KeyUnknown, keyring

_PLACING = ".terugzetten"
_NOTHING = frozenset({_PLACING, ".backup", "fouten.log", "lost+found"})
"""What may lie in a data directory that counts as empty."""


def restore(settings: Settings, folder: Path, identities: Sequence[pyrage.x25519.Identity] = ()) -> Manifest:
    """Database and files as they were, or nothing at all; Refused with what is in the way.

    What was put back is counted again, table by table, before it has its place. The schema stays as it was.
    """
    told = manifest.read(folder)
    databases.require_kind(settings, told.soort)
    _require_known_schema(told)
    _require_keys(told)
    _require_ours(folder, told)
    databases.require_empty(settings)
    _require_no_files(settings)
    manifest.require_whole(folder, told)
    opened = Opened(folder, identities)
    with _placing(settings) as place:
        for part in told.files:
            _put(opened, part, place / PurePosixPath(opened.plain_name(part)).relative_to(FILES))
        with databases.put_back(settings, lambda into: opened.pour(told.database, into)) as connection:
            found = counted(connection)
            wrong = sorted(name for name, rows in told.tabellen.items() if found.get(name) != rows)
            if wrong or found.keys() != told.tabellen.keys():
                uitleg = (
                    f"Wat is teruggezet, is niet wat er in de back-up ging (tabel {', '.join(wrong)}). Gebruik deze "
                    "database niet: begin opnieuw met een lege, of neem een andere back-up."
                )
                raise Refused(Reason("terugzetten_ongelijk", uitleg))
    return told


@contextmanager
def _placing(settings: Settings) -> Iterator[Path]:
    """A folder within the data directory, whose content has its place there when all went well."""
    root = settings.data_dir
    place = root / _PLACING
    shutil.rmtree(place, ignore_errors=True)
    try:
        place.mkdir(parents=True, mode=0o700)
        yield place
        for each in sorted(place.iterdir()):
            each.rename(root / each.name)
    except OSError:
        uitleg = (
            f"In de map {root} (RNI_DATA_DIR) kan niet worden geschreven, of zij is vol. Maak ruimte, zorg dat de map "
            "en de database weer leeg zijn, en begin opnieuw."
        )
        raise Refused(Reason("opslag_onmogelijk", uitleg, "RNI_DATA_DIR")) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _put(opened: Opened, part: manifest.Part, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.open("xb") as file:
        path.chmod(0o600)
        opened.pour(part, file)
        file.flush()
        os.fsync(file.fileno())


def _require_no_files(settings: Settings) -> None:
    root = settings.data_dir
    found = [] if not root.is_dir() else sorted(each.name for each in root.iterdir() if each.name not in _NOTHING)
    if found:
        uitleg = (
            f"In de map {root} (RNI_DATA_DIR) ligt al iets: {', '.join(found[:3])}. Er is niets teruggezet. Zet dat "
            "opzij, of noem in RNI_DATA_DIR een lege map."
        )
        raise Refused(Reason("map_niet_leeg", uitleg, "RNI_DATA_DIR"))


def _require_known_schema(told: Manifest) -> None:
    engine = create_engine("sqlite://")
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(alembic_config(connection))
        known = {each.revision for each in scripts.walk_revisions()}
    engine.dispose()
    if told.schema_stap not in known:
        uitleg = (
            f"Deze back-up is gemaakt met een nieuwere versie ({told.versie}, stap {told.schema_stap}). Er is niets "
            "teruggezet. Installeer hier die versie of een nieuwere, en begin opnieuw."
        )
        raise Refused(Reason("backup_nieuwer", uitleg))


def _require_keys(told: Manifest) -> None:
    """Without its keys a number in it cannot be read back; their marks say nothing about them."""
    missing = set(told.sleutels) - {key.mark for key in keyring().keys}
    if missing:
        uitleg = (
            f"Bij deze back-up hoort een geheime sleutel die hier ontbreekt: merk {', '.join(sorted(missing))}. "
            "Er is niets teruggezet. Zet in RNI_SECRET_KEYS ook de sleutels van toen: docs/sleutels.md."
        )
        raise Refused(Reason("sleutel_ontbreekt", uitleg, "RNI_SECRET_KEYS"))


def _require_ours(folder: Path, told: Manifest) -> None:
    """Anybody can encrypt for a public key of age: only the secret keys tell a back-up of ours from a made-up one."""
    try:
        ours = told.is_ours
    except KeyUnknown:
        ours = False
    if not ours:
        uitleg = (
            f"Het manifest in {folder} is na het maken gewijzigd, of niet door deze installatie gemaakt. Er is niets "
            "teruggezet. Neem een andere back-up, en ga na wie er bij deze map kan."
        )
        raise Refused(Reason("backup_niet_van_ons", uitleg))
