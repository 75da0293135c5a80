"""The provider of the organisation: OpenID Connect as the NLGov profile 1.0.1 wants it, and what makes us distrust it.

Code flow with PKCE (S256), state and nonce; who we are is proven with `private_key_jwt`. Of an ID token is checked:
signature, iss, aud, azp, exp, iat, nbf, nonce, at_hash, sub, and acr, which must be one of the levels asked for.
"""

import hmac
import secrets
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx2
import structlog
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import OAuth2Client
from authlib.oauth2.rfc7523 import PrivateKeyJWT
from authlib.oidc.core import CodeIDToken
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import ECKey, KeySet, RSAKey

from service.settings import Misconfigured, Settings
from signals.errors import DomainError, Forbidden, Reason

log = structlog.get_logger()

BACK = "/inloggen/organisatie/terug"
SIGNED_OUT = "/inloggen"
"""Where the provider sends people after they signed out there."""
ALGORITHMS = ("PS256", "ES256", "RS256")
"""In which an ID token may be signed; the first that both know signs what proves who we are."""
SHORTEST_RSA = 2048
PATIENCE = 5.0
"""Seconds that the provider may take to answer: there are few threads to wait with."""
ASSERTION_LIFE = timedelta(minutes=1)
CLOCK_DRIFT, OLDEST = timedelta(seconds=30), timedelta(minutes=5)
"""How far clocks may be apart, and how long ago an ID token may have been made."""
FRESH, RETRY = timedelta(minutes=10), timedelta(minutes=1)
"""How long what the provider published is used, and how soon its keys are asked for again when one is missing."""
REST = timedelta(seconds=10)
"""How long a provider that was away is left alone: else every thread would wait for it."""


class ProviderAway(DomainError):
    """The provider does not answer, or not as one."""

    def __init__(self) -> None:
        super().__init__(
            Reason(
                "inlogdienst_weg",
                "De inlogdienst van uw organisatie antwoordt niet. Probeer het over een paar minuten opnieuw.",
            )
        )


class Distrusted(Forbidden):
    """What came back is not what a provider says to us, now, about this sign-in."""

    def __init__(self, what: str) -> None:
        """what: which check failed, in our words: it goes to the log, never to the screen."""
        self.what = what
        super().__init__(
            Reason(
                "inlogdienst_onbetrouwbaar",
                "Het antwoord van de inlogdienst van uw organisatie klopt niet. Begin opnieuw. Helpt dat niet, vraag "
                "dan de beheerder om hulp.",
            )
        )


_TOLD: Mapping[str, Reason] = {
    "access_denied": Reason(
        "inloggen_afgebroken", "U bent niet ingelogd: het inloggen bij uw organisatie is afgebroken of geweigerd."
    ),
    "unmet_authentication_requirements": Reason(
        "niveau_te_laag",
        "U logde bij uw organisatie in op een te laag niveau. Gebruik een sterkere manier, bijvoorbeeld met een code.",
    ),
}
"""What a provider may say instead of yes (RFC 6749 4.1.2.1, OpenID Connect Unmet Authentication Requirements)."""


def claim(claims: Mapping[str, Any], name: str) -> Any:
    """What a claim says; `a.b` is also the b within a. None when it is not there."""
    found: Any = claims.get(name)
    if found is None and "." in name:
        found = claims
        for part in name.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _joined(more: Mapping[str, Any], claims: Mapping[str, Any]) -> Mapping[str, Any]:
    """Both, within a claim too; what the token says goes before."""
    within = {
        name: _joined(more[name], value)
        for name, value in claims.items()
        if isinstance(value, Mapping) and isinstance(more.get(name), Mapping)
    }
    return {**more, **claims, **within}


class Provider:
    """The provider that the settings name; what it published is kept for a while."""

    def __init__(self, settings: Settings) -> None:
        """Misconfigured when our private key cannot be used."""
        self._settings = settings
        self._key = _own_key(settings)
        self._lock = threading.Lock()
        self._metadata: Mapping[str, Any] = {}
        self._metadata_of: datetime | None = None
        self._away_at: datetime | None = None
        self._keys: KeySet | None = None
        self._keys_of: datetime | None = None

    @property
    def public_keys(self) -> Mapping[str, Any]:
        """Our own public key as the provider takes it (RFC 7517)."""
        return {"keys": [self._key.as_dict(private=False)]}

    # --- the way there

    def begin(self, now: datetime) -> tuple[str, Mapping[str, str]]:
        """Where to send the browser, and what must be known when it comes back."""
        told = {name: secrets.token_urlsafe(32) for name in ("state", "nonce", "verifier")}
        metadata = self.metadata(now)
        with self._client(metadata, now) as client:
            address, _ = client.create_authorization_url(
                self._endpoint(metadata, "authorization_endpoint"),
                state=told["state"],
                nonce=told["nonce"],
                code_verifier=told["verifier"],
                acr_values=" ".join(self._settings.oidc_acr),
            )
        return str(address), told

    # --- the way back

    def complete(self, told: Mapping[str, str], answer: Mapping[str, str], now: datetime) -> Mapping[str, Any]:
        """What the provider says of whoever came back with `answer`; DomainError when anything is wrong with it."""
        if not hmac.compare_digest(answer.get("state", "").encode(), told.get("state", "").encode()):
            raise Distrusted("state")
        metadata = self.metadata(now)
        self._check_issuer(metadata, answer)
        if "error" in answer:
            if answer["error"] in _TOLD:
                raise Forbidden(_TOLD[answer["error"]])
            raise Distrusted("weigering")
        token = self._fetch_token(metadata, answer.get("code", ""), told, now)
        claims = self._checked(metadata, token, told, now)
        return _joined(self._more(metadata, token, claims), claims)

    def _check_issuer(self, metadata: Mapping[str, Any], answer: Mapping[str, str]) -> None:
        """Another provider's answer is not this one's (RFC 9207)."""
        expected = self._settings.oidc_issuer
        if answer.get("iss", expected) != expected:
            raise Distrusted("iss in het antwoord")
        if metadata.get("authorization_response_iss_parameter_supported") is True and "iss" not in answer:
            raise Distrusted("geen iss in het antwoord")

    def _fetch_token(
        self, metadata: Mapping[str, Any], code: str, told: Mapping[str, str], now: datetime
    ) -> Mapping[str, Any]:
        if not code:
            raise Distrusted("geen code")
        try:
            with self._client(metadata, now) as client:
                token = client.fetch_token(
                    self._endpoint(metadata, "token_endpoint"),
                    grant_type="authorization_code",
                    code=code,
                    redirect_uri=self._back,
                    code_verifier=told["verifier"],
                )
        except httpx2.HTTPError as error:
            raise _away(error) from None
        except AuthlibBaseError:
            raise Distrusted("code geweigerd") from None
        if not isinstance(token.get("id_token"), str):
            raise Distrusted("geen id_token")
        found: Mapping[str, Any] = token
        return found

    def _checked(
        self, metadata: Mapping[str, Any], token: Mapping[str, Any], told: Mapping[str, str], now: datetime
    ) -> Mapping[str, Any]:
        """The claims of the ID token (OpenID Connect Core 3.1.3.7; NLGov profile, ID Tokens)."""
        try:
            read = self._verified(metadata, token["id_token"], now)
            claims = CodeIDToken(
                read.claims,
                read.header,
                {
                    "iss": {"essential": True, "value": self._settings.oidc_issuer},
                    "aud": {"essential": True, "value": self._settings.oidc_client_id},
                    "sub": {"essential": True},
                },
                {
                    "nonce": told["nonce"],
                    "client_id": self._settings.oidc_client_id,
                    "access_token": token.get("access_token"),
                },
            )
            checked: Mapping[str, Any] = claims
            claims.validate(now=int(now.timestamp()), leeway=int(CLOCK_DRIFT.total_seconds()))
        except (JoseError, ValueError, TypeError) as error:
            raise Distrusted(f"id_token: {type(error).__name__} {getattr(error, 'claim', '')}".strip()) from None
        if now.timestamp() - claims["iat"] > (OLDEST + CLOCK_DRIFT).total_seconds():
            raise Distrusted("id_token: te oud")
        if not isinstance(claims["sub"], str) or not claims["sub"].strip():
            raise Distrusted("id_token: sub")
        if claims.get("acr") not in self._settings.oidc_acr:
            raise Forbidden(_TOLD["unmet_authentication_requirements"])
        return checked

    def _verified(self, metadata: Mapping[str, Any], id_token: str, now: datetime) -> jwt.Token:
        """The token, signed by a key of the provider; a key not seen before is looked for once."""
        try:
            return jwt.decode(id_token, self._key_set(metadata, now), algorithms=ALGORITHMS)
        except InvalidKeyIdError:
            return jwt.decode(id_token, self._key_set(metadata, now, anew=True), algorithms=ALGORITHMS)

    def _more(
        self, metadata: Mapping[str, Any], token: Mapping[str, Any], claims: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        """What only the userinfo endpoint tells, and only of the same person (OpenID Connect Core 5.3.2)."""
        ours = self._settings.oidc_roles_claim, self._settings.oidc_municipalities_claim
        wanted = (*ours, "name", "email", "phone_number")
        if all(claim(claims, each) is not None for each in wanted) or "userinfo_endpoint" not in metadata:
            return {}
        bearer = {"Authorization": f"Bearer {token.get('access_token', '')}", "Accept": "application/json"}
        told = self._get(self._endpoint(metadata, "userinfo_endpoint"), bearer)
        if told.get("sub") != claims["sub"]:
            raise Distrusted("userinfo: sub")
        return told

    # --- the way out

    def sign_out_address(self, now: datetime) -> str | None:
        """Where to sign out there too; None when it offers no such thing. No ID token goes along: it holds a name."""
        metadata = self.metadata(now)
        if "end_session_endpoint" not in metadata:
            return None
        back = f"{self._settings.base_url.rstrip('/')}{SIGNED_OUT}"
        asked = urlencode({"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": back})
        address = self._endpoint(metadata, "end_session_endpoint")
        return f"{address}{'&' if urlsplit(address).query else '?'}{asked}"

    # --- what the provider published

    def metadata(self, now: datetime) -> Mapping[str, Any]:
        """What it says of itself (OpenID Connect Discovery 4); ProviderAway when it says nothing we can use."""
        with self._lock:
            if self._metadata_of is None or now - self._metadata_of > FRESH:
                issuer = self._settings.oidc_issuer
                if self._away_at is not None and now - self._away_at < REST:
                    raise ProviderAway
                self._away_at = now
                found = self._get(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
                self._away_at = None
                if found.get("issuer") != issuer:
                    raise Distrusted("issuer in de metadata")
                self._metadata, self._metadata_of = found, now
            return self._metadata

    def _key_set(self, metadata: Mapping[str, Any], now: datetime, *, anew: bool = False) -> KeySet:
        with self._lock:
            age = None if self._keys_of is None else now - self._keys_of
            if self._keys is None or age is None or age > (RETRY if anew else FRESH):
                found = self._get(self._endpoint(metadata, "jwks_uri"))
                self._keys, self._keys_of = KeySet.import_key_set({"keys": list(found.get("keys", []))}), now
            return self._keys

    def _endpoint(self, metadata: Mapping[str, Any], name: str) -> str:
        """An address of the provider, as safe as that of the provider itself."""
        address = metadata.get(name)
        if not isinstance(address, str) or urlsplit(address).scheme != urlsplit(self._settings.oidc_issuer).scheme:
            raise Distrusted(f"{name} in de metadata")
        return address

    def _get(self, address: str, headers: Mapping[str, str] | None = None) -> Mapping[str, Any]:
        try:
            answer = httpx2.get(address, headers=dict(headers or {}), timeout=PATIENCE, follow_redirects=False)
            answer.raise_for_status()
            found = answer.json()
        except (httpx2.HTTPError, httpx2.InvalidURL, ValueError) as error:
            raise _away(error) from None
        if not isinstance(found, dict):
            raise ProviderAway
        return found

    # --- who we are

    @property
    def _back(self) -> str:
        return f"{self._settings.base_url.rstrip('/')}{BACK}"

    def _client(self, metadata: Mapping[str, Any], now: datetime) -> OAuth2Client:
        known = metadata.get("token_endpoint_auth_signing_alg_values_supported", [])
        alg = "ES256" if isinstance(self._key, ECKey) else "RS256" if known and "PS256" not in known else "PS256"
        client = OAuth2Client(
            client_id=self._settings.oidc_client_id,
            client_secret=self._key,
            token_endpoint_auth_method="private_key_jwt",  # noqa: S106  # nosec B106  # the name of a method
            code_challenge_method="S256",
            scope=self._settings.oidc_scope,
            redirect_uri=self._back,
            timeout=PATIENCE,
            follow_redirects=False,
        )
        ends = {"exp": int((now + ASSERTION_LIFE).timestamp())}
        client.register_compliance_hook("access_token_response", _an_answer)
        named = {"kid": self._key.kid}
        proof = PrivateKeyJWT(metadata.get("token_endpoint"), claims=ends, headers=named, alg=alg)
        client.register_client_auth_method(proof)
        return client


def _an_answer(response: httpx2.Response) -> httpx2.Response:
    """What the token endpoint said, when it is an answer at all (RFC 6749 5.1)."""
    if response.status_code >= 500:
        raise ProviderAway
    if response.status_code != 200:
        raise Distrusted(f"code geweigerd: {response.status_code}")
    try:
        told = response.json()
    except ValueError:
        told = None
    if not isinstance(told, dict):
        raise Distrusted("geen antwoord in JSON")
    return response


def _away(error: Exception) -> ProviderAway:
    log.warning("inlogdienst", fout=type(error).__name__)
    return ProviderAway()


def _own_key(settings: Settings) -> RSAKey | ECKey:
    """Our private key, named by its thumbprint (RFC 7638)."""
    path = settings.oidc_key_file
    assert path is not None, "settings.problems() asks for it"
    try:
        pem = path.read_bytes()
        found = load_pem_private_key(pem, None)
    except (OSError, ValueError, TypeError):
        found = None
    key: RSAKey | ECKey
    if isinstance(found, RSAPrivateKey) and found.key_size >= SHORTEST_RSA:
        key = RSAKey.import_key(pem, {"use": "sig"})
    elif isinstance(found, EllipticCurvePrivateKey) and isinstance(found.curve, SECP256R1):
        key = ECKey.import_key(pem, {"use": "sig"})
    else:
        uitleg = (
            f"In {path} staat geen bruikbare sleutel. Nodig is een PEM-bestand zonder wachtwoord, leesbaar voor de "
            f"service, met een RSA-sleutel van ten minste {SHORTEST_RSA} bits of een EC-sleutel P-256."
        )
        raise Misconfigured(Reason("oidc_sleutel", uitleg, "RNI_OIDC_KEY_FILE"))
    key.ensure_kid()
    return key
