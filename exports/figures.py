"""What each figure is: one function per figure, its docstring the definition that is printed with it, so in Dutch.

A figure looks at a `Population`; nothing here knows the database. All count what was recorded by the peildatum.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from math import inf
from typing import Any, TypeAlias
from zoneinfo import ZoneInfo

from sqlmodel import Session

from exports import snapshot
from exports.acts import LAA_TERMS
from exports.population import Population, chosen, split
from exports.public import LEAST, Money, public
from exports.selection import DIMENSIONS, Selection
from exports.snapshot import STAYS
from exports.stands import CATEGORIES
from exports.statistics import Curve, Duration, Rate, duration, survival_curve, survival_median
from signals.models import Uitkomst
from workflow.course import HOLD
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


def _in_order(members: Iterable[StrEnum], counted: Mapping[str, int]) -> dict[str, int]:
    """Those that occur, in the order of the procedure."""
    return {member.value: counted[member.value] for member in members if counted.get(member.value)}


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
    reasons = Counter[str]()
    for codes, count in of.rejections.items():
        reasons.update(dict.fromkeys(json.loads(codes), count))
    return dict(sorted(reasons.items(), key=lambda one: (-one[1], one[0])))


@figure("Signalen")
def signalen(of: Population) -> Value:
    """Geaccepteerde signalen, ook als ze later zijn ingetrokken."""
    return of.signals("geteld")


@figure("Zaken")
def zaken(of: Population) -> Value:
    """Personen bij een gemeente. Een signaal dat aansloot bij een lopende zaak opent er geen. Een zaak die aan een
    deelnemer is overgedragen, telt alleen bij de ontvanger; bijvangst telt niet mee.
    """
    return of.count()


@figure("Adressen")
def adressen(of: Population) -> Value:
    """Verschillende huidige adressen van de zaken."""
    return of.addresses()


@figure("Lopend")
def lopend(of: Population) -> Value:
    """Zaken zonder geldend resultaat: nog in onderzoek, of heropend."""
    return of.count("lopend")


@figure("Aandeel nog lopend")
def aandeel_lopend(of: Population) -> Value:
    """Lopende zaken gedeeld door alle zaken. Hoort bij elke trefkans: boven 20% worden trefkansen niet vergeleken."""
    return Rate(of.count("lopend"), of.count())


@figure("Zaken per fase")
def in_fase(of: Population) -> Value:
    """Lopende zaken naar de fase waarin ze op de peildatum staan."""
    return _in_order(Phase, of.tally("fase", among="lopend"))


@figure("Aangehouden")
def aangehouden(of: Population) -> Value:
    """Lopende zaken die op de peildatum zijn aangehouden."""
    return of.count("ligt_stil")


@figure("Zaken ingetrokken")
def zaken_ingetrokken(of: Population) -> Value:
    """Zaken die eindigden omdat UWV het signaal introk."""
    return of.count("ingetrokken")


@figure("Overgedragen")
def overgedragen(of: Population) -> Value:
    """Zaken die aan een andere gemeente zijn overgedragen of teruggestuurd. Was dat een deelnemer, dan tellen ze
    nergens anders mee; anders ook als zaak.
    """
    return of.every("weg")


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
    return of.every("bijvangst_hier")


@figure("Opgepakt")
def opgepakt(of: Population) -> Value:
    """Zaken met ten minste één onderzoekshandeling: een bron buiten UWV, een contact, een huisbezoek of een brief. Niet
    ingetrokken en niet overgedragen.
    """
    return of.count("opgepakt")


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
    return _in_order(Outcome, of.tally("resultaat"))


@figure("Heropend")
def heropend(of: Population) -> Value:
    """Zaken waarin na een resultaat weer onderzoek kwam: heropend, teruggestuurd door een andere gemeente of voortgezet
    na bezwaar. De duur tot de eerste sluiting blijft meetellen.
    """
    return of.count("heropend")


@figure("Opvolging")
def opvolging(of: Population) -> Value:
    """Opgepakte zaken gedeeld door alle zaken die niet zijn ingetrokken of overgedragen aan een niet-deelnemer."""
    return Rate(of.count("opgepakt"), of.count("gebleven"))


@figure("Trefkans")
def trefkans(of: Population) -> Value:
    """Treffers gedeeld door onderzochte zaken. Per levering en per aanleiding per signaal geteld: een aangesloten
    signaal heeft het resultaat van zijn zaak, een ingetrokken signaal telt niet mee.
    """
    if of.per_signal:
        return Rate(of.signals("treffer_telt"), of.signals("onderzocht_telt"))
    return Rate(of.count("treffer"), of.count("onderzocht"))


@figure("Trefkans per adres")
def trefkans_adres(of: Population) -> Value:
    """Adressen met ten minste één treffer gedeeld door adressen met ten minste één onderzochte zaak. Het interval telt
    huisgenoten niet als losse waarnemingen.
    """
    return Rate(of.addresses("treffer"), of.addresses("onderzocht"))


@figure("Trefkans per maanden verblijf", gesplitst=False, openbaar=False)
def trefkans_per_verblijf(of: Population) -> Value:
    """Als de trefkans, naar hoe lang iemand volgens het eerste signaal van de zaak in Nederland verbleef: van de eerste
    dag tot de laatste, of tot de dag van het signaal als er geen laatste dag is, in hele maanden. Niet in de openbare
    uitgave.
    """
    there, hits, researched = (of.tally("verblijf", among=flag) for flag in ("telt", "treffer", "onderzocht"))
    return {stay: Rate(hits[stay], researched[stay]) for stay in STAYS if there[stay]}


def _on_time(of: Population, term: str) -> Rate:
    return Rate(of.count(f"op_tijd:{term}"), of.count(f"telt_mee:{term}"))


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


@figure("Bereik")
def bereik(of: Population) -> Value:
    """Zaken met een contactpoging waarin de persoon is gesproken, gedeeld door alle zaken met een contactpoging. Een
    brief aan de persoon en een huisbezoek zijn pogingen; aangetroffen bij een huisbezoek is gesproken.
    """
    return Rate(of.count("gesproken"), of.count("poging"))


@figure("Bereik per kanaal")
def bereik_per_kanaal(of: Population) -> Value:
    """Als bereik, met poging en gesprek langs hetzelfde kanaal."""
    reached = {one: Rate(of.count(f"gesproken:{one}"), of.count(f"poging:{one}")) for one in of.channels}
    return {channel: rate for channel, rate in reached.items() if rate.noemer}


@figure("Thuis getroffen")
def thuis_getroffen(of: Population) -> Value:
    """Huisbezoeken waarbij de gezochte persoon is aangetroffen, gedeeld door alle huisbezoeken zonder weigering, geteld
    per bezoek en per zaak.
    """
    return Rate(of.count("getroffen"), of.count("gezocht"))


@figure("Geweigerde huisbezoeken")
def huisbezoeken_geweigerd(of: Population) -> Value:
    """Huisbezoeken waarbij toestemming werd geweigerd. Weigeren is een recht en zegt niets over het resultaat."""
    return of.count("geweigerd")


@figure("Duur ontvangst tot eerste antwoord")
def duur_ontvangst_eerste_antwoord(of: Population) -> Value:
    """Kalenderdagen van ontvangst tot de dag van het eerste antwoord in de zaak."""
    return duration(of.days("dagen_eerste_antwoord"))


@figure("Duur ontvangst tot eerste sluiting")
def duur_ontvangst_afgesloten(of: Population) -> Value:
    """Kalenderdagen van ontvangst tot de eerste sluiting. De Kaplan-Meiermediaan rekent alle zaken mee, want lopende
    zaken weglaten maakt het te mooi. Hij kijkt naar de eerste sluiting na onderzoek of omdat iemand al ingezetene
    was; lopende, ingetrokken, overgedragen, elders ingeschreven en niet opgepakte zaken tellen tot hun laatste dag.
    Er is geen mediaan zolang meer dan de helft nog wacht.
    """
    plain = duration(of.days("dagen_afgesloten"))
    median = survival_median(of.days("km_dagen"), of.days("km_dagen", among="km_beantwoord"))
    return Duration(plain.n, plain.mediaan, plain.p90, km=(median,), km_n=of.count())


@figure("Verloop tot eerste sluiting", gesplitst=False)
def verloop_ontvangst_afgesloten(of: Population) -> Value:
    """Welk deel van de zaken zoveel kalenderdagen na ontvangst nog niet was afgesloten, volgens Kaplan-Meier. Alle
    zaken tellen mee, de lopende tot de peildatum, precies zoals bij de Kaplan-Meiermediaan. Gevolgd is hoeveel zaken er
    tot die dag nog te volgen waren: hoe minder, hoe onzekerder. Niet in de openbare uitgave.
    """
    return survival_curve(of.days("km_dagen"), of.days("km_dagen", among="km_beantwoord"))


@figure("Duur onderzoek tot eerste sluiting")
def duur_onderzoek_afgesloten(of: Population) -> Value:
    """Kalenderdagen van de start van het onderzoek tot de eerste sluiting. De richtlijn is 70 dagen (Circulaire BRP,
    paragraaf 4.2).
    """
    return duration(of.days("dagen_onderzoek"))


@figure("Duur per fase")
def duur_in_fase(of: Population) -> Value:
    """Kalenderdagen van elk verblijf in een fase dat voorbij is. Afgesloten zijn is geen verblijf."""
    by_phase = {phase.value: duration(of.stays(phase.value)) for phase in Phase}
    return {phase: days for phase, days in by_phase.items() if days.n}


@figure("Duur aangehouden")
def duur_aangehouden(of: Population) -> Value:
    """Kalenderdagen van elke aanhouding die voorbij is."""
    return duration(of.stays(HOLD))


@figure("Opbrengst")
def opbrengst(of: Population) -> Value:
    """Per soort het aantal signalen en het bedrag in euro's volgens de laatste opgave van UWV. Tel de soorten nooit bij
    elkaar op: voorkomen schade is geen terugvordering. Pas aan het eind van het volgende jaar volledig.
    """
    return of.yields


@figure("Opbrengst nog niet gemeld")
def opbrengst_nog_niet_gemeld(of: Population) -> Value:
    """Signalen waarvan een resultaat aan UWV is verzonden dat nog geldt, en waarover UWV nog niets meldde."""
    return of.signals("onbeantwoord")


@figure("Afstemming met UWV")
def afstemming(of: Population) -> Value:
    """Elk signaal precies een keer: wat UWV ervan weet en wat nog verteld moet worden."""
    counted = of.signal_tally("categorie")
    return {category: counted.get(category, 0) for category in CATEGORIES}


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
