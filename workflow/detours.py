"""What to do instead, where a step that people look for does not fit the phase."""

from collections.abc import Mapping

from workflow.phases import Phase

INSTEAD: Mapping[tuple[str, Phase], str] = {
    ("registreer_aangifte", Phase.AFGESLOTEN): "Zonder besluit kan de beslisser de zaak heropenen; anders verwerkt u "
    "de aangifte buiten deze zaak.",
    ("registreer_aangifte", Phase.BEZWAAR): "Beslis eerst op het bezwaar; de aangifte kan daarvoor van belang zijn.",
    ("stel_vast_overleden", Phase.AFGESLOTEN): "De zaak is al gesloten. Leg een bericht van overlijden vast bij de "
    "documenten.",
    ("stel_vast_overleden", Phase.BEZWAAR): "Beslis eerst op het bezwaar; de erfgenamen kunnen het intrekken of "
    "voortzetten.",
    ("registreer_bezwaar", Phase.BEZWAAR): "Er loopt al een bezwaar. Leg het andere bezwaarschrift vast bij de "
    "documenten, en registreer het als op het eerste is beslist.",
}
