"""The layout `uwv_kort_1`: the short list by which a small trial is often sent; only what differs from `uwv_2026_1`."""

from importers import uwv_2026_1
from importers.columns import municipality_or_name
from importers.layout import Column

HEADINGS = {
    "leveringsnummer": "Leveringsnummer",
    "signaalnummer": "Signaal",
    "bsn": "BSN",
    "voornamen": "Voornamen",
    "voorvoegsel": "Voorvoegsel",
    "geslachtsnaam": "Achternaam",
    "geboortedatum": "Geboortedatum",
    "gemeentecode": "Gemeente",
    "straatnaam": "Straat",
    "huisnummer": "Nr",
    "huisletter": "Letter",
    "huisnummertoevoeging": "Toev",
    "postcode": "Postcode",
    "woonplaats": "Plaats",
    "uitkeringssoort": "Uitkering",
    "datum_vanaf": "Vanaf",
    "datum_tot": "Tot",
}

LAYOUT = uwv_2026_1.LAYOUT.revised(
    "uwv_kort_1",
    headings=HEADINGS,
    only=HEADINGS,
    columns=(
        Column(
            "gemeentecode",
            municipality_or_name,
            required=True,
            advice="de gemeentecode van 4 cijfers of de officiële naam van de gemeente",
        ),
    ),
    constants={
        "mutatiesoort": "N",
        "datum_signaal": "ontvangst",
        "grondslag": "LAA_2_37",
        "adresbron": "UWV",
        "aanleiding": "UITKERING",
    },
    header_also={"uitkeringssoort"},
)
