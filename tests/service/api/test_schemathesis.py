"""Everybody asks every operation whatever its document allows, and what it does not: no fault of ours, no surprise.

Addresses mostly hold a number that really is there, and the bodies of steps and dossier entries the names of real
fields, so that what lies behind a 404 and behind the first refusal is reached too.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import checks
from schemathesis.generation import GenerationMode
from soak import tries
from sqlalchemy import Engine

from service.access import Access
from service.app import create_app
from service.db import session_scope
from service.settings import Settings
from tests import factories
from workflow import moves
from workflow.dossier import KINDS
from workflow.phases import Phase as CasePhase
from workflow.transitions import BY_NAME

from ..conftest import ROTTERDAM
from .conftest import Door

ASKED = 1
"""Times that everybody asks each operation, with what is allowed and once more with what is not."""
CHECKS = [
    checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.missing_required_header,
    checks.allow_header_conformance,
]
AS_MADE = [*CHECKS, checks.negative_data_rejection]
"""Of a question that was left as it was made; with a real number in it, it may no longer be wrong."""
WALKED = (CasePhase.VOORONDERZOEK, CasePhase.HUISBEZOEK, CasePhase.VOORNEMEN, CasePhase.BESLUIT, CasePhase.AFGESLOTEN)
MOSTLY = st.integers(0, 3).map(bool)

days = st.sampled_from(["2026-11-02", "2026-09-01", "1899-12-31", "9999-12-31", "0001-01-01", "2026-02-30", "morgen"])
moments = st.builds("{}T{}".format, days, st.sampled_from(["09:00", "23:59:60", "10:00+14:00", "10:00Z", ""]))
plain = st.one_of(
    days,
    moments,
    st.text(max_size=40),
    st.sampled_from(["ja", "nee", "anders", "brp", "telefoon", "gegeven", "0983", "0599", "anna", "999900018", "1"]),
    st.booleans(),
    st.none(),
    st.integers(-(10**30), 10**30),
    st.floats(allow_nan=False, allow_infinity=False),
)
values = st.one_of(plain, st.lists(plain, max_size=3), st.dictionaries(st.text(max_size=5), plain, max_size=2))


def fields(names: list[str]) -> st.SearchStrategy[dict[str, Any]]:
    """Some of these fields, with anything in them."""
    return st.dictionaries(st.sampled_from(names or ["niets"]), values, max_size=len(names))


steps = st.sampled_from(sorted(BY_NAME)).flatmap(
    lambda name: st.tuples(st.just(name), fields([field.naam for field in BY_NAME[name].fields]))
)
entries = st.sampled_from(sorted(KINDS)).flatmap(
    lambda name: st.tuples(st.just(name), fields([field.naam for field in KINDS[name].velden]))
)


@pytest.fixture
def known(engine: Engine, doors: Mapping[str, Door], loaded: None) -> dict[str, list[Any]]:
    """By the name of a part of an address: what really is there."""
    with session_scope(engine, Access.system()) as session:
        made = (factories.case_at(session, phase, date(2026, 9, 1), gemeentecode=ROTTERDAM) for phase in WALKED)
        walked = [case.zaaknummer for case in made]
    untouched = [each["zaaknummer"] for each in doors["anna"].get("/zaken", aantal=2).json()["items"]]
    loads = [each["ladingnummer"] for each in doors["ulla"].get("/ladingen").json()["items"]]
    told = doors["coen"].post("/terugkoppelingen").json()["terugkoppelingsnummer"]
    return {"zaaknummer": [*walked, *untouched], "ladingnummer": loads, "terugkoppeling": [told], "brief": [1, 2, 3]}


def real_parts(path: str, known: Mapping[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """For each part of this address that has real values: one of them."""
    parts = {name: known[name] for name in ("zaaknummer", "ladingnummer") if f"{{{name}}}" in path}
    if "{nummer}" in path:
        parts["nummer"] = known["terugkoppeling" if path.startswith("/terugkoppelingen") else "brief"]
    return st.fixed_dictionaries({name: st.sampled_from(found) for name, found in parts.items()})


def version_of(engine: Engine, number: str) -> int:
    with session_scope(engine, Access.system(), write=False) as session:
        return moves.find_case(session, number).versie


@pytest.mark.chance
def test_no_question_gets_a_fault_of_ours_or_an_answer_that_is_not_in_the_document(
    settings_of_client: Settings, engine: Engine, tokens: Mapping[str, str], known: dict[str, list[Any]]
) -> None:
    unlimited = settings_of_client.model_copy(update={"requests_per_user": 0, "requests_per_origin": 0})
    schema = schemathesis.openapi.from_asgi("/api/v1/openapi.json", create_app(unlimited, engine))
    answers: Counter[int] = Counter()

    def send(case: schemathesis.Case, checked: list[Any]) -> None:
        for token in tokens.values():
            case.headers["Authorization"] = f"Bearer {token}"
            answers[case.call_and_validate(checks=checked).status_code] += 1

    often = settings(
        max_examples=tries(ASKED), phases=(Phase.generate,), suppress_health_check=list(HealthCheck), database=None
    )
    for operation in (each.ok() for each in schema.get_all_operations()):
        real = real_parts(operation.path, known)
        for mode in GenerationMode:

            @often
            @given(operation.as_strategy(mode), real, MOSTLY)
            def ask(case: schemathesis.Case, parts: dict[str, Any], really: bool) -> None:
                if really:
                    case.path_parameters.update(parts)
                send(case, CHECKS if really and parts else AS_MADE)

            ask()

    number = st.sampled_from(known["zaaknummer"])
    take, record = schema["/zaken/{zaaknummer}/stappen"]["POST"], schema["/zaken/{zaaknummer}/{dossiersoort}"]["POST"]

    @settings(often, max_examples=tries(10 * ASKED))
    @given(take.as_strategy(), number, steps)
    def step(case: schemathesis.Case, zaaknummer: str, asked: tuple[str, dict[str, Any]]) -> None:
        case.path_parameters["zaaknummer"], case.headers = zaaknummer, {}
        case.body = {"stap": asked[0], "versie": version_of(engine, zaaknummer), "gegevens": asked[1]}
        send(case, CHECKS)

    @settings(often, max_examples=tries(10 * ASKED))
    @given(record.as_strategy(), number, entries)
    def entry(case: schemathesis.Case, zaaknummer: str, asked: tuple[str, dict[str, Any]]) -> None:
        case.path_parameters.update({"zaaknummer": zaaknummer, "dossiersoort": asked[0]})
        case.body = asked[1]
        send(case, CHECKS)

    step()
    entry()
    print(dict(answers))
    assert answers.keys() >= {200, 400, 403, 404, 409}
