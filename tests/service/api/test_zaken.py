import threading
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlmodel import col, select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry
from tests import factories
from workflow import case_terms
from workflow.actors import Actor, Desk
from workflow.case_file import CaseFile
from workflow.deadlines import TERMS, Term
from workflow.models import Case, CaseEvent, CaseSignal
from workflow.phases import Phase, Role

from .conftest import Door, first_case, is_problem

CASE = {
    "zaaknummer", "versie", "fase", "aangehouden", "gemeentecode", "herkomst", "leveringsnummer", "signaalnummers",
    "datumOntvangst", "behandelaar", "eersteAntwoord", "resultaat", "ingangsdatum", "termijnen", "gebeurtenissen",
}  # fmt: skip


def test_a_case_has_the_shape_that_scripts_rely_on(doors: dict[str, Door], loaded: None) -> None:
    listed = first_case(doors["anna"])
    assert listed.keys() == CASE
    assert listed["fase"] == "ontvangen"
    assert listed["gemeentecode"] == "0599"
    assert listed["datumOntvangst"] == "2026-07-06"
    assert {"term", "einde", "uitleg", "status"} <= listed["termijnen"][0].keys()
    (opened,) = listed["gebeurtenissen"]
    assert {"stap", "van", "naar", "tijdstip", "door", "grondslag", "gegevens"} <= opened.keys()
    assert opened["stap"] == "ontvang_signaal"
    assert opened["tijdstip"].endswith("Z")
    shown = doors["anna"].get(f"/zaken/{listed['zaaknummer']}").json()
    assert listed.items() <= shown.items()
    assert shown["persoon"]["bsn"].startswith("9999")


def test_another_municipality_has_no_case_here(doors: dict[str, Door], loaded: None) -> None:
    mine = first_case(doors["anna"])["zaaknummer"]
    for path in (f"/zaken/{mine}", f"/zaken/{mine}/stappen", f"/zaken/{mine}/bronnen"):
        is_problem(doors["dirk"].get(path), 404)
    is_problem(doors["dirk"].post(f"/zaken/{mine}/stappen", {"stap": "wijs_toe", "versie": 1}), 404)
    is_problem(doors["dirk"].post(f"/zaken/{mine}/leerpunten", {"soort": "samenwerking"}), 404)
    assert {each["gemeentecode"] for each in doors["dirk"].get("/zaken", aantal=100).json()["items"]} == {"0983"}
    assert doors["dirk"].get("/zaken", gemeentecode="0599").json()["items"] == []
    bsn = doors["anna"].get(f"/zaken/{mine}").json()["persoon"]["bsn"]
    assert len(doors["anna"].post("/zaken/_zoek", {"bsn": bsn}).json()["items"]) == 1
    assert doors["dirk"].post("/zaken/_zoek", {"bsn": bsn}).json()["items"] == []


@pytest.mark.parametrize("who", ["ulla", "coen", "bea", "aad"])
def test_cases_are_for_who_works_on_them(doors: dict[str, Door], loaded: None, who: str) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    for path in ("/zaken", f"/zaken/{number}", f"/zaken/{number}/stappen", f"/zaken/{number}/contacten"):
        is_problem(doors[who].get(path), 403)
    is_problem(doors[who].post("/zaken/_zoek", {"signaalnummer": "S1"}), 403)


def test_what_uwv_pays_is_for_handlers_only(doors: dict[str, Door], loaded: None) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    handler, visitor = (doors[who].get(f"/zaken/{number}").json()["signalen"][0] for who in ("anna", "bram"))
    assert handler["datumVanaf"] is not None
    assert visitor["datumVanaf"] is None
    assert visitor["werkgever"] is None


def test_lists_go_on_where_they_stopped(doors: dict[str, Door], loaded: None) -> None:
    for sort in ("termijn", "-termijn", "datumOntvangst", "-datumOntvangst", "zaaknummer", "-zaaknummer"):
        whole = [each["zaaknummer"] for each in doors["anna"].get("/zaken", aantal=100, sorteer=sort).json()["items"]]
        found: list[str] = []
        cursor: str | None = None
        while True:
            page = doors["anna"].get("/zaken", aantal=7, sorteer=sort, **({"na": cursor} if cursor else {})).json()
            found += [each["zaaknummer"] for each in page["items"]]
            cursor = page["volgende"]
            if cursor is None:
                break
        assert found == whole
        assert len(whole) > 14
    for broken in ("onzin", "W10", cursor_of_another_sort(doors["anna"])):
        is_problem(doors["anna"].get("/zaken", na=broken, sorteer="termijn"), 400)


def test_filters_choose(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    number = first_case(anna)["zaaknummer"]
    anna.post(f"/zaken/{number}/stappen", {"stap": "wijs_toe", "versie": 1, "gegevens": {}})
    anna.post(f"/zaken/{number}/terugbelverzoeken", {"telefoonnummer": "0612345678"})
    anna.post(f"/zaken/{number}/stappen", {"stap": "houd_aan", "versie": 2, "gegevens": {"reden": "wacht"}})
    for one in ({"behandelaar": "anna"}, {"aangehouden": True}, {"terugbelverzoek": True}):
        assert [each["zaaknummer"] for each in anna.get("/zaken", **one).json()["items"]] == [number]
    assert anna.get("/zaken", resultaat="overleden").json()["items"] == []
    assert anna.get("/zaken", leveringsnummer="LRNI-2026-08").json()["items"] == []
    assert anna.get("/zaken", termijnVoor="2026-07-01").json()["items"] == []
    assert anna.get("/zaken", termijnVoor="2026-12-01").json()["items"] != []
    assert anna.get("/zaken", fase=["vooronderzoek", "besluit"]).json()["items"] == []


def test_searching_takes_one_way_at_a_time(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    number = first_case(anna)["zaaknummer"]
    case = anna.get(f"/zaken/{number}").json()
    person, address = case["persoon"], case["adressen"][0]
    ways = (
        {"bsn": person["bsn"]},
        {"geslachtsnaam": person["geslachtsnaam"].upper(), "geboortedatum": person["geboortedatum"]},
        {"signaalnummer": case["signaalnummers"][0]},
        {"postcode": address["postcode"], "huisnummer": address["huisnummer"]},
    )
    for way in ways:
        if all(way.values()):
            found = [each["zaaknummer"] for each in anna.post("/zaken/_zoek", way).json()["items"]]
            assert number in found, way
    for way in ({}, {"geslachtsnaam": "Jansen"}, {"postcode": "3011AA"}, ways[0] | ways[2]):
        is_problem(anna.post("/zaken/_zoek", way), 400)


def test_an_untouched_case_tells_how_it_was_opened_though_nothing_of_it_is_a_row(
    doors: dict[str, Door], loaded: None, engine: Engine
) -> None:
    listed = first_case(doors["anna"])
    case = doors["anna"].get(f"/zaken/{listed['zaaknummer']}").json()
    (event,) = case["gebeurtenissen"]
    assert (event["stap"], event["van"], event["naar"], event["rol"]) == (
        "ontvang_signaal",
        None,
        "ontvangen",
        "systeem",
    )
    assert event["vastgelegdOp"] == event["tijdstip"][:10] and event["gegevens"] == {} and event["door"]
    assert [each["signaalnummer"] for each in case["signalen"]] == case["signaalnummers"] == listed["signaalnummers"]
    assert len(case["signalen"]) == 1
    (found,) = doors["anna"].post("/zaken/_zoek", {"signaalnummer": case["signaalnummers"][0]}).json()["items"]
    assert found["gebeurtenissen"] == listed["gebeurtenissen"] == [event]
    with session_scope(engine, Access.system(), write=False) as session:
        mine = select(Case.id).where(Case.zaaknummer == case["zaaknummer"])
        for table in (CaseEvent, CaseSignal):
            assert not session.exec(select(table).where(col(table.zaak_id).in_(mine))).all()


def test_steps_say_whether_they_may_be_taken_and_what_they_ask(doors: dict[str, Door], loaded: None) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    steps = {each["stap"]: each for each in doors["anna"].get(f"/zaken/{number}/stappen").json()["items"]}
    assert steps["wijs_toe"]["mag"] is True
    assert steps["neem_besluit"]["mag"] is False
    assert {"code", "uitleg"} == steps["neem_besluit"]["belemmeringen"][0].keys()
    assert {"naam", "soort", "verplicht", "keuzes"} <= steps["draag_over"]["velden"][0].keys()


def test_a_step_is_taken_once_and_a_stale_one_is_told_what_changed(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    path = f"/zaken/{first_case(anna)['zaaknummer']}/stappen"
    step = {"stap": "wijs_toe", "versie": 1, "gegevens": {}}
    taken = anna.post(path, step, key="toewijzen")
    assert taken.status_code == 201, taken.text
    assert (taken.json()["behandelaar"], taken.json()["versie"]) == ("anna", 2)
    assert anna.post(path, step, key="toewijzen").json() == taken.json()
    stale = is_problem(anna.post(path, step), 409)
    assert stale["belemmeringen"][0]["code"] == "versie_verouderd"
    assert "wijs_toe" in stale["belemmeringen"][0]["uitleg"]
    other = is_problem(anna.post(path, step | {"versie": 2}, key="toewijzen"), 400)
    assert other["errors"][0]["code"] == "sleutel_hergebruikt"


def test_a_step_that_may_not_be_taken_is_409_before_its_fields_are_read(doors: dict[str, Door], loaded: None) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    path = f"/zaken/{number}/stappen"
    blocked = is_problem(doors["anna"].post(path, {"stap": "neem_besluit", "versie": 1, "gegevens": {"x": 1}}), 409)
    assert {each["code"] for each in blocked["belemmeringen"]} >= {"fase_past_niet", "rol_ontbreekt"}
    invalid = is_problem(doors["anna"].post(path, {"stap": "houd_aan", "versie": 1, "gegevens": {}}), 400)
    assert invalid["errors"][0]["location"] == {"pointer": "/gegevens/reden"}
    is_problem(doors["anna"].post(path, {"stap": "onzin", "versie": 1}), 404)
    after = doors["anna"].get(f"/zaken/{number}").json()
    assert (after["versie"], len(after["gebeurtenissen"])) == (1, 1)


def test_a_refused_step_stays_in_the_log_and_changes_nothing(
    doors: dict[str, Door], loaded: None, engine: Engine
) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    path = f"/zaken/{number}/stappen"
    is_problem(doors["anna"].post(path, {"stap": "neem_besluit", "versie": 1}, key="besluit"), 409)
    is_problem(doors["anna"].post(path, {"stap": "houd_aan", "versie": 1, "gegevens": {}}), 400)
    is_problem(doors["anna"].post(path, {"stap": "999900018", "versie": 1}), 404)
    is_problem(doors["dirk"].post(path, {"stap": "houd_aan", "versie": 1}), 404)
    with session_scope(engine, Access.system(), write=False) as session:
        entries = session.exec(select(AuditEntry).where(AuditEntry.object == number)).all()
    assert [(each.actor, each.actie, each.resultaat, each.gemeentecode) for each in entries] == [
        ("anna", "stap_neem_besluit", "geweigerd", "0599"),
        ("anna", "stap_houd_aan", "geweigerd", "0599"),
    ]
    assert doors["anna"].get(f"/zaken/{number}").json()["versie"] == 1


def test_the_receiver_of_a_hand_over_sees_its_signal_and_nobody_else_does(doors: dict[str, Door], loaded: None) -> None:
    anna, dirk = doors["anna"], doors["dirk"]
    number = first_case(anna)["zaaknummer"]
    (signal,) = anna.get(f"/zaken/{number}").json()["signaalnummers"]
    assert dirk.post("/zaken/_zoek", {"signaalnummer": signal}).json()["items"] == []
    anna.post(f"/zaken/{number}/stappen", {"stap": "wijs_toe", "versie": 1})
    handed = {"stap": "draag_over", "versie": 2, "gegevens": {"gemeentecode": "0983"}}
    assert anna.post(f"/zaken/{number}/stappen", handed).status_code == 201

    (found,) = dirk.post("/zaken/_zoek", {"signaalnummer": signal}).json()["items"]
    assert found["gemeentecode"] == "0983"
    assert found["signaalnummers"] == [signal]
    received = dirk.get(f"/zaken/{found['zaaknummer']}").json()
    assert [each["signaalnummer"] for each in received["signalen"]] == [signal]
    (mine,) = anna.post("/zaken/_zoek", {"signaalnummer": signal}).json()["items"]
    assert mine["zaaknummer"] == number
    listed = {each["zaaknummer"]: each["signaalnummers"] for each in dirk.get("/zaken", aantal=100).json()["items"]}
    assert listed[found["zaaknummer"]] == [signal]
    is_problem(dirk.get(f"/zaken/{number}"), 404)


def test_a_term_that_stands_still_is_not_due_before_a_day(doors: dict[str, Door], engine: Engine) -> None:
    with session_scope(engine, Access.system()) as session:
        case = factories.case_at(session, Phase.INLICHTINGEN, gemeentecode="0599")
        factories.take(session, case, "houd_aan", _handler(case), reden="wacht op de verhuurder")
        held = min(term.einde for term in CaseFile(session, case).terms if TERMS[Term(term.term)].held)
        for term in CaseFile(session, case).terms:
            if not TERMS[Term(term.term)].held and term.beeindigd_op is None:
                term.einde = held + timedelta(days=30)
                session.add(term)
        session.flush()
        case_terms.keep_first(CaseFile(session, case))
    before = {"termijnVoor": (held + timedelta(days=1)).isoformat()}
    assert doors["anna"].get("/zaken", **before).json()["items"] == []
    later = {"termijnVoor": (held + timedelta(days=31)).isoformat()}
    assert [each["zaaknummer"] for each in doors["anna"].get("/zaken", **later).json()["items"]] == [case.zaaknummer]


def _handler(case: Case) -> Desk:
    return factories.desk(factories.person("anna", Role.BEHANDELAAR, code=case.gemeentecode), date(2026, 3, 9))


def test_four_at_once_take_a_step_once(doors: dict[str, Door], loaded: None) -> None:
    anna = doors["anna"]
    path = f"/zaken/{first_case(anna)['zaaknummer']}/stappen"
    answers: list[int] = []

    def take() -> None:
        answers.append(anna.post(path, {"stap": "wijs_toe", "versie": 1, "gegevens": {}}).status_code)

    racers = [threading.Thread(target=take) for _ in range(4)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(answers) == [201, 409, 409, 409]


def test_a_step_and_its_audit_entry_are_written_together(doors: dict[str, Door], loaded: None, engine: Engine) -> None:
    number = first_case(doors["anna"])["zaaknummer"]
    doors["anna"].post(f"/zaken/{number}/stappen", {"stap": "wijs_toe", "versie": 1})
    with session_scope(engine, Access.system(), write=False) as session:
        (entry,) = session.exec(select(AuditEntry).where(AuditEntry.object == number))
    assert (entry.actor, entry.actie, entry.resultaat) == ("anna", "stap_wijs_toe", "gelukt")
    assert (entry.herkomst, entry.gemeentecode) == ("api testclient", "0599")


ENTRIES: dict[str, dict[str, Any]] = {
    "contacten": {"soort": "contactpoging", "kanaal": "telefoon", "richting": "uitgaand", "resultaat": "geen gehoor"},
    "terugbelverzoeken": {"telefoonnummer": "0612345678", "toelichting": "na vijven"},
    "bronnen": {"soort": "brp", "datum": "2026-11-02", "bevinding": "niet ingeschreven", "gevorderd": False},
    "huisbezoeken": {
        "begin": "2026-11-02T09:00",
        "einde": "2026-11-02T09:20",
        "bezoekers": ["Bram"],
        "opengedaan": True,
        "gelegitimeerd": True,
        "doelGemeld": True,
        "toestemming": "geweigerd",
        "binnengetreden": False,
        "bevindingen": "niet binnen geweest",
    },
    "leerpunten": {"soort": "signaal_verouderd"},
    "bijvangst": {"omschrijving": "woning in gebruik als kantoor"},
    "rectificaties": {
        "gevraagdOp": "2026-10-12",
        "betreft": "Het verslag noemt een verkeerde verdieping.",
        "uitkomst": "verbeterd",
        "toelichting": "Het was de derde verdieping.",
        "meegedeeldOp": "2026-10-20",
    },
}


@pytest.mark.parametrize("kind", ENTRIES)
def test_the_dossier_takes_its_entries(doors: dict[str, Door], loaded: None, kind: str) -> None:
    path = f"/zaken/{first_case(doors['anna'])['zaaknummer']}/{kind}"
    added = doors["anna"].post(path, ENTRIES[kind])
    assert added.status_code == 201, added.text
    assert doors["anna"].get(path).json() == {"items": [added.json()], "volgende": None}
    assert added.json()["door"] == "anna"
    faulty = is_problem(doors["anna"].post(path, {"onzin": "999900018"}), 400)
    assert "999900018" not in str(faulty)


def test_an_entry_that_is_sent_again_with_its_key_is_there_once(doors: dict[str, Door], loaded: None) -> None:
    path = f"/zaken/{first_case(doors['anna'])['zaaknummer']}/leerpunten"
    first, again = (doors["anna"].post(path, ENTRIES["leerpunten"], key="een-keer") for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json()) == (201, again.json())
    assert len(doors["anna"].get(path).json()["items"]) == 1
    other = {"soort": "samenwerking"}
    is_problem(doors["anna"].post(path, other, key="een-keer"), 400)


def test_a_case_that_nobody_may_see_is_not_counted(engine: Engine, loaded: None) -> None:
    nobody = Access.of(Actor("niemand"))
    with session_scope(engine, nobody, write=False) as session:
        assert session.exec(select(Case.id)).all() == []


def cursor_of_another_sort(door: Door) -> str:
    cursor: str = door.get("/zaken", aantal=1, sorteer="zaaknummer").json()["volgende"]
    return cursor
