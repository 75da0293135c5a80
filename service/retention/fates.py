"""What becomes of every table and of every folder: nothing is kept of which nobody said how long.

docs/bewaartermijnen.md has the same in a table; tests hold the two alike, and find a table that nobody put here.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import NamedTuple


class Lot(StrEnum):
    """By which way the rows of a table go."""

    DOSSIER = "gaat weg met het dossier"
    SIGNAAL = "gaat weg met het laatste dossier van het signaal"
    ADRES = "gaat weg met het laatste dossier op het adres"
    BESTANDEN = "het bestand gaat na drie maanden weg, de tellingen blijven"
    LOGBOEK = "gaat na twintig jaar weg"
    VERLOOPT = "verloopt vanzelf"
    BLIJFT = "blijft: geen gegevens van betrokkenen"


class Fate(NamedTuple):
    """The way, and what a reader should know of it. personal: data of who is investigated lie or lay in it."""

    lot: Lot
    uitleg: str
    personal: bool = True


def _of_case(uitleg: str) -> Fate:
    return Fate(Lot.DOSSIER, uitleg)


def _stays(uitleg: str) -> Fate:
    return Fate(Lot.BLIJFT, uitleg, personal=False)


TABLES: Mapping[str, Fate] = MappingProxyType(
    {
        "zaak": _of_case("De zaak zelf. Verwijzingen ernaar uit andere zaken worden leeg."),
        "zaak_signaal": _of_case("Welke signalen bij de zaak horen."),
        "zaak_adres": _of_case("Eerdere en andere vermoede adressen."),
        "gebeurtenis": _of_case("De stappen, met alles wat erbij is ingevuld."),
        "verblijf": _of_case("Hoe lang een fase duurde."),
        "termijn": _of_case("De termijnen van de zaak."),
        "taak": _of_case("Wat iemand moest bekijken. Oude en nieuwe waarden van uitkering en werk gaan eerder weg."),
        "brief": _of_case("Brieven: aan wie, waarheen en wanneer."),
        "brief_bestand": _of_case("De PDF van een verstuurde brief."),
        "klaargezette_brief": _of_case("Brieven die werden klaargezet, met hun PDF."),
        "inlichtingenverzoek": _of_case("Vragen over de betrokkene aan anderen."),
        "bron": _of_case("Geraadpleegde bronnen."),
        "contact": _of_case("Contactpogingen en contactmomenten."),
        "terugbelverzoek": _of_case("Terugbelverzoeken, met telefoonnummer."),
        "huisbezoek": _of_case("Huisbezoeken zoals ze zijn afgelegd."),
        "bezoekverslag_rest": _of_case("Een deel van een verslag dat nog een plek zocht."),
        "document": _of_case("Documenten. Het bestand gaat weg als geen ander dossier het ook heeft."),
        "ontvangen_stuk": _of_case("Stukken die met een overdracht meekwamen."),
        "walaa_vastlegging": _of_case("Welk antwoord in WALAA is gezet."),
        "aangifte": _of_case("Aangiften van verblijf en adres."),
        "bezwaar": _of_case("Bezwaren en beslissingen daarop."),
        "leerpunt": _of_case("Wat de zaak leerde. Wat in een sessie is besproken, blijft daar zonder dossier staan."),
        "rectificatie": _of_case("Verzoeken om rectificatie."),
        "bijvangst": _of_case("Wat op het adres nog meer bleek."),
        "bewaarplicht": _of_case("Bewaarplichten die zijn opgeheven. Een die nog geldt, houdt het dossier tegen."),
        "zaaksysteem_zaak": _of_case(
            "Hoe ver het zaaksysteem van de gemeente de zaak kent. Wat daar staat, vernietigt de gemeente zelf."
        ),
        "signal": Fate(
            Lot.SIGNAAL,
            "Het signaal. Uitkering, werkgever, periode en toelichting gaan al een jaar na de sluiting weg, als "
            "geen dossier "
            "erop steunt. Een ingetrokken signaal gaat zoals elk ander.",
        ),
        "signal_change": Fate(Lot.SIGNAAL, "Wijzigingen en intrekkingen van een signaal."),
        "terugkoppeling_regel": Fate(Lot.SIGNAAL, "Wat UWV over het signaal is verteld."),
        "opbrengst": Fate(Lot.SIGNAAL, "Wat UWV met een resultaat deed, met het bedrag."),
        "bezoek": Fate(Lot.ADRES, "Geplande huisbezoeken: adres, wie gaan, en wat over veiligheid bekend was."),
        "bezoekverslag": Fate(Lot.ADRES, "Dat een verslag binnenkwam en wat er in elke zaak mee gebeurde."),
        "zorgsignaal": Fate(Lot.ADRES, "Waarheen een zorg over bewoners is gebracht."),
        "rejected_row": Fate(
            Lot.BESTANDEN,
            "Afgekeurde en dubbele rijen: de cellen gaan weg met het bestand waarin ze stonden. Regelnummer, "
            "signaalnummer en "
            "codes blijven, zodat de aantallen kloppen.",
        ),
        "upload": Fate(Lot.BESTANDEN, "Waar de bytes van een levering liggen."),
        "opbrengst_load": Fate(Lot.BESTANDEN, "Een opbrengstbestand met zijn afgewezen rijen; de aantallen blijven."),
        "terugkoppeling_bestand": Fate(
            Lot.BESTANDEN, "De bestanden van een terugkoppeling; naam en controlegetal blijven."
        ),
        "bezorging": Fate(Lot.BESTANDEN, "Het versleutelde bestand op weg naar UWV; dat het is bezorgd, blijft."),
        "audit": Fate(Lot.LOGBOEK, "Wie wat deed. Genoemd wordt het nummer van een zaak, nooit een persoon."),
        "logboek_dataverwerking": Fate(
            Lot.LOGBOEK,
            "Over wie een verwerking ging, onder een pseudoniem. Dat is met de sleutel van de service uit een BSN "
            "te maken, maar "
            "niet terug te rekenen. Het blijft twintig jaar, ook als het dossier weg is: de wet vraagt dat.",
        ),
        "audit_zegel": Fate(Lot.LOGBOEK, "De zegels van de keten.", personal=False),
        "audit_beginpunt": _stays("Waar elke keten begint, nadat het oudste deel wegging."),
        "logboek_aflevering": _stays("Hoe ver het logboek elders is afgeleverd."),
        "idempotentie": Fate(
            Lot.VERLOOPT,
            "Antwoorden van de API en verstuurde formulieren: zeven dagen, en met het dossier als dat eerder gaat.",
        ),
        "websessie": Fate(Lot.VERLOOPT, "Aanmeldingen van medewerkers, tot ze eindigen.", personal=False),
        "aanmelding_onderweg": Fate(Lot.VERLOOPT, "Aanmeldingen die halverwege zijn: tien minuten.", personal=False),
        "aanmeldpoging": Fate(Lot.VERLOOPT, "Mislukte aanmeldingen, zonder naam: een maand.", personal=False),
        "mailbericht": Fate(
            Lot.VERLOOPT, "Dag- en weekberichten aan medewerkers, met nummers van zaken: een jaar.", personal=False
        ),
        "abonnement_bericht": Fate(
            Lot.VERLOOPT, "Berichten aan abonnees, met nummers van zaken: dertig dagen na bezorgen.", personal=False
        ),
        "gang": Fate(Lot.VERLOOPT, "Hoe de service liep, per minuut en per uur: acht dagen.", personal=False),
        "werk_teken": Fate(Lot.VERLOOPT, "Hoe ver werk is: weg als het klaar is.", personal=False),
        "werk_stop": Fate(Lot.VERLOOPT, "Wie vroeg om werk te stoppen: weg als het klaar is.", personal=False),
        "werk": _stays("Wat aan een lading is gedaan, met het controlegetal van wat gelijk bleef."),
        "load": _stays("Ladingen: aantallen, met daarbij hoeveel er is vernietigd."),
        "delivery": _stays("Nummers van leveringen."),
        "terugkoppeling": _stays("Nummers en aantallen van terugkoppelingen."),
        "vernietigingslijst": _stays("Wat is voorgesteld, goedgekeurd en vernietigd, door wie."),
        "vernietigingsregel": _stays("De regels daarvan: nummers van zaken, ladingen en signalen."),
        "verklaring_van_vernietiging": _stays("De verklaringen. De database laat ze niet wijzigen of verwijderen."),
        "te_wissen_bestand": _stays("Namen van bestanden die nog gewist worden; leeg zodra dat is gebeurd."),
        "grondslag_verstrekking": _stays("Grondslagen om resultaten te geven."),
        "instelling": _stays("Instellingen met hun geldigheid."),
        "municipality": _stays("Landelijke tabel 33."),
        "participant": _stays("Gemeenten die meedoen."),
        "number_series": _stays("Laatst gegeven nummers."),
        "gebruiker": _stays(
            "Medewerkers. Zij worden uitgeschakeld, niet verwijderd: hun naam staat bij wat zij deden."
        ),
        "gebruiker_rol": _stays("Rollen van medewerkers."),
        "api_token": _stays("Controlegetallen van tokens."),
        "tweede_factor": _stays("Gekoppelde apps met codes, verzegeld."),
        "bewaarde_lijst": _stays("Bewaarde keuzes voor de werklijst: fasen en data, geen zaken."),
        "zaaksysteem": _stays("De lijn naar het zaaksysteem van een gemeente."),
        "abonnement": _stays("Adressen van abonnees, met hun geheim, verzegeld."),
        "klokdag": _stays("Welke nachttaak op welke dag is gedaan."),
        "klokronde": _stays("Hoe elke taak van de klok de laatste keer ging."),
        "omvang": _stays("Aantallen zaken en de grootte van de database."),
        "sessie": _stays("Sessies van organisaties."),
        "sessie_levering": _stays("Over welke leveringen een sessie gaat."),
        "sessie_deelnemer": _stays("Welke organisaties meedoen."),
        "sessie_vraag": _stays("Vragen voor een sessie; een BSN wordt geweigerd."),
        "sessie_leerpunt": _stays("Wat over een leerpunt is gezegd, zonder dossier."),
        "sessie_actie": _stays("Afspraken."),
        "sessie_pakket": _stays("Gepubliceerde pakketten: cijfers, die niet meer veranderen."),
        "sessie_pakket_bestand": _stays("De bestanden daarvan."),
    }
)
"""By the name of each table."""

PERSONAL = tuple(name for name, fate in TABLES.items() if fate.personal)
"""The tables in which data of persons lie: what is freed in them is overwritten."""

FOLDERS: Mapping[str, str] = MappingProxyType(
    {
        "ontvangen": "Aangeleverde bestanden: drie maanden na bevestiging van ontvangst.",
        "bevindingen": "Wat een controle vond: met het bestand, of een dag nadat het is geladen.",
        "documenten": "Documenten van dossiers: met het laatste dossier dat het document heeft.",
        "terugkoppelingen": (
            "Wat rni feedback make schreef: met de terugkoppeling. Wie een andere map kiest, ruimt die zelf op."
        ),
        "afdrukken": "Dossiers terwijl ze worden gemaakt: meteen weg; na een storing de nacht erna.",
        "werk": "Hoe ver werk is: weg als het klaar is.",
        "logboek": "Ketenkoppen van het logboek: geen gegevens van personen.",
        "vernietigd": "Het journaal van vernietiging: nummers. Het blijft; bewaar een kopie apart van de back-ups.",
        "fouten.log": "Technische meldingen zonder persoonsgegevens. Wie de service draait, gooit oude meldingen weg.",
    }
)
"""By the name of what lies in the data directory."""
