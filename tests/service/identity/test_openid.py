"""What the provider may say to us, and what makes us distrust it: each wrong answer is refused for its own reason."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from authlib.oidc.core.util import create_half_hash
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from service.identity.openid import REST, RETRY, Distrusted, Provider, ProviderAway
from service.settings import Misconfigured, Settings
from signals.errors import Forbidden
from tests.service.identity.crooked_provider import CURVE, OTHER, SIGNING, Crooked, crooked
from tests.service.identity.provider import CLIENT, LOW, OURS, ROLES, SUBSTANTIAL, as_pem, new_key
from tests.service.pages.conftest import free_port


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sleutel") / "sleutel.pem"
    new_key(path)
    return path


@pytest.fixture
def says() -> Iterator[Crooked]:
    with crooked() as provider:
        yield provider


def known(issuer: str, key_file: Path, **more: Any) -> Settings:
    told = {"oidc_issuer": issuer, "oidc_client_id": CLIENT, "oidc_key_file": key_file, "oidc_roles": ROLES}
    return Settings(base_url=OURS, oidc_acr=(SUBSTANTIAL,), **told, **more)


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def provider(says: Crooked, key_file: Path) -> Provider:
    return Provider(known(says.issuer, key_file))


def come_back(provider: Provider, says: Crooked, answer: Mapping[str, str] | None = None) -> Mapping[str, Any]:
    """There and back, with the answer of a provider that knows the browser."""
    _, told = provider.begin(now())
    says.nonce = told["nonce"]
    given = {"code": "c", "state": told["state"]} if answer is None else {"state": told["state"], **answer}
    return provider.complete(told, {name: value for name, value in given.items() if value}, now())


def test_the_way_there_asks_what_the_profile_asks(provider: Provider, says: Crooked) -> None:
    address, told = provider.begin(now())
    asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{says.issuer}/auth?")
    assert asked.pop("code_challenge") not in ("", told["verifier"])
    assert asked == {
        "client_id": CLIENT,
        "response_type": "code",
        "scope": "openid profile email",
        "redirect_uri": f"{OURS}/inloggen/organisatie/terug",
        "state": told["state"],
        "nonce": told["nonce"],
        "acr_values": SUBSTANTIAL,
        "code_challenge_method": "S256",
    }
    assert len({*told.values(), *provider.begin(now())[1].values()}) == 6, "each is new"
    assert all(len(value) >= 43 for value in told.values())  # the shortest verifier (RFC 7636 4.1)


def test_we_prove_who_we_are_with_our_private_key(provider: Provider, says: Crooked) -> None:
    assert come_back(provider, says)["sub"] == "f0b7"
    (sent,) = (form for path, form in says.asked if path == "/token")
    assert sent.keys() == {
        "grant_type",
        "code",
        "redirect_uri",
        "code_verifier",
        "client_assertion",
        "client_assertion_type",
    }
    (ours,) = provider.public_keys["keys"]
    assert "d" not in ours
    proof = jwt.decode(sent["client_assertion"], RSAKey.import_key(ours), algorithms=["PS256"])
    assert proof.header["kid"] == ours["kid"]
    claims = proof.claims
    assert (claims["iss"], claims["sub"], claims["aud"]) == (CLIENT, CLIENT, f"{says.issuer}/token")
    assert claims["jti"]
    assert 0 < claims["exp"] - time.time() <= 61


WRONG: Mapping[str, dict[str, Any]] = {
    "a nonce of another sign-in": {"claims": {"nonce": "n" * 43}},
    "no nonce": {"without": frozenset({"nonce"})},
    "for another service": {"claims": {"aud": "een-ander"}},
    "also for another service, without saying who asked": {"claims": {"aud": [CLIENT, "een-ander"]}},
    "asked by another service": {"claims": {"azp": "een-ander"}},
    "of another provider": {"claims": {"iss": "https://elders.example"}},
    "without a provider": {"without": frozenset({"iss"})},
    "ended": {"claims": {"exp": int(time.time()) - 120}},
    "without an end": {"without": frozenset({"exp"})},
    "from the future": {"claims": {"iat": int(time.time()) + 3600}},
    "not yet": {"claims": {"nbf": int(time.time()) + 3600}},
    "made long ago": {"claims": {"iat": int(time.time()) - 3600}},
    "without a moment": {"without": frozenset({"iat"})},
    "a moment that is none": {"claims": {"iat": "gisteren"}},
    "about nobody": {"without": frozenset({"sub"})},
    "about an empty name": {"claims": {"sub": " "}},
    "about a number": {"claims": {"sub": 7}},
    "an access token of another answer": {"claims": {"at_hash": "AAAAAAAAAAAAAAAAAAAAAA"}},
    "signed by somebody else": {"key": OTHER},
    "signed by nobody": {"alg": "none"},
    "signed with what is no key pair": {"alg": "HS256", "key": OctKey.import_key(b"x" * 32)},
    "no ID token": {"token": lambda id_token: {"access_token": "a"}},
    "an ID token that is none": {"token": lambda id_token: {"access_token": "a", "id_token": "x.y.z"}},
    "a list": {"token": lambda id_token: [id_token]},
    "an error": {"token": lambda id_token: {"error": "invalid_grant"}, "status": 400},
}


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # what the crooked provider does
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_answer_is_not_believed(provider: Provider, says: Crooked, what: str) -> None:
    for name, value in WRONG[what].items():
        setattr(says, name, value)
    with pytest.raises(Distrusted) as refused:
        come_back(provider, says)
    assert "elders" not in refused.value.uitleg
    says.__dict__.update(Crooked(says.issuer).__dict__)
    assert come_back(provider, says)["sub"] == "f0b7", "the same without the fault is believed"


@pytest.mark.parametrize(
    "answer",
    [{"state": "van-een-ander"}, {"state": ""}, {"code": ""}, {"iss": "https://elders.example"}, {"error": "raar"}],
)
def test_an_answer_to_something_else_is_not_believed(provider: Provider, says: Crooked, answer: dict[str, str]) -> None:
    with pytest.raises(Distrusted):
        come_back(provider, says, {"code": "c", **answer})
    assert not [path for path, _ in says.asked if path == "/token"], "the code goes nowhere"


def test_a_provider_that_says_it_names_itself_must(provider: Provider, says: Crooked) -> None:
    says.metadata = {"authorization_response_iss_parameter_supported": True}
    with pytest.raises(Distrusted):
        come_back(provider, says)
    assert come_back(provider, says, {"code": "c", "iss": says.issuer})["sub"] == "f0b7"


@pytest.mark.parametrize("acr", [LOW, "", None, [SUBSTANTIAL]])
def test_a_lower_level_than_asked_for_is_refused_with_how_to_mend_it(
    provider: Provider, says: Crooked, acr: object
) -> None:
    says.claims = {"acr": acr}
    with pytest.raises(Forbidden, match="niveau_te_laag"):
        come_back(provider, says)
    says.claims, says.without = {}, frozenset({"acr"})
    with pytest.raises(Forbidden, match="niveau_te_laag"):
        come_back(provider, says)


def test_somebody_who_turns_back_is_told_so(provider: Provider, says: Crooked) -> None:
    with pytest.raises(Forbidden, match="inloggen_afgebroken"):
        come_back(provider, says, {"error": "access_denied", "error_description": "<b>Niet</b>"})


def test_a_right_half_hash_and_an_own_azp_are_believed(provider: Provider, says: Crooked) -> None:
    half = create_half_hash("a", "PS256").decode()
    says.claims = {"aud": [CLIENT, "een-ander"], "azp": CLIENT, "at_hash": half}
    assert come_back(provider, says)["sub"] == "f0b7"


def test_a_new_key_of_the_provider_is_looked_for_once_in_a_while(provider: Provider, says: Crooked) -> None:
    come_back(provider, says)
    says.key, says.published, says.alg = CURVE, [SIGNING, CURVE], "ES256"
    with pytest.raises(Distrusted):
        come_back(provider, says)
    _, told = provider.begin(now())
    says.nonce = told["nonce"]
    later = now() + RETRY + timedelta(seconds=1)
    says.claims = {"iat": int(later.timestamp()), "exp": int(later.timestamp()) + 60}
    assert provider.complete(told, {"code": "c", "state": told["state"]}, later)["sub"] == "f0b7"
    assert [path for path, _ in says.asked].count("/jwks") == 2


def test_what_the_id_token_leaves_out_is_asked_of_the_same_person(provider: Provider, says: Crooked) -> None:
    says.without = frozenset({"roles", "gemeenten"})
    says.userinfo = {"sub": "f0b7", "roles": ["rni-beslisser"], "iss": "https://elders.example", "acr": LOW}
    told = come_back(provider, says)
    assert (told["roles"], told["iss"], told["acr"]) == (["rni-beslisser"], says.issuer, SUBSTANTIAL)
    says.userinfo["sub"] = "een-ander"
    with pytest.raises(Distrusted):
        come_back(provider, says)


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://elders.example"},
        {"token_endpoint": "ftp://elders.example/token"},
        {"authorization_endpoint": None},
        {"jwks_uri": "https://elders.example/jwks"},
    ],
)
def test_a_provider_that_is_another_or_leads_elsewhere_is_not_used(
    provider: Provider, says: Crooked, metadata: dict[str, Any]
) -> None:
    says.metadata = metadata
    with pytest.raises(Distrusted):
        come_back(provider, says)


@pytest.mark.parametrize("status", [500, 503, 302])
def test_a_provider_that_fails_is_away(provider: Provider, says: Crooked, status: int) -> None:
    says.status = status
    with pytest.raises((ProviderAway, Distrusted)):
        come_back(provider, says)


def test_a_provider_that_was_away_is_left_alone_for_a_moment(provider: Provider, says: Crooked) -> None:
    says.away, moment = True, now()
    for _ in range(3):
        with pytest.raises(ProviderAway):
            provider.begin(moment)
    assert len(says.asked) == 1
    says.away = False
    assert provider.begin(moment + REST)[0].startswith(says.issuer)


def test_a_provider_that_does_not_answer_is_away(key_file: Path) -> None:
    provider = Provider(known(f"http://127.0.0.1:{free_port()}", key_file))
    with pytest.raises(ProviderAway):
        provider.begin(now())
    with pytest.raises(ProviderAway):
        provider.sign_out_address(now())


def test_signing_out_there_names_the_service_and_nobody(provider: Provider, says: Crooked) -> None:
    assert provider.sign_out_address(now()) is None
    says.metadata = {"end_session_endpoint": f"{says.issuer}/uit?taal=nl"}
    address = provider.sign_out_address(now() + timedelta(hours=1))
    assert address is not None
    assert parse_qs(urlsplit(address).query) == {
        "taal": ["nl"],
        "client_id": [CLIENT],
        "post_logout_redirect_uri": [f"{OURS}/inloggen"],
    }


@pytest.mark.parametrize("content", ["", "geen sleutel", "kort", "krom"])
def test_a_key_that_cannot_be_used_stops_the_start(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sleutel.pem"
    made = {
        "kort": lambda: rsa.generate_private_key(65537, 1024),
        "krom": lambda: ec.generate_private_key(ec.SECP384R1()),
    }
    path.write_bytes(as_pem(made[content]()) if content in made else content.encode())
    for given in (path, tmp_path / "weg.pem"):
        with pytest.raises(Misconfigured, match="oidc_sleutel"):
            Provider(known("https://elders.example", given))


def test_an_ec_key_signs_too(says: Crooked, tmp_path: Path) -> None:
    path = tmp_path / "sleutel.pem"
    path.write_bytes(CURVE.as_pem(private=True))
    provider = Provider(known(says.issuer, path))
    assert come_back(provider, says)["sub"] == "f0b7"
    (sent,) = (form for asked, form in says.asked if asked == "/token")
    assert jwt.decode(sent["client_assertion"], CURVE, algorithms=["ES256"]).claims["iss"] == CLIENT
