"""The demonstration: one delivery goes the whole way on a fresh database, by real steps of made-up people."""

import csv
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any, TextIO
from zoneinfo import ZoneInfo

from sqlalchemy import Engine
from sqlmodel import Session, col, select

from exports import feedback_2026_1 as feedback
from exports.figures import figures
from exports.models import FeedbackDelivery
from exports.packs.files import save
from exports.packs.messages import pack_of
from exports.packs.parts import Soort
from exports.selection import Selection
from importers import opbrengst_2026_1
from importers.load import summary
from service import case_signals, process
from service.access import Access
from service.db import make_engine, session_scope, upgrade
from service.demo import sessies
from service.demo.documents import DOCUMENTS
from service.demo.stories import FINISHED, SPREAD, Act
from service.demo.visits import CARD_NUMBER, plan_day
from service.files import documents, storage
from service.identity import accounts
from service.loading import uploads
from service.settings import Settings, keep_files_private
from signals.models import Grondslag, Load, Municipality
from signals.municipalities import Municipalities
from workflow import dossier, moves
from workflow.actors import Actor, Desk
from workflow.holidays import next_working_day
from workflow.letterhead import use_letters
from workflow.models import Case
from workflow.phases import MUNICIPAL_ROLES, PROJECT_ROLES, Outcome, Role

SAMPLES = Path(__file__).resolve().parents[2] / "tests" / "samples" / "demo"
MUNICIPALITIES = ("0599", "1783", "0983", "1507", "0268", "0050")
FIRST_NAMES = {
    Role.BEHANDELAAR: "anna",
    Role.TOEZICHTHOUDER: "bram",
    Role.BESLISSER: "carla",
    Role.TEAMLEIDER: "tess",
    Role.COORDINATOR: "coen",
    Role.UWV_LIAISON: "ulla",
    Role.BEHEERDER: "ben",
    Role.AUDITOR: "aad",
}
PASSWORD = "probeer-het-maar-uit"  # noqa: S105  # nosec B105  # printed on the screen, and no production starts with a demo user
EARLIEST = date(2026, 9, 1)
"""The samples may be loaded from this day on; what becomes of them then no longer hangs on the day."""
DAYS_BACK = 77
SECOND_LOAD, FEEDBACK, SECOND_FEEDBACK, YIELD = 35, 44, 58, 70
GROUNDS = (Grondslag.LAA_2_37, Grondslag.TMV_2_34, Grondslag.SUWI_5_9)


class Demo:
    """The people, the calendar and the doors of the demonstration."""

    def __init__(self, settings: Settings, today: date, out: TextIO) -> None:
        """today: the real one; everything happens in the eleven weeks before it."""
        self.settings, self.out = settings, out
        self.engine: Engine = make_engine(settings.database_url)
        self.zone: ZoneInfo = settings.zone
        self.received = next_working_day(max(EARLIEST, today - timedelta(days=DAYS_BACK)))
        self.today = max(today, self.received + timedelta(days=1))
        self.actors: dict[tuple[Role, str | None], Actor] = {}

    def run(self) -> None:
        """The whole demonstration, in the order in which it would happen."""
        self.hire()
        self.load("LRNI-2026-07.csv", 0)
        acts = sorted(self.plan(), key=lambda one: (one[0].day, one[0].hour))
        due: list[tuple[int, Any]] = [
            (SECOND_LOAD, lambda: self.load("LRNI-2026-08.csv", SECOND_LOAD)),
            (FEEDBACK, lambda: self.tell(FEEDBACK, "UWV-2026-0911")),
            (SECOND_FEEDBACK, lambda: self.tell(SECOND_FEEDBACK, "UWV-2026-0978")),
            (YIELD, self.load_yield),
        ]
        for act, case_id in acts:
            while due and act.day > due[0][0]:
                due.pop(0)[1]()
            if self.on(act.day) <= self.today:
                self.act(act, case_id)
        for day, happens in due:
            if self.on(day) <= self.today:
                happens()
        self.plan_visits()
        self.meet()
        self.show()

    # --- people and days

    def on(self, day: int) -> date:
        """A day after the receipt, moved to a working day."""
        return next_working_day(self.received + timedelta(days=day))

    def at(self, day: int, hour: int = 9) -> datetime:
        """A moment on that day."""
        return datetime.combine(self.on(day), time(hour), self.zone)

    def hire(self) -> None:
        """A user per role: per municipality for the municipal roles, one for the project roles."""
        with session_scope(self.engine, Access.system()) as session:
            names = Municipalities.load(session)
            for role in sorted(MUNICIPAL_ROLES):
                for code in MUNICIPALITIES:
                    where = "".join(sign for sign in names.name(code).lower() if sign.isalpha())
                    self._hire(session, f"{FIRST_NAMES[role]}.{where}", role, code)
            # a second beslisser in Nijmegen, so that a bezwaar can be decided by another pair of eyes
            self._hire(session, "kees.nijmegen", Role.BESLISSER, "0268")
            for role in sorted(PROJECT_ROLES):
                self._hire(session, FIRST_NAMES[role], role, None)

    def _hire(self, session: Session, name: str, role: Role, code: str | None) -> None:
        user, _ = accounts.create_user(
            session,
            name,
            [(role, code)],
            now=self.at(0),
            password=PASSWORD,
            weergavenaam=name.replace(".", " ").title(),
            telefoonnummer="14 0" + (code or "0000")[1:],
            emailadres=f"{name}@example.nl",
            demo=True,
        )
        self.actors.setdefault((role, code), accounts.actor_of(session, user, self.at(0).date()))

    def desk(self, actor: Actor, day: int, hour: int, session: Session) -> Desk:
        """That person's desk."""
        return accounts.desk(session, actor, self.at(day, hour))

    # --- what comes in

    def load(self, name: str, day: int) -> None:
        """A delivery by the liaison, through the same door as an upload."""
        access = Access.of(self.actors[Role.UWV_LIAISON, None], "demo")
        with (SAMPLES / name).open("rb") as stream:
            kept = storage.keep(self.settings, stream)
        done: Load = uploads.load_file(self.engine, access, kept, name, received=self.on(day), now=self.at(day))
        counts = summary(done)
        self.say(f"\n{done.ladingnummer}: {name}, ontvangen {self.on(day):%d-%m-%Y} ({counts['status']})")
        five = ("geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd")
        self.say(
            f"  geleverd {counts['geleverd']} = "
            + " + ".join(f"{counts[name]} {name}" for name in five)
            + f"; zaken geopend: {counts['zaken']}"
        )
        for title in ("redenen", "waarschuwingen"):
            self.say(f"  {title}: " + ", ".join(f"{code} {n}" for code, n in counts[title].items()))

    def plan(self) -> Iterator[tuple[Act, int]]:
        """Which story each case gets: the signals of the yield file are all brought to a result."""
        with (SAMPLES / "opbrengst-2026.csv").open(encoding="utf-8-sig", newline="") as file:
            told = {row["signaalnummer"] for row in csv.DictReader(file, delimiter=";")}
        with session_scope(self.engine, Access.system(), write=False) as session:
            case_ids = session.exec(select(Case.id).order_by(col(Case.id))).all()
            signals = case_signals.of_cases(session, case_ids)
            numbers = {case_id: {one.signaalnummer for one in signals[case_id]} for case_id in sorted(signals)}
        finished, rest = _in_turn(FINISHED), _in_turn(SPREAD)
        for case_id, its in numbers.items():
            for act in next(finished if its & told else rest):
                yield act, case_id

    def act(self, act: Act, case_id: int) -> None:
        """One act, by the person whose work it is in that municipality, seeing only that municipality."""
        with session_scope(self.engine, Access.system(), write=False) as session:
            code = session.exec(select(Case.gemeentecode).where(Case.id == case_id)).one()
        actor = self.actors[act.by, code]
        with session_scope(self.engine, Access.of(actor, "demo")) as session:
            case = session.get_one(Case, case_id)
            words = {
                "day": f"{self.on(act.day):%Y-%m-%d}",
                "handler": self.actors[Role.BEHANDELAAR, code].naam,
                "neighbour": next(one for one in MUNICIPALITIES if one != code),
            }
            given = {name: _filled(value, words) for name, value in act.given.items()}
            desk = self.desk(actor, act.day, act.hour, session)
            if act.entry and "bestand" in given:
                name, make = DOCUMENTS[given.pop("bestand")]
                with BytesIO(make()) as stream:
                    documents.add(session, case, desk, given, documents.take_in(self.settings, stream, name))
            elif act.entry:
                dossier.add(session, case, act.what, desk, given)
            else:
                moves.take(session, case, act.what, desk, versie=case.versie, gegevens=given)

    def load_yield(self) -> None:
        """What UWV did with the results."""
        liaison = self.actors[Role.UWV_LIAISON, None]
        with session_scope(self.engine, Access.system(liaison)) as session:
            done = opbrengst_2026_1.load(
                session,
                SAMPLES / "opbrengst-2026.csv",
                file_name="opbrengst-2026.csv",
                told=feedback.told_signals,
                door=liaison.naam,
                now=self.at(YIELD),
            )
            self.say(
                f"\n{done.ladingnummer}: opbrengst van UWV: geleverd {done.geleverd} = {done.geaccepteerd} geaccepteerd"
                f" + {done.dubbel} dubbel + {done.afgekeurd} afgekeurd"
            )

    def plan_visits(self) -> None:
        """What the toezichthouders do today, planned this morning by the handlers."""
        early, planned = datetime.combine(self.today, time(7), self.zone), 0
        for code in MUNICIPALITIES:
            handler, visitor = self.actors[Role.BEHANDELAAR, code], self.actors[Role.TOEZICHTHOUDER, code]
            with session_scope(self.engine, Access.of(handler, "demo")) as session:
                planned += plan_day(session, accounts.desk(session, handler, early), code, visitor.naam)
                accounts.remember_pass(session, visitor.naam, CARD_NUMBER)
        self.say(f"\nHuisbezoeken op {self.today:%d-%m-%Y}: {planned} gepland")

    def meet(self) -> None:
        """The sessies around the two leveringen."""
        number = sessies.tell(self.engine, self.sitting, MUNICIPALITIES, self.on, self.today)
        self.say(f"\nSessies: {number}, waarvan er een nog komt")

    @contextmanager
    def sitting(self, role: Role, code: str | None, day: int) -> Iterator[tuple[Session, Desk]]:
        """Somebody of that role, on a day, at what was laid down for a sessie."""
        access = Access.of(self.actors[role, code], "demo")
        with session_scope(self.engine, access if code else access.widened()) as session:
            yield session, self.desk(self.actors[role, code], day, 15, session)

    # --- what goes out

    def tell(self, day: int, reference: str) -> None:
        """A feedback delivery: made and sent by the coordinator, received by UWV two days later."""
        coordinator, liaison = self.actors[Role.COORDINATOR, None], self.actors[Role.UWV_LIAISON, None]
        with session_scope(self.engine, Access.system(coordinator)) as session:
            made = feedback.make(session, door=coordinator.naam, now=self.at(day), production=False)
            if made is None:
                return
            nummer = made.nummer
            told = feedback.summary(session, made)
            self.say(f"\n{nummer}: terugkoppeling aan UWV, {told['regels']} regels: {_counted(told['soorten'])}")
            self.say(f"  afstemming: {_counted(told['afstemming'])}")
            feedback.sent(session, nummer, coordinator.naam, self.at(day, 11))
        with session_scope(self.engine, Access.system(liaison)) as session:
            feedback.received(session, nummer, reference, liaison.naam, self.at(day + 2))

    def show(self) -> None:
        """Write the files to look at, and tell where they are and how to sign in."""
        folder = self.settings.data_dir / "demo"
        folder.mkdir(parents=True, exist_ok=True)
        with session_scope(self.engine, Access.system(), write=False) as session:
            numbers = session.exec(select(FeedbackDelivery.nummer)).all()
            paths = [path for nummer in numbers for path in feedback.save(session, nummer, folder)]
            told = figures(session, Selection(), self.today)
            names = {row.code: row.naam for row in session.exec(select(Municipality))}
            for pack in Soort:
                stem = f"{pack}-{self.today:%Y%m%d}"
                paths += save(pack_of(pack, told, names=names), told, folder, stem)
                paths.append(folder / f"{stem}.json")
                paths[-1].write_text(json.dumps(told, indent=2, ensure_ascii=False), encoding="utf-8")
            phases = session.exec(select(Case.fase)).all()
            outcomes = session.exec(select(Case.resultaat).where(col(Case.resultaat).is_not(None))).all()
        self.say(f"\nStand op {self.today:%d-%m-%Y}: {len(phases)} zaken")
        self.say("  fase: " + _counted(_tally(phases)))
        self.say("  resultaat: " + _counted(_tally(outcome for outcome in outcomes if outcome)))
        self.say("\nBestanden:")
        for path in paths:
            self.say(f"  {path}")
        self.say(f"\nAanmelden op {self.settings.base_url} met wachtwoord {PASSWORD} als:")
        for (role, code), actor in self.actors.items():
            if code in (None, "0268"):
                self.say(f"  {actor.naam:<18} {role.value}")
        self.say("  (en zo voor Rotterdam, Westland, Venlo, Horst aan de Maas en Zeewolde: anna.rotterdam enzovoort)")

    def say(self, line: str) -> None:
        """One line of the account."""
        self.out.write(line + "\n")
        self.out.flush()


def _in_turn(stories: Sequence[Sequence[Act]]) -> Iterator[Sequence[Act]]:
    while True:
        yield from stories


def _filled(value: Any, words: Mapping[str, str]) -> Any:
    if isinstance(value, str):
        for word, text in words.items():
            value = value.replace(f"{{{word}}}", text)
    return value


def _tally(values: Iterable[str | Outcome]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for value in values:
        counts[str(value)] = counts.get(str(value), 0) + 1
    return counts


def _counted(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def main() -> None:
    """Fresh database, whole story; refuses to touch a database that holds anything."""
    if not SAMPLES.is_dir():
        sys.exit(
            f"De voorbeeldbestanden van de demonstratie ontbreken: {SAMPLES}. Ze horen bij de broncode en zitten niet "
            "in het pakket. Haal de broncode op en voer daar uit: make demo"
        )
    keep_files_private()
    settings = Settings()
    use_letters(settings.letters_dir)
    process.begin(settings)
    upgrade(settings.database_url, settings.database_owner_url)
    demo = Demo(settings, settings.now().date(), sys.stdout)
    with session_scope(demo.engine, Access.system(), write=False) as session:
        filled = session.exec(select(Load.id).limit(1)).first() is not None
    if filled:
        sys.stdout.write("De database is al gevuld; de demonstratie blijft zoals zij was. Opnieuw: rm -r var\n")
        return
    demo.run()
