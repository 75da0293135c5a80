"""What steps ask: the fields that the table of steps names."""

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
    MOTIVATION,
    Field("gehoord", "ja_nee", "De belanghebbende is gehoord"),
    Field("redenNietGehoord", "lange_tekst", "Waarom horen achterwege bleef", verplicht=False),
    Field("onderzoekVoortzetten", "ja_nee", "Het onderzoek moet verder", verplicht=False),
    *LETTER,
)
ASKED_RVIG = (
    Field("datumVerzoekRvig", "datum", "RvIG om aantekening gevraagd op", verplicht=False),
    Field("redenGeenVerzoekRvig", "lange_tekst", "Waarom (nog) niet aan de RvIG gevraagd", verplicht=False),
)
