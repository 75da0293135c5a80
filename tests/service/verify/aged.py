"""The same installation years later: of every kind what had its time was destroyed, by two people and the clock."""

import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlalchemy import Engine

from service import process
from service.db import make_engine, session_scope
from service.loading import uploads
from service.log import chain
from service.retention import carrying_out, lists
from service.settings import Settings
from service.verify.looking import Finding
from signals.errors import Refused
from tests.databases import Databases
from tests.factories import ZONE
from tests.service.verify.lived import SYSTEM, TOWNS, Lived, found_in
from workflow.actors import Actor
from workflow.phases import Role
from workflow.retention_models import Soort

AFTER_FACTS = datetime(2028, 1, 10, 10, tzinfo=ZONE)
LATER = datetime(2037, 6, 1, 10, tzinfo=ZONE)
FIRST, SPARED = ("0599", "1783", "0983"), "0268"
"""Whose dossiers go while the files in which they were told are still kept; whose stay."""


@dataclass(frozen=True)
class Aged:
    """What is left, and what a verification said after each stage on the way."""

    lived: Lived
    stages: Mapping[str, list[Finding]] = field(default_factory=dict)
    destroyed: Mapping[str, int] = field(default_factory=dict)


def grow_old(lived: Lived, databases: Databases, folder: Path) -> Aged:
    """A copy in which every kind is destroyed, some dossiers before the files that tell of them."""
    url = databases.copy(lived.url)
    shutil.copytree(lived.data_dir, folder / "data")
    settings = Settings(database_url=url, data_dir=folder / "data", environment="demo")
    process.begin(settings)
    engine = make_engine(url)
    stages: dict[str, list[Finding]] = {}
    destroyed: dict[str, int] = {}
    for name, soort, codes, now in (
        ("signaalgegevens", Soort.SIGNAALGEGEVENS, tuple(TOWNS), AFTER_FACTS),
        ("dossiers voor bestanden", Soort.DOSSIERS, FIRST, LATER),
        ("bestanden", Soort.BESTANDEN, ("",), LATER),
        ("logboek", Soort.LOGBOEK, ("",), LATER),
        ("overige dossiers", Soort.DOSSIERS, tuple(code for code in TOWNS if code != SPARED), LATER),
    ):
        destroyed[name] = sum(destroy(engine, settings, soort, code, now) for code in codes)
        uploads.sweep(engine, settings, now)
        chain.seal(engine, settings.data_dir, now, everything=True)
        stages[name] = found_in(settings, now)[1]
    engine.dispose()
    return Aged(Lived(url, settings.data_dir), stages, destroyed)


def destroy(engine: Engine, settings: Settings, soort: Soort, code: str, now: datetime) -> int:
    """A list of all that is due, from proposal to verklaring; gives how many lines went."""
    bea, bep = (Actor(name, {Role.BEHEERDER: None}) for name in ("bea", "bep"))
    try:
        with session_scope(engine, SYSTEM) as session:
            number = lists.propose(session, bea, now, settings.zone, soort, code).nummer
    except Refused:
        return 0
    with session_scope(engine, SYSTEM) as session:
        lists.approve(session, lists.find(session, bep, number, lock=True), bep, now)
    with session_scope(engine, SYSTEM) as session:
        lists.start(session, lists.find(session, bea, number, lock=True), bea, now)
    done = carrying_out.carry_out(engine, settings, number, now, "test")
    assert done.klaar and not done.afgevallen, done
    return done.vernietigd
