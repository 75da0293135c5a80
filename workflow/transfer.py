"""A case goes to another municipality, or comes back: where two municipalities meet, and all that each learns."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.bulk import reach_across
from signals.municipalities import name_on, participates, same_municipality
from workflow.actors import Desk
from workflow.addresses import chosen_address
from workflow.case_file import CaseFile
from workflow.models import Address, Case, CaseSignal, CaseTask
from workflow.opening import open_case
from workflow.parcels import Part, put_down
from workflow.phases import OPEN, Herkomst, Outcome
from workflow.unsettled import settle_one

CHOOSE = "Sluit als ingetrokken, of zet het onderzoek voort."


def hand_over(file: CaseFile, desk: Desk, values: Mapping[str, Any], parts: Sequence[Part]) -> Case | None:
    """The case at the receiver, with the original receipt and these parts; None when the receiver takes no part here.

    values: of the step. The address there becomes the current one. A person who already has an open case there is
    joined to it: no second case, and the address a second presumed one.
    """
    session, case, code = file.session, file.case, values["gemeentecode"]
    address = chosen_address(values) if "huisnummer" in values else {}
    bron = "opgegeven door de andere gemeente" if address else "overgenomen van de andere gemeente"
    if not participates(session, code, desk.today):
        return None
    reach_across(session)
    there = _open_case_of(session, case.bsn, same_municipality(session, {code}, desk.today))
    joins, by_catch = there is not None, case.herkomst == Herkomst.BIJVANGST
    if there is None:
        there = open_case(
            file,
            desk,
            "ontvang_overdracht",
            with_terms=not by_catch,
            gemeentecode=code,
            herkomst=Herkomst.BIJVANGST if by_catch else Herkomst.OVERDRACHT,
            ouder_id=case.ouder_id,
            leveringsnummer=case.leveringsnummer,
            eerste_signaal_id=case.eerste_signaal_id,
            voorganger_id=case.id,
            teruggestuurd=case.teruggestuurd,
            ingetrokken_door_uwv=case.ingetrokken_door_uwv,
            adresbron=bron,
            **({"nummeraanduiding": ""} | address if address else {}),
        )
    elif address:
        _second_address(file, there, desk, address, bron)
    _move_signals(file, there, desk, joins)
    if case.ingetrokken_door_uwv is not None:
        uitleg = f"UWV trok het signaal in voor de overdracht. {CHOOSE}"
        _task(session, there, desk, "uwv_trekt_in", f"uwv_trekt_in:{case.zaaknummer}", uitleg)
    name = name_on(session, case.gemeentecode, desk.today)
    uitleg = f"Overgedragen door {name}; contactpersoon daar: {_contact(file, desk)}."
    uitleg += f" Reden: {values['reden']}" if "reden" in values else ""
    uitleg += "" if address else " Het adres is nog dat van daar: wijzig het zodra u weet waar de persoon woont."
    put_down(file, there, desk, parts)
    _task(session, there, desk, "overgedragen", f"overgedragen:{case.zaaknummer}:{len(file.events)}", uitleg)
    return there


def _second_address(file: CaseFile, there: Case, desk: Desk, address: Mapping[str, Any], bron: str) -> None:
    mine = select(Address.adressleutel).where(Address.zaak_id == there.id)
    known = {there.adressleutel, *file.session.exec(mine.execution_options(**ACROSS))}
    if address["adressleutel"] not in known:
        owner: dict[str, Any] = {"zaak_id": there.id, "gemeentecode": there.gemeentecode}
        file.session.add(Address(**owner, **address, bron=bron, vanaf=desk.today))


def sender_of(file: CaseFile) -> Case:
    """The case that this one was handed over from."""
    origin = select(Case).where(Case.id == file.case.voorganger_id)
    return file.session.exec(origin.execution_options(**ACROSS)).one()


def give_back(file: CaseFile, desk: Desk, reden: str, parts: Sequence[Part]) -> Case:
    """The sender's case, to be reopened; its signals are its own again, and what was found here lies there too."""
    session, sender = file.session, sender_of(file)
    reach_across(session)
    put_down(file, sender, desk, parts)
    withdrawn = sender.ingetrokken_door_uwv = file.case.ingetrokken_door_uwv
    if withdrawn is not None:
        sleutel = f"uwv_trekt_in:{file.case.zaaknummer}"
        _task(session, sender, desk, "uwv_trekt_in", sleutel, f"UWV trok het signaal in. {CHOOSE}")
    _move_signals(file, sender, desk, joins=False)
    name = name_on(session, file.case.gemeentecode, desk.today)
    uitleg = f"Teruggestuurd door {name}; contactpersoon daar: {_contact(file, desk)}. Reden: {reden}"
    _task(session, sender, desk, "teruggestuurd", f"teruggestuurd:{file.case.zaaknummer}", uitleg)
    return sender


def went_outside(file: CaseFile) -> bool:
    """Whether the case was handed over to a municipality that takes no part here: it gets a file."""
    last = file.last_event("draag_over")
    gone = file.case.resultaat == Outcome.ANDERE_GEMEENTE and last is not None
    return gone and last is file.events[-1] and not last.gegevens.get("ontvangerDoetMee")


def _contact(file: CaseFile, desk: Desk) -> str:
    """Who can be called or written to there, as the letters name him."""
    if file.case.behandelaar is None:
        return "nog niemand"
    known = desk.contact(file.case.behandelaar)
    return ", ".join(word for word in (known.naam, known.telefoonnummer, known.emailadres) if word)


def _open_case_of(session: Session, bsn: str | None, codes: Collection[str]) -> Case | None:
    open_there = select(Case).where(Case.bsn == bsn, col(Case.gemeentecode).in_(codes), col(Case.fase).in_(OPEN))
    return None if bsn is None else session.exec(open_there.execution_options(**ACROSS)).first()


def _move_signals(file: CaseFile, to: Case, desk: Desk, joins: bool) -> None:
    assert to.id is not None
    session = file.session
    settle_one(session, to)
    for link in [link for link in file.signals if link.actueel]:
        link.actueel = False
        mine = select(CaseSignal).where(CaseSignal.zaak_id == to.id, CaseSignal.signal_id == link.signal_id)
        known = session.exec(mine.execution_options(**ACROSS)).first()
        if known is None:
            known = CaseSignal(
                gemeentecode=to.gemeentecode,
                zaak_id=to.id,
                signal_id=link.signal_id,
                vanaf=desk.today,
                aangesloten=joins or link.aangesloten,
            )
        known.actueel, known.intrekking_telt = True, link.intrekking_telt
        session.add_all([link, known])


def _task(session: Session, case: Case, desk: Desk, soort: str, sleutel: str, uitleg: str) -> None:
    own = CaseFile(session, case).own(desk)
    session.add(CaseTask(**own, soort=soort, sleutel=sleutel, uitleg=uitleg))
