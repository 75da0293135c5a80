"""Letters, parts and packs that lie in the database: each is there, numbered, and as it was kept."""

import hashlib
from typing import Any

from sqlalchemy import Select, and_, exists, func, or_, select

from service.verify.looking import Finding, Findings, Look, check
from signals.base import table
from workflow.models import Case, CaseEvent, Letter, LetterFile, PreparedLetter, ReceivedPart
from workflow.moves import SENDING
from workflow.sessie_models import SessiePakket, SessiePakketBestand

_case, _event, _letter, _file = table(Case), table(CaseEvent), table(Letter), table(LetterFile)
_prepared, _part = table(PreparedLetter), table(ReceivedPart)
_pack, _pack_file = table(SessiePakket), table(SessiePakketBestand)
_FEW = 20
"""Contents that are in memory at a time."""
_KINDS = frozenset({"pptx", "xlsx", "pdf"})


@check("brieven en stukken")
def contents_are_unchanged(look: Look) -> Findings:
    """The sha256 of every letter as it was sent or waits for the post, and of what came with a hand-over."""
    letters = select(_case.c.zaaknummer, _letter.c.nummer, _file.c.sha256, _file.c.pdf).join_from(
        _file, _letter, _letter.c.id == _file.c.brief_id
    )
    asked: dict[str, Select[Any]] = {
        "brief": letters.join(_case, _case.c.id == _letter.c.zaak_id),
        "klaargezette brief": select(
            _case.c.zaaknummer, _prepared.c.brief_nummer, _prepared.c.sha256, _prepared.c.pdf
        ).join(_case, _case.c.id == _prepared.c.zaak_id),
        "ontvangen stuk": select(_case.c.zaaknummer, _part.c.id, _part.c.sha256, _part.c.pdf)
        .join(_case, _case.c.id == _part.c.zaak_id)
        .where(or_(_part.c.sha256.is_not(None), _part.c.pdf.is_not(None))),
    }
    for what, statement in asked.items():
        for number, place, sha256, content in look.rows(statement, at_once=_FEW):
            if hashlib.sha256(content or b"").hexdigest() != sha256:
                yield Finding("stuk_gewijzigd", number, f"Het gaat om {what} {place}.")


@check("brieven aanwezig")
def letters_are_there(look: Look) -> Findings:
    """Numbered 1, 2, ... within the case; one for each step that sent it; each with its file since files are kept."""
    numbered = (
        select(_case.c.zaaknummer)
        .join(_letter, _letter.c.zaak_id == _case.c.id)
        .group_by(_case.c.zaaknummer)
        .having(or_(func.max(_letter.c.nummer) != func.count(), func.min(_letter.c.nummer) != 1))
    )
    for (number,) in look.rows(numbered):
        yield Finding("brief_ontbreekt", number, "De brieven zijn niet doorlopend genummerd.")
    sent = _event.c.gegevens["brief"].as_integer()
    there = exists().where(_letter.c.zaak_id == _event.c.zaak_id, _letter.c.nummer == sent)
    of_step = (
        select(_case.c.zaaknummer, sent)
        .join(_event, _event.c.zaak_id == _case.c.id)
        .where(_event.c.stap.in_(SENDING), sent.is_not(None), ~there)
    )
    for number, place in look.rows(of_step):
        yield Finding("brief_ontbreekt", number, f"Brief {place} is er niet.")
    first = select(func.min(_file.c.brief_id)).scalar_subquery()  # before there were files, letters went without
    without = and_(_letter.c.id > first, ~exists().where(_file.c.brief_id == _letter.c.id))
    of_letter = select(_case.c.zaaknummer, _letter.c.nummer).join(_letter, _letter.c.zaak_id == _case.c.id)
    for number, place in look.rows(of_letter.where(without)):
        yield Finding("brief_ontbreekt", number, f"Brief {place} heeft geen bestand.")


@check("pakketten van sessies")
def packs_are_unchanged(look: Look) -> Findings:
    """Of each edition three files, as they were published."""
    found: dict[str, set[tuple[str, str]]] = {}
    columns = (_pack.c.nummer, _pack_file.c.uitgave, _pack_file.c.soort, _pack_file.c.sha256, _pack_file.c.grootte)
    asked = select(*columns, _pack_file.c.inhoud).join(_pack, _pack.c.id == _pack_file.c.pakket_id)
    for number, uitgave, kind, sha256, size, content in look.rows(asked, at_once=_FEW):
        found.setdefault(number, set()).add((uitgave, kind))
        if hashlib.sha256(content).hexdigest() != sha256 or len(content) != size:
            yield Finding("pakket_gewijzigd", number, f"Het gaat om {uitgave}, {kind}.")
    packs = select(_pack.c.nummer, _pack.c.openbaar.is_not(None)).order_by(_pack.c.id)
    for number, public in look.rows(packs):
        wanted = {(uitgave, kind) for uitgave in ("binnen", "openbaar")[: 1 + bool(public)] for kind in _KINDS}
        if missing := wanted - found.get(number, set()):
            named = ", ".join(sorted(f"{uitgave} {kind}" for uitgave, kind in missing))
            yield Finding("pakket_gewijzigd", number, f"Er ontbreekt: {named}.")
