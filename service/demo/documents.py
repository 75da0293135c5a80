"""The documents of the demonstration, made here: a rental agreement as PDF and a drawing of a front door as PNG."""

import struct
import zlib
from collections.abc import Callable, Mapping

import typst

_AGREEMENT = """
#set document(title: "Huurovereenkomst (voorbeeld)", date: none)
#set text(lang: "nl", size: 11pt)
= Huurovereenkomst
_Voorbeeld voor de demonstratie; partijen en adres zijn weggelaten._

De verhuurder verhuurt aan de huurder een kamer met gebruik van keuken en douche.

+ De huur begint op de eerste dag van de maand en loopt voor onbepaalde tijd.
+ De huurder mag zich op het adres inschrijven.
+ De huur is inclusief water en stroom.

== Ondertekening
Getekend door beide partijen.
"""
WHITE, BRICK, DOOR, GLASS = b"\xff\xff\xff", b"\xa4\x50\x3c", b"\x1f\x4e\x4a", b"\xbf\xd7\xea"
WIDTH, HEIGHT = 240, 320


def agreement() -> bytes:
    """A PDF of one page."""
    made = typst.compile(_AGREEMENT.encode(), pdf_standards=["ua-1"], ignore_system_fonts=True)
    assert isinstance(made, bytes)
    return made


def front_door() -> bytes:
    """A PNG: a door with a window in a wall."""
    return png(WIDTH, HEIGHT, _colour)


def png(width: int, height: int, colour: Callable[[int, int], bytes]) -> bytes:
    """An image by the colour (three bytes) of every point."""
    rows = b"".join(b"\0" + b"".join(colour(x, y) for x in range(width)) for y in range(height))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + _chunk(b"IHDR", head) + _chunk(b"IDAT", zlib.compress(rows)) + _chunk(b"IEND", b"")


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))


def _colour(x: int, y: int) -> bytes:
    if not 60 <= x < 180 or y < 40:
        return WHITE if y % 20 == 0 or (x + 20 * (y // 20 % 2)) % 40 == 0 else BRICK
    return GLASS if 85 <= x < 155 and 70 <= y < 150 else DOOR


DOCUMENTS: Mapping[str, tuple[str, Callable[[], bytes]]] = {
    "huurovereenkomst": ("huurovereenkomst.pdf", agreement),
    "voordeur": ("voordeur.png", front_door),
}
"""Name of the file and its content, by the word that a story uses."""
