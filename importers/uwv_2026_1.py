"""The layout `uwv_2026_1`: a delivery of signals, as data."""

from importers.columns import (
    birth_date,
    bsn,
    day,
    email,
    huisnummer,
    language,
    matching,
    municipality,
    one_of,
    past_day,
    phone,
    postcode,
    text,
)
from importers.layout import Column, Layout
from signals.codes import AANLEIDINGEN, ADRESBRONNEN, UITKERINGSSOORTEN

LAYOUT = Layout(
    name="uwv_2026_1",
    columns=(
        Column(
            "leveringsnummer",
            matching(r"LRNI-[0-9]{4}-[0-9]{2}", "leveringsnummer_ongeldig"),
            required=True,
            advice="LRNI-JJJJ-NN, bijvoorbeeld LRNI-2026-07",
        ),
        Column(
            "signaalnummer",
            matching(r"[A-Za-z0-9][A-Za-z0-9-]{0,39}", "signaalnummer_ongeldig"),
            required=True,
            advice="1 tot 40 letters, cijfers of streepjes, niet beginnend met een streepje",
        ),
        Column("mutatiesoort", one_of("N", "W", "V"), required=True, advice="N, W of V"),
        Column("datum_signaal", past_day, required=True),
        Column(
            "grondslag",
            one_of("LAA_2_37", "TMV_2_34", "SUWI_5_9"),
            required=True,
            advice="LAA_2_37, TMV_2_34 of SUWI_5_9",
        ),
        Column("bsn", bsn, required=True),
        Column("voornamen", text(200), advice="hoogstens 200 tekens"),
        Column("voorvoegsel", text(10), advice="hoogstens 10 tekens"),
        Column(
            "geslachtsnaam", text(200), required=True, advice="hoogstens 200 tekens; een punt als de naam onbekend is"
        ),
        Column("geboortedatum", birth_date, required=True, advice="JJJJMMDD, met 00 voor wat onbekend is"),
        Column("gemeentecode", municipality, required=True, advice="de gemeentecode van 4 cijfers (tabel 33)"),
        Column("straatnaam", text(80), advice="hoogstens 80 tekens"),
        Column("huisnummer", huisnummer, required=True),
        Column("huisletter", matching("[A-Za-z]", "huisletter_ongeldig")),
        Column("huisnummertoevoeging", text(4), advice="hoogstens 4 tekens"),
        Column("postcode", postcode),
        Column("woonplaats", text(80), advice="hoogstens 80 tekens"),
        Column("nummeraanduiding", matching("[0-9]{4}20[0-9]{10}", "nummeraanduiding_ongeldig")),
        Column("adresbron", one_of(*ADRESBRONNEN), required=True, advice="TVA, UWV of WERKGEVER"),
        Column("adresdatum", day),
        Column("aanleiding", one_of(*AANLEIDINGEN), required=True, advice="UITKERING of DIENSTVERBAND"),
        Column(
            "uitkeringssoort",
            one_of(*UITKERINGSSOORTEN),
            advice="WW, ZW, WIA, WAO, WAJONG, TW of IOW",
        ),
        Column("datum_vanaf", day, required=True),
        Column("datum_tot", day),
        Column("werkgever", text(200), advice="hoogstens 200 tekens"),
        Column("loonheffingennummer", matching("[0-9]{9}L[0-9]{2}", "loonheffingennummer_ongeldig")),
        Column("telefoonnummer", phone),
        Column("emailadres", email),
        Column("taal", language, advice="de taalcode van 2 kleine letters (ISO 639-1)"),
        Column("toelichting", text(1000), advice="hoogstens 1000 tekens"),
    ),
    one_of=(("postcode",), ("straatnaam", "woonplaats")),
)
