"""The rows of a CSV: what its bytes say about signs and separator, and how it is cut in blocks that are read at once.

A block of whole lines without a quote, in which every line has as many separators as the header, means the same to
every reader of CSV; such a block goes to polars, which takes a fraction of the time. Any other block is read row by row
by the csv module. Which of the two it was cannot be told from the outcome.
"""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from importers.layout import MAX_COLUMNS
from importers.refusals import FileRefused

SEPARATORS = ";,\t"
LONGEST_CELL = 16 * 1024 * 1024
"""A longer cell is no cell any more but the rest of the file behind a quote that was never closed."""
LONGEST_HEADER = 1_000_000
BLOCK = 4 * 1024 * 1024
FIRST_BLOCK = 64 * 1024

csv.field_size_limit(LONGEST_CELL)
_SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?', re.IGNORECASE)
_READ = 1024 * 1024

Row = tuple[int, list[str]]


@dataclass(frozen=True)
class Block:
    """Rows that were read at once: `first` is the regel of the first, the columns are text without a name of ours."""

    first: int
    frame: pl.DataFrame


class Delimited:
    """A CSV whose encoding and separator are known. Raises FileRefused when its bytes are no text.

    lines: how many it has about; a row may be several.
    """

    def __init__(self, path: Path, file_name: str) -> None:
        self._path = path
        self._name = file_name
        self._encoding, self.lines = _encoding(path, file_name)
        with path.open(encoding=self._encoding, newline="") as file:
            first = file.readline(LONGEST_HEADER)
        if len(first) == LONGEST_HEADER:
            raise FileRefused("onleesbaar", file_name, f"de eerste regel is langer dan {LONGEST_HEADER} tekens")
        sep_line = _SEP_LINE.fullmatch(first)
        if sep_line and sep_line[1] not in SEPARATORS:
            place = f"de regel sep={sep_line[1]} noemt een ander scheidingsteken dan ; , of tab"
            raise FileRefused("onleesbaar", file_name, place)
        self._separator = sep_line[1] if sep_line else _separator(first)
        self._lines_above = 1 if sep_line else 0  # a line `sep=` is no row

    def rows(self) -> Iterator[Row]:
        """The rows one by one, numbered from 1, a line `sep=` not counted; a quoted line end starts no new row."""
        regel = 0
        try:
            with self._path.open(encoding=self._encoding, newline="") as file:
                for _ in range(self._lines_above):
                    file.readline()
                for regel, cells in enumerate(csv.reader(file, delimiter=self._separator, strict=True), 1):
                    self._require_few(cells, regel)
                    yield regel, cells
        except csv.Error as fault:
            raise self._broken(regel) from fault

    def below(self, header: int, width: int, only: Sequence[int] | None = None) -> Iterator[Block | list[Row]]:
        """What stands below the header (its regel), as blocks of so many columns where that can be, else as rows.

        only: of blocks these columns alone, by their place, rising.
        """
        with self._path.open("rb") as file:
            blocks = _blocks(file, self._name)
            rest = _Lines(next(blocks, b""), blocks, self._encoding)
            regel = 0
            reader = csv.reader(rest, delimiter=self._separator, strict=True)
            try:
                for _ in range(self._lines_above):
                    next(rest)
                while regel < header:
                    next(reader)
                    regel += 1
                if rows := self._one_by_one(rest, reader, regel):
                    yield rows
                    regel = rows[-1][0]
                for block in blocks:
                    frame = self._at_once(block, width, only)
                    if frame is not None:
                        yield Block(regel + 1, frame)
                        regel += frame.height
                        continue
                    rest = _Lines(block, blocks, self._encoding)
                    reader = csv.reader(rest, delimiter=self._separator, strict=True)
                    if rows := self._one_by_one(rest, reader, regel):
                        yield rows
                        regel = rows[-1][0]
            except csv.Error as fault:
                raise self._broken(regel) from fault

    def _one_by_one(self, lines: "_Lines", reader: Iterator[list[str]], regel: int) -> list[Row]:
        """The rows of a block, and of what follows it as long as a row goes on there."""
        rows: list[Row] = []
        try:
            while not lines.at_end():
                cells = next(reader)
                self._require_few(cells, regel + len(rows) + 1)
                rows.append((regel + len(rows) + 1, cells))
        except csv.Error as fault:
            raise self._broken(regel + len(rows)) from fault
        return rows

    def _at_once(self, block: bytes, width: int, only: Sequence[int] | None) -> pl.DataFrame | None:
        """The block as columns; None when a reader of CSV might see more in it than lines cut at separators."""
        stray = b"\r" in block and block.count(b"\r") != block.count(b"\r\n")
        if stray or b'"' in block or b"\0" in block or width < 2:
            return None
        if only is None:  # for some columns it does not matter how many a line has
            cuts = np.count_nonzero(np.frombuffer(block, np.uint8) == ord(self._separator))
            if cuts != _lines(block) * (width - 1):
                return None
        try:
            return pl.read_csv(
                block if self._encoding == "utf-8-sig" else block.decode(self._encoding).encode(),
                separator=self._separator,
                has_header=False,
                quote_char=None,
                empty_string_is_null=False,
                schema={str(number): pl.String for number in range(width)},
                columns=only,
                truncate_ragged_lines=only is not None,
            ).rechunk()  # choosing rows of a frame in pieces takes ten times as long
        except pl.exceptions.PolarsError:  # a line has more cells, so another has fewer
            return None

    def _require_few(self, cells: list[str], regel: int) -> None:
        if len(cells) > MAX_COLUMNS:
            place = f"regel {regel} heeft {len(cells)} kolommen, hoogstens {MAX_COLUMNS}"
            raise FileRefused("onleesbaar", self._name, place)

    def _broken(self, regel: int) -> FileRefused:
        return FileRefused("onleesbaar", self._name, f"na regel {regel} kloppen de aanhalingstekens niet")


class _Lines:
    """The lines of a block as text; whoever is inside a row at its end gets those of the next block too."""

    def __init__(self, block: bytes, more: Iterator[bytes], encoding: str) -> None:
        self._more = more
        self._decoder = codecs.getincrementaldecoder(encoding)
        self._set(block)

    def _set(self, block: bytes) -> None:
        text = self._decoder().decode(block, final=True)
        self._text = io.StringIO(text, newline="")
        self._size = len(text)

    def at_end(self) -> bool:
        """True when every line of the block was given."""
        return self._text.tell() >= self._size

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        while not (line := self._text.readline()):
            self._set(next(self._more))
        return line


def _lines(block: bytes) -> int:
    return block.count(b"\n") + (not block.endswith(b"\n"))


def _blocks(file: io.BufferedReader, file_name: str) -> Iterator[bytes]:
    """The bytes of the file in pieces that end where a line ends; a short one first, because the header is in it."""
    rest = b""
    size = FIRST_BLOCK
    while block := file.read(size):
        size = BLOCK
        rest += block
        end = rest.rfind(b"\n") + 1
        if end:
            yield rest[:end]
            rest = rest[end:]
        elif len(rest) > LONGEST_CELL:
            raise FileRefused("onleesbaar", file_name, "een regel is langer dan een cel mag zijn")
    if rest:
        yield rest


def _encoding(path: Path, file_name: str) -> tuple[str, int]:
    """UTF-8 when every byte of the file fits it, else Windows-1252 when that fits; and about how many lines it has."""
    for encoding in ("utf-8-sig", "cp1252"):
        decoder = codecs.getincrementaldecoder(encoding)()
        lines = 0
        try:
            with path.open("rb") as file:
                while block := file.read(_READ):
                    decoder.decode(block)
                    lines = lines or block.count(b"\n") * path.stat().st_size // len(block)
                decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            continue
        return encoding, lines
    raise FileRefused("onleesbaar", file_name, "de tekens zijn geen UTF-8 en geen Windows-1252")


def _separator(line: str) -> str:
    """The one of `;`, `,` and tab that cuts the header in the most pieces."""
    return max(SEPARATORS, key=lambda mark: len(next(csv.reader([line], delimiter=mark), [])))
