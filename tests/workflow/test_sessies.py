"""Sessies: planned by the coordinator, prepared by who takes part, and actions that come back until they are done."""

from datetime import date, timedelta
from typing import Any

import pytest
from factories import ANNA, BRAM, COEN, DIRK, NIJMEGEN, RECEIVED, TESS, ULLA, VENLO, codes, desk, new_case, person
from sqlmodel import Session, select

from signals.errors import DomainError, Forbidden, Invalid, NotFound, Refused, Stale
from signals.models import Delivery
from workflow import dossier, sessie_notes, sessies
from workflow.actors import Actor, Desk
from workflow.models import Case, Leerpunt
from workflow.phases import Role
from workflow.sessie_models import Sessie, SessieActie, SessieStaat, SessieVraag
from workflow.sessie_notes import Lesson, stands
from workflow.sessies import UWV, Agenda

LEVERING, NEXT = "LRNI-2026-01", "LRNI-2026-02"
DAY = RECEIVED + timedelta(days=30)
BSN = "Het gaat om 9999.90.019 dus."
ASKED = {
    "soort": "werksessie",
    "datum": DAY.isoformat(),
    "leveringen": LEVERING,
    "deelnemers": f"{NIJMEGEN},{UWV}",
}
DID = {"hoe": "Er staat nu een voorbeeld in."}


@pytest.fixture
def case(session: Session) -> Case:
    """A case of Nijmegen in the first levering; a second levering came a month later."""
    made = new_case(session)
    session.add(Delivery(leveringsnummer=NEXT, eerste_ontvangst=RECEIVED + timedelta(days=31)))
    session.flush()
    return made


def plan(session: Session, **other: Any) -> Agenda:
    made = sessies.plan(session, desk(COEN), ASKED | other)
    return sessies.find(session, made.nummer, COEN)


def held(session: Session, agenda: Agenda) -> Agenda:
    sessies.hold(session, agenda.sessie, desk(COEN, agenda.sessie.datum), agenda.sessie.versie)
    return agenda


def agree(session: Session, agenda: Agenda, owner: str = NIJMEGEN, **other: Any) -> SessieActie:
    day = agenda.sessie.datum
    asked = {"tekst": "Maak de werkinstructie korter.", "organisatie": owner, "voor": (day + timedelta(7)).isoformat()}
    return sessie_notes.agree(session, agenda, desk(COEN, day), asked | other)


def answer(session: Session, agenda: Agenda, question: SessieVraag, at: Desk, said: dict[str, Any]) -> None:
    """By who opened the form a moment ago; so do the others here."""
    sessie_notes.answer(session, agenda, question, at, stands(question), said)


def conclude(session: Session, agenda: Agenda, lesson: Lesson, said: dict[str, Any]) -> None:
    sessie_notes.conclude(session, agenda, lesson, desk(COEN, DAY), stands(lesson), said)


def withdraw(session: Session, agenda: Agenda, question: SessieVraag, actor: Actor) -> None:
    sessie_notes.withdraw(session, agenda, question, desk(actor), stands(question))


def finish(session: Session, action: SessieActie, at: Desk, said: dict[str, Any]) -> None:
    sessie_notes.finish(session, action, at, stands(action), said)


def returned(session: Session, agenda: Agenda) -> list[SessieActie]:
    return [action for action, _ in sessie_notes.returning(session, agenda)]


def refusal(error: type[DomainError], call: Any, *arguments: Any) -> set[str]:
    with pytest.raises(error) as refused:
        call(*arguments)
    return codes(refused)


def test_a_sessie_has_a_number_leveringen_and_organisations(session: Session, case: Case) -> None:
    agenda = plan(session, tijd="10:00", plaats="online", andere="RvIG, uwv, 0983", leveringen=f"{NEXT},{LEVERING}")
    assert agenda.sessie.nummer == "SE-2026-0001"
    assert (agenda.leveringen, agenda.deelnemers) == ([LEVERING, NEXT], [NIJMEGEN, VENLO, "RvIG", UWV])
    assert agenda.sessie.staat == SessieStaat.GEPLAND
    sessies.change(session, agenda.sessie, desk(COEN), 1, ASKED | {"plaats": "stadhuis", "deelnemers": "LAA"})
    again = sessies.find(session, "SE-2026-0001", COEN)
    assert (again.leveringen, again.deelnemers, again.sessie.tijd) == ([LEVERING], ["LAA"], None)
    assert again.sessie.plaats == "stadhuis"


def test_organisations_stand_as_people_look_for_them(session: Session, case: Case) -> None:
    agenda = plan(session, deelnemers="UWV,0983,0518,0310,0268", andere="Aedes, 0014")
    assert agenda.deelnemers == ["0310", "0518", "0014", NIJMEGEN, VENLO, "Aedes", UWV]
    both = Actor("els", {Role.BEHANDELAAR: frozenset({"0014", "0518"})})
    assert sessies.voices(session, agenda, both, DAY) == ["0518", "0014"]  # 's-Gravenhage before Groningen
    assert [*sessie_notes.action_fields(agenda)[1].keuzes] == agenda.deelnemers


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"soort": "borrel"}, "keuze_onbekend"),
        ({"datum": ""}, "verplicht_leeg"),
        ({"leveringen": ""}, "levering_ontbreekt"),
        ({"leveringen": "LRNI-2026-99"}, "levering_onbekend"),
        ({"deelnemers": ""}, "deelnemer_ontbreekt"),
        ({"deelnemers": "9997"}, "gemeentecode_onbekend"),
        ({"andere": "9998"}, "gemeentecode_onbekend"),
        ({"andere": "x" * 81}, "te_lang"),
        ({"andere": "de heer 999990019"}, "bsn_in_tekst"),
        ({"plaats": "bij 999990019"}, "bsn_in_tekst"),
    ],
)
def test_what_is_wrong_is_named_and_no_number_is_used(
    session: Session, case: Case, wrong: dict[str, str], code: str
) -> None:
    assert code in refusal(Invalid, sessies.plan, session, desk(COEN), ASKED | wrong)
    assert session.exec(select(Sessie)).all() == []
    assert plan(session).sessie.nummer == "SE-2026-0001"


def test_only_a_kick_off_can_be_without_a_levering(session: Session, case: Case) -> None:
    assert plan(session, soort="kick_off", leveringen="").leveringen == []


@pytest.mark.parametrize("actor", [ANNA, TESS, ULLA, BRAM], ids=lambda one: one.naam)
def test_only_the_coordinator_leads(session: Session, case: Case, actor: Actor) -> None:
    agenda = plan(session)
    question = sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Wat als iemand opendoet?"})
    at = desk(actor, DAY)
    (_, lesson) = teach(session, case)
    for call, arguments in (
        (sessies.plan, (at, ASKED)),
        (sessies.change, (agenda.sessie, at, 1, ASKED)),
        (sessies.hold, (agenda.sessie, at, 1)),
        (sessies.call_off, (agenda.sessie, at, 1, {"reden": "ziek"})),
        (sessie_notes.answer, (agenda, question, at, stands(question), {"besproken": "ja"})),
        (sessie_notes.conclude, (agenda, lesson, at, stands(lesson), {"besproken": "ja"})),
        (sessie_notes.agree, (agenda, at, {})),
    ):
        assert refusal(Forbidden, call, session, *arguments) == {"rol_ontbreekt"}, call
    assert agenda.sessie.staat == SessieStaat.GEPLAND


def test_a_sessie_is_held_on_its_day_and_ends_once(session: Session, case: Case) -> None:
    agenda = plan(session)
    sessie = agenda.sessie
    early = desk(COEN, DAY - timedelta(days=1))
    assert refusal(Refused, sessies.hold, session, sessie, early, 1) == {"sessie_komt_nog"}
    assert refusal(Stale, sessies.hold, session, sessie, desk(COEN, DAY), 2) == {"sessie_gewijzigd"}
    held(session, agenda)
    assert sessie.staat == SessieStaat.GEHOUDEN and sessie.beeindigd_op is not None
    for call, more in ((sessies.hold, ()), (sessies.call_off, ({"reden": "ziek"},)), (sessies.change, (ASKED,))):
        assert refusal(Refused, call, session, sessie, desk(COEN, DAY), 2, *more) == {"sessie_voorbij"}


def test_nothing_is_said_in_a_sessie_that_was_called_off(session: Session, case: Case) -> None:
    agenda = plan(session)
    question = sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Wanneer dan wel?"})
    sessies.call_off(session, agenda.sessie, desk(COEN), 1, {"reden": "De zaal is dicht."})
    assert agenda.sessie.reden_afgelast == "De zaal is dicht."
    said = (agenda, question, desk(COEN), stands(question), {"besproken": "ja"})
    assert refusal(Refused, sessie_notes.answer, session, *said) == {"sessie_afgelast"}
    assert refusal(Refused, agree, session, agenda) == {"sessie_afgelast"}
    assert [one.tekst for one in sessie_notes.questions(session, agenda, ANNA)] == ["Wanneer dan wel?"]


def test_a_question_is_of_an_organisation_and_changes_until_it_is_discussed(session: Session, case: Case) -> None:
    agenda = plan(session)
    ours = sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Wat is een goed moment?"})
    theirs = sessie_notes.ask(session, agenda, desk(ULLA), {"tekst": "Wat mist u in het signaal?"})
    assert [sessie_notes.asker(one) for one in (ours, theirs)] == [NIJMEGEN, UWV]
    sessie_notes.rephrase(session, agenda, ours, desk(TESS), stands(ours), {"tekst": "Op welk moment?"})
    for actor, question in ((ULLA, ours), (ANNA, theirs), (COEN, ours)):
        assert refusal(Forbidden, withdraw, session, agenda, question, actor) == {"rol_ontbreekt"}
    answer(session, agenda, ours, desk(COEN), {"besproken": "ja", "antwoord": "Na zes uur."})
    assert not sessie_notes.may_edit(agenda, ours, ANNA)
    assert refusal(Refused, withdraw, session, agenda, ours, ANNA) == {"vraag_besproken"}
    withdraw(session, agenda, theirs, ULLA)
    (left,) = sessie_notes.questions(session, agenda, ULLA)
    assert (left.tekst, left.antwoord) == ("Op welk moment?", "Na zes uur.")


def test_after_the_sessie_nobody_asks_and_the_answer_can_still_be_written(session: Session, case: Case) -> None:
    agenda = plan(session)
    question = sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Wat nu?"})
    held(session, agenda)
    later = DAY + timedelta(days=1)
    assert refusal(Refused, sessie_notes.ask, session, agenda, desk(ANNA, later), {"tekst": "En dan?"}) == {
        "sessie_voorbij"
    }
    words = (agenda, question, desk(ANNA, later), stands(question), {"tekst": "Wat?"})
    assert refusal(Refused, sessie_notes.rephrase, session, *words) == {"sessie_voorbij"}
    answer(session, agenda, question, desk(COEN, later), {"besproken": "nee"})
    assert question.beantwoord_op is not None and not question.besproken


def test_who_works_for_two_municipalities_says_for_which(session: Session, case: Case) -> None:
    both = Actor("els", {Role.BEHANDELAAR: frozenset({NIJMEGEN, VENLO})})
    agenda = plan(session, deelnemers=f"{NIJMEGEN},{VENLO}")
    assert refusal(Invalid, sessie_notes.ask, session, agenda, desk(both), {"tekst": "Hoe?"}) == {"verplicht_leeg"}
    asked = sessie_notes.ask(session, agenda, desk(both), {"tekst": "Hoe?", "namens": VENLO})
    assert sessie_notes.asker(asked) == VENLO
    with pytest.raises(Invalid):
        sessie_notes.ask(session, agenda, desk(both), {"tekst": "Hoe?", "namens": "0599"})
    alone = plan(session)  # where only one of them takes part nothing is asked
    assert sessie_notes.asker(sessie_notes.ask(session, alone, desk(both), {"tekst": "Hoe?"})) == NIJMEGEN


def test_no_number_that_may_be_a_bsn_gets_into_any_text(session: Session, case: Case) -> None:
    agenda = plan(session)
    question = sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Bel 024 329 90 00 of kijk in 2026."})
    action, (_, lesson) = agree(session, agenda), teach(session, case)
    at, said = desk(COEN, DAY), {"besproken": "ja"}
    for call, arguments in (
        (sessie_notes.ask, (agenda, desk(ANNA), {"tekst": BSN})),
        (sessie_notes.rephrase, (agenda, question, desk(ANNA), stands(question), {"tekst": BSN})),
        (sessie_notes.answer, (agenda, question, at, stands(question), said | {"antwoord": BSN})),
        (sessie_notes.conclude, (agenda, lesson, at, stands(lesson), said | {"conclusie": BSN})),
        (sessie_notes.agree, (agenda, at, {"tekst": BSN, "organisatie": UWV, "voor": DAY.isoformat()})),
        (sessie_notes.finish, (action, at, stands(action), {"gedaanOp": DAY.isoformat(), "hoe": BSN})),
        (sessies.call_off, (agenda.sessie, at, 1, {"reden": BSN})),
    ):
        assert refusal(Invalid, call, session, *arguments) == {"bsn_in_tekst"}, call
    lesson_with = {"soort": "anders", "toelichting": BSN}
    assert refusal(Invalid, dossier.add, session, case, "leerpunten", desk(ANNA), lesson_with) == {"bsn_in_tekst"}


def test_a_question_has_at_most_a_thousand_signs(session: Session, case: Case) -> None:
    agenda = plan(session)
    assert refusal(Invalid, sessie_notes.ask, session, agenda, desk(ANNA), {"tekst": "x" * 1001}) == {"te_lang"}
    assert sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "x" * 1000}).tekst


def teach(session: Session, case: Case, on: date = RECEIVED, **more: Any) -> tuple[Leerpunt, sessie_notes.Lesson]:
    """A leerpunt in a dossier, and as it comes up in a sessie."""
    told = {"soort": "adres_onvolledig", "toelichting": "Geen huisletter."} | more
    row = dossier.add(session, case, "leerpunten", desk(ANNA, on), told)
    assert isinstance(row, Leerpunt)
    return row, sessie_notes.Lesson("x" * 16, row.soort, row.toelichting, 1, 1)


def lessons(session: Session, agenda: Agenda, today: date = DAY) -> list[tuple[str, str, int, int]]:
    found = sessie_notes.lessons(session, agenda, COEN, today)
    return [(one.soort, one.toelichting, one.aantal, one.gemeenten) for one in found]


def test_alike_leerpunten_come_together_without_the_case_they_are_of(session: Session, case: Case) -> None:
    there = new_case(session, gemeentecode=VENLO, bsn="999990020")
    teach(session, case)
    session.add(Leerpunt(**own(there), soort="adres_onvolledig", toelichting=" geen  Huisletter."))
    session.add(Leerpunt(**own(there), soort="samenwerking", toelichting="Van 999990019 weet UWV meer."))
    elsewhere = new_case(session, bsn="999990032")
    elsewhere.leveringsnummer = NEXT
    teach(session, elsewhere, soort="signaal_verouderd")
    session.flush()
    found = lessons(session, plan(session))
    assert [(soort, aantal, gemeenten) for soort, _, aantal, gemeenten in found] == [
        ("adres_onvolledig", 2, 2),
        ("samenwerking", 1, 1),
    ]
    assert found[1][1] == "Van ********* weet UWV meer."


def own(case: Case) -> dict[str, Any]:
    at = desk(DIRK)
    return {
        "zaak_id": case.id,
        "gemeentecode": case.gemeentecode,
        "vastgelegd_op": at.today,
        "tijdstip": at.now,
        "door": "dirk",
    }


def test_leerpunten_count_until_the_peildatum_or_the_day_it_was_held(session: Session, case: Case) -> None:
    teach(session, case, RECEIVED)
    teach(session, case, DAY + timedelta(days=2), soort="samenwerking")
    late = DAY + timedelta(days=9)
    agenda = plan(session)
    assert [one[0] for one in lessons(session, agenda, late)] == ["adres_onvolledig", "samenwerking"]
    assert [one[0] for one in lessons(session, held(session, agenda), late)] == ["adres_onvolledig"]
    assert lessons(session, plan(session, peildatum=(RECEIVED - timedelta(days=1)).isoformat()), late) == []


def test_what_was_concluded_stays_when_the_dossier_is_gone(session: Session, case: Case) -> None:
    row, _ = teach(session, case)
    agenda = held(session, plan(session))
    for conclusie in ("Eerst dit.", "UWV vraagt de huisletter uit."):
        (lesson,) = sessie_notes.lessons(session, agenda, COEN, DAY)
        conclude(session, agenda, lesson, {"besproken": "ja", "conclusie": conclusie})
    session.delete(row)
    session.flush()
    (left,) = sessie_notes.lessons(session, agenda, COEN, DAY)
    assert (left.toelichting, left.aantal, left.gemeenten) == ("Geen huisletter.", 1, 0)
    assert (left.besproken, left.conclusie) == (True, "UWV vraagt de huisletter uit.")


def test_an_action_comes_back_by_itself_until_it_is_done(session: Session, case: Case) -> None:
    first = held(session, plan(session))
    done, waits = agree(session, first), agree(session, first, UWV)
    finish(session, done, desk(ANNA, DAY), DID | {"gedaanOp": DAY.isoformat()})
    second = plan(session, soort="evaluatiesessie", datum=(DAY + timedelta(days=60)).isoformat())
    third = plan(session, datum=(DAY + timedelta(days=90)).isoformat(), leveringen=NEXT)
    assert returned(session, second) == returned(session, third) == [waits]
    assert returned(session, first) == []  # its own stand beside it
    on = DAY + timedelta(days=70)
    held(session, second)
    finish(session, waits, desk(ULLA, on), DID | {"gedaanOp": on.isoformat()})
    assert returned(session, third) == []
    assert returned(session, second) == [waits]  # it was open on that day


def test_actions_about_a_later_levering_do_not_come_back_in_a_sessie_of_an_earlier(
    session: Session, case: Case
) -> None:
    newer = plan(session, leveringen=NEXT)
    both = plan(session, leveringen=f"{LEVERING},{NEXT}")
    kick_off = plan(session, soort="kick_off", leveringen="")
    of_newer, of_both, of_none = agree(session, newer), agree(session, both), agree(session, kick_off)
    after = {"datum": (DAY + timedelta(days=30)).isoformat()}
    assert returned(session, plan(session, **after)) == [of_both, of_none]
    assert returned(session, plan(session, **after, leveringen=NEXT)) == [of_newer, of_both, of_none]
    before = plan(session, datum=(DAY - timedelta(days=1)).isoformat(), leveringen=NEXT)
    assert returned(session, before) == []


def test_an_action_is_of_who_takes_part_and_due_after_the_sessie(session: Session, case: Case) -> None:
    agenda = plan(session)
    assert refusal(Invalid, lambda: agree(session, agenda, VENLO)) == {"keuze_onbekend"}
    assert refusal(Invalid, lambda: agree(session, agenda, voor=RECEIVED.isoformat())) == {"datum_voor_sessie"}


def test_an_action_is_done_by_whose_it_is_or_by_the_coordinator_and_once(session: Session, case: Case) -> None:
    agenda = held(session, plan(session))
    ours, theirs = agree(session, agenda), agree(session, agenda, UWV)
    today = DID | {"gedaanOp": DAY.isoformat()}
    for action, actor in ((theirs, ANNA), (ours, ULLA), (ours, DIRK), (ours, BRAM)):
        assert refusal(Forbidden, finish, session, action, desk(actor, DAY), today) == {"actie_van_ander"}
    before = DID | {"gedaanOp": (DAY - timedelta(days=1)).isoformat()}
    assert refusal(Invalid, finish, session, ours, desk(TESS, DAY), before) == {"datum_voor_afspraak"}
    ahead = DID | {"gedaanOp": (DAY + timedelta(days=1)).isoformat()}
    assert refusal(Invalid, finish, session, ours, desk(TESS, DAY), ahead) == {"datum_in_toekomst"}
    finish(session, ours, desk(TESS, DAY), today)
    finish(session, theirs, desk(COEN, DAY), today)
    assert refusal(Refused, finish, session, ours, desk(TESS, DAY), today) == {"actie_al_gedaan"}
    assert sessie_notes.owned_actions(session, COEN) == []


def test_who_writes_after_another_is_told_and_changes_nothing(session: Session, case: Case) -> None:
    agenda = plan(session)
    question = sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Wanneer?"})
    action = agree(session, agenda)
    teach(session, case)
    (lesson,) = sessie_notes.lessons(session, agenda, COEN, DAY)
    at, gone = desk(COEN, DAY), [stands(one) for one in (question, lesson, action)]
    sessie_notes.rephrase(session, agenda, question, desk(TESS), gone[0], {"tekst": "Hoe laat?"})
    changed = {"intussen_gewijzigd"}
    mine = (agenda, question, desk(ANNA), gone[0])
    assert refusal(Stale, sessie_notes.rephrase, session, *mine, {"tekst": "Op welke dag?"}) == changed
    assert refusal(Stale, sessie_notes.withdraw, session, *mine) == changed
    # What will not do is not told first: its mending would bring a fresh form, and the other's words would be gone.
    asked = (agenda, question, at, gone[0])
    assert refusal(Stale, sessie_notes.answer, session, *asked, {"besproken": "misschien"}) == changed
    answer(session, agenda, question, at, {"besproken": "nee", "antwoord": "Om tien uur."})
    assert refusal(Stale, sessie_notes.answer, session, *asked, {"besproken": "ja"}) == changed
    conclude(session, agenda, lesson, {"besproken": "ja", "conclusie": "UWV vraagt het uit."})
    (anew,) = sessie_notes.lessons(session, agenda, COEN, DAY)
    late = (agenda, anew, at, gone[1], {"besproken": "ja", "conclusie": "Niets."})
    assert refusal(Stale, sessie_notes.conclude, session, *late) == changed
    finish(session, action, at, DID | {"gedaanOp": DAY.isoformat()})
    again = (action, desk(ANNA, DAY), gone[2], {"gedaanOp": DAY.isoformat(), "hoe": "Anders."})
    assert refusal(Stale, sessie_notes.finish, session, *again) == changed
    assert refusal(Stale, sessies.change, session, agenda.sessie, at, 0, {}) == {"sessie_gewijzigd"}
    (lesson,) = sessie_notes.lessons(session, agenda, COEN, DAY)
    assert (question.tekst, question.antwoord, lesson.conclusie) == ("Hoe laat?", "Om tien uur.", "UWV vraagt het uit.")
    assert action.hoe == DID["hoe"]


def test_an_action_that_was_not_done_after_all_is_open_again(session: Session, case: Case) -> None:
    agenda = held(session, plan(session))
    action, on = agree(session, agenda), desk(TESS, DAY)
    assert refusal(Refused, sessie_notes.take_back, session, action, on, stands(action)) == {"actie_staat_open"}
    finish(session, action, on, DID | {"gedaanOp": DAY.isoformat()})
    seen = stands(action)
    for actor in (ULLA, DIRK, BRAM):
        assert not sessie_notes.may_take_back(action, actor)
        gone = (action, desk(actor, DAY), seen)
        assert refusal(Forbidden, sessie_notes.take_back, session, *gone) == {"actie_van_ander"}
    assert sessie_notes.may_take_back(action, ANNA) and sessie_notes.may_take_back(action, COEN)
    sessie_notes.take_back(session, action, desk(ANNA, DAY), seen)
    assert (action.gedaan_op, action.hoe) == (None, "") and sessie_notes.may_finish(action, TESS)
    assert [one for one, _ in sessie_notes.owned_actions(session, ANNA)] == [action]
    assert refusal(Stale, sessie_notes.take_back, session, action, desk(COEN, DAY), seen) == {"intussen_gewijzigd"}
    finish(session, action, on, {"gedaanOp": DAY.isoformat(), "hoe": "Nu echt."})
    assert refusal(Stale, sessie_notes.take_back, session, action, desk(COEN, DAY), seen) == {"intussen_gewijzigd"}


def test_what_is_seen_hangs_on_who_takes_part_has_cases_or_has_something_to_do(session: Session, case: Case) -> None:
    elsewhere = person("ed", Role.TEAMLEIDER, code="0599")
    of_venlo, of_next = plan(session, deelnemers=VENLO), plan(session, deelnemers=VENLO, leveringen=NEXT)
    numbers = [one.sessie.nummer for one in (of_venlo, of_next)]

    def seen(actor: Actor) -> list[str]:
        return [one.sessie.nummer for one in sessies.coming(session, actor, DAY)]

    assert seen(DIRK) == seen(COEN) == seen(ULLA) == numbers
    assert seen(ANNA) == numbers[:1]  # by its case in that levering
    assert seen(elsewhere) == seen(BRAM) == []
    assert refusal(NotFound, sessies.find, session, numbers[1], ANNA) == {"sessie_onbekend"}
    assert refusal(NotFound, sessies.find, session, "SE-2026-0099", ANNA) == {"sessie_onbekend"}
    session.add(
        SessieActie(
            sessie_id=of_next.id, tekst="Bel UWV.", organisatie=NIJMEGEN, voor=DAY, afgesproken_op=desk(COEN).now
        )
    )
    session.flush()
    assert seen(ANNA) == numbers
    assert not sessies.takes_part(of_next, ANNA)


def test_who_has_cases_only_sees_what_the_own_municipality_said(session: Session, case: Case) -> None:
    agenda = plan(session, deelnemers=VENLO)
    sessie_notes.ask(session, agenda, desk(DIRK), {"tekst": "Van Venlo."})
    sessie_notes.ask(session, agenda, desk(ANNA), {"tekst": "Van Nijmegen."})
    there = new_case(session, gemeentecode=VENLO, bsn="999990020")
    session.add(Leerpunt(**own(there), soort="samenwerking"))
    teach(session, case)

    def told(actor: Actor) -> tuple[list[str], list[str]]:
        texts = [one.tekst for one in sessie_notes.questions(session, agenda, actor)]
        return texts, [one.soort for one in sessie_notes.lessons(session, agenda, actor, DAY)]

    for lesson in sessie_notes.lessons(session, agenda, COEN, DAY):
        conclude(session, agenda, lesson, {"besproken": True, "conclusie": "Samen bekeken."})
    assert told(ANNA) == (["Van Nijmegen."], ["adres_onvolledig"])
    everything = ["Van Venlo.", "Van Nijmegen."], ["adres_onvolledig", "samenwerking"]
    assert told(DIRK) == told(ULLA) == told(COEN) == everything
