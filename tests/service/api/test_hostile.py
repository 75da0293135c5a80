"""What somebody sends who means ill, or whose program is broken: a sentence, never our fault."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from fastapi.testclient import TestClient

from .conftest import Door, first_case, is_problem

HUGE = 10**30


@pytest.fixture
def anna(doors: dict[str, Door], loaded: None) -> Door:
    return doors["anna"]


def cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    ("sort", "value", "number"),
    [
        ("termijn", "2026-03-02", HUGE),
        ("termijn", "2026-03-02", -1),
        ("zaaknummer", "\ud800", 1),
        ("zaaknummer", "Z\x00", 1),
    ],
)
def test_a_made_up_cursor_is_refused(anna: Door, sort: str, value: str, number: int) -> None:
    refused = is_problem(anna.get("/zaken", sorteer=sort, na=cursor(sort, value, number)), 400)
    assert refused["errors"][0]["code"] == "cursor_ongeldig"


def test_numbers_beyond_every_column_are_refused(anna: Door) -> None:
    number = first_case(anna)["zaaknummer"]
    assert anna.post(f"/zaken/{number}/stappen", {"stap": "houd_aan", "versie": HUGE}).status_code == 409
    is_problem(anna.post("/zaken/_zoek", {"postcode": "3011AA", "huisnummer": HUGE}), 400)


@pytest.mark.parametrize("text", ["a\x00b", "a\ud800"])
def test_an_unreadable_character_in_json_is_one_sentence(anna: Door, text: str) -> None:
    number = first_case(anna)["zaaknummer"]
    entry = {"instantie": "BRP", "uitkomst": text}
    for path, body in (
        ("/zaken/_zoek", {"signaalnummer": text}),
        ("/zaken/_zoek", {text: "x"}),
        (f"/zaken/{number}/bronnen", entry),
        (f"/zaken/{number}/stappen", {"stap": text, "versie": 1}),
        (f"/zaken/{number}/stappen", {"stap": "houd_aan", "versie": 1, "gegevens": {"reden": [text]}}),
    ):
        content = json.dumps(body)
        headers = anna.headers | {"Content-Type": "application/json"}
        answer = anna.client.post(f"/api/v1{path}", content=content, headers=headers)
        assert is_problem(answer, 400)["errors"][0]["code"] == "onleesbaar_teken"


@pytest.mark.parametrize(
    "address", ["/zaken/Z%00", "/zaken?na=%00", "/zaken?na=%ED%A0%80", "/zaken?leveringsnummer=%ff"]
)
def test_an_unreadable_character_in_an_address_is_one_sentence(anna: Door, address: str) -> None:
    answer = anna.client.get(f"/api/v1{address}", headers=anna.headers)
    assert is_problem(answer, 400)["errors"][0]["code"] == "onleesbaar_teken"


def test_an_unreadable_file_name_or_field_is_refused(doors: dict[str, Door]) -> None:
    ulla = doors["ulla"]
    for name, day in (("a%00b.csv", "2026-07-06"), ("a.csv", "2026\x00")):
        body = (
            f'--x\r\nContent-Disposition: form-data; name="bestand"; filename="{name}"\r\n\r\nx\r\n'
            f'--x\r\nContent-Disposition: form-data; name="datumOntvangst"\r\n\r\n{day}\r\n--x--\r\n'
        ).replace("%00", "\x00")
        headers = ulla.headers | {"Content-Type": "multipart/form-data; boundary=x"}
        answer = ulla.client.post("/api/v1/ladingen", content=body.encode(), headers=headers)
        is_problem(answer, 400)


@pytest.mark.parametrize("charset", ["utf-16", "unicode_escape", "latin-1"])
def test_another_charset_is_refused(doors: dict[str, Door], charset: str) -> None:
    ulla = doors["ulla"]
    headers = ulla.headers | {"Content-Type": f"multipart/form-data; boundary=x; charset={charset}"}
    answer = ulla.client.post("/api/v1/ladingen", content=b"--x--", headers=headers)
    assert is_problem(answer, 400)["errors"][0]["code"] == "onleesbaar_teken"


def test_the_name_of_a_field_is_not_repeated(anna: Door) -> None:
    number = first_case(anna)["zaaknummer"]
    for path, body in (
        ("/zaken/_zoek", {"999900018": "x"}),
        (f"/zaken/{number}/stappen", {"stap": "houd_aan", "versie": 1, "gegevens": {"999900018": "x"}}),
        (f"/zaken/{number}/bronnen", {"999900018": "x"}),
    ):
        assert "999900018" not in str(is_problem(anna.post(path, body), 400))


def test_an_origin_that_is_no_address_is_refused(anna: Door) -> None:
    headers = anna.headers | {"Origin": "http://["}
    is_problem(anna.client.post("/api/v1/zaken/_zoek", json={}, headers=headers), 403)


def test_only_an_upload_by_somebody_may_be_large(client: TestClient, tokens: Mapping[str, str]) -> None:
    def told(path: str, **headers: str) -> int:
        body = (b"x" * 600_000 for _ in range(3))
        kind = {"Content-Type": "multipart/form-data; boundary=x"}
        return client.post(path, content=body, headers=kind | headers).status_code

    token = {"Authorization": f"Bearer {tokens['ulla']}"}
    own = {"Origin": "http://testserver"}
    for path in ("/api/v1/ladingen", "/api/v1/opbrengsten", "/api/v1/zaken/_zoek"):
        assert told(path) == 401  # a body in pieces, of nobody we know
    assert told("/api/v1/zaken/_zoek", **token) == 413
    assert told("/api/v1/ladingen", **token) != 413
    for cookie in ("", "rni=x"):
        assert told("/inloggen", **own, Cookie=cookie) == 411
        assert told("/ladingen", **own, Cookie=cookie) == 411


@pytest.mark.parametrize("depth", [50, 300, 900])
def test_what_lies_deep_within_is_refused(doors: dict[str, Door], loaded: None, depth: int) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    deep: Any = "x"
    for _ in range(depth):
        deep = [deep]
    for path, body in (
        (f"/zaken/{number}/stappen", {"stap": "wijs_toe", "versie": 1, "gegevens": {"behandelaar": deep}}),
        (f"/zaken/{number}/leerpunten", {"soort": deep}),
        ("/zaken/_zoek", {"bsn": deep}),
    ):
        for key in (None, f"sleutel-{depth}"):
            is_problem(doors["anna"].post(path, body, key=key), 400)
