"""A list from its proposal to its verklaring: what goes, what stays and why, and that nothing is left of what went."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from service import work
from service.access import Access
from service.db import session_scope
from service.files import storage
from service.identity import accounts
from service.log import chain
from service.models import AuditEntry, WorkKind, WorkState
from service.retention import carrying_out, journal, lists
from service.settings import Settings
from signals.errors import DomainError, Refused
from signals.models import Load
from tests import factories
from tests.service import long_work
from tests.service.conftest import ROTTERDAM, access, owning
from tests.service.retention import old_cases
from tests.service.retention.old_cases import NOW
from tests.service.retention.steps import approve, carried_out, lines, propose, start
from workflow import legal_holds
from workflow.models import Case
from workflow.retention_models import (
    Certificate,
    DestructionItem,
    DestructionList,
    FileToErase,
    Lijststaat,
    Regelstaat,
)

pytestmark = pytest.mark.every_database


def test_a_list_goes_from_proposal_to_verklaring(engine: Engine, settings: Settings) -> None:
    first, second, third = old_cases.make(engine, settings, 3)
    nummer = propose(engine, settings)
    assert list(lines(engine, nummer)) == [first, second, third]
    wide = access(engine, "tess").widened()
    with session_scope(engine, wide) as session:
        row = lists.find(session, wide.actor, nummer)
        lists.leave_out(session, row, second, wide.actor, NOW, "nog in gebruik bij de archivaris")
    approve(engine, nummer)
    start(engine, nummer)
    done = carrying_out.carry_out(engine, settings, nummer, NOW, "test")
    assert (done.vernietigd, done.afgevallen, done.klaar) == (2, 0, True)
    assert old_cases.numbers(engine) == [second]
    assert old_cases.signals(engine) == 1
    folder = settings.data_dir / storage.DOCUMENTS
    assert [path.read_bytes() for path in folder.iterdir()] == [old_cases.DOCUMENT + b"1"]
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(FileToErase)).all() == []
        made = session.exec(select(Certificate)).one()
        assert made.nummer == done.verklaring == f"VV-{NOW.year}-0001"
        told = str(made.inhoud)
        assert all(number in told for number in (first, second, third, nummer, "10 jaar", "tess", "bea"))
        assert old_cases.NAME not in told and made.pdf.startswith(b"%PDF")
        assert dict(made.inhoud["aantallen"])["Vernietigd"] == "2"
    kept = journal.read(journal.path_of(settings.data_dir))
    assert [(line["object"], line["nummer"], line["lijst"]) for line in kept] == [
        ("zaak", first, nummer),
        ("zaak", third, nummer),
    ]


def test_who_made_a_list_or_left_something_out_does_not_approve_it(engine: Engine, settings: Settings) -> None:
    first, second = old_cases.make(engine, settings, 2)
    nummer = propose(engine, settings)
    with pytest.raises(Refused) as refused:
        approve(engine, nummer, "tess")
    assert refused.value.reasons[0].code == "zelfde_persoon"
    wide = access(engine, "bea").widened()
    with session_scope(engine, wide) as session:
        lists.leave_out(session, lists.find(session, wide.actor, nummer), first, wide.actor, NOW, "nog niet")
    with pytest.raises(Refused):
        approve(engine, nummer, "bea")
    with pytest.raises(Refused) as early:
        start(engine, nummer)
    assert early.value.reasons[0].code == "staat_past_niet"
    assert old_cases.numbers(engine) == [first, second]


def _reopen(session: Session, case: Case) -> None:
    carla = factories.desk(factories.person("carla", factories.Role.BESLISSER, code=ROTTERDAM), NOW.date())
    factories.take(session, case, "heropen", carla, reden="er is een nieuw feit")


def _bezwaar(session: Session, case: Case) -> None:
    anna = factories.desk(factories.person("anna", factories.Role.BEHANDELAAR, code=ROTTERDAM), NOW.date())
    factories.take(session, case, "registreer_bezwaar", anna, datum=NOW.date().isoformat(), ontvangenVia="post")


@pytest.mark.parametrize(
    ("happens", "why"),
    [(_reopen, "niet afgesloten"), (old_cases.hold, "bewaarplicht sinds"), (_bezwaar, "niet afgesloten")],
)
def test_what_changed_since_it_was_approved_drops_off_with_the_reason(
    engine: Engine, settings: Settings, happens: Callable[[Session, Case], None], why: str
) -> None:
    (first,) = old_cases.make(engine, settings)
    with session_scope(engine, Access.system()) as session:
        second = old_cases.put_aside(session, old_cases.PEOPLE[1]).zaaknummer
    if happens is _reopen:
        first, second = second, first
    nummer = propose(engine, settings)
    approve(engine, nummer)
    old_cases.change(engine, first, happens)
    start(engine, nummer)
    done = carrying_out.carry_out(engine, settings, nummer, NOW, "test")
    assert (done.vernietigd, done.afgevallen, done.klaar) == (1, 1, True)
    assert old_cases.numbers(engine) == [first]
    staat, reden = lines(engine, nummer)[first]
    assert staat == Regelstaat.AFGEVALLEN and why in reden
    assert lines(engine, nummer)[second][0] == Regelstaat.VERNIETIGD


def test_a_case_under_a_bewaarplicht_is_on_no_list_until_that_is_lifted(engine: Engine, settings: Settings) -> None:
    (number,) = old_cases.make(engine, settings)
    old_cases.change(engine, number, old_cases.hold)
    with pytest.raises(Refused) as refused:
        propose(engine, settings)
    assert refused.value.reasons[0].code == "niets_te_vernietigen"

    def lift(session: Session, case: Case) -> None:
        tess = factories.desk(factories.person("tess", factories.Role.TEAMLEIDER, code=ROTTERDAM), NOW.date())
        (standing,) = legal_holds.standing(session, case)
        assert standing.id is not None
        legal_holds.lift(session, case, standing.id, tess, {"reden": "De rechter besliste."})

    old_cases.change(engine, number, lift)
    carried_out(engine, settings)
    assert old_cases.numbers(engine) == []


def test_the_counts_of_a_load_stay_true(engine: Engine, settings: Settings) -> None:
    old_cases.make(engine, settings, 2)
    carried_out(engine, settings)
    with session_scope(engine, Access.system(), write=False) as session:
        told = [(one.signalen_vernietigd, one.zaken_vernietigd) for one in session.exec(select(Load))]
        assert told == [(1, 1), (1, 1)]


def test_the_log_says_who_destroyed_what_and_is_whole(engine: Engine, settings: Settings) -> None:
    (number,) = old_cases.make(engine, settings)
    carried_out(engine, settings)
    with session_scope(engine, Access.system(), write=False) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.actie == "dossier_vernietigd")).one()
        assert (entry.object, entry.actor, entry.gemeentecode) == (number, "bea", ROTTERDAM)
    chain.seal(engine, settings.data_dir, NOW, everything=True)
    with session_scope(engine, Access.system(), write=False) as session:
        assert chain.verify(session, chain.read_heads(chain.heads_file(settings.data_dir))).breuk is None


def test_two_at_the_same_list_do_nothing_twice(engine: Engine, settings: Settings) -> None:
    old_cases.make(engine, settings, 3)
    nummer = propose(engine, settings)
    approve(engine, nummer)
    start(engine, nummer)
    outcomes = []

    def both(place: int) -> None:
        if place == 1:
            outcomes.append(carrying_out.carry_out(engine, settings, nummer, NOW, "klok"))

    first = carrying_out.carry_out(engine, settings, nummer, NOW, "test", both)
    assert first.vernietigd + outcomes[0].vernietigd == 3
    assert outcomes[0].verklaring == first.verklaring
    assert len(journal.read(journal.path_of(settings.data_dir))) == 3
    with session_scope(engine, Access.system(), write=False) as session:
        assert len(session.exec(select(Certificate)).all()) == 1


def test_a_thing_stands_on_one_list_at_a_time(engine: Engine, settings: Settings) -> None:
    (number,) = old_cases.make(engine, settings)
    first = propose(engine, settings)
    with pytest.raises(Refused):
        propose(engine, settings)
    wide = access(engine, "bea").widened()
    with session_scope(engine, wide) as session:
        lists.withdraw(session, lists.find(session, wide.actor, first), wide.actor, NOW, "verkeerde dag")
    second = propose(engine, settings)
    assert list(lines(engine, second)) == [number]
    assert lines(engine, first)[number] == (Regelstaat.AFGEVALLEN, "De lijst is ingetrokken.")


def test_a_verklaring_never_changes_and_never_goes(engine: Engine, settings: Settings) -> None:
    old_cases.make(engine, settings)
    carried_out(engine, settings)
    for statement in ("UPDATE {} SET nummer = 'VV-1'", "DELETE FROM {}"):
        with pytest.raises(DBAPIError) as refused, owning(engine) as connection:
            connection.execute(text(statement.format("verklaring_van_vernietiging")))
        assert "verandert niet" in str(refused.value.orig)


def test_a_list_of_another_municipality_is_not_there(engine: Engine, settings: Settings) -> None:
    old_cases.make(engine, settings)
    nummer = propose(engine, settings)
    for who in ("dirk", "anna", "coen"):
        wide = access(engine, who).widened()
        with session_scope(engine, wide, write=False) as session, pytest.raises(DomainError):
            lists.find(session, wide.actor, nummer)


def test_a_stopped_list_goes_on_where_it_was(engine: Engine, settings: Settings) -> None:
    class Killed(BaseException):
        pass

    def kill(place: int) -> None:
        if place == 2:
            raise Killed

    old_cases.make(engine, settings, 4)
    nummer = propose(engine, settings)
    approve(engine, nummer)
    start(engine, nummer)
    with pytest.raises(Killed):
        carrying_out.carry_out(engine, settings, nummer, NOW, "test", kill)
    assert len(old_cases.numbers(engine)) == 2
    assert len(list((settings.data_dir / storage.DOCUMENTS).iterdir())) == 4  # they wait in the table
    with session_scope(engine, Access.system(), write=False) as session:
        assert len(session.exec(select(FileToErase)).all()) == 2
    assert carrying_out.run_open(engine, settings, NOW) == 2
    assert old_cases.numbers(engine) == []
    assert list((settings.data_dir / storage.DOCUMENTS).iterdir()) == []
    assert len(journal.read(journal.path_of(settings.data_dir))) == 4
    with session_scope(engine, Access.system(), write=False) as session:
        states = {one.staat for one in session.exec(select(DestructionItem))}
        assert states == {Regelstaat.VERNIETIGD}
        assert session.exec(select(DestructionList.staat)).one() == Lijststaat.UITGEVOERD


@pytest.fixture
def then(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does long work looks at this clock."""
    monkeypatch.setattr(Settings, "now", lambda self: NOW)


def test_the_clock_asks_for_a_list_that_nobody_is_at_and_not_all_the_time(
    engine: Engine, settings: Settings, then: None
) -> None:
    old_cases.make(engine, settings, 2)
    nummer = propose(engine, settings)
    approve(engine, nummer)
    assert carrying_out.ask_again(engine, settings, NOW) == 0, "nobody said that it may go"
    start(engine, nummer)
    assert carrying_out.ask_again(engine, settings, NOW) == 1
    assert carrying_out.ask_again(engine, settings, NOW) == 0, "it waits to be done"
    with session_scope(engine, Access.system()) as session:
        (waiting,) = work.unfinished(session)
        assert (waiting.soort, waiting.ladingnummer, waiting.door) == (WorkKind.VERNIETIGEN, nummer, "bea")
        assert work.claim(session, waiting, NOW)
        session.refresh(waiting)
        assert work.fail(session, waiting, NOW, "Dit ging niet.")
    assert carrying_out.ask_again(engine, settings, NOW + timedelta(minutes=59)) == 0
    assert carrying_out.ask_again(engine, settings, NOW + timedelta(minutes=60)) == 1
    done = long_work.done(engine, settings)
    assert (done.staat, done.uitkomst) == (WorkState.KLAAR, f"VV-{NOW.year}-0001"), done.foutzin
    assert old_cases.numbers(engine) == []
    assert carrying_out.ask_again(engine, settings, NOW + timedelta(days=1)) == 0


def test_one_list_is_destroyed_at_a_time(engine: Engine, settings: Settings, then: None) -> None:
    for _ in range(2):
        old_cases.make(engine, settings, 1)
        nummer = propose(engine, settings)
        approve(engine, nummer)
        start(engine, nummer)
    assert carrying_out.ask_again(engine, settings, NOW) == 2
    with session_scope(engine, Access.system()) as session:
        first, second = work.unfinished(session)
        assert work.claim(session, first, NOW)
        assert not work.claim(session, second, NOW), "there is more to do than to destroy"
        session.refresh(first)
        work.finish(session, first, NOW)
        assert work.claim(session, second, NOW)


def test_a_list_is_carried_out_whoever_of_them_left(engine: Engine, settings: Settings, then: None) -> None:
    old_cases.make(engine, settings, 1)
    nummer = propose(engine, settings)
    approve(engine, nummer)
    start(engine, nummer, "bea")
    assert carrying_out.ask_again(engine, settings, NOW) == 1
    with session_scope(engine, Access.system()) as session:
        accounts.disable_user(session, "bea", NOW)
    assert long_work.done(engine, settings).staat == WorkState.KLAAR
    assert old_cases.numbers(engine) == []


def test_a_case_closed_a_day_too_late_is_not_listed(engine: Engine, settings: Settings) -> None:
    received = NOW.date().replace(year=NOW.year - 10)
    with session_scope(engine, Access.system()) as session:
        young = old_cases.put_aside(session, old_cases.PEOPLE[0], received)
        old = old_cases.put_aside(session, old_cases.PEOPLE[1], received - timedelta(days=1))
        known = young.zaaknummer, old.zaaknummer
    nummer = propose(engine, settings)
    assert list(lines(engine, nummer)) == [known[1]]


def test_what_a_session_of_a_user_may_see_of_lists(engine: Engine, settings: Settings) -> None:
    old_cases.make(engine, settings)
    propose(engine, settings)
    for who, count in (("tess", 1), ("dirk", 0)):
        with session_scope(engine, access(engine, who), write=False) as session:
            assert len(session.exec(select(DestructionList)).all()) == count, who
            assert len(session.exec(select(DestructionItem)).all()) == count, who
