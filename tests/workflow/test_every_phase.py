"""Death, a declaration and a withdrawal by UWV in every phase: what comes of them, or what to do instead."""

from datetime import date, timedelta

import pytest
from factories import ANNA, CARLA, CHECKLIST, KEES, VENLO, case_at, desk, person, take, term
from sqlmodel import Session, select

from exports.stands import stands
from signals.errors import Refused
from signals.models import Signal
from workflow import case_terms, dossier, prepared_letters
from workflow.actors import Actor
from workflow.case_file import CaseFile
from workflow.deadlines import TERMS, Term
from workflow.models import Case, CaseTask, PreparedLetter
from workflow.phases import OPEN, Answer, Outcome, Phase, Role

ON = date(2026, 4, 24)
AFTER_A_CLOSE = {"laa_eerste_antwoord", "laa_resultaat", "bezwaar", "terugbelverzoek"}
PREPARED = {Phase.VOORONDERZOEK: "verstuur_aanschrijving", Phase.INLICHTINGEN: "verstuur_aanschrijving"}


def told(session: Session) -> tuple[str | None, bool]:
    """What UWV would hear of the one signal: its result, and whether the withdrawal is confirmed."""
    session.flush()
    stand = stands()
    row = session.execute(select(stand.c.resultaat, stand.c.ingetrokken)).one()
    return row[0], bool(row[1])


def running(session: Session, case: Case) -> set[str]:
    return {one.term for one in CaseFile(session, case).terms if one.beeindigd_op is None}


def refusal(session: Session, case: Case, stap: str, **gegevens: str) -> str:
    with pytest.raises(Refused) as error:
        take(session, case, stap, desk(ANNA, ON), **gegevens)
    return error.value.uitleg


@pytest.mark.parametrize("phase", list(Phase))
def test_a_death(session: Session, phase: Phase) -> None:
    case = case_at(session, phase)
    given = {"bron": "bericht van de zus", "datum": "2026-04-20"}
    if phase not in OPEN:
        assert "documenten" in refusal(session, case, "stel_vast_overleden", **given) or phase == Phase.BEZWAAR
        assert "erfgenamen" in refusal(session, case, "stel_vast_overleden", **given) or phase == Phase.AFGESLOTEN
        return
    dossier.add(session, case, "terugbelverzoeken", desk(ANNA, ON), {"telefoonnummer": "0612345678"})
    if phase in PREPARED:
        prepared_letters.prepare(session, case, PREPARED[phase], desk(ANNA, ON), versie=case.versie, gegevens={})
    take(session, case, "registreer_aangifte", desk(ANNA, ON), datum="2026-04-19", soort="woonadres")
    take(session, case, "stel_vast_overleden", desk(ANNA, ON), **given)
    assert (case.fase, case.resultaat) == (Phase.AFGESLOTEN, Outcome.OVERLEDEN)
    assert told(session) == ("niet_ingeschreven", False)
    assert running(session, case) <= AFTER_A_CLOSE and {"laa_resultaat", "terugbelverzoek"} <= running(session, case)
    assert [one.afhandeling for one in CaseFile(session, case).aangiften] == ["vervallen"]
    assert prepared_letters.waiting(session) == []
    assert [one.afhandeling for one in session.exec(select(PreparedLetter))] == ["vervallen"] * (phase in PREPARED)
    assert all(task.afgehandeld_op for task in CaseFile(session, case).tasks)
    begun = phase not in (Phase.ONTVANGEN, Phase.VOORONDERZOEK)
    answers = [Answer.ONDERZOEK_IN_DE_BRP] if begun else []
    assert dossier.given_answers(case) == (*answers, Answer.ZONDER_MUTATIE)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_declaration(session: Session, phase: Phase) -> None:
    case = case_at(session, phase)
    given = {"datum": "2026-04-19", "soort": "woonadres"}
    if phase not in OPEN:
        told_to = "bezwaar" if phase == Phase.BEZWAAR else "heropenen"
        assert told_to in refusal(session, case, "registreer_aangifte", **given)
        return
    take(session, case, "registreer_aangifte", desk(ANNA, ON), **given)
    if phase == Phase.BESLUIT:
        assert "trekt het besluit in" in refusal(session, case, "verwerk_in_brp", **CHECKLIST)
        take(session, case, "trek_besluit_in", desk(CARLA, ON), reden="de aangifte telt")
    take(session, case, "verwerk_in_brp", desk(ANNA, ON), **CHECKLIST)
    assert (case.resultaat, case.ingangsdatum) == (Outcome.AANGIFTE_GEDAAN, date(2026, 4, 19))
    assert told(session) == ("ingeschreven", False)
    assert running(session, case) <= AFTER_A_CLOSE | {"pl_overzicht"} and "bezwaar" not in running(session, case)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_withdrawal(session: Session, phase: Phase) -> None:
    """As the intake notes it: before a besluit it counts, from the besluit on it changes nothing."""
    case = case_at(session, phase)
    case_terms.settle(CaseFile(session, case))
    (link,) = CaseFile(session, case).signals
    counts = phase in OPEN and phase != Phase.BESLUIT
    session.get_one(Signal, link.signal_id).ingetrokken_op = ON
    link.intrekking_telt = counts
    if phase == Phase.ONTVANGEN:
        take(session, case, "trek_signaal_in", desk(Actor.system(), ON))
    elif counts:
        case.ingetrokken_door_uwv = ON
        take(session, case, "sluit_als_ingetrokken", desk(ANNA, ON), reden="niets gevonden")
    else:
        assert "past niet bij de fase" in refusal(session, case, "sluit_als_ingetrokken", reden="x")
    stood = None if phase == Phase.BESLUIT else "ingeschreven"
    assert told(session) == ((None, True) if counts else (stood, False))
    if counts:
        assert case.resultaat == Outcome.INGETROKKEN and not running(session, case) & {"laa_resultaat", "zienswijze"}


# --- one open case per person


def test_what_was_closed_does_not_open_beside_a_case_that_runs(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    take(session, case, "niet_oppakken", desk(ANNA, ON), reden="capaciteit")
    newer = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Refused) as error:
        take(session, case, "heropen", desk(CARLA, ON), reden="er is plek")
    assert newer.zaaknummer in error.value.uitleg


def test_a_bezwaar_that_opens_a_case_beside_another_asks_to_close_one(session: Session) -> None:
    case, newer = case_at(session, Phase.BEZWAAR), case_at(session, Phase.VOORONDERZOEK)
    given = {"uitkomst": "gegrond", "motivering": "x", "gehoord": True}
    take(session, case, "beslis_op_bezwaar", desk(KEES, date(2026, 6, 1)), **given)
    (task,) = session.exec(select(CaseTask).where(CaseTask.soort == "dubbele_zaak")).all()
    assert task.zaak_id == case.id and newer.zaaknummer in task.uitleg


# --- on hold


def held_case(session: Session) -> tuple[Case, date]:
    """A case in inlichtingen and the end of its guideline for them."""
    case = case_at(session, Phase.INLICHTINGEN)
    return case, term(session, case, "inlichtingen_huisbezoek").einde


def hold(session: Session, case: Case, begin: date, end: date) -> None:
    take(session, case, "houd_aan", desk(ANNA, begin), reden="wacht op de IND")
    take(session, case, "hervat", desk(ANNA, end))


def test_exactly_three_terms_are_moved_by_a_hold() -> None:
    assert {term for term, rule in TERMS.items() if rule.held} == {
        Term.RICHTLIJN_ONDERZOEK,
        Term.INLICHTINGEN_HUISBEZOEK,
        Term.AFRONDING,
    }


def test_two_holds_and_a_weekend_count_as_calendar_days_and_the_term_says_so(session: Session) -> None:
    case, _ = held_case(session)  # 28 days from 7 March, a Saturday: until 4 April, shown on Tuesday after Easter
    hold(session, case, date(2026, 3, 13), date(2026, 3, 16))  # Friday to Monday: 3 days
    hold(session, case, date(2026, 3, 20), date(2026, 3, 20))  # the same day: none
    hold(session, case, date(2026, 3, 23), date(2026, 3, 24))
    moved = term(session, case, "inlichtingen_huisbezoek")
    assert moved.einde == date(2026, 4, 8) and "4 dagen aangehouden" in " ".join(moved.uitleg)


def test_a_hold_after_a_term_had_passed_makes_nothing_in_time_again(session: Session) -> None:
    case, einde = held_case(session)
    late = einde + timedelta(days=3)
    take(session, case, "houd_aan", desk(ANNA, late), reden="te laat")
    assert term(session, case, "inlichtingen_huisbezoek", late).status == "verstreken"
    assert term(session, case, "richtlijn_onderzoek", late).status == "opgeschort"
    take(session, case, "hervat", desk(ANNA, late + timedelta(days=10)))
    assert term(session, case, "inlichtingen_huisbezoek", late).einde == einde


def test_what_is_closed_while_on_hold_was_in_time_if_the_hold_made_it_so(session: Session) -> None:
    case, einde = held_case(session)
    take(session, case, "houd_aan", desk(ANNA, date(2026, 3, 30)), reden="wacht")
    on = desk(ANNA, einde + timedelta(days=12))
    take(session, case, "sluit_zonder_mutatie", on, resultaat="niet_vastgesteld", reden="x")
    assert term(session, case, "inlichtingen_huisbezoek", on.today).status == "gehaald"
    assert case.aangehouden_sinds is None


# --- cases of one person in two municipalities


def test_who_registers_lets_the_other_consult_the_brp_and_tells_no_more(session: Session) -> None:
    case, other = case_at(session, Phase.BESLUIT), case_at(session, Phase.VOORONDERZOEK, gemeentecode=VENLO)
    take(session, other, "wijs_toe", desk(person("dirk", Role.BEHANDELAAR, code=VENLO), ON))
    take(session, case, "verwerk_in_brp", desk(ANNA, ON), **CHECKLIST)
    (task,) = session.exec(select(CaseTask).where(CaseTask.soort == "stem_af")).all()
    assert (task.zaak_id, task.gemeentecode) == (other.id, VENLO)
    assert task.uitleg == "Raadpleeg de BRP opnieuw, en stem af met Nijmegen; contactpersoon daar: Anna."
