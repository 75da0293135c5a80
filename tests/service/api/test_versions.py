"""ETag and If-Match beside `versie`: a step is taken on the case as it was read, or not at all."""

import pytest
from httpx2 import Response

from .conftest import Door, first_case, is_problem

ASSIGN = {"stap": "wijs_toe", "gegevens": {}}


@pytest.fixture
def number(doors: dict[str, Door], loaded: None) -> str:
    return str(first_case(doors["anna"])["zaaknummer"])


def take(door: Door, number: str, body: dict[str, object], if_match: str | None, key: str = "") -> Response:
    headers = door.headers | ({"If-Match": if_match} if if_match else {}) | ({"Idempotency-Key": key} if key else {})
    return door.client.post(f"/api/v1/zaken/{number}/stappen", json=body, headers=headers)


def test_a_case_its_steps_and_a_step_taken_tell_the_version(doors: dict[str, Door], number: str) -> None:
    anna = doors["anna"]
    for path in (f"/zaken/{number}", f"/zaken/{number}/stappen"):
        assert anna.get(path).headers["etag"] == '"1"'
    taken = take(anna, number, ASSIGN, '"1"')
    assert (taken.status_code, taken.headers["etag"]) == (201, '"2"')
    assert anna.get(f"/zaken/{number}").headers["etag"] == '"2"'


def test_if_match_takes_the_place_of_the_version(doors: dict[str, Door], number: str) -> None:
    assert take(doors["anna"], number, ASSIGN, '"7", "1"').json()["versie"] == 2


def test_a_case_that_moved_on_is_412_with_what_changed(doors: dict[str, Door], number: str) -> None:
    anna = doors["anna"]
    take(anna, number, ASSIGN, '"1"')
    for body in (ASSIGN, ASSIGN | {"versie": 2}):
        stale = is_problem(take(anna, number, body, '"1"'), 412)
        assert stale["belemmeringen"][0]["code"] == "versie_verouderd"
        assert "wijs_toe door anna" in stale["detail"]
    assert anna.get(f"/zaken/{number}").json()["versie"] == 2


@pytest.mark.parametrize("tag", ['W/"1"', '"een"', "1", '""', '"1'])
def test_a_weak_or_foreign_tag_matches_nothing(doors: dict[str, Door], number: str, tag: str) -> None:
    refused = is_problem(take(doors["anna"], number, ASSIGN, tag), 412)
    assert refused["errors"][0]["in"] == "header"
    assert refused["errors"][0]["location"] == {"name": "If-Match"}


def test_both_must_be_so(doors: dict[str, Door], number: str) -> None:
    anna = doors["anna"]
    is_problem(take(anna, number, ASSIGN | {"versie": 7}, '"1"'), 409)
    is_problem(take(anna, number, ASSIGN | {"versie": 1}, '"7"'), 412)
    assert take(anna, number, ASSIGN | {"versie": 1}, '"1"').status_code == 201


def test_without_a_version_nothing_is_taken(doors: dict[str, Door], number: str) -> None:
    for if_match in (None, "*"):
        missing = is_problem(take(doors["anna"], number, ASSIGN, if_match), 400)
        assert missing["errors"][0]["location"] == {"pointer": "/versie"}
    assert take(doors["anna"], number, ASSIGN | {"versie": 1}, "*").status_code == 201


def test_the_same_key_gives_the_same_tag_once_more(doors: dict[str, Door], number: str) -> None:
    first = take(doors["anna"], number, ASSIGN, '"1"', key="toewijzen")
    again = take(doors["anna"], number, ASSIGN, '"1"', key="toewijzen")
    assert (again.status_code, again.json(), again.headers["etag"]) == (201, first.json(), '"2"')
    other = is_problem(take(doors["anna"], number, ASSIGN, '"2"', key="toewijzen"), 400)
    assert other["errors"][0]["code"] == "sleutel_hergebruikt"


def test_a_step_that_does_not_exist_goes_before_the_condition(doors: dict[str, Door], number: str) -> None:
    is_problem(take(doors["anna"], number, {"stap": "onzin"}, '"7"'), 404)


def test_another_municipality_s_case_is_not_there_whatever_the_tag(doors: dict[str, Door], number: str) -> None:
    is_problem(take(doors["dirk"], number, ASSIGN, '"1"'), 404)
