"""The glossary: what each Dutch term means and where it comes from; shown at /begrippen and in the README."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """A term, its meaning in plain Dutch, and the statute, circular or page it comes from."""

    term: str
    meaning: str
    basis: str


TERMS: tuple[Term, ...] = tuple(
    Term(*row)
    for row in (
        ("aangehouden", "Het onderzoek wacht op iets; de wettelijke termijnen lopen door.", "Circulaire 6"),
        ("aangifte", "Iemand meldt zelf dat hij in Nederland woont, en waar.", "Wet BRP 2.38"),
        (
            "aanschrijving",
            "Brief waarin de gemeente op de plicht tot aangifte wijst en om gegevens vraagt.",
            "Wet BRP 2.47; Circulaire 4.3",
        ),
        ("adresgroep", "De open zaken op hetzelfde huidige adres; zij delen de huisbezoeken.", "Circulaire 3.2"),
        (
            "adresonderzoek",
            "Onderzoek naar de vraag of, en waar, iemand in de gemeente woont.",
            "Circulaire Adresonderzoek BRP",
        ),
        ("adresbron", "Waar het vermoede adres vandaan komt: TVA, UWV of werkgever.", "Levering uwv_2026_1"),
        ("ambtshalve", "Door de gemeente zelf, zonder aangifte.", "Wet BRP 2.19 lid 3"),
        ("bekendmaking", "Het moment waarop een besluit de betrokkene bereikt: de verzending.", "Awb 3:41"),
        ("beslisser", "Wie het besluit neemt; nooit dezelfde persoon als wie het voornemen verstuurde.", "Awb 10:3"),
        ("besluit", "De beslissing om iemand in te schrijven, open voor bezwaar.", "Wet BRP 2.60"),
        ("bezwaar", "Het bezwaar van de betrokkene tegen een besluit, binnen zes weken.", "Awb 6:7"),
        (
            "bezoekbeleid",
            "Hoeveel huisbezoeken nodig zijn voor 'onbekend op adres', en hoeveel daarvan buiten kantooruren.",
            "Circulaire 4.5; instelling van de gemeente",
        ),
        ("bijvangst", "Wat er op een adres nog meer werd gevonden, buiten het signaal.", "LAA Magazine 2020/23"),
        ("briefadres", "Adres waar iemand post ontvangt als hij geen woonadres heeft.", "Wet BRP 2.23"),
        ("bron", "Een geraadpleegde vindplaats van feiten; minstens twee van verschillende soort.", "Circulaire 4.4"),
        ("bsn", "Burgerservicenummer: negen cijfers die aan de elfproef voldoen.", "Logisch Ontwerp BRP 01.20"),
        ("contactmoment", "Een contact waarbij de persoon werkelijk is bereikt.", "Circulaire 3.2"),
        ("contactpoging", "Een poging om de persoon te bereiken.", "Circulaire 3.2"),
        ("eerste antwoord", "Het antwoord aan de LAA binnen vier weken na ontvangst.", "Besluit BRP 28g"),
        ("fase", "Waar een zaak staat op het wettelijke pad.", "Procedure"),
        (
            "grondslag",
            "De wettelijke weg waarlangs een signaal of verstrekking gaat.",
            "Wet BRP 2.34, 2.37; Besluit SUWI 5.9",
        ),
        (
            "huisbezoek",
            "Bezoek aan het adres; binnentreden alleen met toestemming van de bewoner.",
            "Wet BRP 4.2; Awb 5:15; Awbi 1",
        ),
        (
            "indicatie geheim",
            "Aanduiding dat gegevens niet aan derden mogen worden gegeven.",
            "Logisch Ontwerp BRP 07.70.10",
        ),
        (
            "ingangsdatum",
            "De dag vanaf welke iemand ingezetene is: de dag van aangifte of van het voornemen.",
            "Wet BRP 2.19 lid 4",
        ),
        ("ingezetene", "Wie als inwoner van een gemeente in de BRP staat.", "Wet BRP 1.1"),
        ("kick-off", "Bijeenkomst rond het begin van een levering, over waar zij over gaat.", "LAA Magazine 2020/23"),
        (
            "LAA",
            "Landelijke Aanpak Adreskwaliteit: levert signalen over adressen aan gemeenten.",
            "Wet BRP 2.37a-2.37g",
        ),
        ("lading", "Een keer inlezen van een bestand, met een eigen ladingnummer.", "Levering uwv_2026_1"),
        (
            "leerpunt",
            "Wat een zaak leert over het signaal of de werkinstructie, zonder persoonsgegevens.",
            "LAA Magazine 2020/23",
        ),
        ("levering", "Een partij signalen van UWV, met een leveringsnummer.", "Levering uwv_2026_1"),
        ("nadere inlichtingen", "Gegevens die de gemeente bij anderen opvraagt.", "Wet BRP 2.47, 2.50; Circulaire 4.4"),
        ("opbrengst", "Wat UWV met een teruggekoppeld resultaat deed, in euro per soort.", "LAA Magazine 2019/19"),
        ("opvolging", "Het deel van de zaken dat is opgepakt.", "Cijfers"),
        ("peildatum", "De dag tot en met welke telt wat is vastgelegd.", "Cijfers"),
        ("persoonslijst", "Alle gegevens van een persoon in de BRP.", "Wet BRP 1.1"),
        ("resultaat", "Hoe een zaak is geëindigd.", "Wet BRP 2.37e"),
        ("rni", "Registratie Niet-Ingezetenen: het deel van de BRP over wie hier niet woont.", "Wet BRP 2.64-2.78"),
        (
            "sessie",
            "Bijeenkomst van gemeenten, UWV en anderen over leveringen: kick-off, werksessie of evaluatiesessie.",
            "LAA Magazine 2020/23",
        ),
        ("stand", "Wat er nu over een signaal aan UWV te vertellen is.", "Terugkoppeling 2026_1"),
        (
            "signaal",
            "De melding dat iemand in de RNI langer dan vier maanden in Nederland lijkt te wonen.",
            "Wet BRP 2.37d",
        ),
        ("terugbelverzoek", "Een verzoek om gebeld te worden; staat open tot er is teruggebeld.", "Werkafspraak"),
        ("terugkoppeling", "De levering waarin UWV hoort wat er met elk signaal gebeurde.", "Wet BRP 2.37e lid 3"),
        ("termijn", "De tijd tot de dag waarop iets klaar moet zijn of binnen moet zijn.", "Procedure"),
        ("terugmelding", "Melding van twijfel aan een gegeven in de BRP.", "Wet BRP 2.34"),
        (
            "toezichthouder",
            "Wie is aangewezen om toe te zien op de plichten van burgers; legt huisbezoeken af.",
            "Wet BRP 4.2",
        ),
        ("trefkans", "Het deel van de onderzochte zaken dat tot inschrijving leidde.", "LAA Magazine 2019/19"),
        ("TVA", "Tijdelijk verblijfsadres in Nederland, zoals bekend in de RNI.", "Wet BRP 2.69"),
        ("vier ogen", "Twee verschillende mensen: een voor het voornemen, een voor het besluit.", "Awb 10:3 lid 3"),
        ("vooronderzoek", "Wat de gemeente in eigen bronnen nagaat voor zij iemand benadert.", "Circulaire 4.1"),
        (
            "voornemen",
            "Brief met wat de gemeente van plan is, waarop de betrokkene kan reageren.",
            "Awb 4:8; Circulaire 4.6",
        ),
        ("WALAA", "De webapplicatie van de LAA waarin de gemeente haar antwoorden geeft.", "Circulaire 4.1"),
        (
            "werksessie",
            "Bijeenkomst ongeveer een maand na een levering, over de eerste ervaringen.",
            "LAA Magazine 2020/23",
        ),
        ("evaluatiesessie", "Bijeenkomst aan het einde, over wat het heeft opgeleverd.", "LAA Magazine 2020/23"),
        ("zienswijze", "De reactie van de betrokkene op een voornemen.", "Awb 4:8"),
        ("zaak", "Het onderzoek naar een persoon in een gemeente.", "Circulaire 3.2"),
    )
)
