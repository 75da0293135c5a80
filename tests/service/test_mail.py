"""Messages about what is due, through a real mail server: once, again when it failed, never twice."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest
from aiosmtpd.controller import Controller
from sqlalchemy import Engine
from sqlmodel import col, select

from service import digests, jobs, mail
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.models import Mail, MailState
from service.settings import Settings
from signals.errors import NotFound, Refused
from tests import factories
from tests.postgres import _free_port
from tests.service.conftest import AMSTERDAM, NOW
from tests.service.pages.test_rendering import Visitor, client  # noqa: F401  # a fixture
from workflow import dossier
from workflow.actors import Actor, Desk
from workflow.models import Case
from workflow.phases import Role

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 2, 7, 0, tzinfo=AMSTERDAM)
ANNA = Actor("anna", {Role.BEHANDELAAR: frozenset({"0599"})})


@dataclass
class Postbox:
    """A mail server that keeps what it takes; `answers` are given to the next messages instead of taking them."""

    answers: list[str] = field(default_factory=list)
    taken: list[EmailMessage] = field(default_factory=list)
    breaks_off: bool = False
    refuses: str = ""

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):  # type: ignore[no-untyped-def]  # noqa: N802
        if self.refuses == address:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # type: ignore[no-untyped-def]  # noqa: N802
        if self.breaks_off:
            self.taken.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
            server.transport.abort()
            return "421 gone"
        if self.answers:
            return self.answers.pop(0)
        self.taken.append(message_from_bytes(envelope.content, policy=policy.default))  # type: ignore[arg-type]
        return "250 OK"


@pytest.fixture
def postbox(settings: Settings) -> Iterator[Postbox]:
    box = Postbox()
    server = Controller(box, hostname="127.0.0.1", port=_free_port())
    server.start()
    settings.smtp_host, settings.smtp_port, settings.smtp_tls = "127.0.0.1", server.port, "geen"
    settings.mail_from = "Langdurig RNI <rni@gemeente.example>"
    yield box
    server.stop()


@pytest.fixture
def case(engine: Engine) -> Case:
    """A case of Anna's, received on 5 October: the first answer is due on Monday 2 November."""
    with session_scope(engine, Access.system()) as session:
        for name in ("anna", "tess"):
            accounts.find_user(session, name).emailadres = f"{name}@gemeente.example"
        made = factories.new_case(session, date(2026, 10, 5), gemeentecode="0599")
        factories.take(session, made, "wijs_toe", Desk(ANNA, MONDAY - 20 * DAY, lambda code: ["anna"]))
        return made


def stored(engine: Engine) -> list[Mail]:
    with session_scope(engine, Access.system(), write=False) as session:
        return list(session.exec(select(Mail).order_by(col(Mail.id))))


def text_of(message: EmailMessage) -> str:
    return str(message.get_content())


def test_a_handler_hears_once_a_day_what_is_due_without_a_persons_data(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    told = jobs.run_mail(settings, engine, MONDAY)
    assert told == {"berichten_gemaakt": 2, "berichten_verzonden": 2} | dict.fromkeys(
        ("berichten_wacht", "berichten_onzeker", "berichten_opgegeven"), 0
    )
    daily, weekly = postbox.taken
    assert (daily["To"], daily["From"]) == ("anna@gemeente.example", "Langdurig RNI <rni@gemeente.example>")
    assert daily["Subject"] == "Langdurig RNI: 1 termijn op 2 november 2026"
    assert daily["Auto-Submitted"] == "auto-generated"
    assert text_of(daily).splitlines()[:6] == [
        "Goedemorgen anna,",
        "",
        "Vandaag of morgen (1)",
        f"- {case.zaaknummer}: eerste antwoord LAA, 2 november 2026",
        f"  {settings.base_url}/zaken/{case.zaaknummer}",
        "",
    ]
    assert weekly["To"] == "tess@gemeente.example"
    for message in postbox.taken:
        raw = text_of(message) + str(message["Subject"])
        assert not any(secret in raw for secret in (case.bsn or "?", "Kowalska", "Ewa", "6523AB", "Groesbeekseweg"))
    for later in (MINUTE, 5 * 60 * MINUTE):
        assert set(jobs.run_mail(settings, engine, MONDAY + later).values()) == {0}
    assert len(postbox.taken) == 2
    assert jobs.run_mail(settings, engine, MONDAY + DAY)["berichten_verzonden"] == 1, "Tuesday has no weekly message"
    assert "Verstreken (1)" in text_of(postbox.taken[-1])


def test_a_teamleider_hears_at_the_start_of_the_week_how_the_team_stands(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    with session_scope(engine, Access.system()) as session:
        factories.new_case(session, date(2026, 9, 1), gemeentecode="0599", bsn="999990020")
        factories.new_case(session, date(2026, 9, 1), gemeentecode="0983", bsn="999990032")
        held = session.get_one(Case, case.id)
        dossier.add(
            session,
            held,
            "terugbelverzoeken",
            Desk(ANNA, MONDAY - 3 * DAY, lambda code: ["anna"]),
            {"telefoonnummer": "0612345678"},
        )
    jobs.run_mail(settings, engine, MONDAY)
    daily, weekly = postbox.taken
    assert "Terugbellen (1)" in text_of(daily)
    assert [line for line in text_of(weekly).splitlines() if line.startswith("-")] == [
        "- lopende zaken: 2",
        "- zonder behandelaar: 1",
        "- met een verstreken termijn: 1",
        "- met een termijn die deze of volgende week eindigt: 1",
        "- langer dan 8 weken aangehouden: 0",
        "- dossiers waarvan de bewaartermijn voorbij is: 0",
        "- open terugbelverzoeken: 1",
    ]


@pytest.mark.parametrize(
    ("day", "opens"),
    [(date(2026, 11, 2), True), (date(2026, 11, 3), False), (date(2026, 4, 7), True), (date(2026, 4, 8), False)],
)
def test_the_week_begins_on_its_first_working_day(day: date, opens: bool) -> None:
    assert digests._opens_the_week(day) is opens  # Easter Monday 2026 is 6 April


def test_on_a_day_off_before_six_or_without_a_mail_server_nothing_is_made(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    jobs.run_mail(settings, engine, MONDAY.replace(hour=5))
    jobs.run_mail(settings, engine, MONDAY - DAY)
    settings.smtp_host = ""
    jobs.run_mail(settings, engine, MONDAY)
    assert stored(engine) == postbox.taken == []


def test_a_long_list_says_how_much_more_there_is(settings: Settings) -> None:
    due = [(f"Z-2026-{number:07d}", "laa_resultaat", date(2026, 11, 2)) for number in range(25)]
    lines = [*digests._lines(due, settings)]
    assert len(lines) == 2 * digests.MOST_LINES + 1
    assert lines[-1] == "- en nog 5: zie uw werklijst"


def test_a_message_that_was_not_taken_is_offered_again_later(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    postbox.answers = ["451 try later", "250 OK but not kept"]
    jobs.run_mail(settings, engine, MONDAY)
    first, second = stored(engine)
    assert (first.staat, first.pogingen, first.fout) == (
        MailState.WACHT,
        1,
        "De mailserver weigert het bericht (451).",
    )
    assert second.staat == MailState.VERZONDEN
    assert jobs.run_mail(settings, engine, MONDAY + 4 * MINUTE)["berichten_verzonden"] == 0, "not before its time"
    assert jobs.run_mail(settings, engine, MONDAY + 5 * MINUTE)["berichten_verzonden"] == 1
    assert [message["To"] for message in postbox.taken] == ["anna@gemeente.example"]


def test_a_server_that_is_away_is_tried_less_and_less_often_and_then_given_up(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    away, settings.smtp_port = settings.smtp_port, 1
    now, seen = MONDAY, []
    for _ in range(len(mail.WAITS) + 1):
        jobs.run_mail(settings, engine, now)
        seen.append({one.staat for one in stored(engine) if one.dag == MONDAY.date()})
        now = max(one.niet_voor for one in stored(engine) if one.dag == MONDAY.date())
    assert seen == [{MailState.WACHT}] * len(mail.WAITS) + [{MailState.OPGEGEVEN}]
    first = stored(engine)[0]
    assert "niet te bereiken" in first.fout and first.pogingen == len(mail.WAITS) + 1
    settings.smtp_port = away
    with pytest.raises(NotFound):
        mail.try_again(engine, 999, now, Access.system())
    mail.try_again(engine, first.id or 0, now, Access.system())
    mail.deliver(settings, engine, now)
    assert stored(engine)[0].staat == MailState.VERZONDEN
    with pytest.raises(Refused):
        mail.try_again(engine, first.id or 0, now, Access.system())


def test_a_recipient_that_does_not_exist_is_given_up_at_once(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    postbox.refuses = "anna@gemeente.example"
    jobs.run_mail(settings, engine, MONDAY)
    first, second = stored(engine)
    assert (first.staat, first.fout) == (MailState.OPGEGEVEN, "De mailserver weigert de ontvanger (550).")
    assert "anna@" not in first.fout and second.staat == MailState.VERZONDEN


def test_a_message_that_may_have_arrived_is_not_sent_again_by_itself(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    postbox.breaks_off = True
    jobs.run_mail(settings, engine, MONDAY)
    assert {one.staat for one in stored(engine)} == {MailState.ONZEKER}
    postbox.breaks_off = False
    jobs.run_mail(settings, engine, MONDAY + DAY / 2)
    assert len(postbox.taken) == 2, "each was offered once"


def test_what_a_killed_clock_had_in_hand_is_shown_and_not_sent_twice(
    settings: Settings, engine: Engine, postbox: Postbox, case: Case
) -> None:
    with session_scope(engine, Access.system()) as session:
        digests.make(session, settings, MONDAY)
        for one in session.exec(select(Mail)):
            one.staat, one.begonnen_op, one.pogingen = MailState.ONDERWEG, MONDAY, 1
    mail.deliver(settings, engine, MONDAY + 10 * MINUTE)
    assert {one.staat for one in stored(engine)} == {MailState.ONDERWEG}, "it may still be at it"
    mail.deliver(settings, engine, MONDAY + 20 * MINUTE)
    assert {one.staat for one in stored(engine)} == {MailState.ONZEKER}
    assert postbox.taken == []


def test_the_beheerder_sees_what_did_not_arrive_and_has_it_sent_again(
    settings: Settings,
    engine: Engine,
    postbox: Postbox,
    case: Case,
    client: object,  # noqa: F811  # the fixture
) -> None:
    bea = Visitor(client, "bea")  # type: ignore[arg-type]
    assert "Er zijn nog geen berichten" in bea.get("/berichten")
    postbox.refuses = "anna@gemeente.example"
    jobs.run_mail(settings, engine, NOW)
    page = bea.get("/berichten")
    assert "De mailserver weigert de ontvanger (550)." in page and ">verzonden<" in page
    postbox.refuses = ""
    (stuck,) = (one for one in stored(engine) if one.staat == MailState.OPGEGEVEN)
    assert bea.post(f"/berichten/{stuck.id}/herkansingen")[0] == 303
    mail.deliver(settings, engine, NOW)
    assert "Niet aangekomen" not in bea.get("/berichten")
    assert Visitor(client, "anna").client.get("/berichten").status_code == 403  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"smtp_host": "mail.example"}, "afzender_ontbreekt"),
        ({"smtp_host": "mail.example", "mail_from": "niemand"}, "afzender_ontbreekt"),
        (
            {"smtp_host": "mail.example", "mail_from": "a@b.nl", "smtp_tls": "geen", "environment": "production"},
            "mail_onbeveiligd",
        ),
    ],
)
def test_mail_that_cannot_go_out_safely_stops_the_start(given: dict[str, str], code: str) -> None:
    assert code in {reason.code for reason in Settings(**given).problems()}  # type: ignore[arg-type]
