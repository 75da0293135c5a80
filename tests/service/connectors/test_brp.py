"""Asking the BRP by the official document: a stand-in judges each question by it and answers of the persons of RvIG."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import httpx2
import pytest

from service.connectors import answers, brp
from service.connectors.answers import NotAnswered
from service.connectors.configuration import BrpAccess, use_connectors
from service.settings import Settings
from service.trace import Trace
from tests.elsewhere import brp as stub
from tests.elsewhere.certificates import Authority
from tests.elsewhere.process import Elsewhere, running
from workflow.phases import OPEN, Phase, Role

RESIDENT, RNI, ABROAD, UNKNOWN, DEAD, UWV, INQUIRY = (
    "999993653", "999990457", "999992831", "999994529", "999990147", "999990305", "999990561",
)  # fmt: skip
NOBODY = "999999990"
TRACE = Trace().header


@pytest.fixture
def access(brp_there: Elsewhere) -> BrpAccess:
    return BrpAccess(brp_there.url)


def one(access: BrpAccess, bsn: str) -> brp.Person:
    return brp.consult(access, [bsn], TRACE)[bsn]


def test_the_question_is_one_that_the_official_document_allows(access: BrpAccess, brp_there: Elsewhere) -> None:
    one(access, RESIDENT)
    (asked,) = brp_there.asked
    body = json.loads(asked["body"])
    assert stub.faults(body) == []
    assert (asked["method"], asked["path"], asked["query"]) == ("POST", "/personen", "")
    assert body == {
        "type": "RaadpleegMetBurgerservicenummer",
        "burgerservicenummer": [RESIDENT],
        "fields": list(brp.FIELDS),
    }
    assert asked["headers"]["content-type"] == "application/json"
    assert asked["headers"]["traceparent"] == TRACE
    assert RESIDENT not in json.dumps({name: each for name, each in asked.items() if name != "body"})


def test_the_stand_in_refuses_what_the_document_forbids() -> None:
    right = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [RESIDENT], "fields": ["naam"]}
    assert stub.faults(right) == []
    for wrong in (
        right | {"burgerservicenummer": ["12"]},
        right | {"burgerservicenummer": [RESIDENT] * 21},
        right | {"fields": []},
        right | {"fields": ["rni"]},
        right | {"fields": ["geheimhoudingPersoonsgegevens"]},
        right | {"type": "Zoek"},
        {"type": "RaadpleegMetBurgerservicenummer", "fields": ["naam"]},
    ):
        assert stub.faults(wrong), wrong


@pytest.mark.parametrize(
    "told", ["[]", '"x"', '{"access_token": "a\\nb"}', '{"access_token": "\\u20ac"}', "[" * 200_000]
)
def test_a_token_that_is_none_is_a_sentence(access: BrpAccess, told: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers, "asked", lambda *_, **__: httpx2.Response(200, content=told.encode()))
    known = BrpAccess(access.adres, token_adres="https://tokens.example/x", client_id="wij", client_geheim="x")
    with pytest.raises(NotAnswered):
        brp.consult(known, [RESIDENT], TRACE)


def test_nothing_comes_that_was_not_asked(access: BrpAccess) -> None:
    for bsn in stub.persons():
        told = stub.chosen(stub.persons()[bsn], list(brp.FIELDS))
        assert told.keys() <= {
            "burgerservicenummer", "gemeenteVanInschrijving", "datumInschrijvingInGemeente", "verblijfplaats",
            *stub.ALONG,
        }  # fmt: skip
        assert told.get("verblijfplaats", {}).keys() <= {
            "type", "datumVan", "inOnderzoek", "indicatieVastgesteldVerblijftNietOpAdres",
        }  # fmt: skip


def test_everybody_of_the_test_set_can_be_read(access: BrpAccess) -> None:
    numbers = sorted(stub.persons())
    found = {}
    for begin in range(0, len(numbers), brp.MOST):
        found |= brp.consult(access, numbers[begin : begin + brp.MOST], TRACE)
    assert sorted(found) == numbers
    assert {each.verblijf for each in found.values()} == {
        "Adres", "Locatie", "VerblijfplaatsBuitenland", "VerblijfplaatsOnbekend",
    }  # fmt: skip
    assert all(len(brp.summary(each, date(2026, 11, 2))) < 2000 for each in found.values())


def test_a_resident_somebody_abroad_and_somebody_dead_are_told_apart(access: BrpAccess) -> None:
    resident, abroad, dead = one(access, RESIDENT), one(access, ABROAD), one(access, DEAD)
    assert (resident.resident, resident.gemeentecode, resident.opschorting) == (True, "0599", "")
    assert not abroad.resident and abroad.opschorting.endswith("(E)")
    assert not dead.resident and dead.opschorting.endswith("(O)") and dead.opschorting_op is not None
    assert brp.residence_text(one(access, UNKNOWN)).startswith("onbekend")
    in_rni = one(access, RNI)
    assert (in_rni.gemeentecode, in_rni.resident) == (brp.RNI, False)
    assert in_rni.opschorting.endswith("(R)") and in_rni.deelnemers


def test_who_delivered_to_the_rni_and_what_is_under_inquiry_are_shown(access: BrpAccess) -> None:
    assert any("0301" in each for each in one(access, UWV).deelnemers)
    told = one(access, INQUIRY).in_onderzoek
    assert told and told[0].startswith("de verblijfplaats, sinds ")


def test_a_number_that_the_brp_does_not_know_is_nobody(access: BrpAccess) -> None:
    assert brp.consult(access, [NOBODY], TRACE) == {}
    assert "geen gegevens" in brp.summary(None, date(2026, 11, 2))


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (
            {"type": "Datum", "datum": "2012-10-21", "langFormaat": "21 oktober 2012"},
            ("21 oktober 2012", date(2012, 10, 21)),
        ),
        (
            {"type": "JaarMaandDatum", "jaar": 1995, "maand": 2, "langFormaat": "februari 1995"},
            ("februari 1995, dag onbekend", None),
        ),
        ({"type": "JaarDatum", "jaar": 1995, "langFormaat": "1995"}, ("1995, dag en maand onbekend", None)),
        ({"type": "DatumOnbekend", "onbekend": True, "langFormaat": "onbekend"}, ("onbekend", None)),
        ({"type": "Iets", "langFormaat": "ooit"}, ("ooit", None)),
    ],
)  # fmt: skip
def test_a_date_of_which_not_all_is_known_is_never_guessed(
    told: dict[str, object], wanted: tuple[str, date | None]
) -> None:
    assert brp.read_date(told) == brp.BrpDate(*wanted)


def test_what_is_secret_and_who_is_not_at_the_address_is_told() -> None:
    told = {
        "burgerservicenummer": RESIDENT,
        "geheimhoudingPersoonsgegevens": True,
        "verblijfplaats": {"type": "Adres", "indicatieVastgesteldVerblijftNietOpAdres": True},
    }
    person = brp.read(told)
    assert (person.geheim, person.niet_op_adres) == (True, True)
    assert "niet op het adres verblijft" in brp.summary(person, date(2026, 11, 2))


def test_more_than_twenty_at_once_are_never_asked(access: BrpAccess, brp_there: Elsewhere) -> None:
    assert len(brp.consult(access, sorted(stub.persons())[:20], TRACE)) == 20
    for number in ([], sorted(stub.persons())[:21]):
        with pytest.raises(ValueError, match="numbers in one request"):
            brp.consult(access, number, TRACE)
    assert len(brp_there.asked) == 1


@pytest.mark.parametrize(
    ("status", "told", "again"),
    [
        (401, "laat deze gemeente niet toe", False),
        (403, "laat deze gemeente niet toe", False),
        (400, "begrijpt de vraag niet (code 400)", False),
        (429, "kreeg te veel vragen", True),
        (500, "heeft een storing", True),
        (503, "heeft een storing", True),
        (302, "begrijpt de vraag niet (code 302)", False),
    ],
)
def test_a_refusal_is_told_in_a_sentence_without_what_the_brp_said(
    access: BrpAccess, brp_there: Elsewhere, status: int, told: str, again: bool
) -> None:
    brp_there.behave(personen={"status": status, "body": f'{{"detail": "{RESIDENT}"}}', "headers": {"Location": "/x"}})
    with pytest.raises(NotAnswered) as refused:
        one(access, RESIDENT)
    assert refused.value.fault.startswith("De BRP ") and told in refused.value.fault
    assert (refused.value.again, refused.value.status) == (again, status)
    assert RESIDENT not in refused.value.fault
    assert len(brp_there.asked) == 1, "asked once: a question that came there is not repeated"


@pytest.mark.parametrize("body", ["geen json", "[]", '{"personen": [{"naam": 1}]}', '{"personen": [3]}', "{}"])
def test_an_answer_of_another_shape_is_no_answer(access: BrpAccess, brp_there: Elsewhere, body: str) -> None:
    brp_there.behave(personen={"status": 200, "body": body})
    with pytest.raises(NotAnswered, match="niet te lezen"):
        one(access, RESIDENT)


def test_an_answer_about_somebody_else_is_not_shown(access: BrpAccess, brp_there: Elsewhere) -> None:
    brp_there.behave(personen={"status": 200, "body": json.dumps({"personen": [{"burgerservicenummer": RNI}]})})
    with pytest.raises(NotAnswered, match="iemand anders"):
        one(access, RESIDENT)


def test_a_brp_that_hangs_is_waited_for_once_and_then_left_alone(
    access: BrpAccess, brp_there: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.connectors.answers.READ_SECONDS", 0.5)
    brp_there.behave(personen={"seconds": 3})
    with pytest.raises(NotAnswered, match="niet op tijd"):
        one(access, RESIDENT)
    with pytest.raises(NotAnswered, match="halve minuut"):
        one(access, RESIDENT)
    assert len(brp_there.asked) == 1
    brp.forget_failures()
    brp_there.behave()
    assert one(access, RESIDENT).resident


def test_a_brp_that_is_not_there_is_told_in_a_sentence() -> None:
    with pytest.raises(NotAnswered, match=r"^De BRP is niet te bereiken\.$"):
        one(BrpAccess("http://127.0.0.1:9"), RESIDENT)


def test_each_phase_has_one_purpose_and_no_phase_after_the_end() -> None:
    assert set(brp.PURPOSES) == set(OPEN)
    for phase in Phase:
        for role in Role:
            may = phase in OPEN and role in (Role.BEHANDELAAR, Role.BESLISSER)
            assert brp.may_ask(frozenset({role}), phase) == may


@pytest.fixture
def strict(tmp_path: Path) -> Iterator[Elsewhere]:
    with running("brp", tmp_path / "streng", KEY="sleutel-van-0599", TOKEN="een-token") as there:
        yield there


def test_a_key_and_a_token_make_us_known(strict: Elsewhere) -> None:
    known = {"token_adres": f"{strict.url}/token", "client_id": "rni", "client_geheim": "geheim-van-de-client"}
    right = BrpAccess(strict.url, api_sleutel="sleutel-van-0599", **known, scope="brp")
    assert one(right, RESIDENT).resident
    (token,) = strict.of("POST", "/token")
    assert "scope=brp" in token["body"] and RESIDENT not in json.dumps(token)
    for wrong in (BrpAccess(strict.url), BrpAccess(strict.url, api_sleutel="sleutel-van-0599")):
        with pytest.raises(NotAnswered, match="laat deze gemeente niet toe"):
            one(wrong, RESIDENT)
    other = BrpAccess(strict.url, api_sleutel="sleutel-van-0599", **(known | {"client_geheim": "verkeerd"}))
    with pytest.raises(NotAnswered, match="geeft er geen"):
        one(other, RESIDENT)


def test_it_can_be_tried_without_asking_about_anybody(strict: Elsewhere, brp_there: Elsewhere) -> None:
    brp.require_let_in(BrpAccess(brp_there.url), TRACE)
    assert json.loads(brp_there.asked[-1]["body"])["burgerservicenummer"] == []
    with pytest.raises(NotAnswered, match="laat deze gemeente niet toe"):
        brp.require_let_in(BrpAccess(strict.url), TRACE)


def test_a_certificate_makes_us_known_and_that_of_the_brp_must_be_trusted(tmp_path: Path, authority: Authority) -> None:
    tls = {"cert": authority.cert, "key": authority.key, "ca": authority.ca}
    with running("brp", tmp_path / "mtls", tls=tls) as there:
        ours = BrpAccess(there.url, certificaat=authority.client_cert, sleutel=authority.client_key)
        with pytest.raises(NotAnswered, match="niet te vertrouwen"):
            one(ours, RESIDENT)
        use_connectors(Settings(connectors_ca_file=authority.ca))
        brp.forget_failures()
        assert one(ours, RESIDENT).resident
        brp.forget_failures()
        with pytest.raises(NotAnswered, match="De BRP is niet te bereiken"):
            one(BrpAccess(there.url), RESIDENT)
