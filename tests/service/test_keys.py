"""Another key while people work: half-way everything is found and joined, and then the old key opens nothing."""

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, MetaData, text
from sqlmodel import col
from sqlmodel import select as select_rows

from importers.load import summary
from service import case_list, keys
from service.access import Access
from service.db import session_scope
from service.loading import uploads
from service.row_security import EVERYTHING
from signals.keyring import KeyUnknown, keyring, use_keys
from signals.models import RejectedRow, Signal
from tests.conftest import KEYS
from tests.factories import ANNA, desk, new_case
from workflow.case_file import CaseFile
from workflow.models import Case
from workflow.opening import open_case
from workflow.phases import Herkomst

from .conftest import NOW, access

pytestmark = pytest.mark.every_database

DEMO = Path(__file__).parents[1] / "samples" / "demo"
JULY, AUGUST = DEMO / "LRNI-2026-07.csv", DEMO / "LRNI-2026-08.csv"
NEW = b"een nieuwe sleutel van meer dan 32 tekens"

SYSTEM = Access.system()


class Killed(BaseException):
    """What a kill looks like from inside."""


def load(engine: Engine, path: Path, day: date) -> dict[str, Any]:
    done = uploads.load_file(engine, access(engine, "ulla"), path, path.name, received=day, now=NOW)
    return {name: value for name, value in summary(done).items() if name not in ("ladingnummer", "sha256", "seconden")}


def everything(engine: Engine) -> str:
    """Every value of every table as it lies there."""
    known = MetaData()
    known.reflect(engine)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        names = [name for name in known.tables if name != "alembic_version"]
        rows = [row for name in names for row in connection.execute(text(f'SELECT * FROM "{name}"'))]
    return "\n".join(str(bytes(one)) if isinstance(one, memoryview) else str(one) for row in rows for one in row)


def persons(engine: Engine) -> list[tuple[str, str, str]]:
    with session_scope(engine, SYSTEM, write=False) as session:
        cases = select_rows(Case.zaaknummer, Case.bsn, Case.geslachtsnaam).order_by(col(Case.zaaknummer))
        return [tuple(one) for one in session.exec(cases)]


def test_no_number_lies_readable_in_the_database(engine: Engine) -> None:
    load(engine, JULY, date(2026, 7, 6))
    delivered = {row["bsn"] for row in _delivered(JULY)}
    assert len(delivered) > 20
    lying = everything(engine)
    assert not [bsn for bsn in delivered if bsn in lying]
    with session_scope(engine, SYSTEM, write=False) as session:
        assert {one for one in session.exec(select_rows(Signal.bsn)) if one in delivered}
        assert session.exec(select_rows(RejectedRow)).first().cellen["signaalnummer"]
    if engine.dialect.name == "sqlite":
        files = Path(str(engine.url.database)).parent.glob("*.sqlite3*")
        assert not [bsn for file in files for bsn in delivered if bsn.encode() in file.read_bytes()]


def _delivered(path: Path) -> list[dict[str, str]]:
    heading, *lines = path.read_text(encoding="utf-8-sig").splitlines()
    rows = [dict(zip(heading.split(";"), line.split(";"), strict=False)) for line in lines]
    return [row for row in rows if len(row.get("bsn", "")) == 9]


def test_half_way_everything_is_found_and_joined(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    load(engine, JULY, date(2026, 7, 6))
    before = persons(engine)
    use_keys((NEW, *KEYS))
    monkeypatch.setattr(keys, "PIECE", 7)

    def kill(rows: int) -> None:
        if rows:
            raise Killed

    with pytest.raises(Killed):
        keys.rotate(engine, kill)
    assert 1 < len({one[:4] for one in _lying(engine, Signal) + _lying(engine, Case)}) == 2
    assert persons(engine) == before
    with session_scope(engine, access(engine, "anna"), write=False) as session:
        for number, bsn, _ in before:
            found = {one.zaaknummer for one in case_list.search(session, bsn=bsn)}
            mine = session.exec(select_rows(Case.id).where(Case.zaaknummer == number)).first()
            assert (number in found) == (mine is not None)
    told = load(engine, AUGUST, date(2026, 8, 3))  # changes, withdrawals and persons of July
    expected = json.loads(AUGUST.with_suffix(".expected.json").read_text())
    assert {name: told[name] for name in expected} == expected
    assert {one[:4] for one in _lying(engine, Case)} == {keyring().newest.mark}

    done = keys.rotate(engine)
    assert done["signal"] and not any(keys.rotate(engine).values())
    after = persons(engine)
    use_keys((NEW,))
    assert persons(engine) == after and set(before) <= set(after)
    use_keys(KEYS)
    with pytest.raises(KeyUnknown):
        persons(engine)


def _lying(engine: Engine, of: type[Case] | type[Signal]) -> list[str]:
    with engine.execution_options(**EVERYTHING).connect() as connection:
        return [row[0] for row in connection.execute(text(f"SELECT bsn FROM {of.__tablename__}"))]


def test_a_case_opened_meanwhile_brings_the_others_of_that_person_along(engine: Engine) -> None:
    with session_scope(engine, SYSTEM) as session:
        first = new_case(session)
        origin = first.id
    use_keys((NEW, *KEYS))
    with session_scope(engine, SYSTEM) as session:
        known = session.get_one(Case, origin)
        open_case(CaseFile(session, known), desk(ANNA), "opening", with_terms=False, herkomst=Herkomst.OVERDRACHT)
    assert {one[:4] for one in _lying(engine, Case)} == {keyring().newest.mark}
