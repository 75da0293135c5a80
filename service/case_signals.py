"""The signals of a case for whoever sees the case: after a hand-over they are still the sender's rows.

The one place where the service reads another municipality's signal, always by way of a visible link: a `CaseSignal`, or
the case itself as long as it is unsettled. The cases are read first: what is settled meanwhile has its row by then.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.models import Signal
from workflow.models import Case, CaseSignal


def of_cases(session: Session, case_ids: Collection[int | None]) -> Mapping[int, Sequence[Signal]]:
    """The signals of each case, in the order in which they were linked; nothing for a case that is not visible."""
    opened = select(Case.id, Case.eerste_signaal_id).where(col(Case.id).in_(case_ids), col(Case.lading_id).is_not(None))
    unsettled = session.exec(opened).all()
    mine = select(CaseSignal.zaak_id, CaseSignal.signal_id).where(col(CaseSignal.zaak_id).in_(case_ids))
    links = dict.fromkeys([*unsettled, *session.exec(mine.order_by(col(CaseSignal.id)))])
    theirs = select(Signal).where(col(Signal.id).in_({signal_id for _, signal_id in links}))
    signals = {signal.id: signal for signal in session.exec(theirs.execution_options(**ACROSS))}
    found: dict[int, list[Signal]] = defaultdict(list)
    for case_id, signal_id in links:
        found[case_id].append(signals[signal_id])
    return found


def cases_of(session: Session, signaalnummer: str) -> Collection[int | None]:
    """The ids of one's own cases that work or worked on the signal with this number, whosever it is."""
    numbered = select(Signal.id).where(col(Signal.signaalnummer) == signaalnummer)
    signal_id = session.exec(numbered.execution_options(**ACROSS)).first()
    if signal_id is None:
        return ()
    opened = select(Case.id).where(col(Case.eerste_signaal_id) == signal_id, col(Case.lading_id).is_not(None))
    unsettled = session.exec(opened).all()
    return {*unsettled, *session.exec(select(CaseSignal.zaak_id).where(col(CaseSignal.signal_id) == signal_id))}
