"""How long a line to another system rests after it failed, and when nobody tries any more."""

from datetime import datetime, timedelta

from service.connector_models import Line
from service.connectors.answers import LONGEST_FAULT

WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 180, 360))
"""Between one attempt and the next; the last of them again and again."""
GIVEN_UP = timedelta(days=5)
"""A line that failed for so long is tried no more until a person asks."""
ROUND_SECONDS = 60
"""So long one line has the clock to itself in a round; what waits behind a slow one comes in the next."""
LOST = timedelta(minutes=10)
"""Nobody works this long on one message: whoever did is gone."""


def went_well(line: Line, now: datetime) -> None:
    """Nothing rests any more."""
    line.pogingen, line.mislukt_sinds, line.fout = 0, None, ""
    line.laatst_gelukt_op, line.niet_voor = now, now


def failed(line: Line, why: str, now: datetime) -> bool:
    """It rests, longer each time; whether it has failed so long that it is given up."""
    line.pogingen += 1
    line.mislukt_sinds = line.mislukt_sinds or now
    line.fout = why[:LONGEST_FAULT]
    line.niet_voor = now + WAITS[min(line.pogingen, len(WAITS)) - 1]
    return now - line.mislukt_sinds >= GIVEN_UP


def begin_anew(line: Line, now: datetime) -> None:
    """A person asks: it is tried at once, and has its days again."""
    line.pogingen, line.mislukt_sinds, line.fout, line.niet_voor = 0, None, "", now
