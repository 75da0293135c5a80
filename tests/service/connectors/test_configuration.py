"""What a municipality may write of its connectors, and that every fault is told at once."""

import pytest

from service.connectors.configuration import (
    ConnectorsRefused,
    configured,
    read_connectors,
    register_of,
    registers,
    safe_address,
    use_connectors,
)
from service.settings import Settings
from tests.elsewhere import zgw
from workflow.phases import Outcome, Phase

from .conftest import Written

BRP = """
[brp]
adres = "https://brp.example/haalcentraal/api/brp/"
api_sleutel = "sleutel.txt"
token_adres = "https://tokens.example/token"
client_id = "rni-0599"
client_geheim = "geheim.txt"
scope = "brp:lezen"
"""


def faults(written: Written) -> str:
    with pytest.raises(ConnectorsRefused) as refused:
        read_connectors(written.folder)
    assert {reason.veld for reason in refused.value.reasons} == {"RNI_CONNECTORS_DIR"}
    return refused.value.uitleg


def test_without_a_folder_everything_is_off() -> None:
    use_connectors(Settings())
    assert (configured(), registers()) == ({}, {})


def test_each_municipality_has_its_own(written: Written) -> None:
    written.put(BRP, **{"sleutel.txt": "een sleutel\n", "geheim.txt": "een geheim"})
    written.put(zgw.toml("https://zaken.example"), "0983", **{"zgw-geheim": "een-geheim-van-meer-dan-32-tekens-lang"})
    use_connectors(Settings(connectors_dir=written.folder))
    found = configured()
    assert (found["0599"].brp is not None, found["0599"].zgw, found["0983"].brp) == (True, None, None)
    brp, register = found["0599"].brp, found["0983"].zgw
    assert brp is not None and register is not None
    assert (brp.adres, brp.api_sleutel) == ("https://brp.example/haalcentraal/api/brp", "een sleutel")
    assert register.resultaattypen.keys() == set(Outcome) and Phase.BEZWAAR in register.statustypen
    assert register_of(["0363", "0983"]) is register and register_of(["0599"]) is None


def test_secrets_are_in_no_repr(written: Written) -> None:
    written.put(BRP, **{"sleutel.txt": "mijn-sleutel", "geheim.txt": "mijn-geheim"})
    told = repr(read_connectors(written.folder))
    assert "mijn-sleutel" not in told and "mijn-geheim" not in told


@pytest.mark.parametrize(
    ("toml", "told"),
    [
        ("[brp]\n", "[brp] adres ontbreekt"),
        ("brp = 3", "[brp] geef hier een tabel"),
        ('[brp]\nadres = "http://brp.example"', "[brp] adres: geef een adres dat met https://"),
        ('[brp]\nadres = "https://brp.example?bsn=1"', "zonder ? of #"),
        ('[brp]\nadres = "https://brp.example"\nsleutel = "x"', "certificaat en sleutel horen bij elkaar"),
        ('[brp]\nadres = "https://brp.example"\nclient_id = "x"', "token_adres, client_id en client_geheim"),
        ('[brp]\nadres = "https://brp.example"\napi_sleutel = "weg"', "het bestand weg is er niet"),
        ('[brp]\nadres = "https://brp.example"\napi_sleutel = "../0983/x"', "het bestand ../0983/x is er niet"),
        ('[brp]\nadres = "https://brp.example"\nadress = "x"', "adress is onbekend"),
        ("[brp]\nadres = 3", "adres: geef een tekst"),
        ("[brp", "geen geldige TOML"),
        ("[zaak]", "zaak is onbekend"),
        ("[zgw]", "[zgw] zaken ontbreekt"),
    ],
)
def test_a_fault_is_told_with_its_place(written: Written, toml: str, told: str) -> None:
    written.put(toml)
    sentence = faults(written)
    assert told in sentence and "koppelingen.toml" in sentence


def test_every_outcome_needs_its_result_before_the_service_starts(written: Written) -> None:
    whole = zgw.toml("https://zaken.example").splitlines()
    written.put("\n".join(line for line in whole if not line.startswith("overleden")), **{"zgw-geheim": "x" * 32})
    assert "[zgw.resultaattypen] er ontbreekt een adres voor: overleden" in faults(written)


def test_a_short_secret_a_wrong_number_and_an_unknown_word_are_told_together(written: Written) -> None:
    toml = zgw.toml("https://zaken.example").replace('rsin = "999995078"', 'rsin = "1"')
    toml = toml.replace("[zgw.eigenschappen]", '[zgw.eigenschappen]\nbsn = "https://zaken.example/x"')
    written.put(toml, **{"zgw-geheim": "kort"})
    told = faults(written)
    assert all(each in told for each in ("ten minste 32 tekens", "negen cijfers", "bsn is onbekend"))


def test_only_folders_of_municipalities_belong_there(written: Written) -> None:
    (written.folder / "Rotterdam").mkdir()
    assert "hier horen alleen mappen met een gemeentecode" in faults(written)


@pytest.mark.parametrize(
    ("address", "safe"),
    [
        ("https://brp.example/x", True),
        ("http://127.0.0.1:9000", True),
        ("http://[::1]:9000", True),
        ("http://localhost", True),
        ("http://10.0.0.1", False),
        ("http://localhost.example", False),
        ("https://naam:woord@brp.example", False),
        ("ftp://brp.example", False),
        ("https://", False),
        ("https://[", False),
    ],
)
def test_nothing_goes_unprotected_off_the_machine(address: str, safe: bool) -> None:
    assert safe_address(address) == safe
