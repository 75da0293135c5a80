"""Where the systems of each municipality are and how one is known there: a folder of the installation, read at start.

A file per municipality and not a variable of the environment: each college has its own authorisation at the BRP and its
own zaaksysteem, also when one centre runs the service for many. Secrets lie in files beside it.
"""

import ipaddress
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from service.settings import Settings
from signals.errors import DomainError, Reason
from signals.municipal_folders import read_each
from workflow.phases import Outcome, Phase

FILE = "koppelingen.toml"
SHORTEST_SECRET = 32
"""Characters; HS256 asks for a key of 256 bits (RFC 7518, 3.2)."""
PROPERTIES = ("signaalnummer", "grondslag", "datum_ontvangst", "eerste_antwoord", "ingangsdatum")
"""What of a case may stand at its zaak as eigenschap, by the word in [zgw.eigenschappen]."""
CONFIDENTIALITY = (
    "openbaar",
    "beperkt_openbaar",
    "intern",
    "zaakvertrouwelijk",
    "vertrouwelijk",
    "confidentieel",
    "geheim",
    "zeer_geheim",
)


class ConnectorsRefused(DomainError):
    """A configuration with which nothing starts; the sentences name the file, the place and what to do."""


@dataclass(frozen=True)
class BrpAccess:
    """How a municipality asks the BRP API Personen; one or more ways to be known there."""

    adres: str
    api_sleutel: str = field(default="", repr=False)
    certificaat: Path | None = None
    sleutel: Path | None = None
    token_adres: str = ""
    client_id: str = ""
    client_geheim: str = field(default="", repr=False)
    scope: str = ""


@dataclass(frozen=True)
class RegisterAccess:
    """The zaaksysteem of a municipality (ZGW), and which of its types stands for which of our words."""

    gemeentecode: str
    zaken: str
    client_id: str
    geheim: str = field(repr=False)
    rsin: str
    zaaktype: str
    roltype: str
    statustypen: Mapping[Phase, str]
    resultaattypen: Mapping[Outcome, str]
    eigenschappen: Mapping[str, str] = field(default_factory=dict)
    catalogi: str = ""
    vertrouwelijkheidaanduiding: str = "vertrouwelijk"
    certificaat: Path | None = None
    sleutel: Path | None = None


@dataclass(frozen=True)
class Connectors:
    """What one municipality has; None for what is off."""

    brp: BrpAccess | None = None
    zgw: RegisterAccess | None = None


@dataclass
class _Used:
    by_code: Mapping[str, Connectors] = field(default_factory=dict)
    authorities: Path | None = None


_used = _Used()


def use_connectors(settings: Settings) -> None:
    """From now on in this process, systems are where these settings say; raises ConnectorsRefused with every fault."""
    folder = settings.connectors_dir
    _used.by_code = {} if folder is None else read_connectors(folder)
    _used.authorities = settings.connectors_ca_file


def authorities() -> Path | None:
    """The file with certificates that are trusted beside those of the system."""
    return _used.authorities


def configured() -> Mapping[str, Connectors]:
    """Every municipality that has a connector, by code."""
    return _used.by_code


def brp_of(codes: Iterable[str]) -> BrpAccess | None:
    """How the first of these municipalities that can ask the BRP does so; None when it is off for all."""
    return next((found.brp for code in codes if (found := _used.by_code.get(code)) and found.brp), None)


def register_of(codes: Iterable[str]) -> RegisterAccess | None:
    """The zaaksysteem of the first of these municipalities that has one."""
    return next((found.zgw for code in codes if (found := _used.by_code.get(code)) and found.zgw), None)


def registers() -> Mapping[str, RegisterAccess]:
    """Every zaaksysteem, by code of its municipality."""
    return {code: found.zgw for code, found in _used.by_code.items() if found.zgw is not None}


def read_connectors(folder: Path) -> dict[str, Connectors]:
    """The connectors per folder named by a gemeentecode; raises ConnectorsRefused with every fault in all."""
    found, faults = read_each(folder, FILE, "RNI_CONNECTORS_DIR", lambda path: _Reader(path).read(), _fault)
    if faults:
        raise ConnectorsRefused(faults)
    return found


def safe_address(address: str) -> bool:
    """Whether nobody on the way can read what goes there: https, or http that does not leave the machine."""
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if not host or parts.username or parts.query or parts.fragment:
        return False
    if parts.scheme == "https":
        return True
    try:
        return parts.scheme == "http" and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return parts.scheme == "http" and host == "localhost"


def _fault(path: Path, uitleg: str) -> Reason:
    return Reason("koppeling_ongeldig", f"{path}: {uitleg}", "RNI_CONNECTORS_DIR")


class _Reader:
    """One file of one municipality, and every fault in it."""

    def __init__(self, path: Path) -> None:
        self.path, self.faults = path, list[Reason]()

    def read(self) -> Connectors:
        content = self._content()
        for name in sorted(content.keys() - {"brp", "zgw"}):
            self._fault(f"{name} is onbekend. Gebruik [brp] en [zgw].")
        made = Connectors(
            self._brp(content["brp"]) if "brp" in content else None,
            self._zgw(content["zgw"]) if "zgw" in content else None,
        )
        if self.faults:
            raise ConnectorsRefused(self.faults)
        return made

    def _content(self) -> dict[str, Any]:
        try:
            return tomllib.loads(self.path.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError):
            self._fault("dit bestand is niet te lezen. Sla het op als UTF-8 en geef de service leesrecht.")
        except tomllib.TOMLDecodeError:
            self._fault("dit is geen geldige TOML. Controleer aanhalingstekens en dubbele namen.")
        raise ConnectorsRefused(self.faults)

    def _fault(self, uitleg: str) -> None:
        self.faults.append(_fault(self.path, uitleg))

    def _brp(self, given: Any) -> BrpAccess | None:
        words = self._words("brp", given, ("adres",), (*_KNOWN_BY, "token_adres", "client_id", "scope"))
        pair = self._pair("brp", words)
        api_key, secret = self._secret("brp", words, "api_sleutel"), self._secret("brp", words, "client_geheim")
        oauth = [name for name in ("token_adres", "client_id", "client_geheim") if words.get(name)]
        if oauth and len(oauth) < 3:
            self._fault("[brp] token_adres, client_id en client_geheim horen bij elkaar. Vul ze alle drie in.")
        self._addresses("brp", words, ("adres", "token_adres"))
        if self.faults:
            return None
        names = ("adres", "token_adres", "client_id", "scope")
        known = {name: words.get(name, "").rstrip("/") if name == "adres" else words.get(name, "") for name in names}
        return BrpAccess(**known, api_sleutel=api_key, client_geheim=secret, certificaat=pair[0], sleutel=pair[1])

    def _zgw(self, given: Any) -> RegisterAccess | None:
        required = ("zaken", "client_id", "geheim", "rsin", "zaaktype", "roltype")
        tables = ("statustypen", "resultaattypen", "eigenschappen")
        plain = {k: v for k, v in given.items() if k not in tables} if isinstance(given, dict) else given
        words = self._words("zgw", plain, required, ("catalogi", "vertrouwelijkheidaanduiding", *_PAIR))
        pair = self._pair("zgw", words)
        secret = self._secret("zgw", words, "geheim", SHORTEST_SECRET)
        self._addresses("zgw", words, ("zaken", "catalogi", "zaaktype", "roltype"))
        if words.get("rsin") and not re.fullmatch(r"[0-9]{9}", words["rsin"]):
            self._fault("[zgw] rsin: geef de negen cijfers van het RSIN van de gemeente.")
        level = words.get("vertrouwelijkheidaanduiding", "vertrouwelijk")
        if level not in CONFIDENTIALITY:
            self._fault(f"[zgw] vertrouwelijkheidaanduiding: kies uit {', '.join(CONFIDENTIALITY)}.")
        known = given if isinstance(given, dict) else {}
        statuses = self._types("statustypen", known, Phase, {Phase.AFGESLOTEN})
        results = self._types("resultaattypen", known, Outcome, frozenset(Outcome))
        properties = self._types("eigenschappen", known, PROPERTIES, frozenset())
        if self.faults:
            return None
        return RegisterAccess(
            gemeentecode=self.path.parent.name,
            zaken=words["zaken"].rstrip("/"),
            catalogi=words.get("catalogi", "").rstrip("/"),
            client_id=words["client_id"],
            geheim=secret,
            rsin=words["rsin"],
            zaaktype=words["zaaktype"],
            roltype=words["roltype"],
            vertrouwelijkheidaanduiding=level,
            statustypen={Phase(name): url for name, url in statuses.items()},
            resultaattypen={Outcome(name): url for name, url in results.items()},
            eigenschappen=properties,
            certificaat=pair[0],
            sleutel=pair[1],
        )

    def _words(self, section: str, given: Any, required: Iterable[str], others: Iterable[str]) -> dict[str, str]:
        """The texts of a section, without those that are wrong."""
        if not isinstance(given, dict):
            self._fault(f"[{section}] geef hier een tabel met namen en waarden.")
            return {}
        known = [*required, *others]
        for name in sorted(given.keys() - set(known)):
            self._fault(f"[{section}] {name} is onbekend. Gebruik {', '.join(known)}.")
        for name in sorted(given.keys() & set(known)):
            if not isinstance(given[name], str):
                self._fault(f"[{section}] {name}: geef een tekst tussen aanhalingstekens.")
        texts = {name: text.strip() for name, text in given.items() if name in known and isinstance(text, str)}
        for name in required:
            if not texts.get(name) and isinstance(given.get(name, ""), str):
                self._fault(f"[{section}] {name} ontbreekt. Vul het in.")
        return texts

    def _types(
        self, name: str, given: Mapping[str, Any], words: Iterable[str], needed: Iterable[str]
    ) -> dict[str, str]:
        """Addresses of types of the zaaksysteem, by our word."""
        table = given.get(name, {})
        if not isinstance(table, dict):
            self._fault(f"[zgw.{name}] geef hier een tabel met namen en adressen.")
            return {}
        for word in sorted(table.keys() - set(words)):
            self._fault(f"[zgw.{name}] {word} is onbekend. Gebruik {', '.join(words)}.")
        if missing := sorted(set(needed) - table.keys()):
            self._fault(f"[zgw.{name}] er ontbreekt een adres voor: {', '.join(missing)}.")
        wrong = [word for word, url in table.items() if not isinstance(url, str) or not safe_address(url)]
        for word in sorted(wrong):
            self._fault(f"[zgw.{name}] {word}: geef een adres dat met https:// begint.")
        return {word: url for word, url in table.items() if word not in wrong and word in set(words)}

    def _addresses(self, section: str, words: Mapping[str, str], names: Iterable[str]) -> None:
        for name in names:
            if words.get(name) and not safe_address(words[name]):
                self._fault(f"[{section}] {name}: geef een adres dat met https:// begint, zonder ? of #.")

    def _file(self, section: str, words: Mapping[str, str], name: str) -> Path | None:
        """A file in the folder of the municipality; nothing when none is named or it cannot be read."""
        if not words.get(name):
            return None
        path = self.path.parent / words[name]
        if Path(words[name]).name != words[name] or not path.is_file():
            self._fault(f"[{section}] {name}: het bestand {words[name]} is er niet. Zet het in deze map.")
            return None
        return path

    def _secret(self, section: str, words: Mapping[str, str], name: str, shortest: int = 1) -> str:
        path = self._file(section, words, name)
        if path is None:
            return ""
        try:
            secret = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            secret = ""  # nosec B105  # refused below
        if len(secret) < shortest or not secret.isprintable():
            few = f" van ten minste {shortest} tekens" if shortest > 1 else ""
            self._fault(
                f"[{section}] {name}: zet in {path.name} één regel met het geheim{few}, leesbaar voor de service."
            )
        return secret

    def _pair(self, section: str, words: Mapping[str, str]) -> tuple[Path | None, Path | None]:
        """Certificate and key with which we make ourselves known (mTLS)."""
        if bool(words.get("certificaat")) != bool(words.get("sleutel")):
            self._fault(f"[{section}] certificaat en sleutel horen bij elkaar. Vul ze beide in, of geen van beide.")
        return self._file(section, words, "certificaat"), self._file(section, words, "sleutel")


_PAIR = ("certificaat", "sleutel")
_KNOWN_BY = ("api_sleutel", *_PAIR, "client_geheim")


def iter_addresses(access: RegisterAccess) -> Iterator[tuple[str, str]]:
    """Every type of the zaaksysteem that is named, with the word it stands for."""
    yield "zaaktype", access.zaaktype
    yield "roltype", access.roltype
    for name in ("statustypen", "resultaattypen", "eigenschappen"):
        for word, url in getattr(access, name).items():
            yield f"{name}.{word}", url
