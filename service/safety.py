"""What keeps the service from starting with these settings, each with the sentence that mends it."""

from collections.abc import Sequence
from email.utils import parseaddr
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from signals.errors import Reason

if TYPE_CHECKING:
    from service.settings import Settings

DEFAULT_SECRET = "alleen-voor-ontwikkeling-en-demo"  # noqa: S105  # nosec B105  # refused in production
SHORTEST_SECRET = 32
HERE = ("localhost", "127.0.0.1", "::1")
"""This machine itself."""


def problems(settings: "Settings") -> Sequence[Reason]:
    """What keeps the service from starting, apart from what is in the database; empty outside production."""
    reasons = []
    if not settings.keys:
        reasons.append(
            Reason("sleutel_ontbreekt", "Er is geen geheime sleutel. Zet RNI_SECRET_KEYS.", "RNI_SECRET_KEYS")
        )
    if settings.smtp_host and "@" not in parseaddr(settings.mail_from)[1]:
        reasons.append(
            Reason("afzender_ontbreekt", "Mail heeft een afzender nodig. Zet RNI_MAIL_FROM.", "RNI_MAIL_FROM")
        )
    reasons += _database(settings)
    reasons += _provider(settings)
    reasons += _sftp(settings)
    if not settings.production:
        return reasons
    if settings.smtp_host and settings.smtp_tls == "geen" and settings.smtp_host not in HERE:
        uitleg = "Naar een andere machine gaat mail alleen beveiligd. Zet RNI_SMTP_TLS op starttls of tls."
        reasons.append(Reason("mail_onbeveiligd", uitleg, "RNI_SMTP_TLS"))
    receiver = urlsplit(settings.logbook_otlp_url)
    if receiver.scheme == "http" and receiver.hostname not in HERE:
        uitleg = "Naar een andere machine gaat het logboek alleen beveiligd. Begin het adres met https://"
        reasons.append(Reason("logboek_onbeveiligd", uitleg, "RNI_LOGBOOK_OTLP_URL"))
    collector = urlsplit(settings.traces_otlp_url)
    if collector.scheme == "http" and collector.hostname not in HERE:
        uitleg = "Naar een andere machine gaan sporen alleen beveiligd. Begin het adres met https://"
        reasons.append(Reason("sporen_onbeveiligd", uitleg, "RNI_TRACES_OTLP_URL"))
    if any(len(key) < SHORTEST_SECRET or key == DEFAULT_SECRET.encode() for key in settings.keys):
        reasons.append(
            Reason(
                "sleutel_onveilig",
                "De geheime sleutel is de standaardsleutel of te kort. Zet in RNI_SECRET_KEYS een eigen sleutel, "
                "bijvoorbeeld de uitkomst van: openssl rand -hex 32",
                "RNI_SECRET_KEYS",
            )
        )
    if not settings.https:
        reasons.append(
            Reason(
                "geen_https",
                f"Productie draait alleen over https. Zet RNI_BASE_URL op een adres dat met https:// begint; "
                f"nu is het {settings.base_url}",
                "RNI_BASE_URL",
            )
        )
    return reasons


def _database(settings: "Settings") -> list[Reason]:
    """What does not go together in the addresses of the database."""
    reasons = []
    if settings.database_pooler == "transactie" and not settings.database_direct_url:
        uitleg = (
            "Achter een pooler die per transactie verdeelt kan de klok zijn slot niet houden. Zet in "
            "RNI_DATABASE_DIRECT_URL het adres van de database zelf."
        )
        reasons.append(Reason("direct_adres_ontbreekt", uitleg, "RNI_DATABASE_DIRECT_URL"))
    beside = {
        "RNI_DATABASE_READ_URL": settings.database_read_url,
        "RNI_DATABASE_DIRECT_URL": settings.database_direct_url,
    }
    for name, address in beside.items():
        if address and not (settings.on_postgresql and address.startswith("postgresql")):
            uitleg = (
                f"{name} hoort bij PostgreSQL. Zet in RNI_DATABASE_URL en {name} een adres van PostgreSQL, of haal "
                f"{name} weg."
            )
            reasons.append(Reason("adres_zonder_postgresql", uitleg, name))
    return reasons


def _provider(settings: "Settings") -> list[Reason]:
    """What is missing to sign in at the provider of the organisation; nothing when there is none."""
    if not settings.oidc_issuer:
        return []
    wanted = {
        "RNI_OIDC_CLIENT_ID": settings.oidc_client_id,
        "RNI_OIDC_KEY_FILE": settings.oidc_key_file,
        "RNI_OIDC_ACR": settings.oidc_acr,
        "RNI_OIDC_ROLES": settings.oidc_roles,
    }
    reasons = [
        Reason("oidc_onvolledig", f"Bij RNI_OIDC_ISSUER hoort ook {name}. Zet die.", name)
        for name, value in wanted.items()
        if not value
    ]
    if urlsplit(settings.oidc_issuer).scheme not in ({"https"} if settings.production else {"https", "http"}):
        uitleg = "Een inlogdienst wordt alleen over https vertrouwd. Zet RNI_OIDC_ISSUER op een adres met https://"
        reasons.append(Reason("oidc_zonder_https", uitleg, "RNI_OIDC_ISSUER"))
    return reasons


def _sftp(settings: "Settings") -> list[Reason]:
    """What is missing to bring files by SFTP, or is there for nothing; what is in them: `service.sftp.Target`."""
    needed: dict[str, object] = {
        "RNI_SFTP_USER": settings.sftp_user,
        "RNI_SFTP_KEY_FILE": settings.sftp_key_file,
        "RNI_SFTP_HOST_KEY": settings.sftp_host_key,
    }
    if settings.sftp_host:
        missing = [name for name, value in needed.items() if not value]
        told = "Bij RNI_SFTP_HOST hoort ook {}. Zet die, of haal RNI_SFTP_HOST weg: dan staat bezorgen uit."
        return [Reason("sftp_onvolledig", told.format(name), name) for name in missing]
    needed |= {"RNI_SFTP_FOLDER": settings.sftp_folder, "RNI_SFTP_AGE_RECIPIENTS": settings.sftp_age_recipients}
    if not (alone := [name for name, value in needed.items() if value]):
        return []
    uitleg = f"Bij {', '.join(alone)} hoort ook RNI_SFTP_HOST. Zet die, of haal de andere weg."
    return [Reason("sftp_onvolledig", uitleg, "RNI_SFTP_HOST")]
