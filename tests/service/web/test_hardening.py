"""What holds for every answer, whatever went wrong, and what is refused before anything looks at it."""

import asyncio
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Client, Response
from serving import Installation, serving
from sqlalchemy import Engine

from service.app import create_app
from service.settings import Environment, Settings
from service.web import statics
from service.web.middleware import SMALL_BODY

HOST = "https://rni.example.nl"


@pytest.fixture
def secure(settings: Settings) -> Settings:
    """Over https, and in the demo, where a password is enough to come in."""
    return settings.model_copy(update={"base_url": HOST, "environment": Environment.DEMO})


@pytest.fixture
def client(secure: Settings, engine: Engine) -> Iterator[TestClient]:
    with TestClient(create_app(secure, engine), base_url=HOST, raise_server_exceptions=False) as opened:
        yield opened


def sign_in(client: Client, name: str) -> Response:
    form = {"gebruikersnaam": name, "wachtwoord": name}
    return client.post("/inloggen", data=form, headers={"Origin": HOST}, follow_redirects=False)


def answers(client: TestClient, token: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, Response]]:
    """The status that is meant, and an answer of it: from pages, the API, files and the guard before them."""
    bearer = {"Authorization": f"Bearer {token}"}
    yield 200, client.get("/inloggen")
    yield 200, client.get("/static/rni.css")
    yield 200, client.get("/.well-known/security.txt")
    yield 200, client.get("/api/v1/openapi.json")
    yield 200, client.get("/api/v1/zaken", headers=bearer)
    yield 303, client.get("/zaken", follow_redirects=False)
    yield 303, sign_in(client, "anna")
    yield 400, client.get("/api/v1/zaken?aantal=0", headers=bearer)
    yield 400, client.get("/zaken/%00")
    yield 401, client.get("/api/v1/zaken")
    yield 403, client.post("/inloggen", headers={"Origin": "https://elders.example"})
    yield 403, client.get("/gebruikers")
    yield 404, client.get("/bestaat-niet")
    yield 404, client.get("/static/bestaat-niet.css")
    yield 404, client.get("/api/v1/bestaat-niet")
    yield 405, client.request("DELETE", "/inloggen", headers={"Origin": HOST})
    yield 405, client.request("DELETE", "/api/v1/zaken", headers=bearer)
    yield 413, client.post("/inloggen", content=b"x" * (SMALL_BODY + 1), headers={"Origin": HOST})
    yield 413, client.post("/api/v1/zaken/_zoek", content=b"x" * (SMALL_BODY + 1), headers=bearer)

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError("999900018")

    monkeypatch.setattr("service.case_list.page", broken)
    yield 500, client.get("/zaken")
    yield 500, client.get("/api/v1/zaken", headers=bearer)


def test_every_answer_carries_the_headers_whatever_its_status(
    client: TestClient, tokens: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for status, answer in answers(client, tokens["anna"], monkeypatch):
        where = f"{status} {answer.request.method} {answer.request.url}"
        assert answer.status_code == status, where
        headers = answer.headers
        assert headers["strict-transport-security"] == "max-age=31536000; includeSubDomains", where
        assert headers["x-content-type-options"] == "nosniff", where
        assert headers["x-frame-options"] == "DENY", where
        assert headers["referrer-policy"] == "no-referrer", where
        assert headers["cross-origin-opener-policy"] == "same-origin", where
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; "), where
        assert {"base-uri 'none'", "frame-ancestors 'none'"} <= set(policy.split("; ")), where
        assert "unsafe" not in policy and "*" not in policy and "http" not in policy, where
        static = answer.request.url.path.startswith("/static/") and status < 400
        assert headers["cache-control"] == ("max-age=3600" if static else "no-store"), where
        assert "server" not in headers and "x-powered-by" not in headers, where
        api = answer.request.url.path.startswith("/api/")
        assert ("api-version" in headers) is api, where
        if status >= 400:
            kind = "application/problem+json" if api else "text/"
            assert headers["content-type"].startswith(kind), where
            assert "999900018" not in answer.text and "Traceback" not in answer.text, where
        if headers.get("content-type", "").startswith("text/"):
            assert "charset=utf-8" in headers["content-type"], where


def test_only_the_openapi_document_is_for_other_sites(client: TestClient, tokens: Mapping[str, str]) -> None:
    elsewhere = {"Origin": "https://elders.example", "Authorization": f"Bearer {tokens['anna']}"}
    shared = client.get("/api/v1/openapi.json", headers=elsewhere)
    assert shared.headers["access-control-allow-origin"] == "*"
    for path in ("/api/v1/zaken", "/inloggen", "/static/rni.css"):
        answer = client.get(path, headers=elsewhere)
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
    asked = elsewhere | {"Access-Control-Request-Method": "POST"}
    assert client.options("/api/v1/zaken/_zoek", headers=asked).status_code == 405


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PATCH", "ONZIN"])
def test_methods_that_nothing_here_takes_are_refused(
    client: TestClient, tokens: Mapping[str, str], method: str
) -> None:
    bearer = {"Authorization": f"Bearer {tokens['anna']}"}
    answer = client.request(method, "/api/v1/zaken", headers=bearer)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
    assert client.request(method, "/inloggen", headers={"Origin": HOST}).status_code == 405


def test_405_names_every_method_of_the_address(client: TestClient) -> None:
    answer = client.delete("/api/v1/zaken/Z-2026-0000001/stappen")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, POST")


def test_the_session_cookie_is_for_this_host_over_https_and_no_script(client: TestClient) -> None:
    came = sign_in(client, "anna")
    cookies = {
        each.partition("=")[0]: each.partition("=")[2].split(";") for each in came.headers.get_list("set-cookie")
    }
    assert len(cookies["__Host-rni"][0]) >= 43, "256 random bits"
    for name, (_, *rest) in cookies.items():
        attributes = {each.strip().lower() for each in rest}
        assert name.startswith("__Host-")
        assert attributes >= {"secure", "httponly", "path=/"} and {"samesite=lax", "samesite=strict"} & attributes
        assert not [each for each in attributes if each.startswith("domain")]


@pytest.mark.parametrize("path", ["/static/", "/static/visits", "/static/../settings.py", "/static/%2e%2e/app.py"])
def test_no_folder_is_listed_and_nothing_beside_it_is_served(client: TestClient, path: str) -> None:
    assert client.get(path).status_code == 404


def test_a_content_type_that_takes_long_to_read_is_not_read(client: TestClient) -> None:
    """Libraries read it in quadratic time: 60,000 signs held up everybody for seconds."""
    for path in ("/static/rni.css", "/inloggen", "/api/v1/zaken"):
        answer = client.get(path, headers={"Content-Type": 'a;a="' + ";" * 300})
        assert answer.status_code == 400
        assert "De header Content-Type is te lang." in answer.text


def test_a_body_of_unknown_length_comes_from_scripts_that_we_know_alone(
    client: TestClient, tokens: Mapping[str, str]
) -> None:
    """A million pieces of a byte each cost more than they weigh; every browser says how long a form is."""
    same = {"Sec-Fetch-Site": "same-origin", "Content-Type": "application/x-www-form-urlencoded"}
    answer = client.post("/inloggen", headers=same, content=iter([b"a=1"]))
    assert (answer.status_code, "Content-Length" in answer.text) == (411, True)
    script = {"Content-Type": "application/json"}
    assert client.post("/api/v1/zaken/_zoek", headers=script, content=iter([b"{}"])).status_code == 401
    known = script | {"Authorization": f"Bearer {tokens['anna']}"}
    search = iter([b'{"bsn": "999990019"}'])
    assert client.post("/api/v1/zaken/_zoek", headers=known, content=search).status_code == 200


def test_a_static_file_is_kept_for_good_under_the_address_of_what_it_holds(client: TestClient) -> None:
    """Two versions of the program may run side by side: what one does not have as asked for is not kept as such."""
    good = client.get(statics.address("rni.css"))
    assert good.headers["cache-control"] == "public, max-age=31536000, immutable"
    for wrong in ("/static/rni.css", "/static/rni.css?v=", "/static/rni.css?v=0123456789ab"):
        assert client.get(wrong).headers["cache-control"] == "max-age=3600"
    again = client.get(statics.address("rni.css"), headers={"If-None-Match": good.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


class Sent:
    """What an application answers to a request that is given to it message by message."""

    def __init__(self, chunk: bytes) -> None:
        self.chunk, self.taken, self.status = chunk, 0, 0

    async def receive(self) -> dict[str, Any]:
        self.taken += len(self.chunk)
        return {"type": "http.request", "body": self.chunk, "more_body": True}

    async def send(self, message: Mapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]


def ask(settings: Settings, engine: Engine, path: str, sent: Sent, *headers: tuple[bytes, bytes]) -> None:
    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"host", b"rni.example.nl"), (b"origin", HOST.encode()), *headers],
        "client": ("192.0.2.7", 50000),
        "server": ("rni.example.nl", 443),
    }
    # In a thread of its own: where a browser was used before, a loop runs in this one.
    with ThreadPoolExecutor(1) as beside:
        beside.submit(lambda: asyncio.run(create_app(settings, engine)(scope, sent.receive, sent.send))).result()


FORM = (b"content-type", b"multipart/form-data; boundary=x")


@pytest.mark.parametrize("path", ["/api/v1/ladingen", "/api/v1/zaken/Z-1/documenten", "/ladingen", "/inloggen"])
def test_a_body_that_says_it_is_too_large_is_not_read_at_all(secure: Settings, engine: Engine, path: str) -> None:
    sent = Sent(b"x" * 1000)
    length = (b"content-length", str(secure.max_upload_mb * 1_000_000 + 1).encode())
    token = (b"authorization", b"Bearer rni_verkeerd")
    ask(secure, engine, path, sent, FORM, length, token)
    assert (sent.status, sent.taken) == (413, 0)


@pytest.mark.parametrize("length", [(), ((b"content-length", b"10"),)])
def test_a_body_without_an_end_is_read_no_further_than_its_limit(
    secure: Settings, engine: Engine, length: tuple[tuple[bytes, bytes], ...]
) -> None:
    sent = Sent(b"x" * 60_000)
    ask(secure, engine, "/api/v1/zaken/_zoek", sent, (b"content-type", b"application/json"), *length)
    assert sent.status == 413
    assert SMALL_BODY < sent.taken <= SMALL_BODY + len(sent.chunk)


def test_where_somebody_says_to_come_from_is_believed_of_the_proxy_alone(settings: Settings, tmp_path: Any) -> None:
    installation = Installation(settings.database_url, settings.data_dir)

    def statuses(**more: str) -> list[int]:
        log = tmp_path / "service.log"
        with serving(installation, log, RNI_REQUESTS_PER_ORIGIN="3", **more) as served, Client() as browser:
            claimed = ({"X-Forwarded-For": f"192.0.2.{number}"} for number in range(4))
            return [browser.get(f"{served.address}/inloggen", headers=each).status_code for each in claimed]

    assert 429 in statuses()
    assert statuses(RNI_FORWARDED_ALLOW_IPS="127.0.0.1") == [200] * 4


@pytest.mark.parametrize("known", [(b"authorization", b"Bearer rni_verkeerd"), (b"cookie", b"__Host-rni=verkeerd")])
@pytest.mark.parametrize("path", ["/api/v1/ladingen", "/ladingen"])
@pytest.mark.parametrize("says_how_much", [True, False])
def test_a_file_of_nobody_we_know_is_not_read(
    secure: Settings, engine: Engine, known: tuple[bytes, bytes], path: str, says_how_much: bool
) -> None:
    part = b'--x\r\nContent-Disposition: form-data; name="bestand"; filename="a"\r\n\r\n'
    sent = Sent(part + b"x" * 60_000 + b"\r\n")
    length = ((b"content-length", b"20000000"),) if says_how_much else ()
    ask(secure, engine, path, sent, FORM, known, *length)
    assert sent.status == 401
    assert sent.taken <= (0 if says_how_much else SMALL_BODY + len(sent.chunk))


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("application/json", b"[" * 600 + b"]" * 600),
        ("application/json", b'["\\ud800", ' + b"[" * 600 + b"]" * 600 + b"]"),
        ("application/json", b'{"bsn": "\\u0000"}'),
        ("application/json", b'{"bsn": "\\udc00"}'),
        ("application/x-www-form-urlencoded", b"toelichting=caf%E9"),
        ("application/x-www-form-urlencoded", b"toelichting=%ED%A0%80"),
    ],
)
@pytest.mark.parametrize("path", ["/api/v1/zaken/_zoek", "/inloggen"])
def test_what_no_text_can_hold_is_refused_however_deep(client: TestClient, path: str, kind: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": kind, "Origin": HOST})
    assert 400 <= answer.status_code < 500, answer.text


def test_a_pair_of_escapes_is_one_sign(client: TestClient, tokens: Mapping[str, str]) -> None:
    own = {"Content-Type": "application/json", "Authorization": f"Bearer {tokens['anna']}"}
    body = b'{"geslachtsnaam": "\\ud83d\\ude00", "geboortedatum": "1990-01-01"}'
    assert client.post("/api/v1/zaken/_zoek", content=body, headers=own).status_code == 200
