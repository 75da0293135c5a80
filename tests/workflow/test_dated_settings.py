"""What a municipality sets, from which day, and what it may not set; on a database file."""

from datetime import date

import pytest
from sqlmodel import Session, col, select

from signals.errors import Invalid
from workflow.dated_settings import SETTINGS, DatedSetting, in_force, set_setting, setting, term_length
from workflow.deadlines import Term, deadline

NAME = "termijn_aanschrijving_dagen"
DAY = date(2026, 7, 1)


def refusal(session: Session, name: str, code: str | None, value: int | str, by: str = "college") -> list[str]:
    with pytest.raises(Invalid) as refused:
        set_setting(session, name, code, value, DAY, by)
    assert all(reason.uitleg.endswith(".") for reason in refused.value.reasons)
    return [reason.code for reason in refused.value.reasons]


def test_without_a_row_the_default_of_the_procedure_holds(session: Session) -> None:
    assert {name: setting(session, name, "0935", DAY) for name in SETTINGS} == {
        "termijn_aanschrijving_dagen": 14,
        "termijn_zienswijze_dagen": 14,
        "termijn_inlichtingen_huisbezoek_dagen": 28,
        "termijn_richtlijn_onderzoek_dagen": 70,
        "termijn_afronding_dagen": 28,
        "bezoek_aantal": 2,
        "bezoek_buiten_kantooruren": 1,
        "bewaartermijn_dossier_jaren": 10,
        "bewaartermijn_signaalgegevens_maanden": 12,
        "bewaartermijn_bestanden_maanden": 3,
        "bewaartermijn_logboek_jaren": 20,
    }


@pytest.mark.parametrize(
    ("name", "value", "code", "reason"),
    [
        ("bewaartermijn_dossier_jaren", 9, "0935", "waarde_ongeldig"),
        ("bewaartermijn_logboek_jaren", 19, None, "waarde_ongeldig"),
        ("bewaartermijn_logboek_jaren", 25, "0935", "instelling_alleen_landelijk"),
        ("bewaartermijn_bestanden_maanden", 6, "0935", "instelling_alleen_landelijk"),
    ],
)
def test_what_is_kept_goes_no_sooner_than_the_law_says_and_where_it_is_of_nobody_for_all_alike(
    session: Session, name: str, value: int, code: str | None, reason: str
) -> None:
    assert refusal(session, name, code, value) == [reason]


def test_the_row_that_gives_a_value_says_who_decided_it(session: Session) -> None:
    assert in_force(session, "bewaartermijn_dossier_jaren", "0935", DAY) is None
    set_setting(session, "bewaartermijn_dossier_jaren", "0935", 15, DAY, "college Maastricht")
    row = in_force(session, "bewaartermijn_dossier_jaren", "0935", DAY)
    assert row is not None and (row.waarde, row.besloten_door) == ("15", "college Maastricht")


def test_a_value_of_the_municipality_goes_before_the_national_one(session: Session) -> None:
    set_setting(session, NAME, None, 15, DAY, "beheerder")
    set_setting(session, NAME, "0935", 21, DAY, "college Maastricht")
    assert setting(session, NAME, "0935", DAY) == 21
    assert setting(session, NAME, "0917", DAY) == 15
    assert setting(session, NAME, None, DAY) == 15


def test_a_value_holds_from_its_day_and_the_earlier_one_ends_the_day_before(session: Session) -> None:
    set_setting(session, NAME, "0935", 21, date(2026, 3, 1), "college")
    set_setting(session, NAME, "0935", "28", DAY, "college")
    found = [
        setting(session, NAME, "0935", day) for day in (date(2026, 2, 28), date(2026, 3, 1), date(2026, 6, 30), DAY)
    ]
    assert found == [14, 21, 21, 28]


def test_a_value_put_between_two_others_keeps_the_later_one(session: Session) -> None:
    set_setting(session, NAME, "0935", 21, date(2026, 3, 1), "college")
    set_setting(session, NAME, "0935", 35, date(2026, 9, 1), "college")
    set_setting(session, NAME, "0935", 28, DAY, "college")
    rows = session.exec(select(DatedSetting).order_by(col(DatedSetting.vanaf))).all()
    assert [(row.waarde, row.vanaf, row.tot) for row in rows] == [
        ("21", date(2026, 3, 1), DAY),
        ("28", DAY, date(2026, 9, 1)),
        ("35", date(2026, 9, 1), None),
    ]


@pytest.mark.parametrize("code", [None, "0935"])
def test_a_value_of_the_same_day_is_replaced(session: Session, code: str | None) -> None:
    set_setting(session, NAME, code, 21, DAY, "college")
    set_setting(session, NAME, code, 20, DAY, "beheerder")
    (row,) = session.exec(select(DatedSetting)).all()
    assert (row.waarde, row.besloten_door, row.tot) == ("20", "beheerder", None)


def test_what_cannot_be_set_is_refused_with_every_reason(session: Session) -> None:
    assert refusal(session, "termijn_koffie_dagen", None, 3) == ["instelling_onbekend"]
    assert refusal(session, NAME, "935", 0, by=" ") == [
        "gemeentecode_ongeldig",
        "waarde_ongeldig",
        "besluit_ontbreekt",
    ]
    for value in ("veertien", "-1", "1.5", "", 366, "²"):
        assert refusal(session, NAME, "0935", value) == ["waarde_ongeldig"]
    assert session.exec(select(DatedSetting)).all() == []


@pytest.mark.parametrize(
    "name", ["bezwaar", "termijn_bezwaar_weken", "termijn_laa_resultaat", "termijn_beslissing_op_bezwaar_commissie"]
)
def test_the_terms_of_the_law_cannot_be_set(session: Session, name: str) -> None:
    assert refusal(session, name, "0935", 8) == ["termijn_staat_vast"]


def test_an_unknown_name_cannot_be_asked_either(session: Session) -> None:
    with pytest.raises(Invalid):
        setting(session, "deelname", "0935", DAY)


def test_the_visit_policy_cannot_ask_for_more_late_visits_than_visits(session: Session) -> None:
    assert refusal(session, "bezoek_buiten_kantooruren", "0935", 3) == ["bezoekbeleid_onmogelijk"]
    set_setting(session, "bezoek_aantal", "0935", 3, DAY, "college")
    set_setting(session, "bezoek_buiten_kantooruren", "0935", 3, DAY, "college")
    assert refusal(session, "bezoek_aantal", "0935", 2) == ["bezoekbeleid_onmogelijk"]


def test_a_term_takes_its_length_from_the_settings(session: Session) -> None:
    set_setting(session, NAME, "0935", 21, date(2026, 3, 1), "college")
    start = date(2026, 3, 2)
    length = term_length(session, Term.AANSCHRIJVING, "0935", start)
    assert deadline(Term.AANSCHRIJVING, start, length=length).einde == date(2026, 3, 23)
    assert term_length(session, Term.BEZWAAR, "0935", start) is None
