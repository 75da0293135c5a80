"""What somebody types in a form, where a browser has no field of its own for it."""

import pytest

from service.pages.forms import given
from workflow.fields import Field

FIELDS = (Field("dag", "datum", "Dag"), Field("begin", "tijdstip", "Begin"), Field("naam", "tekst", "Naam"))


@pytest.mark.parametrize(
    ("naam", "typed", "read"),
    [
        ("dag", "5-3-2026", "2026-03-05"),
        ("dag", "2026-03-05", "2026-03-05"),
        ("dag", "morgen", "morgen"),
        ("begin", "5-3-2026 9.05", "2026-03-05T09:05"),
        ("begin", "05-03-2026 18:30", "2026-03-05T18:30"),
        ("begin", "2026-03-05T18:30", "2026-03-05T18:30"),
        ("begin", "morgen 18.30", "morgenT18:30"),
        ("naam", "5-3-2026", "5-3-2026"),
    ],
)
def test_a_day_and_a_moment_are_read_as_they_are_typed(naam: str, typed: str, read: str) -> None:
    assert given(FIELDS, {naam: typed}) == {naam: read}
