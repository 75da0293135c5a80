from datetime import date

import pytest
from sqlalchemy import Engine, delete, exists, func, insert, literal_column, text, union_all, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, select

from service.access import Access, NoAccess, owned_tables
from service.db import session_scope
from service.models import User
from signals.base import ACROSS
from signals.models import Signal
from workflow.actors import Actor
from workflow.models import Case, CaseTask, Source
from workflow.phases import Herkomst, Phase, Role

from .conftest import NOW, ROTTERDAM, VENLO, access

DAY = date(2026, 7, 1)
"""One case in each of two municipalities, with the same person and a source, and one signal in each."""


def case(number: int, code: str) -> Case:
    return Case(
        id=number,
        zaaknummer=f"Z-{number}",
        gemeentecode=code,
        fase=Phase.ONTVANGEN,
        herkomst=Herkomst.SIGNAAL,
        grondslag="LAA_2_37",
        datum_ontvangst=DAY,
        geopend_op=DAY,
        bsn="999900018",
        geslachtsnaam="Jansen",
        geboortedatum="19800101",
        huisnummer=1,
        adressleutel="3011AA1",
        adresbron="UWV",
        adres_vanaf=DAY,
    )


def signal(number: int, code: str) -> Signal:
    return Signal(
        id=number,
        signaalnummer=f"S{number}",
        leveringsnummer="LRNI-2026-01",
        load_id=1,
        regel=number,
        datum_ontvangst=DAY,
        datum_signaal=DAY,
        grondslag="LAA_2_37",
        bsn="999900018",
        geslachtsnaam="Jansen",
        geboortedatum="19800101",
        gemeentecode=code,
        gemeentecode_geleverd=code,
        huisnummer=1,
        adressleutel="3011AA1",
        adresbron="UWV",
        aanleiding="UITKERING",
        datum_vanaf=DAY,
        inhoud="x",
    )


def source(number: int, code: str) -> Source:
    return Source(
        id=number,
        gemeentecode=code,
        zaak_id=number,
        vastgelegd_op=DAY,
        tijdstip=NOW,
        door="anna",
        soort="brp",
        datum=DAY,
        bevinding="niets",
    )


@pytest.fixture
def two(engine: Engine) -> Engine:
    load = {
        "id": 1,
        "ladingnummer": "L-1",
        "status": "geladen",
        "bestandsnaam": "a.csv",
        "sha256": "0" * 64,
        "datum_ontvangst": DAY,
        "aangeboden_op": NOW,
        "door": "ulla",
    }
    with session_scope(engine, Access.system()) as session:
        session.execute(
            insert(Signal.metadata.tables["load"]).values(
                bytes=0,
                geleverd=0,
                geaccepteerd=0,
                gewijzigd=0,
                ingetrokken=0,
                dubbel=0,
                afgekeurd=0,
                zaken=0,
                redenen={},
                waarschuwingen={},
                seconden=0,
                **load,
            )
        )
        for number, code in ((1, ROTTERDAM), (2, VENLO)):
            session.add_all([signal(number, code), case(number, code)])
            session.flush()
            session.add(source(number, code))
    return engine


other = aliased(Case)
both = union_all(select(Case.id), select(Case.id)).subquery()
SEEN_BY_ANNA = {
    "rows": (select(Case.id), [1]),
    "columns of a class": (select(Case.zaaknummer).where(Case.id == 2), []),
    "an alias": (select(other.id), [1]),
    "a join with itself": (select(other.id).join_from(Case, other, other.id != Case.id), []),
    "an outer join": (select(other.id).join_from(Case, other, other.id != Case.id, isouter=True), [None]),
    "a join from a free table": (select(Case.id).join_from(User, Case, Case.id > 0).distinct(), [1]),
    "a join of two owned tables": (select(Source.id).join(Case, Case.id != Source.zaak_id), []),
    "a count": (select(func.count()).select_from(Case), [1]),
    "a count of a column": (select(func.count(Case.id)), [1]),
    "a count with a limit": (select(func.count()).select_from(select(Case.id).limit(9).subquery()), [1]),
    "an aggregate": (select(func.max(Case.id)), [1]),
    "an EXISTS": (select(exists(select(Case.id).where(Case.id == 2))), [False]),
    "an EXISTS about another class": (select(User.id).where(exists().where(Case.id == 2)), []),
    "a subquery": (select(select(Case).subquery().c.id), [1]),
    "an IN": (select(Source.id).where(Source.zaak_id.in_(select(Case.id))), [1]),
    "a scalar subquery": (select(select(func.count(Case.id)).scalar_subquery()), [1]),
    "a CTE": (select(select(Case.id).cte().c.id), [1]),
    "a union": (union_all(select(Case.id), select(Case.id)), [1, 1]),
    "a union as a subquery": (select(both.c.id), [1, 1]),
    "a dossier table": (select(Source.id), [1]),
    "signals": (select(Signal.id), [1]),
}


@pytest.mark.parametrize("way", SEEN_BY_ANNA)
def test_a_handler_sees_her_own_municipality_in(two: Engine, way: str) -> None:
    statement, expected = SEEN_BY_ANNA[way]
    with session_scope(two, access(two, "anna"), write=False) as session:
        assert [row[0] for row in session.execute(statement)] == expected


@pytest.mark.parametrize("way", SEEN_BY_ANNA)
def test_the_same_statement_gives_the_next_one_asking_only_his_own(two: Engine, way: str) -> None:
    """Compiled statements are kept and used again: the municipality must not be kept with them."""
    statement, _ = SEEN_BY_ANNA[way]
    with session_scope(two, access(two, "anna"), write=False) as session:
        session.execute(statement).all()
    with session_scope(two, Access.of(Actor("niemand")), write=False) as session:
        seen = [row[0] for row in session.execute(statement)]
    assert not any(seen)


def test_who_works_in_two_municipalities_sees_both(two: Engine) -> None:
    """And nothing of a third: their codes are a list, one code is not."""
    for codes, seen in (({ROTTERDAM, VENLO}, [1, 2]), ({VENLO, "0001"}, [2]), ({"0001", "0002"}, [])):
        actor = Actor("gerda", {Role.BEHANDELAAR: frozenset(codes)})
        with session_scope(two, Access.of(actor), write=False) as session:
            assert session.exec(select(Case.id).order_by(Case.id)).all() == seen
            assert session.exec(select(other.id).order_by(other.id)).all() == seen


def test_no_table_has_a_relationship() -> None:
    """SQLAlchemy can join one by itself, after rows were chosen."""
    assert not [mapper for mapper in Case._sa_registry.mappers if mapper.relationships]


def test_get_finds_nothing_of_another_municipality(two: Engine) -> None:
    with session_scope(two, access(two, "anna"), write=False) as session:
        assert session.get(Case, 1) is not None
        assert session.get(Case, 2) is None


def test_refreshing_a_row_does_not_widen_what_is_seen(two: Engine) -> None:
    with session_scope(two, access(two, "anna"), write=False) as session:
        mine = session.get(Case, 1)
        assert mine is not None
        session.expire(mine)
        assert mine.zaaknummer == "Z-1"


def test_bulk_changes_touch_the_own_municipality_only(two: Engine) -> None:
    with session_scope(two, access(two, "anna")) as session:
        assert session.execute(update(Case).values(behandelaar="anna")).rowcount == 1
        assert session.execute(update(Case).where(Case.id == 2).values(behandelaar="anna")).rowcount == 0
        assert session.execute(delete(Source)).rowcount == 1
    with session_scope(two, Access.system(), write=False) as session:
        assert session.exec(select(Case.behandelaar).order_by(Case.id)).all() == ["anna", None]
        assert session.exec(select(Source.id)).all() == [2]


@pytest.mark.parametrize(
    "statement",
    [
        text("SELECT * FROM zaak"),
        select(Case.__table__),
        select(func.count()).select_from(Case.__table__),
        insert(Case.__table__).from_select(["id"], select(Case.__table__.c.id)),
        select(exists().where(Case.id == 2)),
        select(Case.id).where(exists(select(Case.__table__.c.id).where(Case.__table__.c.id == 2))),
        select(Case.id).where(Case.id.in_(select(Case.__table__.c.id))),
        select(User.id, Case.__table__.c.bsn),
        select(User.id).join(Case.__table__, Case.__table__.c.id > 0),
        select(User.id).where(text("EXISTS (SELECT 1 FROM zaak WHERE id = 2)")),
        union_all(select(Case.id), select(Case.__table__.c.id)),
        select(User.id, func.count()).select_from(Case.__table__),
        select(User.id, literal_column("(SELECT max(bsn) FROM zaak)")),
        update(User).where(exists(select(Case.__table__.c.id))).values(emailadres=""),
        select(Case).from_statement(text("SELECT * FROM zaak")),
        select(Case).from_statement(select(Case.__table__)),
    ],
    ids=str,
)
def test_what_the_criteria_cannot_reach_is_refused(two: Engine, statement) -> None:
    with session_scope(two, access(two, "anna")) as session, pytest.raises(NoAccess):
        session.execute(statement)


def test_a_session_that_nobody_gave_access_raises(two: Engine) -> None:
    with Session(two) as session, pytest.raises(NoAccess):
        session.exec(select(User.id)).all()


def test_the_workflow_can_say_that_one_statement_looks_across(two: Engine) -> None:
    with session_scope(two, access(two, "anna"), write=False) as session:
        assert session.exec(select(Case.id).execution_options(**ACROSS).order_by(Case.id)).all() == [1, 2]
        assert session.exec(select(Case.id)).all() == [1]


@pytest.mark.parametrize(
    ("who", "cases", "signals"),
    [
        ("anna", [1], [1]),
        ("bram", [1], [1]),
        ("carla", [1], [1]),
        ("tess", [1], [1]),
        ("dirk", [2], [2]),
        ("ulla", [], [1, 2]),
        ("coen", [], []),
        ("bea", [], []),
        ("aad", [], []),
    ],
)
def test_what_each_role_sees(two: Engine, who: str, cases: list[int], signals: list[int]) -> None:
    with session_scope(two, access(two, who), write=False) as session:
        assert session.exec(select(Case.id).order_by(Case.id)).all() == cases
        assert session.exec(select(Source.id).order_by(Source.id)).all() == cases
        assert session.exec(select(Signal.id).order_by(Signal.id)).all() == signals


def test_the_liaison_sees_no_table_of_a_case(two: Engine) -> None:
    with session_scope(two, access(two, "ulla"), write=False) as session:
        seen = {table.__name__ for table in owned_tables() if session.exec(select(table)).first() is not None}
    assert seen == {"Signal"}


def test_every_table_of_a_case_is_owned() -> None:
    named = {table.__name__ for table in owned_tables()}
    assert {"Case", "CaseEvent", "Letter", "Visit", "Signal", "FeedbackRow", CaseTask.__name__} <= named
    free = {
        mapper.class_.__name__
        for mapper in Case.__table__.metadata and Case._sa_registry.mappers
        if "zaak_id" in mapper.columns and mapper.class_ not in owned_tables()
    }
    assert free == set()


def test_a_role_for_the_whole_project_sees_everything(two: Engine) -> None:
    with session_scope(two, Access.of(Actor("opdrachtregel:iemand", {Role.BEHANDELAAR: None})), write=False) as session:
        assert session.exec(select(Case.id).order_by(Case.id)).all() == [1, 2]
