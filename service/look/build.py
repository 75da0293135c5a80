"""`python -m service.look.build`: what the pages take from npm, put together for `service/static/made`.

Three files: a stylesheet of the components of NL Design System, htmx, and the licences of both. They are made at
set-up from what `npm ci` put beside package.json, and belong to the wheel, but to no commit.
"""

import re
import shutil
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).parent
PACKAGES = HERE / "node_modules"
MADE = HERE.parent / "static" / "made"
OWN = (HERE / "tokens.css", HERE.parent / "static" / "rni.css")
"""Our own choices and sheet: the tokens that these name are kept too."""

THEME = "@nl-design-system-unstable/voorbeeld-design-tokens/dist/theme.css"
ELEMENTS = (
    "@utrecht/component-library-css/dist/html.css",  # every element of HTML itself, so that templates stay plain
    "@nl-design-system-candidate/heading-css/dist/html/heading.css",
)
COMPONENTS = (
    "@nl-design-system-candidate/button-css/dist/button.css",
    "@nl-design-system-candidate/skip-link-css/dist/skip-link.css",
)
SCRIPT = "htmx.org/dist/htmx.min.js"

_TOKEN = re.compile(r"^\s*(--[\w-]+):\s*(.+?);\s*$", re.MULTILINE)
_NAMED = re.compile(r"var\(\s*(--[\w-]+)")
_NOT_OURS_TO_SAY = re.compile(r"/\*# sourceMappingURL=.*?\*/|@charset [^;]+;")


def tokens_of(theme: str) -> dict[str, str]:
    """Name and value of each token of a theme."""
    return dict(_TOKEN.findall(theme))


def needed(tokens: Mapping[str, str], sheets: Iterable[str]) -> dict[str, str]:
    """The tokens that the sheets name, and those that these name in turn: a tenth of what a theme holds."""
    wanted = {name for sheet in sheets for name in _NAMED.findall(sheet)}
    kept: dict[str, str] = {}
    while new := (wanted & tokens.keys()) - kept.keys():
        kept |= {name: tokens[name] for name in new}
        wanted |= {name for each in new for name in _NAMED.findall(tokens[each])}
    return {name: value for name, value in tokens.items() if name in kept}


def sheet(packages: Path = PACKAGES) -> str:
    """The stylesheet, in layers: a later one counts before an earlier, and our own sheet, in none, before them all."""
    elements, components = (_joined(packages, names) for names in (ELEMENTS, COMPONENTS))
    own = [path.read_text() for path in OWN]
    theme = needed(tokens_of((packages / THEME).read_text()), [elements, components, *own])
    lines = "\n".join(f"  {name}: {value};" for name, value in theme.items())
    return "\n".join(
        [
            "/* NL Design System: made by service/look/build.py; licences in licences.txt. */",
            "@layer theme, elements, components;",
            "@layer theme {\n:root {\n" + lines + "\n}\n" + own[0] + "}",
            "@layer elements {\n" + elements + "\n}",
            "@layer components {\n" + components + "\n}\n",
        ]
    )


def _joined(packages: Path, names: Iterable[str]) -> str:
    return "\n".join(_NOT_OURS_TO_SAY.sub("", (packages / name).read_text()) for name in names)


def licences(packages: Path = PACKAGES) -> str:
    """Name, version and licence text of each package that a page brings to a browser."""
    told = []
    for name in sorted({_package(path) for path in (THEME, *ELEMENTS, *COMPONENTS, SCRIPT)}):
        folder = packages / name
        version = re.search(r'"version":\s*"([^"]+)"', (folder / "package.json").read_text())
        text = next(path for path in sorted(folder.iterdir()) if path.name.upper().startswith("LICEN"))
        told.append(f"{name} {version[1] if version else ''}\n\n{text.read_text().strip()}\n")
    return ("\n" + "=" * 80 + "\n\n").join(told)


def _package(path: str) -> str:
    scope, name, *_ = path.split("/")
    return f"{scope}/{name}" if scope.startswith("@") else scope


def main() -> None:
    """Make the files; says what to do when the packages are not there."""
    if not (PACKAGES / SCRIPT).is_file():
        sys.exit("What service/look/package-lock.json names is not installed. Run: make demo SERVE=0")
    shutil.rmtree(MADE, ignore_errors=True)
    MADE.mkdir(parents=True)
    (MADE / "design-system.css").write_text(sheet())
    shutil.copyfile(PACKAGES / SCRIPT, MADE / "htmx.js")
    (MADE / "licences.txt").write_text(licences())


if __name__ == "__main__":
    main()
