"""What the beheerder laid down: settings that hold one at a time, municipalities that are known, roles that can be."""

from collections.abc import Iterable
from datetime import date
from itertools import groupby, pairwise
from typing import Any

from sqlalchemy import Select, func, select, union

from exports.models import LegalBasis
from service.models import UserRole
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.models import Municipality, Participant, Signal
from workflow.dated_settings import SETTINGS, DatedSetting
from workflow.models import Case
from workflow.phases import MUNICIPAL_ROLES

_setting, _basis, _participant = table(DatedSetting), table(LegalBasis), table(Participant)
_municipality, _role = table(Municipality), table(UserRole)


@check("geldigheid van instellingen")
def one_value_holds_at_a_time(look: Look) -> Findings:
    """Own terms and visit policy, legal bases and participants: none overlaps, none ends before it begins."""
    dated: dict[str, Select[Any]] = {
        "instelling": select(_setting.c.naam, _setting.c.gemeentecode, _setting.c.vanaf, _setting.c.tot),
        "grondslag": select(_basis.c.grondslag, _basis.c.id.is_(None), _basis.c.vanaf, _basis.c.tot),
        "deelnemer": select(
            _participant.c.gemeentecode, _participant.c.id.is_(None), _participant.c.vanaf, _participant.c.tot
        ),
    }
    for what, asked in dated.items():
        rows = sorted((tuple(row) for row in look.rows(asked)), key=lambda row: (str(row[0]), str(row[1]), row[2]))
        for (name, code), of in groupby(rows, key=lambda row: (row[0], row[1])):
            if _overlap([(begin, end) for _, _, begin, end in of]):
                shown = f"{what} {name}" + (f" ({code})" if isinstance(code, str) else "")
                yield Finding("geldigheid_overlapt", shown)


def _overlap(periods: Iterable[tuple[date, date | None]]) -> bool:
    """Whether one of these periods, by their first day, ends before it begins or after the next one begins."""
    known = list(periods)
    backwards = any(end is not None and end < begin for begin, end in known)
    return backwards or any(end is None or end > begin for (_, end), (begin, _) in pairwise(known))


@check("waarden van instellingen")
def values_are_possible(look: Look) -> Findings:
    """Each setting is one that exists, with a number that it may have."""
    for name, value in look.rows(select(_setting.c.naam, _setting.c.waarde).order_by(_setting.c.id)):
        known = SETTINGS.get(name)
        if known is None or not value.isdecimal() or not known.lowest <= int(value) <= known.highest:
            yield Finding("instelling_ongeldig", f"instelling {name}")


@check("landelijke tabel 33")
def municipalities_are_known(look: Look) -> Findings:
    """The table is there and whole, and has every municipality that something here is of."""
    codes = {code for (code,) in look.rows(select(_municipality.c.code))}
    if not codes:
        yield Finding("gemeentetabel_wijkt_af", "tabel 33", "Zij is leeg.")
        return
    heirs = select(_municipality.c.code, _municipality.c.opvolger).where(_municipality.c.opvolger.is_not(None))
    for code, heir in look.rows(heirs):
        if heir not in codes:
            yield Finding("gemeentetabel_wijkt_af", code, f"De opvolger {heir} ontbreekt.")
    owners = (table(Case), table(Signal), _role, _participant, _setting)
    used = union(*(select(owner.c.gemeentecode).where(owner.c.gemeentecode.is_not(None)) for owner in owners))
    for (code,) in look.rows(used):
        if code not in codes:
            yield Finding("gemeentetabel_wijkt_af", code, "De tabel kent deze gemeente niet.")


@check("rollen van gebruikers")
def roles_are_possible(look: Look) -> Findings:
    """A role of a municipality names it, one of the project does not; nobody has one twice."""
    per_role = (_role.c.gebruiker_id, _role.c.rol, _role.c.gemeentecode)
    asked = select(*per_role, func.count()).group_by(*per_role).order_by(_role.c.gebruiker_id)
    for user, rol, code, count in look.rows(asked):
        if why := _why_not(rol in MUNICIPAL_ROLES, code, count):
            yield Finding("rol_ongeldig", f"gebruiker {user}", f"{rol.value}: {why}.")


def _why_not(municipal: bool, code: str | None, count: int) -> str:
    if municipal and code is None:
        return "zonder gemeente"
    if not municipal and code is not None:
        return "met een gemeente te veel"
    return "staat er dubbel" if count > 1 else ""
