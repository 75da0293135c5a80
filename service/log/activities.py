"""The register of processing activities (AVG 30) as far as this service does them, and which action belongs to which.

Every version stays: a line in the Logboek Dataverwerkingen names the one that held when it was written. The wording for
people is docs/verwerkingsregister.md; a municipality that has it in a register of its own names that in
RNI_PROCESSING_REGISTER.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from service.settings import Settings


@dataclass(frozen=True)
class Activity:
    """One processing activity; `versie` goes up when anything of it changes, and the old one stays."""

    naam: str
    versie: int
    doel: str
    verantwoordelijke: str
    grondslag: str
    betrokkenen: str
    ontvangers: str
    bewaartermijn: str

    @property
    def address(self) -> str:
        """Where it stands in the register."""
        return f"{_register}/{self.naam}/{self.versie}"


_register = ""


def use_register(settings: Settings) -> None:
    """From now on what this process writes names the register of these settings."""
    global _register  # what a process knows is set once, when it begins
    own = f"{settings.base_url.rstrip('/')}/verwerkingen"
    _register = (settings.processing_register or own).rstrip("/")


_COLLEGE = "Het college van burgemeester en wethouders van de gemeente waar de zaak loopt."
_DOSSIER = "Tien jaar na het sluiten van de zaak."

ADDRESS_RESEARCH = Activity(
    "adresonderzoek",
    1,
    "Onderzoeken of en waar iemand die als niet-ingezetene staat ingeschreven in de gemeente woont, en daarover "
    "beslissen.",
    _COLLEGE,
    "Wet BRP artikelen 2.19, 2.37d en 2.37e; Awb",
    "Personen over wie een signaal kwam, en wie op hun adres is aangetroffen en in de RNI staat.",
    "De Landelijke Aanpak Adreskwaliteit (WALAA); wie om inlichtingen wordt gevraagd.",
    _DOSSIER,
)
_RECEIPT_1 = Activity(
    "signalen-ontvangen",
    1,
    "Leveringen met signalen van UWV ontvangen, controleren en omzetten in zaken.",
    _COLLEGE,
    "Wet BRP artikelen 2.34 en 2.37; Besluit SUWI artikel 5.9",
    "Personen over wie UWV een signaal levert.",
    "Het verwerkingsverslag gaat terug naar wie de levering bracht.",
    "Het bestand drie maanden na bevestiging van ontvangst; het signaal zo lang als het dossier.",
)
RECEIPT = replace(
    _RECEIPT_1,
    versie=2,
    bewaartermijn="Het bestand drie maanden na bevestiging van ontvangst; uitkering en werk een jaar na het sluiten "
    "van de zaak, als het dossier er niet op steunt; de rest van het signaal zo lang als het dossier.",
)
FEEDBACK = Activity(
    "terugkoppeling",
    1,
    "UWV vertellen wat er met een signaal gebeurde, en vastleggen wat UWV daarmee deed.",
    _COLLEGE,
    "Wet BRP artikel 2.37e; de grondslag die per soort signaal is vastgelegd",
    "Personen over wie UWV een signaal leverde.",
    "UWV.",
    "Het bestand drie maanden na bevestiging van ontvangst; de regels zo lang als het dossier.",
)
DISCLOSURE = Activity(
    "dossier-verstrekken",
    1,
    "Een dossier of delen daarvan geven aan de betrokkene, aan een andere gemeente of voor een bezwaar.",
    _COLLEGE,
    "AVG artikel 15; Wet BRP artikelen 2.35 lid 3 en 3.11; Awb artikel 7:4",
    "Personen over wie een zaak loopt of liep.",
    "De betrokkene, een andere gemeente, de commissie of de rechter in bezwaar en beroep.",
    "Twintig jaar, als regel in het logboek.",
)
OVERSIGHT = Activity(
    "toezicht",
    1,
    "Nagaan wie de gegevens van een persoon heeft bekeken, gewijzigd of gekregen.",
    _COLLEGE,
    "AVG artikelen 5 lid 2, 15 en 32; Wet BRP artikel 3.11; BIO2 8.15",
    "Personen over wie een zaak loopt of liep.",
    "Geen.",
    "Twintig jaar, als regel in het logboek.",
)
BRP_LOOK_UP = Activity(
    "brp-raadplegen",
    1,
    "In de BRP nagaan waar en hoe iemand staat ingeschreven, op het moment dat het onderzoek of het besluit dat "
    "vraagt.",
    _COLLEGE,
    "Wet BRP artikelen 2.19, 2.37d, 2.37e en 3.2; het autorisatiebesluit van de gemeente",
    "Personen over wie een zaak loopt.",
    "De minister van BZK (RvIG), die de BRP bijhoudt en ziet over wie wordt gevraagd.",
    "Het antwoord wordt niet bewaard; wat als bron is vastgelegd zo lang als het dossier.",
)
REGISTER = Activity(
    "zaaksysteem",
    1,
    "Het zaaksysteem van de gemeente vertellen dat er een zaak is, over wie, hoe zij staat en hoe zij eindigt.",
    _COLLEGE,
    "Archiefwet; Wet BRP artikel 2.37e",
    "Personen over wie een zaak loopt of liep.",
    "Het zaaksysteem van dezelfde gemeente, en wie het voor haar beheert.",
    "Zo lang als de selectielijst voor de zaak in het zaaksysteem voorschrijft.",
)
ACTIVITIES: Sequence[Activity] = (
    ADDRESS_RESEARCH,
    _RECEIPT_1,
    RECEIPT,
    FEEDBACK,
    DISCLOSURE,
    OVERSIGHT,
    BRP_LOOK_UP,
    REGISTER,
)
"""Every version of every activity."""

_BY_BEGINNING: Sequence[tuple[str, Activity]] = (
    ("lading_", RECEIPT),
    ("verwerkingsverslag_", RECEIPT),
    ("terugkoppeling_", FEEDBACK),
    ("opbrengst_", FEEDBACK),
    ("dossier_verstrekt_", DISCLOSURE),
    ("stuk_meegegeven", DISCLOSURE),
    ("toezicht_", OVERSIGHT),
    ("brp_", BRP_LOOK_UP),
    ("zaaksysteem_", REGISTER),
)


def activity_of(actie: str) -> Activity:
    """To which activity an action with people's data belongs."""
    return next((activity for beginning, activity in _BY_BEGINNING if actie.startswith(beginning)), ADDRESS_RESEARCH)
