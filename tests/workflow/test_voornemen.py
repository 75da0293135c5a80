"""Before somebody tries a voornemen, the page can say what is met, what is missing and what the step will ask."""

from datetime import timedelta

from sqlmodel import Session

from tests.factories import ANNA, RECEIVED, add_source, case_at, desk
from workflow.case_file import CaseFile
from workflow.models import Case
from workflow.phases import Phase
from workflow.questions import CONDITIONS
from workflow.voornemen import Condition, conditions


def told(session: Session, case: Case, day: int) -> list[Condition]:
    return conditions(CaseFile(session, case), desk(ANNA, RECEIVED + timedelta(days=day)))


def test_what_is_missing_is_named_with_how_to_mend_it(session: Session) -> None:
    sources, letter, *_ = told(session, case_at(session, Phase.AANSCHRIJVING), 4)
    assert not sources.met and "er is er geen" in sources.uitleg
    assert not letter.met and "loopt nog tot en met 19-03-2026" in letter.uitleg


def test_one_source_of_a_kind_is_not_enough(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    for _ in range(2):
        add_source(session, case, desk(ANNA, RECEIVED + timedelta(days=4)), "bag")
    sources, *_ = told(session, case, 5)
    assert not sources.met and "(bag)" in sources.uitleg


def test_what_is_met_says_by_what(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    sources, letter, *_ = told(session, case, 20)
    assert sources.met and sources.uitleg == "Er zijn: bag, verhuurder."
    assert letter.met and "Verstuurd op 05-03-2026" in letter.uitleg


def test_every_field_that_the_step_requires_is_announced(session: Session) -> None:
    asked = [each.label for each in told(session, case_at(session, Phase.HUISBEZOEK), 20) if each.met is None]
    assert asked == [field.label for field in CONDITIONS if field.verplicht]


def test_what_is_missing_leads_to_the_form_that_mends_it(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    sources, letter, *_ = told(session, case, 4)
    assert (sources.waar, sources.doe) == ("dossier/bronnen", "Leg een bron vast")
    assert letter.waar == "", "a term that runs is mended by waiting"
    CaseFile(session, case).letters[0].retour_op = RECEIVED + timedelta(days=5)
    _, letter, *_ = told(session, case, 6)
    assert (letter.met, letter.waar) == (False, "stappen/verstuur_aanschrijving")


def test_what_stands_in_the_form_ticks_off_what_it_asks_for(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    typed = {"identiteit": "Pools paspoort.", "uitzonderingBronnen": "Alleen de BAG wist het.", "adres": ""}
    found = conditions(CaseFile(session, case), desk(ANNA, RECEIVED + timedelta(days=4)), typed)
    by_field = {each.veld: each for each in found}
    assert by_field["identiteit"].met is True and by_field["adres"].met is None
    assert by_field["uitzonderingBronnen"].met and "motiveert" in by_field["uitzonderingBronnen"].uitleg
    assert by_field["uitzonderingAanschrijving"].met is False
