"""A bewaarplicht on a case: who asked that nothing of it is destroyed, why, and until when."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from signals.errors import Forbidden, NotFound, Reason, Refused
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import Field, read
from workflow.models import Case
from workflow.phases import Role
from workflow.retention_models import LegalHold

KEEPERS = frozenset({Role.TEAMLEIDER, Role.BESLISSER})
"""Who places a bewaarplicht and lifts it."""
REASON = (
    Field(
        "reden",
        "lange_tekst",
        "Waarom moet dit dossier blijven",
        langste=500,
        hint="Bijvoorbeeld een beroep bij de rechter, een klacht, of een verzoek van de archivaris.",
    ),
)
LIFTING = (Field("reden", "lange_tekst", "Waarom is de bewaarplicht niet meer nodig", langste=500),)


def require_keeper(case: Case, desk: Desk) -> None:
    """Forbidden for who may not place or lift one in this municipality."""
    if not KEEPERS & desk.actor.roles_in(case.gemeentecode):
        named = " of ".join(sorted(KEEPERS))
        raise Forbidden(
            Reason("rol_ontbreekt", f"Een bewaarplicht opleggen of opheffen is voor de {named} van de gemeente.")
        )


def of_case(session: Session, case: Case) -> Sequence[LegalHold]:
    """Every bewaarplicht of a case, the newest first."""
    mine = select(LegalHold).where(LegalHold.zaak_id == case.id)
    return session.exec(mine.order_by(col(LegalHold.id).desc())).all()


def standing(session: Session, case: Case) -> Sequence[LegalHold]:
    """Those that stand."""
    return [hold for hold in of_case(session, case) if hold.opgeheven_op is None]


def place(session: Session, case: Case, desk: Desk, gegevens: Mapping[str, Any]) -> LegalHold:
    """From now on nothing of this case is destroyed. Open or closed: it stands from the day it is asked for."""
    require_keeper(case, desk)
    reden = str(read(REASON, gegevens, desk.now)["reden"])
    CaseFile(session, case).lock()  # whoever destroys it either waits for this, or was first
    assert case.id is not None
    hold = LegalHold(
        zaak_id=case.id,
        gemeentecode=case.gemeentecode,
        vastgelegd_op=desk.today,
        tijdstip=desk.now,
        door=desk.actor.naam,
        reden=reden,
    )
    session.add(hold)
    session.flush()
    return hold


def find(session: Session, case: Case, nummer: int) -> LegalHold:
    """One of a case; NotFound for that of another."""
    mine = select(LegalHold).where(LegalHold.zaak_id == case.id, LegalHold.id == nummer)
    hold = session.exec(mine.with_for_update()).first()
    if hold is None:
        raise NotFound(Reason("bewaarplicht_onbekend", "Deze bewaarplicht is er niet bij deze zaak."))
    return hold


def lift(session: Session, case: Case, nummer: int, desk: Desk, gegevens: Mapping[str, Any]) -> LegalHold:
    """The bewaarplicht ends; what is past its term may be listed again. Refused when it was lifted before."""
    require_keeper(case, desk)
    hold = find(session, case, nummer)
    if hold.opgeheven_op is not None:
        uitleg = f"Deze bewaarplicht is al opgeheven, op {hold.opgeheven_op:%d-%m-%Y}. Er is niets gewijzigd."
        raise Refused(Reason("bewaarplicht_al_opgeheven", uitleg))
    hold.reden_opheffing = str(read(LIFTING, gegevens, desk.now)["reden"])
    hold.opgeheven_op, hold.opgeheven_door = desk.today, desk.actor.naam
    session.add(hold)
    session.flush()
    return hold
