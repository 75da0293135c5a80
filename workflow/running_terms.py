"""Which terms run, wherever they are kept: as rows of CaseTerm, or as columns of a case that nobody touched yet.

A load opens a million cases at once, each with the same one or two terms; as rows they would double the load.
"""

from collections.abc import Iterable, Mapping
from datetime import date

from sqlalchemy import Subquery, case, literal, or_, select, union_all
from sqlmodel import col

from signals.models import Grondslag
from workflow.deadlines import TERMS, Deadline, Term, deadline
from workflow.models import Case, CaseEvent, CaseTerm

ANSWER, RESULT = "eerste_antwoord_voor", "resultaat_voor"
"""The columns of Case that hold the end of a receipt term as long as it is no row."""
FIRST, FIRST_END = "eerste_termijn", "eerste_termijn_tot"
"""The columns of Case that say which running term ends first: lists are in that order."""

_HELD_TERMS = [term.value for term, rule in TERMS.items() if rule.held]


def receipt_terms(grondslag: Grondslag, received: date) -> Mapping[str, Deadline]:
    """The terms that start with the receipt of a signal, by its legal route (Besluit BRP 28, 28g), by their column."""
    if grondslag == Grondslag.LAA_2_37:
        return {
            ANSWER: deadline(Term.LAA_EERSTE_ANTWOORD, received),
            RESULT: deadline(Term.LAA_RESULTAAT, received),
        }
    return {ANSWER: deadline(Term.TMV_REACTIE, received)}


def receipt_ends(grondslag: Grondslag, received: date) -> Mapping[str, date | str]:
    """The columns of a new case in which its receipt terms are kept, and which of them ends first."""
    terms = receipt_terms(grondslag, received)
    first = min(terms.values(), key=lambda one: one.einde)
    ends = {column: one.einde for column, one in terms.items()}
    return {**ends, FIRST: first.term.value, FIRST_END: first.einde}


def first_of(case: Case, terms: Iterable[CaseTerm]) -> CaseTerm | None:
    """The running term that ends first; of two that end on one day the first by name. As `running_terms` counts."""
    running = (one for one in terms if one.beeindigd_op is None and not _stands_still(case, one))
    return min(running, key=lambda one: (one.einde, one.term), default=None)


def _stands_still(case: Case, one: CaseTerm) -> bool:
    since = case.aangehouden_sinds
    return since is not None and since <= one.einde and one.term in _HELD_TERMS


def kept_in_columns(of: Case, opened: CaseEvent) -> list[CaseTerm]:
    """The receipt terms that are no rows yet, as the rows that they would be; opened: the first event of the case."""
    return [
        CaseTerm(
            zaak_id=opened.zaak_id,
            gemeentecode=of.gemeentecode,
            vastgelegd_op=opened.vastgelegd_op,
            tijdstip=opened.tijdstip,
            door=opened.door,
            term=one.term,
            vanaf=one.vanaf,
            einde=getattr(of, column),
            uitleg=list(one.uitleg),
        )
        for column, one in receipt_terms(of.grondslag, of.datum_ontvangst).items()
        if getattr(of, column) is not None
    ]


def running_terms() -> Subquery:
    """Every term that runs and does not stand still: zaak_id, gemeentecode, term, vanaf, einde.

    A hold makes some terms stand still that had not passed: they have no last day before the case goes on. The receipt
    terms never do.
    """
    first = case(
        (col(Case.grondslag) == Grondslag.LAA_2_37, Term.LAA_EERSTE_ANTWOORD.value), else_=Term.TMV_REACTIE.value
    )
    rows = (
        select(
            col(CaseTerm.zaak_id),
            col(CaseTerm.gemeentecode),
            col(CaseTerm.term),
            col(CaseTerm.vanaf),
            col(CaseTerm.einde),
        )
        .join(Case, col(Case.id) == col(CaseTerm.zaak_id))
        .where(
            col(CaseTerm.beeindigd_op).is_(None),
            or_(
                col(CaseTerm.term).not_in(_HELD_TERMS),
                col(Case.aangehouden_sinds).is_(None),
                col(Case.aangehouden_sinds) > col(CaseTerm.einde),
            ),
        )
    )
    kept = [
        select(
            col(Case.id).label("zaak_id"),
            col(Case.gemeentecode),
            name.label("term"),
            col(Case.datum_ontvangst).label("vanaf"),
            end.label("einde"),
        ).where(end.is_not(None))
        for name, end in (
            (first, col(Case.eerste_antwoord_voor)),
            (literal(Term.LAA_RESULTAAT.value), col(Case.resultaat_voor)),
        )
    ]
    return union_all(rows, *kept).subquery("lopende_termijn")
