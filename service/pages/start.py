"""Where everybody begins: what is due, what waits, and what happened since; numbers of cases and days, no persons."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from exports.models import DeliveryState, FeedbackDelivery
from service import case_list, saved_lists, shipments, since
from service.connectors import subscriptions
from service.db import session_scope
from service.loading import uploads
from service.models import Mail
from service.pages import labels, queue, sessies, walaa
from service.pages.labels import SOON_WORKING_DAYS
from service.pages.messages import NEED_A_PERSON
from service.pages.rendering import render
from service.pages.visits import plans_in
from service.pages.worklist import MOST_COUNTED, Filters, Row, display_names, filters_of, lines
from service.reporting import YieldsShown, yields_for
from service.retention import due
from service.retention import lists as destruction
from service.web.dependencies import Database, Now, PageSession, SignedIn, Who
from signals.models import Load, LoadStatus
from workflow import day_list, prepared_letters, unplaced_reports, visit_planning
from workflow.holidays import add_working_days
from workflow.phases import MUNICIPAL_ROLES, Phase, Role
from workflow.retention_models import Lijststaat
from workflow.visit_models import PlannedVisit, VisitStatus

router = APIRouter()

FIRST = 5
"""So many cases stand here; the rest is one click away."""
MOST = MOST_COUNTED + 1
TOLD = "/terugkoppelingen"
YIELDED = "/cijfers#opbrengst"


@dataclass(frozen=True)
class Line:
    """Something that waits: how much of it, and where it is. urgent: it should have been done. beside: what is there
    too, and waits for somebody else."""

    label: str
    count: int
    path: str
    urgent: bool = False
    beside: str = ""


EMPTY: Sequence[tuple[Role, str, str, str]] = (
    (Role.BEHANDELAAR, "Kies een zaak uit", "/zaken?lijst=vrij", "de zaken zonder behandelaar"),
    (Role.TEAMLEIDER, "Bekijk", "/zaken?lijst=alle", "alle zaken van uw gemeente"),
    (Role.BESLISSER, "Bekijk wat eraan komt in", "/zaken?lijst=alle", "alle zaken van uw gemeente"),
    (
        Role.TOEZICHTHOUDER,
        "Plan een huisbezoek vanaf een zaak in",
        "/zaken?lijst=alle&fase=huisbezoek",
        "de fase huisbezoek",
    ),
    (Role.UWV_LIAISON, "Bied een levering aan bij", "/leveringen", "de leveringen"),
    (Role.COORDINATOR, "Bekijk wat er aan UWV te vertellen is bij", TOLD, "de terugkoppelingen"),
    (Role.BEHEERDER, "Bekijk wie hier mag werken bij", "/gebruikers", "de gebruikers"),
    (Role.AUDITOR, "Kijk wie wat deed in", "/logboek", "het logboek"),
)
"""What each role does when nothing waits."""


@router.get("/", response_class=HTMLResponse)
def start(request: Request, who: Who, session: PageSession, engine: Database, now: Now) -> Response:
    """What is due, what waits, what happened since the last time and what came of it, for every role of who asks."""
    today, before = now.date(), who.vorige_keer
    found = {line.path: line for line in _lines(session, engine, who, now) if line.count or line.beside}
    waiting = list(found.values())
    visits = _visits_today(session, who, today) if who.has(Role.TOEZICHTHOUDER) else ()
    yielded = yields_for(engine, who.access, today, before)
    return render(
        request,
        "start.html",
        waiting=waiting,
        most=MOST_COUNTED,
        rows=_first_cases(session, who),
        visits=visits,
        sessie=sessies.next_for(session, who, today),
        happened=since.happened(session, who.access, who.naam, before, today, _reported(yielded)) if before else (),
        counts=[line for line in _since(session, who) if line.count],
        before=before,
        yielded=yielded,
        complete=today.year + 1,
        names=display_names(session),
        saved=list(_saved(session, who)),
        nexts=[next_ for role, *next_ in EMPTY if who.has(role)],
    )


def _reported(yielded: YieldsShown | None) -> Sequence[since.Happening]:
    """Of how many signals UWV said what it did: about nobody."""
    return [
        since.Happening(
            each.geladen_op,
            f"Opbrengst van {labels.number(each.signalen)} {'signaal' if each.signalen == 1 else 'signalen'} gemeld",
            each.door,
            YIELDED,
        )
        for each in (yielded.reports if yielded else ())
    ]


def _saved(session: Session, who: SignedIn) -> Iterator[Line]:
    """The lists that this person keeps, each with what is on it for his eyes; those of colleagues stand at the list."""
    if who.has(*MUNICIPAL_ROLES):
        for kept in saved_lists.seen(session).own:
            number = case_list.count(session, filters_of(who, kept).wanted(who.naam), at_most=MOST)
            yield Line(kept.naam, number, f"/zaken/lijsten/{kept.id}")


def _since(session: Session, who: SignedIn) -> Iterator[Line]:
    """What is too much to tell one by one."""
    if who.vorige_keer is None:
        return
    if who.has(Role.TEAMLEIDER):
        new = since.new_cases(session, who.vorige_keer)
        yield Line("Nieuwe zaken in uw gemeente", new, Filters("alle", sorteer="-datumOntvangst").address())
    if who.has(Role.AUDITOR):
        yield Line("Keren dat iets werd geweigerd", since.refusals(session, who.vorige_keer), "/logboek")


def _lines(session: Session, engine: Engine, who: SignedIn, now: datetime) -> Iterator[Line]:
    """Everything that may wait for the roles of this person, also what there is none of."""
    lists = [name for role, name in ((Role.BEHANDELAAR, "mijn"), (Role.TEAMLEIDER, "alle")) if who.has(role)]
    if lists:
        yield from _of_cases(session, who, lists, now.date())
    if who.has(Role.BESLISSER):
        for part in queue.PARTS:
            yield _to_decide(session, who, part)
    if who.has(Role.BEHANDELAAR, Role.TEAMLEIDER, Role.BESLISSER):
        yield Line("Brieven klaar voor de post", prepared_letters.count_waiting(session, MOST), "/post")
    if who.has(Role.TOEZICHTHOUDER):
        yield from _of_visits(session, who, now.date())
    if who.has(*visit_planning.PLANNERS):
        actor = who.access.actor
        rest = sum(plans_in(actor, case.gemeentecode) for _, case in unplaced_reports.waiting(session))
        yield Line("Bezoekverslagen zonder plek in een dossier", rest, "/bezoeken/te-plaatsen")
    yield from _of_the_project(session, who, now.date())
    if who.has(*destruction.WORKERS):
        with session_scope(engine, who.access.widened(), write=False) as wide:
            yield from _of_retention(wide, who, now.date())
    actions, late = sessies.actions_for(session, who, now.date())
    whose = "die nog open staan" if who.has(Role.COORDINATOR) else "voor uw organisatie"
    yield Line(f"Acties uit sessies {whose}", actions, "/sessies#acties", urgent=late)


def _of_retention(session: Session, who: SignedIn, today: date) -> Iterator[Line]:
    """What is past its term, and the lists that wait for somebody."""
    codes = sorted(who.access.actor.rollen.get(Role.TEAMLEIDER) or ())
    past = due.count_cases(session, codes, today, MOST)
    yield Line("Dossiers waarvan de bewaartermijn voorbij is", past, "/vernietiging#aan-de-beurt")
    rows = destruction.lists(session, who.access.actor, codes, MOST)
    waiting = [row for row in rows if row.staat is Lijststaat.VOORGESTELD and row.voorgesteld_door != who.naam]
    yield Line("Vernietigingslijsten om goed te keuren", len(waiting), "/vernietiging#lijsten")
    approved = [row for row in rows if row.staat is Lijststaat.GOEDGEKEURD]
    yield Line("Vernietigingslijsten die zijn goedgekeurd en nog niet uitgevoerd", len(approved), "/vernietiging")


def _to_decide(session: Session, who: SignedIn, part: queue.Part) -> Line:
    """Of bezwaren those on which this person may decide; what is left is told beside them."""
    wanted, others = part.wanted(who.access.actor), 0
    if wanted.fase == (Phase.BEZWAAR,):
        others = case_list.count(session, replace(wanted, betrokken=(who.naam, True)), at_most=MOST)
        wanted = replace(wanted, betrokken=(who.naam, False))
    number = case_list.count(session, wanted, at_most=MOST)
    beside = f"en {labels.number(others)} door een ander te beslissen" if others else ""
    return Line(part.label, number, f"/besluiten#{part.name}", beside=beside)


def _of_cases(session: Session, who: SignedIn, lists: Iterable[str], today: date) -> Iterator[Line]:
    """Each line leads to the very list that it counts."""
    soon = (add_working_days(today, SOON_WORKING_DAYS) + timedelta(days=1)).isoformat()
    for lijst in lists:
        whose = "" if lijst == "mijn" else " in uw gemeente"
        for label, filters in (
            (f"Zaken{whose} met een termijn die voorbij is", Filters(lijst, voor=today.isoformat())),
            (
                f"Zaken{whose} met een termijn die voorbij is of binnen vijf werkdagen eindigt",
                Filters(lijst, voor=soon),
            ),
            (f"Zaken{whose} met een terugbelverzoek", Filters(lijst, terugbelverzoek="ja")),
            (f"Zaken{whose} met een brief die terugkwam", Filters(lijst, taak="brief_retour")),
            (f"Zaken{whose} met iets om naar te kijken", Filters(lijst, taak=case_list.ANY_TASK)),
        ):
            yield _counted(session, who, label, filters)
    yield _counted(session, who, "Zaken zonder behandelaar", Filters("vrij"))
    yield Line("Antwoorden die nog in WALAA moeten", len(walaa.to_enter(session)), "/walaa")


def _counted(session: Session, who: SignedIn, label: str, filters: Filters) -> Line:
    number = case_list.count(session, filters.wanted(who.naam), at_most=MOST)
    return Line(label, number, filters.address())


def _of_visits(session: Session, who: SignedIn, today: date) -> Iterator[Line]:
    late = select(PlannedVisit).where(PlannedVisit.dag < today, PlannedVisit.status == VisitStatus.GEPLAND)
    mine = [visit for visit in session.exec(late.order_by(col(PlannedVisit.dag))) if _goes(visit, who.naam)]
    first = f"/bezoeken?dag={mine[0].dag.isoformat()}" if mine else "/bezoeken"
    yield Line("Verslagen van huisbezoeken die u nog moet maken", len(mine), first, urgent=True)
    filters = Filters("alle", fase=Phase.HUISBEZOEK)
    yield _counted(session, who, "Zaken in de fase huisbezoek", filters)


def _goes(visit: PlannedVisit, naam: str) -> bool:
    return any(one["naam"] == naam for one in visit.bezoekers)


def _visits_today(session: Session, who: SignedIn, today: date) -> Sequence[PlannedVisit]:
    """Those that this person still makes, in the order of the day list."""
    planned = select(PlannedVisit).where(PlannedVisit.dag == today, PlannedVisit.status == VisitStatus.GEPLAND)
    mine = [visit for visit in session.exec(planned) if _goes(visit, who.naam)]
    return sorted(mine, key=lambda visit: (visit.begin, day_list.walking_order(visit)))


def _of_the_project(session: Session, who: SignedIn, today: date) -> Iterator[Line]:
    """Loads, feedback and mail: counts of whole files, about nobody."""
    if who.has(*uploads.LOADERS):
        checked = (uploads.visible(who.access), Load.status == LoadStatus.GECONTROLEERD)
        yield Line("Leveringen gecontroleerd en nog niet geladen", _count(session, Load.id, *checked), "/leveringen")
    states: Mapping[DeliveryState, str] = {}
    if who.has(Role.COORDINATOR):
        states = {DeliveryState.AANGEMAAKT: "Terugkoppelingen gemaakt en nog niet verzonden"}
        newest = select(FeedbackDelivery.aangemaakt_op).order_by(col(FeedbackDelivery.id).desc()).limit(1)
        last = session.exec(newest).first()
        yield Line("Dagen sinds de laatste terugkoppeling", (today - last.date()).days if last is not None else 0, TOLD)
    if who.has(Role.UWV_LIAISON):
        states = {**states, DeliveryState.VERZONDEN: "Terugkoppelingen verzonden en nog niet bevestigd"}
        undelivered = len(shipments.given_up(session))
        yield Line("Terugkoppelingen die niet bezorgd konden worden", undelivered, f"{TOLD}#gemaakt", urgent=True)
    for state, label in states.items():
        number = _count(session, FeedbackDelivery.id, FeedbackDelivery.staat == state)
        yield Line(label, number, f"{TOLD}#{state}")
    if who.has(Role.BEHEERDER):
        stuck = _count(session, Mail.id, col(Mail.staat).in_(NEED_A_PERSON))
        yield Line("Berichten die niet zijn aangekomen", stuck, "/berichten", urgent=True)
        still = subscriptions.standing_still(session)
        yield Line("Koppelingen, zaken en berichten die stilstaan", still, "/koppelingen", urgent=True)


def _count(session: Session, of: Any, *conditions: Any) -> int:
    some = select(of).where(*conditions).limit(MOST).subquery()
    return session.exec(select(func.count()).select_from(some)).one()


def _first_cases(session: Session, who: SignedIn) -> Sequence[Row]:
    """What is due first of the own cases; of who has none, of those that are decided or led here."""
    wanted = (
        Filters("mijn").wanted(who.naam)
        if who.has(Role.BEHANDELAAR)
        else Filters("alle").wanted(who.naam)
        if who.has(Role.TEAMLEIDER)
        else case_list.Filter(fase=queue.PHASES)
        if who.has(Role.BESLISSER)
        else None
    )
    return lines(session, case_list.page(session, wanted, size=FIRST).cases) if wanted else ()
