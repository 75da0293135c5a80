"""What each figure is: one function per figure, its docstring the definition that is printed with it, so in Dutch.

A figure looks at a `Population`; nothing here knows the database. All count what was recorded by the peildatum.
"""

import json
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from math import inf
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

import pandas as pd
from sqlmodel import Session

from exports import snapshot
from exports.population import Population, chosen, split
from exports.public import LEAST, Money, public
from exports.selection import DIMENSIONS, Selection, by_value
from exports.snapshot import LAA_TERMS, STAYS
from exports.stands import CATEGORIES
from exports.statistics import Curve, Duration, Rate, duration, survival_curve, survival_median
from signals.models import Uitkomst
from workflow.phases import Outcome, Phase

Value: TypeAlias = int | Rate | Duration | Curve | Money | Mapping[str, "Value"] | None

AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class Figure:
    """A figure: the name by which it is stored and asked, how it is called, what it is, how it is counted.

    gesplitst: it is also given of each part of a split. openbaar: it may be in the public edition.
    """

    naam: str
    label: str
    definitie: str
    reken: Callable[[Population], Value]
    gesplitst: bool = True
    openbaar: bool = True


FIGURES: dict[str, Figure] = {}


def figure(
    label: str, *, gesplitst: bool = True, openbaar: bool = True
) -> Callable[[Callable[[Population], Value]], Callable[[Population], Value]]:
    """Registers a function as the figure of its name; its docstring, in Dutch, is the definition that readers see."""

    def register(reken: Callable[[Population], Value]) -> Callable[[Population], Value]:
        naam, definitie = reken.__name__, " ".join((reken.__doc__ or "").split())
        FIGURES[naam] = Figure(naam, label, definitie, reken, gesplitst, openbaar)
        return reken

    return register


def _rows(of: Population, outcome: Uitkomst) -> int | None:
    """Unknown when selected by a fact that a rejected row may lack."""
    return of.rows.get(outcome.value, 0) if of.rows_known else None


@figure("Regels geleverd")
def geleverd(of: Population) -> Value:
    """Alle aangeleverde regels: de som van de vijf aantallen hieronder."""
    return sum(of.rows.values()) if of.rows_known else None


@figure("Regels geaccepteerd")
def geaccepteerd(of: Population) -> Value:
    """Aangeleverde regels die een nieuw signaal werden."""
    return _rows(of, Uitkomst.GEACCEPTEERD)


@figure("Regels gewijzigd")
def gewijzigd(of: Population) -> Value:
    """Aangeleverde regels die een signaal wijzigden."""
    return _rows(of, Uitkomst.GEWIJZIGD)


@figure("Regels ingetrokken")
def ingetrokken(of: Population) -> Value:
    """Aangeleverde regels die een signaal introkken."""
    return _rows(of, Uitkomst.INGETROKKEN)


@figure("Regels dubbel")
def dubbel(of: Population) -> Value:
    """Aangeleverde regels die niets veranderden."""
    return _rows(of, Uitkomst.DUBBEL)


@figure("Regels afgekeurd")
def afgekeurd(of: Population) -> Value:
    """Aangeleverde regels met een fout; die gingen terug naar UWV."""
    return _rows(of, Uitkomst.AFGEKEURD)


@figure("Regels afgekeurd per reden", gesplitst=False)
def afgekeurd_per_reden(of: Population) -> Value:
    """Afgekeurde regels naar wat er fout was. Een regel met meer dan één fout telt bij elke reden."""
    if not of.rows_known:
        return None
    rejected = of.part.rows[of.part.rows["uitkomst"] == Uitkomst.AFGEKEURD.value]
    reasons = Counter[str]()
    for codes, count in zip(rejected["codes"], rejected["aantal"], strict=True):
        reasons.update(dict.fromkeys(json.loads(codes), int(count)))
    return dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))


@figure("Signalen")
def signalen(of: Population) -> Value:
    """Geaccepteerde signalen, ook als ze later zijn ingetrokken."""
    return len(of.part.signals)


@figure("Zaken")
def zaken(of: Population) -> Value:
    """Personen bij een gemeente. Een signaal dat aansloot bij een lopende zaak opent er geen. Een zaak die aan een
    deelnemer is overgedragen, telt alleen bij de ontvanger; bijvangst telt niet mee.
    """
    return len(of.zaken)


@figure("Adressen")
def adressen(of: Population) -> Value:
    """Verschillende huidige adressen van de zaken."""
    return int(of.zaken["adres"].nunique())


@figure("Lopend")
def lopend(of: Population) -> Value:
    """Zaken zonder geldend resultaat: nog in onderzoek, of heropend."""
    return of.count("lopend")


@figure("Aandeel nog lopend")
def aandeel_lopend(of: Population) -> Value:
    """Lopende zaken gedeeld door alle zaken. Hoort bij elke trefkans: boven 20% worden trefkansen niet vergeleken."""
    return Rate(of.count("lopend"), len(of.zaken))


@figure("Zaken per fase")
def in_fase(of: Population) -> Value:
    """Lopende zaken naar de fase waarin ze op de peildatum staan."""
    waiting = of.zaken.loc[of.zaken["lopend"], "fase"].value_counts()
    return {phase.value: int(waiting[phase.value]) for phase in Phase if phase.value in waiting.index}


@figure("Aangehouden")
def aangehouden(of: Population) -> Value:
    """Lopende zaken die op de peildatum zijn aangehouden."""
    return int((of.zaken["lopend"] & of.zaken["aangehouden"]).sum())


@figure("Zaken ingetrokken")
def zaken_ingetrokken(of: Population) -> Value:
    """Zaken die eindigden omdat UWV het signaal introk."""
    return of.count("ingetrokken")


@figure("Overgedragen")
def overgedragen(of: Population) -> Value:
    """Zaken die aan een andere gemeente zijn overgedragen of teruggestuurd. Was dat een deelnemer, dan tellen ze
    nergens anders mee; anders ook als zaak.
    """
    return int((of.every_case["overgedragen"] & ~of.every_case["bijvangst"]).sum())


@figure("Niet opgepakt")
def niet_opgepakt(of: Population) -> Value:
    """Zaken die zijn afgesloten omdat de gemeente ze niet oppakt."""
    return of.outcome(Outcome.NIET_OPGEPAKT)


@figure("Verouderd")
def verouderd(of: Population) -> Value:
    """Zaken van personen die al ingezetene waren voordat het signaal binnenkwam."""
    return of.outcome(Outcome.REEDS_INGEZETENE)


@figure("Bijvangst")
def bijvangst(of: Population) -> Value:
    """Zaken van andere personen uit de RNI die bij een onderzoek zijn gevonden; na een overdracht aan een deelnemer
    alleen bij de ontvanger. Ze tellen nergens anders mee.
    """
    return int((of.every_case["bijvangst"] & ~of.every_case["bij_deelnemer"]).sum())


@figure("Opgepakt")
def opgepakt(of: Population) -> Value:
    """Zaken met ten minste één onderzoekshandeling: een bron buiten UWV, een contact, een huisbezoek of een brief. Niet
    ingetrokken en niet overgedragen.
    """
    return int(of.followed_up[1].sum())


@figure("Onderzocht")
def onderzocht(of: Population) -> Value:
    """Zaken met een geldend resultaat dat na onderzoek is bereikt."""
    return of.count("onderzocht")


@figure("Treffers")
def treffers(of: Population) -> Value:
    """Zaken met als geldend resultaat dat de persoon als ingezetene is ingeschreven."""
    return of.count("treffer")


@figure("Resultaten")
def resultaten(of: Population) -> Value:
    """Zaken naar het resultaat dat op de peildatum geldt."""
    counted = of.zaken["resultaat"].value_counts()
    return {outcome.value: int(counted[outcome.value]) for outcome in Outcome if outcome.value in counted.index}


@figure("Heropend")
def heropend(of: Population) -> Value:
    """Zaken waarin na een resultaat weer onderzoek kwam: heropend, teruggestuurd door een andere gemeente of voortgezet
    na bezwaar. De duur tot de eerste sluiting blijft meetellen.
    """
    return of.count("heropend")


@figure("Opvolging")
def opvolging(of: Population) -> Value:
    """Opgepakte zaken gedeeld door alle zaken die niet zijn ingetrokken of overgedragen aan een niet-deelnemer."""
    stayed, followed = of.followed_up
    return Rate(int(followed.sum()), int(stayed.sum()))


@figure("Trefkans")
def trefkans(of: Population) -> Value:
    """Treffers gedeeld door onderzochte zaken. Per levering en per aanleiding per signaal geteld: een aangesloten
    signaal heeft het resultaat van zijn zaak, een ingetrokken signaal telt niet mee.
    """
    if of.per_signal:
        counted = of.part.signals[~of.part.signals["ingetrokken"]]
        return Rate(int(counted["treffer"].sum()), int(counted["onderzocht"].sum()))
    return Rate(of.count("treffer"), of.count("onderzocht"))


@figure("Trefkans per adres")
def trefkans_adres(of: Population) -> Value:
    """Adressen met ten minste één treffer gedeeld door adressen met ten minste één onderzochte zaak. Het interval telt
    huisgenoten niet als losse waarnemingen.
    """
    researched = of.zaken.loc[of.zaken["onderzocht"], ["adres", "treffer"]]
    hits = researched.loc[researched["treffer"], "adres"]
    return Rate(int(hits.nunique()), int(researched["adres"].nunique()))


@figure("Trefkans per maanden verblijf", gesplitst=False, openbaar=False)
def trefkans_per_verblijf(of: Population) -> Value:
    """Als de trefkans, naar hoe lang iemand volgens het eerste signaal van de zaak in Nederland verbleef: van de eerste
    dag tot de laatste, of tot de dag van het signaal als er geen laatste dag is, in hele maanden. Niet in de openbare
    uitgave.
    """
    parts = by_value(of.zaken, "verblijf")
    return {
        stay: Rate(int(parts[stay]["treffer"].sum()), int(parts[stay]["onderzocht"].sum()))
        for stay in STAYS
        if stay in parts
    }


def _on_time(of: Population, term: str) -> Rate:
    mine = of.part.terms[of.part.terms["term"] == term]
    return Rate(int(mine["op_tijd"].sum()), len(mine))


@figure("Eerste antwoord op tijd")
def eerste_antwoord_op_tijd(of: Population) -> Value:
    """Zaken waarvan het eerste antwoord op of voor de laatste dag van de termijn van vier weken in WALAA staat, gedeeld
    door de LAA-zaken (Wet BRP 2.37) waarvan die dag voor de peildatum ligt. Zaken die op of voor die dag zijn
    ingetrokken, tellen niet mee.
    """
    return _on_time(of, LAA_TERMS[0])


@figure("Resultaat op tijd")
def resultaat_op_tijd(of: Population) -> Value:
    """Zaken waarvan het eindantwoord op of voor de laatste dag van de termijn van zes maanden in WALAA staat, gedeeld
    door de LAA-zaken (Wet BRP 2.37) waarvan die dag voor de peildatum ligt. Zaken die op of voor die dag zijn
    ingetrokken, tellen niet mee.
    """
    return _on_time(of, LAA_TERMS[1])


@figure("Aandeel aangifte")
def aangifte_aandeel(of: Population) -> Value:
    """Personen die zelf aangifte deden, gedeeld door de treffers."""
    return Rate(of.outcome(Outcome.AANGIFTE_GEDAAN), of.count("treffer"))


def _reached(attempts: pd.DataFrame, moments: pd.DataFrame) -> Rate:
    asked = set(attempts["zaak_id"])
    return Rate(len(asked & set(moments["zaak_id"])), len(asked))


@figure("Bereik")
def bereik(of: Population) -> Value:
    """Zaken met een contactpoging waarin de persoon is gesproken, gedeeld door alle zaken met een contactpoging. Een
    brief aan de persoon en een huisbezoek zijn pogingen; aangetroffen bij een huisbezoek is gesproken.
    """
    return _reached(of.part.attempts, of.part.moments)


@figure("Bereik per kanaal")
def bereik_per_kanaal(of: Population) -> Value:
    """Als bereik, met poging en gesprek langs hetzelfde kanaal."""
    moments = of.part.moments
    return {
        channel: _reached(attempts, moments[moments["kanaal"] == channel])
        for channel, attempts in by_value(of.part.attempts, "kanaal").items()
    }


@figure("Thuis getroffen")
def thuis_getroffen(of: Population) -> Value:
    """Huisbezoeken waarbij de gezochte persoon is aangetroffen, gedeeld door alle huisbezoeken zonder weigering, geteld
    per bezoek en per zaak.
    """
    held = of.part.visits[~of.part.visits["geweigerd"]]
    return Rate(int(held["aangetroffen"].sum()), len(held))


@figure("Geweigerde huisbezoeken")
def huisbezoeken_geweigerd(of: Population) -> Value:
    """Huisbezoeken waarbij toestemming werd geweigerd. Weigeren is een recht en zegt niets over het resultaat."""
    return int(of.part.visits["geweigerd"].sum())


@figure("Duur ontvangst tot eerste antwoord")
def duur_ontvangst_eerste_antwoord(of: Population) -> Value:
    """Kalenderdagen van ontvangst tot de dag van het eerste antwoord in de zaak."""
    return duration(of.zaken["dagen_eerste_antwoord"])


@figure("Duur ontvangst tot eerste sluiting")
def duur_ontvangst_afgesloten(of: Population) -> Value:
    """Kalenderdagen van ontvangst tot de eerste sluiting. De Kaplan-Meiermediaan rekent alle zaken mee, want lopende
    zaken weglaten maakt het te mooi. Hij kijkt naar de eerste sluiting na onderzoek of omdat iemand al ingezetene
    was; lopende, ingetrokken, overgedragen, elders ingeschreven en niet opgepakte zaken tellen tot hun laatste dag.
    Er is geen mediaan zolang meer dan de helft nog wacht.
    """
    plain = duration(of.zaken["dagen_afgesloten"])
    median = survival_median(of.zaken["km_dagen"].tolist(), of.zaken["km_beantwoord"].tolist())
    return Duration(plain.n, plain.mediaan, plain.p90, km=(median,), km_n=len(of.zaken))


@figure("Verloop tot eerste sluiting", gesplitst=False)
def verloop_ontvangst_afgesloten(of: Population) -> Value:
    """Welk deel van de zaken zoveel kalenderdagen na ontvangst nog niet was afgesloten, volgens Kaplan-Meier. Alle
    zaken tellen mee, de lopende tot de peildatum, precies zoals bij de Kaplan-Meiermediaan. Gevolgd is hoeveel zaken er
    tot die dag nog te volgen waren: hoe minder, hoe onzekerder. Niet in de openbare uitgave.
    """
    return survival_curve(of.zaken["km_dagen"].tolist(), of.zaken["km_beantwoord"].tolist())


@figure("Duur onderzoek tot eerste sluiting")
def duur_onderzoek_afgesloten(of: Population) -> Value:
    """Kalenderdagen van de start van het onderzoek tot de eerste sluiting. De richtlijn is 70 dagen (Circulaire BRP,
    paragraaf 4.2).
    """
    return duration(of.zaken["dagen_onderzoek"])


@figure("Duur per fase")
def duur_in_fase(of: Population) -> Value:
    """Kalenderdagen van elk verblijf in een fase dat voorbij is. Afgesloten zijn is geen verblijf."""
    by_phase = by_value(of.part.stays, "fase")
    return {phase.value: duration(by_phase[phase.value]["dagen"]) for phase in Phase if phase.value in by_phase}


@figure("Duur aangehouden")
def duur_aangehouden(of: Population) -> Value:
    """Kalenderdagen van elke aanhouding die voorbij is."""
    return duration(of.part.holds["dagen"])


@figure("Opbrengst")
def opbrengst(of: Population) -> Value:
    """Per soort het aantal signalen en het bedrag in euro's volgens de laatste opgave van UWV. Tel de soorten nooit bij
    elkaar op: voorkomen schade is geen terugvordering. Pas aan het eind van het volgende jaar volledig.
    """
    return {
        soort: Money(int(rows["signal_id"].nunique()), int(rows["cent"].sum()))
        for soort, rows in by_value(of.part.yields, "soort").items()
    }


@figure("Opbrengst nog niet gemeld")
def opbrengst_nog_niet_gemeld(of: Population) -> Value:
    """Signalen waarvan een resultaat aan UWV is verzonden dat nog geldt, en waarover UWV nog niets meldde."""
    told = of.part.signals.index[of.part.signals["verteld"]]
    return int((~told.isin(of.part.yields["signal_id"])).sum())


@figure("Afstemming met UWV")
def afstemming(of: Population) -> Value:
    """Elk signaal precies een keer: wat UWV ervan weet en wat nog verteld moet worden."""
    counted = of.part.signals["categorie"].value_counts()
    return {category: int(counted.get(category, 0)) for category in CATEGORIES}


def figures(
    session: Session,
    selection: Selection,
    peildatum: date,
    *,
    openbaar: bool = False,
    eigen: bool = False,
    zone: ZoneInfo = AMSTERDAM,
) -> dict[str, Any]:
    """Every figure of a selection as of a day, and split by every dimension: the object of `rni figures --json`.

    Needs a session that sees every municipality; the selection says which part is counted. openbaar: rounded and
    suppressed for the public (raises Invalid for a selection that is not public). eigen: for a municipality, which
    knows its cases: an amount only over at least five signals, and only of the whole of one municipality, since who
    takes one part from another would have that of a person. zone: in which a day ends.
    """
    if openbaar:
        selection.check_public()
    others = (dimension for dimension in DIMENSIONS if dimension != "gemeente")
    whole = len(selection.gemeenten) == 1 and not selection.chosen(*others)
    all_of_it = snapshot.take(session, peildatum, zone)
    part = chosen(all_of_it, selection)
    shown = public if openbaar else partial(_plain, least=LEAST if whole else inf) if eigen else _plain
    in_parts = partial(_plain, least=inf) if eigen and not openbaar else shown
    per = {
        dimension: {value: _counted(of, in_parts, known_only=True) for value, of in split(part, dimension)}
        for dimension in selection.splits(openbaar)
    }
    return {
        "peildatum": peildatum.isoformat(),
        "openbaar": openbaar,
        "selectie": selection.as_dict(),
        "cijfers": _counted(part, shown, openbaar=openbaar),
        "per": per,
    }


def _counted(
    of: Population, shown: Callable[[Value], Any], *, known_only: bool = False, openbaar: bool = False
) -> dict[str, Any]:
    counted = {
        naam: each.reken(of) if each.openbaar or not openbaar else None
        for naam, each in FIGURES.items()
        if each.gesplitst or not known_only
    }
    return {naam: shown(value) for naam, value in counted.items() if value is not None or not known_only}


def _plain(value: Value, least: float = 0) -> Any:
    """As it was counted; an amount over fewer signals than `least` is left out."""
    if isinstance(value, Mapping):
        return {name: _plain(part, least) for name, part in value.items()}
    if isinstance(value, Money) and value.signalen < least:
        return value.as_dict() | {"bedrag": None}
    return value if value is None or isinstance(value, int) else value.as_dict()
