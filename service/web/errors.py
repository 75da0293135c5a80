"""How a refusal leaves the house: one status per kind of error, problem+json for the API, a page for people.

Nothing that was sent is ever repeated in an answer: it may hold a BSN or a name. Except what somebody typed in a form
of ours that came in under no sign-in, or under another: that is shown once more to the browser it came from.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, RedirectResponse
from pydantic.alias_generators import to_camel
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from service.db import SchemaMissing
from service.identity.accounts import NotSignedIn
from service.identity.attempts import TooManyAttempts
from service.identity.passwords import TooBusy
from service.journal import OUR_FAULT
from service.settings import Misconfigured
from service.web.allowance import TooManyRequests
from service.web.csrf import FIELD, SAFE_METHODS, FormOutdated
from signals.errors import DomainError, Forbidden, Invalid, NotFound, Reason, Refused, TooLarge

log = structlog.get_logger()


class PreconditionFailed(Refused):
    """What `If-Match` names is no longer so."""


TITLES: Mapping[int, str] = {
    400: "Ongeldige invoer",
    401: "Niet aangemeld",
    403: "Geen toegang",
    404: "Niet gevonden",
    405: "Methode niet toegestaan",
    408: "Te traag",
    409: "Dit kan nu niet",
    412: "De zaak is veranderd",
    413: "Te groot",
    415: "Mediatype niet ondersteund",
    429: "Te veel verzoeken",
    500: "Interne fout",
    503: "Tijdelijk niet beschikbaar",
}

_SENTENCES: Mapping[int, str] = {
    400: "De invoer klopt niet.",
    401: "Meld u eerst aan.",
    403: "U hebt hier geen toegang toe.",
    404: "Dit bestaat niet, of u mag het niet zien.",
    405: "Deze methode kan hier niet.",
    408: "Het versturen duurde te lang.",
    413: "Het bestand of formulier is te groot.",
    415: "Dit mediatype kan hier niet.",
}

_STATUS: Sequence[tuple[type[DomainError], int]] = (
    (NotSignedIn, 401),
    (TooManyAttempts, 429),
    (TooManyRequests, 429),
    (TooBusy, 503),
    (Misconfigured, 503),
    (SchemaMissing, 503),
    (NotFound, 404),
    (Forbidden, 403),
    (Invalid, 400),
    (TooLarge, 413),
    (PreconditionFailed, 412),
    (Refused, 409),
)


def status_of(error: DomainError) -> int:
    """The HTTP status that says what kind of no this is."""
    return next((status for kind, status in _STATUS if isinstance(error, kind)), 400)


def title_of(status: int) -> str:
    """A few Dutch words for a status."""
    return TITLES.get(status) or HTTPStatus(status).phrase


def sentence_of(status: int) -> str:
    """A Dutch sentence for a status that comes without one."""
    return _SENTENCES.get(status, title_of(status) + ".")


def problem(
    status: int,
    detail: str,
    *,
    errors: Sequence[Mapping[str, Any]] = (),
    headers: Mapping[str, str] | None = None,
    **more: Any,
) -> JSONResponse:
    """A problem+json answer (RFC 9457)."""
    body: dict[str, Any] = {"type": "about:blank", "status": status, "title": title_of(status), "detail": detail}
    if errors:
        body["errors"] = list(errors)
    return JSONResponse(body | more, status, headers=dict(headers or {}), media_type="application/problem+json")


def _error(request: Request, reason: Reason) -> dict[str, Any]:
    """Where it is, as far as that is known: without a body it is the address."""
    told = {"code": reason.code, "detail": reason.uitleg}
    if reason.veld:
        name = to_camel(reason.veld) if "_" in reason.veld else reason.veld
        if place := _asked(request).get(name):
            return {"in": place, "location": {"name": name}, **told}
        return {"in": "body", "location": {"pointer": f"/{reason.veld}"}, **told}
    return {"in": "path" if request.method in SAFE_METHODS else "body", **told}


def _asked(request: Request) -> dict[str, str]:
    """Where each parameter of the route stands that is no part of the body, by its name."""
    places = {"Authorization": "header"}
    dependant = getattr(request.scope.get("route"), "dependant", None)
    if dependant is not None:
        places |= {each.alias: "query" for each in dependant.query_params}
        places |= {each.alias: "header" for each in dependant.header_params}
    return places


def domain_problem(request: Request, error: DomainError) -> JSONResponse:
    """The problem+json of a DomainError: `errors[]` with every reason, and `belemmeringen[]` with a 409 or 412."""
    status = status_of(error)
    more: dict[str, Any] = {}
    if status in (409, 412):
        more["belemmeringen"] = [{"code": reason.code, "uitleg": reason.uitleg} for reason in error.reasons]
    return problem(
        status,
        error.uitleg,
        errors=[_error(request, reason) for reason in error.reasons],
        headers=headers_of(error),
        **more,
    )


def headers_of(error: DomainError) -> dict[str, str]:
    """What belongs to this kind of no beside its sentence."""
    if isinstance(error, NotSignedIn):
        return {"WWW-Authenticate": "Bearer"}
    if isinstance(error, (TooManyAttempts, TooManyRequests, TooBusy)):
        return {"Retry-After": str(max(1, round(error.wait.total_seconds())))}
    return {}


# What pydantic finds, in Dutch. Its own message is English and may repeat what was sent.
_VALIDATION: Mapping[str, str] = {
    "missing": "Dit gegeven ontbreekt.",
    "extra_forbidden": "Dit gegeven hoort hier niet.",
    "json_invalid": "De JSON is niet te lezen.",
    "model_attributes_type": "Geef een JSON-object.",
    "string_type": "Geef tekst.",
    "string_too_short": "Deze waarde is te kort.",
    "string_too_long": "Deze waarde is te lang.",
    "string_pattern_mismatch": "Deze waarde heeft niet de goede vorm.",
    "int_type": "Geef een heel getal.",
    "int_parsing": "Geef een heel getal.",
    "bool_parsing": "Geef true of false.",
    "bool_type": "Geef true of false.",
    "greater_than_equal": "Dit getal is te klein.",
    "less_than_equal": "Dit getal is te groot.",
    "enum": "Deze waarde bestaat niet.",
    "literal_error": "Deze waarde bestaat niet.",
    "date_from_datetime_parsing": "Geef een datum als jjjj-mm-dd.",
    "date_parsing": "Geef een datum als jjjj-mm-dd.",
    "date_type": "Geef een datum als jjjj-mm-dd.",
    "date_from_datetime_inexact": "Geef een datum zonder tijd, als jjjj-mm-dd.",
    "dict_type": "Geef een JSON-object.",
    "list_type": "Geef een lijst.",
    "too_deep": "Deze waarde heeft te veel lagen.",
}


def validation_errors(error: RequestValidationError) -> list[dict[str, Any]]:
    """Where pydantic found what, without what was sent."""
    found = []
    for each in error.errors():
        where, *rest = each["loc"]
        if each["type"] == "extra_forbidden":  # its name is what was sent
            rest = rest[:-1]
        location = (
            {"pointer": "".join(f"/{part}" for part in rest)}
            if where == "body"
            else {"name": str(rest[0]) if rest else ""}
        )
        kind = str(each["type"])
        found.append(
            {
                "in": str(where),
                "location": location,
                "code": kind,
                "detail": _VALIDATION.get(kind, "Deze waarde klopt niet."),
            }
        )
    return found


def install_api(api: FastAPI) -> None:
    """Every error of the API as problem+json."""

    async def domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)
        return domain_problem(request, error)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if any(each["loc"][0] == "path" for each in error.errors()):
            return problem(404, sentence_of(404))
        return problem(400, "De invoer klopt niet; errors noemt elke fout.", errors=validation_errors(error))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = _allowed(request) if error.status_code == 405 else error.headers
        return problem(error.status_code, sentence_of(error.status_code), headers=headers)

    async def ours(request: Request, error: Exception) -> Response:
        return problem(500, OUR_FAULT)

    api.add_exception_handler(DomainError, domain)
    api.add_exception_handler(RequestValidationError, invalid)
    api.add_exception_handler(HTTPException, http)
    api.add_exception_handler(Exception, ours)


def _allowed(request: Request) -> dict[str, str]:
    """Every method of this address; Starlette names those of the first route that has it."""
    asked = request.scope
    found = (
        method
        for method in ("GET", "HEAD", "POST")
        if any(route.matches({**asked, "method": method})[0] is Match.FULL for route in request.app.routes)
    )
    return {"Allow": ", ".join(found)}


def refuse(
    request: Request, status: int, reasons: Sequence[Reason], headers: Mapping[str, str] | None = None
) -> Response:
    """A refusal in the voice of the door: problem+json under /api, else a page."""
    sentences = [reason.uitleg for reason in reasons] or [sentence_of(status)]
    if request.url.path.startswith("/api/"):
        return problem(
            status, " ".join(sentences), errors=[_error(request, reason) for reason in reasons], headers=headers
        )
    response: Response = request.app.state.error_page(request, status, title_of(status), sentences)
    response.headers.update(headers or {})
    return response


_SECRET = frozenset({"wachtwoord", "huidig_wachtwoord", "nieuw", "code", "nogmaals"})
_NOT_TYPED = _SECRET | {FIELD, "formulier", "versie", "stond"}
MOST_SHOWN = 200_000
"""Characters of a form that are shown once more: far more than anybody types, far less than a request may hold."""
_MOST_FIELDS = 500


@dataclass(frozen=True)
class Kept:
    """What came with a form that was not carried out.

    typed: the name and text of each field that somebody filled in, to be shown. sent: all of it but the token, to be
    sent once more; None when that would not be the same form, because a file, a secret or too much text was in it.
    file: whether a file was chosen, which a page cannot choose again. cut: whether there was more text than is shown.
    """

    typed: Sequence[tuple[str, str]]
    sent: Sequence[tuple[str, str]] | None
    file: bool
    cut: bool


async def _kept(request: Request) -> Kept:
    form = await request.form()
    texts, file = [], False
    for name, value in form.multi_items():
        if not isinstance(value, str):
            file = file or bool(value.filename)
        elif name != FIELD:
            texts.append((name, value))
    typed, room = [], MOST_SHOWN
    for name, value in texts[:_MOST_FIELDS]:
        if name not in _NOT_TYPED and value.strip() and room > 0:
            typed.append((name[:room], value[:room]))
            room -= len(name) + len(value)
    cut = len(texts) > _MOST_FIELDS or sum(len(name) + len(value) for name, value in texts) > MOST_SHOWN
    whole = typed and not (file or cut or _SECRET & {name for name, _ in texts})
    return Kept(typed, texts if whole else None, file, cut)


def _address(request: Request) -> str:
    """The path with its query; of a form that has no page of its own, that of the page it stood on."""
    path, query = request.url.path, request.url.query
    while path and not _has_page(request, path):
        path, query = path.rpartition("/")[0], ""
    return f"{path or '/'}?{query}" if query else path or "/"


def _has_page(request: Request, path: str) -> bool:
    asked = {"type": "http", "path": path, "method": "GET", "root_path": "", "headers": []}
    return any(route.matches(asked)[0] is Match.FULL for route in request.app.routes)


def install_pages(app: FastAPI) -> None:
    """Every error outside the API as a page; nobody signed in goes to the sign-in page."""

    async def domain(request: Request, error: Exception) -> Response:
        assert isinstance(error, DomainError)
        if isinstance(error, NotSignedIn) and request.method in SAFE_METHODS:
            return RedirectResponse(f"/inloggen?volgende={quote(_address(request))}", 303)
        if isinstance(error, (NotSignedIn, FormOutdated)):
            # Another site is refused before any route (service.web.middleware): this form is one of our own pages.
            nobody = isinstance(error, NotSignedIn) or getattr(request.state, "who", None) is None
            page = request.app.state.session_ended if nobody else request.app.state.form_outdated
            ended: Response = page(request, await _kept(request), _address(request))
            return ended
        return refuse(request, status_of(error), error.reasons, headers_of(error))

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        if any(each["loc"][0] == "path" for each in error.errors()):
            return refuse(request, 404, ())
        reasons = [Reason(each["code"], each["detail"], None) for each in validation_errors(error)]
        return refuse(request, 400, list(dict.fromkeys(reasons)))

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        headers = _allowed(request) if error.status_code == 405 else error.headers
        return refuse(request, error.status_code, (), headers)

    app.add_exception_handler(DomainError, domain)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
