"""What the night reminds of, once; on a database file."""

from datetime import UTC, date, datetime

import pytest
from sqlmodel import Session, col, select

from signals.models import Grondslag
from workflow.clock import NIGHTLY, due_soon, long_holds, overdue
from workflow.deadlines import Term
from workflow.models import Case, CaseTask, CaseTerm
from workflow.phases import Herkomst, Phase

pytestmark = pytest.mark.terms_by_hand

# A Monday; the fifth working day after it is Monday 9 March.
TODAY = date(2026, 3, 2)


def make_case(session: Session, number: int = 1, on_hold_since: date | None = None) -> Case:
    made = Case(
        zaaknummer=f"ZK-2026-{number:06}",
        gemeentecode="0935",
        fase=Phase.AANSCHRIJVING,
        herkomst=Herkomst.SIGNAAL,
        grondslag=Grondslag.LAA_2_37,
        datum_ontvangst=date(2026, 1, 5),
        geopend_op=date(2026, 1, 5),
        bsn="999990019",
        geslachtsnaam="Test",
        geboortedatum="19900101",
        huisnummer=1,
        adressleutel="6211AA1",
        adresbron="TVA",
        adres_vanaf=date(2026, 1, 5),
        aangehouden_sinds=on_hold_since,
    )
    session.add(made)
    session.flush()
    return made


def add_term(session: Session, owner: Case, term: Term, last: date) -> CaseTerm:
    assert owner.id is not None
    made = CaseTerm(
        zaak_id=owner.id,
        gemeentecode=owner.gemeentecode,
        vastgelegd_op=owner.geopend_op,
        tijdstip=datetime(2026, 1, 5, 9, tzinfo=UTC),
        door="Anna",
        term=term,
        vanaf=owner.geopend_op,
        einde=last,
    )
    session.add(made)
    session.flush()
    return made


def open_tasks(session: Session) -> list[tuple[str, str]]:
    """By their last day: in which order one statement makes them is the database's own choice."""
    rows = session.exec(select(CaseTask).where(col(CaseTask.afgehandeld_op).is_(None))).all()
    return [(row.soort, row.uitleg) for row in sorted(rows, key=lambda row: str(row.gegevens.get("einde")))]


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (date(2026, 3, 1), None),
        (date(2026, 3, 2), "termijn_morgen"),
        (date(2026, 3, 3), "termijn_morgen"),
        (date(2026, 3, 4), "termijn_nadert"),
        (date(2026, 3, 9), "termijn_nadert"),
        (date(2026, 3, 10), None),
    ],
)
def test_a_term_that_ends_within_five_working_days_is_told_once(session: Session, last: date, kind: str | None) -> None:
    add_term(session, make_case(session), Term.LAA_EERSTE_ANTWOORD, last)
    assert [due_soon(session, TODAY), due_soon(session, TODAY)] == [int(kind is not None), 0]
    assert [soort for soort, _ in open_tasks(session)] == [kind] * (kind is not None)


def test_on_friday_a_term_that_ends_on_sunday_or_monday_ends_tomorrow(session: Session) -> None:
    owner = make_case(session)
    add_term(session, owner, Term.LAA_RESULTAAT, date(2026, 3, 8))
    add_term(session, owner, Term.LAA_EERSTE_ANTWOORD, date(2026, 3, 9))
    due_soon(session, date(2026, 3, 6))
    assert open_tasks(session) == [
        ("termijn_morgen", "De termijn 'resultaat LAA' eindigt op 08-03-2026."),
        ("termijn_morgen", "De termijn 'eerste antwoord LAA' eindigt op 09-03-2026."),
    ]


def test_a_reminder_makes_room_for_the_next_one(session: Session) -> None:
    add_term(session, make_case(session), Term.LAA_EERSTE_ANTWOORD, date(2026, 3, 9))
    seen = []
    for day in range(2, 12):
        for job in NIGHTLY.values():
            job(session, date(2026, 3, day))
        seen.append([soort for soort, _ in open_tasks(session)])
    assert seen == [["termijn_nadert"]] * 4 + [["termijn_morgen"]] * 4 + [["termijn_verstreken"]] * 2


def test_what_has_passed_is_lateness_or_the_next_step(session: Session) -> None:
    owner = make_case(session)
    for term in Term:
        add_term(session, owner, term, date(2026, 2, 27))
    assert (overdue(session, TODAY), overdue(session, TODAY)) == (len(Term), 0)
    rows = session.exec(select(CaseTask)).all()
    assert {row.gegevens["term"] for row in rows if row.soort == "termijn_voorbij"} == {
        "aanschrijving",
        "zienswijze",
        "bezwaar",
    }
    told = {row.gegevens["term"]: row for row in rows}
    assert told["bezwaar"].uitleg == "De termijn 'bezwaar' is voorbij sinds 27-02-2026: de volgende stap kan."
    assert told["afronding"].soort == "termijn_verstreken"
    assert (
        told["afronding"].uitleg
        == "De termijn 'afronding na het voornemen' is verstreken op 27-02-2026 en nog niet afgerond."
    )
    assert told["afronding"].gegevens == {"term": "afronding", "einde": "2026-02-27"}
    assert (told["afronding"].door, told["afronding"].vastgelegd_op) == ("systeem", TODAY)
    assert told["afronding"].tijdstip == datetime(2026, 3, 2, tzinfo=UTC)


def test_the_last_day_itself_is_not_late(session: Session) -> None:
    add_term(session, make_case(session), Term.LAA_EERSTE_ANTWOORD, TODAY)
    assert overdue(session, TODAY) == 0


def test_a_letter_term_is_no_work_before_it_has_passed(session: Session) -> None:
    add_term(session, make_case(session), Term.ZIENSWIJZE, date(2026, 3, 4))
    assert due_soon(session, TODAY) == 0


def test_an_ended_term_is_not_told_and_its_reminder_is_closed(session: Session) -> None:
    term = add_term(session, make_case(session), Term.LAA_EERSTE_ANTWOORD, date(2026, 2, 27))
    overdue(session, TODAY)
    term.beeindigd_op = TODAY
    session.add(term)
    session.flush()
    assert overdue(session, date(2026, 3, 3)) == 0
    session.expire_all()
    (row,) = session.exec(select(CaseTask)).all()
    assert (row.afgehandeld_op, row.afgehandeld_door) == (date(2026, 3, 3), "systeem")


def test_a_reminder_that_somebody_closed_stays_closed(session: Session) -> None:
    add_term(session, make_case(session), Term.LAA_EERSTE_ANTWOORD, date(2026, 2, 27))
    overdue(session, TODAY)
    (row,) = session.exec(select(CaseTask)).all()
    row.afgehandeld_op, row.afgehandeld_door = TODAY, "Anna"
    session.add(row)
    session.flush()
    assert overdue(session, date(2026, 3, 3)) == 0
    session.expire_all()
    assert [each.afgehandeld_door for each in session.exec(select(CaseTask)).all()] == ["Anna"]


def test_a_moved_term_is_told_anew(session: Session) -> None:
    term = add_term(session, make_case(session), Term.AANSCHRIJVING, date(2026, 2, 27))
    overdue(session, TODAY)
    term.einde = date(2026, 3, 9)
    session.add(term)
    session.flush()
    assert overdue(session, date(2026, 3, 3)) == 0
    assert open_tasks(session) == []
    assert overdue(session, date(2026, 3, 10)) == 1


def test_two_letters_to_the_same_day_give_one_reminder(session: Session) -> None:
    owner = make_case(session)
    for _ in range(2):
        add_term(session, owner, Term.AANSCHRIJVING, date(2026, 2, 27))
    assert overdue(session, TODAY) == 1


def test_a_hold_silences_only_the_terms_it_moves(session: Session) -> None:
    owner = make_case(session, on_hold_since=date(2026, 2, 20))
    for term in Term:
        add_term(session, owner, term, date(2026, 2, 27))
    overdue(session, TODAY)
    told = {row.gegevens["term"] for row in session.exec(select(CaseTask)).all()}
    assert set(Term) - told == {Term.RICHTLIJN_ONDERZOEK, Term.INLICHTINGEN_HUISBEZOEK, Term.AFRONDING}


def test_a_hold_is_told_once_when_it_has_lasted_longer_than_eight_weeks(session: Session) -> None:
    held = make_case(session, 1, on_hold_since=date(2026, 1, 5))
    make_case(session, 2)
    assert long_holds(session, TODAY) == 0, "eight weeks to the day is not longer"
    assert [long_holds(session, date(2026, 3, day)) for day in (3, 4)] == [1, 0]
    assert open_tasks(session) == [
        (
            "lang_aangehouden",
            "De zaak is aangehouden sinds 05-01-2026, langer dan 8 weken. Beoordeel of de zaak verder kan.",
        )
    ]
    held.aangehouden_sinds = date(2026, 3, 5)
    session.add(held)
    session.flush()
    assert long_holds(session, date(2026, 3, 6)) == 0
    assert open_tasks(session) == []
    assert long_holds(session, date(2026, 5, 1)) == 1, "a new hold is told anew"


def test_the_night_reminds_of_a_case_that_nobody_touched_as_of_any_other(session: Session) -> None:
    untouched, touched = make_case(session, 1), make_case(session, 2)
    untouched.eerste_antwoord_voor, untouched.resultaat_voor = date(2026, 2, 27), date(2026, 3, 4)
    by_terugmelding = make_case(session, 3)
    by_terugmelding.grondslag, by_terugmelding.eerste_antwoord_voor = Grondslag.TMV_2_34, date(2026, 3, 3)
    session.add_all([untouched, by_terugmelding])
    add_term(session, touched, Term.LAA_EERSTE_ANTWOORD, date(2026, 2, 27))
    add_term(session, touched, Term.LAA_RESULTAAT, date(2026, 3, 4))
    for job in NIGHTLY.values():
        job(session, TODAY)
    told = {
        case.id: [
            (task.sleutel, task.uitleg, task.gegevens)
            for task in session.exec(
                select(CaseTask).where(CaseTask.zaak_id == case.id).order_by(col(CaseTask.sleutel))
            )
        ]
        for case in (untouched, touched, by_terugmelding)
    }
    assert told[untouched.id] == told[touched.id] and len(told[touched.id]) == 2
    assert [key for key, _, _ in told[by_terugmelding.id]] == ["termijn_morgen:tmv_reactie:2026-03-03"]


def test_a_night_with_nothing_to_tell_tells_nothing(session: Session) -> None:
    make_case(session)
    assert {name: job(session, TODAY) for name, job in NIGHTLY.items()} == {
        "due_soon": 0,
        "overdue": 0,
        "long_holds": 0,
    }
