"""How long what is kept: the rules in one place, each with its source, and which cases are past their term.

Lengths are dated settings (`workflow.dated_settings`), so what held on a day stays answerable. A rule says when its
term begins; the day on which it ends is the first on which a thing may go.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select

from signals.dates import add_months, dutch_date
from signals.models import Signal
from workflow import dated_settings
from workflow.models import Address, Bezwaar, Case, CaseSignal, Source
from workflow.phases import Phase
from workflow.retention_models import LegalHold, Soort

CITED = ("uwv", "werkgever")
"""Kinds of source by which the facts of the signal are evidence in the dossier."""
MOST = 2_000
"""Lines of one list: more nobody can look through before approving; the rest is for the next one."""
_LONGEST_MONTH = 31


@dataclass(frozen=True)
class Rule:
    """How long one kind of thing is kept. vanaf: where the term begins. per_gemeente: each has lists of its own."""

    soort: Soort
    wat: str
    instelling: str
    eenheid: str
    vanaf: str
    bron: str
    per_gemeente: bool

    def months(self, length: int) -> int:
        """A length of this rule in months."""
        return length * (12 if self.eenheid == "jaar" else 1)

    def in_words(self, length: int) -> str:
        """`10 jaar` or `3 maanden`."""
        return f"{length} {'jaar' if self.eenheid == 'jaar' else 'maand' if length == 1 else 'maanden'}"


RULES: Mapping[Soort, Rule] = MappingProxyType(
    {
        rule.soort: rule
        for rule in (
            Rule(
                Soort.DOSSIERS,
                "Dossiers van afgesloten zaken, met de signalen die nergens anders bij horen",
                "bewaartermijn_dossier_jaren",
                "jaar",
                "de laatste sluiting van de zaak",
                "Circulaire Adresonderzoek BRP 3.2; Regeling BRP bijlage 6",
                True,
            ),
            Rule(
                Soort.SIGNAALGEGEVENS,
                "Gegevens over uitkering en werkgever uit het signaal, als het dossier er niet op steunt",
                "bewaartermijn_signaalgegevens_maanden",
                "maand",
                "de laatste sluiting van de zaak",
                "AVG artikel 5 lid 1 onder c en e; Wet BRP 2.37d",
                True,
            ),
            Rule(
                Soort.BESTANDEN,
                "Aangeleverde bestanden met hun afgekeurde rijen, en bestanden van terugkoppelingen",
                "bewaartermijn_bestanden_maanden",
                "maand",
                "de bevestiging van ontvangst",
                "AVG artikel 5 lid 1 onder e; afspraak met UWV",
                False,
            ),
            Rule(
                Soort.LOGBOEK,
                "Regels in het logboek: wie wat zag, wijzigde en verstrekte, met hun zegels",
                "bewaartermijn_logboek_jaren",
                "jaar",
                "de dag van de regel",
                "Wet BRP 3.11; AVG artikel 5 lid 2",
                False,
            ),
        )
    }
)


class Term(NamedTuple):
    """A rule with the length that holds on a day. besluit: who decided it; empty for the default."""

    rule: Rule
    lengte: int
    besluit: str

    def ends(self, since: date) -> date:
        """The first day on which what began then may go."""
        return add_months(since, self.rule.months(self.lengte))

    def latest(self, today: date) -> date:
        """The last day on which a term can have begun that is over by today."""
        months = self.rule.months(self.lengte)
        day = add_months(today, -months) + timedelta(days=_LONGEST_MONTH)
        while add_months(day, months) > today:
            day -= timedelta(days=1)
        return day

    @property
    def in_words(self) -> str:
        """As people read it."""
        return self.rule.in_words(self.lengte)


def term(session: Session, soort: Soort, gemeentecode: str, today: date) -> Term:
    """The rule of a kind with the length that holds today. gemeentecode: empty for the project."""
    rule = RULES[soort]
    row = dated_settings.in_force(session, rule.instelling, gemeentecode or None, today)
    if row is None:
        return Term(rule, dated_settings.SETTINGS[rule.instelling].default, "")
    return Term(rule, int(row.waarde), f"{row.besloten_door}, vanaf {dutch_date(row.vanaf)}")


def closed_on() -> ColumnElement[date]:
    """The day of the last closing of a case that is closed; one that came back from bezwaar closed again that day."""
    return func.coalesce(col(Case.fase_sinds), col(Case.afgesloten_op))


def closing_day(case: Case) -> date | None:
    """The same of one case; None when it is not closed."""
    return (case.fase_sinds or case.afgesloten_op) if case.fase == Phase.AFGESLOTEN else None


def held() -> ColumnElement[bool]:
    """Whether a bewaarplicht stands on the case of the statement."""
    return exists().where(col(LegalHold.zaak_id) == col(Case.id), col(LegalHold.opgeheven_op).is_(None))


def in_bezwaar() -> ColumnElement[bool]:
    """Whether a bezwaar in the case of the statement was not decided; its phase says so too."""
    return exists().where(col(Bezwaar.zaak_id) == col(Case.id), col(Bezwaar.uitkomst).is_(None))


def cited() -> ColumnElement[bool]:
    """Whether the dossier rests on what the signal says of benefit or employer."""
    return exists().where(col(Source.zaak_id) == col(Case.id), col(Source.soort).in_(CITED))


def due(session: Session, when: Term, gemeentecode: str, today: date) -> Select[Any]:
    """The cases of a municipality of which this term is over and nothing stands in the way; the longest closed first.

    Of DOSSIERS or SIGNAALGEGEVENS.
    """
    chosen = (
        select(Case)
        .where(col(Case.gemeentecode) == gemeentecode, col(Case.fase) == Phase.AFGESLOTEN)
        .where(closed_on() <= when.latest(today), ~held(), ~in_bezwaar())
    )
    if when.rule.soort is Soort.SIGNAALGEGEVENS:
        chosen = chosen.where(~cited(), with_facts())
    return chosen.order_by(closed_on(), col(Case.id))


def with_facts() -> ColumnElement[bool]:
    """Whether a signal on which the case works still holds facts about benefit or work that may go.

    A closed case has its links as rows. A signal may also be in the dossier of the municipality that handed it over.
    """
    return exists().where(
        col(CaseSignal.zaak_id) == col(Case.id),
        col(CaseSignal.actueel),
        col(CaseSignal.signal_id) == col(Signal.id),
        col(Signal.feiten_vernietigd_op).is_(None),
        ~needed_elsewhere(col(Case.id)),
    )


def needed_elsewhere(besides: Any) -> ColumnElement[bool]:
    """Whether another case that has the signal of the statement is held, or names UWV or the employer as a source."""
    other = aliased(CaseSignal)
    on_hold = exists().where(col(LegalHold.zaak_id) == col(other.zaak_id), col(LegalHold.opgeheven_op).is_(None))
    rests_on_it = exists().where(col(Source.zaak_id) == col(other.zaak_id), col(Source.soort).in_(CITED))
    return exists().where(
        col(other.signal_id) == col(Signal.id), col(other.zaak_id) != besides, or_(on_hold, rests_on_it)
    )


def obstacles(session: Session, case: Case, when: Term, today: date) -> Sequence[str]:
    """Why a case does not go by this rule now, in sentences without personal data; none when it may."""
    found = []
    since = closing_day(case)
    if since is None:
        found.append(f"De zaak is niet afgesloten: zij staat in de fase {case.fase.value}.")
    elif when.ends(since) > today:
        found.append(
            f"De zaak is opnieuw gesloten op {dutch_date(since)}; zij blijft tot {dutch_date(when.ends(since))}."
        )
    holds = session.exec(
        select(LegalHold).where(LegalHold.zaak_id == case.id, col(LegalHold.opgeheven_op).is_(None))
    ).all()
    found += [f"Er is een bewaarplicht sinds {dutch_date(hold.vastgelegd_op)}." for hold in holds]
    asked: Select[Any] = select(Case.id).where(col(Case.id) == case.id)
    if session.exec(asked.where(in_bezwaar())).first() is not None:  # type: ignore[call-overload]
        found.append("Er loopt een bezwaar.")
    if when.rule.soort is Soort.SIGNAALGEGEVENS and session.exec(asked.where(cited())).first() is not None:  # type: ignore[call-overload]
        found.append("Het dossier noemt UWV of de werkgever als bron.")
    return found


def addresses_of(session: Session, case: Case) -> set[str]:
    """The keys of every presumed address of a case."""
    others = session.exec(select(Address.adressleutel).where(Address.zaak_id == case.id))
    return {case.adressleutel, *others}


def there_then(gemeentecode: str, adressleutel: str, day: date) -> ColumnElement[bool]:
    """Whether a case had to do with an address on a day: what was planned there then belongs to its dossier too."""
    elsewhere = exists().where(col(Address.zaak_id) == col(Case.id), col(Address.adressleutel) == adressleutel)
    return and_(
        col(Case.gemeentecode) == gemeentecode,
        or_(col(Case.adressleutel) == adressleutel, elsewhere),
        col(Case.geopend_op) <= day,
        or_(col(Case.fase) != Phase.AFGESLOTEN, closed_on() >= day),
    )
