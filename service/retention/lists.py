"""A destruction list from its proposal to the moment it may be carried out: made, looked through, approved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert
from sqlalchemy import select as select_columns
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from service.retention.due import candidates
from signals.base import table
from signals.bsn import may_hold_bsn
from signals.bulk import run
from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused, Stale, named
from signals.numbers import take_numbers
from workflow import retention
from workflow.actors import Actor
from workflow.fields import Field
from workflow.phases import Role
from workflow.retention import MOST, RULES, Term
from workflow.retention_models import Certificate, DestructionItem, DestructionList, Lijststaat, Regelstaat, Soort

SERIES = "VL"
LONGEST_REASON = 500
OPEN = (Lijststaat.VOORGESTELD, Lijststaat.GOEDGEKEURD, Lijststaat.UITVOERING)
WORKERS = frozenset({Role.TEAMLEIDER, Role.BEHEERDER})
"""Who makes lists, approves those of somebody else, and has them carried out."""
LEAVING_OUT = (
    Field(
        "reden", "lange_tekst", "Waarom gaat dit nu niet weg", langste=LONGEST_REASON, hint="Zonder persoonsgegevens."
    ),
)
WITHDRAWING = (
    Field(
        "reden", "lange_tekst", "Waarom trekt u de lijst in", langste=LONGEST_REASON, hint="Zonder persoonsgegevens."
    ),
)


@dataclass(frozen=True)
class Counted:
    """How many lines of a list are in each state."""

    op_lijst: int = 0
    weggelaten: int = 0
    afgevallen: int = 0
    vernietigd: int = 0

    @property
    def all(self) -> int:
        """Every line."""
        return self.op_lijst + self.weggelaten + self.afgevallen + self.vernietigd


def may_handle(actor: Actor, gemeentecode: str) -> bool:
    """Whether somebody works on the lists of a municipality, or (no code) on those of the project."""
    if Role.BEHEERDER in actor.rollen:
        return True
    return bool(gemeentecode) and actor.has(Role.TEAMLEIDER, gemeentecode)


def require_handler(actor: Actor, gemeentecode: str) -> None:
    """Forbidden for who does not."""
    if not may_handle(actor, gemeentecode):
        whose = "een teamleider van de gemeente of een beheerder" if gemeentecode else "een beheerder"
        raise Forbidden(Reason("rol_ontbreekt", f"Deze lijst is voor {whose}."))


def propose(
    session: Session, actor: Actor, now: datetime, zone: ZoneInfo, soort: Soort, gemeentecode: str
) -> DestructionList:
    """A list of what is past its term now, at most MOST lines. Refused when there is nothing.

    session: one that sees every row. gemeentecode: empty for what is of the project.
    """
    rule, today = RULES[soort], now.date()
    if rule.per_gemeente != bool(gemeentecode):
        uitleg = (
            "Noem de gemeente waarvan de lijst is."
            if rule.per_gemeente
            else "Deze lijst is van het hele project: noem geen gemeente."
        )
        raise Invalid(Reason("gemeente_past_niet", uitleg, "gemeente"))
    require_handler(actor, gemeentecode)
    term = retention.term(session, soort, gemeentecode, today)
    found = candidates(session, term, gemeentecode, today, zone, MOST)
    if not found:
        uitleg = (
            f"Er is niets waarvan de bewaartermijn van {term.in_words} voorbij is en dat nog niet op een lijst staat. "
            "Er is geen lijst gemaakt."
        )
        raise Refused(Reason("niets_te_vernietigen", uitleg))
    row = DestructionList(
        gemeentecode=gemeentecode,
        nummer=number(session, now),
        soort=soort,
        termijn=term.lengte,
        termijn_besluit=term.besluit,
        voorgesteld_op=now,
        voorgesteld_door=actor.naam,
    )
    session.add(row)
    session.flush()
    columns: dict[str, Any] = {
        "lijst_id": row.id,
        "gemeentecode": gemeentecode,
        "staat": Regelstaat.OP_LIJST,
        "reden": "",
        "rijen": 0,
    }
    columns |= {"bestanden": 0, "signalen": [], "in_journaal": False}
    try:
        run(session, insert(table(DestructionItem)), [{**columns, **vars(one)} for one in found])
    except IntegrityError:  # of two at once the index lets one through
        uitleg = "Iemand anders maakte op dit moment dezelfde lijst. Er is niets gemaakt; bekijk die lijst."
        raise Refused(Reason("lijst_dubbel", uitleg)) from None
    return row


def number(session: Session, now: datetime) -> str:
    """The next number of a list."""
    return f"{SERIES}-{now.year}-{take_numbers(session, SERIES, now.year)[0]:04d}"


def term_of(row: DestructionList) -> Term:
    """The term as it was when the list was made."""
    return Term(RULES[row.soort], row.termijn, row.termijn_besluit)


def find(
    session: Session, actor: Actor, nummer: str, *, lock: bool = False, versie: int | None = None
) -> DestructionList:
    """The list with this number, for who works on it; NotFound for others too. Stale when it changed since `versie`.

    lock: held, as it stands now, until the transaction ends.
    """
    chosen = select(DestructionList).where(DestructionList.nummer == nummer)
    if lock:
        chosen = chosen.with_for_update().execution_options(populate_existing=True)
    row = session.exec(chosen).first()
    if row is None or not may_handle(actor, row.gemeentecode):
        uitleg = f"Er is geen vernietigingslijst met {named(nummer, 'VL-')}, of u mag haar niet zien."
        raise NotFound(Reason("lijst_onbekend", uitleg))
    if versie is not None and versie != row.versie:
        uitleg = "De lijst is intussen door iemand anders gewijzigd. Hieronder staat hoe zij nu is. Kijk nog eens."
        raise Stale(Reason("lijst_gewijzigd", uitleg))
    return row


def lists(session: Session, actor: Actor, codes: Sequence[str], most: int) -> Sequence[DestructionList]:
    """The newest lists of these municipalities, and for a beheerder of everybody and the project."""
    newest = select(DestructionList).order_by(col(DestructionList.id).desc()).limit(most)
    if Role.BEHEERDER not in actor.rollen:
        newest = newest.where(col(DestructionList.gemeentecode).in_(codes))
    return session.exec(newest).all()


def counted(session: Session, rows: Sequence[DestructionList]) -> dict[int | None, Counted]:
    """By the id of each list how its lines stand."""
    ids = [row.id for row in rows]
    found: dict[int | None, dict[str, int]] = {one: {} for one in ids}
    item = table(DestructionItem)
    tally = select_columns(item.c.lijst_id, item.c.staat, func.count()).where(item.c.lijst_id.in_(ids))
    for lijst_id, staat, count in run(session, tally.group_by(item.c.lijst_id, item.c.staat)):
        found[lijst_id][Regelstaat(staat).value] = count
    return {one: Counted(**states) for one, states in found.items()}


def items(session: Session, row: DestructionList, most: int | None = None) -> Sequence[DestructionItem]:
    """The lines of a list in the order in which they were put on it."""
    mine = select(DestructionItem).where(DestructionItem.lijst_id == row.id).order_by(col(DestructionItem.id))
    return session.exec(mine if most is None else mine.limit(most)).all()


def certificate(session: Session, row: DestructionList) -> Certificate | None:
    """The verklaring of a list that was carried out."""
    return session.exec(select(Certificate).where(Certificate.lijst_id == row.id)).first()


def leave_out(
    session: Session, row: DestructionList, nummer: str, actor: Actor, now: datetime, reden: str
) -> DestructionItem:
    """One line does not go now, and why; it may stand on a later list. Only before the list is approved."""
    require_state(row, Lijststaat.VOORGESTELD)
    item = _line(session, row, nummer)
    if item.staat != Regelstaat.OP_LIJST:
        raise Refused(Reason("regel_al_af", f"{item.nummer} staat niet meer op de lijst: {item.staat.value}."))
    item.staat, item.reden, item.door, item.gewijzigd_op = Regelstaat.WEGGELATEN, _reason(reden), actor.naam, now
    session.add(item)
    raised(session, row)
    return item


def put_back(session: Session, row: DestructionList, nummer: str, actor: Actor, now: datetime) -> DestructionItem:
    """A line that was left out goes after all."""
    require_state(row, Lijststaat.VOORGESTELD)
    item = _line(session, row, nummer)
    if item.staat != Regelstaat.WEGGELATEN:
        raise Refused(Reason("regel_niet_weggelaten", f"{item.nummer} is niet weggelaten."))
    item.staat, item.reden, item.door, item.gewijzigd_op = Regelstaat.OP_LIJST, "", None, now
    session.add(item)
    try:
        session.flush()
    except IntegrityError:
        uitleg = f"{item.nummer} staat intussen op een andere lijst. Er is niets gewijzigd."
        raise Refused(Reason("regel_elders", uitleg)) from None
    raised(session, row)
    return item


def _line(session: Session, row: DestructionList, nummer: str) -> DestructionItem:
    mine = select(DestructionItem).where(DestructionItem.lijst_id == row.id, DestructionItem.nummer == nummer)
    item = session.exec(mine).first()
    if item is None:
        raise NotFound(Reason("regel_onbekend", f"Dit staat niet op lijst {row.nummer}."))
    return item


def approve(session: Session, row: DestructionList, actor: Actor, now: datetime) -> None:
    """What is on the list may go. By somebody else than who made it, and than who left lines out."""
    require_state(row, Lijststaat.VOORGESTELD)
    lines = items(session, row)
    touched = {row.voorgesteld_door, *(line.door for line in lines if line.door)}
    if actor.naam in touched:
        uitleg = (
            "U maakte deze lijst, of liet er regels uit weg. Een ander keurt haar goed: een teamleider van de "
            "gemeente of "
            "een beheerder."
        )
        raise Refused(Reason("zelfde_persoon", uitleg))
    if not any(line.staat == Regelstaat.OP_LIJST for line in lines):
        uitleg = "Er staat niets meer op deze lijst. Trek haar in."
        raise Refused(Reason("lijst_leeg", uitleg))
    row.staat, row.goedgekeurd_op, row.goedgekeurd_door = Lijststaat.GOEDGEKEURD, now, actor.naam
    raised(session, row)


def withdraw(session: Session, row: DestructionList, actor: Actor, now: datetime, reden: str) -> None:
    """Nothing of the list goes; what was on it may stand on another one. Until it is being carried out."""
    require_state(row, Lijststaat.VOORGESTELD, Lijststaat.GOEDGEKEURD)
    row.reden_intrekking = _reason(reden)
    row.staat, row.ingetrokken_op, row.ingetrokken_door = Lijststaat.INGETROKKEN, now, actor.naam
    for item in items(session, row):
        if item.staat == Regelstaat.OP_LIJST:
            item.staat, item.reden, item.gewijzigd_op = Regelstaat.AFGEVALLEN, "De lijst is ingetrokken.", now
            session.add(item)
    raised(session, row)


def start(session: Session, row: DestructionList, actor: Actor, now: datetime) -> None:
    """From now on it is carried out, in the name of who asks. Refused without the approval of a second person."""
    require_state(row, Lijststaat.GOEDGEKEURD)
    row.staat, row.uitgevoerd_door, row.begonnen_op = Lijststaat.UITVOERING, actor.naam, now
    raised(session, row)


def require_state(row: DestructionList, *states: Lijststaat) -> None:
    """Refused when the list stands elsewhere."""
    if row.staat not in states:
        uitleg = (
            f"Lijst {row.nummer} is {row.staat.value.replace('_', ' ')}. Dit kan alleen als zij "
            f"{' of '.join(state.value.replace('_', ' ') for state in states)} is. Er is niets gewijzigd."
        )
        raise Refused(Reason("staat_past_niet", uitleg))


def raised(session: Session, row: DestructionList) -> None:
    """The list changed: who looks at the one before is told."""
    row.versie += 1
    session.add(row)
    session.flush()


def _reason(text: str) -> str:
    plain = " ".join(text.split())
    if not plain:
        raise Invalid(Reason("verplicht_leeg", "Vul in waarom.", "reden"))
    if may_hold_bsn(plain):
        uitleg = (
            "Hier staat een burgerservicenummer in. Haal het weg: deze reden komt in de verklaring, die altijd blijft."
        )
        raise Invalid(Reason("bsn_in_tekst", uitleg, "reden"))
    if len(plain) > LONGEST_REASON:
        raise Invalid(Reason("te_lang", f"Gebruik ten hoogste {LONGEST_REASON} tekens.", "reden"))
    return plain


def whose(row: DestructionList) -> str | None:
    """The municipality for the log; None for the project."""
    return row.gemeentecode or None
