"""The turns a case can take off the straight path, each of which once led somewhere it should not."""

from datetime import date, timedelta

import pytest
from factories import (
    ANNA,
    BRAM,
    CARLA,
    CHECKLIST,
    KEES,
    NIJMEGEN,
    RECEIVED,
    VENLO,
    VOORNEMEN,
    add_source,
    case_at,
    codes,
    desk,
    person,
    refused,
    take,
    term,
)
from sqlmodel import Session, col, select

from signals.errors import Invalid
from signals.models import Signal
from workflow import case_terms, dossier, moves
from workflow.actors import Actor
from workflow.case_file import CaseFile
from workflow.models import Bijvangst, Case, CaseSignal, CaseTask, LetterKind
from workflow.phases import Herkomst, Outcome, Phase, Role

DAY = timedelta(days=1)
DIRK = person("dirk", Role.BEHANDELAAR, code=VENLO)


def withdraw(session: Session, case: Case, on: date) -> None:
    """UWV takes all signals of the case back, before a besluit."""
    case_terms.settle(CaseFile(session, case))
    for link in CaseFile(session, case).signals:
        signal = session.get_one(Signal, link.signal_id)
        signal.ingetrokken_op, link.intrekking_telt = on, True
    case.ingetrokken_door_uwv = on
    session.flush()


def at_venlo(session: Session) -> Case:
    """The newest case in Venlo."""
    return session.exec(select(Case).where(Case.gemeentecode == VENLO).order_by(col(Case.id).desc())).first()  # type: ignore[return-value]


def test_a_child_case_that_is_handed_over_stays_bijvangst_without_clocks_and_is_not_reopened(session: Session) -> None:
    parent = case_at(session, Phase.HUISBEZOEK)
    found = {"omschrijving": "broer", "bsn": "999990032", "geslachtsnaam": "Kowalski"}
    row = dossier.add(session, parent, "bijvangst", desk(BRAM), found)
    assert isinstance(row, Bijvangst)
    child = session.get_one(Case, row.kindzaak_id)
    take(session, child, "draag_over", desk(ANNA), gemeentecode=VENLO)
    theirs = at_venlo(session)
    assert (theirs.herkomst, theirs.ouder_id) == (Herkomst.BIJVANGST, parent.id)
    assert case_terms.views(CaseFile(session, theirs), RECEIVED) == []
    assert refused(session, child, "heropen", desk(CARLA), reden="x") == {"bij_ontvanger"}


def test_the_same_person_gets_no_second_case_as_bijvangst(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    found = {"omschrijving": "dezelfde", "bsn": case.bsn, "geslachtsnaam": "Kowalska"}
    with pytest.raises(Invalid) as error:
        dossier.add(session, case, "bijvangst", desk(BRAM), found)
    assert codes(error) == {"bsn_heeft_lopende_zaak"}


def test_a_withdrawal_goes_along_with_a_hand_over(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    withdraw(session, case, RECEIVED)
    take(session, case, "draag_over", desk(ANNA), gemeentecode=VENLO)
    theirs = at_venlo(session)
    take(session, theirs, "wijs_toe", desk(DIRK))
    take(session, theirs, "start_vooronderzoek", desk(DIRK))
    take(session, theirs, "sluit_als_ingetrokken", desk(DIRK), reden="niets gevonden")
    assert theirs.resultaat == Outcome.INGETROKKEN


def test_a_withdrawal_during_the_besluit_is_asked_about_when_the_besluit_is_withdrawn(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    link = session.exec(select(CaseSignal).where(CaseSignal.zaak_id == case.id)).one()
    session.get_one(Signal, link.signal_id).ingetrokken_op = date(2026, 4, 12)
    session.flush()
    take(session, case, "trek_besluit_in", desk(CARLA, date(2026, 4, 13)), reden="signaal ingetrokken")
    assert case.ingetrokken_door_uwv == date(2026, 4, 12)
    assert session.exec(select(CaseTask).where(CaseTask.soort == "uwv_trekt_in")).one()
    take(session, case, "sluit_als_ingetrokken", desk(ANNA, date(2026, 4, 13)), reden="klaar")
    assert link.intrekking_telt


def test_a_case_closed_as_withdrawn_and_reopened_can_go_on_of_the_college_s_own(session: Session) -> None:
    case = case_at(session, Phase.ONTVANGEN)
    withdraw(session, case, RECEIVED)
    take(session, case, "trek_signaal_in", desk(Actor.system()))
    take(session, case, "heropen", desk(CARLA), reden="woont hier wel")
    take(session, case, "zet_voort", desk(ANNA), reden="eigen onderzoek")


@pytest.mark.parametrize("answer", ["nee, verblijfsvergunning ingetrokken", "Nee.", "geen", " NEE ", False])
def test_no_lawful_stay_is_no_voornemen_however_it_is_written(session: Session, answer: object) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    given = VOORNEMEN | {"rechtmatigVerblijf": answer}
    on = desk(ANNA, RECEIVED + 30 * DAY)
    assert refused(session, case, "verstuur_voornemen", on, **given) == {"geen_rechtmatig_verblijf"}


def test_a_letter_to_an_earlier_address_does_not_count_again_when_the_person_moves_back(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    number = int(case.adressleutel.split()[-1])
    on = desk(ANNA, RECEIVED + 5 * DAY)
    take(session, case, "wijzig_adres", on, postcode="6523AB", huisnummer=400, bron="buurman")
    take(session, case, "wijzig_adres", on, postcode="6523AB", huisnummer=number, bron="toch niet")
    given = VOORNEMEN | {"uitzonderingBronnen": "x", "datumIdentiteit": "2026-03-03"}
    assert refused(session, case, "verstuur_voornemen", on, **given) == {"aanschrijving_ontbreekt"}


def test_an_extension_gives_days_that_still_come(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    with pytest.raises(Invalid) as error:
        take(session, case, "verleng_termijn", desk(ANNA, RECEIVED + 60 * DAY), einde="2026-04-01", reden="x")
    assert codes(error) == {"einde_niet_later"}


def test_a_refused_declaration_stays_open_to_bezwaar_when_the_besluit_is_withdrawn(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    on = date(2026, 4, 13)
    take(session, case, "registreer_aangifte", desk(ANNA, on), datum="2026-04-13", soort="woonadres")
    take(session, case, "weiger_aangifte", desk(CARLA, on), motivering="ander adres")
    take(session, case, "trek_besluit_in", desk(CARLA, on), reden="opnieuw kijken")
    running = [(one.vanaf, one.beeindigd_op) for one in CaseFile(session, case).terms if one.term == "bezwaar"]
    assert running == [(date(2026, 4, 11), on), (on, None)]
    assert [
        letter.vervallen_op for letter in CaseFile(session, case).letters if letter.soort == LetterKind.BESLUIT
    ] == [
        on,
        None,
    ]


def test_a_refused_declaration_is_no_besluit_to_register(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    on = date(2026, 3, 20)
    take(session, case, "registreer_aangifte", desk(ANNA, on), datum="2026-03-19", soort="woonadres")
    take(session, case, "weiger_aangifte", desk(CARLA, on), motivering="geen identiteit")
    take(session, case, "sluit_zonder_mutatie", desk(ANNA, on), resultaat="niet_vastgesteld", reden="x")
    take(session, case, "heropen", desk(CARLA, on), reden="identiteit alsnog vastgesteld")


def test_reopening_starts_anew(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    on = date(2026, 4, 8)
    take(session, case, "registreer_aangifte", desk(ANNA, on), datum="2026-04-02", soort="woonadres")
    take(session, case, "verwerk_in_brp", desk(ANNA, on), **CHECKLIST)
    take(session, case, "heropen", desk(CARLA, on), reden="aangifte bleek van een ander")
    assert (case.datum_voornemen, case.ingangsdatum, case.start_onderzoek) == (None, None, None)
    assert CaseFile(session, case).standing_letter(LetterKind.VOORNEMEN) is None
    take(session, case, "verstuur_aanschrijving", desk(ANNA, on))
    assert term(session, case, "richtlijn_onderzoek", on).vanaf == on


def test_each_callback_request_has_a_clock_of_its_own(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    first = dossier.add(session, case, "terugbelverzoeken", desk(ANNA), {"telefoonnummer": "+31 (0)6 - 12345678"})
    dossier.add(session, case, "terugbelverzoeken", desk(ANNA, RECEIVED + 7 * DAY), {"telefoonnummer": "0612345678"})
    dossier.call_back_done(session, case, first.id, desk(ANNA, RECEIVED + 8 * DAY))  # type: ignore[attr-defined]
    ends = {(one.vanaf, one.beeindigd_op) for one in CaseFile(session, case).terms if one.term == "terugbelverzoek"}
    assert ends == {(RECEIVED, RECEIVED + 8 * DAY), (RECEIVED + 7 * DAY, None)}
    assert first.telefoonnummer == "+31612345678"  # type: ignore[attr-defined]


def test_visits_at_an_earlier_address_say_nothing_about_the_present_one(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    asked = {"bezoekers": "1", "opengedaan": False, "gelegitimeerd": False, "doelGemeld": False}
    on = date(2026, 3, 12)
    for begin in ("2026-03-09T18:30", "2026-03-10T10:00"):
        visit = asked | {"toestemming": "niet_gevraagd", "begin": begin, "einde": begin}
        dossier.add(session, case, "huisbezoeken", desk(BRAM, on), visit)
    take(session, case, "wijzig_adres", desk(ANNA, on), postcode="6523AB", huisnummer=400, bron="buurman")
    given = {"resultaat": "onbekend_op_adres", "reden": "x"}
    assert refused(session, case, "sluit_zonder_mutatie", desk(ANNA, on), **given) == {"te_weinig_bezoeken"}


@pytest.mark.parametrize(
    ("phase", "stap", "given"),
    [
        (Phase.VOORNEMEN, "leg_zienswijze_vast", {"datum": "2026-03-21", "tekst": "x"}),
        (Phase.VOORNEMEN, "registreer_aangifte", {"datum": "2026-03-01", "soort": "woonadres"}),
        (Phase.BESLUIT, "registreer_bezwaar", {"datum": "2026-04-13", "ontvangenVia": "x" * 41}),
    ],
)
def test_impossible_values_are_faults_of_the_field(
    session: Session, phase: Phase, stap: str, given: dict[str, str]
) -> None:
    case = case_at(session, phase)
    with pytest.raises(Invalid):
        take(session, case, stap, desk(ANNA, date(2026, 4, 20)), **given)


def test_a_stale_signal_was_registered_in_a_municipality_that_exists(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    add_source(session, case, desk(ANNA), "brp")
    given = {"datum": "2026-01-01"}
    for code in ("1999", "9876"):
        with pytest.raises(Invalid):
            take(session, case, "stel_vast_reeds_ingezetene", desk(ANNA), **given, gemeentecode=code)
    take(session, case, "stel_vast_reeds_ingezetene", desk(ANNA), **given, gemeentecode=NIJMEGEN)


def test_who_has_two_roles_is_recorded_with_both(session: Session) -> None:
    case = case_at(session, Phase.ONTVANGEN)
    both = Actor("tess", {role: frozenset({NIJMEGEN}) for role in (Role.TEAMLEIDER, Role.BEHANDELAAR)})
    assert take(session, case, "wijs_toe", desk(both), behandelaar="anna").rol == "behandelaar, teamleider"


def test_the_brp_check_tells_whether_a_person_is_secret(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    given = {"soort": "brp", "bevinding": "staat in de RNI", "indicatieGeheim": "7"}
    row = dossier.add(session, case, "bronnen", desk(ANNA), given)
    assert case.indicatie_geheim == 7
    assert "indicatieGeheim" not in dossier.as_dict("bronnen", row)


def test_a_returned_voornemen_holds_the_besluit_until_it_was_made_known(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    on = date(2026, 4, 9)
    take(session, case, "registreer_retour", desk(ANNA, on), brief="voornemen", datum="2026-04-01")
    assert refused(session, case, "neem_besluit", desk(KEES, on), motivering="x") == {"voornemen_niet_bekend"}
    more = {"brief": "voornemen", "datum": "2026-04-01", "andereBekendmaking": "uitgereikt aan de balie"}
    take(session, case, "registreer_retour", desk(ANNA, on), **more)
    take(session, case, "neem_besluit", desk(KEES, on + 15 * DAY), motivering="x")
    assert moves.find_case(session, case.zaaknummer).fase == Phase.BESLUIT


def test_a_child_case_takes_the_birth_date_and_a_person_without_a_bsn_is_refused(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    found = {"omschrijving": "broer", "geslachtsnaam": "Kowalski", "geboortedatum": "1990-04-05"}
    with pytest.raises(Invalid):
        dossier.add(session, case, "bijvangst", desk(BRAM), found)
    row = dossier.add(session, case, "bijvangst", desk(BRAM), found | {"bsn": "999990032"})
    assert session.get_one(Case, row.kindzaak_id).geboortedatum == "19900405"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("begin", "einde"), [("2026-03-01T10:00", "2026-03-01T10:20"), ("2026-03-03T10:00", "2026-03-05T10:00")]
)
def test_a_visit_lies_after_the_receipt_and_within_a_day(session: Session, begin: str, einde: str) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    asked = {"bezoekers": "1", "opengedaan": False, "gelegitimeerd": False, "doelGemeld": False}
    visit = asked | {"toestemming": "niet_gevraagd", "begin": begin, "einde": einde}
    with pytest.raises(Invalid):
        dossier.add(session, case, "huisbezoeken", desk(BRAM, date(2026, 3, 12)), visit)


@pytest.mark.parametrize("text", ["a\ud800", "links\u202erechts", "bel\x07", "nul\x00"])
def test_text_that_nobody_can_see_is_refused(session: Session, text: str) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Invalid) as error:
        take(session, case, "houd_aan", desk(ANNA), reden=text)
    assert codes(error) == {"ongeldig_teken"}


def test_who_sent_the_voornemen_does_not_refuse_the_declaration(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    on = date(2026, 4, 9)
    take(session, case, "registreer_aangifte", desk(ANNA, on), datum="2026-04-02", soort="woonadres")
    both = Actor("anna", {Role.BESLISSER: frozenset({NIJMEGEN})})
    assert refused(session, case, "weiger_aangifte", desk(both, on), motivering="x") == {"vier_ogen"}


def test_nobody_dies_before_his_birth(session: Session) -> None:
    with pytest.raises(Invalid):
        case = case_at(session, Phase.VOORONDERZOEK)
        take(session, case, "stel_vast_overleden", desk(ANNA), bron="akte", datum="1901-01-01")


@pytest.mark.parametrize(("stap", "who"), [("geef_terug", CARLA), ("trek_voornemen_in", ANNA)])
def test_a_voornemen_that_is_taken_back_lapses_and_the_investigation_goes_on(
    session: Session, stap: str, who: Actor
) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    day = RECEIVED + 25 * DAY
    event = take(session, case, stap, desk(who, day), reden="de bron over het adres is te mager")
    assert (case.fase, case.datum_voornemen) == (Phase.INLICHTINGEN, None)
    assert (event.door, event.gegevens["reden"]) == (who.naam, "de bron over het adres is te mager")
    (letter,) = (one for one in CaseFile(session, case).letters if one.soort == LetterKind.VOORNEMEN)
    assert letter.vervallen_op == day
    assert {term(session, case, name, day).status for name in ("zienswijze", "afronding")} == {"vervallen"}
    running = [one for one in CaseFile(session, case).terms if one.beeindigd_op is None]
    assert [one.vanaf for one in running if one.term == "inlichtingen_huisbezoek"] == [day]
    assert "fase_past_niet" in refused(session, case, "neem_besluit", desk(KEES, day), motivering="x")
    take(session, case, "verstuur_voornemen", desk(ANNA, day), **VOORNEMEN)
    assert case.datum_voornemen == day


def test_the_guideline_counts_anew_when_a_case_comes_back_from_another_municipality(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    assert case.start_onderzoek == RECEIVED + 3 * DAY
    take(session, case, "draag_over", desk(ANNA, RECEIVED + 4 * DAY), gemeentecode=VENLO)
    theirs = at_venlo(session)
    take(session, theirs, "stuur_terug", desk(DIRK, RECEIVED + 6 * DAY), reden="woont in Nijmegen")
    assert (case.fase, case.start_onderzoek) == (Phase.VOORONDERZOEK, None)
    take(session, case, "verstuur_aanschrijving", desk(ANNA, RECEIVED + 7 * DAY))
    running = [one for one in CaseFile(session, case).terms if one.beeindigd_op is None]
    assert [one.vanaf for one in running if one.term == "richtlijn_onderzoek"] == [RECEIVED + 7 * DAY]
