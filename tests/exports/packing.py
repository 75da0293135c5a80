"""Packs of made-up figures, and their files read back, for whoever tests them."""

import io
import json
import re
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

import openpyxl
import pytest
from pptx import Presentation
from pypdf import PdfReader

from exports.figures import figures
from exports.packs.files import save
from exports.packs.messages import pack_of
from exports.packs.parts import Actie, Leerpunt, Said, Soort
from exports.selection import Selection
from signals.models import Opbrengst, OpbrengstLoad, RejectedRow, Uitkomst
from tests.exports.builder import noon
from workflow.models import Contact, Visit, WalaaEntry
from workflow.phases import Answer, Outcome

ONE_DATABASE = pytest.mark.parametrize("databases", ["sqlite"], indirect=True, scope="session")
"""A pack is made of what was counted; that both databases count the same is tested with the figures."""

DAY = date(2026, 8, 31)
FIRST, SECOND = date(2026, 1, 5), date(2026, 4, 6)
PLACES = ("0363", "0599", "0935")
NAMES = {"0363": "Amsterdam", "0599": "Rotterdam", "0935": "Maastricht"}
SAID = Said(
    leerpunten=(
        Leerpunt("signaal_verouderd", "", 5, 3),
        Leerpunt("werkinstructie_onduidelijk", "=de stap voor een briefadres ontbreekt", 3, 2, "UWV past dit aan"),
    ),
    acties=(Actie("Werkinstructie aanpassen", "UWV", date(2026, 10, 1)), Actie("@bellen", "Rotterdam", DAY, DAY)),
    vragen=("Hoe gaan wij om met een vakantiepark?",),
)
EVERY = [(soort, openbaar) for soort in Soort for openbaar in (False, True)]
ENDS = (Outcome.AANGIFTE_GEDAAN, Outcome.BUITENLAND_OF_TE_KORT, Outcome.AMBTSHALVE_INGESCHREVEN, Outcome.OVERLEDEN)


@dataclass(frozen=True)
class Made:
    """A pack, the figures it was made of, and its three files read back."""

    pack: object
    counted: dict
    book: object
    deck: object
    paper: str
    raw: dict


class Many:
    """Packs of ninety cases, counted once; each is made once, and a test only reads it."""

    def __init__(self, counted, folder):
        self.counted, self._folder, self._made = counted, folder, {}

    def __call__(self, soort, openbaar=False, chosen=""):
        key = (soort, openbaar, chosen)
        if key not in self._made:
            folder = self._folder / f"{soort}-{openbaar}-{chosen}"
            folder.mkdir()
            self._made[key] = made_of(self.counted[openbaar, chosen], soort, folder)
        return self._made[key]


CHOSEN = {"": {}, "levering": {"leveringen": ("LRNI-2026-02",)}, "gemeente": {"gemeenten": ("0599",)}}


def fill(session, build):
    """Ninety cases of two deliveries in three municipalities: answered, visited, closed, waiting; yield of some."""
    loads = {"LRNI-2026-01": build.load("LRNI-2026-01", FIRST), "LRNI-2026-02": build.load("LRNI-2026-02", SECOND)}
    values = {"ladingnummer": "OB-00001", "bestandsnaam": "o.csv", "sha256": "x" * 64, "inhoud": b"x", "door": "ulla"}
    yields = OpbrengstLoad(**values, geladen_op=noon(DAY))
    session.add(yields)
    session.flush()
    for number in range(90):
        load = loads["LRNI-2026-01" if number < 60 else "LRNI-2026-02"]
        kind = ("WW", "ZW", "WIA")[number % 3]
        signal = build.signal(PLACES[number % 3], load, adressleutel=f"1000AA-{number // 2}", uitkeringssoort=kind)
        case = build.case(signal)
        build.term(case, "laa_eerste_antwoord", load.datum_ontvangst + timedelta(days=28))
        if number % 9 == 4:
            continue
        began = load.datum_ontvangst + timedelta(days=3 + number % 30)
        build.answer(case, began)
        mine = {
            "zaak_id": case.id,
            "gemeentecode": case.gemeentecode,
            "vastgelegd_op": began,
            "tijdstip": noon(began),
            "door": "anna",
        }
        session.add(WalaaEntry(**mine, antwoord=Answer.ONDERZOEK_IN_DE_BRP, datum=began))
        for soort in ("contactpoging", "contactmoment")[: 1 + number % 2]:
            spoken = {"kanaal": "telefoon", "richting": "uitgaand", "wanneer": mine["tijdstip"]}
            session.add(Contact(**mine, soort=soort, **spoken))
        flags = {"opengedaan": True, "gelegitimeerd": True, "doel_gemeld": True, "binnengetreden": False}
        moments = {"begin": mine["tijdstip"], "einde": mine["tijdstip"], "poging": 1, "adressleutel": "x"}
        consent = "geweigerd" if number == 11 else "gegeven"
        session.add(Visit(**mine, **moments, **flags, aangetroffen=number % 3 > 0, toestemming=consent))
        if number % 7:
            outcome = ENDS[number % 4] if number % 3 else ENDS[0]
            build.close(case, outcome, began + timedelta(days=10 + number % 60))
        if number % 4 == 0:
            soort, euros = (("terugvordering", Decimal(number) + Decimal("100.25")), ("boete", Decimal("0.10")))[
                number % 3 == 0
            ]
            row = {"signal_id": signal.id, "load_id": yields.id, "peildatum": DAY, "vastgelegd_op": DAY}
            session.add(Opbrengst(**row, soort=soort, bedrag=euros))
    for regel, codes in enumerate([["bsn_ongeldig", "postcode_ongeldig"], ["postcode_ongeldig"], ["datum_ongeldig"]]):
        row = {"load_id": loads["LRNI-2026-01"].id, "uitkomst": Uitkomst.AFGEKEURD, "gemeentecode": "0363"}
        session.add(RejectedRow(**row, regel=900 + regel, codes=codes))
    session.flush()


def counted_as_json(session, openbaar=False, **selection):
    """Figures as a frozen pack gives them back."""
    return json.loads(json.dumps(figures(session, Selection(**selection), DAY, openbaar=openbaar)))


def made_of(counted, soort, folder, said=SAID):
    pack = pack_of(soort, counted, names=NAMES, said=said)
    paths = save(pack, counted, folder, "pakket")
    assert sorted(path.name for path in folder.iterdir()) == ["pakket.pdf", "pakket.pptx", "pakket.xlsx"]
    return read_files(pack, counted, {path.suffix: path.read_bytes() for path in paths})


def read_files(pack, counted, raw):
    """A pack with its three files, by suffix, as they were written or fetched."""
    pages = PdfReader(io.BytesIO(raw[".pdf"])).pages
    foot = re.compile(re.escape(bare(pack.bron)) + rf"\d+/{len(pages)}")
    words = [foot.subn("", bare(page.extract_text())) for page in pages]
    assert {found for _, found in words} == {1}, "under every page stands where it is from"
    paper = "".join(page for page, _ in words)
    book, deck = openpyxl.load_workbook(io.BytesIO(raw[".xlsx"])), Presentation(io.BytesIO(raw[".pptx"]))
    return Made(pack, counted, book, deck, paper, raw)


def bare(words):
    return "".join(words.split())


def small_counts(words):
    """Counts of one to four in a sentence: no part of a percentage, a date, a sum, an article, days or a number."""
    plain = re.sub(
        r"LRNI-\d+-\d+|€ [\d.,]+|\d+%|(?:binnen |richtlijn )\d+ dagen|paragraaf [\d.]+|Wet BRP [\d.]+",
        "",
        words,
    )
    return re.findall(r"(?<![\d.,])[1-4](?![\d.,]*\d)", plain)


def named(pack, naam):
    return next(message for message in pack.messages if message.naam == naam)
