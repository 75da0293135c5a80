"""What each figure is: one function per figure, its docstring and Dutch sentence the definition printed with it.

A figure looks at a `Population`; nothing here knows the database. All count what was recorded by the peildatum.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd
from sqlmodel import Session

from exports import snapshot
from exports.population import Population, chosen, split
from exports.public import Money, public
from exports.selection import Selection, by_value
from exports.snapshot import LAA_TERMS
from exports.stands import CATEGORIES
from exports.statistics import Duration, Rate, duration, survival_median
from workflow.phases import Outcome, Phase

Value: TypeAlias = int | Rate | Duration | Money | Mapping[str, "Value"] | None

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class Figure:
    """A figure: the name by which it is stored and asked, how it is called, what it is, how it is counted."""

    naam: str
    label: str
    definitie: str
    reken: Callable[[Population], Value]


FIGURES: dict[str, Figure] = {}


def figure(label: str, definitie: str) -> Callable[[Callable[[Population], Value]], Callable[[Population], Value]]:
    """Registers a function as the figure of its name."""

    def register(reken: Callable[[Population], Value]) -> Callable[[Population], Value]:
        naam = reken.__name__
        FIGURES[naam] = Figure(naam, label, definitie, reken)
        return reken

    return register


def _row_counts() -> None:
    meanings = {
        "geaccepteerd": "Aangeleverde regels die een nieuw signaal werden.",
        "gewijzigd": "Aangeleverde regels die een signaal wijzigden.",
        "ingetrokken": "Aangeleverde regels die een signaal introkken.",
        "dubbel": "Aangeleverde regels die niets veranderden.",
        "afgekeurd": "Aangeleverde regels met een fout; die gingen terug naar UWV.",
    }

    def counter(naam: str) -> Callable[[Population], Value]:
        def count(of: Population) -> Value:
            """Delivered rows with this fate; unknown when selected by a fact that a rejected row may lack."""
            return of.rows.get(naam, 0) if of.rows_known else None

        return count

    for naam, definitie in meanings.items():
        FIGURES[naam] = Figure(naam, f"Regels {naam}", definitie, counter(naam))


@figure("Regels geleverd", "Alle aangeleverde regels: de som van de vijf aantallen hieronder.")
def geleverd(of: Population) -> Value:
    """Delivered rows; always the sum of the five."""
    return sum(of.rows.values()) if of.rows_known else None


_row_counts()


@figure("Signalen", "Geaccepteerde signalen, ook als ze later zijn ingetrokken.")
def signalen(of: Population) -> Value:
    """Accepted signals."""
    return len(of.part.signals)


@figure("Zaken", "Personen bij een gemeente. Een signaal dat aansloot bij een lopende zaak opent er geen.")
def zaken(of: Population) -> Value:
    """Cases, without bijvangst and without those handed over to a participant (counted once, at the receiver)."""
    return len(of.zaken)


@figure("Adressen", "Verschillende huidige adressen van de zaken.")
def adressen(of: Population) -> Value:
    """Distinct current addresses of the cases."""
    return int(of.zaken["adres"].nunique())


@figure("Lopend", "Zaken zonder resultaat: nog in onderzoek, of heropend.")
def lopend(of: Population) -> Value:
    """Cases without a standing outcome."""
    return of.count("lopend")


@figure("Aandeel nog lopend", "Lopende zaken gedeeld door alle zaken. Hoort bij elke trefkans.")
def aandeel_lopend(of: Population) -> Value:
    """The share still open; hit rates are not compared while this is above 20%."""
    return Rate(of.count("lopend"), len(of.zaken))


@figure("Zaken per fase", "Lopende zaken naar de fase waarin ze nu staan.")
def in_fase(of: Population) -> Value:
    """Open cases by phase: where cases wait."""
    waiting = of.zaken.loc[of.zaken["lopend"], "fase"].value_counts()
    return {phase.value: int(waiting[phase.value]) for phase in Phase if phase.value in waiting.index}


@figure("Aangehouden", "Lopende zaken die nu zijn aangehouden.")
def aangehouden(of: Population) -> Value:
    """Open cases on hold."""
    return int((of.zaken["lopend"] & of.zaken["aangehouden"]).sum())


@figure("Zaken ingetrokken", "Zaken die eindigden omdat UWV het signaal introk.")
def zaken_ingetrokken(of: Population) -> Value:
    """Cases with outcome ingetrokken."""
    return of.count("ingetrokken")


@figure("Overgedragen", "Zaken die aan een andere gemeente zijn overgedragen of teruggestuurd.")
def overgedragen(of: Population) -> Value:
    """Cases handed over: to a participant (then in no other count) or to another municipality (then in zaken too)."""
    return int((of.every_case["overgedragen"] & ~of.every_case["bijvangst"]).sum())


@figure("Niet opgepakt", "Zaken die de gemeente niet heeft opgepakt.")
def niet_opgepakt(of: Population) -> Value:
    """Cases with outcome niet_opgepakt: not following up is reported too."""
    return of.outcome(Outcome.NIET_OPGEPAKT)


@figure("Verouderd", "Personen die al ingezetene waren voordat het signaal binnenkwam.")
def verouderd(of: Population) -> Value:
    """Cases with outcome reeds_ingezetene: the signal was stale."""
    return of.outcome(Outcome.REEDS_INGEZETENE)


@figure("Bijvangst", "Andere personen uit de RNI die bij een onderzoek zijn gevonden. Tellen nergens anders mee.")
def bijvangst(of: Population) -> Value:
    """Bijvangst cases; counted here and nowhere else."""
    return int(of.every_case["bijvangst"].sum())


@figure("Opgepakt", "Zaken met ten minste één onderzoekshandeling; niet ingetrokken en niet overgedragen.")
def opgepakt(of: Population) -> Value:
    """Cases with an investigation act (source but UWV's, contact, visit, letter), not withdrawn or handed over."""
    return int(of.followed_up[1].sum())


@figure("Onderzocht", "Zaken met een resultaat na onderzoek.")
def onderzocht(of: Population) -> Value:
    """Cases whose standing outcome counts as investigated."""
    return of.count("onderzocht")


@figure("Treffers", "Onderzochte zaken waarin de persoon als ingezetene is ingeschreven.")
def treffers(of: Population) -> Value:
    """Cases whose standing outcome is a hit."""
    return of.count("treffer")


@figure("Resultaten", "Zaken naar het resultaat dat nu geldt.")
def resultaten(of: Population) -> Value:
    """Cases by standing outcome."""
    counted = of.zaken["resultaat"].value_counts()
    return {outcome.value: int(counted[outcome.value]) for outcome in Outcome if outcome.value in counted.index}


@figure("Heropend", "Zaken die na een resultaat zijn heropend; de duur tot de eerste sluiting blijft meetellen.")
def heropend(of: Population) -> Value:
    """Cases ever reopened; shown apart because durations look at the first closing."""
    return of.count("heropend")


@figure(
    "Opvolging",
    "Opgepakte zaken gedeeld door alle zaken die niet zijn ingetrokken of overgedragen aan een niet-deelnemer.",
)
def opvolging(of: Population) -> Value:
    """opgepakt / (zaken - zaken_ingetrokken - handed over to a non-participant)."""
    stayed, followed = of.followed_up
    return Rate(int(followed.sum()), int(stayed.sum()))


@figure(
    "Trefkans",
    "Treffers gedeeld door onderzochte zaken; per levering en per aanleiding per signaal geteld, waarbij ingetrokken "
    "signalen niet meetellen.",
)
def trefkans(of: Population) -> Value:
    """treffers / onderzocht; per levering and aanleiding per signal (a joined one has its case's outcome)."""
    if of.per_signal:
        counted = of.part.signals[~of.part.signals["ingetrokken"]]
        return Rate(int(counted["treffer"].sum()), int(counted["onderzocht"].sum()))
    return Rate(of.count("treffer"), of.count("onderzocht"))


@figure(
    "Trefkans per adres",
    "Adressen met ten minste één treffer gedeeld door adressen met ten minste één onderzochte zaak. Het interval telt "
    "huisgenoten niet als losse waarnemingen.",
)
def trefkans_adres(of: Population) -> Value:
    """Addresses with a hit / addresses with an investigated case; the unit of the published LAA references."""
    researched = of.zaken.loc[of.zaken["onderzocht"], ["adres", "treffer"]]
    hits = researched.loc[researched["treffer"], "adres"]
    return Rate(int(hits.nunique()), int(researched["adres"].nunique()))


def _on_time(of: Population, term: str) -> Rate:
    mine = of.part.terms[of.part.terms["term"] == term]
    return Rate(int(mine["op_tijd"].sum()), len(mine))


@figure(
    "Eerste antwoord op tijd",
    "Zaken met het eerste antwoord binnen vier weken in WALAA, gedeeld door de zaken waarvan die termijn voorbij is.",
)
def eerste_antwoord_op_tijd(of: Population) -> Value:
    """Entered in WALAA on or before laa_eerste_antwoord / LAA_2_37 cases whose last day lies before the peildatum.

    Cases withdrawn on or before that last day are left out.
    """
    return _on_time(of, LAA_TERMS[0])


@figure(
    "Resultaat op tijd",
    "Zaken met het eindantwoord binnen zes maanden in WALAA, gedeeld door de zaken waarvan die termijn voorbij is.",
)
def resultaat_op_tijd(of: Population) -> Value:
    """A final answer entered in WALAA on or before laa_resultaat / LAA_2_37 cases whose last day lies before."""
    return _on_time(of, LAA_TERMS[1])


@figure("Aandeel aangifte", "Personen die zelf aangifte deden, gedeeld door de treffers.")
def aangifte_aandeel(of: Population) -> Value:
    """aangifte_gedaan / treffers: people who registered themselves."""
    return Rate(of.outcome(Outcome.AANGIFTE_GEDAAN), of.count("treffer"))


def _reached(attempts: pd.DataFrame, moments: pd.DataFrame) -> Rate:
    asked = set(attempts["zaak_id"])
    return Rate(len(asked & set(moments["zaak_id"])), len(asked))


@figure(
    "Bereik",
    "Zaken waarin de persoon is gesproken, gedeeld door zaken met een contactpoging. Een brief aan de persoon en een "
    "huisbezoek zijn pogingen; aangetroffen bij een huisbezoek is gesproken.",
)
def bereik(of: Population) -> Value:
    """Cases with a contact moment / cases with a contact attempt, the numerator within the denominator."""
    return _reached(of.part.attempts, of.part.moments)


@figure("Bereik per kanaal", "Als bereik, met poging en gesprek langs hetzelfde kanaal.")
def bereik_per_kanaal(of: Population) -> Value:
    """Reach by channel, attempt and moment both by that channel."""
    moments = of.part.moments
    return {
        channel: _reached(attempts, moments[moments["kanaal"] == channel])
        for channel, attempts in by_value(of.part.attempts, "kanaal").items()
    }


@figure(
    "Thuis getroffen",
    "Huisbezoeken waarbij de gezochte persoon is aangetroffen, gedeeld door de huisbezoeken zonder weigering.",
)
def thuis_getroffen(of: Population) -> Value:
    """Person found / person looked for, per visit and case; refused visits in neither."""
    held = of.part.visits[~of.part.visits["geweigerd"]]
    return Rate(int(held["aangetroffen"].sum()), len(held))


@figure("Geweigerde huisbezoeken", "Huisbezoeken waarbij toestemming werd geweigerd. Weigeren is een recht.")
def huisbezoeken_geweigerd(of: Population) -> Value:
    """Visits at which consent was refused; never a finding by itself."""
    return int(of.part.visits["geweigerd"].sum())


@figure("Duur ontvangst tot eerste antwoord", "Kalenderdagen van ontvangst tot de dag van het eerste antwoord.")
def duur_ontvangst_eerste_antwoord(of: Population) -> Value:
    """Receipt -> first answer, by the day in the case (WALAA's day is for the on-time rates only)."""
    return duration(of.zaken["dagen_eerste_antwoord"])


@figure(
    "Duur ontvangst tot eerste sluiting",
    "Kalenderdagen van ontvangst tot de eerste sluiting. De Kaplan-Meiermediaan rekent ook de lopende zaken mee: die "
    "weglaten zou het te mooi maken.",
)
def duur_ontvangst_afgesloten(of: Population) -> Value:
    """Receipt -> first closing, and the Kaplan-Meier median of receipt -> answer over all cases.

    Event: first closing with an investigated outcome or reeds_ingezetene. Open, withdrawn, handed over, registered
    elsewhere and not picked up are censored at their last day. No median while the curve stays above one half.
    """
    plain = duration(of.zaken["dagen_afgesloten"])
    median = survival_median(of.zaken["km_dagen"].tolist(), of.zaken["km_beantwoord"].tolist())
    return Duration(plain.n, plain.mediaan, plain.p90, km=(median,), km_n=len(of.zaken))


@figure(
    "Duur onderzoek tot eerste sluiting",
    "Kalenderdagen van de start van het onderzoek tot de eerste sluiting; de richtlijn is 70 dagen.",
)
def duur_onderzoek_afgesloten(of: Population) -> Value:
    """Start of the investigation -> first closing, against the guideline of 70 days (Circulaire 4.2)."""
    return duration(of.zaken["dagen_onderzoek"])


@figure("Duur per fase", "Kalenderdagen van elk verblijf in een fase dat voorbij is.")
def duur_in_fase(of: Population) -> Value:
    """Days of every stay in a phase that has ended; closed time is no stay."""
    by_phase = by_value(of.part.stays, "fase")
    return {phase.value: duration(by_phase[phase.value]["dagen"]) for phase in Phase if phase.value in by_phase}


@figure("Duur aangehouden", "Kalenderdagen van elke aanhouding die voorbij is.")
def duur_aangehouden(of: Population) -> Value:
    """Days of every time on hold that has ended; shown apart."""
    return duration(of.part.holds["dagen"])


@figure(
    "Opbrengst",
    "Per soort het aantal signalen en het bedrag in euro's volgens de laatste opgave van UWV. Tel de soorten nooit "
    "bij elkaar op: voorkomen schade is geen terugvordering. Pas aan het eind van het volgende jaar volledig.",
)
def opbrengst(of: Population) -> Value:
    """Per soort: signals and sum, latest peildatum of the report; never one total over the sorts."""
    return {
        soort: Money(int(rows["signal_id"].nunique()), int(rows["cent"].sum()))
        for soort, rows in by_value(of.part.yields, "soort").items()
    }


@figure("Opbrengst nog niet gemeld", "Signalen met een verteld resultaat waarover UWV nog niets meldde.")
def opbrengst_nog_niet_gemeld(of: Population) -> Value:
    """Signals with a told result without a report yet."""
    told = of.part.signals.index[of.part.signals["verteld"]]
    return int((~told.isin(of.part.yields["signal_id"])).sum())


@figure("Afstemming met UWV", "Elk signaal precies een keer: wat UWV er nu van weet.")
def afstemming(of: Population) -> Value:
    """The reconciliation with UWV: every accepted signal exactly once."""
    counted = of.part.signals["categorie"].value_counts()
    return {category: int(counted.get(category, 0)) for category in CATEGORIES}


def figures(
    session: Session,
    selection: Selection,
    peildatum: date,
    *,
    openbaar: bool = False,
    zone: ZoneInfo = AMSTERDAM,
) -> dict[str, Any]:
    """Every figure of a selection as of a day, and split by every dimension: the object of `rni figures --json`.

    Needs a session that sees every municipality; the selection says which part is counted. openbaar: rounded and
    suppressed for the public (raises Invalid for a selection that is not public). zone: in which a day ends.
    """
    if openbaar:
        selection.check_public()
    all_of_it = snapshot.take(session, peildatum, zone)
    part = chosen(all_of_it, selection)
    shown = public if openbaar else _plain
    per = {
        dimension: {value: _counted(of, shown, known_only=True) for value, of in split(part, dimension)}
        for dimension in selection.splits(openbaar)
    }
    return {
        "peildatum": peildatum.isoformat(),
        "openbaar": openbaar,
        "selectie": selection.as_dict(),
        "cijfers": _counted(part, shown),
        "per": per,
    }


def _counted(of: Population, shown: Callable[[Value], Any], known_only: bool = False) -> dict[str, Any]:
    counted = {naam: each.reken(of) for naam, each in FIGURES.items()}
    return {naam: shown(value) for naam, value in counted.items() if value is not None or not known_only}


def _plain(value: Value) -> Any:
    if isinstance(value, Mapping):
        return {name: _plain(part) for name, part in value.items()}
    return value if value is None or isinstance(value, int) else value.as_dict()
