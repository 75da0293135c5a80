"""Signals are loaded, worked on, told, refused and taken back at random; after each step what UWV knows is the stand.

`make soak` goes on much longer than the test does.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime, time

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from hypothesis.stateful import run_state_machine_as_test as run
from sqlmodel import col, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackDelivery
from exports.stands import CATEGORIES, AsOf, comparison
from service.db import session_scope
from signals.models import Load, LoadStatus, Participant
from tests.databases import Databases
from tests.exports.by_hand import Last, Row, category_by_hand, line_by_hand, stand_of, stands_by_hand
from tests.exports.circle import (
    BEFORE_VOORNEMEN,
    DAY,
    ELSEWHERE,
    PEOPLE,
    REFUSABLE,
    SITUATIONS,
    SYSTEM,
    World,
    came_up,
    ends,
    taken,
    told,
    turned_down,
)
from tests.factories import NIJMEGEN, ROTTERDAM, VENLO, ZONE
from tests.soak import SOAKING, TIMES, of_a_machine
from tests.workflow.test_transitions import PROCEDURE
from workflow.models import Case

STEPS_IN_A_RUN = 35 if SOAKING else 24
START = ("ontvangen", "vooronderzoek")
STEPS = sorted(set(PROCEDURE) - {"trek_signaal_in", "registreer_retour", "verleng_termijn", "verdaag_beslissing"})
"""Those that people take; letters that come back and terms that move change no stand."""


def is_open(case: Case) -> bool:
    """Whether it has no outcome that stands."""
    return case.fase not in ("afgesloten", "bezwaar")


FITS: Mapping[str, Callable[[Case], bool]] = {
    "stuur_terug": lambda case: case.fase in START and case.voorganger_id is not None and not case.teruggestuurd,
    "sluit_als_ingetrokken": lambda case: is_open(case) and case.ingetrokken_door_uwv is not None,
    "zet_voort": lambda case: is_open(case) and case.ingetrokken_door_uwv is not None,
}
"""For which cases a way is meant; without any of those it is tried on another."""

ONWARD = ("start_vooronderzoek", "verstuur_aanschrijving", "verstuur_voornemen", "neem_besluit", "verwerk_in_brp")
"""The straight way to a registration ex officio."""

CLOSINGS = (
    "niet_oppakken",
    "stel_vast_reeds_ingezetene",
    "stel_vast_elders_ingeschreven",
    "stel_vast_overleden",
    "draag_over",
    "stuur_terug",
    "sluit_als_ingetrokken",
    "zet_voort",
)
WAYS: Mapping[str, Sequence[str]] = {
    **{name: (name,) for name in CLOSINGS},
    "sluit_zonder_mutatie": ("start_vooronderzoek", "verstuur_aanschrijving", "sluit_zonder_mutatie"),
    "aangifte": ("trek_besluit_in", "registreer_aangifte", "verwerk_in_brp"),
    "besluit": ONWARD,
    "onderzoek": ("start_vooronderzoek", "start_onderzoek"),
}
"""How a case can end, or go on: the steps that are tried in turn, those that do not fit its phase being passed over."""

OFTEN = ("besluit", "besluit")
"""Without a wind in its back hardly a case comes to a besluit, and so to a bezwaar."""

QUICK = ("niet_oppakken", "stel_vast_reeds_ingezetene", "stel_vast_elders_ingeschreven", "aangifte", "aangifte")
"""Ways that end a case without a besluit, so that it can be opened again."""

ENOUGH_TIMES = 40
"""From so many on, a soak has come by everything; in 10, 20 and 24 an objection to what was told came up 0, 3 and 5
times."""

rules: Counter[str] = Counter()


class Circle(World, RuleBasedStateMachine):
    """All of it in any order."""

    def teardown(self) -> None:
        self.the_day_is_remembered_as_it_was()
        self.require_sound()
        self.until_teardown.close()

    # --- what happens

    @initialize(data=st.data(), number=st.integers(0, 2))
    def it_begins(self, data: st.DataObject, number: int) -> None:
        """With one person who is signalled in two municipalities, and a few more."""
        with session_scope(self.engine, SYSTEM) as session:
            for code in (NIJMEGEN, VENLO):
                session.add(Participant(gemeentecode=code, vanaf=date(2020, 1, 1), besloten_door="test"))
        twice = [self.new_row(code, PEOPLE[0]) for code in (NIJMEGEN, VENLO)]
        self.load([*twice, *(self.row_of(data, "N") for _ in range(number))])

    @rule(data=st.data(), kinds=st.lists(st.sampled_from("NNJJWVVFR"), min_size=1, max_size=4))
    def a_file_comes_in(self, data: st.DataObject, kinds: list[str]) -> None:
        """New, changed and withdrawn signals, faulty rows, and those again once they are mended."""
        rules["a_file_comes_in"] += 1
        self.days_pass(data)
        self.load([self.row_of(data, kind) for kind in kinds])

    @rule(
        data=st.data(),
        ways=st.lists(st.sampled_from((*OFTEN, *sorted(WAYS))), min_size=1, max_size=4),
        then=st.booleans(),
    )
    def cases_end(self, data: st.DataObject, ways: list[str], then: bool) -> None:
        """In one of all ways, from whatever phase they are in. then: it is told at once."""
        rules["cases_end"] += 1
        self.days_pass(data)
        for way in ways:
            self.walk(data, self.some_case(data, FITS.get(way, is_open)), WAYS[way])
        if then:
            self.tell_all()

    @rule(data=st.data(), what=st.sampled_from(("comes back", "objects", "objects", "step", "step", "entry")))
    def something_else_happens(self, data: st.DataObject, what: str) -> None:
        rules[f"something_else_happens: {what}"] += 1
        self.days_pass(data)
        happens = {
            "comes back": self.comes_back,
            "objects": self.objects,
            "step": self.any_step,
            "entry": self.any_entry,
        }
        happens[what](data)

    @rule(data=st.data(), outside=st.sampled_from((False, False, True)), back=st.booleans(), then=st.booleans())
    def a_case_is_handed_over(self, data: st.DataObject, outside: bool, back: bool, then: bool) -> None:
        """To another municipality, which may send it back at once. then: each of it is told."""
        rules["a_case_is_handed_over"] += 1
        self.days_pass(data)
        two = self.people_with_two_cases() if back else ()  # there it would join the other, which came from nobody
        case = self.fresh_case(data, lambda case: case.fase in BEFORE_VOORNEMEN and case.bsn not in two)
        with session_scope(self.engine, SYSTEM, write=False) as session:
            there = {ELSEWHERE} if outside else {self.code_now(session, code) for code in (NIJMEGEN, VENLO)}
            there -= {self.code_now(session, case.gemeentecode)}
        if not there:
            return
        case = self.walk(data, case, ())
        self.step(data, case, "draag_over", gemeentecode=data.draw(st.sampled_from(sorted(there)), label="to"))
        if then:
            self.tell_all()
        if back:
            self.walk(data, self.some_case(data, FITS["stuur_terug"]), WAYS["stuur_terug"])
            if then:
                self.tell_all()

    @rule(data=st.data(), told_before=st.booleans(), way=st.sampled_from(("sluit_als_ingetrokken", "zet_voort", "")))
    def an_investigation_loses_its_signals(self, data: st.DataObject, told_before: bool, way: str) -> None:
        """UWV withdraws them all; then somebody decides, or nobody does yet. told_before: a result was told of it."""
        rules["an_investigation_loses_its_signals"] += 1
        self.days_pass(data)
        if told_before:
            case = self.told_case(data)
            case = self.step(data, case, "heropen") or case
        else:
            case = self.walk(data, self.fresh_case(data, is_open), ("start_vooronderzoek",))
        if numbers := sorted(self.signals_of(case)):
            self.load([self.delivered[number] | {"mutatiesoort": "V"} for number in numbers])
        if way:
            self.walk(data, self.some_case(data, lambda one: one.id == case.id), (way,))
        for _ in range(data.draw(st.integers(0, 2), label="told")):
            self.tell_all()

    @rule(
        data=st.data(),
        ways=st.lists(st.sampled_from(QUICK), min_size=1, max_size=3),
        between=st.booleans(),
        refused=st.booleans(),
    )
    def what_was_told_changes(self, data: st.DataObject, ways: list[str], between: bool, refused: bool) -> None:
        """A case is opened again and ends otherwise, once or more. between: that it is open again is told too."""
        rules["what_was_told_changes"] += 1
        self.days_pass(data)
        case = self.told_case(data)
        for way in ways:
            case = self.step(data, case, "heropen") or case
            if between:
                self.tell_all()
            case = self.walk(data, case, WAYS[way])
            self.tell_all()
        if refused:
            self.refuse_corrections(data)

    @rule(data=st.data(), who=st.sampled_from(PEOPLE), merger=st.booleans(), then=st.booleans())
    def one_person_is_registered_twice(self, data: st.DataObject, who: str, merger: bool, then: bool) -> None:
        """In two municipalities, or in one and in that in which it has gone up since."""
        rules["one_person_is_registered_twice"] += 1
        self.days_pass(data)
        self.load([self.new_row(NIJMEGEN, who)])
        self.registers(data, NIJMEGEN, who)
        if then:
            self.tell_all()
        if merger and self.may_merge():
            self.merge({self.of_now(NIJMEGEN)}, 1)
            self.the_day_is_remembered_as_it_was()
            self.today += 2 * DAY
        code = NIJMEGEN if merger else VENLO
        self.load([self.new_row(self.of_now(code), who)])
        self.registers(data, code, who)
        if then:
            self.tell_all()

    def people_with_two_cases(self) -> set[str]:
        """Who has more than one that is open, wherever those are."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            of = Counter(case.bsn for case in session.exec(select(Case)) if case.bsn and is_open(case))
        return {bsn for bsn, number in of.items() if number > 1}

    def registers(self, data: st.DataObject, code: str, who: str) -> None:
        """The open case of a person, in what this municipality is now."""
        now = self.of_now(code)
        self.walk(
            data,
            self.some_case(data, lambda one: is_open(one) and one.bsn == who and self.of_now(one.gemeentecode) == now),
            WAYS["aangifte"],
        )

    def told_case(self, data: st.DataObject) -> Case:
        """One of which the result was told and that can be opened again, if there is any; one is closed for it."""
        with session_scope(self.engine, SYSTEM, write=False) as session:
            told_ids = {self.works_on_number(session, number) for number in self.told_results()}

        def fits(case: Case) -> bool:
            without_besluit = case.fase == "afgesloten" and case.datum_voornemen is None
            return without_besluit and case.id in told_ids and case.resultaat != "andere_gemeente"

        case = self.some_case(data, fits)
        if not fits(case):
            way = data.draw(st.sampled_from(QUICK), label="way")
            case = self.walk(data, self.fresh_case(data, is_open), WAYS[way])
            self.tell_all()
        return case

    def refuse_corrections(self, data: st.DataObject) -> None:
        """Those of one delivery; the newest that has any."""
        for nummer in sorted(self.states, reverse=True):
            wrong = {int(line["volgnummer"]) for line in self.files[nummer] if line["soort"] == "correctie"}
            if wrong and self.states[nummer] in REFUSABLE:
                self.refuse(nummer, data.draw(st.sets(st.sampled_from(sorted(wrong)), min_size=1), label="rows"), False)
                return

    def walk(self, data: st.DataObject, case: Case, steps: Sequence[str]) -> Case:
        """The steps of these that fit, by somebody who took the case, if only that."""
        if case.behandelaar is None and is_open(case):
            case = self.step(data, case, "wijs_toe") or case
        for name in steps:
            if case.fase in PROCEDURE[name][0].split():
                case = self.step(data, case, name) or case
        return case

    def days_pass(self, data: st.DataObject) -> None:
        """Or none; each ends with what it will always have been."""
        if days := data.draw(st.sampled_from((0, 0, 1, 6, 20)), label="days"):
            self.the_day_is_remembered_as_it_was()
            self.today += days * DAY

    def any_step(self, data: st.DataObject) -> None:
        """One that fits the phase; whether it may be taken, the gate says."""
        case = self.some_case(data)
        fitting = [name for name in STEPS if case.fase in PROCEDURE[name][0].split()]
        self.step(data, case, data.draw(st.sampled_from(fitting), label="step"))

    def comes_back(self, data: st.DataObject) -> None:
        """A case is opened again."""
        self.step(data, self.some_case(data, lambda case: case.fase == "afgesloten"), "heropen")

    def objects(self, data: st.DataObject) -> None:
        """Somebody objects to a besluit, which is taken first where there is none; or on a bezwaar is decided."""
        case = self.some_case(data, lambda case: case.fase == "bezwaar" or case.datum_voornemen is not None)
        if case.fase == "bezwaar":
            self.step(data, case, "beslis_op_bezwaar")
        else:
            self.walk(data, case, (*ONWARD, "registreer_bezwaar"))

    def any_entry(self, data: st.DataObject) -> None:
        """A source, a contact, or somebody else at the address, who may be signalled too."""
        case = self.some_case(data)
        entries = {
            "bronnen": {"soort": "verhuurder", "bevinding": "staat op het huurcontract"},
            "contacten": {"soort": "contactmoment", "kanaal": "telefoon"},
            "bijvangst": {
                "omschrijving": "nog een bewoner in de RNI",
                "bsn": data.draw(st.sampled_from(PEOPLE)),
                "geslachtsnaam": "Nowak",
            },
        }
        kind = data.draw(st.sampled_from(("bijvangst", *sorted(entries))), label="kind")
        self.attempt(kind, lambda session: self.found(session, case, kind, entries[kind]))

    @rule(data=st.data(), days=st.integers(0, 15))
    @precondition(lambda self: self.may_merge())
    def municipalities_merge(self, data: st.DataObject, days: int) -> None:
        """As table 33 tells it beforehand: on that day some of them go up in a new one."""
        with session_scope(self.engine, SYSTEM) as session:
            standing = sorted({self.code_now(session, code) for code in (NIJMEGEN, VENLO, ROTTERDAM)})
            if len(standing) == 1:
                return
        rules["municipalities_merge"] += 1
        self.merge(data.draw(st.sets(st.sampled_from(standing), min_size=1), label="gone"), days)

    @rule(what=st.sampled_from(("all", "make", "send")))
    def feedback_is_told(self, what: str) -> None:
        rules[f"feedback_is_told: {what}"] += 1
        {"all": self.tell_all, "make": self.make, "send": self.send}[what]()

    @rule(data=st.data(), what=st.sampled_from(("received", "refused whole", "refused rows", "refused rows")))
    @precondition(lambda self: self.states)
    def feedback_is_answered(self, data: st.DataObject, what: str) -> None:
        rules[f"feedback_is_answered: {what}"] += 1
        newest_first = sorted(self.states, reverse=True)
        nummer = data.draw(st.sampled_from(newest_first), label="which")
        if what == "received":
            self.receive(nummer)
            return
        every = {int(line["volgnummer"]) for line in self.files[nummer]}
        whole = what == "refused whole"
        asked = every if whole else data.draw(st.sets(st.sampled_from(sorted(every)), min_size=1), label="rows")
        self.refuse(nummer, asked, whole)

    # --- what holds after each step

    @invariant()
    def what_uwv_knows_is_the_stand(self) -> None:
        last = self.last_lines()
        with session_scope(self.engine, SYSTEM, write=False) as session:
            stands = stands_by_hand(session, self.withdrawn)
            compared = {one["signaalnummer"]: one for one in session.execute(select(comparison())).mappings()}
            counted = feedback.reconciliation(session)
            accepted = sum(session.exec(select(Load.geaccepteerd).where(Load.status == LoadStatus.GELADEN)))
        assert compared.keys() == stands.keys() and len(stands) == accepted
        assert tuple(counted) == CATEGORIES and sum(counted.values()) == accepted
        by_hand: Counter[str] = Counter()
        for number, stand in stands.items():
            mine = last.get(number)
            line = line_by_hand(stand, mine)
            category = category_by_hand(line, mine)
            by_hand[category] += 1
            assert bool(compared[number]["due"]) == (line is not None), number
            assert compared[number]["categorie"] == category, number
            if category not in ("nu_te_vertellen", "onderweg"):
                self.knows(stand, mine)
        assert {name: number for name, number in counted.items() if number} == dict(by_hand)

    def knows(self, stand: Row, last: Last | None) -> None:
        """The files replayed give the stand; of a stand that says nothing yet, nothing that must be taken back."""
        says = stand["ingetrokken"] == "J" or stand["eerste_antwoord"] or stand["resultaat"]
        if says or (last is not None and last.held_a_result):
            kind = {"soort": "intrekking_bevestigd"} if stand["ingetrokken"] == "J" else {"soort": ""}
            emptied = {"eerste_antwoord": ""} if stand["ingetrokken"] == "J" else {}
            assert last is not None and stand_of(last.row) == stand_of({**stand, **kind, **emptied})

    @invariant()
    def a_correction_replaces_what_the_supplier_has(self) -> None:
        lines = {f"{line['terugkoppelingsnummer']}/{line['volgnummer']}": line for line in self.standing_lines()}
        for line in lines.values():
            if line["soort"] == "correctie":
                before = lines[line["vervangt"]]  # it stands: a line that is replaced cannot be refused
                assert before["signaalnummer"] == line["signaalnummer"] and before["resultaat"]
                assert self.states[before["terugkoppelingsnummer"]] == DeliveryState.ONTVANGEN
            else:
                assert line["vervangt"] == ""

    @invariant()
    def numbers_have_no_gap(self) -> None:
        with session_scope(self.engine, SYSTEM, write=False) as session:
            stored = session.exec(select(FeedbackDelivery).order_by(col(FeedbackDelivery.id))).all()
        assert {one.nummer: one.staat for one in stored} == self.states
        years = Counter(one.aangemaakt_op.astimezone(ZONE).year for one in stored)
        every = [f"TK-{year}-{number:04d}" for year in sorted(years) for number in range(1, years[year] + 1)]
        assert [one.nummer for one in stored] == every == list(self.files)

    def the_day_is_remembered_as_it_was(self) -> None:
        """What the figures of this day will say next year is what stands at its end."""
        end = datetime.combine(self.today + DAY, time(), tzinfo=ZONE)
        with session_scope(self.engine, SYSTEM, write=False) as session:
            now, then = (
                {one["signal_id"]: dict(one) for one in session.execute(select(rows)).mappings()}
                for rows in (comparison(), comparison(AsOf(self.today, end)))
            )
        assert then == now


@pytest.mark.chance
def test_whatever_happens_the_files_that_stand_tell_the_stand_of_every_signal(
    databases: Databases, empty_database: str
) -> None:
    Circle.databases, Circle.empty = databases, empty_database
    for counter in (rules, taken, turned_down, ends, told, came_up):
        counter.clear()
    run(
        Circle,
        settings=of_a_machine(2, STEPS_IN_A_RUN),
    )
    print(f"{rules.total()} rules: {dict(rules.most_common())}")
    print(f"{taken.total()} done: {dict(taken.most_common())}; refused: {dict(turned_down.most_common())}")
    print(f"ends: {dict(ends.most_common())}")
    print(f"told: {dict(told.most_common())}")
    print(f"came up: { {name: came_up[name] for name in SITUATIONS} }")
    assert came_up.keys() <= set(SITUATIONS)
    assert told.total() >= 10 and any(kind.startswith("resultaat") for kind in told), "too little was told"
    missing = [name for name in SITUATIONS if not came_up[name]]
    assert TIMES < ENOUGH_TIMES or not missing, f"a soak must come by {missing}"
