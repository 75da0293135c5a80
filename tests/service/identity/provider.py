"""A real OpenID provider in a process of its own, and the browser of somebody who signs in there."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx2 as httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from joserfc.jwk import RSAKey

from tests.nodejs import NODE, module
from tests.service.pages.conftest import free_port

OURS = "http://127.0.0.1:8000"
CLIENT = "langdurig-rni"
LOW, SUBSTANTIAL = "http://eidas.europa.eu/LoA/low", "http://eidas.europa.eu/LoA/substantial"
ROLES = {"rni-behandelaar": "behandelaar", "rni-beslisser": "beslisser", "rni-coordinator": "coordinator"}
PEOPLE: Mapping[str, Mapping[str, Any]] = {
    "f0b7": {
        "acr": SUBSTANTIAL,
        "claims": {
            "name": "Anna de Vries",
            "email": "a.devries@rotterdam.example",
            "roles": ["rni-behandelaar", "intranet-lezer"],
            "gemeenten": ["0599", "9998"],
        },
    },
    "9c41": {"acr": SUBSTANTIAL, "claims": {"name": "Iemand Anders", "roles": ["intranet-lezer"], "gemeenten": "0599"}},
    "77aa": {"acr": LOW, "claims": {"name": "Laag Niveau", "roles": ["rni-coordinator"]}},
}


def as_pem(key: Any) -> bytes:
    """A private key as a file holds it."""
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem


def new_key(path: Path) -> RSAKey:
    """A private key of our own, in a file as an installation keeps it."""
    pem = as_pem(rsa.generate_private_key(65537, 2048))
    path.write_bytes(pem)
    key = RSAKey.import_key(pem, {"use": "sig"})
    key.ensure_kid()
    return key


@contextmanager
def providing(key: RSAKey, folder: Path, ours: str = OURS) -> Iterator[str]:
    """The address of a provider that knows our address and public key; it ends by its own process."""
    module("oidc-provider/package.json")
    port = free_port()
    client = {
        "client_id": CLIENT,
        "redirect_uris": [f"{ours}/inloggen/organisatie/terug"],
        "post_logout_redirect_uris": [f"{ours}/inloggen"],
        "token_endpoint_auth_signing_alg": "PS256",
        "jwks": {"keys": [key.as_dict(private=False)]},
    }
    told = json.dumps({"port": port, "client": client, "people": PEOPLE})
    script = Path(__file__).parents[2] / "node" / "provider.mjs"
    with (folder / "provider.log").open("w") as log:
        process = subprocess.Popen([NODE, script, told], stdout=subprocess.PIPE, stderr=log, text=True)
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "luistert\n", (folder / "provider.log").read_text()
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.communicate(timeout=20)


@dataclass
class Browser:
    """What somebody's browser does at the provider; it keeps its cookies and stops where we begin."""

    client: httpx.Client

    def go(self, address: str, who: str = "") -> str:
        """Follow the provider and fill in its forms, until it sends us somewhere; gives our path, or what it shows."""
        answer = self.client.get(address)
        for _ in range(12):
            if answer.is_redirect:
                address = urljoin(str(answer.url), answer.headers["location"])
                if address.startswith(OURS):
                    parts = urlsplit(address)
                    return f"{parts.path}?{parts.query}" if parts.query else parts.path
                answer = self.client.get(address)
                continue
            if not (form := re.search(r"<form.*?</form>|<form.*", answer.text, re.DOTALL)) or not who:
                return str(answer.text)
            sent = {
                name: unescape(value)
                for name, value in re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form[0])
            }
            to = re.search(r'action="([^"]+)"', form[0])
            sent |= {"logout": "yes"} if "logout" in form[0] else {"wie": who}
            answer = self.client.post(urljoin(str(answer.url), to[1] if to else ""), data=sent)
        raise AssertionError(answer.text)
