"""A letter as PDF: tagged (PDF/UA-1), the same bytes for the same letter, its texts as data and never as markup."""

import json
import re
from collections.abc import Mapping
from typing import Any

import typst

from signals.errors import Invalid, Reason
from workflow.letter_texts import FOLDER

LONGEST_WORD = 40
"""A longer one gets places where it may break, or it would run off the paper."""
_LONG = re.compile(rf"\S{{{LONGEST_WORD}}}(?=\S)")
_BREAK = "\u200b"
_NOT_SHOWN = re.compile(r'the text `"(.+?)"` could not be displayed')


def pdf(letter: Mapping[str, Any]) -> bytes:
    """The letter as letter.typ takes it, set; raises Invalid for a sign that no font has."""
    inputs = {"letter": json.dumps(_breakable(letter), ensure_ascii=False)}
    main = FOLDER / "letter.typ"
    try:
        made = typst.compile(
            str(main), root=str(FOLDER), ignore_system_fonts=True, sys_inputs=inputs, pdf_standards=["ua-1"]
        )
    except typst.TypstError as fault:
        signs = dict.fromkeys(_NOT_SHOWN.findall(str(fault)))
        if not signs:
            raise
        uitleg = f"Dit teken kan niet in een brief: {' '.join(signs)}. Schrijf het anders."
        raise Invalid(Reason("teken_niet_in_brief", uitleg)) from None
    assert isinstance(made, bytes)
    return made


def is_picture(logo: bytes) -> bool:
    """Whether a logo can be set."""
    source = b'#set document(title: "logo")\n#image(bytes(json(bytes(sys.inputs.logo))), alt: "logo")'
    try:
        typst.compile(
            source, ignore_system_fonts=True, sys_inputs={"logo": json.dumps(list(logo))}, pdf_standards=["ua-1"]
        )
    except typst.TypstError:
        return False
    return True


def _breakable(value: Any) -> Any:
    if isinstance(value, str):
        return _LONG.sub(lambda match: match[0] + _BREAK, value)
    if isinstance(value, Mapping):
        return {name: _breakable(each) for name, each in value.items()}
    if isinstance(value, list):
        return [_breakable(each) for each in value]
    return value
