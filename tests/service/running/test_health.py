"""A proxy that asks whether the service is well hears the truth, part by part, and nothing more; and loads nothing."""

import json
import os
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2 as httpx
import pytest
from serving import Installation, Served, free_port, serving
from sqlalchemy import Engine, event, text

from service.db import make_engine
from service.running import facts, health
from service.running.facts import Room
from service.running.health import Health
from service.settings import Settings
from tests.service.conftest import owning

WELL = {"schema": "ok", "database": "ok", "bestanden": "ok", "schijf": "ok"}


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    with serving(Installation(settings.database_url, settings.data_dir), tmp_path / "service.log") as running:
        yield running


@pytest.fixture
def looking(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Health]:
    """It looks anew each time."""
    monkeypatch.setattr(health, "FRESH", 0.0)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    made = Health(settings)
    yield made
    made.close()


def wrong(looking: Health) -> set[str]:
    return {part for part, well in looking.look().items() if not well}


def becomes(served: Served, **wrong: str) -> httpx.Response:
    """The answer, once it says this: what was found holds for a second, and a busy machine is not always well."""
    wanted = (503 if wrong else 200, WELL | wrong)
    for _ in range(120):
        answer = httpx.get(f"{served.address}/gezondheid/gereed", timeout=60)
        if (answer.status_code, answer.json()["onderdelen"]) == wanted:
            return answer
        time.sleep(0.5)
    pytest.fail(f"{answer.text}\n{served.log.read_text()}")


@pytest.mark.every_database
def test_a_service_that_works_is_alive_and_ready(served: Served) -> None:
    alive = httpx.get(f"{served.address}/gezondheid/levend")
    assert (alive.status_code, alive.json()) == (200, {"status": "ok"})
    answer = becomes(served)
    assert answer.json() == {"status": "ok", "onderdelen": WELL}
    assert answer.headers["cache-control"] == "no-store"
    assert httpx.head(f"{served.address}/gezondheid/gereed").status_code in (200, 503)
    assert (
        httpx.post(f"{served.address}/gezondheid/gereed", headers={"Sec-Fetch-Site": "same-origin"}).status_code == 405
    )


@pytest.mark.every_database
def test_a_schema_of_another_version_is_told_and_a_stranger_hears_no_more_than_that(
    served: Served, engine: Engine
) -> None:
    becomes(served)
    with owning(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    assert becomes(served, schema="niet ok").json()["status"] == "niet ok"
    assert httpx.get(f"{served.address}/gezondheid/levend").status_code == 200
    told = [json.loads(line) for line in served.log.read_text().splitlines() if '"gereed"' in line]
    assert told[-1]["niet_goed_schema"] == "schema_verouderd" and told[-1]["level"] == "error"


def test_a_folder_in_which_nothing_can_be_written_is_told(served: Served, settings: Settings) -> None:
    becomes(served)
    settings.data_dir.rename(settings.data_dir.with_name("elders"))
    settings.data_dir.write_text("geen map")
    becomes(served, bestanden="niet ok")


def test_writing_leaves_nothing_behind(looking: Health, settings: Settings) -> None:
    assert wrong(looking) == set()
    assert list(settings.data_dir.iterdir()) == []


def test_a_disk_that_is_full_is_told(looking: Health, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(looking) == set()
    monkeypatch.setattr(health, "LEAST_ROOM", 10**18)
    assert wrong(looking) == {"schijf"}


def test_there_is_room_as_the_system_says(settings: Settings) -> None:
    found = facts.rooms(settings)
    assert found["bestanden"].totaal > found["bestanden"].vrij > 0
    assert set(found) == ({"bestanden", "database"} if "sqlite" in settings.database_url else {"bestanden"})
    assert Room(25, 100).share == 0.25 and Room(0, 0).share == 0


def test_a_database_file_that_is_gone_is_told_and_not_made(tmp_path: Path) -> None:
    lost = Health(Settings(database_url=f"sqlite:///{tmp_path / 'weg.sqlite3'}", data_dir=tmp_path))
    assert wrong(lost) == {"schema", "database"}
    assert not (tmp_path / "weg.sqlite3").exists()
    lost.close()


@contextmanager
def silent_server() -> Iterator[int]:
    """Takes connections and says nothing: a database that hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(50)
        yield int(listener.getsockname()[1])


def test_a_database_that_hangs_is_told_within_seconds_and_asked_once(tmp_path: Path) -> None:
    with silent_server() as port:
        hung = Health(Settings(database_url=f"postgresql+psycopg://rni@127.0.0.1:{port}/rni", data_dir=tmp_path))
        before = threading.active_count()
        for _ in range(3):
            began = time.monotonic()
            assert wrong(hung) == {"schema", "database"}
            assert time.monotonic() - began < 30  # without an end of its own it would be minutes
            time.sleep(1.1)
        assert threading.active_count() <= before + 1
    hung.close()


def test_a_database_where_nobody_listens_is_told(tmp_path: Path) -> None:
    away = Health(Settings(database_url=f"postgresql+psycopg://rni@127.0.0.1:{free_port()}/rni", data_dir=tmp_path))
    assert wrong(away) == {"schema", "database"}
    away.close()


def test_asking_often_asks_the_database_once(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "FRESH", 3600.0)
    settings.data_dir.mkdir(parents=True)
    looking = Health(settings)
    asked: list[str] = []
    event.listen(looking._engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    for _ in range(50):
        assert all(looking.look().values())
    assert len([statement for statement in asked if "alembic_version" in statement]) <= 5
    looking.close()


def test_who_looks_after_it_is_not_counted_nor_logged(settings: Settings, tmp_path: Path) -> None:
    log = tmp_path / "service.log"
    place = Installation(settings.database_url, settings.data_dir)
    with serving(place, log, RNI_REQUESTS_PER_ORIGIN="5") as served:
        becomes(served)
        for _ in range(30):
            assert httpx.get(f"{served.address}/gezondheid/levend").status_code == 200
        assert "/gezondheid/levend" not in log.read_text()
        limited = [httpx.get(f"{served.address}/inloggen").status_code for _ in range(10)]
        assert 429 in limited
        assert httpx.get(f"{served.address}/gezondheid/levend").status_code == 200


def test_it_answers_while_every_thread_is_at_work(settings: Settings, tmp_path: Path) -> None:
    """The writer of a database in a file is held: whoever waits for it holds the one thread there is."""
    if "sqlite" not in settings.database_url:
        pytest.skip("elders wacht niemand op een ander die schrijft")
    place = Installation(settings.database_url, settings.data_dir)
    with serving(place, tmp_path / "service.log", RNI_THREADS="1") as served:
        holder = make_engine(settings.database_url)
        with holder.begin():  # from here on nobody else writes
            form = {"gebruikersnaam": "anna", "wachtwoord": "anna"}
            waiting = threading.Thread(
                target=lambda: httpx.post(
                    f"{served.address}/inloggen", data=form, headers={"Sec-Fetch-Site": "same-origin"}, timeout=60
                )
            )
            waiting.start()
            time.sleep(0.5)
            assert waiting.is_alive()
            assert httpx.get(f"{served.address}/gezondheid/levend", timeout=4).status_code == 200
            asked = httpx.get(f"{served.address}/gezondheid/gereed", timeout=4)
            assert set(asked.json()["onderdelen"]) == set(WELL)
            assert waiting.is_alive()
        waiting.join()
        holder.dispose()


def test_a_frozen_process_is_not_alive(served: Served) -> None:
    os.kill(served.pid, signal.SIGSTOP)
    try:
        with pytest.raises(httpx.TimeoutException):
            httpx.get(f"{served.address}/gezondheid/levend", timeout=1)
    finally:
        os.kill(served.pid, signal.SIGCONT)
    assert httpx.get(f"{served.address}/gezondheid/levend", timeout=30).status_code == 200
