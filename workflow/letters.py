"""A letter as a record: to whom, where, and on which day it was posted."""

from datetime import date

from signals.address import address_line
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, Letter, LetterKind

ADULT_FOR_LETTERS = 16
"""Under this age the parent or guardian declares (Wet BRP 2.48) and so gets the letters."""


def full_name(case: Case) -> str:
    """`Jan van den Heuvel`; the point for an unknown name stays."""
    return " ".join(part for part in (case.voornamen, case.voorvoegsel, case.geslachtsnaam) if part)


def is_minor(case: Case, on: date) -> bool:
    """Certainly under 16 on this day; unknown parts of the birth date count as the earliest possible day."""
    year, month, day = int(case.geboortedatum[:4]), int(case.geboortedatum[4:6]), int(case.geboortedatum[6:])
    return bool(year) and (year + ADULT_FOR_LETTERS, month, day) > (on.year, on.month, on.day)


def addressee(case: Case, on: date) -> str:
    """Who the letter is addressed to."""
    name = full_name(case)
    return f"de ouder(s) of voogd van {name}" if is_minor(case, on) else name


def post(file: CaseFile, desk: Desk, kind: LetterKind, posted: date, stap: str) -> Letter:
    """Record a letter to the current (new) address, posted on a day (Circulaire 5, situation 3)."""
    case = file.case
    letter = Letter(
        **file.own(desk),
        nummer=len(file.letters) + 1,
        soort=kind,
        stap=stap,
        verzenddatum=posted,
        geadresseerde=addressee(case, posted),
        adres=address_line(file.case),
        adressleutel=case.adressleutel,
        contactpersoon=case.behandelaar or "",
    )
    file.session.add(letter)
    file.session.flush()
    file.__dict__.pop("letters", None)
    return letter
