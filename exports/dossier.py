"""What a printed dossier holds: for a bezwaar, for another municipality, or for the person himself.

What is left out is decided here and nowhere else, and is counted and said. How it becomes a PDF or a ZIP stands in
dossier_files.py.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from exports.dossier_chapters import ONE_OF, Part, Piece, capital, day_or_nothing, entry
from exports.dossier_parts import PART_OF, parts_along, received_letters, received_lines
from signals.address import address_line
from signals.dates import birth_date_text, dutch_date
from signals.models import Signal
from signals.municipalities import name_on
from workflow import case_terms, dossier, earlier_cases
from workflow.case_file import CaseFile
from workflow.deadlines import TERMS, Term
from workflow.document_kinds import DOCUMENT_KINDS, PDF, size_text
from workflow.fields import Field
from workflow.letters import as_sent, full_name
from workflow.mergers import MERGED, with_mergers
from workflow.models import Case, CaseEvent, Document, InformationRequest, Letter, OfCase, Source, Visit
from workflow.phases import OUTCOMES
from workflow.transitions import BY_NAME


class Purpose(StrEnum):
    """What a dossier is printed for."""

    BEZWAAR = "bezwaar"
    OVERDRACHT = "overdracht"
    INZAGE = "inzage"


PURPOSES: Mapping[Purpose, str] = {
    Purpose.BEZWAAR: "Voor de behandeling van een bezwaar: het hele dossier",
    Purpose.OVERDRACHT: "Voor de overdracht aan een andere gemeente",
    Purpose.INZAGE: "Voor inzage door de betrokkene (AVG artikel 15)",
}
ABOUT_THE_PERSON = frozenset({"brp", "rni_tva", "bag", "uwv", "kvk", "ind", "zorgverzekeraar", "betrokkene"})
"""Sources of which the person reads the finding: registers and he himself. What others said is theirs too."""
LEFT_OUT = "De inhoud is weggelaten om de rechten en vrijheden van anderen te beschermen (AVG artikel 15 lid 4)."
COLLEAGUE = "een medewerker"
NOT_FOR_OTHERS = frozenset({"leerpunten"})
OF_WHO_WENT = ("bezoekers", "veiligheid")
OF_OTHERS_THERE = ("wieOpende", "anderenAangetroffen", "verklaringen")
SEEN_THERE = ("bevindingen", "gezienBinnen", "documentenGezien", "vervolg")
"""Fields of a home visit that an inzage leaves out: of our people, of others, and of a visit without the person."""
FROM_SOMEBODY = frozenset({"bron"})
"""Fields of a step in which a handler says who told it."""


class Wording(Protocol):
    """How codes, values and moments are read aloud; the door that prints knows."""

    def words(self, code: object) -> str:
        """A stored code as people say it."""

    def told(self, gegevens: Mapping[str, Any], fields: Sequence[Field]) -> list[tuple[str, str]]:
        """What was filled in, as label and text."""

    def moment(self, value: datetime) -> str:
        """A day with its time."""

    def step(self, stap: str) -> str:
        """What a step is called."""


@dataclass(frozen=True)
class Order:
    """What is asked for, by whom, and what only the door knows of the case.

    names: how users are called, by user name. benefits: whether whoever asks may read what UWV pays.
    """

    purpose: Purpose
    now: datetime
    door: str
    municipality: str
    names: Mapping[str, str]
    signals: Sequence[Signal]
    benefits: bool
    wording: Wording


@dataclass(frozen=True)
class Dossier:
    """All that is printed, in words."""

    zaaknummer: str
    municipality: str
    purpose: Purpose
    front: list[tuple[str, str]]
    remarks: list[str]
    parts: list[Part]
    pieces: list[Piece]
    parts_along: Sequence[str] = ()
    """For another municipality: the keys of what goes along."""


def compose(file: CaseFile, order: Order) -> Dossier:
    """The dossier of a case for this purpose."""
    return _Composer(file, order).dossier()


class _Composer:
    def __init__(self, file: CaseFile, order: Order) -> None:
        self.file, self.case, self.order = file, file.case, order
        self.own = order.purpose == Purpose.INZAGE
        self.left_out: Counter[str] = Counter()
        self.along = self._along()
        self._colleagues = self._names_to_hide()

    def dossier(self) -> Dossier:
        case, order = self.case, self.order
        pieces = self._pieces()
        parts: list[Part | None] = [
            self._signal(),
            self._outcome(),
            self._terms(),
            self._events(),
            *(self._entries(word) for word in dossier.KINDS if word != "documenten"),
            self._received(),
            self._letters(),
            self._documents(pieces),
            self._formal(),
            self._tasks(),
            self._earlier(),
        ]
        shown = [self._without_colleagues(part) for part in parts if part is not None]
        goes = sorted(self.along or ())
        front = [
            ("Zaaknummer", case.zaaknummer),
            ("Betrokkene", full_name(case)),
            ("Geboren", birth_date_text(case.geboortedatum)),
            ("Burgerservicenummer", case.bsn or "onbekend"),
            ("Huidig vermoed adres", address_line(case)),
            ("Contactpersoon", order.names.get(case.behandelaar or "", case.behandelaar or "nog niemand")),
            ("Afgedrukt op", self.order.wording.moment(order.now)),
            ("Afgedrukt door", self._who(order.door)),
        ]
        if case.indicatie_geheim:
            front.append(("Indicatie geheim", f"{case.indicatie_geheim}: geef het adres aan niemand door"))
        return Dossier(case.zaaknummer, order.municipality, order.purpose, front, self._remarks(), shown, pieces, goes)

    def _remarks(self) -> list[str]:
        if not self.left_out:
            return ["In deze afdruk is niets weggelaten."]
        told = "; ".join(f"{what}: {count}" for what, count in self.left_out.items())
        why = " " + LEFT_OUT if self.own else ""
        return [f"Weggelaten uit deze afdruk: {told}.{why}"]

    def _along(self) -> frozenset[str] | None:
        """For another municipality what the sender chose, or would choose by default; None: everything."""
        if self.order.purpose != Purpose.OVERDRACHT:
            return None
        return parts_along(self.file, self.order.now.tzinfo)

    def _goes(self, soort: str, row: OfCase) -> bool:
        if self.along is None or f"{soort}:{row.id}" in self.along:  # type: ignore[attr-defined]  # each has an id
            return True
        self.left_out["stukken die niet meegaan"] += 1
        return False

    # --- people

    def _names_to_hide(self) -> re.Pattern[str] | None:
        """The names of all colleagues but the contact person; None when nothing has to be hidden."""
        if not self.own:
            return None
        kept = {self.case.behandelaar or "", self.order.names.get(self.case.behandelaar or "", "")}
        every = {*self.order.names, *self.order.names.values()} - kept - {""}
        if not every:
            return None
        longest_first = sorted(every, key=len, reverse=True)
        return re.compile(r"(?<!\w)(" + "|".join(map(re.escape, longest_first)) + r")(?!\w)")

    def _without_colleagues(self, part: Part) -> Part:
        for one in part.stukken:
            one.kop = self._hidden(one.kop)
            one.regels = [(label, self._hidden(text)) for label, text in one.regels]
        return part

    def _hidden(self, text: str) -> str:
        return self._colleagues.sub(COLLEAGUE, text) if self._colleagues else text

    def _who(self, naam: str) -> str:
        if self.own and naam != self.case.behandelaar:
            return COLLEAGUE
        return self.order.names.get(naam, naam)

    def _recorded(self, row: OfCase) -> tuple[str, str]:
        return ("Vastgelegd", f"{dutch_date(row.vastgelegd_op)}, door {self._who(row.door)}")

    # --- chapters

    def _signal(self) -> Part:
        part = Part("Wat het signaal zei", leeg="Deze zaak heeft geen eigen signaal.")
        words = self.order.wording.words
        for signal in self.order.signals:
            lines = [
                ("Levering", signal.leveringsnummer),
                ("Datum van het signaal", dutch_date(signal.datum_signaal)),
                ("Ontvangen", dutch_date(signal.datum_ontvangst)),
                ("Grondslag", words(signal.grondslag.value)),
                ("Vermoed adres", f"{address_line(signal)}, volgens {signal.adresbron}"),
                ("Telefoonnummer", signal.telefoonnummer),
                ("E-mailadres", signal.emailadres),
                ("Toelichting", signal.toelichting),
                ("Ingetrokken op", day_or_nothing(signal.ingetrokken_op)),
            ]
            if signal.feiten_vernietigd_op is not None:
                gone = f"vernietigd op {dutch_date(signal.feiten_vernietigd_op)}"
                lines += [("Aanleiding", words(signal.aanleiding)), ("Uitkering, werkgever en periode", gone)]
            elif self.order.benefits:
                lines += [
                    ("Aanleiding", " ".join(filter(None, (words(signal.aanleiding), signal.uitkeringssoort)))),
                    ("Vanaf", dutch_date(signal.datum_vanaf)),
                    ("Tot", day_or_nothing(signal.datum_tot)),
                    ("Werkgever", signal.werkgever),
                ]
            else:
                self.left_out["signalen zonder uitkering en werk (alleen voor de behandelaar)"] += 1
            part.stukken.append(entry(f"Signaal {signal.signaalnummer}", lines))
        return part

    def _outcome(self) -> Part:
        case, words = self.case, self.order.wording.words
        lines = [
            ("Fase", words(case.fase.value)),
            ("Eerste antwoord", words(case.eerste_antwoord) if case.eerste_antwoord else "nog niet gegeven"),
            ("Gegeven op", day_or_nothing(case.datum_eerste_antwoord)),
            ("Resultaat", OUTCOMES[case.resultaat].omschrijving if case.resultaat else "nog geen"),
            ("Vastgesteld op", day_or_nothing(case.datum_resultaat)),
            ("Ingezetene met ingang van", day_or_nothing(case.ingangsdatum)),
            ("Onderzoek begonnen op", day_or_nothing(case.start_onderzoek)),
            ("Voornemen verzonden op", day_or_nothing(case.datum_voornemen)),
            ("Aangehouden sinds", day_or_nothing(case.aangehouden_sinds)),
            ("Reden van aanhouden", case.aangehouden_reden or ""),
        ]
        part = Part("Stand, resultaat en antwoorden", [entry("", lines)])
        for one in self.file.addresses:
            source = words(one.bron)
            if self.own and one.signal_id is None and not one.bron.isupper():
                source = "vastgesteld door de gemeente"
                self.left_out["vindplaatsen van een adres"] += 1
            told = [("Adres", address_line(one)), ("Bron", source), ("Vanaf", dutch_date(one.vanaf))]
            part.stukken.append(entry("Huidig vermoed adres" if one.huidig else "Ander vermoed adres", told))
        return part

    def _terms(self) -> Part:
        part = Part("Termijnen", leeg="Er zijn geen termijnen.")
        for term in case_terms.views(self.file, self.order.now.date()):
            lines = [
                ("Vanaf", dutch_date(term.vanaf)),
                ("Tot en met", dutch_date(term.einde)),
                ("Stand", self.order.wording.words(term.status)),
                ("Beëindigd op", day_or_nothing(term.beeindigd_op)),
                ("Uitleg", " ".join(term.uitleg)),
            ]
            part.stukken.append(entry(capital(TERMS[Term(term.term)].label), lines))
        return part

    def _events(self) -> Part:
        part = Part("Verloop: elke stap met haar grondslag")
        session, now = self.file.session, self.order.now
        for event in with_mergers(session, self.case, self.file.events, now):
            step = self.order.wording.step(event.stap)
            number = "" if event.stap == MERGED else f"{event.volgnummer}. "
            part.stukken.append(entry(f"{number}{step}", self._event(event)))
        return part

    def _event(self, event: CaseEvent) -> list[tuple[str, str]]:
        words = self.order.wording.words
        fields = BY_NAME[event.stap].fields if event.stap in BY_NAME else ()
        people = {each.naam for each in fields if each.soort == "gebruiker"}
        places = {each.naam for each in fields if each.soort == "gemeente"}
        given = {
            naam: self._who(value) if naam in people else self._place(value) if naam in places else value
            for naam, value in event.gegevens.items()
            if not (self.own and naam in FROM_SOMEBODY)
        }
        self.left_out["vermeldingen van wie iets vertelde"] += len(event.gegevens) - len(given)
        self.left_out += Counter()  # drops what was counted as none
        moved = words(event.naar.value)
        if event.van and event.van != event.naar:
            moved = f"van {words(event.van.value)} naar {moved}"
        role = f" ({words(event.rol)})" if event.rol else ""
        return [
            ("Wanneer", self.order.wording.moment(event.tijdstip)),
            ("Door", self._who(event.door) + role),
            ("Fase", moved),
            *self.order.wording.told(given, fields),
            ("Grondslag", event.grondslag),
        ]

    def _place(self, code: str) -> str:
        return f"{name_on(self.file.session, code, self.order.now.date())} ({code})"

    def _entries(self, word: str) -> Part | None:
        """The dossier entries of one kind, as they may be read for this purpose."""
        kind = dossier.KINDS[word]
        rows = dossier.entries(self.file, word)
        if word in PART_OF:
            rows = [row for row in rows if self._goes(PART_OF[word], row)]
        elif self.along is not None and word not in NOT_FOR_OTHERS:
            self._omitted(kind.label.lower(), len(rows))
            return None
        if word in NOT_FOR_OTHERS and self.order.purpose != Purpose.BEZWAAR:
            self._omitted(kind.label.lower(), len(rows))
            return None
        if self.own and word == "bijvangst":
            self._omitted("regels bijvangst", len(rows))
            return None
        part = Part(kind.label)
        for number, row in enumerate(rows, start=1):
            part.stukken.append(entry(f"{capital(self._kind_word(word, row))} {number}", self._lines(word, row)))
        return part

    def _omitted(self, what: str, count: int) -> None:
        if count:
            self.left_out[what] += count

    def _kind_word(self, word: str, row: OfCase) -> str:
        return self.order.wording.words(row.soort) if isinstance(row, Source) else ONE_OF.get(word, word)

    def _lines(self, word: str, row: OfCase) -> list[tuple[str, str]]:
        kind = dossier.KINDS[word]
        told = dossier.as_dict(word, row)
        shown = {naam: value for naam, value in told.items() if naam not in {"nummer", "vastgelegdOp", "door"}}
        said = []
        if self.own and isinstance(row, Source) and row.soort not in ABOUT_THE_PERSON:
            shown = {"soort": row.soort, "datum": row.datum.isoformat()}
            said.append(("Bevinding", LEFT_OUT))
            self.left_out["bevindingen van bronnen bij of over anderen"] += 1
        if self.own and isinstance(row, InformationRequest):
            shown = {naam: shown[naam] for naam in ("ontvanger", "vragen", "uiterlijk", "verzenddatum")}
            said.append(("Naam en adres", LEFT_OUT))
            self.left_out["namen van wie om inlichtingen is gevraagd"] += 1
        if self.own and isinstance(row, Visit):
            for naam in OF_WHO_WENT:
                del shown[naam]
            self.left_out["namen van bezoekers van een huisbezoek"] += 1
            if [naam for naam in OF_OTHERS_THERE if shown.pop(naam)]:
                said.append(("Wat anderen daar zeiden en wie er waren", LEFT_OUT))
                self.left_out["wat een huisbezoek over anderen zegt"] += 1
            if not row.aangetroffen and [naam for naam in SEEN_THERE if shown.pop(naam)]:
                said.append(("Bevindingen", LEFT_OUT))
                self.left_out["bevindingen van een huisbezoek zonder de betrokkene"] += 1
        return [*self.order.wording.told(shown, kind.velden), *said, self._recorded(row)]

    def _received(self) -> Part | None:
        """What came from another municipality; read and cited, no act of this one."""
        if not self.file.received:
            return None
        session, today = self.file.session, self.order.now.date()
        part = Part("Ontvangen bij overdracht")
        for row in self.file.received:
            if not self._goes("ontvangen", row):
                continue
            about = row.soort not in ABOUT_THE_PERSON and row.omschrijving not in ABOUT_THE_PERSON
            hidden = self.own and about and bool(row.regels)
            if hidden:
                self.left_out["inhoud van stukken van een andere gemeente"] += 1
            content = LEFT_OUT if hidden else None
            lines = received_lines(session, row, today, self._who(row.vastgelegd_door), content)
            part.stukken.append(entry(capital(row.omschrijving), lines))
        return part

    def _letters(self) -> Part:
        part = Part("Brieven", leeg="Er zijn geen brieven verstuurd.")
        for letter in self.file.letters:
            if not self._goes("brief", letter):
                continue
            lines = [
                ("Verzonden op", dutch_date(letter.verzenddatum)),
                ("Aan", LEFT_OUT if self._to_another(letter) else f"{letter.geadresseerde}, {letter.adres}"),
                ("Contactpersoon", self._who(letter.contactpersoon)),
                ("Retour gekomen op", day_or_nothing(letter.retour_op)),
                ("Anders bekendgemaakt", letter.andere_bekendmaking or ""),
                ("Vervallen op", day_or_nothing(letter.vervallen_op)),
            ]
            part.stukken.append(entry(f"Brief {letter.nummer}: {letter.soort.value}", lines))
        return part

    def _pieces(self) -> list[Piece]:
        """The documents, and the letters as they were sent."""
        pieces: list[Piece] = []

        def add(*what: Any) -> None:
            pieces.append(Piece(len(pieces) + 1, *what))

        for row in dossier.entries(self.file, "documenten"):
            assert isinstance(row, Document)
            if self.along is not None and f"document:{row.id}" not in self.along:
                self.left_out["documenten die niet meegaan"] += 1
            elif self.own and row.derden:
                self.left_out["documenten met gegevens van anderen"] += 1
            else:
                kind = self.order.wording.words(row.soort)
                where, media, kept = row.kenmerk or "", row.mediatype or "", row.sha256 or ""
                add(self._hidden(row.omschrijving), kind, row.datum, where, media, kept, row)
        for letter, kept in as_sent(self.file.session, self.file.letters):
            if self.along is not None and f"brief:{letter.id}" not in self.along:
                continue  # counted as a chapter
            if self._to_another(letter):
                self.left_out["brieven aan anderen"] += 1
            else:
                name = f"Brief {letter.nummer}: {letter.soort.value}"
                add(name, "brief", letter.verzenddatum, "", PDF.mediatype, kept, letter)
        for row in received_letters(self.file, self.along, self.own):
            add(f"Ontvangen {row.omschrijving}", "brief", row.datum, "", PDF.mediatype, row.sha256, row)
        return pieces

    def _to_another(self, letter: Letter) -> bool:
        """A letter to an employer or landlord tells about him too, so the person does not get it."""
        return self.own and not letter.adressleutel

    def _documents(self, pieces: Iterable[Piece]) -> Part:
        part = Part("Documenten", leeg="Er zijn geen documenten.")
        for piece in pieces:
            document = piece.origin
            if not isinstance(document, Document):
                continue
            kind = DOCUMENT_KINDS.get(document.mediatype or "")
            lines = [
                ("Soort", self.order.wording.words(document.soort)),
                ("Datum", dutch_date(document.datum)),
                ("Waar het ligt", document.kenmerk or ""),
                ("Bestand", (document.bestandsnaam or "") if kind else "alleen een verwijzing"),
                ("Soort bestand", f"{kind.label}, {size_text(document.omvang or 0)}" if kind else ""),
                ("SHA-256", document.sha256 or ""),
                self._recorded(document),
            ]
            part.stukken.append(entry(piece.title, lines))
        return part

    def _formal(self) -> Part:
        words = self.order.wording.words
        part = Part("Aangiften en bezwaren", leeg="Er zijn geen aangiften en geen bezwaren.")
        for one in self.file.aangiften:
            lines = [
                ("Ontvangen op", dutch_date(one.datum)),
                ("Soort adres", one.soort),
                ("Afgehandeld", " op ".join(filter(None, (one.afhandeling or "", day_or_nothing(one.afgehandeld_op))))),
            ]
            part.stukken.append(entry("Aangifte", lines))
        for bezwaar in self.file.bezwaren:
            lines = [
                ("Ontvangen op", dutch_date(bezwaar.datum)),
                ("Ontvangen via", bezwaar.ontvangen_via),
                ("Na de termijn", "ja" if bezwaar.te_laat else "nee"),
                ("Uitkomst", words(bezwaar.uitkomst)),
                ("Gehoord", words(bezwaar.gehoord)),
                ("Beslist op", day_or_nothing(bezwaar.beslist_op)),
            ]
            part.stukken.append(entry("Bezwaar", lines))
        return part

    def _tasks(self) -> Part | None:
        if self.order.purpose != Purpose.BEZWAAR:
            self._omitted("interne taken", len(self.file.tasks))
            return None
        part = Part("Taken", leeg="Er zijn geen taken.")
        for task in self.file.tasks:
            done = f"{day_or_nothing(task.afgehandeld_op)}, door {self._who(task.afgehandeld_door or '')}"
            lines = [
                ("Uitleg", task.uitleg),
                ("Sinds", dutch_date(task.vastgelegd_op)),
                ("Afgehandeld", done if task.afgehandeld_op else "nee"),
            ]
            part.stukken.append(entry(capital(self.order.wording.words(task.soort)), lines))
        return part

    def _earlier(self) -> Part:
        session, today = self.file.session, self.order.now.date()
        part = Part("Eerdere zaken", leeg="Er zijn in de laatste tien jaar geen eerdere zaken.")
        for case in earlier_cases.of_person(session, self.case, today):
            part.stukken.append(entry(f"Zaak {case.zaaknummer}: dezelfde persoon", self._of_earlier(case)))
        # Whoever objects, or another municipality, has no business with what became of others (AVG 6).
        others = earlier_cases.of_address(session, self.case, today)
        self._omitted("eerdere zaken van anderen op dit adres", len(others))
        return part

    def _of_earlier(self, case: Case) -> list[tuple[str, str]]:
        return [
            ("Ontvangen", dutch_date(case.datum_ontvangst)),
            ("Resultaat", OUTCOMES[case.resultaat].omschrijving if case.resultaat else "nog geen"),
            ("Afgesloten op", day_or_nothing(case.afgesloten_op)),
        ]
