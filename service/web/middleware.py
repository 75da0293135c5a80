"""What holds for every request and every answer, errors included: headers, size and origin."""

import asyncio
import re
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import timedelta

import structlog
from fastapi.exceptions import ValidationException
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.files.documents import LARGEST
from service.identity.accounts import NotSignedIn
from service.journal import OUR_FAULT
from service.replica import OWN_CHANGES
from service.settings import Settings
from service.trace import HEADER, Trace
from service.web import allowance, cookies, without_room
from service.web.allowance import Allowance
from service.web.characters import UNREADABLE, other_charset, unreadable_address
from service.web.csrf import SAFE_METHODS, cookie_name, same_origin
from service.web.dependencies import NOT_SIGNED_IN, is_somebody
from service.web.errors import headers_of, refuse, status_of
from signals.errors import Reason

log = structlog.get_logger()

API = "/api/v1"
API_VERSION = "1.0.0"
STATIC = "/static/"
HEALTH = "/gezondheid/"
"""The addresses at which a proxy asks whether the service is well."""
ALIVE, READY = f"{HEALTH}levend", f"{HEALTH}gereed"
HEALTH_ROUTES = frozenset({ALIVE, READY})
SMALL_BODY = 1_000_000
"""Bytes that a request without a file may hold: the longest text fields, several times over."""
SLOWEST = 64_000
"""Bytes in a second below which a body may come in for no longer than `Settings.body_seconds` in all."""
UPLOADS = frozenset({"/ladingen", "/opbrengsten"})
"""The paths that take a file, of the pages and below `API`."""
DOCUMENT_BODY = LARGEST + 900_000
"""Bytes of a request with a document in it."""
_DOCUMENTS = re.compile(r"/zaken/[^/]+/(dossier/)?documenten")

_EVERYWHERE: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_API_POLICY = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


class AnswerHeaders:
    """Security headers, the trace and `API-Version` on every answer."""

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self.app = app
        self.https = settings.https
        life = timedelta(seconds=OWN_CHANGES)
        self.changed = cookies.header(settings, cookies.CHANGED, "1", life) if settings.database_read_url else ""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and add headers to its answer."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        path: str = scope["path"]
        api = path.startswith("/api/")
        # A new one for everybody: only who brings a live token to the API is believed (service.web.dependencies).
        state = scope.setdefault("state", {})
        state["trace"] = Trace()

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _EVERYWHERE.items():
                    headers[name] = value
                trace: Trace = state["trace"]
                headers[HEADER] = trace.header
                # What people brought is shown under a policy of its own, by which it can do nothing here.
                headers.setdefault("X-Frame-Options", "DENY")
                headers.setdefault("Content-Security-Policy", _API_POLICY if api else _PAGE_POLICY)
                if not path.startswith(STATIC) or message["status"] >= 400:
                    headers["Cache-Control"] = "no-store"
                if self.https:
                    headers["Strict-Transport-Security"] = "max-age=31536000; includeSubDomains"
                if api:
                    headers["API-Version"] = API_VERSION
                if self.changed and not api and scope["method"] not in SAFE_METHODS:
                    headers.append("Set-Cookie", self.changed)
                headers.update(allowance.headers(scope))
                if path == f"{API}/openapi.json":
                    headers["Access-Control-Allow-Origin"] = "*"
                    headers["Cross-Origin-Resource-Policy"] = "cross-origin"
            await send(message)

        await self.app(scope, receive, with_headers)


PACKED = (
    "text/event-stream",
    "application/pdf",
    "application/zip",
    "application/octet-stream",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "image/png",
    "image/jpeg",
)
"""Content that is compressed by itself, or is sent bit by bit."""


class Smaller(GZipMiddleware):
    """Text goes compressed, but for a page that somebody else's site asked for.

    The length of a compressed page tells what in it repeats what was asked (BREACH). A stranger cannot ask twice
    without the browser saying whose request it is.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Compress where it gives nothing away."""
        own = scope["type"] == "http" and Headers(scope=scope).get("sec-fetch-site") in ("same-origin", "none")
        if own and not scope["path"].startswith(STATIC):  # those are compressed once (service.web.statics)
            await super().__call__(scope, receive, send)
        else:
            await self.app(scope, receive, send)


class OurFaults:
    """An exception nobody expected: a traceback in the log, one sentence to the user."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; answer 500 when it fails before an answer began."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        begun = False

        async def watched(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] == "http.response.start"
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception as error:
            known = None if begun else without_room.answer(Request(scope), error)
            if known is not None:
                await known(scope, receive, send)
                return
            _forget_values(error)
            log.exception("onverwachte fout", methode=scope["method"])
            if begun:
                return
            response = refuse(Request(scope), 500, [Reason("interne_fout", OUR_FAULT)])
            await response(scope, receive, send)


def _forget_values(error: Exception) -> None:
    """An answer that does not fit its shape quotes itself in the exception; in our log stands only where and why."""
    if isinstance(error, ValidationException):
        for each in error.errors():
            each.pop("input", None)
            each.pop("ctx", None)


LONGEST_TYPE = 300
"""Signs of a Content-Type: a boundary has seventy at most, and what reads it longer takes quadratic time."""
_TYPE = Reason("inhoudstype_te_lang", "De header Content-Type is te lang. Verstuur het opnieuw, of vraag uw beheerder.")
_NO_LENGTH = Reason(
    "lengte_ontbreekt",
    "Er is niet bij gezegd hoe groot dit is (Content-Length), zoals elke browser doet. Verstuur het opnieuw.",
    "Content-Length",
)


class TooLarge(Exception):
    """More bytes came in than a request may hold."""


class TooSlow(Exception):
    """The body of a request kept us waiting too long."""


class Patience:
    """How long a body may still keep us waiting: so many seconds, and what was waited comes back with what comes in.

    Only waiting counts: whoever sends while we are busy is not blamed for that. What comes in fast buys no silence
    later.
    """

    def __init__(self, seconds: int) -> None:
        self.most = self.left = float(seconds)

    async def next_of(self, receive: Receive) -> Message:
        """The next message; TooSlow when it does not come in time, and again whenever it is asked for after that."""
        if not self.left:
            raise TooSlow
        began = time.monotonic()
        try:
            async with asyncio.timeout(self.left):
                message = await receive()
        except TimeoutError:
            self.left = 0
            raise TooSlow from None
        earned = len(message.get("body", b"")) / SLOWEST
        self.left = min(self.most, max(0.0, self.left - (time.monotonic() - began)) + earned)
        return message


async def _refuse_stranger(scope: Scope, receive: Receive, send: Send) -> None:
    error = NotSignedIn(NOT_SIGNED_IN)
    await refuse(Request(scope), status_of(error), error.reasons, headers_of(error))(scope, receive, send)


def _end_of_form(scope: Scope, headers: Headers) -> bytes:
    """What ends the form of a page, put where its file is cut off: what was typed before that is shown once more."""
    boundary = _BOUNDARY.search(headers.get("content-type", ""))
    typed = _DOCUMENTS.fullmatch(scope["path"]) and not scope["path"].startswith("/api/")
    return f"\r\n--{boundary[1]}--\r\n".encode() if boundary and typed else b""


_BOUNDARY = re.compile(r'boundary="?([^\s";]+)')


class RequestGuard:
    """Refuses what other sites send, what is too large and what is too much, before a route sees it."""

    def __init__(self, app: ASGIApp, settings: Settings, counters: Allowance) -> None:
        self.app, self.counters = app, counters
        self.base_url, self.production = settings.base_url, settings.production
        self.cookie = cookie_name(settings)
        self.largest = settings.max_upload_mb * 1_000_000
        self.seconds = settings.body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        try:
            # Whether the service is well is asked from where everybody seems to come: by the proxy.
            if not scope["path"].startswith((STATIC, HEALTH)):
                self.counters.take(scope, allowance.ORIGIN, allowance.origin(scope))
        except allowance.TooManyRequests as error:
            answer = refuse(Request(scope), status_of(error), error.reasons, headers_of(error))
            await answer(scope, receive, send)
            return
        refused = self._refusal(scope, headers)
        if refused is not None:
            status, reason = refused
            await refuse(Request(scope), status, [reason])(scope, receive, send)
            return
        limit, read, begun, whole, late, lost = self._limit(scope, headers), 0, False, False, False, b""
        patience = Patience(self.seconds)
        # A body in pieces of a byte each keeps the parser busy a million times: not for everybody.
        asked = limit > SMALL_BODY or "transfer-encoding" in headers
        stranger = asked and not await run_in_threadpool(is_somebody, Request(scope))
        if stranger:
            limit, lost = SMALL_BODY, _end_of_form(scope, headers)
            if not lost and ("transfer-encoding" in headers or int(headers.get("content-length", "0")) > limit):
                await _refuse_stranger(scope, receive, send)
                return

        async def counted() -> Message:
            nonlocal read, whole, late
            if whole:  # whether whoever asked goes away may be waited for as long as the answer takes
                return await receive()
            try:
                message = await patience.next_of(receive)
            except TooSlow:
                late = True
                raise
            whole = not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > limit and lost:
                whole = True
                return {"type": "http.request", "body": message["body"][: limit - read] + lost, "more_body": False}
            if read > limit:
                raise TooLarge
            return message

        async def watched(message: Message) -> None:
            nonlocal begun
            if ((read > limit and not lost) or late) and not begun:
                return  # an answer to half a body, which the application took for a whole one
            begun = True
            await send(message)

        with suppress(TooLarge, TooSlow):
            await self.app(scope, counted, watched)
        if late and not begun:
            # The connection ends too: on it, whoever is slow could go on.
            await refuse(Request(scope), 408, [self._too_slow()], {"Connection": "close"})(scope, receive, send)
            return
        if lost or not read > limit or begun:
            return
        if stranger:
            await _refuse_stranger(scope, receive, send)
        else:
            await refuse(Request(scope), 413, [self._too_large(limit)])(scope, receive, send)

    def _limit(self, scope: Scope, headers: Headers) -> int:
        """Files come in where files belong, from who brings a session or a token (`is_somebody` knows)."""
        known = "authorization" in headers or f"{self.cookie}=" in headers.get("cookie", "")
        file = headers.get("content-type", "").startswith("multipart/")
        path = scope["path"].removeprefix(API)
        if scope["method"] != "POST" or not file or not known:
            return SMALL_BODY
        if _DOCUMENTS.fullmatch(path):
            return DOCUMENT_BODY
        return self.largest if path in UPLOADS else SMALL_BODY

    @staticmethod
    def _too_large(limit: int) -> Reason:
        return Reason("te_groot", f"Dit is groter dan {limit // 1_000_000} MB. Stuur minder tegelijk.")

    def _too_slow(self) -> Reason:
        uitleg = (
            f"Het versturen duurde te lang: er kwam {self.seconds} seconden niets of bijna niets binnen. Er is niets "
            "verwerkt. Controleer uw verbinding en verstuur het opnieuw."
        )
        return Reason("te_traag", uitleg)

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, Reason] | None:
        if len(headers.get("content-type", "")) > LONGEST_TYPE:
            return 400, _TYPE
        if "transfer-encoding" in headers and not scope["path"].startswith("/api/"):
            return 411, _NO_LENGTH
        length = headers.get("content-length", "0")
        limit = self._limit(scope, headers)
        if length.isascii() and length.isdigit() and (len(length) > 15 or int(length) > limit):
            return 413, self._too_large(limit)
        if unreadable_address(scope) or other_charset(headers):
            return 400, UNREADABLE
        if scope["method"] in SAFE_METHODS:
            return None
        script = scope["path"].startswith("/api/") and "origin" not in headers and "sec-fetch-site" not in headers
        if script or same_origin(headers, self.base_url, production=self.production):
            return None
        return 403, Reason(
            "andere_herkomst", "Dit formulier kwam niet van deze website. Open de pagina hier en probeer het opnieuw."
        )
