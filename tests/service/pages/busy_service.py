"""A service that has run for a week: what its processes counted, how its clock went, how large it is."""

from datetime import timedelta

from sqlalchemy import delete
from sqlmodel import Session

from service.access import Access
from service.db import session_scope
from service.running import facts, kept, tasks
from service.running.meter import Call, Counted, Fault, Meter, Tally
from service.running.models import Course, Length, TaskRun
from tests.service.pages.conftest import Site

SLOW = "SELECT zaak.id FROM zaak WHERE zaak.gemeentecode = ? ORDER BY zaak.datum_ontvangst"
TRACE = "0af7651916cd43dd8448eb211c80319c"


def counted(answers: int, *, fault: str = "") -> Counted:
    """An hour: lists that take long now and then, cases, forms, the API, one slow statement."""
    meter = Meter()
    for place in range(answers):
        meter.answered(Call("/zaken", "GET", 200), 2_600 if place % 3 == 0 else 80, Tally(9, 0.05))
        meter.answered(Call("/zaken/{zaaknummer}", "GET", 200), 45, Tally(22, 0.02))
        meter.answered(Call("/zaken/{zaaknummer}/stappen/{stap}", "POST", 303), 120, Tally(31, 0.04))
        meter.answered(Call("/api/v1/zaken", "GET", 200), 30, Tally(4, 0.01))
        meter.answered(Call("/cijfers", "GET", 200), 900, Tally(12, 0.7))
    meter.slow(SLOW, 812)
    meter.refused("wachtwoord")
    if fault:
        meter.answered(Call("/post/pdf", "GET", 500), 310, Tally(5, 0.2))
        meter.fault(Fault(fault, "/post/pdf", 500, TRACE))
    return meter.taken()


def furnish(site: Site) -> None:
    """From a week ago until now, by two processes of pages and a clock; a task failed and a fault happened."""
    now = site.settings.now()
    hour = now.replace(minute=0, second=0, microsecond=0)
    fault = now.isoformat(timespec="seconds")
    with session_scope(site.engine, Access.system()) as session:
        session.execute(delete(Course))  # it may have been furnished before
        for ago in range(24 * 7):
            for proces in ("een", "twee"):
                told = kept.as_json(counted(6 + ago % 9, fault=fault if ago == 0 and proces == "een" else ""))
                session.add(
                    Course(
                        lengte=Length.UUR, begin=hour - timedelta(hours=ago), proces=proces, soort="web", geteld=told
                    )
                )
        for ago in range(3):
            minute = now.replace(second=0, microsecond=0) - timedelta(minutes=ago)
            for proces, soort in (("een", "web"), ("twee", "web"), ("drie", "klok")):
                told = kept.as_json(counted(8, fault=fault if ago == 0 and proces == "een" else ""))
                session.add(Course(lengte=Length.MINUUT, begin=minute, proces=proces, soort=soort, geteld=told))
        _tasks(session, site)
    facts.measure(site.settings, site.engine, now)


def _tasks(session: Session, site: Site) -> None:
    now = site.settings.now()
    for taak, ago, aantal in (
        (tasks.MAIL, 3, 0),
        (tasks.SHIPMENTS, 4, 0),
        (tasks.LOG, 1, 12),
        ("sluit_termijnen", 480, 7),
    ):
        gelukt = now - timedelta(minutes=ago)
        session.merge(TaskRun(taak=taak, begonnen_op=gelukt, gelukt_op=gelukt, milliseconden=140, aantal=aantal))
    failed = TaskRun(
        taak="herindelingen_verteld", begonnen_op=now, gelukt_op=now - timedelta(days=2), mislukt_op=now,
        milliseconden=3_200, fout="OperationalError",
    )  # fmt: skip
    session.merge(failed)
