"""What a municipality may choose itself, and from which day: its own terms, its visit policy, how long it keeps what.

A value holds from a day on and ends the day before the next one starts; what was in force on a day stays answerable.
A municipality without a value of its own follows the national row, and without that the default written here. After a
merger the values of before hold on for two years in the area for which they were decided, unless the successor decides
its own from that day on (Wet algemene regels herindeling 28-30).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType

from sqlalchemy import ColumnElement, UniqueConstraint, or_
from sqlmodel import Field, Session, SQLModel, col, select

from signals.dates import add_months
from signals.errors import Invalid, Reason
from signals.municipalities import lineage
from workflow.deadlines import LONGEST_DAYS, TERMS, Term

_VISITS = "bezoek_aantal"
_VISITS_OUT_OF_HOURS = "bezoek_buiten_kantooruren"
_MOST_VISITS = 10
_MONTHS_AFTER_A_MERGER = 24


class DatedSetting(SQLModel, table=True):
    """A setting with validity dates, of one municipality or (no code) of the installation."""

    __tablename__ = "instelling"
    __table_args__ = (UniqueConstraint("naam", "gemeentecode", "vanaf"),)

    id: int | None = Field(default=None, primary_key=True)
    naam: str = Field(max_length=60)
    gemeentecode: str | None = Field(default=None, max_length=4)
    waarde: str = Field(max_length=200)
    vanaf: date
    tot: date | None = Field(default=None, description="exclusive")
    besloten_door: str = Field(max_length=200)


@dataclass(frozen=True)
class Setting:
    """One setting: what it is, its national default, and between which whole numbers it may lie.

    landelijk: it is about what belongs to no municipality, so none has a value of its own.
    """

    omschrijving: str
    default: int
    lowest: int
    highest: int
    landelijk: bool = False


SETTINGS: Mapping[str, Setting] = MappingProxyType(
    {
        row.setting: Setting(f"Lengte in dagen van de termijn '{row.label}'", row.length, 1, LONGEST_DAYS)
        for row in TERMS.values()
        if row.setting is not None
    }
    | {
        _VISITS: Setting("Aantal huisbezoeken op verschillende dagen", 2, 1, _MOST_VISITS),
        _VISITS_OUT_OF_HOURS: Setting("Aantal daarvan na 17.00 uur of in een weekend", 1, 0, _MOST_VISITS),
        # Never shorter than what the law or the national rules say (workflow.retention names them).
        "bewaartermijn_dossier_jaren": Setting("Jaren dat een dossier blijft na de laatste sluiting", 10, 10, 110),
        "bewaartermijn_signaalgegevens_maanden": Setting(
            "Maanden dat uitkering en werkgever uit het signaal blijven na de sluiting", 12, 1, 120
        ),
        "bewaartermijn_bestanden_maanden": Setting(
            "Maanden dat aangeleverde en teruggekoppelde bestanden blijven na bevestiging van ontvangst",
            3,
            1,
            120,
            landelijk=True,
        ),
        "bewaartermijn_logboek_jaren": Setting("Jaren dat regels in het logboek blijven", 20, 20, 110, landelijk=True),
    }
)


def setting(session: Session, name: str, gemeentecode: str | None, on: date) -> int:
    """The value in force on a day in a municipality; with no code the national one. Invalid for an unknown name."""
    row = in_force(session, name, gemeentecode, on)
    return _known(name).default if row is None else int(row.waarde)


def in_force(session: Session, name: str, gemeentecode: str | None, on: date) -> DatedSetting | None:
    """The row that gives that value, which says who decided it; None where the default holds."""
    _known(name)
    standing = (
        select(DatedSetting)
        .where(DatedSetting.naam == name, col(DatedSetting.vanaf) <= on)
        .where(or_(col(DatedSetting.tot).is_(None), col(DatedSetting.tot) > on))
    )
    scopes = _scopes(session, gemeentecode, on)
    among = or_(col(DatedSetting.gemeentecode).in_([code for code, _ in scopes if code]), _of(None))
    values = {row.gemeentecode: row for row in session.exec(standing.where(among))}
    chosen = (values[code] for code, since in scopes if code in values and values[code].vanaf >= since)
    return next(chosen, None)


def _scopes(session: Session, gemeentecode: str | None, on: date) -> list[tuple[str | None, date]]:
    """Whose values may hold, the first one first, and from which day they must have been decided."""
    scopes: list[tuple[str | None, date]] = [(None, date.min)]
    rows = lineage(session, gemeentecode, on) if gemeentecode else []
    if not rows:
        return [(gemeentecode, date.min), *scopes] if gemeentecode else scopes
    for former, row in zip([None, *rows], rows, strict=False):
        merged = former.einde if former else None
        if merged is None or on >= add_months(merged, _MONTHS_AFTER_A_MERGER):
            scopes = [(row.code, date.min), (None, date.min)]
        else:
            scopes.insert(0, (row.code, merged))
    return scopes


def term_length(session: Session, term: Term, gemeentecode: str, on: date) -> int | None:
    """The length for `deadlines.deadline` of a term that starts on a day; None where it is fixed."""
    name = TERMS[term].setting
    return None if name is None else setting(session, name, gemeentecode, on)


def set_setting(
    session: Session, name: str, gemeentecode: str | None, value: int | str, valid_from: date, decided_by: str
) -> DatedSetting:
    """Make a value hold from `valid_from` on, until a later value that already stands; the earlier one ends.

    A value that starts on the same day is replaced: it never held a full day. Terms that already run keep the length
    they were counted with. Invalid, with every reason at once, for unknown names and impossible values.
    """
    known = _known(name)
    reasons = [*_wrong_scope(gemeentecode, known), *_wrong_value(name, known, value)]
    if not decided_by.strip():
        reasons.append(Reason("besluit_ontbreekt", "Vul in wie dit heeft besloten.", "besloten_door"))
    if reasons:
        raise Invalid(reasons)
    _refuse_more_late_visits_than_visits(session, name, gemeentecode, int(value), valid_from)

    periods = session.exec(
        select(DatedSetting)
        .where(DatedSetting.naam == name, _of(gemeentecode))
        .order_by(col(DatedSetting.vanaf))
        .with_for_update()
    ).all()
    row = next((period for period in periods if period.vanaf == valid_from), None)
    if row is None:
        row = DatedSetting(
            naam=name, gemeentecode=gemeentecode, waarde="", vanaf=valid_from, besloten_door=decided_by.strip()
        )
        row.tot = min((period.vanaf for period in periods if period.vanaf > valid_from), default=None)
        for period in periods:
            if period.vanaf < valid_from and (period.tot is None or period.tot > valid_from):
                period.tot = valid_from
                session.add(period)
    row.waarde = str(int(value))
    row.besloten_door = decided_by.strip()
    session.add(row)
    session.flush()
    return row


def _known(name: str) -> Setting:
    if name in SETTINGS:
        return SETTINGS[name]
    subject = name.removeprefix("termijn_")
    # Longest first: beslissing_op_bezwaar is also the beginning of its variant with a committee.
    for term in sorted(Term, key=len, reverse=True):
        if TERMS[term].setting is None and subject.startswith(term):
            raise Invalid(
                Reason("termijn_staat_vast", f"De termijn {term} staat vast en is niet in te stellen.", "naam")
            )
    raise Invalid(
        Reason(
            "instelling_onbekend", f"De instelling '{name}' bestaat niet. Kies een van: {', '.join(SETTINGS)}.", "naam"
        )
    )


def _wrong_scope(gemeentecode: str | None, known: Setting) -> list[Reason]:
    if gemeentecode is not None and known.landelijk:
        uitleg = "Deze instelling geldt voor het hele project. Laat de gemeente leeg."
        return [Reason("instelling_alleen_landelijk", uitleg, "gemeentecode")]
    if gemeentecode is None or re.fullmatch(r"[0-9]{4}", gemeentecode):
        return []
    return [Reason("gemeentecode_ongeldig", f"'{gemeentecode}' is geen gemeentecode: vier cijfers.", "gemeentecode")]


def _wrong_value(name: str, known: Setting, value: int | str) -> list[Reason]:
    whole = re.fullmatch(r"[0-9]{1,6}", str(value).strip())
    if whole and known.lowest <= int(value) <= known.highest:
        return []
    return [
        Reason(
            "waarde_ongeldig",
            f"De waarde van {name} is een heel getal van {known.lowest} tot en met {known.highest}, niet '{value}'.",
            "waarde",
        )
    ]


def _refuse_more_late_visits_than_visits(
    session: Session, name: str, gemeentecode: str | None, value: int, on: date
) -> None:
    """The visits out of office hours are some of the visits: a policy that asks for more can never be met."""
    if name not in (_VISITS, _VISITS_OUT_OF_HOURS):
        return
    visits = value if name == _VISITS else setting(session, _VISITS, gemeentecode, on)
    late = value if name == _VISITS_OUT_OF_HOURS else setting(session, _VISITS_OUT_OF_HOURS, gemeentecode, on)
    if late > visits:
        raise Invalid(
            Reason(
                "bezoekbeleid_onmogelijk",
                f"{late} bezoeken buiten kantooruren kan niet bij {visits} bezoeken in totaal.",
                "waarde",
            )
        )


def _of(gemeentecode: str | None) -> ColumnElement[bool]:
    column = col(DatedSetting.gemeentecode)
    return column.is_(None) if gemeentecode is None else column == gemeentecode
