"""Mail, UWV's server and the sign-in of the organisation: away, silent, or gone half-way; what waits is done once.

Added here is what no other test has. SFTP: `tests/service/test_sftp.py` (away, silent, gone half-way) and
`tests/service/test_shipments.py` (the clock brings it once, when it is back). The provider that is away and comes back:
`tests/service/identity/test_openid.py`. What a killed clock had in hand: `tests/service/test_mail.py`.
"""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from service import jobs, mail
from service.identity import openid
from service.identity.openid import Provider, ProviderAway
from service.models import MailState
from service.settings import Settings
from tests.service.faults.outcome import Outcome, Outcomes
from tests.service.identity.provider import new_key
from tests.service.identity.test_openid import known
from tests.service.test_mail import MINUTE, MONDAY, Postbox, case, postbox, stored  # noqa: F401  # two are fixtures
from tests.soak import SOAKING
from workflow.models import Case

pytestmark = pytest.mark.chance

SILENT, GONE = "silent", "gone"
DIALOGUE = {"EHLO": b"250 hier\r\n", "MAIL": b"250 OK\r\n", "RCPT": b"250 OK\r\n", "DATA": b"354 ga door\r\n"}
"""What a mail server answers to each; after that comes the message."""
STAGES = ("GREETING", *DIALOGUE, "MESSAGE")
TRIED = STAGES if SOAKING else ("RCPT", "MESSAGE")
UNSURE = ("DATA", "MESSAGE")
"""Whoever goes then may have the message, for all that we can see: it is not sent again by itself."""


@contextmanager
def answering(*answers: bytes, then: str) -> Iterator[int]:
    """The port of a server that gives these answers to whatever is sent, and then falls silent or is gone."""
    ended = threading.Event()

    class Answer(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.settimeout(5)
            with suppress(OSError):
                for each in answers:
                    if each:
                        self.request.sendall(each)
                    self.request.recv(65536)
            if then == SILENT:
                ended.wait(5)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        yield server.server_address[1]
        ended.set()
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("then", [SILENT, GONE])
@pytest.mark.parametrize("stage", TRIED)
def test_a_mail_server_that_is_lost_at_any_point_gets_each_message_once(
    stage: str,
    then: str,
    settings: Settings,
    engine: Engine,
    postbox: Postbox,  # noqa: F811
    case: Case,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    outcomes: Outcomes,
) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.3)
    there = settings.smtp_port
    said = [b"220 hier\r\n", *DIALOGUE.values()][: STAGES.index(stage)]
    with answering(*said, then=then) as port:
        settings.smtp_port = port
        jobs.run_mail(settings, engine, MONDAY)
    told = {each.staat: each.fout for each in stored(engine)}
    assert set(told) == {MailState.ONZEKER if stage in UNSURE else MailState.WACHT}, told
    settings.smtp_port = there
    for later in (5, 10, 60):
        jobs.run_mail(settings, engine, MONDAY + later * MINUTE)
    arrived = [str(each["To"]) for each in postbox.taken]
    asked = [each.adres for each in stored(engine)]
    if stage in UNSURE:
        assert not arrived and {each.staat for each in stored(engine)} == {MailState.ONZEKER}
    else:
        assert sorted(arrived) == sorted(asked)
    what = "a person is asked" if stage in UNSURE else "sent once when it is back"
    outcomes.tell(Outcome(f"mail server {then}", 1, f"messages of the morning: {what}"))


HALF = b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 900\r\n\r\n{"issuer": "http'


@pytest.mark.parametrize(("answers", "then"), [((), SILENT), ((), GONE), ((b"", HALF), SILENT), ((b"", HALF), GONE)])
def test_a_provider_that_is_lost_half_way_is_away_within_its_time(
    answers: tuple[bytes, ...], then: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, outcomes: Outcomes
) -> None:
    monkeypatch.setattr(openid, "PATIENCE", 0.3)
    new_key(tmp_path / "sleutel.pem")
    with answering(*answers, then=then) as port:
        provider = Provider(known(f"http://127.0.0.1:{port}", tmp_path / "sleutel.pem"))
        with pytest.raises(ProviderAway):
            provider.begin(datetime.now(UTC))
    when = "half-way an answer" if answers else "before an answer"
    outcomes.tell(Outcome(f"sign-in service {then}", 1, f"{when}: a sentence says so"))
