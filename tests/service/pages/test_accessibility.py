"""The statement on accessibility: who can read it, how one comes there, and where it says to report."""

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine

from service.app import create_app
from service.pages.accessibility import PRINTED
from service.settings import Misconfigured, Settings, read_settings
from tests import authenticator
from tests.service.pages import everywhere, test_paper

CONTACT = "mailto:toegankelijk@gemeente.example"
OWN = {"Origin": "http://127.0.0.1:8000"}


@pytest.fixture
def client(settings: Settings, engine: Engine) -> Iterator[TestClient]:
    with TestClient(create_app(settings, engine), base_url=OWN["Origin"]) as opened:
        yield opened


def test_every_page_leads_to_the_statement_also_of_whoever_cannot_sign_in(client: TestClient) -> None:
    for path in ("/inloggen", "/bezoeken/onderweg", "/verwerkingen", "/zaken/Z-2026-0000001", "/bestaat-niet"):
        assert 'href="/toegankelijkheid"' in client.get(path).text, path
    page = client.get("/toegankelijkheid")
    assert page.status_code == 200
    for words in ("eerste maatregelen genomen", "WCAG 2.2", "Nationale ombudsman", "Opgesteld op 23 november 2026"):
        assert words in page.text


def test_it_says_no_more_than_is_tested(client: TestClient) -> None:
    page = client.get("/toegankelijkheid").text
    assert len(PRINTED) == len(test_paper.PRINTED) and f"{len(PRINTED)} pagina's op papier" in page
    assert all(name in page for name in PRINTED)
    assert {"/uitgelogd"} == everywhere.ELSEWHERE, "the one page that the statement says is not looked at"


def test_it_names_the_beheerder_to_colleagues_alone(client: TestClient, engine: Engine, settings: Settings) -> None:
    assert "bea@" not in client.get("/toegankelijkheid").text
    authenticator.sign_in(client, engine, "anna", "anna", now=settings.now(), headers=OWN)
    page = client.get("/toegankelijkheid").text
    assert "mailto:bea@rotterdam.example" in page and "aad@" not in page


def test_an_installation_can_say_where_to_report(settings: Settings, engine: Engine) -> None:
    ours = settings.model_copy(update={"accessibility_contact": CONTACT})
    with TestClient(create_app(ours, engine), base_url=OWN["Origin"]) as opened:
        page = opened.get("/toegankelijkheid").text
    assert f'href="{CONTACT}"' in page and "beheerder" not in page


@pytest.mark.parametrize("contact", ["toegankelijk@gemeente.example", "http://gemeente.example", "javascript:x"])
def test_a_contact_that_nobody_can_follow_stops_the_start(monkeypatch: pytest.MonkeyPatch, contact: str) -> None:
    monkeypatch.setenv("RNI_ACCESSIBILITY_CONTACT", contact)
    with pytest.raises(Misconfigured) as caught:
        read_settings()
    assert "RNI_ACCESSIBILITY_CONTACT" in caught.value.uitleg
