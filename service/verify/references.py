"""What points at something else: it is there, and of the same municipality."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from sqlalchemy import Column, Table, and_, exists, func, select
from sqlmodel import SQLModel

from exports.models import FeedbackDelivery
from service.connector_models import SubscriptionMessage
from service.models import Upload, Work, WorkKind
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from signals.models import Delivery, Load, LoadStatus, OpbrengstLoad, Signal
from workflow.course import Stay
from workflow.models import Case, CaseEvent, CaseSignal, Letter, LetterFile
from workflow.retention_models import DestructionList, FileToErase
from workflow.sessie_models import Sessie, SessieLevering

_case, _load, _letter, _work = table(Case), table(Load), table(Letter), table(Work)


def _without_a_key() -> Iterator[tuple[Column[Any], Column[Any]]]:
    """What points without a foreign key: a load fills these tables in bulk (README, Decisions)."""
    signal, delivery = table(Signal), table(Delivery)
    yield from ((table(kind).c.zaak_id, _case.c.id) for kind in (CaseEvent, CaseSignal, Stay))
    yield from ((_case.c[name], signal.c.id) for name in ("eerste_signaal_id", "adres_signaal_id"))
    yield from ((_case.c[name], _case.c.id) for name in ("ouder_id", "voorganger_id"))
    yield _case.c.lading_id, _load.c.id
    yield table(CaseSignal).c.signal_id, signal.c.id
    yield signal.c.load_id, _load.c.id
    yield signal.c.leveringsnummer, delivery.c.leveringsnummer
    yield table(SessieLevering).c.leveringsnummer, delivery.c.leveringsnummer
    yield table(SubscriptionMessage).c.lading_id, _load.c.id
    yield table(FileToErase).c.lijst_id, table(DestructionList).c.id
    yield table(Upload).c.ladingnummer, _load.c.ladingnummer
    yield from ((_work.c.ladingnummer, number) for number in _WORK_AT)


_WORK_AT: Mapping[Column[Any], Collection[WorkKind]] = {
    _load.c.ladingnummer: (WorkKind.CONTROLEREN, WorkKind.LADEN, WorkKind.ONGEDAAN_MAKEN),
    table(Sessie).c.nummer: (WorkKind.PAKKET,),
    table(DestructionList).c.nummer: (WorkKind.VERNIETIGEN,),
}
"""Of which kinds of work the number is of something that is there; other work is about what there is one of."""


def references() -> Iterator[tuple[Column[Any], Column[Any]]]:
    """Every column that points at another, with or without a foreign key."""
    for each in SQLModel.metadata.sorted_tables:
        for key in sorted(each.foreign_keys, key=lambda one: one.parent.name):
            yield key.parent, key.column
    yield from _without_a_key()


LABELS = {
    _case: _case.c.zaaknummer,
    _load: _load.c.ladingnummer,
    table(FeedbackDelivery): table(FeedbackDelivery).c.nummer,
    table(OpbrengstLoad): table(OpbrengstLoad).c.ladingnummer,
    table(DestructionList): table(DestructionList).c.nummer,
}
"""The number by which people know a row of these tables."""


def label(of: Table) -> Column[Any]:
    """What a row is called: its number, or its key."""
    return LABELS.get(of, next(iter(of.primary_key)))


def called(of: Table, key: Any) -> str:
    """`Z-2026-0000001`, or `taak 12`."""
    return str(key) if of in LABELS else f"{of.name} {key}"


@check("verwijzingen")
def what_is_pointed_at_is_there(look: Look) -> Findings:
    """On both databases by looking: a foreign key does not see what was done while it was off."""
    for column, target in references():
        of = column.table
        assert isinstance(target.table, Table)
        there = target.table.alias("doel")
        missing = ~exists().where(there.c[target.name] == column)
        if column is _work.c.ladingnummer:
            missing = and_(missing, _work.c.soort.in_(_WORK_AT[target]))
        for (key,) in look.rows(select(label(of)).where(column.is_not(None), missing)):
            yield Finding("verwijzing_los", called(of, key), f"Het gaat om {of.name}.{column.name}.")
    loaded = and_(_load.c.status == LoadStatus.GELADEN, _load.c.geleverd > 0, _load.c.leveringsnummer.is_(None))
    for (number,) in look.rows(select(_load.c.ladingnummer).where(loaded)):
        yield Finding("verwijzing_los", number, "Het gaat om load.leveringsnummer.")


@check("gemeenten van dossiers")
def a_dossier_is_of_one_municipality(look: Look) -> Findings:
    """Every row of a case carries the municipality of that case: by that its rows are chosen."""
    for each in SQLModel.metadata.sorted_tables:
        if "zaak_id" in each.c and "gemeentecode" in each.c:
            wrong = select(_case.c.zaaknummer, func.count()).join(each, each.c.zaak_id == _case.c.id)
            yield from _elsewhere(look, each, wrong.where(each.c.gemeentecode != _case.c.gemeentecode))
    file = table(LetterFile)
    of_letter = select(_case.c.zaaknummer, func.count()).join(_letter, _letter.c.zaak_id == _case.c.id)
    wrong = of_letter.join(file, file.c.brief_id == _letter.c.id)
    yield from _elsewhere(look, file, wrong.where(file.c.gemeentecode != _case.c.gemeentecode))


def _elsewhere(look: Look, of: Table, asked: Any) -> Iterator[Finding]:
    for number, count in look.rows(asked.group_by(_case.c.zaaknummer)):
        yield Finding("gemeente_wijkt_af", number, f"Het gaat om {count} van de rijen in {of.name}.")
