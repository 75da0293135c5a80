"""Who gets figures, of which day, and of what."""

from datetime import date, timedelta

import pytest
from sqlalchemy import Engine

from exports.selection import Selection
from service.access import Access
from service.db import session_scope
from service.reporting import figures_for
from signals.errors import DomainError, Forbidden, Invalid
from signals.models import Delivery

from .conftest import NOW, ROTTERDAM, VENLO, access

TODAY = NOW.date()
LEVERING = "LRNI-2026-01"


@pytest.fixture
def delivered(engine: Engine) -> Engine:
    with session_scope(engine, Access.system()) as session:
        session.add(Delivery(leveringsnummer=LEVERING, eerste_ontvangst=date(2026, 3, 2)))
    return engine


def refused(engine: Engine, name: str, selection: Selection, day: date = TODAY) -> DomainError:
    with pytest.raises(DomainError) as error:
        figures_for(engine, access(engine, name), selection, day, today=TODAY)
    return error.value


def test_of_a_day_to_come_nothing_is_known(delivered: Engine) -> None:
    error = refused(delivered, "coen", Selection(), TODAY + timedelta(days=1))
    assert isinstance(error, Invalid)
    assert [(reason.code, reason.veld) for reason in error.reasons] == [("datum_in_toekomst", "peildatum")]
    assert error.uitleg == "De peildatum 3 november 2026 ligt na vandaag. Kies vandaag of een eerdere dag."
    assert figures_for(delivered, access(delivered, "coen"), Selection(), TODAY, today=TODAY)["cijfers"]["zaken"] == 0


def test_every_value_that_does_not_exist_is_named(delivered: Engine) -> None:
    wrong = Selection(
        leveringen=(LEVERING, "x"),
        gemeenten=(ROTTERDAM, "9999"),
        aanleiding=("WW",),
        uitkeringssoort=("geen", "AOW"),
        adresbron=("BRP",),
        maand_ontvangst=("2026-03", "2026-13"),
    )
    error = refused(delivered, "coen", wrong)
    assert isinstance(error, Invalid)
    assert [(reason.code, reason.veld, reason.uitleg.split(" bestaat")[0]) for reason in error.reasons] == [
        ("levering_onbekend", "levering", "Er is geen levering x. Kijk het leveringsnummer na."),
        ("gemeentecode_onbekend", "gemeente", "Er is geen gemeente met code 9999. Kijk de code na."),
        ("code_onbekend", "aanleiding", "WW"),
        ("code_onbekend", "uitkeringssoort", "AOW"),
        ("code_onbekend", "adresbron", "BRP"),
        ("maand_ongeldig", "maand_ontvangst", "2026-13 is geen maand. Schrijf jjjj-mm, zoals 2026-03."),
    ]
    assert refused(delivered, "anna", Selection(gemeenten=("9999",))).reasons[0].code == "gemeentecode_onbekend"


def test_a_selection_of_what_exists_is_counted_also_when_nothing_is_in_it(delivered: Engine) -> None:
    chosen = Selection(leveringen=(LEVERING,), gemeenten=(VENLO,), uitkeringssoort=("IOW",), adresbron=("WERKGEVER",))
    assert figures_for(delivered, access(delivered, "coen"), chosen, TODAY, today=TODAY)["cijfers"]["zaken"] == 0


def test_a_handler_sees_the_own_municipality_and_a_liaison_none(delivered: Engine) -> None:
    mine = figures_for(delivered, access(delivered, "anna"), Selection(), TODAY, today=TODAY)
    assert mine["selectie"]["gemeenten"] == [ROTTERDAM]
    assert isinstance(refused(delivered, "anna", Selection(gemeenten=(VENLO,))), Forbidden)
    assert isinstance(refused(delivered, "ulla", Selection()), Forbidden)
