"""What a letter says: the facts of the case that each kind of letter asks for, put into its texts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from signals.dates import as_date, birth_date_text, dutch_date
from workflow.actors import ContactPerson, Desk
from workflow.case_file import CaseFile
from workflow.deadlines import Term, deadline
from workflow.letter_texts import (
    DUTCH,
    LANGUAGES,
    LISTS,
    ONLY_WHEN,
    Due,
    Piece,
    filled,
    in_words,
    pieces,
    quotation,
    texts,
)
from workflow.letterhead import Letterhead
from workflow.models import LetterKind
from workflow.phases import Phase
from workflow.questions import besluit_falls

Value = str | date | Due
GROUNDS: Mapping[str, str] = {
    "werkgever": "grond_vrijwillig",
    "uitzendbureau": "grond_vrijwillig",
    "verhuurder": "grond_vrijwillig",
    "woningcorporatie": "grond_vrijwillig",
    "hoofdbewoner": "grond_vrijwillig",
    "aangewezen_instelling": "grond_instelling",
    "overheid": "grond_overheid",
    "anders": "grond_vrijwillig",
}
"""Who can be asked for information, and the block that says whether he must give it."""


@dataclass(frozen=True)
class Facts:
    """What one letter needs beside what all have.

    named: values of placeholders, dates as dates. shown: the blocks that this occasion asks for. sources: kind and day.
    """

    named: Mapping[str, Value] = field(default_factory=dict)
    shown: frozenset[str] = frozenset()
    sources: tuple[tuple[str, date], ...] = ()


@dataclass(frozen=True)
class Envelope:
    """What all letters have: who writes to whom, when, about whom."""

    kenmerk: str
    posted: date
    person: str
    child: bool
    secret: bool
    addressee: tuple[str, ...]
    adres: str
    gemeente: str
    head: Letterhead
    contact: ContactPerson
    signatory: str
    language: str | None = None
    example: bool = False
    third_party: bool = False


def facts_of(name: str, file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    """The facts for one of the letters, after its step did its work: its term runs, what it decided is recorded."""
    return _FACTS[name](file, desk, values)


def _aanschrijving(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    return Facts({"uiterlijk": _end(file, Term.AANSCHRIJVING)})


def _voornemen(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    identity = f"{values['identiteit']} ({dutch_date(values['datumIdentiteit'])})"
    sources = _sources(file, desk)
    return Facts(
        {
            "uiterlijk": _end(file, Term.ZIENSWIJZE),
            "identiteit": identity,
            "rechtmatig_verblijf": values["rechtmatigVerblijf"],
            "verblijfscriterium": values["verblijfscriterium"],
            "feiten": values["adres"],
        },
        frozenset({"bronnen" if sources else "bronnen_geen"}),
        sources,
    )


def _sources(file: CaseFile, desk: Desk) -> tuple[tuple[str, date], ...]:
    """Kind and day of what was consulted, never what or who: a finding may name somebody else."""
    found = {(one.soort, one.datum) for one in file.sources}
    zone = desk.now.tzinfo
    found |= {("huisbezoek", one.begin.astimezone(zone).date()) for one in file.visits}
    reached = (one for one in file.contacts if one.soort == "contactmoment")
    found |= {("betrokkene", one.wanneer.astimezone(zone).date()) for one in reached}
    return tuple(sorted(found, key=lambda one: (one[1], one[0])))


def _besluit(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    heard, sent = file.last_event("leg_zienswijze_vast"), file.last_event("verstuur_voornemen")
    reacted = heard is not None and sent is not None and heard.volgnummer > sent.volgnummer
    assert file.case.datum_voornemen is not None
    return Facts(
        _decided(file, values) | {"ingangsdatum": file.case.datum_voornemen},
        frozenset({values.get("soort", "woonadres"), "zienswijze_wel" if reacted else "zienswijze_niet"}),
    )


def _weigering(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    refused = next(one for one in reversed(file.aangiften) if one.afhandeling == "geweigerd")
    return Facts(_decided(file, values) | {"aangifte_datum": refused.datum})


def _decided(file: CaseFile, values: Mapping[str, Any]) -> dict[str, Value]:
    return {"motivering": values["motivering"], "bezwaar_tot": _end(file, Term.BEZWAAR)}


def _beslissing_op_bezwaar(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    decided = next(one for one in reversed(file.bezwaren) if one.beslist_op is not None)
    heard = "gehoord" if values.get("gehoord") else "niet_gehoord"
    more = {"verder"} if besluit_falls(values) else set()
    named: dict[str, Value] = {
        "bezwaar_datum": decided.datum,
        "motivering": values["motivering"],
        "reden": values.get("redenNietGehoord", ""),
        # Six weeks, rolled as any term of the Awb: those of a bezwaar.
        "beroep_tot": Due(deadline(Term.BEZWAAR, values.get("verzenddatum", desk.today)).einde),
    }
    return Facts(named, frozenset({values["uitkomst"], heard, *more}))


def _verlenging(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    if file.case.fase == Phase.VOORNEMEN:
        term, block, earlier = Term.ZIENSWIJZE, "zienswijze", file.standing_letter(LetterKind.VOORNEMEN)
    else:
        term, block = Term.AANSCHRIJVING, "aanschrijving"
        earlier = file.standing_letter(LetterKind.AANSCHRIJVING)
    row = file.running(term)
    assert row is not None
    began = earlier.verzenddatum if earlier else row.vanaf
    named: dict[str, Value] = {"uiterlijk": Due(row.einde), "eerdere_datum": began, "reden": values["reden"]}
    return Facts(named, frozenset({block}))


def _verdaging(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    waits, row = file.open_bezwaar, file.decision_term
    assert waits is not None and row is not None
    return Facts({"bezwaar_datum": waits.datum, "uiterlijk": Due(row.einde), "reden": values["reden"]})


def _afsluiting(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    return Facts(shown=frozenset({values["resultaat"]}))


def _inlichtingenverzoek(file: CaseFile, desk: Desk, values: Mapping[str, Any]) -> Facts:
    digits = file.case.geboortedatum
    named: dict[str, Value] = {
        "geboortedatum": as_date(digits) or birth_date_text(digits),
        "vragen": values["vragen"],
        "uiterlijk": Due(values["uiterlijk"]),
    }
    return Facts(named, frozenset({GROUNDS[values["ontvanger"]]}))


_FACTS = {
    "inlichtingenverzoek": _inlichtingenverzoek,
    "aanschrijving": _aanschrijving,
    "voornemen": _voornemen,
    "besluit": _besluit,
    "weigering": _weigering,
    "beslissing_op_bezwaar": _beslissing_op_bezwaar,
    "verlenging": _verlenging,
    "verdaging": _verdaging,
    "afsluiting": _afsluiting,
}


def _end(file: CaseFile, term: Term) -> Due:
    row = file.running(term)
    assert row is not None, f"{term} does not run"
    return Due(row.einde)


def composed(name: str, facts: Facts, envelope: Envelope) -> dict[str, Any]:
    """The whole letter as letter.typ takes it: the Dutch text, and the translation after it."""
    languages = [DUTCH, *([envelope.language] if envelope.language else [])]
    parts = [_part(name, facts, envelope, language) for language in languages]
    head, day = envelope.head, envelope.posted
    sender = [head.naam or f"Gemeente {envelope.gemeente}", head.afdeling, head.straat]
    sender += [f"{head.postcode} {head.plaats}".strip(), head.telefoon, head.email, head.website]
    mark = str(texts(DUTCH)["woorden"]["voorbeeld"]) if envelope.example else ""
    title = parts[0]["titel"]
    return {
        "titel": f"{mark}: {title}" if mark else title,
        "datum": [day.year, day.month, day.day],
        "voorbeeld": mark,
        "kenmerk": envelope.kenmerk,
        "logo": list(head.logo),
        "afzender": [line for line in sender if line],
        "adres": list(envelope.addressee),
        "delen": parts,
    }


def _part(name: str, facts: Facts, envelope: Envelope, language: str) -> dict[str, Any]:
    words, head = texts(language)["woorden"], envelope.head
    values = {key: in_words(value, language) for key, value in {**_common(envelope), **facts.named}.items()}
    lists = {
        "bronnen": [f"{texts(language)['bronnen'][kind]}, {in_words(day, language)}" for kind, day in facts.sources]
    }
    assert lists.keys() == LISTS

    def text(table: str, block: str, in_language: str = language) -> str:
        own = head.own(in_language, table, block)
        return str(texts(in_language)[table][block]) if own is None else own

    def block(table: str, each: str) -> list[Piece]:
        preface = "" if language == DUTCH else str(texts(language)["algemeen"]["eigen_woorden"])
        dutch_only = language != DUTCH and head.own(DUTCH, table, each) is not None
        if dutch_only and head.own(language, table, each) is None:
            dutch = {key: in_words(value, DUTCH) for key, value in {**_common(envelope), **facts.named}.items()}
            own = text(table, each, DUTCH)
            return [{"soort": "alinea", "tekst": preface}, quotation(_plain(own, dutch, lists))] if own.strip() else []
        chosen = text(table, each)
        return pieces(chosen, values, lists, preface) if chosen.strip() else []

    greeting = "aanhef_ander" if envelope.third_party else "aanhef_ouder" if envelope.child else "aanhef"
    general = [greeting, *(["vertaling"] if envelope.language else [])]
    general += ["ouder"] if envelope.child and not envelope.third_party else []
    own_blocks = [(name, each) for each in texts(DUTCH)[name] if each != "titel" and _said(name, each, facts)]
    if "bezwaar_tot" in facts.named:
        where = "bezwaar_adres" if head.bezwaaradres or head.where else "bezwaar_adres_vragen"
        left_out = ONLY_WHEN["bezwaar"] - {where}
        own_blocks += [("bezwaar", each) for each in texts(DUTCH)["bezwaar"] if each not in left_out]
    closing = [*(["geheim"] if envelope.secret and not envelope.third_party else []), _reachable(values)]
    order = [*(("algemeen", each) for each in general), *own_blocks, *(("algemeen", each) for each in closing)]
    return {
        "taal": language,
        "titel": filled(text(name, "titel"), values),
        "datum": in_words(envelope.posted, language),
        "over": envelope.person,
        **{key: words[key] for key in ("pagina", "voorbeeld", "label_datum", "label_kenmerk", "label_over")},
        "blokken": [piece for table, each in order for piece in block(table, each)],
        "slot": [
            filled(text("algemeen", "slot"), values),
            head.mandaatregel or filled(text("algemeen", "namens"), values),
            *(line for line in (head.ondertekenaar or envelope.signatory, head.functie) if line),
        ],
    }


def _reachable(values: Mapping[str, str]) -> str:
    """The block that names the contact person, with what is known of how to reach him."""
    known = [name for name in ("telefoon", "email") if values[name]]
    return "contact" if len(known) == 2 else f"contact_{known[0]}" if known else "contact_naam"


def _said(name: str, block: str, facts: Facts) -> bool:
    return block not in ONLY_WHEN.get(name, ()) or block in facts.shown


def _plain(text: str, values: Mapping[str, str], lists: Mapping[str, list[str]]) -> str:
    """A Dutch block as lines, for within a translation."""
    known = dict(values) | {name: "; ".join(items) for name, items in lists.items()}
    return "\n".join(filled(line.strip().removeprefix("# "), known) for line in text.splitlines())


def _common(envelope: Envelope) -> dict[str, Value]:
    head, contact = envelope.head, envelope.contact
    return {
        "naam": envelope.person,
        "adres": envelope.adres,
        "gemeente": envelope.gemeente,
        "kenmerk": envelope.kenmerk,
        "datum_brief": envelope.posted,
        "contactpersoon": contact.naam,
        "telefoon": contact.telefoonnummer or head.telefoon,
        "email": contact.emailadres or head.email,
        "bezwaaradres": head.bezwaaradres or head.where,
        "vertaaltaal": LANGUAGES.get(envelope.language or "", ""),
    }
