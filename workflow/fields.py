"""What a step or a dossier entry asks for: the same fields for API, pages and validation."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from typing import Any

from signals.errors import Invalid, Reason

AS_DATE = "als 2026-11-23; in een formulier mag ook 23-11-2026."
AS_MOMENT = "als 2026-11-23T18:30; in een formulier mag ook 23-11-2026 18.30."
ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
PART_KEY = re.compile(r"[a-z]{1,20}(:[0-9]{1,18})?")
CLOCK_TIME = re.compile(r"([01]?[0-9]|2[0-3])[:.]([0-5][0-9])(?::[0-5][0-9])?")
FIELD_NAME = re.compile(r"[a-z][A-Za-z]{0,39}")
LONGEST_TEXT = 4000
INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Kinds of character nobody sees: control, formatting (such as turning the reading direction), half ones, no ones."""
ALLOWED = "\n\r\t\u200c\u200d"
"""But for line ends and tabs, and the two joiners that some names need."""


@dataclass(frozen=True)
class Field:
    """One thing that is asked.

    naam: camelCase, as the API takes it. soort: tekst, lange_tekst, datum, tijdstip, tijd, ja_nee, keuze, getal,
    brief, gemeente, gebruiker, telefoon, lijst or stukken. `toekomst`: a date may lie after today. `langste`: of a
    text, in characters.
    """

    naam: str
    soort: str
    label: str
    verplicht: bool = True
    keuzes: tuple[str, ...] = ()
    hint: str = ""
    toekomst: bool = False
    langste: int = LONGEST_TEXT

    def optional(self) -> "Field":
        """The same field, not required."""
        return replace(self, verplicht=False)

    def described(self, label: str, hint: str = "") -> "Field":
        """The same field under another label."""
        return replace(self, label=label, hint=hint or self.hint)


class _Faulty(Exception):
    """A value that cannot be read; the message says what it should be."""

    def __init__(self, code: str, uitleg: str) -> None:
        super().__init__(code)
        self.code, self.uitleg = code, uitleg


def column_name(naam: str) -> str:
    """`doelGemeld` -> `doel_gemeld`: the column in which a field is kept."""
    return "".join(f"_{sign.lower()}" if sign.isupper() else sign for sign in naam)


def read(fields: Iterable[Field], gegevens: Mapping[str, Any], now: datetime) -> dict[str, Any]:
    """Typed values by field name (absent and empty ones left out); raises Invalid naming every faulty field.

    now: aware, in the clock's time zone; decides what lies in the future.
    """
    fields = tuple(fields)
    reasons: list[Reason] = []
    values: dict[str, Any] = {}
    known = {field.naam for field in fields}
    for naam in sorted(gegevens.keys() - known):
        shown = naam if FIELD_NAME.fullmatch(naam) else "?"  # anything else may be a person's data: not repeated
        uitleg = f"Het gegeven '{shown}' hoort hier niet. Mogelijk zijn: {', '.join(sorted(known)) or 'geen'}."
        reasons.append(Reason("onbekend_gegeven", uitleg, shown))
    for field in fields:
        raw = gegevens.get(field.naam)
        if isinstance(raw, str):
            raw = raw.strip()
        if raw is None or raw == "" or raw == []:
            if field.verplicht:
                reasons.append(Reason("verplicht_leeg", f"Vul in: {field.label}.", field.naam))
            continue
        try:
            values[field.naam] = _PARSERS[field.soort](field, raw, now)
        except _Faulty as fault:
            reasons.append(Reason(fault.code, f"{field.label}: {fault.uitleg}", field.naam))
    if reasons:
        raise Invalid(reasons)
    return values


def _text(field: Field, raw: Any, now: datetime) -> str:
    if isinstance(raw, bool):
        return "ja" if raw else "nee"
    if not isinstance(raw, str):
        raise _Faulty("geen_tekst", "geef tekst.")
    if len(raw) > field.langste:
        raise _Faulty("te_lang", f"gebruik ten hoogste {field.langste} tekens; dit zijn er {len(raw)}.")
    if any(unicodedata.category(sign) in INVISIBLE and sign not in ALLOWED for sign in raw):
        raise _Faulty("ongeldig_teken", "haal de onzichtbare tekens weg.")
    return raw


def _date(field: Field, raw: Any, now: datetime) -> date:
    if isinstance(raw, datetime) or not isinstance(raw, (str, date)):
        raise _Faulty("datum_ongeldig", f"geef een datum {AS_DATE}")
    try:
        day = raw if isinstance(raw, date) else _iso_date(raw)
    except ValueError:
        raise _Faulty("datum_ongeldig", f"deze datum bestaat niet; geef een datum {AS_DATE}") from None
    if day.year < 1900:
        raise _Faulty("datum_ongeldig", "een datum voor 1900 kan niet kloppen.")
    if day > now.date() and not field.toekomst:
        raise _Faulty("datum_in_toekomst", "deze datum ligt na vandaag.")
    return day


def _iso_date(raw: str) -> date:
    if not ISO_DATE.fullmatch(raw):
        raise ValueError(raw)
    return date.fromisoformat(raw)


def _moment(field: Field, raw: Any, now: datetime) -> datetime:
    try:
        moment = raw if isinstance(raw, datetime) else datetime.fromisoformat(str(raw))
    except ValueError:
        raise _Faulty("tijdstip_ongeldig", f"geef datum en tijd {AS_MOMENT}") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=now.tzinfo)
    try:
        local = moment.astimezone(now.tzinfo)
    except OverflowError:
        raise _Faulty("tijdstip_ongeldig", f"geef datum en tijd {AS_MOMENT}") from None
    if local.year < 1900:
        raise _Faulty("tijdstip_ongeldig", "een tijdstip voor 1900 kan niet kloppen.")
    if local > now and not field.toekomst:
        raise _Faulty("tijdstip_in_toekomst", "dit tijdstip is later dan nu.")
    return local


def _time(field: Field, raw: Any, now: datetime) -> time:
    if isinstance(raw, time):
        return raw
    found = CLOCK_TIME.fullmatch(raw) if isinstance(raw, str) else None
    if found is None:
        raise _Faulty("tijd_ongeldig", "geef een tijd als 18:30.")
    return time(int(found[1]), int(found[2]))


def _flag(field: Field, raw: Any, now: datetime) -> bool:
    if isinstance(raw, bool):
        return raw
    if raw in ("ja", "true", "on"):
        return True
    if raw in ("nee", "false"):
        return False
    raise _Faulty("geen_ja_of_nee", "kies ja of nee.")


def _choice(field: Field, raw: Any, now: datetime) -> str:
    if not isinstance(raw, str) or raw not in field.keuzes:
        raise _Faulty("keuze_onbekend", f"kies een van: {', '.join(field.keuzes)}.")
    return raw


def _number(field: Field, raw: Any, now: datetime) -> int:
    if isinstance(raw, bool) or not re.fullmatch(r"\d{1,9}", str(raw)):
        raise _Faulty("geen_getal", "geef een heel getal.")
    return int(raw)


def _code(field: Field, raw: Any, now: datetime) -> str:
    if not isinstance(raw, str) or not re.fullmatch(r"[0-9]{4}", raw):
        raise _Faulty("gemeentecode_ongeldig", "geef een gemeentecode van vier cijfers.")
    return raw


def _letter(field: Field, raw: Any, now: datetime) -> str:
    if isinstance(raw, bool) or not re.fullmatch(r"\d{1,4}|[a-z]{1,30}", str(raw)):
        raise _Faulty("brief_onbekend", "geef het nummer van de brief, of de soort.")
    return str(raw)


def _name(field: Field, raw: Any, now: datetime) -> str:
    if not isinstance(raw, str) or len(raw) > 100:
        raise _Faulty("gebruiker_ongeldig", "geef de naam van een gebruiker.")
    return raw


def _telephone(field: Field, raw: Any, now: datetime) -> str:
    bare = re.sub(r"[ ().-]", "", _text(field, raw, now))
    bare = re.sub(r"^\+310", "+31", bare)  # +31 (0)6 ...: the zero is for who calls from within
    if not re.fullmatch(r"\+[1-9][0-9]{6,14}|0[0-9]{9}", bare):
        raise _Faulty("telefoonnummer_ongeldig", "geef een nummer als 0612345678 of +48512345678.")
    return bare


def _several(field: Field, raw: Any, now: datetime) -> list[str]:
    parts = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else raw
    if not isinstance(parts, list) or not all(isinstance(part, str) and part.strip() for part in parts):
        raise _Faulty("geen_lijst", "geef een of meer namen, gescheiden door een komma.")
    return [_text(field, part, now) for part in parts]


def _parts(field: Field, raw: Any, now: datetime) -> list[str]:
    parts = [part.strip() for part in raw.split(",")] if isinstance(raw, str) else raw
    if not isinstance(parts, list) or not all(isinstance(one, str) and PART_KEY.fullmatch(one) for one in parts):
        raise _Faulty("stuk_onbekend", "kies uit de stukken die worden aangeboden, of 'geen'.")
    return list(dict.fromkeys(parts))


_PARSERS: Mapping[str, Callable[[Field, Any, datetime], Any]] = {
    "tekst": _text,
    "lange_tekst": _text,
    "datum": _date,
    "tijdstip": _moment,
    "tijd": _time,
    "ja_nee": _flag,
    "keuze": _choice,
    "getal": _number,
    "brief": _letter,
    "gemeente": _code,
    "gebruiker": _name,
    "telefoon": _telephone,
    "lijst": _several,
    "stukken": _parts,
}
