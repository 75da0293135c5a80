"""Who gets figures, of which day, and of what."""

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Engine

from exports import feedback_2026_1 as feedback
from exports.selection import Selection
from service.access import Access
from service.db import session_scope
from service.reporting import figures_for, yields_for
from signals.errors import DomainError, Forbidden, Invalid
from signals.models import Delivery, Municipality, Opbrengst, OpbrengstLoad
from tests import factories

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


AMOUNT = Decimal("100.00")


def reported(engine: Engine, here: int, there: int = 0) -> None:
    """So many results of Rotterdam and of Venlo, told to UWV and reported as a boete; one more nobody reported."""
    with session_scope(engine, Access.system()) as session:
        cases = []
        for code, number in ((ROTTERDAM, here + 1), (VENLO, there)):
            handler = factories.desk(factories.person("anna", factories.Role.BEHANDELAAR, code=code), TODAY)
            for _ in range(number):
                case = factories.new_case(session, TODAY - timedelta(days=30), code)
                case.behandelaar = "anna"
                factories.take(session, case, "stel_vast_overleden", handler, bron="akte", datum=TODAY.isoformat())
                cases.append(case)
        made = feedback.make(session, door="coen", now=NOW, production=False)
        assert made is not None and made.regels == len(cases)
        feedback.sent(session, made.nummer, "coen", NOW)
        load = OpbrengstLoad(
            ladingnummer="OB-2026-000001", bestandsnaam="o.csv", sha256="0", inhoud=b"", geladen_op=NOW, door="ulla"
        )
        session.add(load)
        session.flush()
        for case in cases[1:]:
            session.add(
                Opbrengst(
                    signal_id=case.eerste_signaal_id or 0,
                    load_id=load.id or 0,
                    soort="boete",
                    bedrag=AMOUNT,
                    peildatum=TODAY,
                    vastgelegd_op=TODAY,
                )
            )


def boete(engine: Engine, name: str, **chosen: tuple[str, ...]) -> Mapping[str, Any]:
    counted = figures_for(engine, access(engine, name), Selection(**chosen), TODAY, today=TODAY)
    shown: Mapping[str, Any] = counted["cijfers"]["opbrengst"]["boete"]
    return shown


@pytest.mark.parametrize(("here", "amount"), [(4, None), (5, 500.0)])
def test_a_municipality_gets_an_amount_over_five_signals_and_the_coordinator_each(
    engine: Engine, here: int, amount: float | None
) -> None:
    reported(engine, here, there=1)
    for name in ("anna", "tess", "carla", "bram"):
        assert boete(engine, name) == {"signalen": here, "bedrag": amount}
        shown = yields_for(engine, access(engine, name), TODAY, NOW - timedelta(hours=1))
        assert shown is not None
        (found,) = shown.per.values()
        assert list(shown.per) == ["Rotterdam"] and found.waiting == 1
        assert [(one.soort, one.signalen, one.bedrag, one.few) for one in found.sums] == [
            ("boete", here, amount, amount is None)
        ]
        assert [(one.signalen, one.door) for one in shown.reports] == [(here, "ulla")]
    assert boete(engine, "coen") == {"signalen": here + 1, "bedrag": 100.0 * (here + 1)}
    assert boete(engine, "dirk") == {"signalen": 1, "bedrag": None}
    assert yields_for(engine, access(engine, "coen"), TODAY, None) is None
    assert yields_for(engine, access(engine, "ulla"), TODAY, None) is None


def test_no_part_of_a_municipality_has_an_amount_that_could_be_taken_from_the_whole(engine: Engine) -> None:
    reported(engine, 6)
    assert boete(engine, "anna") == {"signalen": 6, "bedrag": 600.0}
    for chosen in ({"uitkeringssoort": ("WW",)}, {"leveringen": (LEVERING,)}, {"adresbron": ("TVA", "UWV")}):
        assert boete(engine, "anna", **chosen) == {"signalen": 6, "bedrag": None}
    assert boete(engine, "anna", gemeenten=(ROTTERDAM,)) == {"signalen": 6, "bedrag": 600.0}
    split = figures_for(engine, access(engine, "anna"), Selection(), TODAY, today=TODAY)["per"]
    parts = [part["opbrengst"]["boete"] for parts in split.values() for part in parts.values()]
    assert parts and all(part == {"signalen": 6, "bedrag": None} for part in parts)
    of_all = figures_for(engine, access(engine, "coen"), Selection(), TODAY, today=TODAY)["per"]
    assert of_all["levering"][LEVERING]["opbrengst"]["boete"] == {"signalen": 6, "bedrag": 600.0}


def test_what_two_that_merged_yielded_stands_under_the_new_name(engine: Engine) -> None:
    reported(engine, 3, there=2)
    with session_scope(engine, Access.system()) as session:
        for code in (ROTTERDAM, VENLO):
            row = session.get_one(Municipality, code)
            row.einde, row.opvolger = TODAY, "1998"
        session.add(Municipality(code="1998", naam="Maas en Rotte", begin=TODAY))
    shown = yields_for(engine, access(engine, "anna"), TODAY, None)
    assert shown is not None and list(shown.per) == ["Maas en Rotte"]
    assert [(one.signalen, one.bedrag) for one in shown.per["Maas en Rotte"].sums] == [(5, 500.0)]
    assert boete(engine, "anna") == {"signalen": 5, "bedrag": 500.0}
