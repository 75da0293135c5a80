"""A case goes to another municipality and comes back: what goes along, what never does, and what counts there."""

from datetime import date, timedelta
from typing import Any

import pytest
from factories import (
    ANNA,
    BRAM,
    CARLA,
    NIJMEGEN,
    RECEIVED,
    VENLO,
    add_source,
    case_at,
    codes,
    desk,
    person,
    refused,
    take,
)
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from exports.stands import stands
from service.access import Access
from service.db import session_scope
from signals.errors import Invalid
from signals.models import Participant, Signal
from workflow import dossier, moves, transfer
from workflow.case_file import CaseFile
from workflow.case_terms import settle
from workflow.models import Case, CaseTask, Document, ReceivedPart
from workflow.phases import Phase, Role

ON = RECEIVED + timedelta(days=10)
DIRK = person("dirk", Role.BEHANDELAAR, code=VENLO)


def full(session: Session) -> Case:
    """A case with something of everything in its dossier."""
    case = case_at(session, Phase.INLICHTINGEN)
    add_source(session, case, desk(ANNA, ON), "sociaal_domein", "krijgt hulp bij schulden")
    contact = {"soort": "contactmoment", "kanaal": "telefoon", "resultaat": "woont nu in Venlo"}
    dossier.add(session, case, "contacten", desk(ANNA, ON), contact)
    moment = {"begin": f"{ON}T09:00", "einde": f"{ON}T09:20", "bezoekers": "pas 4480"}
    visit = {"opengedaan": False, "gelegitimeerd": False, "doelGemeld": False, "toestemming": "niet_gevraagd"}
    visit |= {"verklaringen": "Hij is verhuisd, zegt de buurman.", "kaartAchtergelaten": True}
    dossier.add(session, case, "huisbezoeken", desk(BRAM, ON), moment | visit)
    dossier.add(session, case, "leerpunten", desk(ANNA, ON), {"soort": "verkeerde_gemeente"})
    for name, others in (("huurcontract", False), ("foto van bewoners", True)):
        given = {"omschrijving": name, "soort": "bewijs", "datum": "2026-03-09", "derden": others}
        row = dossier.add(session, case, "documenten", desk(ANNA, ON), given)
        assert isinstance(row, Document)
        row.bestand, row.sha256, row.bestandsnaam, row.mediatype, row.omvang = name, name, f"{name}.pdf", "x/y", 3
    session.flush()
    return case


def theirs(session: Session) -> Case:
    return session.exec(select(Case).where(Case.gemeentecode == VENLO).order_by(col(Case.id).desc())).first()  # type: ignore[return-value]


def told(session: Session) -> str | None:
    """What UWV would hear of the one signal."""
    session.flush()
    return session.execute(select(stands().c.resultaat)).scalar_one()


def received(session: Session, case: Case) -> dict[str, ReceivedPart]:
    return {part.omschrijving: part for part in CaseFile(session, case).received}


def test_the_usual_parts_go_along_and_nothing_that_is_social_or_about_others(session: Session) -> None:
    case = full(session)
    event = take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, reden="woont in Venlo")
    assert told(session) is None  # the receiver will tell
    parts = received(session, theirs(session))
    assert set(parts) == {
        "verhuurder",
        "bag",
        "contactmoment, telefoon",
        "huisbezoek 1",
        "brief 1: aanschrijving",
        "huurcontract",
    }
    assert [told.partition(" ")[2].rpartition(",")[0] for told in event.gegevens["stukken"]] == list(parts)
    letter = parts["brief 1: aanschrijving"]
    assert letter.pdf is not None and letter.pdf.startswith(b"%PDF") and letter.datum == RECEIVED + timedelta(days=3)
    phone = parts["contactmoment, telefoon"]
    assert (phone.vastgelegd_door, phone.van_gemeente, phone.datum) == ("Anna", NIJMEGEN, ON)
    assert ["Resultaat", "woont nu in Venlo"] in phone.regels
    visit = dict(parts["huisbezoek 1"].regels)
    assert visit["Begin"].endswith("09.00 uur") and visit["Kaart achtergelaten"] == "ja"
    assert visit["Wat is verklaard, en door wie"] == "Hij is verhuisd, zegt de buurman." and "Bezoekers" not in visit
    (copy,) = CaseFile(session, theirs(session)).documents
    assert (copy.bestand, copy.soort) == ("huurcontract", "ontvangen_bij_overdracht")
    assert parts["huurcontract"].document_id == copy.id
    (task,) = session.exec(select(CaseTask).where(CaseTask.soort == "overgedragen"))
    assert "Nijmegen; contactpersoon daar: Anna, 024 329 90 00" in task.uitleg and "woont in Venlo" in task.uitleg


def test_the_address_there_is_where_the_receiver_begins(session: Session) -> None:
    case = full(session)
    for wrong in ({"postcode": "5911 AB"}, {"huisnummer": "7"}, {"huisnummer": "7", "postcode": "59"}):
        with pytest.raises(Invalid):
            take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, **wrong)
    given = {"huisnummer": "7", "postcode": "5911 ab", "straatnaam": "Kade", "woonplaats": "Venlo"}
    take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, **given)
    there = theirs(session)
    assert (there.postcode, there.huisnummer, there.adresbron) == ("5911AB", 7, "opgegeven door de andere gemeente")
    other = case_at(session, Phase.INLICHTINGEN)
    take(session, other, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, **given | {"huisnummer": "8"})
    assert {one.huisnummer: one.huidig for one in CaseFile(session, there).addresses} == {7: True, 8: False}
    third = case_at(session, Phase.INLICHTINGEN, bsn="999990020")
    take(session, third, "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
    told = select(CaseTask).where(CaseTask.soort == "overgedragen")
    tasks = [task.uitleg for task in session.exec(told.order_by(col(CaseTask.id)))]
    assert ["wijzig het zodra" in uitleg for uitleg in tasks] == [False, False, True]


def test_what_was_received_is_no_act_of_the_receiver(session: Session) -> None:
    case = full(session)
    take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
    there, file = theirs(session), CaseFile(session, theirs(session))
    assert not file.investigated and not file.source_kinds and not file.wrote_to_person
    take(session, there, "niet_oppakken", desk(DIRK, ON), reden="capaciteit")


@pytest.mark.parametrize("one_string", [True, False])
def test_the_sender_chooses_and_may_choose_nothing(session: Session, one_string: bool) -> None:
    case = full(session)
    photo = next(one for one in CaseFile(session, case).documents if one.derden)
    wanted: Any = ["geen", f"document:{photo.id}"]
    wanted = ",".join(wanted) if one_string else wanted
    take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, stukken=wanted)
    assert set(received(session, theirs(session))) == {"foto van bewoners"}
    other = case_at(session, Phase.INLICHTINGEN, bsn="999990020")
    take(session, other, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, stukken="geen")
    assert received(session, theirs(session)) == {}


def test_what_is_not_offered_cannot_go(session: Session) -> None:
    case = full(session)
    social = next(one for one in CaseFile(session, case).sources if one.soort == "sociaal_domein")
    for key in (f"bron:{social.id}", "leerpunt:1", "document:999999", "bron:1'--"):
        with pytest.raises(Invalid) as error:
            take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, stukken=[key])
        assert codes(error) == {"stuk_onbekend"}


def test_what_the_receiver_found_comes_back_with_the_case_and_nothing_goes_in_circles(session: Session) -> None:
    case = full(session)
    take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
    there = theirs(session)
    take(session, there, "wijs_toe", desk(DIRK, ON))
    take(session, there, "start_vooronderzoek", desk(DIRK, ON))
    add_source(session, there, desk(DIRK, ON), "kvk", "het bedrijf zit in Nijmegen")
    take(session, there, "stuur_terug", desk(DIRK, ON), reden="woont toch in Nijmegen")
    assert set(received(session, case)) == {"kvk"}
    assert CaseFile(session, case).events[-1].stap == "ontvang_teruggestuurd"
    take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO, reden="toch niet")
    again = theirs(session)
    assert "kvk" not in received(session, again) and "verhuurder" in received(session, again)
    assert refused(session, again, "stuur_terug", desk(DIRK, ON), reden="x") == {"al_teruggestuurd"}
    take(session, again, "draag_over", desk(DIRK, ON), gemeentecode="0599")
    third = session.exec(select(Case).where(Case.gemeentecode == "0599")).one()
    origins = {part.omschrijving: part.van_gemeente for part in CaseFile(session, third).received}
    assert origins["verhuurder"] == NIJMEGEN and origins["huurcontract"] == NIJMEGEN


def test_parts_join_a_case_that_runs_there_and_the_same_bytes_stay_one(session: Session) -> None:
    here, there = full(session), case_at(session, Phase.AANSCHRIJVING, gemeentecode=VENLO)
    given = {"omschrijving": "hun contract", "soort": "bewijs", "datum": "2026-03-09"}
    mine = dossier.add(session, there, "documenten", desk(DIRK, ON), given)
    assert isinstance(mine, Document)
    mine.sha256, mine.bestand = "huurcontract", "daar"
    session.flush()
    take(session, here, "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
    assert [one.id for one in CaseFile(session, there).documents] == [mine.id]
    assert received(session, there)["huurcontract"].document_id == mine.id


def test_a_withdrawal_during_the_stay_elsewhere_is_asked_about_when_the_case_comes_back(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
    there = theirs(session)
    settle(CaseFile(session, there))
    for link in CaseFile(session, there).signals:
        session.get_one(Signal, link.signal_id).ingetrokken_op, link.intrekking_telt = ON, True
    there.ingetrokken_door_uwv = ON
    take(session, there, "stuur_terug", desk(DIRK, ON), reden="niet hier")
    assert case.ingetrokken_door_uwv == ON
    take(session, case, "sluit_als_ingetrokken", desk(ANNA, ON), reden="klaar")


def test_who_sees_one_municipality_sends_parts_and_sees_none_of_them_there(engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        number = full(session).zaaknummer
    with session_scope(engine, Access.of(ANNA)) as session:
        take(session, moves.find_case(session, number), "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
        session.expire_all()
        assert session.exec(select(ReceivedPart)).all() == []
    with session_scope(engine, Access.of(DIRK)) as session:
        there = session.exec(select(Case)).one()
        add_source(session, there, desk(DIRK, ON), "kvk")
        take(session, there, "stuur_terug", desk(DIRK, ON), reden="niet hier")
    with session_scope(engine, Access.of(ANNA), write=False) as session:
        case = moves.find_case(session, number)
        assert set(received(session, case)) == {"kvk"} and case.fase == Phase.VOORONDERZOEK


def test_outside_the_installation_nothing_is_put_down_and_the_choice_is_remembered(session: Session) -> None:
    case = full(session)
    session.add(Participant(gemeentecode=NIJMEGEN, vanaf=date(2026, 1, 1), besloten_door="beheer"))
    session.flush()
    event = take(session, case, "draag_over", desk(ANNA, ON), gemeentecode=VENLO)
    assert session.exec(select(ReceivedPart)).all() == []
    assert told(session) == "elders"
    assert len(event.gegevens["stukken"]) == 6 and transfer.went_outside(CaseFile(session, case))
    take(session, case, "heropen", desk(CARLA, ON), reden="kwam terug")
    assert not transfer.went_outside(CaseFile(session, case))
