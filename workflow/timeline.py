"""Everything that happened in a case, in one row: steps, dossier, letters, visits, terms and tasks, the newest first.

One line each: who, when, what. What a step asked goes along folded, because it stands nowhere else; of all other things
the line says where they stand in full.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, tzinfo
from typing import Any

from signals.dates import dutch_date
from signals.models import Signal
from workflow import prepared_letters, visit_planning
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.deadlines import TERMS, Term
from workflow.document_kinds import size_text
from workflow.mergers import with_mergers
from workflow.models import (
    Aangifte,
    Bijvangst,
    CallbackRequest,
    Case,
    CaseEvent,
    CaseTask,
    CaseTerm,
    Contact,
    Document,
    InformationRequest,
    Leerpunt,
    Letter,
    OfCase,
    PreparedLetter,
    ReceivedPart,
    Rectificatie,
    Source,
    TermStatus,
    Visit,
    WalaaEntry,
)
from workflow.prepared_letters import POST
from workflow.transitions import BY_NAME
from workflow.visit_models import PlannedVisit, VisitStatus
from workflow.visits import visit_outcome

KINDS: Mapping[str, str] = {
    "stappen": "Stappen",
    "dossier": "Dossier",
    "contact": "Contact",
    "bezoeken": "Bezoeken",
    "brieven": "Brieven",
    "termijnen": "Termijnen",
    "taken": "Taken",
    "overdracht": "Andere gemeente",
    "uwv": "UWV",
}
"""By which the timeline is narrowed: the word in the address, and what people call it."""
SYSTEM = "systeem"


@dataclass(frozen=True)
class Happened:
    """One line. soort: of KINDS. wanneer: None when only the day is known. door: a user name, empty when not known.

    plek: where it stands in full, an address on the page of the case or of another page; empty for nowhere else.
    bij: the step, for whoever shows what was filled in with it.
    """

    soort: str
    dag: date
    wanneer: datetime | None
    door: str
    zin: str
    plek: str = ""
    toelichting: str = ""
    bij: CaseEvent | None = None
    rang: int = 0
    """Among what happened at the same moment: a step comes above what followed from it."""
    volgt_op: datetime | None = None
    """Of what is known by its day: the last step of that day, below which it stands, for it may be what ended it."""


@dataclass(frozen=True)
class Parts:
    """What a timeline is made of, as the page of the case has read it.

    events: with mergers between them. entries: rows of the dossier by the word of their kind. planned: with whether
    whoever looks may open them.
    """

    case: Case
    events: Sequence[CaseEvent]
    entries: Mapping[str, Sequence[OfCase]]
    letters: Sequence[Letter] = ()
    prepared: Sequence[PreparedLetter] = ()
    planned: Sequence[PlannedVisit] = ()
    terms: Sequence[CaseTerm] = ()
    tasks: Sequence[CaseTask] = ()
    received: Sequence[tuple[ReceivedPart, str]] = ()
    aangiften: Sequence[Aangifte] = ()
    signals: Sequence[Signal] = ()
    may_plan: bool = False


def gather(
    file: CaseFile,
    desk: Desk,
    entries: Mapping[str, Sequence[OfCase]],
    received: Sequence[tuple[ReceivedPart, str]] = (),
    signals: Sequence[Signal] = (),
) -> Parts:
    """The parts of a case for whoever is at this desk; what the file has read is not read again."""
    session, case = file.session, file.case
    return Parts(
        case=case,
        events=with_mergers(session, case, file.events, desk.now),
        entries=entries,
        letters=file.letters,
        prepared=prepared_letters.of_case(session, case),
        planned=visit_planning.concerning(session, file, desk.today),
        terms=file.terms,
        tasks=file.tasks,
        received=received,
        aangiften=file.aangiften,
        signals=signals,
        may_plan=bool(visit_planning.PLANNERS & desk.actor.roles_in(case.gemeentecode)),
    )


Words = Callable[[object], str]
"""How a stored code is read aloud; the door that shows it knows."""


def timeline(parts: Parts, words: Words, today: date, zone: tzinfo | None) -> list[Happened]:
    """Every line, the newest first. Of what was recorded later than it happened, the day that it happened counts."""
    told = _Teller(parts, words, today, zone)
    lines = [each for tell in told.all for each in tell()]
    return sorted(lines, key=lambda one: _order(one, zone), reverse=True)


def chosen(lines: Sequence[Happened], soort: str) -> Sequence[Happened]:
    """Those of one kind; all of them for a kind that does not exist."""
    return [one for one in lines if one.soort == soort] if soort in KINDS else lines


def counts(lines: Sequence[Happened]) -> Mapping[str, int]:
    """How many lines there are of each kind that is there."""
    found = dict.fromkeys(KINDS, 0)
    for one in lines:
        found[one.soort] += 1
    return {soort: count for soort, count in found.items() if count}


def _order(one: Happened, zone: tzinfo | None) -> tuple[datetime, int, int]:
    moment = one.wanneer or one.volgt_op or datetime.combine(one.dag, time.max, zone)
    return moment, one.rang, one.bij.volgnummer if one.bij else 0


class _Teller:
    """Tells the parts one after the other."""

    def __init__(self, parts: Parts, words: Words, today: date, zone: tzinfo | None) -> None:
        self.parts, self.words, self.today, self.zone = parts, words, today, zone
        ordered = sorted(parts.events, key=lambda event: event.tijdstip)
        self._last_step = {event.tijdstip.astimezone(zone).date(): event.tijdstip for event in ordered}
        self.all: Iterable[Callable[[], Iterator[Happened]]] = (
            self._steps,
            self._entries,
            self._letters,
            self._prepared,
            self._planned,
            self._terms,
            self._tasks,
            self._received,
            self._aangiften,
            self._signals,
        )

    def _at(self, soort: str, row: OfCase, zin: str, plek: str = "", **more: Any) -> Happened:
        """Of a row: when and by whom it was recorded."""
        day = row.tijdstip.astimezone(self.zone).date()
        return Happened(soort, day, row.tijdstip, row.door, zin, plek, **more)

    def _on(self, day: date, line: Happened) -> Happened:
        """The same, on the day that it happened when it was recorded on another."""
        return line if day == line.dag else replace(line, dag=day, wanneer=None)

    def _by_day(self, soort: str, day: date, zin: str, plek: str = "", **more: Any) -> Happened:
        """Of what only a day is kept."""
        return Happened(soort, day, None, more.pop("door", ""), zin, plek, volgt_op=self._last_step.get(day), **more)

    def _steps(self) -> Iterator[Happened]:
        for event in self.parts.events:
            label = BY_NAME[event.stap].label if event.stap in BY_NAME else _capital(self.words(event.stap))
            moved = event.van is not None and event.van != event.naar
            where = f"van {self.words(event.van)} naar {self.words(event.naar)}" if moved else ""
            yield self._at("stappen", event, label, toelichting=where, bij=event, rang=2)

    def _entries(self) -> Iterator[Happened]:
        for word, rows in self.parts.entries.items():
            for row in rows:
                yield from self._entry(word, row)

    def _entry(self, word: str, row: Any) -> Iterator[Happened]:
        plek = f"#{word}-{row.id}"
        if isinstance(row, Contact):
            zin = f"{_capital(self.words(row.soort))}: {self.words(row.kanaal)}, {row.richting}"
            line = self._at("contact", row, zin, plek)
            day = row.wanneer.astimezone(self.zone).date()
            yield line if row.wanneer == row.tijdstip else replace(line, dag=day, wanneer=row.wanneer)
        elif isinstance(row, CallbackRequest):
            yield self._at("contact", row, "Vraagt om te worden teruggebeld", plek)
            if row.teruggebeld_op:
                yield self._by_day("contact", row.teruggebeld_op, "Teruggebeld", plek)
        elif isinstance(row, Visit):
            line = self._at("bezoeken", row, f"Huisbezoek {row.poging}: {visit_outcome(row)}", plek)
            yield replace(line, dag=row.begin.astimezone(self.zone).date(), wanneer=row.begin)
        elif isinstance(row, Source):
            yield self._on(row.datum, self._at("dossier", row, f"Bron: {self.words(row.soort)}", plek))
        elif isinstance(row, WalaaEntry):
            zin = f"In WALAA gezet: {self.words(row.antwoord)}"
            yield self._on(row.datum, self._at("dossier", row, zin, plek))
        else:
            yield self._at("dossier", row, self._told_of(row), plek)

    def _told_of(self, row: Any) -> str:
        if isinstance(row, Document):
            size = f" ({size_text(row.omvang)})" if row.omvang else ""
            return f"Document: {row.omschrijving}{size}"
        if isinstance(row, Rectificatie):
            return f"Verzoek om rectificatie van {dutch_date(row.gevraagd_op)}: {self.words(row.uitkomst)}"
        if isinstance(row, InformationRequest):
            return f"Inlichtingen gevraagd: {self.words(row.ontvanger)}"
        if isinstance(row, Leerpunt):
            return f"Leerpunt: {self.words(row.soort)}"
        return "Bijvangst, met een eigen zaak" if isinstance(row, Bijvangst) and row.kindzaak_id else "Bijvangst"

    def _letters(self) -> Iterator[Happened]:
        for letter in self.parts.letters:
            name, plek = f"Brief {letter.nummer}, {letter.soort.value}", f"#brief-{letter.nummer}"
            to = f"aan {letter.geadresseerde}"
            sent = self._at("brieven", letter, f"{name}: verstuurd", plek, toelichting=to, rang=1)
            yield self._on(letter.verzenddatum, sent)
            for day, what in (
                (letter.retour_op, "kwam retour"),
                (letter.bekendgemaakt_op, "op een andere manier bekendgemaakt"),
                (letter.vervallen_op, "vervallen"),
            ):
                if day:
                    yield self._by_day("brieven", day, f"{name}: {what}", plek)

    def _prepared(self) -> Iterator[Happened]:
        """Of a letter that was made and posted the posting tells."""
        for row in self.parts.prepared:
            name = f"Brief {row.brief_nummer} voor de stap {BY_NAME[row.stap].label}"
            yield self._at("brieven", row, f"{name}: klaargezet voor de post", "" if row.afgehandeld_op else "/post")
            if row.afgehandeld_op and row.afhandeling != POST:
                yield self._by_day("brieven", row.afgehandeld_op, f"{name}: {row.afhandeling}, niet verstuurd")

    def _planned(self) -> Iterator[Happened]:
        for visit in self.parts.planned:
            zin = f"Huisbezoek gepland op {dutch_date(visit.dag)}, {visit.begin:%H.%M}–{visit.einde:%H.%M} uur"
            off = visit.status == VisitStatus.VERVALLEN
            # What was written about one person at the door stands at everybody's case there: only for who plans visits.
            reason = visit.reden_vervallen if self.parts.may_plan else ""
            why = (f"Ging niet door: {reason}" if reason else "Ging niet door.") if off else ""
            plek = f"/bezoeken/{visit.id}" if self.parts.may_plan else ""
            day = visit.gepland_op.astimezone(self.zone).date()
            yield Happened("bezoeken", day, visit.gepland_op, visit.gepland_door, zin, plek, why)

    def _terms(self) -> Iterator[Happened]:
        for row in self.parts.terms:
            rule = TERMS[Term(row.term)]
            name, plek = f"Termijn {rule.label}", "#termijnen-titel"
            zin = f"{name}: begonnen, tot en met {dutch_date(row.einde)}"
            yield self._on(row.vanaf, self._at("termijnen", row, zin, plek))
            ended = row.beeindigd_op
            if row.einde < self.today and (ended is None or ended > row.einde):
                # A term that runs for the person is nobody's fault: it is over, and the next step can be taken.
                over = "voorbij" if rule.letter else "verstreken"
                yield Happened("termijnen", row.einde, None, "", f"{name}: {over}", plek)  # by the end of that day
            if ended is not None:
                how = "vervallen" if row.beeindiging == TermStatus.VERVALLEN else "gehaald"
                late = how == "gehaald" and ended > row.einde and not rule.letter
                yield self._by_day("termijnen", ended, f"{name}: {'te laat gehaald' if late else how}", plek)

    def _tasks(self) -> Iterator[Happened]:
        for row in self.parts.tasks:
            name = f"Taak {self.words(row.soort)}"
            plek = "" if row.afgehandeld_op else "#taken-titel"
            yield self._at("taken", row, f"{name}: ontstaan", plek, toelichting=row.uitleg)
            if row.afgehandeld_op:
                yield self._by_day("taken", row.afgehandeld_op, f"{name}: gezien", door=row.afgehandeld_door or "")

    def _received(self) -> Iterator[Happened]:
        for row, sender in self.parts.received:
            zin = f"Ontvangen bij overdracht: {row.omschrijving}"
            from_ = f"van gemeente {sender}, daar van {dutch_date(row.datum)}"
            yield self._at("overdracht", row, zin, f"#ontvangen-{row.id}", toelichting=from_)

    def _aangiften(self) -> Iterator[Happened]:
        """Every way in which one is dealt with is a step but this."""
        for row in self.parts.aangiften:
            if row.afhandeling == "vervallen" and row.afgehandeld_op:
                zin = f"Aangifte van {dutch_date(row.datum)}: vervallen"
                yield self._by_day("stappen", row.afgehandeld_op, zin, f"#aangifte-{row.id}")

    def _signals(self) -> Iterator[Happened]:
        """The first one is the step with which the case began."""
        for signal in self.parts.signals:
            name, plek = f"Signaal {signal.signaalnummer}", "#signaal-titel"
            if signal.id != self.parts.case.eerste_signaal_id:
                zin = f"{name}: kwam bij deze zaak"
                yield self._by_day("uwv", signal.datum_ontvangst, zin, plek, door=SYSTEM)
            if signal.ingetrokken_op:
                yield self._by_day("uwv", signal.ingetrokken_op, f"{name}: ingetrokken door UWV", plek, door=SYSTEM)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
