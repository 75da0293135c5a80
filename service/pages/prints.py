"""Printing a whole dossier from the page of its case."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from exports.dossier import Purpose
from service.db import session_scope
from service.files.dossier_print import MEDIA_TYPES, Form, print_dossier
from service.identity.accounts import desk_of
from service.pages import labels, opened
from service.pages.forms import Sent
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, Now, Who
from signals.errors import Invalid, Reason
from workflow.fields import Field

router = APIRouter()


@dataclass(frozen=True)
class Spoken:
    """The words of the pages, for a dossier."""

    zone: ZoneInfo

    def words(self, code: object) -> str:
        """A stored code as people say it."""
        return labels.words(code)

    def told(self, gegevens: Mapping[str, Any], fields: Sequence[Field]) -> list[tuple[str, str]]:
        """What was filled in, as label and text."""
        return labels.told(gegevens, fields, self.zone)

    def moment(self, value: datetime) -> str:
        """A day with its time, on the clock."""
        return labels.moment(value, self.zone)

    def step(self, stap: str) -> str:
        """What a step is called."""
        return labels.step_label(stap)


@router.post("/zaken/{zaaknummer}/afdruk", dependencies=[CsrfChecked])
def print_case(
    who: Who, engine: Database, settings: Config, now: Now, zaaknummer: str, sent: Sent
) -> StreamingResponse:
    """The dossier for the purpose that was chosen, as a download."""
    opened.require_worker(who)
    try:
        purpose, form = Purpose(sent.get("doel", "")), Form(sent.get("vorm", ""))
    except ValueError:
        raise Invalid(Reason("keuze_onbekend", "Kies waarvoor u het dossier afdrukt, en als PDF of ZIP.")) from None
    wording = Spoken(settings.zone)
    with session_scope(engine, who.access, write=False) as reading:  # long work: a writer would hold up all others
        case = opened.find(reading, who, zaaknummer)
        made = print_dossier(reading, engine, settings, who.access, case, desk_of(reading, now), purpose, form, wording)
    headers = {"Content-Disposition": f'attachment; filename="{made.name}"', "Content-Length": str(made.size)}
    return StreamingResponse(made.blocks(), media_type=MEDIA_TYPES[form], headers=headers)
