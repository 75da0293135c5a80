"""Cases in the zaaksysteem: each body as the Zaken API wants it, one zaak whatever is killed, in order, tried again."""

import json
import os
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey
from sqlalchemy import Engine
from sqlmodel import col, select

from service import jobs
from service.access import Access
from service.audit_models import LogLine
from service.connector_models import LineState, RegisterCase, RegisterLine, RegisterState
from service.connectors import registration, subscriptions, zgw
from service.connectors.configuration import registers, use_connectors
from service.connectors.lines import GIVEN_UP, LOST, WAITS
from service.db import session_scope
from service.models import AuditEntry, Mail
from service.settings import Settings
from tests import factories, processes
from tests.elsewhere import zgw as stub
from tests.elsewhere.process import Elsewhere, running
from tests.service.conftest import ROTTERDAM, access
from workflow import moves
from workflow.phases import Phase, Role

from .conftest import Written

SYSTEM = Access.system()
NOW = datetime.now(factories.ZONE)
RECEIVED = NOW.date() - timedelta(days=60)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def on(settings: Settings, written: Written, zgw_there: Elsewhere) -> Settings:
    """Settings of an installation in which Rotterdam has a zaaksysteem."""
    written.put(stub.toml(zgw_there.url), **{"zgw-geheim": stub.SECRET})
    settings.connectors_dir = written.folder
    use_connectors(settings)
    return settings


def case_at(engine: Engine, phase: Phase, **columns: Any) -> str:
    with session_scope(engine, SYSTEM) as session:
        return factories.case_at(session, phase, RECEIVED, gemeentecode=ROTTERDAM, **columns).zaaknummer


def step(engine: Engine, number: str, naam: str, stap: str, hour: int = 1, **gegevens: object) -> None:
    role = Role.BESLISSER if naam in ("carla", "kees") else Role.BEHANDELAAR
    with session_scope(engine, SYSTEM) as session:
        case = moves.find_case(session, number)
        at = factories.desk(factories.person(naam, role, code=ROTTERDAM), NOW.date() - timedelta(days=1), hour)
        moves.take(session, case, stap, at, versie=case.versie, gegevens=gegevens)


def rows(engine: Engine) -> list[RegisterCase]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return list(session.exec(select(RegisterCase).order_by(col(RegisterCase.id))))


def line(engine: Engine) -> RegisterLine:
    with session_scope(engine, SYSTEM, write=False) as session:
        return session.exec(select(RegisterLine)).one()


def run(settings: Settings, engine: Engine, now: datetime = NOW) -> dict[str, int]:
    return {name: count for name, count in jobs.run_connectors(settings, engine, now).items() if count}


def held(there: Elsewhere) -> dict[str, list[dict[str, Any]]]:
    return httpx2.get(f"{there.url}/alles").json()


def types(there: Elsewhere, noun: str, kind: str) -> list[str]:
    found = sorted(held(there).get(noun, []), key=lambda one: one.get("datumStatusGezet", ""))
    return [one[kind].rpartition("/")[2] for one in found]


def posts(there: Elsewhere) -> list[str]:
    return [one["path"].rpartition("/")[2] for one in there.asked if one["method"] == "POST"]


@pytest.mark.every_database
def test_a_whole_case_stands_there_as_it_went(on: Settings, engine: Engine, zgw_there: Elsewhere) -> None:
    number = case_at(engine, Phase.AFGESLOTEN)
    assert run(on, engine) == {"zaaksysteem_bij": 1}
    there = held(zgw_there)
    (zaak,) = there["zaken"]
    assert (zaak["identificatie"], zaak["startdatum"]) == (number, RECEIVED.isoformat())
    assert zaak["vertrouwelijkheidaanduiding"] == "vertrouwelijk"
    (mark,) = zaak["kenmerken"]
    assert mark == {"kenmerk": f"T-{int(number[-7:]):05d}", "bron": "Signaal Langdurig RNI"}
    (role,) = there["rollen"]
    assert role["betrokkeneIdentificatie"] == {"inpBsn": "999990019"}
    assert types(zgw_there, "statussen", "statustype") == [
        "ontvangen", "vooronderzoek", "aanschrijving", "inlichtingen", "huisbezoek", "voornemen", "besluit",
        "afgesloten",
    ]  # fmt: skip
    assert types(zgw_there, "resultaten", "resultaattype") == ["ambtshalve_ingeschreven"]
    values = {one["eigenschap"].rpartition("/")[2]: one["waarde"] for one in there["zaakeigenschappen"]}
    assert values == {"signaalnummer": mark["kenmerk"], "eerste_antwoord": "onderzoek_in_de_brp"}
    order = posts(zgw_there)
    assert order.index("zaken") < order.index("rollen") < order.index("statussen")
    assert order.index("resultaten") < len(order) - 1 - order[::-1].index("statussen"), "the result before the closing"
    assert run(on, engine, NOW + MINUTE) == {}
    assert len(posts(zgw_there)) == len(order), "nothing is told twice"


def test_every_body_is_as_the_standard_asks(on: Settings, engine: Engine, zgw_there: Elsewhere) -> None:
    """Held to what stands in `tests.elsewhere.zgw`, and to the published document when that lies beside the samples."""
    case_at(engine, Phase.AFGESLOTEN)
    run(on, engine)
    sent = [
        (one["path"].rpartition("/")[2], json.loads(one["body"])) for one in zgw_there.asked if one["method"] == "POST"
    ]
    assert {noun for noun, _ in sent} == stub.BODIES.keys()
    for noun, body in sent:
        assert stub.faults(noun, body) == [], (noun, body)
    for one in zgw_there.asked:
        assert "999990019" not in one["query"] + one["path"], "a number of a person in an address"
        assert one["headers"]["accept-crs"] == one["headers"]["content-crs"] == "EPSG:4326"
        assert one["headers"]["traceparent"]


def test_the_stand_in_refuses_what_the_standard_refuses() -> None:
    assert stub.faults("zaken", {"bronorganisatie": "82", "startdatum": "x"})
    assert stub.faults("rollen", {"zaak": "https://x.example/1"})
    assert stub.faults("statussen", {"zaak": "https://x", "statustype": "https://x", "datumStatusGezet": "2026-11-02"})
    assert stub.faults("zaken", {
        "bronorganisatie": "999990018", "verantwoordelijkeOrganisatie": "999990018", "zaaktype": "https://x/1",
        "startdatum": "2026-01-01",
    }) == ["bronorganisatie", "verantwoordelijkeOrganisatie"]  # fmt: skip


def test_whoever_sends_is_known_by_a_token_of_an_hour(on: Settings) -> None:
    token = jwt.decode(
        zgw.token(registers()[ROTTERDAM], 1_700_000_000.9), OctKey.import_key(stub.SECRET), algorithms=["HS256"]
    )
    assert token.header == {"alg": "HS256", "typ": "JWT"}
    assert token.claims == {
        "iss": stub.CLIENT,
        "iat": 1_700_000_000,
        "client_id": stub.CLIENT,
        "user_id": "langdurig-rni",
        "user_representation": "Langdurig RNI",
    }


def test_a_case_that_goes_on_is_told_step_by_step_and_one_that_opens_again_loses_its_result(
    on: Settings, engine: Engine, zgw_there: Elsewhere
) -> None:
    number = case_at(engine, Phase.VOORONDERZOEK)
    run(on, engine)
    step(engine, number, "anna", "niet_oppakken", 1, reden="capaciteit")
    run(on, engine)
    assert types(zgw_there, "resultaten", "resultaattype") == ["niet_opgepakt"]
    step(engine, number, "carla", "heropen", 2, reden="toch capaciteit")
    run(on, engine)
    assert types(zgw_there, "resultaten", "resultaattype") == []
    step(engine, number, "anna", "niet_oppakken", 3, reden="dubbel")
    run(on, engine)
    assert types(zgw_there, "statussen", "statustype") == [
        "ontvangen", "vooronderzoek", "afgesloten", "vooronderzoek", "afgesloten",
    ]  # fmt: skip
    assert types(zgw_there, "resultaten", "resultaattype") == ["niet_opgepakt"]
    assert len(held(zgw_there)["zaken"]) == len(held(zgw_there)["rollen"]) == 1
    assert len([one for one in held(zgw_there)["zaakeigenschappen"] if one["eigenschap"].endswith("nummer")]) == 1


def test_whose_steps_waited_are_told_in_their_order_at_once(on: Settings, engine: Engine, zgw_there: Elsewhere) -> None:
    number = case_at(engine, Phase.VOORONDERZOEK)
    step(engine, number, "anna", "niet_oppakken", 1, reden="capaciteit")
    step(engine, number, "carla", "heropen", 2, reden="toch capaciteit")
    assert run(on, engine) == {"zaaksysteem_bij": 1}
    assert types(zgw_there, "statussen", "statustype") == ["ontvangen", "vooronderzoek", "afgesloten", "vooronderzoek"]
    assert types(zgw_there, "resultaten", "resultaattype") == []


def test_a_phase_without_a_status_there_is_passed_over(
    on: Settings, engine: Engine, zgw_there: Elsewhere, written: Written
) -> None:
    written.put(stub.toml(zgw_there.url, without=Phase.BEZWAAR), **{"zgw-geheim": stub.SECRET})
    use_connectors(on)
    case_at(engine, Phase.BEZWAAR)
    assert run(on, engine) == {"zaaksysteem_bij": 1}
    assert types(zgw_there, "statussen", "statustype")[-1] == "afgesloten"


def test_a_case_without_a_number_has_no_role(on: Settings, engine: Engine, zgw_there: Elsewhere) -> None:
    number = case_at(engine, Phase.VOORONDERZOEK)
    with session_scope(engine, SYSTEM) as session:
        moves.find_case(session, number).bsn = None
    assert run(on, engine) == {"zaaksysteem_bij": 1}
    assert "rollen" not in held(zgw_there)


def test_what_left_stands_in_the_log_before_it_leaves_with_where_it_went(
    on: Settings, engine: Engine, zgw_there: Elsewhere
) -> None:
    number = case_at(engine, Phase.VOORONDERZOEK)
    run(on, engine)
    with session_scope(engine, SYSTEM, write=False) as session:
        entry = session.exec(select(AuditEntry).where(AuditEntry.actie == "zaaksysteem_verstrekt")).one()
        written_down = session.exec(select(LogLine).where(LogLine.span_id == entry.span_id)).one()
    assert (entry.object, entry.gemeentecode, entry.resultaat) == (number, ROTTERDAM, "gelukt")
    assert written_down.foreign_operation_processor == f"{zgw_there.url}/zaken/api/v1"
    assert written_down.data_subject_id_type == "BSN" and "/zaaksysteem/" in written_down.processing_activity_id
    assert zgw_there.asked[0]["headers"]["traceparent"].split("-")[1] == entry.trace_id


@pytest.mark.parametrize("noun", ["zaken", "rollen", "statussen", "resultaten", "zaakeigenschappen"])
def test_a_sender_that_is_killed_half_way_makes_no_second_zaak(
    on: Settings, engine: Engine, zgw_there: Elsewhere, noun: str, tmp_path: Path
) -> None:
    """The zaaksysteem did what was asked, and whoever asked is gone before the answer comes."""
    case_at(engine, Phase.AFGESLOTEN)
    zgw_there.behave(**{noun: {"methods": ["POST"], "seconds": 60, "after": True}})
    environment = os.environ | {
        "RNI_DATABASE_URL": on.database_url,
        "RNI_DATA_DIR": str(on.data_dir),
        "RNI_CONNECTORS_DIR": str(on.connectors_dir),
    }
    sender = processes.begin(["clock", "--once"], environment, tmp_path / "out", tmp_path / "err")
    try:
        _until(lambda: noun in posts(zgw_there))
        time.sleep(0.5)  # so that it was done there
    finally:
        sender.kill()
        sender.join()
    (row,) = rows(engine)
    assert (row.staat, row.gebracht) == (RegisterState.ONDERWEG, 0)
    zgw_there.behave()
    assert run(on, engine, NOW + MINUTE) == {}, "it may be at work still"
    assert run(on, engine, NOW + LOST + timedelta(hours=1)) == {"zaaksysteem_bij": 1}
    there = held(zgw_there)
    assert [len(there[each]) for each in ("zaken", "rollen", "resultaten")] == [1, 1, 1]
    assert len(there["statussen"]) == 8 and len(there["zaakeigenschappen"]) == 2


def _until(what: Any) -> None:
    for _ in range(1200):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


def test_a_zaaksysteem_that_is_away_is_tried_less_and_less_and_given_up_after_days_with_a_message(
    on: Settings, engine: Engine, zgw_there: Elsewhere, written: Written
) -> None:
    on.smtp_host, on.mail_from = "mail.example", "rni@rotterdam.example"
    case_at(engine, Phase.VOORONDERZOEK)
    case_at(engine, Phase.VOORONDERZOEK, bsn="999990020")
    zgw_there.behave(zaken={"status": 503})
    now, waits = NOW, []
    while line(engine).staat == LineState.AAN if now > NOW else True:
        asked = len(zgw_there.asked)
        run(on, engine, now)
        assert len(zgw_there.asked) == asked + 1, "one look for all cases together"
        waits.append(line(engine).niet_voor - now)
        run(on, engine, line(engine).niet_voor - timedelta(seconds=1))
        assert len(zgw_there.asked) == asked + 1, "not before its time"
        now = line(engine).niet_voor
    assert waits[: len(WAITS)] == list(WAITS) and set(waits[len(WAITS) :]) == {WAITS[-1]}
    assert GIVEN_UP <= now - NOW < GIVEN_UP + 2 * WAITS[-1]
    told = line(engine)
    assert (told.staat, told.fout) == (
        LineState.UITGEZET,
        "Het zaaksysteem heeft een storing of te veel te doen (code 503).",
    )
    assert {row.staat for row in rows(engine)} == {RegisterState.WACHT}, "no case is blamed"
    with session_scope(engine, SYSTEM, write=False) as session:
        mail = session.exec(select(Mail)).one()
        assert (mail.ontvanger, mail.soort) == ("bea", "koppelingbericht") and told.fout in mail.tekst
    zgw_there.behave()
    run(on, engine, now + timedelta(days=30))
    assert held(zgw_there) == {}, "it waits for a person"
    with session_scope(engine, access(engine, "bea").widened()) as session:
        assert subscriptions.try_register_again(session, ROTTERDAM, now) == 2
    assert run(on, engine, now) == {"zaaksysteem_bij": 2}
    assert (line(engine).staat, line(engine).fout, line(engine).mislukt_sinds) == (LineState.AAN, "", None)


def test_a_case_that_is_refused_stops_nobody_else_and_waits_for_a_person(
    on: Settings, engine: Engine, zgw_there: Elsewhere
) -> None:
    first = case_at(engine, Phase.VOORONDERZOEK)
    refused = {"invalidParams": [{"name": "statustype", "code": "x", "reason": "999990019"}, {"name": "2; DROP"}]}
    zgw_there.behave(statussen={"methods": ["POST"], "status": 400, "body": json.dumps(refused)})
    assert run(on, engine) == {"zaaksysteem_mislukt": 1}
    (row,) = rows(engine)
    assert row.fout == (
        "Het zaaksysteem weigert deze zaak (code 400: statustype). Kijk de typen in koppelingen.toml na."
    )
    zgw_there.behave()
    case_at(engine, Phase.VOORONDERZOEK, bsn="999990020")
    assert run(on, engine, NOW + MINUTE) == {"zaaksysteem_bij": 1}
    step(engine, first, "anna", "niet_oppakken", reden="capaciteit")
    assert run(on, engine, NOW + timedelta(days=1)) == {}
    with session_scope(engine, access(engine, "bea").widened()) as session:
        subscriptions.try_register_again(session, ROTTERDAM, NOW)
    assert run(on, engine, NOW + timedelta(days=1)) == {"zaaksysteem_bij": 1}
    assert [len(held(zgw_there)[each]) for each in ("zaken", "rollen")] == [2, 2]


@pytest.mark.every_database
def test_a_step_that_is_taken_while_the_case_is_told_is_told_after_it(
    on: Settings, engine: Engine, zgw_there: Elsewhere
) -> None:
    number = case_at(engine, Phase.VOORONDERZOEK)
    zgw_there.behave(zaakeigenschappen={"methods": ["GET"], "seconds": 1.5})
    clock = threading.Thread(target=run, args=(on, engine))
    clock.start()
    _until(lambda: any(one["path"].endswith("zaakeigenschappen") for one in zgw_there.asked))
    step(engine, number, "anna", "niet_oppakken", reden="capaciteit")
    clock.join()
    (row,) = rows(engine)
    assert (row.gevraagd, row.gebracht, row.staat) == (4, 3, RegisterState.WACHT)
    zgw_there.behave()
    assert run(on, engine) == {"zaaksysteem_bij": 1}
    assert types(zgw_there, "statussen", "statustype")[-1] == "afgesloten"


@pytest.mark.every_database
def test_two_clocks_tell_one_case_once(on: Settings, engine: Engine, zgw_there: Elsewhere) -> None:
    case_at(engine, Phase.AFGESLOTEN)
    zgw_there.behave(rollen={"seconds": 0.5})
    both = [threading.Thread(target=run, args=(on, engine)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert [len(held(zgw_there)[noun]) for noun in ("zaken", "rollen", "resultaten", "statussen")] == [1, 1, 1, 8]


def test_a_wrong_secret_is_told_and_holds_for_every_case(
    on: Settings, engine: Engine, written: Written, zgw_there: Elsewhere
) -> None:
    written.put(stub.toml(zgw_there.url), **{"zgw-geheim": "een-heel-ander-geheim-van-32-tekens"})
    use_connectors(on)
    case_at(engine, Phase.VOORONDERZOEK)
    assert run(on, engine) == {"zaaksysteem_wacht": 1}
    assert line(engine).fout.startswith("Het zaaksysteem laat ons dit niet doen (code 403)")


@pytest.mark.parametrize("body", ["geen json", "{}", "[]", '{"results": [{"identificatie": "X"}]}', '{"results": 3}'])
def test_an_answer_of_another_shape_stops_no_clock(
    on: Settings, engine: Engine, zgw_there: Elsewhere, body: str
) -> None:
    case_at(engine, Phase.VOORONDERZOEK)
    zgw_there.behave(zaken={"status": 200, "body": body}, statussen={"status": 200, "body": body})
    assert run(on, engine) == {"zaaksysteem_wacht": 1}
    assert line(engine).fout


def test_our_token_goes_nowhere_else(on: Settings, engine: Engine, zgw_there: Elsewhere, tmp_path: Path) -> None:
    number = case_at(engine, Phase.VOORONDERZOEK)
    with running("zgw", tmp_path / "elders") as other:
        found = {"results": [{"identificatie": number, "url": f"{other.url}/zaken/api/v1/zaken/1"}]}
        zgw_there.behave(zaken={"status": 200, "body": json.dumps(found)})
        run(on, engine)
        assert "buiten het adres" in line(engine).fout
        assert other.asked == []


def test_nothing_is_held_in_the_database_while_the_zaaksysteem_thinks(
    on: Settings, engine: Engine, zgw_there: Elsewhere
) -> None:
    """Somebody takes a step in the same case meanwhile, and does not wait."""
    number = case_at(engine, Phase.VOORONDERZOEK)
    zgw_there.behave(zaken={"methods": ["GET"], "seconds": 3})
    clock = threading.Thread(target=run, args=(on, engine))
    clock.start()
    _until(lambda: zgw_there.asked)
    step(engine, number, "anna", "niet_oppakken", reden="capaciteit")
    assert clock.is_alive(), "the step was done before the zaaksysteem answered"
    clock.join()


def test_the_catalogue_tells_the_types_and_the_addresses_can_be_tried(on: Settings, zgw_there: Elsewhere) -> None:
    mine = registers()[ROTTERDAM]
    found = zgw.catalogue(mine, "RNI", SYSTEM.trace.header)
    assert found["zaaktype"] == f"{zgw_there.url}/catalogi/api/v1/zaaktypen/rni"
    assert [one["omschrijving"] for one in found["statustypen"]] == ["Ontvangen", "Afgesloten", "In bezwaar"]
    with pytest.raises(zgw.NotAnswered, match="geen zaaktype X"):
        zgw.catalogue(mine, "X", SYSTEM.trace.header)
    missing = f"{zgw_there.url}/catalogi/api/v1/statustypen/weg"
    assert zgw.require_let_in(mine, SYSTEM.trace.header, [mine.zaaktype, missing]) == [missing]


@pytest.mark.parametrize("address", ["https://[", "https://zaak[.example/zaken/1"])
def test_an_address_that_is_none_is_an_answer_that_cannot_be_read(
    on: Settings, engine: Engine, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And it stops nothing else that the clock has to bring."""
    number = case_at(engine, Phase.VOORONDERZOEK)

    def asked(*_: object, **__: object) -> httpx2.Response:
        return httpx2.Response(200, json={"results": [{"identificatie": number, "url": address}]})

    monkeypatch.setattr(zgw.answers, "asked", asked)
    assert run(on, engine) == {"zaaksysteem_wacht": 1}
    assert line(engine).fout == "Het zaaksysteem geeft een antwoord dat niet te lezen is."


def test_what_nobody_foresaw_at_one_zaaksysteem_stops_nothing_else(
    on: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise RuntimeError

    case_at(engine, Phase.VOORONDERZOEK)
    with monkeypatch.context() as patched:
        patched.setattr(zgw, "bring", broken)
        assert run(on, engine) == {}
    assert run(on, engine, NOW + LOST + MINUTE) == {"zaaksysteem_bij": 1}, "it is tried again when it seems lost"


def test_a_slow_zaaksysteem_has_the_clock_no_longer_than_a_round(
    on: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registration, "ROUND_SECONDS", 0)
    case_at(engine, Phase.VOORONDERZOEK)
    case_at(engine, Phase.VOORONDERZOEK)
    assert run(on, engine) == {"zaaksysteem_bij": 1}
    assert run(on, engine) == {"zaaksysteem_bij": 1}
