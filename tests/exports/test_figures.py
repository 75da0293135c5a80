"""Every figure over one small population whose answers were worked out by hand on paper."""

from datetime import date, timedelta
from decimal import Decimal
from types import SimpleNamespace

import pytest

from exports import feedback_2026_1 as feedback
from exports.figures import FIGURES, figures
from exports.selection import Selection
from signals.errors import Invalid
from signals.models import (
    Mutatiesoort,
    Opbrengst,
    OpbrengstLoad,
    RejectedRow,
    SignalChange,
    Uitkomst,
)
from workflow.models import Contact, Letter, LetterKind, Source, Visit, WalaaEntry
from workflow.phases import Answer, Herkomst, Outcome, Phase

RECEIPT = date(2026, 1, 5)
FOUR_WEEKS = date(2026, 2, 2)
SIX_MONTHS = date(2026, 7, 5)
PEILDATUM = date(2026, 7, 31)
AMSTERDAM, MAASTRICHT = "0363", "0935"


def after(days):
    return RECEIPT + timedelta(days=days)


class Dossier:
    """Adds dossier rows to a case."""

    def __init__(self, session, of_case):
        self.session, self.of_case = session, of_case

    def _add(self, table, case, day, **values):
        self.session.add(table(**self.of_case(case, day), **values))
        self.session.flush()

    def source(self, case, soort, day):
        self._add(Source, case, day, soort=soort, datum=day, bevinding="bekend")

    def contact(self, case, soort, day):
        moment = self.of_case(case, day)["tijdstip"]
        self._add(Contact, case, day, soort=soort, kanaal="telefoon", richting="uitgaand", wanneer=moment)

    def letter(self, case, soort, day):
        where = {"geadresseerde": "T", "adres": "x", "adressleutel": "x", "contactpersoon": "anna"}
        self._add(Letter, case, day, nummer=1, soort=soort, stap="verstuur_aanschrijving", verzenddatum=day, **where)

    def visit(self, case, day, found, toestemming="gegeven"):
        moment = self.of_case(case, day)["tijdstip"]
        flags = {"opengedaan": found, "gelegitimeerd": True, "doel_gemeld": True, "binnengetreden": False}
        values = {"poging": 1, "begin": moment, "einde": moment, "adressleutel": "x", **flags}
        self._add(Visit, case, day, aangetroffen=found, toestemming=toestemming, **values)

    def walaa(self, case, antwoord, day):
        self._add(WalaaEntry, case, day, antwoord=antwoord, datum=day)


@pytest.fixture
def world(session, build, of_case):
    """Ten cases that count, one handed over before them, one bijvangst; eleven signals, two deliveries."""
    dossier = Dossier(session, of_case)
    load = build.load("LRNI-2026-01", RECEIPT)

    def case(gemeente, **signaal):
        made = build.case(build.signal(gemeente, load, **signaal))
        build.term(made, "laa_eerste_antwoord", FOUR_WEEKS)
        build.term(made, "laa_resultaat", SIX_MONTHS)
        return made

    declared = case(AMSTERDAM, adressleutel="X")
    build.answer(declared, after(15))
    dossier.contact(declared, "contactpoging", after(16))
    dossier.contact(declared, "contactmoment", after(17))
    dossier.walaa(declared, Answer.ONDERZOEK_IN_DE_BRP, date(2026, 1, 25))
    build.close(declared, Outcome.AANGIFTE_GEDAAN, after(60), stap="verwerk_in_brp")
    dossier.walaa(declared, Answer.MET_MUTATIE, date(2026, 3, 10))

    registered = case(AMSTERDAM, adressleutel="X")
    build.answer(registered, after(10))
    dossier.letter(registered, LetterKind.AANSCHRIJVING, after(12))
    dossier.visit(registered, after(20), found=True)
    dossier.walaa(registered, Answer.ONDERZOEK_IN_DE_BRP, date(2026, 2, 3))
    second = build.load("LRNI-2026-02", after(30))
    joined = build.signal(AMSTERDAM, second, bsn=registered.bsn, aanleiding="DIENSTVERBAND", uitkeringssoort="")
    build.link(registered, joined, after(30), aangesloten=True)
    build.close(registered, Outcome.AMBTSHALVE_INGESCHREVEN, after(120), stap="verwerk_in_brp")
    dossier.walaa(registered, Answer.MET_MUTATIE, SIX_MONTHS)

    unknown = case(AMSTERDAM, adressleutel="Y")
    build.answer(unknown, after(20))
    dossier.visit(unknown, after(30), found=False)
    dossier.visit(unknown, after(31), found=False, toestemming="geweigerd")
    build.close(unknown, Outcome.ONBEKEND_OP_ADRES, after(90))

    waiting = case(AMSTERDAM)
    build.event(waiting, "start_vooronderzoek", Phase.VOORONDERZOEK, after(1))
    dossier.source(waiting, "uwv", after(2))

    left = case(AMSTERDAM)
    build.close(left, Outcome.NIET_OPGEPAKT, after(10), stap="niet_oppakken")
    dossier.walaa(left, Answer.ZONDER_MUTATIE, FOUR_WEEKS)

    stale = case(MAASTRICHT, adresbron="TVA")
    dossier.source(stale, "brp", after(30))
    build.close(stale, Outcome.REEDS_INGEZETENE, after(30), stap="stel_vast_reeds_ingezetene")

    withdrawn = case(MAASTRICHT, ingetrokken_op=after(10))
    build.close(withdrawn, Outcome.INGETROKKEN, after(10), stap="trek_signaal_in")
    values = {"soort": Mutatiesoort.VERVALLEN, "datum": after(10), "regel": 2}
    first_signal = {"signal_id": withdrawn.eerste_signaal_id, "gemeentecode": MAASTRICHT, "load_id": load.id}
    session.add(SignalChange(**first_signal, **values))

    sender = case(MAASTRICHT)
    build.close(sender, Outcome.ANDERE_GEMEENTE, after(27), stap="draag_over")
    receiver = build.case(
        session.get(type(joined), sender.eerste_signaal_id),
        AMSTERDAM,
        herkomst=Herkomst.OVERDRACHT,
        voorganger_id=sender.id,
        geopend_op=after(27),
    )
    build.term(receiver, "laa_eerste_antwoord", FOUR_WEEKS)
    build.term(receiver, "laa_resultaat", SIX_MONTHS)

    outside = case(MAASTRICHT)
    dossier.contact(outside, "contactpoging", after(33))
    build.close(outside, Outcome.ANDERE_GEMEENTE, after(40), stap="draag_over")

    again = case(MAASTRICHT)
    dossier.source(again, "werkgever", after(45))
    build.close(again, Outcome.NIET_VASTGESTELD, after(50))
    build.reopen(again, after(55))
    again.aangehouden_sinds = after(65)
    build.event(again, "houd_aan", Phase.VOORONDERZOEK, after(65))
    again.aangehouden_sinds = None
    build.event(again, "hervat", Phase.VOORONDERZOEK, after(75))
    again.aangehouden_sinds = after(170)
    build.event(again, "houd_aan", Phase.VOORONDERZOEK, after(170))

    child = build.case(
        session.get(type(joined), declared.eerste_signaal_id),
        herkomst=Herkomst.BIJVANGST,
        eerste_signaal_id=None,
        leveringsnummer=None,
        ouder_id=declared.id,
        geopend_op=after(20),
    )
    build.close(child, Outcome.AANGIFTE_GEDAAN, after(70))

    for uitkomst in (Uitkomst.DUBBEL, Uitkomst.AFGEKEURD):
        session.add(RejectedRow(load_id=load.id, regel=90, uitkomst=uitkomst, gemeentecode=AMSTERDAM))
    session.flush()
    return SimpleNamespace(
        declared=declared, registered=registered, waiting=waiting, sender=sender, receiver=receiver, again=again
    )


def count(session, day=PEILDATUM, **selection):
    return figures(session, Selection(**selection), day)


def share(rate):
    return (rate["teller"], rate["noemer"])


@pytest.fixture
def cijfers(session, world):
    return count(session)["cijfers"]


def test_counts(cijfers):
    expected = {
        "geleverd": 14,
        "geaccepteerd": 11,
        "gewijzigd": 0,
        "ingetrokken": 1,
        "dubbel": 1,
        "afgekeurd": 1,
        "signalen": 11,
        "zaken": 10,
        "adressen": 9,
        "lopend": 3,
        "aangehouden": 1,
        "heropend": 1,
        "zaken_ingetrokken": 1,
        "overgedragen": 2,
        "niet_opgepakt": 1,
        "verouderd": 1,
        "bijvangst": 1,
        "opgepakt": 5,
        "onderzocht": 3,
        "treffers": 2,
        "huisbezoeken_geweigerd": 1,
    }
    assert {name: cijfers[name] for name in expected} == expected
    assert cijfers["resultaten"] == {
        "aangifte_gedaan": 1,
        "ambtshalve_ingeschreven": 1,
        "andere_gemeente": 1,
        "onbekend_op_adres": 1,
        "reeds_ingezetene": 1,
        "niet_opgepakt": 1,
        "ingetrokken": 1,
    }
    assert cijfers["in_fase"] == {"ontvangen": 1, "vooronderzoek": 2}
    assert cijfers["lopend"] + sum(cijfers["resultaten"].values()) == cijfers["zaken"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("opvolging", (5, 8)),
        ("trefkans", (2, 3)),
        ("trefkans_adres", (1, 2)),
        ("aandeel_lopend", (3, 10)),
        ("eerste_antwoord_op_tijd", (2, 9)),
        ("resultaat_op_tijd", (3, 9)),  # of a case not picked up the first answer is the final one
        ("aangifte_aandeel", (1, 2)),
        ("bereik", (2, 4)),
        ("thuis_getroffen", (1, 2)),
    ],
)
def test_rates(cijfers, name, expected):
    assert share(cijfers[name]) == expected


def test_reach_per_channel(cijfers):
    reach = {channel: share(rate) for channel, rate in cijfers["bereik_per_kanaal"].items()}
    assert reach == {"brief": (0, 1), "huisbezoek": (1, 2), "telefoon": (1, 2)}


def test_durations(cijfers):
    # 10, 10, 15, 20, 30, 40, 50 days; the reopened case keeps its first answer.
    assert cijfers["duur_ontvangst_eerste_antwoord"] == {"n": 7, "mediaan": 20, "p90": pytest.approx(44)}
    # 10, 10, 30, 40, 50, 60, 90, 120 days. Kaplan-Meier: 7/8 on 30, 5/6 on 50, 4/5 on 60, 3/4 on 90: 0.4375.
    expected = {"n": 8, "mediaan": 45, "p90": pytest.approx(99), "km_mediaan": 90}
    assert cijfers["duur_ontvangst_afgesloten"] == expected
    curve = {day: step["aandeel"] for day, step in cijfers["verloop_ontvangst_afgesloten"].items()}
    falls = {"30": 7 / 8, "50": 7 / 8 * 5 / 6, "60": 7 / 8 * 5 / 6 * 4 / 5, "90": 0.4375}
    assert {day: curve[day] for day in falls} == pytest.approx(falls)
    assert next(day for day, share in curve.items() if share <= 0.5) == "90"
    # 45, 70, 110 days.
    assert cijfers["duur_onderzoek_afgesloten"] == {"n": 3, "mediaan": 70, "p90": pytest.approx(102)}
    # 1, 10, 10, 10, 15, 20, 30, 40, 50 days; the sender's stay is not counted.
    assert cijfers["duur_in_fase"]["ontvangen"] == {"n": 9, "mediaan": 15, "p90": pytest.approx(42)}
    assert cijfers["duur_aangehouden"] == {"n": 1, "mediaan": 10, "p90": 10}


def test_the_hit_rate_per_delivery_and_aanleiding_is_counted_per_signal(session, world):
    per = count(session)["per"]
    assert {name: share(part["trefkans"]) for name, part in per["levering"].items()} == {
        "LRNI-2026-01": (2, 3),
        "LRNI-2026-02": (1, 1),
    }
    assert share(per["aanleiding"]["DIENSTVERBAND"]["trefkans"]) == (1, 1)
    assert share(per["uitkeringssoort"]["WW"]["trefkans"]) == (2, 3)
    assert share(per["uitkeringssoort"]["geen"]["trefkans"]) == (0, 0)


def test_splits_add_up_to_the_whole(session, world):
    answer = count(session)
    for dimension, parts in answer["per"].items():
        for name in ("zaken", "signalen", "overgedragen", "lopend", "treffers"):
            assert sum(part[name] for part in parts.values()) == answer["cijfers"][name], (dimension, name)
    assert answer["per"]["gemeente"][AMSTERDAM]["zaken"] == 6
    assert answer["per"]["gemeente"][MAASTRICHT]["geleverd"] == 6
    assert "geleverd" not in answer["per"]["aanleiding"]["UITKERING"]
    assert set(answer["per"]["maand_ontvangst"]) == {"2026-01", "2026-02"}


def test_a_selection_counts_its_part_only(session, world):
    only = count(session, gemeenten=(MAASTRICHT,))["cijfers"]
    assert (only["zaken"], only["overgedragen"], only["bijvangst"], only["geaccepteerd"]) == (4, 2, 0, 5)
    later = count(session, maand_ontvangst=("2026-02",))["cijfers"]
    assert (later["signalen"], later["zaken"]) == (1, 0)
    source = count(session, adresbron=("TVA",))
    assert (source["cijfers"]["zaken"], source["cijfers"]["geleverd"]) == (1, None)
    assert source["selectie"]["adresbron"] == ["TVA"]


def test_figures_of_an_earlier_day_know_nothing_of_what_came_after(session, world):
    before = count(session, date(2026, 1, 20))["cijfers"]
    assert (before["zaken"], before["overgedragen"], before["lopend"]) == (10, 0, 8)
    assert (before["bijvangst"], before["signalen"], before["treffers"]) == (0, 10, 0)
    assert before["eerste_antwoord_op_tijd"]["noemer"] == 0
    after_hand_over = count(session, date(2026, 2, 2))["cijfers"]
    assert (after_hand_over["zaken"], after_hand_over["overgedragen"]) == (10, 1)
    # The last day must lie before the peildatum.
    assert after_hand_over["eerste_antwoord_op_tijd"]["noemer"] == 0
    assert count(session, date(2026, 2, 3))["cijfers"]["eerste_antwoord_op_tijd"]["noemer"] == 9
    # Closed on 24 February, reopened on 1 March.
    assert count(session, date(2026, 2, 25))["cijfers"]["onderzocht"] == 1


def test_a_later_change_of_a_signal_does_not_change_earlier_figures(session, world):
    signal_id = world.waiting.eerste_signaal_id
    from signals.models import Signal

    session.get(Signal, signal_id).uitkeringssoort = "WIA"
    session.add(
        SignalChange(
            signal_id=signal_id,
            gemeentecode=AMSTERDAM,
            load_id=session.get(Signal, signal_id).load_id,
            regel=3,
            soort=Mutatiesoort.GEWIJZIGD,
            datum=date(2026, 6, 1),
            oud={"uitkeringssoort": "WW"},
            nieuw={"uitkeringssoort": "WIA"},
        )
    )
    session.flush()
    assert "WIA" not in count(session, date(2026, 5, 31))["per"]["uitkeringssoort"]
    assert count(session, date(2026, 6, 1))["per"]["uitkeringssoort"]["WIA"]["zaken"] == 1


def test_feedback_and_yield_come_back_in_the_figures(session, world, of_case):
    moment = of_case(world.declared, date(2026, 7, 1))["tijdstip"]
    delivery = feedback.make(session, door="coen", now=moment, production=False)
    assert delivery.regels == 9
    feedback.sent(session, delivery.nummer, "coen", moment)
    load = OpbrengstLoad(
        ladingnummer="O-1", bestandsnaam="o.csv", sha256="0", inhoud=b"", geladen_op=moment, door="ulla"
    )
    session.add(load)
    session.flush()
    first = {"load_id": load.id, "signal_id": world.declared.eerste_signaal_id, "vastgelegd_op": date(2026, 7, 20)}
    other = {**first, "signal_id": world.registered.eerste_signaal_id}
    session.add_all(
        [
            Opbrengst(**first, soort="terugvordering", bedrag=Decimal("250.50"), peildatum=date(2026, 7, 15)),
            Opbrengst(**first, soort="terugvordering", bedrag=Decimal("100.00"), peildatum=date(2026, 6, 15)),
            Opbrengst(**other, soort="terugvordering", bedrag=Decimal("0.10"), peildatum=date(2026, 7, 15)),
            Opbrengst(**other, soort="geen_gevolg", peildatum=date(2026, 7, 15)),
        ]
    )
    session.flush()
    cijfers = count(session)["cijfers"]
    assert cijfers["opbrengst"] == {
        "geen_gevolg": {"signalen": 1, "bedrag": 0.0},
        "terugvordering": {"signalen": 2, "bedrag": 250.6},
    }
    assert cijfers["opbrengst_nog_niet_gemeld"] == 5
    assert cijfers["afstemming"] == {**dict.fromkeys(feedback.CATEGORIES, 0), "onderweg": 9, "nog_niets": 2}
    earlier = count(session, date(2026, 6, 30))["cijfers"]
    assert earlier["opbrengst"] == {}
    assert earlier["opbrengst_nog_niet_gemeld"] == 0
    assert (earlier["afstemming"]["nu_te_vertellen"], earlier["afstemming"]["onderweg"]) == (9, 0)


def test_reconciliation_as_of_today_is_the_one_of_feedback(session, world):
    assert count(session)["cijfers"]["afstemming"] == feedback.reconciliation(session)


def test_a_rejected_row_counts_with_every_reason_it_has(session, build):
    load = build.load()
    twice, once = ["bsn_ongeldig", "postcode_ongeldig"], ["postcode_ongeldig"]
    for regel, (uitkomst, codes) in enumerate(
        [
            (Uitkomst.AFGEKEURD, twice),
            (Uitkomst.AFGEKEURD, once),
            (Uitkomst.AFGEKEURD, once),
            (Uitkomst.DUBBEL, ["al_geladen"]),
        ]
    ):
        session.add(RejectedRow(load_id=load.id, regel=regel, uitkomst=uitkomst, gemeentecode=AMSTERDAM, codes=codes))
    session.flush()
    cijfers = count(session)["cijfers"]
    assert cijfers["afgekeurd"] == 3
    assert list(cijfers["afgekeurd_per_reden"].items()) == [("postcode_ongeldig", 3), ("bsn_ongeldig", 1)]
    assert count(session, gemeenten=(MAASTRICHT,))["cijfers"]["afgekeurd_per_reden"] == {}
    assert count(session, uitkeringssoort=("WW",))["cijfers"]["afgekeurd_per_reden"] is None, (
        "a rejected row may lack it"
    )
    assert "afgekeurd_per_reden" not in count(session)["per"]["gemeente"].get(AMSTERDAM, {})


STAYED = [
    ("korter_dan_4_maanden", date(2025, 9, 6), None),  # until the day of the signal, a day short of four months
    ("4_tot_6_maanden", date(2025, 9, 5), None),
    ("4_tot_6_maanden", date(2025, 1, 31), date(2025, 7, 30)),
    ("6_tot_12_maanden", date(2025, 1, 31), date(2025, 7, 31)),
    ("6_tot_12_maanden", date(2025, 1, 5), date(2026, 1, 4)),
    ("12_maanden_of_langer", date(2025, 1, 5), None),
]


def test_hit_rate_by_how_many_months_somebody_stayed(session, build):
    load = build.load()
    for number, (_, first, last) in enumerate(STAYED):
        case = build.case(build.signal(AMSTERDAM, load, datum_vanaf=first, datum_tot=last, datum_signaal=RECEIPT))
        outcome = Outcome.AANGIFTE_GEDAAN if number % 2 else Outcome.ONBEKEND_OP_ADRES
        build.close(case, outcome, after(20))
    changed = build.case(build.signal(AMSTERDAM, load, datum_vanaf=date(2024, 1, 1), datum_tot=date(2025, 12, 1)))
    values = {"gemeentecode": AMSTERDAM, "load_id": load.id, "regel": 1, "datum": after(40)}
    told = {"oud": {"datum_vanaf": "2025-07-01", "datum_tot": None}, "soort": Mutatiesoort.GEWIJZIGD}
    session.add(SignalChange(signal_id=changed.eerste_signaal_id, **values, **told))
    build.close(changed, Outcome.AANGIFTE_GEDAAN, after(30))
    session.flush()
    expected = {
        "korter_dan_4_maanden": (0, 1),
        "4_tot_6_maanden": (1, 2),
        "6_tot_12_maanden": (1, 2),
        "12_maanden_of_langer": (2, 2),
    }
    counted = count(session)["cijfers"]["trefkans_per_verblijf"]
    assert list(counted) == list(expected), "the shortest first"
    assert {stay: share(rate) for stay, rate in counted.items()} == expected
    before = count(session, after(35))["cijfers"]["trefkans_per_verblijf"]
    assert share(before["6_tot_12_maanden"]) == (2, 3), "as the signal was told then"
    assert share(before["12_maanden_of_langer"]) == (1, 1)
    public_edition = figures(session, Selection(), PEILDATUM, openbaar=True)["cijfers"]
    assert public_edition["trefkans_per_verblijf"] is None, "beside the other splits it would say too much"


def test_an_empty_register_has_figures_too(session):
    answer = count(session)
    assert set(answer["cijfers"]) == set(FIGURES)
    assert answer["cijfers"]["zaken"] == 0
    assert answer["cijfers"]["trefkans"]["waarde"] is None
    assert all(parts == {} for parts in answer["per"].values())


def test_the_public_edition_rounds_and_suppresses(session, world):
    answer = figures(session, Selection(), PEILDATUM, openbaar=True)
    cijfers = answer["cijfers"]
    assert (cijfers["zaken"], cijfers["geleverd"], cijfers["onderzocht"]) == (10, 15, 5)
    assert cijfers["trefkans"] == {"teller": 0, "noemer": 5, "waarde": None, "laag": None, "hoog": None}
    assert cijfers["duur_onderzoek_afgesloten"] == {"n": 5, "mediaan": None, "p90": None}
    assert cijfers["duur_ontvangst_afgesloten"]["mediaan"] == 45
    assert cijfers["verloop_ontvangst_afgesloten"] is None, "every step of a curve may be one person"
    assert answer["per"]["gemeente"][AMSTERDAM]["zaken"] == 5
    one = figures(session, Selection(leveringen=("LRNI-2026-01",), gemeenten=(AMSTERDAM,)), PEILDATUM, openbaar=True)
    assert one["per"] == {}


@pytest.mark.parametrize(
    "selection",
    [
        Selection(leveringen=("A", "B")),
        Selection(gemeenten=("0363", "0935")),
        Selection(gemeenten=("0363",), aanleiding=("UITKERING",)),
    ],
)
def test_the_public_edition_takes_fixed_selections_only(session, selection):
    with pytest.raises(Invalid):
        figures(session, selection, PEILDATUM, openbaar=True)


def test_the_definition_that_a_reader_sees_is_the_docstring():
    for each in FIGURES.values():
        assert each.definitie == " ".join(each.reken.__doc__.split()), each.naam
        assert each.label and each.definitie.endswith("."), each.naam


@pytest.mark.parametrize("name", ["eerste_antwoord_op_tijd", "resultaat_op_tijd"])
def test_the_definition_of_a_rate_on_time_names_who_is_left_out(name):
    assert "ingetrokken, tellen niet mee" in FIGURES[name].definitie


def test_a_return_from_bezwaar_against_a_besluit_that_stood_is_no_reopening(session, build):
    case = build.case()
    build.event(case, "registreer_bezwaar", Phase.BEZWAAR, after(10))
    build.event(case, "beslis_op_bezwaar", Phase.BESLUIT, after(20))
    assert count(session)["cijfers"]["heropend"] == 0


def test_no_figure_can_be_split_by_what_a_person_is():
    from exports.selection import DIMENSIONS

    assert not {"nationaliteit", "geboorteplaats", "geslacht", "taal"} & {*DIMENSIONS, *DIMENSIONS.values()}
