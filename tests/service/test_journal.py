"""What the log of the process holds of a fault of ours: enough to find it, bounded, and nobody's data."""

import io
import json
from collections.abc import Mapping

import pytest
import structlog
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from service import journal
from service.access import Access
from service.api.ladingen import Levering
from service.app import create_app
from service.db import session_scope
from service.settings import Settings

NAME = "Janssen-van Verzonnen"


@pytest.fixture
def stream() -> io.StringIO:
    """The log, from here on."""
    made = io.StringIO()
    journal.configure(made)
    return made


def lines(stream: io.StringIO) -> list[dict[str, str]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_traceback_keeps_its_begin_and_its_end_and_says_how_much_is_gone(stream: io.StringIO) -> None:
    try:
        raise RuntimeError("begin " + "x" * 3_000_000 + " eind")
    except RuntimeError:
        structlog.get_logger().exception("onverwachte fout")
    (line,) = lines(stream)
    kept = line["exception"]
    assert len(kept) < journal.MOST + 100
    assert kept.startswith("Traceback (most recent call last)") and kept.endswith(" eind")
    assert "RuntimeError: begin " in kept
    left_out = int(kept.split("[… ")[1].split(" tekens weggelaten …]")[0])
    assert 3_000_000 - journal.MOST < left_out < 3_001_000
    assert len(stream.getvalue()) < 2 * journal.MOST


def test_what_fits_is_kept_whole() -> None:
    whole = "x" * journal.MOST
    assert journal.shortened(whole) == whole


def test_a_number_at_the_cut_is_masked_before_it_is_cut(stream: io.StringIO) -> None:
    for place in range(journal.MOST - 12_020, journal.MOST - 11_990):
        structlog.get_logger().info("x" * place + " 999900018 " + "y" * journal.MOST)
    assert "9999" not in stream.getvalue()


def test_what_a_database_refuses_leaves_no_ones_data_in_the_log(engine: Engine, stream: io.StringIO) -> None:
    with pytest.raises(DBAPIError) as refused, session_scope(engine, Access.system()) as session:
        session.execute(text("INSERT INTO gebruiker (naam, weergavenaam) VALUES (:naam, NULL)"), {"naam": NAME})
    structlog.get_logger().error("onverwachte fout", exc_info=refused.value)
    assert "Traceback" in stream.getvalue()
    assert NAME not in stream.getvalue()


def test_an_answer_that_does_not_fit_its_shape_leaves_no_ones_data_in_the_log(
    settings: Settings, engine: Engine, tokens: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Levering.model_construct(leveringsnummer=[NAME], eerste_ontvangst=NAME, ladingen=NAME)  # type: ignore[arg-type]
    monkeypatch.setattr("service.api.ladingen.Lijst", lambda **_: {"items": [made], "volgende": {"naam": NAME}})
    with TestClient(create_app(settings, engine), raise_server_exceptions=False) as client:
        stream = io.StringIO()
        journal.configure(stream)
        answer = client.get("/api/v1/leveringen", headers={"Authorization": f"Bearer {tokens['ulla']}"})
    assert answer.status_code == 500
    assert "validation error" in stream.getvalue()
    assert NAME not in stream.getvalue() + answer.text


def test_a_shape_that_is_made_wrong_leaves_no_ones_data_in_the_log(stream: io.StringIO) -> None:
    try:
        Levering(leveringsnummer=[NAME], eerste_ontvangst=NAME, ladingen=NAME)  # type: ignore[arg-type]
    except ValueError:
        structlog.get_logger().exception("onverwachte fout")
    assert "list_type" in stream.getvalue()
    assert NAME not in stream.getvalue()
