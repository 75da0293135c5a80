"""What a published pack holds, who publishes and reads it, and that it stays: on both databases."""

import hashlib
from collections.abc import Mapping
from datetime import date

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from sqlmodel import Session, select

from exports.packs.frozen import freeze, thaw
from exports.packs.messages import pack_of
from exports.packs.parts import Soort
from service import sessie_packs
from service.access import Access, access_of
from service.db import session_scope
from service.sessie_packs import Bestand, Made, Uitgave
from signals.errors import Forbidden, Invalid, NotFound, Refused, Stale
from signals.models import Delivery
from tests import factories
from tests.exports.packing import SAID
from workflow import sessie_notes, sessies
from workflow.actors import Desk
from workflow.models import Leerpunt
from workflow.sessie_models import SessiePakket, SessiePakketBestand
from workflow.sessies import UWV, Agenda

from .conftest import NOW, ROTTERDAM, VENLO, access, owning

TODAY = NOW.date()
FIRST, SECOND = "LRNI-2026-01", "LRNI-2026-02"
TEXT = "Wat doen we met een vakantiepark?"


def leading(engine: Engine) -> Access:
    return access(engine, "coen").widened()


def here(session: Session, nummer: str) -> tuple[Agenda, Desk]:
    desk = Desk(access_of(session).actor, NOW)
    return sessies.find(session, nummer, desk.actor), desk


@pytest.fixture
def planned(engine: Engine) -> str:
    """A werksessie of Rotterdam and UWV about a levering with cases of Rotterdam and Venlo, with a question, a
    leerpunt and an action."""
    with session_scope(engine, Access.system()) as session:
        for code, bsn in ((ROTTERDAM, "999990019"), (VENLO, "999990020")):
            case = factories.new_case(session, TODAY, code, bsn=bsn)
            own = {"zaak_id": case.id, "gemeentecode": code, "vastgelegd_op": TODAY, "tijdstip": NOW, "door": "x"}
            session.add(Leerpunt(**own, soort="samenwerking", toelichting="Bel eerst."))
    nummer = plan(engine)
    with session_scope(engine, access(engine, "anna")) as session:
        sessie_notes.ask(session, *here(session, nummer), {"tekst": TEXT})
    with session_scope(engine, leading(engine)) as session:
        agenda, desk = here(session, nummer)
        sessie_notes.agree(session, agenda, desk, {"tekst": "Deel de brief.", "organisatie": UWV, "voor": "2027-01-05"})
    return nummer


def plan(engine: Engine, **other: str) -> str:
    asked = {"soort": "werksessie", "datum": TODAY.isoformat(), "leveringen": FIRST, "deelnemers": f"{ROTTERDAM},UWV"}
    with session_scope(engine, leading(engine)) as session:
        return sessies.plan(session, Desk(access_of(session).actor, NOW), asked | other).nummer


def looked_at(session: Session, engine: Engine, agenda: Agenda, day: date = TODAY) -> Made:
    return sessie_packs.make(session, engine, access_of(session), agenda, day, TODAY)


def publish(engine: Engine, nummer: str, gegevens: Mapping[str, str] | None = None) -> str:
    with session_scope(engine, leading(engine)) as session:
        agenda, desk = here(session, nummer)
        new = looked_at(session, engine, agenda)
        files, stood = sessie_packs.files_made(new), (new.volgnummer, new.digest)
        return sessie_packs.publish(session, agenda, desk, new, files, stood, gegevens or {}).nummer


def test_a_pack_is_read_back_as_it_was_made(engine: Engine, planned: str) -> None:
    with session_scope(engine, leading(engine)) as session:
        agenda, desk = here(session, planned)
        new = looked_at(session, engine, agenda)
        files = sessie_packs.files_made(new)
        sessie_packs.publish(session, agenda, desk, new, files, (1, new.digest), {})
    with session_scope(engine, access(engine, "anna"), write=False) as session:
        agenda, _ = here(session, planned)
        (pack,) = sessie_packs.published(session, agenda)
        assert (pack.nummer, pack.soort, pack.gepubliceerd_door) == (f"PK-{NOW.year}-0001", "werksessie", "coen")
        for uitgave, edition in new.editions.items():
            assert sessie_packs.read_back(pack, uitgave) == edition.pack
            for kind in Bestand:
                file = sessie_packs.file_of(session, pack, uitgave, kind)
                assert file.inhoud == files[uitgave, kind]
                assert (file.sha256, file.grootte) == (hashlib.sha256(file.inhoud).hexdigest(), len(file.inhoud))
                assert file.naam.startswith(f"werksessie-{pack.nummer}-{TODAY:%Y%m%d}")
        assert pack.binnen["cijfers"]["cijfers"]["zaken"] == 2
        assert TEXT in str(pack.binnen) and "Bel eerst." in str(pack.binnen) and "Deel de brief." in str(pack.binnen)
        assert not any(words in str(pack.openbaar) for words in (TEXT, "Bel eerst.", "Deel de brief."))


@pytest.mark.parametrize("soort", Soort)
def test_every_part_of_a_pack_keeps_its_kind(many_counted: dict[bool, dict[str, object]], soort: Soort) -> None:
    for openbaar, counted in many_counted.items():
        said = None if openbaar else SAID
        pack = pack_of(soort, counted, said=said, earlier=counted)
        back = thaw(freeze(pack, counted, counted, said))
        assert back == pack and repr(back) == repr(pack)


@pytest.fixture
def many_counted(engine: Engine) -> dict[bool, dict[str, object]]:
    from tests.exports.builder import Builder
    from tests.exports.packing import counted_as_json, fill

    with session_scope(engine, Access.system()) as session:
        fill(session, Builder(session))
        return {openbaar: counted_as_json(session, openbaar) for openbaar in (False, True)}


def test_the_database_refuses_to_change_what_was_published(engine: Engine, planned: str) -> None:
    publish(engine, planned)
    for statement in (
        "UPDATE sessie_pakket SET reden = 'x'",
        "UPDATE sessie_pakket SET peildatum = peildatum",
        "UPDATE sessie_pakket_bestand SET sha256 = ''",
    ):
        with pytest.raises(DBAPIError, match="een gepubliceerd pakket verandert niet"), owning(engine) as connection:
            connection.execute(text(statement))
    with session_scope(engine, Access.system(), write=False) as session:
        assert session.exec(select(SessiePakket.reden)).all() == [""]
        assert "" not in session.exec(select(SessiePakketBestand.sha256)).all()


def test_a_next_pack_has_a_reason_and_is_what_was_looked_at(engine: Engine, planned: str) -> None:
    publish(engine, planned)
    with pytest.raises(Invalid) as fault:
        publish(engine, planned)
    assert [reason.veld for reason in fault.value.reasons] == ["reden"]
    with pytest.raises(Invalid, match="bsn_in_tekst"):
        publish(engine, planned, {"reden": "Van 999990019 klopte iets niet."})
    assert publish(engine, planned, {"reden": "Er kwam een vraag bij."}).endswith("0002")
    with session_scope(engine, leading(engine)) as session:
        agenda, desk = here(session, planned)
        newest, first = sessie_packs.published(session, agenda)
        assert (newest.volgnummer, newest.reden, first.volgnummer) == (2, "Er kwam een vraag bij.", 1)
        assert sessie_packs.chosen([newest, first], None) is newest
        assert sessie_packs.chosen([newest, first], 1) is first
        new = looked_at(session, engine, agenda)
        for stood, code in (((2, new.digest), "pakket_intussen_gepubliceerd"), ((3, "x"), "voorbeeld_veranderd")):
            with pytest.raises(Stale) as stale:
                sessie_packs.publish(session, agenda, desk, new, {}, stood, {"reden": "Nog eens."})
            assert [reason.code for reason in stale.value.reasons] == [code]


def test_who_takes_part_reads_and_who_only_has_cases_does_not(engine: Engine, planned: str) -> None:
    publish(engine, planned)
    for name, may in (("anna", True), ("tess", True), ("dirk", False)):
        with session_scope(engine, access(engine, name), write=False) as session:
            agenda, desk = here(session, planned)
            if may:
                sessie_packs.require_reader(agenda, desk.actor)
            else:
                with pytest.raises(Forbidden):
                    sessie_packs.require_reader(agenda, desk.actor)
            with pytest.raises(Forbidden):
                sessie_packs.require_publisher(agenda, desk.actor)
    with session_scope(engine, access(engine, "ulla").widened(), write=False) as session:
        agenda, desk = here(session, planned)
        sessie_packs.require_reader(agenda, desk.actor)
        with pytest.raises(Forbidden):
            looked_at(session, engine, agenda)


def test_the_next_sessie_about_a_levering_names_the_pack_that_holds_of_the_one_before(
    engine: Engine, planned: str
) -> None:
    publish(engine, planned)
    holds = publish(engine, planned, {"reden": "Een cijfer klopte niet."})
    following = plan(engine, soort="evaluatiesessie", deelnemers=f"{ROTTERDAM},{VENLO},UWV")
    for name, told in (("anna", [(planned, holds)]), ("dirk", [])):  # Venlo did not sit at the first table
        with session_scope(engine, access(engine, name), write=False) as session:
            agenda, desk = here(session, following)
            found = sessie_packs.earlier(session, agenda, desk.actor)
            assert [(held.nummer, pack.nummer) for held, pack in found] == told, name
            first, _ = here(session, planned)
            assert sessie_packs.earlier(session, first, desk.actor) == [], "nothing that came later"


def test_no_pack_goes_with_a_kick_off_or_a_sessie_that_is_off_or_with_a_day_to_come(
    engine: Engine, planned: str
) -> None:
    off, kick_off = plan(engine), plan(engine, soort="kick_off")
    with session_scope(engine, leading(engine)) as session:
        agenda, desk = here(session, off)
        sessies.call_off(session, agenda.sessie, desk, agenda.sessie.versie, {"reden": "De zaal is dicht."})
    with session_scope(engine, leading(engine), write=False) as session:
        for nummer in (off, kick_off):
            with pytest.raises(Refused):
                looked_at(session, engine, here(session, nummer)[0])
        with pytest.raises(Invalid, match="datum_in_toekomst"):
            looked_at(session, engine, here(session, planned)[0], date(2099, 1, 1))


def test_of_two_leveringen_together_there_is_no_public_edition(engine: Engine, planned: str) -> None:
    with session_scope(engine, Access.system()) as session:
        session.add(Delivery(leveringsnummer=SECOND, eerste_ontvangst=TODAY))
    nummer = plan(engine, soort="evaluatiesessie", leveringen=f"{FIRST},{SECOND}")
    publish(engine, nummer)
    with session_scope(engine, leading(engine), write=False) as session:
        (pack,) = sessie_packs.published(session, here(session, nummer)[0])
        assert pack.openbaar is None and pack.binnen["eerder"] is not None
        assert {file.uitgave for file in sessie_packs.files_of(session, pack)} == {"binnen"}
        assert "Deel de brief." in str(pack.binnen), "an open action of the werksessie comes back"
        with pytest.raises(NotFound):
            sessie_packs.read_back(pack, Uitgave.OPENBAAR)
        with pytest.raises(NotFound):
            sessie_packs.file_of(session, pack, Uitgave.OPENBAAR, Bestand.PDF)


def test_leerpunten_are_those_up_to_the_day_of_the_figures(engine: Engine, planned: str) -> None:
    with session_scope(engine, leading(engine), write=False) as session:
        agenda, desk = here(session, planned)
        heard = [sessie_packs.said_in(session, agenda, desk.actor, day) for day in (TODAY, date(2026, 1, 1))]
    assert [[one.tekst for one in said.leerpunten or ()] for said in heard] == [["Bel eerst."], []]
    assert (heard[0].leerpunten or ())[0].dossiers == 2 and (heard[0].leerpunten or ())[0].gemeenten == 2
