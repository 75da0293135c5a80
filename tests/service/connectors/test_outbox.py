"""What happens to a case is in the boxes when it is in the case, and not otherwise."""

import ast
from collections.abc import Iterable
from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from exports import feedback_2026_1 as feedback
from service import shipments
from service.access import Access
from service.connector_models import MessageState, RegisterCase, RegisterState, Subscription, SubscriptionMessage
from service.connectors import outbox, subscriptions, webhooks
from service.connectors.configuration import use_connectors
from service.db import session_scope
from service.loading import uploads
from service.settings import Settings
from signals.errors import Refused
from tests import factories
from tests.elsewhere import zgw
from tests.service.conftest import NOW, ROTTERDAM, VENLO, access
from tests.service.test_every_route import delivery
from workflow import moves
from workflow.actors import Actor, Desk
from workflow.phases import Phase, Role

from .conftest import Written

pytestmark = pytest.mark.every_database

SYSTEM = Access.system()
EVERY = tuple(outbox.KINDS)
ANNA = Actor("anna", {Role.BEHANDELAAR: frozenset({ROTTERDAM})})


def subscribe(engine: Engine, code: str = ROTTERDAM, kinds: Iterable[str] = EVERY) -> int:
    with session_scope(engine, access(engine, "bea").widened()) as session:
        made, _ = subscriptions.subscribe(session, code, "https://ontvanger.example/x", list(kinds), (), NOW)
        assert made.id is not None
        return made.id


def messages(engine: Engine, number: int | None = None) -> list[SubscriptionMessage]:
    with session_scope(engine, SYSTEM, write=False) as session:
        mine = select(SubscriptionMessage).order_by(col(SubscriptionMessage.id))
        return list(session.exec(mine if number is None else mine.where(SubscriptionMessage.abonnement_id == number)))


def told(engine: Engine) -> list[tuple[str, str, str | None, int | None]]:
    return [(one.soort, one.kenmerk, one.fase, one.versie) for one in messages(engine)]


def registered(engine: Engine) -> list[tuple[int, int, str]]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return [(one.gevraagd, one.gebracht, one.staat.value) for one in session.exec(select(RegisterCase))]


def with_register(written: Written, code: str = ROTTERDAM) -> None:
    written.put(zgw.toml("https://zaken.example"), code, **{"zgw-geheim": "x" * 32})
    use_connectors(Settings(connectors_dir=written.folder))


def new_case(engine: Engine, code: str = ROTTERDAM) -> str:
    with session_scope(engine, SYSTEM) as session:
        return factories.new_case(session, date(2026, 10, 5), gemeentecode=code).zaaknummer


def step(engine: Engine, number: str, stap: str, naam: str = "anna", **gegevens: object) -> None:
    with session_scope(engine, access(engine, naam)) as session:
        case = moves.find_case(session, number)
        desk = Desk(ANNA, NOW, lambda code: ["anna"])
        moves.take(session, case, stap, desk, versie=case.versie, gegevens=gegevens)


def test_nothing_is_written_while_nobody_wants_to_know(engine: Engine) -> None:
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    assert (messages(engine), registered(engine)) == ([], [])


def test_a_step_and_its_messages_are_written_together_or_not_at_all(engine: Engine, written: Written) -> None:
    with_register(written)
    subscribe(engine)
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    assert (told(engine), registered(engine)) == ([], [(2, 0, "wacht")]), "no other phase, so nothing for a subscriber"
    step(engine, number, "start_vooronderzoek")
    wanted = [("zaak.fase-gewijzigd", f"{number}.3.zaak.fase-gewijzigd", "vooronderzoek", 3)]
    assert (told(engine), registered(engine)) == (wanted, [(3, 0, "wacht")])
    with pytest.raises(RuntimeError, match="halverwege"), session_scope(engine, access(engine, "anna")) as session:
        case = moves.find_case(session, number)
        desk = Desk(ANNA, NOW, lambda code: ["anna"])
        closed = {"reden": "capaciteit"}
        moves.take(session, case, "niet_oppakken", desk, versie=case.versie, gegevens=closed)
        raise RuntimeError("halverwege")
    assert (told(engine), registered(engine)) == (wanted, [(3, 0, "wacht")])
    with pytest.raises(Refused):
        step(engine, number, "neem_besluit", motivering="x")
    assert (told(engine), registered(engine)) == (wanted, [(3, 0, "wacht")])
    step(engine, number, "niet_oppakken", reden="capaciteit")
    assert [one[:1] + one[2:] for one in told(engine)[1:]] == [
        ("zaak.fase-gewijzigd", "afgesloten", 4),
        ("zaak.afgesloten", "afgesloten", 4),
    ]
    assert registered(engine) == [(4, 0, "wacht")]


def test_a_letter_that_is_only_looked_at_tells_nobody(engine: Engine, written: Written) -> None:
    with_register(written)
    subscribe(engine)
    with session_scope(engine, SYSTEM) as session:
        case = factories.case_at(session, Phase.VOORONDERZOEK, date(2026, 10, 5), gemeentecode=ROTTERDAM)
        number, versie = case.zaaknummer, case.versie
    before = told(engine), registered(engine)
    with session_scope(engine, access(engine, "anna")) as session:
        case = moves.find_case(session, number)
        desk = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), NOW.date())
        moves.preview(session, case, "verstuur_aanschrijving", desk, versie=versie, gegevens={"taal": "geen"})
    assert (told(engine), registered(engine)) == before


def test_a_municipality_hears_of_its_own_cases_only(engine: Engine) -> None:
    here, there = subscribe(engine), subscribe(engine, VENLO)
    step(engine, new_case(engine), "wijs_toe")
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    step(engine, number, "start_vooronderzoek")
    assert [one.abonnement_id for one in messages(engine)] == [here]
    assert messages(engine, there) == []
    with session_scope(engine, access(engine, "dirk"), write=False) as session:
        assert session.exec(select(SubscriptionMessage)).all() == []
        assert [one.gemeentecode for one in session.exec(select(Subscription))] == [VENLO]


def test_who_receives_a_handed_over_case_hears_that_it_was_opened(engine: Engine, written: Written) -> None:
    with_register(written, VENLO)
    here, there = subscribe(engine), subscribe(engine, VENLO)
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    step(engine, number, "draag_over", gemeentecode=VENLO, reden="woont daar")
    assert [one.soort for one in messages(engine, here)] == ["zaak.fase-gewijzigd", "zaak.afgesloten"]
    (opened,) = messages(engine, there)
    assert (opened.soort, opened.gemeentecode, opened.versie) == ("zaak.geopend", VENLO, 1)
    assert opened.onderwerp != number and number not in opened.kenmerk
    assert registered(engine) == [(1, 0, "wacht")], "only Venlo has a zaaksysteem"


def load(engine: Engine, tmp_path: Path, number: int) -> str:
    name, content, _ = delivery(number, "999990044")
    path = tmp_path / name
    path.write_bytes(content)
    received = date(2026, 9, 2)
    done = uploads.load_file(engine, access(engine, "ulla"), path, path.name, received=received, now=NOW)
    return done.ladingnummer


def test_a_load_tells_of_every_case_that_it_opens(engine: Engine, tmp_path: Path) -> None:
    mine, _, other = subscribe(engine), subscribe(engine, kinds=[outbox.CLOSED]), subscribe(engine, VENLO)
    load(engine, tmp_path, 2)
    (opened,) = messages(engine)
    assert (opened.abonnement_id, opened.soort, opened.fase, opened.versie) == (mine, "zaak.geopend", "ontvangen", 1)
    assert opened.kenmerk == f"{opened.onderwerp}.1.zaak.geopend" and opened.tijdstip == NOW
    assert messages(engine, other) == []


def test_of_an_undone_load_whoever_was_told_is_told_so_and_nobody_else(engine: Engine, tmp_path: Path) -> None:
    told_of, not_told = subscribe(engine), subscribe(engine)
    loaded = load(engine, tmp_path, 2)
    with session_scope(engine, SYSTEM) as session:
        message = session.exec(select(SubscriptionMessage).where(SubscriptionMessage.abonnement_id == told_of)).one()
        message.staat, message.pogingen, message.bezorgd_op = MessageState.BEZORGD, 1, NOW
        number = message.onderwerp
        session.add(message)
    done = uploads.undo(engine, access(engine, "ulla"), loaded, NOW + timedelta(minutes=5))
    assert done.proof
    assert [(one.soort, one.onderwerp, one.staat) for one in messages(engine)] == [
        ("zaak.vervallen", number, MessageState.WACHT)
    ]
    assert messages(engine, not_told) == []


def test_feedback_that_is_sent_is_told_to_who_has_rows_in_it(engine: Engine) -> None:
    here, there = subscribe(engine), subscribe(engine, VENLO)
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    step(engine, number, "niet_oppakken", reden="capaciteit")
    with session_scope(engine, SYSTEM) as session:
        made = feedback.make(session, door="coen", now=NOW, production=False)
        assert made is not None
        nummer = made.nummer
    with session_scope(engine, access(engine, "coen").widened()) as session:
        shipments.sent(session, nummer, "coen", NOW)
    (last,) = [one for one in messages(engine, here) if one.soort == outbox.FEEDBACK_SENT]
    assert (last.onderwerp, last.kenmerk, last.fase) == (nummer, f"{nummer}.terugkoppeling.verzonden", None)
    assert not [one for one in messages(engine, there) if one.soort == outbox.FEEDBACK_SENT]
    with pytest.raises(Refused), session_scope(engine, access(engine, "coen").widened()) as session:
        shipments.sent(session, nummer, "coen", NOW)


def test_no_door_says_that_feedback_was_sent_in_another_way() -> None:
    root = Path(__file__).parents[3] / "service"
    calls = [
        str(path.relative_to(root))
        for path in root.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr == "sent"
        and ast.unparse(node.value) in ("feedback", "exporter")
    ]
    assert sorted(calls) == ["demo/walk.py", "shipments.py"]


def test_what_stands_still_waits_for_a_person_also_when_something_new_happens(engine: Engine, written: Written) -> None:
    with_register(written)
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    with session_scope(engine, SYSTEM) as session:
        row = session.exec(select(RegisterCase)).one()
        row.staat, row.gebracht = RegisterState.MISLUKT, 1
        session.add(row)
    step(engine, number, "start_vooronderzoek")
    assert registered(engine) == [(3, 1, "mislukt")]
    with session_scope(engine, SYSTEM) as session:
        row = session.exec(select(RegisterCase)).one()
        row.staat, row.gebracht = RegisterState.BIJ, 3
        session.add(row)
    step(engine, number, "niet_oppakken", reden="capaciteit")
    assert registered(engine) == [(4, 3, "wacht")]


def test_after_a_month_what_was_delivered_is_forgotten(engine: Engine) -> None:
    subscribe(engine)
    number = new_case(engine)
    step(engine, number, "wijs_toe")
    step(engine, number, "niet_oppakken", reden="capaciteit")
    with session_scope(engine, SYSTEM) as session:
        first = session.exec(select(SubscriptionMessage)).first()
        assert first is not None
        first.staat, first.bezorgd_op = MessageState.BEZORGD, NOW
        session.add(first)
    with session_scope(engine, SYSTEM) as session:
        assert webhooks.sweep(session, NOW + timedelta(days=30)) == 0
        assert webhooks.sweep(session, NOW + timedelta(days=31)) == 1
    assert len(messages(engine)) == 1, "what still waits stays"
