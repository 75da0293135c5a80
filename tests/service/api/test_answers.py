from collections.abc import Mapping

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from service.access import Access
from service.db import session_scope

from ..conftest import NOW
from .conftest import Door, is_problem


def test_nobody_gets_in_without_a_token(client: TestClient) -> None:
    for path in ("/zaken", "/ladingen", "/terugkoppelingen", "/cijfers", "/termijnen", "/gemeenten"):
        refused = client.get(f"/api/v1{path}")
        is_problem(refused, 401)
        assert refused.headers["www-authenticate"] == "Bearer"
    wrong = client.get("/api/v1/zaken", headers={"Authorization": "Bearer rni_verkeerd"})
    is_problem(wrong, 401)


def test_the_openapi_document_is_open_to_all(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json")
    assert document.status_code == 200
    assert document.headers["access-control-allow-origin"] == "*"
    assert document.headers["api-version"] == document.json()["info"]["version"]
    assert document.json()["servers"] == [{"url": "http://127.0.0.1:8000/api/v1"}]


def test_what_does_not_exist_is_a_problem_too(client: TestClient, doors: dict[str, Door]) -> None:
    is_problem(client.get("/api/v1/bestaat-niet"), 404)
    is_problem(client.get("/api/v1"), 404)
    is_problem(client.get("/api/v1/zaken/"), 404)
    is_problem(client.delete("/api/v1/zaken"), 405)
    is_problem(doors["anna"].get("/zaken/Z-2026-9999999"), 404)


def test_every_answer_carries_the_security_headers(client: TestClient) -> None:
    for path in ("/api/v1/openapi.json", "/api/v1/zaken", "/bestaat-niet", "/inloggen"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "DENY"
        assert headers["cache-control"] == "no-store"
        assert headers["referrer-policy"] == "no-referrer"
        assert "unsafe" not in headers["content-security-policy"]
        assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_bad_input_is_400_with_every_error_and_without_what_was_sent(doors: dict[str, Door]) -> None:
    refused = is_problem(doors["anna"].post("/zaken/_zoek", {"bsn": "99990001", "leeftijd": 999900018}), 400)
    assert {error["location"]["pointer"] for error in refused["errors"]} == {"/bsn", ""}
    assert "9999" not in str(refused)
    wrong = is_problem(doors["anna"].get("/zaken", aantal=1000, fase="onzin"), 400)
    assert {error["location"]["name"] for error in wrong["errors"]} == {"aantal", "fase"}


def test_an_error_says_where_it_is(doors: dict[str, Door], client: TestClient) -> None:
    def place(answer: Response, status: int) -> tuple[str, object]:
        (error,) = is_problem(answer, status)["errors"]
        return error["in"], error.get("location")

    anna = doors["anna"]
    assert place(client.get("/api/v1/zaken"), 401) == ("header", {"name": "Authorization"})
    assert place(anna.get("/zaken", na="onzin"), 400) == ("query", {"name": "na"})
    assert place(doors["ulla"].get("/ladingen", na="LD-2026-000000"), 400) == ("query", {"name": "na"})
    assert place(doors["coen"].get("/cijfers", maandOntvangst="mei"), 400) == ("query", {"name": "maandOntvangst"})
    assert place(anna.get("/zaken/Z-2026-9999999"), 404) == ("path", None)
    assert place(anna.post("/zaken/_zoek", {"bsn": "1"}), 400) == ("body", {"pointer": "/bsn"})


def test_a_form_from_another_site_is_refused(client: TestClient, tokens: Mapping[str, str]) -> None:
    headers = {"Authorization": f"Bearer {tokens['anna']}"}
    for sent in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://elders.example"}):
        is_problem(client.post("/api/v1/zaken/_zoek", json={"bsn": "999900018"}, headers=headers | sent), 403)
    own = headers | {"Origin": "http://testserver"}
    assert client.post("/api/v1/zaken/_zoek", json={"bsn": "999900018"}, headers=own).status_code == 200


def test_too_much_is_refused_before_it_is_read(doors: dict[str, Door]) -> None:
    is_problem(doors["anna"].post("/zaken/_zoek", {"bsn": "9" * 2_000_000}), 413)


def test_an_unexpected_fault_is_a_sentence_with_headers(
    client: TestClient, doors: dict[str, Door], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("999900018")

    monkeypatch.setattr("service.case_list.page", broken)
    assert "999900018" not in str(is_problem(doors["anna"].get("/zaken"), 500))


def test_figures_are_the_own_municipalitys_or_the_coordinators(doors: dict[str, Door], loaded: None) -> None:
    whole = doors["coen"].get("/cijfers").json()
    mine = doors["anna"].get("/cijfers").json()
    assert whole["cijfers"]["zaken"] == 219
    assert 0 < mine["cijfers"]["zaken"] < 219
    assert mine["selectie"]["gemeenten"] == ["0599"]
    one = doors["coen"].get("/cijfers", gemeente="0599").json()
    assert one["cijfers"] == mine["cijfers"]
    is_problem(doors["anna"].get("/cijfers", gemeente="0983"), 403)
    is_problem(doors["ulla"].get("/cijfers"), 403)
    assert doors["coen"].get("/cijfers", openbaar=True).json()["openbaar"] is True


def test_everybody_can_count_a_term(doors: dict[str, Door]) -> None:
    for door in doors.values():
        counted = door.get("/termijnen", term="laa_eerste_antwoord", vanaf="2026-03-02")
        assert counted.json()["einde"] == "2026-03-30"
    is_problem(doors["anna"].get("/termijnen", term="onzin", vanaf="2026-02-30"), 400)


def test_the_code_table_has_its_validity(doors: dict[str, Door]) -> None:
    table = {each["code"]: each for each in doors["anna"].get("/gemeenten").json()["items"]}
    assert table["0599"]["naam"] == "Rotterdam"
    assert table["0501"]["opvolger"] == "1992"
    assert table["0501"]["einde"] == "2023-01-01"


def test_a_disabled_user_gets_nothing(doors: dict[str, Door], engine: Engine) -> None:
    from service.identity import accounts

    with session_scope(engine, Access.system()) as session:
        accounts.disable_user(session, "anna", NOW)
    is_problem(doors["anna"].get("/gemeenten"), 401)


def test_no_address_holds_a_bsn_or_a_name(client: TestClient) -> None:
    document = client.get("/api/v1/openapi.json").json()
    personal = {"bsn", "geslachtsnaam", "voornamen", "geboortedatum", "postcode"}
    for path, item in document["paths"].items():
        for operation in item.values():
            assert not personal & {each["name"] for each in operation.get("parameters", ())}, path
