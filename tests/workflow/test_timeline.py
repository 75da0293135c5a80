"""The timeline of a case tells of everything that is in its dossier, once, in the order in which it happened."""

from collections.abc import Mapping, Sequence
from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import event
from sqlmodel import Session

from tests.factories import (
    ANNA,
    BRAM,
    NIJMEGEN,
    RECEIVED,
    ZONE,
    add_source,
    at,
    case_at,
    desk,
    new_case,
    take,
)
from workflow import dossier, prepared_letters, timeline
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, CaseEvent, OfCase, ReceivedPart
from workflow.phases import Phase
from workflow.timeline import Happened
from workflow.visit_models import PlannedVisit, VisitStatus
from workflow.visit_planning import cancel, concerning

YEAR_LATER = RECEIVED + timedelta(days=365)


def on(day: int, hour: int = 10) -> Desk:
    return desk(ANNA, RECEIVED + timedelta(days=day), hour)


def plainly(code: object) -> str:
    return str(code).replace("_", " ")


def entries(session: Session, case: Case) -> Mapping[str, Sequence[OfCase]]:
    return {word: dossier.entries(CaseFile(session, case), word) for word in dossier.KINDS}


def told(session: Session, case: Case, today: date = YEAR_LATER, at_desk: Desk | None = None) -> list[Happened]:
    session.flush()
    at_desk = at_desk or desk(ANNA, today)
    file = CaseFile(session, case)
    received = [(part, "Venlo") for part in file.received]
    parts = timeline.gather(file, at_desk, entries(session, case), received)
    return timeline.timeline(parts, plainly, today, ZONE)


def sentences(lines: Sequence[Happened], soort: str = "") -> list[str]:
    return [one.zin for one in timeline.chosen(lines, soort)]


def test_a_case_that_was_walked_to_its_end_tells_every_step_and_letter_and_term(session: Session) -> None:
    case = case_at(session, Phase.AFGESLOTEN)
    lines = told(session, case)
    steps = [one.bij.stap for one in reversed(lines) if one.bij]
    assert steps == [one.stap for one in CaseFile(session, case).events]
    assert sentences(lines, "brieven") == ["Brief 3, besluit: verstuurd", "Brief 2, voornemen: verstuurd",
                                           "Brief 1, aanschrijving: verstuurd"]  # fmt: skip
    begun = [each for each in sentences(lines, "termijnen") if "begonnen" in each]
    assert len(begun) == len(CaseFile(session, case).terms)
    assert lines[0].dag >= lines[-1].dag == RECEIVED
    assert timeline.counts(lines) == {
        soort: len(sentences(lines, soort)) for soort in timeline.KINDS if sentences(lines, soort)
    }
    assert sum(timeline.counts(lines).values()) == len(lines)


def test_what_followed_from_a_step_stands_below_it(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    day = RECEIVED + timedelta(days=3)
    lines = [one for one in told(session, case, day) if one.dag == day]
    assert [(one.soort, one.zin) for one in lines][:3] == [
        ("stappen", "Verstuur de aanschrijving"),
        ("stappen", "Start het onderzoek"),
        ("brieven", "Brief 1, aanschrijving: verstuurd"),
    ]
    assert "termijnen" in {one.soort for one in lines[3:]}


def test_what_is_recorded_later_stands_on_the_day_that_it_happened(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    late = {"soort": "buren", "bevinding": "Zag hem.", "datum": (RECEIVED + timedelta(days=4)).isoformat()}
    dossier.add(session, case, "bronnen", on(9), late)
    called = {
        "soort": "contactmoment",
        "kanaal": "telefoon",
        "tijdstip": at(RECEIVED + timedelta(days=2), 15).isoformat(),
    }
    dossier.add(session, case, "contacten", on(9), called)
    lines = told(session, case, RECEIVED + timedelta(days=9))
    source = next(one for one in lines if one.zin == "Bron: buren")
    assert (source.dag, source.wanneer) == (RECEIVED + timedelta(days=4), None)
    contact = next(one for one in lines if one.soort == "contact")
    assert contact.wanneer == at(RECEIVED + timedelta(days=2), 15)
    assert contact.zin == "Contactmoment: telefoon, uitgaand"
    days = [one.dag for one in lines]
    assert days == sorted(days, reverse=True)


ENTRIES: Mapping[str, tuple[Mapping[str, Any], str, str]] = {
    "bronnen": ({"soort": "bag", "bevinding": "Woonfunctie."}, "dossier", "Bron: bag"),
    "contacten": ({"soort": "contactpoging", "kanaal": "brief"}, "contact", "Contactpoging: brief, uitgaand"),
    "terugbelverzoeken": ({"telefoonnummer": "0612345678"}, "contact", "Vraagt om te worden teruggebeld"),
    "documenten": (
        {"omschrijving": "Huurcontract", "soort": "bewijs", "datum": "2020-01-01"}, "dossier", "Document: Huurcontract",
    ),
    "leerpunten": ({"soort": "samenwerking"}, "dossier", "Leerpunt: samenwerking"),
    "rectificaties": (
        {"gevraagdOp": "2026-03-08", "betreft": "Naam.", "uitkomst": "afgewezen", "toelichting": "Klopt.",
         "meegedeeldOp": "2026-03-09"},
        "dossier", "Verzoek om rectificatie van 8 maart 2026: afgewezen",
    ),
    "bijvangst": ({"omschrijving": "Fietsen."}, "dossier", "Bijvangst"),
    "inlichtingenverzoeken": (
        {"ontvanger": "verhuurder", "naam": "Kamers bv", "straat": "Markt 1", "postcode": "6511AA",
         "plaats": "Nijmegen", "vragen": "Wie huurt er?", "uiterlijk": "2026-03-25"},
        "dossier", "Inlichtingen gevraagd: verhuurder",
    ),
    "huisbezoeken": (
        {"begin": "2026-03-09T18:00", "einde": "2026-03-09T18:20", "opengedaan": "nee", "gelegitimeerd": "nee",
         "doelGemeld": "nee", "toestemming": "niet_gevraagd", "binnengetreden": "nee", "bezoekers": "bram"},
        "bezoeken", "Huisbezoek 1: niemand deed open",
    ),
}  # fmt: skip


@pytest.mark.parametrize("word", ENTRIES)
def test_every_kind_of_entry_has_a_line_that_leads_to_it(session: Session, word: str) -> None:
    asked, soort, zin = ENTRIES[word]
    case = case_at(session, Phase.HUISBEZOEK)
    row: Any = dossier.add(session, case, word, on(8, 20) if word == "huisbezoeken" else on(8), asked)
    lines = [one for one in told(session, case, RECEIVED + timedelta(days=8)) if one.plek == f"#{word}-{row.id}"]
    assert [(one.soort, one.zin, one.door) for one in lines] == [(soort, zin, "anna")]


def test_every_kind_of_entry_is_tried_but_the_one_that_needs_an_answer() -> None:
    assert dossier.KINDS.keys() - ENTRIES.keys() == {"walaa-vastleggingen"}


def test_what_was_entered_in_walaa_is_told(session: Session) -> None:
    case = case_at(session, Phase.AFGESLOTEN)
    answer = case.eerste_antwoord
    assert answer
    dossier.add(session, case, "walaa-vastleggingen", on(43), {"antwoord": answer.value, "datum": "2026-04-10"})
    assert f"In WALAA gezet: {plainly(answer)}" in sentences(told(session, case), "dossier")


def test_a_call_that_was_returned_and_a_task_that_was_seen_are_lines_of_their_own(session: Session) -> None:
    case = case_at(session, Phase.AANSCHRIJVING)
    row: Any = dossier.add(session, case, "terugbelverzoeken", on(4), {"telefoonnummer": "0612345678"})
    dossier.call_back_done(session, case, row.id, on(6))
    take(session, case, "registreer_retour", on(7), brief="1", datum="2026-03-09")
    (task,) = [one for one in CaseFile(session, case).tasks if one.soort == "brief_retour"]
    assert "#taken-titel" in {one.plek for one in told(session, case) if one.soort == "taken"}
    assert task.id
    dossier.finish_task(session, case, task.id, on(8))
    lines = told(session, case)
    assert sentences(lines, "contact") == ["Teruggebeld", "Vraagt om te worden teruggebeld"]
    seen, made = [one for one in lines if one.zin.startswith("Taak brief retour")]
    assert (seen.zin, seen.door, seen.dag) == ("Taak brief retour: gezien", "anna", RECEIVED + timedelta(days=8))
    assert made.toelichting == task.uitleg
    assert "Brief 1, aanschrijving: kwam retour" in sentences(lines, "brieven")


def test_a_letter_that_was_made_and_taken_away_again_is_told(session: Session) -> None:
    case = case_at(session, Phase.VOORONDERZOEK)
    asked = {"versie": case.versie, "gegevens": {}}
    row = prepared_letters.prepare(session, case, "verstuur_aanschrijving", on(3), **asked)
    name = "Brief 1 voor de stap Verstuur de aanschrijving"
    (ready,) = timeline.chosen(told(session, case), "brieven")
    assert (ready.zin, ready.plek) == (f"{name}: klaargezet voor de post", "/post")
    prepared_letters.remove(session, row, on(3))
    assert sentences(told(session, case), "brieven") == [
        f"{name}: weggehaald, niet verstuurd",
        f"{name}: klaargezet voor de post",
    ]


def planned(session: Session, case: Case, day: int, key: str | None = None) -> PlannedVisit:
    visit = PlannedVisit(
        gemeentecode=NIJMEGEN,
        dag=RECEIVED + timedelta(days=day + 2),
        begin=time(18),
        einde=time(20),
        huisnummer=1,
        adressleutel=key or case.adressleutel,
        veiligheid="geen",
        gepland_door="bram",
        gepland_op=at(RECEIVED + timedelta(days=day)),
    )
    session.add(visit)
    session.flush()
    return visit


def test_a_planned_visit_is_told_to_who_may_open_it_and_also_when_it_was_called_off(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    visit = planned(session, case, 7)
    today = RECEIVED + timedelta(days=7)
    cancel(session, visit, desk(BRAM, today), visit.versie, {"reden": "Ziek."})
    assert visit.status == VisitStatus.VERVALLEN
    (line,) = timeline.chosen(told(session, case, today), "bezoeken")
    assert line.zin == "Huisbezoek gepland op 11 maart 2026, 18.00–20.00 uur"
    assert (line.door, line.plek, line.toelichting) == ("bram", f"/bezoeken/{visit.id}", "Ging niet door: Ziek.")


def test_a_visit_concerns_a_case_as_long_as_its_person_is_looked_for_there(session: Session) -> None:
    case = case_at(session, Phase.INLICHTINGEN)
    there = case.adressleutel
    first = planned(session, case, 6)
    new = {"postcode": "6511AA", "huisnummer": "9", "straatnaam": "Markt", "woonplaats": "Nijmegen", "bron": "buren"}
    take(session, case, "wijzig_adres", on(10), **new)
    later = planned(session, case, 12, there)
    now = planned(session, case, 13)
    before = PlannedVisit(**{**now.model_dump(exclude={"id"}), "dag": RECEIVED + timedelta(days=1), "begin": time(9)})
    session.add(before)
    session.flush()
    found = concerning(session, CaseFile(session, case), RECEIVED + timedelta(days=14))
    assert [each.id for each in found] == [first.id, now.id]
    assert later.id and before.id


def test_a_part_that_came_with_a_hand_over_says_from_where(session: Session) -> None:
    case = new_case(session)
    own = {"zaak_id": case.id, "gemeentecode": case.gemeentecode, "vastgelegd_op": RECEIVED, "door": "dirk"}
    part = ReceivedPart(
        **own, tijdstip=at(RECEIVED), sleutel="Z-1/bron:1", soort="bron", datum=date(2026, 2, 1), omschrijving="bag",
        van_gemeente="0983", vastgelegd_door="Dirk",
    )  # fmt: skip
    session.add(part)
    (line,) = timeline.chosen(told(session, case), "overdracht")
    assert (
        line.zin == "Ontvangen bij overdracht: bag"
        and line.toelichting == "van gemeente Venlo, daar van 1 februari 2026"
    )


def test_a_term_that_nobody_made_is_told_on_the_day_it_ran_out(session: Session) -> None:
    case = new_case(session)
    ran_out = [one for one in told(session, case) if one.zin.endswith("verstreken")]
    assert ran_out and all(one.dag > RECEIVED and not one.door for one in ran_out)
    assert not [one for one in told(session, case, RECEIVED) if one.zin.endswith("verstreken")]


def test_a_kind_that_does_not_exist_shows_everything(session: Session) -> None:
    lines = told(session, case_at(session, Phase.AANSCHRIJVING))
    assert timeline.chosen(lines, "verzonnen") == lines
    assert 0 < len(timeline.chosen(lines, "brieven")) < len(lines)


def test_however_much_happened_it_takes_as_many_statements(session: Session) -> None:
    case = case_at(session, Phase.HUISBEZOEK)
    few = _statements(session, case)
    for number in range(200):
        own = {"zaak_id": case.id, "gemeentecode": case.gemeentecode, "vastgelegd_op": RECEIVED, "door": "anna"}
        session.add(
            CaseEvent(
                **own, tijdstip=at(RECEIVED), volgnummer=100 + number, stap="wijs_toe", naar=case.fase, rol="",
                grondslag="", procedure="1",
            )
        )  # fmt: skip
        add_source(session, case, on(6), "bag")
    many = _statements(session, case)
    assert many <= few


def _statements(session: Session, case: Case) -> int:
    """That it takes beside what the page of a case read already."""
    session.flush()
    file, rows, seen = CaseFile(session, case), entries(session, case), []
    _ = file.events, file.letters, file.terms, file.tasks, file.aangiften, file.addresses

    def note(*_: object) -> None:
        seen.append(1)

    connection = session.connection()
    event.listen(connection, "before_cursor_execute", note)
    try:
        parts = timeline.gather(file, on(20), rows)
        lines = timeline.timeline(parts, plainly, YEAR_LATER, ZONE)
    finally:
        event.remove(connection, "before_cursor_execute", note)
    assert len(lines) > len(file.events)
    assert len(seen) <= 5
    return len(seen)
