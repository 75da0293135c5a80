"""The sentences of a pack are true and read well, whatever was counted."""

import io
import re

from hypothesis import given
from hypothesis import strategies as st

from exports.figures import FIGURES
from exports.packs.book import write_book
from exports.packs.deck import write_deck
from exports.packs.messages import pack_of
from exports.packs.paper import write_paper
from exports.packs.parts import MOST_SLIDES, Soort
from exports.public import Money, public
from exports.statistics import Days, Duration, Rate, survival_curve
from tests.exports.packing import (
    NAMES,
    ONE_DATABASE,
    SAID,
    named,
    small_counts,
)


@ONE_DATABASE
def test_deliveries_are_compared_with_those_before_them(many):
    every, one = many.counted[False, ""], many.counted[False, "levering"]
    alone, beside = (pack_of(Soort.EVALUATIE, one, earlier=other) for other in (None, every))
    rows = [[row[0].tekst for row in named(pack, "leveringen").tabel.rijen] for pack in (alone, beside)]
    assert rows == [["LRNI-2026-02"], ["LRNI-2026-01", "LRNI-2026-02"]]


def test_many_municipalities_with_long_names_fit():
    codes = [f"{number:04}" for number in range(1, 60)]
    called = {code: f"Gemeente met een heel erg lange naam aan de Waterkant {code}" for code in codes}
    part = counted_of(40, 5, 30, 20, 12)["cijfers"]
    counted = {**counted_of(2360, 300, 1800, 1200, 700), "per": {"gemeente": dict.fromkeys(codes, part)}}
    counted["per"]["gemeente"]["0059"] = {**part, "zaken": 41}
    pack = pack_of(Soort.EVALUATIE, counted, names=called)
    progress, rates = named(pack, "voortgang"), named(pack, "gemeenten")
    assert len(progress.figuur.categorieen) == 26
    assert progress.figuur.categorieen[-1] == "De rest"
    assert sum(row[1].waarde for row in progress.tabel.rijen) == 59 * 40 + 1
    assert len(rates.tabel.rijen) == 25
    assert any("25 gemeenten" in remark for remark in rates.kanttekeningen)
    assert called["0059"] in rates.figuur.categorieen, "the largest is drawn"
    for write in (write_deck, write_paper):
        write(pack, io.BytesIO())
    write_book(pack, counted, io.BytesIO())


def counted_of(total, waiting, taken_up, investigated, hits, *, due=0, late=0, openbaar=False, places=()):
    """Figures as they are counted, from a few counts."""
    shown = public if openbaar else plain
    durations = {"duur_ontvangst_eerste_antwoord", "duur_onderzoek_afgesloten", "duur_aangehouden"}
    days = [number % 90 for number in range(total)]
    closed = [number >= waiting for number in range(total)]
    ends = {"lowest": 0, "highest": 89}
    ended = Days.of([day for day, done in zip(days, closed, strict=True) if done], **ends)
    curve = survival_curve(Days.of(days, **ends), ended)
    median = next((float(step.dag) for step in curve.steps if step.aandeel <= 0.5), None)
    values = {
        **dict.fromkeys(FIGURES, 0),
        **{
            naam: Duration(total - waiting, 4.0, 9.5) if total > waiting else Duration(0, None, None)
            for naam in durations
        },
        "duur_ontvangst_afgesloten": Duration(total - waiting, 4.0, 9.5, km=(median,), km_n=total),
        "verloop_ontvangst_afgesloten": curve,
        "duur_in_fase": {"ontvangen": Duration(taken_up, 2.0, 3.0)} if taken_up else {},
        "zaken": total,
        "signalen": total,
        "adressen": (total + 1) // 2,
        "lopend": waiting,
        "aandeel_lopend": Rate(waiting, total),
        "in_fase": {"huisbezoek": waiting} if waiting else {},
        "opgepakt": taken_up,
        "onderzocht": investigated,
        "treffers": hits,
        "opvolging": Rate(taken_up, total),
        "trefkans": Rate(hits, investigated),
        "trefkans_adres": Rate((hits + 1) // 2, (investigated + 1) // 2),
        "eerste_antwoord_op_tijd": Rate(due - late, due),
        "resultaat_op_tijd": Rate(0, 0),
        "aangifte_aandeel": Rate(hits // 2, hits),
        "resultaten": {"aangifte_gedaan": total - waiting} if total > waiting else {},
        "bereik": Rate(hits, taken_up),
        "bereik_per_kanaal": {"telefoon": Rate(hits, taken_up)} if taken_up else {},
        "thuis_getroffen": Rate(hits, investigated),
        "opbrengst": {"boete": Money(hits, hits * 1234)} if hits else {},
        "opbrengst_nog_niet_gemeld": waiting,
        "geleverd": total + late,
        "geaccepteerd": total,
        "afgekeurd": late,
        "afgekeurd_per_reden": {"bsn_ongeldig": late, "postcode_ongeldig": late // 2} if late else {},
        "trefkans_per_verblijf": {"4_tot_6_maanden": Rate(hits, investigated)},
        "afstemming": {},
    }
    counted = {naam: shown(value) if FIGURES[naam].openbaar or not openbaar else None for naam, value in values.items()}
    per = {naam: dict.fromkeys(places, counted) for naam in ("gemeente", "levering", "aanleiding", "adresbron")}
    chosen = {"leveringen": [], "gemeenten": list(places)}
    return {"peildatum": "2026-08-31", "openbaar": openbaar, "selectie": chosen, "cijfers": counted, "per": per}


def plain(value):
    if isinstance(value, dict):
        return {naam: plain(part) for naam, part in value.items()}
    return value if isinstance(value, int) else value.as_dict()


ALIKE = {"overleden": 3, "aangifte_gedaan": 3, "niet_opgepakt": 3, "reeds_ingezetene": 3}


def test_what_comes_first_together_is_named_together():
    counted = counted_of(12, 0, 12, 6, 3)
    counted["cijfers"]["resultaten"] = dict.fromkeys(("overleden", "aangifte_gedaan"), 6)
    titles = {message.naam: message.titel for message in pack_of(Soort.WERKSESSIE, counted).messages}
    assert titles["resultaten"] == (
        "De resultaten die het meest voorkomen zijn ‘aangifte gedaan’ en ‘overleden’: elk 6 van 12 zaken met een "
        "resultaat."
    )
    counted["cijfers"]["resultaten"] = ALIKE
    title = named(pack_of(Soort.WERKSESSIE, counted), "resultaten").titel
    assert title.endswith(" en andere: elk 3 van 12 zaken met een resultaat.")
    assert title.count("‘") == 3


@st.composite
def counted_by_chance(draw):
    upto = st.integers(0, 12) | st.integers(0, 3000)
    total = draw(upto)
    waiting = draw(st.integers(0, total))
    taken_up = draw(st.integers(0, total))
    investigated = draw(st.integers(0, min(taken_up, total - waiting)))
    hits = draw(st.integers(0, investigated))
    due = draw(st.integers(0, total))
    late = draw(st.integers(0, due))
    places = draw(st.lists(st.sampled_from(["0363", "0599", "0935"]), unique=True))
    openbaar = draw(st.booleans())
    return counted_of(
        total, waiting, taken_up, investigated, hits, due=due, late=late, openbaar=openbaar, places=places
    )


@given(counted_by_chance(), st.sampled_from(Soort))
def test_a_sentence_reads_well_whatever_was_counted(counted, soort):
    pack = pack_of(soort, counted, names=NAMES, said=SAID)
    assert len(pack.slides) < MOST_SLIDES
    assert len({message.naam for message in pack.messages}) == len(pack.messages)
    for message in pack.messages:
        words = "\n".join((message.titel, message.n, message.alternatief, message.notitie, *message.kanttekeningen))
        assert not re.search(r"\b(nan|None|inf)\b|\{|  |\.\.|,,| \.", words), words
        assert message.titel[0].isupper() and message.titel[-1] in ".?" and len(message.titel) <= 190, message.titel
        for share in re.finditer(r"\d%", message.titel):
            after = message.titel[share.end() :]
            assert re.match(r" \((minder dan )?[\d.]+ van (minder dan )?[\d.]+ |-interval|,? tot |\.$", after), (
                message.titel
            )
        assert "100,0% tot" not in message.titel
        if counted["openbaar"]:
            assert not small_counts(message.titel), message.titel
        if message.figuur:
            assert any(value is not None for each in message.figuur.reeksen for value in each.waarden)
            assert all(
                len(each.items) == len(message.figuur.dagen or message.figuur.categorieen)
                for each in message.figuur.reeksen
            )


@given(counted_by_chance())
def test_hit_rates_are_not_compared_while_more_than_a_fifth_is_open(counted):
    share = counted["cijfers"]["aandeel_lopend"]["waarde"]
    if not share or share <= 0.2 or not counted["cijfers"]["onderzocht"]:
        return
    pack = pack_of(Soort.EVALUATIE, counted, names=NAMES)
    assert named(pack, "gemeenten").titel.endswith("vergelijk gemeenten nog niet.")
    assert named(pack, "kenmerken").titel.startswith("Vergelijk de trefkans naar kenmerk nog niet")


def test_a_frozen_pack_of_before_a_figure_was_counted_is_made_all_the_same():
    counted = counted_of(20, 2, 18, 15, 8, places=("0363", "0599"))
    for part in (counted["cijfers"], *counted["per"]["gemeente"].values()):
        for naam in ("afgekeurd_per_reden", "trefkans_per_verblijf"):
            part.pop(naam, None)
    assert pack_of("evaluatie", counted).messages
