"""The letters as PDF, made by real steps: whole in every language, tagged, and never reading a text as markup."""

import hashlib
import io
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

import pytest
from factories import ANNA, CARLA, KEES, RECEIVED, VOORNEMEN, add_source, case_at, codes, desk, new_case, take
from letter_reading import fragments, newest, plain, read
from pypdf import PdfReader
from sqlmodel import Session, col, select

from signals.errors import Invalid, NotFound, Refused
from signals.models import Signal
from workflow import letters, moves
from workflow.actors import ContactPerson, Desk
from workflow.case_file import CaseFile
from workflow.letter_texts import DUTCH, LANGUAGES, LETTERS, texts
from workflow.models import Case, CaseEvent, Letter, LetterFile
from workflow.phases import Phase

DAY = timedelta(days=1)
LATER = RECEIVED + 40 * DAY


Step = tuple[str, Desk, Mapping[str, Any]]


def ready(session: Session, name: str) -> tuple[Case, Step]:
    """A case that is about to send this letter, and the real step that does."""
    if name == "aanschrijving":
        return case_at(session, Phase.VOORONDERZOEK), ("verstuur_aanschrijving", desk(ANNA, RECEIVED + 3 * DAY), {})
    if name == "voornemen":
        return case_at(session, Phase.INLICHTINGEN), ("verstuur_voornemen", desk(ANNA, RECEIVED + 20 * DAY), VOORNEMEN)
    if name == "besluit":
        given: dict[str, Any] = {"motivering": "Woont er aantoonbaar."}
        return case_at(session, Phase.VOORNEMEN), ("neem_besluit", desk(CARLA, LATER), given)
    if name == "weigering":
        case = case_at(session, Phase.VOORNEMEN)
        came = RECEIVED + 25 * DAY
        take(session, case, "registreer_aangifte", desk(ANNA, came), datum=came.isoformat(), soort="woonadres")
        return case, ("weiger_aangifte", desk(CARLA, LATER), {"motivering": "Identiteit onbekend."})
    if name == "beslissing_op_bezwaar":
        given = {"uitkomst": "ongegrond", "motivering": "Woont er nog steeds.", "gehoord": True}
        return case_at(session, Phase.BEZWAAR), ("beslis_op_bezwaar", desk(KEES, RECEIVED + 60 * DAY), given)
    if name == "verlenging":
        given = {"einde": (RECEIVED + 60 * DAY).isoformat(), "reden": "U bent in het ziekenhuis."}
        return case_at(session, Phase.VOORNEMEN), ("verleng_termijn", desk(ANNA, RECEIVED + 30 * DAY), given)
    if name == "verdaging":
        given = {"reden": "De tolk kon niet."}
        return case_at(session, Phase.BEZWAAR), ("verdaag_beslissing", desk(ANNA, RECEIVED + 60 * DAY), given)
    given = {"resultaat": "niet_vastgesteld", "reden": "Collega Jansen belde."}
    return case_at(session, Phase.INLICHTINGEN), ("sluit_zonder_mutatie", desk(ANNA, LATER), given)


def sent(session: Session, name: str, **more: Any) -> tuple[Case, bytes]:
    """A case in which this letter was sent by a real step, and its PDF."""
    case, (stap, at, given) = ready(session, name)
    take(session, case, stap, at, **{**given, **more})
    return case, newest(session, case)


NAMES = tuple(name for name in LETTERS if name != "inlichtingenverzoek")


@pytest.mark.parametrize("name", NAMES)
def test_every_letter_is_whole_in_every_language(session: Session, name: str) -> None:
    case, (stap, at, given) = ready(session, name)
    for language in (DUTCH, *LANGUAGES):
        chosen = {} if language == DUTCH else {"taal": language}
        taken = session.begin_nested()
        take(session, case, stap, at, **given, **chosen)
        told = plain(read(newest(session, case)))
        taken.rollback()
        session.expire_all()
        is_whole(told, name, language)


def is_whole(told: str, name: str, language: str) -> None:
    """Every fragment of the letter in Dutch and in the language, and which of the two counts."""
    for each in {DUTCH, language}:
        assert [text for text in fragments(name, each) if text.lstrip("-") not in told] == []
        assert plain(texts(each)["algemeen"]["slot"]) in told
        if name in ("besluit", "weigering"):
            assert [text for text in fragments("bezwaar", each) if text.lstrip("-") not in told] == []
    assert "{" not in told
    if language != DUTCH:
        assert plain(texts(language)["algemeen"]["vertaling"]) in told
        assert plain(f"een vertaling in het {LANGUAGES[language]}") in told
        assert plain("Alleen de Nederlandse tekst telt.") in told


@pytest.mark.parametrize("name", NAMES)
def test_a_letter_is_tagged_and_says_its_language_title_and_date(session: Session, name: str) -> None:
    case, made = sent(session, name, taal="pl")
    reader = PdfReader(io.BytesIO(made))
    root = reader.trailer["/Root"]
    assert root["/MarkInfo"]["/Marked"]
    assert root["/Lang"] == "nl"
    assert "/StructTreeRoot" in root
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    title = str(reader.metadata.title)
    assert plain(title) in plain(read(made))
    letter = CaseFile(session, case).letters[-1]
    assert str(reader.metadata["/CreationDate"]).startswith(f"D:{letter.verzenddatum:%Y%m%d}")
    assert b"pdfuaid" in made and languages_of(reader) == {"nl", "pl"}
    assert float(reader.pages[0].mediabox.width) == pytest.approx(595.3, abs=0.1)
    assert f"Pagina 1 van {len(reader.pages)}" in reader.pages[0].extract_text()


def languages_of(reader: PdfReader) -> set[str]:
    """Every language that a part of the document says it is in."""
    found = {str(reader.trailer["/Root"]["/Lang"])}

    def walk(node: Any) -> None:
        node = node.get_object()
        if isinstance(node, list):
            for each in node:
                walk(each)
        elif isinstance(node, Mapping):
            if "/Lang" in node:
                found.add(str(node["/Lang"]))
            if "/K" in node:
                walk(node["/K"])

    walk(reader.trailer["/Root"]["/StructTreeRoot"])
    return found


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        (
            "aanschrijving",
            ["artikel 2.38", "artikel 2.47", "artikel 4.17", "325 euro", "vóór of op donderdag 19 maart 2026"],
        ),
        (
            "voornemen",
            [
                "artikel 2.19, lid 3",
                "artikel 4:8",
                "vóór of op dinsdag 7 april 2026",
                "Als datum van inschrijving nemen wij 22 maart 2026",
                "Groesbeekseweg 1, 6523 AB Nijmegen",
                "paspoort aan de balie (6 maart 2026)",
                "werkt sinds september in Nijmegen",
                "verhuurder, 7 maart 2026",
                "Basisregistratie Adressen en Gebouwen (BAG), 7 maart 2026",
            ],
        ),
        (
            "besluit",
            [
                "artikel 2.60",
                "Woont er aantoonbaar.",
                "De inschrijving gaat in op 22 maart 2026",
                "woonadres Groesbeekseweg 1",
                "zes weken",
                "vóór of op dinsdag 26 mei 2026",
                "het college van burgemeester en wethouders van Nijmegen",
                "6:4 tot en met 6:8",
                "Wij hebben geen reactie van u ontvangen",
            ],
        ),
        ("weigering", ["Op 27 maart 2026 ontvingen wij uw aangifte", "Identiteit onbekend.", "zes weken", "2.60"]),
        (
            "beslissing_op_bezwaar",
            [
                "artikel 7:11",
                "ongegrond",
                "Woont er nog steeds.",
                "gehoord",
                "rechtbank",
                "vóór of op vrijdag 12 juni 2026",
            ],
        ),
        ("verlenging", ["Op 22 maart 2026", "vóór of op vrijdag 1 mei 2026", "U bent in het ziekenhuis."]),
        ("afsluiting", ["Wij konden niet vaststellen op welk adres u woont", "artikel 2.38"]),
    ],
)
def test_a_letter_says_what_the_law_asks_of_it(session: Session, name: str, asked: list[str]) -> None:
    case, made = sent(session, name)
    told = plain(read(made))
    contact = ["Anna", "024 329 90 00", "anna@nijmegen.example", f"{case.zaaknummer}/"]
    assert [text for text in (*asked, *contact, "Beste Ewa Kowalska,") if plain(text) not in told] == []
    assert "999990019" not in told


def test_a_voornemen_names_sources_but_not_what_or_who_they_were(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    add_source(session, case, desk(ANNA, RECEIVED + 8 * DAY), "buren", "buurvrouw De Wit ziet haar elke dag")
    take(session, case, "verstuur_voornemen", desk(ANNA, RECEIVED + 20 * DAY), **VOORNEMEN)
    told = plain(read(newest(session, case)))
    assert plain("mensen in de omgeving, 10 maart 2026") in told
    assert "DeWit" not in told and "buurvrouw" not in told


def test_a_besluit_on_a_briefadres_says_so_and_who_reacted_reads_that(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    told_us = {"datum": (RECEIVED + 22 * DAY).isoformat(), "tekst": "Ik slaap bij vrienden."}
    take(session, case, "leg_zienswijze_vast", desk(ANNA, RECEIVED + 22 * DAY), **told_us)
    given = {"motivering": "x", "soort": "briefadres", "geenWoonadres": True, "toestemmingBriefadresgever": True}
    take(session, case, "neem_besluit", desk(CARLA, LATER), **given)
    told = plain(read(newest(session, case)))
    assert plain("op het briefadres Groesbeekseweg 1") in told
    assert "2.23" in told
    assert plain("U hebt gereageerd op ons voornemen") in told
    assert plain("op het woonadres") not in told


def test_the_reason_for_closing_is_for_the_file_and_not_for_the_letter(session: Session) -> None:
    _, made = sent(session, "afsluiting")
    assert "Jansen" not in read(made)


def test_the_letter_for_a_child_goes_to_the_parent_who_is_told_so(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK, geboortedatum="20150412")
    take(session, case, "verstuur_aanschrijving", desk(ANNA, RECEIVED + 3 * DAY), taal="uk")
    told = plain(read(newest(session, case)))
    assert plain("de ouder(s) of voogd van Ewa Kowalska") in told
    assert plain("Beste ouder(s) of voogd van Ewa Kowalska,") in told
    assert plain("Ewa Kowalska is jonger dan 16 jaar") in told
    assert plain("Шановні батьки або опікуне особи: Ewa Kowalska,") in told


@pytest.mark.parametrize(
    ("born", "on", "minor", "uncertain"),
    [
        ("20100415", date(2026, 4, 14), True, False),
        ("20100415", date(2026, 4, 15), False, False),  # turns sixteen while the case runs: the next letter is his own
        ("20120229", date(2028, 2, 28), True, False),
        ("20120229", date(2028, 2, 29), False, False),
        ("20100400", date(2026, 3, 31), True, False),
        ("20100400", date(2026, 4, 15), False, True),
        ("20100400", date(2026, 5, 1), False, False),
        ("20100000", date(2025, 12, 31), True, False),
        ("20100000", date(2026, 6, 1), False, True),
        ("20090000", date(2026, 6, 1), False, False),
        ("00000000", date(2026, 6, 1), False, True),
    ],
)
def test_who_is_surely_a_child_and_of_whom_it_is_unknown(
    session: Session, born: str, on: date, minor: bool, uncertain: bool
) -> None:
    case = new_case(session, geboortedatum=born)
    assert (letters.is_minor(case, on), letters.age_is_uncertain(case, on)) == (minor, uncertain)


def test_a_child_that_turns_sixteen_gets_the_besluit_himself(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT, geboortedatum=f"{RECEIVED.year - 16}0401")
    sent_to = [(one.soort.value, one.geadresseerde) for one in CaseFile(session, case).letters]
    assert sent_to == [
        ("aanschrijving", "de ouder(s) of voogd van Ewa Kowalska"),
        ("voornemen", "de ouder(s) of voogd van Ewa Kowalska"),
        ("besluit", "Ewa Kowalska"),
    ]


def test_that_data_are_secret_stands_inside_and_not_by_the_address(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK, indicatie_geheim=7)
    take(session, case, "verstuur_aanschrijving", desk(ANNA, RECEIVED + 3 * DAY))
    told = read(newest(session, case))
    assert plain(texts(DUTCH)["algemeen"]["geheim"]) in plain(told)
    above, _, _ = told.partition("Datum:")
    assert "geheim" not in above.casefold() and "Ewa Kowalska" in above


HOSTILE = (
    '#let x = 1; #read("/etc/passwd") $x^2$ @ref <label> `raw` ```typ #pagebreak()``` *vet* _x_ // weg /* weg */',
    "= Kop\n- punt\n+ nummer\n/ term: uitleg",
    "\\u{41} \\n \"aanhaling\" 'enkel' {naam} {bezwaar_tot} ~ -- --- ...",
    "עברית dan Nederlands dan عربي",
    "ążęłńóśźć ăâîșț їієґ щъю ñ¿ ß",
)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_is_set_as_it_was_written(session: Session, text: str) -> None:
    _, made = sent(session, "besluit", motivering=text)
    told = plain(read(made))
    for line in text.splitlines():
        for word in line.split():
            assert word in told or word[::-1] in told, word  # what runs from right to left is read back turned round


def test_long_text_and_words_without_an_end_stay_on_the_paper(session: Session) -> None:
    word = "Zeer" * 60
    text = (word + " kort ") * 15
    text = text[:3999] + "!"
    _, made = sent(session, "besluit", motivering=text)
    assert plain(text) in plain(read(made))
    for page in PdfReader(io.BytesIO(made)).pages:
        right = float(page.mediabox.width) - 20 / 25.4 * 72
        page.extract_text(visitor_text=lambda text, cm, tm, font, size, right=right: check_left_of(text, cm, tm, right))


def check_left_of(text: str, cm: list[float], tm: list[float], right: float) -> None:
    """A run begins on the paper, and one that begins there has room for some sixty signs at most."""
    assert not text.strip() or (cm[4] + tm[4] <= right and max(map(len, text.splitlines() or [""])) <= 130)


def test_a_sign_that_no_font_has_is_refused_in_a_sentence_and_nothing_is_kept(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    before = case.versie
    with pytest.raises(Invalid) as error:
        take(session, case, "neem_besluit", desk(CARLA, LATER), motivering="Zij heet 漢 en 字.")
    assert codes(error) == {"teken_niet_in_brief"}
    assert "漢" in error.value.uitleg
    session.refresh(case)
    assert (case.fase, case.versie) == (Phase.VOORNEMEN, before)


def test_a_bezwaar_that_was_upheld_says_what_comes_next_and_why_nobody_was_heard(session: Session) -> None:
    given = {
        "uitkomst": "gegrond",
        "gehoord": False,
        "redenNietGehoord": "U zag ervan af.",
        "onderzoekVoortzetten": True,
    }
    case, made = sent(session, "beslissing_op_bezwaar", **given)
    told = plain(read(made))
    for line in ("uw bezwaar is gegrond", "Wij gaan verder met ons onderzoek", "U zag ervan af."):
        assert plain(line) in told
    file = CaseFile(session, case)
    assert file.besluit is None and file.open_to_bezwaar is None


def test_a_bezwaar_that_was_withdrawn_gets_no_decision(session: Session) -> None:
    case = case_at(session, Phase.BEZWAAR)
    before = len(CaseFile(session, case).letters)
    given = {"uitkomst": "ingetrokken", "motivering": "Hij trok het in.", "gehoord": True}
    take(session, case, "beslis_op_bezwaar", desk(KEES, RECEIVED + 60 * DAY), **given)
    assert len(CaseFile(session, case).letters) == before


# --- the language


def speaks(session: Session, case: Case, language: str) -> None:
    signal = session.get_one(Signal, case.eerste_signaal_id)
    signal.taal = language
    session.add(signal)
    session.flush()


@pytest.mark.parametrize(
    ("signal", "asked", "translated"),
    [("pl", {}, "pl"), ("tr", {}, None), ("", {}, None), ("pl", {"taal": "geen"}, None), ("pl", {"taal": "bg"}, "bg")],
)
def test_the_translation_is_that_of_the_signal_unless_asked_otherwise(
    session: Session, signal: str, asked: dict[str, str], translated: str | None
) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    speaks(session, case, signal)
    take(session, case, "verstuur_aanschrijving", desk(ANNA, RECEIVED + 3 * DAY), **asked)
    reader = PdfReader(io.BytesIO(newest(session, case)))
    assert languages_of(reader) == {"nl", *([translated] if translated else [])}


def test_what_the_handler_wrote_stays_dutch_in_the_translation_and_is_said_to(session: Session) -> None:
    _, made = sent(session, "besluit", motivering="Woont er aantoonbaar.", taal="ro")
    told = plain(read(made))
    assert told.count(plain("Woont er aantoonbaar.")) == 2
    assert told.count(plain(texts("ro")["algemeen"]["eigen_woorden"])) == 1


# --- kept, and looked at beforehand


def test_the_pdf_is_kept_with_its_digest_in_the_transaction_of_the_step(session: Session) -> None:
    case = case_at(session, Phase.BESLUIT)
    sent_letters = session.exec(select(Letter).where(Letter.zaak_id == case.id)).all()
    kept = session.exec(select(LetterFile).order_by(col(LetterFile.brief_id))).all()
    assert [one.brief_id for one in kept] == [one.id for one in sent_letters]
    assert all(one.sha256 == hashlib.sha256(one.pdf).hexdigest() for one in kept)
    assert letters.with_pdf(session, sent_letters) == {1, 2, 3}


def test_the_same_letter_gives_the_same_bytes(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    seen = moves.preview(
        session, case, "verstuur_aanschrijving", desk(ANNA), versie=case.versie, gegevens={"taal": "de"}
    )
    again = moves.preview(
        session, case, "verstuur_aanschrijving", desk(ANNA), versie=case.versie, gegevens={"taal": "de"}
    )
    assert seen == again


def test_a_preview_is_the_letter_marked_and_leaves_nothing(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    before = state(session, case)
    given = {"motivering": "Woont er aantoonbaar.", "taal": "es"}
    seen = moves.preview(session, case, "neem_besluit", desk(CARLA, LATER), versie=case.versie, gegevens=given)
    assert state(session, case) == before
    take(session, case, "neem_besluit", desk(CARLA, LATER), **given)
    real = newest(session, case)
    assert "VOORBEELD" in read(seen) and "EJEMPLO" in read(seen)
    assert "VOORBEELD" not in read(real)
    assert plain(read(seen)).replace("VOORBEELD", "").replace("EJEMPLO", "") == plain(read(real))


def state(session: Session, case: Case) -> list[Any]:
    session.expire_all()
    return [
        case.model_dump(),
        *(one.model_dump() for one in session.exec(select(CaseEvent).where(CaseEvent.zaak_id == case.id))),
        *session.exec(select(Letter.id)),
        *session.exec(select(LetterFile.brief_id)),
        *(term.model_dump() for term in CaseFile(session, case).terms),
    ]


def test_a_preview_is_refused_as_the_step_would_be(session: Session) -> None:
    case = case_at(session, Phase.VOORNEMEN)
    with pytest.raises(Invalid):
        moves.preview(session, case, "neem_besluit", desk(CARLA, LATER), versie=case.versie, gegevens={})
    with pytest.raises(Refused):
        moves.preview(session, case, "neem_besluit", desk(ANNA, LATER), versie=case.versie, gegevens={})


def test_closing_without_a_letter_before_has_nothing_to_show(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    add_source(session, case, desk(ANNA), "bag")
    given = {"resultaat": "niet_vastgesteld", "reden": "x"}
    with pytest.raises(Refused) as error:
        moves.preview(session, case, "sluit_zonder_mutatie", desk(ANNA), versie=case.versie, gegevens=given)
    assert codes(error) == {"geen_brief"}
    session.refresh(case)
    assert case.fase == Phase.VOORONDERZOEK


def test_a_letter_from_before_pdfs_is_not_found_in_a_sentence(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    session.delete(letters.sent(session, case, 1))
    session.flush()
    with pytest.raises(NotFound) as error:
        letters.sent(session, case, 1)
    assert codes(error) == {"brief_zonder_bestand"}
    with pytest.raises(NotFound) as error:
        letters.sent(session, case, 2)
    assert codes(error) == {"brief_onbekend"}


# --- the contact person


@pytest.mark.parametrize(
    ("known", "told", "missing"),
    [
        ({}, "Uw contactpersoon is Anna van Dijk. Noem daarbij", ("telefoonnummer", "e-mailadres")),
        ({"telefoonnummer": "14 024"}, "Dijk. U kunt bellen naar 14 024. Noem", ("e-mailadres",)),
        (
            {"emailadres": "a@nijmegen.example"},
            "Dijk. U kunt mailen naar a@nijmegen.example. Noem",
            ("telefoonnummer",),
        ),
        ({"telefoonnummer": "14 024", "emailadres": "a@nijmegen.example"}, "bellen naar 14 024 of mailen naar a@", ()),
    ],
)
def test_a_letter_names_the_contact_person_with_what_is_known(
    session: Session, known: dict[str, str], told: str, missing: tuple[str, ...]
) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    at_desk = Desk(ANNA, desk(ANNA).now, contact=lambda naam: ContactPerson("Anna van Dijk", **known))
    assert letters.missing_in_letters(session, case, at_desk) == missing
    take(session, case, "verstuur_aanschrijving", at_desk, taal="en")
    pages = PdfReader(io.BytesIO(letters.sent(session, case, 1).pdf)).pages
    text = " ".join(" ".join(page.extract_text() for page in pages).split())
    assert told in text and "Your contact person is Anna van Dijk." in text


def test_who_refuses_a_declaration_in_a_case_without_handler_is_the_contact_person(session: Session) -> None:
    case = new_case(session)
    take(session, case, "registreer_aangifte", desk(ANNA), datum=date(2026, 3, 2).isoformat(), soort="woonadres")
    take(session, case, "weiger_aangifte", desk(CARLA), motivering="woont er niet")
    assert CaseFile(session, case).letters[0].contactpersoon == "carla"
