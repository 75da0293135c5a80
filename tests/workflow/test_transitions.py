"""The table of steps against the procedure: who, from where, to where; and everything else refused."""

import re
from itertools import product
from pathlib import Path

import pytest
from factories import NIJMEGEN, case_at, desk, everything, new_case, person
from sqlalchemy import Engine
from sqlmodel import Session, select

import workflow
from signals.errors import DomainError, Refused
from tests.workflow import shadow
from workflow import moves
from workflow.actors import Actor
from workflow.case_file import CaseFile
from workflow.effects import EFFECTS
from workflow.fields import _PARSERS
from workflow.models import Case
from workflow.move import Move, targets
from workflow.phases import OPEN, Phase, Role
from workflow.transitions import BY_NAME, STEPS

ROLES = tuple(Role)

# Copied by hand from the procedure, not from the code: step -> (from, to, who).
OPEN_PHASES = "ontvangen vooronderzoek aanschrijving inlichtingen huisbezoek voornemen besluit"
RESEARCH = "vooronderzoek aanschrijving inlichtingen huisbezoek"
EVERY = f"{OPEN_PHASES} afgesloten bezwaar"
PROCEDURE = {
    "wijs_toe": (OPEN_PHASES, "same", "teamleider behandelaar"),
    "start_vooronderzoek": ("ontvangen", "vooronderzoek", "behandelaar"),
    "niet_oppakken": ("ontvangen vooronderzoek", "afgesloten", "behandelaar"),
    "stel_vast_reeds_ingezetene": ("ontvangen vooronderzoek", "afgesloten", "behandelaar"),
    "start_onderzoek": ("vooronderzoek huisbezoek", "same", "behandelaar"),
    "wijzig_adres": (f"{RESEARCH} voornemen", "same, from voornemen to inlichtingen", "behandelaar"),
    "verstuur_aanschrijving": (RESEARCH, "aanschrijving", "behandelaar"),
    "win_inlichtingen_in": ("aanschrijving huisbezoek", "inlichtingen", "behandelaar"),
    "ga_op_huisbezoek": ("vooronderzoek aanschrijving inlichtingen", "huisbezoek", "behandelaar toezichthouder"),
    "registreer_retour": (EVERY, "same", "behandelaar"),
    "verleng_termijn": ("aanschrijving voornemen", "same", "behandelaar"),
    "verstuur_voornemen": ("aanschrijving inlichtingen huisbezoek", "voornemen", "behandelaar"),
    "leg_zienswijze_vast": ("voornemen", "same", "behandelaar"),
    "geef_terug": ("voornemen", "inlichtingen", "beslisser"),
    "trek_voornemen_in": ("voornemen", "inlichtingen", "behandelaar"),
    "neem_besluit": ("voornemen", "besluit", "beslisser"),
    "trek_besluit_in": ("besluit", "inlichtingen", "beslisser"),
    "registreer_aangifte": (OPEN_PHASES, "same", "behandelaar"),
    "weiger_aangifte": (OPEN_PHASES, "same", "beslisser"),
    "verwerk_in_brp": (OPEN_PHASES, "afgesloten", "behandelaar"),
    "draag_over": ("ontvangen vooronderzoek aanschrijving inlichtingen huisbezoek", "afgesloten", "behandelaar"),
    "stuur_terug": ("ontvangen vooronderzoek", "afgesloten", "behandelaar"),
    "stel_vast_elders_ingeschreven": (OPEN_PHASES, "afgesloten", "behandelaar"),
    "sluit_zonder_mutatie": (RESEARCH, "afgesloten", "behandelaar"),
    "stel_vast_overleden": (OPEN_PHASES, "afgesloten", "behandelaar"),
    "registreer_bezwaar": ("besluit afgesloten", "bezwaar", "behandelaar"),
    "verdaag_beslissing": ("bezwaar", "same", "behandelaar"),  # not in the procedure; Awb 7:10 lid 3
    "beslis_op_bezwaar": ("bezwaar", "besluit afgesloten inlichtingen", "beslisser"),
    "heropen": ("afgesloten", "vooronderzoek", "beslisser"),
    "trek_signaal_in": ("ontvangen", "afgesloten", "systeem"),
    "sluit_als_ingetrokken": (f"{RESEARCH} voornemen", "afgesloten", "behandelaar"),
    "zet_voort": (f"{RESEARCH} voornemen", "same", "behandelaar"),
    "houd_aan": (OPEN_PHASES, "same", "behandelaar"),
    "hervat": (OPEN_PHASES, "same", "behandelaar"),
}


def test_the_table_holds_the_steps_of_the_procedure_and_no_other() -> None:
    assert [move.name for move in STEPS] == list(PROCEDURE)


@pytest.mark.parametrize("name", PROCEDURE)
def test_a_step_goes_from_where_to_where_by_whom_the_procedure_says(name: str) -> None:
    move, (van, to, who) = BY_NAME[name], PROCEDURE[name]
    assert {phase.value for phase in move.van} == set(van.split())
    assert {role.value for role in move.by} == set(who.split())
    for phase in move.van:
        if to == "same":
            assert targets(move, phase) == (phase,)
        elif to.startswith("same, from"):
            assert targets(move, phase) == ((Phase.INLICHTINGEN,) if phase == Phase.VOORNEMEN else (phase,))
        else:
            assert {one.value for one in targets(move, phase)} == set(to.split())


def test_the_fields_of_every_step_can_be_read() -> None:
    for move in STEPS:
        assert all(field.soort in _PARSERS and field.label for field in move.fields)
        assert all(field.soort != "keuze" or field.keuzes for field in move.fields)


def test_every_step_is_taken_in_a_test_of_its_own() -> None:
    """Beside the random walks and this table: somewhere a test takes it by name and looks at what came of it."""
    tests = Path(__file__).parents[1].rglob("test_*.py")
    texts = "".join(one.read_text() for one in tests if one.name not in ("test_walks.py", Path(__file__).name))
    untested = [name for name in BY_NAME if f'"{name}"' not in texts]
    assert not untested, f"no test takes {untested} by name: write one in tests/workflow"


def test_the_second_opinion_on_terms_knows_every_step() -> None:
    """Else the random walks stumble over it, after minutes and in words that explain nothing."""
    unknown = [name for name in BY_NAME if name not in shadow.MOVE_NO_CLOCK and not hasattr(shadow.Shadow, name)]
    assert not unknown, (
        f"tests/workflow/shadow.py must say what {unknown} does to the clocks: a method of Shadow with its name; or, "
        "when it starts, moves and stops nothing, its name in MOVE_NO_CLOCK"
    )


def test_every_effect_belongs_to_a_step_and_every_closing_step_has_one() -> None:
    assert set(EFFECTS) <= set(BY_NAME)
    assert {move.name for move in STEPS if move.effect} <= set(EFFECTS), "words without a deed"
    closing = {move.name for move in STEPS if move.to == Phase.AFGESLOTEN}
    assert closing <= set(EFFECTS)
    assert all(BY_NAME[name].outcomes for name in closing)


@pytest.mark.parametrize("phase", list(Phase))
def test_every_step_outside_the_table_is_refused_and_changes_nothing(session: Session, phase: Phase) -> None:
    case = case_at(session, phase)
    before = everything(session)
    tried = 0
    for move, role in product(STEPS, ROLES):
        if phase in move.van and role in move.by:
            continue
        actor = Actor("iemand", {role: frozenset({NIJMEGEN})})
        with pytest.raises(Refused) as refused:
            moves.take(session, case, move.name, desk(actor), versie=case.versie, gegevens={})
        codes = {reason.code for reason in refused.value.reasons}
        expected = {"fase_past_niet"} if phase not in move.van else set()
        expected |= {"rol_ontbreekt"} if role not in move.by else set()
        assert expected <= codes
        assert all(reason.uitleg.endswith(".") for reason in refused.value.reasons)
        tried += 1
    assert tried == len(STEPS) * len(ROLES) - sum(len(move.by) for move in STEPS if phase in move.van)
    assert everything(session) == before


@pytest.mark.parametrize("phase", list(Phase))
def test_a_role_elsewhere_is_no_role_here(session: Session, phase: Phase) -> None:
    case = case_at(session, phase)
    everything_in_venlo = Actor("dirk", {role: frozenset({"0983"}) for role in ROLES})
    for view in moves.steps(CaseFile(session, case), desk(everything_in_venlo)):
        assert not view.mag
        assert "rol_ontbreekt" in {reason.code for reason in view.belemmeringen}


@pytest.mark.parametrize("phase", list(Phase))
def test_the_page_and_the_gate_give_the_same_reasons(session: Session, phase: Phase) -> None:
    case = case_at(session, phase)
    for role in ROLES:
        at = desk(person("iemand", role))
        for view in moves.steps(CaseFile(session, case), at):
            if view.mag:
                continue
            with pytest.raises(Refused) as refused:
                moves.take(session, case, view.stap, at, versie=case.versie, gegevens={})
            assert refused.value.reasons == view.belemmeringen


def test_a_step_that_may_be_taken_asks_for_its_fields_before_anything_else(session: Session) -> None:
    case = new_case(session)
    for view in moves.steps(CaseFile(session, case), desk(person("anna", Role.BEHANDELAAR))):
        required = {field.naam for field in view.velden if field.verplicht}
        if not view.mag or not required:
            continue
        with pytest.raises(DomainError) as invalid:
            moves.take(session, case, view.stap, desk(person("anna", Role.BEHANDELAAR)), versie=1, gegevens={})
        assert {reason.veld for reason in invalid.value.reasons} == required


def test_only_the_gate_sets_a_phase() -> None:
    """An assignment to a case's phase stands in moves.py and nowhere else in the workflow."""
    folder = Path(workflow.__file__).parent
    assigned = re.compile(r"(case|sender)\.fase\b.* = |\"fase\": Phase\.(?!ONTVANGEN)")
    writers = {path.name for path in folder.glob("*.py") if assigned.search(path.read_text())}
    assert writers == {"moves.py"}


def test_events_add_up_to_the_state_of_the_case(engine: Engine, session: Session) -> None:
    for phase in Phase:
        case_at(session, phase, bsn=f"9999{list(Phase).index(phase)}0000")
    for case in session.exec(select(Case)):
        events = CaseFile(session, case).events
        last = events[-1]
        assert (last.naar, last.resultaat, last.eerste_antwoord) == (case.fase, case.resultaat, case.eerste_antwoord)
        assert last.volgnummer == case.versie
        assert (case.resultaat is not None) == (case.fase in (Phase.AFGESLOTEN, Phase.BEZWAAR))
        assert [event.volgnummer for event in events].count(1) == 1


def test_open_is_every_phase_before_afgesloten() -> None:
    assert set(Phase) - set(OPEN) == {Phase.AFGESLOTEN, Phase.BEZWAAR}
    assert isinstance(STEPS[0], Move)
