"""Who sends too much hears when to come back; others do not notice."""

import re
from collections.abc import Iterator, Mapping

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.app import create_app
from service.settings import Environment, Settings
from service.web.allowance import origin

API = "/api/v1/gemeenten"


@pytest.fixture
def strict(settings: Settings, engine: Engine) -> Iterator[TestClient]:
    """Three requests of one user, six from one place."""
    demo = {"environment": Environment.DEMO}  # where a password is enough to come in
    few = settings.model_copy(update={"requests_per_user": 3, "requests_per_origin": 6} | demo)
    with TestClient(create_app(few, engine)) as client:
        yield client


def as_(tokens: Mapping[str, str], name: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens[name]}"}


def test_a_user_who_sends_too_much_hears_when_to_come_back(strict: TestClient, tokens: Mapping[str, str]) -> None:
    for left in (2, 1, 0):
        answer = strict.get(API, headers=as_(tokens, "anna"))
        assert answer.status_code == 200
        assert f'"gebruiker";r={left};t=' in answer.headers["ratelimit"]
        assert answer.headers["ratelimit-policy"] == '"herkomst";q=6;w=60, "gebruiker";q=3;w=60'
    refused = strict.get(API, headers=as_(tokens, "anna"))
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    assert refused.json()["errors"][0]["code"] == "te_veel_verzoeken"
    wait = int(refused.headers["retry-after"])
    assert 1 <= wait <= 60
    assert f"over {wait} second" in refused.json()["detail"]
    assert '"gebruiker";r=0' in refused.headers["ratelimit"]
    assert refused.headers["api-version"] == "1.0.0"
    assert strict.get(API, headers=as_(tokens, "bram")).status_code == 200


def test_one_place_has_a_limit_for_whoever_comes_from_it(strict: TestClient) -> None:
    for _ in range(6):
        assert strict.get(API).status_code == 401
    assert strict.get(API).status_code == 429
    page = strict.get("/inloggen")
    assert page.status_code == 429
    assert page.headers["content-type"].startswith("text/html")
    assert int(page.headers["retry-after"]) >= 1
    assert "Te veel verzoeken" in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert re.search(r"over \d+ seconden? opnieuw", page.text)


def test_style_sheets_and_scripts_are_not_counted(strict: TestClient) -> None:
    for _ in range(10):
        assert strict.get("/static/rni.css").status_code == 200
    assert strict.get("/inloggen").status_code == 200


def test_a_page_counts_for_whoever_is_signed_in(strict: TestClient) -> None:
    own = {"Origin": "http://testserver"}
    came = strict.post(
        "/inloggen", data={"gebruikersnaam": "anna", "wachtwoord": "anna"}, headers=own, follow_redirects=False
    )
    assert came.status_code == 303
    statuses = [strict.get("/termijnen").status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]


def test_zero_is_no_limit(settings: Settings, engine: Engine, tokens: Mapping[str, str]) -> None:
    free = settings.model_copy(update={"requests_per_user": 0, "requests_per_origin": 0})
    with TestClient(create_app(free, engine)) as client:
        answers = [client.get(API, headers=as_(tokens, "anna")) for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("ratelimit" in answer.headers for answer in answers)


def test_a_line_of_the_new_internet_is_one_place() -> None:
    def place(host: str) -> str:
        return origin({"client": (host, 50000)})

    assert place("2001:db8:1:2::1") == place("2001:db8:1:2:ffff::9")
    assert place("2001:db8:1:2::1") != place("2001:db8:1:3::1")
    assert place("192.0.2.1") != place("192.0.2.2")
    assert origin({"client": None}) == ""
