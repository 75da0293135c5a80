"""What a pack says of how long it took and what it brought in."""

from exports.packs.basis import Basis, bars, table
from exports.packs.parts import Figuur, Message, Reeks, Vorm
from exports.packs.progress import nothing
from exports.packs.voice import days, euro_text, euros, text
from exports.sheet import Kind
from workflow.words import heading, number, words

DURATIONS = {
    "duur_ontvangst_eerste_antwoord": "Ontvangst tot eerste antwoord",
    "duur_ontvangst_afgesloten": "Ontvangst tot eerste sluiting",
    "duur_onderzoek_afgesloten": "Start onderzoek tot eerste sluiting",
    "duur_aangehouden": "Aangehouden",
}


def duur(of: Basis) -> Message:
    """How long it takes until a case is closed: the Kaplan-Meier curve, and the durations."""
    cijfers, voice = of.cijfers, of.voice
    median, total = cijfers["duur_ontvangst_afgesloten"]["km_mediaan"], cijfers["zaken"]
    if not total:
        title = nothing(of)
    elif median is not None:
        title = (
            f"Naar schatting is de helft van de zaken binnen {number(median)} {'dag' if median == 1 else 'dagen'} na "
            f"ontvangst afgesloten (Kaplan-Meier, {voice.zaken(total)})."
        )
    elif voice.openbaar and total < 10:
        title = f"Over {voice.zaken(total)} is de duur niet openbaar."
    else:
        title = f"Hoe lang het duurt tot de helft is afgesloten, is nog niet te zeggen ({voice.zaken(total)})."
    rows = []
    for naam, label in DURATIONS.items():
        each = cijfers[naam]
        km = days(each["km_mediaan"]) if "km_mediaan" in each else text("–")
        rows.append((label, [voice.item(each["n"]), days(each["mediaan"]), days(each["p90"]), km]))
    curve = _curve(of)
    return of.message(
        "duur",
        title,
        (*DURATIONS, *(("verloop_ontvangst_afgesloten",) if curve else ())),
        voice.zaken(total),
        table(("Kalenderdagen van", "Keer gemeten", "Mediaan", "90% binnen", "Kaplan-Meiermediaan"), rows),
        curve or bars([(label, items[1]) for label, items in rows], "Mediaan in dagen", "Mediaan in dagen"),
        ("Voor de duur van een onderzoek is de richtlijn 70 dagen (Circulaire BRP, paragraaf 4.2).",),
        table(("Kalenderdagen van", "Mediaan", "90% binnen"), [(label, items[1:3]) for label, items in rows]),
    )


def _curve(of: Basis) -> Figuur | None:
    """None in public, where a step may be one person, and before the first day."""
    steps = sorted(
        (int(day), step["aandeel"]) for day, step in (of.cijfers["verloop_ontvangst_afgesloten"] or {}).items()
    )
    if not steps or not steps[-1][0]:
        return None
    left = tuple(of.voice.part(share) for _, share in steps)
    return Figuur(
        Vorm.VERLOOP,
        (),
        (Reeks("Nog niet afgesloten", left),),
        Kind.PERCENTAGE,
        "Dagen na ontvangst",
        tuple(day for day, _ in steps),
    )


def opbrengst(of: Basis) -> Message:
    """What UWV reported per soort; never one total over the sorts."""
    cijfers, voice = of.cijfers, of.voice
    waiting = voice.count(cijfers["opbrengst_nog_niet_gemeld"], "signaal", "signalen")
    reported = {soort: each for soort, each in cijfers["opbrengst"].items() if each["signalen"]}
    sums = {soort: each for soort, each in reported.items() if each["bedrag"]}
    later = f"; over {waiting} met een resultaat meldde UWV nog niets."
    if not cijfers["opbrengst_nog_niet_gemeld"] and not voice.openbaar:
        later = "."
    if not reported:
        title = f"Er is nog geen opbrengst gemeld{later}"
        if voice.openbaar:
            title = f"Er is te weinig opbrengst gemeld om openbaar te noemen{later}"
    elif not sums:
        title = f"Er is te weinig opbrengst om een bedrag te noemen{later}"
    else:
        soort, most = max(sums.items(), key=lambda one: one[1]["bedrag"])
        signals = voice.count(most["signalen"], "signaal", "signalen")
        largest = "Het grootste openbare bedrag" if voice.openbaar else "Het grootste bedrag"
        title = f"{largest} is {words(soort)}: € {euro_text(most['bedrag'])} bij {signals}{later}"
    rows = [(heading(words(soort)), each) for soort, each in reported.items()]
    return of.message(
        "opbrengst",
        title,
        ("opbrengst", "opbrengst_nog_niet_gemeld"),
        f"{waiting} nog zonder opgave; per soort staat het in de tabel",
        table(
            ("Soort", "Signalen", "Bedrag in euro"),
            [(label, [voice.item(each["signalen"]), euros(each["bedrag"])]) for label, each in rows],
        ),
        bars([(label, euros(each["bedrag"])) for label, each in rows], "Bedrag in euro", "Bedrag in euro"),
        (
            "Tel de soorten niet op: voorkomen schade en een nabetaling zijn geen terugvordering.",
            "Het beeld is pas aan het eind van het volgende jaar volledig.",
        ),
    )
