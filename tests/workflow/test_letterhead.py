"""How a municipality makes the letters its own, in files; and which files nothing starts with."""

import io
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from factories import ANNA, CARLA, NIJMEGEN, RECEIVED, case_at, desk, take
from pypdf import PdfReader
from sqlmodel import Session

from workflow import letters
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.letterhead import LettersRefused, letterhead_of, use_letters
from workflow.models import Case
from workflow.phases import Phase

WHOLE = """
naam = "Gemeente Nijmegen"
afdeling = "Burgerzaken"
straat = "Korte Nieuwstraat 6"
postcode = "6511 PP"
plaats = "Nijmegen"
telefoon = "14 024"
email = "burgerzaken@nijmegen.example"
website = "www.nijmegen.example"
ondertekenaar = "P. de Boer"
functie = "hoofd Burgerzaken"
mandaatregel = "namens het college van burgemeester en wethouders van Nijmegen, op grond van het mandaatbesluit"
bezwaaradres = "Postbus 9105, 6500 HG Nijmegen"
logo = "wapen.svg"

[teksten.nl.aanschrijving]
boete = ""
gevolg = "Dan kunnen wij u zelf inschrijven (artikel 2.19 van de Wet BRP). Zo doen wij dat in Nijmegen."

[teksten.pl.aanschrijving]
titel = "Nasz tytuł: {adres}"
"""
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="60" height="40"><rect width="60" height="40" fill="navy"/></svg>'


@pytest.fixture(autouse=True)
def _without_afterwards() -> Iterator[None]:
    yield
    use_letters(None)


Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the files of a municipality; gives the folder of all."""

    def files(text: str, code: str = NIJMEGEN, logo: str | None = LOGO) -> Path:
        folder = tmp_path / "brieven"
        (folder / code).mkdir(parents=True, exist_ok=True)
        (folder / code / "brieven.toml").write_text(text, encoding="utf-8")
        if logo is not None:
            (folder / code / "wapen.svg").write_text(logo, encoding="utf-8")
        return folder

    return files


def told(session: Session, case: Case) -> str:
    number = len(CaseFile(session, case).letters)
    reader = PdfReader(io.BytesIO(letters.sent(session, case, number).pdf))
    return " ".join("\n".join(page.extract_text() for page in reader.pages).split())


def test_a_letter_looks_as_its_municipality_says(session: Session, write: Write) -> None:
    use_letters(write(WHOLE))
    case = case_at(session, Phase.VOORONDERZOEK)
    take(session, case, "verstuur_aanschrijving", desk(ANNA, RECEIVED + timedelta(3)), taal="pl")
    text = told(session, case)
    for line in ("Gemeente Nijmegen Burgerzaken Korte Nieuwstraat 6", "P. de Boer hoofd Burgerzaken", "mandaatbesluit"):
        assert line in text
    assert "325 euro" not in text.partition("Nasz tytuł")[0]
    assert text.count("Zo doen wij dat in Nijmegen.") == 2  # what they did not translate stands there in Dutch
    assert "Nasz tytuł: Groesbeekseweg 1, 6523 AB Nijmegen" in text
    case = case_at(session, Phase.BESLUIT, bsn="999990020")
    assert "Het adres is: Postbus 9105, 6500 HG Nijmegen." in told(session, case)


def test_without_a_letterhead_a_letter_names_the_municipality_and_who_signs(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    take(session, case, "neem_besluit", desk(CARLA, RECEIVED + timedelta(40)), motivering="x")
    text = told(session, case)
    assert text.startswith("Gemeente Nijmegen Ewa Kowalska Groesbeekseweg 1 6523 AB Nijmegen")
    assert "namens het college van burgemeester en wethouders van Nijmegen Carla" in text
    assert "Het postadres staat op de website van de gemeente." in text


def test_the_telephone_of_the_department_stands_in_for_that_of_the_contact_person(
    session: Session, write: Write
) -> None:
    use_letters(write(WHOLE))
    case = case_at(session, Phase.VOORONDERZOEK)
    take(session, case, "verstuur_aanschrijving", Desk(ANNA, desk(ANNA, RECEIVED + timedelta(3)).now))
    assert "U kunt bellen naar 14 024 of mailen naar burgerzaken@nijmegen.example." in told(session, case)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("afdeling = 'Burgerzaken'", "naam ontbreekt"),
        ("naam = 5", "naam: geef een tekst"),
        ("naam = 'X'\nkleur = 'rood'", "kleur is onbekend"),
        ("naam = 'X'\nlogo = '../wapen.svg'", "PNG- of SVG-bestand in deze map"),
        ("naam = 'X'\nlogo = 'weg.png'", "het bestand weg.png is er niet"),
        ("naam = 'X'\n[teksten.fr.besluit]\ntitel = 'Y'", "deze taal is er niet"),
        ("naam = 'X'\n[teksten]\nnl = 'Y'", "geef hier per brief een tabel"),
        ("naam = 'X'\nteksten = 'Y'", "geef hier per taal en brief"),
        ("naam = 'X'\n[teksten.nl.besluit]\ngrond = 'Zomaar.'", "noem artikel 2.19, 2.60"),
        ("naam = X", "geen geldige TOML (regel 1"),
    ],
)
def test_nothing_starts_with_a_letterhead_that_is_wrong(write: Write, text: str, said: str) -> None:
    folder = write(text)
    with pytest.raises(LettersRefused) as error:
        use_letters(folder)
    assert said in error.value.uitleg
    assert str(folder / NIJMEGEN / "brieven.toml") in error.value.uitleg


def test_a_logo_that_is_no_picture_or_too_large_is_refused(write: Write) -> None:
    for logo in ("geen plaatje", "x" * 200_001):
        with pytest.raises(LettersRefused) as error:
            use_letters(write(WHOLE, logo=logo))
        assert "logo" in error.value.uitleg


def test_every_fault_of_every_municipality_is_named_at_once(write: Write) -> None:
    write("naam = 5")
    folder = write("kleur = 'rood'", code="0983")
    (folder / "leesmij.txt").write_text("x")
    with pytest.raises(LettersRefused) as error:
        use_letters(folder)
    assert len(error.value.reasons) == 4


def test_a_folder_that_is_not_there_is_told_with_its_setting(tmp_path: Path) -> None:
    with pytest.raises(LettersRefused) as error:
        use_letters(tmp_path / "weg")
    assert "RNI_LETTERS_DIR" in error.value.uitleg


def test_a_refused_folder_leaves_what_was_in_use(write: Write) -> None:
    use_letters(write(WHOLE))
    with pytest.raises(LettersRefused):
        use_letters(write("naam = 5"))
    assert letterhead_of(NIJMEGEN).afdeling == "Burgerzaken"
