"""How one cell of each kind is read: a function per kind, and a quick way to know a whole column that is right already.

A parser gets a trimmed text that is not empty and gives the value as we keep it, a Fault, or a Mended value with the
warning that goes with it. Dates come out as eight digits. Most cells of most files are right as they stand: `plain`
tells which those are, a column at a time, and only the others are read one by one. A cell that `plain` passes is one
that the parser gives back as it is; nothing else follows from it.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from signals import dates
from signals.address import mended_postcode
from signals.bsn import WEIGHTS, passes_elfproef
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
Plain = Callable[[pl.Expr, Context], pl.Expr]


@dataclass(frozen=True)
class Parser:
    """How a cell is read (`one`), and of a whole column which cells are right as they stand (`plain`)."""

    one: Callable[[str, Context], Parsed]
    plain: Plain | None = None

    def __call__(self, value: str, context: Context) -> Parsed:
        """Reads one cell."""
        return self.one(value, context)


def with_plain(plain: Plain) -> Callable[[Callable[[str, Context], Parsed]], Parser]:
    """Makes a function a parser that knows a column of plain cells."""
    return lambda one: Parser(one, plain)


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
    """A column of a chunk: a text per row, and the code of the rows (by position) with a fault or a warning."""

    values: pl.Series
    faults: dict[int, str]
    warnings: dict[int, str]


def plain_cells(cell: pl.Expr, parse: Parser, context: Context, *, required: bool) -> pl.Expr:
    """True for the cells of a column that are right as they stand."""
    plain = (cell == "") & pl.lit(not required)
    return plain | parse.plain(cell, context).fill_null(False) if parse.plain else plain


def parse_column(
    cells: pl.Series, plain: pl.Series, parse: Parser, context: Context, *, required: bool
) -> ParsedColumn:
    """Reads the cells of a column that are not plain, the same text once. A faulty cell keeps its text as value."""
    rest = np.flatnonzero(~plain.to_numpy())
    if not len(rest):
        return ParsedColumn(cells, {}, {})
    others = cells.gather(rest)
    values: dict[str, str] = {}
    faults: dict[str, str] = {}
    warnings: dict[str, str] = {}
    for raw in others.unique().to_list():
        text = cleaned(raw)
        result = _parse_cell(text, parse, context, required)
        if isinstance(result, str):
            value = result
        elif isinstance(result, Mended):
            value = result.value
            warnings[raw] = result.warning
        else:
            value = raw if text is None else text
            faults[raw] = result.code
        if value != raw:
            values[raw] = value
    read = cells
    if values:
        read = cells.scatter(rest, others.replace(list(values), list(values.values())))
    return ParsedColumn(read, _by_row(faults, others, rest), _by_row(warnings, others, rest))


def _parse_cell(text: str | None, parse: Parser, context: Context, required: bool) -> Parsed:
    if text is None:
        return Fault("ongeldig_teken")
    if text:
        return parse(text, context)
    return Fault("verplicht_leeg") if required else ""


def _by_row(by_text: dict[str, str], cells: pl.Series, rows: np.ndarray) -> dict[int, str]:
    """The code of each of these rows whose text has one."""
    if not by_text:
        return {}
    found = cells.is_in(list(by_text)).to_numpy()
    return {int(row): by_text[text] for row, text in zip(rows[found], cells.filter(found), strict=True)}


# The kinds


_LETTERS = "!-~\u00c0-\u024f"
"""Signs that cleaning leaves alone, whatever stands beside them: ASCII, and the letters of Latin with their accents."""
_CLEAN = f"^[{_LETTERS}](?:[ {_LETTERS}]*[{_LETTERS}])?$"


def text(longest: int) -> Parser:
    """Any text of at most so many characters."""

    def parse(value: str, context: Context) -> Parsed:
        return value if len(value) <= longest else Fault("te_lang")

    return Parser(parse, lambda cell, _: cell.str.contains(_CLEAN) & (cell.str.len_chars() <= longest))


def matching(pattern: str, code: str) -> Parser:
    """A text that the whole pattern fits; else a fault of that code. The pattern is of visible ASCII signs."""
    whole = re.compile(pattern)

    def parse(value: str, context: Context) -> Parsed:
        return value if whole.fullmatch(value) else Fault(code)

    return Parser(parse, lambda cell, _: cell.str.contains(f"^(?:{pattern})$"))


def one_of(*choices: str) -> Parser:
    """One of these codes, exactly."""

    def parse(value: str, context: Context) -> Parsed:
        return value if value in choices else Fault("code_onbekend")

    return Parser(parse, lambda cell, _: cell.is_in(choices))


def _plain_bsn(cell: pl.Expr, context: Context) -> pl.Expr:
    number = cell.cast(pl.UInt32, strict=False)
    total = pl.sum_horizontal(number // 10 ** (8 - place) % 10 * (weight % 11) for place, weight in enumerate(WEIGHTS))
    return cell.str.contains("^[0-9]{9}$") & (number > 0) & (total % 11 == 0)


@with_plain(_plain_bsn)
def bsn(value: str, context: Context) -> Parsed:
    """Nine digits that pass the elfproef; Excel drops a leading zero, so eight get it back, with a warning."""
    if len(value) == 8:
        whole = f"0{value}"
        return Mended(whole, "voorloopnul_aangevuld") if passes_elfproef(whole) else Fault("bsn_ongeldig")
    return value if passes_elfproef(value) else Fault("bsn_ongeldig")


_SOME_DAY = (
    "^(?:19|20)[0-9]{2}(?:(?:0[1-9]|1[0-2])(?:0[1-9]|1[0-9]|2[0-8])|(?:0[13-9]|1[0-2])(?:29|30)|(?:0[13578]|1[02])31)$"
)
"""Eight digits that are a day in every year."""


def _plain_past_day(cell: pl.Expr, context: Context) -> pl.Expr:
    return cell.str.contains(_SOME_DAY) & (cell <= f"{context.today:%Y%m%d}")


@with_plain(_plain_past_day)
def birth_date(value: str, context: Context) -> Parsed:
    """A birth date, parts of which may be unknown; not in the future, not before 1900."""
    digits = dates.birth_date(value)
    if digits is None or (digits != "00000000" and digits[:4] < "1900"):
        return Fault("datum_ongeldig")
    return Fault("datum_in_toekomst") if dates.is_future(digits, context.today) else digits


@with_plain(lambda cell, _: cell.str.contains(_SOME_DAY))
def day(value: str, context: Context) -> Parsed:
    """A complete date."""
    return dates.complete_date(value) or Fault("datum_ongeldig")


@with_plain(_plain_past_day)
def past_day(value: str, context: Context) -> Parsed:
    """A complete date, not after the day of loading."""
    digits = dates.complete_date(value)
    if digits is None:
        return Fault("datum_ongeldig")
    return Fault("datum_in_toekomst") if dates.is_future(digits, context.today) else digits


@Parser
def municipality(value: str, context: Context) -> Parsed:
    """A code of table 33 that is or was a municipality's; on which day it counted is judged beside the row's date."""
    if not (value.isascii() and value.isdigit()) or len(value) > 4:
        return Fault("gemeentecode_onbekend")
    code = value.zfill(4)
    if code == RNI:
        return Fault("gemeentecode_rni")
    return code if context.municipalities.exists(code) else Fault("gemeentecode_onbekend")


@Parser
def municipality_or_name(value: str, context: Context) -> Parsed:
    """A code, or the official name of a municipality."""
    if value.isascii() and value.isdigit():
        return municipality(value, context)
    return context.municipalities.by_name(value, context.today) or Fault("gemeentecode_onbekend")


@with_plain(lambda cell, _: cell.str.contains("^[1-9][0-9]{0,4}$"))
def huisnummer(value: str, context: Context) -> Parsed:
    """1 to 99999 (11.20)."""
    if value.isascii() and value.isdigit() and len(value) <= 5 and int(value) > 0:
        return str(int(value))
    return Fault("huisnummer_ongeldig")


@with_plain(lambda cell, _: cell.str.contains("^[1-9][0-9]{3}[A-Z]{2}$") & ~cell.str.contains("S[ADS]$"))
def postcode(value: str, context: Context) -> Parsed:
    """Four digits and two letters; space and case are mended without a word."""
    return mended_postcode(value) or Fault("postcode_ongeldig")


_PHONE_PUNCTUATION = str.maketrans("", "", " .-/()")
_PHONE = re.compile(r"\+[1-9][0-9]{7,14}|0[1-9][0-9]{8}")


@with_plain(lambda cell, _: cell.str.contains(f"^(?:{_PHONE.pattern})$"))
def phone(value: str, context: Context) -> Parsed:
    """E.164 or Dutch notation (17.16), kept without punctuation; `(0)` after the country and `00` before it go."""
    digits = (value.replace("(0)", "") if value.startswith(("+", "00")) else value).translate(_PHONE_PUNCTUATION)
    if digits.startswith("00"):
        digits = f"+{digits[2:]}"
    return digits if _PHONE.fullmatch(digits) else Fault("telefoonnummer_ongeldig")


_EMAIL = re.compile(r"[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*@([\w]([\w-]{0,61}[\w])?\.)+[^\W\d_]{2,63}")


_USUAL_EMAIL = "^[A-Za-z0-9_+-]+(?:[.][A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?[.])+[A-Za-z]{2,}$"


@with_plain(lambda cell, _: cell.str.contains(_USUAL_EMAIL) & (cell.str.len_bytes() <= 60))
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


@with_plain(lambda cell, _: cell.is_in(list(LANGUAGES)))
def language(value: str, context: Context) -> Parsed:
    """A language by its two letters."""
    return value if value in LANGUAGES else Fault("code_onbekend")
