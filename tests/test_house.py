"""The rules of the house that a machine can check; each failure names the place."""

import ast
import importlib
import json
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import cache
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PACKAGES = ("signals", "importers", "workflow", "exports", "service")
MAY_IMPORT = {
    "signals": {"signals"},
    "importers": {"importers", "signals"},
    "workflow": {"workflow", "signals"},
    "exports": {"exports", "workflow", "signals"},
    "service": set(PACKAGES),
}
TEXT_SUFFIXES = {
    "",
    ".py",
    ".md",
    ".toml",
    ".yml",
    ".csv",
    ".json",
    ".html",
    ".css",
    ".txt",
    ".mako",
    ".ini",
    ".lock",
    ".js",
    ".yaml",
}


@cache
def files() -> tuple[Path, ...]:
    """Everything that can be committed: what lies here less what .gitignore names (whole folder or file names)."""
    lines = (ROOT / ".gitignore").read_text().splitlines()
    ignored = [line.strip("/") for line in lines if line and not line.startswith("#")]

    def walk(folder: Path) -> Iterator[Path]:
        for path in sorted(folder.iterdir()):
            if path.name == ".git" or any(fnmatch(path.name, pattern) for pattern in ignored):
                continue
            if path.is_dir():
                yield from walk(path)
            else:
                yield path

    return tuple(walk(ROOT))


@cache
def texts() -> dict[str, str]:
    """Name and text of every text file."""
    return {
        str(path.relative_to(ROOT)): path.read_text(encoding="utf-8", errors="replace")
        for path in files()
        if path.suffix in TEXT_SUFFIXES
    }


@cache
def modules() -> dict[str, ast.Module]:
    """Name and syntax tree of every module of the five packages."""
    return {
        name: _parsed(text) for name, text in texts().items() if name.endswith(".py") and name.split("/")[0] in PACKAGES
    }


def _parsed(text: str) -> ast.Module:
    try:
        return ast.parse(text)
    except SystemError:  # Python 3.11 confuses itself when another thread parses too (gh-106905)
        return ast.parse(text)


def dotted(node: ast.expr) -> str:
    """`a.b.c` of an expression made of names and attributes; a call inside it counts by what it calls."""
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return dotted(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def calls(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and dotted name of everything that is called."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield node.lineno, dotted(node.func)


def imports(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Line and top-level package of every import, also inside functions."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.split(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.lineno, (node.module or "").split(".")[0]


def passes_elfproef(number: str) -> bool:
    weighed = sum(weight * int(digit) for weight, digit in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), number, strict=True))
    return weighed % 11 == 0 and number != "000000000"


def readme() -> str:
    return texts()["README.md"]


def pyproject() -> dict[str, object]:
    return tomllib.loads(texts()["pyproject.toml"])


def test_every_room_is_looked_at() -> None:
    assert {name.split("/")[0] for name in modules()} == set(PACKAGES)


def test_a_room_imports_only_the_rooms_below_it() -> None:
    wrong = [
        f"{name}:{line} imports {package}"
        for name, tree in modules().items()
        for line, package in imports(tree)
        if package not in MAY_IMPORT[name.split("/")[0]] and package in (*PACKAGES, "tests")
    ]
    assert not wrong


def test_only_the_session_module_commits() -> None:
    wrong = [
        f"{name}:{line}"
        for name, tree in modules().items()
        if name != "service/db.py"
        for line, called in calls(tree)
        if called == "commit" or called.endswith(".commit")
    ]
    assert not wrong


def test_only_service_asks_what_time_it_is() -> None:
    clocks = ("date.today", "datetime.now", "datetime.utcnow", "datetime.today", "time.time")
    wrong = [
        f"{name}:{line} {called}"
        for name, tree in modules().items()
        if not name.startswith("service/")
        for line, called in calls(tree)
        if any(called == clock or called.endswith("." + clock) for clock in clocks)
    ]
    assert not wrong


def test_modules_are_nouns_with_a_name_of_their_own() -> None:
    vague = {"utils", "util", "helpers", "common", "misc", "signal"}
    assert not [name for name in modules() if Path(name).stem in vague]


def test_test_folders_are_no_packages() -> None:
    """tests/workflow/__init__.py would shadow our workflow package."""
    assert not [name for name in texts() if name.startswith("tests/") and name.endswith("__init__.py")]


def test_tables_keep_their_annotations() -> None:
    """With postponed annotations SQLModel cannot see what a list relationship holds."""
    wrong = []
    for name, tree in modules().items():
        classes = [node for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
        tables = any(keyword.arg == "table" for node in classes for keyword in node.keywords)
        postponed = any(isinstance(node, ast.ImportFrom) and node.module == "__future__" for node in tree.body)
        if tables and postponed:
            wrong.append(name)
    assert not wrong


def test_modules_stay_short() -> None:
    """All but the recorded schema steps, which alembic writes and nobody edits."""
    written = {name: text.count("\n") for name, text in texts().items() if name.endswith(".py")}
    assert not {name: lines for name, lines in written.items() if lines > 500 and "/migrations/versions/" not in name}


def test_modules_and_public_functions_say_what_they_are() -> None:
    silent = []
    for name, tree in modules().items():
        if "/migrations/" in name:
            continue
        if tree.body and not ast.get_docstring(tree):
            silent.append(name)
        silent += [
            f"{name}:{node.lineno} {node.name}"
            for node in tree.body
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
            and not node.name.startswith("_")
            and not ast.get_docstring(node)
        ]
    assert not silent


def test_nothing_is_left_unfinished() -> None:
    mark = re.compile(r"\b(" + "|".join(("TO" + "DO", "FIX" + "ME", "X" * 3)) + r")\b")
    assert not [name for name, text in texts().items() if name in modules() and mark.search(text)]


def test_pages_that_code_refers_to_are_in_the_project() -> None:
    here = {path.name for path in files()}
    wrong = [
        f"{name}: {page}"
        for name, text in texts().items()
        if name.endswith((".py", ".md", ".html"))
        for page in re.findall(r"\b([\w-]+\.md)\b", text)
        if page not in here
    ]
    assert not wrong


def test_no_registry_address_is_in_the_project() -> None:
    hosts = re.compile("|".join(("pypi" + r"\.org", "python" + "hosted", "registry" + r"\.npmjs", "deb" + r"\.debian")))
    assert not [name for name, text in texts().items() if hosts.search(text)]


def test_lock_files_carry_hashes_and_no_addresses() -> None:
    for name in ("requirements.lock", "requirements-dev.lock"):
        text = texts()[name]
        assert "://" not in text
        pins = re.findall(r"^\S+==.*\n.*", text, re.MULTILINE)
        assert pins
        assert not [pin for pin in pins if "\\\n    --hash=sha256:" not in pin]


def test_what_comes_from_npm_is_locked_by_its_content_and_not_by_an_address() -> None:
    packages = json.loads(texts()["tests/node/package-lock.json"])["packages"]
    brought = {name: each for name, each in packages.items() if name}
    assert {"node_modules/@stoplight/spectral-cli", "node_modules/oidc-provider"} <= brought.keys()
    assert not [name for name, each in brought.items() if "resolved" in each]
    assert not [
        name for name, each in brought.items() if not each.get("inBundle") and "sha512-" not in each["integrity"]
    ]


def test_no_path_of_one_machine_is_in_the_project() -> None:
    """A checkout may lie anywhere; var/ is the only place for data."""
    paths = re.compile(r"(?<![\w./-])/(" + "|".join(("work", "farm", "home", "root", "Users")) + r")/")
    assert not [name for name, text in texts().items() if not name.endswith(".lock") and paths.search(text)]


def test_numbers_that_could_be_somebody_s_bsn_are_in_the_test_range() -> None:
    number = re.compile(r"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")
    wrong = [
        f"{name}: {found}"
        for name, text in texts().items()
        if not name.endswith(".lock")
        for found in number.findall(text)
        if passes_elfproef(found) and not found.startswith("9999")
    ]
    assert not wrong


def test_the_elfproef_of_this_file_is_a_real_one() -> None:
    assert passes_elfproef("999990019")
    assert not passes_elfproef("999990018")


def test_every_dependency_is_bounded_and_locked_within_its_bounds() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    runtime = [Requirement(line) for line in project["dependencies"]]
    extra = [Requirement(line) for lines in project["optional-dependencies"].values() for line in lines]
    assert not [str(requirement) for requirement in runtime if "<" not in str(requirement.specifier)]
    for lock, wanted in (("requirements.lock", runtime), ("requirements-dev.lock", runtime + extra)):
        pinned: dict[str, list[Version]] = {}
        for name, version in re.findall(r"^([a-z0-9-]+)==([^\s;\\]+)", texts()[lock], re.MULTILINE):
            pinned.setdefault(name, []).append(Version(version))
        for requirement in wanted:
            versions = pinned.get(requirement.name)
            assert versions, f"{requirement.name} is not in {lock}"
            assert all(version in requirement.specifier for version in versions), f"{requirement} in {lock}"


def test_runtime_packages_are_the_same_in_both_locks() -> None:
    runtime, development = (
        {pin.split(";")[0].strip() for pin in re.findall(r"^[a-z0-9-]+==[^\\\n]+", texts()[name], re.MULTILINE)}
        for name in ("requirements.lock", "requirements-dev.lock")
    )
    assert runtime
    assert runtime <= development


def test_every_dependency_is_explained_in_the_readme() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    names = [Requirement(line).name for line in project["dependencies"]]
    assert not [name for name in names if f"`{name}`" not in readme()]


def test_every_setting_is_in_the_readme() -> None:
    settings = importlib.import_module("service.settings").Settings
    names = [f"RNI_{name.upper()}" for name in settings.model_fields]
    assert names
    assert not [name for name in names if f"`{name}`" not in readme()]


def test_every_command_is_in_the_readme() -> None:
    commands = list(command_names())
    assert "rni check" in commands
    assert not [command for command in commands if not re.search(rf"`{command}\b", readme())]


def command_names() -> Iterator[str]:
    """`rni load`, `rni feedback make`, ...: every command of the command line that is not hidden."""
    typer_main = importlib.import_module("typer.main")
    root = typer_main.get_command(importlib.import_module("service.cli").program())

    def walk(command: object, path: str) -> Iterator[str]:
        children = getattr(command, "commands", None)
        if children is None:
            yield path
            return
        for name, child in children.items():
            if not child.hidden:
                yield from walk(child, f"{path} {name}")

    return walk(root, "rni")


def test_the_generated_parts_of_the_readme_are_up_to_date() -> None:
    docs = importlib.import_module("service.docs")
    assert docs.written(readme()) == readme(), "run: make docs"


def test_the_two_commands_are_in_the_readme_and_the_makefile() -> None:
    for command in ("demo", "test", "check", "fix"):
        assert f"make {command}" in readme()
        assert re.search(rf"^{command}:", texts()["Makefile"], re.MULTILINE)


def test_the_version_is_the_same_everywhere() -> None:
    project = pyproject()["project"]
    assert isinstance(project, dict)
    version = project["version"]
    assert yaml.safe_load(texts()["publiccode.yml"])["softwareVersion"] == version
    assert re.search(rf"^## \[{re.escape(version)}\]", texts()["CHANGELOG.md"], re.MULTILINE)


def test_the_licence_is_whole() -> None:
    licence = texts()["LICENSE"]
    assert licence.startswith("EUROPEAN UNION PUBLIC LICENCE v. 1.2")
    assert re.findall(r"^(\d+)\.", licence, re.MULTILINE) == [str(article) for article in range(1, 16)]
    assert "‘Compatible Licences’ according to Article 5 EUPL" in licence
    assert yaml.safe_load(texts()["publiccode.yml"])["legal"]["license"] == "EUPL-1.2"


@pytest.mark.parametrize("link", re.findall(r"\]\((?!https?://|#)([^)#]+)", (ROOT / "README.md").read_text()))
def test_links_in_the_readme_lead_somewhere(link: str) -> None:
    assert (ROOT / link).exists()
