"""The page on security says of every requirement what answers it, and names no test that is not there."""

import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "security.md").read_text()
ASVS = re.compile(r"^\| (\d+)\.(\d+)\.(\d+) \| ([12]) \| (.+) \| (.+) \|$", re.MULTILINE)
NCSC = re.compile(r"^\| ([BUC](?:/\w+)?\.\d\d)\*? \| (.+) \| (.+) \|$", re.MULTILINE)
ANSWERS = ("Check", "Text", "Design", "Not used", "Outside", "Open")
PER_CHAPTER = {
    1: 27, 2: 11, 3: 19, 4: 10, 5: 9, 6: 35, 7: 18, 8: 7, 9: 7, 10: 29, 11: 14, 12: 9, 13: 13, 14: 9, 15: 13,
    16: 16, 17: 7,
}  # fmt: skip
"""Requirements of levels 1 and 2 in ASVS 5.0.0, counted in its own table."""


@cache
def names_of_tests() -> frozenset[str]:
    """The name of every test."""
    found = (re.findall(r"^(?:async )?def (test_\w+)", path.read_text(), re.MULTILINE) for path in own_files())
    return frozenset(name for names in found for name in names)


def own_files() -> list[Path]:
    return [path for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts]


def test_every_test_that_is_named_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", PAGE))
    assert len(named) > 80
    assert not sorted(named - names_of_tests())


def test_every_requirement_of_asvs_stands_there_once_in_its_order() -> None:
    numbers = [(int(chapter), int(section), int(one)) for chapter, section, one, *_ in ASVS.findall(PAGE)]
    assert numbers == sorted(set(numbers))
    assert Counter(chapter for chapter, *_ in numbers) == PER_CHAPTER


def test_every_guideline_of_the_ncsc_stands_there_once() -> None:
    numbers = [number for number, *_ in NCSC.findall(PAGE)]
    wanted = {"B": 6, "U/TV": 1, "U/WA": 9, "U/PW": 8, "U/NW": 8, "C": 11}
    assert numbers == [f"{part}.{number:02}" for part, most in wanted.items() for number in range(1, most + 1)]


def test_every_line_has_an_answer() -> None:
    answers = [answer for *_, answer in ASVS.findall(PAGE)] + [answer for *_, answer in NCSC.findall(PAGE)]
    silent = [
        answer
        for answer in answers
        if not re.search(r"`test_\w+`", answer) and not any(re.search(rf"\b{kind}\b", answer) for kind in ANSWERS)
    ]
    assert not silent


def test_what_is_outside_or_open_says_why() -> None:
    wrong = re.findall(r"\| (?:Outside|Open) \|$", PAGE, re.MULTILINE)
    assert not wrong
