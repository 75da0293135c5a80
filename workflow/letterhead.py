"""Who sends the letters of a municipality: its letterhead and own texts, from a folder that the installation names."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signals.errors import DomainError, Reason
from signals.municipal_folders import read_each
from workflow.letter_pdf import is_picture
from workflow.letter_texts import DUTCH, LANGUAGES, own_text_faults

FILE = "brieven.toml"
LARGEST_LOGO = 200_000
WORDS = (
    "naam",
    "afdeling",
    "straat",
    "postcode",
    "plaats",
    "telefoon",
    "email",
    "website",
    "ondertekenaar",
    "functie",
    "mandaatregel",
    "bezwaaradres",
    "logo",
)


class LettersRefused(DomainError):
    """Letterheads with which nothing starts; the sentences name the file, the place and what to do."""


@dataclass(frozen=True)
class Letterhead:
    """What a municipality decided about its letters; empty where it decided nothing."""

    naam: str = ""
    afdeling: str = ""
    straat: str = ""
    postcode: str = ""
    plaats: str = ""
    telefoon: str = ""
    email: str = ""
    website: str = ""
    ondertekenaar: str = ""
    functie: str = ""
    mandaatregel: str = ""
    bezwaaradres: str = ""
    logo: bytes = b""
    teksten: Mapping[str, Mapping[str, Mapping[str, str]]] = field(default_factory=dict)
    """By language, letter and block."""

    def own(self, language: str, name: str, block: str) -> str | None:
        """The municipality's own text of a block in a language."""
        return self.teksten.get(language, {}).get(name, {}).get(block)

    @property
    def where(self) -> str:
        """Its postal address on one line."""
        place = " ".join(part for part in (self.postcode, self.plaats) if part)
        return ", ".join(part for part in (self.straat, place) if part)


_used: dict[str, Letterhead] = {}


def use_letters(folder: Path | None) -> None:
    """From now on in this process, letters look as this folder says; raises LettersRefused with every fault."""
    read = {} if folder is None else read_letterheads(folder)
    _used.clear()
    _used.update(read)


def letterhead_of(gemeentecode: str) -> Letterhead:
    """The letterhead of a municipality; an empty one when it has none."""
    return _used.get(gemeentecode, Letterhead())


def read_letterheads(folder: Path) -> dict[str, Letterhead]:
    """A letterhead per folder named by a gemeentecode; raises LettersRefused with every fault in all."""
    found, faults = read_each(folder, FILE, "RNI_LETTERS_DIR", _letterhead, _fault)
    if faults:
        raise LettersRefused(faults)
    return found


def _fault(path: Path, uitleg: str) -> Reason:
    return Reason("briefpapier_ongeldig", f"{path}: {uitleg}", "RNI_LETTERS_DIR")


def _letterhead(path: Path) -> Letterhead:
    content = _content(path)
    if faults := [_fault(path, uitleg) for uitleg in _faults(path, content)]:
        raise LettersRefused(faults)
    words = {name: content[name].strip() for name in WORDS if name in content and name != "logo"}
    logo = (path.parent / content["logo"]).read_bytes() if content.get("logo") else b""
    return Letterhead(**words, logo=logo, teksten=content.get("teksten", {}))


def _content(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as fault:
        uitleg = "dit bestand is niet te lezen. Sla het op als UTF-8 en geef de service leesrecht."
        raise LettersRefused([_fault(path, uitleg)]) from fault
    except tomllib.TOMLDecodeError as fault:
        at = str(fault).rpartition("(at ")[2].rstrip(")").replace("end of document", "aan het einde")
        at = at.replace("line", "regel").replace("column", "teken")
        uitleg = f"dit is geen geldige TOML ({at}). Controleer aanhalingstekens en dubbele namen."
        raise LettersRefused([_fault(path, uitleg)]) from fault


def _faults(path: Path, content: Mapping[str, Any]) -> Iterator[str]:
    for key in sorted(content.keys() - {*WORDS, "teksten"}):
        yield f"{key} is onbekend. Gebruik {', '.join(WORDS)} en [teksten]."
    for key in WORDS:
        if key in content and not isinstance(content[key], str):
            yield f"{key}: geef een tekst tussen aanhalingstekens."
    if not str(content.get("naam", "")).strip():
        yield 'naam ontbreekt. Zet erin hoe de gemeente boven de brief staat, bijvoorbeeld naam = "Gemeente Rotterdam".'
    if isinstance(content.get("logo"), str) and content["logo"]:
        yield from _logo_faults(path.parent, content["logo"])
    own = content.get("teksten", {})
    if not isinstance(own, dict):
        yield "[teksten] geef hier per taal en brief een tabel, zoals [teksten.nl.aanschrijving]."
        return
    for language, letters in own.items():
        if language not in (DUTCH, *LANGUAGES):
            yield f"[teksten.{language}] deze taal is er niet. Kies uit {', '.join((DUTCH, *LANGUAGES))}."
        elif not isinstance(letters, dict):
            yield f"[teksten.{language}] geef hier per brief een tabel, zoals [teksten.{language}.aanschrijving]."
        else:
            yield from own_text_faults(language, letters)


def _logo_faults(folder: Path, name: str) -> Iterator[str]:
    if Path(name).name != name or Path(name).suffix.lower() not in (".png", ".svg"):
        yield "logo: geef de naam van een PNG- of SVG-bestand in deze map."
        return
    try:
        size = (folder / name).stat().st_size
    except OSError:
        yield f"logo: het bestand {name} is er niet. Zet het in deze map."
        return
    if not 0 < size <= LARGEST_LOGO:
        yield f"logo: {name} is leeg of groter dan {LARGEST_LOGO // 1000} kB. Maak het kleiner."
    elif not is_picture((folder / name).read_bytes()):
        yield f"logo: {name} is geen PNG of SVG die in een brief past. Sla het opnieuw op."
