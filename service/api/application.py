"""The API application and its OpenAPI document, as the NLGov API Design Rules 2.2 want them."""

from collections.abc import Mapping
from typing import Any

from fastapi import Depends, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from pydantic.alias_generators import to_camel

from service.api.examples import illustrate
from service.web.characters import readable_body
from service.web.errors import title_of

_METHODS = frozenset({"get", "put", "post", "patch", "delete"})

_PROBLEM: Mapping[str, Any] = {
    "title": "Problem",
    "description": "Foutbericht volgens RFC 9457 (application/problem+json).",
    "type": "object",
    "required": ["type", "status", "title", "detail"],
    "properties": {
        "type": {"type": "string"},
        "status": {"type": "integer"},
        "title": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["in", "code", "detail"],
                "properties": {
                    "in": {"type": "string"},
                    "location": {
                        "type": "object",
                        "properties": {"pointer": {"type": "string"}, "name": {"type": "string"}},
                    },
                    "code": {"type": "string"},
                    "detail": {"type": "string"},
                },
            },
        },
        "belemmeringen": {
            "description": "Bij 409: waarom het nu niet kan.",
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "uitleg"],
                "properties": {"code": {"type": "string"}, "uitleg": {"type": "string"}},
            },
        },
    },
}

_RETRY = {"Retry-After": {"description": "Over zoveel seconden kan het weer.", "schema": {"type": "integer"}}}
_HEADERS: Mapping[int, Mapping[str, Any]] = {
    401: {"WWW-Authenticate": {"description": "Waarmee u zich aanmeldt.", "schema": {"type": "string"}}},
    429: {
        **_RETRY,
        "RateLimit": {
            "description": "Hoeveel er over is, en hoelang dat geldt.",
            "schema": {"type": "string"},
        },
        "RateLimit-Policy": {"description": "Hoeveel verzoeken per minuut.", "schema": {"type": "string"}},
    },
    503: _RETRY,
}
"""What comes with an error of this status beside its version."""


def make_api(server: str, version: str) -> FastAPI:
    """The API as an application of its own, so that its errors and its OpenAPI document are its own too."""
    from service.api.routers import ROUTERS, TAGS

    api = FastAPI(
        title="Langdurig RNI",
        version=version,
        description="Signalen over mensen die lang als niet-ingezetene staan geregistreerd, hun zaken bij gemeenten "
        "en de terugkoppeling aan UWV.",
        contact={
            "name": "Team Langdurig RNI",
            "url": "https://example.nl/langdurig-rni/meldingen",
            "email": "team-langdurig-rni@example.nl",
        },
        license_info={"name": "EUPL-1.2", "identifier": "EUPL-1.2"},
        servers=[{"url": server}],
        openapi_url="/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        root_path_in_servers=False,
        openapi_tags=TAGS,
        generate_unique_id_function=_operation_id,
        dependencies=[Depends(readable_body)],
    )
    for router in ROUTERS:
        api.include_router(router)

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            api.openapi_schema = _document(api)
        return api.openapi_schema

    api.openapi = openapi  # type: ignore[method-assign]  # the way FastAPI documents for changing the document
    return api


def _operation_id(route: APIRoute) -> str:
    return to_camel(route.name)


def _document(api: FastAPI) -> dict[str, Any]:
    """FastAPI's document with 400 for 422, problem+json for errors and the version header on every answer."""
    document = get_openapi(
        title=api.title,
        version=api.version,
        description=api.description,
        routes=api.routes,
        contact=api.contact,
        license_info=api.license_info,
        servers=api.servers,
        tags=api.openapi_tags,
    )
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    schemas["Problem"] = dict(_PROBLEM)
    names = {name: _in_one_piece(name) for name in schemas}
    components["schemas"] = {names[name]: _for_readers(names[name], schema) for name, schema in schemas.items()}
    _rename(document, names)
    components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    document["security"] = [{"token": []}]
    version = {"description": "Volledig versienummer van de API", "schema": {"type": "string", "example": api.version}}
    components.setdefault("headers", {})["API-Version"] = version
    header = {"API-Version": {"$ref": "#/components/headers/API-Version"}}
    responses = components.setdefault("responses", {})
    for status in (400, 401, 403, 404, 408, 409, 412, 413, 429, 500, 503):
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        headers = {**header, **_HEADERS.get(status, {})}
        responses[str(status)] = {"description": title_of(status), "headers": headers, "content": content}
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if method in _METHODS:
                _complete(operation, path, method, header)
    _fold_nullable(document)
    illustrate(document)
    return document


def _rename(node: Any, names: Mapping[str, str]) -> None:
    """Every reference to a schema by its new name."""
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            prefix, _, name = reference.rpartition("/")
            node["$ref"] = f"{prefix}/{names.get(name, name)}"
        for value in node.values():
            _rename(value, names)
    elif isinstance(node, list):
        for value in node:
            _rename(value, names)


def _for_readers(name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
    """A schema under its name, without the docstring of its class, which is English and for us."""
    kept = schema if name == "Problem" else {key: value for key, value in schema.items() if key != "description"}
    return {**kept, "title": name}


def _in_one_piece(name: str) -> str:
    """The rules want UpperCamelCase where FastAPI says `Body_biedAan` and `Lijst_Zaak_`."""
    kind, _, rest = name.strip("_").partition("_")
    kind = "Formulier" if kind == "Body" else kind
    return f"{kind}{rest[:1].upper()}{rest[1:]}"


def _complete(operation: dict[str, Any], path: str, method: str, header: Mapping[str, Any]) -> None:
    # What FastAPI takes from docstrings is English and for us; the summary is Dutch and for them.
    operation.pop("description", None)
    answers: dict[str, Any] = operation["responses"]
    answers.pop("422", None)
    statuses = [400, 401, 403, 429, 500, 503]
    if "{" in path:
        statuses.append(404)
    if method == "post":
        statuses += [408, 409, 413]
    if any(each["name"] == "If-Match" for each in operation.get("parameters", ())):
        statuses.append(412)
    for status in statuses:
        answers.setdefault(str(status), {"$ref": f"#/components/responses/{status}"})
    for code, answer in answers.items():
        if code[0] in "23":
            answer["description"] = "Gelukt"
            answer.setdefault("headers", {}).update(header)
    operation["responses"] = dict(sorted(answers.items()))


def _fold_nullable(node: Any) -> None:
    """`anyOf [X, null]` becomes `type [x, null]`: the rules want a date's `format` on the property itself."""
    if isinstance(node, dict):
        either = node.get("anyOf")
        if either and len(either) == 2 and {"type": "null"} in either:
            other = next(each for each in either if each != {"type": "null"})
            if isinstance(other.get("type"), str) and "$ref" not in other:
                del node["anyOf"]
                node.update({**other, **node, "type": [other["type"], "null"]})
        for value in node.values():
            _fold_nullable(value)
    elif isinstance(node, list):
        for value in node:
            _fold_nullable(value)
