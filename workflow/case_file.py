"""What may be asked about one case: the dossier as guards, effects and pages read it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any, TypeVar

from sqlmodel import Session, col, select

from signals.base import ACROSS
from signals.errors import NotFound, Reason
from signals.models import Signal
from workflow.actors import Desk
from workflow.addresses import PresumedAddress, presumed_addresses
from workflow.deadlines import Term
from workflow.letter_texts import LANGUAGES
from workflow.models import (
    Aangifte,
    Address,
    Bezwaar,
    Case,
    CaseEvent,
    CaseSignal,
    CaseTask,
    CaseTerm,
    Contact,
    Document,
    Letter,
    LetterKind,
    OfCase,
    PreparedLetter,
    ReceivedPart,
    Rectificatie,
    Source,
    Visit,
)
from workflow.running_terms import kept_in_columns
from workflow.unsettled import events_of, links_of

Row = TypeVar("Row", bound=OfCase)

NOT_AN_ACT = frozenset({"uwv"})
"""Kinds of source that are no investigation act: the signal itself and UWV's copy of it."""


@dataclass
class CaseFile:
    """One case with its dossier; every part is fetched once, when first asked for."""

    session: Session
    case: Case

    def entries(self, table: type[Row]) -> Sequence[Row]:
        """The rows of one kind of dossier entry, oldest first; read once."""
        read: dict[type[Any], Sequence[Any]] = self.__dict__.setdefault("read", {})
        if table not in read:
            read[table] = self._rows(table)
        return read[table]

    def _rows(self, table: type[Row]) -> Sequence[Row]:
        mine = select(table).where(col(table.zaak_id) == self.case.id).order_by(col(table.id))  # type: ignore[attr-defined]
        return self.session.exec(mine).all()

    @cached_property
    def events(self) -> Sequence[CaseEvent]:
        """Every step, oldest first; see `case_terms.settle` before one is changed or added."""
        return events_of(self.session, [self.case])[self.case.id]

    def lock(self) -> None:
        """From here on nobody else writes in this case; it is read anew, as the last one left it.

        NotFound when it went since it was read.
        """
        mine = select(Case).where(col(Case.id) == self.case.id).with_for_update()
        if self.session.exec(mine.execution_options(populate_existing=True)).first() is None:
            uitleg = "Deze zaak is er niet meer: zij is intussen vernietigd, of haar lading is ongedaan gemaakt."
            raise NotFound(Reason("zaak_weg", uitleg))
        self.forget()

    @cached_property
    def sources(self) -> Sequence[Source]:
        """Sources consulted, in order of recording."""
        return self.entries(Source)

    @cached_property
    def contacts(self) -> Sequence[Contact]:
        """Contact attempts and moments."""
        return self.entries(Contact)

    @cached_property
    def visits(self) -> Sequence[Visit]:
        """Home visits held."""
        return self.entries(Visit)

    @cached_property
    def letters(self) -> Sequence[Letter]:
        """Letters posted."""
        return self._rows(Letter)

    @cached_property
    def terms(self) -> Sequence[CaseTerm]:
        """Every term that runs or ran; see `case_terms.settle` before one of them is changed."""
        return [*self.kept_terms, *self._rows(CaseTerm)]

    @property
    def kept_terms(self) -> list[CaseTerm]:
        """The terms that are columns of the case, as rows that are not stored."""
        kept = self.case.eerste_antwoord_voor or self.case.resultaat_voor
        return kept_in_columns(self.case, self.events[0]) if kept else []

    @cached_property
    def tasks(self) -> Sequence[CaseTask]:
        """Every task, done or not."""
        return self._rows(CaseTask)

    @property
    def prepared(self) -> Sequence[PreparedLetter]:
        """Letters that were made and wait for the post."""
        return [one for one in self._rows(PreparedLetter) if one.afgehandeld_op is None]

    @cached_property
    def documents(self) -> Sequence[Document]:
        """Documents and references."""
        return self.entries(Document)

    @cached_property
    def rectifications(self) -> Sequence[Rectificatie]:
        """What the person asked to mend, and what was decided."""
        return self.entries(Rectificatie)

    @cached_property
    def received(self) -> Sequence[ReceivedPart]:
        """What came from another municipality with a hand-over; no act of this one."""
        return self._rows(ReceivedPart)

    @cached_property
    def aangiften(self) -> Sequence[Aangifte]:
        """Declarations received."""
        return self._rows(Aangifte)

    @cached_property
    def bezwaren(self) -> Sequence[Bezwaar]:
        """Objections received."""
        return self._rows(Bezwaar)

    @cached_property
    def addresses(self) -> Sequence[PresumedAddress]:
        """Presumed addresses, the current one included."""
        others = select(Address).where(col(Address.zaak_id) == self.case.id)
        return presumed_addresses(self.case, self.session.exec(others).all())

    @cached_property
    def signals(self) -> Sequence[CaseSignal]:
        """Links to the signals this case works on; see `case_terms.settle` before one is changed or added."""
        return links_of(self.session, self.case)

    @property
    def wrote_to_person(self) -> bool:
        """Whether a letter went to the person himself: he then hears how it ended."""
        return any(one.soort != LetterKind.INLICHTINGENVERZOEK for one in self.letters)

    @property
    def investigated(self) -> bool:
        """Whether there is an investigation act: a source consulted, a contact attempt, a visit or a letter."""
        acts = any(source.soort not in NOT_AN_ACT for source in self.sources)
        return bool(acts or self.contacts or self.visits or self.letters)

    @property
    def source_kinds(self) -> frozenset[str]:
        """Different kinds of source; a visit and the person himself are kinds too (Circulaire 4.4)."""
        kinds = {source.soort for source in self.sources}
        if self.visits:
            kinds.add("huisbezoek")
        if any(contact.soort == "contactmoment" for contact in self.contacts):
            kinds.add("betrokkene")
        return frozenset(kinds)

    @property
    def waiting_aangifte(self) -> Aangifte | None:
        """The declaration that must still be assessed."""
        return next((a for a in reversed(self.aangiften) if a.afgehandeld_op is None), None)

    @property
    def open_bezwaar(self) -> Bezwaar | None:
        """The objection that must still be decided."""
        return next((b for b in reversed(self.bezwaren) if b.beslist_op is None), None)

    def standing_letter(self, kind: LetterKind) -> Letter | None:
        """The last letter of a kind that still counts: not lapsed; for a voornemen or besluit, made known."""
        return next((one for one in reversed(self.letters) if one.soort == kind and one.vervallen_op is None), None)

    @property
    def open_to_bezwaar(self) -> Letter | None:
        """The last besluit that stands; against a decision on a bezwaar there is beroep."""
        standing = (one for one in reversed(self.letters) if one.soort == LetterKind.BESLUIT and not one.vervallen_op)
        return next((one for one in standing if one.stap != "beslis_op_bezwaar"), None)

    @staticmethod
    def known_on(letter: Letter) -> date:
        """The day from which its term counts: of posting, or on which it was made known otherwise (Awb 3:41 lid 2)."""
        return letter.bekendgemaakt_op or letter.verzenddatum

    @property
    def letters_out(self) -> list[Letter]:
        """Letters that may still come back, or came back and must still be made known in another way."""
        formal = (LetterKind.VOORNEMEN, LetterKind.BESLUIT)
        return [
            one for one in self.letters if not one.retour_op or (one.soort in formal and not one.andere_bekendmaking)
        ]

    def letter(self, reference: str) -> Letter | None:
        """One of the letters that are out, by its number or (the last one) by its kind."""
        out = reversed(self.letters_out)
        return next((one for one in out if reference in (str(one.nummer), one.soort.value)), None)

    @property
    def besluit(self) -> Letter | None:
        """The letter of the standing besluit to register; a refused declaration is a besluit of another kind."""
        return next(
            (one for one in reversed(self.letters) if one.stap == "neem_besluit" and one.vervallen_op is None), None
        )

    def own(self, desk: Desk) -> dict[str, Any]:
        """The columns that every row of the dossier has, when it is written at this desk."""
        return {
            "gemeentecode": self.case.gemeentecode,
            "zaak_id": self.case.id,
            "vastgelegd_op": desk.today,
            "tijdstip": desk.now,
            "door": desk.actor.naam,
        }

    @property
    def language(self) -> str | None:
        """The language of the newest signal, when letters can have a translation in it."""
        ids = [link.signal_id for link in self.signals if link.actueel]
        mine = select(Signal.taal).where(col(Signal.id).in_(ids)).order_by(col(Signal.id).desc())
        newest = self.session.exec(mine.execution_options(**ACROSS)).first()
        return newest if newest in LANGUAGES else None

    def withdrawn_on(self) -> date | None:
        """The day on which UWV had withdrawn every signal of the case; None when one still stands."""
        ids = [link.signal_id for link in self.signals if link.actueel]
        mine = select(Signal).where(col(Signal.id).in_(ids)).execution_options(**ACROSS)
        days = [signal.ingetrokken_op for signal in self.session.exec(mine)]
        known = [day for day in days if day is not None]
        return max(known) if known and len(known) == len(days) else None

    @property
    def counting_aanschrijving(self) -> Letter | None:
        """The last aanschrijving to the current address that did not come back."""
        return next(
            (
                one
                for one in reversed(self.letters)
                if one.soort == LetterKind.AANSCHRIJVING
                and one.retour_op is None
                and one.vervallen_op is None
                and one.adressleutel == self.case.adressleutel
            ),
            None,
        )

    def running(self, term: str) -> CaseTerm | None:
        """The term of this name that runs, if one does."""
        return next((one for one in reversed(self.terms) if one.term == term and one.beeindigd_op is None), None)

    @property
    def decision_term(self) -> CaseTerm | None:
        """The term in which a bezwaar must be decided, if one runs: with an advisory committee it has another name."""
        return self.running(Term.BESLISSING_OP_BEZWAAR) or self.running(Term.BESLISSING_OP_BEZWAAR_COMMISSIE)

    def last_event(self, stap: str) -> CaseEvent | None:
        """The last time a step was taken."""
        return next((event for event in reversed(self.events) if event.stap == stap), None)

    def consulted_brp(self, today: date) -> bool:
        """Whether the BRP was consulted today: old signals go stale."""
        return any(source.soort == "brp" and source.datum == today for source in self.sources)

    def forget(self) -> None:
        """Read the dossier anew: rows were added."""
        for name in [name for name in self.__dict__ if name not in ("session", "case")]:
            del self.__dict__[name]


def files_of(session: Session, cases: Sequence[Case]) -> list[CaseFile]:
    """Several cases, with the parts on which a decision rests fetched for all of them together."""
    parts: Mapping[str, type[OfCase]] = {
        "sources": Source,
        "visits": Visit,
        "letters": Letter,
        "aangiften": Aangifte,
        "bezwaren": Bezwaar,
        "terms": CaseTerm,
    }
    ids = [case.id for case in cases]
    events = events_of(session, cases) if cases else {}
    files = {case.id: CaseFile(session, case) for case in cases}
    for id_, file in files.items():
        file.__dict__["events"] = events[id_]
        file.__dict__ |= {name: [] for name in parts} | {"terms": list(file.kept_terms)}
    for name, table in parts.items() if cases else ():
        chosen = select(table).where(col(table.zaak_id).in_(ids)).order_by(col(table.id))  # type: ignore[attr-defined]
        for row in session.exec(chosen):
            files[row.zaak_id].__dict__[name].append(row)
    return list(files.values())
