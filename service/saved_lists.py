"""What a user chose of the worklist, kept under a name: for the user alone, or for all of the municipality."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import delete
from sqlmodel import Session, col, or_, select

from service.access import access_of
from service.models import SavedList, User
from signals.bsn import may_hold_bsn
from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused
from workflow.phases import Role

LONGEST_NAME = 60
MOST = 20
"""So many a user keeps: more nobody finds again."""

_UNKNOWN = Reason("lijst_onbekend", "Deze lijst is er niet, of hij is niet met u gedeeld.")


@dataclass(frozen=True)
class Seen:
    """The lists that somebody can open: the own ones, and those of colleagues."""

    own: Sequence[SavedList]
    shared: Sequence[SavedList]


def seen(session: Session) -> Seen:
    """By name, those of whoever asks and those that colleagues of the municipality share."""
    naam = access_of(session).actor.naam
    mine_or_shared = or_(col(SavedList.door) == naam, col(SavedList.gedeeld))
    rows = session.exec(select(SavedList).where(mine_or_shared).order_by(col(SavedList.sleutel), col(SavedList.id)))
    found = rows.all()
    return Seen([one for one in found if one.door == naam], [one for one in found if one.door != naam])


def find(session: Session, number: int) -> SavedList:
    """A list that whoever asks can open; NotFound when it is a colleague's own, or of another municipality."""
    row = session.exec(select(SavedList).where(SavedList.id == number)).first()
    if row is None or not (row.gedeeld or row.door == access_of(session).actor.naam):
        raise NotFound(_UNKNOWN)
    return row


def save(session: Session, naam: str, keuzes: str, now: datetime, *, gemeentecode: str, gedeeld: bool) -> SavedList:
    """Keep these choices under a name. Invalid for a name that will not do, Refused when there are enough."""
    access = access_of(session)
    if not access.sees(gemeentecode):
        raise Invalid(Reason("gemeente_onbekend", "Kies voor welke gemeente de lijst is.", "gemeentecode"))
    plain, sleutel = _name(naam)
    door = access.actor.naam
    # Of two forms of one user the second waits here, and then sees what the first kept.
    session.exec(select(User.id).where(col(User.naam) == door).with_for_update())
    own = seen(session).own
    if any(one.sleutel == sleutel for one in own):
        uitleg = f"U hebt al een lijst die '{plain}' heet. Kies een andere naam, of haal die lijst eerst weg."
        raise Invalid(Reason("lijst_bestaat", uitleg, "naam"))
    if len(own) >= MOST:
        uitleg = f"U hebt al {MOST} lijsten bewaard. Haal er eerst een weg die u niet meer gebruikt."
        raise Refused(Reason("te_veel_lijsten", uitleg, "naam"))
    row = SavedList(
        gemeentecode=gemeentecode,
        door=door,
        naam=plain,
        sleutel=sleutel,
        keuzes=keuzes,
        gedeeld=gedeeld,
        bewaard_op=now,
    )
    session.add(row)
    session.flush()
    return row


def _name(text: str) -> tuple[str, str]:
    """A name as it is shown, and as it is compared."""
    known = unicodedata.normalize("NFKC", text)
    plain = " ".join("".join(sign if sign.isprintable() else " " for sign in known).split())
    if not plain:
        raise Invalid(Reason("naam_ontbreekt", "Geef de lijst een naam, bijvoorbeeld: termijn deze week.", "naam"))
    if len(plain) > LONGEST_NAME:
        uitleg = f"Deze naam is te lang: hooguit {LONGEST_NAME} tekens."
        raise Invalid(Reason("naam_te_lang", uitleg, "naam"))
    if may_hold_bsn(plain):
        uitleg = "In deze naam staat een nummer dat een BSN kan zijn. Haal het weg: collega's kunnen de naam lezen."
        raise Invalid(Reason("bsn_in_tekst", uitleg, "naam"))
    return plain, unicodedata.normalize("NFKC", plain.casefold())


def may_remove(session: Session, row: SavedList) -> bool:
    """Who made it; of a shared one also the teamleider there, because who made it may have left."""
    actor = access_of(session).actor
    return row.door == actor.naam or (row.gedeeld and Role.TEAMLEIDER in actor.roles_in(row.gemeentecode))


def remove(session: Session, row: SavedList) -> None:
    """The list is gone, its address too. Forbidden for another's, unless one leads the team."""
    if not may_remove(session, row):
        raise Forbidden(Reason("lijst_van_ander", "Alleen wie de lijst maakte of de teamleider haalt hem weg."))
    session.execute(delete(SavedList).where(col(SavedList.id) == row.id))  # of two at once the second finds it gone
