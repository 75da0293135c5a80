"""Which municipality a code stands for on a day: national table 33 with its dates and successors."""

import csv
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import Row, and_, delete, insert
from sqlalchemy import select as select_columns
from sqlmodel import Session, col, or_, select

from signals.base import table
from signals.bulk import run
from signals.dates import as_date
from signals.errors import Invalid, Reason, Refused
from signals.models import Municipality, Participant

TABLE_33 = Path(__file__).parent / "data" / "tabel33-gemeenten.csv"
"""As published by the RvIG; complete up to the merger into Voorne aan Zee on 1 January 2023, the last so far."""

RNI = "1999"
NO_MUNICIPALITY = frozenset({"0000", "0997", "0998", "0999", RNI})
"""Codes of table 33 that are no municipality: unknown, the registers before the GBA, the RNI."""

_HEADER = ["92.10 Gemeentecode", "92.11 Omschrijving", "92.12 Nieuwe code", "99.98 Datum ingang", "99.99 Datum einde"]


def read_table_33(path: Path) -> list[Municipality]:
    """The rows of a table 33 as the RvIG publishes it (CSV, UTF-8); Invalid when it is something else."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file)
        if next(rows, None) != _HEADER:
            uitleg = f"{path.name}: dit is geen landelijke tabel 33. De eerste regel moet zijn: {', '.join(_HEADER)}."
            raise Invalid(Reason("kop_onbekend", uitleg))
        return [
            Municipality(code=code, naam=naam, begin=as_date(begin), einde=as_date(einde), opvolger=opvolger or None)
            for code, naam, opvolger, begin, einde in rows
        ]


def store(session: Session, rows: Sequence[Municipality]) -> int:
    """Puts the table in place of the one that was there; gives the number of rows."""
    session.execute(delete(Municipality))
    session.info.pop("same_municipality", None)
    session.execute(insert(Municipality), [row.model_dump() for row in rows])
    return len(rows)


class Municipalities:
    """The whole table, held in memory for one run."""

    def __init__(self, rows: "Iterable[Municipality | Row[Any]]") -> None:
        self._rows = {row.code: row for row in rows}
        self._by_name: dict[str, list[Municipality | Row[Any]]] = {}
        self._successors: dict[tuple[str, date], str] = {}
        for row in self._rows.values():
            if row.code not in NO_MUNICIPALITY:
                self._by_name.setdefault(row.naam.casefold(), []).append(row)

    @classmethod
    def load(cls, session: Session) -> "Municipalities":
        """From the database; Refused while no table was loaded, because then no code can be judged."""
        rows = run(session, select_columns(table(Municipality))).all()  # plain rows: an object of each costs more
        if not rows:
            uitleg = "De landelijke tabel 33 (gemeenten) is nog niet geladen. Laad die eerst: rni municipalities load."
            raise Refused(Reason("tabel_33_ontbreekt", uitleg))
        return cls(rows)

    def exists(self, code: str) -> bool:
        """True for a code that is or ever was a municipality's."""
        return code in self._rows and code not in NO_MUNICIPALITY

    def in_force(self, code: str, on: date) -> bool:
        """True when the code counts on that day; its last day is the one before `einde`."""
        if not self.exists(code):
            return False
        row = self._rows[code]
        return (row.begin is None or row.begin <= on) and (row.einde is None or on < row.einde)

    def begun(self, code: str, on: date) -> bool:
        """True when the code counts on that day or counted before it."""
        if not self.exists(code):
            return False
        begin = self._rows[code].begin
        return begin is None or begin <= on

    def successor(self, code: str, on: date) -> str:
        """The code that stands for this one on that day, through all mergers until then; itself when none."""
        if (code, on) not in self._successors:
            self._successors[code, on] = self._successor(code, on)
        return self._successors[code, on]

    def _successor(self, code: str, on: date) -> str:
        row = self._rows.get(code)
        passed = {code}
        while row and row.einde and row.einde <= on and row.opvolger and row.opvolger not in passed:
            passed.add(row.opvolger)
            row = self._rows.get(row.opvolger)
        return row.code if row else code

    def by_name(self, name: str, on: date) -> str | None:
        """The code of an official name: the one in force on that day, else the last that bore it; None if unknown."""
        bearers = [row for row in self._by_name.get(name.casefold(), []) if self.begun(row.code, on)]
        if not bearers:
            return None
        return max(bearers, key=lambda row: row.einde or date.max).code

    def name(self, code: str) -> str:
        """The official name, or the code itself when it is unknown."""
        row = self._rows.get(code)
        return row.naam if row else code


_ARTICLE = re.compile(r"('s[- ]|'t |de |den |het |ten |ter )(.+)")


def alphabetical(name: str) -> tuple[str, str]:
    """Where a name comes in a list that people read, for `sorted`: as Statistics Netherlands (CBS) has it.

    An article in front does not count ('s-Gravenhage is "Gravenhage 's-" there), and neither do accents and capitals.
    """
    plain = "".join(sign for sign in unicodedata.normalize("NFKD", name.casefold()) if not unicodedata.combining(sign))
    article = _ARTICLE.fullmatch(plain)
    return (article[2], article[1]) if article else (plain, "")


def names_on(session: Session, on: date) -> Mapping[str, str]:
    """Every municipality that is there on that day: its name by its code, in the order of a list."""
    there = select(Municipality.code, Municipality.naam).where(
        or_(col(Municipality.begin).is_(None), col(Municipality.begin) <= on),
        or_(col(Municipality.einde).is_(None), col(Municipality.einde) > on),
        col(Municipality.code).not_in(NO_MUNICIPALITY),
    )
    return dict(sorted(session.exec(there), key=lambda each: alphabetical(each[1])))


def lineage(session: Session, code: str, on: date) -> list[Municipality]:
    """The municipality of this code and those in which it went up by that day; the last one stands for it then.

    All rights and duties pass on the day itself, without any deed (Wet algemene regels herindeling 44): table 33 is
    all that is asked. A municipality that was split has one successor there, or stays what it was; what belongs to
    another is handed over. Empty for a code that table 33 does not have.
    """
    found: dict[str, Municipality] = {}
    row = session.get(Municipality, code)
    while row is not None and row.code not in found:
        found[row.code] = row
        gone = row.einde is not None and row.einde <= on
        row = session.get(Municipality, row.opvolger) if gone and row.opvolger else None
    return list(found.values())


def standing_for(session: Session, code: str, on: date) -> str:
    """The code that stands for this one on that day; itself when table 33 does not have it."""
    rows = lineage(session, code, on)
    return rows[-1].code if rows else code


def name_on(session: Session, code: str, on: date) -> str:
    """What the municipality of this code is called on that day; the code itself when table 33 does not have it."""
    rows = lineage(session, code, on)
    return rows[-1].naam if rows else code


RNI_BEGAN = date(2014, 1, 6)
"""The Wet BRP came into force, and with it the RNI: no municipality that was gone by then ever had a case."""


def same_municipality(session: Session, codes: Iterable[str], on: date) -> frozenset[str]:
    """These codes, the successors they have by that day, and every predecessor of those by then that can have cases.

    Asked several times in a request, looked up once in a session.
    """
    asked = frozenset(codes), on
    known: dict[tuple[frozenset[str], date], frozenset[str]] = session.info.setdefault("same_municipality", {})
    if asked not in known:
        known[asked] = _same_municipality(session, *asked)
    return known[asked]


def _same_municipality(session: Session, codes: frozenset[str], on: date) -> frozenset[str]:
    found: set[str] = set()
    new = set(codes)
    gone = (col(Municipality.einde) <= on, col(Municipality.opvolger).is_not(None))
    while new:
        found |= new
        before = and_(col(Municipality.opvolger).in_(new), col(Municipality.einde) > RNI_BEGAN)
        theirs = or_(col(Municipality.code).in_(new), before)
        merged = session.exec(select(Municipality.code, Municipality.opvolger).where(theirs, *gone))
        new = {code for pair in merged for code in pair if code} - found
    return frozenset(found)


def participating(session: Session, municipalities: Municipalities, on: date) -> frozenset[str] | None:
    """The codes, as they stand on that day, of who takes part in this installation then; None = every municipality."""
    if session.exec(select(Participant.id).limit(1)).first() is None:
        return None
    chosen = select(Participant.gemeentecode).where(
        col(Participant.vanaf) <= on, or_(col(Participant.tot).is_(None), col(Participant.tot) > on)
    )
    return frozenset(municipalities.successor(code, on) for code in session.exec(chosen))


def participates(session: Session, code: str, on: date) -> bool:
    """True when this municipality, followed through mergers to that day, takes part in this installation."""
    municipalities = Municipalities.load(session)
    taking_part = participating(session, municipalities, on)
    return taking_part is None or municipalities.successor(code, on) in taking_part
