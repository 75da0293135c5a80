"""Random people take random steps in random cases; after each the case is what the procedure says, or nothing changed.

`make soak` walks much further than the test does.
"""

from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date, timedelta
from itertools import groupby, pairwise
from typing import Any, ClassVar

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from service.access import Access
from service.db import session_scope
from service.settings import Settings
from signals.errors import DomainError
from signals.models import Grondslag, Load, Mutatiesoort, Participant, Signal, SignalChange
from tests.factories import NIJMEGEN, RECEIVED, ROTTERDAM, VENLO, at, case_at, contact, everything, person
from tests.soak import of_a_machine
from tests.soundness import unsound
from tests.workflow.shadow import Shadow
from tests.workflow.test_transitions import PROCEDURE
from workflow import dossier, moves
from workflow.actors import Actor, Desk
from workflow.case_file import CaseFile
from workflow.course import ANSWERING, HOLD, Stay
from workflow.deadlines import TERMS
from workflow.dossier import KINDS
from workflow.fields import Field
from workflow.intake import Intake
from workflow.models import (
    NO_TERM,
    CallbackRequest,
    Case,
    CaseSignal,
    CaseTerm,
    Document,
    InformationRequest,
    WalaaEntry,
)
from workflow.phases import OPEN, Herkomst, Outcome, Phase, Role

STEPS_IN_A_WALK = 45
MADE_BY_HAND = frozenset({"tellers van ladingen", "reeksen van nummers", "onbekende bestanden"})
"""Checks of what a load and its counts leave: these loads came in by no door."""
LAST_DAY = date(2028, 6, 1)
DAY = timedelta(days=1)

STAFF = {
    actor.naam: actor
    for actor in (
        person("anna", Role.BEHANDELAAR),
        person("bert", Role.BEHANDELAAR, Role.BESLISSER),
        person("bram", Role.TOEZICHTHOUDER),
        person("carla", Role.BESLISSER),
        person("kees", Role.BESLISSER),
        person("tess", Role.TEAMLEIDER),
        person("dirk", Role.BEHANDELAAR, code=VENLO),
        person("dora", Role.BEHANDELAAR, Role.BESLISSER, code=VENLO),
        person("ulla", Role.UWV_LIAISON, code=None),
        Actor.system(),
    )
}
ONWARD = (
    *("wijs_toe", "start_vooronderzoek", "start_onderzoek", "verstuur_aanschrijving", "win_inlichtingen_in"),
    *("ga_op_huisbezoek", "verstuur_voornemen", "leg_zienswijze_vast", "neem_besluit", "registreer_aangifte"),
    *("verwerk_in_brp", "registreer_bezwaar", "beslis_op_bezwaar", "heropen"),
)
"""Without a wind in their back random people close a case long before anybody decides on a bezwaar."""

BEGINNINGS = {"ontvang_signaal", "ontvang_overdracht", "ontvang_teruggestuurd", "open_bijvangst"}
"""Events that no person's step in this case makes."""

taken: Counter[str] = Counter()
refused: Counter[str] = Counter()


def staff(gemeentecode: str) -> list[str]:
    """The handlers of a municipality."""
    return [actor.naam for actor in STAFF.values() if actor.has(Role.BEHANDELAAR, gemeentecode)]


class Walk(RuleBasedStateMachine):
    """A few cases in two municipalities that take part; Rotterdam does not."""

    engine: ClassVar[Engine]

    def __init__(self) -> None:
        super().__init__()
        self.open_until_teardown = ExitStack()
        self.session: Session = self.open_until_teardown.enter_context(session_scope(self.engine, Access.system()))
        self.today = RECEIVED
        self.routes: dict[int, str | None] = {}
        self.overviews: set[tuple[int | None, int]] = set()
        self.requests: list[tuple[int | None, int]] = []

    def teardown(self) -> None:
        try:
            assert not unsound(self.session, Settings(), at(self.today), MADE_BY_HAND)
        finally:
            self.session.rollback()
        self.open_until_teardown.close()

    @initialize(begins=st.lists(st.tuples(st.sampled_from(Phase), st.sampled_from(Grondslag)), min_size=1, max_size=2))
    def cases_come_in(self, begins: list[tuple[Phase, Grondslag]]) -> None:
        """Each was brought by the steps of the straight path to the phase where the walk begins."""
        for code in (NIJMEGEN, VENLO):
            self.session.add(Participant(gemeentecode=code, vanaf=date(2020, 1, 1), besloten_door="test"))
        for number, (phase, route) in enumerate(begins):
            case_at(self.session, phase, grondslag=route, bsn=f"99999{number:04d}")
        self.today = RECEIVED + 50 * DAY
        self.look_at_all()

    @rule(days=st.integers(1, 30))
    def days_pass(self, days: int) -> None:
        self.today = min(self.today + days * DAY, LAST_DAY)

    @rule(data=st.data())
    def whoever_may_goes_on(self, data: st.DataObject) -> None:
        """Who has the role takes a step that fits the phase, after days enough for a term to pass."""
        self.days_pass(data.draw(st.sampled_from((0, 1, 15, 40))))
        case = self.some_case(data)
        names = ONWARD if data.draw(st.booleans()) else PROCEDURE
        onward = sorted(name for name in names if case.fase in PROCEDURE[name][0].split())
        if not onward:
            return
        stap = data.draw(st.sampled_from(onward), label="step")
        who = [actor for actor in STAFF.values() if self.may(actor, case, stap)]
        self.try_step(data, case, self.desk_of(data, who), [stap])

    @rule(data=st.data())
    def somebody_takes_a_step_that_may_be_taken(self, data: st.DataObject) -> None:
        case = self.some_case(data)
        desk = self.desk_of(data, [actor for actor in STAFF.values() if actor.roles_in(case.gemeentecode)])
        steps = moves.steps(CaseFile(self.session, case), desk)
        self.try_step(data, case, desk, [step.stap for step in steps if step.mag])

    @rule(data=st.data())
    def somebody_tries_any_step(self, data: st.DataObject) -> None:
        self.try_step(data, self.some_case(data), self.desk_of(data, [*STAFF.values()]), sorted(PROCEDURE))

    @rule(data=st.data())
    def something_is_recorded(self, data: st.DataObject) -> None:
        case, desk = self.some_case(data), self.desk_of(data, [*STAFF.values()])
        kind = data.draw(st.sampled_from(sorted(KINDS)))
        given = self.filled_in(data, KINDS[kind].velden)

        def record() -> object:
            row = dossier.add(self.session, case, kind, desk, given)
            if isinstance(row, Document) and row.soort == dossier.PL_OVERVIEW:
                self.overviews.add((case.id, case.versie))
            if isinstance(row, InformationRequest):
                self.requests.append((case.id, case.versie))
            return row

        self.attempt(f"dossier {kind}", record)

    @rule(data=st.data())
    def somebody_looks_in_the_brp(self, data: st.DataObject) -> None:
        """Two ways out ask for it on the day itself."""
        case = self.some_case(data)
        desk = self.desk_of(data, [actor for actor in STAFF.values() if self.may(actor, case, "start_onderzoek")])
        seen = {"soort": "brp", "bevinding": "staat er niet in"}
        if self.attempt("dossier bronnen", lambda: dossier.add(self.session, case, "bronnen", desk, seen)):
            self.try_step(data, case, desk, ["stel_vast_reeds_ingezetene", "stel_vast_elders_ingeschreven"])

    @rule(data=st.data())
    @precondition(lambda self: self.signals_that_stand())
    def uwv_withdraws_a_signal(self, data: st.DataObject) -> None:
        if data.draw(st.integers(0, 3)):
            return  # it happens, but not to everybody
        signals = self.signals_that_stand()
        signal = signals[data.draw(st.integers(0, len(signals) - 1))]
        load = self.session.get_one(Load, signal.load_id)
        again = Load(
            **load.model_dump(exclude={"id", "ladingnummer", "sha256", "aangeboden_op", "geladen_op", "ingetrokken"}),
            ladingnummer=f"LD-2026-9{signal.id:05d}",
            sha256=f"{10**6 + (signal.id or 0):064x}",
            aangeboden_op=at(self.today),
            geladen_op=at(self.today),
            ingetrokken=1,
        )
        self.session.add(again)
        signal.ingetrokken_op = self.today
        self.session.flush()
        gone = SignalChange(
            gemeentecode=signal.gemeentecode,
            signal_id=signal.id,
            load_id=again.id,
            regel=2,
            soort=Mutatiesoort.VERVALLEN,
            datum=self.today,
        )
        self.session.add(gone)
        Intake(self.session, at(self.today)).finish(again)
        self.look_at_all()

    def signals_that_stand(self) -> list[Signal]:
        """Those of which UWV may still say that they should not have come."""
        return list(
            self.session.exec(select(Signal).where(col(Signal.ingetrokken_op).is_(None)).order_by(col(Signal.id)))
        )

    def some_case(self, data: st.DataObject) -> Case:
        cases = self.session.exec(select(Case).order_by(col(Case.id))).all()
        return cases[data.draw(st.integers(0, len(cases) - 1), label="case")]

    def may(self, actor: Actor, case: Case, stap: str) -> bool:
        return any(actor.has(Role(role), case.gemeentecode) for role in PROCEDURE[stap][2].split())

    def desk_of(self, data: st.DataObject, people: list[Actor]) -> Desk:
        naam = data.draw(st.sampled_from(sorted(actor.naam for actor in people)), label="who")
        return Desk(STAFF[naam], at(self.today, data.draw(st.sampled_from((10, 18)))), staff, contact)

    def try_step(self, data: st.DataObject, case: Case, desk: Desk, choices: list[str]) -> None:
        if not choices:
            return
        stap = data.draw(st.sampled_from(choices), label="step")
        (step,) = (one for one in moves.steps(CaseFile(self.session, case), desk) if one.stap == stap)
        given = self.filled_in(data, step.velden)
        stale = data.draw(st.integers(0, 9)) == 9
        fase, number, code = case.fase, case.versie, case.gemeentecode
        versie = number - 1 if stale else number
        done = self.attempt(stap, lambda: moves.take(self.session, case, stap, desk, versie=versie, gegevens=given))
        if done is None:
            return
        assert not stale and step.mag
        van, _, who = PROCEDURE[stap]
        assert fase in van.split() and case.versie in (number + 1, number + 2)
        assert any(desk.actor.has(Role(role), code) for role in who.split())

    def attempt(self, what: str, deed: Any) -> Any:
        """Does it; when it is refused every row is as it was."""
        self.session.flush()
        before = everything(self.session)
        try:
            done = deed()
        except DomainError as error:
            assert all(reason.uitleg.endswith((".", "?")) for reason in error.reasons)
            self.session.expire_all()
            assert everything(self.session) == before, f"{what} was refused and left something behind"
            refused[what] += 1
            return None
        taken[what] += 1
        self.session.flush()
        self.look_at_all()
        return done

    def filled_in(self, data: st.DataObject, fields: tuple[Field, ...]) -> dict[str, Any]:
        """What somebody might type: nearly always what the field asks."""
        given: dict[str, Any] = {}
        for one in fields:
            if not one.verplicht and data.draw(st.integers(0, 2)) == 2:
                continue
            value = data.draw(self.of_kind(one), label=one.naam)
            given[one.naam] = value
        return given

    def of_kind(self, one: Field) -> st.SearchStrategy[Any]:
        near = st.integers(-20, 0).map(lambda days: (self.today + days * DAY).isoformat())
        if one.toekomst:
            near = st.integers(1, 40).map(lambda days: (self.today + days * DAY).isoformat())
        kinds: Mapping[str, st.SearchStrategy[Any]] = {
            "datum": near,
            "tijdstip": st.tuples(st.integers(-9, 0), st.sampled_from((9, 10, 18))).map(self.moment),
            "ja_nee": st.sampled_from((True, True, True, False)),
            "keuze": st.sampled_from(one.keuzes or ("",)),
            "brief": st.sampled_from(one.keuzes or ("1",)),
            "gebruiker": st.sampled_from(one.keuzes or ("anna",)),
            "gemeente": st.sampled_from((VENLO, VENLO, NIJMEGEN, ROTTERDAM, "1999", "9999")),
            "getal": st.integers(1, 9).map(str),
            "telefoon": st.just("0612345678"),
            "lijst": st.just(["bram"]),
            "stukken": st.sampled_from(("geen", list(one.keuzes) or "geen")),
        }
        if one.naam in ("bsn", "postcode"):
            return st.sampled_from(("999990019", "999990020", "nee") if one.naam == "bsn" else ("6523 AB",))
        words = st.sampled_from(("zo staat het in de stukken", "ja, EU-burger"))
        short = words.map(lambda text: text[: one.langste])
        return kinds.get(one.soort, short)

    def moment(self, when: tuple[int, int]) -> str:
        days, hour = when
        return at(self.today + days * DAY, hour).isoformat()

    def look_at_all(self) -> None:
        """Every case is sound, whichever of them somebody worked on."""
        self.session.expire_all()
        cases = self.session.exec(select(Case)).all()
        for case in cases:
            self.look_at(case)
        for signal in self.session.exec(select(Signal)):
            links = select(CaseSignal).where(CaseSignal.signal_id == signal.id, col(CaseSignal.actueel))
            unsettled = [case for case in cases if case.lading_id and case.eerste_signaal_id == signal.id]
            assert len(self.session.exec(links).all()) + len(unsettled) == 1, "a signal has one case that works on it"

    def look_at(self, case: Case) -> None:
        assert case.id is not None
        file = CaseFile(self.session, case)
        events = file.events
        self.routes.setdefault(case.id, None if case.herkomst == Herkomst.BIJVANGST else case.grondslag.value)
        self.the_events_are_the_case(case, events)
        self.the_course_is_that_of_the_events(case, events)
        self.closed_means_answered(case)
        self.nobody_judged_his_own_work(events)
        self.the_clocks_are_right(case, file)

    def the_course_is_that_of_the_events(self, case: Case, events: Any) -> None:
        """What figures read of a case instead of its events (`workflow.course`), told from the events alone."""
        closings = [
            one for one in events if one.naar == Phase.AFGESLOTEN and one.van not in (Phase.AFGESLOTEN, Phase.BEZWAAR)
        ]
        days = [one.vastgelegd_op for one in closings]
        answered = [one.vastgelegd_op for one in closings if one.resultaat in ANSWERING]
        before_first = events[: events.index(closings[0])] if closings else events
        began = [one.datum_eerste_antwoord for one in before_first if one.stap == "start_onderzoek"]
        back = [
            two.vastgelegd_op for one, two in pairwise(events) if one.resultaat is not None and two.resultaat is None
        ]
        assert case.laatste_stap_op in (events[-1].vastgelegd_op, *([None] if len(events) == 1 else []))
        assert (case.eerst_afgesloten_op, case.laatst_afgesloten_op) == (
            min(days, default=None),
            max(days, default=None),
        )
        assert case.beantwoord_op == min(answered, default=None)
        assert case.onderzoek_begon_op == next(iter(began), None)
        assert case.heropend_op == min(back, default=None)
        assert case.had_resultaat == (events[-1].resultaat is not None)
        assert (case.aangehouden_vanaf is not None) == events[-1].aangehouden
        runs = Counter[tuple[str, date, int]]()
        for soort, of in ((None, lambda one: one.naar), (HOLD, lambda one: one.aangehouden)):
            grouped = [[*run] for _, run in groupby(events, key=of)]
            for run, following in pairwise(grouped):
                if (soort is None and run[0].naar != Phase.AFGESLOTEN) or (soort and run[0].aangehouden):
                    tot = following[0].vastgelegd_op
                    runs[soort or run[0].naar.value, tot, (tot - run[0].vastgelegd_op).days] += 1
        kept = self.session.exec(select(Stay).where(Stay.zaak_id == case.id))
        assert Counter((stay.soort, stay.tot, stay.dagen) for stay in kept) == runs

    def the_events_are_the_case(self, case: Case, events: Any) -> None:
        assert [event.volgnummer for event in events] == list(range(1, case.versie + 1))
        last = events[-1]
        assert (last.naar, last.resultaat, last.datum_resultaat) == (case.fase, case.resultaat, case.datum_resultaat)
        assert (last.eerste_antwoord, last.behandelaar) == (case.eerste_antwoord, case.behandelaar)
        assert (last.ingangsdatum, last.aangehouden) == (case.ingangsdatum, case.aangehouden_sinds is not None)
        for before, event in pairwise(events):
            assert event.van == before.naar and event.grondslag and event.procedure
            if event.stap in BEGINNINGS:
                continue
            van, to, _ = PROCEDURE[event.stap]
            assert event.van in van.split()
            stays = "inlichtingen" if to.endswith("to inlichtingen") and event.van == Phase.VOORNEMEN else event.van
            assert event.naar in ((stays,) if to.startswith("same") else to.split())

    def closed_means_answered(self, case: Case) -> None:
        if case.fase in OPEN:
            assert case.resultaat is None and case.afgesloten_op is None and case.ingangsdatum is None
            return
        if case.fase == Phase.AFGESLOTEN:
            assert case.resultaat is not None and case.afgesloten_op is not None and case.aangehouden_sinds is None
        assert case.eerste_antwoord is not None or case.resultaat == Outcome.INGETROKKEN or case.fase == Phase.BEZWAAR

    def nobody_judged_his_own_work(self, events: Any) -> None:
        sender, deciders = None, set()
        for event in events:
            if event.stap == "verstuur_voornemen":
                sender = event.door
            if event.stap in ("neem_besluit", "weiger_aangifte"):
                assert event.door != sender
                deciders.add(event.door)
            if event.stap == "beslis_op_bezwaar":
                assert event.door not in deciders | {sender}

    def not_held(self, case: Case, running: Any) -> list[Any]:
        since = case.aangehouden_sinds
        held = {name for name, rule in TERMS.items() if rule.held}
        return [one for one in running if since is None or since > one[2] or one[0] not in held]

    def the_clocks_are_right(self, case: Case, file: CaseFile) -> None:
        mine = self.session
        asked = mine.exec(select(CallbackRequest.vastgelegd_op).where(CallbackRequest.zaak_id == case.id)).all()
        walaa = mine.exec(select(WalaaEntry.antwoord).where(WalaaEntry.zaak_id == case.id)).all()
        assert case.id is not None
        answers = [one.value for one in walaa]
        sent = {events for case_id, events in self.overviews if case_id == case.id}
        requests = [events for case_id, events in self.requests if case_id == case.id]
        shadow = Shadow.of(self.routes[case.id], case.datum_ontvangst, file.events, asked, answers, sent, requests)
        running = sorted((one.term, one.vanaf, one.einde) for one in file.terms if one.beeindigd_op is None)
        assert running == shadow.terms(), case.zaaknummer
        assert (case.eerste_termijn_tot, case.eerste_termijn) == min(
            ((einde, term) for term, _, einde in self.not_held(case, running)), default=(NO_TERM, None)
        )
        stored = mine.exec(select(CaseTerm).where(CaseTerm.zaak_id == case.id)).all()
        assert all(one.uitleg for one in stored)


@pytest.mark.chance
def test_whoever_walks_whichever_way_a_case_stays_lawful(engine: Engine) -> None:
    Walk.engine = engine
    taken.clear()
    refused.clear()
    run_state_machine_as_test(
        Walk,
        settings=of_a_machine(12, STEPS_IN_A_WALK),
    )
    steps = Counter({name: number for name, number in taken.items() if name in PROCEDURE})
    print(f"{steps.total()} steps of {len(steps)} kinds, {refused.total()} refused: {dict(steps.most_common())}")
    assert len(steps) >= len(PROCEDURE) // 3, "the walk saw too little of the table"
    assert refused.total() > steps.total() // 4
