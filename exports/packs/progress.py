"""What a pack says of the work itself: how far it is, what came of it, what was answered, where it waits."""

from exports.packs.basis import Basis, bars, beside, shares, stacked, table
from exports.packs.parts import Message, Tabel
from exports.packs.voice import RATE_HEADS, days, each_of, most, text
from workflow.phases import Outcome, Phase
from workflow.words import heading, words

OPEN, DONE = "Loopt nog", "Heeft een resultaat"
NO_CASES = "Er zijn nog geen zaken in deze selectie."
MOST_REASONS = 10
FIRST_REASONS = "Getekend zijn de 10 redenen die het meest voorkomen; alle staan in het werkboek."
HELD = "bezoeken zonder weigering"
FEW_CASES = "In deze selectie zijn minder dan 5 zaken."


def nothing(of: Basis) -> str:
    """What is said when there is no case."""
    return FEW_CASES if of.voice.openbaar else NO_CASES


def _all(of: Basis) -> str:
    """`256 zaken op 194 adressen`."""
    cijfers, voice = of.cijfers, of.voice
    return f"{voice.zaken(cijfers['zaken'])} op {voice.count(cijfers['adressen'], 'adres', 'adressen')}"


def voortgang(of: Basis) -> Message:
    """How many cases have an outcome, by municipality."""
    cijfers, voice = of.cijfers, of.voice
    total, waiting = cijfers["zaken"], cijfers["lopend"]
    done = total - waiting
    if not total:
        title = nothing(of)
    elif total == 1:
        title = "De enige zaak heeft een resultaat." if done else "De enige zaak loopt nog."
    elif not done and not voice.openbaar:
        title = f"Van {_all(of)} heeft er nog geen een resultaat."
    elif not waiting and not voice.openbaar:
        title = f"Alle {_all(of)} hebben een resultaat."
    else:
        has, run = ("heeft" if done == 1 else "hebben"), ("loopt" if waiting == 1 else "lopen")
        title = f"Van {_all(of)} {has} er {voice.amount(done)} een resultaat; {voice.amount(waiting)} {run} nog."
    rows = of.municipalities(lambda part: (part["zaken"] - part["lopend"], part["lopend"]))
    lines = [(name, [voice.item(sum(counts)), *map(voice.item, counts)]) for name, counts in rows]
    return of.message(
        "voortgang",
        title,
        ("zaken", "adressen", "lopend"),
        _all(of),
        table(("Gemeente", "Zaken", DONE, OPEN), lines),
        stacked(voice, rows, (DONE, OPEN)),
    )


def trechter(of: Basis) -> Message:
    """From signals to people registered: what is left at every step."""
    cijfers, voice = of.cijfers, of.voice
    steps = {
        "signalen": "Signalen",
        "zaken": "Zaken",
        "opgepakt": "Opgepakt",
        "onderzocht": "Onderzocht, met een resultaat",
        "treffers": "Ingeschreven als ingezetene",
    }
    title = (
        f"Van {_all(of)} zijn er {voice.amount(cijfers['opgepakt'])} opgepakt en "
        f"{voice.amount(cijfers['onderzocht'])} onderzocht; in {voice.zaken(cijfers['treffers'])} is de persoon "
        "ingeschreven."
        if cijfers["zaken"]
        else nothing(of)
    )
    counts = [(label, voice.item(cijfers[naam])) for naam, label in steps.items()]
    return of.message(
        "trechter",
        title,
        tuple(steps),
        _all(of),
        table(("Stap", "Aantal"), [(label, [item]) for label, item in counts]),
        bars(counts, "Aantal", "Aantal"),
        ("Een zaak kan meer dan één signaal hebben. Lopende zaken kunnen nog een stap verder komen.",),
    )


def resultaten(of: Basis) -> Message:
    """Every case by the outcome that stands."""
    cijfers, voice = of.cijfers, of.voice
    known = of.known(cijfers["resultaten"])
    counts = [(outcome, known[outcome]) for outcome in Outcome if outcome in known]
    done = cijfers["zaken"] - cijfers["lopend"]
    if counts:
        outcomes, highest = most(dict(counts))
        whole = f"{voice.amount(highest)} van {voice.zaken(done)} met een resultaat"
        if highest > done:  # of cases that are rounded to more than there are in all
            whole = voice.zaken(highest)
        if len(outcomes) == 1:
            title = f"Het resultaat dat het meest voorkomt is {each_of(outcomes)}: {whole}."
        else:
            title = f"De resultaten die het meest voorkomen zijn {each_of(outcomes)}: elk {whole}."
    elif voice.openbaar:
        title = "Er zijn te weinig resultaten om ze openbaar uit te splitsen."
    else:
        title = (
            f"Van {voice.zaken(cijfers['zaken'])} heeft er nog geen een resultaat." if cijfers["zaken"] else NO_CASES
        )
    rows = [(heading(words(outcome)), voice.item(count)) for outcome, count in counts]
    if cijfers["lopend"]:
        rows.append(("Nog geen resultaat", voice.item(cijfers["lopend"])))
    declared = f"Zelf aangifte gedaan: {voice.of(cijfers['aangifte_aandeel'], 'treffers')}."
    return of.message(
        "resultaten",
        title,
        ("resultaten", "aangifte_aandeel"),
        _all(of),
        table(("Resultaat", "Zaken"), [(label, [item]) for label, item in rows]),
        bars(rows, "Zaken", "Zaken"),
        (declared,),
    )


def antwoorden(of: Basis) -> Message:
    """First answers that were due, in time and not."""
    cijfers, voice = of.cijfers, of.voice
    rate = cijfers["eerste_antwoord_op_tijd"]
    due = voice.count(rate["noemer"], "zaak", "zaken")
    if not rate["noemer"]:
        title = "De termijn voor het eerste antwoord is nog nergens voorbij."
        if voice.openbaar:
            title = f"De termijn voor het eerste antwoord is voorbij bij {due}."
    elif rate["waarde"] is None:
        title = f"Het eerste antwoord op tijd: {voice.of(rate, 'zaken waarvan de termijn voorbij is')}."
    else:
        told = voice.of(rate, "zaken waarvan de termijn voorbij is")
        title = f"Het eerste antwoord was op tijd bij {told}; bij {voice.amount(rate['noemer'] - rate['teller'])} niet."
    rows = of.municipalities(lambda part: _on_time(part["eerste_antwoord_op_tijd"]))
    present = [(name, counts) for name, counts in rows if any(counts)]
    lines = [(name, [*map(voice.item, counts), voice.item(sum(counts))]) for name, counts in present]
    result = f"Eindantwoord op tijd: {voice.of(cijfers['resultaat_op_tijd'], 'zaken waarvan de termijn voorbij is')}."
    return of.message(
        "antwoorden",
        title,
        ("eerste_antwoord_op_tijd", "resultaat_op_tijd"),
        f"{due} waarvan de termijn voor het eerste antwoord voorbij is",
        table(("Gemeente", "Op tijd", "Niet op tijd", "Termijn voorbij"), lines),
        stacked(voice, present, ("Op tijd", "Niet op tijd")),
        (result,),
    )


def _on_time(rate: "dict[str, int]") -> tuple[int, int]:
    return rate["teller"], rate["noemer"] - rate["teller"]


def wachten(of: Basis) -> Message:
    """Where open cases are, and how long cases stayed there that went on."""
    cijfers, voice = of.cijfers, of.voice
    waiting, stays = of.known(cijfers["in_fase"]), cijfers["duur_in_fase"]
    open_cases = cijfers["lopend"]
    if waiting:
        phases, highest = most({phase: waiting[phase] for phase in Phase if phase in waiting})
        where = f"in de {'fase' if len(phases) == 1 else 'fasen'} {each_of(phases)}"
        title = f"Van {voice.zaken(open_cases)} zonder resultaat wachten de meeste {where}: "
        title += f"{voice.amount(highest)}." if len(phases) == 1 else f"elk {voice.amount(highest)}."
        if open_cases == 1:
            title = f"De enige zaak zonder resultaat wacht {where}."
        elif len(waiting) == 1 and not voice.openbaar:
            title = f"Alle {voice.zaken(open_cases)} zonder resultaat wachten {where}."
    else:
        title = "Minder dan 5 zaken lopen nog." if voice.openbaar else "Er lopen geen zaken meer."
    rows = []
    for phase in Phase:
        stay = stays.get(phase)
        if phase not in waiting and not (stay and stay["n"]):
            continue
        measured = [voice.item(stay["n"]), days(stay["mediaan"]), days(stay["p90"])] if stay else [text("–")] * 3
        rows.append((heading(words(phase)), [voice.item(waiting.get(phase, 0)), *measured]))
    held = voice.count(cijfers["aangehouden"], "zaak is", "zaken zijn")
    return of.message(
        "wachten",
        title,
        ("in_fase", "duur_in_fase", "aangehouden"),
        f"{voice.zaken(open_cases)} zonder resultaat",
        table(("Fase", "Zaken nu", "Keer gemeten", "Mediaan in dagen", "90% binnen dagen"), rows),
        bars([(label, items[0]) for label, items in rows], "Zaken nu", "Zaken nu"),
        (f"{heading(held)} aangehouden. De duur telt alleen verblijven die voorbij zijn.",),
        table(
            ("Fase", "Zaken nu", "Mediaan in dagen", "90% binnen dagen"),
            [(label, [items[0], *items[2:]]) for label, items in rows],
        ),
    )


def contact(of: Basis) -> Message:
    """Who was reached, along which way, and who was found at home."""
    cijfers, voice = of.cijfers, of.voice
    reached, at_home = cijfers["bereik"], cijfers["thuis_getroffen"]
    if reached["noemer"]:
        title = f"De persoon is gesproken bij {voice.of(reached, 'zaken met een contactpoging')}"
        title += f"; thuis getroffen bij {voice.of(at_home, HELD)}." if at_home["noemer"] else "."
        if reached["waarde"] is None:
            title = f"Personen gesproken: {voice.of(reached, 'zaken met een contactpoging')}."
    elif voice.openbaar:
        title = "Bij minder dan 5 zaken is contact gezocht."
    else:
        title = "Er is nog bij geen zaak contact gezocht."
    channels = {f"Via {words(way)}": rate for way, rate in cijfers["bereik_per_kanaal"].items()}
    rows = [("Alle kanalen", reached), *channels.items(), ("Thuis getroffen bij een bezoek", at_home)]
    present = [(label, rate) for label, rate in rows if rate["noemer"]]
    refused = cijfers["huisbezoeken_geweigerd"]
    return of.message(
        "contact",
        title,
        ("bereik", "bereik_per_kanaal", "thuis_getroffen", "huisbezoeken_geweigerd"),
        f"{voice.zaken(reached['noemer'])} met een contactpoging, "
        f"{voice.count(at_home['noemer'], 'huisbezoek', 'huisbezoeken')} zonder weigering",
        table(("Waar", *RATE_HEADS), [(label, voice.rate(rate)) for label, rate in present]),
        shares(voice, present, "Aandeel gesproken of getroffen"),
        (
            f"Toestemming geweigerd bij {voice.count(refused, 'bezoek', 'bezoeken')}. Weigeren is een recht en zegt "
            "niets over het resultaat.",
        ),
        beside(voice, ("Waar", "Aandeel", "Gesproken van geprobeerd"), present),
    )


def regels(of: Basis) -> Message:
    """What became of the delivered rows, and why rows were rejected."""
    cijfers, voice = of.cijfers, of.voice
    total, rejected = cijfers["geleverd"], cijfers["afgekeurd"]
    names = ("geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd")
    if total is None:
        title = "Voor deze selectie is niet te zeggen hoeveel regels zijn geleverd."
        return of.message("regels", title, ("geleverd",), "onbekend", Tabel(("Wat ervan kwam", "Regels"), ()))
    if not total:
        title = "Er zijn minder dan 5 regels geleverd." if voice.openbaar else "Er zijn nog geen regels geleverd."
    else:
        some = "Geen van" if not rejected and not voice.openbaar else "Van"
        told = (
            "is afgekeurd"
            if some != "Van"
            else f"{'is' if rejected == 1 else 'zijn'} er {voice.amount(rejected)} afgekeurd"
        )
        title = f"{some} {voice.count(total, 'geleverde regel', 'geleverde regels')} {told}."
    reasons = of.known(cijfers.get("afgekeurd_per_reden") or {})
    if reasons:
        codes, highest = most(reasons)
        one = "de reden die het meest voorkomt is" if len(codes) == 1 else "de redenen die het meest voorkomen zijn"
        title = f"{title[:-1]}; {one} {each_of(codes)} ({'' if len(codes) == 1 else 'elk '}{voice.amount(highest)})."
    rows = [(heading(words(naam)), voice.item(cijfers[naam])) for naam in names if cijfers[naam]]
    why = [(heading(words(code)), voice.item(count)) for code, count in reasons.items()]
    lines = [*rows, *((f"Afgekeurd: {words(code)}", item) for code, (_, item) in zip(reasons, why, strict=True))]
    return of.message(
        "regels",
        title,
        ("geleverd", "afgekeurd", *(("afgekeurd_per_reden",) if reasons else ())),
        voice.count(total, "regel", "regels"),
        table(("Wat ervan kwam", "Regels"), [(label, [item]) for label, item in lines]),
        bars(why[:MOST_REASONS], "Afgekeurde regels", "Afgekeurde regels") if why else bars(rows, "Regels", "Regels"),
        (FIRST_REASONS if len(why) > MOST_REASONS else "",),
        table(("Wat ervan kwam", "Regels"), [(label, [item]) for label, item in rows]),
    )
