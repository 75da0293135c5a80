"""Lists under a name: whose they are, who else opens them, and which names will not do; on both databases."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from sqlalchemy import Engine
from sqlmodel import Session

from service import saved_lists
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from service.models import SavedList
from signals.errors import DomainError, Forbidden, Invalid, NotFound, Refused

from .conftest import NOW, ROTTERDAM, VENLO, access

As = Callable[[str], AbstractContextManager[Session]]


@pytest.fixture
def as_(engine: Engine) -> As:
    """A session of somebody of the cast."""
    return lambda naam: session_scope(engine, access(engine, naam))


def keep(session: Session, naam: str, *, gedeeld: bool = False, gemeentecode: str = ROTTERDAM) -> int:
    row = saved_lists.save(session, naam, "lijst=mijn", NOW, gemeentecode=gemeentecode, gedeeld=gedeeld)
    assert row.id is not None
    return row.id


def refused(session: Session, kind: type[DomainError], naam: str, **where: str) -> str:
    with pytest.raises(kind) as error:
        keep(session, naam, gemeentecode=where.get("gemeentecode", ROTTERDAM))
    return error.value.reasons[0].code


def test_a_colleague_opens_what_is_shared_and_nothing_else(as_: As) -> None:
    with as_("anna") as session:
        own, shared = keep(session, "Van mij"), keep(session, "Van ons", gedeeld=True)
    with as_("tess") as session:
        assert [row.naam for row in saved_lists.seen(session).shared] == ["Van ons"]
        assert saved_lists.seen(session).own == []
        assert saved_lists.find(session, shared).door == "anna"
        with pytest.raises(NotFound):
            saved_lists.find(session, own)
    with as_("anna") as session:
        assert [row.naam for row in saved_lists.seen(session).own] == ["Van mij", "Van ons"]


def test_another_municipality_finds_neither_and_keeps_none_there(as_: As) -> None:
    with as_("anna") as session:
        shared = keep(session, "Van ons", gedeeld=True)
    with as_("dirk") as session:
        assert saved_lists.seen(session) == saved_lists.Seen([], [])
        with pytest.raises(NotFound):
            saved_lists.find(session, shared)
        assert refused(session, Invalid, "Hier", gemeentecode=ROTTERDAM) == "gemeente_onbekend"
        assert keep(session, "Van ons", gemeentecode=VENLO)


def test_a_user_has_a_name_once_however_it_is_written(as_: As) -> None:
    with as_("anna") as session:
        number = keep(session, "  Termijn \t deze WEEK ")
        assert session.get_one(SavedList, number).naam == "Termijn deze WEEK"
        assert refused(session, Invalid, "termijn deze week") == "lijst_bestaat"
        saved_lists.remove(session, session.get_one(SavedList, number))
        assert keep(session, "termijn deze week")
    with as_("tess") as session:
        assert keep(session, "termijn deze week")


@pytest.mark.parametrize(
    ("naam", "code"),
    [
        ("", "naam_ontbreekt"),
        (" \u200b ", "naam_ontbreekt"),
        ("x" * 61, "naam_te_lang"),
        ("zaak van 999990019", "bsn_in_tekst"),
        ("9999.90.019", "bsn_in_tekst"),
        ("\uff19" * 4 + "90019", "bsn_in_tekst"),
    ],
)
def test_a_name_that_will_not_do_is_told(as_: As, naam: str, code: str) -> None:
    with as_("anna") as session:
        assert refused(session, Invalid, naam) == code
        assert saved_lists.seen(session).own == []
        assert keep(session, "LRNI-2026-07, voor 12-04-2026")


def test_a_user_keeps_twenty_at_most(as_: As) -> None:
    with as_("anna") as session:
        last = [keep(session, f"Lijst {number}") for number in range(saved_lists.MOST)][-1]
        assert refused(session, Refused, "Nog een") == "te_veel_lijsten"
        saved_lists.remove(session, saved_lists.find(session, last))
        assert keep(session, "Nog een")
    with as_("tess") as session:
        assert keep(session, "De eerste")


def test_only_who_made_it_removes_it_or_the_teamleider_what_is_shared(as_: As, engine: Engine) -> None:
    with as_("anna") as session:
        shared = keep(session, "Van ons", gedeeld=True)
    with as_("carla") as session, pytest.raises(Forbidden):
        saved_lists.remove(session, saved_lists.find(session, shared))
    with session_scope(engine, Access.system()) as session:
        accounts.disable_user(session, "anna", NOW)
    with as_("tess") as session:
        row = saved_lists.find(session, shared)
        assert row.door == "anna" and saved_lists.may_remove(session, row)
        saved_lists.remove(session, row)
    with as_("carla") as session, pytest.raises(NotFound):
        saved_lists.find(session, shared)
