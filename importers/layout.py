"""What a layout is: the columns of one kind of file, and by which header it is known."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from importers.columns import Parser
from signals.rows import COLUMNS, REQUIRED

MAX_COLUMNS = 1_000
"""No layout comes near it; a row with more is a mistake, or made to fill the memory."""

_HEADER_NOISE = str.maketrans("", "", " _-\t\r\n\u00a0\u200b\u2060\ufeff")


def header_name(heading: str) -> str:
    """A heading without what does not count: case, space, `_`, `-` and invisible signs."""
    return heading.translate(_HEADER_NOISE).casefold()


@dataclass(frozen=True)
class Column:
    """One column: our name for it, how a cell is read, and how it is headed when not by that name."""

    name: str
    parse: Parser
    required: bool = False
    heading: str = ""
    advice: str = ""  # what a good cell looks like, in Dutch, for the explanation of a fault

    @property
    def label(self) -> str:
        """The heading as the layout gives it."""
        return self.heading or self.name


@dataclass(frozen=True, eq=False)
class Layout:
    """A kind of file. The header must hold every required column and one whole group of `one_of`.

    `constants` are the cells that this kind of file does not send; a value `ontvangst` becomes the day of receipt.
    `ignored` are headings of our own report, which may come back with it.
    """

    name: str
    columns: tuple[Column, ...]
    one_of: tuple[tuple[str, ...], ...] = ()
    constants: Mapping[str, str] = field(default_factory=dict)
    header_also: frozenset[str] = frozenset()  # may be empty in a row, must be in the header
    ignored: frozenset[str] = frozenset({"regel", "codes", "uitleg"})
    kind: str = "levering"  # or "opbrengst": each comes in by its own door

    def __post_init__(self) -> None:
        """Raises ValueError, with everything that is wrong: a layout is made when its module is imported."""
        if faults := list(self._faults()):
            raise ValueError(f"layout {self.name}: {'; '.join(faults)}")

    def _faults(self) -> Iterator[str]:
        names = [column.name for column in self.columns]
        headings = [header_name(column.label) for column in self.columns]
        yield from (f"column {name} is there twice" for name in sorted({n for n in names if names.count(n) > 1}))
        twice = sorted({heading for heading in headings if headings.count(heading) > 1})
        yield from (f"two columns are headed {heading}" for heading in twice)
        named = {name for group in self.one_of for name in group} | self.header_also
        yield from (f"there is no column {name}" for name in sorted(named.difference(names)))
        if self.kind == "levering":
            given = {*names, *self.constants}
            unknown = sorted(given.difference(COLUMNS))
            yield from (f"a signal has no column {name} (those of signals/rows.py)" for name in unknown)
            yield from (f"nothing gives {name}" for name in sorted(REQUIRED - given))
            if not ("postcode" in given or {"straatnaam", "woonplaats"} <= given):
                yield "an address needs postcode, or straatnaam and woonplaats"

    def column(self, name: str) -> Column:
        """The column of that name."""
        return {column.name: column for column in self.columns}[name]

    def by_heading(self) -> dict[str, str]:
        """Our column name by the heading as it is compared."""
        return {header_name(column.label): column.name for column in self.columns}

    def missing(self, headings: frozenset[str]) -> list[str]:
        """The labels that a header (compared names) lacks; empty when it fits."""
        here = {name for heading, name in self.by_heading().items() if heading in headings}
        missing = [c.label for c in self.columns if (c.required or c.name in self.header_also) and c.name not in here]
        if self.one_of and not any(here.issuperset(group) for group in self.one_of):
            groups = (" en ".join(self.column(name).label for name in group) for group in self.one_of)
            missing.append(" of ".join(groups))
        return missing

    def revised(
        self,
        name: str,
        *,
        headings: Mapping[str, str] | None = None,
        only: Collection[str] | None = None,
        columns: Collection[Column] = (),
        constants: Mapping[str, str] | None = None,
        header_also: Collection[str] = (),
    ) -> "Layout":
        """A variant: this layout in all but what is said here.

        headings: our name -> its heading there. only: the columns that are left. columns: each in the place of the one
        of its name, or after the others. constants, header_also: beside those of this layout. Raises ValueError.
        """
        renamed, replaced = headings or {}, {column.name: column for column in columns}
        everything = {column.name: column for column in self.columns} | replaced
        former = {column.name: column.heading for column in self.columns}
        if unknown := sorted({*renamed, *(only or ())} - everything.keys()):
            raise ValueError(f"layout {name}: {self.name} has no column {', '.join(unknown)}")
        kept = tuple(
            replace(column, heading=renamed.get(column.name) or column.heading or former.get(column.name, ""))
            for column in everything.values()
            if only is None or column.name in only
        )
        here = {column.name for column in kept}
        return replace(
            self,
            name=name,
            columns=kept,
            one_of=tuple(group for group in self.one_of if here.issuperset(group)),
            constants={**self.constants, **(constants or {})},
            header_also=frozenset(self.header_also & here).union(header_also),
        )
