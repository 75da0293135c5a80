"""An installation in which a great deal happened through its own doors, and whoever comes in beside them."""

import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from exports.models import FeedbackDelivery, FeedbackFile
from service import installation, process
from service.access import Access
from service.connector_models import MessageState, RegisterCase, RegisterState, Subscription, SubscriptionMessage
from service.db import make_engine, session_scope, upgrade
from service.demo.stories import Act
from service.demo.walk import Demo
from service.files import storage
from service.identity import accounts, passwords
from service.loading import deliveries, uploads
from service.log import audit, chain
from service.models import ClockDay, Mail, MailState, Shipment, ShipmentState, User, Work, WorkKind, WorkState
from service.settings import Settings
from service.verify.looking import Finding
from service.verify.running import Verdict, verify
from tests import authenticator
from tests.databases import Databases, plain_address
from tests.factories import ZONE
from tests.importers.deliveries import row, write_csv
from tests.importers.processes import BSNS
from tests.postgres import as_owner, as_superuser
from workflow import moves, prepared_letters
from workflow.actors import Desk
from workflow.models import Case, Document
from workflow.phases import Phase

TODAY = date(2026, 11, 17)
NOW = datetime(2026, 11, 18, 10, tzinfo=ZONE)
LONG_AGO = datetime(2004, 5, 3, 9, tzinfo=ZONE)
SYSTEM = Access.system()
NIJMEGEN = "0268"
CASES = 60
"""So many have a story; the others wait untouched."""


@dataclass(frozen=True)
class Lived:
    """A database with its files, made once and copied for each test."""

    url: str
    data_dir: Path

    def settings(self, url: str, folder: Path) -> Settings:
        """Those of a copy: the files are copied along."""
        shutil.copytree(self.data_dir, folder)
        return Settings(database_url=url, data_dir=folder, environment="demo")


class Story(Demo):
    """The demonstration with some of its cases, which shows nothing."""

    def plan(self) -> Iterator[tuple[Act, int]]:
        """Each of the stories once or more: what makes them takes the time."""
        return ((act, case_id) for act, case_id in super().plan() if case_id <= CASES)

    def show(self) -> None:
        """What it would print and write is not looked at."""


def live(databases: Databases, folder: Path) -> Lived:
    """The demonstration, and after it what that leaves out: an upload that waits, a load undone, work, settings."""
    url = databases.new()
    upgrade(url, as_owner(url))
    settings = Settings(database_url=url, data_dir=folder / "data", environment="demo")
    process.begin(settings)
    _log_of_long_ago(url, settings)
    demo = Story(settings, TODAY, StringIO())
    with patch.object(passwords, "hashed", cache(passwords.hashed)):  # of the one password of all of them
        demo.run()
    demo.engine.dispose()
    engine = make_engine(url)
    _load_and_undo(engine, settings, folder)
    _work_on_cases(engine)
    _arrange(engine, settings)
    _look_into_cases(engine, settings)
    engine.dispose()
    return Lived(url, settings.data_dir)


def _log_of_long_ago(url: str, settings: Settings) -> None:
    """Two chains that begin with what is past its term by any clock, that of the database too."""
    engine = make_engine(url)
    for place in range(4):
        moment = LONG_AGO + timedelta(days=place)
        with session_scope(engine, SYSTEM) as session:
            number = f"Z-2004-000000{place}"
            audit.record(session, "zaak_geopend", number, moment, gemeentecode=NIJMEGEN, about=())
            audit.record(session, "aanmelden", "anna.nijmegen", moment)
        chain.seal(engine, settings.data_dir, moment, everything=True)
    engine.dispose()


def _kept(settings: Settings, path: Path) -> Path:
    with path.open("rb") as stream:
        return storage.keep(settings, stream)


def _load_and_undo(engine: Engine, settings: Settings, folder: Path) -> None:
    fresh = [row(signaalnummer=f"V-{bsn}", bsn=bsn, gemeentecode=NIJMEGEN) for bsn in BSNS[-2:]]
    path = write_csv(folder / "fris.csv", fresh)
    done = uploads.load_file(engine, SYSTEM, _kept(settings, path), path.name, received=TODAY, now=NOW)
    assert done.zaken == 2
    uploads.undo(engine, SYSTEM, done.ladingnummer, NOW)
    again = write_csv(folder / "blijft.csv", [*fresh, row(signaalnummer="V-fout", huisnummer="nul")])
    uploads.load_file(engine, SYSTEM, _kept(settings, again), again.name, received=TODAY, now=NOW)
    with session_scope(engine, SYSTEM) as session:
        waits = write_csv(folder / "wacht.csv", [row(signaalnummer="W-1", bsn=BSNS[-3], gemeentecode=NIJMEGEN)])
        deliveries.offer(session, settings, SYSTEM, _kept(settings, waits), waits.name, received=TODAY, now=NOW)
    refused = folder / "geen.csv"
    refused.write_text("dit is geen levering\n")
    uploads.load_file(engine, SYSTEM, _kept(settings, refused), refused.name, received=TODAY, now=NOW)


def _work_on_cases(engine: Engine) -> None:
    """A hold that ended, a letter that waits for the post, and a case handed over with what lies in it."""
    with session_scope(engine, SYSTEM) as session:
        held = session.exec(select(Case).where(col(Case.aangehouden_sinds).is_not(None))).first()
        assert held is not None
        moves.take(
            session,
            held,
            "hervat",
            _desk(session, held),
            versie=held.versie,
            gegevens={"reden": "De IND gaf antwoord."},
        )
        mine = select(Case).where(Case.fase == Phase.VOORONDERZOEK, col(Case.behandelaar).is_not(None))
        waiting = session.exec(mine.order_by(col(Case.id))).first()
        assert waiting is not None
        desk = _desk(session, waiting)
        prepared_letters.prepare(session, waiting, "verstuur_aanschrijving", desk, versie=waiting.versie, gegevens={})
        with_file = select(Document.zaak_id).where(col(Document.bestand).is_not(None))
        evidenced = session.exec(select(Case).where(col(Case.id).in_(with_file), Case.fase == Phase.HUISBEZOEK)).first()
        assert evidenced is not None
        there = next(code for code in TOWNS if code != evidenced.gemeentecode)
        asked = {"gemeentecode": there, "reden": "Woont daar."}
        moves.take(session, evidenced, "draag_over", _desk(session, evidenced), versie=evidenced.versie, gegevens=asked)


TOWNS = {
    "0599": "rotterdam",
    "1783": "westland",
    "0983": "venlo",
    "1507": "horstaandemaas",
    "0268": "nijmegen",
    "0050": "zeewolde",
}


def _desk(session: Session, case: Case) -> Desk:
    """That of the handler of the municipality."""
    user = accounts.find_user(session, f"anna.{TOWNS[case.gemeentecode]}")
    return accounts.desk(session, accounts.actor_of(session, user, TODAY), NOW)


def _arrange(engine: Engine, settings: Settings) -> None:
    """What a beheerder lays down, and what machines did."""
    with session_scope(engine, SYSTEM) as session:
        for value, day in (("15", date(2026, 10, 1)), ("16", date(2026, 12, 1))):
            installation.set_value(session, "termijn_aanschrijving_dagen", value, NIJMEGEN, "het college", day, NOW)
        installation.add_basis(session, "LAA_2_37", "artikel", "de minister", date(2026, 1, 1), date(2026, 7, 1), NOW)
        installation.add_basis(session, "LAA_2_37", "artikel", "de minister", date(2026, 7, 1), None, NOW)
        for code in ("0268", "0599"):
            installation.add_participant(session, code, "de stuurgroep", date(2026, 1, 1), None, NOW)
        authenticator.link_all(session, ["anna.nijmegen"])
        accounts.make_token(session, "ulla", now=NOW, life=timedelta(days=30))
        told = session.exec(select(FeedbackDelivery).order_by(col(FeedbackDelivery.id))).first()
        assert told is not None
        made = select(FeedbackFile).where(FeedbackFile.terugkoppeling_id == told.id, FeedbackFile.soort == "csv")
        file = session.exec(made).one()
        session.add(
            Shipment(
                terugkoppeling_id=file.terugkoppeling_id,
                soort="csv",
                staat=ShipmentState.BEZORGD,
                gevraagd_op=NOW,
                gevraagd_door="coen",
                niet_voor=NOW,
                bezorgd_op=NOW,
                naam=file.naam,
                sha256=file.sha256,
            )
        )
        session.add(
            Mail(
                soort="dagbericht",
                ontvanger="anna.nijmegen",
                dag=TODAY,
                adres="anna@example.nl",
                onderwerp="Vandaag",
                tekst="Er wacht werk.",
                staat=MailState.VERZONDEN,
                gemaakt_op=NOW,
                niet_voor=NOW,
                verzonden_op=NOW,
            )
        )
        _connect(session)
        session.add(
            Work(
                sleutel="klaar",
                soort=WorkKind.LADEN,
                ladingnummer="LD-2026-000001",
                door="ulla",
                herkomst="test",
                gevraagd_op=NOW,
                staat=WorkState.KLAAR,
                klaar_op=NOW,
            )
        )


def _connect(session: Session) -> None:
    """A subscriber that was told, a case that the zaaksysteem knows, and what the clock noted."""
    line = Subscription(
        gemeentecode=NIJMEGEN,
        adres="https://hoort.example/rni",
        soorten="zaak.geopend",
        geheim="whsec_geheim",
        niet_voor=NOW,
        vastgelegd_op=NOW,
        vastgelegd_door="bea",
    )
    session.add_all([line, ClockDay(taak="herinneringen", dag=TODAY)])
    case = session.exec(select(Case).where(Case.versie > 2).order_by(col(Case.id))).first()
    session.flush()
    assert case is not None and case.id is not None and line.id is not None
    session.add(
        SubscriptionMessage(
            abonnement_id=line.id,
            gemeentecode=NIJMEGEN,
            kenmerk=f"{case.zaaknummer}.1.zaak.geopend",
            soort="zaak.geopend",
            onderwerp=case.zaaknummer,
            tijdstip=NOW,
            staat=MessageState.BEZORGD,
            bezorgd_op=NOW,
        )
    )
    told = {"gevraagd": case.versie, "gebracht": case.versie, "staat": RegisterState.BIJ, "bijgewerkt_op": NOW}
    session.add(RegisterCase(zaak_id=case.id, gemeentecode=case.gemeentecode, niet_voor=NOW, **told))


def _look_into_cases(engine: Engine, settings: Settings) -> None:
    """As the pages do: an entry for each case that somebody opens; then the clock seals."""
    with session_scope(engine, SYSTEM, write=False) as session:
        numbers = session.exec(select(Case.zaaknummer).order_by(col(Case.id)).limit(6)).all()
        assert session.exec(select(User.id)).first()
    for number in numbers:
        with session_scope(engine, SYSTEM) as session:
            audit.record(session, "zaak_geopend", number, NOW, gemeentecode=NIJMEGEN)
    chain.seal(engine, settings.data_dir, NOW)
    with session_scope(engine, SYSTEM) as session:
        audit.record(session, "zaak_geopend", numbers[0], NOW, gemeentecode=NIJMEGEN)  # not sealed yet


def with_keys(settings: Settings, *keys: str) -> Settings:
    """The same installation with these secret keys, the newest first."""
    given = {"database_url": settings.database_url, "data_dir": settings.data_dir}
    return Settings(**given, environment="demo", secret_keys=",".join(keys))  # type: ignore[arg-type]  # as from outside


def found_in(settings: Settings, now: datetime = NOW) -> tuple[Verdict, list[Finding]]:
    """What a verification says of this installation."""
    process.begin(settings)
    engine = make_engine(settings.database_url)
    findings: list[Finding] = []
    try:
        return verify(engine, settings, SYSTEM, now, findings.append), findings
    finally:
        engine.dispose()


class Intruder:
    """Whoever may do everything in the database, past every guard of it; the guards stand again when he leaves."""

    def __init__(self, execute: Callable[[str, tuple[Any, ...]], Any], sqlite: bool) -> None:
        self._execute, self.sqlite = execute, sqlite

    def __call__(self, statement: str, *values: Any) -> None:
        """Carries out a statement; `?` for a value. It must touch something, or nothing was damaged."""
        done = self._execute(self._worded(statement), values)
        assert done.rowcount != 0, f"nothing was damaged by: {statement}"

    def one(self, statement: str, *values: Any) -> Any:
        """The first value of the first row."""
        found = self._execute(self._worded(statement), values).fetchone()
        assert found is not None, f"nothing there to damage: {statement}"
        return found[0]

    def _worded(self, statement: str) -> str:
        """As the driver has it."""
        return statement if self.sqlite else statement.replace("%", "%%").replace("?", "%s")


@contextmanager
def intruding(url: str) -> Iterator[Intruder]:
    """In one transaction, without foreign keys or triggers."""
    if not url.startswith("sqlite"):
        with psycopg.connect(plain_address(as_superuser(url))) as server:
            server.execute("SET session_replication_role = replica")
            yield Intruder(server.execute, sqlite=False)
        return
    file = sqlite3.connect(url.removeprefix("sqlite:///"))
    guards = file.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in guards:
        file.execute(f"DROP TRIGGER {name}")
    yield Intruder(file.execute, sqlite=True)
    for _, sql in guards:
        file.execute(sql)
    file.commit()
    file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    file.close()
