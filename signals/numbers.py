"""Numbers that people quote: rising per series and year, without gaps, also with many writers at once."""

from sqlalchemy import update
from sqlmodel import Session

from signals.base import table
from signals.bulk import insert_new, run
from signals.models import NumberSeries


def take_numbers(session: Session, series: str, year: int, count: int = 1) -> range:
    """The next `count` numbers of a series, as a range; given back when the transaction is rolled back.

    The row of the series is locked until the end of the transaction, so two writers never get the same number; also
    not when both are the first of a new year.
    """
    rows = table(NumberSeries)
    raised = (
        update(rows)
        .where(rows.c.series == series, rows.c.year == year)
        .values(last=rows.c.last + count)
        .returning(rows.c.last)
    )
    last = run(session, raised).scalar_one_or_none()
    if last is None:
        insert_new(session, rows, [{"series": series, "year": year, "last": 0}])
        last = run(session, raised).scalar_one()
    return range(last - count + 1, last + 1)
