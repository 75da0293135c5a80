"""Walking the path: what each step needs, what it starts and ends, and what stays as it was."""

from datetime import date, timedelta
from typing import Any

import pytest
from factories import (
    ANNA,
    BRAM,
    CARLA,
    CHECKLIST,
    KEES,
    NIJMEGEN,
    RECEIVED,
    TESS,
    VENLO,
    VOORNEMEN,
    add_source,
    at,
    case_at,
    codes,
    desk,
    new_case,
    person,
    refused,
    take,
    term,
)
from sqlalchemy import Engine
from sqlmodel import Session, select

from service.access import Access
from service.db import session_scope
from signals.errors import Invalid, NotFound, Stale
from signals.models import Grondslag, Participant
from workflow import case_terms, dossier, moves
from workflow.actors import Actor, Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseSignal, LetterKind
from workflow.phases import Answer, Herkomst, Outcome, Phase, Role

DAY = timedelta(days=1)


# --- the straight path


def test_the_ambtshalve_path_ends_with_the_date_of_the_voornemen(session: Session) -> None:
    case = case_at(session, Phase.AFGESLOTEN)
    assert case.resultaat == Outcome.AMBTSHALVE_INGESCHREVEN
    assert case.ingangsdatum == case.datum_voornemen == RECEIVED + 20 * DAY
    assert case.eerste_antwoord == Answer.ONDERZOEK_IN_DE_BRP
    assert case.datum_eerste_antwoord == RECEIVED + 3 * DAY
    steps = [event.stap for event in CaseFile(session, case).events]
    assert steps == [
        "ontvang_signaal",
        "wijs_toe",
        "start_vooronderzoek",
        "start_onderzoek",
        "verstuur_aanschrijving",
        "win_inlichtingen_in",
        "ga_op_huisbezoek",
        "verstuur_voornemen",
        "neem_besluit",
        "verwerk_in_brp",
    ]
    implied = CaseFile(session, case).events[3]
    assert implied.afgeleid and implied.van == implied.naar == Phase.VOORONDERZOEK


def test_the_terms_of_the_path_by_hand(session: Session) -> None:
    """Receipt Monday 2 March 2026; posted 5 March, 22 March (voornemen), 11 April (besluit); processed 13 April."""
    case = case_at(session, Phase.AFGESLOTEN)
    ends = {one.term: (one.vanaf, one.einde) for one in case_terms.views(CaseFile(session, case), RECEIVED)}
    assert ends == {
        "laa_eerste_antwoord": (date(2026, 3, 2), date(2026, 3, 30)),
        "laa_resultaat": (date(2026, 3, 2), date(2026, 9, 2)),
        "richtlijn_onderzoek": (date(2026, 3, 5), date(2026, 5, 18)),  # day 70 is Ascension, then a decree day
        "aanschrijving": (date(2026, 3, 5), date(2026, 3, 19)),
        "inlichtingen_huisbezoek": (date(2026, 3, 7), date(2026, 4, 7)),  # Saturday, Easter, Easter Monday
        "zienswijze": (date(2026, 3, 22), date(2026, 4, 7)),
        "afronding": (date(2026, 3, 22), date(2026, 4, 20)),
        "bezwaar": (date(2026, 4, 11), date(2026, 5, 26)),  # Saturday, Whit Sunday and Monday
        "pl_overzicht": (date(2026, 4, 13), date(2026, 5, 11)),
    }


def test_a_closing_gives_the_first_answer_of_its_outcome(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    take(session, case, "niet_oppakken", desk(ANNA), reden="capaciteit")
    assert (case.fase, case.resultaat) == (Phase.AFGESLOTEN, Outcome.NIET_OPGEPAKT)
    assert case.eerste_antwoord == Answer.ZONDER_MUTATIE


# --- what steps need


def test_an_unassigned_case_is_not_started(session: Session) -> None:
    assert refused(session, new_case(session), "start_vooronderzoek", desk(ANNA)) == {"niet_toegewezen"}


def test_a_handler_takes_a_case_himself_and_a_teamleider_gives_it(session: Session) -> None:
    case = new_case(session)
    colleague = Desk(ANNA, at(RECEIVED), lambda code: ["anna", "piet"])
    assert refused(session, case, "wijs_toe", colleague, behandelaar="piet") == {"alleen_zichzelf"}
    with pytest.raises(Invalid) as error:
        take(session, case, "wijs_toe", desk(TESS), behandelaar="dirk")
    assert codes(error) == {"geen_behandelaar"}
    take(session, case, "wijs_toe", desk(TESS), behandelaar="anna")
    assert case.behandelaar == "anna"


def test_not_picking_up_needs_a_reason_and_no_investigation(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Invalid):
        take(session, case, "niet_oppakken", desk(ANNA), reden="anders")
    add_source(session, case, desk(ANNA), "uwv")  # UWV's copy of the signal is no investigation act
    assert next(v for v in moves.steps(CaseFile(session, case), desk(ANNA)) if v.stap == "niet_oppakken").mag
    add_source(session, case, desk(ANNA), "bag")
    assert refused(session, case, "niet_oppakken", desk(ANNA), reden="dubbel") == {"al_onderzocht"}


def test_the_brp_is_consulted_on_the_day_itself(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    add_source(session, case, desk(ANNA), "brp")
    later = desk(ANNA, RECEIVED + DAY)
    assert refused(session, case, "stel_vast_reeds_ingezetene", later, datum="2026-01-01") == {"brp_niet_geraadpleegd"}
    with pytest.raises(Invalid):
        take(session, case, "stel_vast_reeds_ingezetene", desk(ANNA), datum=RECEIVED.isoformat())
    take(session, case, "stel_vast_reeds_ingezetene", desk(ANNA), datum=(RECEIVED - DAY).isoformat())
    assert case.resultaat == Outcome.REEDS_INGEZETENE


def test_registered_elsewhere_on_or_after_receipt(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    add_source(session, case, desk(ANNA), "brp")
    for faulty in ({"gemeentecode": NIJMEGEN}, {"gemeentecode": "1999"}, {"datum": "2026-03-01"}):
        given = {"gemeentecode": VENLO, "datum": RECEIVED.isoformat()} | faulty
        with pytest.raises(Invalid):
            take(session, case, "stel_vast_elders_ingeschreven", desk(ANNA), **given)
    take(session, case, "stel_vast_elders_ingeschreven", desk(ANNA), gemeentecode=VENLO, datum=RECEIVED.isoformat())
    assert case.resultaat == Outcome.ELDERS_INGESCHREVEN


def test_a_voornemen_waits_for_sources_and_the_term_of_the_letter_or_motivated_exceptions(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    on_the_last_day = desk(ANNA, date(2026, 3, 19))
    assert refused(session, case, "verstuur_voornemen", on_the_last_day, **VOORNEMEN) == {
        "aanschrijftermijn_loopt",
        "te_weinig_bronnen",
    }
    add_source(session, case, on_the_last_day, "bag")
    add_source(session, case, on_the_last_day, "bag")
    day_after = desk(ANNA, date(2026, 3, 20))
    assert refused(session, case, "verstuur_voornemen", day_after, **VOORNEMEN) == {"te_weinig_bronnen"}
    unlawful = VOORNEMEN | {"rechtmatigVerblijf": "nee", "uitzonderingBronnen": "een is genoeg"}
    assert refused(session, case, "verstuur_voornemen", day_after, **unlawful) == {"geen_rechtmatig_verblijf"}
    take(session, case, "verstuur_voornemen", day_after, **VOORNEMEN, uitzonderingBronnen="eigenaar is zeker")
    assert case.fase == Phase.VOORNEMEN


def test_a_returned_aanschrijving_does_not_count(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    on = desk(ANNA, date(2026, 3, 25))
    take(session, case, "registreer_retour", on, brief="1", datum="2026-03-24")
    assert term(session, case, "aanschrijving").status == "vervallen"
    given = VOORNEMEN | {"uitzonderingBronnen": "x"}
    assert refused(session, case, "verstuur_voornemen", on, **given) == {"aanschrijving_ontbreekt"}
    assert refused(session, case, "registreer_retour", on, brief="1", datum="2026-03-24") == {"geen_brief_uit"}


def test_another_address_asks_for_another_letter_and_makes_a_voornemen_lapse(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    on = desk(ANNA, date(2026, 3, 25))
    with pytest.raises(Invalid):
        take(session, case, "wijzig_adres", on, huisnummer=12, bron="buurman")
    take(session, case, "wijzig_adres", on, postcode="6523 ab", huisnummer=400, bron="buurman")
    assert (case.fase, case.adressleutel, case.datum_voornemen) == (Phase.INLICHTINGEN, "6523AB 400", None)
    assert term(session, case, "zienswijze").status == term(session, case, "afronding").status == "vervallen"
    assert "aanschrijving_ontbreekt" in refused(session, case, "verstuur_voornemen", on, **VOORNEMEN)
    told = [(one.huidig, one.huisnummer, one.bron) for one in CaseFile(session, case).addresses]
    assert told == [(False, int(case.zaaknummer[-7:]), "TVA"), (True, 400, "buurman")]
    take(session, case, "wijzig_adres", on, postcode="6523AC", huisnummer=5, bron="hoofdbewoner")
    told = [(one.huidig, one.huisnummer, one.bron) for one in CaseFile(session, case).addresses]
    assert told[1:] == [(False, 400, "buurman"), (True, 5, "hoofdbewoner")]


def test_a_besluit_waits_for_the_zienswijze_and_for_another_pair_of_eyes(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)  # posted 22 March, zienswijze until 7 April
    anna_decides = Actor("anna", {Role.BESLISSER: frozenset({NIJMEGEN})})
    last_day = date(2026, 4, 7)
    assert refused(session, case, "neem_besluit", desk(anna_decides, last_day), motivering="x") == {
        "zienswijzetermijn_loopt",
        "vier_ogen",
    }
    take(session, case, "leg_zienswijze_vast", desk(ANNA, last_day), datum="2026-04-06", tekst="Ik woon hier.")
    assert refused(session, case, "neem_besluit", desk(anna_decides, last_day), motivering="x") == {"vier_ogen"}
    take(session, case, "neem_besluit", desk(CARLA, last_day), motivering="woont er")
    assert case.fase == Phase.BESLUIT


def test_a_briefadres_needs_consent_and_no_woonadres(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    on = desk(CARLA, date(2026, 4, 8))
    assert refused(session, case, "neem_besluit", on, motivering="x", soort="briefadres") == {
        "briefadres_niet_mogelijk"
    }
    given = {"geenWoonadres": True, "toestemmingBriefadresgever": True}
    take(session, case, "neem_besluit", on, motivering="x", soort="briefadres", **given)
    take(session, case, "verwerk_in_brp", desk(ANNA, date(2026, 4, 9)), **CHECKLIST)
    assert case.resultaat == Outcome.BRIEFADRES


def test_a_declaration_goes_before_the_besluit_and_counts_from_its_receipt(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    on = desk(ANNA, date(2026, 4, 8))
    take(session, case, "registreer_aangifte", on, datum="2026-04-02", soort="woonadres")
    assert refused(session, case, "neem_besluit", desk(CARLA, date(2026, 4, 8)), motivering="x") == {"aangifte_wacht"}
    assert refused(session, case, "verwerk_in_brp", on, **CHECKLIST | {"persoonslijstOpgevraagd": False}) == {
        "checklist_onvolledig"
    }
    take(session, case, "verwerk_in_brp", on, **CHECKLIST)
    assert (case.resultaat, case.ingangsdatum) == (Outcome.AANGIFTE_GEDAAN, date(2026, 4, 2))
    assert term(session, case, "pl_overzicht").einde == date(2026, 5, 6)


def test_after_a_besluit_the_beslisser_chooses_between_it_and_a_late_declaration(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    on = desk(ANNA, date(2026, 4, 13))
    take(session, case, "registreer_aangifte", on, datum="2026-04-13", soort="woonadres")
    assert refused(session, case, "verwerk_in_brp", on, **CHECKLIST) == {"aangifte_wacht"}
    take(session, case, "trek_besluit_in", desk(CARLA, date(2026, 4, 13)), reden="aangifte is beter")
    take(session, case, "verwerk_in_brp", on, **CHECKLIST)
    assert (case.resultaat, case.ingangsdatum) == (Outcome.AANGIFTE_GEDAAN, date(2026, 4, 13))


def test_a_refused_declaration_leaves_the_besluit_and_is_open_to_bezwaar(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    on = date(2026, 4, 13)
    take(session, case, "registreer_aangifte", desk(ANNA, on), datum="2026-04-13", soort="woonadres")
    take(session, case, "weiger_aangifte", desk(CARLA, on), motivering="ander adres dan vastgesteld")
    running = [one for one in CaseFile(session, case).terms if one.term == "bezwaar" and one.beeindigd_op is None]
    assert len(running) == 2
    take(session, case, "verwerk_in_brp", desk(ANNA, on), **CHECKLIST)
    assert case.resultaat == Outcome.AMBTSHALVE_INGESCHREVEN


def test_a_besluit_that_came_back_is_processed_only_when_made_known_otherwise(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    on = desk(ANNA, date(2026, 4, 20))
    given = {"brief": "besluit", "datum": "2026-04-18"}
    take(session, case, "registreer_retour", on, **given)
    assert refused(session, case, "verwerk_in_brp", on, **CHECKLIST) == {"besluit_niet_bekend"}
    take(session, case, "registreer_retour", on, **given, andereBekendmaking="Gemeenteblad 2026, 1234")
    take(session, case, "verwerk_in_brp", on, **CHECKLIST)


def test_unknown_at_the_address_rests_on_visits_or_a_motivated_exception(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    given = {"resultaat": "onbekend_op_adres", "reden": "niemand kent hem"}
    on = date(2026, 3, 12)
    visit = {
        "bezoekers": "1234, 5678",
        "opengedaan": False,
        "gelegitimeerd": False,
        "doelGemeld": False,
        "toestemming": "niet_gevraagd",
    }
    for begin in ("2026-03-09T10:00", "2026-03-09T18:30"):
        dossier.add(session, case, "huisbezoeken", desk(BRAM, on), visit | {"begin": begin, "einde": begin})
    assert refused(session, case, "sluit_zonder_mutatie", desk(ANNA, on), **given) == {"te_weinig_bezoeken"}
    begin = "2026-03-11T10:00"
    dossier.add(session, case, "huisbezoeken", desk(BRAM, on), visit | {"begin": begin, "einde": begin})
    take(session, case, "sluit_zonder_mutatie", desk(ANNA, on), **given)
    assert case.resultaat == Outcome.ONBEKEND_OP_ADRES
    assert CaseFile(session, case).letters[-1].soort == LetterKind.AFSLUITING


# --- everything that is not a straight line


def test_bezwaar_goes_back_to_where_the_case_stood(session: Session) -> None:
    case = case_at(session, Phase.BEZWAAR)
    assert case.resultaat == Outcome.AMBTSHALVE_INGESCHREVEN
    assert term(session, case, "beslissing_op_bezwaar").vanaf == date(2026, 5, 26)
    given = {"uitkomst": "ongegrond", "motivering": "niets nieuws", "gehoord": True}
    assert refused(session, case, "beslis_op_bezwaar", desk(CARLA, date(2026, 5, 1)), **given) == {"vier_ogen"}
    unheard = given | {"gehoord": False}
    assert refused(session, case, "beslis_op_bezwaar", desk(KEES, date(2026, 5, 1)), **unheard) == {"niet_gehoord"}
    take(session, case, "beslis_op_bezwaar", desk(KEES, date(2026, 5, 1)), **given)
    assert (case.fase, case.resultaat) == (Phase.AFGESLOTEN, Outcome.AMBTSHALVE_INGESCHREVEN)


def test_an_upheld_bezwaar_can_send_the_case_back_to_the_investigation(session: Session) -> None:
    case = case_at(session, Phase.BEZWAAR)
    given: dict[str, Any] = {"motivering": "x", "gehoord": True, "onderzoekVoortzetten": True}
    with pytest.raises(Invalid):
        take(session, case, "beslis_op_bezwaar", desk(KEES, date(2026, 5, 1)), uitkomst="ongegrond", **given)
    take(session, case, "beslis_op_bezwaar", desk(KEES, date(2026, 5, 1)), uitkomst="gegrond", **given)
    assert (case.fase, case.resultaat, case.ingangsdatum) == (Phase.INLICHTINGEN, None, None)
    assert CaseFile(session, case).open_to_bezwaar is None


def test_a_case_without_a_besluit_can_be_reopened(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    take(session, case, "niet_oppakken", desk(ANNA), reden="capaciteit")
    take(session, case, "heropen", desk(CARLA), reden="er is weer plek")
    assert (case.fase, case.resultaat) == (Phase.VOORONDERZOEK, None)
    with_besluit = case_at(session, Phase.AFGESLOTEN, bsn="999990020")
    assert refused(session, with_besluit, "heropen", desk(CARLA), reden="x") == {"besluit_staat"}


def test_a_handed_over_case_goes_on_at_the_receiver_with_its_receipt_and_comes_back_once(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    on = RECEIVED + 5 * DAY
    take(session, case, "draag_over", desk(ANNA, on), gemeentecode=VENLO)
    assert case.resultaat == Outcome.ANDERE_GEMEENTE
    assert refused(session, case, "heropen", desk(CARLA, on), reden="x") == {"bij_ontvanger"}
    theirs = session.exec(select(Case).where(Case.gemeentecode == VENLO)).one()
    assert (theirs.herkomst, theirs.datum_ontvangst, theirs.fase) == (Herkomst.OVERDRACHT, RECEIVED, Phase.ONTVANGEN)
    assert term(session, theirs, "laa_eerste_antwoord").einde == date(2026, 3, 30)
    links = {link.zaak_id: link.actueel for link in session.exec(select(CaseSignal))}
    assert links == {case.id: False, theirs.id: True}

    dirk = person("dirk", Role.BEHANDELAAR, code=VENLO)
    take(session, theirs, "stuur_terug", desk(dirk, on), reden="woont in Nijmegen")
    assert (case.fase, case.resultaat) == (Phase.VOORONDERZOEK, None)
    session.expire_all()
    assert {link.zaak_id: link.actueel for link in session.exec(select(CaseSignal))} == {
        case.id: True,
        theirs.id: False,
    }
    take(session, case, "draag_over", desk(ANNA, on), gemeentecode=VENLO)
    again = session.exec(select(Case).where(Case.gemeentecode == VENLO).order_by(Case.id.desc())).first()  # type: ignore[union-attr]
    assert again is not None
    assert refused(session, again, "stuur_terug", desk(dirk, on), reden="x") == {"al_teruggestuurd"}


def test_a_hand_over_works_for_who_sees_only_his_own_municipality(engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        number = case_at(session, Phase.VOORONDERZOEK).zaaknummer
    with session_scope(engine, Access.of(ANNA)) as session:
        take(session, moves.find_case(session, number), "draag_over", desk(ANNA, RECEIVED + DAY), gemeentecode=VENLO)
    dirk = person("dirk", Role.BEHANDELAAR, code=VENLO)
    with session_scope(engine, Access.of(dirk)) as session:
        with pytest.raises(NotFound):
            moves.find_case(session, number)
        theirs = session.exec(select(Case)).one()
        take(session, theirs, "stuur_terug", desk(dirk, RECEIVED + 2 * DAY), reden="niet hier")
    with session_scope(engine, Access.of(ANNA)) as session:
        mine = moves.find_case(session, number)
        assert mine.fase == Phase.VOORONDERZOEK
        assert CaseFile(session, mine).events[-1].volgnummer == mine.versie


def test_a_municipality_outside_the_installation_gets_an_export_and_the_case_is_closed(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    session.add(Participant(gemeentecode=NIJMEGEN, vanaf=date(2026, 1, 1), besloten_door="beheer"))
    session.flush()
    take(session, case, "draag_over", desk(ANNA), gemeentecode=VENLO)
    assert session.exec(select(Case).where(Case.gemeentecode == VENLO)).first() is None
    assert [link.actueel for link in CaseFile(session, case).signals] == [True]


def test_a_withdrawn_signal_waits_for_a_person_once_the_work_began(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    assert refused(session, case, "zet_voort", desk(ANNA), reden="x") == {"niet_ingetrokken"}
    case.ingetrokken_door_uwv = RECEIVED
    take(session, case, "zet_voort", desk(ANNA), reden="woont hier duidelijk")
    assert case.grondslag == Grondslag.EIGEN_INITIATIEF
    assert term(session, case, "laa_resultaat").status == "vervallen"


def test_death_closes_in_every_open_phase(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    take(session, case, "stel_vast_overleden", desk(ANNA, date(2026, 4, 20)), bron="akte", datum="2026-04-18")
    assert case.resultaat == Outcome.OVERLEDEN


# --- the gate


def test_a_stale_version_is_refused_with_what_changed(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    seen = case.versie
    take(session, case, "verstuur_aanschrijving", desk(ANNA))
    with pytest.raises(Stale) as error:
        moves.take(session, case, "houd_aan", desk(ANNA), versie=seen, gegevens={"reden": "x"})
    assert "verstuur_aanschrijving door anna" in error.value.uitleg


def test_two_people_at_once_give_one_step(engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        case = case_at(session, Phase.VOORONDERZOEK)
        number, seen = case.zaaknummer, case.versie
    with session_scope(engine, Access.system(), write=False) as early:
        mine = moves.find_case(early, number)
        with session_scope(engine, Access.system()) as session:
            take(session, moves.find_case(session, number), "ga_op_huisbezoek", desk(BRAM))
        assert mine.versie == seen
    with session_scope(engine, Access.system()) as session, pytest.raises(Stale):
        theirs = moves.find_case(session, number)
        moves.take(session, theirs, "verstuur_aanschrijving", desk(ANNA), versie=seen, gegevens={})


def test_all_faulty_fields_are_named_at_once(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    given = {"identiteit": "", "datumIdentiteit": "2026-02-30", "verzenddatum": "2099-01-01", "kleur": "rood"}
    with pytest.raises(Invalid) as error:
        take(session, case, "verstuur_voornemen", desk(ANNA), **given)
    assert {reason.veld for reason in error.value.reasons} == {
        "kleur",
        "identiteit",
        "datumIdentiteit",
        "rechtmatigVerblijf",
        "verblijfscriterium",
        "adres",
        "verzenddatum",
    }


def test_a_letter_cannot_be_posted_before_the_signal_came(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    with pytest.raises(Invalid):
        take(session, case, "verstuur_aanschrijving", desk(ANNA), verzenddatum=(RECEIVED - DAY).isoformat())


def test_an_unknown_step_says_which_there_are(session: Session) -> None:
    with pytest.raises(NotFound) as error:
        take(session, new_case(session), "sluit", desk(ANNA))
    assert "verstuur_voornemen" in error.value.uitleg


def test_letters_cannot_be_dated_back_into_a_term_that_still_ran(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)  # aanschrijving until 19 March
    much_later = date(2026, 5, 1)
    early = VOORNEMEN | {"verzenddatum": "2026-03-19"}
    assert refused(session, case, "verstuur_voornemen", desk(ANNA, much_later), **early) == {"aanschrijftermijn_loopt"}
    take(session, case, "verstuur_voornemen", desk(ANNA, much_later), **VOORNEMEN | {"verzenddatum": "2026-03-20"})
    last_day = {"motivering": "x", "verzenddatum": "2026-04-03"}  # 14 days later: Good Friday, so until 7 April
    assert refused(session, case, "neem_besluit", desk(CARLA, much_later), **last_day) == {"zienswijzetermijn_loopt"}
    take(session, case, "neem_besluit", desk(CARLA, much_later), motivering="x", verzenddatum="2026-04-08")
    assert term(session, case, "zienswijze", much_later).status == "verstreken"
