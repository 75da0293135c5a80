"""Events as subscribers get them: CloudEvents, signed, over real https, to one that fails, is slow or dies."""

import base64
import hashlib
import hmac
import json
import os
import re
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import Engine
from sqlmodel import col, select

from service import jobs, keys
from service.access import Access
from service.connector_models import LineState, Subscription, SubscriptionMessage
from service.connectors import outbox, subscriptions, webhooks
from service.connectors.configuration import use_connectors
from service.connectors.lines import GIVEN_UP, LOST
from service.db import session_scope
from service.models import AuditEntry, Mail
from service.settings import Settings
from signals.errors import Invalid, Refused
from tests import factories, processes
from tests.elsewhere.certificates import Authority
from tests.elsewhere.process import Elsewhere, running
from tests.service.conftest import NOW, ROTTERDAM, access
from workflow.phases import Phase

SYSTEM = Access.system()
MINUTE = timedelta(minutes=1)
EVENT = {
    "type": "object",
    "properties": {
        "specversion": {"const": "1.0"},
        "id": {"type": "string", "minLength": 1},
        "source": {"type": "string", "pattern": "^(urn:nld:oin:[0-9]{20}:systeem:langdurig-rni|https?://)"},
        "type": {"type": "string", "pattern": r"^nl\.langdurig-rni\.[a-z.-]+$"},
        "subject": {"type": "string", "pattern": r"^(Z|TK|A)-[0-9-]+$"},
        "time": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"},
        "datacontenttype": {"const": "application/json"},
        "dataref": {"type": "string", "pattern": "^https?://[^ ]+/api/v1/(zaken|terugkoppelingen)/[A-Z0-9-]+$"},
        "data": {
            "type": "object",
            "properties": {"fase": {"enum": list(Phase)}, "versie": {"type": "integer", "minimum": 1}},
            "additionalProperties": False,
        },
    },
    "required": ["specversion", "id", "source", "type", "subject", "time", "datacontenttype", "data"],
    "additionalProperties": False,
    "propertyNames": {"pattern": "^[a-z0-9]{1,20}$"},
}
"""CloudEvents 1.0 and the NL GOV profile as far as they hold for us, in our own words."""


@pytest.fixture
def on(settings: Settings, authority: Authority) -> Settings:
    """Settings with which webhooks go to this machine too."""
    settings.webhook_networks = (ip_network("127.0.0.0/8"),)
    settings.connectors_ca_file = authority.ca
    settings.oin = "00000001234567890000"
    use_connectors(settings)
    return settings


def subscribe(engine: Engine, on: Settings, url: str, kinds: tuple[str, ...] = tuple(outbox.KINDS)) -> tuple[int, str]:
    with session_scope(engine, access(engine, "bea").widened()) as session:
        made, secret = subscriptions.subscribe(session, ROTTERDAM, url, kinds, on.webhook_networks, NOW)
        assert made.id is not None
        return made.id, secret


def happens(engine: Engine, phase: Phase = Phase.VOORONDERZOEK) -> str:
    with session_scope(engine, SYSTEM) as session:
        return factories.case_at(session, phase, date(2026, 8, 3), gemeentecode=ROTTERDAM).zaaknummer


def messages(engine: Engine) -> list[SubscriptionMessage]:
    with session_scope(engine, SYSTEM, write=False) as session:
        return list(session.exec(select(SubscriptionMessage).order_by(col(SubscriptionMessage.id))))


def states(engine: Engine) -> list[str]:
    return [one.staat.value for one in messages(engine)]


def the_line(engine: Engine, number: int) -> Subscription:
    with session_scope(engine, SYSTEM, write=False) as session:
        return session.get_one(Subscription, number)


def run(settings: Settings, engine: Engine, now: datetime = NOW) -> dict[str, int]:
    return {name: count for name, count in jobs.run_connectors(settings, engine, now).items() if count}


def got(receiver: Elsewhere) -> list[str]:
    return [json.loads(one["body"])["id"] for one in receiver.asked]


def until(what: Callable[[], object]) -> None:
    for _ in range(1200):
        if what():
            return
        time.sleep(0.05)
    raise AssertionError("it did not happen")


@pytest.mark.every_database
def test_an_event_has_the_form_of_the_standard_and_says_nothing_of_a_person(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    subscribe(engine, on, f"{receiver.url}/haak?bron=rni")
    number = happens(engine, Phase.AFGESLOTEN)
    count = len(messages(engine))
    assert run(on, engine) == {"webhooks_bezorgd": count}
    assert (count, len(receiver.asked)) == (8, 8)
    for one in receiver.asked:
        body = json.loads(one["body"])
        assert list(Draft202012Validator(EVENT).iter_errors(body)) == []
        assert (one["method"], one["path"], one["query"]) == ("POST", "/haak", "bron=rni")
        assert one["headers"]["content-type"] == webhooks.CONTENT_TYPE
        assert one["headers"]["host"] == receiver.url.removeprefix("https://")
        assert body["subject"] == number and body["source"] == "urn:nld:oin:00000001234567890000:systeem:langdurig-rni"
        assert body["dataref"] == f"{on.base_url}/api/v1/zaken/{number}"
        assert not re.search("9999|Kowalska|Ewa|Groesbeekseweg|anna", json.dumps(one), re.IGNORECASE)
    first, last = json.loads(receiver.asked[0]["body"]), json.loads(receiver.asked[-1]["body"])
    assert (first["type"], first["data"]) == (
        "nl.langdurig-rni.zaak.fase-gewijzigd",
        {"fase": "vooronderzoek", "versie": 3},
    )
    assert (last["type"], last["data"]["fase"]) == ("nl.langdurig-rni.zaak.afgesloten", "afgesloten")
    assert len(set(got(receiver))) == 8


def test_a_receiver_checks_the_signature_by_the_standard_alone(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    _, secret = subscribe(engine, on, receiver.url)
    happens(engine)
    run(on, engine)
    (one,) = receiver.asked
    headers, body = one["headers"], one["body"].encode()
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    wanted = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{wanted}"
    assert headers["webhook-id"] == json.loads(body)["id"]
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300
    assert len(key) == subscriptions.SECRET_BYTES


def test_the_standard_s_own_example_gives_the_same_signature() -> None:
    """From the specification of Standard Webhooks."""
    secret, mark, moment = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
    body = b'{"test": 2432232314}'
    assert webhooks.signature(secret, mark, moment, body) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_receiver_that_fails_is_tried_again_with_the_same_event_and_in_order(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    number, _ = subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine, Phase.AANSCHRIJVING)
    receiver.behave(haak={"status": 500})
    assert run(on, engine) == {"webhooks_wacht": 1}
    assert states(engine) == ["wacht", "wacht"]
    assert the_line(engine, number).fout == "De ontvanger neemt niets aan (code 500)."
    assert run(on, engine, NOW + MINUTE - timedelta(seconds=1)) == {}, "it rests"
    receiver.behave()
    assert run(on, engine, NOW + MINUTE) == {"webhooks_bezorgd": 2}
    ids, bodies = got(receiver), [one["body"] for one in receiver.asked]
    assert ids[0] == ids[1] != ids[2] and bodies[0] == bodies[1], "the same to the letter"
    line = the_line(engine, number)
    assert (line.pogingen, line.mislukt_sinds, line.fout, line.laatst_gelukt_op) == (0, None, "", NOW + MINUTE)


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (302, "verwijst naar een ander adres"),
        (401, "neemt niets aan"),
        (404, "neemt niets aan"),
        (429, "neemt niets aan"),
    ],
)
def test_an_answer_that_is_no_yes_is_no_delivery(
    on: Settings, engine: Engine, receiver: Elsewhere, status: int, told: str
) -> None:
    number, _ = subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine)
    receiver.behave(haak={"status": status, "headers": {"Location": f"{receiver.url}/elders"}})
    run(on, engine)
    assert states(engine) == ["wacht"] and told in the_line(engine, number).fout
    assert len(receiver.asked) == 1, "nobody is followed elsewhere"


def test_a_message_that_is_refused_waits_for_a_person_and_stops_no_other(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    number, _ = subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine)
    receiver.behave(haak={"status": 422})
    assert run(on, engine) == {"webhooks_geweigerd": 1}
    receiver.behave()
    happens(engine)
    assert run(on, engine) == {"webhooks_bezorgd": 1}
    with session_scope(engine, access(engine, "bea").widened()) as session:
        subscriptions.try_again(session, number, NOW)
    assert run(on, engine) == {"webhooks_bezorgd": 1}
    assert states(engine) == ["bezorgd", "bezorgd"]


def test_a_slow_receiver_holds_nobody_up(
    on: Settings, engine: Engine, receiver: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "WHOLE_SECONDS", 0.5)
    slow, _ = subscribe(engine, on, f"{receiver.url}/traag")
    quick, _ = subscribe(engine, on, f"{receiver.url}/vlot")
    receiver.behave(traag={"seconds": 20})
    happens(engine)
    assert run(on, engine) == {"webhooks_bezorgd": 1, "webhooks_wacht": 1}
    assert the_line(engine, slow).fout == "De ontvanger antwoordt niet op tijd."
    assert the_line(engine, quick).laatst_gelukt_op == NOW


def test_a_subscriber_whose_address_can_be_none_stops_no_other(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    """As one may stand there from before it was refused."""
    wrong, _ = subscribe(engine, on, f"{receiver.url}/eerst")
    right, _ = subscribe(engine, on, f"{receiver.url}/haak")
    with session_scope(engine, SYSTEM) as session:
        session.get_one(Subscription, wrong).adres = "https://ontvanger..example/haak"
    happens(engine)
    assert run(on, engine) == {"webhooks_bezorgd": 1, "webhooks_wacht": 1}
    assert the_line(engine, wrong).fout and the_line(engine, right).laatst_gelukt_op == NOW


def test_what_nobody_foresaw_at_one_subscriber_stops_no_other(
    on: Settings, engine: Engine, receiver: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong, _ = subscribe(engine, on, f"{receiver.url}/eerst")
    right, _ = subscribe(engine, on, f"{receiver.url}/haak")
    as_it_is = webhooks.signature

    def signature(secret: str, mark: str, moment: int, body: bytes) -> str:
        if the_line(engine, wrong).geheim == secret:
            raise RuntimeError
        return as_it_is(secret, mark, moment, body)

    monkeypatch.setattr(webhooks, "signature", signature)
    happens(engine)
    assert run(on, engine) == {"webhooks_bezorgd": 1}
    assert the_line(engine, right).laatst_gelukt_op == NOW


def test_a_receiver_that_takes_its_time_at_every_message_has_the_clock_no_longer_than_a_round(
    on: Settings, engine: Engine, receiver: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "ROUND_SECONDS", 0)
    subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine, Phase.AANSCHRIJVING)
    assert run(on, engine) == {"webhooks_bezorgd": 1}
    assert states(engine) == ["bezorgd", "wacht"]
    assert run(on, engine) == {"webhooks_bezorgd": 1}, "what waited is next, at once"


def test_a_receiver_that_dies_and_comes_back_gets_everything(
    on: Settings, engine: Engine, tmp_path: Path, authority: Authority
) -> None:
    tls = {"cert": authority.cert, "key": authority.key}
    with running("receiver", tmp_path / "ontvanger", tls=tls) as first:
        subscribe(engine, on, f"{first.url}/haak")
        number = happens(engine, Phase.AANSCHRIJVING)
        first.kill()
        assert run(on, engine) == {"webhooks_wacht": 1}
    port = int(first.url.rpartition(":")[2])
    with running("receiver", tmp_path / "ontvanger", port=port, tls=tls) as back:
        assert run(on, engine, NOW + MINUTE) == {"webhooks_bezorgd": 2}
        assert {json.loads(one["body"])["subject"] for one in back.asked} == {number}


def test_a_clock_that_is_killed_while_it_tells_tells_it_again_with_the_same_id(
    on: Settings, engine: Engine, receiver: Elsewhere, tmp_path: Path
) -> None:
    subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine)
    receiver.behave(haak={"seconds": 60, "after": True})
    environment = os.environ | {
        "RNI_DATABASE_URL": on.database_url,
        "RNI_DATA_DIR": str(on.data_dir),
        "RNI_OIN": on.oin,
        "RNI_WEBHOOK_NETWORKS": "127.0.0.0/8",
        "RNI_CONNECTORS_CA_FILE": str(on.connectors_ca_file),
    }
    clock = processes.begin(["clock", "--once"], environment, tmp_path / "out", tmp_path / "err")
    try:
        until(lambda: receiver.asked)
    finally:
        clock.kill()
        clock.join()
    assert states(engine) == ["onderweg"]
    receiver.behave()
    now = on.now()
    assert run(on, engine, now) == {}, "it may be at work still"
    assert run(on, engine, now + LOST + MINUTE) == {"webhooks_bezorgd": 1}
    first, second = receiver.asked
    assert first["body"] == second["body"] and first["headers"]["webhook-id"] == second["headers"]["webhook-id"]


@pytest.mark.every_database
def test_who_fails_for_days_is_left_alone_with_a_message_and_loses_nothing(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    on.smtp_host, on.mail_from = "mail.example", "rni@rotterdam.example"
    number, _ = subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine)
    receiver.behave(haak={"status": 500})
    now = NOW
    while the_line(engine, number).staat == LineState.AAN:
        run(on, engine, now)
        now = max(the_line(engine, number).niet_voor, now)
    assert now - NOW >= GIVEN_UP
    happens(engine)
    asked = len(receiver.asked)
    run(on, engine, now + timedelta(days=60))
    assert len(receiver.asked) == asked and states(engine) == ["wacht", "wacht"]
    with session_scope(engine, SYSTEM, write=False) as session:
        mail = session.exec(select(Mail)).one()
        entry = session.exec(select(AuditEntry).where(AuditEntry.actie == webhooks.STOPPED)).one()
    assert mail.ontvanger == "bea" and "127.0.0.1" in mail.tekst and "code 500" in mail.tekst
    assert (entry.object, entry.gemeentecode) == (f"abonnement {number}", ROTTERDAM)
    receiver.behave()
    with session_scope(engine, access(engine, "bea").widened()) as session:
        subscriptions.try_again(session, number, now)
    assert run(on, engine, now) == {"webhooks_bezorgd": 2}


def test_who_says_that_he_is_gone_is_left_alone_at_once(on: Settings, engine: Engine, receiver: Elsewhere) -> None:
    number, _ = subscribe(engine, on, f"{receiver.url}/haak")
    happens(engine)
    receiver.behave(haak={"status": 410})
    run(on, engine)
    assert the_line(engine, number).staat == LineState.UITGEZET


def test_nothing_goes_inside_unless_the_installation_says_so(on: Settings, engine: Engine, receiver: Elsewhere) -> None:
    number, _ = subscribe(engine, on, receiver.url.replace("127.0.0.1", "localhost"))
    on.webhook_networks = ()
    happens(engine)
    run(on, engine)
    assert "eigen netwerk" in the_line(engine, number).fout and receiver.asked == []
    with pytest.raises(Invalid, match="adres_niet_toegestaan"):
        subscribe(engine, on, receiver.url)


def test_a_receiver_whose_certificate_is_of_another_name_or_authority_gets_nothing(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    number, _ = subscribe(engine, on, receiver.url.replace("127.0.0.1", "127.0.0.2"))
    happens(engine)
    run(on, engine)
    assert the_line(engine, number).fout in (
        "De ontvanger is niet te vertrouwen: het certificaat klopt niet.",
        "De ontvanger is niet te bereiken.",
    )
    use_connectors(Settings())
    with session_scope(engine, SYSTEM) as session:
        row = session.get_one(Subscription, number)
        row.adres, row.niet_voor = receiver.url, NOW
        session.add(row)
    run(on, engine)
    assert the_line(engine, number).fout == "De ontvanger is niet te vertrouwen: het certificaat klopt niet."
    assert receiver.asked == []


def test_an_ended_subscription_gets_nothing_more(on: Settings, engine: Engine, receiver: Elsewhere) -> None:
    number, _ = subscribe(engine, on, receiver.url)
    happens(engine)
    with session_scope(engine, access(engine, "bea").widened()) as session:
        subscriptions.end(session, number, NOW)
        subscriptions.end(session, number, NOW)
        with pytest.raises(Refused, match="abonnement_beeindigd"):
            subscriptions.send_trial(session, number, NOW)
    happens(engine)
    assert run(on, engine) == {} and messages(engine) == [] and receiver.asked == []


def test_a_trial_says_only_that_we_are_there(on: Settings, engine: Engine, receiver: Elsewhere) -> None:
    number, _ = subscribe(engine, on, receiver.url)
    with session_scope(engine, access(engine, "bea").widened()) as session:
        subscriptions.send_trial(session, number, NOW)
    assert run(on, engine) == {"webhooks_bezorgd": 1}
    told = json.loads(receiver.asked[0]["body"])
    assert list(Draft202012Validator(EVENT).iter_errors(told)) == []
    assert (told["type"], told["subject"], told["data"]) == ("nl.langdurig-rni.proef", f"A-{number}", {})
    assert "dataref" not in told


def test_the_secret_lies_sealed_and_outlives_a_new_key(on: Settings, engine: Engine, receiver: Elsewhere) -> None:
    number, secret = subscribe(engine, on, receiver.url)
    with engine.connect() as connection:
        assert "abonnement" in {of.name for of, _ in keys.sealed_columns()}
        assert connection is not None
    assert keys.rotate(engine)["abonnement"] == 0
    assert the_line(engine, number).geheim == secret


def test_what_was_subscribed_stands_in_the_log_without_the_secret(
    on: Settings, engine: Engine, receiver: Elsewhere
) -> None:
    number, secret = subscribe(engine, on, receiver.url)
    with session_scope(engine, SYSTEM, write=False) as session:
        mine = select(AuditEntry).where(AuditEntry.object == f"abonnement {number}")
        entries: list[Any] = [(one.actor, one.actie, one.gemeentecode) for one in session.exec(mine)]
    assert entries == [("bea", "abonnement_vastgelegd", ROTTERDAM)]
    assert secret not in str(entries)
