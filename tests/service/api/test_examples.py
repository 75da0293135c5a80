"""The examples of the document, sent as they stand there by somebody who may: none is a mistake of ours."""

import re
from typing import Any

import pytest
from fastapi.testclient import TestClient

from .conftest import Door, first_case

ASKER = {"Ladingen": "ulla", "Leveringen": "ulla", "Terugkoppelingen": "coen", "Cijfers": "coen"}
"""By tag; everything else is asked by a handler."""


@pytest.fixture
def document(client: TestClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/api/v1/openapi.json").json()
    return found


def test_every_list_takes_the_parameters_of_its_example(
    document: dict[str, Any], doors: dict[str, Door], loaded: None
) -> None:
    asked = 0
    for path, item in document["paths"].items():
        if "get" not in item or "{" in path:
            continue
        parameters = {each["name"]: each["example"] for each in item["get"].get("parameters", ()) if "example" in each}
        answer = doors[ASKER.get(item["get"]["tags"][0], "anna")].get(path, **parameters)
        assert answer.status_code == 200, (path, answer.text)
        asked += 1
    assert asked == 7


def test_a_step_an_entry_and_a_search_are_taken_as_in_their_examples(
    document: dict[str, Any], doors: dict[str, Door], loaded: None
) -> None:
    case = f"/zaken/{first_case(doors['anna'])['zaaknummer']}"
    bodies = {
        (path, name): (each["summary"], each["value"])
        for path in ("/zaken/_zoek", "/zaken/{zaaknummer}/stappen", "/zaken/{zaaknummer}/{dossiersoort}")
        for name, each in document["paths"][path]["post"]["requestBody"]["content"]["application/json"][
            "examples"
        ].items()
    }
    answers = {}
    for (path, name), (summary, body) in bodies.items():
        kind = re.search(r"\(([a-z-]+)\)$", summary)
        there = path.replace("/zaken/{zaaknummer}", case).replace("{dossiersoort}", kind[1] if kind else "")
        who = "bram" if name == "huisbezoek" else "anna"
        answers[name] = doors[who].post(there, body | ({"versie": 2} if name == "stilzetten" else {}))
    taken = {name: answer.status_code for name, answer in answers.items()}
    assert {name: status for name, status in taken.items() if status not in (200, 201)} == {
        "brief": 409,  # a letter needs a contact person and a phase further on
        "walaa": 409,  # that answer was not given in this case
    }
