"""The clocks of a case counted anew from its events, by the words of the procedure and none of the service's code.

Holidays stand here as dates, copied from the law and the decrees; months, weeks and working days are counted by hand.
"""

from calendar import monthrange
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

DAY = timedelta(days=1)
OFF = {
    date.fromisoformat(f"{year}-{day}")
    for year, days in {
        "2026": "01-01 01-02 04-03 04-06 04-27 05-05 05-14 05-15 05-25 12-25 12-26",
        "2027": "01-01 03-26 03-29 04-27 05-05 05-06 05-07 05-17 12-25 12-26",
        "2028": "01-01 04-14 04-17 04-27 04-28 05-05 05-25 05-26 06-05 12-25 12-26",
    }.items()
    for day in days.split()
}
HELD = ("richtlijn_onderzoek", "inlichtingen_huisbezoek", "afronding")
DAYS = {
    "richtlijn_onderzoek": 70,
    "aanschrijving": 14,
    "inlichtingen_huisbezoek": 28,
    "zienswijze": 14,
    "afronding": 28,
}
WEEKS = {
    "laa_eerste_antwoord": 4,
    "bezwaar": 6,
    "beslissing_op_bezwaar": 6,
    "beslissing_op_bezwaar_commissie": 12,
    "pl_overzicht": 4,
}
DECISIONS = ("beslissing_op_bezwaar", "beslissing_op_bezwaar_commissie")
WORKING_DAYS = {"tmv_reactie": 5, "terugbelverzoek": 2}
OUTLIVE_THE_CASE = ("bezwaar", "pl_overzicht", "terugbelverzoek")
RECEIPT = ("laa_eerste_antwoord", "laa_resultaat", "tmv_reactie")

MOVE_NO_CLOCK = {
    "wijs_toe",
    "start_vooronderzoek",
    "niet_oppakken",
    "stel_vast_reeds_ingezetene",
    "leg_zienswijze_vast",
    "registreer_aangifte",
    "verwerk_in_brp",
    "draag_over",
    "stuur_terug",
    "stel_vast_elders_ingeschreven",
    "sluit_zonder_mutatie",
    "stel_vast_overleden",
    "trek_signaal_in",
    "sluit_als_ingetrokken",
}
"""Steps that start, move and stop nothing but by closing the case; any other must be told below."""

Running = tuple[str, date, date]
"""A term that runs: its name, the day it counts from and its last day."""


def works(day: date) -> bool:
    return day.weekday() < 5 and day not in OFF


def next_working(day: date) -> date:
    while not works(day):
        day += DAY
    return day


def last_day(term: str, vanaf: date, held: int = 0) -> date:
    if term == "laa_resultaat":  # six months, longer than three: does not roll
        year, month = divmod(vanaf.month + 5, 12)
        year, month = vanaf.year + year, month + 1
        return date(year, month, min(vanaf.day, monthrange(year, month)[1]))
    if term in WORKING_DAYS:
        day, left = vanaf, WORKING_DAYS[term]
        while left:
            day += DAY
            left -= works(day)
        return day
    length = 7 * WEEKS[term] if term in WEEKS else DAYS[term]
    return next_working(vanaf + (length + held) * DAY)


@dataclass
class SentLetter:
    """What the clocks must know of a letter."""

    soort: str
    stap: str
    verzonden: date
    adres: int
    counts: bool = True
    returned: bool = False


@dataclass
class Shadow:
    """One case: what runs after each of its events."""

    running: dict[str, tuple[date, date]] = field(default_factory=dict)
    objections: list[tuple[date, date]] = field(default_factory=list)
    callbacks: list[date] = field(default_factory=list)
    letters: list[SentLetter] = field(default_factory=list)
    holds: list[list[date | None]] = field(default_factory=list)
    address: int = 0
    investigating: bool = False
    answered: bool = False

    @classmethod
    def of(
        cls,
        route: str | None,
        received: date,
        events: Sequence[Any],
        callbacks: Sequence[date],
        walaa: Sequence[str],
        overviews: Collection[int],
        requests: Sequence[int],
    ) -> "Shadow":
        """route: the grondslag with which the case was opened, None for a bijvangst, which has no receipt terms.

        overviews, requests: after how many events the overview of the persoonslijst was sent, and a letter to others.
        """
        shadow = cls(callbacks=list(callbacks))
        if route == "LAA_2_37":
            shadow.start("laa_eerste_antwoord", received)
            shadow.start("laa_resultaat", received)
        elif route is not None:
            shadow.start("tmv_reactie", received)
        for number, event in enumerate(events):
            posted = event.gegevens.get("verzenddatum")
            if event.afgeleid:  # taken along by the next one, which has the posting date
                posted = events[number + 1].gegevens.get("verzenddatum")
            shadow.take(event, date.fromisoformat(posted) if posted else event.vastgelegd_op)
            for _ in range(requests.count(number + 1)):
                shadow.letters.append(SentLetter("inlichtingenverzoek", "", event.vastgelegd_op, -1))
            if number + 1 in overviews:
                shadow.stop("pl_overzicht")
        if walaa:
            shadow.stop("laa_eerste_antwoord")
        if any(answer != "onderzoek_in_de_brp" for answer in walaa):
            shadow.stop("laa_resultaat")
        return shadow

    def terms(self) -> list[Running]:
        """All that runs, in order."""
        several = [("bezwaar", *one) for one in self.objections]
        several += [("terugbelverzoek", asked, last_day("terugbelverzoek", asked)) for asked in self.callbacks]
        return sorted([*((name, *days) for name, days in self.running.items()), *several])

    def start(self, term: str, vanaf: date) -> None:
        self.running[term] = (vanaf, last_day(term, vanaf))

    def stop(self, *terms: str) -> None:
        for term in terms:
            self.running.pop(term, None)

    def take(self, event: Any, posted: date) -> None:
        """What the step did to the clocks."""
        today, given, stap = event.vastgelegd_op, event.gegevens, event.stap
        if event.eerste_antwoord and not self.answered:
            self.answered = True
            self.stop("tmv_reactie")
        opens = event.van is None  # what the terms of a new case count from is asked where it is made
        if not opens and stap not in MOVE_NO_CLOCK:
            getattr(self, stap)(today, posted, given, event)
        letter = {
            "verstuur_aanschrijving": "aanschrijving",
            "verstuur_voornemen": "voornemen",
            "neem_besluit": "besluit",
            "weiger_aangifte": "besluit",
            "verleng_termijn": "verlenging",
            "verdaag_beslissing": "verlenging",
        }.get(stap)
        if stap == "sluit_zonder_mutatie" and any(one.adres >= 0 for one in self.letters):
            letter = "afsluiting"
        if stap == "beslis_op_bezwaar" and given["uitkomst"] != "ingetrokken":
            letter = "besluit"
        if letter:
            self.letters.append(SentLetter(letter, stap, posted, self.address))
        if event.naar == "afgesloten" and event.van != "afgesloten" and event.van != "bezwaar":
            self.close(event.resultaat)
            if stap == "verwerk_in_brp":
                self.start("pl_overzicht", today)

    def close(self, outcome: str) -> None:
        kept = OUTLIVE_THE_CASE if outcome == "ingetrokken" else (*OUTLIVE_THE_CASE, *RECEIPT)
        self.stop(*(term for term in list(self.running) if term not in kept))
        if self.holds and self.holds[-1][1] is None:
            self.holds.pop()

    def inlichtingen(self, today: date) -> None:
        if "inlichtingen_huisbezoek" not in self.running:
            self.start("inlichtingen_huisbezoek", today)

    def lapse_voornemen(self) -> None:
        for letter in self.letters:
            letter.counts = letter.counts and letter.soort != "voornemen"
        self.stop("zienswijze", "afronding")

    def lapse_besluit(self, today: date) -> None:
        besluit = next((one for one in reversed(self.letters) if one.stap == "neem_besluit" and one.counts), None)
        if besluit is not None:
            besluit.counts = False
            ended = next((one for one in self.objections if one[0] == besluit.verzonden), None)
            if ended:
                self.objections.remove(ended)
        self.lapse_voornemen()
        self.inlichtingen(today)

    def lapse_refusal(self) -> None:
        """A refused declaration, when that was the last besluit that stood."""
        stood = [one for one in self.letters if one.stap in ("neem_besluit", "weiger_aangifte") and one.counts]
        if not stood or stood[-1].stap != "weiger_aangifte":
            return
        stood[-1].counts = False
        self.objections.remove(next(one for one in self.objections if one[0] == stood[-1].verzonden))

    def start_onderzoek(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.investigating = True
        self.start("richtlijn_onderzoek", posted)

    def verstuur_aanschrijving(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.start("aanschrijving", posted)

    def win_inlichtingen_in(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.inlichtingen(today)

    def ga_op_huisbezoek(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        if self.investigating:
            self.inlichtingen(today)

    def wijzig_adres(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.address += 1
        self.stop("aanschrijving")
        if event.van == "voornemen":
            self.lapse_voornemen()
            self.inlichtingen(today)

    def registreer_retour(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        letter = self.letters[int(given["brief"]) - 1]
        if letter.soort in ("voornemen", "besluit"):
            self.made_known_otherwise(letter, today, given, event.van)
        if letter.soort != "aanschrijving":
            return
        letter.counts = False
        if not any(one.soort == "aanschrijving" and one.counts and one.adres == self.address for one in self.letters):
            self.stop("aanschrijving")

    def made_known_otherwise(self, letter: SentLetter, today: date, given: Mapping[str, Any], phase: str) -> None:
        """Its term stops when it came back, and counts anew from the day on which it was made known otherwise."""
        if letter.stap == "beslis_op_bezwaar":
            return
        first, letter.returned = not letter.returned, True
        if letter.counts and first:
            if letter.soort == "voornemen":
                if self.running.get("zienswijze", (None,))[0] == letter.verzonden:
                    self.stop("zienswijze")
            else:
                self.objections.remove(next(one for one in self.objections if one[0] == letter.verzonden))
        if "andereBekendmaking" not in given:
            return
        letter.verzonden = date.fromisoformat(given.get("datumBekendmaking", today.isoformat()))
        if not letter.counts:
            return
        if letter.soort == "voornemen" and phase == "voornemen":
            self.start("zienswijze", letter.verzonden)
        elif letter.soort == "besluit":
            self.objections.append((letter.verzonden, last_day("bezwaar", letter.verzonden)))

    def verleng_termijn(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        term = "zienswijze" if event.naar == "voornemen" else "aanschrijving"
        self.running[term] = (self.running[term][0], next_working(date.fromisoformat(given["einde"])))

    def verstuur_voornemen(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.stop("aanschrijving", "inlichtingen_huisbezoek")
        self.start("zienswijze", posted)
        self.start("afronding", posted)

    def geef_terug(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.lapse_voornemen()
        self.inlichtingen(today)

    trek_voornemen_in = geef_terug

    def neem_besluit(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.stop("zienswijze")
        self.weiger_aangifte(today, posted, given, event)

    def weiger_aangifte(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.objections.append((posted, last_day("bezwaar", posted)))

    def trek_besluit_in(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.lapse_besluit(today)

    def registreer_bezwaar(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        ends = [end for _, end in self.objections]
        vanaf = max(ends) if ends else date.fromisoformat(given["datum"])
        self.start(DECISIONS[bool(given.get("commissie"))], vanaf)

    def verdaag_beslissing(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        (term,) = (one for one in DECISIONS if one in self.running)
        vanaf = self.running[term][0]
        weeks = WEEKS[term] + 6
        end = vanaf + 7 * weeks * DAY
        self.running[term] = (vanaf, next_working(end) if weeks <= 12 else end)  # eighteen weeks do not roll

    def beslis_op_bezwaar(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.stop(*DECISIONS)
        if given.get("onderzoekVoortzetten", given["uitkomst"] == "gegrond"):
            self.lapse_refusal()
            self.lapse_besluit(today)
            self.stop("pl_overzicht")

    def heropen(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.lapse_voornemen()
        self.investigating = False
        self.stop("pl_overzicht")

    def zet_voort(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.stop("laa_eerste_antwoord", "laa_resultaat")

    def houd_aan(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.holds.append([today, None])

    def hervat(self, today: date, posted: date, given: Mapping[str, Any], event: Any) -> None:
        self.holds[-1][1] = today
        for term in HELD:
            if term in self.running:
                vanaf = self.running[term][0]
                held = 0
                for begin, end in self.holds:
                    assert begin and end
                    if begin <= last_day(term, vanaf, held):  # else it had passed already
                        held += max(0, (end - max(begin, vanaf)).days)
                self.running[term] = (vanaf, last_day(term, vanaf, held))
