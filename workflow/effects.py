"""What a step changes beside the phase: one function per step that has more to do than its row in the table says."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlmodel import Session

from signals.models import Grondslag
from signals.municipalities import standing_for
from workflow import case_terms, elsewhere, letters, parcels, returned_letters, transfer
from workflow.actors import Desk
from workflow.addresses import change_address, chosen_address
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.doubles import tell_of_double
from workflow.models import Aangifte, Bezwaar, Case, CaseTask, LetterKind, TermStatus
from workflow.move import Move
from workflow.phases import OUTCOMES, Answer, Outcome, Phase
from workflow.questions import PARTS, besluit_falls
from workflow.transitions import BY_NAME


@dataclass
class Taking:
    """A step on its way: who takes it where, what was filled in, and what the event must remember besides."""

    file: CaseFile
    desk: Desk
    move: Move
    values: Mapping[str, Any]
    remember: dict[str, Any] = field(default_factory=dict)
    reopens: Case | None = None
    """The sender's case, when a case is sent back."""

    @property
    def session(self) -> Session:
        """The transaction in which all of it happens."""
        return self.file.session

    @property
    def case(self) -> Case:
        """The case that is moved."""
        return self.file.case

    @property
    def posted(self) -> date:
        """The posting date of the letter of this step: the day that counts."""
        day: date = self.values.get("verzenddatum", self.desk.today)
        return day

    def own(self) -> dict[str, Any]:
        """The columns that every dossier row has."""
        return self.file.own(self.desk)


Effect = Callable[[Taking], None]


# --- shared by several steps


def send(taking: Taking, kind: LetterKind) -> None:
    """The letter of this step, made and posted in one go."""
    letter = letters.post(taking.file, taking.desk, kind, taking.posted, taking.move.name, taking.values)
    taking.remember["brief"] = letter.nummer


def give_first_answer(taking: Taking, answer: Answer, on: date) -> None:
    """The first legal answer, if none was given before (Besluit BRP 28g; TMV: Besluit BRP 28)."""
    case = taking.case
    if case.eerste_antwoord is None:
        case.eerste_antwoord, case.datum_eerste_antwoord = answer, on
        case_terms.stop(taking.file, taking.desk, Term.TMV_REACTIE, TermStatus.GEHAALD, on)


def begin_investigation(taking: Taking, on: date) -> None:
    """The guideline clock starts and the first answer is given."""
    taking.case.start_onderzoek = on
    case_terms.start(taking.file, taking.desk, Term.RICHTLIJN_ONDERZOEK, on)
    give_first_answer(taking, Answer.ONDERZOEK_IN_DE_BRP, on)
    if "datumVerzoekRvig" not in taking.values and "redenGeenVerzoekRvig" not in taking.values:
        uitleg = (
            "De gemeente kan zelf geen aantekening op een RNI-lijst zetten (Wet BRP 2.76). Vraag de RvIG erom, en leg "
            "het verzoek met zijn datum vast bij de documenten, of waarom het niet gebeurt."
        )
        sleutel = f"rvig_verzoek:{taking.case.versie}"
        taking.session.add(CaseTask(**taking.own(), soort="rvig_verzoek", sleutel=sleutel, uitleg=uitleg))


def close(taking: Taking, outcome: Outcome) -> None:
    """The case ends with an outcome; the first answer of that outcome is given if none was."""
    case, desk = taking.case, taking.desk
    answer = OUTCOMES[outcome].answer
    if answer is not None:
        give_first_answer(taking, answer, desk.today)
    case.resultaat, case.datum_resultaat, case.afgesloten_op = outcome, desk.today, desk.today
    case_terms.close(taking.file, desk, withdrawn=outcome == Outcome.INGETROKKEN)
    case.ingetrokken_door_uwv = None
    for letter in taking.file.prepared:
        letter.afgehandeld_op, letter.afhandeling = desk.today, "vervallen"
    for aangifte in taking.file.aangiften:
        if aangifte.afgehandeld_op is None:
            aangifte.afgehandeld_op, aangifte.afhandeling = desk.today, "vervallen"
    for task in taking.file.tasks:
        if task.afgehandeld_op is None:
            task.afgehandeld_op, task.afgehandeld_door = desk.today, desk.actor.naam


def reopen(case: Case) -> None:
    """The standing outcome is suspended: the case is worked on again."""
    case.resultaat = case.datum_resultaat = case.afgesloten_op = case.ingangsdatum = case.soort_adres = None


def undo_registration(taking: Taking) -> None:
    """What stands in the BRP by an outcome that no longer stands, a person must mend there; UWV gets a correction."""
    case = taking.case
    if case.resultaat is None or OUTCOMES[case.resultaat].answer != Answer.MET_MUTATIE:
        return
    case_terms.stop(taking.file, taking.desk, Term.PL_OVERZICHT, TermStatus.VERVALLEN)
    uitleg = (
        "De inschrijving is al in de BRP verwerkt, maar berust nergens meer op. Maak haar daar ongedaan, leg bij de "
        "documenten vast wanneer, en pas het antwoord in WALAA aan. UWV krijgt met de volgende terugkoppeling een "
        "correctie."
    )
    sleutel = f"maak_inschrijving_ongedaan:{case.versie}"
    row = CaseTask(**taking.own(), soort="maak_inschrijving_ongedaan", sleutel=sleutel, uitleg=uitleg)
    taking.session.add(row)


def ask_about_withdrawal(taking: Taking) -> None:
    """Back in the investigation with every signal withdrawn: a person says what happens (Wet BRP 2.19 lid 3)."""
    withdrawn, case = taking.file.withdrawn_on(), taking.case
    if withdrawn is None or case.grondslag == Grondslag.EIGEN_INITIATIEF:
        return
    case.ingetrokken_door_uwv = withdrawn
    uitleg = "UWV trok het signaal in. Kies: sluit als ingetrokken, of zet het onderzoek voort op eigen initiatief."
    sleutel = f"uwv_trekt_in:{case.versie}"
    taking.session.add(CaseTask(**taking.own(), soort="uwv_trekt_in", sleutel=sleutel, uitleg=uitleg))


def decide_on_withdrawal(taking: Taking) -> None:
    """From now on UWV is told that its withdrawal was taken in, whatever the municipality does next."""
    for link in taking.file.signals:
        link.intrekking_telt = True
    taking.case.ingetrokken_door_uwv = None


def lapse_voornemen(taking: Taking) -> None:
    """The voornemen no longer stands; another needs another letter."""
    _lapse_letters(taking, LetterKind.VOORNEMEN)
    taking.case.datum_voornemen = None
    for term in (Term.ZIENSWIJZE, Term.AFRONDING):
        case_terms.stop(taking.file, taking.desk, term, TermStatus.VERVALLEN)


def back_to_inlichtingen(taking: Taking) -> None:
    """The voornemen lapses and the investigation goes on."""
    lapse_voornemen(taking)
    enter_inlichtingen(taking)


def lapse_besluit(taking: Taking) -> None:
    """The besluit to register no longer stands, nor the voornemen under it; a refused declaration stands by itself."""
    besluit = taking.file.besluit
    if besluit is not None:
        besluit.vervallen_op, today = taking.desk.today, taking.desk.today
        began = taking.file.known_on(besluit)
        case_terms.stop_begun(taking.file, Term.BEZWAAR, began, TermStatus.VERVALLEN, today)
    back_to_inlichtingen(taking)
    ask_about_withdrawal(taking)


def _lapse_letters(taking: Taking, kind: LetterKind) -> None:
    for letter in taking.file.letters:
        if letter.soort == kind and letter.vervallen_op is None:
            letter.vervallen_op = taking.desk.today


def enter_inlichtingen(taking: Taking) -> None:
    """The guideline of four weeks for inlichtingen and huisbezoek starts with whichever comes first."""
    if taking.file.running(Term.INLICHTINGEN_HUISBEZOEK) is None:
        case_terms.start(taking.file, taking.desk, Term.INLICHTINGEN_HUISBEZOEK, taking.desk.today)


# --- one per step, under its name


def wijs_toe(taking: Taking) -> None:
    """Handler and contact person."""
    taking.case.behandelaar = taking.values.get("behandelaar", taking.desk.actor.naam)
    taking.remember["behandelaar"] = taking.case.behandelaar


def start_onderzoek(taking: Taking) -> None:
    """Started by a step of its own."""
    begin_investigation(taking, taking.desk.today)


def ga_op_huisbezoek(taking: Taking) -> None:
    """A visit beforehand, inside the four weeks, starts no guideline (Circulaire 4.1)."""
    if taking.case.start_onderzoek is not None:
        enter_inlichtingen(taking)


def wijzig_adres(taking: Taking) -> None:
    """Another current address; the person moves to another address group and a voornemen lapses."""
    file, values = taking.file, taking.values
    taking.session.add(change_address(taking.case, chosen_address(values), values["bron"], taking.desk.today))
    _lapse_letters(taking, LetterKind.AANSCHRIJVING)
    case_terms.stop(file, taking.desk, Term.AANSCHRIJVING, TermStatus.VERVALLEN)
    if taking.case.fase == Phase.VOORNEMEN:
        back_to_inlichtingen(taking)


def registreer_retour(taking: Taking) -> None:
    """A letter came back: what that means for its term stands in returned_letters.py."""
    letter = taking.file.letter(taking.values["brief"])
    assert letter is not None
    returned_letters.register(taking.file, taking.desk, letter, taking.values)


def verleng_termijn(taking: Taking) -> None:
    """The only way a letter term moves."""
    term = Term.ZIENSWIJZE if taking.case.fase == Phase.VOORNEMEN else Term.AANSCHRIJVING
    case_terms.extend(taking.file, taking.desk, term, taking.values["einde"], taking.values["reden"])


def verstuur_voornemen(taking: Taking) -> None:
    """The posting date becomes the date of registration (Wet BRP 2.19 lid 4)."""
    taking.case.datum_voornemen = taking.posted
    for term in (Term.AANSCHRIJVING, Term.INLICHTINGEN_HUISBEZOEK):
        case_terms.stop(taking.file, taking.desk, term, TermStatus.GEHAALD)
    case_terms.start(taking.file, taking.desk, Term.AFRONDING, taking.posted)


def neem_besluit(taking: Taking) -> None:
    """Where the person will be registered."""
    taking.case.soort_adres = taking.values.get("soort", "woonadres")
    case_terms.stop(taking.file, taking.desk, Term.ZIENSWIJZE, TermStatus.GEHAALD)


def trek_besluit_in(taking: Taking) -> None:
    """Back to the investigation."""
    taking.case.soort_adres = None
    lapse_besluit(taking)


def registreer_aangifte(taking: Taking) -> None:
    """A declaration waits to be assessed."""
    values = taking.values
    taking.session.add(Aangifte(**taking.own(), datum=values["datum"], soort=values["soort"]))


def weiger_aangifte(taking: Taking) -> None:
    """A besluit of its own."""
    aangifte = taking.file.waiting_aangifte
    assert aangifte is not None
    aangifte.afgehandeld_op, aangifte.afhandeling = taking.desk.today, "geweigerd"


def verwerk_in_brp(taking: Taking) -> None:
    """Registered: by the besluit from the day of the voornemen, or by the declaration from its receipt."""
    case, aangifte = taking.case, taking.file.waiting_aangifte
    if case.fase == Phase.BESLUIT:
        outcome = Outcome.BRIEFADRES if case.soort_adres == "briefadres" else Outcome.AMBTSHALVE_INGESCHREVEN
        effective = case.datum_voornemen
    else:
        assert aangifte is not None
        outcome = Outcome.BRIEFADRES if aangifte.soort == "briefadres" else Outcome.AANGIFTE_GEDAAN
        effective = aangifte.datum
        aangifte.afgehandeld_op, aangifte.afhandeling = taking.desk.today, "verwerkt"
        case.soort_adres = aangifte.soort
    close(taking, outcome)
    elsewhere.ask_to_consult(taking.file, taking.desk)
    case.ingangsdatum = effective
    taking.remember["ingangsdatum"] = effective


def draag_over(taking: Taking) -> None:
    """The receiver works on it, when it takes part; otherwise it gets the file that the page offers."""
    parts = _parts(taking, taking.values["gemeentecode"])
    received = transfer.hand_over(taking.file, taking.desk, taking.values, parts)
    taking.remember["ontvangerDoetMee"] = received is not None
    close(taking, Outcome.ANDERE_GEMEENTE)


def _parts(taking: Taking, to: str) -> list[parcels.Part]:
    """What goes along, written down by name: it is a disclosure (Wet BRP 3.11)."""
    parts = parcels.along(taking.file, taking.desk, taking.values.get(PARTS.naam), to)
    taking.remember[PARTS.naam] = [part.told for part in parts]
    return parts


def stuur_terug(taking: Taking) -> None:
    """Back to the sender, once."""
    sender = transfer.sender_of(taking.file)
    parts = _parts(taking, standing_for(taking.session, sender.gemeentecode, taking.desk.today))
    taking.reopens = transfer.give_back(taking.file, taking.desk, taking.values["reden"], parts)
    close(taking, Outcome.ANDERE_GEMEENTE)


def sluit_zonder_mutatie(taking: Taking) -> None:
    """Closed; the person hears of it when he was written to."""
    if taking.file.wrote_to_person:
        send(taking, LetterKind.AFSLUITING)
    close(taking, Outcome(taking.values["resultaat"]))


def registreer_bezwaar(taking: Taking) -> None:
    """Lateness is written down, and decided by a person."""
    case, values = taking.case, taking.values
    running = (one.einde for one in taking.file.terms if one.term == Term.BEZWAAR and one.beeindigd_op is None)
    ended = max(running, default=values["datum"])  # none runs before the besluit is made known (Awb 6:8, 6:10)
    late = values["datum"] > ended
    taking.session.add(
        Bezwaar(**taking.own(), datum=values["datum"], ontvangen_via=values["ontvangenVia"], te_laat=late)
    )
    taking.remember["teLaat"] = late
    case.fase_voor_bezwaar = case.fase
    with_committee = values.get("commissie", False)
    term = Term.BESLISSING_OP_BEZWAAR_COMMISSIE if with_committee else Term.BESLISSING_OP_BEZWAAR
    case_terms.start(taking.file, taking.desk, term, ended)


def verdaag_beslissing(taking: Taking) -> None:
    """Six weeks more, once (Awb 7:10 lid 3)."""
    case_terms.defer(taking.file, taking.desk, taking.values["reden"])


def beslis_op_bezwaar(taking: Taking) -> None:
    """Back to where it stood, or the besluit falls and the investigation goes on."""
    bezwaar, values = taking.file.open_bezwaar, taking.values
    assert bezwaar is not None
    bezwaar.uitkomst, bezwaar.beslist_op = values["uitkomst"], taking.desk.today
    if bezwaar.uitkomst != "ingetrokken":
        bezwaar.gehoord = "gehoord" if values.get("gehoord") else "afgezien"
    for term in (Term.BESLISSING_OP_BEZWAAR, Term.BESLISSING_OP_BEZWAAR_COMMISSIE):
        case_terms.stop(taking.file, taking.desk, term, TermStatus.GEHAALD)
    taking.case.fase_voor_bezwaar = None
    if besluit_falls(values):
        taking.remember["onderzoekVoortzetten"] = True
        _restore_refused_aangifte(taking)
        undo_registration(taking)
        reopen(taking.case)
        lapse_besluit(taking)
        tell_of_double(taking.session, taking.case, taking.desk)
    if bezwaar.uitkomst != "ingetrokken":
        send(taking, LetterKind.BESLUIT)


def _restore_refused_aangifte(taking: Taking) -> None:
    """Against a refusal of a declaration the person was right: the declaration waits again to be assessed."""
    refusal = taking.file.open_to_bezwaar
    if refusal is None or refusal.stap != "weiger_aangifte":
        return
    refusal.vervallen_op = taking.desk.today
    began, today = taking.file.known_on(refusal), taking.desk.today
    case_terms.stop_begun(taking.file, Term.BEZWAAR, began, TermStatus.VERVALLEN, today)
    aangifte = next(one for one in reversed(taking.file.aangiften) if one.afhandeling == "geweigerd")
    aangifte.afgehandeld_op = aangifte.afhandeling = None


def heropen(taking: Taking) -> None:
    """The investigation is taken up again: from the start, so a voornemen lapses and the guideline counts anew."""
    undo_registration(taking)
    reopen(taking.case)
    lapse_voornemen(taking)
    taking.case.start_onderzoek = None
    ask_about_withdrawal(taking)


def zet_voort(taking: Taking) -> None:
    """The college goes on of its own duty; the clocks of the withdrawn signal lapse (Wet BRP 2.19 lid 3)."""
    taking.case.grondslag = Grondslag.EIGEN_INITIATIEF
    decide_on_withdrawal(taking)
    for term in (Term.LAA_EERSTE_ANTWOORD, Term.LAA_RESULTAAT):
        case_terms.stop(taking.file, taking.desk, term, TermStatus.VERVALLEN)


def sluit_als_ingetrokken(taking: Taking) -> None:
    """A person closes what UWV withdrew."""
    decide_on_withdrawal(taking)
    close(taking, Outcome.INGETROKKEN)


def houd_aan(taking: Taking) -> None:
    """On hold since today."""
    case_terms.hold(taking.file, taking.desk, taking.values["reden"])


def hervat(taking: Taking) -> None:
    """Three terms move by the days held; every other ran on."""
    case_terms.end_hold(taking.file, taking.desk)


def _closes_with_its_one_outcome(move: Move) -> Effect:
    (outcome,) = move.outcomes
    return lambda taking: close(taking, outcome)


EFFECTS: Mapping[str, Effect] = (
    {name: _closes_with_its_one_outcome(move) for name, move in BY_NAME.items() if len(move.outcomes) == 1}
    | {
        effect.__name__: effect
        for effect in (
            wijs_toe,
            start_onderzoek,
            ga_op_huisbezoek,
            wijzig_adres,
            registreer_retour,
            verleng_termijn,
            verstuur_voornemen,
            neem_besluit,
            trek_besluit_in,
            registreer_aangifte,
            weiger_aangifte,
            verwerk_in_brp,
            draag_over,
            stuur_terug,
            sluit_zonder_mutatie,
            registreer_bezwaar,
            verdaag_beslissing,
            beslis_op_bezwaar,
            heropen,
            sluit_als_ingetrokken,
            zet_voort,
            houd_aan,
            hervat,
        )
    }
    | {
        "win_inlichtingen_in": enter_inlichtingen,
        "geef_terug": back_to_inlichtingen,
        "trek_voornemen_in": back_to_inlichtingen,
    }
)
