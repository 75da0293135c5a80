"""Municipalities that merge on 1 January with cases under way: Nijmegen and Venlo go up in one."""

from dataclasses import replace
from datetime import date

import pytest
from factories import ANNA, NIJMEGEN, ROTTERDAM, VENLO, VOORNEMEN, add_source, case_at, desk, person, take, term
from letter_reading import newest, plain, read
from sqlmodel import Session, col, select

from signals.errors import Invalid
from signals.models import Municipality
from workflow import case_terms, visit_planning
from workflow.actors import Actor
from workflow.case_file import CaseFile
from workflow.dated_settings import set_setting, setting
from workflow.letterhead import use_letters
from workflow.mergers import with_mergers
from workflow.models import Case
from workflow.phases import Phase, Role
from workflow.visit_planning import Visitor

NEW, EVE, DAY = "1998", date(2026, 12, 31), date(2027, 1, 1)
NAME = "termijn_aanschrijving_dagen"
RECEIVED = date(2026, 12, 7)
STAFF = person("anna", Role.BEHANDELAAR)


@pytest.fixture(autouse=True)
def merger(session: Session) -> None:
    """As table 33 tells it, long before."""
    for code in (NIJMEGEN, VENLO):
        row = session.get_one(Municipality, code)
        row.einde, row.opvolger = DAY, NEW
    session.add(Municipality(code=NEW, naam="Maas en Waal", begin=DAY))
    session.flush()


def test_a_case_goes_on_with_its_terms_and_its_history_tells_of_the_day(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING, RECEIVED)
    before = [(one.term, one.einde) for one in case_terms.views(CaseFile(session, case), EVE)]
    assert "gemeente_opgegaan" not in [one.stap for one in with_mergers(session, case, *_now(session, case, EVE))]
    add_source(session, case, desk(STAFF, date(2027, 1, 4)), "verhuurder")
    add_source(session, case, desk(STAFF, date(2027, 1, 4)), "bag")
    take(session, case, "verstuur_voornemen", desk(STAFF, date(2027, 1, 4)), **VOORNEMEN)
    after = [(one.term, one.einde) for one in case_terms.views(CaseFile(session, case), DAY)]
    assert set(before) <= set(after)
    told = with_mergers(session, case, *_now(session, case, date(2027, 2, 1)))
    merged = next(one for one in told if one.stap == "gemeente_opgegaan")
    assert told.index(merged) == len(told) - 2 and told[-1].stap == "verstuur_voornemen"
    assert (merged.vastgelegd_op, merged.naar) == (DAY, Phase.AANSCHRIJVING)
    assert merged.gegevens == {"gemeente": "Nijmegen (0268)", "nu": "Maas en Waal (1998)"}
    assert [one.volgnummer for one in CaseFile(session, case).events][-1] == case.versie


def _now(session: Session, case: Case, day: date) -> tuple[object, object]:
    return CaseFile(session, case).events, desk(ANNA, day).now


def test_a_letter_is_of_the_municipality_of_its_day(session: Session) -> None:
    use_letters(None)
    for day, name in ((EVE, "Gemeente Nijmegen"), (DAY, "Gemeente Maas en Waal")):
        case = case_at(session, Phase.VOORONDERZOEK, RECEIVED, bsn="999990019")
        take(session, case, "verstuur_aanschrijving", desk(ANNA, day))
        assert plain(name) in plain(read(newest(session, case)))


def test_a_value_of_before_holds_two_years_unless_the_successor_decides(session: Session) -> None:
    set_setting(session, NAME, NIJMEGEN, 10, date(2026, 1, 1), "college van Nijmegen")
    set_setting(session, NAME, None, 12, date(2026, 1, 1), "beheer")
    for code, day, days in (
        (NIJMEGEN, DAY, 10),
        (VENLO, DAY, 12),
        (NEW, DAY, 12),
        (NIJMEGEN, date(2028, 12, 31), 10),
        (NIJMEGEN, date(2029, 1, 1), 12),
    ):
        assert setting(session, NAME, code, day) == days, (code, day)
    set_setting(session, NAME, NEW, 21, date(2027, 3, 1), "college van Maas en Waal")
    assert [setting(session, NAME, code, date(2027, 3, 1)) for code in (NIJMEGEN, VENLO, NEW)] == [21, 21, 21]
    assert setting(session, NAME, NIJMEGEN, date(2027, 2, 28)) == 10


def test_an_older_value_of_who_takes_in_another_does_not_hold_there_for_two_years(session: Session) -> None:
    session.get_one(Municipality, VENLO).opvolger = ROTTERDAM
    set_setting(session, NAME, ROTTERDAM, 20, date(2026, 1, 1), "college van Rotterdam")
    assert setting(session, NAME, VENLO, DAY) == 14
    assert setting(session, NAME, VENLO, date(2029, 1, 1)) == 20


def test_a_term_that_runs_keeps_the_length_of_its_day(session: Session) -> None:
    set_setting(session, NAME, NIJMEGEN, 28, date(2026, 1, 1), "college van Nijmegen")
    case = case_at(session, Phase.AANSCHRIJVING, RECEIVED)
    set_setting(session, NAME, NEW, 7, DAY, "college van Maas en Waal")
    assert term(session, case, "aanschrijving", DAY).einde == date(2027, 1, 7)
    take(session, case, "verstuur_aanschrijving", desk(STAFF, date(2027, 1, 4)))
    assert term(session, case, "aanschrijving", DAY).einde == date(2027, 1, 11)


def test_nobody_hands_over_to_what_he_became_part_of(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK, RECEIVED)
    for code in (NEW, VENLO):
        with pytest.raises(Invalid):
            take(session, case, "draag_over", desk(STAFF, DAY), gemeentecode=code)


def test_a_hand_over_to_the_successor_joins_the_case_of_before(session: Session) -> None:
    theirs = case_at(session, Phase.VOORONDERZOEK, RECEIVED, gemeentecode=VENLO)
    mine = case_at(session, Phase.VOORONDERZOEK, RECEIVED, gemeentecode=ROTTERDAM)
    there = person("dirk", Role.BEHANDELAAR, code=ROTTERDAM)
    take(session, mine, "draag_over", desk(there, DAY), gemeentecode=NEW)
    assert len(session.exec(select(Case).where(col(Case.bsn) == mine.bsn)).all()) == 2
    assert [link.actueel for link in CaseFile(session, theirs).signals] == [True, True]


def test_after_the_merger_one_slot_at_a_door_is_one_visit_whichever_code_plans_it(session: Session) -> None:
    mine = case_at(session, Phase.VOORONDERZOEK, RECEIVED)
    theirs = case_at(session, Phase.VOORONDERZOEK, RECEIVED, gemeentecode=VENLO, bsn="999990020")
    theirs.adressleutel = mine.adressleutel
    session.flush()
    both = Actor("anna", {Role.BEHANDELAAR: frozenset({NIJMEGEN, VENLO})})
    at = replace(desk(both, DAY), visitors=lambda code: ["bram"])
    going = [Visitor("bram", "4471")]
    first, new = visit_planning.plan(session, mine, at, SLOT, going)
    again, newer = visit_planning.plan(session, theirs, at, SLOT, going)
    assert (new, newer, again.id) == (True, False, first.id)
    later, other = visit_planning.plan(session, theirs, at, SLOT | {"begin": "19:00"}, going)
    assert other
    with pytest.raises(Invalid) as refused:
        visit_planning.replan(session, later, at, later.versie, SLOT, going)
    assert [one.code for one in refused.value.reasons] == ["tijdvak_bezet"]


SLOT = {"dag": "2027-01-05", "begin": "18:00", "einde": "20:00", "veiligheid": "geen_bijzonderheden"}
