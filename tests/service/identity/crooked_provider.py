"""A provider that says what a test wants it to say: the real one never answers wrongly."""

import json
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

from joserfc import jwt
from joserfc.jwk import ECKey, OctKey, RSAKey

from tests.service.identity.provider import CLIENT, SUBSTANTIAL

SIGNING = RSAKey.generate_key(2048, {"use": "sig", "kid": "een"})
OTHER = RSAKey.generate_key(2048, {"use": "sig", "kid": "een"})
CURVE = ECKey.generate_key("P-256", {"use": "sig", "kid": "krom"})


@dataclass
class Crooked:
    """What it says now; a test changes that. asked: every request that came in, with its form."""

    issuer: str
    nonce: str = ""
    claims: dict[str, Any] = field(default_factory=dict)
    without: frozenset[str] = frozenset()
    key: Any = field(default_factory=lambda: SIGNING)
    alg: str = "PS256"
    published: list[Any] = field(default_factory=lambda: [SIGNING])
    metadata: dict[str, Any] = field(default_factory=dict)
    userinfo: dict[str, Any] = field(default_factory=lambda: {"sub": "f0b7"})
    status: int = 200
    away: bool = False
    token: Callable[[str], Any] = lambda id_token: {"access_token": "a", "token_type": "Bearer", "id_token": id_token}
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    def id_token(self) -> str:
        now = int(time.time())
        told = {
            "iss": self.issuer,
            "aud": CLIENT,
            "sub": "f0b7",
            "iat": now,
            "exp": now + 60,
            "nonce": self.nonce,
            "acr": SUBSTANTIAL,
            "roles": ["rni-behandelaar"],
            "gemeenten": ["0599"],
        }
        told = {name: value for name, value in (told | self.claims).items() if name not in self.without}
        if self.alg == "none":
            part = OctKey.generate_key(256)
            _, body, _ = jwt.encode({"alg": "HS256"}, told, part).split(".")
            return f"eyJhbGciOiJub25lIn0.{body}."
        return jwt.encode({"alg": self.alg, "kid": self.key.kid or "een"}, told, self.key, algorithms=[self.alg])

    def answer(self, path: str, form: Mapping[str, str]) -> tuple[int, Any]:
        self.asked.append((path, dict(form)))
        if self.away:
            return 503, {}
        match path:
            case "/.well-known/openid-configuration":
                ends = {name: f"{self.issuer}/{name}" for name in ("token", "jwks", "userinfo")}
                return 200, {
                    "issuer": self.issuer,
                    "authorization_endpoint": f"{self.issuer}/auth",
                    "token_endpoint": ends["token"],
                    "jwks_uri": ends["jwks"],
                    "userinfo_endpoint": ends["userinfo"],
                } | self.metadata
            case "/jwks":
                return 200, {"keys": [key.as_dict(private=False) for key in self.published]}
            case "/userinfo":
                return 200, self.userinfo
            case "/token":
                return self.status, self.token(self.id_token())
            case _:
                return 404, {}


@contextmanager
def crooked() -> Iterator[Crooked]:
    """A provider on a free port, for as long as it is asked."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer({})

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self._answer(dict(parse_qsl(body)))

        def _answer(self, form: dict[str, str]) -> None:
            status, told = provider.answer(self.path.partition("?")[0], form)
            content = told if isinstance(told, bytes) else json.dumps(told).encode()
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"{provider.issuer}/jwks")
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *parts: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        provider = Crooked(f"http://127.0.0.1:{server.server_port}")
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        yield provider
        server.shutdown()
