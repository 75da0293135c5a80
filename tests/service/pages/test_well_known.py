"""Where somebody who finds a weakness can report it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from fastapi.testclient import TestClient
from sectxt import Parser
from sqlalchemy import Engine

from service.app import create_app
from service.settings import Misconfigured, Settings, read_settings

ADDRESS = "https://rni.example.nl/.well-known/security.txt"


@pytest.fixture
def client(settings: Settings, engine: Engine) -> Iterator[TestClient]:
    ours = settings.model_copy(
        update={"base_url": "https://rni.example.nl", "security_contact": "mailto:meldpunt@gemeente.example"}
    )
    with TestClient(create_app(ours, engine), base_url=ours.base_url) as opened:
        yield opened


def test_security_txt_is_what_its_readers_expect(client: TestClient) -> None:
    answer = client.get("/.well-known/security.txt")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    read = Parser(answer.content, urls=ADDRESS)
    assert read.is_valid(), read.errors
    assert "Contact: mailto:meldpunt@gemeente.example\n" in answer.text
    assert f"Canonical: {ADDRESS}\n" in answer.text


def test_it_does_not_run_out(client: TestClient) -> None:
    (line,) = (each for each in client.get("/.well-known/security.txt").text.splitlines() if "Expires" in each)
    until = datetime.fromisoformat(line.removeprefix("Expires: "))
    assert timedelta(days=178) < until - datetime.now(UTC) < timedelta(days=181)


@pytest.mark.parametrize("contact", ["meldpunt@gemeente.example", "http://gemeente.example", "mailto:", "https://a b"])
def test_a_contact_that_nobody_can_follow_stops_the_start(monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
    monkeypatch.setenv("RNI_SECURITY_CONTACT", contact)
    with pytest.raises(Misconfigured) as caught:
        read_settings()
    assert "RNI_SECURITY_CONTACT" in caught.value.uitleg
