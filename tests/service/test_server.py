"""The journey of a delivery through a real process: token, file, step, feedback."""

import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path

import pytest
from serving import Installation, Served, serving

from service.commands.system import _listening
from service.loading.sizes import SMALL_ROWS
from service.settings import Settings
from tests.importers.deliveries import row, write_csv

SAMPLE = Path(__file__).parent.parent / "samples" / "demo" / "LRNI-2026-07.csv"


@pytest.fixture
def served(settings: Settings, tmp_path: Path) -> Iterator[Served]:
    with serving(Installation(settings.database_url, settings.data_dir), tmp_path / "service.log") as running:
        yield running


def test_a_delivery_travels_through_a_running_service(served: Served, tokens: Mapping[str, str]) -> None:
    doors = {name: served.door(token) for name, token in tokens.items()}
    ulla, anna, coen = doors["ulla"], doors["anna"], doors["coen"]
    with SAMPLE.open("rb") as stream:
        offered = ulla.post(
            "/ladingen", files={"bestand": (SAMPLE.name, stream)}, data={"datumOntvangst": "2026-07-06"}
        )
    assert offered.status_code == 202, offered.text
    assert "server" not in offered.headers
    loaded = ulla.post(f"/ladingen/{offered.json()['ladingnummer']}/bevestigingen")
    assert loaded.json()["zaken"] == 219, loaded.text

    (case,) = anna.get("/zaken", params={"aantal": 1}).json()["items"]
    shown = anna.get(f"/zaken/{case['zaaknummer']}").json()
    steps = f"/zaken/{case['zaaknummer']}/stappen"
    assert anna.post(steps, json={"stap": "wijs_toe", "versie": 1}).status_code == 201
    refused = anna.post(steps, json={"stap": "neem_besluit", "versie": 2})
    assert refused.status_code == 409
    closed = anna.post(steps, json={"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "capaciteit"}})
    assert (closed.status_code, closed.json()["resultaat"]) == (201, "niet_opgepakt")
    assert doors["dirk"].get(f"/zaken/{case['zaaknummer']}").status_code == 404

    made = coen.post("/terugkoppelingen").json()
    assert made["soorten"] == {"resultaat": 1}
    number = made["terugkoppelingsnummer"]
    assert coen.post(f"/terugkoppelingen/{number}/verzendingen").status_code == 201
    told = ulla.get(f"/terugkoppelingen/{number}/bestanden/csv").content.decode("utf-8-sig")
    assert shown["persoon"]["bsn"] in told
    assert "niet_onderzocht" in told
    assert ulla.post(f"/terugkoppelingen/{number}/ontvangstbevestigingen", json={"kenmerk": "U1"}).status_code == 201
    assert coen.get("/cijfers").json()["cijfers"]["niet_opgepakt"] == 1

    for door in doors.values():
        door.close()
    log = served.log.read_text()
    assert '"route": "/api/v1/zaken/{zaaknummer}/stappen"' in log
    for secret in (shown["persoon"]["bsn"], shown["persoon"]["geslachtsnaam"], case["zaaknummer"], *tokens.values()):
        assert secret not in log


@pytest.mark.every_database
def test_one_process_is_enough_for_an_installation(
    settings: Settings, tmp_path: Path, tokens: Mapping[str, str]
) -> None:
    """With the clock in it, it does the long work too, whatever the database."""
    rows = [row(signaalnummer=f"E-{place}", huisnummer="nul") for place in range(SMALL_ROWS + 1)]
    large = write_csv(tmp_path / "groot.csv", rows)
    log = tmp_path / "service.log"
    with (
        serving(Installation(settings.database_url, settings.data_dir), log, clock=True) as served,
        served.door(tokens["ulla"]) as ulla,
    ):
        with large.open("rb") as stream:
            offered = ulla.post("/ladingen", files={"bestand": (large.name, stream)})
        assert (offered.status_code, offered.json()["werk"]) == (202, "wacht"), offered.text
        number = offered.json()["ladingnummer"]
        for _ in range(6_000):
            told = ulla.get(f"/ladingen/{number}").json()
            if told["status"] == "gecontroleerd":
                break
            time.sleep(0.05)
        assert (told["status"], told["afgekeurd"]) == ("gecontroleerd", SMALL_ROWS + 1), log.read_text()
    assert "klok leidt" in log.read_text()


def test_an_answer_is_sent_at_once() -> None:
    """A listener that is not said to be TCP keeps Nagle's algorithm: asyncio then does not switch it off."""
    with closing(_listening("127.0.0.1", 0)) as listener:
        assert listener.proto == socket.IPPROTO_TCP
