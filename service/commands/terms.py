"""`rni deadline`: the deadline calculator on the command line."""

from typing import Annotated

import typer

from service.commands.desk import As, AsJson, answer, desk
from workflow.deadlines import deadline as count
from workflow.deadlines import in_words


def deadline(
    term: Annotated[str, typer.Argument(metavar="TERM", help="De termijn, bijvoorbeeld laa_eerste_antwoord.")],
    dates: Annotated[list[str], typer.Argument(metavar="DATE", help="De dag van de gebeurtenis, jjjj-mm-dd.")],
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """When a term ends and why; needs no database unless an actor is named."""
    if actor is not None:
        with desk(actor):
            pass
    counted = [count(term, day) for day in dates]
    told = [
        {
            "term": each.term.value,
            "vanaf": each.vanaf.isoformat(),
            "einde": each.einde.isoformat(),
            "uitleg": list(each.uitleg),
        }
        for each in counted
    ]
    lines = [line for each in counted for line in (f"{each.term}: {in_words(each.einde)}", *each.uitleg)]
    answer(told[0] if len(told) == 1 else told, as_json, lines)
