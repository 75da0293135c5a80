"""The OpenAPI document as everybody gets it: by the rules of the government, whole, and with examples that are true."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from jsonschema import Draft202012Validator
from nodejs import NODE, module

from service.app import create_app
from service.settings import Settings

RULES = Path(__file__).parent / "nlgov-adr-2.2-spectral-ruleset.yaml"


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """As an installation serves it; no database is asked for it."""
    folder = tmp_path_factory.mktemp("openapi")
    settings = Settings(
        database_url=f"sqlite:///{folder}/none.sqlite3", data_dir=folder, base_url="https://rni.example.nl"
    )
    answer = TestClient(create_app(settings)).get("/api/v1/openapi.json")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def test_the_linter_of_the_api_design_rules_finds_nothing(document: dict[str, Any], tmp_path: Path) -> None:
    linted = tmp_path / "openapi.json"
    linted.write_text(json.dumps(document))
    spectral = module("@stoplight/spectral-cli/dist/index.js")
    command = [NODE, spectral, "lint", "-r", RULES, "--fail-severity=hint", "--display-only-failures", linted]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_linter_would_find_something(document: dict[str, Any], tmp_path: Path) -> None:
    """The rules are read: without them an empty linter would find nothing either."""
    wrong = tmp_path / "openapi.json"
    wrong.write_text(json.dumps({**document, "info": {**document["info"], "version": "een"}, "servers": []}))
    spectral = module("@stoplight/spectral-cli/dist/index.js")
    command = [NODE, spectral, "lint", "-r", RULES, "-f", "json", wrong]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert {each["code"] for each in json.loads(done.stdout)} >= {"nlgov:semver", "oas3-api-servers"}


def test_every_operation_shows_what_is_sent_and_what_comes_back(document: dict[str, Any]) -> None:
    silent = []
    for name, operation in operations(document):
        sent = operation.get("requestBody", {"content": {}})["content"]
        answers = {
            status: answer["content"].get("application/json")
            for status, answer in operation["responses"].items()
            if status.startswith("2")
        }
        silent += [f"{name} {medium}" for medium, content in sent.items() if not content.get("examples")]
        silent += [f"{name} {status}" for status, content in answers.items() if content and "example" not in content]
        shown = (each for each in operation.get("parameters", ()) if each["name"] != "na")
        silent += [f"{name} {each['name']}" for each in shown if "example" not in each]
    assert not silent


def examples(document: dict[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """Where, the schema and the example, of every one in the document."""
    for name, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            if "example" in parameter:
                yield f"{name} {parameter['name']}", parameter["schema"], parameter["example"]
        for medium, content in operation.get("requestBody", {"content": {}})["content"].items():
            for which, each in content["examples"].items():
                yield f"{name} {medium} {which}", content["schema"], each["value"]
        for status, answer in operation["responses"].items():
            for content in answer.get("content", {}).values():
                if "example" in content:
                    yield f"{name} {status}", content["schema"], content["example"]
    for shape, schema in document["components"]["schemas"].items():
        for name, each in schema.get("properties", {}).items():
            yield from ((f"{shape}.{name}", each, example) for example in each.get("examples", ()))
    for status, answer in document["components"]["responses"].items():
        content = answer["content"]["application/problem+json"]
        yield status, content["schema"], content["example"]


def test_every_example_is_of_its_shape(document: dict[str, Any]) -> None:
    wrong, seen = [], 0
    for where, schema, example in examples(document):
        seen += 1
        whole = {"$ref": schema["$ref"]} if "$ref" in schema else schema
        validator = Draft202012Validator(
            {**whole, "components": document["components"]}, format_checker=Draft202012Validator.FORMAT_CHECKER
        )
        wrong += [f"{where}: {error.message}" for error in validator.iter_errors(example)]
    assert not wrong
    assert seen > 100


CONTRACT = """
POST /ladingen
GET /ladingen
GET /ladingen/{ladingnummer}
POST /ladingen/{ladingnummer}/bevestigingen
POST /ladingen/{ladingnummer}/annuleringen
GET /ladingen/{ladingnummer}/verwerkingsverslag
GET /leveringen
GET /zaken
POST /zaken/_zoek
GET /zaken/{zaaknummer}
GET /zaken/{zaaknummer}/stappen
POST /zaken/{zaaknummer}/stappen
GET /zaken/{zaaknummer}/contacten
POST /zaken/{zaaknummer}/contacten
GET /zaken/{zaaknummer}/terugbelverzoeken
POST /zaken/{zaaknummer}/terugbelverzoeken
GET /zaken/{zaaknummer}/bronnen
POST /zaken/{zaaknummer}/bronnen
GET /zaken/{zaaknummer}/huisbezoeken
POST /zaken/{zaaknummer}/huisbezoeken
GET /zaken/{zaaknummer}/documenten
POST /zaken/{zaaknummer}/documenten
GET /zaken/{zaaknummer}/walaa-vastleggingen
POST /zaken/{zaaknummer}/walaa-vastleggingen
GET /zaken/{zaaknummer}/leerpunten
POST /zaken/{zaaknummer}/leerpunten
GET /zaken/{zaaknummer}/bijvangst
POST /zaken/{zaaknummer}/bijvangst
GET /zaken/{zaaknummer}/brieven/{nummer}
POST /terugkoppelingen
GET /terugkoppelingen
GET /terugkoppelingen/{nummer}/bestanden/csv
GET /terugkoppelingen/{nummer}/bestanden/xlsx
POST /terugkoppelingen/{nummer}/verzendingen
POST /terugkoppelingen/{nummer}/ontvangstbevestigingen
POST /terugkoppelingen/{nummer}/weigeringen
POST /opbrengsten
GET /cijfers
GET /termijnen
GET /gemeenten
""".strip().splitlines()
"""What others may build on, by hand: the second opinion on the route table. Nothing leaves it without a new version."""

MORE = """
POST /ladingen/{ladingnummer}/stopzettingen
POST /ladingen/{ladingnummer}/controles
GET /terugkoppelingen/{nummer}
GET /terugkoppelingen/{nummer}/bezorgingen
POST /terugkoppelingen/{nummer}/bezorgingen
GET /zaken/{zaaknummer}/documenten/{nummer}/inhoud
GET /zaken/{zaaknummer}/inlichtingenverzoeken
POST /zaken/{zaaknummer}/inlichtingenverzoeken
GET /zaken/{zaaknummer}/rectificaties
POST /zaken/{zaaknummer}/rectificaties
GET /zaken/{zaaknummer}/ontvangen/{nummer}
""".strip().splitlines()
"""What this version offers beside it."""

FILTERS = {
    "fase", "gemeentecode", "behandelaar", "resultaat", "leveringsnummer", "termijnVoor", "aangehouden",
    "terugbelverzoek", "sorteer", "aantal", "na",
}  # fmt: skip


def spelled_out(document: dict[str, Any]) -> Iterator[str]:
    """Every operation, once for each word that its address may have where the document has a choice."""
    for name, operation in operations(document):
        choices = {
            each["name"]: document["components"]["schemas"][each["schema"]["$ref"].rpartition("/")[2]]["enum"]
            if "$ref" in each["schema"]
            else each["schema"].get("enum", [])
            for each in operation.get("parameters", ())
            if each["in"] == "path"
        }
        names = [name]
        for word, values in choices.items():
            if values:
                names = [each.replace(f"{{{word}}}", value) for each in names for value in values]
        yield from names


def test_the_api_is_the_contract_and_what_is_named_beside_it(document: dict[str, Any]) -> None:
    assert sorted(set(spelled_out(document))) == sorted([*CONTRACT, *MORE])


def test_the_parameters_of_the_contract_are_there(document: dict[str, Any]) -> None:
    named = {
        name: {each["name"] for each in operation.get("parameters", ())} for name, operation in operations(document)
    }
    assert named["GET /zaken"] == FILTERS
    assert named["GET /termijnen"] == {"term", "vanaf"}
    assert {"openbaar", "peildatum", "levering", "gemeente"} <= named["GET /cijfers"]
    repeatable = [
        name for name in named if name.startswith("POST ") and name.split("/")[1] in ("ladingen", "terugkoppelingen")
    ]
    for name in (*repeatable, "POST /opbrengsten", "POST /zaken/{zaaknummer}/stappen"):
        assert ("Idempotency-Key" in named[name]) is (not name.endswith("/stopzettingen")), name
