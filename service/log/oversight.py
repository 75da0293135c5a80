"""Who looked at a person, and to whom his data was given: the log read by person, for who must answer for it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, or_, select
from sqlmodel import Session

from service.audit_models import BY_PERSON, LogLine
from service.log.subjects import Subject, every_pseudonym
from service.models import AuditEntry
from signals.base import table
from signals.bulk import run

PAGE = 100

DISCLOSED: Mapping[str, str] = {
    "dossier_verstrekt_inzage": "de betrokkene",
    "dossier_verstrekt_bezwaar": "wie over het bezwaar beslist",
    "dossier_verstrekt_overdracht": "een andere gemeente",
    "stap_draag_over": "een andere gemeente",
    "stap_stuur_terug": "een andere gemeente",
    "stuk_meegegeven": "een andere gemeente",
    "terugkoppeling_verstrekt": "UWV, of wie het bestand verstuurt",
    "terugkoppeling_verzonden": "UWV",
    "vastgelegd_inlichtingenverzoeken": "wie om inlichtingen is gevraagd",
    "vastgelegd_walaa-vastleggingen": "de Landelijke Aanpak Adreskwaliteit (WALAA)",
    "verwerkingsverslag_verstrekt": "wie de levering laadde",
}
"""To whom data goes, by what an action in the log begins with."""

_entry, _line = table(AuditEntry), table(LogLine)


@dataclass(frozen=True)
class Deed:
    """Something that was done with the data of one person."""

    regel: int
    tijdstip: datetime
    actor: str
    actie: str
    object: str
    resultaat: str
    gemeentecode: str | None

    @property
    def receiver(self) -> str:
        """Who got the data; nothing for what was only looked at or changed."""
        return next((to for begins, to in DISCLOSED.items() if self.actie.startswith(begins)), "")


def deeds(
    session: Session,
    subject: Subject,
    codes: Collection[str] | None,
    *,
    before: int | None = None,
    only_disclosed: bool = False,
) -> tuple[list[Deed], int | None]:
    """What was done with this person's data, the newest first, and where the next page begins; None on the last.

    codes: of which municipalities, None for all. A load is not in it: the history of the case begins with that.
    """
    mine = select(_line).where(_line.c.data_subject_id.in_(every_pseudonym(subject)), BY_PERSON)
    if codes is not None:
        mine = mine.where(_line.c.gemeentecode.in_(sorted(codes)))
    if before is not None:
        mine = mine.where(_line.c.id < before)
    if only_disclosed:
        mine = mine.where(or_(*(_line.c.name.startswith(begins, autoescape=True) for begins in DISCLOSED)))
    lines = run(session, mine.order_by(_line.c.id.desc()).limit(PAGE + 1)).all()
    shown = lines[:PAGE]
    found = _entries(session, shown)
    told = []
    for line in shown:
        entry = found.get(line.span_id) or found.get(line.parent_span_id or "")
        if entry is not None and (not only_disclosed or entry.resultaat == "gelukt"):
            own = (entry.tijdstip, entry.actor, entry.actie, entry.object, entry.resultaat)
            told.append(Deed(line.id, *own, line.gemeentecode))
    return told, shown[-1].id if len(lines) > PAGE else None


def _entries(session: Session, lines: Collection[Row[Any]]) -> Mapping[str, Row[Any]]:
    """The entries of the log that say who it was, by the span under which their lines stand."""
    spans = {span for line in lines for span in (line.span_id, line.parent_span_id) if span}
    found = run(session, select(_entry).where(_entry.c.span_id.in_(spans)))
    return {row.span_id: row for row in found}
