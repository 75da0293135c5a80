"""Cases that were closed long ago, with one row at least in every table that a dossier has, made by real people."""

import hashlib
import io
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Engine
from sqlmodel import Session, select

from service.access import Access
from service.db import session_scope
from service.files import storage
from service.settings import Settings
from signals.models import Signal
from tests import factories
from tests.service.conftest import AMSTERDAM, ROTTERDAM
from workflow import legal_holds
from workflow.models import Case, Document
from workflow.phases import Phase, Role

RECEIVED = date(2026, 3, 2)
CLOSED = date(2026, 4, 13)
"""The day on which the factories close a case that was received on RECEIVED."""
NOW = datetime(2037, 6, 1, 10, 0, tzinfo=AMSTERDAM)
"""When the dossiers of those cases had their time."""
BSN, NAME = "999990019", "Krzyzanowska"
DOCUMENT = b"een verklaring van mevrouw Krzyzanowska"


def closed_case(session: Session, bsn: str = BSN, received: date = RECEIVED, **columns: Any) -> Case:
    """A case that real people walked to its end, 42 days after it was received."""
    given = {"gemeentecode": ROTTERDAM, "geslachtsnaam": NAME, **columns}
    return factories.case_at(session, Phase.AFGESLOTEN, received, bsn=bsn, **given)


def put_aside(session: Session, bsn: str = BSN, received: date = RECEIVED, **columns: Any) -> Case:
    """A case that was not taken up, closed a day after it was received: it can be reopened."""
    given = {"gemeentecode": ROTTERDAM, "geslachtsnaam": NAME, **columns}
    case = factories.new_case(session, received, bsn=bsn, **given)
    anna = factories.desk(
        factories.person("anna", factories.Role.BEHANDELAAR, code=case.gemeentecode), received + timedelta(days=1)
    )
    factories.take(session, case, "wijs_toe", anna, behandelaar="anna")
    factories.take(session, case, "niet_oppakken", anna, reden="capaciteit")
    return case


def with_document(session: Session, settings: Settings, case: Case, content: bytes = DOCUMENT) -> Document:
    """A document of which the bytes lie in the data directory."""

    path = storage.keep(settings, io.BytesIO(content), storage.DOCUMENTS)
    assert case.id is not None
    document = Document(
        zaak_id=case.id,
        gemeentecode=case.gemeentecode,
        vastgelegd_op=RECEIVED,
        tijdstip=factories.at(RECEIVED),
        door="anna",
        omschrijving="verklaring",
        soort="anders",
        datum=RECEIVED,
        sha256=hashlib.sha256(content).hexdigest(),
        bestand=path.name,
        bestandsnaam="verklaring.txt",
        mediatype="text/plain",
        omvang=len(content),
    )
    session.add(document)
    session.flush()
    return document


def make(engine: Engine, settings: Settings, count: int = 1, **columns: Any) -> list[str]:
    """So many closed cases, each of another person and with a document; their numbers."""
    numbers = []
    for place in range(count):
        with session_scope(engine, Access.system()) as session:
            case = closed_case(session, PEOPLE[place % len(PEOPLE)], RECEIVED + timedelta(days=7 * place), **columns)
            with_document(session, settings, case, DOCUMENT + str(place).encode())
            numbers.append(case.zaaknummer)
    return numbers


def _passes(number: int) -> bool:
    digits = [int(sign) for sign in f"{number:09d}"]
    return sum(w * d for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11 == 0


PEOPLE = [str(number) for number in range(999_990_000, 999_991_000) if _passes(number)]
"""Numbers of persons that do not exist."""


def change(engine: Engine, nummer: str, of: Callable[[Session, Case], object]) -> None:
    """Something happens to a case."""
    with session_scope(engine, Access.system()) as session:
        of(session, session.exec(select(Case).where(Case.zaaknummer == nummer)).one())


def hold(session: Session, case: Case) -> None:
    """A teamleider of its municipality places a bewaarplicht on it."""
    tess = factories.desk(factories.person("tess", Role.TEAMLEIDER, code=case.gemeentecode), NOW.date())
    legal_holds.place(session, case, tess, {"reden": "Beroep bij de rechtbank."})


def numbers(engine: Engine) -> list[str]:
    """The cases that are there."""
    with session_scope(engine, Access.system(), write=False) as session:
        return sorted(session.exec(select(Case.zaaknummer)))


def signals(engine: Engine) -> int:
    """How many signals are there."""
    with session_scope(engine, Access.system(), write=False) as session:
        return len(session.exec(select(Signal.id)).all())


def later(**delta: float) -> datetime:
    """A moment after the one of the tests."""
    return NOW + timedelta(**delta)
