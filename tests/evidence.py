"""Files as people put them into a dossier, and others that no dossier takes; all made here."""

import base64
import io
import struct
import zipfile

from pypdf import PdfReader, PdfWriter

from service.demo.documents import agreement, png

PDF = agreement()
PNG = png(4, 3, lambda x, y: bytes((40 * x, 60 * y, 90)))
JPEG = base64.b64decode(
    "/9j/4AAQSkZJRgABAQEASABIAAD/2wBDAP//////////////////////////////////////////////////////////////////////////"
    "////////////wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAA//EABQQAQAAAAAAAAAAAAAAAAAAAAD/2gAIAQEAAD8AR//Z"
)
TIFF = (
    struct.pack("<2sHI", b"II", 42, 8)
    + struct.pack("<H", 3)
    + struct.pack("<HHIHH", 256, 3, 1, 2, 0)
    + struct.pack("<HHIHH", 257, 3, 1, 2, 0)
    + struct.pack("<HHII", 273, 4, 1, 0)
    + struct.pack("<I", 0)
)
TEXT = "Verklaring van de huurder: ik woon hier sinds maart. Één kamer, € 600.".encode()
EMAIL = b"From: verhuurder@example.nl\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\nSubject: huur\r\n\r\nHij huurt.\r\n"
HTML = b"<!doctype html><script>alert(1)</script>"
WORKBOOK = {"[Content_Types].xml": b"<Types/>", "xl/workbook.xml": b"<workbook/>"}
_CONTENT = b'<?xml version="1.0" encoding="UTF-8"?><x>tekst</x>'


def zipped(parts: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return stream.getvalue()


def docx(**more: bytes) -> bytes:
    return zipped({"[Content_Types].xml": b"<Types/>", "word/document.xml": _CONTENT} | more)


def odt(manifest: bytes = b"<manifest/>", **more: bytes) -> bytes:
    parts = {"mimetype": b"application/vnd.oasis.opendocument.text", "content.xml": _CONTENT}
    return zipped(parts | {"META-INF/manifest.xml": manifest} | more)


def locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(PDF)))
    writer.encrypt("geheim", algorithm="RC4-128")
    stream = io.BytesIO()
    writer.write(stream)
    return stream.getvalue()
