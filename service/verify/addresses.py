"""Addresses: the key by which who lives together is found is the key of the address beside it."""

from sqlalchemy import String, Table, cast, func, select

from service.verify.looking import Finding, Findings, Look, check
from service.verify.references import called, label
from signals.address import address_key
from signals.base import table
from signals.models import Signal
from workflow.models import Address, Case
from workflow.visit_models import PlannedVisit

_PARTS = ("postcode", "huisnummer", "huisletter", "huisnummertoevoeging", "straatnaam", "woonplaats")


@check("adressleutels")
def keys_are_those_of_their_address(look: Look) -> Findings:
    """Most in the database; those without a postcode, or with signs beyond ASCII, by the function that makes them."""
    for kind in (Case, Signal, Address, PlannedVisit):
        of: Table = table(kind)
        places = [of.c[name] for name in _PARTS]
        postcode, number, letter, addition = (cast(column, String) for column in places[:4])
        plain = func.rtrim(postcode + " " + number + " " + func.lower(letter) + " " + func.lower(addition))
        asked = select(label(of), of.c.adressleutel, *places).where(
            (of.c.postcode == "") | (plain != of.c.adressleutel)
        )
        for key, kept, *parts in look.rows(asked):
            if address_key(*parts) != kept:
                yield Finding("adressleutel_wijkt_af", called(of, key))
