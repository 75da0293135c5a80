"""The report of a visit: one row per person, all or nothing, once; and what happens when a case moved on."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier
from typing import Any
from uuid import uuid4

import pytest
from factories import ANNA, BRAM, CARLA, RECEIVED, case_at, codes, desk, new_case, take
from sqlalchemy import Engine
from sqlmodel import Session, SQLModel, select

from service.access import Access
from service.db import session_scope
from signals.errors import DomainError, Forbidden, Invalid, NotFound, Refused
from workflow import dossier, moves, unplaced_reports, visit_planning
from workflow.models import Bijvangst, Case, Visit
from workflow.phases import Phase
from workflow.visit_models import PlannedVisit, SocialConcern, UnplacedReport, VisitReport, VisitStatus
from workflow.visit_planning import Visitor
from workflow.visit_reports import Filled, submit

DAY = RECEIVED + timedelta(days=8)
AT_DOOR = desk(BRAM, DAY, 20)
SEEN = {
    "datum": DAY.isoformat(),
    "begin": "18:10",
    "einde": "18:30",
    "bezoekers": "Bram (pas 4471), Noor (pas 12)",
    "opengedaan": "ja",
    "wieOpende": "de hoofdbewoner",
    "gelegitimeerd": "ja",
    "doelGemeld": "ja",
    "toestemming": "gegeven",
    "binnengetreden": "ja",
    "bevindingen": "Twee namen bij de bel.",
    "gezienBinnen": "Twee bedden.",
}


@pytest.fixture
def pair(session: Session) -> tuple[Case, Case]:
    """Two people at one address."""
    first, second = case_at(session, Phase.HUISBEZOEK), new_case(session, bsn="999990020")
    second.adressleutel = first.adressleutel
    session.flush()
    return first, second


@pytest.fixture
def visit(session: Session, pair: tuple[Case, Case]) -> PlannedVisit:
    asked = {"dag": DAY.isoformat(), "begin": "18:00", "einde": "20:00", "veiligheid": "geen_bijzonderheden"}
    made, _ = visit_planning.plan(session, pair[0], desk(ANNA, RECEIVED), asked, [Visitor("bram", "4471")])
    return made


def filled(*cases: Case, found: str = "ja", **other: str) -> Filled:
    numbers = {case.zaaknummer: case.versie for case in cases}
    given = {name: value for name, value in (SEEN | other).items() if value}
    return Filled(str(uuid4()), given, numbers, dict.fromkeys(numbers, found), {cases[0].zaaknummer: "Zij woont hier."})


def held(session: Session) -> Mapping[int, Visit]:
    return {row.zaak_id: row for row in session.exec(select(Visit))}


def refusal(session: Session, visit: PlannedVisit, report: Filled, kind: type[DomainError] = Invalid) -> Any:
    """The codes of a report that is refused, and leaves nothing."""
    before = [len(session.exec(select(table)).all()) for table in (Visit, VisitReport, Bijvangst)]
    with pytest.raises(kind) as error:
        submit(session, visit, AT_DOOR, report)
    assert [len(session.exec(select(table)).all()) for table in (Visit, VisitReport, Bijvangst)] == before
    return codes(error)


def test_one_report_is_a_visit_of_each_with_a_number_of_its_own(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    first, second = pair
    earlier = {"bezoekers": "1", "opengedaan": False, "gelegitimeerd": False, "doelGemeld": False}
    earlier |= {"toestemming": "niet_gevraagd", "begin": "2026-03-09T10:00", "einde": "2026-03-09T10:05"}
    dossier.add(session, first, "huisbezoeken", desk(BRAM, DAY), earlier)
    found = {first.zaaknummer: "ja", second.zaaknummer: "nee"}
    report, new = submit(session, visit, AT_DOOR, replace(filled(*pair), gevonden=found))
    rows = {row.zaak_id: row for row in session.exec(select(Visit).where(Visit.bezoek_id == visit.id))}
    mine, other = rows[first.id or 0], rows[second.id or 0]
    assert (new, visit.status) == (True, VisitStatus.AFGELEGD)
    assert [(row.poging, row.aangetroffen) for row in (mine, other)] == [(2, True), (1, False)]
    assert mine.bevindingen == "Twee namen bij de bel.\nZij woont hier."
    assert other.bevindingen == "Twee namen bij de bel."
    assert (mine.tijdvak, mine.veiligheid) == ("10-03-2026, 18.00-20.00 uur", "geen_bijzonderheden")
    assert [answer["soort"] for answer in report.antwoord] == ["vastgelegd", "vastgelegd"]


def test_the_same_report_sent_twice_is_recorded_once(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    report = filled(*pair)
    first, _ = submit(session, visit, AT_DOOR, report)
    again, new = submit(session, visit, AT_DOOR, report)
    assert (new, again.id, len(held(session))) == (False, first.id, 2)
    changed = replace(report, gegevens={**report.gegevens, "vervolg": "nog eens gaan"})
    assert refusal(session, visit, changed, Refused) == {"verslag_al_vastgelegd"}


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"toestemming": "geweigerd"}, {"geen_toestemming"}),
        ({"binnengetreden": "nee"}, {"niet_binnen_geweest"}),
        ({"gelegitimeerd": "nee"}, {"niet_gelegitimeerd"}),
        ({"toestemming": ""}, {"verplicht_leeg"}),
        ({"opengedaan": "nee"}, {"niemand_opende"}),
        ({"einde": "18:00"}, {"einde_voor_begin"}),
        ({"einde": "21:00"}, {"tijdstip_in_toekomst"}),
        ({"datum": (DAY - timedelta(days=2)).isoformat()}, {"andere_dag"}),
        ({"zorg": "ja"}, {"verplicht_leeg"}),
        ({"onverwachtOmschrijving": "een broer", "onverwachtGeslachtsnaam": "Kowalski"}, {"verplicht_leeg"}),
        ({"onverwachtOmschrijving": "een broer", "onverwachtBsn": "999990033"}, {"bsn_ongeldig", "verplicht_leeg"}),
    ],
)
def test_what_cannot_have_been_so_is_refused_whole(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit, wrong: dict[str, str], code: set[str]
) -> None:
    assert refusal(session, visit, filled(*pair, **wrong)) == code


def test_a_door_that_stayed_shut_is_a_short_report(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    inside = ("wieOpende", "gelegitimeerd", "doelGemeld", "toestemming", "binnengetreden", "gezienBinnen")
    shut = dict.fromkeys(inside, "")
    report = replace(filled(*pair, opengedaan="nee", kaartAchtergelaten="ja", **shut), gevonden={})
    submit(session, visit, AT_DOOR, report)
    row = held(session)[pair[1].id or 0]
    assert (row.toestemming, row.aangetroffen, row.kaart_achtergelaten) == ("niet_gevraagd", False, True)


def test_what_came_in_about_a_closed_case_is_kept_and_the_other_is_recorded(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    first, second = pair
    report = filled(*pair)
    take(session, second, "wijs_toe", desk(ANNA, DAY))
    take(session, second, "niet_oppakken", desk(ANNA, DAY), reden="dubbel")
    answer, _ = submit(session, visit, AT_DOOR, report)
    assert {one["zaaknummer"]: one["soort"] for one in answer.antwoord} == {
        first.zaaknummer: "vastgelegd",
        second.zaaknummer: "bewaard",
    }
    told = next(one["uitleg"] for one in answer.antwoord if one["soort"] == "bewaard")
    for words in ("is afgesloten", "Anna", "10-03-2026", "terzijde"):
        assert words in told
    ((row, case),) = unplaced_reports.waiting(session)
    assert case.id == second.id and row.gegevens["bevindingen"] == "Twee namen bij de bel."
    with pytest.raises(Forbidden):
        unplaced_reports.place(session, row, case, desk(CARLA, DAY))
    unplaced_reports.place(session, row, case, desk(ANNA, DAY, 21))
    kept = held(session)[second.id or 0]
    assert (kept.bezoek_id, kept.poging, kept.begin.astimezone(AT_DOOR.now.tzinfo).hour) == (visit.id, 1, 18)
    assert unplaced_reports.waiting(session) == []
    with pytest.raises(Refused):
        unplaced_reports.set_aside(session, row, case, desk(ANNA, DAY), {"reden": "dubbel"})


def test_what_is_kept_can_be_placed(session: Session, pair: tuple[Case, Case], visit: PlannedVisit) -> None:
    submit(session, visit, AT_DOOR, filled(*pair))
    assert refusal(session, visit, filled(*pair, einde="18:00")) == {"einde_voor_begin"}
    assert refusal(session, visit, filled(*pair, onverwachtBsn="999990034")) == {"verplicht_leeg"}
    long = replace(filled(*pair, bevindingen="a" * 4000), bevinding={pair[0].zaaknummer: "b" * 4000})
    submit(session, visit, AT_DOOR, long)
    waiting = unplaced_reports.waiting(session)
    assert len(waiting) == 2
    for row, case in waiting:
        unplaced_reports.place(session, row, case, desk(ANNA, DAY, 21))
    assert len(held(session)[pair[0].id or 0].bevindingen) == 8001


def test_a_visit_at_an_address_that_was_left_counts_there(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    first, _ = pair
    old, report = visit.adressleutel, filled(*pair)
    where = {"postcode": "6511AA", "huisnummer": "8", "bron": "buurman"}
    take(session, first, "wijzig_adres", desk(ANNA, DAY), **where)
    answer, _ = submit(session, visit, AT_DOOR, report)
    assert held(session)[first.id or 0].adressleutel == old
    assert "telt niet voor het nieuwe adres" in answer.antwoord[0]["uitleg"]
    stranger = new_case(session, bsn="999990032")
    assert refusal(session, visit, filled(stranger), NotFound) == {"zaak_niet_op_adres"}


def test_a_second_report_of_one_visit_is_kept_to_be_placed(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    submit(session, visit, AT_DOOR, filled(*pair))
    joined = new_case(session, bsn="999990032")
    joined.adressleutel = visit.adressleutel
    session.flush()
    answer, new = submit(session, visit, AT_DOOR, filled(*pair))
    assert new and [one["soort"] for one in answer.antwoord] == ["bewaard", "bewaard", "niet_in_verslag"]
    assert len(session.exec(select(Visit)).all()) == 2
    row, case = unplaced_reports.waiting(session)[0]
    unplaced_reports.set_aside(session, row, case, desk(ANNA, DAY), {"reden": "hetzelfde bezoek"})
    assert (row.afhandeling, row.toelichting) == ("terzijde", "hetzelfde bezoek")
    assert len(unplaced_reports.waiting(session)) == 1


def test_an_unexpected_person_gets_a_child_case(session: Session, pair: tuple[Case, Case], visit: PlannedVisit) -> None:
    found = {"onverwachtOmschrijving": "een broer", "onverwachtBsn": "999990032", "onverwachtGeslachtsnaam": "Kowalski"}
    submit(session, visit, AT_DOOR, filled(*pair, **found))
    (row,) = session.exec(select(Bijvangst))
    assert row.zaak_id == pair[0].id
    assert session.get_one(Case, row.kindzaak_id).geslachtsnaam == "Kowalski"


def test_a_social_concern_is_in_no_dossier(session: Session, pair: tuple[Case, Case], visit: PlannedVisit) -> None:
    submit(session, visit, AT_DOOR, filled(*pair, zorg="ja", zorgWaarheen="wijkteam Lent"))
    (concern,) = session.exec(select(SocialConcern))
    assert concern.waarheen == "wijkteam Lent"
    elsewhere = [
        table.name
        for table in SQLModel.metadata.sorted_tables
        for row in session.connection().execute(table.select())
        if "wijkteam" in repr(row)
    ]
    assert elsewhere == ["zorgsignaal"]


def test_a_visit_that_was_cancelled_and_made_all_the_same_is_recorded(
    session: Session, pair: tuple[Case, Case], visit: PlannedVisit
) -> None:
    visit_planning.cancel(session, visit, desk(ANNA, DAY), visit.versie, {"reden": "Bram ziek"})
    answer, _ = submit(session, visit, AT_DOOR, filled(*pair))
    assert "Het bezoek stond als vervallen (Bram ziek)." in answer.antwoord[0]["uitleg"]
    assert (len(held(session)), visit.status) == (2, VisitStatus.VERVALLEN)


def test_who_does_not_go_out_sends_no_report(session: Session, pair: tuple[Case, Case], visit: PlannedVisit) -> None:
    with pytest.raises(Forbidden):
        submit(session, visit, desk(CARLA, DAY, 20), filled(*pair))
    assert session.exec(select(UnplacedReport)).all() == []


def test_two_at_once_plan_one_visit_and_record_one_report(engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        case = case_at(session, Phase.HUISBEZOEK)
    number, at_once = case.zaaknummer, Barrier(2)
    asked = {"dag": DAY.isoformat(), "begin": "18:00", "einde": "20:00", "veiligheid": "geen_bijzonderheden"}
    report = filled(case)

    def plan(_: int) -> bool:
        at_once.wait()
        with session_scope(engine, Access.system()) as session:
            mine = moves.find_case(session, number)
            return visit_planning.plan(session, mine, desk(ANNA, RECEIVED), asked, [Visitor("bram", "4471")])[1]

    def send(_: int) -> bool:
        at_once.wait()
        with session_scope(engine, Access.system()) as session:
            visit = session.exec(select(PlannedVisit)).one()
            return submit(session, visit, AT_DOOR, report)[1]

    with ThreadPoolExecutor(2) as two:
        assert sorted(two.map(plan, range(2))) == [False, True]
        assert sorted(two.map(send, range(2))) == [False, True]
    with session_scope(engine, Access.system(), write=False) as session:
        assert len(session.exec(select(Visit)).all()) == 1
