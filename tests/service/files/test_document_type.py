"""What a document is, is told by its content; every other file is refused by what it is."""

from pathlib import Path

import pytest

from service.files.document_type import kind_of
from signals.errors import Invalid
from tests import evidence

TAKEN = {
    "application/pdf": evidence.PDF,
    "image/png": evidence.PNG,
    "image/jpeg": evidence.JPEG,
    "image/tiff": evidence.TIFF,
    "text/plain": evidence.TEXT,
    "message/rfc822": evidence.EMAIL,
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": evidence.docx(),
    "application/vnd.oasis.opendocument.text": evidence.odt(),
}
REFUSED = {
    "leeg": (b"", "bestand_leeg", "leeg"),
    "html": (evidence.HTML, "bestandstype_onbekend", "HTML"),
    "gif": (b"GIF89a" + bytes(20), "bestandstype_onbekend", "GIF"),
    "heic": (b"\0\0\0\x18ftypheic" + bytes(20), "bestandstype_onbekend", "HEIC"),
    "exe": (b"MZ" + bytes(80), "bestandstype_onbekend", "programma"),
    "script": (b"#!/bin/sh\nrm -r x\n", "bestandstype_onbekend", "script"),
    "msg": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(80), "bestandstype_onbekend", ".msg"),
    "rtf": (b"{\\rtf1 x}", "bestandstype_onbekend", "RTF"),
    "zip": (evidence.zipped({"a.txt": b"x"}), "bestandstype_onbekend", "zip-archief"),
    "xlsx": (evidence.zipped(evidence.WORKBOOK), "bestandstype_onbekend", "Excel"),
    "binary": (bytes(range(1, 90)), "bestandstype_onbekend", "onbekende soort"),
    "latin-1": ("café".encode("latin-1"), "bestandstype_onbekend", "UTF-8"),
    "locked pdf": (evidence.locked_pdf(), "versleuteld", "beveiligd"),
    "half a pdf": (evidence.PDF[: len(evidence.PDF) // 2][:200], "bestand_beschadigd", "beschadigd"),
    "half a png": (evidence.PNG[:40], "bestand_beschadigd", "beschadigd"),
    "half a jpeg": (evidence.JPEG[:30], "bestand_beschadigd", "beschadigd"),
    "half a tiff": (evidence.TIFF[:12], "bestand_beschadigd", "beschadigd"),
    "huge png": (
        evidence.PNG[:16] + b"\0\0\xff\xff\0\0\xff\xff" + evidence.PNG[24:],
        "afbeelding_te_groot",
        "65535 bij 65535",
    ),
    "macro docx": (evidence.docx(**{"word/vbaProject.bin": b"x"}), "macro", "macro"),
    "macro by type": (
        evidence.docx(
            **{
                "[Content_Types].xml": b'<Types xmlns="x"><Override PartName="/word/document.xml" '
                b'ContentType="application/vnd.ms-word.document.macroEnabled.main+xml"/></Types>'
            }
        ),
        "macro",
        "macro",
    ),
    "macro odt": (evidence.odt(**{"Basic/Standard/Module1.xml": b"<x/>"}), "macro", "macro"),
    "locked odt": (evidence.odt(b"<manifest:encryption-data/>"), "versleuteld", "wachtwoord"),
    "entity": (
        evidence.docx(**{"word/x.xml": b'<!DOCTYPE x SYSTEM "file:///x"><x/>'}),
        "externe_entiteit",
        "naar buiten",
    ),
    "bomb": (evidence.docx(**{"word/media/x.bin": bytes(50_000_000)}), "te_groot_uitgepakt", "te groot"),
    "half a docx": (evidence.docx()[:-30], "onleesbaar", "beschadigd"),
}


@pytest.mark.parametrize("mediatype", TAKEN, ids=[name.rpartition("/")[2][-20:] for name in TAKEN])
def test_a_kind_that_a_dossier_takes_is_known_by_its_content(tmp_path: Path, mediatype: str) -> None:
    path = tmp_path / "naam.zegt.niets.exe"
    path.write_bytes(TAKEN[mediatype])
    assert kind_of(path).mediatype == mediatype


@pytest.mark.parametrize("name", REFUSED)
def test_any_other_file_is_refused_by_what_it_is(tmp_path: Path, name: str) -> None:
    content, code, word = REFUSED[name]
    path = tmp_path / "brief.pdf"
    path.write_bytes(content)
    with pytest.raises(Invalid) as refused:
        kind_of(path)
    (reason,) = refused.value.reasons
    assert (reason.code, reason.veld) == (code, "bestand")
    assert word in reason.uitleg and reason.uitleg.endswith(".")
