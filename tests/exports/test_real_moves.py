"""Feedback and figures over cases that real people walked through the one gate."""

from datetime import timedelta

import pytest
from sqlmodel import select

from exports import feedback_2026_1 as feedback
from exports.figures import figures
from exports.models import FeedbackRow
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
    mine = select(FeedbackRow).where(FeedbackRow.terugkoppeling_id == delivery.id).order_by(FeedbackRow.volgnummer)
    return [(row.gemeentecode, row.soort, row.resultaat) for row in session.exec(mine)]


def counted(session, day):
    return figures(session, Selection(), DAY + timedelta(days=day))


def at_desk(day, actor=f.ANNA):
    return f.desk(actor, DAY + timedelta(days=day))


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


def declared(session, day, **columns):
    """A case that reached voornemen on day 20 and was closed by a declaration."""
    case = f.case_at(session, Phase.VOORNEMEN, **columns)
    on = at_desk(day)
    f.take(session, case, "registreer_aangifte", on, datum=on.today.isoformat(), soort="woonadres")
    f.take(session, case, "verwerk_in_brp", on, **f.CHECKLIST)
    return case


def test_reopening_changes_nothing_about_the_days_before(session):
    case = declared(session, 25)
    make_and_receive(session, DAY + timedelta(days=26))
    then = counted(session, 30)
    assert then["cijfers"]["afstemming"]["resultaat_verteld"] == 1
    assert then["cijfers"]["duur_onderzoek_afgesloten"]["mediaan"] == 22
    f.take(session, case, "heropen", at_desk(31, f.CARLA), reden="aangifte bleek van een ander")
    f.take(session, case, "verstuur_aanschrijving", at_desk(33))
    assert counted(session, 30) == then
    now = counted(session, 33)["cijfers"]
    assert (now["heropend"], now["afstemming"]["nu_te_vertellen"]) == (1, 1)
    assert now["duur_onderzoek_afgesloten"]["mediaan"] == 22


def test_an_investigation_that_began_after_the_first_closing_did_not_lead_to_it(session):
    case = f.new_case(session)
    f.take(session, case, "niet_oppakken", at_desk(2), reden="capaciteit")
    f.take(session, case, "heropen", at_desk(3, f.CARLA), reden="toch mensen")
    f.take(session, case, "start_onderzoek", at_desk(4), reden="adres klopt niet")
    assert counted(session, 4)["cijfers"]["duur_onderzoek_afgesloten"]["n"] == 0


def test_a_result_is_told_once_it_left_and_until_a_correction_left(session):
    case = declared(session, 25)
    signals = [case.eerste_signaal_id]

    def told(day):
        waiting = counted(session, day)["cijfers"]["opbrengst_nog_niet_gemeld"]
        assert waiting == len(feedback.told_signals(session, signals))
        return waiting

    first = feedback.make(session, door="coen", now=f.at(DAY + timedelta(days=26)), production=False)
    assert told(26) == 0
    feedback.sent(session, first.nummer, "coen", f.at(DAY + timedelta(days=27)))
    assert told(27) == 1
    assert counted(session, 26)["cijfers"]["opbrengst_nog_niet_gemeld"] == 0
    feedback.received(session, first.nummer, "UWV-1", "ulla", f.at(DAY + timedelta(days=28)))
    f.take(session, case, "heropen", at_desk(30, f.CARLA), reden="aangifte bleek van een ander")
    correction = feedback.make(session, door="coen", now=f.at(DAY + timedelta(days=31)), production=False)
    assert told(31) == 1
    feedback.sent(session, correction.nummer, "coen", f.at(DAY + timedelta(days=32)))
    assert told(32) == 0
    feedback.refused(session, correction.nummer, "fout", None, "ulla", f.at(DAY + timedelta(days=33)))
    assert told(33) == 1


def test_every_return_to_the_investigation_is_a_reopening(session):
    upheld = f.case_at(session, Phase.BEZWAAR)
    given = {"uitkomst": "gegrond", "motivering": "x", "gehoord": True, "onderzoekVoortzetten": True}
    f.take(session, upheld, "beslis_op_bezwaar", at_desk(60, f.KEES), **given)
    assert counted(session, 59)["cijfers"]["heropend"] == 0
    assert counted(session, 60)["cijfers"]["heropend"] == 1
    rejected = f.case_at(session, Phase.BEZWAAR, bsn="999990020")
    given = {"uitkomst": "ongegrond", "motivering": "x", "gehoord": True}
    f.take(session, rejected, "beslis_op_bezwaar", at_desk(60, f.KEES), **given)
    assert counted(session, 60)["cijfers"]["heropend"] == 1
    sender = f.case_at(session, Phase.VOORONDERZOEK, bsn="999990032")
    f.take(session, sender, "draag_over", at_desk(5), gemeentecode=f.VENLO, reden="verhuisd naar Venlo")
    there = session.exec(select(Case).where(Case.gemeentecode == f.VENLO)).one()
    f.take(session, there, "stuur_terug", at_desk(61, f.DIRK), reden="woont toch in Nijmegen")
    assert counted(session, 61)["cijfers"]["heropend"] == 2


def test_bijvangst_that_is_handed_over_stays_bijvangst_and_counts_once(session):
    case = f.case_at(session, Phase.HUISBEZOEK)
    found = {"omschrijving": "nog een bewoner in de RNI", "bsn": "999990020", "geslachtsnaam": "Nowak"}
    dossier.add(session, case, "bijvangst", at_desk(7), found)
    child = session.exec(select(Case).where(Case.bsn == "999990020")).one()
    before = counted(session, 9)
    f.take(session, child, "draag_over", at_desk(8), gemeentecode=f.VENLO, reden="verhuisd naar Venlo")
    there = session.exec(select(Case).where(Case.gemeentecode == f.VENLO)).one()
    dirk = at_desk(9, f.DIRK)
    f.add_source(session, there, dirk, "brp")
    f.take(session, there, "stel_vast_reeds_ingezetene", dirk, datum="2025-01-01")
    after = counted(session, 9)
    assert after["cijfers"] == before["cijfers"] | {"in_fase": after["cijfers"]["in_fase"]}
    assert after["cijfers"]["bijvangst"] == 1
    assert {code: part["bijvangst"] for code, part in after["per"]["gemeente"].items()} == {f.NIJMEGEN: 0, f.VENLO: 1}
    assert after["per"]["gemeente"][f.VENLO]["zaken"] == 0
    assert after["per"]["levering"]["LRNI-2026-01"]["bijvangst"] == 1
