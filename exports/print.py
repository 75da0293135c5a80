"""Words set as a tagged PDF (PDF/UA), whatever signs they are written with."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typst

_LATIN, _GREEK_AND_CYRILLIC = range(0x250), range(0x370, 0x530)
_MORE_LATIN_TO_SIGNS = range(0x1E00, 0x20D0)


def typeset(template: Path, data: Mapping[str, Any]) -> bytes:
    """A tagged PDF. A sign that no font here has is printed by its number: without it PDF/UA allows no page at all."""
    for told in (json.dumps(data), json.dumps(_printable(data))):
        try:
            made = typst.compile(
                template,
                root=template.parent,
                sys_inputs={"data": told},
                pdf_standards=["ua-1"],
                ignore_system_fonts=True,
            )
        except typst.TypstError as fault:
            if "could not be displayed" not in str(fault):
                raise
            continue
        assert isinstance(made, bytes)
        return made
    raise AssertionError("deze letters zijn niet te zetten")


def _printable(value: Any) -> Any:
    if isinstance(value, str):
        return "".join(sign if _known(sign) else f"[U+{ord(sign):04X}]" for sign in value)
    if isinstance(value, Mapping):
        return {name: _printable(each) for name, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(each) for each in value]
    return value


def _known(sign: str) -> bool:
    at = ord(sign)
    return at in _LATIN or at in _GREEK_AND_CYRILLIC or (at in _MORE_LATIN_TO_SIGNS and sign.isprintable())
