"""What steps ask: the fields that the table of steps names."""

from collections.abc import Mapping
from typing import Any

from workflow.fields import Field
from workflow.letter_texts import LANGUAGES

REASON = Field("reden", "lange_tekst", "Reden", hint="Feiten in eigen woorden. De betrokkene kan dit later lezen.")
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
REMARK = Field(
    "toelichting",
    "lange_tekst",
    "Toelichting",
    verplicht=False,
    hint="Wat een collega later moet weten. De betrokkene kan dit lezen.",
)
MUNICIPALITY = Field(
    "gemeentecode", "gemeente", "Gemeente", hint="Typ de naam en kies, of typ de code van vier cijfers."
)
WHERE_TO_LIVE = ("woonadres", "briefadres")
NEW_ADDRESS = (
    Field("postcode", "tekst", "Postcode", verplicht=False, hint="Bijvoorbeeld 3181 JJ."),
    Field("huisnummer", "getal", "Huisnummer", hint="Alleen cijfers; letter en toevoeging staan hieronder."),
    Field("huisletter", "tekst", "Huisletter", verplicht=False, langste=1, hint="Eén letter, zoals de A van 12A."),
    Field(
        "huisnummertoevoeging",
        "tekst",
        "Toevoeging",
        verplicht=False,
        langste=4,
        hint="Wat er verder achter het nummer staat, zoals 2 of bis.",
    ),
    Field("straatnaam", "tekst", "Straatnaam", verplicht=False, langste=80),
    Field("woonplaats", "tekst", "Woonplaats", verplicht=False, langste=80),
    Field(
        "bron",
        "tekst",
        "Waar komt dit adres vandaan",
        langste=200,
        hint="Noem wie of wat het zei, zoals: verhuurder, telefoon 2 maart.",
    ),
)
ADDRESS_THERE = (
    Field("postcode", "tekst", "Postcode daar", verplicht=False, hint="Laat leeg wat u niet weet."),
    Field("huisnummer", "getal", "Huisnummer daar", verplicht=False, hint="Alleen cijfers."),
    *(field.optional() for field in NEW_ADDRESS if field.naam not in ("postcode", "huisnummer", "bron")),
)
CONDITIONS = (
    Field(
        "identiteit",
        "lange_tekst",
        "Hoe is de identiteit vastgesteld",
        hint="Welk document zag u, of waarmee vergeleek u? Bijvoorbeeld: Pools paspoort, gezien bij het huisbezoek.",
    ),
    Field("datumIdentiteit", "datum", "Identiteit vastgesteld op", hint="De dag waarop u het document zag."),
    Field("rechtmatigVerblijf", "tekst", "Rechtmatig verblijf nagegaan", hint="Ja of nee, met de grond."),
    Field(
        "verblijfscriterium",
        "lange_tekst",
        "Waarom naar verwachting twee derde van een half jaar hier",
        hint="Feiten die erop wijzen dat iemand blijft, zoals een contract, school of een huurovereenkomst.",
    ),
    Field(
        "adres",
        "lange_tekst",
        "Op welke feiten rust het adres",
        hint="Noem de bronnen en wat elk ervan zei. Dit staat straks in de brief.",
    ),
    Field(
        "uitzonderingBronnen",
        "lange_tekst",
        "Motivering bij minder dan twee bronnen",
        verplicht=False,
        hint="Alleen als u één soort bron hebt: waarom is die genoeg?",
    ),
    Field(
        "uitzonderingAanschrijving",
        "lange_tekst",
        "Motivering zonder aanschrijving",
        verplicht=False,
        hint="Alleen als er geen brief vooraf ging: waarom kon dat niet?",
    ),
    *LETTER,
)
DECISION = (
    MOTIVATION,
    Field(
        "soort",
        "keuze",
        "Inschrijven op een",
        verplicht=False,
        keuzes=WHERE_TO_LIVE,
        hint="Leeg betekent woonadres. Een briefadres kan alleen als er geen woonadres is.",
    ),
    Field(
        "geenWoonadres",
        "ja_nee",
        "Er is geen woonadres",
        verplicht=False,
        hint="Alleen bij een briefadres: is dat nagegaan?",
    ),
    Field(
        "toestemmingBriefadresgever",
        "ja_nee",
        "De briefadresgever gaf toestemming",
        verplicht=False,
        hint="Alleen bij een briefadres: wie daar woont, moet het goedvinden (Wet BRP 2.23).",
    ),
    *LETTER,
)
CHECKLIST = (
    Field("identiteitVastgesteld", "ja_nee", "De identiteit is vastgesteld", hint="Met een geldig document."),
    Field(
        "bewonersGeinformeerd",
        "ja_nee",
        "De bewoners weten hoeveel personen er staan ingeschreven",
        hint="Vertel alleen het aantal, nooit wie. Het kan gevolgen hebben voor hun toeslagen en heffingen.",
    ),
    Field(
        "persoonslijstOpgevraagd",
        "ja_nee",
        "De persoonslijst is opgevraagd bij de RNI",
        hint="De inschrijving bouwt voort op die lijst.",
    ),
    REMARK,
)
ON_BEZWAAR = (
    Field(
        "uitkomst",
        "keuze",
        "Uitkomst",
        keuzes=("gegrond", "deels_gegrond", "ongegrond", "niet_ontvankelijk", "ingetrokken"),
        hint="Niet ontvankelijk: het bezwaar voldoet niet aan de eisen, bijvoorbeeld omdat het te laat kwam.",
    ),
    Field(
        "motivering",
        "lange_tekst",
        "Motivering",
        verplicht=False,
        hint="Feiten en artikel; de betrokkene leest mee. Niet nodig als het bezwaar is ingetrokken.",
    ),
    Field(
        "gehoord", "ja_nee", "De belanghebbende is gehoord", verplicht=False, hint="Vul bij nee hieronder in waarom."
    ),
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
        hint="Onbekend op adres: na genoeg huisbezoeken. Buiten aangifteplicht: hoeft zich niet in te schrijven.",
    ),
    REASON,
    Field(
        "uitzonderingBezoeken",
        "lange_tekst",
        "Motivering bij te weinig bezoeken",
        verplicht=False,
        hint="Alleen bij onbekend op adres: waarom zijn meer bezoeken niet nodig?",
    ),
    *LETTER,
)
OBJECTION = (
    Field(
        "datum", "datum", "Datum van ontvangst", hint="De dag waarop de gemeente het kreeg. Vanaf dan loopt de termijn."
    ),
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
    Field("brief", "brief", "Welke brief kwam terug", hint="Kijk naar de soort en de verzenddatum."),
    Field("datum", "datum", "Teruggekomen op", hint="De dag waarop hij bij de gemeente binnenkwam."),
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
    Field(
        "datumVerzoekRvig",
        "datum",
        "RvIG om aantekening gevraagd op",
        verplicht=False,
        hint="De RvIG zet dan bij de persoon in de RNI dat het adres wordt onderzocht.",
    ),
    Field(
        "redenGeenVerzoekRvig",
        "lange_tekst",
        "Waarom (nog) niet aan de RvIG gevraagd",
        verplicht=False,
        hint="Vul dit in als u de dag hierboven leeg laat.",
    ),
)

ASSIGNED = Field("behandelaar", "gebruiker", "Behandelaar", verplicht=False, hint="Leeg betekent: aan uzelf.")
NOT_TAKEN_UP = Field(
    "reden",
    "keuze",
    "Reden",
    keuzes=("capaciteit", "dubbel", "onvoldoende_gegevens", "anders"),
    hint="UWV hoort dat de gemeente niets onderzocht. Licht 'anders' hieronder toe.",
)
REGISTERED_ON = Field("datum", "datum", "Datum inschrijving als ingezetene", hint="Zoals u die vandaag in de BRP zag.")
REGISTERED_THERE_ON = Field("datum", "datum", "Datum inschrijving daar", hint="Zoals u die vandaag in de BRP zag.")
WHY_DOUBT = REASON.described(
    "Reden van de twijfel",
    "Waaruit blijkt dat deze persoon hier woont? Bijvoorbeeld: werkt sinds mei in deze gemeente.",
)
NEW_END = Field(
    "einde", "datum", "Nieuwe einddatum", toekomst=True, hint="Later dan nu. De betrokkene krijgt er een brief over."
)
ZIENSWIJZE = (
    Field("datum", "datum", "Ontvangen op", hint="Bij een gesprek: de dag van het gesprek."),
    Field("tekst", "lange_tekst", "Zienswijze", hint="In de woorden van de betrokkene."),
)
DECLARED = (
    Field("datum", "datum", "Datum van ontvangst", hint="Deze dag kan de ingangsdatum van de inschrijving worden."),
    Field("soort", "keuze", "Aangifte van een", keuzes=WHERE_TO_LIVE, hint="Een briefadres is alleen voor post."),
)
DIED = (
    Field("bron", "tekst", "Bron", langste=250, hint="Waar staat het? Bijvoorbeeld: overlijdensakte, BRP."),
    Field("datum", "datum", "Datum overlijden", hint="Volgens die bron."),
)
