"""Where much was destroyed nothing is found, at no stage of it; and what is not as it was left is found."""

import sqlite3

import pytest
from sqlmodel import col, select

from exports import feedback_2026_1
from service import process
from service.db import make_engine, session_scope
from service.loading import uploads
from service.log import chain
from service.settings import Settings
from tests import factories
from tests.service.verify.aged import LATER, Aged, destroy
from tests.service.verify.damages import Damage
from tests.service.verify.damages_of_destruction import DAMAGES
from tests.service.verify.lived import SYSTEM, TODAY, found_in, intruding
from tests.service.verify.trials import one_by_one
from workflow import legal_holds
from workflow.models import Case
from workflow.phases import Phase, Role
from workflow.retention_models import Soort


@pytest.mark.every_database
def test_nothing_is_found_after_any_kind_of_destruction(aged: Aged) -> None:
    assert all(aged.destroyed.values()), aged.destroyed
    found = {name: [(one.code, one.waar, one.bijzonder) for one in told] for name, told in aged.stages.items()}
    assert not any(found.values()), found


@pytest.mark.parametrize("damage", one_by_one(DAMAGES))
def test_damage_to_what_is_left_is_found_with_its_own_code(damage: Damage, old_copy: Settings) -> None:
    sqlite = old_copy.database_url.startswith("sqlite")
    if damage.only and (damage.only == "sqlite") != sqlite:
        pytest.skip(f"alleen op {damage.only}")
    with intruding(old_copy.database_url) as by:
        damage.deed(by, old_copy)
    verdict, findings = found_in(old_copy, LATER)
    told = [(finding.code, finding.waar, finding.bijzonder) for finding in findings]
    assert damage.code in verdict.aantallen, told
    assert set(verdict.aantallen) - damage.follows == {damage.code}, told


def test_a_signal_may_outlive_the_dossier_that_worked_on_it(copy: Settings) -> None:
    """It was handed over, and the dossier of the giver has a bewaarplicht."""
    process.begin(copy)
    engine = make_engine(copy.database_url)
    with session_scope(engine, SYSTEM) as session:
        came = select(Case).where(col(Case.voorganger_id).is_not(None), Case.fase == Phase.ONTVANGEN)
        receiver = session.exec(came.order_by(col(Case.id))).first()
        assert receiver is not None
        code, number = receiver.gemeentecode, receiver.zaaknummer
        giver = session.exec(select(Case).where(Case.id == receiver.voorganger_id)).one()
        anna = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=code), TODAY)
        factories.take(session, receiver, "wijs_toe", anna, behandelaar="anna")
        factories.take(session, receiver, "niet_oppakken", anna, reden="capaciteit")
        tess = factories.desk(factories.person("tess", Role.TEAMLEIDER, code=giver.gemeentecode), TODAY)
        legal_holds.place(session, giver, tess, {"reden": "Beroep bij de rechtbank."})
    with session_scope(engine, SYSTEM) as session:
        assert feedback_2026_1.make(session, door="coen", now=LATER, production=False) is not None
    with session_scope(engine, SYSTEM, write=False) as session:
        assert feedback_2026_1.due(session) == []
    assert destroy(engine, copy, Soort.DOSSIERS, code, LATER)
    with session_scope(engine, SYSTEM, write=False) as session:
        assert feedback_2026_1.due(session) == [], "nobody is told anything because a dossier went"
    uploads.sweep(engine, copy, LATER)
    chain.seal(engine, copy.data_dir, LATER, everything=True)
    with session_scope(engine, SYSTEM, write=False) as session:
        assert session.exec(select(Case.id).where(Case.zaaknummer == number)).first() is None
    engine.dispose()
    verdict, findings = found_in(copy, LATER)
    assert verdict.sound, [(one.code, one.waar, one.bijzonder) for one in findings]


@pytest.mark.every_database
def test_a_guard_of_the_log_that_lets_younger_lines_go_is_found(old_copy: Settings) -> None:
    if not old_copy.database_url.startswith("sqlite"):
        pytest.skip("op PostgreSQL is dit een schade hierboven")
    file = sqlite3.connect(old_copy.database_url.removeprefix("sqlite:///"))
    file.execute("DROP TRIGGER audit_geen_delete")
    never = "CREATE TRIGGER audit_geen_delete BEFORE DELETE ON audit WHEN 0 BEGIN SELECT RAISE(ABORT, 'nee'); END"
    file.execute(never)
    file.commit()
    file.close()
    assert set(found_in(old_copy, LATER)[0].aantallen) == {"wachter_ontbreekt"}
