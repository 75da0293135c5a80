"""The conditions for a voornemen, told before somebody tries the step: met, still missing, or asked in the step."""

from dataclasses import dataclass

from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.checks import aanschrijving_term_has_passed, two_kinds_of_source
from workflow.questions import CONDITIONS, POSTED


@dataclass(frozen=True)
class Condition:
    """One condition. met: None when only the form of the step asks about it. uitleg: what meets it, or what to do."""

    label: str
    met: bool | None
    uitleg: str


def conditions(file: CaseFile, desk: Desk) -> list[Condition]:
    """What the dossier can show first, then what the step asks (Wet BRP 2.19; Circulaire 4.3-4.6; Awb 4:8)."""
    few, unanswered = two_kinds_of_source(file, desk, {}), aanschrijving_term_has_passed(file, desk, {})
    kinds = ", ".join(sorted(kind.replace("_", " ") for kind in file.source_kinds))
    sent = file.counting_aanschrijving
    posted = f"Verstuurd op {sent.verzenddatum:%d-%m-%Y}, niet retour, en de termijn is voorbij." if sent else ""
    asked = [field for field in CONDITIONS if field.verplicht and field is not POSTED]
    return [
        Condition("Twee bronnen van verschillende soort", few is None, few.uitleg if few else f"Er zijn: {kinds}."),
        Condition(
            "Een aanschrijving waarvan de termijn voorbij is",
            unanswered is None,
            unanswered.uitleg if unanswered else posted,
        ),
        *(Condition(field.label, None, "Dit vult u in bij de stap.") for field in asked),
    ]
