"""The legal path as a table: one row per step, readable by a lawyer; nothing else may move a case.

The columns follow the procedure: from, to, who, what is needed, what it asks, what it starts, on what ground.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from workflow import guards as g
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.fields import Field
from workflow.models import LetterKind
from workflow.phases import BEFORE_BESLUIT, BEFORE_VOORNEMEN, OPEN, Outcome, Phase, Role


@dataclass(frozen=True)
class Same:
    """The case stays in its phase, except from the phases named."""

    except_from: Mapping[Phase, Phase] = field(default_factory=dict)


@dataclass(frozen=True)
class OneOf:
    """Where the case goes depends on the case and on what was decided."""

    phases: tuple[Phase, ...]
    choose: Callable[[CaseFile, Mapping[str, Any]], Phase]


@dataclass(frozen=True)
class Move:
    """One legal step."""

    name: str
    label: str
    van: tuple[Phase, ...]
    to: Phase | Same | OneOf
    by: frozenset[Role]
    needs: Sequence[g.Guard] = ()
    fields: Sequence[Field] = ()
    valid: Sequence[g.Check] = ()
    """Values that are impossible for this case: answered as a fault of the field."""
    checks: Sequence[g.Check] = ()
    """Conditions that look at what was filled in as well: answered as a blocker."""
    letter: LetterKind | None = None
    term: Term | None = None
    outcomes: frozenset[Outcome] = frozenset()
    implies: str | None = None
    basis: str = ""
    effect: str = ""
    """What else it changes, in words, for the diagram and the manual; the doing is in effects.py under this name."""


HANDLER = frozenset({Role.BEHANDELAAR})
DECIDER = frozenset({Role.BESLISSER})

REASON = Field("reden", "lange_tekst", "Reden")
MOTIVATION = Field("motivering", "lange_tekst", "Motivering", hint="Feiten en artikel; de betrokkene leest mee.")
POSTED = Field(
    "verzenddatum", "datum", "Verzenddatum", verplicht=False, hint="De dag van verzending telt. Leeg betekent vandaag."
)
REMARK = Field("toelichting", "lange_tekst", "Toelichting", verplicht=False)
MUNICIPALITY = Field("gemeentecode", "gemeente", "Gemeentecode", hint="Vier cijfers, bijvoorbeeld 0268.")
WHERE_TO_LIVE = ("woonadres", "briefadres")
RESEARCH = (Phase.VOORONDERZOEK, Phase.AANSCHRIJVING, Phase.INLICHTINGEN, Phase.HUISBEZOEK)
START = (Phase.ONTVANGEN, Phase.VOORONDERZOEK)


def _after_bezwaar(file: CaseFile, values: Mapping[str, Any]) -> Phase:
    if values.get("onderzoekVoortzetten"):
        return Phase.INLICHTINGEN
    return file.case.fase_voor_bezwaar or Phase.AFGESLOTEN


STEPS: tuple[Move, ...] = (
    Move(
        "wijs_toe",
        "Wijs toe",
        van=OPEN,
        to=Same(),
        by=frozenset({Role.TEAMLEIDER, Role.BEHANDELAAR}),
        fields=(
            Field("behandelaar", "gebruiker", "Behandelaar", verplicht=False, hint="Leeg betekent: aan uzelf."),
            REMARK,
        ),
        checks=(g.may_assign,),
        valid=(g.staff_member,),
        basis="Circulaire Adresonderzoek BRP 3.2, 6",
        effect="behandelaar en contactpersoon",
    ),
    Move(
        "start_vooronderzoek",
        "Start het vooronderzoek",
        van=(Phase.ONTVANGEN,),
        to=Phase.VOORONDERZOEK,
        by=HANDLER,
        needs=(g.is_assigned,),
        fields=(REMARK,),
        basis="Wet BRP 2.37d; Circulaire 4.1",
    ),
    Move(
        "niet_oppakken",
        "Niet oppakken",
        van=START,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.nothing_investigated,),
        fields=(
            Field("reden", "keuze", "Reden", keuzes=("capaciteit", "dubbel", "onvoldoende_gegevens", "anders")),
            REMARK,
        ),
        valid=(g.explained_when_other,),
        outcomes=frozenset({Outcome.NIET_OPGEPAKT}),
        basis="Wet BRP 2.37e lid 1; Besluit BRP 28g",
    ),
    Move(
        "stel_vast_reeds_ingezetene",
        "Stel vast: al ingezetene",
        van=START,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.brp_consulted_today,),
        fields=(
            Field("datum", "datum", "Datum inschrijving als ingezetene"),
            MUNICIPALITY.optional().described("Gemeente van inschrijving", "Vier cijfers; de eigen gemeente mag ook."),
            REMARK,
        ),
        valid=(g.registered_before_receipt,),
        outcomes=frozenset({Outcome.REEDS_INGEZETENE}),
        basis="Wet BRP 2.37e; Circulaire 4.1",
    ),
    Move(
        "start_onderzoek",
        "Start het onderzoek",
        van=(Phase.VOORONDERZOEK, Phase.HUISBEZOEK),
        to=Same(),
        by=HANDLER,
        needs=(g.not_started,),
        fields=(
            REASON.described("Reden van de twijfel"),
            Field("datumVerzoekRvig", "datum", "RvIG gevraagd op", verplicht=False),
            Field("redenGeenVerzoekRvig", "lange_tekst", "Waarom (nog) niet gevraagd", verplicht=False),
        ),
        term=Term.RICHTLIJN_ONDERZOEK,
        basis="Wet BRP 2.37e lid 1, 2.76; Circulaire 4.2",
        effect="eerste antwoord onderzoek_in_de_brp",
    ),
    Move(
        "wijzig_adres",
        "Wijzig het adres",
        van=(*RESEARCH, Phase.VOORNEMEN),
        to=Same({Phase.VOORNEMEN: Phase.INLICHTINGEN}),
        by=HANDLER,
        fields=(
            Field("postcode", "tekst", "Postcode", verplicht=False),
            Field("huisnummer", "getal", "Huisnummer"),
            Field("huisletter", "tekst", "Huisletter", verplicht=False),
            Field("huisnummertoevoeging", "tekst", "Toevoeging", verplicht=False),
            Field("straatnaam", "tekst", "Straatnaam", verplicht=False),
            Field("woonplaats", "tekst", "Woonplaats", verplicht=False),
            Field("bron", "tekst", "Waar komt dit adres vandaan"),
        ),
        valid=(g.another_address,),
        basis="Circulaire 4.4, 5",
        effect="wordt het huidige adres; een voornemen vervalt; brieven gaan opnieuw uit",
    ),
    Move(
        "verstuur_aanschrijving",
        "Verstuur de aanschrijving",
        van=RESEARCH,
        to=Phase.AANSCHRIJVING,
        by=HANDLER,
        needs=(g.is_assigned,),
        fields=(POSTED, REMARK),
        valid=(g.posted_in_time,),
        letter=LetterKind.AANSCHRIJVING,
        term=Term.AANSCHRIJVING,
        implies="start_onderzoek",
        basis="Wet BRP 2.38, 2.47; Circulaire 4.3, 5",
    ),
    Move(
        "win_inlichtingen_in",
        "Win inlichtingen in",
        van=(Phase.AANSCHRIJVING, Phase.HUISBEZOEK),
        to=Phase.INLICHTINGEN,
        by=HANDLER,
        fields=(REMARK,),
        term=Term.INLICHTINGEN_HUISBEZOEK,
        implies="start_onderzoek",
        basis="Wet BRP 2.47, 2.50; Circulaire 4.3, 4.4",
    ),
    Move(
        "ga_op_huisbezoek",
        "Ga op huisbezoek",
        van=(Phase.VOORONDERZOEK, Phase.AANSCHRIJVING, Phase.INLICHTINGEN),
        to=Phase.HUISBEZOEK,
        by=frozenset({Role.BEHANDELAAR, Role.TOEZICHTHOUDER}),
        fields=(REMARK,),
        term=Term.INLICHTINGEN_HUISBEZOEK,
        basis="Wet BRP 4.2; Awb 5:15; Circulaire 4.1, 4.5",
    ),
    Move(
        "registreer_retour",
        "Registreer een retourbrief",
        van=tuple(Phase),
        to=Same(),
        by=HANDLER,
        needs=(g.has_letter_out,),
        fields=(
            Field("brief", "brief", "Welke brief kwam terug"),
            Field("datum", "datum", "Teruggekomen op"),
            Field("andereBekendmaking", "lange_tekst", "Hoe anders bekendgemaakt", verplicht=False),
        ),
        valid=(g.letter_is_known,),
        basis="Awb 3:41, 3:42; Circulaire 4.6, 5",
        effect="een aanschrijving die terugkwam telt niet als verstuurd",
    ),
    Move(
        "verleng_termijn",
        "Verleng de termijn",
        van=(Phase.AANSCHRIJVING, Phase.VOORNEMEN),
        to=Same(),
        by=HANDLER,
        needs=(g.letter_term_runs,),
        fields=(Field("einde", "datum", "Nieuwe einddatum", toekomst=True), REASON, POSTED),
        valid=(g.later_than_now, g.posted_in_time),
        letter=LetterKind.VERLENGING,
        basis="Wet BRP 2.47; Awb 4:8",
        effect="de enige manier waarop een brieftermijn opschuift",
    ),
    Move(
        "verstuur_voornemen",
        "Verstuur het voornemen",
        van=(Phase.AANSCHRIJVING, Phase.INLICHTINGEN, Phase.HUISBEZOEK),
        to=Phase.VOORNEMEN,
        by=HANDLER,
        needs=(g.is_assigned,),
        fields=(
            Field("identiteit", "lange_tekst", "Hoe is de identiteit vastgesteld"),
            Field("datumIdentiteit", "datum", "Identiteit vastgesteld op"),
            Field("rechtmatigVerblijf", "tekst", "Rechtmatig verblijf nagegaan", hint="Ja of nee, met de grond."),
            Field("verblijfscriterium", "lange_tekst", "Waarom naar verwachting twee derde van een half jaar hier"),
            Field("adres", "lange_tekst", "Op welke feiten rust het adres"),
            Field("uitzonderingBronnen", "lange_tekst", "Motivering bij minder dan twee bronnen", verplicht=False),
            Field("uitzonderingAanschrijving", "lange_tekst", "Motivering zonder aanschrijving", verplicht=False),
            POSTED,
        ),
        valid=(g.posted_in_time,),
        checks=(g.aanschrijving_term_has_passed, g.two_kinds_of_source, g.stay_is_lawful),
        letter=LetterKind.VOORNEMEN,
        term=Term.ZIENSWIJZE,
        implies="start_onderzoek",
        basis="Wet BRP 2.19 lid 1, 3, 4, 5; Awb 4:8; Circulaire 4.3-4.6",
        effect="datum_voornemen is de verzenddatum; blok afronding van 28 dagen",
    ),
    Move(
        "leg_zienswijze_vast",
        "Leg een zienswijze vast",
        van=(Phase.VOORNEMEN,),
        to=Same(),
        by=HANDLER,
        fields=(
            Field("datum", "datum", "Ontvangen op"),
            Field("tekst", "lange_tekst", "Zienswijze", hint="In de woorden van de betrokkene."),
        ),
        basis="Awb 4:8, 4:9; Circulaire 4.6",
    ),
    Move(
        "geef_terug",
        "Geef terug",
        van=(Phase.VOORNEMEN,),
        to=Phase.INLICHTINGEN,
        by=DECIDER,
        fields=(REASON,),
        basis="Awb 3:2; Circulaire 4.6",
        effect="het voornemen vervalt",
    ),
    Move(
        "trek_voornemen_in",
        "Trek het voornemen in",
        van=(Phase.VOORNEMEN,),
        to=Phase.INLICHTINGEN,
        by=HANDLER,
        fields=(REASON,),
        basis="Awb 3:2; Circulaire 4.6",
        effect="het voornemen vervalt",
    ),
    Move(
        "neem_besluit",
        "Neem het besluit",
        van=(Phase.VOORNEMEN,),
        to=Phase.BESLUIT,
        by=DECIDER,
        needs=(g.zienswijze_in_or_term_passed, g.voornemen_made_known, g.no_aangifte_waiting, g.another_pair_of_eyes),
        fields=(
            MOTIVATION,
            Field("soort", "keuze", "Inschrijven op een", verplicht=False, keuzes=WHERE_TO_LIVE),
            Field("geenWoonadres", "ja_nee", "Er is geen woonadres", verplicht=False),
            Field("toestemmingBriefadresgever", "ja_nee", "De briefadresgever gaf toestemming", verplicht=False),
            POSTED,
        ),
        valid=(g.posted_in_time,),
        checks=(g.briefadres_is_allowed,),
        letter=LetterKind.BESLUIT,
        term=Term.BEZWAAR,
        basis="Wet BRP 2.19 lid 3, 2.23, 2.60; Awb 3:41, 3:45",
    ),
    Move(
        "trek_besluit_in",
        "Trek het besluit in",
        van=(Phase.BESLUIT,),
        to=Phase.INLICHTINGEN,
        by=DECIDER,
        fields=(REASON,),
        basis="Wet BRP 2.19 lid 3; Awb 3:2",
        effect="besluit en voornemen vervallen",
    ),
    Move(
        "registreer_aangifte",
        "Registreer een aangifte",
        van=OPEN,
        to=Same(),
        by=HANDLER,
        needs=(g.no_aangifte_waiting,),
        fields=(
            Field("datum", "datum", "Datum van ontvangst"),
            Field("soort", "keuze", "Aangifte van een", keuzes=WHERE_TO_LIVE),
        ),
        basis="Wet BRP 2.19 lid 1 en 3, 2.38",
        effect="een aangifte wacht op beoordeling en houdt het besluit tegen",
    ),
    Move(
        "weiger_aangifte",
        "Weiger de aangifte",
        van=OPEN,
        to=Same(),
        by=DECIDER,
        needs=(g.aangifte_waiting,),
        fields=(MOTIVATION, POSTED),
        valid=(g.posted_in_time,),
        letter=LetterKind.BESLUIT,
        term=Term.BEZWAAR,
        basis="Wet BRP 2.19, 2.60; Awb 4:5",
        effect="een eigen besluit, open voor bezwaar",
    ),
    Move(
        "verwerk_in_brp",
        "Verwerk in de BRP",
        van=OPEN,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.ready_for_brp,),
        fields=(
            Field("identiteitVastgesteld", "ja_nee", "De identiteit is vastgesteld"),
            Field("bewonersGeinformeerd", "ja_nee", "De bewoners weten hoeveel personen er staan ingeschreven"),
            Field("persoonslijstOpgevraagd", "ja_nee", "De persoonslijst is opgevraagd bij de RNI"),
            REMARK,
        ),
        checks=(g.checklist_done,),
        term=Term.PL_OVERZICHT,
        outcomes=frozenset({Outcome.AMBTSHALVE_INGESCHREVEN, Outcome.AANGIFTE_GEDAAN, Outcome.BRIEFADRES}),
        basis="Wet BRP 2.19 lid 3, 4 en 5, 2.54; HUP Hervestiging",
        effect="ingangsdatum is datum_voornemen, of de ontvangst van de aangifte",
    ),
    Move(
        "draag_over",
        "Draag over",
        van=BEFORE_VOORNEMEN,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        fields=(MUNICIPALITY.described("Naar gemeente"), REASON.optional()),
        valid=(g.another_municipality,),
        outcomes=frozenset({Outcome.ANDERE_GEMEENTE}),
        basis="Wet BRP 2.35 lid 3; Circulaire 4.8",
        effect="doet de ontvanger mee, dan een nieuwe zaak met de oorspronkelijke ontvangst",
    ),
    Move(
        "stuur_terug",
        "Stuur terug",
        van=START,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.was_handed_over,),
        fields=(REASON,),
        outcomes=frozenset({Outcome.ANDERE_GEMEENTE}),
        basis="Wet BRP 2.35 lid 3; Circulaire 4.8",
        effect="de zaak van de afzender gaat weer open; een keer mogelijk",
    ),
    Move(
        "stel_vast_elders_ingeschreven",
        "Stel vast: elders ingeschreven",
        van=OPEN,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.brp_consulted_today,),
        fields=(
            MUNICIPALITY.described("Gemeente van inschrijving"),
            Field("datum", "datum", "Datum inschrijving daar"),
            REMARK,
        ),
        valid=(g.another_municipality, g.registered_since_receipt),
        outcomes=frozenset({Outcome.ELDERS_INGESCHREVEN}),
        basis="Wet BRP 2.19; Circulaire 4.8",
    ),
    Move(
        "sluit_zonder_mutatie",
        "Sluit zonder mutatie",
        van=RESEARCH,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.something_investigated,),
        fields=(
            Field(
                "resultaat",
                "keuze",
                "Resultaat",
                keuzes=("niet_vastgesteld", "buitenland_of_te_kort", "onbekend_op_adres", "buiten_aangifteplicht"),
            ),
            REASON,
            Field("uitzonderingBezoeken", "lange_tekst", "Motivering bij te weinig bezoeken", verplicht=False),
            POSTED,
        ),
        valid=(g.posted_in_time,),
        checks=(g.visits_suffice,),
        outcomes=frozenset(
            {
                Outcome.NIET_VASTGESTELD,
                Outcome.BUITENLAND_OF_TE_KORT,
                Outcome.ONBEKEND_OP_ADRES,
                Outcome.BUITEN_AANGIFTEPLICHT,
            }
        ),
        basis="Wet BRP 2.37e; Circulaire 4.7, 4.8",
        effect="brief afsluiting als er een brief was verstuurd",
    ),
    Move(
        "stel_vast_overleden",
        "Stel vast: overleden",
        van=OPEN,
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        fields=(Field("bron", "tekst", "Bron"), Field("datum", "datum", "Datum overlijden")),
        outcomes=frozenset({Outcome.OVERLEDEN}),
        basis="Wet BRP 2.37e; Circulaire 4.8",
    ),
    Move(
        "registreer_bezwaar",
        "Registreer een bezwaar",
        van=(Phase.BESLUIT, Phase.AFGESLOTEN),
        to=Phase.BEZWAAR,
        by=HANDLER,
        needs=(g.besluit_was_taken,),
        fields=(
            Field("datum", "datum", "Datum van ontvangst"),
            Field("ontvangenVia", "tekst", "Ontvangen via", hint="Bijvoorbeeld post, balie, e-formulier."),
        ),
        term=Term.BESLISSING_OP_BEZWAAR,
        basis="Wet BRP 2.60; Awb 6:4, 6:7, 7:10",
        effect="te laat ontvangen wordt beslist, niet tegengehouden",
    ),
    Move(
        "beslis_op_bezwaar",
        "Beslis op het bezwaar",
        van=(Phase.BEZWAAR,),
        to=OneOf((Phase.BESLUIT, Phase.AFGESLOTEN, Phase.INLICHTINGEN), _after_bezwaar),
        by=DECIDER,
        needs=(g.third_pair_of_eyes,),
        fields=(
            Field(
                "uitkomst",
                "keuze",
                "Uitkomst",
                keuzes=("gegrond", "deels_gegrond", "ongegrond", "niet_ontvankelijk", "ingetrokken"),
            ),
            MOTIVATION,
            Field("gehoord", "ja_nee", "De belanghebbende is gehoord"),
            Field("redenNietGehoord", "lange_tekst", "Waarom horen achterwege bleef", verplicht=False),
            Field("onderzoekVoortzetten", "ja_nee", "Het onderzoek moet verder", verplicht=False),
        ),
        valid=(g.continues_only_when_upheld,),
        checks=(g.heard_or_waived,),
        basis="Awb 7:2, 7:3, 7:10-7:12, 10:3 lid 3",
    ),
    Move(
        "heropen",
        "Heropen",
        van=(Phase.AFGESLOTEN,),
        to=Phase.VOORONDERZOEK,
        by=DECIDER,
        needs=(g.no_besluit_was_taken, g.not_with_a_receiver),
        fields=(REASON,),
        basis="Wet BRP 2.19 lid 3; Awb 3:2",
        effect="het staande resultaat is opgeschort",
    ),
    Move(
        "trek_signaal_in",
        "Trek het signaal in",
        van=(Phase.ONTVANGEN,),
        to=Phase.AFGESLOTEN,
        by=frozenset({Role.SYSTEEM}),
        needs=(g.all_signals_withdrawn,),
        outcomes=frozenset({Outcome.INGETROKKEN}),
        basis="Wet BRP 2.37b, 2.37e",
    ),
    Move(
        "sluit_als_ingetrokken",
        "Sluit als ingetrokken",
        van=tuple(phase for phase in BEFORE_BESLUIT if phase != Phase.ONTVANGEN),
        to=Phase.AFGESLOTEN,
        by=HANDLER,
        needs=(g.withdrawn_by_uwv,),
        fields=(REASON,),
        outcomes=frozenset({Outcome.INGETROKKEN}),
        basis="Wet BRP 2.37b, 2.37e",
    ),
    Move(
        "zet_voort",
        "Zet het onderzoek voort",
        van=tuple(phase for phase in BEFORE_BESLUIT if phase != Phase.ONTVANGEN),
        to=Same(),
        by=HANDLER,
        needs=(g.withdrawn_by_uwv,),
        fields=(REASON,),
        basis="Wet BRP 2.19 lid 3",
        effect="grondslag wordt EIGEN_INITIATIEF",
    ),
    Move(
        "houd_aan",
        "Houd aan",
        van=OPEN,
        to=Same(),
        by=HANDLER,
        needs=(g.not_on_hold,),
        fields=(REASON,),
        basis="Circulaire 6",
        effect="schuift alleen richtlijn_onderzoek, inlichtingen_huisbezoek en afronding op",
    ),
    Move(
        "hervat",
        "Hervat",
        van=OPEN,
        to=Same(),
        by=HANDLER,
        needs=(g.on_hold,),
        fields=(REASON.optional(),),
        basis="Circulaire 6",
    ),
)

BY_NAME: Mapping[str, Move] = {move.name: move for move in STEPS}
TRANSITIONS: Mapping[Phase, Sequence[Move]] = {
    phase: tuple(move for move in STEPS if phase in move.van) for phase in Phase
}


def targets(move: Move, phase: Phase) -> tuple[Phase, ...]:
    """The phases in which a case can stand after this step from this phase."""
    if isinstance(move.to, OneOf):
        return move.to.phases
    if isinstance(move.to, Same):
        return (move.to.except_from.get(phase, phase),)
    return (move.to,)
