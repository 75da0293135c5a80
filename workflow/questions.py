"""What steps ask: the fields that the table of steps names."""

from collections.abc import Mapping
from typing import Any

from workflow.fields import Field
from workflow.letter_texts import LANGUAGES

REASON = Field("reden", "lange_tekst", "Reden")
MOTIVATION = Field("motivering", "lange_tekst", "Motivering", hint="Feiten en artikel; de betrokkene leest mee.")
POSTED = Field(
    "verzenddatum", "datum", "Verzenddatum", verplicht=False, hint="De dag van verzending telt. Leeg betekent vandaag."
)
NO_TRANSLATION = "geen"
LANGUAGE = Field(
    "taal",
    "keuze",
    "Vertaling achter de brief",
    verplicht=False,
    keuzes=(NO_TRANSLATION, *LANGUAGES),
    hint="Leeg betekent: de taal uit het signaal, als wij die hebben. De Nederlandse tekst telt.",
)
LETTER = (POSTED, LANGUAGE)
PARTS = Field(
    "stukken",
    "stukken",
    "Wat gaat mee uit het dossier",
    verplicht=False,
    hint="Alleen wat de andere gemeente nodig heeft. Wat over anderen gaat, staat uit.",
)
REMARK = Field("toelichting", "lange_tekst", "Toelichting", verplicht=False)
MUNICIPALITY = Field("gemeentecode", "gemeente", "Gemeentecode", hint="Vier cijfers, bijvoorbeeld 0268.")
WHERE_TO_LIVE = ("woonadres", "briefadres")
NEW_ADDRESS = (
    Field("postcode", "tekst", "Postcode", verplicht=False),
    Field("huisnummer", "getal", "Huisnummer"),
    Field("huisletter", "tekst", "Huisletter", verplicht=False, langste=1),
    Field("huisnummertoevoeging", "tekst", "Toevoeging", verplicht=False, langste=4),
    Field("straatnaam", "tekst", "Straatnaam", verplicht=False, langste=80),
    Field("woonplaats", "tekst", "Woonplaats", verplicht=False, langste=80),
    Field("bron", "tekst", "Waar komt dit adres vandaan", langste=200),
)
ADDRESS_THERE = (
    Field("postcode", "tekst", "Postcode daar", verplicht=False, hint="Laat leeg wat u niet weet."),
    Field("huisnummer", "getal", "Huisnummer daar", verplicht=False),
    *(field.optional() for field in NEW_ADDRESS if field.naam not in ("postcode", "huisnummer", "bron")),
)
CONDITIONS = (
    Field("identiteit", "lange_tekst", "Hoe is de identiteit vastgesteld"),
    Field("datumIdentiteit", "datum", "Identiteit vastgesteld op"),
    Field("rechtmatigVerblijf", "tekst", "Rechtmatig verblijf nagegaan", hint="Ja of nee, met de grond."),
    Field("verblijfscriterium", "lange_tekst", "Waarom naar verwachting twee derde van een half jaar hier"),
    Field("adres", "lange_tekst", "Op welke feiten rust het adres"),
    Field("uitzonderingBronnen", "lange_tekst", "Motivering bij minder dan twee bronnen", verplicht=False),
    Field("uitzonderingAanschrijving", "lange_tekst", "Motivering zonder aanschrijving", verplicht=False),
    *LETTER,
)
DECISION = (
    MOTIVATION,
    Field("soort", "keuze", "Inschrijven op een", verplicht=False, keuzes=WHERE_TO_LIVE),
    Field("geenWoonadres", "ja_nee", "Er is geen woonadres", verplicht=False),
    Field("toestemmingBriefadresgever", "ja_nee", "De briefadresgever gaf toestemming", verplicht=False),
    *LETTER,
)
CHECKLIST = (
    Field("identiteitVastgesteld", "ja_nee", "De identiteit is vastgesteld"),
    Field("bewonersGeinformeerd", "ja_nee", "De bewoners weten hoeveel personen er staan ingeschreven"),
    Field("persoonslijstOpgevraagd", "ja_nee", "De persoonslijst is opgevraagd bij de RNI"),
    REMARK,
)
ON_BEZWAAR = (
    Field(
        "uitkomst",
        "keuze",
        "Uitkomst",
        keuzes=("gegrond", "deels_gegrond", "ongegrond", "niet_ontvankelijk", "ingetrokken"),
    ),
    Field(
        "motivering",
        "lange_tekst",
        "Motivering",
        verplicht=False,
        hint="Feiten en artikel; de betrokkene leest mee. Niet nodig als het bezwaar is ingetrokken.",
    ),
    Field("gehoord", "ja_nee", "De belanghebbende is gehoord", verplicht=False),
    Field(
        "redenNietGehoord",
        "lange_tekst",
        "Waarom horen achterwege bleef",
        verplicht=False,
        hint="Alleen als het bezwaar kennelijk niet-ontvankelijk of kennelijk ongegrond is, de belanghebbende niet "
        "gehoord wil worden of daar niet op reageerde, of geheel gelijk krijgt (Awb 7:3).",
    ),
    Field(
        "onderzoekVoortzetten",
        "ja_nee",
        "Vervalt het besluit en gaat het onderzoek verder",
        verplicht=False,
        hint="Leeg betekent: ja bij gegrond, nee bij deels gegrond. Kies nee als deze beslissing in de plaats komt van "
        "het besluit (Awb 7:11 lid 2).",
    ),
    *LETTER,
)
NO_MUTATION = (
    Field(
        "resultaat",
        "keuze",
        "Resultaat",
        keuzes=("niet_vastgesteld", "buitenland_of_te_kort", "onbekend_op_adres", "buiten_aangifteplicht"),
    ),
    REASON,
    Field("uitzonderingBezoeken", "lange_tekst", "Motivering bij te weinig bezoeken", verplicht=False),
    *LETTER,
)
OBJECTION = (
    Field("datum", "datum", "Datum van ontvangst"),
    Field("ontvangenVia", "tekst", "Ontvangen via", langste=40, hint="Bijvoorbeeld post, balie, e-formulier."),
    Field(
        "commissie",
        "ja_nee",
        "Adviseert een commissie (Awb 7:13)",
        verplicht=False,
        hint="Dan is de termijn twaalf weken in plaats van zes.",
    ),
)
RETURNED = (
    Field("brief", "brief", "Welke brief kwam terug"),
    Field("datum", "datum", "Teruggekomen op"),
    Field(
        "andereBekendmaking",
        "lange_tekst",
        "Hoe anders bekendgemaakt",
        verplicht=False,
        hint="Alleen bij een voornemen of besluit: uitgereikt, per e-mail, gepubliceerd. Nog niet gebeurd? Laat het "
        "leeg en vul het later met deze stap in.",
    ),
    Field("datumBekendmaking", "datum", "Zo bekendgemaakt op", verplicht=False, hint="Leeg betekent vandaag."),
)
UPHELD = frozenset({"gegrond", "deels_gegrond"})


def besluit_falls(values: Mapping[str, Any]) -> bool:
    """Whether this decision on a bezwaar revokes the besluit (Awb 7:11 lid 2), so that the investigation goes on."""
    asked: bool = values.get("onderzoekVoortzetten", values["uitkomst"] == "gegrond")
    return asked and values["uitkomst"] in UPHELD


ASKED_RVIG = (
    Field("datumVerzoekRvig", "datum", "RvIG om aantekening gevraagd op", verplicht=False),
    Field("redenGeenVerzoekRvig", "lange_tekst", "Waarom (nog) niet aan de RvIG gevraagd", verplicht=False),
)
