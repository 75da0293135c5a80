"""Conditions that look at what was filled in beside the case: the rest of what a step needs."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from signals.address import mended_postcode
from signals.errors import Reason
from signals.municipalities import RNI, Municipalities, standing_for
from workflow import parcels
from workflow.actors import Desk
from workflow.addresses import TYPED, chosen_address
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.guards import no
from workflow.phases import Outcome, Phase, Role
from workflow.questions import UPHELD
from workflow.returned_letters import FORMAL
from workflow.visit_policy import progress

WITHDRAWN = "ingetrokken"
"""What becomes of a bezwaar that its maker takes back."""
Check = Callable[[CaseFile, Desk, Mapping[str, Any]], Reason | None]

NOT_LAWFUL = re.compile(r"\s*(nee|geen|niet)\b", re.IGNORECASE)


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
    return no(
        len(kinds) < 2 and not values.get("uitzonderingBronnen"),
        "te_weinig_bronnen",
        "Nodig zijn minstens twee bronnen van verschillende soort; er "
        + (f"is er een ({kinds[0]})." if kinds else "is er geen.")
        + " Leg een bron vast of motiveer de uitzondering.",
        "uitzonderingBronnen",
    )


def stay_is_lawful(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Lawful stay was checked and found (Wet BRP 2.19 lid 1)."""
    return no(
        bool(NOT_LAWFUL.match(values["rechtmatigVerblijf"])),
        "geen_rechtmatig_verblijf",
        "Zonder rechtmatig verblijf kan niemand als ingezetene worden ingeschreven (Wet BRP 2.19 lid 1).",
        "rechtmatigVerblijf",
    )


def posted_after_zienswijze(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A besluit that was posted while the person could still react was posted too early (Awb 4:8)."""
    voornemen = file.last_event("verstuur_voornemen")
    zienswijze = file.last_event("leg_zienswijze_vast")
    heard = voornemen and zienswijze and zienswijze.volgnummer > voornemen.volgnummer
    term = file.running(Term.ZIENSWIJZE)
    too_early = not heard and term is not None and values.get("verzenddatum", desk.today) <= term.einde
    return no(
        too_early,
        "zienswijzetermijn_loopt",
        f"Op de verzenddatum liep de termijn voor een zienswijze nog (tot en met {term.einde:%d-%m-%Y})."
        if term
        else "",
        "verzenddatum",
    )


def may_assign(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A behandelaar takes a case himself; a teamleider gives it to anyone with that role there."""
    chosen = values.get("behandelaar", desk.actor.naam)
    if desk.actor.has(Role.TEAMLEIDER, file.case.gemeentecode):
        return None
    return no(
        chosen != desk.actor.naam,
        "alleen_zichzelf",
        "Een behandelaar wijst een zaak alleen aan zichzelf toe. Vraag de teamleider.",
        "behandelaar",
    )


def visits_suffice(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """`onbekend_op_adres` rests on visits on different days, one outside office hours; or a motivated exception."""
    if values.get("resultaat") != Outcome.ONBEKEND_OP_ADRES or values.get("uitzonderingBezoeken"):
        return None
    so_far = progress(file, desk)
    return no(
        not so_far.met,
        "te_weinig_bezoeken",
        f"Voor 'onbekend_op_adres' zijn {so_far.needed} bezoeken op verschillende dagen nodig, waarvan "
        f"{so_far.needed_outside} na 17.00 uur of in het weekend; er zijn er {len(so_far.days)}, waarvan "
        f"{len(so_far.outside)} buiten kantooruren. Motiveer anders de uitzondering.",
        "uitzonderingBezoeken",
    )


def briefadres_is_allowed(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A briefadres only without a woonadres and with consent of the briefadresgever (Wet BRP 2.23)."""
    if values.get("soort") != "briefadres":
        return None
    return no(
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
    return no(bool(missing), "checklist_onvolledig", f"Nog niet in orde: {'; '.join(missing)}.")


def heard_or_waived(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The hearing was held, or there is a reason to do without (Awb 7:2, 7:3)."""
    return no(
        values["uitkomst"] != WITHDRAWN and not values.get("gehoord") and not values.get("redenNietGehoord"),
        "niet_gehoord",
        "De belanghebbende is niet gehoord. Houd de hoorzitting, of leg vast waarom horen achterwege blijft (Awb 7:3).",
        "redenNietGehoord",
    )


# --- values that are impossible for this case: faults of the field, not of the case


def staff_member(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The handler is a user with that role in this municipality."""
    chosen = values.get("behandelaar", desk.actor.naam)
    itself = chosen == desk.actor.naam and desk.actor.has(Role.BEHANDELAAR, file.case.gemeentecode)
    return no(
        not itself and chosen not in desk.staff(file.case.gemeentecode),
        "geen_behandelaar",
        "Deze gebruiker is geen behandelaar van deze gemeente. Kies een van: "
        f"{', '.join(sorted(desk.staff(file.case.gemeentecode))) or '(er is nog geen behandelaar)'}.",
        "behandelaar",
    )


def explained_when_other(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The reason 'anders' needs words."""
    return no(
        values.get("reden") == "anders" and not values.get("toelichting"),
        "verplicht_leeg",
        "Kies een reden, of licht 'anders' toe.",
        "toelichting",
    )


def registered_before_receipt(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Resident before the signal was received: a stale signal."""
    return no(
        values["datum"] >= file.case.datum_ontvangst,
        "datum_niet_voor_ontvangst",
        f"De inschrijving moet voor de ontvangst van het signaal ({file.case.datum_ontvangst:%d-%m-%Y}) liggen. "
        "Was zij later in een andere gemeente, kies dan 'stel_vast_elders_ingeschreven'.",
        "datum",
    )


def registered_since_receipt(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Registered elsewhere on or after receipt."""
    return no(
        values["datum"] < file.case.datum_ontvangst,
        "datum_voor_ontvangst",
        f"De inschrijving moet op of na de ontvangst van het signaal ({file.case.datum_ontvangst:%d-%m-%Y}) liggen. "
        "Was zij eerder, kies dan 'stel_vast_reeds_ingezetene'.",
        "datum",
    )


def posted_in_time(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Nothing is posted before what it answers: the signal, the voornemen, or a bezwaar and the besluit it is about."""
    posted = values.get("verzenddatum", desk.today)
    before = [file.case.datum_ontvangst, file.case.datum_voornemen]
    if file.open_bezwaar:
        before.append(file.open_bezwaar.datum)
    if file.open_bezwaar and file.open_to_bezwaar:
        before.append(file.open_to_bezwaar.verzenddatum)
    earliest = max(filter(None, before))
    return no(
        posted < earliest,
        "verzenddatum_te_vroeg",
        f"De verzenddatum kan niet voor {earliest:%d-%m-%Y} liggen.",
        "verzenddatum",
    )


def bezwaar_after_receipt(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A bezwaar may come before its besluit (Awb 6:10), but not before there was a signal."""
    return no(
        values["datum"] < file.case.datum_ontvangst,
        "datum_voor_ontvangst",
        f"Een bezwaar kan niet voor de ontvangst van het signaal ({file.case.datum_ontvangst:%d-%m-%Y}) komen.",
        "datum",
    )


def address_there(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """An address in the other municipality is left out, or can be found."""
    if not any(name in values for name in (*TYPED, "huisnummer")):
        return None
    if "huisnummer" not in values:
        uitleg = "Geef bij het adres daar ook een huisnummer, of laat het hele adres weg."
        return Reason("adres_onvolledig", uitleg, "huisnummer")
    return _findable(values)


def another_address(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The new address can be found (a postcode, or a street with a place) and is not the one that stood there."""
    if fault := _findable(values):
        return fault
    same = chosen_address(values)["adressleutel"] == file.case.adressleutel
    return no(same, "adres_gelijk", "Dit is het adres dat er al stond.", "huisnummer")


def _findable(values: Mapping[str, Any]) -> Reason | None:
    if values.get("postcode") and not mended_postcode(values["postcode"]):
        return Reason("postcode_ongeldig", "Geef een postcode als 1234 AB.", "postcode")
    if not values.get("postcode") and not (values.get("straatnaam") and values.get("woonplaats")):
        return Reason("adres_onvolledig", "Geef een postcode, of een straatnaam met een woonplaats.", "postcode")
    return None


def another_municipality(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A municipality in force today, not the own and not the RNI."""
    code = values["gemeentecode"]
    known = Municipalities.load(file.session)
    own = standing_for(file.session, file.case.gemeentecode, desk.today)
    faulty = code in (own, RNI) or not known.in_force(code, desk.today)
    return no(
        faulty,
        "gemeentecode_ongeldig",
        f"Gemeentecode {code} kan hier niet: geef de code van een andere, bestaande gemeente (niet 1999).",
        "gemeentecode",
    )


def offered_parts(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Only what may go to another municipality, and is in this dossier."""
    known = {part.sleutel for part in parcels.offered(file, desk.now.tzinfo)}
    unknown = [key for key in values.get("stukken", ()) if key not in known | {parcels.NONE}]
    return no(
        bool(unknown),
        "stuk_onbekend",
        f"Dit kan niet mee, of is er niet: {', '.join(unknown)}. Kies uit: {', '.join(sorted(known)) or 'geen'}.",
        "stukken",
    )


def later_than_its_end(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """An extension moves the end forward, and gives the person days that still come."""
    term = file.running(Term.ZIENSWIJZE if file.case.fase == Phase.VOORNEMEN else Term.AANSCHRIJVING)
    latest = max(term.einde, desk.today) if term else desk.today
    return no(
        values["einde"] <= latest,
        "einde_niet_later",
        f"Het nieuwe einde moet na {latest:%d-%m-%Y} liggen.",
        "einde",
    )


def letter_is_known(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The letter that came back is one of this case that may still come back, or still has to be made known."""
    letter = file.letter(values["brief"])
    if letter is None:
        out = ", ".join(f"{one.nummer} ({one.soort})" for one in file.letters_out)
        return Reason("brief_onbekend", f"Kies een brief die nog niet retour kwam: {out}.", "brief")
    return no(
        values["datum"] < letter.verzenddatum,
        "datum_voor_verzending",
        f"De brief is pas op {letter.verzenddatum:%d-%m-%Y} verstuurd; hij kan niet eerder terugkomen.",
        "datum",
    )


def made_known_in_time(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Only a voornemen or besluit is made known in another way, and not before it came back."""
    letter, how, day = file.letter(values["brief"]), values.get("andereBekendmaking"), values.get("datumBekendmaking")
    if letter is None or (how is None and day is None):
        return None
    if letter.soort not in FORMAL:
        uitleg = "Alleen een voornemen of besluit wordt anders bekendgemaakt. Laat dit leeg."
        return Reason("geen_bekendmaking", uitleg, "andereBekendmaking")
    if how is None:
        return Reason("verplicht_leeg", "Vul ook in hoe de brief anders is bekendgemaakt.", "andereBekendmaking")
    back = letter.retour_op or values["datum"]
    return no(
        (day or desk.today) < back,
        "datum_voor_retour",
        f"De brief kwam op {back:%d-%m-%Y} terug; hij kan niet eerder anders zijn bekendgemaakt.",
        "datumBekendmaking",
    )


def continues_only_when_upheld(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """The investigation goes on only after a bezwaar that was (partly) upheld."""
    return no(
        bool(values.get("onderzoekVoortzetten")) and values["uitkomst"] not in UPHELD,
        "voortzetten_niet_mogelijk",
        "Het onderzoek gaat alleen verder als het bezwaar (deels) gegrond is.",
        "onderzoekVoortzetten",
    )


def motivated_unless_withdrawn(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """On a bezwaar that was withdrawn nothing is decided (Awb 6:21); every decision is motivated (Awb 7:12)."""
    return no(
        values["uitkomst"] != WITHDRAWN and not values.get("motivering"),
        "verplicht_leeg",
        "Vul in: Motivering.",
        "motivering",
    )


def zienswijze_on_this_voornemen(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A zienswijze answers the voornemen that stands."""
    sent = file.case.datum_voornemen
    return no(
        sent is not None and values["datum"] < sent,
        "datum_voor_voornemen",
        f"Het voornemen is op {sent:%d-%m-%Y} verstuurd; een zienswijze daarop kan niet eerder komen." if sent else "",
        "datum",
    )


def declared_since_receipt(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A declaration from before the signal makes the person a resident before it: another outcome."""
    received = file.case.datum_ontvangst
    return no(
        values["datum"] < received,
        "datum_voor_ontvangst",
        f"Het signaal is op {received:%d-%m-%Y} ontvangen. Een eerdere aangifte betekent dat de persoon al ingezetene "
        "was: kies dan 'stel_vast_reeds_ingezetene'.",
        "datum",
    )


def a_municipality(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """A municipality that exists today, the own one included; not the RNI."""
    code = values.get("gemeentecode")
    known = Municipalities.load(file.session)
    return no(
        code is not None and (code == RNI or not known.in_force(code, desk.today)),
        "gemeentecode_ongeldig",
        f"Gemeentecode {code} bestaat niet (meer). Geef de code van de gemeente van inschrijving.",
        "gemeentecode",
    )


def died_after_birth(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Reason | None:
    """Nobody dies before his birth; unknown parts of the birth date count as the earliest day."""
    return no(
        f"{values['datum']:%Y%m%d}" < file.case.geboortedatum,
        "datum_voor_geboorte",
        "De datum van overlijden ligt voor de geboortedatum.",
        "datum",
    )
