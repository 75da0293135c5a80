"""A service with people at work in it, on a database of its own, to which something is done."""

import json
import random
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from serving import Installation, free_port
from sqlalchemy import make_url

from service.db import make_engine
from service.settings import Settings
from tests.clients import Machine, Office, delivered, nothing_twice_nothing_lost, until
from tests.databases import PostgresDatabases
from tests.postgres import FOLLOWED, Cluster, cluster
from tests.service.conftest import Template, with_cast
from tests.service.faults.outcome import Outcomes
from tests.soak import SOAKING

ROWS = 2_100 if SOAKING else 120
"""Of a delivery; in a soak more than is loaded within a request, so that a worker does it."""


@pytest.fixture
def outcomes(record_property: Callable[[str, Any], None]) -> Outcomes:
    """Where a test says what it came to."""
    return Outcomes(record_property)


@dataclass(frozen=True)
class Furnished:
    """A cluster of a test alone, with a database in it that has the cast."""

    cluster: Cluster
    template: Template

    def address(self, *others: Cluster) -> str:
        """Of its database; with others, wherever it can be written."""
        there = make_url(self.template.url).set(port=self.cluster.port)
        if others:
            ports = ",".join(str(each.port) for each in (self.cluster, *others))
            hosts = ",".join(["127.0.0.1"] * (1 + len(others)))
            query = {"host": hosts, "port": ports, "target_session_attrs": "read-write", "connect_timeout": "3"}
            there = there.set(host=None, port=None, query=query)
        return there.render_as_string(hide_password=False)


@pytest.fixture(scope="session")
def furnished(engine_path: Callable[..., str]) -> Iterator[Furnished]:
    """A stopped one, to begin like."""
    engine_path("initdb")
    with cluster(FOLLOWED) as made:
        databases = PostgresDatabases(made.url, "fouten")
        template = with_cast(databases.new())
        databases.close()
        made.stop(signal.SIGINT)
        yield Furnished(made, template)


@pytest.fixture
def own(furnished: Furnished) -> Iterator[Furnished]:
    """A PostgreSQL of the test alone; a commit is written before it is answered."""
    with cluster(FOLLOWED, like=furnished.cluster) as made:
        yield Furnished(made, furnished.template)


def found_by_verify(installation: Installation, **more: str) -> list[Any]:
    """What `rni verify` says. more: settings."""
    told = installation.ran("verify", "--json", "--as", "aad", **more)
    assert told.code in (0, 4), told
    return list(json.loads(told.out)["bevindingen"])


@dataclass
class House:
    """The processes of one installation, and the people who work in it."""

    installation: Installation
    tokens: Mapping[str, str]
    folder: Path
    port: int = field(default_factory=free_port)
    machines: list[Machine] = field(default_factory=list)

    def start(self) -> None:
        """Web, clock and worker."""
        address = f"http://127.0.0.1:{self.port}"
        environment = self.installation.environment(RNI_BASE_URL=address, RNI_REQUESTS_PER_USER="0")
        for words in (["serve", "--port", str(self.port)], ["clock"], ["worker"]):
            if words == ["worker"] and not self.installation.database_url.startswith("postgresql"):
                continue  # `rni serve` does it
            machine = Machine(words, environment, self.folder / f"{words[0]}.log")
            self.machines.append(machine)
            machine.start()
        until(lambda: "klok leidt" in self.log("clock"))
        if any(each.words == ["worker"] for each in self.machines):
            until(lambda: "wacht op werk" in self.log("worker"))
        until(lambda: "Application startup complete" in self.log("serve"))

    def log(self, name: str) -> str:
        """What one of them said."""
        path = self.folder / f"{name}.log"
        return path.read_text() if path.exists() else ""

    def office(self, seed: int) -> Office:
        """People at its door."""
        return Office([self.port], self.tokens, random.Random(seed))

    def files(self, number: int) -> Iterator[Path]:
        """So many deliveries of persons whom no other has."""
        return (delivered(self.folder, place, ROWS) for place in range(number))

    def findings(self) -> list[Any]:
        """What `rni verify` says once everybody is at rest."""
        return found_by_verify(self.installation)

    def compare(self, office: Office, loads: int) -> None:
        """What the people were told stands there, once."""
        engine = make_engine(self.installation.database_url)
        try:
            settings = Settings(database_url=self.installation.database_url, data_dir=self.installation.data_dir)
            nothing_twice_nothing_lost(engine, settings, office.told, loads, ROWS)
        finally:
            engine.dispose()


@contextmanager
def house(database_url: str, tokens: Mapping[str, str], folder: Path) -> Iterator[House]:
    """Its processes, until the end."""
    made = House(Installation(database_url, folder / "data"), tokens, folder)
    try:
        made.start()
        yield made
    finally:
        for machine in made.machines:
            machine.stop()
