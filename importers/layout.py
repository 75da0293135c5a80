"""What a layout is: the columns of one kind of file, and by which header it is known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from importers.columns import Context, Parsed

_HEADER_NOISE = str.maketrans("", "", " _-\t\r\n\u00a0\u200b\u2060\ufeff")


def header_name(heading: str) -> str:
    """A heading without what does not count: case, space, `_`, `-` and invisible signs."""
    return heading.translate(_HEADER_NOISE).casefold()


@dataclass(frozen=True)
class Column:
    """One column: our name for it, how a cell is read, and how it is headed when not by that name."""

    name: str
    parse: Callable[[str, Context], Parsed]
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

    def column(self, name: str) -> Column:
        """The column of that name."""
        return next(column for column in self.columns if column.name == name)

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
        headings: Mapping[str, str],
        columns: Mapping[str, Column] | None = None,
        constants: Mapping[str, str] | None = None,
        header_also: frozenset[str] = frozenset(),
    ) -> "Layout":
        """A variant with only the columns in `headings` (our name -> heading); `columns` replaces some of them."""
        changed = columns or {}
        kept = tuple(
            replace(changed.get(column.name, column), heading=headings[column.name])
            for column in self.columns
            if column.name in headings
        )
        return replace(self, name=name, columns=kept, constants=constants or {}, header_also=header_also)
