"""The parts of pages that are written from the code: steps, settings, commands, glossary, codes of a check.

`python -m service.docs` writes them, `python -m service.docs --check` says whether they are up to date (exit 1: not).
"""

import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import typer.main
from pydantic import SecretStr
from typer.core import TyperArgument, TyperGroup

from service import cli
from service.settings import Settings
from service.verify.codes import CODES
from signals.terms import TERMS
from workflow.move import Move, Same, targets
from workflow.phases import OPEN, Phase
from workflow.transitions import STEPS

README = Path(__file__).parent.parent / "README.md"
OF_EVERY_COMMAND = {"help", "actor"}
"""Options explained once above the table of commands."""
MOST = 4
"""From so many open phases on, the diagram draws a step that leaves them once; the table says from which."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; a cell may hold anything but a line end."""
    lines = [head, ["---"] * len(head), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def diagram() -> str:
    """The phases and every step from one to another; what leaves most open phases is drawn once, from their box."""
    from_anywhere: dict[Phase, list[str]] = {}
    arrows: dict[tuple[Phase, Phase], list[str]] = {}
    for move in STEPS:
        ends = {phase: targets(move, phase) for phase in move.van}
        leaves = {end for reached in ends.values() for end in reached}.isdisjoint(OPEN)
        if leaves and len(ends) >= MOST and set(ends) <= set(OPEN):
            for end in ends[move.van[0]]:
                from_anywhere.setdefault(end, []).append(move.name)
            continue
        for start, reached in ends.items():
            for end in reached:
                if end != start:
                    arrows.setdefault((start, end), []).append(move.name)
    inside = [(pair, names) for pair, names in arrows.items() if set(pair) <= set(OPEN)]
    across = [(pair, names) for pair, names in arrows.items() if not set(pair) <= set(OPEN)]
    return "\n".join(
        [
            "```mermaid",
            "stateDiagram-v2",
            "    state open {",
            f"        [*] --> {Phase.ONTVANGEN}",
            *(f"        {start} --> {end}: {'<br/>'.join(names)}" for (start, end), names in inside),
            "    }",
            *(f"    open --> {end}: {'<br/>'.join(names)}" for end, names in from_anywhere.items()),
            *(f"    {start} --> {end}: {'<br/>'.join(names)}" for (start, end), names in across),
            "```",
        ]
    )


def _phases(phases: Sequence[Phase]) -> str:
    named = {OPEN: "open", tuple(Phase): "elke fase"}
    return named.get(tuple(phases)) or ", ".join(phases)


def _leads_to(move: Move) -> str:
    if isinstance(move.to, Same):
        return "; ".join(["dezelfde", *(f"vanuit {start} {end}" for start, end in move.to.except_from.items())])
    return " of ".join(targets(move, move.van[0]))


def steps() -> str:
    """The diagram, and every step with its roles, letter, term and legal basis."""
    rows = [
        (
            f"`{move.name}`",
            _phases(move.van),
            _leads_to(move),
            ", ".join(sorted(move.by)),
            move.letter or "",
            move.term or "",
            move.basis,
        )
        for move in STEPS
    ]
    head = ("stap", "van", "naar", "wie", "brief", "termijn", "grondslag")
    return f"{diagram()}\n\n{table(head, rows)}"


def _default(value: Any) -> str:
    secret = value[0] if isinstance(value, tuple) and value else value
    if isinstance(secret, SecretStr):
        return "sleutel voor ontwikkeling" if secret.get_secret_value() else ""
    if value in (None, "", (), {}):
        return ""
    return f"`{value}`"


def settings() -> str:
    """Every environment variable with its default and meaning."""
    rows = [
        (f"`RNI_{name.upper()}`", _default(field.get_default(call_default_factory=True)), field.description or "")
        for name, field in Settings.model_fields.items()
    ]
    return table(("instelling", "standaard", "betekenis"), rows)


def commands() -> str:
    """Every command of `rni` with its arguments, options and the first sentence of its help."""
    root = typer.main.get_command(cli.program())
    assert isinstance(root, TyperGroup)
    return table(("opdracht", "doet"), sorted(_commands(root, "rni")))


def _commands(group: TyperGroup, path: str) -> Iterable[tuple[str, str]]:
    for name, command in group.commands.items():
        if command.hidden:
            continue
        if isinstance(command, TyperGroup):
            yield from _commands(command, f"{path} {name}")
            continue
        words = [f"{path} {name}"]
        for parameter in command.params:
            if parameter.name in OF_EVERY_COMMAND:
                continue
            if isinstance(parameter, TyperArgument):
                word = (parameter.metavar or parameter.name or "").upper()
                words.append(f"{word} …" if parameter.nargs == -1 else word)
            else:
                option = parameter.opts[0]
                words.append(option if parameter.required else f"[{option}]")
        yield f"`{' '.join(words)}`", (command.help or "").strip().split("\n\n")[0].replace("\n", " ")


def glossary() -> str:
    """The Dutch words that stay Dutch, with their meaning and where they come from."""
    rows = [(term.term, term.meaning, term.basis) for term in TERMS]
    return table(("begrip", "betekenis", "grondslag"), rows)


def codes() -> str:
    """Every code of `rni verify`: what is wrong, and what to do."""
    return "\n" + "".join(f"### `{code}`\n\n{of.wat} {of.doen}\n\n" for code, of in CODES.items())


PARTS: Mapping[str, Callable[[], str]] = {
    "stappen": steps,
    "instellingen": settings,
    "opdrachten": commands,
    "begrippen": glossary,
}


PAGES: Mapping[Path, Mapping[str, Callable[[], str]]] = {
    README: PARTS,
    README.parent / "docs" / "beheer" / "controle.md": {"codes": codes},
}
"""Which parts of which page are written."""


def written(text: str, parts: Mapping[str, Callable[[], str]] = PARTS) -> str:
    """The text with everything between its markers written anew; a missing marker is an error."""
    for name, write in parts.items():
        begin, end = f"<!-- {name}:begin -->", f"<!-- {name}:end -->"
        if text.count(begin) != 1 or text.count(end) != 1:
            raise ValueError(f"{begin} and {end} must each stand in the text once")
        before, rest = text.split(begin)
        text = f"{before}{begin}\n{write()}\n{end}{rest.split(end)[1]}"
    return text


def main(arguments: Sequence[str]) -> int:
    """Write the pages, or with --check only compare; answers with the exit code."""
    old = 0
    for page, parts in PAGES.items():
        before = page.read_text(encoding="utf-8")
        after = written(before, parts)
        if "--check" not in arguments:
            page.write_text(after, encoding="utf-8")
        elif after != before:
            sys.stderr.write(f"{page.name} is not up to date with the code. Run: make docs\n")
            old = 1
    return old


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
