"""A load is taken back whole or not at all, and nothing else notices."""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, SQLModel, col, select

from exports.models import DeliveryState, FeedbackDelivery, FeedbackRow, RowKind
from importers.refusals import FileRefused
from service.loading import uploads
from service.loading.proof import digest_of_others
from signals.errors import Refused
from signals.models import Delivery, Load, LoadStatus, RejectedRow, Signal
from tests import factories
from tests.importers.deliveries import NOW, TODAY, row, take_in, write_csv
from workflow import case_terms, clock, dossier, models, moves, undo
from workflow.case_file import CaseFile
from workflow.models import Case, CaseTask, OfCase
from workflow.phases import Answer

PEOPLE = ("999990019", "999990020", "999990032", "999990044")
NIJMEGEN, ROTTERDAM = "0268", "0599"
OF_THE_LOAD = frozenset({"load", "rejected_row", "number_series"})


@pytest.fixture
def deliver(session: Session, tmp_path: Path) -> Any:
    """Takes in the rows as one file, a day later than the one before."""

    def taken(*rows: dict[str, str], days: int | None = None) -> Load:
        number = len(list(tmp_path.glob("*.csv")))
        now = NOW + timedelta(days=number if days is None else days)
        return take_in(session, write_csv(tmp_path / f"{number}.csv", rows), now=now)

    return taken


def everything(session: Session) -> dict[str, Counter[str]]:
    """Every row of every table, but those that a load leaves when it is undone."""
    session.flush()
    return {
        each.name: Counter(repr(tuple(row)) for row in session.connection().execute(each.select()))
        for each in SQLModel.metadata.sorted_tables
        if each.name not in OF_THE_LOAD
    }


def take_back(session: Session, load: Load) -> None:
    """As the command does it, with its proof."""
    before = digest_of_others(session, load)
    undo.take_back(session, load, told=0)
    assert digest_of_others(session, load) == before


def codes(session: Session, load: Load, told: int = 0) -> set[str]:
    """Why not; nothing may have changed by asking."""
    before = everything(session)
    with pytest.raises(Refused) as refused:
        undo.take_back(session, load, told=told)
    assert everything(session) == before
    assert load.status == LoadStatus.GELADEN
    assert all(reason.uitleg.endswith(".") for reason in refused.value.reasons)
    return {reason.code for reason in refused.value.reasons}


def cases(session: Session, load: Load) -> list[Case]:
    signals = select(Signal.id).where(Signal.load_id == load.id)
    return list(session.exec(select(Case).where(col(Case.eerste_signaal_id).in_(signals)).order_by(col(Case.id))))


def case_of(session: Session, load: Load) -> Case:
    return cases(session, load)[0]


def test_a_load_that_is_undone_leaves_the_database_as_it_was(session: Session, deliver: Any, tmp_path: Path) -> None:
    """Also the tasks in a case that ran elsewhere; counts and rejected rows stay, and the file loads again."""
    deliver(row(signaalnummer="T-1"), row(signaalnummer="T-2", bsn=PEOPLE[1]))
    before = everything(session)
    rows = [
        row(signaalnummer="U-1", gemeentecode=NIJMEGEN, leveringsnummer="LRNI-2026-10"),
        row(signaalnummer="U-2", bsn=PEOPLE[2], leveringsnummer="LRNI-2026-10"),
        row(signaalnummer="U-3", bsn="123", leveringsnummer="LRNI-2026-10"),
        row(signaalnummer="T-1", leveringsnummer="LRNI-2026-10"),
    ]
    load = deliver(*rows)
    assert (load.geaccepteerd, load.afgekeurd, load.dubbel, load.zaken) == (2, 1, 1, 2)
    elsewhere = session.exec(select(CaseTask).where(CaseTask.gemeentecode == ROTTERDAM)).all()
    assert [task.soort for task in elsewhere] == ["ook_in_andere_gemeente"]
    assert clock.due_soon(session, load.datum_ontvangst + timedelta(days=25)) > 0
    mine = [case.id for case in cases(session, load)]
    for task in session.exec(select(CaseTask).where(col(CaseTask.zaak_id).not_in(mine))):
        if task.soort.startswith("termijn"):
            session.delete(task)  # what the night told the other cases is none of the load's
    session.flush()

    take_back(session, load)
    assert everything(session) == before
    assert session.get(Delivery, "LRNI-2026-10") is None
    assert (load.status, load.geaccepteerd, load.zaken) == (LoadStatus.ONGEDAAN, 2, 2)
    kept = session.exec(select(RejectedRow).where(RejectedRow.load_id == load.id)).all()
    assert [one.uitkomst for one in kept] == ["afgekeurd", "dubbel"]

    again = take_in(session, tmp_path / "1.csv", now=NOW + timedelta(days=2))
    assert (again.geaccepteerd, again.afgekeurd, again.dubbel, again.zaken) == (2, 1, 1, 2)
    with pytest.raises(FileRefused):
        take_in(session, tmp_path / "1.csv", now=NOW + timedelta(days=3))


def test_a_load_of_which_the_cases_have_all_their_rows_is_undone_as_well(session: Session, deliver: Any) -> None:
    """As those have that were loaded by an older release."""
    before = everything(session)
    load = deliver(row(signaalnummer="T-1"), row(signaalnummer="T-2", bsn=PEOPLE[1]))
    for case in cases(session, load):
        case_terms.settle(CaseFile(session, case))
    take_back(session, load)
    assert everything(session) == before


def test_what_a_later_load_told_elsewhere_about_its_cases_goes_too(session: Session, deliver: Any) -> None:
    first = deliver(row(signaalnummer="T-1"))
    deliver(row(signaalnummer="T-2", gemeentecode=NIJMEGEN))
    assert len(session.exec(select(CaseTask)).all()) == 2
    take_back(session, first)
    assert session.exec(select(CaseTask)).all() == []
    assert [case.gemeentecode for case in session.exec(select(Case))] == [NIJMEGEN]


def test_what_was_told_before_the_load_stays(session: Session, deliver: Any) -> None:
    """Nijmegen had a case of the person before, which closed; the reminder of it in Rotterdam is not the load's."""
    deliver(row(signaalnummer="T-1"))
    deliver(row(signaalnummer="T-2", gemeentecode=NIJMEGEN))
    deliver(row(signaalnummer="T-2", gemeentecode=NIJMEGEN, mutatiesoort="V"))
    before = everything(session)
    load = deliver(row(signaalnummer="T-3", gemeentecode=NIJMEGEN))
    assert load.zaken == 1
    take_back(session, load)
    assert everything(session) == before


def test_a_delivery_that_came_in_two_loads_stays_for_the_other(session: Session, deliver: Any) -> None:
    deliver(row(signaalnummer="T-1"))
    load = deliver(row(signaalnummer="T-2", bsn=PEOPLE[1]))
    take_back(session, load)
    assert session.get(Delivery, "LRNI-2026-09")


def test_only_new_signals_that_opened_a_case_can_go(session: Session, deliver: Any) -> None:
    deliver(row(signaalnummer="T-1"), row(signaalnummer="T-2", bsn=PEOPLE[1]))
    change = row(signaalnummer="T-1", voornamen="Ewa", mutatiesoort="W")
    changing = deliver(change, row(signaalnummer="T-3", bsn=PEOPLE[2]))
    assert codes(session, changing) == {"niet_alleen_nieuw"}
    withdrawing = deliver(row(signaalnummer="T-2", bsn=PEOPLE[1], mutatiesoort="V"))
    assert codes(session, withdrawing) == {"niet_alleen_nieuw"}
    joining = deliver(row(signaalnummer="T-4", straatnaam="Elders"))
    assert codes(session, joining) == {"signaal_aangesloten"}
    within = deliver(row(signaalnummer="T-5", bsn=PEOPLE[3]), row(signaalnummer="T-6", bsn=PEOPLE[3]))
    assert codes(session, within) == {"signaal_aangesloten"}


def test_a_later_load_holds_it(session: Session, deliver: Any) -> None:
    changed, joined, withdrawn = (deliver(row(signaalnummer=f"T-{place}", bsn=PEOPLE[place])) for place in range(3))
    deliver(row(signaalnummer="T-0", bsn=PEOPLE[0], voornamen="Ewa", mutatiesoort="W"))
    deliver(row(signaalnummer="T-9", bsn=PEOPLE[1]))
    deliver(row(signaalnummer="T-2", bsn=PEOPLE[2], mutatiesoort="V"))
    assert codes(session, changed) == {"later_gewijzigd"}
    assert codes(session, joined) == {"later_aangesloten"}
    assert codes(session, withdrawn) == {"later_gewijzigd", "zaak_begonnen"}


def assign(session: Session, case: Case) -> None:
    tess = factories.desk(factories.TESS, TODAY)
    moves.take(session, case, "wijs_toe", tess, versie=1, gegevens={"behandelaar": "anna"})


def test_any_step_holds_it_also_one_that_stays_in_ontvangen(session: Session, deliver: Any) -> None:
    load = deliver(row(gemeentecode=NIJMEGEN))
    case = case_of(session, load)
    assign(session, case)
    assert case.fase == "ontvangen"
    assert codes(session, load) == {"zaak_begonnen"}


ENTRIES: dict[str, tuple[type[OfCase], dict[str, Any]]] = {
    "contact": (models.Contact, {"soort": "contactpoging", "kanaal": "telefoon", "richting": "uit", "wanneer": NOW}),
    "terugbelverzoek": (models.CallbackRequest, {"telefoonnummer": "0612345678"}),
    "bron": (models.Source, {"soort": "bag", "datum": TODAY, "bevinding": "Woonfunctie."}),
    "huisbezoek": (
        models.Visit,
        {"poging": 1, "begin": NOW, "einde": NOW, "adressleutel": "x", "opengedaan": False, "gelegitimeerd": True}
        | {"doel_gemeld": True, "toestemming": "niet_gevraagd", "binnengetreden": False},
    ),
    "document": (models.Document, {"omschrijving": "Kopie", "soort": "overig", "datum": TODAY}),
    "walaa": (models.WalaaEntry, {"antwoord": Answer.ONDERZOEK_IN_DE_BRP, "datum": TODAY}),
    "aangifte": (models.Aangifte, {"datum": TODAY, "soort": "woonadres"}),
    "leerpunt": (models.Leerpunt, {"soort": "adres_onjuist"}),
    "rectificatie": (
        models.Rectificatie,
        {"gevraagd_op": TODAY, "betreft": "x", "uitkomst": "afgewezen", "toelichting": "y", "meegedeeld_op": TODAY},
    ),
    "bijvangst": (models.Bijvangst, {"omschrijving": "Een tweede bewoner."}),
}


def add_entry(session: Session, case: Case, kind: str) -> None:
    table, values = ENTRIES[kind]
    own = {"zaak_id": case.id, "gemeentecode": case.gemeentecode}
    session.add(table(**own, **values, vastgelegd_op=TODAY, tijdstip=NOW, door="anna"))
    session.flush()


@pytest.mark.parametrize("kind", list(ENTRIES))
def test_any_dossier_entry_holds_it(session: Session, deliver: Any, kind: str) -> None:
    load = deliver(row())
    add_entry(session, case_of(session, load), kind)
    assert codes(session, load) == {"dossier_gevuld"}


def test_a_task_that_somebody_saw_to_holds_it_but_not_one_that_the_night_closed(session: Session, deliver: Any) -> None:
    load = deliver(row(gemeentecode=NIJMEGEN))
    case = case_of(session, load)
    assert clock.due_soon(session, TODAY + timedelta(days=25)) == 1
    clock.overdue(session, TODAY + timedelta(days=90))
    clock.due_soon(session, TODAY + timedelta(days=90))
    closed = session.exec(select(CaseTask).where(col(CaseTask.afgehandeld_op).is_not(None))).all()
    assert closed
    assert not list(undo.obstacles(session, load, told=0))
    task = session.exec(select(CaseTask).where(col(CaseTask.afgehandeld_op).is_(None))).first()
    assert task and task.id
    dossier.finish_task(session, case, task.id, factories.desk(factories.ANNA, TODAY))
    assert codes(session, load) == {"dossier_gevuld"}


def test_all_reasons_are_told_at_once(session: Session, deliver: Any) -> None:
    load = deliver(row(gemeentecode=NIJMEGEN), row(signaalnummer="T-2", bsn=PEOPLE[1], gemeentecode=NIJMEGEN))
    case = case_of(session, load)
    add_entry(session, case, "bron")
    assign(session, case)
    deliver(row(signaalnummer="T-9", bsn=PEOPLE[1], gemeentecode=NIJMEGEN))
    assert codes(session, load, told=1) == {"zaak_begonnen", "dossier_gevuld", "later_aangesloten", "al_teruggekoppeld"}


def test_what_was_undone_or_refused_cannot_be_undone(session: Session, deliver: Any) -> None:
    load = deliver(row())
    take_back(session, load)
    with pytest.raises(Refused) as refused:
        undo.take_back(session, load, told=0)
    assert refused.value.reasons[0].code == "staat_past_niet"


def test_the_digest_sees_one_changed_value_anywhere(session: Session, deliver: Any) -> None:
    load, other = deliver(row()), deliver(row(signaalnummer="T-2", bsn=PEOPLE[1]))
    before = digest_of_others(session, load)
    assert digest_of_others(session, load) == before
    case = case_of(session, other)
    case.behandelaar = "anna"
    session.add(case)
    session.flush()
    assert digest_of_others(session, load) != before
    case.behandelaar = None
    session.flush()
    assert digest_of_others(session, load) == before


def test_a_bare_feedback_row_is_counted(session: Session, deliver: Any) -> None:
    load = deliver(row())
    signal = session.exec(select(Signal)).one()
    delivery = FeedbackDelivery(
        nummer="TK-2026-0001", staat=DeliveryState.GEWEIGERD, aangemaakt_op=NOW, aangemaakt_door="coen"
    )
    session.add(delivery)
    session.flush()
    told = {name: getattr(signal, name) for name in ("leveringsnummer", "signaalnummer", "bsn", "gemeentecode")}
    session.add(
        FeedbackRow(
            **told, terugkoppeling_id=delivery.id, volgnummer=1, signal_id=signal.id, soort=RowKind.EERSTE_ANTWOORD
        )
    )
    session.flush()
    assert [reason.code for reason in uploads.undo_obstacles(session, load)] == ["al_teruggekoppeld"]
