"""What a printed dossier holds for each purpose, and how it becomes a PDF and a ZIP."""

import csv
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader
from sqlmodel import Session, select

from exports.dossier import LEFT_OUT, OF_OTHERS_THERE, OF_WHO_WENT, SEEN_THERE, Dossier, Order, Purpose, compose
from exports.dossier_files import write_pdf, write_zip
from signals.models import Signal
from tests import evidence
from tests.factories import ANNA, BRAM, RECEIVED, VENLO, at, case_at, desk, new_case, take
from workflow import dossier, letters, visits
from workflow.case_file import CaseFile
from workflow.fields import Field, column_name
from workflow.models import Case, Document, Letter, Visit
from workflow.phases import Outcome, Phase

LATER = RECEIVED + timedelta(days=60)
NAMES = {"anna": "Anna de Vries", "bram": "Bram Bakker", "carla": "Carla Jansen"}
HOSTILE = '#panic("x") *vet* $1$ `x` @y <z> \\ //weg\n= Kop'


class Plain:
    """Words as they are stored."""

    def words(self, code: object) -> str:
        return str(code).replace("_", " ")

    def told(self, gegevens: Mapping[str, Any], fields: Sequence[Field]) -> list[tuple[str, str]]:
        return [(naam, str(value)) for naam, value in gegevens.items() if value is not None]

    def moment(self, value: datetime) -> str:
        return f"{value:%d-%m-%Y %H:%M}"

    def step(self, stap: str) -> str:
        return stap


@dataclass
class Dossiers:
    """A case whose dossier has something of everything, and its files."""

    session: Session
    folder: Path
    case: Case
    files: dict[int, Path] = field(default_factory=dict)

    def add(self, kind: str, **gegevens: Any) -> None:
        handler = BRAM if kind == "huisbezoeken" else ANNA
        dossier.add(self.session, self.case, kind, desk(handler, LATER), gegevens)

    def document(self, omschrijving: str, content: bytes, mediatype: str, derden: bool = False) -> None:
        fields = {"omschrijving": omschrijving, "soort": "bewijs", "datum": "2026-03-09", "derden": derden}
        row = dossier.add(self.session, self.case, "documenten", desk(ANNA, LATER), fields)
        assert isinstance(row, Document) and row.id
        row.mediatype, row.omvang, row.sha256 = mediatype, len(content), sha256(content).hexdigest()
        row.bestand, row.bestandsnaam = f"b{row.id}", "x.bin"
        self.session.flush()
        self.files[row.id] = self.folder / f"b{row.id}"
        self.files[row.id].write_bytes(content)

    def compose(self, purpose: Purpose, benefits: bool = True) -> Dossier:
        signal = self.session.get_one(Signal, self.case.eerste_signaal_id)
        order = Order(purpose, at(LATER), "anna", "Nijmegen", NAMES, (signal,), benefits, Plain())
        return compose(CaseFile(self.session, self.case), order)

    def stored(self, origin: Document | Letter) -> Path | None:
        if isinstance(origin, Document):
            return self.files.get(origin.id or 0)
        path = self.folder / f"brief-{origin.nummer}"
        path.write_bytes(letters.sent(self.session, self.case, origin.nummer).pdf)
        return path

    def pdf(self, purpose: Purpose) -> PdfReader:
        return PdfReader(write_pdf(self.compose(purpose), self.stored, self.folder))

    def text(self, purpose: Purpose) -> str:
        return " ".join(" ".join(page.extract_text() for page in self.pdf(purpose).pages).split())


@pytest.fixture
def full(session: Session, tmp_path: Path) -> Dossiers:
    made = Dossiers(session, tmp_path, case_at(session, Phase.HUISBEZOEK))
    made.add("bronnen", soort="buren", bevinding="De buurvrouw zegt dat hij nachtdiensten draait.")
    made.add("bronnen", soort="brp", bevinding="Staat niet ingeschreven als ingezetene.")
    made.add("contacten", soort="contactmoment", kanaal="telefoon", resultaat="Belde terug; Bram Bakker nam op.")
    made.add("leerpunten", soort="signaal_verouderd")
    made.add("bijvangst", omschrijving="Drie anderen zonder inschrijving gezien.")
    visit = {"opengedaan": True, "gelegitimeerd": True, "doelGemeld": True, "toestemming": "geweigerd"}
    moments = {"begin": f"{LATER}T08:00", "einde": f"{LATER}T08:30", "bezoekers": ["Bram Bakker", "pas 4480"]}
    said = {"wieOpende": "Jan de Hoofdbewoner", "verklaringen": "Zij werkt in Duitsland, zegt de huisgenoot."}
    said["bevindingen"] = "De hoofdbewoner kent hem niet."
    made.add("huisbezoeken", **visit, **moments, **said, aangetroffen=False)
    asked = {"naam": "Woningbedrijf Noord", "straat": "Kade 1", "postcode": "6511 AA", "plaats": "Nijmegen"}
    made.add(
        "inlichtingenverzoeken", ontvanger="verhuurder", vragen="Huurt hij?", uiterlijk=f"{LATER:%Y}-12-01", **asked
    )
    made.document("Huurovereenkomst", evidence.PDF, "application/pdf")
    made.document("Foto van de bewoners", evidence.PNG, "image/png", derden=True)
    made.document("Voordeur", evidence.JPEG, "image/jpeg")
    made.document("Scan", evidence.TIFF, "image/tiff")
    made.add("documenten", omschrijving="Akte", soort="bewijs", datum="2026-03-09", kenmerk="DMS 4711")
    new_case(session)  # of the same person
    return made


def test_a_bezwaar_gets_everything(full: Dossiers) -> None:
    text = full.text(Purpose.BEZWAAR)
    for words in (
        "nachtdiensten",
        "kent hem niet",
        "zegt de huisgenoot",
        "Bram Bakker",
        "Drie anderen",
        "signaal_verouderd",
        "Stuk 2: Foto van de bewoners",
        "Wet BRP 2.38, 2.47",
        "Brief 1: aanschrijving",
        "dezelfde persoon",
        "In deze afdruk is niets weggelaten.",
        "DMS 4711",
    ):
        assert words in text, words


def test_what_became_of_others_at_the_address_goes_to_nobody(full: Dossiers) -> None:
    own = {"adressleutel": full.case.adressleutel, "huisnummer": full.case.huisnummer}
    other = new_case(full.session, bsn="999992132")
    for name, value in own.items():
        setattr(other, name, value)
    other.fase, other.resultaat, other.afgesloten_op = Phase.AFGESLOTEN, Outcome.OVERLEDEN, LATER
    full.session.flush()
    for purpose in Purpose:
        told = full.text(purpose)
        assert other.zaaknummer not in told
        assert "eerdere zaken van anderen op dit adres: 1" in told


def test_another_municipality_gets_no_tasks_and_no_lessons(full: Dossiers) -> None:
    text = full.text(Purpose.OVERDRACHT)
    assert "nachtdiensten" in text and "kent hem niet" in text and "Bram Bakker" in text
    for words in ("signaal_verouderd", "Drie anderen", "Foto van de bewoners", "Woningbedrijf"):
        assert words not in text, words
    assert "leerpunten: 1" in text and "documenten die niet meegaan: 1" in text


def test_what_came_from_another_municipality_is_printed_with_where_it_came_from(full: Dossiers) -> None:
    take(full.session, full.case, "draag_over", desk(ANNA, LATER), gemeentecode=VENLO)
    chosen = select(Case).where(Case.gemeentecode == VENLO)
    there = Dossiers(full.session, full.folder, full.session.exec(chosen).one(), full.files)
    whole = there.compose(Purpose.BEZWAAR)
    (part,) = (part for part in whole.parts if part.titel == "Ontvangen bij overdracht")
    told = {entry.kop: dict(entry.regels) for entry in part.stukken}
    assert told["Buren"]["Van"] == "Nijmegen, vastgelegd door Anna" and "nachtdiensten" in told["Buren"]["Bevinding"]
    assert "Ontvangen brief 1: aanschrijving" in [piece.omschrijving for piece in whole.pieces]
    own = [str(part) for part in there.compose(Purpose.INZAGE).parts]
    assert "nachtdiensten" not in " ".join(own) and "Ontvangen bij overdracht" in " ".join(own)


def test_the_person_reads_nothing_of_others_and_how_much_was_left_out(full: Dossiers) -> None:
    text = full.text(Purpose.INZAGE)
    for words in (
        "Woningbedrijf",
        "nachtdiensten",
        "kent hem niet",
        "Bram",
        "bram",
        "Carla",
        "Drie anderen",
        "Foto van",
        "pas 4480",
        "Hoofdbewoner",
        "zegt de huisgenoot",
    ):
        assert words not in text, words
    for words in (
        "Staat niet ingeschreven",
        "Anna de Vries",
        "Belde terug; een medewerker nam op.",
        "buren",
        LEFT_OUT,
        "documenten met gegevens van anderen: 1",
        "bevindingen van bronnen bij of over anderen: 2",
        "bevindingen van een huisbezoek zonder de betrokkene: 1",
        "wat een huisbezoek over anderen zegt: 1",
        "regels bijvangst: 1",
        "brieven aan anderen: 1",
        "namen van wie om inlichtingen is gevraagd: 1",
    ):
        assert words in text, words
    assert "Stuk 2: Voordeur" in text


def test_of_every_field_of_a_visit_somebody_decided_whether_the_person_reads_it() -> None:
    reads = {"tijdvak", "begin", "einde", "opengedaan", "gelegitimeerd", "doelGemeld", "toestemming"}
    reads |= {"binnengetreden", "aangetroffen", "kaartAchtergelaten"}
    hidden = {*OF_WHO_WENT, *OF_OTHERS_THERE, *SEEN_THERE}
    assert reads | hidden == {field.naam for field in visits.FIELDS} and not reads & hidden
    assert {column_name(field.naam) for field in visits.FIELDS} <= set(Visit.model_fields)


def test_a_colleague_is_hidden_in_what_a_document_is_called_too(full: Dossiers) -> None:
    full.document("Verslag van Bram Bakker", evidence.TEXT, "text/plain")
    assert "Verslag van een medewerker" in full.text(Purpose.INZAGE) and "Bram" not in full.text(Purpose.INZAGE)
    with zipfile.ZipFile(write_zip(full.compose(Purpose.INZAGE), full.stored, full.folder)) as archive:
        assert not [name for name in archive.namelist() if "bram" in name]
        assert "Bram" not in archive.read("inhoud.csv").decode()


def test_what_only_the_handler_may_read_is_counted_too(full: Dossiers) -> None:
    seen, unseen = (full.compose(Purpose.BEZWAAR, benefits=may) for may in (True, False))
    assert ("Aanleiding", "UITKERING WW") in seen.parts[0].stukken[0].regels
    assert "Aanleiding" not in dict(unseen.parts[0].stukken[0].regels)
    assert "signalen zonder uitkering en werk (alleen voor de behandelaar): 1" in unseen.remarks[0]


def test_text_is_never_markup(full: Dossiers) -> None:
    full.add("bronnen", soort="brp", bevinding=HOSTILE)
    full.document('#image("/etc/x") *o*', evidence.TEXT, "text/plain")
    text = full.text(Purpose.BEZWAAR)
    assert " ".join(HOSTILE.split()) in text and '#image("/etc/x") *o*' in text


def test_a_sign_that_no_font_has_is_printed_by_its_number(full: Dossiers) -> None:
    full.add("bronnen", soort="brp", bevinding="Łódź, София, 中文")
    assert "Łódź, София, [U+4E2D][U+6587]" in full.text(Purpose.BEZWAAR)


def test_the_pdf_is_tagged_in_dutch_and_the_pieces_stand_behind_it(full: Dossiers) -> None:
    made = full.pdf(Purpose.BEZWAAR)
    root: Any = made.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"] and root["/Lang"] == "nl-NL" and "/StructTreeRoot" in root
    titles = [each["/Title"] for each in made.outline if not isinstance(each, list)]
    assert titles[-7:] == [
        "Stuk 1: Huurovereenkomst",
        "Stuk 2: Foto van de bewoners",
        "Stuk 3: Voordeur",
        "Stuk 4: Scan",
        "Stuk 5: Akte",
        "Stuk 6: Brief 1: aanschrijving",
        "Stuk 7: Brief 2: inlichtingenverzoek",
    ]
    pages = [page.extract_text() for page in made.pages]
    at_1 = next(
        at for at, text in enumerate(pages) if text.startswith("Stuk 1: Huurovereenkomst\n") and "hierachter" in text
    )
    assert "verhuurder verhuurt" in pages[at_1 + 1]
    assert len(made.pages[at_1 + 2].images) == 1 and len(made.pages[at_1 + 3].images) == 1
    assert "alleen in het ZIP-bestand" in pages[at_1 + 4]
    assert "zie DMS 4711" in pages[at_1 + 5]
    assert "Geef dat aan ons door" in " ".join(pages[at_1 + 7].split()), "the letter as it was sent"


def test_a_document_whose_bytes_are_gone_or_broken_does_not_stop_the_print(full: Dossiers) -> None:
    first, *_, last = full.files.values()
    first.write_bytes(evidence.PDF[:300])
    last.unlink()
    full.files = {number: path for number, path in full.files.items() if path.exists()}
    text = full.text(Purpose.BEZWAAR)
    assert "kon niet worden afgedrukt" in text and "De inhoud is hier niet." in text


def test_the_zip_holds_the_pdf_every_document_and_a_safe_list(full: Dossiers) -> None:
    full.document("=HYPERLINK(1)/../../x 999990019", evidence.TEXT, "text/plain")
    with zipfile.ZipFile(write_zip(full.compose(Purpose.BEZWAAR), full.stored, full.folder)) as archive:
        names = archive.namelist()
        assert names == [
            "dossier.pdf",
            "stuk-001-huurovereenkomst.pdf",
            "stuk-002-foto-van-de-bewoners.png",
            "stuk-003-voordeur.jpg",
            "stuk-004-scan.tif",
            "stuk-006-hyperlink-1-x-.txt",
            "stuk-007-brief-1-aanschrijving.pdf",
            "stuk-008-brief-2-inlichtingenverzoek.pdf",
            "inhoud.csv",
        ]
        assert archive.read(names[1]) == evidence.PDF and archive.read(names[4]) == evidence.TIFF
        rows = list(csv.DictReader(io.StringIO(archive.read("inhoud.csv").decode("utf-8-sig")), delimiter=";"))
    assert [row["nummer"] for row in rows] == [*"12345678"]
    assert rows[0]["sha256"] == sha256(evidence.PDF).hexdigest() and rows[0]["datum"] == "20260309"
    assert rows[4]["naam"] == "" and rows[5]["omschrijving"].startswith("'=")


def test_the_zip_for_the_person_has_no_document_about_others(full: Dossiers) -> None:
    with zipfile.ZipFile(write_zip(full.compose(Purpose.INZAGE), full.stored, full.folder)) as archive:
        assert not [name for name in archive.namelist() if name.endswith(".png")]
        assert "bewoners" not in archive.read("inhoud.csv").decode()


def test_a_dossier_of_an_untouched_case_is_whole_too(session: Session, tmp_path: Path) -> None:
    made = Dossiers(session, tmp_path, new_case(session))
    for purpose in Purpose:
        assert "Er zijn geen documenten." in made.text(purpose)
    assert json.dumps(made.compose(Purpose.INZAGE).front)


def test_a_closed_and_reopened_case_tells_its_steps_in_words(session: Session, tmp_path: Path) -> None:
    made = Dossiers(session, tmp_path, new_case(session))
    take(session, made.case, "wijs_toe", desk(ANNA, LATER), behandelaar="anna")
    text = made.text(Purpose.INZAGE)
    assert "2. wijs_toe" in text and "Anna de Vries" in text and "{" not in text
