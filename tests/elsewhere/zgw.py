"""A zaaksysteem: the parts of the Zaken API and Catalogi API that are used, held to what the standard asks.

What a body must have is said here in our own words, read from the OpenAPI of Open Zaak; when the published file lies
beside the samples, each body is held to that as well. One zaak per bronorganisatie and identificatie, one result each,
no closing without a result, no two statuses of one moment: as Open Zaak has it.
"""

import json
import os
import re
import uuid
from collections import defaultdict
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey
from jsonschema import Draft7Validator, Draft202012Validator

from workflow.phases import Outcome, Phase

SECRET = "een-geheim-van-meer-dan-32-tekens-lang"
CLIENT = "langdurig-rni"
RSIN = "999995078"
END = "afgesloten"
PUBLISHED = Path(__file__).parents[1] / "samples" / "koppelingen" / "openzaak-zaken.yaml"

_URL = {"type": "string", "format": "uri", "pattern": "^https?://", "minLength": 1, "maxLength": 1000}
_DAY = {"type": "string", "format": "date", "pattern": r"^\d{4}-\d{2}-\d{2}$"}
_RSIN = {"type": "string", "pattern": "^[0-9]{9}$"}
_LEVELS = [
    "openbaar",
    "beperkt_openbaar",
    "intern",
    "zaakvertrouwelijk",
    "vertrouwelijk",
    "confidentieel",
    "geheim",
    "zeer_geheim",
]


def _body(required: str, **properties: Any) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required.split(), "additionalProperties": False}


BODIES = {
    "zaken": _body(
        "bronorganisatie startdatum verantwoordelijkeOrganisatie zaaktype",
        identificatie={"type": "string", "maxLength": 40, "pattern": "^[A-Za-z0-9_-]+$"},
        bronorganisatie=_RSIN,
        verantwoordelijkeOrganisatie=_RSIN,
        omschrijving={"type": "string", "maxLength": 80},
        zaaktype=_URL,
        registratiedatum=_DAY,
        startdatum=_DAY,
        vertrouwelijkheidaanduiding={"enum": _LEVELS},
        kenmerken={
            "type": "array",
            "items": _body(
                "kenmerk bron",
                kenmerk={"type": "string", "minLength": 1, "maxLength": 40},
                bron={"type": "string", "minLength": 1, "maxLength": 40},
            ),
        },
    ),
    "rollen": _body(
        "zaak betrokkeneType roltype roltoelichting",
        zaak=_URL,
        betrokkeneType={"enum": ["natuurlijk_persoon"]},
        roltype=_URL,
        roltoelichting={"type": "string", "maxLength": 1000},
        betrokkeneIdentificatie=_body("inpBsn", inpBsn={"type": "string", "maxLength": 9}),
    ),
    "statussen": _body(
        "zaak statustype datumStatusGezet",
        zaak=_URL,
        statustype=_URL,
        datumStatusGezet={"type": "string", "format": "date-time", "pattern": r"^\d{4}-\d\d-\d\dT[\d:.]+Z$"},
        statustoelichting={"type": "string", "maxLength": 1000},
    ),
    "resultaten": _body(
        "zaak resultaattype", zaak=_URL, resultaattype=_URL, toelichting={"type": "string", "maxLength": 1000}
    ),
    "zaakeigenschappen": _body(
        "zaak eigenschap waarde", zaak=_URL, eigenschap=_URL, waarde={"type": "string", "minLength": 1}
    ),
}
PUBLISHED_NAMES = {
    "zaken": "ZaakRequest",
    "statussen": "StatusRequest",
    "resultaten": "ResultaatRequest",
    "rollen": "natuurlijk_persoon_RolSerializer",
    "zaakeigenschappen": "ZaakEigenschapRequest",
}


@cache
def published() -> dict[str, Any] | None:
    """The document as Open Zaak publishes it; None when nobody put it here."""
    return yaml.safe_load(PUBLISHED.read_text()) if PUBLISHED.exists() else None


def faults(noun: str, body: Any) -> list[str]:
    """What is wrong with a body, by the name of the field."""
    wrong = [_name(one) for one in Draft202012Validator(BODIES[noun]).iter_errors(body)]
    if (document := published()) is not None:
        schema = {"$ref": f"#/components/schemas/{PUBLISHED_NAMES[noun]}", "components": document["components"]}
        wrong += [_name(one) for one in Draft7Validator(schema).iter_errors(body)]
    if isinstance(body, dict) and noun == "zaken" and not wrong:
        wrong += [name for name in ("bronorganisatie", "verantwoordelijkeOrganisatie") if not _elfproef(body[name])]
    return wrong


def _name(error: Any) -> str:
    return ".".join(map(str, error.absolute_path)) or "nonFieldErrors"


def _elfproef(number: str) -> bool:
    return sum(w * int(d) for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), number, strict=True)) % 11 == 0


def toml(url: str, *, without: Phase | None = None) -> str:
    """The file of a municipality whose zaaksysteem is there."""
    types = f"{url}/catalogi/api/v1"
    statuses = [f'{phase} = "{types}/statustypen/{phase}"' for phase in Phase if phase != without]
    results = [f'{outcome} = "{types}/resultaattypen/{outcome}"' for outcome in Outcome]
    lines = [
        "[zgw]",
        f'zaken = "{url}/zaken/api/v1"',
        f'catalogi = "{types}"',
        f'client_id = "{CLIENT}"',
        'geheim = "zgw-geheim"',
        f'rsin = "{RSIN}"',
        f'zaaktype = "{types}/zaaktypen/rni"',
        f'roltype = "{types}/roltypen/betrokkene"',
        "[zgw.statustypen]",
        *statuses,
        "[zgw.resultaattypen]",
        *results,
        "[zgw.eigenschappen]",
        f'signaalnummer = "{types}/eigenschappen/signaalnummer"',
        f'eerste_antwoord = "{types}/eigenschappen/eerste_antwoord"',
    ]
    return "\n".join(lines)


class Refused(Exception):
    """400, naming the field."""

    def __init__(self, name: str, code: str) -> None:
        self.name, self.code = name, code


def app() -> FastAPI:
    """The application; what it holds is gone when it stops."""
    made = FastAPI(openapi_url=None)
    base = os.environ["URL"] + "/zaken/api/v1"
    held: dict[str, dict[str, dict[str, Any]]] = defaultdict(dict)

    def let_in(request: Request) -> bool:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        try:
            claims = jwt.decode(token, OctKey.import_key(SECRET), algorithms=["HS256"]).claims
        except (JoseError, ValueError):
            return False
        fresh = abs(datetime.now(UTC).timestamp() - claims["iat"]) < 3600
        return fresh and claims["iss"] == claims["client_id"] == CLIENT and bool(claims["user_id"])

    def listed(found: list[dict[str, Any]]) -> JSONResponse:
        return JSONResponse({"count": len(found), "next": None, "previous": None, "results": found})

    def keep(noun: str, body: dict[str, Any], under: str | None = None) -> dict[str, Any]:
        number = str(uuid.uuid4())
        url = f"{under or f'{base}/{noun}'}/{number}"
        held[noun][url] = {"url": url, "uuid": number, **body}
        return held[noun][url]

    def check(noun: str, body: dict[str, Any]) -> None:
        if wrong := faults(noun, body):
            raise Refused(wrong[0], "invalid")
        if noun == "zaken":
            same = [
                one
                for one in held["zaken"].values()
                if all(one.get(k) == body.get(k) for k in ("bronorganisatie", "identificatie"))
            ]
            if same:
                raise Refused("identificatie", "identificatie-niet-uniek")
            if date.fromisoformat(body["startdatum"]) > datetime.now(UTC).date():
                raise Refused("startdatum", "invalid")
            return
        zaak = held["zaken"].get(body["zaak"])
        if zaak is None:
            raise Refused("zaak", "does_not_exist")
        mine = [one for one in held[noun].values() if one["zaak"] == body["zaak"]]
        if noun == "resultaten" and mine:
            raise Refused("zaak", "unique")
        if noun == "statussen":
            if any(one["datumStatusGezet"] == body["datumStatusGezet"] for one in mine):
                raise Refused("nonFieldErrors", "unique")
            closes = body["statustype"].endswith(END)
            if closes and not any(one["zaak"] == body["zaak"] for one in held["resultaten"].values()):
                raise Refused("nonFieldErrors", "resultaat-does-not-exist")
            zaak["einddatum"] = body["datumStatusGezet"][:10] if closes else None

    @made.exception_handler(Refused)
    async def refuse(request: Request, error: Refused) -> JSONResponse:
        told = {"type": "about:blank", "code": "invalid", "title": "Invalid input.", "status": 400, "detail": ""}
        named = [{"name": error.name, "code": error.code, "reason": "ongeldig"}]
        return JSONResponse(told | {"invalidParams": named}, 400, media_type="application/problem+json")

    @made.api_route("/zaken/api/v1/{path:path}", methods=["GET", "POST", "PATCH", "DELETE"])
    async def zaken(request: Request, path: str) -> Response:
        if not let_in(request):
            return JSONResponse({"code": "not_authenticated", "status": 403}, 403)
        url = f"{base}/{path}"
        nested = re.fullmatch(r"zaken/[0-9a-f-]{36}/zaakeigenschappen", path)
        noun = "zaakeigenschappen" if nested else path.partition("/")[0]
        if request.method == "POST":
            if noun == "zaken" and request.headers.get("content-crs") != "EPSG:4326":
                return JSONResponse({}, 412)
            body = json.loads(await request.body())
            check(noun, body)
            return JSONResponse(keep(noun, body, url if nested else None), 201)
        if request.method == "GET":
            if noun == "zaken" and not nested and request.headers.get("accept-crs") != "EPSG:4326":
                return JSONResponse({}, 406)
            if nested:
                return JSONResponse([one for one in held[noun].values() if one["zaak"] == url.rpartition("/")[0]])
            if "/" in path:
                return JSONResponse(held[noun][url]) if url in held[noun] else JSONResponse({}, 404)
            wanted = dict(request.query_params)
            return listed([one for one in held[noun].values() if all(one.get(k) == v for k, v in wanted.items())])
        noun = "zaakeigenschappen" if "/zaakeigenschappen/" in path else noun
        if url not in held[noun]:
            return JSONResponse({}, 404)
        if request.method == "DELETE":
            del held[noun][url]
            return Response(status_code=204)
        held[noun][url] |= json.loads(await request.body())
        return JSONResponse(held[noun][url])

    @made.get("/catalogi/api/v1/{noun}")
    async def catalogue(request: Request, noun: str) -> Response:
        if not let_in(request):
            return JSONResponse({"code": "not_authenticated", "status": 403}, 403)
        own = f"{os.environ['URL']}/catalogi/api/v1"
        words = {
            "statustypen": ("Ontvangen", "Afgesloten", "In bezwaar"),
            "resultaattypen": ("Overleden",),
            "roltypen": ("Betrokkene",),
        }
        if noun == "zaaktypen":
            wanted = request.query_params.get("identificatie")
            found = [{"url": f"{own}/zaaktypen/rni", "eindeGeldigheid": None}] if wanted == "RNI" else []
            return listed(found)
        if noun == "eigenschappen":
            return listed([{"url": f"{own}/eigenschappen/signaalnummer", "naam": "signaalnummer"}])
        return listed([{"url": f"{own}/{noun}/{word.lower()}", "omschrijving": word} for word in words[noun]])

    @made.get("/catalogi/api/v1/{noun}/{one}")
    async def one_type(request: Request, noun: str, one: str) -> Response:
        if not let_in(request):
            return JSONResponse({}, 403)
        return JSONResponse({"url": str(request.url)}, 404 if one == "weg" else 200)

    @made.delete("/alles")
    async def forget() -> Response:
        held.clear()
        return Response(status_code=204)

    @made.get("/alles")
    async def everything() -> Response:
        return JSONResponse({noun: list(found.values()) for noun, found in held.items()})

    return made
