"""How one cell of each kind is read: a plain function per kind, put to work on the distinct values of a column.

A parser gets a trimmed text that is not empty and gives the value as we keep it, a Fault, or a Mended value with the
warning that goes with it. Dates come out as eight digits.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from signals import dates
from signals.address import mended_postcode
from signals.bsn import passes_elfproef
from signals.municipalities import RNI, Municipalities


@dataclass(frozen=True)
class Context:
    """What a parser may need to know beside the cell."""

    today: date
    municipalities: Municipalities


@dataclass(frozen=True)
class Fault:
    """The cell cannot be taken: the code by which that is told."""

    code: str


@dataclass(frozen=True)
class Mended:
    """The cell was taken after a small repair that people should know of."""

    value: str
    warning: str


Parsed = str | Fault | Mended
Parser = Callable[[str, Context], Parsed]

INVISIBLE = "\u00a0\u200b\u2060\ufeff"
TRIMMED = " \t\r\n\v\f" + INVISIBLE
_LINE_ENDS = re.compile(r"\r\n|[\r\n\t\u0085\u2028\u2029]")


def cleaned(text: str) -> str | None:
    """The text as we keep it: trimmed, NFC, line ends and tabs a space; None with another control character in it."""
    if text.isascii() and text.isprintable():
        return text.strip(" ")
    text = _LINE_ENDS.sub(" ", text.strip(TRIMMED)).strip(TRIMMED)
    if any(unicodedata.category(sign) in ("Cc", "Cs") for sign in text):
        return None
    return unicodedata.normalize("NFC", text)


@dataclass(frozen=True)
class ParsedColumn:
    """A column of a chunk: a value per row, and the code of the rows (by position) with a fault or a warning."""

    values: np.ndarray
    faults: dict[int, str]
    warnings: dict[int, str]


def parse_column(cells: pd.Series, parse: Parser, context: Context, *, required: bool) -> ParsedColumn:
    """Reads each distinct text of the column once. A faulty cell keeps its text as value."""
    codes, distinct = pd.factorize(cells.to_numpy())
    values = np.empty(len(distinct), dtype=object)
    faults: dict[int, str] = {}
    warnings: dict[int, str] = {}
    for number, raw in enumerate(distinct):
        text = cleaned(raw)
        result = _parse_cell(text, parse, context, required)
        if isinstance(result, str):
            values[number] = result
        elif isinstance(result, Mended):
            values[number] = result.value
            warnings[number] = result.warning
        else:
            values[number] = raw if text is None else text
            faults[number] = result.code
    return ParsedColumn(values[codes], _by_row(faults, codes), _by_row(warnings, codes))


def _parse_cell(text: str | None, parse: Parser, context: Context, required: bool) -> Parsed:
    if text is None:
        return Fault("ongeldig_teken")
    if text:
        return parse(text, context)
    return Fault("verplicht_leeg") if required else ""


def _by_row(by_value: dict[int, str], codes: np.ndarray) -> dict[int, str]:
    if not by_value:
        return {}
    rows = np.flatnonzero(np.isin(codes, list(by_value)))
    return {int(row): by_value[int(codes[row])] for row in rows}


# The kinds


def text(longest: int) -> Parser:
    """Any text of at most so many characters."""

    def parse(value: str, context: Context) -> Parsed:
        return value if len(value) <= longest else Fault("te_lang")

    return parse


def matching(pattern: str, code: str) -> Parser:
    """A text that the whole pattern fits; else a fault of that code."""
    whole = re.compile(pattern)

    def parse(value: str, context: Context) -> Parsed:
        return value if whole.fullmatch(value) else Fault(code)

    return parse


def one_of(*choices: str) -> Parser:
    """One of these codes, exactly."""

    def parse(value: str, context: Context) -> Parsed:
        return value if value in choices else Fault("code_onbekend")

    return parse


def bsn(value: str, context: Context) -> Parsed:
    """Nine digits that pass the elfproef; Excel drops a leading zero, so eight get it back, with a warning."""
    if len(value) == 8:
        whole = f"0{value}"
        return Mended(whole, "voorloopnul_aangevuld") if passes_elfproef(whole) else Fault("bsn_ongeldig")
    return value if passes_elfproef(value) else Fault("bsn_ongeldig")


def birth_date(value: str, context: Context) -> Parsed:
    """A birth date, parts of which may be unknown; not in the future, not before 1900."""
    digits = dates.birth_date(value)
    if digits is None or (digits != "00000000" and digits[:4] < "1900"):
        return Fault("datum_ongeldig")
    return Fault("datum_in_toekomst") if dates.is_future(digits, context.today) else digits


def day(value: str, context: Context) -> Parsed:
    """A complete date."""
    return dates.complete_date(value) or Fault("datum_ongeldig")


def past_day(value: str, context: Context) -> Parsed:
    """A complete date, not after the day of loading."""
    digits = dates.complete_date(value)
    if digits is None:
        return Fault("datum_ongeldig")
    return Fault("datum_in_toekomst") if dates.is_future(digits, context.today) else digits


def municipality(value: str, context: Context) -> Parsed:
    """A code of table 33 that is or was a municipality's; on which day it counted is judged beside the row's date."""
    if not (value.isascii() and value.isdigit()) or len(value) > 4:
        return Fault("gemeentecode_onbekend")
    code = value.zfill(4)
    if code == RNI:
        return Fault("gemeentecode_rni")
    return code if context.municipalities.exists(code) else Fault("gemeentecode_onbekend")


def municipality_or_name(value: str, context: Context) -> Parsed:
    """A code, or the official name of a municipality."""
    if value.isascii() and value.isdigit():
        return municipality(value, context)
    return context.municipalities.by_name(value, context.today) or Fault("gemeentecode_onbekend")


def huisnummer(value: str, context: Context) -> Parsed:
    """1 to 99999 (11.20)."""
    if value.isascii() and value.isdigit() and len(value) <= 5 and int(value) > 0:
        return str(int(value))
    return Fault("huisnummer_ongeldig")


def postcode(value: str, context: Context) -> Parsed:
    """Four digits and two letters; space and case are mended without a word."""
    return mended_postcode(value) or Fault("postcode_ongeldig")


_PHONE_PUNCTUATION = str.maketrans("", "", " .-/()")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}|0[1-9][0-9]{8}")


def phone(value: str, context: Context) -> Parsed:
    """E.164 or Dutch notation (17.16), kept without punctuation; `(0)` after the country and `00` before it go."""
    digits = (value.replace("(0)", "") if value.startswith(("+", "00")) else value).translate(_PHONE_PUNCTUATION)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    return digits if _PHONE.fullmatch(digits) else Fault("telefoonnummer_ongeldig")


_EMAIL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([\w]([\w-]{0,61}[\w])?\.)+[^\W\d_]{2,63}")


def email(value: str, context: Context) -> Parsed:
    """The syntax of an address (17.17); whether it exists is not asked."""
    local = value.partition("@")[0]
    fits = len(value) <= 254 and len(local) <= 64 and _EMAIL.fullmatch(value)
    return value if fits else Fault("emailadres_ongeldig")


LANGUAGES = frozenset(
    """aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el en
    eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu ja jv ka
    kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na nb nd ne ng nl
    nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so sq sr ss st su sv sw
    ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu""".split()  # noqa: SIM905 a text of words reads better here
)
"""ISO 639-1."""


def language(value: str, context: Context) -> Parsed:
    """A language by its two letters."""
    return value if value in LANGUAGES else Fault("code_onbekend")
