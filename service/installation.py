"""What the beheerder decides for this installation, each from a day on: legal bases, own terms, participants."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import TypeVar

from sqlmodel import Session, col, select

from exports.models import LegalBasis
from service.log import audit
from signals.dates import dutch_date
from signals.errors import Invalid, NotFound, Reason, Refused
from signals.models import Grondslag, Participant
from signals.municipalities import Municipalities
from workflow import dated_settings
from workflow.dated_settings import DatedSetting

LONGEST_TEXT, LONGEST_DECIDED_BY = 2000, 200
_TEXTS = {
    "tekst": ("welk artikel, besluit of welke afspraak dit toestaat", LONGEST_TEXT),
    "besloten_door": ("wie dit heeft besloten", LONGEST_DECIDED_BY),
}
Period = TypeVar("Period", LegalBasis, Participant)


def bases(session: Session) -> Sequence[LegalBasis]:
    """Every recorded legal basis for giving results to UWV, by grondslag and day."""
    return session.exec(select(LegalBasis).order_by(col(LegalBasis.grondslag), col(LegalBasis.vanaf))).all()


def add_basis(
    session: Session, grondslag: str, tekst: str, besloten_door: str, vanaf: date, tot: date | None, now: datetime
) -> LegalBasis:
    """Record a legal basis (Wet BRP 2.37e lid 3) from `vanaf` until `tot`, that day not included.

    Invalid with every reason; Refused when another one of this grondslag holds in that time.
    """
    reasons = [*_wrong_period(vanaf, tot), *_wrong_texts(tekst=tekst, besloten_door=besloten_door)]
    if grondslag not in list(Grondslag):
        uitleg = f"De grondslag '{grondslag}' bestaat niet. Kies een van: {', '.join(Grondslag)}."
        reasons.append(Reason("grondslag_onbekend", uitleg, "grondslag"))
    if reasons:
        raise Invalid(reasons)
    row = LegalBasis(
        grondslag=Grondslag(grondslag), tekst=tekst.strip(), besloten_door=besloten_door.strip(), vanaf=vanaf, tot=tot
    )
    _refuse_overlap(row, session.exec(select(LegalBasis).where(LegalBasis.grondslag == row.grondslag)).all())
    session.add(row)
    session.flush()
    audit.record(session, "grondslag_vastgelegd", row.grondslag, now)
    return row


def end_basis(session: Session, grondslag: str, tot: date, now: datetime) -> LegalBasis:
    """The first day on which the basis in force no longer holds; NotFound when none is open."""
    known = select(LegalBasis).where(col(LegalBasis.grondslag).in_([grondslag] if grondslag in list(Grondslag) else []))
    row = _ended(session.exec(known).all(), tot, f"Voor {grondslag} is er geen grondslag die nog loopt.")
    session.add(row)
    audit.record(session, "grondslag_beeindigd", row.grondslag, now)
    return row


def participants(session: Session) -> Sequence[Participant]:
    """Every participation, by municipality and day; none at all means that every municipality takes part."""
    return session.exec(select(Participant).order_by(col(Participant.gemeentecode), col(Participant.vanaf))).all()


def add_participant(
    session: Session, gemeentecode: str, besloten_door: str, vanaf: date, tot: date | None, now: datetime
) -> Participant:
    """A municipality takes part from `vanaf` until `tot`, that day not included. Invalid or Refused with the reasons.

    The first one ends that every municipality takes part; so it cannot begin later than today.
    """
    reasons = [*_wrong_period(vanaf, tot), *_wrong_texts(besloten_door=besloten_door)]
    if not Municipalities.load(session).in_force(gemeentecode, vanaf):
        uitleg = f"'{gemeentecode}' is op {dutch_date(vanaf)} geen gemeente. Geef de viercijferige code uit tabel 33."
        reasons.append(Reason("gemeentecode_onbekend", uitleg, "gemeentecode"))
    if reasons:
        raise Invalid(reasons)
    known = participants(session)
    if not known and vanaf > now.date():
        uitleg = (
            "Dit is de eerste deelnemer: tot die dag zou geen enkele gemeente meedoen. Kies vandaag als begin, of leg "
            "eerst vast wie er nu al meedoen."
        )
        raise Refused(Reason("eerste_deelnemer_later", uitleg, "vanaf"))
    row = Participant(gemeentecode=gemeentecode, besloten_door=besloten_door.strip(), vanaf=vanaf, tot=tot)
    _refuse_overlap(row, [each for each in known if each.gemeentecode == gemeentecode])
    session.add(row)
    session.flush()
    audit.record(session, "deelnemer_toegevoegd", gemeentecode, now, gemeentecode=gemeentecode)
    return row


def end_participant(session: Session, gemeentecode: str, tot: date, now: datetime) -> Participant:
    """The first day on which the municipality no longer takes part; NotFound when it does not."""
    mine = [each for each in participants(session) if each.gemeentecode == gemeentecode]
    row = _ended(mine, tot, f"Gemeente {gemeentecode} doet niet mee, of er is al een einde vastgelegd.")
    session.add(row)
    audit.record(session, "deelnemer_beeindigd", gemeentecode, now, gemeentecode=gemeentecode)
    return row


def values(session: Session) -> Sequence[DatedSetting]:
    """Every value that was set, by name, municipality (the national ones first) and day."""
    order = (
        col(DatedSetting.naam),
        col(DatedSetting.gemeentecode).is_not(None),
        col(DatedSetting.gemeentecode),
        col(DatedSetting.vanaf),
    )
    return session.exec(select(DatedSetting).order_by(*order)).all()


def set_value(
    session: Session, naam: str, waarde: str, gemeentecode: str | None, besloten_door: str, vanaf: date, now: datetime
) -> DatedSetting:
    """A value from a day on, of one municipality or of all: `dated_settings.set_setting`, with an entry in the log."""
    reasons = _wrong_texts(besloten_door=besloten_door)
    if gemeentecode is not None and not Municipalities.load(session).exists(gemeentecode):
        uitleg = f"De gemeentecode {gemeentecode} bestaat niet."
        reasons.append(Reason("gemeentecode_onbekend", uitleg, "gemeentecode"))
    if reasons:
        raise Invalid(reasons)
    row = dated_settings.set_setting(session, naam, gemeentecode, waarde, vanaf, besloten_door)
    audit.record(session, "instelling_vastgelegd", naam, now, gemeentecode=gemeentecode)
    return row


def state(row: LegalBasis | Participant | DatedSetting, today: date) -> str:
    """Whether a row with validity dates holds today: geldt, later or voorbij."""
    if row.vanaf > today:
        return "later"
    return "geldt" if row.tot is None or row.tot > today else "voorbij"


def _wrong_period(vanaf: date, tot: date | None) -> list[Reason]:
    if tot is None or tot > vanaf:
        return []
    uitleg = f"Het einde ({dutch_date(tot)}) moet na het begin liggen ({dutch_date(vanaf)})."
    return [Reason("einde_voor_begin", uitleg, "tot")]


def _wrong_texts(**texts: str) -> list[Reason]:
    reasons = []
    for name, text in texts.items():
        asked, longest = _TEXTS[name]
        if not text.strip():
            reasons.append(Reason("verplicht_leeg", f"Vul in {asked}.", name))
        elif len(text) > longest:
            reasons.append(Reason("te_lang", f"Gebruik ten hoogste {longest} tekens voor {asked}.", name))
    return reasons


def _refuse_overlap(row: Period, known: Sequence[Period]) -> None:
    for each in known:
        if (each.tot is None or each.tot > row.vanaf) and (row.tot is None or row.tot > each.vanaf):
            until = f" tot {dutch_date(each.tot)}" if each.tot else ""
            uitleg = (
                f"Er is al een vastlegging die geldt vanaf {dutch_date(each.vanaf)}{until}. Beëindig die eerst, of "
                "kies andere dagen."
            )
            raise Refused(Reason("geldt_al", uitleg, "vanaf"))


def _ended(rows: Sequence[Period], tot: date, none: str) -> Period:
    row = next((each for each in reversed(rows) if each.tot is None), None)
    if row is None:
        raise NotFound(Reason("niets_te_beeindigen", none))
    if reasons := _wrong_period(row.vanaf, tot):
        raise Invalid(reasons)
    row.tot = tot
    return row
