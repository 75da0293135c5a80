"""The kinds of file a dossier takes: what each is called, how its name ends, and whether it can be shown."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class DocumentKind:
    """One kind of file. extension: with its point. shows: whether a browser can show it without running anything."""

    mediatype: str
    label: str
    extension: str
    shows: bool = False

    @property
    def image(self) -> bool:
        """Whether it is one image, shown and printed as such."""
        return self.shows and self.mediatype.startswith("image/")


PDF = DocumentKind("application/pdf", "PDF", ".pdf", shows=True)
JPEG = DocumentKind("image/jpeg", "foto (JPEG)", ".jpg", shows=True)
PNG = DocumentKind("image/png", "afbeelding (PNG)", ".png", shows=True)
TIFF = DocumentKind("image/tiff", "scan (TIFF)", ".tif")
TEXT = DocumentKind("text/plain", "tekst", ".txt")
EMAIL = DocumentKind("message/rfc822", "e-mail (.eml)", ".eml")
DOCX = DocumentKind(
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document", "Word-document (DOCX)", ".docx"
)
ODT = DocumentKind("application/vnd.oasis.opendocument.text", "tekstdocument (ODT)", ".odt")

DOCUMENT_KINDS: Mapping[str, DocumentKind] = {
    kind.mediatype: kind for kind in (PDF, JPEG, PNG, TIFF, TEXT, EMAIL, DOCX, ODT)
}
"""By what is stored."""


def size_text(size: int) -> str:
    """`12 kB`, `3,4 MB`; never nothing for a file that holds something."""
    if size < 1_000_000:
        return f"{max(1, round(size / 1000))} kB"
    return f"{size / 1_000_000:.1f} MB".replace(".", ",")
