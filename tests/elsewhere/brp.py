"""A BRP that holds the made-up persons of RvIG: judges each question by the official OpenAPI, answers by number.

It gives what `fields` asks and what comes along by itself, no more, and knows who comes in by X-API-KEY, by a token of
its own, or by nothing, as it is told.
"""

import copy
import json
import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from jsonschema import Draft202012Validator

SAMPLES = Path(__file__).parents[1] / "samples" / "koppelingen"
ALONG = ("inOnderzoek", "geheimhoudingPersoonsgegevens", "opschortingBijhouding", "rni", "verificatie")
"""What comes without being asked, and may not be asked."""
NEVER = ("F", "W")


@cache
def document() -> dict[str, Any]:
    """The official OpenAPI document."""
    return yaml.safe_load((SAMPLES / "brp-personen-2.7.0.yaml").read_text())


@cache
def persons() -> Mapping[str, dict[str, Any]]:
    """Everybody, by number."""
    groups = json.loads((SAMPLES / "brp-testpersonen.json").read_text())["groepen"]
    return {one["burgerservicenummer"]: one for group in groups.values() for one in group}


def validator(name: str) -> Draft202012Validator:
    """Judges by a schema of the document."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": document()["components"]})


def faults(body: Any) -> list[dict[str, str]]:
    """What is wrong with a question, as the BRP names it; nothing when it is right."""
    if not isinstance(body, dict) or not isinstance(body.get("type"), str):
        return [{"name": "type", "code": "required", "reason": "Parameter is verplicht."}]
    known = document()["components"]["schemas"]["PersonenQuery"]["discriminator"]["mapping"]
    if body["type"] not in known:
        return [{"name": "type", "code": "value", "reason": "Waarde is geen geldig zoek type."}]
    name = known[body["type"]].rpartition("/")[2]
    found = [
        {"name": ".".join(map(str, one.absolute_path)) or "body", "code": str(one.validator), "reason": "ongeldig"}
        for one in validator(name).iter_errors(body)
    ]
    found += [
        {"name": f"fields[{place}]", "code": "fields", "reason": "Parameter bevat een niet toegestane veldnaam."}
        for place, path in enumerate(body.get("fields", []))
        if isinstance(path, str) and (path.split(".")[-1] in ALONG or path.split(".")[0] not in _columns())
    ]
    return found


@cache
def _columns() -> frozenset[str]:
    return frozenset(document()["components"]["schemas"]["Persoon"]["properties"])


def chosen(person: Mapping[str, Any], fields: list[str]) -> dict[str, Any]:
    """What is told of somebody."""
    told: dict[str, Any] = {name: copy.deepcopy(person[name]) for name in ALONG if name in person}
    for path in fields:
        head, _, rest = path.partition(".")
        if head not in person:
            continue
        if not rest or not isinstance(person[head], dict):
            told[head] = copy.deepcopy(person[head])
            continue
        part = told.setdefault(head, {})
        along = ("type", "inOnderzoek", "indicatieVastgesteldVerblijftNietOpAdres")
        part |= {name: copy.deepcopy(person[head][name]) for name in along if name in person[head]}
        if rest in person[head]:
            part[rest] = copy.deepcopy(person[head][rest])
    return told


def problem(status: int, code: str, more: Any = None) -> JSONResponse:
    """A refusal in the form of the standard."""
    body = {
        "type": "about:blank",
        "title": code,
        "status": status,
        "detail": code,
        "code": code,
        "instance": "/personen",
    }
    if more:
        body["invalidParams"] = more
    return JSONResponse(body, status, media_type="application/problem+json")


def app() -> FastAPI:
    """The application. KEY: the X-API-KEY it wants. TOKEN: the token it wants, which client `rni` is given."""
    made = FastAPI(openapi_url=None)
    key, token = os.environ.get("KEY"), os.environ.get("TOKEN")

    @made.post("/token")
    async def give_token(request: Request) -> JSONResponse:
        form = await request.form()
        right = (form.get("grant_type"), form.get("client_id"), form.get("client_secret")) == (
            "client_credentials",
            "rni",
            "geheim-van-de-client",
        )
        return JSONResponse(
            {"access_token": token, "token_type": "Bearer", "expires_in": 300} if right else {}, 200 if right else 401
        )

    @made.post("/personen")
    async def personen(request: Request) -> JSONResponse:
        if key and request.headers.get("x-api-key") != key:
            return problem(401, "authentication")
        if token and request.headers.get("authorization") != f"Bearer {token}":
            return problem(401, "authentication")
        body = await request.json()
        if wrong := faults(body):
            return problem(400, "paramsValidation", wrong)
        found = [persons()[bsn] for bsn in body["burgerservicenummer"] if bsn in persons()]
        told = [
            chosen(one, body["fields"])
            for one in found
            if one.get("opschortingBijhouding", {}).get("reden", {}).get("code") not in NEVER
        ]
        answer = {"type": body["type"], "personen": told}
        assert not list(validator("RaadpleegMetBurgerservicenummerResponse").iter_errors(answer))
        return JSONResponse(answer)

    return made
