"""One question per guard: a guard answers with the reason it says no, or None.

A guard looks at the case alone and is asked for the page too; a check also looks at what was filled in.
"""

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from signals.address import mended_postcode
from signals.errors import Reason
from signals.municipalities import Municipalities
from workflow.actors import Desk
from workflow.addresses import LONGEST, chosen_address
from workflow.case_file import CaseFile
from workflow.dated_settings import setting
from workflow.deadlines import Term
from workflow.models import LetterKind
from workflow.phases import Herkomst, Outcome, Phase, Role

Guard = Callable[[CaseFile, Desk], Reason | None]
Check = Callable[[CaseFile, Desk, Mapping[str, Any]], Reason | None]

OFFICE_CLOSES = time(17)
RNI = "1999"


def _no(condition: bool, code: str, uitleg: str, veld: str | None = None) -> Reason | None:
    return Reason(code, uitleg, veld) if condition else None


# --- guards: the case as it stands


def is_assigned(file: CaseFile, desk: Desk) -> Reason | None:
    """Somebody handles the case; he is the contact person in every letter."""
    return _no(
        file.case.behandelaar is None,
        "niet_toegewezen",
        "De zaak heeft nog geen behandelaar, en dus geen contactpersoon. Wijs de zaak eerst toe.",
    )


def nothing_investigated(file: CaseFile, desk: Desk) -> Reason | None:
    """No investigation act has been done yet."""
    return _no(
        file.investigated,
        "al_onderzocht",
        "Er is al onderzoek gedaan. Sluit de zaak met het resultaat van dat onderzoek.",
    )


def something_investigated(file: CaseFile, desk: Desk) -> Reason | None:
    """At least one investigation act."""
    return _no(
        not file.investigated,
        "geen_onderzoek",
        "Er is nog niets onderzocht. Leg eerst een bron, een contact, een huisbezoek of een brief vast.",
    )


def brp_consulted_today(file: CaseFile, desk: Desk) -> Reason | None:
    """The BRP was looked at on the day itself."""
    return _no(
        not file.consulted_brp(desk.today),
        "brp_niet_geraadpleegd",
        "De BRP is vandaag nog niet geraadpleegd. Leg de raadpleging vast als bron 'brp' met de datum van vandaag.",
    )


def not_started(file: CaseFile, desk: Desk) -> Reason | None:
    """The investigation was not started before."""
    return _no(file.case.start_onderzoek is not None, "al_gestart", "Het onderzoek is al gestart.")


def has_letter_out(file: CaseFile, desk: Desk) -> Reason | None:
    """A letter is on its way that may come back."""
    return _no(
        not any(letter.retour_op is None for letter in file.letters),
        "geen_brief_uit",
        "Er is geen brief verstuurd die nog terug kan komen.",
    )


def letter_term_runs(file: CaseFile, desk: Desk) -> Reason | None:
    """A letter term runs that can be extended."""
    term = Term.ZIENSWIJZE if file.case.fase == Phase.VOORNEMEN else Term.AANSCHRIJVING
    return _no(
        file.running(term) is None,
        "geen_termijn",
        "Er loopt geen termijn uit een brief die verlengd kan worden.",
    )


def aanschrijving_term_has_passed(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """An aanschrijving to the current address, not returned, its term passed; or a motivated skip."""
    if values.get("uitzonderingAanschrijving"):
        return None
    mend = "Motiveer anders waarom dit wordt overgeslagen."
    if file.counting_aanschrijving is None:
        uitleg = f"Er is geen aanschrijving naar het huidige adres verstuurd die niet terugkwam. {mend}"
        return Reason("aanschrijving_ontbreekt", uitleg, "uitzonderingAanschrijving")
    term = file.running(Term.AANSCHRIJVING)
    if term is not None and term.einde >= values.get("verzenddatum", desk.today):
        uitleg = f"De termijn van de aanschrijving loopt nog tot en met {term.einde:%d-%m-%Y}. {mend}"
        return Reason("aanschrijftermijn_loopt", uitleg, "uitzonderingAanschrijving")
    return None


def two_kinds_of_source(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """At least two sources of different kinds, or a motivated exception (Circulaire 4.4)."""
    kinds = sorted(file.source_kinds)
    return _no(
        len(kinds) < 2 and not values.get("uitzonderingBronnen"),
        "te_weinig_bronnen",
        "Nodig zijn minstens twee bronnen van verschillende soort; er "
        + (f"is er een ({kinds[0]})." if kinds else "is er geen.")
        + " Leg een bron vast of motiveer de uitzondering.",
        "uitzonderingBronnen",
    )


def stay_is_lawful(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Lawful stay was checked and found (Wet BRP 2.19 lid 1)."""
    return _no(
        str(values.get("rechtmatigVerblijf", "")).lower() in ("nee", "geen", "false"),
        "geen_rechtmatig_verblijf",
        "Zonder rechtmatig verblijf kan niemand als ingezetene worden ingeschreven (Wet BRP 2.19 lid 1).",
        "rechtmatigVerblijf",
    )


def zienswijze_in_or_term_passed(file: CaseFile, desk: Desk) -> Reason | None:
    """The person was heard, or had the time to be (Awb 4:8)."""
    voornemen = file.last_event("verstuur_voornemen")
    zienswijze = file.last_event("leg_zienswijze_vast")
    if voornemen and zienswijze and zienswijze.volgnummer > voornemen.volgnummer:
        return None
    term = file.running(Term.ZIENSWIJZE)
    if term is None or term.einde < desk.today:
        return None
    return Reason(
        "zienswijzetermijn_loopt",
        f"De termijn voor een zienswijze loopt nog tot en met {term.einde:%d-%m-%Y} en er is nog geen zienswijze.",
    )


def posted_after_zienswijze(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A besluit that was posted while the person could still react was posted too early (Awb 4:8)."""
    voornemen = file.last_event("verstuur_voornemen")
    zienswijze = file.last_event("leg_zienswijze_vast")
    heard = voornemen and zienswijze and zienswijze.volgnummer > voornemen.volgnummer
    term = file.running(Term.ZIENSWIJZE)
    too_early = not heard and term is not None and values.get("verzenddatum", desk.today) <= term.einde
    return _no(
        too_early,
        "zienswijzetermijn_loopt",
        f"Op de verzenddatum liep de termijn voor een zienswijze nog (tot en met {term.einde:%d-%m-%Y})."
        if term
        else "",
        "verzenddatum",
    )


def voornemen_made_known(file: CaseFile, desk: Desk) -> Reason | None:
    """The voornemen did not come back, or was made known in another way."""
    letter = file.standing_letter(LetterKind.VOORNEMEN)
    returned = letter is not None and letter.retour_op is not None and not letter.andere_bekendmaking
    return _no(
        letter is None or returned,
        "voornemen_niet_bekend",
        "Het voornemen kwam retour en is niet op een andere manier bekendgemaakt. Leg die vast, of trek het in.",
    )


def no_aangifte_waiting(file: CaseFile, desk: Desk) -> Reason | None:
    """No declaration waits to be assessed."""
    return _no(
        file.waiting_aangifte is not None,
        "aangifte_wacht",
        "Er wacht een aangifte op beoordeling. Verwerk of weiger die eerst.",
    )


def aangifte_waiting(file: CaseFile, desk: Desk) -> Reason | None:
    """A declaration waits to be assessed."""
    return _no(file.waiting_aangifte is None, "geen_aangifte", "Er wacht geen aangifte.")


def ready_for_brp(file: CaseFile, desk: Desk) -> Reason | None:
    """A besluit that was made known, or a declaration that waits; after a besluit the beslisser chooses."""
    waiting = file.waiting_aangifte
    if file.case.fase != Phase.BESLUIT:
        return aangifte_waiting(file, desk)
    if waiting is not None:
        uitleg = (
            "Na het besluit kwam een aangifte binnen. De beslisser trekt het besluit in (dan telt de aangifte) "
            "of weigert de aangifte (dan blijft het besluit staan), Wet BRP 2.19 lid 3."
        )
        return Reason("aangifte_wacht", uitleg)
    letter = file.standing_letter(LetterKind.BESLUIT)
    known = letter is not None and (letter.retour_op is None or bool(letter.andere_bekendmaking))
    return _no(
        not known,
        "besluit_niet_bekend",
        "Het besluit is niet bekendgemaakt: het kwam retour. Leg vast hoe het anders is bekendgemaakt.",
    )


def _sent_voornemen(file: CaseFile) -> str | None:
    event = file.last_event("verstuur_voornemen")
    return event.door if event else None


def another_pair_of_eyes(file: CaseFile, desk: Desk) -> Reason | None:
    """Who takes the besluit did not send the voornemen."""
    return _no(
        _sent_voornemen(file) == desk.actor.naam,
        "vier_ogen",
        "U hebt het voornemen zelf verstuurd. Een ander neemt het besluit (vier ogen).",
    )


def third_pair_of_eyes(file: CaseFile, desk: Desk) -> Reason | None:
    """Who decides a bezwaar neither sent the voornemen nor took the besluit (Awb 10:3 lid 3)."""
    deciders = {event.door for event in file.events if event.stap in ("neem_besluit", "weiger_aangifte")}
    return _no(
        desk.actor.naam in deciders | {_sent_voornemen(file)},
        "vier_ogen",
        "U hebt het voornemen verstuurd of het besluit genomen. Een ander beslist op het bezwaar (Awb 10:3 lid 3).",
    )


def besluit_was_taken(file: CaseFile, desk: Desk) -> Reason | None:
    """A besluit stands against which bezwaar can be made."""
    return _no(
        file.standing_letter(LetterKind.BESLUIT) is None,
        "geen_besluit",
        "Er is geen besluit waartegen bezwaar openstaat.",
    )


def no_besluit_was_taken(file: CaseFile, desk: Desk) -> Reason | None:
    """Closed without a besluit."""
    return _no(
        file.standing_letter(LetterKind.BESLUIT) is not None,
        "besluit_staat",
        "De zaak is met een besluit gesloten. Heropenen kan dan alleen via bezwaar.",
    )


def not_with_a_receiver(file: CaseFile, desk: Desk) -> Reason | None:
    """The receiver of a hand-over works on it now."""
    handed_over = file.case.resultaat == Outcome.ANDERE_GEMEENTE and not any(link.actueel for link in file.signals)
    return _no(
        handed_over and bool(file.signals),
        "bij_ontvanger",
        "De zaak is overgedragen en loopt nu bij de ontvangende gemeente. Alleen die kan haar terugsturen.",
    )


def was_handed_over(file: CaseFile, desk: Desk) -> Reason | None:
    """The case came from another municipality and was not sent back before."""
    if file.case.herkomst != Herkomst.OVERDRACHT or file.case.voorganger_id is None:
        return Reason("niet_overgedragen", "Deze zaak kwam niet van een andere gemeente.")
    return _no(file.case.teruggestuurd, "al_teruggestuurd", "Deze zaak is al een keer teruggestuurd.")


def withdrawn_by_uwv(file: CaseFile, desk: Desk) -> Reason | None:
    """UWV withdrew the signal and a person must say what happens."""
    return _no(
        file.case.ingetrokken_door_uwv is None,
        "niet_ingetrokken",
        "UWV heeft het signaal niet ingetrokken.",
    )


def all_signals_withdrawn(file: CaseFile, desk: Desk) -> Reason | None:
    """Every signal of the case was withdrawn."""
    return _no(
        not file.signals or not all(link.intrekking_telt for link in file.signals),
        "niet_ingetrokken",
        "Niet alle signalen van de zaak zijn ingetrokken.",
    )


def not_on_hold(file: CaseFile, desk: Desk) -> Reason | None:
    """The case is not on hold."""
    return _no(file.case.aangehouden_sinds is not None, "al_aangehouden", "De zaak is al aangehouden.")


def on_hold(file: CaseFile, desk: Desk) -> Reason | None:
    """The case is on hold."""
    return _no(file.case.aangehouden_sinds is None, "niet_aangehouden", "De zaak is niet aangehouden.")


# --- checks: the case together with what was filled in


def may_assign(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A behandelaar takes a case himself; a teamleider gives it to anyone with that role there."""
    chosen = values.get("behandelaar", desk.actor.naam)
    if desk.actor.has(Role.TEAMLEIDER, file.case.gemeentecode):
        return None
    return _no(
        chosen != desk.actor.naam,
        "alleen_zichzelf",
        "Een behandelaar wijst een zaak alleen aan zichzelf toe. Vraag de teamleider.",
        "behandelaar",
    )


def visits_suffice(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """`onbekend_op_adres` rests on visits on different days, one outside office hours; or a motivated exception."""
    if values.get("resultaat") != Outcome.ONBEKEND_OP_ADRES or values.get("uitzonderingBezoeken"):
        return None
    begins = [visit.begin.astimezone(desk.now.tzinfo) for visit in file.visits]
    days = {begin.date() for begin in begins}
    outside = {begin.date() for begin in begins if begin.time() >= OFFICE_CLOSES or begin.weekday() >= 5}
    needed = int(setting(file.session, "bezoek_aantal", file.case.gemeentecode, desk.today))
    needed_outside = int(setting(file.session, "bezoek_buiten_kantooruren", file.case.gemeentecode, desk.today))
    return _no(
        len(days) < needed or len(outside) < needed_outside,
        "te_weinig_bezoeken",
        f"Voor 'onbekend_op_adres' zijn {needed} bezoeken op verschillende dagen nodig, waarvan {needed_outside} na "
        f"17.00 uur of in het weekend; er zijn er {len(days)}, waarvan {len(outside)} buiten kantooruren. "
        "Motiveer anders de uitzondering.",
        "uitzonderingBezoeken",
    )


def briefadres_is_allowed(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A briefadres only without a woonadres and with consent of the briefadresgever (Wet BRP 2.23)."""
    if values.get("soort") != "briefadres":
        return None
    return _no(
        not (values.get("geenWoonadres") and values.get("toestemmingBriefadresgever")),
        "briefadres_niet_mogelijk",
        "Een briefadres kan alleen als er geen woonadres is en de briefadresgever toestemming gaf. Bevestig beide.",
        "toestemmingBriefadresgever",
    )


def checklist_done(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Identity established, occupants informed, RNI list requested (HUP Verblijfplaats)."""
    asked = {
        "identiteitVastgesteld": "de identiteit is vastgesteld",
        "bewonersGeinformeerd": "de bewoners zijn geïnformeerd over het aantal ingeschrevenen",
        "persoonslijstOpgevraagd": "de persoonslijst is opgevraagd bij de RNI",
    }
    missing = [text for name, text in asked.items() if not values.get(name)]
    return _no(bool(missing), "checklist_onvolledig", f"Nog niet in orde: {'; '.join(missing)}.")


def heard_or_waived(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The hearing was held, or there is a reason to do without (Awb 7:2, 7:3)."""
    return _no(
        not values.get("gehoord") and not values.get("redenNietGehoord"),
        "niet_gehoord",
        "De belanghebbende is niet gehoord. Houd de hoorzitting, of leg vast waarom horen achterwege blijft (Awb 7:3).",
        "redenNietGehoord",
    )


# --- values that are impossible for this case: faults of the field, not of the case


def staff_member(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The handler is a user with that role in this municipality."""
    chosen = values.get("behandelaar", desk.actor.naam)
    itself = chosen == desk.actor.naam and desk.actor.has(Role.BEHANDELAAR, file.case.gemeentecode)
    return _no(
        not itself and chosen not in desk.staff(file.case.gemeentecode),
        "geen_behandelaar",
        f"'{chosen}' is geen behandelaar van deze gemeente. Kies een van: "
        f"{', '.join(sorted(desk.staff(file.case.gemeentecode))) or '(er is nog geen behandelaar)'}.",
        "behandelaar",
    )


def explained_when_other(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The reason 'anders' needs words."""
    return _no(
        values.get("reden") == "anders" and not values.get("toelichting"),
        "verplicht_leeg",
        "Kies een reden, of licht 'anders' toe.",
        "toelichting",
    )


def registered_before_receipt(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Resident before the signal was received: a stale signal."""
    return _no(
        values["datum"] >= file.case.datum_ontvangst,
        "datum_niet_voor_ontvangst",
        f"De inschrijving moet voor de ontvangst van het signaal ({file.case.datum_ontvangst:%d-%m-%Y}) liggen. "
        "Was zij later in een andere gemeente, kies dan 'stel_vast_elders_ingeschreven'.",
        "datum",
    )


def registered_since_receipt(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Registered elsewhere on or after receipt."""
    return _no(
        values["datum"] < file.case.datum_ontvangst,
        "datum_voor_ontvangst",
        f"De inschrijving moet op of na de ontvangst van het signaal ({file.case.datum_ontvangst:%d-%m-%Y}) liggen. "
        "Was zij eerder, kies dan 'stel_vast_reeds_ingezetene'.",
        "datum",
    )


def posted_in_time(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Nothing is posted before the signal was received, nor a besluit before its voornemen."""
    posted = values.get("verzenddatum", desk.today)
    earliest = max(file.case.datum_ontvangst, file.case.datum_voornemen or file.case.datum_ontvangst)
    return _no(
        posted < earliest,
        "verzenddatum_te_vroeg",
        f"De verzenddatum kan niet voor {earliest:%d-%m-%Y} liggen.",
        "verzenddatum",
    )


def another_address(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The new address can be found (a postcode, or a street with a place) and is not the one that stood there."""
    if values.get("postcode") and not mended_postcode(values["postcode"]):
        return Reason("postcode_ongeldig", "Geef een postcode als 1234 AB.", "postcode")
    for name, longest in LONGEST.items():
        if len(values.get(name, "")) > longest:
            return Reason("te_lang", f"Gebruik hier ten hoogste {longest} teken(s).", name)
    if not values.get("postcode") and not (values.get("straatnaam") and values.get("woonplaats")):
        return Reason("adres_onvolledig", "Geef een postcode, of een straatnaam met een woonplaats.", "postcode")
    same = chosen_address(values)["adressleutel"] == file.case.adressleutel
    return _no(same, "adres_gelijk", "Dit is het adres dat er al stond.", "huisnummer")


def another_municipality(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A municipality in force today, not the own and not the RNI."""
    code = values["gemeentecode"]
    known = Municipalities.load(file.session)
    faulty = code in (file.case.gemeentecode, RNI) or not known.in_force(code, desk.today)
    return _no(
        faulty,
        "gemeentecode_ongeldig",
        f"Gemeentecode {code} kan hier niet: geef de code van een andere, bestaande gemeente (niet 1999).",
        "gemeentecode",
    )


def later_than_now(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """An extension moves the end forward."""
    term = file.running(Term.ZIENSWIJZE if file.case.fase == Phase.VOORNEMEN else Term.AANSCHRIJVING)
    return _no(
        term is not None and values["einde"] <= term.einde,
        "einde_niet_later",
        f"Het nieuwe einde moet na het huidige liggen ({term.einde:%d-%m-%Y})." if term else "",
        "einde",
    )


def letter_is_known(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The letter that came back is one of this case, and a voornemen or besluit was made known otherwise."""
    letter = file.letter(values["brief"])
    if letter is None:
        out = ", ".join(f"{one.nummer} ({one.soort})" for one in file.letters if one.retour_op is None)
        return Reason("brief_onbekend", f"Kies een brief die nog niet retour kwam: {out}.", "brief")
    if values["datum"] < letter.verzenddatum:
        uitleg = f"De brief is pas op {letter.verzenddatum:%d-%m-%Y} verstuurd; hij kan niet eerder terugkomen."
        return Reason("datum_voor_verzending", uitleg, "datum")
    formal = letter.soort in (LetterKind.VOORNEMEN, LetterKind.BESLUIT)
    return _no(
        formal and not values.get("andereBekendmaking"),
        "bekendmaking_ontbreekt",
        f"Een {letter.soort} dat terugkomt moet op een andere manier worden bekendgemaakt. Leg vast hoe.",
        "andereBekendmaking",
    )


def continues_only_when_upheld(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The investigation goes on only after a bezwaar that was (partly) upheld."""
    return _no(
        bool(values.get("onderzoekVoortzetten")) and values["uitkomst"] not in ("gegrond", "deels_gegrond"),
        "voortzetten_niet_mogelijk",
        "Het onderzoek gaat alleen verder als het bezwaar (deels) gegrond is.",
        "onderzoekVoortzetten",
    )
