"""The API as each person of the cast comes in by it."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine

from service.app import create_app
from service.db import make_engine
from service.loading import uploads
from service.settings import Settings
from tests.databases import Databases

from ..conftest import NOW, Template, access

SAMPLE = Path(__file__).parent.parent.parent / "samples" / "demo" / "LRNI-2026-07.csv"
RECEIVED = date(2026, 7, 6)


@pytest.fixture
def settings_of_client(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """It is always the same moment."""
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    return settings


@pytest.fixture
def client(settings_of_client: Settings, engine: Engine) -> Iterator[TestClient]:
    with TestClient(create_app(settings_of_client, engine)) as client:
        yield client


@pytest.fixture(scope="module")
def loaded_once(template: Template, databases: Databases) -> Iterator[str]:
    with databases.copied(template.url) as url:
        engine = make_engine(url)
        uploads.load_file(engine, access(engine, "ulla"), SAMPLE, SAMPLE.name, received=RECEIVED, now=NOW)
        engine.dispose()
        yield url


@pytest.fixture
def loaded() -> None:
    """The test begins with the delivery of July in its database."""


@pytest.fixture
def start(request: pytest.FixtureRequest, template: Template) -> str:
    asked = "loaded" in request.fixturenames
    return request.getfixturevalue("loaded_once") if asked else template.url  # type: ignore[no-any-return]


class Door:
    """The API as one person comes in by it."""

    def __init__(self, client: TestClient, token: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {token}"}

    def get(self, path: str, **params: Any) -> Response:
        return self.client.get(f"/api/v1{path}", params=params, headers=self.headers)

    def post(self, path: str, json: Any = None, *, key: str | None = None, **more: Any) -> Response:
        headers = self.headers | ({"Idempotency-Key": key} if key else {})
        return self.client.post(f"/api/v1{path}", json=json, headers=headers, **more)


@pytest.fixture
def doors(client: TestClient, tokens: Mapping[str, str]) -> dict[str, Door]:
    return {name: Door(client, token) for name, token in tokens.items()}


def first_case(door: Door, **params: Any) -> dict[str, Any]:
    return door.get("/zaken", sorteer="zaaknummer", aantal=1, **params).json()["items"][0]


PROBLEM = {"type", "status", "title", "detail"}


def is_problem(response: Response, status: int) -> dict[str, Any]:
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["api-version"] == "1.0.0"
    body: dict[str, Any] = response.json()
    assert body.keys() >= PROBLEM
    assert body["status"] == status
    return body
