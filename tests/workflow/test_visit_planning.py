"""Planning home visits: for whom, when not, what to think of, and the order in which they are walked."""

from datetime import date, time, timedelta
from typing import Any

import pytest
from factories import ANNA, BRAM, CARLA, DIRK, RECEIVED, add_source, case_at, codes, desk, new_case, take
from sqlmodel import Session, select

from signals.errors import Forbidden, Invalid, Refused, Stale
from workflow import dossier, visit_planning
from workflow.actors import Actor
from workflow.case_file import CaseFile
from workflow.day_list import day_list
from workflow.models import Case
from workflow.phases import Phase, Role
from workflow.visit_models import PlannedVisit, VisitStatus
from workflow.visit_planning import Visitor
from workflow.visit_policy import progress

DAY = RECEIVED + timedelta(days=8)  # a Tuesday
BRAM_GOES = [Visitor("bram", "4471")]
ASKED = {"dag": DAY.isoformat(), "begin": "18:00", "einde": "20:00", "veiligheid": "geen_bijzonderheden"}


def plan(session: Session, case: Case, actor: Actor = ANNA, **other: Any) -> PlannedVisit:
    return visit_planning.plan(session, case, desk(actor, RECEIVED + timedelta(days=7)), ASKED | other, BRAM_GOES)[0]


def test_two_planners_make_one_visit(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    at = desk(ANNA, RECEIVED + timedelta(days=7))
    first, new = visit_planning.plan(session, case, at, ASKED, BRAM_GOES)
    again, newer = visit_planning.plan(session, case, desk(BRAM, at.today), ASKED, BRAM_GOES)
    assert (new, newer, again.id) == (True, False, first.id)
    assert len(session.exec(select(PlannedVisit)).all()) == 1
    visit_planning.cancel(session, first, at, first.versie, {"reden": "ziek"})
    assert plan(session, case).id != first.id


def test_a_visit_is_for_who_lives_there_by_then(session: Session) -> None:
    case, other = case_at(session, Phase.VOORONDERZOEK), new_case(session, bsn="999990020")
    visit = plan(session, case)
    assert [one.id for one in visit_planning.group(session, visit)] == [case.id]
    other.adressleutel = case.adressleutel
    session.flush()
    assert [one.id for one in visit_planning.group(session, visit)] == [case.id, other.id]
    take(session, case, "niet_oppakken", desk(ANNA, DAY), reden="capaciteit")
    assert [one.id for one in visit_planning.group(session, visit)] == [other.id]


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"dag": "2026-03-08"}, "tijdvak_voorbij"),
        ({"dag": "9999-12-31"}, "dag_te_ver"),
        ({"einde": "17:00"}, "einde_voor_begin"),
        ({"begin": "half zes"}, "tijd_ongeldig"),
        ({"veiligheid": ""}, "verplicht_leeg"),
    ],
)
def test_what_cannot_be_planned_is_said_by_its_field(session: Session, wrong: dict[str, str], code: str) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Invalid) as error:
        plan(session, case, **wrong)
    assert codes(error) == {code}


def test_only_a_toezichthouder_with_a_pass_is_sent(session: Session) -> None:
    case, at = case_at(session, Phase.VOORONDERZOEK), desk(ANNA, RECEIVED)
    for going, code in (
        ([], "bezoeker_ontbreekt"),
        ([Visitor("anna", "12")], "geen_toezichthouder"),
        ([Visitor("bram", "")], "pasnummer_ontbreekt"),
    ):
        with pytest.raises(Invalid) as error:
            visit_planning.plan(session, case, at, ASKED, going)
        assert codes(error) == {code}


def test_a_closed_case_a_beslisser_and_another_municipality_plan_nothing(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    for actor in (CARLA, DIRK):
        with pytest.raises(Forbidden):
            plan(session, case, actor)
    take(session, case, "niet_oppakken", desk(ANNA), reden="capaciteit")
    with pytest.raises(Refused) as error:
        plan(session, case)
    assert codes(error) == {"groep_gesloten"}


def test_of_two_changes_at_once_the_second_is_told(session: Session) -> None:
    case, at = case_at(session, Phase.VOORONDERZOEK), desk(ANNA, RECEIVED)
    visit, other = plan(session, case), plan(session, case, begin="18:30")
    versie = visit.versie
    visit_planning.replan(session, visit, at, versie, ASKED | {"begin": "17:30"}, BRAM_GOES)
    assert (visit.begin, visit.versie) == (time(17, 30), versie + 1)
    with pytest.raises(Stale):
        visit_planning.cancel(session, visit, at, versie, {"reden": "ziek"})
    with pytest.raises(Invalid) as error:
        visit_planning.replan(session, visit, at, visit.versie, ASKED | {"begin": "18:30"}, BRAM_GOES)
    assert codes(error) == {"tijdvak_bezet"}
    assert (visit.status, other.status) == (VisitStatus.GEPLAND, VisitStatus.GEPLAND)


def test_warnings_stop_nothing(session: Session) -> None:
    case, at = case_at(session, Phase.VOORONDERZOEK), desk(ANNA, RECEIVED)
    assert visit_planning.warnings(session, plan(session, case), at) == []
    dossier.add(session, case, "bronnen", at, {"soort": "brp", "bevinding": "staat er niet", "indicatieGeheim": "7"})
    easter = plan(session, case, dag="2026-04-06", begin="06:30", einde="08:00")
    plan(session, case, dag="2026-04-08")
    told = " ".join(visit_planning.warnings(session, easter, at))
    for words in ("Tweede paasdag", "voor 7.00", "Indicatie geheim", "dezelfde week"):
        assert words in told


def test_a_planned_visit_says_what_it_does_for_the_policy(session: Session) -> None:
    case, at = case_at(session, Phase.HUISBEZOEK), desk(BRAM, DAY)
    office = plan(session, case, begin="10:00", einde="11:00")
    assert (
        "nog 1 bezoek op een andere dag, waarvan 1 na 17.00 uur"
        in visit_planning.policy_help(session, office, at)[0][1]
    )
    held = {"bezoekers": "pas 1", "opengedaan": False, "gelegitimeerd": False, "doelGemeld": False}
    held |= {"toestemming": "niet_gevraagd", "begin": "2026-03-09T10:00", "einde": "2026-03-09T10:10"}
    dossier.add(session, case, "huisbezoeken", at, held)
    evening = plan(session, case)
    assert visit_planning.policy_help(session, evening, at)[0][1] == "Met dit bezoek is het bezoekbeleid gehaald."
    case.adressleutel = "elders"
    assert progress(CaseFile(session, case), at).days == frozenset()


def test_a_day_is_walked_by_part_of_the_day_postcode_and_number(session: Session) -> None:
    where = [("6523AB", 10, ""), ("6523AB", 9, ""), ("6511AA", 80, ""), ("6523AB", 9, "a"), ("", 3, "")]
    for number, (postcode, huisnummer, huisletter) in enumerate(where):
        case = new_case(session, bsn=f"9999900{number}")
        case.postcode, case.huisnummer, case.huisletter = postcode, huisnummer, huisletter
        case.adressleutel = f"{postcode} {huisnummer} {huisletter}"
        plan(session, case, begin=f"18:{number:02d}")
        if not number:
            plan(session, case, begin="09:00", einde="10:00")
    parts = [
        (part, [(stop.visit.postcode, stop.visit.huisnummer, stop.visit.huisletter) for stop in stops])
        for part, stops in day_list(session, DAY, "bram")
    ]
    evening = [("6511AA", 80, ""), ("6523AB", 9, ""), ("6523AB", 9, "a"), ("6523AB", 10, ""), ("", 3, "")]
    assert parts == [("ochtend", [("6523AB", 10, "")]), ("avond", evening)]
    assert day_list(session, DAY, "iemand") == []


def test_a_stop_tells_what_earlier_visits_came_to_and_not_those_of_another_address(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    add_source(session, case, desk(ANNA, date(2026, 3, 9)), "buren")
    held = {"bezoekers": "pas 1", "opengedaan": True, "gelegitimeerd": True, "doelGemeld": True}
    held |= {"toestemming": "geweigerd", "begin": "2026-03-09T10:00", "einde": "2026-03-09T10:10", "aangetroffen": True}
    dossier.add(session, case, "huisbezoeken", desk(BRAM, date(2026, 3, 9), 12), held)
    plan(session, case)
    ((_, (stop,)),) = day_list(session, DAY, "bram")
    assert [one.toestemming for one in stop.earlier] == ["geweigerd"]
    case.adressleutel = "elders"
    session.flush()
    ((_, (stop,)),) = day_list(session, DAY, "bram")
    assert (stop.cases, stop.earlier) == ([], [])


def test_a_teamleider_plans_too(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    leader = Actor("tess", {Role.TEAMLEIDER: frozenset({case.gemeentecode})})
    assert plan(session, case, leader).gepland_door == "tess"
