"""Destruction lists as the pages show them: one to be approved, one carried out; and a bewaarplicht."""

from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from service.retention import certificates
from tests.service.pages.conftest import ROTTERDAM, Site
from workflow import moves
from workflow.retention_models import DestructionItem, DestructionList, LegalHold, Lijststaat, Regelstaat, Soort


def furnish(site: Site) -> None:
    """Their numbers are then among what the site knows."""
    with session_scope(site.engine, Access.system()) as session:
        site.known["voorgesteld"] = _list(session, site, "VL-2026-0101", Lijststaat.VOORGESTELD)
        site.known["vernietigd"] = _list(session, site, "VL-2026-0102", Lijststaat.UITGEVOERD)


def hold(site: Site, number: str) -> str:
    """A bewaarplicht on a case; its number."""
    with session_scope(site.engine, Access.system()) as session:
        case = moves.find_case(session, number)
        assert case.id is not None
        placed = LegalHold(
            zaak_id=case.id, gemeentecode=ROTTERDAM, vastgelegd_op=site.today, tijdstip=site.settings.now(),
            door="tess",
            reden="Beroep bij de rechtbank.",
        )  # fmt: skip
        session.add(placed)
        session.flush()
        return str(placed.id)


def _list(session: Session, site: Site, nummer: str, staat: Lijststaat) -> str:
    now, done = site.settings.now(), staat is Lijststaat.UITGEVOERD
    row = DestructionList(
        gemeentecode=ROTTERDAM, nummer=nummer, soort=Soort.DOSSIERS, staat=staat, termijn=10, voorgesteld_op=now,
        voorgesteld_door="bea", goedgekeurd_op=now if done else None, goedgekeurd_door="tess" if done else None,
        uitgevoerd_door="tess" if done else None, begonnen_op=now if done else None,
        uitgevoerd_op=now if done else None,
    )  # fmt: skip
    session.add(row)
    session.flush()
    assert row.id is not None
    gone = Regelstaat.VERNIETIGD if done else Regelstaat.OP_LIJST
    for place, state in enumerate((gone, Regelstaat.WEGGELATEN)):
        item = DestructionItem(
            lijst_id=row.id, gemeentecode=ROTTERDAM, object="zaak", nummer=f"Z-2015-{nummer[-4:]}{place:03d}",
            sinds=site.today, staat=state, gewijzigd_op=now,
            reden="nog in gebruik" if state is Regelstaat.WEGGELATEN else "",
            door="bea" if state is Regelstaat.WEGGELATEN else None,
            signalen=["S2015-0001"] if state is Regelstaat.VERNIETIGD else [], in_journaal=done,
        )  # fmt: skip
        session.add(item)
    session.flush()
    if done:
        certificates.draw_up(session, row, now, site.settings.zone)
    return nummer
