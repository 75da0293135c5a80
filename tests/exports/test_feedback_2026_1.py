"""What is told to UWV, when it is due, and what becomes of a delivery."""

import csv
import hashlib
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import openpyxl
import pytest
from sqlmodel import Session, select

from exports import feedback_2026_1 as feedback
from exports.models import DeliveryState, FeedbackRow, LegalBasis
from signals.errors import Invalid, NotFound, Refused
from signals.models import Grondslag, Municipality, Signal
from workflow.models import Case, CaseSignal
from workflow.phases import Herkomst, Outcome, Phase

FEBRUARY = date(2026, 2, 2)
MARCH = date(2026, 3, 2)
NOW = datetime(2026, 4, 1, 9, tzinfo=UTC)


def make(session: Session, **values: Any) -> Any:
    delivery = feedback.make(session, **{"door": "coen", "now": NOW, "production": False, **values})
    session.flush()
    return delivery


def told(session: Session, nummer: str) -> list[dict[str, str]]:
    text = feedback.file_bytes(session, nummer, "csv").decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=";"))


def send(session: Session, nummer: str) -> None:
    feedback.sent(session, nummer, "coen", NOW)


def make_and_receive(session: Session) -> str:
    nummer: str = make(session).nummer
    send(session, nummer)
    feedback.received(session, nummer, "UWV-1", "ulla", NOW)
    return nummer


def only(session: Session, nummer: str) -> dict[str, str]:
    rows = told(session, nummer)
    assert len(rows) == 1
    return rows[0]


def state(session: Session) -> dict[str, int]:
    counted = feedback.reconciliation(session)
    return {category: number for category, number in counted.items() if number}


def test_a_signal_of_which_nothing_is_known_is_not_told_and_takes_no_number(session, build):
    build.case()
    assert make(session) is None
    assert state(session) == {"nog_niets": 1}
    build.answer(build.case(), FEBRUARY)
    assert make(session).nummer == "TK-2026-0001"


def test_a_first_answer_is_told_once(session, build):
    case = build.case()
    build.answer(case, FEBRUARY)
    assert state(session) == {"nu_te_vertellen": 1}
    nummer = make(session).nummer
    row = only(session, nummer)
    signal = session.exec(select(Signal)).one()
    assert row == {
        "terugkoppelingsnummer": "TK-2026-0001",
        "volgnummer": "1",
        "leveringsnummer": "LRNI-2026-01",
        "signaalnummer": signal.signaalnummer,
        "bsn": signal.bsn,
        "gemeentecode": "0363",
        "soort": "eerste_antwoord",
        "eerste_antwoord": "onderzoek_in_de_brp",
        "datum_eerste_antwoord": "20260202",
        "resultaat": "",
        "datum_resultaat": "",
        "brp_mutatie": "N",
        "ingangsdatum_ingezetene": "",
        "vervangt": "",
    }
    assert state(session) == {"onderweg": 1}
    send(session, nummer)
    assert state(session) == {"onderweg": 1}
    feedback.received(session, nummer, "UWV-1", "ulla", NOW)
    assert state(session) == {"alleen_eerste_antwoord": 1}
    assert make(session) is None


def test_a_registration_is_told_with_mutation_and_effective_date(session, build):
    case = build.case()
    build.answer(case, FEBRUARY)
    build.close(case, Outcome.AMBTSHALVE_INGESCHREVEN, MARCH, ingangsdatum=date(2026, 2, 20))
    row = only(session, make_and_receive(session))
    assert (row["soort"], row["resultaat"], row["brp_mutatie"]) == ("resultaat", "ingeschreven", "J")
    assert (row["datum_resultaat"], row["ingangsdatum_ingezetene"]) == ("20260302", "20260220")
    assert row["eerste_antwoord"] == "onderzoek_in_de_brp"
    assert state(session) == {"resultaat_verteld": 1}


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        (Outcome.AANGIFTE_GEDAAN, "ingeschreven"),
        (Outcome.BRIEFADRES, "ingeschreven"),
        (Outcome.ELDERS_INGESCHREVEN, "elders"),
        (Outcome.ANDERE_GEMEENTE, "elders"),
        (Outcome.NIET_VASTGESTELD, "niet_ingeschreven"),
        (Outcome.BUITENLAND_OF_TE_KORT, "niet_ingeschreven"),
        (Outcome.ONBEKEND_OP_ADRES, "niet_ingeschreven"),
        (Outcome.BUITEN_AANGIFTEPLICHT, "niet_ingeschreven"),
        (Outcome.OVERLEDEN, "niet_ingeschreven"),
        (Outcome.REEDS_INGEZETENE, "reeds_ingeschreven"),
        (Outcome.NIET_OPGEPAKT, "niet_onderzocht"),
    ],
)
def test_every_outcome_is_told_in_the_words_of_the_outcome_table(session, build, outcome, expected):
    build.close(build.case(), outcome, MARCH)
    row = only(session, make_and_receive(session))
    assert (row["soort"], row["resultaat"]) == ("resultaat", expected)
    assert row["brp_mutatie"] == ("J" if expected == "ingeschreven" else "N")


def test_a_reopened_case_gives_an_empty_correction_and_its_next_closing_a_result(session, build):
    case = build.case()
    build.close(case, Outcome.ONBEKEND_OP_ADRES, MARCH)
    first = make_and_receive(session)
    build.reopen(case, MARCH + timedelta(days=7))
    second = make_and_receive(session)
    row = only(session, second)
    assert (row["soort"], row["resultaat"], row["datum_resultaat"]) == ("correctie", "", "")
    assert row["vervangt"] == f"{first}/1"
    assert row["eerste_antwoord"] == "afgerond_zonder_brp_mutatie"
    assert state(session) == {"alleen_eerste_antwoord": 1}
    build.close(case, Outcome.AANGIFTE_GEDAAN, MARCH + timedelta(days=14))
    row = only(session, make_and_receive(session))
    assert (row["soort"], row["resultaat"], row["vervangt"]) == ("resultaat", "ingeschreven", "")


def test_a_case_reopened_and_closed_the_same_way_between_two_makes_is_no_news(session, build):
    case = build.case()
    build.close(case, Outcome.ONBEKEND_OP_ADRES, MARCH)
    make_and_receive(session)
    build.reopen(case, MARCH + timedelta(days=1))
    build.close(case, Outcome.ONBEKEND_OP_ADRES, MARCH + timedelta(days=9))
    assert make(session) is None


def test_a_correction_waits_until_the_row_it_replaces_was_received(session, build):
    case = build.case()
    build.close(case, Outcome.ONBEKEND_OP_ADRES, MARCH)
    nummer = make(session).nummer
    send(session, nummer)
    build.reopen(case, MARCH + timedelta(days=1))
    assert state(session) == {"onderweg": 1}
    assert make(session) is None
    feedback.received(session, nummer, "UWV-1", "ulla", NOW)
    assert only(session, make(session).nummer)["soort"] == "correctie"


def test_a_result_in_bezwaar_stands(session, build):
    case = build.case()
    build.close(case, Outcome.AMBTSHALVE_INGESCHREVEN, MARCH)
    make_and_receive(session)
    build.event(case, "registreer_bezwaar", Phase.BEZWAAR, MARCH + timedelta(days=3))
    assert make(session) is None


def test_a_withdrawal_is_confirmed_once_whatever_the_case_does_next(session, build):
    case = build.case()
    build.answer(case, FEBRUARY)
    make_and_receive(session)
    session.exec(select(CaseSignal)).one().intrekking_telt = True
    session.flush()
    row = only(session, make_and_receive(session))
    assert (row["soort"], row["eerste_antwoord"], row["resultaat"], row["brp_mutatie"]) == (
        "intrekking_bevestigd",
        "",
        "",
        "N",
    )
    build.close(case, Outcome.AMBTSHALVE_INGESCHREVEN, MARCH)
    assert make(session) is None
    assert state(session) == {"ingetrokken_verteld": 1}


def test_a_case_closed_as_withdrawn_is_told_as_a_withdrawal(session, build):
    build.close(build.case(), Outcome.INGETROKKEN, MARCH, stap="trek_signaal_in")
    assert only(session, make_and_receive(session))["soort"] == "intrekking_bevestigd"


def test_a_told_result_is_taken_back_before_the_withdrawal_is_confirmed(session, build):
    case = build.case()
    build.close(case, Outcome.ONBEKEND_OP_ADRES, MARCH)
    make_and_receive(session)
    build.reopen(case, MARCH + timedelta(days=1))
    session.exec(select(CaseSignal)).one().intrekking_telt = True
    session.flush()
    row = only(session, make_and_receive(session))
    assert (row["soort"], row["resultaat"]) == ("correctie", "")
    assert only(session, make_and_receive(session))["soort"] == "intrekking_bevestigd"
    assert make(session) is None


def test_a_joined_signal_has_the_stand_of_its_case_with_dates_not_before_its_own_receipt(session, build):
    case = build.case()
    build.answer(case, FEBRUARY)
    late = build.signal(load=build.load("LRNI-2026-02", day=MARCH), bsn=case.bsn)
    build.link(case, late, MARCH, aangesloten=True)
    rows = told(session, make_and_receive(session))
    assert [(row["leveringsnummer"], row["datum_eerste_antwoord"]) for row in rows] == [
        ("LRNI-2026-01", "20260202"),
        ("LRNI-2026-02", "20260302"),
    ]


def hand_over(build: Any, case: Case, gemeente: str, day: date) -> Case:
    """draag_over to a participant: closed here, a new case with the signal there."""
    build.close(case, Outcome.ANDERE_GEMEENTE, day, stap="draag_over")
    signal = build.session.get(Signal, case.eerste_signaal_id)
    return build.case(signal, gemeente, herkomst=Herkomst.OVERDRACHT, voorganger_id=case.id, geopend_op=day)


def test_a_case_handed_over_to_a_participant_is_told_by_the_receiver_only(session, build):
    case = build.case()
    build.answer(case, FEBRUARY)
    make_and_receive(session)
    receiver = hand_over(build, case, "0935", MARCH)
    assert make(session) is None
    build.close(receiver, Outcome.ONBEKEND_OP_ADRES, MARCH + timedelta(days=9))
    row = only(session, make_and_receive(session))
    assert (row["gemeentecode"], row["soort"], row["resultaat"]) == ("0935", "resultaat", "niet_ingeschreven")


def test_a_told_result_of_a_case_that_is_then_handed_over_is_corrected(session, build):
    case = build.case()
    build.close(case, Outcome.ONBEKEND_OP_ADRES, FEBRUARY)
    make_and_receive(session)
    build.reopen(case, MARCH)
    hand_over(build, case, "0935", MARCH)
    row = only(session, make_and_receive(session))
    assert (row["soort"], row["resultaat"], row["gemeentecode"]) == ("correctie", "", "0935")
    assert make(session) is None


def test_of_one_person_registered_twice_the_later_municipality_reports_elders(session, build):
    one = build.case(gemeente="0363")
    other = build.case(build.signal("0935", bsn=one.bsn))
    build.close(one, Outcome.AANGIFTE_GEDAAN, FEBRUARY)
    build.close(other, Outcome.AMBTSHALVE_INGESCHREVEN, MARCH)
    rows = told(session, make_and_receive(session))
    assert [(row["gemeentecode"], row["resultaat"], row["brp_mutatie"]) for row in rows] == [
        ("0363", "ingeschreven", "J"),
        ("0935", "elders", "N"),
    ]
    assert rows[1]["ingangsdatum_ingezetene"] == ""
    build.reopen(one, MARCH)
    rows = told(session, make_and_receive(session))
    assert [(row["gemeentecode"], row["soort"], row["resultaat"]) for row in rows] == [
        ("0363", "correctie", ""),
        ("0935", "correctie", "ingeschreven"),
    ]


def test_an_answer_is_told_by_the_municipality_of_its_day(session, build):
    row = session.get_one(Municipality, "0363")
    row.einde, row.opvolger = MARCH, "0935"
    case, late = build.case(), build.case()
    build.answer(case, FEBRUARY)
    build.answer(late, MARCH)
    assert [row["gemeentecode"] for row in told(session, make_and_receive(session))] == ["0363", "0935"]
    assert make(session) is None
    build.close(case, Outcome.NIET_VASTGESTELD, MARCH)
    assert only(session, make_and_receive(session))["gemeentecode"] == "0935"


def test_a_municipality_that_merged_is_no_other_than_itself(session, build):
    """Two registrations there are one municipality's; of before the merger each stays told as it was."""
    row = session.get_one(Municipality, "0363")
    row.einde, row.opvolger = MARCH, "0935"
    one = build.case(gemeente="0363")
    before, after = (build.case(build.signal("0935", bsn=one.bsn)) for _ in range(2))
    build.close(one, Outcome.AANGIFTE_GEDAAN, FEBRUARY)
    build.close(before, Outcome.AANGIFTE_GEDAAN, MARCH - timedelta(days=1))
    build.close(after, Outcome.AANGIFTE_GEDAAN, MARCH)
    rows = told(session, make_and_receive(session))
    assert [(row["gemeentecode"], row["resultaat"]) for row in rows] == [
        ("0363", "ingeschreven"),
        ("0935", "elders"),
        ("0935", "ingeschreven"),
    ]


def test_phase_matters_for_a_standing_outcome(session, build):
    """An outcome left behind on a case that is worked on again is not told."""
    case = build.case()
    build.close(case, Outcome.OVERLEDEN, date(2026, 2, 3))
    build.event(case, "beslis_op_bezwaar", Phase.INLICHTINGEN, date(2026, 2, 4))
    (row,) = feedback.due(session)
    assert (row["soort"], row["resultaat"]) == ("eerste_antwoord", None)


def test_bijvangst_has_no_row(session, build):
    case = build.case()
    child = build.case(
        session.get(Signal, case.eerste_signaal_id),
        herkomst=Herkomst.BIJVANGST,
        eerste_signaal_id=None,
        leveringsnummer=None,
        ouder_id=case.id,
    )
    build.close(child, Outcome.AANGIFTE_GEDAAN, MARCH)
    assert make(session) is None
    assert state(session) == {"nog_niets": 1}


def test_no_second_delivery_is_made_while_one_waits(session, build):
    build.answer(build.case(), FEBRUARY)
    make(session)
    build.answer(build.case(), FEBRUARY)
    with pytest.raises(Refused) as refusal:
        make(session)
    assert "TK-2026-0001" in refusal.value.uitleg
    assert state(session) == {"onderweg": 1, "nu_te_vertellen": 1}


def test_the_states_follow_each_other_and_a_double_click_changes_nothing(session, build):
    build.answer(build.case(), FEBRUARY)
    nummer = make(session).nummer
    with pytest.raises(Refused):
        feedback.received(session, nummer, "UWV-1", "ulla", NOW)
    with pytest.raises(Refused):
        feedback.refused(session, nummer, "fout", None, "ulla", NOW)
    assert feedback.sent(session, nummer, "coen", NOW).staat is DeliveryState.VERZONDEN
    with pytest.raises(Refused) as refusal:
        feedback.sent(session, nummer, "tess", NOW + timedelta(days=1))
    assert "al verzonden door coen" in refusal.value.uitleg
    with pytest.raises(Invalid):
        feedback.received(session, nummer, "  ", "ulla", NOW)
    delivery = feedback.received(session, nummer, "UWV-1", "ulla", NOW)
    assert (delivery.staat, delivery.kenmerk, delivery.verzonden_door) == (DeliveryState.ONTVANGEN, "UWV-1", "coen")
    with pytest.raises(Refused):
        feedback.received(session, nummer, "UWV-2", "ulla", NOW)
    assert feedback.find(session, nummer).kenmerk == "UWV-1"
    with pytest.raises(NotFound):
        feedback.sent(session, "TK-2026-0009", "coen", NOW)


def test_a_delivery_refused_whole_is_told_again_under_the_next_number(session, build):
    build.answer(build.case(), FEBRUARY)
    first = make(session).nummer
    send(session, first)
    feedback.refused(session, first, "bestand beschadigd", None, "ulla", NOW)
    assert feedback.find(session, first).staat is DeliveryState.GEWEIGERD
    assert state(session) == {"nu_te_vertellen": 1}
    assert only(session, make(session).nummer)["terugkoppelingsnummer"] == "TK-2026-0002"


def test_named_rows_that_are_refused_become_due_again_and_the_others_stand(session, build):
    for _ in range(3):
        build.answer(build.case(), FEBRUARY)
    first = make(session).nummer
    send(session, first)
    feedback.refused(session, first, "signaal niet van ons", [2], "ulla", NOW)
    assert feedback.find(session, first).staat is DeliveryState.VERZONDEN
    feedback.received(session, first, "UWV-1", "ulla", NOW)
    assert state(session) == {"nu_te_vertellen": 1, "alleen_eerste_antwoord": 2}
    again = only(session, make_and_receive(session))
    assert again["signaalnummer"] == told(session, first)[1]["signaalnummer"]
    with pytest.raises(Refused) as refusal:
        feedback.refused(session, first, "nog eens", [2], "ulla", NOW)
    assert "al geweigerd" in refusal.value.uitleg
    with pytest.raises(Invalid) as faulty:
        feedback.refused(session, first, "nog eens", [4, 3], "ulla", NOW)
    assert "geen regel 4" in faulty.value.uitleg
    feedback.refused(session, first, "toch niet", [1, 3], "ulla", NOW)
    assert feedback.find(session, first).staat is DeliveryState.GEWEIGERD


def test_a_row_that_a_later_one_replaces_cannot_be_refused(session, build):
    case = build.case()
    build.close(case, Outcome.ONBEKEND_OP_ADRES, MARCH)
    first = make_and_receive(session)
    build.reopen(case, MARCH + timedelta(days=1))
    second = make_and_receive(session)
    for rows in (None, [1]):
        with pytest.raises(Refused) as refusal:
            feedback.refused(session, first, "fout", rows, "ulla", NOW)
        assert f"{second}/1" in refusal.value.uitleg
    feedback.refused(session, second, "fout", None, "ulla", NOW)
    feedback.refused(session, first, "fout", None, "ulla", NOW)
    assert only(session, make(session).nummer)["soort"] == "eerste_antwoord"


def test_production_refuses_without_a_basis_in_force_for_every_grondslag_of_the_rows(session, build):
    for ground in (Grondslag.LAA_2_37, Grondslag.TMV_2_34):
        build.answer(build.case(build.signal(grondslag=ground)), FEBRUARY)
    basis = {"besloten_door": "stuurgroep", "tekst": "Aanwijzing artikel 2.37e lid 3"}
    session.add(LegalBasis(grondslag=Grondslag.LAA_2_37, vanaf=date(2026, 1, 1), **basis))
    session.add(LegalBasis(grondslag=Grondslag.TMV_2_34, vanaf=date(2026, 1, 1), tot=date(2026, 4, 1), **basis))
    with pytest.raises(Refused) as refusal:
        make(session, production=True)
    assert [reason.veld for reason in refusal.value.reasons] == ["TMV_2_34"]
    assert make(session, production=True, now=NOW - timedelta(days=1)).regels == 2


def test_the_two_files_say_the_same_and_are_kept_byte_for_byte(session, build):
    case = build.case()
    build.close(case, Outcome.AANGIFTE_GEDAAN, MARCH)
    nummer = make(session).nummer
    raw = feedback.file_bytes(session, nummer, "csv")
    assert raw.startswith(b"\xef\xbb\xbfterugkoppelingsnummer;volgnummer;") and raw.endswith(b"\r\n")
    book = openpyxl.load_workbook(io.BytesIO(feedback.file_bytes(session, nummer, "xlsx")))
    sheet = book["Terugkoppeling"]
    midnight = datetime.combine(MARCH, datetime.min.time())
    header, values = sheet.iter_rows(values_only=True)
    assert dict(zip(header, values, strict=True)) == {
        **{name: value or None for name, value in only(session, nummer).items()},
        "volgnummer": 1,
        "datum_eerste_antwoord": midnight,
        "datum_resultaat": midnight,
        "ingangsdatum_ingezetene": midnight,
    }
    assert sheet.freeze_panes == "A2" and sheet.auto_filter.ref == "A1:N2"
    explained = {row[1] for row in book["Toelichting"].iter_rows(values_only=True)}
    assert set(header) <= explained
    build.answer(build.case(), FEBRUARY)
    assert feedback.file_bytes(session, nummer, "csv") == raw
    with pytest.raises(NotFound):
        feedback.file_bytes(session, nummer, "pdf")


def test_the_summary_names_files_kinds_and_reconciliation(session, build, tmp_path):
    assert feedback.summary(session, make(session)) == {
        "terugkoppelingsnummer": None,
        "regels": 0,
        "soorten": {},
        "bestanden": [],
        "afstemming": dict.fromkeys(feedback.CATEGORIES, 0),
    }
    build.answer(build.case(), FEBRUARY)
    build.close(build.case(), Outcome.OVERLEDEN, MARCH)
    delivery = make(session)
    paths = feedback.save(session, delivery.nummer, tmp_path / "uit")
    answer = feedback.summary(session, delivery, tmp_path / "uit")
    assert answer["soorten"] == {"eerste_antwoord": 1, "resultaat": 1}
    assert [file["pad"] for file in answer["bestanden"]] == [str(path) for path in paths]
    assert [path.name for path in paths] == [
        "terugkoppeling-TK-2026-0001-20260401.csv",
        "terugkoppeling-TK-2026-0001-20260401.xlsx",
    ]
    for file, path in zip(answer["bestanden"], paths, strict=True):
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file["bytes"] == path.stat().st_size


def test_a_result_counts_as_told_once_it_was_sent_and_not_refused(session, build):
    case = build.case()
    build.close(case, Outcome.OVERLEDEN, MARCH)
    number = case.eerste_signaal_id
    assert feedback.told_signals(session, [number]) == set()
    nummer = make(session).nummer
    assert feedback.told_signals(session, [number]) == set()
    send(session, nummer)
    assert feedback.told_signals(session, [number, 99]) == {number}
    feedback.refused(session, nummer, "fout", None, "ulla", NOW)
    assert feedback.told_signals(session, [number]) == set()


def test_rows_keep_what_was_told(session, build):
    build.close(build.case(), Outcome.OVERLEDEN, MARCH)
    make(session)
    row = session.exec(select(FeedbackRow)).one()
    assert (row.resultaat, row.brp_mutatie, row.gemeentecode) == ("niet_ingeschreven", False, "0363")
