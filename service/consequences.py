"""What a decision of the beheerder would change, told before it is recorded: in sentences with counts, nothing of a
person.

Counted over all municipalities, so in a session that sees every row. What is already counted with keeps its length:
terms hold the day on which they end.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlmodel import Session, col

from exports.stands import comparison
from signals.dates import dutch_date
from signals.municipalities import Municipalities, same_municipality
from workflow.dated_settings import DatedSetting, setting
from workflow.deadlines import TERMS
from workflow.models import Case, CaseTerm
from workflow.phases import OPEN

_TERMS = {rule.setting: term for term, rule in TERMS.items() if rule.setting is not None}


@dataclass(frozen=True)
class InForce:
    """A setting on a day: nationally or in the one municipality it is asked for, and where cases are open."""

    value: int
    by_code: Mapping[str, int]


def in_force(session: Session, naam: str, gemeentecode: str | None, on: date) -> InForce:
    """What holds on a day; taken before a value is set and after, the difference is what it does."""
    return InForce(
        setting(session, naam, gemeentecode, on),
        {code: setting(session, naam, code, on) for code in _open_cases(session)},
    )


def of_value(
    session: Session, naam: str, gemeentecode: str | None, vanaf: date, before: InForce, after: InForce, today: date
) -> list[str]:
    """What a value of a setting does. before, after: of the day on which it begins."""
    told = [_from_to(before, after, vanaf)]
    if until := _next(session, naam, gemeentecode, vanaf):
        told.append(f"De waarde geldt tot {dutch_date(until)}: dan begint een waarde die al is vastgelegd.")
    changed = {code for code, value in after.by_code.items() if before.by_code[code] != value}
    opened = _open_cases(session)
    cases = sum(opened[code] for code in changed)
    if naam in _TERMS:
        running = sum(count for code, count in _running(session, _TERMS[naam]).items() if code in changed)
        kept = f"{_number(running, 'lopende termijn houdt', 'lopende termijnen houden')} de oude lengte."
        rest = (
            f"{_number(cases - running, 'zaak krijgt', 'zaken krijgen')} de nieuwe lengte als de termijn daar begint."
        )
        told += [kept, rest]
        if vanaf < today:
            told.append(f"Wat sinds {dutch_date(vanaf)} begon, is al met de oude lengte geteld. Dat blijft zo.")
    else:
        told.append(
            f"In {_number(cases, 'lopende zaak telt', 'lopende zaken telt')} vanaf die dag het nieuwe aantal, ook voor "
            "bezoeken die al zijn gedaan."
        )
    if gemeentecode is None:
        own = len(after.by_code) - len(changed)
        if own and before.value != after.value:
            told.append(f"{_number(own, 'gemeente heeft', 'gemeenten hebben')} een eigen waarde en houdt die.")
    return told


def _from_to(before: InForce, after: InForce, vanaf: date) -> str:
    if before.value == after.value:
        return f"Er verandert niets: op {dutch_date(vanaf)} is de waarde al {before.value}."
    return f"De waarde gaat van {before.value} naar {after.value}, vanaf {dutch_date(vanaf)}."


def _next(session: Session, naam: str, gemeentecode: str | None, vanaf: date) -> date | None:
    """The first day of the value of the same municipality, or of all, that begins later."""
    later = select(func.min(DatedSetting.vanaf)).where(
        col(DatedSetting.naam) == naam, col(DatedSetting.vanaf) > vanaf, col(DatedSetting.gemeentecode) == gemeentecode
    )
    return session.scalar(later)


def of_basis(session: Session, grondslag: str, vanaf: date, tot: date | None) -> list[str]:
    """What a legal basis allows."""
    rows = comparison()
    due = session.scalar(select(func.count()).where(rows.c.due, rows.c.grondslag == grondslag)) or 0
    return [
        f"Resultaten over deze signalen mogen naar UWV {_period(vanaf, tot)}.",
        f"Er {_number(due, 'wacht nu 1 regel', 'wachten nu {} regels')} op de volgende terugkoppeling.",
        "Terugkoppelingen die al zijn gemaakt, veranderen niet.",
    ]


def of_participant(session: Session, gemeentecode: str, vanaf: date, tot: date | None, *, first: bool) -> list[str]:
    """What it does that a municipality takes part; `first`: nobody was recorded, so that all of them took part."""
    opened, here = _open_cases(session), same_municipality(session, {gemeentecode}, vanaf)
    name = Municipalities.load(session).name(gemeentecode)
    inside = sum(count for code, count in opened.items() if code in here)
    told = [f"{name} doet mee {_period(vanaf, tot)}. Daar {_number(inside, 'loopt nu 1 zaak', 'lopen nu {} zaken')}."]
    if first:
        outside = {code: count for code, count in opened.items() if code not in here}
        told += [
            "Dit is de eerste deelnemer. Alle andere gemeenten doen dan niet meer mee: hun rijen worden afgekeurd.",
            f"Bij die andere gemeenten {_number(sum(outside.values()), 'loopt nu 1 zaak', 'lopen nu {} zaken')}. Die "
            "blijven bestaan. Voeg daarna ook de gemeenten toe die mee blijven doen.",
        ]
    return told


def _period(vanaf: date, tot: date | None) -> str:
    return f"vanaf {dutch_date(vanaf)}" + (f" tot {dutch_date(tot)}" if tot else "")


def _number(count: int, one: str, more: str) -> str:
    """`1 zaak krijgt`, `3 zaken krijgen`, `geen ...`; with `{}` in the words, the count stands there."""
    words = one if count == 1 else more
    if "1 " in one:
        return words.format(count)
    return f"{count} {words}"


def _open_cases(session: Session) -> dict[str, int]:
    counted = select(col(Case.gemeentecode), func.count()).where(col(Case.fase).in_(OPEN)).group_by(Case.gemeentecode)
    found: dict[str, int] = dict(session.execute(counted).all())
    return found


def _running(session: Session, term: str) -> dict[str, int]:
    """Open cases in which a term runs, by municipality."""
    counted = (
        select(col(Case.gemeentecode), func.count(func.distinct(col(Case.id))))
        .join(CaseTerm, col(CaseTerm.zaak_id) == col(Case.id))
        .where(col(CaseTerm.term) == term, col(CaseTerm.beeindigd_op).is_(None), col(Case.fase).in_(OPEN))
        .group_by(Case.gemeentecode)
    )
    found: dict[str, int] = dict(session.execute(counted).all())
    return found
