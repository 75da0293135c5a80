"""What a request brings: who asks, the moment, and a session in that person's name."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Path, Request
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.replica import Replica
from service.settings import Settings
from service.trace import HEADER, Trace
from service.web.allowance import USER, Allowance
from service.web.cookies import CHANGED, brought
from service.web.csrf import SAFE_METHODS, session_secret
from signals.errors import Reason
from workflow.phases import Role


def settings_of(request: Request) -> Settings:
    """The settings the application was made with."""
    settings: Settings = request.app.state.settings
    return settings


def engine_of(request: Request) -> Engine:
    """The engine the application was made with."""
    engine: Engine = request.app.state.engine
    return engine


def reading_engine_of(request: Request) -> Engine:
    """Where this request may read lists and figures: at a copy of the database, when there is one that will do.

    Who changed something a moment ago brings a cookie that says so, and reads where it was written.
    """
    replica: Replica | None = request.app.state.replica
    if replica is None or brought(request, CHANGED):
        return engine_of(request)
    return replica.engine()


def now_of(request: Request) -> datetime:
    """The moment of this request, in the clock's zone; the same for everything the request does."""
    if not hasattr(request.state, "now"):
        request.state.now = settings_of(request).now()
    moment: datetime = request.state.now
    return moment


@dataclass(frozen=True)
class SignedIn:
    """Who is signed in with the pages, as the pages show it. vorige_keer: last here before this sign-in."""

    naam: str
    weergavenaam: str
    access: Access
    vorige_keer: datetime | None = None

    def has(self, *roles: Role) -> bool:
        """Whether one of these roles is held anywhere."""
        return self.access.may(*roles)


def origin_of(request: Request, door: str) -> str:
    """The door and the address a request came from; behind a proxy uvicorn has put the caller's there."""
    return f"{door} {request.client.host if request.client else 'onbekend'}"


ROLES = "roles"
"""Where in the state of a request stands which roles whoever asks has, for the log (service.web.measured): no name."""


def _note_roles(request: Request, access: Access) -> Access:
    setattr(request.state, ROLES, ",".join(sorted(role.value for role in access.actor.rollen)) or "geen")
    return access


NOT_SIGNED_IN = Reason("niet_aangemeld", "Meld u eerst aan.")


def is_somebody(request: Request) -> bool:
    """Whether a live token or session came along: asked before a large body is read."""
    settings, now = settings_of(request), settings_of(request).now()
    with session_scope(engine_of(request), Access.system(origin="aanmelding"), write=False) as session:
        if (token := _token_of(request)) and accounts.user_of_token(session, token, now) is not None:
            return True
        secret = session_secret(request)
        found = accounts.find_session(session, secret, now=now, idle_minutes=settings.session_idle_minutes)
        return bool(secret) and found is not None


def _token_of(request: Request) -> str:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def _count(request: Request, naam: str) -> None:
    allowance: Allowance = request.app.state.allowance
    allowance.take(request.scope, USER, naam)


def trace_of(request: Request) -> Trace:
    """The trace of this request: new, unless `bearer` took over that of a caller with a token."""
    found: Trace = request.state.trace
    return found


def _take_over_trace(request: Request) -> Trace:
    """The trace that a caller of the API names, from here on also that of the answer and of the log line.

    Of the API alone: whoever opens a page must not choose under which number the processing is written down.
    """
    request.state.trace = Trace.asked(request.headers.getlist(HEADER), begun=trace_of(request).begun)
    return trace_of(request)


def signed_in_or_none(request: Request) -> SignedIn | None:
    """Who is signed in with the pages; None for nobody. Does not stay open while the request works."""
    secret = session_secret(request)
    if not secret:
        return None
    settings, now = settings_of(request), now_of(request)
    system = Access.system(origin="aanmelding")
    with session_scope(engine_of(request), system, write=False) as session:
        found = accounts.find_session(session, secret, now=now, idle_minutes=settings.session_idle_minutes)
        if found is None:
            return None
        web, user = found
        _count(request, user.naam)
        actor = accounts.actor_of(session, user, now.date())
        access = Access.of(actor, origin_of(request, "pagina"), trace_of(request))
        who = SignedIn(user.naam, user.weergavenaam, _note_roles(request, access), web.vorige_keer)
    if now - web.gezien_op > accounts.SEEN_EVERY:
        # Not worth waiting for: a load may hold the lock of a database in a file, and the next page notes it too.
        with suppress(OperationalError), session_scope(request.app.state.impatient_engine, system) as session:
            accounts.touch_session(session, web, now)
    return who


def signed_in(who: Annotated[SignedIn | None, Depends(signed_in_or_none)]) -> SignedIn:
    """Who is signed in with the pages; NotSignedIn (which sends to the sign-in page) without."""
    if who is None:
        raise accounts.NotSignedIn(NOT_SIGNED_IN)
    return who


def page_session(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Iterator[Session]:
    """A session in the name of who is signed in; written to on POST only."""
    with session_scope(engine_of(request), who.access, write=request.method not in SAFE_METHODS) as session:
        yield session


def reading_page_session(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Iterator[Session]:
    """The same for a POST that only shows something."""
    with session_scope(engine_of(request), who.access, write=False) as session:
        yield session


def list_session(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Iterator[Session]:
    """A session to read a list in, in that name; at a copy of the database where there is one."""
    with session_scope(reading_engine_of(request), who.access, write=False) as session:
        yield session


def wide_page_session(request: Request, who: Annotated[SignedIn, Depends(signed_in)]) -> Iterator[Session]:
    """A session in that name that sees every row: for pages that show counts, loads or feedback, never a dossier."""
    with session_scope(engine_of(request), who.access.widened(), write=request.method not in SAFE_METHODS) as session:
        yield session


def bearer(request: Request) -> Access:
    """What the bearer of the API token may see; NotSignedIn without a live token."""
    now = now_of(request)
    if token := _token_of(request):
        with session_scope(engine_of(request), Access.system(origin="api"), write=False) as session:
            user = accounts.user_of_token(session, token, now)
            if user is not None:
                _count(request, user.naam)
                actor = accounts.actor_of(session, user, now.date())
                return _note_roles(request, Access.of(actor, origin_of(request, "api"), _take_over_trace(request)))
    raise accounts.NotSignedIn(
        Reason("niet_aangemeld", "Stuur een geldig token mee in de header Authorization: Bearer …", "Authorization")
    )


def api_session(request: Request, access: Annotated[Access, Depends(bearer)]) -> Iterator[Session]:
    """A session in the name of the bearer; written to by unsafe methods only."""
    with session_scope(engine_of(request), access, write=request.method not in SAFE_METHODS) as session:
        yield session


def reading_api_session(request: Request, access: Annotated[Access, Depends(bearer)]) -> Iterator[Session]:
    """The same for a POST that only reads, such as a search with a body."""
    with session_scope(engine_of(request), access, write=False) as session:
        yield session


def wide_api_session(request: Request, access: Annotated[Access, Depends(bearer)]) -> Iterator[Session]:
    """A session in the bearer's name that sees every row: for routes that answer with counts or judge a whole file."""
    with session_scope(engine_of(request), access.widened(), write=request.method not in SAFE_METHODS) as session:
        yield session


LARGEST_NUMBER = 2**63 - 1
"""A larger one fits in no column."""
RowNumber = Annotated[int, Path(ge=1, le=LARGEST_NUMBER)]
Config = Annotated[Settings, Depends(settings_of)]
Database = Annotated[Engine, Depends(engine_of)]
ReadDatabase = Annotated[Engine, Depends(reading_engine_of)]
Now = Annotated[datetime, Depends(now_of)]
Who = Annotated[SignedIn, Depends(signed_in)]
MaybeWho = Annotated[SignedIn | None, Depends(signed_in_or_none)]
# scope="function": the commit runs before the answer leaves, so a commit that fails is not answered with 200.
PageSession = Annotated[Session, Depends(page_session, scope="function")]
ReadingPageSession = Annotated[Session, Depends(reading_page_session, scope="function")]
ListSession = Annotated[Session, Depends(list_session, scope="function")]
WidePageSession = Annotated[Session, Depends(wide_page_session, scope="function")]
Bearer = Annotated[Access, Depends(bearer)]
ApiSession = Annotated[Session, Depends(api_session, scope="function")]
ReadingApiSession = Annotated[Session, Depends(reading_api_session, scope="function")]
WideApiSession = Annotated[Session, Depends(wide_api_session, scope="function")]
