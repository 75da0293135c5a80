"""Stored codes and numbers as people say them: on a page, in a letter of figures, in a dossier alike."""

import math
from collections.abc import Mapping

from workflow.letter_texts import LANGUAGES

# Only what does not read well with its underscores taken out.
WORDS: Mapping[str, str] = {
    "rvig_verzoek": "verzoek aan de RvIG",
    "LAA_2_37": "LAA, Wet BRP artikel 2.37",
    "TMV_2_34": "terugmelding, Wet BRP artikel 2.34",
    "SUWI_5_9": "Wet SUWI artikel 5.9",
    "EIGEN_INITIATIEF": "eigen initiatief van het college",
    "UITKERING": "uitkering",
    "DIENSTVERBAND": "dienstverband",
    "WERKGEVER": "werkgever",
    "andere_gemeente": "overgedragen aan een andere gemeente",
    "afgerond_met_brp_mutatie": "afgerond met BRP-mutatie",
    "afgerond_zonder_brp_mutatie": "afgerond zonder BRP-mutatie",
    "due_soon": "herinneren aan wat bijna voorbij is",
    "overdue": "herinneren aan wat voorbij is",
    "long_holds": "herinneren aan wat lang is aangehouden",
    **LANGUAGES,
    "bag": "BAG",
    "beeindiging": "beëindiging",
    "bezwaar": "bezwaar",
    "brp": "BRP",
    "buitenland_of_te_kort": "in het buitenland, of te kort in Nederland",
    "coordinator": "coördinator",
    "e_mail": "e-mail",
    "elders_ingeschreven": "in een andere gemeente ingeschreven",
    "geladen": "geladen",
    "ind": "IND",
    "kick_off": "kick-off",
    "kvk": "KvK",
    "onderzoek_in_de_brp": "onderzoek in de BRP",
    "gemeente_opgegaan": "Gemeente samengevoegd",
    "open_bijvangst": "Zaak geopend als bijvangst",
    "ontvang_overdracht": "Zaak ontvangen van een andere gemeente",
    "ontvang_signaal": "Signaal ontvangen",
    "ontvang_teruggestuurd": "Zaak teruggekregen van een andere gemeente",
    "pl_overzicht": "overzicht van de persoonslijst",
    "reeds_ingezetene": "was al ingezetene",
    "rni_tva": "RNI (tijdelijk verblijfsadres)",
    "uwv": "UWV",
    "uwv_liaison": "UWV-liaison",
    "zonder_mutatie": "zonder mutatie",
}


def words(code: object) -> str:
    """A stored code as people say it: `niet_opgepakt` -> `niet opgepakt`; nothing for nothing."""
    text = "" if code is None else str(code)
    return WORDS.get(text) or text.replace("_", " ")


def heading(text: str) -> str:
    """With a capital at the beginning; the rest stays as it is."""
    return text[:1].upper() + text[1:]


_DUTCH_POINTS = str.maketrans(",.", ".,")


def euros(value: float) -> str:
    """`12.345,60`."""
    return f"{value:,.2f}".translate(_DUTCH_POINTS)


def number(value: float | int | None) -> str:
    """`12.345`, `0,5`; a dash for nothing."""
    if value is None:
        return "–"
    if isinstance(value, float) and not value.is_integer():
        return f"{value:.1f}".replace(".", ",")
    return f"{int(value):,}".replace(",", ".")


def share(part: float | None) -> str:
    """`42,9%`; a dash for nothing to divide by."""
    return "–" if part is None or math.isnan(part) else f"{part * 100:.1f}%".replace(".", ",")
