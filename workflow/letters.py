"""A letter: to whom, where, on which day it was posted, and the PDF as it was sent."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from sqlmodel import Session, col, func, select

from signals.address import address_line
from signals.errors import NotFound, Reason
from signals.municipalities import name_on, standing_for
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.letter_content import Envelope, composed, facts_of
from workflow.letter_pdf import pdf
from workflow.letterhead import letterhead_of
from workflow.models import Case, Letter, LetterFile, LetterKind
from workflow.questions import NO_TRANSLATION

OF_STEP: Mapping[str, str] = {
    "weiger_aangifte": "weigering",
    "beslis_op_bezwaar": "beslissing_op_bezwaar",
    "verdaag_beslissing": "verdaging",
}
"""The texts of a besluit that is not the one to register, and of a term that is not the person's."""
ADULT_FOR_LETTERS = 16
"""Under this age the parent or guardian declares (Wet BRP 2.48) and so gets the letters."""


def full_name(case: Case) -> str:
    """`Jan van den Heuvel`; the point for an unknown name stays."""
    return " ".join(part for part in (case.voornamen, case.voorvoegsel, case.geslachtsnaam) if part)


def is_minor(case: Case, on: date) -> bool:
    """Certainly under 16 on this day; unknown parts of the birth date count as the earliest possible day."""
    year, month, day = int(case.geboortedatum[:4]), int(case.geboortedatum[4:6]), int(case.geboortedatum[6:])
    return bool(year) and (year + ADULT_FOR_LETTERS, month, day) > (on.year, on.month, on.day)


def age_is_uncertain(case: Case, on: date) -> bool:
    """Whether unknown parts of the birth date leave open if the person is 16 on this day."""
    year, month = int(case.geboortedatum[:4]), case.geboortedatum[4:6]
    latest = f"{year + ADULT_FOR_LETTERS:04d}{month if month != '00' else '12'}31"
    unknown = case.geboortedatum[6:] == "00"
    return not year or (unknown and not is_minor(case, on) and f"{on:%Y%m%d}" < latest)


def addressee(case: Case, on: date) -> str:
    """Who the letter is addressed to."""
    name = full_name(case)
    return f"de ouder(s) of voogd van {name}" if is_minor(case, on) else name


def post(
    file: CaseFile,
    desk: Desk,
    kind: LetterKind,
    posted: date,
    stap: str,
    values: Mapping[str, Any],
    to: Sequence[str] = (),
) -> Letter:
    """Record a letter posted on a day, and keep its PDF.

    values: what was filled in with the step. to: name and address of somebody else; without, the letter goes to the
    current (new) address of the person (Circulaire 5, situation 3). Raises Invalid for a sign that cannot be printed.
    """
    case = file.case
    last = file.session.exec(select(func.max(Letter.nummer)).where(Letter.zaak_id == case.id)).one()
    letter = Letter(
        **file.own(desk),
        nummer=(last or 0) + 1,
        soort=kind,
        stap=stap,
        verzenddatum=posted,
        geadresseerde=to[0] if to else addressee(case, posted),
        adres=", ".join(to[1:]) or address_line(case),
        adressleutel="" if to else case.adressleutel,
        contactpersoon=case.behandelaar or desk.actor.naam,
    )
    name = OF_STEP.get(stap, kind.value)
    made = desk.gemaakt
    if made is None:
        made = pdf(composed(name, facts_of(name, file, desk, values), _envelope(file, desk, letter, values, bool(to))))
    file.session.add(letter)
    file.session.flush()
    assert letter.id is not None
    sha256 = hashlib.sha256(made).hexdigest()
    file.session.add(LetterFile(gemeentecode=case.gemeentecode, brief_id=letter.id, sha256=sha256, pdf=made))
    file.session.flush()
    file.__dict__.pop("letters", None)
    return letter


def _envelope(file: CaseFile, desk: Desk, letter: Letter, values: Mapping[str, Any], third_party: bool) -> Envelope:
    case = file.case
    chosen = values.get("taal") or (None if third_party else file.language)
    session, posted = file.session, letter.verzenddatum
    return Envelope(
        kenmerk=f"{case.zaaknummer}/{letter.nummer}",
        posted=letter.verzenddatum,
        person=full_name(case),
        child=is_minor(case, letter.verzenddatum),
        secret=bool(case.indicatie_geheim),
        addressee=tuple(line for line in (letter.geadresseerde, *letter.adres.split(", ")) if line),
        adres=address_line(case),
        gemeente=name_on(session, case.gemeentecode, posted),
        head=letterhead_of(standing_for(session, case.gemeentecode, posted)),
        contact=desk.contact(letter.contactpersoon),
        signatory=desk.contact(desk.actor.naam).naam,
        language=None if chosen == NO_TRANSLATION else chosen,
        example=desk.voorbeeld,
        third_party=third_party,
    )


def sent(session: Session, case: Case, nummer: int) -> LetterFile:
    """The bytes of a letter as it was sent; NotFound for a letter that is not there, or was posted before PDFs were."""
    mine = select(Letter.id).where(Letter.zaak_id == case.id, Letter.nummer == nummer)
    found = session.exec(mine).first()
    if found is None:
        raise NotFound(Reason("brief_onbekend", f"Zaak {case.zaaknummer} heeft geen brief met dit nummer."))
    stored = kept(session, found)
    if stored is None:
        uitleg = f"Van brief {nummer} is geen PDF bewaard: hij is verstuurd voordat deze service brieven maakte."
        raise NotFound(Reason("brief_zonder_bestand", uitleg))
    return stored


def kept(session: Session, brief_id: int) -> LetterFile | None:
    """The bytes of a letter by its id; None when it was posted before PDFs were kept."""
    return session.exec(select(LetterFile).where(col(LetterFile.brief_id) == brief_id)).first()


def missing_in_letters(session: Session, case: Case, desk: Desk) -> tuple[str, ...]:
    """What a letter cannot tell of how to reach its contact person, though it should: his own, or the letterhead's."""
    contact = desk.contact(case.behandelaar or desk.actor.naam)
    head = letterhead_of(standing_for(session, case.gemeentecode, desk.today))
    known = {
        "telefoonnummer": contact.telefoonnummer or head.telefoon,
        "e-mailadres": contact.emailadres or head.email,
    }
    return tuple(word for word, value in known.items() if not value)


def as_sent(session: Session, sent_letters: Iterable[Letter]) -> list[tuple[Letter, str]]:
    """The letters of which the PDF is kept, each with its sha256."""
    by_id = {one.id: one for one in sent_letters}
    kept = select(LetterFile.brief_id, LetterFile.sha256).where(col(LetterFile.brief_id).in_(by_id))
    return [(by_id[brief_id], sha256) for brief_id, sha256 in session.exec(kept.order_by(col(LetterFile.brief_id)))]


def with_pdf(session: Session, sent_letters: Iterable[Letter]) -> frozenset[int]:
    """The numbers of the letters of which the PDF is kept."""
    return frozenset(one.nummer for one, _ in as_sent(session, sent_letters))


def file_name(case: Case, nummer: int) -> str:
    """What a letter is called on somebody's disk: no name and no BSN in it."""
    return f"brief-{case.zaaknummer}-{nummer}.pdf"
