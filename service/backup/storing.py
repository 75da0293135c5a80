"""The parts of a set as they are written: counted, digested and, for whoever may read it, encrypted (age)."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

import pyrage

from service.backup.manifest import BLOCK, Part
from signals.errors import Invalid, Reason, Refused

ENCRYPTED = ".age"


def recipients_given(texts: Sequence[str]) -> list[pyrage.x25519.Recipient]:
    """Who may read it; Invalid for what is no public key."""
    try:
        return [pyrage.x25519.Recipient.from_str(each.strip()) for each in texts]
    except pyrage.RecipientError:
        uitleg = "Geef bij --to een publieke sleutel van age: age1 en 58 tekens, zoals age-keygen -y hem toont."
        raise Invalid(Reason("ontvanger_onbekend", uitleg)) from None


def identities_in(path: Path) -> list[pyrage.x25519.Identity]:
    """The secret keys in a file of age-keygen; Invalid when there is none."""
    with suppress(OSError, UnicodeDecodeError, pyrage.IdentityError):
        lines = path.read_text(encoding="utf-8").splitlines()
        found = [pyrage.x25519.Identity.from_str(each.strip()) for each in lines if each.startswith("AGE-SECRET-KEY-")]
        if found:
            return found
    uitleg = f"In {path} staat geen geheime sleutel van age. Geef bij --identity het bestand dat age-keygen maakte."
    raise Invalid(Reason("sleutel_onbekend", uitleg))


class _Counted:
    """A stream that knows what was written to it."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.size, self.digest = file, 0, hashlib.sha256()

    def write(self, block: bytes) -> int:
        self._file.write(block)
        self.size += len(block)
        self.digest.update(block)
        return len(block)

    def flush(self) -> None:
        self._file.flush()


class Store:
    """Writes parts into the folder of a set."""

    def __init__(self, folder: Path, recipients: Sequence[pyrage.x25519.Recipient] = ()) -> None:
        self.folder, self._recipients = folder, list(recipients)

    @property
    def encrypts(self) -> bool:
        """Whether only the holders of a key can read it."""
        return bool(self._recipients)

    def put(self, name: str, source: BinaryIO) -> Part:
        """A part with what this stream gives until its end."""
        named = f"{name}{ENCRYPTED}" if self.encrypts else name
        path = self.folder / named
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("wb") as file:
            path.chmod(0o600)
            counted = _Counted(file)
            if self.encrypts:
                pyrage.encrypt_io(source, counted, self._recipients)
            else:
                while block := source.read(BLOCK):
                    counted.write(block)
        return Part(naam=named, bytes=counted.size, sha256=counted.digest.hexdigest())

    def drop(self, part: Part) -> None:
        """A part that does not belong to the set after all."""
        (self.folder / part.naam).unlink(missing_ok=True)


class Opened:
    """Reads parts out of the folder of a set."""

    def __init__(self, folder: Path, identities: Sequence[pyrage.x25519.Identity] = ()) -> None:
        self._folder, self._identities = folder, list(identities)

    def pour(self, part: Part, into: BinaryIO) -> None:
        """What was put there, into a stream; Refused without the key for it."""
        with (self._folder / part.naam).open("rb") as file:
            if not part.naam.endswith(ENCRYPTED):
                while block := file.read(BLOCK):
                    into.write(block)
                return
            try:
                pyrage.decrypt_io(file, into, self._identities)
            except pyrage.DecryptError:
                uitleg = (
                    "Deze back-up is versleuteld, en met deze sleutel gaat zij niet open. Er is niets teruggezet. Geef "
                    "bij --identity het bestand met de geheime sleutel van een van de ontvangers."
                )
                raise Refused(Reason("backup_gesloten", uitleg)) from None

    def plain_name(self, part: Part) -> str:
        """The name of what was put there."""
        return part.naam.removesuffix(ENCRYPTED)
