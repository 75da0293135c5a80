"""Who the provider says somebody is becomes a user here: under a name of our own, with the roles that it says.

The provider decides at every sign-in: roles that it no longer says are gone.
"""

import hashlib
import re
from base64 import b32encode
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from service.identity import accounts
from service.identity.openid import claim
from service.models import User
from service.settings import Settings
from signals.base import table
from signals.bulk import insert_if_new
from signals.errors import Reason
from signals.models import Municipality
from workflow.phases import PROJECT_ROLES, Role

_CODE = re.compile(r"(?:GM)?([0-9]{4})")
"""A municipality as table 33 or as CBS writes it."""

NO_ROLE = Reason(
    "geen_rol",
    "U bent bekend bij uw organisatie, maar hebt daar geen rol die hier toegang geeft, of er hoort geen gemeente bij. "
    "Vraag de beheerder van uw organisatie om een rol voor Langdurig RNI.",
)
CLOSED = Reason("gebruiker_uitgeschakeld", "Uw toegang is uitgeschakeld. Vraag de beheerder om hulp.")


def name_of(issuer: str, sub: str) -> str:
    """The name under which somebody stands in the record: always the same, and telling nobody who it is."""
    hashed = hashlib.sha256(f"{issuer}\n{sub}".encode()).digest()
    return f"o-{b32encode(hashed).decode().lower()[:26]}"


def roles_of(
    settings: Settings, claims: Mapping[str, Any], municipalities: Collection[str]
) -> set[tuple[Role, str | None]]:
    """The roles that these claims give; a value that the settings do not know, or no municipality, gives none.

    municipalities: the codes that exist.
    """
    found = (_CODE.fullmatch(value) for value in _values(claims, settings.oidc_municipalities_claim))
    codes = [match[1] for match in found if match]
    roles: set[tuple[Role, str | None]] = set()
    for value in _values(claims, settings.oidc_roles_claim):
        name, _, own = settings.oidc_roles.get(value, "").partition(":")
        if not name:
            continue
        role = Role(name)
        if role in PROJECT_ROLES:
            roles.add((role, None))
        else:
            roles |= {(role, code) for code in (own.split(",") if own else codes) if code in municipalities}
    return roles


def _values(claims: Mapping[str, Any], name: str) -> Iterable[str]:
    """The texts of a claim, one or a list."""
    found = claim(claims, name)
    return [each.strip() for each in (found if isinstance(found, list) else [found]) if isinstance(each, str)]


def receive(
    session: Session, settings: Settings, claims: Mapping[str, Any], now: datetime
) -> tuple[User | None, Reason | None]:
    """The user with these claims, made or brought up to date, or why he does not come in.

    Whoever has no role any more loses those he had, and every sign-in, here too: so a refusal is no exception, which
    would undo that.
    """
    naam = name_of(settings.oidc_issuer, claims["sub"])
    roles = roles_of(settings, claims, set(session.exec(select(Municipality.code))))
    if roles:  # two at once make one: the database decides
        new = User(naam=naam, weergavenaam=naam, wachtwoord=accounts.NO_PASSWORD, aangemaakt_op=now)
        session.execute(insert_if_new(session, table(User)).values(**new.model_dump(exclude={"id"})))
    user = session.exec(select(User).where(col(User.naam) == naam)).first()
    if user is None:
        return None, NO_ROLE
    if user.wachtwoord != accounts.NO_PASSWORD or user.uitgeschakeld_op is not None:
        return user, CLOSED
    accounts.set_roles(session, user, roles)
    _describe(session, user, claims)
    return (user, None) if roles else (user, NO_ROLE)


def _describe(session: Session, user: User, claims: Mapping[str, Any]) -> None:
    """How the user stands in letters, as far as the provider says so in a form that can stand there."""
    columns = table(User).columns
    for name, told, form in (
        ("weergavenaam", "name", None),
        ("emailadres", "email", accounts.EMAIL),
        ("telefoonnummer", "phone_number", accounts.TELEPHONE),
    ):
        text = claims.get(told)
        if not isinstance(text, str) or not text.strip() or not text.strip().isprintable():
            continue
        fits = len(text.strip()) <= columns[name].type.length  # type: ignore[attr-defined]  # each is a text
        if fits and (form is None or form.fullmatch(text.strip())):
            setattr(user, name, text.strip())
    session.add(user)
    session.flush()
