"""Feedback that UWV refuses in part and that is sent again, by commands and files, in the order of real life."""

import csv
import hashlib
import io
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from exports.stands import CATEGORIES
from service.access import Access
from service.db import make_engine, session_scope
from service.identity import accounts
from tests.databases import Databases
from tests.exports.by_hand import Row, line_by_hand, replayed, stands_by_hand
from tests.factories import NIJMEGEN, desk, person, take
from tests.serving import Installation
from workflow.models import Case
from workflow.phases import Role

SAMPLE = Path(__file__).parent.parent / "samples" / "demo" / "LRNI-2026-07.csv"
NOW_DAY = date(2026, 9, 14)


@pytest.fixture
def installation(databases: Databases, tmp_path: Path) -> Installation:
    made = Installation(databases.new(), tmp_path)
    made.run("db", "upgrade")
    return made


class Circle:
    """What is told, and the reconciliation after each step, kept to be shown."""

    def __init__(self, installation: Installation, out: Path) -> None:
        self.installation, self.out = installation, out
        self.table: list[tuple[str, Mapping[str, int]]] = []
        self.files: dict[str, list[Row]] = {}

    def note(self, moment: str) -> Mapping[str, int]:
        """The reconciliation of this moment, as the figures tell it."""
        counted = self.installation.json("figures", "werksessie")["cijfers"]
        stand: Mapping[str, int] = counted["afstemming"]
        assert tuple(stand) == CATEGORIES and sum(stand.values()) == counted["geaccepteerd"]
        self.table.append((moment, stand))
        return stand

    def make(self) -> tuple[str, list[Row]]:
        """The next delivery, and the rows of its file."""
        made: Any = self.installation.json("feedback", "make", "--out", self.out, "--as", "coen")
        number: str = made["terugkoppelingsnummer"]
        content = self.file(self.out, number)
        told = next(one["sha256"] for one in made["bestanden"] if one["pad"].endswith(".csv"))
        assert hashlib.sha256(content).hexdigest() == told
        self.files[number] = list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=";"))
        return number, self.files[number]

    def file(self, folder: Path, number: str) -> bytes:
        (path,) = folder.glob(f"terugkoppeling-{number}-*.csv")
        return path.read_bytes()

    def run(self, *words: str, by: str, exits: int = 0) -> str:
        return self.installation.run("feedback", *words, "--as", by, exits=exits)

    def shown(self) -> str:
        """The table, a line for each moment."""
        heads = ("moment", *(name.replace("_", " ") for name in CATEGORIES), "samen")
        lines = [
            (moment, *(str(stand[name]) for name in CATEGORIES), str(sum(stand.values())))
            for moment, stand in self.table
        ]
        return "\n".join("| " + " | ".join(line) + " |" for line in (heads, ("---",) * len(heads), *lines))


def cases_of(session: Session) -> list[Case]:
    mine = select(Case).where(Case.gemeentecode == NIJMEGEN).order_by(col(Case.id))
    return list(session.exec(mine.limit(6)))


def work(engine: Engine) -> None:
    """Four cases end, in two the investigation begins."""
    handler = desk(person("anna", Role.BEHANDELAAR), NOW_DAY)
    with session_scope(engine, Access.system()) as session:
        for place, case in enumerate(cases_of(session)):
            take(session, case, "wijs_toe", handler)
            if place < 2:
                take(session, case, "niet_oppakken", handler, reden="capaciteit")
            elif place < 4:
                take(session, case, "stel_vast_overleden", handler, bron="akte", datum=NOW_DAY.isoformat())
            else:
                take(session, case, "start_vooronderzoek", handler)
                take(session, case, "start_onderzoek", handler, reden="werkt hier")


def reopen_first(engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        decider = desk(person("carla", Role.BESLISSER), NOW_DAY)
        take(session, cases_of(session)[0], "heropen", decider, reden="er is weer ruimte")


def test_what_uwv_refuses_is_told_again_and_what_stood_is_not(installation: Installation, tmp_path: Path) -> None:
    engine = make_engine(installation.database_url)
    with session_scope(engine, Access.system()) as session:
        now = desk(person("x"), NOW_DAY).now
        for name, role in (("ulla", "uwv_liaison"), ("coen", "coordinator")):
            accounts.create_user(session, name, accounts.role_given(role), now=now)
    installation.json("load", SAMPLE, "--received", "2026-09-01", "--as", "ulla", exits=3)
    circle = Circle(installation, tmp_path / "uit")
    assert circle.note("geladen")["nog_niets"] == 222

    work(engine)
    assert circle.note("zes zaken beantwoord")["nu_te_vertellen"] == 6
    first, rows = circle.make()
    assert [row["soort"] for row in rows].count("resultaat") == 4
    circle.run("sent", first, by="coen")
    assert circle.note(f"{first} verzonden")["onderweg"] == 6
    circle.run("received", first, "--reference", "UWV-2026-1", by="ulla")
    assert circle.note(f"{first} ontvangen")["resultaat_verteld"] == 4

    # of one that ended, and of one in which the investigation began
    no_result = next(row["volgnummer"] for row in rows if row["soort"] == "eerste_antwoord")
    with_result = [row["volgnummer"] for row in rows if row["soort"] == "resultaat"][-1]
    chosen = f"{with_result},{no_result}"
    circle.run("refused", first, "--reason", "bsn bij UWV onbekend", "--rows", chosen, by="ulla")
    assert circle.note(f"{first}: regels {chosen} geweigerd")["nu_te_vertellen"] == 2
    circle.run("refused", first, "--reason", "nog eens", "--rows", with_result, by="ulla", exits=4)
    reopen_first(engine)
    assert circle.note("een vertelde zaak heropend")["nu_te_vertellen"] == 3

    second, again = circle.make()
    by_kind = {row["soort"]: row for row in again}
    assert sorted(row["soort"] for row in again) == ["correctie", "eerste_antwoord", "resultaat"]
    refused = {row["signaalnummer"] for row in rows if row["volgnummer"] in (no_result, with_result)}
    assert {by_kind[kind]["signaalnummer"] for kind in ("eerste_antwoord", "resultaat")} == refused
    corrected = next(row for row in rows if row["signaalnummer"] == by_kind["correctie"]["signaalnummer"])
    assert by_kind["correctie"]["vervangt"] == f"{first}/{corrected['volgnummer']}"
    assert by_kind["correctie"]["resultaat"] == "" and corrected["resultaat"] == "niet_onderzocht"
    circle.run("sent", second, by="coen")
    assert circle.note(f"{second} verzonden")["onderweg"] == 3
    circle.run("received", second, "--reference", "UWV-2026-2", by="ulla")
    stand = circle.note(f"{second} ontvangen")
    assert (stand["resultaat_verteld"], stand["alleen_eerste_antwoord"], stand["nog_niets"]) == (3, 3, 216)

    number = corrected["volgnummer"]
    why_not = circle.run("refused", first, "--reason", "te laat", "--rows", number, by="ulla", exits=4)
    assert circle.note("een vervangen regel weigeren mag niet") == stand, why_not
    assert installation.json("feedback", "make", "--as", "coen")["regels"] == 0
    circle.run("again", first, "--out", str(tmp_path / "nogmaals"), by="coen")
    assert circle.file(tmp_path / "nogmaals", first) == circle.file(tmp_path / "uit", first)
    print(circle.shown())
    holds(engine, circle, {(first, int(no_result)), (first, int(with_result))})


def holds(engine: Engine, circle: Circle, refused: set[tuple[str, int]]) -> None:
    """The two files, without the lines that were refused, tell the stand of every signal."""
    last = replayed(circle.files, refused, circle.files)
    with session_scope(engine, Access.system(), write=False) as session:
        stands = stands_by_hand(session, ())
    assert len(last) == 6 and len(stands) == 222
    assert all(line_by_hand(stand, last.get(number)) is None for number, stand in stands.items())
    engine.dispose()
