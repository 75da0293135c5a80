"""What an installation can set, read from the environment (`RNI_...`), and what production does not start with."""

import json
import os
import re
import shlex
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from service import safety
from signals.errors import DomainError, Reason
from workflow.phases import MUNICIPAL_ROLES, PROJECT_ROLES

Network = IPv4Network | IPv6Network


class Environment(StrEnum):
    """Where the service runs; production is strict."""

    DEMO = "demo"
    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Misconfigured(DomainError):
    """The service does not start like this; the sentences say what to set."""


class Settings(BaseSettings):
    """Every setting; the environment variable is `RNI_` and the name in capitals."""

    model_config = SettingsConfigDict(env_prefix="RNI_", env_ignore_empty=True, extra="ignore")

    database_url: str = Field(
        default="sqlite:///var/rni.sqlite3",
        description="Adres van de database. Standaard een SQLite-bestand in ./var; in productie postgresql+psycopg://…",
    )
    database_owner_url: str = Field(
        default="",
        description="Adres van dezelfde database met de rol die eigenaar is van de tabellen; rni db upgrade gebruikt "
        "het, en wie na vernietigen de ruimte overschrijft. In productie met PostgreSQL is dat een andere rol dan in "
        "RNI_DATABASE_URL. Leeg: dezelfde.",
    )
    database_direct_url: str = Field(
        default="",
        description="Adres van dezelfde database zonder pooler ertussen, met dezelfde rol; rni clock en rni worker "
        "gebruiken het. Nodig achter een pooler die per transactie verdeelt. Leeg: hetzelfde als RNI_DATABASE_URL.",
    )
    database_read_url: str = Field(
        default="",
        description="Adres van een kopie die meeloopt (streaming replica van PostgreSQL), met dezelfde rol: lijsten en "
        "cijfers op pagina's worden daar gelezen zolang zij bij is. Leeg: alles gaat naar RNI_DATABASE_URL.",
    )
    database_pooler: Literal["geen", "sessie", "transactie"] = Field(
        default="geen",
        description="Of er een pooler (zoals PgBouncer) staat achter RNI_DATABASE_URL, en per wat die verbindingen "
        "verdeelt. Bij transactie is RNI_DATABASE_DIRECT_URL nodig.",
    )
    data_dir: Path = Field(
        default=Path("var"),
        description="Map voor ontvangen bestanden, documenten van dossiers en het logboek van fouten. Alleen de "
        "service mag erin lezen. rni backup neemt haar mee, samen met de database.",
    )
    environment: Environment = Field(
        default=Environment.DEVELOPMENT, description="demo, development of production. Productie start alleen veilig."
    )
    secret_keys: Annotated[tuple[SecretStr, ...], NoDecode] = Field(
        default=(SecretStr(safety.DEFAULT_SECRET),),
        description="Geheime sleutels, de nieuwste eerst, gescheiden door komma's. Ten minste 32 tekens per sleutel.",
    )
    secret_keys_file: Path | None = Field(
        default=None, description="Bestand met de geheime sleutels, één per regel; gaat voor op RNI_SECRET_KEYS."
    )
    base_url: str = Field(
        default="http://127.0.0.1:8000",
        description="Het adres waarop gebruikers de service openen. In productie met https.",
    )
    clock_timezone: str = Field(
        default="Europe/Amsterdam", description="Tijdzone waarin dagen worden geteld en de nachttaken lopen."
    )
    session_idle_minutes: int = Field(
        default=30, ge=1, description="Na zoveel minuten zonder gebruik eindigt een aanmelding."
    )
    session_hours: int = Field(default=10, ge=1, description="Na zoveel uren eindigt een aanmelding in elk geval.")
    oidc_issuer: str = Field(
        default="",
        description="Inlogdienst van de organisatie (OpenID Connect): het adres dat hij zijn issuer noemt. Leeg: "
        "inloggen gaat met lokale accounts. Zie docs/aanmelden.md.",
    )
    oidc_client_id: str = Field(default="", description="Naam waaronder deze service bij de inlogdienst bekend is.")
    oidc_key_file: Path | None = Field(
        default=None,
        description="Bestand met de eigen geheime sleutel voor de inlogdienst (PEM; RSA of EC P-256). De publieke "
        "sleutel staat op /inloggen/organisatie/sleutels.",
    )
    oidc_acr: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Betrouwbaarheidsniveaus (acr) die goed genoeg zijn, gescheiden door komma's, bijvoorbeeld "
        "http://eidas.europa.eu/LoA/substantial,http://eidas.europa.eu/LoA/high",
    )
    oidc_scope: str = Field(
        default="openid profile email", description="Scopes die de inlogdienst nodig heeft om de claims te geven."
    )
    oidc_roles_claim: str = Field(default="roles", description="Claim met de rollen van iemand.")
    oidc_roles: Annotated[dict[str, str], NoDecode] = Field(
        default={},
        description="Welke waarde van die claim welke rol geeft, als JSON: "
        '{"rni-behandelaar": "behandelaar", "rni-beheer": "beheerder"}. Met gemeente mag ook: "beslisser:0599".',
    )
    oidc_municipalities_claim: str = Field(
        default="gemeenten", description="Claim met de gemeentecodes waarvoor de gemeentelijke rollen gelden."
    )
    max_upload_mb: int = Field(default=500, ge=1, description="Grootste bestand dat wordt aangenomen, in megabytes.")
    body_seconds: int = Field(
        default=30,
        ge=1,
        description="Zoveel seconden mag een verzoek in totaal op zich laten wachten; elke 64 kB die binnenkomt geeft "
        "er één terug. Daarna is het antwoord 408 en wordt weggegooid wat er al was.",
    )
    forwarded_allow_ips: str = Field(
        default="",
        description="Adressen van de proxy's die mogen zeggen waar een verzoek vandaan komt (X-Forwarded-For), "
        "gescheiden door komma's. Leeg: niemand.",
    )
    profiles_dir: Path | None = Field(
        default=None,
        description="Map met kolomprofielen (.toml): de eigen kopteksten van een leverancier. Leeg: geen profielen.",
    )
    letters_dir: Path | None = Field(
        default=None,
        description="Map met per gemeentecode een map met brieven.toml: briefhoofd, ondertekening, logo en eigen "
        "teksten. Leeg: alleen de naam van de gemeente.",
    )
    scan_command: str = Field(
        default="",
        description="Virusscanner als programma, zonder shell; {path} is het bestand, anders komt het achteraan. "
        "0 is schoon, 1 besmet, al het andere weigert. Bijvoorbeeld: clamdscan --fdpass --no-summary",
    )
    scan_icap: str = Field(
        default="",
        description="Virusscanner als ICAP-server, bijvoorbeeld icap://127.0.0.1:1344/avscan. De server moet bestanden "
        "tot RNI_MAX_UPLOAD_MB in hun geheel scannen.",
    )
    scan_seconds: int = Field(
        default=120, ge=1, description="Zonder oordeel van de virusscanner binnen zoveel seconden wordt geweigerd."
    )
    smtp_host: str = Field(
        default="", description="Mailserver voor de dag- en weekberichten. Leeg: er gaat geen mail uit."
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Poort van de mailserver.")
    smtp_tls: Literal["starttls", "tls", "geen"] = Field(
        default="starttls",
        description="Hoe de verbinding met de mailserver beveiligd is: starttls, tls of geen. In productie kan geen "
        "alleen op dezelfde machine.",
    )
    smtp_user: str = Field(default="", description="Naam bij de mailserver. Leeg: zonder aanmelden.")
    smtp_password: SecretStr = Field(default=SecretStr(""), description="Wachtwoord bij de mailserver.")
    mail_from: str = Field(
        default="",
        description="Afzender van de berichten, bijvoorbeeld Langdurig RNI <rni@gemeente.example>; nodig bij "
        "RNI_SMTP_HOST.",
    )
    sftp_host: str = Field(
        default="",
        description="SFTP-server waar UWV de terugkoppeling ontvangt. Leeg: bezorgen staat uit en de liaison haalt de "
        "bestanden op.",
    )
    sftp_port: int = Field(default=22, ge=1, le=65535, description="Poort van de SFTP-server.")
    sftp_user: str = Field(default="", description="Naam bij de SFTP-server; nodig bij RNI_SFTP_HOST.")
    sftp_key_file: Path | None = Field(
        default=None,
        description="Bestand met de eigen geheime sleutel voor de SFTP-server (OpenSSH of PEM, zonder "
        "wachtwoordzin); nodig bij RNI_SFTP_HOST. Alleen rni clock en rni feedback lezen het.",
    )
    sftp_host_key: str = Field(
        default="",
        description="De sleutel van de SFTP-server, als regel van known_hosts; nodig bij RNI_SFTP_HOST. Toont de "
        "server een andere, dan gaat er niets heen. Tijdens een wisseling mogen er twee regels staan.",
    )
    sftp_folder: str = Field(
        default="", description="Map op de SFTP-server. Leeg: de map waar de server na aanmelden begint."
    )
    sftp_age_recipients: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(),
        description="Publieke sleutels van UWV (age1…), gescheiden door komma's: wat wordt bezorgd is daarvoor "
        "versleuteld (age) en krijgt .age achter de naam. Leeg: de bestanden gaan zoals zij zijn.",
    )
    connectors_dir: Path | None = Field(
        default=None,
        description="Map met per gemeentecode een map met koppelingen.toml: waar de BRP en het zaaksysteem van die "
        "gemeente zijn, met de geheimen ernaast. Leeg: beide staan uit. Zie docs/koppelingen.md.",
    )
    connectors_ca_file: Path | None = Field(
        default=None,
        description="Bestand met certificaten (PEM) die bij koppelingen worden vertrouwd naast die van het systeem, "
        "bijvoorbeeld de private stam van PKIoverheid.",
    )
    oin: str = Field(
        default="",
        pattern=r"^([0-9]{20})?$",
        description="OIN van de organisatie die de service beheert; staat als afzender in webhooks. Leeg: het adres in "
        "RNI_BASE_URL.",
    )
    webhook_networks: Annotated[tuple[Network, ...], NoDecode] = Field(
        default=(),
        description="Eigen netwerken waar webhooks ook heen mogen, als CIDR en gescheiden door komma's, bijvoorbeeld "
        "10.20.0.0/16. Leeg: alleen naar buiten.",
    )
    requests_per_user: int = Field(
        default=6000,
        ge=0,
        description="Verzoeken per minuut die één gebruiker mag sturen, geteld per proces; daarna is het antwoord 429 "
        "met de wachttijd. 0: geen grens.",
    )
    requests_per_origin: int = Field(
        default=12000,
        ge=0,
        description="Hetzelfde voor alles wat van één adres komt. Achter een proxy telt het adres van de gebruiker "
        "alleen als RNI_FORWARDED_ALLOW_IPS klopt. 0: geen grens.",
    )
    security_contact: str = Field(
        default="mailto:team@example.nl",
        description="Waar iemand een zwakke plek kan melden (mailto:… of https://…); staat in "
        "/.well-known/security.txt. Zet er het meldpunt van de eigen organisatie in.",
    )
    accessibility_contact: str = Field(
        default="",
        description="Waar iemand meldt dat een pagina niet toegankelijk is (mailto:… of https://…); staat op "
        "/toegankelijkheid. Leeg: de pagina verwijst naar de beheerder.",
    )
    processing_register: str = Field(
        default="",
        description="Adres van het eigen register van verwerkingsactiviteiten, dat de regels in het Logboek "
        "Dataverwerkingen noemen. Leeg: de pagina /verwerkingen van deze service.",
    )
    logbook_otlp_url: str = Field(
        default="",
        description="Waar het Logboek Dataverwerkingen van de organisatie regels ontvangt (OTLP over HTTP), "
        "bijvoorbeeld https://logboek.gemeente.example/v1/traces. Leeg: de regels staan alleen in de database.",
    )
    logbook_otlp_token: SecretStr = Field(
        default=SecretStr(""), description="Token waarmee de service zich daar meldt. Leeg: zonder."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Vanaf welk niveau rni serve, rni clock en het werk daarnaast regels schrijven."
    )
    log_format: Literal["json", "tekst"] = Field(
        default="json", description="Hoe die regels eruitzien: json voor machines, tekst voor wie meeleest."
    )
    metrics_port: int = Field(
        default=0,
        ge=0,
        le=65535,
        description="Poort waarop Prometheus de metingen van dit proces leest; elk proces een eigen. 0: uit.",
    )
    metrics_host: str = Field(
        default="127.0.0.1",
        description="Adres van die poort. Zet er nooit een adres dat gebruikers kunnen bereiken: er is geen inlog.",
    )
    traces_otlp_url: str = Field(
        default="",
        description="Waar sporen van verzoeken heen gaan (OpenTelemetry, OTLP over HTTP), bijvoorbeeld "
        "http://127.0.0.1:4318/v1/traces. Er staan geen gegevens van mensen in. Leeg: uit.",
    )
    traces_otlp_token: SecretStr = Field(
        default=SecretStr(""), description="Token waarmee de service zich daar meldt. Leeg: zonder."
    )
    traces_share: float = Field(
        default=0.1, ge=0, le=1, description="Welk deel van de verzoeken een spoor krijgt, van 0 tot 1. Fouten altijd."
    )
    threads: int = Field(
        default=4, ge=1, description="Verzoeken die één proces tegelijk uitvoert. Meer maakt het niet sneller."
    )

    @field_validator("secret_keys", mode="before")
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(key.strip() for key in value.split(",") if key.strip())
        return value

    @field_validator("oidc_acr", "sftp_age_recipients", mode="before")
    @classmethod
    def _levels(cls, value: Any) -> Any:
        return tuple(each.strip() for each in value.split(",") if each.strip()) if isinstance(value, str) else value

    @field_validator("webhook_networks", mode="before")
    @classmethod
    def _networks(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(ip_network(each.strip()) for each in value.split(",") if each.strip())
        return value

    @field_validator("oidc_roles", mode="before")
    @classmethod
    def _roles(cls, value: Any) -> Any:
        return json.loads(value) if isinstance(value, str) else value

    @field_validator("oidc_roles")
    @classmethod
    def _known_roles(cls, value: dict[str, str]) -> dict[str, str]:
        for given in value.values():
            role, colon, codes = given.partition(":")
            municipal = role in MUNICIPAL_ROLES and (not colon or re.fullmatch(r"[0-9]{4}(,[0-9]{4})*", codes))
            if not municipal and given not in PROJECT_ROLES:
                raise ValueError("een van de rollen bestaat niet")
        return value

    @field_validator("scan_command")
    @classmethod
    def _splits_in_words(cls, value: str) -> str:
        if value and not shlex.split(value):  # raises ValueError itself for a quote that is never closed
            raise ValueError("er staat geen programma in")
        return value

    @field_validator("scan_icap")
    @classmethod
    def _names_a_service(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme != "icap" or not parts.hostname or not parts.path.strip("/") or parts.port == 0):
            raise ValueError("schrijf icap://host:poort/dienst")
        return value

    @field_validator("security_contact", "accessibility_contact")
    @classmethod
    def _can_be_reached(cls, value: str, info: ValidationInfo) -> str:
        if not value and info.field_name == "accessibility_contact":
            return value
        if not re.fullmatch(r"(mailto:[^@\s]+@|https://)[^@\s]+", value):
            raise ValueError("schrijf mailto:naam@gemeente.nl of https://…")
        return value

    @field_validator("logbook_otlp_url", "traces_otlp_url")
    @classmethod
    def _is_on_the_web(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (parts.scheme not in ("http", "https") or not parts.hostname or len(value) > 200):
            raise ValueError("schrijf een adres dat met https:// begint")
        return value

    @field_validator("clock_timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (KeyError, ValueError, OSError):
            raise ValueError(f"de tijdzone '{value}' bestaat niet; geef bijvoorbeeld Europe/Amsterdam") from None
        return value

    @cached_property
    def keys(self) -> tuple[bytes, ...]:
        """The secret keys as bytes, newest first, from the file when there is one."""
        if self.secret_keys_file is None:
            return tuple(key.get_secret_value().encode() for key in self.secret_keys)
        try:
            lines = self.secret_keys_file.read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError):
            raise Misconfigured(
                Reason(
                    "sleutelbestand_onleesbaar",
                    f"Het bestand {self.secret_keys_file} met sleutels is niet te lezen. "
                    "Zet er één sleutel per regel in en geef de service leesrecht, of haal RNI_SECRET_KEYS_FILE weg.",
                    "RNI_SECRET_KEYS_FILE",
                )
            ) from None
        return tuple(line.strip().encode() for line in lines if line.strip())

    @property
    def production(self) -> bool:
        """Whether people's real data may be in here."""
        return self.environment is Environment.PRODUCTION

    @property
    def https(self) -> bool:
        """Whether users come in over https, so that cookies can insist on it."""
        return urlsplit(self.base_url).scheme == "https"

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which days are counted."""
        return ZoneInfo(self.clock_timezone)

    def now(self) -> datetime:
        """This moment, in the clock's zone: the only place where the service looks at the clock."""
        return datetime.now(self.zone)

    @property
    def on_postgresql(self) -> bool:
        """Whether several machines can work on the database."""
        return self.database_url.startswith("postgresql")

    @property
    def pooled(self) -> bool:
        """Whether every transaction may get another connection."""
        return self.database_pooler == "transactie"

    @property
    def direct_url(self) -> str:
        """The database for what needs a connection that stays its own: the clock, the workers."""
        return self.database_direct_url or self.database_url

    def problems(self) -> Sequence[Reason]:
        """What keeps the service from starting, apart from what is in the database; empty outside production."""
        return safety.problems(self)

    def require_safe(self) -> None:
        """Raise Misconfigured with every sentence when the service must not start like this."""
        reasons = self.problems()
        if reasons:
            raise Misconfigured(reasons)


def keep_files_private() -> None:
    """From now on this process makes files that only its own user can read: there are BSNs in most of them."""
    os.umask(0o077)


def read_settings() -> Settings:
    """The settings of this environment; Misconfigured names every variable that cannot be read, never its value."""
    try:
        return Settings()
    except ValidationError as error:
        names = dict.fromkeys(f"RNI_{str(each['loc'][0]).upper()}" for each in error.errors())
        meanings = {f"RNI_{name.upper()}": field.description for name, field in Settings.model_fields.items()}
        raise Misconfigured(
            Reason("instelling_ongeldig", f"De instelling {name} klopt niet. {meanings.get(name)}", name)
            for name in names
        ) from None
