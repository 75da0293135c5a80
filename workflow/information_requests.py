"""Information asked of an employer, a landlord, another authority: by a letter, which is an investigation act."""

from collections.abc import Mapping
from typing import Any

from signals.address import mended_postcode
from signals.errors import Invalid, Reason, Refused
from workflow import letters
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import Field
from workflow.guards import is_assigned
from workflow.letter_content import GROUNDS
from workflow.models import InformationRequest, LetterKind
from workflow.questions import LANGUAGE, POSTED

KIND = "inlichtingenverzoek"
FIELDS = (
    Field(
        "ontvanger",
        "keuze",
        "Aan wie",
        keuzes=tuple(GROUNDS),
        hint="Alleen een aangewezen instelling (Wet BRP 2.50) en een overheid (2.35 lid 3) moeten antwoorden.",
    ),
    Field("naam", "tekst", "Naam van de ontvanger", langste=200, hint="Bedrijf of persoon, zoals op de envelop."),
    Field("straat", "tekst", "Straat en huisnummer, of postbus", langste=100, hint="Waar de brief heen gaat."),
    Field("postcode", "tekst", "Postcode", langste=7, hint="Bijvoorbeeld 3181 JJ."),
    Field("plaats", "tekst", "Plaats", langste=80),
    Field(
        "vragen",
        "lange_tekst",
        "Wat vraagt u",
        hint="Niet meer dan nodig. Schrijf niets over een uitkering of over wie iets meldde.",
    ),
    Field("uiterlijk", "datum", "Antwoord graag voor of op", toekomst=True, hint="Geef de ander genoeg tijd."),
    POSTED,
    LANGUAGE.described("Vertaling achter de brief", "Leeg betekent: geen vertaling."),
)


def send(file: CaseFile, desk: Desk, own: Mapping[str, Any], values: Mapping[str, Any]) -> InformationRequest:
    """Make and post the letter. Refused without a contact person, Invalid with every faulty field."""
    if reason := is_assigned(file, desk):
        raise Refused(reason)
    posted, postcode = values.get("verzenddatum", desk.today), mended_postcode(values["postcode"])
    faults = []
    if postcode is None:
        faults.append(Reason("postcode_ongeldig", "Geef een postcode als 1234 AB.", "postcode"))
    if posted < file.case.datum_ontvangst:
        uitleg = f"De verzenddatum kan niet voor {file.case.datum_ontvangst:%d-%m-%Y} liggen."
        faults.append(Reason("verzenddatum_te_vroeg", uitleg, "verzenddatum"))
    if values["uiterlijk"] <= posted:
        uitleg = f"Geef de ontvanger tijd: een dag na de verzending op {posted:%d-%m-%Y}."
        faults.append(Reason("uiterlijk_te_vroeg", uitleg, "uiterlijk"))
    if postcode is None or faults:
        raise Invalid(faults)
    to = (values["naam"], values["straat"], f"{postcode[:4]} {postcode[4:]} {values['plaats']}")
    letter = letters.post(file, desk, LetterKind.INLICHTINGENVERZOEK, posted, KIND, values, to)
    kept = {name: values[name] for name in ("ontvanger", "naam", "straat", "plaats", "vragen", "uiterlijk")}
    return InformationRequest(**own, **kept, postcode=postcode, brief_nummer=letter.nummer, verzenddatum=posted)
