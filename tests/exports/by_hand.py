"""The second opinion on feedback: the pages of procedure and layout, read once more without the product's statements.

Words are copied from those pages by hand on purpose. `withdrawn` comes from who saw the withdrawals happen, and what
was told from the files: nothing here looks at how the product remembers either.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from signals.models import Municipality, Signal
from workflow.models import Case, CaseSignal

Row = Mapping[str, str]
"""A line of a file, by its headings."""

REGISTERED = ("aangifte_gedaan", "ambtshalve_ingeschreven", "briefadres")
TOLD = {
    **dict.fromkeys(REGISTERED, "ingeschreven"),
    "elders_ingeschreven": "elders",
    "andere_gemeente": "elders",
    "niet_vastgesteld": "niet_ingeschreven",
    "buitenland_of_te_kort": "niet_ingeschreven",
    "onbekend_op_adres": "niet_ingeschreven",
    "buiten_aangifteplicht": "niet_ingeschreven",
    "overleden": "niet_ingeschreven",
    "reeds_ingezetene": "reeds_ingeschreven",
    "niet_opgepakt": "niet_onderzocht",
}
"""The last column of the outcome table."""

NEWS = ("eerste_antwoord", "resultaat", "brp_mutatie", "ingangsdatum_ingezetene", "gemeentecode")
"""With the withdrawal these are the stand; that only a date moved is no news."""


FIRST_RECEIPT = date(2024, 1, 1)
"""No test has a case from before it: of older mergers nothing here depends."""


@dataclass(frozen=True)
class Last:
    """The last line about a signal that stands: what it said, its name, whether the supplier has received it."""

    row: Row
    naam: str
    received: bool

    @property
    def held_a_result(self) -> bool:
        """Whether the supplier acts on it."""
        return self.row["resultaat"] != ""


def stand_of(row: Row) -> tuple[object, ...]:
    """What a line says; two that say the same are one telling too many."""
    return (row["soort"] == "intrekking_bevestigd", *(row[name] for name in NEWS))


def stands_by_hand(session: Session, withdrawn: Collection[str]) -> dict[str, Row]:
    """By signaalnummer every column of the stand as a file would say it, and `ingetrokken` (J or N)."""
    cases = {case.id: case for case in session.exec(select(Case))}
    works_on = {case.eerste_signaal_id: case for case in cases.values() if case.lading_id is not None}
    for link in session.exec(select(CaseSignal).where(col(CaseSignal.actueel))):
        assert link.signal_id not in works_on, "a signal has one case that works on it"
        works_on[link.signal_id] = cases[link.zaak_id]
    gone = select(Municipality).where(col(Municipality.opvolger).is_not(None), col(Municipality.einde) > FIRST_RECEIPT)
    table = {row.code: row for row in session.exec(gone)}
    return {
        signal.signaalnummer: _stand(
            signal, works_on[signal.id], cases.values(), table, signal.signaalnummer in withdrawn
        )
        for signal in session.exec(select(Signal))
    }


def _stand(
    signal: Signal, case: Case, cases: Collection[Case], table: Mapping[str, Municipality], withdrawal_counts: bool
) -> Row:
    outcome = case.resultaat.value if case.resultaat and case.fase in ("afgesloten", "bezwaar") else ""
    gone = withdrawal_counts or outcome == "ingetrokken"
    told = "" if gone or not outcome else TOLD[outcome]
    if outcome in REGISTERED and not gone and _registered_by_another(case, cases, table):
        told = "elders"
    mutation = told == "ingeschreven"
    answered = case.datum_resultaat or case.datum_eerste_antwoord
    return {
        "ingetrokken": "J" if gone else "N",
        "leveringsnummer": signal.leveringsnummer,
        "signaalnummer": signal.signaalnummer,
        "bsn": signal.bsn or "",
        "gemeentecode": _code_on(table, case.gemeentecode, answered),
        "eerste_antwoord": case.eerste_antwoord or "",
        "datum_eerste_antwoord": _on_or_after(signal.datum_ontvangst, case.datum_eerste_antwoord),
        "resultaat": told,
        "datum_resultaat": _on_or_after(signal.datum_ontvangst, case.datum_resultaat) if told else "",
        "brp_mutatie": "J" if mutation else "N",
        "ingangsdatum_ingezetene": f"{case.ingangsdatum:%Y%m%d}" if mutation else "",
    }


def _registered_by_another(case: Case, cases: Collection[Case], table: Mapping[str, Municipality]) -> bool:
    """Nobody becomes a resident twice: who registered the person first has the result, every other says elsewhere."""
    registrations = [
        other
        for other in cases
        if other.bsn == case.bsn and other.resultaat in REGISTERED and other.fase in ("afgesloten", "bezwaar")
    ]
    first = min(registrations, key=lambda other: (other.datum_resultaat, other.id))
    mine, theirs = (_code_on(table, one.gemeentecode, case.datum_resultaat) for one in (case, first))
    return mine != theirs


def _code_on(table: Mapping[str, Municipality], code: str, day: date | None) -> str:
    """What the municipality of this code was by a day, through every merger until then."""
    row = table.get(code)
    if row is None or day is None or row.einde is None or row.opvolger is None or day < row.einde:
        return code
    return _code_on(table, row.opvolger, day)


def _on_or_after(receipt: date, day: date | None) -> str:
    return "" if day is None else f"{max(receipt, day):%Y%m%d}"


def line_by_hand(stand: Row, last: Last | None) -> Row | None:
    """The line that the next file must have about a signal, without the file's own number; None when there is nothing.

    A result that was told is taken back before a withdrawal is confirmed, and only once the supplier has received it.
    """
    correction = last is not None and last.held_a_result
    confirms = stand["ingetrokken"] == "J" and not correction
    line = {name: value for name, value in stand.items() if name != "ingetrokken"}
    if confirms:
        line |= dict.fromkeys(("eerste_antwoord", "datum_eerste_antwoord"), "")
    line["soort"] = (
        "correctie"
        if correction
        else "intrekking_bevestigd"
        if confirms
        else "resultaat"
        if line["resultaat"]
        else "eerste_antwoord"
    )
    line["vervangt"] = last.naam if last is not None and correction else ""
    if last is None:
        return line if confirms or line["eerste_antwoord"] or line["resultaat"] else None
    if stand_of(line) == stand_of(last.row) or (correction and not last.received):
        return None
    return line if correction or confirms or line["eerste_antwoord"] or line["resultaat"] else None


def category_by_hand(line: Row | None, last: Last | None) -> str:
    """Where a signal stands in the reconciliation. line: what is due of it."""
    if line is not None:
        return "nu_te_vertellen"
    if last is None:
        return "nog_niets"
    if not last.received:
        return "onderweg"
    if last.row["soort"] == "intrekking_bevestigd":
        return "ingetrokken_verteld"
    return "resultaat_verteld" if last.held_a_result else "alleen_eerste_antwoord"


def replayed(
    files: Mapping[str, Sequence[Row]], refused: Collection[tuple[str, int]], received: Collection[str]
) -> dict[str, Last]:
    """By signaalnummer the last line that stands, from the files in the order of their numbers."""
    last: dict[str, Last] = {}
    for nummer, rows in files.items():
        for row in rows:
            if (nummer, int(row["volgnummer"])) not in refused:
                last[row["signaalnummer"]] = Last(row, f"{nummer}/{row['volgnummer']}", nummer in received)
    return last
