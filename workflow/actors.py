"""Who acts, when, and what the desk at which a step is taken knows of its staff."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from workflow.phases import Role


@dataclass(frozen=True)
class Actor:
    """A name with roles; a role maps to the municipalities it holds in, or to None for the whole project."""

    naam: str
    rollen: Mapping[Role, frozenset[str] | None] = field(default_factory=dict)

    def has(self, role: Role, gemeentecode: str) -> bool:
        """Whether this role holds in this municipality."""
        if role not in self.rollen:
            return False
        scope = self.rollen[role]
        return scope is None or gemeentecode in scope

    def roles_in(self, gemeentecode: str) -> frozenset[Role]:
        """The roles that hold in this municipality."""
        return frozenset(role for role in self.rollen if self.has(role, gemeentecode))

    @classmethod
    def system(cls, naam: str = "systeem") -> "Actor":
        """The machine: it counts, sorts and reminds, and takes one step only (trek_signaal_in)."""
        return cls(naam, {Role.SYSTEEM: None})


@dataclass(frozen=True)
class ContactPerson:
    """Whom a letter names to call or write to; telephone and e-mail may be missing."""

    naam: str
    telefoonnummer: str = ""
    emailadres: str = ""


def _nobody(gemeentecode: str) -> Collection[str]:
    return ()


def _unknown(naam: str) -> ContactPerson:
    return ContactPerson(naam)


@dataclass(frozen=True)
class Desk:
    """The actor, the moment (aware, in the clock's time zone), who handles cases in a municipality, how the letters
    name somebody, and who goes on home visits there. `voorbeeld`: letters are made to be looked at, and say so.
    `gemaakt`: the PDF that was made before, and now goes out as it is."""

    actor: Actor
    now: datetime
    staff: Callable[[str], Collection[str]] = _nobody
    contact: Callable[[str], ContactPerson] = _unknown
    visitors: Callable[[str], Collection[str]] = _nobody
    voorbeeld: bool = False
    gemaakt: bytes | None = None

    @property
    def today(self) -> date:
        """The day at the desk: the day a step is recorded on."""
        return self.now.date()
