"""One question per guard: a guard answers with the reason it says no, or None.

A guard looks at the case alone and so is asked for the page too; what was filled in is judged by checks.py.
"""

from collections.abc import Callable

from signals.errors import Reason
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.doubles import other_open_case
from workflow.models import LetterKind
from workflow.phases import Outcome, Phase

Guard = Callable[[CaseFile, Desk], Reason | None]


def no(condition: bool, code: str, uitleg: str, veld: str | None = None) -> Reason | None:
    """The reason, when the condition holds against the step."""
    return Reason(code, uitleg, veld) if condition else None


def is_assigned(file: CaseFile, desk: Desk) -> Reason | None:
    """Somebody handles the case; he is the contact person in every letter."""
    return no(
        file.case.behandelaar is None,
        "niet_toegewezen",
        "De zaak heeft nog geen behandelaar, en dus geen contactpersoon. Wijs de zaak eerst toe.",
    )


def nothing_investigated(file: CaseFile, desk: Desk) -> Reason | None:
    """No investigation act has been done yet."""
    return no(
        file.investigated,
        "al_onderzocht",
        "Er is al onderzoek gedaan. Sluit de zaak met het resultaat van dat onderzoek.",
    )


def something_investigated(file: CaseFile, desk: Desk) -> Reason | None:
    """At least one investigation act."""
    return no(
        not file.investigated,
        "geen_onderzoek",
        "Er is nog niets onderzocht. Leg eerst een bron, een contact, een huisbezoek of een brief vast.",
    )


def brp_consulted_today(file: CaseFile, desk: Desk) -> Reason | None:
    """The BRP was looked at on the day itself."""
    return no(
        not file.consulted_brp(desk.today),
        "brp_niet_geraadpleegd",
        "De BRP is vandaag nog niet geraadpleegd. Leg de raadpleging vast als bron 'brp' met de datum van vandaag.",
    )


def not_started(file: CaseFile, desk: Desk) -> Reason | None:
    """The investigation was not started before."""
    return no(file.case.start_onderzoek is not None, "al_gestart", "Het onderzoek is al gestart.")


def has_letter_out(file: CaseFile, desk: Desk) -> Reason | None:
    """A letter is on its way that may come back."""
    return no(
        not file.letters_out,
        "geen_brief_uit",
        "Er is geen brief verstuurd die nog terug kan komen.",
    )


def letter_term_runs(file: CaseFile, desk: Desk) -> Reason | None:
    """A letter term runs that can be extended."""
    term = Term.ZIENSWIJZE if file.case.fase == Phase.VOORNEMEN else Term.AANSCHRIJVING
    return no(
        file.running(term) is None,
        "geen_termijn",
        "Er loopt geen termijn uit een brief die verlengd kan worden.",
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


def voornemen_made_known(file: CaseFile, desk: Desk) -> Reason | None:
    """The voornemen did not come back, or was made known in another way."""
    letter = file.standing_letter(LetterKind.VOORNEMEN)
    returned = letter is not None and letter.retour_op is not None and not letter.andere_bekendmaking
    return no(
        letter is None or returned,
        "voornemen_niet_bekend",
        "Het voornemen kwam retour en is niet op een andere manier bekendgemaakt. Leg die vast, of trek het in.",
    )


def no_aangifte_waiting(file: CaseFile, desk: Desk) -> Reason | None:
    """No declaration waits to be assessed."""
    return no(
        file.waiting_aangifte is not None,
        "aangifte_wacht",
        "Er wacht een aangifte op beoordeling. Verwerk of weiger die eerst.",
    )


def aangifte_waiting(file: CaseFile, desk: Desk) -> Reason | None:
    """A declaration waits to be assessed."""
    return no(file.waiting_aangifte is None, "geen_aangifte", "Er wacht geen aangifte.")


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
    letter = file.besluit
    known = letter is not None and (letter.retour_op is None or bool(letter.andere_bekendmaking))
    return no(
        not known,
        "besluit_niet_bekend",
        "Het besluit is niet bekendgemaakt: het kwam retour. Leg vast hoe het anders is bekendgemaakt.",
    )


DECIDING = ("neem_besluit", "weiger_aangifte")
"""The steps against which bezwaar can be made: who took one decides on no bezwaar in that case."""


def _sent_voornemen(file: CaseFile) -> str | None:
    event = file.last_event("verstuur_voornemen")
    return event.door if event else None


def another_pair_of_eyes(file: CaseFile, desk: Desk) -> Reason | None:
    """Who takes the besluit did not send the voornemen."""
    return no(
        _sent_voornemen(file) == desk.actor.naam,
        "vier_ogen",
        "U hebt het voornemen zelf verstuurd. Een ander neemt het besluit (vier ogen).",
    )


def third_pair_of_eyes(file: CaseFile, desk: Desk) -> Reason | None:
    """Who decides a bezwaar neither sent the voornemen nor took the besluit (Awb 10:3 lid 3)."""
    deciders = {event.door for event in file.events if event.stap in DECIDING}
    return no(
        desk.actor.naam in deciders | {_sent_voornemen(file)},
        "vier_ogen",
        "U hebt het voornemen verstuurd of het besluit genomen. Een ander beslist op het bezwaar (Awb 10:3 lid 3).",
    )


def may_be_deferred(file: CaseFile, desk: Desk) -> Reason | None:
    """Once, and before the term has passed (Awb 7:10 lid 3)."""
    row = file.decision_term
    if row is None or row.lengte is not None:
        return Reason("al_verdaagd", "De beslissing is al een keer verdaagd. Nog een keer kan niet (Awb 7:10 lid 3).")
    return no(
        row.einde < desk.today,
        "termijn_voorbij",
        f"De termijn is voorbij sinds {row.einde:%d-%m-%Y}; verdagen kan niet meer. Beslis zo snel mogelijk.",
    )


def besluit_was_taken(file: CaseFile, desk: Desk) -> Reason | None:
    """A besluit stands against which bezwaar can be made."""
    return no(
        file.open_to_bezwaar is None,
        "geen_besluit",
        "Er is geen besluit waartegen bezwaar openstaat.",
    )


def no_besluit_was_taken(file: CaseFile, desk: Desk) -> Reason | None:
    """Closed without a besluit."""
    return no(
        file.besluit is not None,
        "besluit_staat",
        "De zaak is met een besluit gesloten. Heropenen kan dan alleen via bezwaar.",
    )


def not_beside_another(file: CaseFile, desk: Desk) -> Reason | None:
    """A newer signal may have opened another case of this person."""
    other = other_open_case(file.session, file.case, desk)
    return no(
        other is not None,
        "bsn_heeft_lopende_zaak",
        f"Over deze persoon loopt al zaak {other.zaaknummer if other else ''}. Ga daarin verder.",
    )


def not_with_a_receiver(file: CaseFile, desk: Desk) -> Reason | None:
    """The receiver of a hand-over works on it now."""
    gone = file.case.resultaat == Outcome.ANDERE_GEMEENTE
    last = file.events[-1]
    return no(
        gone and (last.stap == "stuur_terug" or bool(last.gegevens.get("ontvangerDoetMee"))),
        "bij_ontvanger",
        "De zaak loopt nu bij de andere gemeente. Alleen die kan haar weer overdragen of terugsturen.",
    )


def was_handed_over(file: CaseFile, desk: Desk) -> Reason | None:
    """The case came from another municipality and was not sent back before."""
    if file.case.voorganger_id is None:
        return Reason("niet_overgedragen", "Deze zaak kwam niet van een andere gemeente.")
    return no(file.case.teruggestuurd, "al_teruggestuurd", "Deze zaak is al een keer teruggestuurd.")


def withdrawn_by_uwv(file: CaseFile, desk: Desk) -> Reason | None:
    """UWV withdrew the signal and a person must say what happens."""
    return no(
        file.case.ingetrokken_door_uwv is None,
        "niet_ingetrokken",
        "UWV heeft het signaal niet ingetrokken.",
    )


def all_signals_withdrawn(file: CaseFile, desk: Desk) -> Reason | None:
    """Every signal of the case was withdrawn."""
    return no(
        not file.signals or not all(link.intrekking_telt for link in file.signals),
        "niet_ingetrokken",
        "Niet alle signalen van de zaak zijn ingetrokken.",
    )


def not_on_hold(file: CaseFile, desk: Desk) -> Reason | None:
    """The case is not on hold."""
    return no(file.case.aangehouden_sinds is not None, "al_aangehouden", "De zaak is al aangehouden.")


def on_hold(file: CaseFile, desk: Desk) -> Reason | None:
    """The case is on hold."""
    return no(file.case.aangehouden_sinds is None, "niet_aangehouden", "De zaak is niet aangehouden.")
