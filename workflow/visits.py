"""A home visit as it stands in the dossier of a case: what is asked, and what consent allows (Awbi 1; Awb 5:15)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from signals.errors import Invalid, Reason
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import Field
from workflow.models import Visit

CONSENT = ("gegeven", "geweigerd", "niet_gevraagd")
SAFETY = ("geen_bijzonderheden", "met_twee_personen", "vooraf_overleg", "niet_zonder_politie")
LONGEST_VISIT = timedelta(hours=12)
_SEEN_SELF = "Ja als u de persoon zelf zag en de naam is nagegaan."
_IN_THEIR_WORDS = "Zo veel mogelijk in hun woorden."
_BEFORE = "Wat u vooraf afsprak, niet hoe het ging."
_FACTS = "Alleen feiten; de betrokkene kan meelezen."

BEGIN = Field("begin", "tijdstip", "Begin", hint="Toen u aanbelde.")
END = Field("einde", "tijdstip", "Einde", hint="Toen u wegging.")
VISITORS = Field("bezoekers", "lijst", "Bezoekers", hint="Namen of pasnummers, gescheiden door een komma.")
OPENED = Field("opengedaan", "ja_nee", "Deed er iemand open", hint="Ook nee is een verslag waard: het bezoek telt.")
WHO_OPENED = Field(
    "wieOpende", "tekst", "Wie deed open", verplicht=False, langste=200, hint="De naam die iemand zelf noemde."
)
SHOWED_PASS = Field("gelegitimeerd", "ja_nee", "Gelegitimeerd", hint="U liet uw pas zien voordat u iets vroeg.")
TOLD_PURPOSE = Field("doelGemeld", "ja_nee", "Doel gemeld", hint="U zei waarvoor u kwam, voordat u naar binnen ging.")
CONSENTED = Field(
    "toestemming",
    "keuze",
    "Toestemming om binnen te komen",
    keuzes=CONSENT,
    hint="Weigeren is een recht en zegt niets over waar iemand woont.",
)
ENTERED = Field("binnengetreden", "ja_nee", "Binnen geweest", verplicht=False, hint="Kan alleen met toestemming.")
FOUND = Field("aangetroffen", "ja_nee", "Is de gezochte persoon aangetroffen", verplicht=False, hint=_SEEN_SELF)
OTHERS = Field("anderenAangetroffen", "lange_tekst", "Wie was er nog meer", verplicht=False, hint=_FACTS)
FINDINGS = Field("bevindingen", "lange_tekst", "Bevindingen", verplicht=False, hint="Alleen feiten.")
INSIDE = Field(
    "gezienBinnen", "lange_tekst", "Wat zag u binnen", verplicht=False, hint="Alleen als u met toestemming binnen was."
)
STATEMENTS = Field(
    "verklaringen", "lange_tekst", "Wat is verklaard, en door wie", verplicht=False, hint=_IN_THEIR_WORDS
)
SEEN = Field(
    "documentenGezien", "lange_tekst", "Welke documenten zag u", verplicht=False, hint="Soort en naam, geen nummer."
)
CARD = Field(
    "kaartAchtergelaten",
    "ja_nee",
    "Kaart achtergelaten",
    verplicht=False,
    hint="Alleen hoe men u bereikt, niet waarom.",
)
FOLLOW_UP = Field("vervolg", "lange_tekst", "Vervolg en afspraken", verplicht=False, hint="Wie doet wat, en wanneer?")
SAFE = Field("veiligheid", "keuze", "Veiligheid, vooraf ingeschat", verplicht=False, keuzes=SAFETY, hint=_BEFORE)
SLOT = Field("tijdvak", "tekst", "Gepland tijdvak", verplicht=False, langste=40, hint="Bijvoorbeeld 18.00–20.00 uur.")

FIELDS = (
    SLOT,
    SAFE,
    BEGIN,
    END,
    VISITORS,
    OPENED,
    WHO_OPENED,
    SHOWED_PASS,
    TOLD_PURPOSE,
    CONSENTED,
    ENTERED,
    FOUND,
    OTHERS,
    FINDINGS,
    INSIDE,
    STATEMENTS,
    SEEN,
    CARD,
    FOLLOW_UP,
)


def faults(file: CaseFile, values: Mapping[str, Any]) -> list[Reason]:
    """What cannot be: entry only with consent given (Algemene wet op het binnentreden 1 lid 4)."""
    found = []
    if not timedelta() <= values["einde"] - values["begin"] <= LONGEST_VISIT:
        found.append(Reason("einde_voor_begin", "Het einde ligt voor het begin, of op een andere dag.", "einde"))
    if values["begin"].date() < file.case.datum_ontvangst:
        uitleg = f"Het signaal is pas op {file.case.datum_ontvangst:%d-%m-%Y} ontvangen; een eerder bezoek telt niet."
        found.append(Reason("datum_voor_ontvangst", uitleg, "begin"))
    entered = values.get("binnengetreden", False)
    if entered and values["toestemming"] != "gegeven":
        uitleg = "Binnentreden kan alleen als de bewoner toestemming gaf (Awbi artikel 1 lid 4)."
        found.append(Reason("geen_toestemming", uitleg, "binnengetreden"))
    if entered and not (values["gelegitimeerd"] and values["doelGemeld"]):
        uitleg = "Wie binnentreedt, legitimeert zich vooraf en meldt het doel (Awbi artikel 1 lid 1)."
        found.append(Reason("niet_gelegitimeerd", uitleg, "gelegitimeerd"))
    if values.get("gezienBinnen") and not entered:
        uitleg = "Wie niet binnen was, legt niets vast van binnen. Zet wat u aan de deur zag bij de bevindingen."
        found.append(Reason("niet_binnen_geweest", uitleg, "gezienBinnen"))
    return found


def record(
    file: CaseFile, desk: Desk, own: Mapping[str, Any], values: Mapping[str, Any], adressleutel: str | None = None
) -> Visit:
    """The row of a visit, numbered at the address that was visited: the current one, or the one given.

    Invalid with every reason why it cannot have been so.
    """
    if wrong := faults(file, values):
        raise Invalid(wrong)
    visited = adressleutel or file.case.adressleutel
    return Visit(
        **own,
        poging=sum(visit.adressleutel == visited for visit in file.visits) + 1,
        adressleutel=visited,
        begin=values["begin"],
        einde=values["einde"],
        tijdvak=values.get("tijdvak", ""),
        veiligheid=values.get("veiligheid", ""),
        bezoekers=values["bezoekers"],
        opengedaan=values["opengedaan"],
        wie_opende=values.get("wieOpende", ""),
        gelegitimeerd=values["gelegitimeerd"],
        doel_gemeld=values["doelGemeld"],
        toestemming=values["toestemming"],
        binnengetreden=values.get("binnengetreden", False),
        aangetroffen=values.get("aangetroffen"),
        anderen_aangetroffen=values.get("anderenAangetroffen", ""),
        bevindingen=values.get("bevindingen", ""),
        gezien_binnen=values.get("gezienBinnen", ""),
        verklaringen=values.get("verklaringen", ""),
        documenten_gezien=values.get("documentenGezien", ""),
        kaart_achtergelaten=values.get("kaartAchtergelaten"),
        vervolg=values.get("vervolg", ""),
    )


def visit_outcome(visit: Visit) -> str:
    """How a visit went, for who goes there next: what was found, not what it means."""
    told = ["er werd opengedaan" if visit.opengedaan else "niemand deed open"]
    if visit.toestemming == "geweigerd":
        told.append("binnenkomen werd geweigerd (dat mag)")
    if visit.aangetroffen is not None:
        told.append("aangetroffen" if visit.aangetroffen else "niet aangetroffen")
    return ", ".join(told)
