"""Where the bytes of received files lie, under which name of ours, and how the sender's name for them is shown."""

import secrets
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from service.settings import Settings
from signals.bsn import mask_in
from signals.errors import Reason, Refused

RECEIVED = "ontvangen"
"""Where the bytes of uploads lie, in the data directory."""
DOCUMENTS = "documenten"
"""The same for those of documents in a dossier."""
PRINTS = "afdrukken"
"""The same for dossiers while they are made."""


def keep(settings: Settings, stream: BinaryIO, name: str = RECEIVED) -> Path:
    """A copy of the bytes in a folder of the data directory, readable by the service alone, its own name a secret."""
    folder = settings.data_dir / name
    path = folder / secrets.token_urlsafe(24)
    with dropped_on_failure(path):
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            with path.open("xb") as copy:
                path.chmod(0o600)
                shutil.copyfileobj(stream, copy, 1024 * 1024)
        except OSError:
            uitleg = (
                "Het bestand kan niet worden bewaard. Er is niets geladen. Laat de beheerder nagaan of de map van "
                "RNI_DATA_DIR bestaat, ruimte heeft en door de service te beschrijven is."
            )
            raise Refused(Reason("opslag_onmogelijk", uitleg)) from None
    return path


def shown_name(text: str) -> str:
    """The name of a file as it is stored and shown: the last part of a path, without signs that cannot be seen.

    What may be a BSN is masked: nine digits, and whatever passes the elfproef however it is written.
    """
    plain = unicodedata.normalize("NFKC", text)
    visible = "".join(sign for sign in plain if unicodedata.category(sign) not in ("Cc", "Cf", "Cs", "Zl", "Zp"))
    name = visible.replace("\\", "/").rpartition("/")[2]
    return mask_in(name).strip()


@contextmanager
def dropped_on_failure(path: Path) -> Iterator[None]:
    """What was kept goes when nothing came of it: no row would know of it."""
    try:
        yield
    except BaseException:
        with suppress(OSError):
            path.unlink(missing_ok=True)
        raise
