"""What users hear by mail of what is due: case numbers, terms and days, never anything about a person."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlmodel import Session, col

from service.identity import accounts
from service.models import Mail, User
from service.retention.due import count_cases
from service.settings import Settings
from signals.base import table
from signals.bulk import insert_if_new
from signals.dates import dutch_date
from workflow.clock import LONG_HOLD_WEEKS, SOON_WORKING_DAYS
from workflow.deadlines import TERMS, Term
from workflow.holidays import add_working_days, day_off
from workflow.models import CallbackRequest, Case
from workflow.phases import OPEN, Role
from workflow.running_terms import running_terms

DAILY, WEEKLY = "dagbericht", "weekbericht"
MOST_LINES = 20
"""Under one heading; whoever has more to do sees the rest on the page."""
_LETTER_TERMS = [term.value for term, rule in TERMS.items() if rule.letter]
_WHY = "In dit bericht staan geen persoonsgegevens. U krijgt het omdat u aan deze zaken werkt."

Due = tuple[str, str, date]
"""Case number, term and its last day."""


@dataclass(frozen=True)
class Heading:
    """What is due under one heading."""

    title: str
    due: Sequence[Due]


def make(session: Session, settings: Settings, now: datetime) -> int:
    """The messages of this day that are not there yet, for who has an e-mail address and something to do; how many.

    The day's for handlers on each working day; the week's for teamleiders on the first of the week.
    """
    today = now.date()
    if day_off(today) is not None:
        return 0
    made = 0
    due = _due_by_handler(session, today)
    for user, roles in accounts.users(session):
        if user.uitgeschakeld_op is not None or not user.emailadres:
            continue
        held = {role.rol for role in roles}
        if Role.BEHANDELAAR in held and (headings := _headings(due.get(user.naam, []), today)):
            made += _store(session, user, DAILY, now, *_daily(user, headings, settings, today))
        if Role.TEAMLEIDER in held and _opens_the_week(today):
            scope = accounts.actor_of(session, user, today).rollen[Role.TEAMLEIDER]
            counts = _counts(session, sorted(scope or ()), today)
            made += _store(session, user, WEEKLY, now, *_weekly(user, counts, settings, today))
    return made


def _store(session: Session, user: User, kind: str, now: datetime, subject: str, text: str) -> int:
    """One for each user and day, however often the clock looks."""
    row: Mapping[str, Any] = {
        "soort": kind,
        "ontvanger": user.naam,
        "dag": now.date(),
        "adres": user.emailadres,
        "onderwerp": subject,
        "tekst": text,
        "staat": "wacht",
        "gemaakt_op": now,
        "niet_voor": now,
        "pogingen": 0,
        "fout": "",
    }
    new = insert_if_new(session, table(Mail)).values(**row)
    return session.exec(new.execution_options(preserve_rowcount=True)).rowcount


def _due_by_handler(session: Session, today: date) -> dict[str, list[Due]]:
    """What each handler's cases have that ends within five working days or has passed, the first to end on top.

    A term that runs for the person asks nothing before it has passed.
    """
    terms = running_terms()
    soon = add_working_days(today, SOON_WORKING_DAYS)
    rows = (
        select(col(Case.behandelaar), col(Case.zaaknummer), terms.c.term, terms.c.einde)
        .join(terms, terms.c.zaak_id == col(Case.id))
        .where(col(Case.behandelaar).is_not(None), terms.c.einde <= soon)
        .where(or_(terms.c.term.not_in(_LETTER_TERMS), terms.c.einde < today))
        .order_by(terms.c.einde, col(Case.zaaknummer), terms.c.term)
    )
    found: dict[str, list[Due]] = {}
    for handler, number, term, last in session.exec(rows):  # type: ignore[call-overload]
        found.setdefault(handler, []).append((number, term, last))
    return found


def _headings(due: Sequence[Due], today: date) -> list[Heading]:
    tomorrow = add_working_days(today, 1)
    calls = [one for one in due if one[1] == Term.TERUGBELVERZOEK]
    rest = [one for one in due if one[1] != Term.TERUGBELVERZOEK]
    parts = (
        Heading("Voorbij: de volgende stap kan", [one for one in rest if one[2] < today and one[1] in _LETTER_TERMS]),
        Heading("Verstreken", [one for one in rest if one[2] < today and one[1] not in _LETTER_TERMS]),
        Heading("Vandaag of morgen", [one for one in rest if today <= one[2] <= tomorrow]),
        Heading("Binnen vijf werkdagen", [one for one in rest if one[2] > tomorrow]),
        Heading("Terugbellen", calls),
    )
    return [part for part in parts if part.due]


def _daily(user: User, headings: Sequence[Heading], settings: Settings, today: date) -> tuple[str, str]:
    total = sum(len(part.due) for part in headings)
    lines = [f"Goedemorgen {user.weergavenaam},", ""]
    for part in headings:
        lines += [f"{part.title} ({len(part.due)})", *_lines(part.due, settings), ""]
    lines += [f"Uw werklijst: {settings.base_url}/zaken?lijst=mijn", "", _WHY]
    return f"Langdurig RNI: {total} {'termijn' if total == 1 else 'termijnen'} op {dutch_date(today)}", "\n".join(lines)


def _lines(due: Sequence[Due], settings: Settings) -> Iterator[str]:
    for number, term, last in due[:MOST_LINES]:
        yield f"- {number}: {TERMS[Term(term)].label}, {dutch_date(last)}"
        yield f"  {settings.base_url}/zaken/{number}"
    if len(due) > MOST_LINES:
        yield f"- en nog {len(due) - MOST_LINES}: zie uw werklijst"


def _opens_the_week(today: date) -> bool:
    """Whether no day of this week before today was a working day."""
    return all(day_off(today - timedelta(days=back)) is not None for back in range(1, today.weekday() + 1))


MOST_PAST = 10_000
"""No more are counted: a teamleider who has so many waiting needs no exact number."""


def _counts(session: Session, codes: Sequence[str], today: date) -> Mapping[str, int]:
    """What a teamleider wants to know of his municipality on Monday morning."""
    terms = running_terms()
    here = col(Case.gemeentecode).in_(codes)
    own = terms.c.term.not_in([*_LETTER_TERMS, Term.TERUGBELVERZOEK])

    def cases(*conditions: Any) -> int:
        return int(session.exec(select(func.count()).select_from(Case).where(here, *conditions)).scalar_one())  # type: ignore[call-overload]

    def ends(*conditions: Any) -> int:
        of_case = select(func.count(func.distinct(terms.c.zaak_id))).where(terms.c.gemeentecode.in_(codes), *conditions)
        return int(session.exec(of_case).scalar_one())  # type: ignore[call-overload]

    calls = (
        select(func.count())
        .select_from(CallbackRequest)
        .where(col(CallbackRequest.gemeentecode).in_(codes), col(CallbackRequest.teruggebeld_op).is_(None))
    )
    held_since = today - timedelta(weeks=LONG_HOLD_WEEKS)
    return {
        "lopende zaken": cases(col(Case.fase).in_(OPEN)),
        "zonder behandelaar": cases(col(Case.fase).in_(OPEN), col(Case.behandelaar).is_(None)),
        "met een verstreken termijn": ends(own, terms.c.einde < today),
        "met een termijn die deze of volgende week eindigt": ends(
            own, terms.c.einde >= today, terms.c.einde <= today + timedelta(days=13 - today.weekday())
        ),
        f"langer dan {LONG_HOLD_WEEKS} weken aangehouden": cases(col(Case.aangehouden_sinds) < held_since),
        "dossiers waarvan de bewaartermijn voorbij is": count_cases(session, codes, today, MOST_PAST),
        "open terugbelverzoeken": int(session.exec(calls).scalar_one()),  # type: ignore[call-overload]
    }


def _weekly(user: User, counts: Mapping[str, int], settings: Settings, today: date) -> tuple[str, str]:
    lines = [f"Goedemorgen {user.weergavenaam},", "", "Zo staat uw team er deze week voor:", ""]
    lines += [f"- {name}: {count}" for name, count in counts.items()]
    lines += ["", f"Zonder behandelaar: {settings.base_url}/zaken?lijst=vrij"]
    lines += [f"Alle zaken, wat het eerst aan de beurt is bovenaan: {settings.base_url}/zaken?lijst=alle", "", _WHY]
    return f"Langdurig RNI: de week van {dutch_date(today)}", "\n".join(lines)
