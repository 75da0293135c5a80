"""The fixed words of the procedure: phases, roles, steps' outcomes and what each outcome means to whom."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Phase(StrEnum):
    """Where a case stands."""

    ONTVANGEN = "ontvangen"
    VOORONDERZOEK = "vooronderzoek"
    AANSCHRIJVING = "aanschrijving"
    INLICHTINGEN = "inlichtingen"
    HUISBEZOEK = "huisbezoek"
    VOORNEMEN = "voornemen"
    BESLUIT = "besluit"
    AFGESLOTEN = "afgesloten"
    BEZWAAR = "bezwaar"


BEFORE_VOORNEMEN = (
    Phase.ONTVANGEN,
    Phase.VOORONDERZOEK,
    Phase.AANSCHRIJVING,
    Phase.INLICHTINGEN,
    Phase.HUISBEZOEK,
)
BEFORE_BESLUIT = (*BEFORE_VOORNEMEN, Phase.VOORNEMEN)
OPEN = (*BEFORE_BESLUIT, Phase.BESLUIT)
"""Every phase before afgesloten; bezwaar stands beside the last two and is not open."""


class Role(StrEnum):
    """Who somebody is; the first four within a municipality, the rest for the project."""

    BEHANDELAAR = "behandelaar"
    TEAMLEIDER = "teamleider"
    TOEZICHTHOUDER = "toezichthouder"
    BESLISSER = "beslisser"
    COORDINATOR = "coordinator"
    UWV_LIAISON = "uwv_liaison"
    BEHEERDER = "beheerder"
    AUDITOR = "auditor"
    SYSTEEM = "systeem"


MUNICIPAL_ROLES = frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER, Role.TOEZICHTHOUDER, Role.BESLISSER})
PROJECT_ROLES = frozenset({Role.COORDINATOR, Role.UWV_LIAISON, Role.BEHEERDER, Role.AUDITOR})


class Herkomst(StrEnum):
    """What opened a case."""

    SIGNAAL = "signaal"
    BIJVANGST = "bijvangst"
    OVERDRACHT = "overdracht"


class Answer(StrEnum):
    """The legal answers that are given in WALAA."""

    ONDERZOEK_IN_DE_BRP = "onderzoek_in_de_brp"
    ZONDER_MUTATIE = "afgerond_zonder_brp_mutatie"
    MET_MUTATIE = "afgerond_met_brp_mutatie"


class Outcome(StrEnum):
    """How a case can end."""

    AANGIFTE_GEDAAN = "aangifte_gedaan"
    AMBTSHALVE_INGESCHREVEN = "ambtshalve_ingeschreven"
    BRIEFADRES = "briefadres"
    ELDERS_INGESCHREVEN = "elders_ingeschreven"
    ANDERE_GEMEENTE = "andere_gemeente"
    NIET_VASTGESTELD = "niet_vastgesteld"
    BUITENLAND_OF_TE_KORT = "buitenland_of_te_kort"
    ONBEKEND_OP_ADRES = "onbekend_op_adres"
    BUITEN_AANGIFTEPLICHT = "buiten_aangifteplicht"
    OVERLEDEN = "overleden"
    REEDS_INGEZETENE = "reeds_ingezetene"
    NIET_OPGEPAKT = "niet_opgepakt"
    INGETROKKEN = "ingetrokken"


class Told(StrEnum):
    """What UWV is told of an outcome."""

    INGESCHREVEN = "ingeschreven"
    ELDERS = "elders"
    NIET_INGESCHREVEN = "niet_ingeschreven"
    REEDS_INGESCHREVEN = "reeds_ingeschreven"
    NIET_ONDERZOCHT = "niet_onderzocht"
    INTREKKING_BEVESTIGD = "intrekking_bevestigd"


@dataclass(frozen=True)
class OutcomeMeaning:
    """One row of the outcome table of the procedure."""

    answer: Answer | None
    hit: bool
    investigated: bool
    told: Told
    omschrijving: str


_NO_HIT = Answer.ZONDER_MUTATIE
OUTCOMES: Mapping[Outcome, OutcomeMeaning] = {
    Outcome.AANGIFTE_GEDAAN: OutcomeMeaning(
        Answer.MET_MUTATIE, True, True, Told.INGESCHREVEN, "heeft zelf aangifte gedaan en is ingeschreven"
    ),
    Outcome.AMBTSHALVE_INGESCHREVEN: OutcomeMeaning(
        Answer.MET_MUTATIE, True, True, Told.INGESCHREVEN, "ambtshalve ingeschreven (artikel 2.19 lid 3)"
    ),
    Outcome.BRIEFADRES: OutcomeMeaning(
        Answer.MET_MUTATIE, True, True, Told.INGESCHREVEN, "ingeschreven op een briefadres"
    ),
    Outcome.ELDERS_INGESCHREVEN: OutcomeMeaning(
        _NO_HIT, False, False, Told.ELDERS, "intussen in een andere gemeente ingeschreven"
    ),
    Outcome.ANDERE_GEMEENTE: OutcomeMeaning(_NO_HIT, False, False, Told.ELDERS, "overgedragen aan een andere gemeente"),
    Outcome.NIET_VASTGESTELD: OutcomeMeaning(
        _NO_HIT, False, True, Told.NIET_INGESCHREVEN, "woont in Nederland, maar adres of identiteit staat niet vast"
    ),
    Outcome.BUITENLAND_OF_TE_KORT: OutcomeMeaning(
        _NO_HIT, False, True, Told.NIET_INGESCHREVEN, "weer in het buitenland, of te kort in Nederland"
    ),
    Outcome.ONBEKEND_OP_ADRES: OutcomeMeaning(
        _NO_HIT, False, True, Told.NIET_INGESCHREVEN, "niet aangetroffen en onbekend op het adres"
    ),
    Outcome.BUITEN_AANGIFTEPLICHT: OutcomeMeaning(
        _NO_HIT, False, True, Told.NIET_INGESCHREVEN, "valt buiten de aangifteplicht (NAVO, diplomaat, geen verblijf)"
    ),
    Outcome.OVERLEDEN: OutcomeMeaning(_NO_HIT, False, True, Told.NIET_INGESCHREVEN, "overleden"),
    Outcome.REEDS_INGEZETENE: OutcomeMeaning(
        _NO_HIT, False, False, Told.REEDS_INGESCHREVEN, "was al ingezetene voor de ontvangst van het signaal"
    ),
    Outcome.NIET_OPGEPAKT: OutcomeMeaning(_NO_HIT, False, False, Told.NIET_ONDERZOCHT, "niet opgepakt"),
    Outcome.INGETROKKEN: OutcomeMeaning(None, False, False, Told.INTREKKING_BEVESTIGD, "door UWV ingetrokken"),
}

PROCEDURE_VERSION = "2026-1"
"""Stored with every event: a new circulaire is a new version of the table and the dated settings.

A new version brings a migration that settles the cases of the one before: see `workflow.unsettled`.
"""

OPENING_BASIS = "Wet BRP 2.37d; Circulaire 3.2"
"""Why a case is opened, as its first event tells it."""


def role_text(rol: Role, gemeentecode: str | None) -> str:
    """`behandelaar:0599`; of a role for the whole project its name alone."""
    return f"{rol.value}:{gemeentecode}" if gemeentecode else rol.value
