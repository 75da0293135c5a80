"""Feedback and figures over cases that real people walked through the one gate."""

from datetime import timedelta

import pytest
from sqlmodel import select

from exports import feedback_2026_1 as feedback
from exports.figures import figures
from exports.selection import Selection
from tests import factories as f
from workflow import dossier
from workflow.models import Case
from workflow.phases import Phase

DAY = f.RECEIVED


def make_and_receive(session, day):
    delivery = feedback.make(session, door="coen", now=f.at(day), production=False)
    if delivery is None:
        return []
    feedback.sent(session, delivery.nummer, "coen", f.at(day))
    feedback.received(session, delivery.nummer, "UWV-1", "ulla", f.at(day))
    rows = [dict(row) for row in session.execute(_rows(delivery.id)).mappings()]
    return [(row["gemeentecode"], row["soort"], row["resultaat"]) for row in rows]


def _rows(delivery_id):
    from exports.models import FeedbackRow
    from exports.stands import table_of

    row = table_of(FeedbackRow)
    return select(row).where(row.c.terugkoppeling_id == delivery_id).order_by(row.c.volgnummer)


@pytest.fixture
def walked(session):
    """On the ambtshalve path to the end: receipt 2 March, letter day 3, closed day 42."""
    return f.case_at(session, Phase.AFGESLOTEN)


def test_a_case_walked_to_registration_is_told_with_the_day_of_its_voornemen(session, walked):
    later = DAY + timedelta(days=60)
    assert make_and_receive(session, later) == [(f.NIJMEGEN, "resultaat", "ingeschreven")]
    cijfers = figures(session, Selection(), later)["cijfers"]
    assert (cijfers["zaken"], cijfers["opgepakt"], cijfers["treffers"], cijfers["adressen"]) == (1, 1, 1, 1)
    assert cijfers["duur_ontvangst_eerste_antwoord"]["mediaan"] == 3
    assert cijfers["duur_ontvangst_afgesloten"] == {"n": 1, "mediaan": 42, "p90": 42, "km_mediaan": 42}
    assert cijfers["duur_onderzoek_afgesloten"]["mediaan"] == 39
    stays = {phase: part["mediaan"] for phase, part in cijfers["duur_in_fase"].items()}
    assert stays == {
        "ontvangen": 1,
        "vooronderzoek": 2,
        "aanschrijving": 2,
        "inlichtingen": 1,
        "huisbezoek": 14,
        "voornemen": 20,
        "besluit": 2,
    }
    halfway = figures(session, Selection(), DAY + timedelta(days=30))["cijfers"]
    assert (halfway["lopend"], halfway["treffers"], halfway["in_fase"]) == (1, 0, {"voornemen": 1})
    assert halfway["afstemming"]["nu_te_vertellen"] == 1


def test_a_reopened_case_is_corrected_and_then_handed_over(session):
    case = f.case_at(session, Phase.INLICHTINGEN)
    assert make_and_receive(session, DAY + timedelta(days=6)) == [(f.NIJMEGEN, "eerste_antwoord", None)]

    def on(day, actor=f.ANNA):
        return f.desk(actor, DAY + timedelta(days=day))

    f.take(session, case, "sluit_zonder_mutatie", on(7), resultaat="niet_vastgesteld", reden="adres staat niet vast")
    assert make_and_receive(session, DAY + timedelta(days=8)) == [(f.NIJMEGEN, "resultaat", "niet_ingeschreven")]
    f.take(session, case, "heropen", on(9, f.CARLA), reden="nieuw bericht van de verhuurder")
    assert make_and_receive(session, DAY + timedelta(days=9)) == [(f.NIJMEGEN, "correctie", None)]
    f.take(session, case, "draag_over", on(10), gemeentecode=f.VENLO, reden="verhuisd naar Venlo")
    assert make_and_receive(session, DAY + timedelta(days=10)) == []
    there = session.exec(select(Case).where(Case.gemeentecode == f.VENLO)).one()
    before = figures(session, Selection(), DAY + timedelta(days=9))["cijfers"]
    after = figures(session, Selection(), DAY + timedelta(days=10))
    assert (before["zaken"], before["overgedragen"], before["heropend"]) == (1, 0, 1)
    assert (after["cijfers"]["zaken"], after["cijfers"]["overgedragen"]) == (1, 1)
    assert {code: part["zaken"] for code, part in after["per"]["gemeente"].items()} == {f.NIJMEGEN: 0, f.VENLO: 1}
    dirk = f.desk(f.DIRK, DAY + timedelta(days=11))
    f.take(session, there, "stuur_terug", dirk, reden="woont toch in Nijmegen")
    back = figures(session, Selection(), DAY + timedelta(days=11))
    assert {code: part["zaken"] for code, part in back["per"]["gemeente"].items()} == {f.NIJMEGEN: 1, f.VENLO: 0}
    assert back["per"]["gemeente"][f.NIJMEGEN]["signalen"] == 1
    assert back["cijfers"]["afstemming"] == feedback.reconciliation(session)
    # As of the day before, the signal was in Venlo.
    earlier = figures(session, Selection(), DAY + timedelta(days=10))
    assert earlier["per"]["gemeente"][f.VENLO]["signalen"] == 1


def test_a_bijvangst_case_is_counted_apart_under_the_delivery_of_its_parent(session):
    case = f.case_at(session, Phase.HUISBEZOEK)
    found = {"omschrijving": "nog een bewoner in de RNI", "bsn": "999990020", "geslachtsnaam": "Nowak"}
    dossier.add(session, case, "bijvangst", f.desk(f.ANNA, DAY + timedelta(days=7)), found)
    answer = figures(session, Selection(), DAY + timedelta(days=7))
    assert (answer["cijfers"]["zaken"], answer["cijfers"]["bijvangst"]) == (1, 1)
    assert answer["per"]["levering"]["LRNI-2026-01"]["bijvangst"] == 1


def test_another_address_chosen_later_does_not_move_the_case_back_in_time(session):
    case = f.case_at(session, Phase.INLICHTINGEN)
    other = f.case_at(session, Phase.INLICHTINGEN, bsn="999990020")
    where = {"straatnaam": "Groesbeekseweg", "postcode": "6523AB", "woonplaats": "Nijmegen", "bron": "de verhuurder"}
    number = int(other.adressleutel.split()[-1]) if " " in other.adressleutel else 1
    f.take(session, case, "wijzig_adres", f.desk(f.ANNA, DAY + timedelta(days=8)), huisnummer=number, **where)
    assert figures(session, Selection(), DAY + timedelta(days=7))["cijfers"]["adressen"] == 2
    session.refresh(case)
    together = case.adressleutel == other.adressleutel
    assert figures(session, Selection(), DAY + timedelta(days=8))["cijfers"]["adressen"] == (1 if together else 2)
