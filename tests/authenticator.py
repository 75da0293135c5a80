"""The app on the telephone of everybody in the tests: linked beforehand, and its codes as a test types them."""

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, update
from sqlmodel import Session, col, select

from service.access import Access
from service.db import session_scope
from service.identity import accounts, second_factor
from service.models import SecondFactor, User


def secret_of(naam: str) -> bytes:
    return hashlib.sha1(naam.encode()).digest()


def link_all(session: Session, names: Iterable[str]) -> None:
    """Every one of these has an app, as after a first sign-in."""
    now = datetime.now(UTC)
    for naam in names:
        user, secret = accounts.find_user(session, naam), secret_of(naam)
        assert second_factor.link(session, user, secret, second_factor.code_at(secret, now), now)


def code(engine: Engine, naam: str, now: datetime | None = None) -> str:
    """What the app shows, now if nothing else is said.

    The codes before count as not used, so that a test can sign in twice in half a minute.
    """
    with session_scope(engine, Access.system()) as session:
        ids = select(User.id).where(User.naam == naam).scalar_subquery()
        session.execute(update(SecondFactor).where(col(SecondFactor.gebruiker_id) == ids).values(laatste_stap=0))
    return second_factor.code_at(secret_of(naam), now or datetime.now(UTC))


def sign_in(client: Any, engine: Engine, naam: str, password: str, *, now: datetime | None = None, **sent: Any) -> Any:
    """Through both forms, as a browser does; gives the answer to the last. sent: headers with our origin."""
    to = {"follow_redirects": False, **sent}
    first = client.post("/inloggen", data={"gebruikersnaam": naam, "wachtwoord": password}, **to)
    if first.headers.get("location") != "/inloggen/code":
        return first
    *_, token = re.findall(r'name="csrf" value="([0-9a-f]+)"', client.get("/inloggen/code").text)
    return client.post("/inloggen/code", data={"code": code(engine, naam, now), "csrf": token}, **to)
