"""A pack as files beside each other: workbook, deck and paper."""

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exports.packs.book import write_book
from exports.packs.deck import write_deck
from exports.packs.paper import write_paper
from exports.packs.parts import Pack


def made(pack: Pack, counted: Mapping[str, Any]) -> dict[str, bytes]:
    """The bytes of each file by what it is: xlsx, pptx, pdf."""
    book, deck, paper = io.BytesIO(), io.BytesIO(), io.BytesIO()
    write_book(pack, counted, book)
    write_deck(pack, deck)
    write_paper(pack, paper)
    return {"xlsx": book.getvalue(), "pptx": deck.getvalue(), "pdf": paper.getvalue()}


def save(pack: Pack, counted: Mapping[str, Any], folder: Path, stem: str) -> list[Path]:
    """Writes STEM.xlsx, STEM.pptx and STEM.pdf into a folder; all three are whole before the first has its name."""
    parts = []
    try:
        for kind, content in made(pack, counted).items():
            part = folder / f".{stem}.{kind}.deel"
            parts.append((part, folder / f"{stem}.{kind}"))
            part.write_bytes(content)
        return [part.replace(target) for part, target in parts]
    finally:
        for part, _ in parts:
            part.unlink(missing_ok=True)
