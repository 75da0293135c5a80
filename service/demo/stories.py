"""The stories of the demo: what people do with a case, on which day after its receipt.

Only what to do stands here; every act goes through the same gate as a person's click.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow.phases import Role

HANDLER, VISITOR, DECIDER, LEADER = Role.BEHANDELAAR, Role.TOEZICHTHOUDER, Role.BESLISSER, Role.TEAMLEIDER


@dataclass(frozen=True)
class Act:
    """One thing somebody does: a step, or (`entry`) something added to the dossier.

    day: days after the receipt, moved to a working day; hour: on the clock. `{day}` in a value is that day's date.
    """

    day: int
    by: Role
    what: str
    given: Mapping[str, Any] = field(default_factory=dict)
    entry: bool = False
    hour: int = 10


def _step(day: int, what: str, by: Role = HANDLER, hour: int = 10, **given: Any) -> Act:
    return Act(day, by, what, given, hour=hour)


def _entry(day: int, kind: str, by: Role = HANDLER, hour: int = 11, **given: Any) -> Act:
    return Act(day, by, kind, given, entry=True, hour=hour)


def _source(day: int, soort: str, bevinding: str, **given: Any) -> Act:
    return _entry(day, "bronnen", soort=soort, bevinding=bevinding, **given)


def _document(day: int, bestand: str, omschrijving: str) -> Act:
    """bestand: a word of `demo_documents.DOCUMENTS`."""
    return _entry(day, "documenten", omschrijving=omschrijving, soort="bewijs", datum="{day}", bestand=bestand)


def _walaa(day: int, antwoord: str) -> Act:
    return _entry(day, "walaa-vastleggingen", hour=16, antwoord=antwoord, datum="{day}")


def _visit(day: int, hour: int, found: bool, findings: str, *, opened: bool = False) -> Act:
    return _entry(
        day,
        "huisbezoeken",
        by=VISITOR,
        hour=hour + 1,
        begin=f"{{day}}T{hour:02d}:00",
        einde=f"{{day}}T{hour:02d}:25",
        bezoekers=["pas 4471", "pas 4480"],
        opengedaan=found or opened,
        gelegitimeerd=found or opened,
        doelGemeld=found or opened,
        toestemming="gegeven" if found else "niet_gevraagd",
        binnengetreden=found,
        aangetroffen=found,
        bevindingen=findings,
    )


STARTED, FIRST, WITHOUT, WITH = (
    (_step(1, "wijs_toe", LEADER, behandelaar="{handler}"), _step(2, "start_vooronderzoek")),
    "onderzoek_in_de_brp",
    "afgerond_zonder_brp_mutatie",
    "afgerond_met_brp_mutatie",
)
WRITTEN = (
    *STARTED,
    _source(3, "bag", "Woonfunctie, 74 m2; geen bezwaar tegen bewoning."),
    _step(4, "verstuur_aanschrijving"),
    _walaa(6, FIRST),
)
RESEARCHED = (
    *WRITTEN,
    _step(9, "win_inlichtingen_in"),
    _source(10, "verhuurder", "Huurovereenkomst op naam sinds elf maanden.", gevorderd=True),
    _step(14, "ga_op_huisbezoek", VISITOR),
    _visit(15, 18, True, "Betrokkene opent zelf; kleding, post en een bed op naam gezien."),
)
EVIDENCED = (
    *RESEARCHED,
    _document(16, "huurovereenkomst", "Huurovereenkomst van de kamer"),
    _document(16, "voordeur", "Voordeur, gezien bij het huisbezoek"),
)
INTENDED = (
    *RESEARCHED,
    _step(
        21,
        "verstuur_voornemen",
        identiteit="Paspoort gezien bij het huisbezoek",
        datumIdentiteit="{day}",
        rechtmatigVerblijf="ja, burger van de EU",
        verblijfscriterium="Woont en werkt hier sinds elf maanden en heeft een huurcontract.",
        adres="Huurovereenkomst, huisbezoek en eigen verklaring wijzen naar hetzelfde adres.",
    ),
)
DECIDED = (
    *INTENDED,
    _step(37, "neem_besluit", DECIDER, motivering="Drie bronnen wijzen naar dit adres; geen zienswijze ontvangen."),
)
REGISTERED = (
    *DECIDED,
    _step(
        39,
        "verwerk_in_brp",
        identiteitVastgesteld=True,
        bewonersGeinformeerd=True,
        persoonslijstOpgevraagd=True,
    ),
    _walaa(40, WITH),
    _entry(48, "documenten", omschrijving="Overzicht persoonslijst verzonden", soort="pl_overzicht", datum="{day}"),
)
DECLARED = (
    *WRITTEN,
    _entry(
        11,
        "contacten",
        soort="contactmoment",
        kanaal="telefoon",
        richting="inkomend",
        resultaat="Begrijpt de brief en komt aangifte doen.",
    ),
    _step(15, "registreer_aangifte", datum="{day}", soort="woonadres"),
    _step(17, "verwerk_in_brp", identiteitVastgesteld=True, bewonersGeinformeerd=True, persoonslijstOpgevraagd=True),
    _walaa(18, WITH),
)
ABROAD = (
    *WRITTEN,
    _source(12, "werkgever", "Dienstverband geëindigd; werknemer keerde terug naar het land van herkomst."),
    _step(20, "sluit_zonder_mutatie", resultaat="buitenland_of_te_kort", reden="Niet meer in Nederland."),
    _walaa(22, WITHOUT),
)
UNKNOWN_THERE = (
    *STARTED,
    _step(6, "ga_op_huisbezoek", VISITOR),
    _visit(7, 10, False, "Niemand doet open; kaartje achtergelaten."),
    _visit(9, 19, False, "Huidige bewoners kennen de naam niet.", opened=True),
    _entry(10, "leerpunten", soort="signaal_verouderd", toelichting="Adres uit de RNI was meer dan een jaar oud."),
    _step(13, "sluit_zonder_mutatie", resultaat="onbekend_op_adres", reden="Twee bezoeken, niemand kent betrokkene."),
    _walaa(14, WITHOUT),
)
NOT_PICKED_UP = (
    *STARTED,
    _step(9, "niet_oppakken", reden="capaciteit"),
    _walaa(10, WITHOUT),
)
REOPENED = (*NOT_PICKED_UP, _step(50, "heropen", DECIDER, reden="Er is weer ruimte om dit op te pakken."))
STALE = (
    *STARTED,
    _source(5, "brp", "Al ingeschreven als ingezetene."),
    _step(5, "stel_vast_reeds_ingezetene", hour=13, datum="2026-05-04"),
    _walaa(6, WITHOUT),
)
DOUBTFUL = (
    *WRITTEN,
    _source(11, "uitzendbureau", "Huisvesting wisselt per week; geen vast adres."),
    _step(24, "sluit_zonder_mutatie", resultaat="niet_vastgesteld", reden="Woont in Nederland, adres wisselt."),
    _entry(24, "leerpunten", soort="adres_onvolledig", hour=14),
    _walaa(25, WITHOUT),
)
HANDED_OVER = (*STARTED, _step(7, "draag_over", gemeentecode="{neighbour}", reden="Woont over de gemeentegrens."))
DIED = (*STARTED, _step(12, "stel_vast_overleden", bron="akte van overlijden", datum="2026-05-20"))
ELSEWHERE = (
    *WRITTEN,
    _source(26, "brp", "Intussen ingeschreven in een andere gemeente."),
    _step(26, "stel_vast_elders_ingeschreven", hour=14, gemeentecode="0363", datum="{day}"),
    _walaa(27, WITHOUT),
)
OBJECTED = (
    *REGISTERED,
    _step(52, "registreer_bezwaar", datum="{day}", ontvangenVia="post"),
)
ON_HOLD = (*RESEARCHED, _step(30, "houd_aan", reden="Wacht op antwoord van de IND."))
TEMPORARY = (
    *WRITTEN,
    _entry(8, "terugbelverzoeken", telefoonnummer="0612345678", toelichting="Belt liever na vijf uur."),
    _entry(13, "contacten", soort="contactpoging", kanaal="telefoon", resultaat="Geen gehoor."),
)

FINISHED: Sequence[Sequence[Act]] = (
    REGISTERED,
    ABROAD,
    DECLARED,
    UNKNOWN_THERE,
    REGISTERED,
    DOUBTFUL,
    DECLARED,
    ABROAD,
)
"""For the signals of which UWV later reports what it did: all told by then."""

SPREAD: Sequence[Sequence[Act]] = (
    DECLARED, WRITTEN, STARTED, REGISTERED, (), UNKNOWN_THERE, EVIDENCED, NOT_PICKED_UP, ABROAD, INTENDED, (),
    DECLARED, STALE, WRITTEN, DECIDED, STARTED, ABROAD, TEMPORARY, (), REOPENED, DOUBTFUL, RESEARCHED, HANDED_OVER,
    DECLARED, REGISTERED, WRITTEN, UNKNOWN_THERE, (), ON_HOLD, OBJECTED, STARTED, ELSEWHERE, DECLARED, DIED,
)  # fmt: skip
"""What happens to the rest, in turn: a believable spread with plenty still open."""
