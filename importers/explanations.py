"""What people read about a code: one Dutch sentence each, that names the column and how to mend the cell."""

import re
from collections.abc import Mapping

_ROW = {
    "verplicht_leeg": "Kolom {column} is leeg, maar verplicht. Vul de cel.",
    "te_lang": "De tekst in kolom {column} is te lang. Kort de tekst in: {advice}.",
    "ongeldig_teken": "In kolom {column} staat een onzichtbaar stuurteken. Typ de tekst opnieuw.",
    "bsn_ongeldig": (
        "Kolom {column} is geen geldig burgerservicenummer (9 cijfers die aan de elfproef voldoen). "
        "Controleer het nummer."
    ),
    "datum_ongeldig": "Kolom {column} is geen geldige datum. Schrijf {advice}.",
    "datum_in_toekomst": "De datum in kolom {column} ligt in de toekomst. Controleer de datum.",
    "postcode_ongeldig": (
        "Kolom {column} is geen geldige postcode. Schrijf 4 cijfers en 2 letters, bijvoorbeeld 3181JJ."
    ),
    "gemeentecode_onbekend": (
        "De gemeente in kolom {column} bestond niet op de datum van het signaal. Vul in: {advice}."
    ),
    "gemeentecode_rni": "Kolom {column} is 1999 (de RNI zelf). Vul de gemeente van het vermoedelijke adres in.",
    "huisnummer_ongeldig": (
        "Kolom {column} is geen huisnummer van 1 tot en met 99999. Zet letters en toevoegingen in hun eigen kolom."
    ),
    "huisletter_ongeldig": "Kolom {column} is niet één letter. Zet een toevoeging in de kolom huisnummertoevoeging.",
    "nummeraanduiding_ongeldig": (
        "Kolom {column} is geen nummeraanduiding van de BAG (16 cijfers, het 5e en 6e cijfer zijn 20). "
        "Verbeter de cel of maak haar leeg."
    ),
    "code_onbekend": "De code in kolom {column} is onbekend. Gebruik {advice}.",
    "emailadres_ongeldig": "Kolom {column} is geen e-mailadres. Verbeter de cel of maak haar leeg.",
    "telefoonnummer_ongeldig": (
        "Kolom {column} is geen telefoonnummer. Schrijf 10 cijfers of + met de landcode, of maak de cel leeg."
    ),
    "loonheffingennummer_ongeldig": (
        "Kolom {column} is geen loonheffingennummer (9 cijfers, L, 2 cijfers). Verbeter de cel of maak haar leeg."
    ),
    "signaalnummer_ongeldig": "Kolom {column} is geen geldig signaalnummer. Gebruik {advice}.",
    "leveringsnummer_ongeldig": "Kolom {column} is geen geldig leveringsnummer. Schrijf {advice}.",
    "einde_voor_begin": "De datum in kolom {column} ligt niet na het begin. Controleer beide datums.",
    "uitkeringssoort_ontbreekt": "Bij de aanleiding UITKERING hoort een soort. Vul kolom {column}: {advice}.",
    "adres_onvolledig": (
        "Er is geen volledig adres. Vul naast het huisnummer de postcode, of de straatnaam en de woonplaats."
    ),
    "te_veel_cellen": (
        "Rechts van de laatste kolom staan nog gevulde cellen. Controleer of de rij verschoven is en maak die"
        " cellen leeg."
    ),
    "gemeente_doet_niet_mee": "De gemeente in kolom {column} doet niet mee aan dit project. Laat de rij weg.",
    "leveringsnummer_wijkt_af": (
        "Het leveringsnummer in kolom {column} is anders dan in de eerste rij. Zet één levering in één bestand."
    ),
    "signaalnummer_dubbel_in_levering": (
        "Het signaalnummer in kolom {column} staat al eerder in dit bestand. Laat één rij staan of geef een "
        "eigen nummer."
    ),
    "signaal_bestaat_al_anders": (
        "Onder dit signaalnummer is al een signaal geladen met een andere inhoud. Is dit een wijziging daarvan, lever "
        "haar dan aan met mutatiesoort W. Is dit een ander signaal, lever het dan aan onder een nieuw nummer; het "
        "nummer kan door een gemeente zelf zijn geladen."
    ),
    "signaal_onbekend": (
        "Dit signaalnummer is nooit geaccepteerd. Lever het aan met mutatiesoort N, of verbeter het nummer."
    ),
    "signaal_al_afgesloten": (
        "De zaak van dit signaal is afgesloten. Lever nieuwe feiten aan als nieuw signaal, met een nieuw nummer."
    ),
    "signaal_ingetrokken": "Dit signaal is ingetrokken. Lever het aan onder een nieuw signaalnummer.",
    "identiteit_wijzigt": (
        "Een wijziging mag het bsn of de gemeente niet veranderen. Trek het signaal in (V) en lever een nieuw"
        " signaal (N) aan."
    ),
    "al_geladen": "Dit signaal is al geladen met dezelfde inhoud. U hoeft niets te doen.",
    "al_ingetrokken": "Dit signaal was al ingetrokken. U hoeft niets te doen.",
    "ongewijzigd": "Deze wijziging verandert niets aan het signaal. U hoeft niets te doen.",
    "signaal_zonder_resultaat": "Over dit signaal is nog geen resultaat teruggekoppeld. Lever de opbrengst later aan.",
    "rij_dubbel": "Deze rij staat al eerder in het bestand. U hoeft niets te doen.",
    "bedrag_ongeldig": "Kolom {column} is geen bedrag dat hier past. Schrijf {advice}.",
    "opbrengst_bestaat_al_anders": (
        "Voor dit signaal, deze soort en deze peildatum is al een ander bedrag geladen. Gebruik een latere peildatum."
    ),
}

_WARNINGS = {
    "verblijf_korter_dan_vier_maanden": "Het verblijf lijkt korter dan vier maanden.",
    "voorloopnul_aangevuld": "Het bsn had 8 cijfers; er is een nul voor gezet.",
    "gemeente_samengevoegd": "De gemeente is samengevoegd; het signaal gaat naar de nieuwe gemeente.",
    "cel_zonder_waarde": (
        "Cellen met een formule zonder opgeslagen uitkomst of met een fout (zoals #N/B) zijn als leeg gelezen."
    ),
    "onbekende_kolom": "Een kolom is onbekend; de inhoud is niet overgenomen.",
    "postcode_ontbreekt": "De postcode ontbreekt.",
    "adres_van_werkgever": "Het adres komt van een werkgever: zwak bewijs van waar iemand woont.",
    "grondslag_past_niet_bij_rni": (
        "Een terugmelding (TMV) past niet bij een niet-ingezetene: die heeft geen bijhoudingsgemeente."
    ),
    "bsn_heeft_lopende_zaak": "Over deze persoon loopt in deze gemeente al een zaak; het signaal is daarbij gevoegd.",
}

CODES: Mapping[str, str] = {**_ROW, **_WARNINGS}
"""Every code of a row with its sentence."""

DATE_ADVICE = "JJJJMMDD, DD-MM-JJJJ of JJJJ-MM-DD, met dag en maand"


def _meaning(sentence: str) -> str:
    """The first sentence without its place; nothing when it cannot do without."""
    text = sentence.replace("Kolom {column}", "De cel").replace(" in kolom {column}", "")
    first = re.split(r"(?<=[.])\s", text.replace("kolom {column}", "de kolom"), maxsplit=1)[0]
    return first if "{" not in first else ""


MEANINGS: Mapping[str, str] = {code: _meaning(sentence) for code, sentence in CODES.items()}
"""What each code means, where it stands without a row: in a count."""


def explanation(code: str, column: str = "", advice: str = "") -> str:
    """The sentence of a code, about this column; `advice` says what a good cell looks like."""
    return CODES[code].format(column=column, advice=advice or DATE_ADVICE)
