"""Cases on their way to the zaaksysteem of their municipality: tried by the clock until each is up to date there.

A case is taken in hand in a transaction of its own, told outside any, and what came of it is written in another. Who is
killed in between leaves it `onderweg`, and after a while it is tried again: what is there already is looked up.
"""

import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Engine, update
from sqlalchemy.exc import OperationalError
from sqlmodel import Session, col, select

from service.access import Access
from service.connector_models import LineState, RegisterCase, RegisterLine, RegisterState
from service.connectors import zgw
from service.connectors.answers import NotAnswered
from service.connectors.configuration import RegisterAccess, registers
from service.connectors.lines import LOST, ROUND_SECONDS, WAITS, failed, went_well
from service.connectors.outbox import register_for
from service.connectors.warnings import tell_stopped
from service.db import session_scope
from service.log import audit
from service.settings import Misconfigured, Settings
from signals.base import table
from signals.bulk import insert_new
from signals.models import Signal
from workflow.case_file import CaseFile
from workflow.models import Case
from workflow.unsettled import links_of

log = structlog.get_logger()

AT_ONCE = 200
"""Cases of one municipality in one round."""
TOLD, STOPPED = "zaaksysteem_verstrekt", "zaaksysteem_uitgezet"


def deliver(settings: Settings, engine: Engine, now: datetime) -> Counter[str]:
    """Tells every zaaksysteem what waits, longest waiting first; gives how many cases ended how."""
    told: Counter[str] = Counter()
    if not registers():
        return told
    access = Access.system(origin="klok")
    with session_scope(engine, access) as session:
        lost = (col(RegisterCase.staat) == RegisterState.ONDERWEG, col(RegisterCase.begonnen_op) < now - LOST)
        session.execute(update(RegisterCase).where(*lost).values(staat=RegisterState.WACHT))
    for register in registers().values():
        try:
            told += _serve(settings, engine, access, register, now)
        except OperationalError:  # the database is away: nobody else can be told either
            raise
        except Exception:  # the last net: of one municipality the others know nothing
            log.exception("zaaksysteem mislukt", gemeentecode=register.gemeentecode)
    return told


def _serve(settings: Settings, engine: Engine, access: Access, register: RegisterAccess, now: datetime) -> Counter[str]:
    """What waits for one zaaksysteem, as far as its time in this round goes."""
    told: Counter[str] = Counter()
    until = time.monotonic() + ROUND_SECONDS
    if _rests(engine, access, register, now):
        return told
    for number in _due(engine, access, register, now):
        row = _claimed(engine, access, number, now)
        if row is None:
            continue  # another clock has it in hand
        state, whole = _told(settings, engine, register, row, now)
        told[state.value] += 1
        log.info("zaaksysteem", zaak=number, staat=state, poging=row.pogingen)
        if whole or time.monotonic() > until:
            break  # it holds for every case there: the others wait with it; or its time is over
    return told


def _rests(engine: Engine, access: Access, register: RegisterAccess, now: datetime) -> bool:
    """Whether nothing goes to this zaaksysteem now; its line is made when there is none."""
    with session_scope(engine, access) as session:
        row = RegisterLine(gemeentecode=register.gemeentecode, niet_voor=now).model_dump(exclude={"id"})
        insert_new(session, table(RegisterLine), [row])
        line = _line(session, register)
        return line.staat != LineState.AAN or line.niet_voor > now


def _line(session: Session, register: RegisterAccess) -> RegisterLine:
    return session.exec(select(RegisterLine).where(RegisterLine.gemeentecode == register.gemeentecode)).one()


def _due(engine: Engine, access: Access, register: RegisterAccess, now: datetime) -> Sequence[int | None]:
    with session_scope(engine, access, write=False) as session:
        waits = (col(RegisterCase.staat) == RegisterState.WACHT, col(RegisterCase.niet_voor) <= now)
        codes = sorted({code for code in _codes(session, waits) if register_for(session, code, now.date()) is register})
        mine = select(RegisterCase.id).where(*waits, col(RegisterCase.gemeentecode).in_(codes))
        return session.exec(mine.order_by(col(RegisterCase.niet_voor), col(RegisterCase.id)).limit(AT_ONCE)).all()


def _codes(session: Session, waits: Sequence[Any]) -> Sequence[str]:
    return session.exec(select(RegisterCase.gemeentecode).where(*waits).distinct()).all()


def _claimed(engine: Engine, access: Access, number: int | None, now: datetime) -> RegisterCase | None:
    with session_scope(engine, access) as session:
        mine = update(RegisterCase).where(
            col(RegisterCase.id) == number, col(RegisterCase.staat) == RegisterState.WACHT
        )
        begun = {"staat": RegisterState.ONDERWEG, "begonnen_op": now, "pogingen": RegisterCase.pogingen + 1}
        if session.execute(mine.values(begun)).rowcount != 1:  # type: ignore[attr-defined]  # an UPDATE's result has it
            return None
        return session.get_one(RegisterCase, number)


def _told(
    settings: Settings, engine: Engine, register: RegisterAccess, row: RegisterCase, now: datetime
) -> tuple[RegisterState, bool]:
    """Where the case stands after this attempt, and whether what went wrong holds for all of them."""
    access = Access.system(origin="klok")  # a trace of its own for each person
    with session_scope(engine, access) as session:
        case = session.get_one(Case, row.zaak_id)
        snapshot = snapshot_of(session, case)
        # Before it leaves: what cannot be written down does not go.
        code, number = case.gemeentecode, case.zaaknummer
        audit.record(session, TOLD, number, now, gemeentecode=code, elsewhere=register.zaken)
    try:
        address = zgw.bring(register, snapshot, row.gebracht, access.trace.header)
    except NotAnswered as fault:
        return _failed(settings, engine, access, register, row, fault, now), fault.everybody
    except Misconfigured as wrong:
        useless = NotAnswered(wrong.reasons[0].uitleg, again=True)
        return _failed(settings, engine, access, register, row, useless, now), True
    newest = snapshot.events[-1].volgnummer
    with session_scope(engine, access) as session:
        standing = session.get_one(RegisterCase, row.id, with_for_update=True, populate_existing=True)
        # A step that was taken meanwhile still waits.
        standing.staat = RegisterState.BIJ if standing.gevraagd <= newest else RegisterState.WACHT
        standing.gebracht, standing.adres, standing.bijgewerkt_op = newest, address, now
        standing.pogingen, standing.fout, standing.niet_voor = 0, "", now
        session.add(standing)
        line = _line(session, register)
        went_well(line, now)
        session.add(line)
        return standing.staat, False


def _failed(
    settings: Settings,
    engine: Engine,
    access: Access,
    register: RegisterAccess,
    row: RegisterCase,
    fault: NotAnswered,
    now: datetime,
) -> RegisterState:
    """What holds for all of them is told of the line, and the case waits on; else it is told of the case."""
    with session_scope(engine, access) as session:
        standing = session.get_one(RegisterCase, row.id, with_for_update=True, populate_existing=True)
        if fault.everybody:
            standing.staat, standing.pogingen = RegisterState.WACHT, 0
            line = _line(session, register)
            if failed(line, fault.fault, now):
                line.staat = LineState.UITGEZET
                about = f"zaaksysteem {line.gemeentecode}"
                audit.record(session, STOPPED, about, now, gemeentecode=line.gemeentecode)
                tell_stopped(session, settings, f"het zaaksysteem van gemeente {line.gemeentecode}", line.fout, now)
            session.add(line)
        else:
            again = fault.again and standing.pogingen <= len(WAITS)
            standing.staat = RegisterState.WACHT if again else RegisterState.MISLUKT
            standing.niet_voor = now + WAITS[min(standing.pogingen, len(WAITS)) - 1]
            standing.fout = fault.fault
        session.add(standing)
        return standing.staat


def snapshot_of(session: Session, case: Case) -> zgw.Snapshot:
    """The case as it is told: from its rows alone, so that every attempt says the same."""
    file = CaseFile(session, case)
    events = [zgw.Event(one.volgnummer, one.van, one.naar, one.tijdstip, one.resultaat) for one in file.events]
    last = file.events[-1]
    linked = [link.signal_id for link in links_of(session, case)]
    of_it = select(Signal.signaalnummer).where(col(Signal.id).in_(linked)).order_by(col(Signal.signaalnummer))
    signals = session.exec(of_it).all()
    return zgw.Snapshot(
        zaaknummer=case.zaaknummer,
        geopend_op=case.geopend_op,
        bsn=case.bsn,
        signalen=signals,
        eigenschappen={
            "signaalnummer": ", ".join(signals),
            "grondslag": case.grondslag.value,
            "datum_ontvangst": case.datum_ontvangst.isoformat(),
            "eerste_antwoord": last.eerste_antwoord.value if last.eerste_antwoord else "",
            "ingangsdatum": last.ingangsdatum.isoformat() if last.ingangsdatum else "",
        },
        events=events,
    )
