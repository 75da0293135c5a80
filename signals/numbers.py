"""Numbers that people quote: rising per series and year, without gaps, also with many writers at once."""

from sqlalchemy import insert, update
from sqlmodel import Session, col, select

from signals.models import NumberSeries


def take_numbers(session: Session, series: str, year: int, count: int = 1) -> range:
    """The next `count` numbers of a series, as a range; given back when the transaction is rolled back.

    The row of the series is locked until the end of the transaction, so two writers never get the same number.
    """
    mine = (col(NumberSeries.series) == series, col(NumberSeries.year) == year)
    raised = update(NumberSeries).where(*mine).values(last=NumberSeries.last + count)
    if session.execute(raised).rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        session.execute(insert(NumberSeries).values(series=series, year=year, last=count))
    last = session.exec(select(NumberSeries.last).where(*mine)).one()
    return range(last - count + 1, last + 1)
