"""What is installed to run, held against its lock, and told as a bill of materials.

`python -m tests.supply` names what is not as it was locked: another version, a changed file, a lock without a hash, a
licence that we do not know to go with ours. `python -m tests.supply sbom.json` writes a CycloneDX document. Neither
asks anybody anything: they know of no weakness that was found after the lock was made, and of no date of a release.
"""

import base64
import hashlib
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path, PurePath

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"
PIN = re.compile(
    r"^([a-z0-9-]+)==([^\s;\\]+)(?: ; ([^\\\n]+))?((?: *\\\n    --hash=sha256:[0-9a-f]{64})*)", re.MULTILINE
)
KNOWN = {
    "Apache Software License": "Apache-2.0",
    "3-Clause BSD License": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "EPL-2.0 OR GPL-2.0-or-later": "EPL-2.0",  # the choice is ours
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
    "The MIT License (MIT)": "MIT",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
    "The Unlicense (Unlicense)": "Unlicense",
}
"""What packages wrote before there was one way to write it."""
OPEN = frozenset(
    {
        *(
            "0BSD",
            "Apache-2.0",
            "BSD-2-Clause",
            "BSD-3-Clause",
            "CC0-1.0",
            "EPL-2.0",
            "ISC",
            "LGPL-3.0-only",
            "MIT",
            "MIT-0",
        ),
        *("MIT-CMU", "MPL-2.0", "PSF-2.0", "Unlicense", "Zlib"),
    }
)
"""Licences of libraries that a work under the EUPL 1.2 may use and be given away with, as they are."""


@dataclass(frozen=True)
class Pin:
    """One line of the lock that counts on this machine."""

    name: str
    version: str
    hashes: int


def pins(lock: Path = LOCK) -> Iterator[Pin]:
    """What the lock asks for here, by name."""
    for name, version, marker, hashes in PIN.findall(lock.read_text()):
        if not marker or Marker(marker.strip()).evaluate():
            yield Pin(name, version, hashes.count("--hash"))


def licence(found: Distribution) -> str:
    """The SPDX expression of a package; empty when it says nothing that we know."""
    told = found.metadata
    if expression := told.get("License-Expression"):
        return str(expression)
    lines = [line.rpartition(" :: ")[2] for line in told.get_all("Classifier", []) if line.startswith("License")]
    written = [*lines, str(told.get("License", "")), _first_line(found)]
    return next((KNOWN.get(each, each) for each in written if KNOWN.get(each, each) in OPEN), "")


def _first_line(found: Distribution) -> str:
    """How its licence begins, for a package that says it there alone."""
    names = ((file, PurePath(file).name.upper()) for file in found.files or ())
    texts = (Path(str(found.locate_file(file))) for file, name in names if name.startswith("LICENSE"))
    return next((text.read_text(errors="replace").partition("\n")[0].strip() for text in texts), "")


def changed_files(found: Distribution) -> Iterator[str]:
    """Files that are gone, or that no longer are what the package came with."""
    for file in found.files or ():
        if file.hash is None:  # RECORD itself, and what Python compiled
            continue
        path = Path(str(found.locate_file(file)))
        if not path.exists():
            yield f"{file} is gone"
            continue
        digest = hashlib.new(file.hash.mode, path.read_bytes()).digest()
        if base64.urlsafe_b64encode(digest).decode().rstrip("=") != file.hash.value:
            yield f"{file} was changed"


def findings(lock: Path = LOCK) -> Iterator[str]:
    """Everything that is not as it should be, a sentence each."""
    for pin in pins(lock):
        if not pin.hashes:
            yield f"{pin.name} {pin.version} has no hash in the lock"
        try:
            found = distribution(pin.name)
        except PackageNotFoundError:
            yield f"{pin.name} {pin.version} is locked and not installed"
            continue
        if found.version != pin.version:
            yield f"{pin.name} {found.version} is installed, and {pin.version} is locked"
        named = licence(found)
        strange = sorted(set(re.split(r"[\s()]+", named)) - OPEN - {"AND", "OR", ""})
        if not named or strange:
            yield f"{pin.name} {pin.version}: licence {' '.join(strange) or 'unknown'}"
        yield from (f"{pin.name} {pin.version}: {what}" for what in changed_files(found))


def bill_of_materials(lock: Path = LOCK) -> Bom:
    """Every package that is locked to run here, its licence, and which needs which."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    spdx = LicenseFactory()
    parts = {
        pin.name: Component(
            name=pin.name,
            version=pin.version,
            type=ComponentType.LIBRARY,
            bom_ref=f"{pin.name}@{pin.version}",
            purl=PackageURL("pypi", None, pin.name, pin.version),
            licenses=[spdx.make_from_string(licence(distribution(pin.name)))],
        )
        for pin in pins(lock)
    }
    whole = Component(
        name=project["name"],
        version=project["version"],
        type=ComponentType.APPLICATION,
        bom_ref=project["name"],
        licenses=[spdx.make_from_string(project["license"])],
    )
    bom = Bom(components=parts.values())
    bom.metadata.component = whole
    asked = [*project["dependencies"], *project["optional-dependencies"]["install"]]
    bom.register_dependency(whole, [parts[name] for name in _needed(asked)])
    for name, part in parts.items():
        needed = [each for each in _needed(distribution(name).requires or ()) if each in parts]
        bom.register_dependency(part, [parts[each] for each in needed])
    return bom


def _needed(lines: Sequence[str]) -> list[str]:
    """Names of what these lines ask for here; an extra counts, because the lock holds only extras that are used."""
    wanted = (Requirement(line) for line in lines)
    return sorted({canonicalize_name(each.name) for each in wanted if not each.marker or _counts(each.marker)})


def _counts(marker: Marker) -> bool:
    return "extra" in str(marker) or marker.evaluate()


def main(arguments: Sequence[str]) -> int:
    """Without arguments the findings, exit 1 with any; with a path the bill of materials in it."""
    if arguments:
        Path(arguments[0]).write_text(JsonV1Dot6(bill_of_materials()).output_as_string(indent=2))
        print(f"{arguments[0]}: {len(list(pins()))} packages.")
        return 0
    found = list(findings())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
