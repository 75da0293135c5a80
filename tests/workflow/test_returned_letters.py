"""Letters that come back: what counts, when a term begins, and what the handler is asked to do."""

from datetime import date

import pytest
from factories import ANNA, CARLA, CHECKLIST, KEES, case_at, codes, desk, refused, take, term
from sqlmodel import Session

from signals.errors import Invalid
from workflow.case_file import CaseFile
from workflow.models import Case
from workflow.phases import Phase

BACK, KNOWN, ON = date(2026, 4, 20), date(2026, 4, 22), date(2026, 4, 24)
OTHERWISE = {"andereBekendmaking": "uitgereikt aan de balie", "datumBekendmaking": KNOWN.isoformat()}


def back(session: Session, case: Case, brief: str, on: date = ON, **more: str) -> None:
    take(session, case, "registreer_retour", desk(ANNA, on), brief=brief, datum=BACK.isoformat(), **more)


def waiting(session: Session, case: Case) -> list[str]:
    session.flush()
    tasks = CaseFile(session, case).tasks
    return [task.uitleg for task in tasks if task.soort == "brief_retour" and task.afgehandeld_op is None]


def test_a_returned_aanschrijving_does_not_count_and_the_address_is_looked_into(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    with pytest.raises(Invalid) as error:
        back(session, case, "1", **OTHERWISE)
    assert codes(error) == {"geen_bekendmaking"}
    back(session, case, "aanschrijving")
    assert term(session, case, "aanschrijving").status == "vervallen"
    assert CaseFile(session, case).counting_aanschrijving is None
    assert "Onderzoek het adres" in waiting(session, case)[0]


def test_the_bezwaar_term_counts_from_when_a_returned_besluit_was_made_known(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    back(session, case, "besluit")
    assert term(session, case, "bezwaar", ON).status == "vervallen"
    assert "niet bekendgemaakt" in waiting(session, case)[0]
    assert refused(session, case, "verwerk_in_brp", desk(ANNA, ON), **CHECKLIST) == {"besluit_niet_bekend"}
    back(session, case, "besluit", **OTHERWISE)
    running = [one for one in CaseFile(session, case).terms if one.term == "bezwaar" and one.beeindigd_op is None]
    assert [(one.vanaf, one.einde) for one in running] == [(KNOWN, date(2026, 6, 3))]
    assert waiting(session, case) == []
    take(session, case, "verwerk_in_brp", desk(ANNA, ON), **CHECKLIST)
    late = {"datum": "2026-06-03", "ontvangenVia": "post"}
    assert take(session, case, "registreer_bezwaar", desk(ANNA, date(2026, 6, 4)), **late).gegevens["teLaat"] is False


def test_a_bezwaar_before_the_besluit_was_made_known_is_not_late(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    back(session, case, "besluit")
    given = {"datum": "2026-07-01", "ontvangenVia": "post"}
    assert take(session, case, "registreer_bezwaar", desk(ANNA, date(2026, 7, 1)), **given).gegevens["teLaat"] is False
    assert term(session, case, "beslissing_op_bezwaar").vanaf == date(2026, 7, 1)


def test_a_besluit_made_known_otherwise_can_be_withdrawn_with_its_term(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    back(session, case, "besluit", **OTHERWISE)
    take(session, case, "trek_besluit_in", desk(CARLA, ON), reden="toch anders")
    assert all(one.beeindigd_op for one in CaseFile(session, case).terms if one.term == "bezwaar")


def test_the_person_can_react_from_when_a_returned_voornemen_was_made_known(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    back(session, case, "voornemen")
    assert term(session, case, "zienswijze", ON).status == "vervallen"
    assert refused(session, case, "neem_besluit", desk(KEES, ON), motivering="x") == {"voornemen_niet_bekend"}
    back(session, case, "voornemen", **OTHERWISE)
    assert case.datum_voornemen == KNOWN
    (running,) = [one for one in CaseFile(session, case).terms if one.term == "zienswijze" and not one.beeindigd_op]
    assert (running.vanaf, running.einde) == (KNOWN, date(2026, 5, 6))
    assert refused(session, case, "neem_besluit", desk(KEES, ON), motivering="x") == {"zienswijzetermijn_loopt"}
    take(session, case, "neem_besluit", desk(KEES, date(2026, 5, 7)), motivering="x")
    take(session, case, "verwerk_in_brp", desk(ANNA, date(2026, 5, 7)), **CHECKLIST)
    assert case.ingangsdatum == KNOWN


def test_a_voornemen_that_comes_back_after_the_besluit_is_put_to_the_beslisser(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    sent = case.datum_voornemen
    back(session, case, "voornemen")
    assert "de beslisser" in waiting(session, case)[0]
    back(session, case, "voornemen", **OTHERWISE)
    assert case.datum_voornemen == sent and CaseFile(session, case).running("zienswijze") is None


@pytest.mark.parametrize(
    "more",
    [
        {"andereBekendmaking": "per e-mail", "datumBekendmaking": "2026-04-19"},
        {"datumBekendmaking": "2026-04-22"},
    ],
)
def test_another_notification_says_how_and_comes_after_the_return(session: Session, more: dict[str, str]) -> None:
    case = case_at(session, Phase.BESLUIT)
    with pytest.raises(Invalid) as error:
        back(session, case, "besluit", **more)
    assert codes(error) <= {"datum_voor_retour", "verplicht_leeg"}
