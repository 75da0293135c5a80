"""The same questions before Prism, which makes its server of the official document and not of our reading of it."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from service.connectors import brp
from service.connectors.answers import NotAnswered
from service.connectors.configuration import BrpAccess
from service.trace import Trace
from tests.elsewhere.brp import SAMPLES
from tests.nodejs import NODE, module
from tests.serving import free_port

TRACE = Trace().header
BSN = "999990457"


@pytest.fixture(scope="module")
def prism(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server that judges by the document, with examples to answer with: it does not follow the discriminators."""
    port, log = free_port(), tmp_path_factory.mktemp("prism") / "log"
    program = module("@stoplight/prism-cli/dist/index.js")
    document = SAMPLES / "brp-personen-2.7.0.prism.yaml"
    command = [str(NODE), str(program), "mock", "-p", str(port), "-h", "127.0.0.1", str(document)]
    with log.open("wb") as file:
        process = subprocess.Popen(command, stdout=file, stderr=file)
    try:
        _wait(process, port, log)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(20)


def _wait(process: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(1200):
        assert process.poll() is None, log.read_text()
        try:
            httpx2.get(f"http://127.0.0.1:{port}/")
            return
        except httpx2.TransportError:
            time.sleep(0.05)
    raise AssertionError(log.read_text())


def test_our_question_is_one_that_it_answers(prism: str) -> None:
    """Its first example is that nobody was found."""
    brp.require_let_in(BrpAccess(prism), TRACE)
    assert brp.consult(BrpAccess(prism), [BSN], TRACE) == {}


def asking_for(example: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on our own question says with which example it is to be answered."""
    monkeypatch.setattr(brp, "_known_as", lambda access: {"Prefer": f"example={example}"})


@pytest.mark.parametrize(
    ("example", "bsn", "resident", "living"),
    [
        ("rni", "999990457", False, "in het buitenland"),
        ("rni-deelnemer-uwv-0301", "999990305", False, "in het buitenland"),
        ("emigratie", "999992326", False, "in het buitenland"),
        ("verblijfplaats-onbekend", "999994529", False, "onbekend (vertrokken, niet bekend waarheen)"),
        ("overleden", "999993008", False, "een adres in Nederland"),
        ("in-onderzoek", "999991632", True, "een adres in Nederland"),
        ("locatie", "999990482", True, "een plek in Nederland zonder adres"),
        ("briefadres", "999991565", True, "een adres in Nederland"),
        ("ingezetene-0599", "999993653", True, "een adres in Nederland"),
    ],
)
def test_each_of_its_answers_is_read_by_us(
    prism: str, monkeypatch: pytest.MonkeyPatch, example: str, bsn: str, resident: bool, living: str
) -> None:
    asking_for(example, monkeypatch)
    person = brp.consult(BrpAccess(prism), [bsn], TRACE)[bsn]
    assert (person.resident, brp.residence_text(person)) == (resident, living)
    with pytest.raises(NotAnswered, match="iemand anders"):
        brp.consult(BrpAccess(prism), ["999990019"], TRACE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"burgerservicenummer": ["12"]},
        {"burgerservicenummer": [BSN] * 21},
        {"fields": []},
        {"fields": None},
        {"burgerservicenummer": None},
    ],
)
def test_it_refuses_what_we_never_send(prism: str, wrong: dict[str, object]) -> None:
    body = {"type": "RaadpleegMetBurgerservicenummer", "burgerservicenummer": [BSN], "fields": list(brp.FIELDS)} | wrong
    body = {name: value for name, value in body.items() if value is not None}
    assert httpx2.post(f"{prism}/personen", json=body).status_code == 400


@pytest.mark.parametrize("status", [401, 403, 429, 500, 503])
def test_its_refusals_are_told_in_our_words(prism: str, monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    monkeypatch.setattr(brp, "_known_as", lambda access: {"Prefer": f"code={status}"})
    with pytest.raises(NotAnswered) as refused:
        brp.consult(BrpAccess(prism), [BSN], TRACE)
    assert refused.value.status == status and refused.value.fault.startswith("De BRP ")
