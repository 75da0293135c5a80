"""What was done in cases, and when answers came, as columns of cases: acts, contact, visits, terms of WALAA."""

from datetime import date
from typing import Any

import numpy as np
from sqlalchemy import Select, or_, select

from exports.columns import NOTHING, Array, Columns, Reader, by_id, marked, places
from signals.base import table
from workflow.case_file import NOT_AN_ACT
from workflow.deadlines import Term
from workflow.models import CaseTerm, Contact, Letter, LetterKind, OfCase, Source, Visit, WalaaEntry
from workflow.phases import Answer

LAA_TERMS = (Term.LAA_EERSTE_ANTWOORD.value, Term.LAA_RESULTAAT.value)
"""Columns of cases: `telt_mee:` and `op_tijd:` with one of these."""


def add_dossier(reader: Reader, day: date, cases: Columns) -> None:
    """Marks an act of investigation, attempts at contact and moments of contact, and counts home visits.

    A posted letter and a visit are attempts by themselves; a letter to an employer or landlord asks somebody else
    and is none. Found at a visit is a moment. The columns that come of it:

    - `opgepakt`: flag, any act of investigation, of a case that was not withdrawn and not handed over.
    - `poging`, `gesproken`: flags, whether contact was sought, and whether of these somebody was spoken to.
    - `poging:KANAAL`, `gesproken:KANAAL`: the same by one channel; a contact that somebody recorded counts as well as
      a letter or visit, so `poging:huisbezoek` is not whether there was a home visit.
    - `gezocht`, `getroffen`, `geweigerd`: numbers, home visits that were held, at which he was met, and refused ones.
    """
    contact, letter, visit, source = table(Contact), table(Letter), table(Visit), table(Source)
    read = reader.read
    contacts = read(_recorded(Contact, day, contact.c.kanaal, contact.c.soort.label("contact")))
    asks = (letter.c.soort != LetterKind.INLICHTINGENVERZOEK).label("vraagt")
    letters = read(_recorded(Letter, day, asks))
    refused = (visit.c.toestemming == "geweigerd").label("geweigerd")
    visits = read(_recorded(Visit, day, refused, visit.c.aangetroffen))
    sources = read(_recorded(Source, day).where(source.c.soort.not_in(NOT_AN_ACT)))
    done = [each["zaak_id"] for each in (sources, contacts, visits, letters)]
    cases["opgepakt"] = cases["gebleven"] & marked(cases, np.concatenate(done))
    kinds, channels = reader.words_of("contact"), reader.words_of("kanaal")
    asked, reached = ((contacts["contact"] == kinds.known(kind)) for kind in ("contactpoging", "contactmoment"))
    tried = {
        channel: contacts["zaak_id"][asked & (contacts["kanaal"] == number)]
        for channel, number in channels.numbers.items()
    }
    moments = {
        channel: contacts["zaak_id"][reached & (contacts["kanaal"] == number)]
        for channel, number in channels.numbers.items()
    }
    by_itself = {"brief": letters["zaak_id"][letters["vraagt"]], "huisbezoek": visits["zaak_id"]}
    for channel, ids in by_itself.items():
        tried[channel] = np.append(tried.get(channel, []), ids)
    moments["huisbezoek"] = np.append(moments.get("huisbezoek", []), visits["zaak_id"][visits["aangetroffen"]])
    for channel, ids in tried.items():
        cases[f"poging:{channel}"] = attempt = marked(cases, ids)
        cases[f"gesproken:{channel}"] = attempt & marked(cases, moments.get(channel, ()))
    cases["poging"] = marked(cases, np.concatenate(list(tried.values())))
    cases["gesproken"] = cases["poging"] & marked(cases, np.concatenate(list(moments.values())))
    held = ~visits["geweigerd"]
    for name, which in (("gezocht", held), ("getroffen", held & visits["aangetroffen"]), ("geweigerd", ~held)):
        here = places(visits["zaak_id"][which], cases["id"])
        cases[name] = np.bincount(here[here != NOTHING], minlength=len(cases["id"]))


def add_terms(reader: Reader, day: date, cases: Columns, signals: Columns) -> None:
    """The LAA terms whose last day has passed, and whether WALAA had the answer in time.

    Left out: cases that were withdrawn on or before that last day.
    """
    walaa, term = table(WalaaEntry), table(CaseTerm)
    final = or_(walaa.c.antwoord == Answer.MET_MUTATIE, walaa.c.antwoord == Answer.ZONDER_MUTATIE).label("eind")
    entries = reader.read(_recorded(WalaaEntry, day, final, walaa.c.datum))
    stored = _recorded(CaseTerm, day, term.c.id, term.c.term, term.c.einde)
    rows = by_id(reader.read(stored.where(term.c.term.in_(LAA_TERMS), term.c.einde < day)))
    withdrawn = _withdrawn_on(cases, signals)
    kept = (cases["eerste_antwoord_voor"], cases["resultaat_voor"])
    answers = (np.ones_like(entries["eind"]), entries["eind"])
    for name, in_column, answer in zip(LAA_TERMS, kept, answers, strict=True):
        mine = rows["term"] == reader.words_of("term").known(name)
        last_day = np.where(cases["laa"] & (in_column < day.toordinal()), in_column, np.nan)
        here = places(rows["zaak_id"][mine], cases["id"])[::-1]  # backwards: the oldest is written last
        stored_end = np.full(len(last_day) + 1, np.nan)
        stored_end[here] = rows["einde"][mine][::-1]
        last_day = np.where(np.isnan(last_day), stored_end[:-1], last_day)
        answered = np.full(len(last_day) + 1, np.inf)
        np.minimum.at(answered, places(entries["zaak_id"][answer], cases["id"]), entries["datum"][answer])
        passed = ~np.isnan(last_day) & ~(withdrawn <= last_day)
        cases[f"telt_mee:{name}"] = passed
        cases[f"op_tijd:{name}"] = passed & (answered[:-1] <= last_day)


def _recorded(model: type[OfCase], day: date, *columns: Any) -> Select[Any]:
    """zaak_id and some columns of a dossier table, as recorded by the end of the day."""
    entry = table(model)
    return select(entry.c.zaak_id, *columns).where(entry.c.vastgelegd_op <= day)


def _withdrawn_on(cases: Columns, signals: Columns) -> Array:
    """By case the day on which the last of its signals was withdrawn, or the case closed as withdrawn."""
    many = len(cases["id"])
    mine = signals["zaak"] != NOTHING
    here, days = signals["zaak"][mine], signals["ingetrokken_op"][mine]
    gone = ~np.isnan(days)
    last = np.full(many, -np.inf)
    np.maximum.at(last, here[gone], days[gone])
    all_of_them = np.bincount(here[gone], minlength=many) == np.bincount(here, minlength=many)
    withdrawn = np.where(all_of_them & (last > 0), last, np.nan)
    closed = np.where(cases["ingetrokken"], cases["laatste_sluiting"], np.nan)
    return np.fmin(withdrawn, closed)
