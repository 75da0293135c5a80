"""A bezwaar with each decision: what becomes of the besluit, the registration, the terms, and what UWV is told."""

from datetime import date, timedelta

import pytest
from factories import ANNA, CARLA, CHECKLIST, KEES, RECEIVED, case_at, codes, desk, refused, take, term
from sqlmodel import Session, select

from exports.stands import stands
from signals.errors import Invalid
from workflow import case_terms
from workflow.case_file import CaseFile
from workflow.models import Case, CaseTask, LetterKind, TermStatus
from workflow.phases import Outcome, Phase

DAY = timedelta(days=1)
BESLUIT, ON = RECEIVED + 40 * DAY, date(2026, 6, 15)
UNDO = "maak_inschrijving_ongedaan"


def told(session: Session) -> tuple[str | None, bool]:
    """What UWV would hear of the one signal: its result, and whether the BRP changed."""
    session.flush()
    stand = stands()
    row = session.execute(select(stand.c.resultaat, stand.c.brp_mutatie)).one()
    return row[0], bool(row[1])


def decide(session: Session, case: Case, uitkomst: str, **more: object) -> None:
    given = {"uitkomst": uitkomst, "motivering": "zie verslag", "gehoord": True} | more
    take(session, case, "beslis_op_bezwaar", desk(KEES, ON), **given)


@pytest.mark.parametrize(
    ("uitkomst", "more", "falls"),
    [
        ("gegrond", {}, True),
        ("gegrond", {"onderzoekVoortzetten": False}, False),
        ("deels_gegrond", {}, False),
        ("deels_gegrond", {"onderzoekVoortzetten": True}, True),
        ("ongegrond", {}, False),
        ("niet_ontvankelijk", {"gehoord": False, "redenNietGehoord": "kennelijk te laat"}, False),
        ("ongegrond", {"gehoord": None, "redenNietGehoord": "zag ervan af"}, False),
        ("ingetrokken", {"motivering": None, "gehoord": None}, False),
    ],
)
def test_a_registration_stands_or_falls_with_the_decision(
    session: Session, uitkomst: str, more: dict[str, object], falls: bool
) -> None:
    case = case_at(session, Phase.BEZWAAR)
    assert told(session) == ("ingeschreven", True)
    decide(session, case, uitkomst, **more)
    assert case.fase == (Phase.INLICHTINGEN if falls else Phase.AFGESLOTEN)
    assert told(session) == ((None, False) if falls else ("ingeschreven", True))
    assert bool([task for task in CaseFile(session, case).tasks if task.soort == UNDO]) == falls
    assert term(session, case, "pl_overzicht", ON).status == ("vervallen" if falls else "verstreken")
    assert term(session, case, "beslissing_op_bezwaar", ON).beeindigd_op == ON
    letters = [one.stap for one in CaseFile(session, case).letters]
    assert ("beslis_op_bezwaar" in letters) == (uitkomst != "ingetrokken")
    assert (CaseFile(session, case).open_to_bezwaar is None) == falls
    assert not case.resultaat if falls else case.resultaat == Outcome.AMBTSHALVE_INGESCHREVEN


def test_before_the_registration_nothing_in_the_brp_has_to_be_undone(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    take(session, case, "registreer_bezwaar", desk(ANNA, ON), datum="2026-05-01", ontvangenVia="post")
    decide(session, case, "gegrond")
    assert case.fase == Phase.INLICHTINGEN and not session.exec(select(CaseTask).where(CaseTask.soort == UNDO)).all()


def test_a_decision_needs_a_motivation_and_a_hearing_or_why_not(session: Session) -> None:
    case = case_at(session, Phase.BEZWAAR)
    with pytest.raises(Invalid) as error:
        take(session, case, "beslis_op_bezwaar", desk(KEES, ON), uitkomst="ongegrond", gehoord=True)
    assert codes(error) == {"verplicht_leeg"}
    given = {"uitkomst": "niet_ontvankelijk", "motivering": "te laat"}
    assert refused(session, case, "beslis_op_bezwaar", desk(KEES, ON), **given) == {"niet_gehoord"}


def test_no_day_lies_before_what_it_follows(session: Session) -> None:
    case = case_at(session, Phase.AFGESLOTEN)
    bezwaar = {"datum": (RECEIVED - DAY).isoformat(), "ontvangenVia": "post"}
    with pytest.raises(Invalid) as error:
        take(session, case, "registreer_bezwaar", desk(ANNA, ON), **bezwaar)
    assert codes(error) == {"datum_voor_ontvangst"}
    take(session, case, "registreer_bezwaar", desk(ANNA, ON), **bezwaar | {"datum": (BESLUIT + DAY).isoformat()})
    with pytest.raises(Invalid) as error:
        decide(session, case, "gegrond", verzenddatum=BESLUIT.isoformat())
    assert codes(error) == {"verzenddatum_te_vroeg"}


def test_a_refused_declaration_waits_again_when_the_person_was_right(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    on = date(2026, 3, 20)
    take(session, case, "registreer_aangifte", desk(ANNA, on), datum="2026-03-19", soort="woonadres")
    take(session, case, "weiger_aangifte", desk(CARLA, on), motivering="geen identiteit")
    take(session, case, "sluit_zonder_mutatie", desk(ANNA, on), resultaat="niet_vastgesteld", reden="x")
    take(session, case, "registreer_bezwaar", desk(ANNA, on), datum="2026-03-20", ontvangenVia="post")
    decide(session, case, "gegrond")
    waits = CaseFile(session, case).waiting_aangifte
    assert waits is not None and waits.datum == date(2026, 3, 19)
    assert [one.vervallen_op for one in CaseFile(session, case).letters if one.stap == "weiger_aangifte"] == [ON]
    take(session, case, "verwerk_in_brp", desk(ANNA, ON), **CHECKLIST)
    assert (case.resultaat, case.ingangsdatum) == (Outcome.AANGIFTE_GEDAAN, date(2026, 3, 19))


@pytest.mark.parametrize(("committee", "first", "deferred"), [(False, 6, 12), (True, 12, 18)])
def test_the_decision_can_be_deferred_once_by_six_weeks(
    session: Session, committee: bool, first: int, deferred: int
) -> None:
    case = case_at(session, Phase.AFGESLOTEN)
    given = {"datum": "2026-05-04", "ontvangenVia": "balie", "commissie": committee}
    take(session, case, "registreer_bezwaar", desk(ANNA, date(2026, 5, 4)), **given)
    name = "beslissing_op_bezwaar_commissie" if committee else "beslissing_op_bezwaar"
    ended = next(one.einde for one in CaseFile(session, case).terms if one.term == "bezwaar")
    assert term(session, case, name).einde == ended + 7 * first * DAY
    take(session, case, "verdaag_beslissing", desk(ANNA, date(2026, 6, 1)), reden="de tolk kon niet eerder")
    moved = term(session, case, name)
    assert moved.einde == ended + 7 * deferred * DAY and "de tolk kon niet eerder" in " ".join(moved.uitleg)
    assert CaseFile(session, case).letters[-1].soort == LetterKind.VERLENGING
    again = desk(ANNA, date(2026, 6, 2))
    assert refused(session, case, "verdaag_beslissing", again, reden="x") == {"al_verdaagd"}
    decide(session, case, "ongegrond")
    ends = {one.term: one.beeindiging for one in CaseFile(session, case).terms}
    assert ends[name] == TermStatus.GEHAALD


def test_a_term_that_has_passed_is_not_deferred(session: Session) -> None:
    case = case_at(session, Phase.BEZWAAR)
    late = term(session, case, "beslissing_op_bezwaar").einde + DAY
    assert refused(session, case, "verdaag_beslissing", desk(ANNA, late), reden="x") == {"termijn_voorbij"}


def test_a_late_bezwaar_is_registered_and_decided_by_a_person(session: Session) -> None:
    case = case_at(session, Phase.AFGESLOTEN)
    event = take(session, case, "registreer_bezwaar", desk(ANNA, ON), datum=ON.isoformat(), ontvangenVia="post")
    assert event.gegevens["teLaat"] is True and CaseFile(session, case).bezwaren[-1].te_laat
    decide(session, case, "niet_ontvankelijk", gehoord=False, redenNietGehoord="kennelijk te laat")
    assert case.fase == Phase.AFGESLOTEN


def test_a_second_bezwaar_comes_after_the_first_was_decided(session: Session) -> None:
    case = case_at(session, Phase.BEZWAAR)
    given = {"datum": "2026-05-06", "ontvangenVia": "post"}
    assert refused(session, case, "registreer_bezwaar", desk(ANNA, ON), **given) == {"fase_past_niet"}
    decide(session, case, "ongegrond")
    take(session, case, "registreer_bezwaar", desk(ANNA, ON), **given)
    assert len(CaseFile(session, case).bezwaren) == 2
    running = [one for one in case_terms.views(CaseFile(session, case), ON) if one.beeindigd_op is None]
    assert [one.term for one in running if one.term.startswith("beslissing")] == ["beslissing_op_bezwaar"]
