"""The conditions for a voornemen, told before somebody tries the step: met, still missing, or asked in the step."""

from collections.abc import Mapping
from dataclasses import dataclass

from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.checks import aanschrijving_term_has_passed, two_kinds_of_source
from workflow.fields import Field
from workflow.questions import CONDITIONS, POSTED

MOTIVATED = "U motiveert hieronder een uitzondering."
_EXCEPTIONS = frozenset({"uitzonderingBronnen", "uitzonderingAanschrijving"})


@dataclass(frozen=True)
class Condition:
    """One condition. met: None when only the form of the step asks about it. uitleg: what meets it, or what to do.

    waar: the form of this case that mends it, as its address goes on (`dossier/bronnen`); empty where waiting does.
    doe: what that form is called. veld: the field of the step that asks for it, or in which an exception is motivated.
    """

    label: str
    met: bool | None
    uitleg: str
    waar: str = ""
    doe: str = ""
    veld: str = ""


def conditions(file: CaseFile, desk: Desk, typed: Mapping[str, str] | None = None) -> list[Condition]:
    """What the dossier can show first, then what the step asks (Wet BRP 2.19; Circulaire 4.3-4.6; Awb 4:8).

    typed: what stands in the form of the step by now.
    """
    filled = {naam: text for naam, text in (typed or {}).items() if text and naam in _EXCEPTIONS}
    few, unanswered = two_kinds_of_source(file, desk, filled), aanschrijving_term_has_passed(file, desk, filled)
    kinds = ", ".join(sorted(kind.replace("_", " ") for kind in file.source_kinds))
    sent = file.counting_aanschrijving
    posted = f"Verstuurd op {sent.verzenddatum:%d-%m-%Y}, niet retour, en de termijn is voorbij." if sent else ""
    asked = [field for field in CONDITIONS if field.verplicht and field is not POSTED]
    return [
        Condition(
            "Twee bronnen van verschillende soort",
            few is None,
            few.uitleg if few else MOTIVATED if "uitzonderingBronnen" in filled else f"Er zijn: {kinds}.",
            "dossier/bronnen",
            "Leg een bron vast",
            "uitzonderingBronnen",
        ),
        Condition(
            "Een aanschrijving waarvan de termijn voorbij is",
            unanswered is None,
            unanswered.uitleg if unanswered else MOTIVATED if "uitzonderingAanschrijving" in filled else posted,
            "" if sent else "stappen/verstuur_aanschrijving",
            "" if sent else "Verstuur de aanschrijving",
            "uitzonderingAanschrijving",
        ),
        *(_asked(field, bool(typed and typed.get(field.naam))) for field in asked),
    ]


def _asked(field: Field, filled: bool) -> Condition:
    uitleg = "Dit hebt u hieronder ingevuld." if filled else "Dit vult u in bij de stap."
    return Condition(field.label, True if filled else None, uitleg, veld=field.naam)
