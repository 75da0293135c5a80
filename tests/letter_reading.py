"""A letter read back from its PDF, and the texts that must be found in it."""

import io
import re

from pypdf import PdfReader
from sqlmodel import Session

from workflow import letters
from workflow.case_file import CaseFile
from workflow.letter_texts import ONLY_WHEN, texts
from workflow.models import Case


def plain(text: str) -> str:
    """A text without what the setting of lines may change."""
    return re.sub(r"[\s\u200b]+", "", text)


def read(pdf: bytes) -> str:
    """The text of all pages, without the line at the foot of each."""
    pages = (page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)
    return "\n".join(page.rstrip().rpartition("\n")[0] for page in pages)


def newest(session: Session, case: Case) -> bytes:
    number = max(one.nummer for one in CaseFile(session, case).letters)
    return letters.sent(session, case, number).pdf


def fragments(table: str, language: str) -> list[str]:
    """Every piece of text between placeholders in the blocks that are always printed."""
    blocks = {name: text for name, text in texts(language)[table].items() if name not in ONLY_WHEN.get(table, ())}
    found = [part for text in blocks.values() for part in re.split(r"\{[a-z_]+\}", text)]
    return [plain(re.sub(r"^(# |- )", "", line)) for part in found for line in part.splitlines() if plain(line)]
