"""How large the table in a sheet is and how much text its cells repeat, counted in the bytes of the XML itself.

A reader takes memory for every cell between the first and the last, so this must be known before it starts. What every
program writes (`<c r="B7"`) is counted by numpy over whole blocks; any other way to write a cell
is counted one by one.
"""

import re
import sys
from abc import ABC, abstractmethod
from collections.abc import Iterable
from enum import Enum, auto

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

_STRIDE = 1 << 16
_LONGEST_PLACE = 10  # XFD1048576
_FAR = 10**9
_PLAIN = b'<c r="'
_PADDING = b" " * 32  # so that looking ahead from the last cell stays inside
_FIRST_SHEET, _FIRST_STRINGS = (re.compile(rb"<(?:([\w.-]+):)?" + root) for root in (b"worksheet[\\s>]", b"sst[\\s>]"))
_CELL = re.compile(rb"<(?:[\w.-]+:)?(row|c)(?=[\s/>])([^>]*)")
_PLACE = re.compile(rb"""(?:^|\s)r\s*=\s*["']\s*([A-Za-z]{0,7})([0-9]{0,9})""")
_PREFIXED = re.compile(rb":(?:row|c)[\s/>]")
_FORMULA = re.compile(
    rb"<(?:[\w.-]+:)?c\s([^>]*)>\s*<(?:[\w.-]+:)?f(?:\s[^>]*)?>(?:[^<]*</[^>]*>)?\s*"
    rb"(?:<(?:[\w.-]+:)?v\s*/>|<(?:[\w.-]+:)?v>\s*</|</(?:[\w.-]+:)?c\s*>)"
)
_ERROR = re.compile(rb"""\st\s*=\s*["']e["']""")
_VALUE = re.compile(rb"<(?:[\w.-]+:)?v(?:\s[^>]*)?>(<!|[^<]{0,24})")

Bytes = NDArray[np.uint8]


class Way(Enum):
    """How cells are counted. ROUNDED: the height may be rounded up to 9, 99 and so on; the quickest, mostly enough."""

    ROUNDED = auto()
    EXACT = auto()
    ANY = auto()


class Part(ABC):
    """An XML part that comes in block by block, each piece cut where a tag begins."""

    def __init__(self) -> None:
        self.longest_text = 0  # bytes without a `<`, rounded down to whole strides
        self._quiet = 0
        self._rest = b""

    def feed(self, block: bytes, *, last: bool = False) -> None:
        """The next bytes; `last` says that there are no more."""
        for at in range(0, len(block), _STRIDE):
            size = min(_STRIDE, len(block) - at)
            self._quiet = 0 if block.find(b"<", at, at + size) >= 0 else self._quiet + size
            self.longest_text = max(self.longest_text, self._quiet)
        piece = self._rest + block
        cut = len(piece) if last else self._cut(piece)
        self._rest = piece[cut:]
        if cut:
            self._read(piece[:cut] + _PADDING)

    def _cut(self, piece: bytes) -> int:
        return max(piece.rfind(b"<"), 0)

    @abstractmethod
    def _read(self, piece: bytes) -> None:
        """Reads a piece that ends where something begins."""


class Grid(Part):
    """The highest row and column that any cell of the part stands in; formulas without a stored result and errors.

    `plain` turns False, and the rest is not counted, when a cell is not written as the way of counting can read it.
    """

    def __init__(self, way: Way) -> None:
        super().__init__()
        self.plain = True
        self.width = self.height = self.cells = self.without_value = 0
        self._way = way
        self._row = self._column = 0  # of the last cell, where it need not say so

    def _cut(self, piece: bytes) -> int:
        """Before a cell when there is one, so that a formula and its value stay together."""
        cell = max(piece.rfind(b"<c ", -_STRIDE), piece.rfind(b":c ", -_STRIDE))
        return super()._cut(piece) if cell < 0 else max(piece.rfind(b"<", 0, cell + 1), 0)

    def _read(self, piece: bytes) -> None:
        raw = np.frombuffer(piece, np.uint8)
        starts = np.concatenate([np.flatnonzero(half) * 2 + odd for odd, half in enumerate(_pairs(piece, b"<c"))])
        after = raw[starts + 2]
        starts = starts[(after <= ord(">")) & (after != ord(":"))]
        signs = np.ascontiguousarray(sliding_window_view(raw, len(_PLAIN) + _LONGEST_PLACE + 1)[starts].T)
        if self._way is Way.ANY:
            self._read_any(piece)
        elif not self.plain or not _is_plain(signs) or (b":" in piece and _PREFIXED.search(piece)):
            self.plain = False
        elif len(starts):
            self._read_plain(signs[len(_PLAIN) :])
        if self._way is Way.ANY or any(half.any() for half in _pairs(piece, b"<f")):
            found = _FORMULA.findall(piece)
            self.without_value += sum(b't="str"' not in attributes for attributes in found)
        if self._way is Way.ANY or any(half.any() for half in _pairs(piece, b'e"')):
            self.without_value += len(_ERROR.findall(piece))

    def _read_plain(self, signs: Bytes) -> None:
        """signs: per cell (column) its place and what follows, one sign a row."""
        self.cells += signs.shape[1]
        if self._way is Way.ROUNDED and (signs[2] < ord("A")).all():
            self._round_up(signs)
        else:
            self._add_up(signs)

    def _round_up(self, signs: Bytes) -> None:
        """Of places with one or two letters the column, and the highest row with as many digits."""
        two = signs[1] >= ord("A")
        for letters, chosen in ((1, ~two), (2, two)):
            if chosen.any():
                column = (signs[0] & 31).astype(np.int32)
                if letters == 2:
                    column = column * 26 + (signs[1] & 31)
                self.width = max(self.width, int(column.max(where=chosen, initial=0)))
                self.height = max(self.height, 10 ** (_longest(signs, chosen) - letters) - 1)

    def _add_up(self, signs: Bytes) -> None:
        letters = (signs | 32) - ord("a")  # wraps around below `a`, so that one comparison tells
        digits = signs - ord("0")
        column, row = np.zeros(signs.shape[1], np.int64), np.zeros(signs.shape[1], np.int64)
        inside = np.ones(signs.shape[1], bool)
        for letter, digit in zip(letters, digits, strict=True):
            is_letter, is_digit = inside & (letter < 26), inside & (digit < 10)
            if not (inside := is_letter | is_digit).any():
                break
            np.copyto(column, column * 26 + letter + 1, where=is_letter)
            np.copyto(row, row * 10 + digit, where=is_digit)
        else:
            row[inside] = _FAR  # longer than the last place a sheet has
        self.width, self.height = max(self.width, int(column.max())), max(self.height, int(row.max()))

    def _read_any(self, piece: bytes) -> None:
        """A row or cell without a place of its own stands after the one before it."""
        for kind, attributes in _CELL.findall(piece):
            place = _PLACE.search(attributes)
            if kind == b"row":
                self._row = int(place[2]) if place and place[2] else self._row + 1
                self._column = 0
                continue
            if place and place[1] and place[2]:
                self._column, self._row = _column_number(place[1].upper()), int(place[2])
            else:
                self._column += 1
            self.cells += 1
            self.width, self.height = max(self.width, self._column), max(self.height, self._row)


class Strings(Part):
    """The texts that cells refer to by number: a short sheet can repeat a long one until memory is full."""

    def __init__(self) -> None:
        super().__init__()
        self._places: list[NDArray[np.intp]] = []
        self._read_so_far = 0
        self._mark: bytes | None = None
        self._lengths: NDArray[np.intp] = np.zeros(0, np.intp)

    @property
    def longest(self) -> int:
        """Bytes of XML of the longest text."""
        return int(self._lengths.max(initial=0))

    def take(self, blocks: Iterable[bytes]) -> None:
        """Reads the part to its end."""
        for block in blocks:
            self.feed(block)
        self.feed(b"", last=True)
        self._lengths = np.diff(np.concatenate([*self._places, np.array([self._read_so_far], np.intp)]))

    def _read(self, piece: bytes) -> None:
        if self._mark is None and (root := _FIRST_STRINGS.search(piece)):
            self._mark = b"<%b:si" % root[1] if root[1] else b"<si"
        if self._mark is not None:
            raw = np.frombuffer(piece, np.uint8)
            starts = np.flatnonzero((raw[:-2] == ord("<")) & (raw[1:-1] == self._mark[1]))
            self._places.append(starts[_matches(raw, starts, self._mark)] + self._read_so_far)
        self._read_so_far += len(piece) - len(_PADDING)

    def written(self, blocks: Iterable[bytes]) -> int:
        """Bytes that the texts of a sheet take together when every cell has a copy; too much is counted, never less."""
        numbers = _Numbers(self._lengths)
        for block in blocks:
            numbers.feed(block)
        numbers.feed(b"", last=True)
        return numbers.total


class _Numbers(Part):
    """The texts that the cells of a sheet refer to, added up; what is no plain number counts as the longest."""

    def __init__(self, lengths: NDArray[np.intp]) -> None:
        super().__init__()
        self.total = 0
        self._lengths = lengths
        self._longest = int(lengths.max(initial=0))

    def _cut(self, piece: bytes) -> int:
        """Before a value, so that it stays together with its tag."""
        return super()._cut(piece[: super()._cut(piece)])

    def _read(self, piece: bytes) -> None:
        for value in _VALUE.findall(piece):
            number = value.strip().removeprefix(b"+")
            if len(value) >= 24 or b"&" in value or value == b"<!":
                self.total += self._longest
            elif number.isdigit() and int(number) < len(self._lengths):
                self.total += int(self._lengths[int(number)])


def _is_plain(signs: Bytes) -> bool:
    return all((row == sign).all() for row, sign in zip(signs, _PLAIN, strict=False))


def _pairs(piece: bytes, pair: bytes) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Where these two bytes stand: per even and per odd place. Compared two by two that costs half."""
    two = int.from_bytes(pair, sys.byteorder)
    even = np.frombuffer(piece, np.uint16, len(piece) // 2)
    odd = np.frombuffer(piece, np.uint16, (len(piece) - 1) // 2, 1)
    return even == two, odd == two


def _matches(raw: Bytes, starts: NDArray[np.intp], mark: bytes) -> NDArray[np.bool_]:
    """Per place whether the mark stands there."""
    found = np.ones(len(starts), bool)
    for step, sign in enumerate(mark):
        found &= raw[starts + step] == sign
    return found


def _longest(signs: Bytes, chosen: NDArray[np.bool_]) -> int:
    """How many signs stand before the closing quote, at most."""
    waiting = chosen
    for step, row in enumerate(signs):
        waiting = waiting & (row != ord('"'))
        if not waiting.any():
            return step
    return len(signs)


def _column_number(letters: bytes) -> int:
    """A is 1, Z 26, AA 27."""
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
