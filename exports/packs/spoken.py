"""What a pack says of the sessie itself: leerpunten, questions, actions. Words of people, so never in public."""

from collections import Counter
from collections.abc import Sequence

from exports.packs.basis import Basis, bars, table
from exports.packs.parts import Leerpunt, Message, Tabel
from exports.packs.voice import each_of, most, text
from signals.dates import dutch_date
from workflow.phases import Phase
from workflow.words import heading, words


def leerpunten(of: Basis, lessons: Sequence[Leerpunt]) -> Message:
    """The leerpunten of the dossiers, put together by soort."""
    voice = of.voice
    by_kind = Counter[str]()
    for each in lessons:
        by_kind[each.soort] += each.dossiers
    total = sum(by_kind.values())
    if by_kind:
        kinds_most, highest = most(by_kind)
        told = voice.count(total, "leerpunt", "leerpunten")
        title = f"In de dossiers {'staat' if total == 1 else 'staan'} {told}; de meeste gaan over "
        title += f"{each_of(kinds_most)} ({'' if len(kinds_most) == 1 else 'elk '}{highest})."
        if total == 1:
            title = f"In de dossiers staat {told}, over {each_of(kinds_most)}."
    else:
        title = "In de dossiers staan 0 leerpunten."
    rows = [
        (
            heading(words(each.soort)),
            [text(each.tekst), voice.item(each.dossiers), voice.item(each.gemeenten), text(each.conclusie)],
        )
        for each in lessons
    ]
    paired = list(zip(rows, lessons, strict=True))
    kinds = [(heading(words(soort)), voice.item(count)) for soort, count in by_kind.most_common()]
    return of.message(
        "leerpunten",
        title,
        (),
        voice.count(total, "dossier met een leerpunt", "dossiers met een leerpunt"),
        table(("Soort", "Leerpunt", "Dossiers", "Gemeenten", "Conclusie"), rows),
        bars(kinds, "Dossiers", "Dossiers"),
        kort=table(
            ("Leerpunt", "Dossiers"),
            [(": ".join(filter(None, (row[0], each.tekst))), [voice.item(each.dossiers)]) for row, each in paired],
        ),
    )


def acties(of: Basis) -> Message:
    """What was agreed, by whom and before when, and whether it was done."""
    agreed = of.said.acties or ()
    done = sum(each.gedaan_op is not None for each in agreed)
    told = of.voice.count(len(agreed), "actie", "acties")
    title = f"Afgesproken: {told}; daarvan {'is' if done == 1 else 'zijn'} er {done} gedaan."
    if not agreed:
        title = "Er zijn nog geen acties afgesproken."
    rows = [
        (
            each.tekst,
            [
                text(each.organisatie),
                text(dutch_date(each.voor)),
                text(f"gedaan op {dutch_date(each.gedaan_op)}" if each.gedaan_op else "nog niet gedaan"),
            ],
        )
        for each in agreed
    ]
    return of.message("acties", title, (), told, table(("Actie", "Wie", "Voor", "Stand"), rows))


def vragen_werksessie(of: Basis) -> Message:
    """What the numbers ask of the session, and what was asked for it."""
    cijfers, voice = of.cijfers, of.voice
    waiting = cijfers["in_fase"]
    asked = []
    if any(waiting.values()):
        phases, highest = most({phase: waiting[phase] for phase in Phase if phase in waiting})
        each = "" if len(phases) == 1 else "elk "
        asked.append(
            f"Van {voice.zaken(cijfers['lopend'])} zonder resultaat "
            f"{'staat' if highest == 1 and not each else 'staan'} er {each}{voice.amount(highest)} in de "
            f"{'fasen' if each else 'fase'} {each_of(phases)}. Wat houdt ze daar?"
        )
    rate = cijfers["eerste_antwoord_op_tijd"]
    if late := rate["noemer"] - rate["teller"]:
        asked.append(f"Bij {voice.zaken(late)} was het eerste antwoord niet op tijd. Wat is daar nodig?")
    if cijfers["bereik"]["noemer"]:
        reached = voice.of(cijfers["bereik"], "zaken met een contactpoging")
        asked.append(f"De persoon is gesproken bij {reached}. Welke manier werkt het best?")
    if rejected := cijfers["afgekeurd"]:
        asked.append(
            f"Van de levering zijn {voice.count(rejected, 'regel', 'regels')} afgekeurd. Wat kan UWV verbeteren?"
        )
    asked += of.said.vragen
    some = f"{'is' if len(asked) == 1 else 'zijn'} er {voice.count(len(asked), 'vraag', 'vragen')} om te bespreken"
    title = f"Voor {voice.zaken(cijfers['zaken'])} {some if asked else 'zijn er nog geen vragen'}."
    return of.message("vragen", title, (), voice.zaken(cijfers["zaken"]), _questions(asked))


def vragen_evaluatie(of: Basis) -> Message:
    """The two questions that an evaluation must answer, with the numbers that say something about them."""
    cijfers, voice = of.cijfers, of.voice
    rate = voice.of(cijfers["trefkans"], "onderzochte zaken")
    asked = [
        f"Kan de trefkans omhoog? Nu is zij {rate}; opgepakt is {voice.of(cijfers['opvolging'], 'zaken')}.",
        f"Is de werkinstructie duidelijk? Heropend: {voice.zaken(cijfers['heropend'])}; eindantwoord op tijd: "
        f"{voice.of(cijfers['resultaat_op_tijd'], 'zaken waarvan de termijn voorbij is')}.",
        *of.said.vragen,
    ]
    title = f"Kan de trefkans omhoog, nu {rate}, en is de werkinstructie duidelijk?"
    if not cijfers["trefkans"]["noemer"]:
        title = "Kan de trefkans omhoog, en is de werkinstructie duidelijk?"
    return of.message(
        "vragen",
        title,
        ("trefkans", "opvolging", "heropend", "resultaat_op_tijd"),
        voice.zaken(cijfers["zaken"]),
        _questions(asked),
    )


def _questions(asked: Sequence[str]) -> Tabel:
    return table(("Vraag",), [(each, ()) for each in asked])
