"""Behind a pooler that gives every transaction another connection (PgBouncer): pages go on, and the clock says no."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from serving import Installation, beside, free_port, serving
from sqlalchemy import make_url

from service.leader import ByDatabase
from service.settings import Settings

from .conftest import Template, soon
from .test_server import SAMPLE

pytestmark = pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")


@pytest.fixture(params=["transaction"])
def pooler(settings: Settings, engine_path: Callable[..., str], request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of the database of this test through a pooler of its own, as the role of the service."""
    program = engine_path("pgbouncer")
    of, port = make_url(settings.database_url), free_port()
    folder = Path(tempfile.mkdtemp(prefix="rni-pooler-"))  # it refuses to run as root, and another must reach its files
    (folder / "users").write_text(f'"{of.username}" "{of.password}"\n')
    (folder / "pooler.ini").write_text(
        f"""
[databases]
{of.database} = host={of.host} port={of.port} dbname={of.database}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = {folder / "users"}
pool_mode = {request.param}
default_pool_size = 3
"""
    )
    for path in (folder, *folder.iterdir()):
        path.chmod(0o755)
    as_other = ["-u", "nobody"] if os.geteuid() == 0 else []
    with (folder / "log").open("w") as log:
        server = subprocess.Popen([program, *as_other, str(folder / "pooler.ini")], stdout=log, stderr=log)
    try:
        for _ in range(200):
            if "listening on" in (folder / "log").read_text():
                break
            assert server.poll() is None, (folder / "log").read_text()
            time.sleep(0.05)
        yield of.set(host="127.0.0.1", port=port).render_as_string(hide_password=False)
    finally:
        server.terminate()
        server.wait(10)
        shutil.rmtree(folder)


def test_a_service_works_behind_a_pooler_by_transaction(
    settings: Settings, pooler: str, template: Template, tmp_path: Path
) -> None:
    """Loads, steps and feedback, many times on few connections; clock and worker go to the database itself."""
    installation = Installation(pooler, settings.data_dir)
    more = {"RNI_DATABASE_POOLER": "transactie", "RNI_DATABASE_DIRECT_URL": settings.database_url}
    with (
        serving(installation, tmp_path / "service.log", **more) as served,
        beside(installation, tmp_path / "klok.log", "clock", **more),
        beside(installation, tmp_path / "werk.log", "worker", **more),
        served.door(template.tokens["ulla"]) as ulla,
        served.door(template.tokens["anna"]) as anna,
        served.door(template.tokens["coen"]) as coen,
    ):
        with SAMPLE.open("rb") as stream:
            offered = ulla.post(
                "/ladingen", files={"bestand": (SAMPLE.name, stream)}, data={"datumOntvangst": "2026-07-06"}
            )
        number = offered.json()["ladingnummer"]
        assert ulla.post(f"/ladingen/{number}/bevestigingen").json()["zaken"] == 219
        cases = anna.get("/zaken", params={"aantal": 20}).json()["items"]
        for case in cases:
            for _ in range(3):
                assert anna.get(f"/zaken/{case['zaaknummer']}").status_code == 200
            steps = f"/zaken/{case['zaaknummer']}/stappen"
            assert anna.post(steps, json={"stap": "wijs_toe", "versie": 1}).status_code == 201
            closed = {"stap": "niet_oppakken", "versie": 2, "gegevens": {"reden": "capaciteit"}}
            assert anna.post(steps, json=closed).status_code == 201
        assert coen.post("/terugkoppelingen").json()["soorten"]["resultaat"] >= len(cases)
        for _ in range(600):
            if "klok leidt" in (tmp_path / "klok.log").read_text():
                break
            time.sleep(0.05)
        assert "klok leidt" in (tmp_path / "klok.log").read_text()
    assert "prepared statement" not in served.log.read_text()


def test_a_clock_behind_such_a_pooler_does_not_lead_and_says_why(pooler: str, settings: Settings) -> None:
    """Several clocks on few connections: without a look at the lock each might think that it has it."""
    clocks = [ByDatabase(pooler) for _ in range(4)]
    led = [each.leads() for each in clocks]
    assert sum(led) <= 1
    for each in clocks:
        each.close()
    (reason,) = Settings(database_url=settings.database_url, database_pooler="transactie").problems()
    assert reason.veld == "RNI_DATABASE_DIRECT_URL"


@pytest.mark.parametrize("pooler", ["session"], indirect=True)
def test_a_clock_leads_through_a_pooler_by_session(pooler: str, settings: Settings) -> None:
    first, second, direct = ByDatabase(pooler), ByDatabase(pooler), ByDatabase(settings.database_url)
    assert first.leads() and not second.leads() and not direct.leads()
    assert first.still_leads()
    first.close()
    assert soon(direct) and not second.leads()
    for each in (second, direct):
        each.close()
