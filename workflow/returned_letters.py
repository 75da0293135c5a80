"""What the return of a letter means: for whether it counts, for its term, and for what must be done next."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from workflow import case_terms
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.models import CaseTask, Letter, LetterKind, TermStatus
from workflow.phases import Phase

FORMAL = (LetterKind.VOORNEMEN, LetterKind.BESLUIT)
"""The kinds that must be made known: when they come back, in another suitable way (Awb 3:41 lid 2)."""

_NOT_COUNTED = "Die telt niet als verstuurd. Onderzoek het adres, en verstuur daarna een nieuwe."
_NOT_KNOWN = (
    "Hij is dus niet bekendgemaakt, en zijn termijn loopt niet. Maak hem op een andere manier bekend, en leg dat vast "
    "met 'Registreer een retourbrief'."
)
_HEARD_TOO_LATE = (
    "De betrokkene kon dus niet reageren voor het besluit. Leg dit voor aan de beslisser: die kan het besluit "
    "intrekken."
)


def register(file: CaseFile, desk: Desk, letter: Letter, values: Mapping[str, Any]) -> None:
    """The letter came back, or came back before and was now made known in another way."""
    first = letter.retour_op is None
    letter.retour_op = letter.retour_op or values["datum"]
    if letter.soort == LetterKind.AANSCHRIJVING and file.counting_aanschrijving is None:
        case_terms.stop(file, desk, Term.AANSCHRIJVING, TermStatus.VERVALLEN)
        _ask(file, desk, letter, _NOT_COUNTED)
    if letter.soort not in FORMAL:
        return
    known: date | None = None
    if "andereBekendmaking" in values:
        known = letter.bekendgemaakt_op = values.get("datumBekendmaking", desk.today)
        letter.andere_bekendmaking = values["andereBekendmaking"]
        if letter.soort != LetterKind.VOORNEMEN or file.case.fase == Phase.VOORNEMEN:  # else the besluit stays unheard
            _asked_no_more(file, desk, letter)
    if letter.vervallen_op is None and letter.stap != "beslis_op_bezwaar":
        _count_anew(file, desk, letter, first, known)


def _count_anew(file: CaseFile, desk: Desk, letter: Letter, first: bool, known: date | None) -> None:
    """The term stops, and counts from the day on which it was made known after all (Awb 6:8)."""
    voornemen = letter.soort == LetterKind.VOORNEMEN
    term = Term.ZIENSWIJZE if voornemen else Term.BEZWAAR
    decided = voornemen and file.case.fase != Phase.VOORNEMEN
    if first:
        case_terms.stop_begun(file, term, letter.verzenddatum, TermStatus.VERVALLEN, desk.today)
    if decided and first:
        _ask(file, desk, letter, _HEARD_TOO_LATE)
    elif known is None:
        _ask(file, desk, letter, _NOT_KNOWN)
    elif not decided:
        case_terms.start(file, desk, term, known)
        if voornemen:  # the day on which it was told in writing (Wet BRP 2.19 lid 4)
            file.case.datum_voornemen = known


def _key(letter: Letter) -> str:
    return f"brief_retour:{letter.nummer}"


def _ask(file: CaseFile, desk: Desk, letter: Letter, what: str) -> None:
    """Once per letter."""
    if all(task.sleutel != _key(letter) for task in file.tasks):
        uitleg = f"Brief {letter.nummer} ({letter.soort.value}) kwam retour. {what}"
        file.session.add(CaseTask(**file.own(desk), soort="brief_retour", sleutel=_key(letter), uitleg=uitleg))


def _asked_no_more(file: CaseFile, desk: Desk, letter: Letter) -> None:
    for task in file.tasks:
        if task.sleutel == _key(letter) and task.afgehandeld_op is None:
            task.afgehandeld_op, task.afgehandeld_door = desk.today, desk.actor.naam
