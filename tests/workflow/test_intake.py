"""Signals become cases: who opens, who joins, and what a W or V does in every phase."""

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from sqlmodel import Session, col, select

from signals.models import Grondslag, Load, Signal
from tests.factories import ZONE, desk, person, take
from tests.importers.deliveries import NOW, TODAY, row, take_in, write_csv
from workflow import case_terms, dossier
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Address, Case, CaseEvent, CaseSignal, CaseTask, CaseTerm
from workflow.phases import BEFORE_BESLUIT, OPEN, Herkomst, Outcome, Phase, Role

ANOTHER = "999990020"


@pytest.fixture
def deliver(session: Session, tmp_path: Path) -> Any:
    """Takes in the rows as one file."""

    def taken(*rows: dict[str, str], **how: Any) -> Load:
        number = len(list(tmp_path.glob("*.csv")))
        path = write_csv(tmp_path / f"{number}.csv", rows)
        path.write_text(path.read_text() + "\n" * number)  # the very same file is not taken twice
        return take_in(session, path, **how)

    return taken


def cases(session: Session) -> list[Case]:
    return list(session.exec(select(Case).order_by(col(Case.id))))


def tasks(session: Session, case: Case) -> dict[str, CaseTask]:
    return {task.soort: task for task in session.exec(select(CaseTask).where(CaseTask.zaak_id == case.id))}


def links(session: Session, case: Case) -> list[CaseSignal]:
    return list(CaseFile(session, case).signals)


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
    file = CaseFile(session, case)
    (address,) = file.addresses
    assert (address.straatnaam, address.huisnummer, address.huidig, address.bron) == ("Putselaan", 12, True, "TVA")
    assert (address.vanaf, address.signal_id) == (TODAY, signal.id)
    (event,) = file.events
    assert (event.stap, event.van, event.naar, event.volgnummer) == ("ontvang_signaal", None, Phase.ONTVANGEN, 1)
    assert (event.rol, event.door, event.vastgelegd_op, event.tijdstip) == ("systeem", "ulla", TODAY, NOW)
    terms = {term.term: term for term in file.terms}
    assert set(terms) == {"laa_eerste_antwoord", "laa_resultaat"}
    assert terms["laa_eerste_antwoord"].einde == date(2026, 9, 29) and terms["laa_eerste_antwoord"].uitleg
    assert {(term.door, term.vastgelegd_op, term.tijdstip) for term in terms.values()} == {("ulla", TODAY, NOW)}


def test_opening_a_case_writes_one_row(session: Session, deliver: Any) -> None:
    """Also of one that did not stand alone, because the person has a case elsewhere."""
    deliver(row(), row(signaalnummer="T-2", bsn=ANOTHER), row(signaalnummer="T-3", gemeentecode="0268"))
    assert len(cases(session)) == 3
    for table in (Address, CaseTerm, CaseEvent, CaseSignal):
        assert not session.exec(select(table)).all()


@pytest.mark.parametrize("grondslag", [Grondslag.TMV_2_34, Grondslag.SUWI_5_9])
def test_the_other_routes_have_five_working_days(session: Session, deliver: Any, grondslag: Grondslag) -> None:
    deliver(row(grondslag=grondslag.value))
    (term,) = CaseFile(session, cases(session)[0]).terms
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
    addresses = CaseFile(session, case).addresses
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
    assert cases(session)[0].huisnummer == 12


@pytest.mark.parametrize("fase", list(Phase))
def test_a_change_is_refused_once_the_case_is_closed(session: Session, deliver: Any, fase: Phase) -> None:
    deliver(row())
    put_in(session, cases(session)[0], fase)
    loaded = deliver(row(mutatiesoort="W", huisnummer="14"))
    assert loaded.redenen == ({} if fase in OPEN else {"signaal_al_afgesloten": 1})


def test_the_case_a_signal_was_handed_over_to_counts(session: Session, deliver: Any) -> None:
    deliver(row(), row(signaalnummer="T-2", bsn=ANOTHER))
    first, second = cases(session)
    case_terms.settle(CaseFile(session, first))
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


def running(session: Session, case: Case) -> dict[str, date]:
    """The terms that run in a case, with the day they count from."""
    return {term.term: term.vanaf for term in CaseFile(session, case).terms if term.beeindigd_op is None}


def begin(session: Session, case: Case) -> Desk:
    """Anna of Rotterdam takes the case into vooronderzoek."""
    anna = desk(person("anna", Role.BEHANDELAAR, code="0599"), TODAY)
    for stap in ("wijs_toe", "start_vooronderzoek"):
        take(session, case, stap, anna)
    return anna


def test_the_signal_of_a_bijvangst_makes_it_a_case_like_any_other(session: Session, deliver: Any) -> None:
    deliver(row(signaalnummer="T-0", bsn=ANOTHER))
    (parent,) = cases(session)
    anna = begin(session, parent)
    found = {"omschrijving": "nog een bewoner", "bsn": row()["bsn"], "geslachtsnaam": "Kowalska"}
    dossier.add(session, parent, "bijvangst", anna, found)
    loaded = deliver(row(grondslag="TMV_2_34"), row(signaalnummer="T-2"), row(signaalnummer="T-3"))
    assert loaded.zaken == 0 and loaded.waarschuwingen["bsn_heeft_lopende_zaak"] == 3
    (child,) = [case for case in cases(session) if case.ouder_id == parent.id]
    first = session.exec(select(Signal).where(Signal.signaalnummer == "T-1")).one()
    assert (child.herkomst, child.grondslag, child.datum_ontvangst) == (Herkomst.SIGNAAL, Grondslag.TMV_2_34, TODAY)
    assert (child.leveringsnummer, child.eerste_signaal_id) == ("LRNI-2026-09", first.id)
    assert running(session, child) == {"tmv_reactie": TODAY, "laa_eerste_antwoord": TODAY, "laa_resultaat": TODAY}
    deliver(row(signaalnummer="T-4"))
    session.expire_all()
    assert child.eerste_signaal_id == first.id and len(running(session, child)) == 3


def test_a_signal_starts_the_clocks_again_in_a_case_that_went_on_by_itself(session: Session, deliver: Any) -> None:
    deliver(row())
    (case,) = cases(session)
    anna = begin(session, case)
    deliver(row(mutatiesoort="V"))
    take(session, case, "zet_voort", anna, reden="wij onderzoeken verder")
    assert "laa_resultaat" not in running(session, case)
    later = NOW + timedelta(days=9)
    deliver(row(signaalnummer="T-2"), now=later, received=later.date() - timedelta(days=2))
    session.expire_all()
    started = {name: vanaf for name, vanaf in running(session, case).items() if name.startswith("laa")}
    assert started == dict.fromkeys(("laa_eerste_antwoord", "laa_resultaat"), later.date() - timedelta(days=2))
    assert case.grondslag == Grondslag.EIGEN_INITIATIEF


@pytest.mark.parametrize(
    ("first", "second", "names"),
    [
        (Grondslag.TMV_2_34, Grondslag.LAA_2_37, {"tmv_reactie", "laa_eerste_antwoord", "laa_resultaat"}),
        (Grondslag.LAA_2_37, Grondslag.SUWI_5_9, {"tmv_reactie", "laa_eerste_antwoord", "laa_resultaat"}),
        (Grondslag.TMV_2_34, Grondslag.SUWI_5_9, {"tmv_reactie"}),
        (Grondslag.LAA_2_37, Grondslag.LAA_2_37, {"laa_eerste_antwoord", "laa_resultaat"}),
    ],
)
def test_a_signal_by_another_route_has_its_own_clock(
    session: Session, deliver: Any, first: Grondslag, second: Grondslag, names: set[str]
) -> None:
    deliver(row(grondslag=first))
    (case,) = cases(session)
    before = running(session, case)
    later = NOW + timedelta(days=3)
    deliver(row(signaalnummer="T-2", grondslag=second), now=later)
    assert running(session, case) == dict.fromkeys(names, later.date()) | before
    assert len(CaseFile(session, case).terms) == len(names)


def test_no_reaction_is_asked_where_the_first_answer_stands(session: Session, deliver: Any) -> None:
    deliver(row())
    (case,) = cases(session)
    take(session, case, "start_onderzoek", begin(session, case), reden="twee adressen")
    deliver(row(signaalnummer="T-2", grondslag="TMV_2_34"))
    assert case.eerste_antwoord is not None and "tmv_reactie" not in running(session, case)


WESTVOORNE, VOORNE_AAN_ZEE = "0614", "1992"
BEFORE_MERGER = datetime(2022, 12, 5, 9, tzinfo=ZONE)
AFTER_MERGER = datetime(2023, 1, 10, 9, tzinfo=ZONE)
OF_2022 = {"leveringsnummer": "LRNI-2022-12", "datum_signaal": "20221201", "datum_vanaf": "20220301"}


def test_a_signal_for_the_successor_joins_the_case_of_before_the_merger(session: Session, deliver: Any) -> None:
    deliver(row(gemeentecode=WESTVOORNE, **OF_2022), now=BEFORE_MERGER)
    loaded = deliver(row(signaalnummer="T-2", gemeentecode=VOORNE_AAN_ZEE, **OF_2022 | {"datum_signaal": "20230109"}),
        row(signaalnummer="T-3", gemeentecode="0501", **OF_2022), now=AFTER_MERGER)  # fmt: skip
    assert (loaded.zaken, loaded.waarschuwingen) == (
        0,
        {"bsn_heeft_lopende_zaak": 2, "gemeente_samengevoegd": 1},
    )
    (case,) = cases(session)
    assert case.gemeentecode == WESTVOORNE and not tasks(session, case)
    assert [link.gemeentecode for link in links(session, case)] == [WESTVOORNE] * 3


def test_a_case_elsewhere_is_told_under_the_name_of_today(session: Session, deliver: Any) -> None:
    deliver(row(gemeentecode=WESTVOORNE, **OF_2022), now=BEFORE_MERGER)
    deliver(row(signaalnummer="T-2", **OF_2022), now=AFTER_MERGER)
    here = cases(session)[1]
    assert "Voorne aan Zee" in tasks(session, here)["ook_in_andere_gemeente"].uitleg


def test_an_earlier_case_of_before_the_merger_is_told(session: Session, deliver: Any) -> None:
    deliver(row(gemeentecode=WESTVOORNE, **OF_2022), now=BEFORE_MERGER)
    closed = {"resultaat": Outcome.NIET_VASTGESTELD, "afgesloten_op": BEFORE_MERGER.date()}
    put_in(session, cases(session)[0], Phase.AFGESLOTEN, **closed)
    deliver(row(signaalnummer="T-2", gemeentecode=WESTVOORNE, **OF_2022), now=AFTER_MERGER)
    assert set(tasks(session, cases(session)[1])) == {"bsn_eerder_onderzocht"}


def test_a_withdrawal_after_the_merger_frees_the_person_of_before_it(session: Session, deliver: Any) -> None:
    deliver(row(gemeentecode=WESTVOORNE, **OF_2022), now=BEFORE_MERGER)
    gone = row(mutatiesoort="V", gemeentecode=WESTVOORNE, **OF_2022)
    new = row(signaalnummer="T-2", gemeentecode=VOORNE_AAN_ZEE, **OF_2022 | {"datum_signaal": "20230109"})
    loaded = deliver(gone, new, now=AFTER_MERGER)
    assert (loaded.zaken, loaded.waarschuwingen) == (1, {})


@pytest.mark.parametrize("withdrawn", [False, True])
@pytest.mark.parametrize("changed", [{}, {"huisnummer": "14"}, {"bsn": ANOTHER}])
def test_a_signal_of_another_municipality_is_unknown_to_a_teamleider(
    session: Session, deliver: Any, withdrawn: bool, changed: dict[str, str]
) -> None:
    deliver(row(gemeentecode="0268"))
    if withdrawn:
        deliver(row(gemeentecode="0268", mutatiesoort="V"))
    seen = {}
    for kind in "NWV":
        for gemeentecode in ("0599", "0268"):
            loaded = deliver(row(mutatiesoort=kind, gemeentecode=gemeentecode, **changed), only=frozenset({"0599"}))
            seen[kind, gemeentecode] = loaded.redenen
    assert seen == {
        (kind, gemeentecode): {"signaal_bestaat_al_anders" if kind == "N" else "signaal_onbekend": 1}
        for kind in "NWV"
        for gemeentecode in ("0599", "0268")
    }


def test_a_teamleider_knows_the_signals_of_what_was_merged_into_the_own_municipality(
    session: Session, deliver: Any
) -> None:
    deliver(row(gemeentecode=WESTVOORNE, **OF_2022), now=BEFORE_MERGER)
    again = row(gemeentecode=WESTVOORNE, **OF_2022) | {"toelichting": "x"}
    changed = deliver(again | {"mutatiesoort": "W"}, now=AFTER_MERGER, only=frozenset({VOORNE_AAN_ZEE}))
    assert changed.gewijzigd == 1
