"""Of which part of the work figures are asked: the selection, and the dimensions in which they are split."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlmodel import Session, col, select

from signals.codes import AANLEIDINGEN, ADRESBRONNEN, UITKERINGSSOORTEN
from signals.errors import Invalid, Reason
from signals.models import Delivery
from signals.municipalities import Municipalities

DIMENSIONS: Mapping[str, str] = {
    "levering": "leveringen",
    "gemeente": "gemeenten",
    "aanleiding": "aanleiding",
    "uitkeringssoort": "uitkeringssoort",
    "adresbron": "adresbron",
    "maand_ontvangst": "maand_ontvangst",
}
"""Column of the frames by which figures are split -> field of the selection."""

GEEN = "geen"
"""How an empty value is called in a split: the signal says nothing there."""

VERNIETIGD = "vernietigd"
"""How the kind of benefit is called once what the signal said of it was destroyed."""

CODES: Mapping[str, Sequence[str]] = {
    "aanleiding": AANLEIDINGEN,
    "uitkeringssoort": (*UITKERINGSSOORTEN, GEEN, VERNIETIGD),
    "adresbron": ADRESBRONNEN,
}
"""The dimensions of which every value is known beforehand."""

_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True)
class Selection:
    """What is counted; an empty field means everything.

    gemeenten: codes, also of municipalities that merged since (the successor is meant). maand_ontvangst: JJJJ-MM.
    Never nationality, birthplace, sex or language (Wet BRP 2.37a lid 3).
    """

    leveringen: tuple[str, ...] = ()
    gemeenten: tuple[str, ...] = ()
    aanleiding: tuple[str, ...] = ()
    uitkeringssoort: tuple[str, ...] = ()
    adresbron: tuple[str, ...] = ()
    maand_ontvangst: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, list[str]]:
        """As it is printed with the figures."""
        return {field: sorted(getattr(self, field)) for field in DIMENSIONS.values()}

    def wanted(self, dimension: str) -> tuple[str, ...]:
        """The values asked for in one dimension; none means all."""
        values: tuple[str, ...] = getattr(self, DIMENSIONS[dimension])
        return values

    def chosen(self, *dimensions: str) -> bool:
        """Whether anything but everything is asked for in one of these dimensions."""
        return any(self.wanted(dimension) for dimension in dimensions)

    def check_known(self, session: Session) -> None:
        """Raises Invalid naming every value that does not exist: of it, zeros would pass for an answer."""
        known = select(Delivery.leveringsnummer).where(col(Delivery.leveringsnummer).in_(self.leveringen))
        deliveries = set(session.exec(known))
        reasons = [
            Reason("levering_onbekend", f"Er is geen levering {one}. Kijk het leveringsnummer na.", "levering")
            for one in self.leveringen
            if one not in deliveries
        ]
        if self.gemeenten:
            register = Municipalities.load(session)
            reasons += [
                Reason("gemeentecode_onbekend", f"Er is geen gemeente met code {one}. Kijk de code na.", "gemeente")
                for one in self.gemeenten
                if not register.exists(one)
            ]
        reasons += [
            Reason("code_onbekend", f"{one} bestaat niet. Kies uit: {', '.join(codes)}.", dimension)
            for dimension, codes in CODES.items()
            for one in self.wanted(dimension)
            if one not in codes
        ]
        reasons += [
            Reason("maand_ongeldig", f"{one} is geen maand. Schrijf jjjj-mm, zoals 2026-03.", "maand_ontvangst")
            for one in self.maand_ontvangst
            if not _MONTH.fullmatch(one)
        ]
        if reasons:
            raise Invalid(reasons)

    def check_public(self) -> None:
        """Raises Invalid when this is not one of the fixed public selections (levering x one dimension).

        Free combinations would let a reader subtract two tables and find one person.
        """
        others = [dimension for dimension in DIMENSIONS if dimension != "levering" and self.wanted(dimension)]
        too_free = len(self.leveringen) > 1 or len(others) > 1 or any(len(self.wanted(other)) > 1 for other in others)
        if too_free:
            uitleg = (
                "De openbare cijfers zijn er alleen van alles of van één levering, met ten hoogste één waarde van één "
                "ander kenmerk. Kies minder, of vraag de cijfers op zonder 'openbaar'."
            )
            raise Invalid(Reason("selectie_niet_openbaar", uitleg, "selectie"))

    def splits(self, public: bool) -> tuple[str, ...]:
        """The dimensions to split by; in public never a second one beside a chosen one."""
        if public and self.chosen(*(dimension for dimension in DIMENSIONS if dimension != "levering")):
            return ()
        return tuple(DIMENSIONS)
