"""What can be found wrong: of each code what it means and what to do, for people; docs/beheer/controle.md shows all."""

from collections.abc import Mapping
from dataclasses import dataclass

_BACK_UP = "Zet de database en de bestanden samen terug uit de laatste back-up waarin dit niet voorkomt"
_MAINTAINER = "Is dat er niet, meld het dan aan de makers met de code en het nummer"


@dataclass(frozen=True)
class Code:
    """`wat`: what is not as it should be, said of the place that stands beside it. `doen`: how it is mended."""

    wat: str
    doen: str


CODES: Mapping[str, Code] = {
    # the database itself
    "database_beschadigd": Code(
        "Het databasebestand is beschadigd.",
        f"Stop de service. {_BACK_UP}. Laat de schijf nakijken.",
    ),
    "schema_wijkt_af": Code(
        "Een tabel, kolom of regel van de database is anders dan deze versie haar maakt.",
        "Herstel het als eigenaar van de tabellen zoals de migratie het maakt (service/migrations/versions). Weet u "
        "niet wie dit wijzigde, ga dat dan eerst na.",
    ),
    "index_ontbreekt": Code(
        "Een index ontbreekt of is ongeldig. Lijsten worden dan traag, en dubbele rijen kunnen erdoor.",
        "Maak de index als eigenaar van de tabellen opnieuw, zoals de migratie het doet. Draai daarna deze controle "
        "nog eens.",
    ),
    "wachter_ontbreekt": Code(
        "De database bewaakt een regel niet meer die zij hoort te bewaken (trigger).",
        "Maak de trigger als eigenaar van de tabellen opnieuw, of zet hem aan. Ga na wie hem weghaalde, en wat er "
        "sindsdien in die tabel is veranderd.",
    ),
    "rijbeveiliging_wijkt_af": Code(
        "De beveiliging per rij van een tabel staat uit of is anders dan de migraties haar maken. De database houdt de "
        "gemeenten dan niet uit elkaar.",
        "Zet haar als eigenaar weer aan: ALTER TABLE naam ENABLE ROW LEVEL SECURITY, hetzelfde met FORCE, en maak de "
        "policy zoals in de migratie. Ga na wie haar wijzigde.",
    ),
    "verwijzing_los": Code(
        "Een rij verwijst naar iets dat er niet is.",
        f"{_BACK_UP}. {_MAINTAINER}.",
    ),
    "nummers_wijken_af": Code(
        "In een reeks nummers ontbreekt er een, komt er een dubbel voor, of is er een hoger dan het laatst gegeven.",
        f"Ga in het logboek na wat er met het nummer gebeurde. {_BACK_UP} als er rijen weg zijn.",
    ),
    "controle_afgebroken": Code(
        "Deze controle kon niet worden afgemaakt.",
        "Los eerst de andere bevindingen op en draai de controle opnieuw. Blijft het, stuur dan de technische melding "
        "in het logboek van de service aan de makers.",
    ),
    # cases
    "gebeurtenissen_onvolledig": Code(
        "De gebeurtenissen van deze zaak lopen niet van 1 tot en met haar versie.",
        f"{_BACK_UP}. Wijzig de versie niet met de hand.",
    ),
    "opening_dubbel": Code(
        "In deze zaak is nog niets gebeurd, en toch heeft zij al rijen van een gebeurtenis of koppeling.",
        f"Zet geen stap in deze zaak. {_BACK_UP}. {_MAINTAINER}.",
    ),
    "stap_onmogelijk": Code(
        "Een gebeurtenis begint in een andere fase dan waarin de vorige eindigde, of gaat een weg die niet in de "
        "procedure staat.",
        f"Vergelijk het verloop van de zaak met haar brieven. {_BACK_UP}.",
    ),
    "stand_wijkt_af": Code(
        "De stand van deze zaak is een andere dan haar laatste gebeurtenis zegt.",
        f"De gebeurtenissen gaan voor. Zet geen stap in deze zaak. {_BACK_UP}.",
    ),
    "verloop_wijkt_af": Code(
        "De data van het verloop van deze zaak volgen niet uit haar gebeurtenissen. Cijfers kloppen dan niet.",
        f"De gebeurtenissen gaan voor. {_BACK_UP}. {_MAINTAINER}.",
    ),
    "zaak_tegenstrijdig": Code(
        "De gegevens van deze zaak spreken elkaar tegen.",
        f"Vergelijk de zaak met haar verloop. {_BACK_UP}.",
    ),
    "zaak_dubbel_open": Code(
        "Over dezelfde persoon lopen in dezelfde gemeente twee zaken, en niemand is gevraagd er een te sluiten.",
        "Laat een behandelaar van de gemeente in een van beide verdergaan en de andere sluiten.",
    ),
    "adressleutel_wijkt_af": Code(
        "De sleutel waarmee huisgenoten worden gevonden past niet bij het adres.",
        f"Wijzig het adres van de zaak met de stap 'wijzig adres' als het niet klopt. Klopt het wel: {_BACK_UP}.",
    ),
    "gemeente_wijkt_af": Code(
        "In het dossier ligt een rij die van een andere gemeente is dan de zaak.",
        f"{_BACK_UP}. Ga na of de andere gemeente de rij heeft gezien: dat kan een datalek zijn.",
    ),
    "bezwaar_wijkt_af": Code(
        "De zaak is in bezwaar zonder open bezwaar, of heeft een open bezwaar zonder in bezwaar te zijn.",
        f"Vergelijk de zaak met haar verloop. {_BACK_UP}.",
    ),
    # terms
    "termijn_wijkt_af": Code(
        "Een termijn eindigt op een andere dag dan volgt uit haar begin, haar lengte en de dagen aanhouding.",
        "Reken de termijn na met rni deadline. Is er sindsdien een vrije dag aangewezen, verleng de termijn dan met de "
        f"stap daarvoor. Anders: {_BACK_UP}.",
    ),
    "termijn_ontbreekt": Code(
        "Een stap die een termijn begint is gezet, maar de termijn is er niet.",
        f"Bewaak de termijn met de hand. {_BACK_UP}.",
    ),
    "termijn_tegenstrijdig": Code(
        "Een termijn loopt dubbel, loopt nog in een gesloten zaak, of is beëindigd zonder dat er staat hoe.",
        f"Vergelijk de termijnen met het verloop. {_BACK_UP}.",
    ),
    "eerste_termijn_wijkt_af": Code(
        "De termijn waarop de werklijst deze zaak zet is niet de termijn die het eerst eindigt.",
        f"Kijk in de zaak zelf welke termijn het eerst eindigt. {_BACK_UP}. {_MAINTAINER}.",
    ),
    # signals
    "signaal_zonder_zaak": Code(
        "Aan een geaccepteerd signaal werkt geen zaak. UWV krijgt er dan nooit iets over te horen.",
        f"{_BACK_UP}. Kan dat niet, vraag UWV dan om het signaal onder een nieuw nummer te leveren.",
    ),
    "signaal_in_meer_zaken": Code(
        "Aan een geaccepteerd signaal werkt meer dan een zaak. UWV kan er dan twee antwoorden over krijgen.",
        f"Maak geen terugkoppeling tot dit is hersteld. {_BACK_UP}.",
    ),
    "signaal_andere_gemeente": Code(
        "Een signaal ligt bij een andere gemeente dan waarvoor het kwam, zonder overdracht.",
        f"{_BACK_UP}. Ga na wie de zaak heeft gezien: dat kan een datalek zijn.",
    ),
    "signaal_andere_persoon": Code(
        "Een signaal hangt aan een zaak over een andere persoon.",
        f"Zet geen stap in deze zaak. {_BACK_UP}.",
    ),
    # loads
    "lading_telt_niet_op": Code(
        "De vijf uitkomsten van een lading zijn samen niet het aantal geleverde rijen.",
        f"Vergelijk met het verwerkingsverslag. {_BACK_UP}.",
    ),
    "lading_wijkt_af": Code(
        "Van een lading zijn er meer of minder rijen dan zij telde.",
        f"Vergelijk met het verwerkingsverslag. {_BACK_UP}.",
    ),
    "opbrengst_wijkt_af": Code(
        "Een opbrengst telt niet op, heeft andere rijen dan zij telde, of haar bestand is veranderd.",
        f"Laat UWV het bestand opnieuw geven en vergelijk. {_BACK_UP}.",
    ),
    # feedback
    "terugkoppeling_telt_niet_op": Code(
        "De regels van een terugkoppeling zijn niet genummerd van 1 tot en met haar aantal, of haar staat past niet "
        "bij wat erover is vastgelegd.",
        f"Vergelijk met het CSV-bestand dat UWV kreeg; dat is leidend. {_BACK_UP}.",
    ),
    "terugkoppeling_dubbel": Code(
        "Over een signaal is twee keer hetzelfde verteld.",
        "Leg UWV voor welke van de twee regels vervalt, en leg de weigering van die regel vast.",
    ),
    "terugkoppeling_regel_wijkt_af": Code(
        "Een regel van een terugkoppeling past niet bij het signaal waarover hij gaat, of bij wat hij vervangt.",
        f"Vergelijk met het CSV-bestand dat UWV kreeg; dat is leidend. {_BACK_UP}.",
    ),
    "terugkoppeling_bestand_gewijzigd": Code(
        "Een bestand van een terugkoppeling ontbreekt, of is niet meer het bestand dat is gemaakt.",
        f"Verzend het niet. {_BACK_UP}, of vraag UWV om het bestand dat daar ligt.",
    ),
    "terugkoppeling_bestand_wijkt_af": Code(
        "In het bestand van een terugkoppeling staat iets anders dan in haar regels.",
        f"Het bestand is wat UWV kreeg, en gaat voor. Maak geen volgende terugkoppeling. {_BACK_UP}.",
    ),
    "afstemming_klopt_niet": Code(
        "In de afstemming met UWV telt niet elk geaccepteerd signaal precies een keer.",
        "Los eerst de bevindingen over signalen op; deze volgt daaruit.",
    ),
    "bezorging_wijkt_af": Code(
        "Van een bezorgd bestand staat niet vast dat UWV de bytes van deze terugkoppeling kreeg.",
        "Vergelijk de sha256 met het bestand op de server van UWV, en bezorg het zo nodig opnieuw.",
    ),
    # what was written down of who did what
    "logboek_geschonden": Code(
        "Het logboek is niet meer zoals het werd geschreven.",
        "Volg de stappen bij rni audit verify, en meld het aan wie over de beveiliging gaat.",
    ),
    "ketenkoppen_weg": Code(
        "Het bestand met de ketenkoppen is weg. Zo is niet te zien of aan het eind van het logboek regels ontbreken.",
        "Zet het terug uit de back-up, of geef een kopie met rni audit verify --koppen.",
    ),
    "verwerking_niet_vastgelegd": Code(
        "Van een handeling met persoonsgegevens staat geen regel in het Logboek Dataverwerkingen.",
        f"Leg vast wiens gegevens het waren, voor een verzoek om inzage. {_BACK_UP}.",
    ),
    "verwerking_zonder_handeling": Code(
        "Een regel in het Logboek Dataverwerkingen hoort bij geen handeling in het logboek.",
        f"Ga na of er regels uit het logboek zijn verdwenen (rni audit verify). {_BACK_UP}.",
    ),
    # files and contents
    "bestand_weg": Code(
        "Een bestand dat in RNI_DATA_DIR hoort te liggen is er niet.",
        "Zet het bestand terug uit de back-up van RNI_DATA_DIR, onder dezelfde naam.",
    ),
    "bestand_gewijzigd": Code(
        "Een bestand in RNI_DATA_DIR is veranderd sinds het binnenkwam.",
        "Zet het bestand terug uit de back-up van RNI_DATA_DIR. Ga na wie er bij de map kan.",
    ),
    "bestand_onbekend": Code(
        "In RNI_DATA_DIR ligt al langer dan twee dagen een bestand waarvan geen rij weet.",
        "Kijk of rni clock draait: die wist zulke bestanden elke nacht. Is de database teruggezet uit een back-up, zet "
        "dan ook de bestanden van hetzelfde moment terug.",
    ),
    "stuk_gewijzigd": Code(
        "Een brief of stuk in de database is niet meer zoals het werd bewaard.",
        f"{_BACK_UP}. Vergelijk met de brief die de betrokkene kreeg.",
    ),
    "brief_ontbreekt": Code(
        "Van een verzonden brief ontbreekt de brief zelf, zijn bestand of zijn nummer.",
        f"{_BACK_UP}.",
    ),
    "pakket_gewijzigd": Code(
        "Een gepubliceerd pakket van een sessie is niet volledig of niet meer zoals het is gepubliceerd.",
        f"{_BACK_UP}. Publiceer anders een nieuw pakket, met als reden dat het vorige veranderd is.",
    ),
    # what lies sealed
    "verzegeling_onleesbaar": Code(
        "Iets dat verzegeld ligt gaat met geen van de sleutels open.",
        "Zet alle eerdere sleutels in RNI_SECRET_KEYS. Staan ze er, dan is de waarde veranderd: "
        "zet de database terug uit de back-up.",
    ),
    "verzegeling_wijkt_af": Code(
        "Een verzegeld nummer gaat open, maar ligt er anders dan het wordt gezocht. De persoon is niet te vinden.",
        "Voer uit: rni keys rotate, met een nieuwe sleutel vooraan. Blijft het, zet de database terug uit de back-up.",
    ),
    "persoon_onder_twee_sleutels": Code(
        "Zaken van een persoon liggen onder verschillende sleutels. Zij worden dan niet bij elkaar gevonden.",
        "Voer uit: rni keys rotate.",
    ),
    # what waits
    "werk_staat_stil": Code(
        "Werk wacht of loopt, en geeft al lang geen teken van leven.",
        "Kijk of rni serve draait, en op PostgreSQL ook rni worker: die neemt het werk weer op. Blijft het, stop het "
        "werk op de pagina waar het is gevraagd.",
    ),
    "bezorging_staat_stil": Code(
        "Een bestand voor UWV had al bezorgd of opnieuw geprobeerd moeten zijn.",
        "Kijk of rni clock draait, en probeer de verbinding met rni feedback connection.",
    ),
    "bericht_staat_stil": Code(
        "Een bericht had al verzonden of opnieuw geprobeerd moeten zijn.",
        "Kijk of rni clock draait en of de mailserver antwoordt.",
    ),
    "koppeling_staat_stil": Code(
        "Wat een ander systeem moet horen, had al verteld of opnieuw geprobeerd moeten zijn.",
        "Kijk of rni clock draait, en wat er bij rni connector list staat.",
    ),
    "koppeling_wijkt_af": Code(
        "Wat een ander systeem volgens ons weet, past niet bij de zaak of bij de staat van het bericht.",
        f"Vergelijk de zaak met wat daar staat. {_BACK_UP}.",
    ),
    "klok_loopt_voor": Code(
        "Van een taak van de klok staat dat zij al is gedaan op een dag die nog moet komen. Tot die dag blijft zij "
        "liggen.",
        "Zet de tijd van de machine goed. Is de dag nog ver weg, vraag dan de makers hoe de taak weer begint.",
    ),
    # what was destroyed
    "vernietigingslijst_wijkt_af": Code(
        "De staat van een vernietigingslijst past niet bij haar regels, haar goedkeuring of haar verklaring.",
        f"Ga in het logboek na wie de lijst maakte, goedkeurde en uitvoerde. {_BACK_UP}.",
    ),
    "verklaring_gewijzigd": Code(
        "Een verklaring van vernietiging is niet meer zoals zij werd opgemaakt, of noemt iets anders dan haar lijst.",
        f"Vergelijk met de verklaring in het archief van de gemeente. {_BACK_UP}. Ga na wie haar wijzigde.",
    ),
    "journaal_gewijzigd": Code(
        "Het journaal van vernietiging is niet meer zoals het werd geschreven.",
        "Zet de kopie terug die u apart van de back-ups bewaart. Ga na wie er bij de map kan.",
    ),
    "journaal_onvolledig": Code(
        "Wat hier is vernietigd, staat niet of anders in het journaal van vernietiging. Na het terugzetten van een "
        "back-up zou het dan blijven staan.",
        "Zet de kopie van het journaal terug die u apart van de back-ups bewaart. Mist de regel ook daar, bewaar dan "
        "de verklaring bij de back-ups en meld het aan de makers.",
    ),
    "vernietigd_en_aanwezig": Code(
        "Iets is vernietigd en is er toch weer.",
        "Is er een back-up teruggezet, voer dan uit: rni retention repeat, met het journaal. Anders: ga in het logboek "
        "na hoe het er kwam, en meld het aan de makers.",
    ),
    "vernietiging_onvolledig": Code(
        "Iets is als vernietigd vastgelegd, en er is nog een deel van.",
        "Laat er niemand meer naar kijken, en ga na hoe het er kwam: dat kan een datalek zijn. Meld het aan de makers "
        "met de code en het nummer.",
    ),
    "vernietigd_bestand_aanwezig": Code(
        "Een bestand dat is vernietigd ligt er weer.",
        "Verwijder het bestand. Ga na wie het terugzette, en of er nog meer kopieën zijn.",
    ),
    "vernietiging_staat_stil": Code(
        "Een vernietiging waarmee is begonnen, is na twee dagen nog niet klaar.",
        "Kijk of rni clock en rni worker draaien en of de service in RNI_DATA_DIR mag wissen. Voer de lijst daarna "
        "opnieuw uit: rni retention destroy.",
    ),
    # what the beheerder laid down
    "geldigheid_overlapt": Code(
        "Twee waarden gelden op dezelfde dag, of een waarde eindigt voor zij begint.",
        "Leg met rni setting, rni basis of rni participant vast welke geldt, en vanaf wanneer.",
    ),
    "instelling_ongeldig": Code(
        "Een vastgelegde instelling bestaat niet, of haar waarde kan niet.",
        "Leg met rni setting set een geldige waarde vast.",
    ),
    "gemeentetabel_wijkt_af": Code(
        "De landelijke tabel 33 ontbreekt, is niet volledig, of kent een gemeente niet die hier voorkomt.",
        "Laad de officiële tabel opnieuw: rni municipalities load.",
    ),
    "rol_ongeldig": Code(
        "Een rol van een gebruiker mist zijn gemeente, heeft er een te veel, of staat er dubbel.",
        "Geef de gebruiker zijn rollen opnieuw met rni user change.",
    ),
}  # fmt: skip
"""By the word for scripts."""
