"""The sessies of the demo: a kick-off, a werksessie with its pack, and an evaluatie with an action still open."""

from collections.abc import Callable, Collection, Mapping
from contextlib import AbstractContextManager
from datetime import date, timedelta

from sqlalchemy import Engine
from sqlmodel import Session

from service import sessie_packs
from service.access import access_of
from workflow import sessie_notes, sessies
from workflow.actors import Desk
from workflow.phases import Role
from workflow.sessie_notes import stands
from workflow.sessies import UWV, Agenda

KICK_OFF, WERKSESSIE, REPORTED = 2, 31, 44
"""Days after the first receipt."""
AHEAD = timedelta(days=15)
NIJMEGEN, ROTTERDAM, VENLO = "0268", "0599", "0983"
FIRST, SECOND = "LRNI-2026-07", "LRNI-2026-08"

At = Callable[[Role, str | None, int], AbstractContextManager[tuple[Session, Desk]]]
"""The desk of whoever has a role (in a municipality) on a day, with a session in that name."""
Asked = tuple[tuple[Role, str | None, str], ...]

KICK_OFF_QUESTIONS: Asked = (
    (Role.TEAMLEIDER, NIJMEGEN, "Is er een checklist per fase: vooronderzoek, huisbezoek en afronding?"),
    (Role.UWV_LIAISON, None, "Wie is bij elke gemeente het aanspreekpunt voor UWV?"),
)
WERKSESSIE_QUESTIONS: Asked = (
    (Role.BEHANDELAAR, ROTTERDAM, "Op veel adressen zit een uitzendbureau. Hoe pakken andere gemeenten dat aan?"),
    (Role.TEAMLEIDER, VENLO, "Hoe vaak levert UWV dit jaar nog?"),
    (Role.UWV_LIAISON, None, "Welke gegevens in het signaal mist u het meest?"),
)


def tell(engine: Engine, at: At, participants: Collection[str], on: Callable[[int], date], today: date) -> int:
    """What was planned, asked, held and agreed until today; gives how many sessies there are."""
    around = {"deelnemers": ",".join([*participants, UWV, "LAA"]), "plaats": "online", "tijd": "10:00"}
    kick_off = _plan(at, 0, around | {"soort": "kick_off", "datum": _iso(on(KICK_OFF)), "leveringen": FIRST})
    _ask(at, kick_off, 1, KICK_OFF_QUESTIONS)
    if on(KICK_OFF) > today:
        return 1
    answers: Collection[str] = ("Ja. Zij staat bij de werkinstructie.", "De teamleiders mailen hun naam aan de LAA.")
    _hold(at, kick_off, KICK_OFF, answers, ())
    more = {"soort": "werksessie", "datum": _iso(on(WERKSESSIE)), "leveringen": FIRST}
    more |= {"peildatum": _iso(on(WERKSESSIE) - timedelta(days=1)), "plaats": "stadhuis Nijmegen, zaal 2"}
    werksessie = _plan(at, KICK_OFF, around | more)
    _ask(at, werksessie, WERKSESSIE - 7, WERKSESSIE_QUESTIONS)
    if on(WERKSESSIE) > today:
        return 2
    _publish(engine, at, werksessie)
    due = _iso(max(on(WERKSESSIE), today) + timedelta(days=10))
    actions = (
        {"tekst": "Zet de huisletter in een eigen kolom.", "organisatie": UWV, "voor": _iso(on(REPORTED))},
        {"tekst": "Maak een voorbeeld van een brief aan een uitzendbureau.", "organisatie": NIJMEGEN, "voor": due},
    )
    answers = ("Nijmegen belt eerst de verhuurder en deelt hoe.", "Elke maand een levering.", "De huisletter.")
    _hold(at, werksessie, WERKSESSIE, answers, actions)
    if on(REPORTED) > today:
        return 2
    _finish(at, werksessie, on)
    last = {"soort": "evaluatiesessie", "datum": _iso(today + AHEAD), "leveringen": f"{FIRST},{SECOND}"}
    evaluation = _plan(at, REPORTED, around | last)
    _ask(at, evaluation, REPORTED, ((Role.TEAMLEIDER, ROTTERDAM, "Kan de trefkans omhoog als het adres verser is?"),))
    return 3


def _iso(day: date) -> str:
    return day.isoformat()


def _plan(at: At, day: int, asked: Mapping[str, str]) -> str:
    with at(Role.COORDINATOR, None, day) as (session, desk):
        return sessies.plan(session, desk, asked).nummer


def _ask(at: At, nummer: str, day: int, questions: Asked) -> None:
    for role, code, text in questions:
        with at(role, code, day) as (session, desk):
            sessie_notes.ask(session, _agenda(session, nummer, desk), desk, {"tekst": text})


def _agenda(session: Session, nummer: str, desk: Desk) -> Agenda:
    return sessies.find(session, nummer, desk.actor)


def _hold(at: At, nummer: str, day: int, answers: Collection[str], actions: Collection[Mapping[str, str]]) -> None:
    """It was held: every question got its answer, and the first leerpunt a conclusion."""
    with at(Role.COORDINATOR, None, day) as (session, desk):
        agenda = _agenda(session, nummer, desk)
        for question, text in zip(sessie_notes.questions(session, agenda, desk.actor), answers, strict=True):
            sessie_notes.answer(
                session, agenda, question, desk, stands(question), {"besproken": "ja", "antwoord": text}
            )
        for lesson in sessie_notes.lessons(session, agenda, desk.actor, desk.today)[:1]:
            said = {"besproken": "ja", "conclusie": "UWV neemt dit mee bij de volgende levering."}
            sessie_notes.conclude(session, agenda, lesson, desk, stands(lesson), said)
        for action in actions:
            sessie_notes.agree(session, agenda, desk, action)
        sessies.hold(session, agenda.sessie, desk, agenda.sessie.versie)


def _publish(engine: Engine, at: At, nummer: str) -> None:
    """The pack on the table of a sessie, of the day before."""
    with at(Role.COORDINATOR, None, WERKSESSIE) as (session, desk):
        agenda = _agenda(session, nummer, desk)
        day = sessie_notes.counted_until(agenda.sessie, desk.today)
        new = sessie_packs.make(session, engine, access_of(session), agenda, day, desk.today)
        files = sessie_packs.files_made(new)
        sessie_packs.publish(session, agenda, desk, new, files, (new.volgnummer, new.digest), {})


def _finish(at: At, nummer: str, on: Callable[[int], date]) -> None:
    """UWV did what it had to do; the action of Nijmegen stays open."""
    with at(Role.UWV_LIAISON, None, REPORTED) as (session, desk):
        agenda = _agenda(session, nummer, desk)
        first = next(one for one in sessie_notes.actions(session, agenda) if one.organisatie == UWV)
        done = {"gedaanOp": _iso(on(REPORTED)), "hoe": "De kolom is er vanaf de volgende levering."}
        sessie_notes.finish(session, first, desk, stands(first), done)
