"""Examples for the OpenAPI document: of every shape that is answered, every body that is sent and every parameter.

Made-up persons; their numbers are from the test range.
"""

from collections.abc import Mapping
from typing import Any

from service.journal import OUR_FAULT
from service.web.errors import title_of

ZAAKNUMMER, LADINGNUMMER, TERUGKOPPELINGSNUMMER = "Z-2026-0000012", "LD-2026-000003", "TK-2026-0002"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

_TERM = {
    "term": "laa_eerste_antwoord",
    "vanaf": "2026-07-06",
    "einde": "2026-08-03",
    "uitleg": ["4 weken na 6 juli 2026 is maandag 3 augustus 2026."],
}
_CASE = {
    "zaaknummer": ZAAKNUMMER,
    "versie": 2,
    "fase": "ontvangen",
    "aangehouden": False,
    "gemeentecode": "0599",
    "herkomst": "signaal",
    "leveringsnummer": "LRNI-2026-07",
    "signaalnummers": ["S2607-00001"],
    "datumOntvangst": "2026-07-06",
    "behandelaar": "anna",
    "eersteAntwoord": None,
    "resultaat": None,
    "ingangsdatum": None,
    "termijnen": [{**_TERM, "status": "loopt"}],
    "gebeurtenissen": [
        {
            "stap": "wijs_toe",
            "van": "ontvangen",
            "naar": "ontvangen",
            "tijdstip": "2026-07-07T08:15:00Z",
            "vastgelegdOp": "2026-07-07",
            "door": "tess",
            "rol": "teamleider",
            "grondslag": "Circulaire Adresonderzoek BRP 3.2, 6",
            "gegevens": {"behandelaar": "anna"},
        }
    ],
}
_SOURCE = {
    "soort": "verhuurder",
    "datum": "2026-07-08",
    "bevinding": "Huurt sinds vorig jaar een kamer.",
    "gevorderd": False,
}
_RECORDED = {"nummer": 7, "vastgelegdOp": "2026-07-08", "door": "anna"}
_LOAD = {
    "ladingnummer": LADINGNUMMER,
    "leveringsnummer": "LRNI-2026-07",
    "layout": "uwv_2026_1",
    "status": "gecontroleerd",
    "bestandsnaam": "LRNI-2026-07.csv",
    "sha256": _SHA256,
    "datumOntvangst": "2026-07-06",
    "aangebodenOp": "2026-07-06T07:30:00Z",
    "geladenOp": None,
    "door": "ulla",
    "geleverd": 4,
    "geaccepteerd": 3,
    "gewijzigd": 0,
    "ingetrokken": 0,
    "dubbel": 0,
    "afgekeurd": 1,
    "zaken": 0,
    "redenen": {"bsn_ongeldig": 1},
    "waarschuwingen": {},
    "seconden": 0.4,
    "voortgang": 100,
    "rijenGedaan": 4,
    "rijenTotaal": 4,
    "werk": "klaar",
    "werkSoort": None,
    "werkUitleg": None,
    "bewijs": None,
    "reden": None,
    "uitleg": None,
}

ANSWERS: Mapping[str, Any] = {
    "BerekendeTermijn": _TERM,
    "Cijfers": {
        "peildatum": "2026-11-01",
        "openbaar": False,
        "selectie": {
            "leveringen": ["LRNI-2026-07"],
            "gemeenten": [],
            "aanleiding": [],
            "uitkeringssoort": [],
            "adresbron": [],
            "maand_ontvangst": [],
        },
        "cijfers": {
            "geleverd": 240,
            "zaken": 219,
            "trefkans": {"teller": 31, "noemer": 64, "waarde": 0.484, "laag": 0.366, "hoog": 0.604},
            "duur_onderzoek_afgesloten": {"n": 64, "mediaan": 41, "p90": 69},
        },
        "per": {"gemeente": {"0599": {"zaken": 58}}},
    },
    "Bezorgd": {
        "staat": "bezorgd",
        "bestanden": [
            {
                "soort": "csv",
                "staat": "bezorgd",
                "gevraagdOp": "2026-08-03T09:10:00Z",
                "gevraagdDoor": "coen",
                "pogingen": 1,
                "volgendePoging": None,
                "bezorgdOp": "2026-08-03T09:15:00Z",
                "fout": None,
                "naam": f"terugkoppeling-{TERUGKOPPELINGSNUMMER}-20260803.csv",
                "sha256": _SHA256,
            }
        ],
    },
    "Gemaakt": {
        "terugkoppelingsnummer": TERUGKOPPELINGSNUMMER,
        "regels": 12,
        "soorten": {"eerste_antwoord": 8, "resultaat": 4},
        "bestanden": [{"pad": f"{TERUGKOPPELINGSNUMMER}.csv", "sha256": _SHA256, "bytes": 2048}],
        "afstemming": {"geleverd": 240, "verteld": 12},
    },
    "Gemeente": {"code": "0501", "naam": "Brielle", "begin": None, "einde": "2023-01-01", "opvolger": "1992"},
    "Lading": _LOAD,
    "Levering": {
        "leveringsnummer": "LRNI-2026-07",
        "eersteOntvangst": "2026-07-06",
        "ladingen": [LADINGNUMMER],
    },
    "Opbrengst": {
        "ladingnummer": "OB-2026-000001",
        "sha256": _SHA256,
        "geleverd": 3,
        "geaccepteerd": 2,
        "dubbel": 0,
        "afgekeurd": 1,
        "redenen": {"signaal_onbekend": 1},
    },
    "Stap": {
        "stap": "houd_aan",
        "label": "Zet de zaak stil",
        "mag": False,
        "belemmeringen": [{"code": "rol_ontbreekt", "uitleg": "Deze stap is voor: behandelaar."}],
        "velden": [{"naam": "reden", "soort": "lange_tekst", "label": "Reden", "verplicht": True, "keuzes": []}],
        "grondslag": "Circulaire 6",
    },
    "Terugkoppeling": {
        "terugkoppelingsnummer": TERUGKOPPELINGSNUMMER,
        "staat": "verzonden",
        "regels": 12,
        "aangemaaktOp": "2026-08-03T09:00:00Z",
        "aangemaaktDoor": "coen",
        "verzondenOp": "2026-08-03T09:20:00Z",
        "verzondenDoor": "coen",
        "ontvangenOp": None,
        "ontvangenDoor": None,
        "kenmerk": None,
        "geweigerdOp": None,
        "geweigerdDoor": None,
        "reden": None,
    },
    "Vastlegging": {**_SOURCE, **_RECORDED},
    "Zaak": _CASE,
    "ZaakMetDossier": {
        **_CASE,
        "grondslag": "LAA_2_37",
        "datumResultaat": None,
        "datumEersteAntwoord": None,
        "startOnderzoek": None,
        "datumVoornemen": None,
        "aangehoudenReden": None,
        "persoon": {
            "bsn": "999900754",
            "voornamen": "Stanisław Jan",
            "voorvoegsel": "",
            "geslachtsnaam": "Gołębiowski",
            "geboortedatum": "19970800",
            "indicatieGeheim": None,
        },
        "adressen": [],
        "adresgroep": ["Z-2026-0000013"],
        "signalen": [
            {
                "signaalnummer": "S2607-00001",
                "leveringsnummer": "LRNI-2026-07",
                "datumSignaal": "2026-06-26",
                "datumOntvangst": "2026-07-06",
                "grondslag": "LAA_2_37",
                "aanleiding": "UITKERING",
                "adresbron": "TVA",
                "telefoonnummer": "0612345678",
                "emailadres": "",
                "toelichting": "",
                "ingetrokkenOp": "2026-07-20",
                "uitkeringssoort": "WW",
                "datumVanaf": "2025-11-13",
                "datumTot": None,
                "werkgever": None,
            }
        ],
        "taken": [],
        "dossier": {"bronnen": [{**_SOURCE, **_RECORDED}]},
        "ontvangen": [],
    },
}
"""By shape; a list of a shape holds this one."""

Named = Mapping[str, tuple[str, Any]]
"""By a short name: what the example shows, and the body."""

BODIES: Mapping[str, Named] = {
    "zoekZaken": {
        "persoon": ("Op BSN", {"bsn": "999900754"}),
        "naam": ("Op naam en geboortedatum", {"geslachtsnaam": "Gołębiowski", "geboortedatum": "1997-08-21"}),
        "signaal": ("Op het nummer van een signaal", {"signaalnummer": "S2607-00001"}),
    },
    "neemStap": {
        "toewijzen": ("De zaak toewijzen", {"stap": "wijs_toe", "versie": 1, "gegevens": {"behandelaar": "anna"}}),
        "stilzetten": (
            "De zaak stilzetten; de versie staat in If-Match",
            {"stap": "houd_aan", "gegevens": {"reden": "Wacht op het antwoord van de IND."}},
        ),
        "brief": (
            "Een aanschrijving sturen",
            {"stap": "verstuur_aanschrijving", "versie": 3, "gegevens": {"verzenddatum": "2026-07-09", "taal": "pl"}},
        ),
    },
    "legVast": {
        "bron": ("Een bron (bronnen)", _SOURCE),
        "contact": (
            "Een contactpoging (contacten)",
            {"soort": "contactpoging", "kanaal": "telefoon", "richting": "uitgaand", "resultaat": "Geen gehoor."},
        ),
        "terugbelverzoek": (
            "Een verzoek om terug te bellen (terugbelverzoeken)",
            {"telefoonnummer": "0612345678", "toelichting": "Na vijf uur."},
        ),
        "huisbezoek": (
            "Een huisbezoek (huisbezoeken)",
            {
                "begin": "2026-07-13T18:30",
                "einde": "2026-07-13T18:45",
                "bezoekers": ["Bram"],
                "opengedaan": False,
                "gelegitimeerd": False,
                "doelGemeld": False,
                "toestemming": "niet_gevraagd",
                "bevindingen": "Op de bel staan twee namen.",
            },
        ),
        "walaa": (
            "Een antwoord dat in WALAA is gezet (walaa-vastleggingen)",
            {"antwoord": "onderzoek_in_de_brp", "datum": "2026-07-20"},
        ),
        "leerpunt": ("Een leerpunt (leerpunten)", {"soort": "signaal_verouderd"}),
        "rectificatie": (
            "Een verzoek om rectificatie, en wat ermee is gedaan (rectificaties)",
            {
                "gevraagdOp": "2026-07-06",
                "betreft": "Het huisnummer in het verslag van 13 juli is verkeerd.",
                "uitkomst": "verbeterd",
                "toelichting": "Het bezoek was op nummer 271, niet op 217.",
                "meegedeeldOp": "2026-07-10",
            },
        ),
        "bijvangst": ("Bijvangst (bijvangst)", {"omschrijving": "De woning is in gebruik als kantoor."}),
    },
    "voegDocumentToe": {
        "verwijzing": (
            "Een document dat ergens anders ligt",
            {"omschrijving": "Huurcontract", "soort": "bewijs", "datum": "2026-07-08", "kenmerk": "ARCHIEF-2026-118"},
        ),
        "bestand": (
            "Een document met zijn inhoud",
            {
                "omschrijving": "Notitie",
                "soort": "verslag",
                "datum": "2026-07-08",
                "bestand": "Gesproken aan de balie.",
            },
        ),
    },
    "biedLadingAan": {
        "levering": ("Een levering", {"bestand": "leveringsnummer;signaalnummer;…", "datumOntvangst": "2026-07-06"}),
    },
    "laadOpbrengst": {
        "opbrengst": ("Een opbrengstbestand", {"bestand": "signaalnummer;soort;bedrag;peildatum"}),
    },
    "legOntvangstVast": {"ontvangst": ("Ontvangen", {"kenmerk": "UWV-2026-4411"})},
    "legWeigeringVast": {
        "geheel": ("De hele terugkoppeling", {"reden": "Het bestand is niet te openen."}),
        "deels": ("Twee regels", {"reden": "Deze signalen zijn niet van ons.", "regels": [3, 8]}),
    },
}
"""By operation."""

PROPERTIES: Mapping[str, Mapping[str, Any]] = {
    "Adres": {
        "straatnaam": "Molenweg",
        "huisnummer": 271,
        "huisletter": "",
        "huisnummertoevoeging": "3H",
        "postcode": "3181JJ",
        "woonplaats": "Rozenburg",
        "nummeraanduiding": "",
        "bron": "TVA",
        "vanaf": "2026-07-06",
        "huidig": True,
    },
    "Zoekvraag": {"postcode": "3181JJ", "huisnummer": 271},
}
"""By shape, field by field: in a whole example the official linter takes a text under `postcode` for a POST."""

PARAMETERS: Mapping[str, Any] = {
    "aangehouden": False,
    "aanleiding": ["UITKERING"],
    "aantal": 50,
    "adresbron": ["TVA"],
    "behandelaar": "anna",
    "dossiersoort": "bronnen",
    "fase": ["ontvangen"],
    "gemeente": ["0599"],
    "gemeentecode": ["0599"],
    "Idempotency-Key": "5b0c4c1e-1f0e-4a53-8a57-0b4c3f7c1f11",
    "If-Match": '"1"',
    "ladingnummer": LADINGNUMMER,
    "levering": ["LRNI-2026-07"],
    "leveringsnummer": "LRNI-2026-07",
    "maandOntvangst": ["2026-07"],
    "openbaar": False,
    "peildatum": "2026-11-01",
    "resultaat": "aangifte_gedaan",
    "soort": "csv",
    "sorteer": "termijn",
    "term": "laa_eerste_antwoord",
    "terugbelverzoek": True,
    "termijnVoor": "2026-08-01",
    "uitkeringssoort": ["WW"],
    "vanaf": "2026-07-06",
    "zaaknummer": ZAAKNUMMER,
}
"""By name; a cursor (`na`) comes from the answer before and has none."""

_STALE = (
    "De zaak is veranderd sinds u haar opende. Intussen gebeurde: wijs_toe door tess op 07-07-2026.",
    "versie_verouderd",
)
PROBLEMS: Mapping[int, tuple[str, Mapping[str, Any]]] = {
    400: (
        "De invoer klopt niet; errors noemt elke fout.",
        {
            "errors": [
                {
                    "in": "body",
                    "location": {"pointer": "/bsn"},
                    "code": "string_pattern_mismatch",
                    "detail": "Deze waarde heeft niet de goede vorm.",
                },
                {
                    "in": "query",
                    "location": {"name": "aantal"},
                    "code": "less_than_equal",
                    "detail": "Dit getal is te groot.",
                },
            ]
        },
    ),
    401: ("Stuur een geldig token mee in de header Authorization: Bearer …", {}),
    403: ("Zaken zijn er voor wie bij een gemeente aan zaken werkt.", {}),
    404: (f"Er is geen zaak {ZAAKNUMMER}, of niet bij uw gemeente.", {}),
    408: (
        "Het versturen duurde te lang: er kwam 30 seconden niets of bijna niets binnen. Er is niets verwerkt. "
        "Controleer uw verbinding en verstuur het opnieuw.",
        {},
    ),
    409: (
        "Deze stap is voor: beslisser.",
        {"belemmeringen": [{"code": "rol_ontbreekt", "uitleg": "Deze stap is voor: beslisser."}]},
    ),
    412: (_STALE[0], {"belemmeringen": [{"code": _STALE[1], "uitleg": _STALE[0]}]}),
    413: ("Dit is groter dan 20 MB. Stuur minder tegelijk.", {}),
    429: (
        "U stuurt te veel verzoeken in korte tijd. Dit is niet uitgevoerd. Probeer het over 12 seconden opnieuw.",
        {},
    ),
    500: (OUR_FAULT, {}),
    503: ("Er wordt nu een levering geladen. Er is niets gewijzigd. Probeer het over een minuut opnieuw.", {}),
}
"""By status: the sentence, and what comes beside it."""


def illustrate(document: dict[str, Any]) -> None:
    """Put every example where it belongs in the document."""
    for path, item in document["paths"].items():
        for operation in item.values():
            for parameter in operation.get("parameters", ()):
                _illustrate_parameter(parameter, path)
            body = operation.get("requestBody", {"content": {}})
            for medium, content in body["content"].items():
                content["examples"] = _bodies(operation["operationId"], medium)
            for status, answer in operation["responses"].items():
                if status[0] == "2" and "application/json" in answer["content"]:
                    content = answer["content"]["application/json"]
                    content["example"] = _answer(content["schema"]["$ref"].rpartition("/")[2])
    for shape, values in PROPERTIES.items():
        properties = document["components"]["schemas"][shape]["properties"]
        for name, value in values.items():
            properties[name]["examples"] = [value]
    for status, answer in document["components"]["responses"].items():
        detail, more = PROBLEMS[int(status)]
        told = {"type": "about:blank", "status": int(status), "title": title_of(int(status)), "detail": detail, **more}
        answer["content"]["application/problem+json"]["example"] = told


def _illustrate_parameter(parameter: dict[str, Any], path: str) -> None:
    name = parameter["name"]
    if name == "nummer":
        parameter["example"] = TERUGKOPPELINGSNUMMER if path.startswith("/terugkoppelingen") else 1
    elif name in PARAMETERS:
        parameter["example"] = PARAMETERS[name]


def _bodies(operation: str, medium: str) -> dict[str, Any]:
    """A body with a file is a form, one without is JSON."""
    form = medium.startswith("multipart/")
    return {
        name: {"summary": summary, "value": value}
        for name, (summary, value) in BODIES[operation].items()
        if ("bestand" in value) is form
    }


def _answer(shape: str) -> Any:
    one = shape.removeprefix("Lijst")
    return ANSWERS[shape] if shape == one else {"items": [ANSWERS[one]], "volgende": None}
