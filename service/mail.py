"""Messages on their way to the mail server: offered until it takes them, and never offered again once it may have.

Before a message is offered its row says so, in a transaction of its own. A process that is killed in between, or a
connection that breaks while the server has the whole message, leaves it `onzeker`: a person decides then.
"""

import smtplib
import ssl
from collections import Counter
from contextlib import closing, suppress
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import urlsplit

import structlog
from sqlalchemy import Engine, update
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.models import Mail, MailState
from service.settings import Settings
from signals.errors import NotFound, Reason, Refused

log = structlog.get_logger()

SECONDS = 20
"""How long the mail server may take over one answer."""
WAITS = tuple(timedelta(minutes=minutes) for minutes in (5, 15, 60, 180, 360, 720))
"""Between one attempt and the next; after the last of them it is given up, and a person sees it."""
LOST = timedelta(minutes=15)
"""Nobody works this long on one message: whoever did is gone."""


class _Failed(Exception):
    """The message was not taken. `again`: the next attempt may do better."""

    def __init__(self, fault: str, again: bool) -> None:
        super().__init__(fault)
        self.fault, self.again = fault, again


class _Unsure(Exception):
    """The message was handed over and no answer came."""


def deliver(settings: Settings, engine: Engine, now: datetime) -> Counter[str]:
    """Offers every message that is due, and gives how many ended how. Without a mail server they wait."""
    told: Counter[str] = Counter()
    system = Access.system(origin="klok")
    with session_scope(engine, system) as session:
        lost = (col(Mail.staat) == MailState.ONDERWEG, col(Mail.begonnen_op) < now - LOST)
        fault = "Het verzenden werd afgebroken; het bericht kan aangekomen zijn."
        session.execute(update(Mail).where(*lost).values(staat=MailState.ONZEKER, fout=fault))
    if not settings.smtp_host:
        return told
    with session_scope(engine, system, write=False) as session:
        waits = (col(Mail.staat) == MailState.WACHT, col(Mail.niet_voor) <= now)
        due = session.exec(select(Mail.id).where(*waits).order_by(col(Mail.id))).all()
    for number in due:
        with session_scope(engine, system) as session:
            mine = update(Mail).where(col(Mail.id) == number, *waits)
            begun = {"staat": MailState.ONDERWEG, "begonnen_op": now, "pogingen": Mail.pogingen + 1}
            if session.execute(mine.values(begun)).rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result has it
                continue  # another clock has it in hand
            mail = session.get_one(Mail, number)
        outcome = _offered(settings, mail, now)
        with session_scope(engine, system) as session:
            session.execute(update(Mail).where(col(Mail.id) == number).values(outcome))
        told[outcome["staat"]] += 1
        log.info("mail", bericht=number, staat=outcome["staat"], poging=mail.pogingen)
    return told


def try_again(engine: Engine, number: int, now: datetime, access: Access) -> Mail:
    """A person has it offered anew, also when it may have arrived. Refused while it waits or was sent."""
    with session_scope(engine, access) as session:
        mail = session.get(Mail, number)
        if mail is None:
            raise NotFound(Reason("bericht_onbekend", "Dit bericht is er niet (meer)."))
        if mail.staat not in (MailState.ONZEKER, MailState.OPGEGEVEN):
            raise Refused(Reason("bericht_loopt", "Dit bericht is al verzonden, of wordt vanzelf opnieuw geprobeerd."))
        mail.staat, mail.niet_voor, mail.pogingen, mail.fout = MailState.WACHT, now, 0, ""
        session.add(mail)
        return mail


def _offered(settings: Settings, mail: Mail, now: datetime) -> dict[str, Any]:
    try:
        _send(settings, mail)
    except _Failed as failed:
        last = not failed.again or mail.pogingen > len(WAITS)
        staat = MailState.OPGEGEVEN if last else MailState.WACHT
        wait = WAITS[min(mail.pogingen, len(WAITS)) - 1]
        return {"staat": staat, "fout": failed.fault, "niet_voor": now + wait}
    except _Unsure:
        fault = "De mailserver gaf geen antwoord nadat hij het bericht had; het kan aangekomen zijn."
        return {"staat": MailState.ONZEKER, "fout": fault}
    return {"staat": MailState.VERZONDEN, "fout": "", "verzonden_op": now}


def _send(settings: Settings, mail: Mail) -> None:
    """Raises _Failed or _Unsure. What the server says may quote an address, so it is told in words of our own."""
    try:
        server = _connected(settings)
    except smtplib.SMTPAuthenticationError:
        raise _Failed("De mailserver weigert naam of wachtwoord (RNI_SMTP_USER, RNI_SMTP_PASSWORD).", True) from None
    except ssl.SSLError:
        raise _Failed("De verbinding met de mailserver is niet te vertrouwen (certificaat of TLS).", True) from None
    except (OSError, smtplib.SMTPException):
        raise _Failed("De mailserver is niet te bereiken, of wil niet (RNI_SMTP_HOST, RNI_SMTP_TLS).", True) from None
    with closing(server):
        try:
            sender = parseaddr(settings.mail_from)[1]
            for code, what in ((server.mail(sender)[0], "afzender"), (server.rcpt(mail.adres)[0], "ontvanger")):
                if code not in (250, 251):
                    raise _Failed(f"De mailserver weigert de {what} ({code}).", code < 500)
        except (OSError, smtplib.SMTPException):
            raise _Failed("De verbinding met de mailserver viel weg.", True) from None
        try:
            code, _ = server.data(message(settings, mail).as_bytes())
        except smtplib.SMTPDataError as refused:
            code = refused.smtp_code
        except (OSError, smtplib.SMTPException):
            raise _Unsure from None
        if code != 250:
            raise _Failed(f"De mailserver weigert het bericht ({code}).", code < 500)
        with suppress(OSError, smtplib.SMTPException):  # it has the message
            server.quit()


def _connected(settings: Settings) -> smtplib.SMTP:
    context = ssl.create_default_context()
    if settings.smtp_tls == "tls":
        server: smtplib.SMTP = smtplib.SMTP_SSL(
            settings.smtp_host, settings.smtp_port, timeout=SECONDS, context=context
        )
    else:
        server = smtplib.SMTP(settings.smtp_host, settings.smtp_port, timeout=SECONDS)
    if settings.smtp_tls == "starttls":
        server.starttls(context=context)
    server.ehlo_or_helo_if_needed()
    if settings.smtp_user:
        server.login(settings.smtp_user, settings.smtp_password.get_secret_value())
    return server


def message(settings: Settings, mail: Mail) -> EmailMessage:
    """The message as it is sent; the same row gives the same Message-ID, by which a mailbox knows a second copy."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = settings.mail_from, mail.adres, mail.onderwerp
    made["Date"] = format_datetime(mail.gemaakt_op)
    host = urlsplit(settings.base_url).hostname or "localhost"
    made["Message-ID"] = f"<{mail.soort}.{mail.dag:%Y%m%d}.{mail.id}@{host}>"
    made["Auto-Submitted"] = "auto-generated"
    made.set_content(mail.tekst)
    return made
