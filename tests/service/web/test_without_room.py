"""What people are told when what we write to is away or full: a sentence and 503, on pages and through the API."""

import errno

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, event

from service.app import create_app
from service.db import make_engine
from service.files import storage
from service.settings import Settings
from service.web.csrf import cookie_name
from tests.service.conftest import Template

NOBODY = "postgresql+psycopg://niemand@127.0.0.1:1/niets"
"""Where nobody listens."""


def test_a_database_that_is_away_is_said_to_be(settings: Settings, template: Template) -> None:
    away = make_engine(NOBODY)
    client = TestClient(create_app(settings, away), base_url="http://127.0.0.1:8000")
    headers = {"Authorization": f"Bearer {template.tokens['anna']}"}
    read = client.get("/api/v1/zaken", headers=headers)
    assert (read.status_code, read.headers["retry-after"]) == (503, "60")
    assert read.headers["content-type"] == "application/problem+json"
    assert read.json()["errors"][0]["code"] == "database_weg"
    assert read.json()["detail"].startswith("De database antwoordt nu niet. Probeer het over een minuut opnieuw.")
    written = client.post("/api/v1/terugkoppelingen", headers=headers)
    assert written.status_code == 503 and "of wat u deed er al staat" in written.json()["detail"]
    client.cookies.set(cookie_name(settings), "een sessie")
    page = client.get("/zaken")
    assert page.status_code == 503 and page.headers["content-type"].startswith("text/html")
    assert "De database antwoordt nu niet" in page.text
    away.dispose()


@pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
def test_a_database_without_room_is_said_to_be_and_nothing_is_logged_with_a_traceback(
    settings: Settings, engine: Engine, template: Template, caplog: pytest.LogCaptureFixture
) -> None:
    client = TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000")
    event.listen(engine, "connect", lambda made, _: made.execute("PRAGMA max_page_count = 1").close())  # no page more
    engine.dispose()
    headers = {"Authorization": f"Bearer {template.tokens['coen']}"}
    answers = [
        client.post("/api/v1/terugkoppelingen", headers=headers | {"Idempotency-Key": f"{n}" * 90}) for n in range(60)
    ]
    full = [each for each in answers if each.status_code == 503]
    assert full and {each.status_code for each in answers} <= {200, 503}
    assert full[0].json()["errors"][0]["code"] == "schijf_vol"
    assert full[0].json()["detail"].startswith("Op de schijf is geen ruimte meer")
    assert "niet vast te leggen" in caplog.text and "Traceback" not in caplog.text


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, 503), (errno.EDQUOT, 503), (errno.EACCES, 500)])
def test_a_disk_for_files_without_room_is_said_to_be(
    number: int, status: int, settings: Settings, engine: Engine, template: Template, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*_: object) -> None:
        raise OSError(number, "nee")

    monkeypatch.setattr(storage, "keep", breaks)
    client = TestClient(create_app(settings, engine), base_url="http://127.0.0.1:8000", raise_server_exceptions=False)
    answer = client.post(
        "/api/v1/ladingen",
        headers={"Authorization": f"Bearer {template.tokens['ulla']}"},
        files={"bestand": ("x.csv", b"x")},
    )
    assert answer.status_code == status, answer.text
