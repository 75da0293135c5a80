"""What lies sealed: it opens with a known key, and a number lies there as it is looked for."""

import json
import re
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, select

from service.identity import second_factor
from service.keys import raw_of, sealed_columns
from service.models import SecondFactor
from service.verify.looking import Finding, Findings, Look, check
from service.verify.references import called, label
from signals.base import table
from signals.bulk import run
from signals.keyring import MARK, KeyUnknown, keyring
from signals.sealing import SealedBsn, forms, kept
from workflow.models import Case

_case, _factor = table(Case), table(SecondFactor)
_NINE = re.compile(r"[0-9]{9}")
_PIECE = 2_000
_FEW = 20


@check("verzegelde waarden")
def everything_sealed_opens(look: Look) -> Findings:
    """Every number, text and file under one of the keys of this installation."""
    for of, column in sealed_columns():
        yield from _of_column(look, of, column)
    factors = select(_factor.c.gebruiker_id, _factor.c.geheim).order_by(_factor.c.gebruiker_id)
    for user, lying in look.rows(factors):
        try:
            second_factor.opened(lying, user)
        except KeyUnknown:
            yield Finding("verzegeling_onleesbaar", f"{_factor.name} {user}")


def _of_column(look: Look, of: Table, column: Column[Any]) -> Iterator[Finding]:
    raw, numbers = raw_of(column), isinstance(column.type, SealedBsn)
    open_one = column.type.process_result_value  # type: ignore[attr-defined]  # each of SEALED has it
    lying_there = select(label(of), raw).where(raw.is_not(None))
    for key, lying in look.rows(lying_there, at_once=_PIECE if numbers else _FEW):
        where = f"{called(of, key)}"
        try:
            if numbers and not _is_as_sought(lying):
                yield Finding("verzegeling_wijkt_af", where, f"Het gaat om {of.name}.{column.name}.")
            elif not numbers:
                open_one(lying, None)
        except (KeyUnknown, json.JSONDecodeError):
            yield Finding("verzegeling_onleesbaar", where, f"Het gaat om {of.name}.{column.name}.")


def _is_as_sought(lying: str) -> bool:
    """Whether who looks for this number finds it: sealed again under the same key it is the same text."""
    bsn = keyring().open(lying)
    return _NINE.fullmatch(bsn) is not None and lying in keyring().forms(bsn)


@check("een sleutel per persoon")
def cases_of_a_person_lie_under_one_key(look: Look) -> Findings:
    """Of those under an older key none may lie there under another too, not even while keys are rotated."""
    lying = kept(_case.c.bsn)
    newest = keyring().newest.mark
    if len(keyring().keys) == 1:
        return
    older = select(_case.c.zaaknummer, lying).where(lying.is_not(None), ~lying.startswith(newest, autoescape=True))
    for number, text in look.rows(older):
        try:
            others = [form for form in forms([keyring().open(text)]) if form[:MARK] != text[:MARK]]
        except KeyUnknown:
            continue  # told as verzegeling_onleesbaar
        if run(look.session, select(_case.c.id).where(lying.in_(others)).limit(1)).first():
            yield Finding("persoon_onder_twee_sleutels", number)
