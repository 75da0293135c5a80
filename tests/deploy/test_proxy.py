"""The example for nginx, by nginx itself, before a service that is really there."""

import datetime
import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx2 as httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from serving import Installation, free_port, serving

from tests.databases import Databases

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "deploy" / "nginx" / "rni.conf"
NAME = "rni.gemeente.example"


@dataclass(frozen=True)
class Proxy:
    """A running nginx: its ports and where it logs."""

    https: int
    http: int
    log: Path
    certificate: Path


def certificate(folder: Path) -> tuple[Path, Path]:
    """For this one name, by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, NAME)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem, secret = folder / "volledig.pem", folder / "sleutel.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return pem, secret


@pytest.fixture
def upstream(databases: Databases, empty_database: str, tmp_path: Path) -> Iterator[int]:
    """Where the one web process listens; the other of the example is not there, as while it is restarted."""
    with databases.copied(empty_database) as url:
        port = free_port()
        more = {"RNI_FORWARDED_ALLOW_IPS": "127.0.0.1", "RNI_REQUESTS_PER_ORIGIN": "1000"}
        with serving(Installation(url, tmp_path / "data"), tmp_path / "service.log", port, **more):
            yield port


@pytest.fixture
def proxy(engine_path: Callable[..., str], upstream: int, tmp_path: Path) -> Iterator[Proxy]:
    nginx = engine_path("nginx")
    pem, secret = certificate(tmp_path)
    https, http, log = free_port(), free_port(), tmp_path / "rni.log"
    text = EXAMPLE.read_text()
    for of, ours in (
        ("/etc/rni/tls/volledig.pem", str(pem)),
        ("/etc/rni/tls/sleutel.pem", str(secret)),
        ("/var/log/nginx/rni.log", str(log)),
        ("127.0.0.1:8001", f"127.0.0.1:{upstream}"),
        ("127.0.0.1:8002", f"127.0.0.1:{free_port()}"),
        ("listen 443", f"listen 127.0.0.1:{https}"),
        ("listen 80;", f"listen 127.0.0.1:{http};"),
    ):
        assert of in text
        text = text.replace(of, ours)
    text = re.sub(r"^ *listen \[::\].*\n", "", text, flags=re.M)
    (tmp_path / "temporary").mkdir()
    kinds = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    places = "".join(f"{kind}_temp_path {tmp_path}/temporary/{kind};\n" for kind in kinds)
    main = tmp_path / "nginx.conf"
    main.write_text(f"pid {tmp_path}/nginx.pid;\nevents {{}}\nhttp {{\n{places}\n{text}\n}}\n")
    as_whom = " user root;" if os.geteuid() == 0 else ""  # who it starts its own processes as
    told = ["-c", str(main), "-e", str(tmp_path / "error.log"), "-g", f"daemon off;{as_whom}"]
    checked = subprocess.run([nginx, "-t", *told], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr, checked.stderr
    process = subprocess.Popen([nginx, *told])
    try:
        for _ in range(200):
            try:
                httpx.get(f"http://127.0.0.1:{http}/")
                break
            except httpx.TransportError:
                assert process.poll() is None, (tmp_path / "error.log").read_text()
                time.sleep(0.05)
        yield Proxy(https, http, log, pem)
    finally:
        process.terminate()
        process.wait(30)


def test_pages_come_through_it_as_the_service_sent_them(proxy: Proxy, upstream: int) -> None:
    with httpx.Client(verify=False, headers={"Host": NAME}) as client:  # a certificate of our own
        for _ in range(12):  # half of them come to the process that is away
            page = client.get(f"https://127.0.0.1:{proxy.https}/inloggen?terug=/zaken/Z-2026-0000001")
            assert page.status_code == 200
        straight = httpx.get(f"http://127.0.0.1:{upstream}/inloggen", headers={"Host": NAME})
        counted = {"ratelimit"}  # each answer leaves one request less
        own = {"server", "date", "connection", "traceparent", "set-cookie", "content-length", "transfer-encoding"}
        for header, value in straight.headers.items():
            if header not in own | counted and "nonce" not in value:
                assert page.headers[header] == value
    log = proxy.log.read_text()
    assert "GET 200" in log and "Z-2026" not in log and "inloggen" not in log and "terug" not in log


def test_plain_http_leads_a_page_on_and_refuses_a_script(proxy: Proxy) -> None:
    page = httpx.get(f"http://127.0.0.1:{proxy.http}/inloggen?terug=/x", headers={"Host": NAME})
    assert (page.status_code, page.headers["location"]) == (308, f"https://{NAME}/inloggen")
    refused = httpx.get(f"http://127.0.0.1:{proxy.http}/api/v1/zaken", headers={"Host": NAME})
    assert refused.status_code == 403


def test_a_line_end_in_an_address_becomes_no_header_of_the_answer(proxy: Proxy) -> None:
    for path in ("/%0d%0aSet-Cookie:%20sessie=x", "/zaken/%0D%0A%0D%0A<b>x</b>", "/%0aX-Van-Buiten:%20x"):
        answer = httpx.get(f"http://127.0.0.1:{proxy.http}{path}", headers={"Host": NAME})
        assert answer.status_code == 308 and not {"set-cookie", "x-van-buiten"} & set(answer.headers)
        assert answer.headers["location"].startswith(f"https://{NAME}/") and "%0" in answer.headers["location"]
        assert "<b>" not in answer.text


def test_nobody_chooses_where_he_comes_from(proxy: Proxy) -> None:
    """The bound of requests is counted by origin: who names another one each time would have no bound."""
    left = []
    with httpx.Client(verify=False, headers={"Host": NAME}) as client:  # a certificate of our own
        for number in range(3):
            answer = client.get(
                f"https://127.0.0.1:{proxy.https}/inloggen", headers={"X-Forwarded-For": f"192.0.2.{number}"}
            )
            left.append(re.findall(r"r=(\d+)", answer.headers["RateLimit"]))
    assert len({tuple(each) for each in left}) == 3, left
