"""A verklaring van vernietiging on paper: a tagged PDF of what it says, and nothing of who was investigated."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exports.print import typeset

_TEMPLATE = Path(__file__).with_name("certificate.typ")


def certificate_pdf(said: Mapping[str, Any]) -> bytes:
    """said: titel, inleiding, ruimte; feiten, mensen and aantallen as label and text; koppen, vernietigd and niet."""
    return typeset(_TEMPLATE, said)
