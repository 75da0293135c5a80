"""Asking another system over HTTP: how long one waits, whom one trusts, and what is told when it fails.

What it says itself is never shown or logged: it may quote a number of a person.
"""

import json
import ssl
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from service.connectors.configuration import authorities
from service.settings import Misconfigured
from signals.errors import Reason

CONNECT_SECONDS, READ_SECONDS, WHOLE_SECONDS = 5, 10, 20
"""To be let in, between two pieces of an answer, and for all of one answer."""
LARGEST = 2_000_000
"""Bytes of an answer."""
LONGEST_FAULT = 300
AGENT = "langdurig-rni"


class NotAnswered(Exception):
    """What was asked was not done. `again`: it may do better later. `everybody`: it holds for every case there."""

    def __init__(self, fault: str, *, again: bool, everybody: bool = True, status: int | None = None) -> None:
        super().__init__(fault)
        self.fault, self.again, self.everybody, self.status = fault[:LONGEST_FAULT], again, everybody, status


def trusting(certificate: Path | None = None, key: Path | None = None) -> ssl.SSLContext:
    """Whom we trust, and with what we make ourselves known. Misconfigured when a file is of no use."""
    context = ssl.create_default_context()
    try:
        if (more := authorities()) is not None:
            context.load_verify_locations(more)
        if certificate is not None:
            context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError):
        uitleg = (
            "Een certificaat of sleutel voor een koppeling is niet te gebruiken. Controleer RNI_CONNECTORS_CA_FILE en "
            "certificaat en sleutel in koppelingen.toml: PEM, zonder wachtwoordzin, leesbaar voor de service."
        )
        raise Misconfigured(Reason("certificaat_onbruikbaar", uitleg, "RNI_CONNECTORS_DIR")) from None
    return context


def _no_password() -> str:
    """Else it would be asked for on the terminal."""
    raise ValueError


def client(headers: Mapping[str, str], certificate: Path | None = None, key: Path | None = None) -> httpx2.Client:
    """To be closed by whoever opens it. Tries once more where nothing was sent yet; follows nobody elsewhere."""
    return httpx2.Client(
        transport=httpx2.HTTPTransport(verify=trusting(certificate, key), retries=1),
        timeout=httpx2.Timeout(READ_SECONDS, connect=CONNECT_SECONDS),
        headers={"User-Agent": AGENT, **headers},
        follow_redirects=False,
    )


def asked(by: httpx2.Client, method: str, address: str, who: str, **more: Any) -> httpx2.Response:
    """The answer, read whole, whatever it says. `who`: as people know the other system, with its article."""
    until = time.monotonic() + WHOLE_SECONDS
    content = bytearray()
    try:
        with by.stream(method, address, **more) as answer:
            for piece in answer.iter_bytes():
                content += piece
                if len(content) > LARGEST:
                    raise NotAnswered(f"{who} geeft een te groot antwoord.", again=True)
                if time.monotonic() > until:
                    raise NotAnswered(f"{who} antwoordt te langzaam.", again=True)
    except httpx2.TimeoutException:
        raise NotAnswered(f"{who} antwoordt niet op tijd.", again=True) from None
    except (httpx2.HTTPError, httpx2.InvalidURL) as fault:
        if isinstance(fault, httpx2.ConnectError) and "CERTIFICATE" in str(fault).upper():
            raise NotAnswered(f"{who} is niet te vertrouwen: het certificaat klopt niet.", again=True) from None
        raise NotAnswered(f"{who} is niet te bereiken.", again=True) from None
    return httpx2.Response(answer.status_code, content=bytes(content), request=answer.request)


def as_object(answer: httpx2.Response, who: str) -> Any:
    """The JSON of an answer."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):  # the latter of what is nested without end
        raise NotAnswered(f"{who} geeft een antwoord dat niet te lezen is.", again=True) from None
