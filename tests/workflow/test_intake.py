"""Signals become cases: who opens, who joins, and what a W or V does in every phase."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from signals.models import Grondslag, Load, Signal
from tests.importers.deliveries import NOW, TODAY, row, take_in, write_csv
from workflow.models import Address, Case, CaseEvent, CaseSignal, CaseTask, CaseTerm
from workflow.phases import BEFORE_BESLUIT, OPEN, Herkomst, Outcome, Phase

ANOTHER = "999990020"


@pytest.fixture
def deliver(session: Session, tmp_path: Path) -> Any:
    """Takes in the rows as one file."""

    def taken(*rows: dict[str, str]) -> Load:
        number = len(list(tmp_path.glob("*.csv")))
        return take_in(session, write_csv(tmp_path / f"{number}.csv", rows))

    return taken


def cases(session: Session) -> list[Case]:
    return list(session.exec(select(Case).order_by(col(Case.id))))


def tasks(session: Session, case: Case) -> dict[str, CaseTask]:
    return {task.soort: task for task in session.exec(select(CaseTask).where(CaseTask.zaak_id == case.id))}


def links(session: Session, case: Case) -> list[CaseSignal]:
    return list(session.exec(select(CaseSignal).where(CaseSignal.zaak_id == case.id).order_by(col(CaseSignal.id))))


def put_in(session: Session, case: Case, fase: Phase, **more: Any) -> None:
    """Sets the stage: the steps to get there are tested where they are."""
    session.execute(update(Case).where(col(Case.id) == case.id).values(fase=fase, **more))
    session.expire_all()


def test_a_case_opens_with_its_signal_address_event_and_terms(session: Session, deliver: Any) -> None:
    loaded = deliver(row())
    assert loaded.zaken == 1
    (case,) = cases(session)
    signal = session.exec(select(Signal)).one()
    assert case.zaaknummer == "Z-2026-0000001"
    assert (case.fase, case.herkomst, case.versie) == (Phase.ONTVANGEN, Herkomst.SIGNAAL, 1)
    assert (case.bsn, case.geslachtsnaam, case.gemeentecode) == (signal.bsn, "Kowalska", "0599")
    assert (case.datum_ontvangst, case.geopend_op, case.leveringsnummer) == (TODAY, TODAY, "LRNI-2026-09")
    assert case.eerste_signaal_id == signal.id and case.adressleutel == signal.adressleutel
    (link,) = links(session, case)
    assert (link.signal_id, link.actueel, link.aangesloten, link.intrekking_telt) == (signal.id, True, False, False)
    address = session.exec(select(Address)).one()
    assert (address.straatnaam, address.huisnummer, address.huidig, address.bron) == ("Putselaan", 12, True, "TVA")
    event = session.exec(select(CaseEvent)).one()
    assert (event.stap, event.van, event.naar, event.volgnummer) == ("ontvang_signaal", None, Phase.ONTVANGEN, 1)
    assert (event.rol, event.door, event.vastgelegd_op, event.tijdstip) == ("systeem", "ulla", TODAY, NOW)
    terms = {term.term: term for term in session.exec(select(CaseTerm))}
    assert set(terms) == {"laa_eerste_antwoord", "laa_resultaat"}
    assert terms["laa_eerste_antwoord"].einde == date(2026, 9, 29) and terms["laa_eerste_antwoord"].uitleg


@pytest.mark.parametrize("grondslag", [Grondslag.TMV_2_34, Grondslag.SUWI_5_9])
def test_the_other_routes_have_five_working_days(session: Session, deliver: Any, grondslag: Grondslag) -> None:
    deliver(row(grondslag=grondslag.value))
    term = session.exec(select(CaseTerm)).one()
    assert (term.term, term.einde) == ("tmv_reactie", date(2026, 9, 8))


def test_numbers_run_on_in_the_order_of_the_file(session: Session, deliver: Any) -> None:
    deliver(row(), row(signaalnummer="T-2", bsn=ANOTHER))
    deliver(row(signaalnummer="T-3", gemeentecode="0268"))
    assert [case.zaaknummer[-3:] for case in cases(session)] == ["001", "002", "003"]
    assert [case.bsn for case in cases(session)] == ["999990019", ANOTHER, "999990019"]


def test_a_second_signal_joins_and_another_address_becomes_a_second_one(session: Session, deliver: Any) -> None:
    deliver(row(), row(signaalnummer="T-2"), row(signaalnummer="T-3", huisnummer="99"))
    deliver(row(signaalnummer="T-4", huisnummer="99"))
    (case,) = cases(session)
    assert [link.aangesloten for link in links(session, case)] == [False, True, True, True]
    addresses = session.exec(select(Address).order_by(col(Address.id))).all()
    assert [(one.huisnummer, one.huidig) for one in addresses] == [(12, True), (99, False)]
    assert set(tasks(session, case)) == {"tweede_adres"}
    assert "T-3" in tasks(session, case)["tweede_adres"].uitleg


@pytest.mark.parametrize("fase", list(Phase))
def test_only_an_open_case_is_joined(session: Session, deliver: Any, fase: Phase) -> None:
    deliver(row())
    put_in(session, cases(session)[0], fase)
    loaded = deliver(row(signaalnummer="T-2"))
    assert len(cases(session)) == (1 if fase in OPEN else 2)
    assert loaded.waarschuwingen == ({"bsn_heeft_lopende_zaak": 1} if fase in OPEN else {})


def test_two_municipalities_learn_of_each_other_and_nothing_else(session: Session, deliver: Any) -> None:
    deliver(row())
    put_in(session, cases(session)[0], Phase.VOORONDERZOEK, behandelaar="anna")
    loaded = deliver(row(signaalnummer="T-2", gemeentecode="0983"))
    here, there = cases(session)
    assert loaded.waarschuwingen == {}
    uitleg = tasks(session, there)["ook_in_andere_gemeente"].uitleg
    assert "Rotterdam" in uitleg and "anna" in uitleg and here.zaaknummer not in uitleg
    assert "Venlo" in tasks(session, here)["ook_in_andere_gemeente"].uitleg
    deliver(row(signaalnummer="T-3", gemeentecode="0268"))
    assert len(session.exec(select(CaseTask)).all()) == 6


@pytest.mark.parametrize(
    ("resultaat", "years", "told"),
    [
        (Outcome.NIET_VASTGESTELD, 9, True),
        (Outcome.NIET_VASTGESTELD, 11, False),
        (Outcome.INGETROKKEN, 1, False),
        (Outcome.NIET_OPGEPAKT, 1, False),
    ],
)
def test_an_earlier_case_is_told_in_the_case_only(
    session: Session, deliver: Any, resultaat: Outcome, years: int, told: bool
) -> None:
    deliver(row())
    closed = TODAY - timedelta(days=365 * years)
    put_in(session, cases(session)[0], Phase.AFGESLOTEN, resultaat=resultaat, afgesloten_op=closed)
    loaded = deliver(row(signaalnummer="T-2"))
    first, second = cases(session)
    assert loaded.waarschuwingen == {}
    assert ("bsn_eerder_onderzocht" in tasks(session, second)) is told
    assert not tasks(session, first)


def test_a_change_is_a_task_with_old_and_new(session: Session, deliver: Any) -> None:
    deliver(row())
    deliver(row(mutatiesoort="W", huisnummer="14", geslachtsnaam="Nowak"))
    (case,) = cases(session)
    task = tasks(session, case)["signaal_gewijzigd"]
    assert task.gegevens == {
        "oud": {"geslachtsnaam": "Kowalska", "huisnummer": 12},
        "nieuw": {"geslachtsnaam": "Nowak", "huisnummer": 14},
    }
    assert "huisnummer" in task.uitleg and "Nowak" not in task.uitleg
    assert session.exec(select(Address)).one().huisnummer == 12


@pytest.mark.parametrize("fase", list(Phase))
def test_a_change_is_refused_once_the_case_is_closed(session: Session, deliver: Any, fase: Phase) -> None:
    deliver(row())
    put_in(session, cases(session)[0], fase)
    loaded = deliver(row(mutatiesoort="W", huisnummer="14"))
    assert loaded.redenen == ({} if fase in OPEN else {"signaal_al_afgesloten": 1})


def test_the_case_a_signal_was_handed_over_to_counts(session: Session, deliver: Any) -> None:
    deliver(row(), row(signaalnummer="T-2", bsn=ANOTHER))
    first, second = cases(session)
    put_in(session, first, Phase.AFGESLOTEN, resultaat=Outcome.ANDERE_GEMEENTE)
    (link,) = links(session, first)
    link.actueel = False
    session.add(CaseSignal(gemeentecode="0268", zaak_id=second.id, signal_id=link.signal_id, vanaf=TODAY))  # type: ignore[arg-type]
    session.flush()
    assert deliver(row(mutatiesoort="W", huisnummer="14")).gewijzigd == 1
    put_in(session, second, Phase.AFGESLOTEN)
    assert deliver(row(mutatiesoort="W", huisnummer="15")).afgekeurd == 1


def test_a_withdrawal_closes_a_case_nobody_began_on(session: Session, deliver: Any) -> None:
    deliver(row())
    deliver(row(mutatiesoort="V"))
    (case,) = cases(session)
    assert (case.fase, case.resultaat, case.versie) == (Phase.AFGESLOTEN, Outcome.INGETROKKEN, 2)
    assert (case.datum_resultaat, case.afgesloten_op, case.eerste_antwoord) == (TODAY, TODAY, None)
    event = session.exec(select(CaseEvent).where(CaseEvent.volgnummer == 2)).one()
    assert (event.stap, event.van, event.naar) == ("trek_signaal_in", Phase.ONTVANGEN, Phase.AFGESLOTEN)
    assert (event.rol, event.resultaat) == ("systeem", Outcome.INGETROKKEN)
    assert {term.beeindiging for term in session.exec(select(CaseTerm))} == {"vervallen"}
    assert [link.intrekking_telt for link in links(session, case)] == [True]


def test_a_case_with_another_live_signal_goes_on(session: Session, deliver: Any) -> None:
    deliver(row(), row(signaalnummer="T-2"))
    deliver(row(mutatiesoort="V"))
    (case,) = cases(session)
    assert case.fase == Phase.ONTVANGEN
    assert [link.intrekking_telt for link in links(session, case)] == [True, False]
    deliver(row(signaalnummer="T-2", mutatiesoort="V"))
    assert cases(session)[0].resultaat == Outcome.INGETROKKEN


@pytest.mark.parametrize("fase", [phase for phase in Phase if phase != Phase.ONTVANGEN])
def test_a_withdrawal_later_on(session: Session, deliver: Any, fase: Phase) -> None:
    deliver(row())
    put_in(session, cases(session)[0], fase)
    assert deliver(row(mutatiesoort="V")).ingetrokken == 1
    (case,) = cases(session)
    begun = fase in BEFORE_BESLUIT
    assert case.fase == fase and case.resultaat is None
    assert case.ingetrokken_door_uwv == (TODAY if begun else None)
    assert ("uwv_trekt_in" in tasks(session, case)) is begun
    assert [link.intrekking_telt for link in links(session, case)] == [begun]
    assert session.exec(select(Signal)).one().ingetrokken_op == TODAY


def test_a_new_signal_takes_the_question_of_withdrawal_away(session: Session, deliver: Any) -> None:
    deliver(row())
    put_in(session, cases(session)[0], Phase.VOORONDERZOEK)
    deliver(row(mutatiesoort="V"))
    deliver(row(signaalnummer="T-2"))
    assert cases(session)[0].ingetrokken_door_uwv is None


def test_the_order_of_the_file_decides_whether_a_signal_joins(session: Session, deliver: Any) -> None:
    deliver(row())
    loaded = deliver(row(mutatiesoort="V"), row(signaalnummer="T-2"))
    assert loaded.zaken == 1 and loaded.waarschuwingen == {}
    assert [case.fase for case in cases(session)] == [Phase.AFGESLOTEN, Phase.ONTVANGEN]
    loaded = deliver(row(signaalnummer="T-3"), row(signaalnummer="T-2", mutatiesoort="V"))
    assert loaded.zaken == 0 and loaded.waarschuwingen == {"bsn_heeft_lopende_zaak": 1}
    assert [case.fase for case in cases(session)] == [Phase.AFGESLOTEN, Phase.ONTVANGEN]


def test_opening_and_withdrawing_by_turns_in_one_file(session: Session, deliver: Any) -> None:
    rows = [row(signaalnummer=f"T-{number}", mutatiesoort=kind) for number in range(5) for kind in "NV"]
    loaded = deliver(*rows)
    assert (loaded.geaccepteerd, loaded.ingetrokken, loaded.zaken) == (5, 5, 5)
    assert {case.resultaat for case in cases(session)} == {Outcome.INGETROKKEN}
    assert len(session.exec(select(CaseEvent)).all()) == 10
