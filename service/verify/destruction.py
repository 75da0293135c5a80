"""What was destroyed: lists, lines, verklaringen and the journal tell the same, and all of it is done."""

import hashlib
from collections.abc import Collection
from datetime import timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, exists, func, or_, select

from service.retention import journal
from service.verify.looking import Finding, Findings, Look, check, words
from signals.base import table
from signals.errors import Refused
from workflow.retention_models import (
    Certificate,
    DestructionItem,
    DestructionList,
    FileToErase,
    Lijststaat,
    Regelstaat,
)

_list, _item = table(DestructionList), table(DestructionItem)
_certificate, _file = table(Certificate), table(FileToErase)
_FEW = 20
"""Verklaringen that are in memory at a time."""
TOO_LONG = timedelta(days=2)
"""The clock has whatever was begun gone on with each hour."""
_BEGUN = (Lijststaat.UITVOERING, Lijststaat.UITGEVOERD)
_APPROVED = (Lijststaat.GOEDGEKEURD, *_BEGUN)
JOURNAL = f"{journal.FOLDER}/{journal.NAME}"


@check("vernietigingslijsten")
def lists_are_as_their_lines(look: Look) -> Findings:
    """Approved by another than who made it; of one that is done every line, and a verklaring."""

    def has(*where: ColumnElement[bool]) -> ColumnElement[bool]:
        return exists().where(_item.c.lijst_id == _list.c.id, *where)

    declared = exists().where(_certificate.c.lijst_id == _list.c.id)
    own, destroyed = _list.c.herhaling_van == "", _item.c.staat == Regelstaat.VERNIETIGD
    approved, done = _list.c.goedgekeurd_door.is_not(None), _list.c.staat == Lijststaat.UITGEVOERD
    wrong: dict[str, ColumnElement[bool]] = {
        "goedkeuring": or_(
            and_(own, _list.c.staat.in_(_APPROVED), ~approved),
            and_(approved, _list.c.goedgekeurd_door == _list.c.voorgesteld_door),
            and_(_list.c.staat == Lijststaat.VOORGESTELD, approved),
        ),
        "regels": or_(
            and_(done, has(_item.c.staat == Regelstaat.OP_LIJST)),
            and_(_list.c.staat.not_in(_BEGUN), has(destroyed)),
        ),
        "journaal": and_(done, has(destroyed, ~_item.c.in_journaal)),
        "verklaring": declared != done,
        "uitgevoerd_op": done != _list.c.uitgevoerd_op.is_not(None),
    }
    shown = (condition.label(f"k{place}") for place, condition in enumerate(wrong.values()))
    for number, *flags in look.rows(select(_list.c.nummer, *shown).where(or_(*wrong.values()))):
        yield Finding("vernietigingslijst_wijkt_af", number, words(dict(zip(wrong, flags, strict=True))))


@check("verklaringen van vernietiging")
def certificates_are_unchanged(look: Look) -> Findings:
    """The bytes of each, and the numbers that it names beside the lines of its list."""
    columns = (_certificate.c.nummer, _certificate.c.lijst_id, _certificate.c.inhoud, _certificate.c.sha256)
    asked = select(*columns, _certificate.c.pdf, _list.c.nummer).join(_list, _list.c.id == _certificate.c.lijst_id)
    for number, list_id, said, sha256, pdf, lijst in look.rows(asked.order_by(_certificate.c.id), at_once=_FEW):
        lines = select(_item.c.object, _item.c.nummer, _item.c.staat).where(_item.c.lijst_id == list_id)
        rows = [tuple(row) for row in look.rows(lines)]
        wrong = {
            "bestand": hashlib.sha256(pdf).hexdigest() != sha256,
            "nummers": not _names(said, number, lijst, rows),
        }
        if any(wrong.values()):
            yield Finding("verklaring_gewijzigd", number, words(wrong))


def _names(said: Any, number: str, lijst: str, rows: Collection[tuple[str, str, Regelstaat]]) -> bool:
    """Whether a verklaring says its own number, its list, and of each line whether it went."""
    try:
        told = {what: sorted(named.split()[-1] for named, *_ in said[what]) for what in ("vernietigd", "niet")}
        about = said["titel"].split()[-1], said["feiten"][0][1].split()[0], dict(said["aantallen"])["Vernietigd"]
    except (LookupError, TypeError, ValueError, AttributeError):
        return False
    gone = sorted(nummer for _, nummer, staat in rows if staat == Regelstaat.VERNIETIGD)
    stayed = sorted(nummer for _, nummer, staat in rows if staat != Regelstaat.VERNIETIGD)
    return told == {"vernietigd": gone, "niet": stayed} and about == (number, lijst, str(len(gone)))


@check("journaal van vernietiging")
def the_journal_has_every_line(look: Look) -> Findings:
    """Its own chain, and in it what the database says that stands there."""
    path = journal.path_of(look.settings.data_dir)
    kept: dict[tuple[str, str, str], dict[str, Any]] = {}
    if path.exists():
        try:
            kept = {(told["lijst"], told["object"], told["nummer"]): told for told in journal.read(path)}
        except Refused:
            yield Finding("journaal_gewijzigd", JOURNAL)
            return
    asked = (
        select(_list.c.nummer, _item.c.object, _item.c.nummer, _item.c.gemeentecode, _item.c.sinds, _item.c.signalen)
        .join(_list, _list.c.id == _item.c.lijst_id)
        .where(_item.c.staat == Regelstaat.VERNIETIGD, _item.c.in_journaal)
    )
    for lijst, what, number, code, since, signals in look.rows(asked.order_by(_item.c.id)):
        told = kept.get((lijst, what, number))
        if told is None:
            yield Finding("journaal_onvolledig", f"{lijst} {number}", "De regel ontbreekt.")
        elif (told["gemeentecode"], told["sinds"], told["signalen"]) != (code, since.isoformat(), signals):
            yield Finding("journaal_onvolledig", f"{lijst} {number}", "De regel zegt iets anders.")


@check("vernietiging in uitvoering")
def destruction_goes_on(look: Look) -> Findings:
    """What was begun is done within two nights: lists, files to be erased, lines for the journal."""
    late = look.now - TOO_LONG
    begun = and_(_list.c.staat == Lijststaat.UITVOERING, _list.c.begonnen_op < late)
    for (number,) in look.rows(select(_list.c.nummer).where(begun).order_by(_list.c.id)):
        yield Finding("vernietiging_staat_stil", number, "De lijst is niet klaar.")
    files = select(func.coalesce(_list.c.nummer, ""), func.count()).select_from(_file)
    waits = files.outerjoin(_list, _list.c.id == _file.c.lijst_id).where(_file.c.sinds < late)
    for number, count in look.rows(waits.group_by(_list.c.nummer)):
        yield Finding("vernietiging_staat_stil", number or "te_wissen_bestand", f"Bestanden die er nog zijn: {count}.")
    unwritten = and_(_item.c.staat == Regelstaat.VERNIETIGD, ~_item.c.in_journaal, _item.c.gewijzigd_op < late)
    lines = select(_list.c.nummer, func.count()).join(_item, _item.c.lijst_id == _list.c.id).where(unwritten)
    for number, count in look.rows(lines.group_by(_list.c.nummer)):
        yield Finding("vernietiging_staat_stil", number, f"Regels die nog niet in het journaal staan: {count}.")
