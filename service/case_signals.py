"""The signals of a case for whoever sees the case: after a hand-over they are still the sender's rows.

The one place where the service reads another municipality's signal, always by way of a `CaseSignal` that is visible.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.models import Signal
from workflow.models import CaseSignal


def of_cases(session: Session, case_ids: Collection[int | None]) -> Mapping[int, Sequence[Signal]]:
    """The signals of each case, in the order in which they were linked; nothing for a case that is not visible."""
    mine = select(CaseSignal.zaak_id, CaseSignal.signal_id).where(col(CaseSignal.zaak_id).in_(case_ids))
    links = session.exec(mine.order_by(col(CaseSignal.id))).all()
    theirs = select(Signal).where(col(Signal.id).in_({signal_id for _, signal_id in links}))
    signals = {signal.id: signal for signal in session.exec(theirs.execution_options(**ACROSS))}
    found: dict[int, list[Signal]] = defaultdict(list)
    for case_id, signal_id in links:
        found[case_id].append(signals[signal_id])
    return found


def numbered(session: Session, signaalnummer: str) -> int | None:
    """The id of the signal with this number, whosever it is: only to look for one's own cases that work on it."""
    wanted = select(Signal.id).where(col(Signal.signaalnummer) == signaalnummer)
    return session.exec(wanted.execution_options(**ACROSS)).first()
