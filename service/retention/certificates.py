"""The verklaring of a list: what kind, how many, under which rule and term, by whom, and the numbers of what went.

It is drawn up once, when everything of the list is gone, and says only what is in the list: nothing of a person.
"""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlmodel import Session, select

from exports.certificate import certificate_pdf
from service.models import User
from service.retention import lists
from signals.dates import dutch_date
from signals.municipalities import name_on
from signals.numbers import take_numbers
from workflow.retention_models import Certificate, DestructionItem, DestructionList, Regelstaat

SERIES = "VV"
KINDS: Mapping[str, str] = {
    "zaak": "dossier",
    "signaalgegevens": "gegevens over uitkering en werk bij zaak",
    "lading": "aangeleverd bestand van lading",
    "opbrengst": "opbrengstbestand",
    "terugkoppeling": "bestanden van terugkoppeling",
    "logboek": "regels van het logboek tot en met",
}
"""What a line is about, as people read it."""


def draw_up(session: Session, row: DestructionList, now: datetime, zone: ZoneInfo) -> Certificate:
    """The verklaring of a list of which nothing is left to do; it stands from the moment the transaction commits."""
    number = f"{SERIES}-{now.year}-{take_numbers(session, SERIES, now.year)[0]:04d}"
    said = contents(session, row, number, now, zone)
    pdf = certificate_pdf(said)
    made = Certificate(
        gemeentecode=row.gemeentecode,
        nummer=number,
        lijst_id=_id(row),
        opgemaakt_op=now,
        inhoud=said,
        sha256=hashlib.sha256(pdf).hexdigest(),
        pdf=pdf,
    )
    session.add(made)
    session.flush()
    return made


def _id(row: DestructionList) -> int:
    assert row.id is not None  # it was flushed
    return row.id


def contents(session: Session, row: DestructionList, number: str, now: datetime, zone: ZoneInfo) -> dict[str, Any]:
    """All that it says, as page and PDF show it."""
    term, lines = lists.term_of(row), lists.items(session, row)
    gone = [line for line in lines if line.staat == Regelstaat.VERNIETIGD]
    stayed = [line for line in lines if line.staat != Regelstaat.VERNIETIGD]
    signals = sum(len(line.signalen) for line in gone)
    again = bool(row.herhaling_van)
    where = name_on(session, row.gemeentecode, now.date()) if row.gemeentecode else "het hele project"
    return {
        "titel": f"Verklaring van vernietiging {number}",
        "inleiding": (
            f"Wat hieronder staat, was al eens vernietigd, onder lijst {row.herhaling_van}. Het kwam terug met een "
            "back-up van daarvoor, en is nu opnieuw vernietigd."
            if again
            else "Wat hieronder staat, is vernietigd: in de database en op schijf. Het is niet meer te herstellen."
        ),
        "feiten": [
            ["Lijst", f"{row.nummer}{f' (herhaling van {row.herhaling_van})' if again else ''}"],
            ["Soort", term.rule.wat],
            ["Van", f"gemeente {where} ({row.gemeentecode})" if row.gemeentecode else where],
            ["Bewaartermijn", f"{term.in_words} na {term.rule.vanaf}"],
            ["Grondslag van de termijn", term.rule.bron],
            ["Instelling", f"{term.rule.instelling}: {term.lengte} ({term.besluit or 'standaardwaarde'})"],
        ],
        "mensen": _people(session, row, now, zone),
        "aantallen": [
            ["Vernietigd", str(len(gone))],
            ["Signalen die meegingen", str(signals)],
            ["Rijen in de database", str(sum(line.rijen for line in gone))],
            ["Bestanden", str(sum(line.bestanden for line in gone))],
            ["Gebleven", str(len(stayed))],
        ],
        "ruimte": (
            f"De vrijgekomen ruimte in de database is overschreven op {_moment(row.ruimte_gewist_op, zone)}."
            if row.ruimte_gewist_op
            else "De vrijgekomen ruimte in de database wordt overschreven door de eigenaar van de database, met "
            "rni retention clean. Wanneer dat is gedaan, staat in het logboek."
        ),
        "koppen": ["Nummer", "Termijn vanaf", "Signalen"],
        "vernietigd": [[_named(line), dutch_date(line.sinds), ", ".join(line.signalen) or "–"] for line in gone],
        "niet": [[_named(line), f"{line.staat.value.capitalize()}: {line.reden}"] for line in stayed],
    }


def _named(line: DestructionItem) -> str:
    return f"{KINDS[line.object]} {line.nummer}"


def _people(session: Session, row: DestructionList, now: datetime, zone: ZoneInfo) -> Sequence[Sequence[str]]:
    names = dict(session.exec(select(User.naam, User.weergavenaam)).all())

    def said(naam: str | None, moment: datetime | None) -> str:
        shown = names.get(naam or "", naam or "")
        return f"{shown} ({naam}), {_moment(moment, zone)}" if shown != naam else f"{naam}, {_moment(moment, zone)}"

    approved = (
        [["Goedgekeurd", f"bij lijst {row.herhaling_van}; een herhaling vraagt geen nieuwe goedkeuring"]]
        if row.herhaling_van
        else [["Goedgekeurd", said(row.goedgekeurd_door, row.goedgekeurd_op)]]
    )
    return [
        ["Voorgesteld", said(row.voorgesteld_door, row.voorgesteld_op)],
        *approved,
        ["Begonnen met vernietigen", said(row.uitgevoerd_door, row.begonnen_op)],
        ["Verklaring opgemaakt", _moment(now, zone)],
    ]


def _moment(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%d-%m-%Y %H.%M} uur" if moment else "–"
