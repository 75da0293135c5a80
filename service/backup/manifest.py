"""What a back-up says of itself: which parts it has, what is in them, and what it takes to put it back."""

import hashlib
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from signals.errors import Reason, Refused
from signals.keyring import keyring

NAME = "manifest.json"
FORM = 1
"""Of this manifest; another form is another number."""
DATABASE = "database"
FILES = "bestanden"
"""The folder of a set in which the files of the data directory lie."""
BLOCK = 1024 * 1024
_PURPOSE = "manifest van een back-up"


def _within(name: str) -> str:
    """A path that stays within the set, whoever wrote the manifest."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or not path.parts:
        raise ValueError("a name that leads out of the set")
    return name


class _Said(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Part(_Said):
    """One file of the set. `sha256`: of its bytes as they lie there, so it can be checked without any key."""

    naam: Annotated[str, AfterValidator(_within)]
    bytes: int
    sha256: str


class Rows(_Said):
    """What is in one table. `som`: the sum of a digest of every row, 16 hexadecimal digits; order does not count."""

    rijen: int
    som: str


class Manifest(_Said):
    """The whole set.

    `schema_stap`: the step of the schema. `sleutels`: the marks of the secret keys without which it cannot be read.
    `al_weg`: documents that a row names and that were gone before the back-up began. `zegel`: proof, over all the rest,
    that it was written by who had the newest of those keys; who can only write where back-ups lie cannot make one up.
    """

    vorm: int
    gemaakt_op: datetime
    versie: str
    soort: str
    schema_stap: str
    versleuteld: bool
    sleutels: tuple[str, ...]
    tabellen: dict[str, Rows]
    onderdelen: tuple[Part, ...]
    al_weg: tuple[str, ...] = ()
    zegel: str = ""

    def sealed(self) -> "Manifest":
        """The same with its proof."""
        return self.model_copy(update={"zegel": keyring().stamp(self._told(), _PURPOSE)})

    @property
    def is_ours(self) -> bool:
        """Whether it is as who had one of our keys wrote it; KeyUnknown when that key is not among them."""
        return keyring().is_stamped(self.zegel, self._told(), _PURPOSE)

    def _told(self) -> bytes:
        return self.model_dump_json(exclude={"zegel"}).encode()

    @property
    def database(self) -> Part:
        """The part with the database in it."""
        return next(part for part in self.onderdelen if PurePosixPath(part.naam).parts[0].startswith(DATABASE))

    @property
    def files(self) -> tuple[Part, ...]:
        """The parts with files in them."""
        return tuple(part for part in self.onderdelen if PurePosixPath(part.naam).parts[0] == FILES)


def read(folder: Path) -> Manifest:
    """The manifest of a set; Refused when it is not there or says what we do not know."""
    try:
        told = Manifest.model_validate_json((folder / NAME).read_bytes())
    except (OSError, ValidationError):
        uitleg = (
            f"In {folder} ligt geen back-up: {NAME} ontbreekt of is niet te lezen. Geef de map die rni backup noemde, "
            "met rni- en een datum in de naam."
        )
        raise Refused(Reason("backup_onbekend", uitleg)) from None
    if told.vorm != FORM or not any(part.naam.startswith(DATABASE) for part in told.onderdelen):
        uitleg = f"De back-up in {folder} heeft een andere vorm. Installeer versie {told.versie}, of nieuwer."
        raise Refused(Reason("backup_andere_vorm", uitleg))
    return told


def require_whole(folder: Path, manifest: Manifest) -> None:
    """Refused, naming the first, when a part is gone or is not what it was."""
    for part in manifest.onderdelen:
        path = folder / part.naam
        if path.is_symlink() or not path.is_file() or path.stat().st_size != part.bytes or _digest(path) != part.sha256:
            uitleg = (
                f"Van de back-up in {folder} is {part.naam} weg of gewijzigd. Er is niets teruggezet. Haal de back-up "
                "opnieuw van waar zij bewaard wordt, of neem een andere."
            )
            raise Refused(Reason("backup_beschadigd", uitleg))


def _digest(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            digest.update(block)
    return digest.hexdigest()
