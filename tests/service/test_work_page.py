"""Work that is asked on a page and done outside the request: made once, however often it is asked, and followed."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy import Engine
from sqlmodel import Session, col, func, select

from exports import feedback_2026_1 as feedback
from exports.models import FeedbackDelivery, FeedbackFile
from service import posting, sessie_packs, work
from service.access import Access, access_of
from service.app import create_app
from service.db import session_scope
from service.identity import accounts
from service.identity.accounts import desk_of
from service.models import AuditEntry, Work, WorkKind, WorkState
from service.pages import feedback as feedback_page
from service.settings import Settings
from service.work_signs import Progress, signs_of
from service.workers import worker
from service.workers.hands import Hands
from service.workers.hands import _process as hands_process
from tests import factories
from tests.service import long_work
from tests.service.conftest import NOW, ROTTERDAM, Template, access
from tests.service.log.log_walk import Walk
from workflow import moves, prepared_letters, sessies
from workflow.actors import Desk
from workflow.models import Case, CaseEvent, PreparedLetter
from workflow.phases import Role
from workflow.sessie_models import SessiePakket, SessiePakketBestand

ROWS = 3
LETTER = "verstuur_aanschrijving"
TODAY = NOW.date()


class Asked:
    """A service of which nobody does the work but the test, and who asks for it in a browser."""

    def __init__(self, client: TestClient, settings: Settings, engine: Engine, template: Template) -> None:
        self.settings, self.engine = settings, engine
        self._walk = Walk(client, engine, template.tokens)
        self._client = client

    def post(self, name: str, path: str, **sent: Any) -> Response:
        return self._walk.ask(name, f"POST {path}", sent, None, {})

    def get(self, name: str, path: str) -> Response:
        return self._walk.ask(name, f"GET {path}", None, None, {})

    def again_by_itself(self, name: str, path: str) -> Response:
        """As the part of the page that asks for itself."""
        self._client.headers["HX-Request"] = "true"
        try:
            return self.get(name, path)
        finally:
            del self._client.headers["HX-Request"]

    def done(self) -> Work:
        """The work that waits, done."""
        return long_work.done(self.engine, self.settings)

    def count(self, kind: type[Any]) -> int:
        with session_scope(self.engine, Access.system(), write=False) as session:
            return int(session.exec(select(func.count()).select_from(kind)).one())

    def logged(self, actie: str) -> list[tuple[str, str]]:
        with session_scope(self.engine, Access.system(), write=False) as session:
            mine = select(AuditEntry).where(AuditEntry.actie == actie).order_by(col(AuditEntry.id))
            return [(entry.actor, entry.resultaat) for entry in session.exec(mine)]


@pytest.fixture
def asked(settings: Settings, engine: Engine, template: Template, monkeypatch: pytest.MonkeyPatch) -> Iterator[Asked]:
    monkeypatch.setattr(Settings, "now", lambda self: NOW)
    monkeypatch.setattr("service.app._helpers", lambda app, settings, with_clock: [])
    with TestClient(create_app(settings, engine)) as client:
        yield Asked(client, settings, engine, template)


@pytest.fixture
def due(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Three rows to tell, which is much here."""
    monkeypatch.setattr(feedback_page, "MANY", ROWS - 1)
    with session_scope(engine, Access.system()) as session:
        for bsn in ("999990019", "999990020", "999990032"):
            case = factories.new_case(session, TODAY, ROTTERDAM, bsn=bsn)
            desk = factories.desk(factories.person("anna", Role.BEHANDELAAR, code=ROTTERDAM), TODAY)
            factories.take(session, case, "wijs_toe", desk)
            factories.take(session, case, "niet_oppakken", desk, reden="capaciteit")


def place(answer: Response) -> str:
    assert answer.status_code == 303, answer.text[:2000]
    return str(answer.headers["location"])


def test_much_feedback_is_made_once_outside_the_request(asked: Asked, due: None) -> None:
    page = place(asked.post("coen", "/terugkoppelingen", formulier="a"))
    assert re.fullmatch(r"/werk/\d+", page)
    assert place(asked.post("coen", "/terugkoppelingen", formulier="a")) == page, "the same form again"
    assert place(asked.post("coen", "/terugkoppelingen", formulier="b")) == page, "the page opened anew"
    assert asked.count(Work) == 1 and asked.count(FeedbackDelivery) == 0
    shown = asked.get("coen", page).text
    assert "Wacht op" in shown and f'hx-get="{page}" hx-trigger="every 2s"' in shown
    assert '<noscript><meta http-equiv="refresh" content="2"></noscript>' in shown
    assert f'href="{page}"' in asked.get("coen", "/terugkoppelingen").text
    held = long_work.taken(asked.engine, asked.settings)
    signs_of(asked.engine, asked.settings).tell(held, Progress(2, 2 * ROWS, 1))
    shown = asked.get("coen", page).text
    assert "2 van 6 regels geschreven" in shown and 'value="2" max="6"' in shown
    with session_scope(asked.engine, Access.system()) as session:
        work.put_back(session, session.get_one(Work, held.id), counts=False)
    done = asked.done()
    assert done.staat == WorkState.KLAAR and done.uitkomst == "TK-2026-0001"
    led = "/terugkoppelingen/TK-2026-0001?gedaan=gemaakt"
    assert place(asked.get("coen", page)) == led
    assert asked.again_by_itself("coen", page).headers["HX-Redirect"] == led
    assert asked.get("coen", led).status_code == 200
    assert asked.count(FeedbackDelivery) == 1 and asked.count(FeedbackFile) == 2
    assert asked.logged("terugkoppeling_gemaakt") == [("coen", "gelukt")]


def test_its_page_is_for_who_may_ask_for_such_work(asked: Asked, due: None) -> None:
    page = place(asked.post("coen", "/terugkoppelingen", formulier="a"))
    for name in ("anna", "ulla", "bea"):
        assert asked.get(name, page).status_code == 404
        assert asked.post(name, f"{page}/stopzettingen").status_code == 404
    assert asked.get("coen", "/werk/999").status_code == 404


def test_stopped_work_makes_nothing_and_can_be_asked_again(asked: Asked, due: None) -> None:
    page = place(asked.post("coen", "/terugkoppelingen", formulier="a"))
    assert place(asked.post("coen", f"{page}/stopzettingen")) == page
    assert "Wordt gestopt" in asked.get("coen", page).text
    with session_scope(asked.engine, Access.system(), write=False) as session:
        (waiting,) = work.unfinished(session)
    assert Hands(asked.settings, asked.engine).settle(waiting).staat == WorkState.GESTOPT
    shown = asked.get("coen", page).text
    assert "Er is geen terugkoppeling gemaakt." in shown
    assert asked.again_by_itself("coen", page).headers["HX-Refresh"] == "true"
    assert asked.logged("werk_gestopt") == [("coen", "gelukt")]
    assert place(asked.post("coen", "/terugkoppelingen", formulier="c")) != page
    assert asked.done().staat == WorkState.KLAAR


def test_a_refusal_is_told_on_the_page(asked: Asked, due: None) -> None:
    first = place(asked.post("coen", "/terugkoppelingen", formulier="a"))
    with session_scope(asked.engine, Access.system()) as session:
        assert feedback.make(session, door="coen", now=NOW, production=False)
    done = asked.done()
    assert done.staat == WorkState.MISLUKT
    assert "nog niet verzonden" in asked.get("coen", first).text
    assert asked.logged("terugkoppeling_gemaakt") == [("coen", "geweigerd")]


def test_work_that_breaks_half_way_leaves_nothing(asked: Asked, due: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed between making and writing that it is made: both are one transaction."""
    asked.post("coen", "/terugkoppelingen", formulier="a")
    held = long_work.taken(asked.engine, asked.settings)
    assert held.id is not None

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError

    with monkeypatch.context() as patched:
        patched.setattr(work, "finish", broken)
        with pytest.raises(RuntimeError):
            worker.run_one(asked.settings, asked.engine, held.id, str(held.uitvoerder))
    assert asked.count(FeedbackDelivery) == 0
    with session_scope(asked.engine, Access.system()) as session:
        assert work.put_back(session, held)
    assert asked.done().uitkomst == "TK-2026-0001"
    assert asked.count(FeedbackDelivery) == 1


def test_who_lost_the_role_meanwhile_makes_nothing(asked: Asked, due: None) -> None:
    asked.post("coen", "/terugkoppelingen", formulier="a")
    with session_scope(asked.engine, Access.system()) as session:
        user = accounts.find_user(session, "coen")
        accounts.set_roles(session, user, accounts.role_given("behandelaar:0599"))
    done = asked.done()
    assert done.staat == WorkState.MISLUKT and "heeft de rol" in str(done.foutzin)
    assert asked.count(FeedbackDelivery) == 0


def test_sealing_anew_is_asked_once_and_says_what_it_did(asked: Asked, due: None) -> None:
    assert asked.get("anna", "/sleutels").status_code == 403
    assert asked.post("anna", "/sleutels/vernieuwingen").status_code == 403
    page = place(asked.post("bea", "/sleutels/vernieuwingen", formulier="a"))
    assert place(asked.post("bea", "/sleutels/vernieuwingen", formulier="b")) == page
    assert page in asked.get("bea", "/sleutels").text
    done = asked.done()
    assert (done.staat, done.uitkomst) == (WorkState.KLAAR, "0")
    assert place(asked.get("bea", page)) == "/sleutels?gedaan=verzegeld"
    assert "0 rijen opnieuw verzegeld" in asked.get("bea", "/sleutels?gedaan=verzegeld").text
    assert asked.logged("sleutels_vernieuwd") == [("bea", "gelukt")]


@pytest.fixture
def planned(asked: Asked, due: None, monkeypatch: pytest.MonkeyPatch) -> str:
    """A werksessie of which the pack is large here."""
    monkeypatch.setattr(sessie_packs, "LARGE", 1)
    with session_scope(asked.engine, access(asked.engine, "coen").widened()) as session:
        told = {
            "soort": "werksessie", "datum": TODAY.isoformat(), "leveringen": "LRNI-2026-01",
            "deelnemers": f"{ROTTERDAM},UWV",
        }  # fmt: skip
        return sessies.plan(session, Desk(access_of(session).actor, NOW), told).nummer


def form_of(asked: Asked, nummer: str) -> dict[str, str]:
    """What the coordinator sends after looking at the preview."""
    page = asked.get("coen", f"/sessies/{nummer}/pakket/publiceren").text
    form = page[page.index('id="publiceren"') :]
    sent = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', form))
    sent.pop("csrf")
    return sent


def test_a_large_pack_is_published_once_outside_the_request(asked: Asked, planned: str) -> None:
    here, sent = f"/sessies/{planned}/pakket/publiceren", form_of(asked, planned)
    page = place(asked.post("coen", here, **sent))
    assert place(asked.post("coen", here, **sent)) == page
    assert place(asked.post("coen", here, **sent | {"formulier": "anders"})) == page
    done = asked.done()
    assert (done.soort, done.staat, done.uitkomst) == (WorkKind.PAKKET, WorkState.KLAAR, "PK-2026-0001"), done.foutzin
    led = f"/sessies/{planned}/pakket?gedaan=gepubliceerd"
    assert place(asked.get("coen", page)) == led
    assert "Het pakket is gepubliceerd" in asked.get("coen", led).text
    assert asked.count(SessiePakket) == 1 and asked.count(SessiePakketBestand) == 6
    again = asked.post("coen", here, **form_of(asked, planned) | {"formulier": "n"})
    assert again.status_code == 400 and "Waarom komt er een nieuw pakket" in again.text, "without a reason"
    assert asked.logged("pakket_gepubliceerd") == [("coen", "gelukt")]


def test_a_large_pack_that_says_something_else_by_now_is_not_published(asked: Asked, planned: str) -> None:
    sent = form_of(asked, planned)
    page = place(asked.post("coen", f"/sessies/{planned}/pakket/publiceren", **sent))
    with session_scope(asked.engine, Access.system()) as session:
        factories.new_case(session, TODAY, ROTTERDAM, bsn="999990044")
    done = asked.done()
    assert done.staat == WorkState.MISLUKT and asked.count(SessiePakket) == 0
    shown = asked.get("coen", page).text
    assert "zijn veranderd sinds u het voorbeeld opende" in shown
    assert f"/sessies/{planned}/pakket/publiceren?peildatum={TODAY}" in shown


def test_nobody_to_do_it_is_said(asked: Asked, due: None) -> None:
    page = place(asked.post("coen", "/terugkoppelingen", formulier="a"))
    alone = "Er draait nu geen werkproces" in asked.get("coen", page).text
    assert alone == asked.settings.on_postgresql


@pytest.fixture
def letters(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Three letters of anna that wait, which is much here; the numbers of their cases."""
    monkeypatch.setattr(posting, "MANY", 2)
    return [letter_that_waits(asked, bsn) for bsn in ("999990019", "999990020", "999990032")]


def letter_that_waits(asked: Asked, bsn: str) -> str:
    """Made by anna for a case of her own; the number of the case."""
    with session_scope(asked.engine, access(asked.engine, "anna")) as session:
        case = factories.new_case(session, TODAY, ROTTERDAM, bsn=bsn)
        desk = desk_of(session, NOW)
        factories.take(session, case, "wijs_toe", desk)
        factories.take(session, case, "start_vooronderzoek", desk)
        prepared_letters.prepare(session, case, LETTER, desk, versie=case.versie, gegevens={})
        return case.zaaknummer


def posted(asked: Asked) -> list[str]:
    """The cases of which the letter went, once for each time."""
    with session_scope(asked.engine, Access.system(), write=False) as session:
        step = select(Case.zaaknummer).join(CaseEvent, col(CaseEvent.zaak_id) == col(Case.id))
        return list(session.exec(step.where(CaseEvent.stap == LETTER).order_by(col(CaseEvent.id))))


def test_many_letters_are_posted_once_outside_the_request(asked: Asked, letters: list[str]) -> None:
    page = place(asked.post("anna", "/post"))
    assert place(asked.post("anna", "/post")) == page, "a double click"
    assert f'href="{page}"' in asked.get("anna", "/post").text
    assert asked.get("tess", page).status_code == 404, "the post of somebody else"
    with session_scope(asked.engine, access(asked.engine, "anna")) as session:
        waiting = prepared_letters.waiting(session)
        prepared_letters.remove(session, waiting[1], desk_of(session, NOW))
    done = asked.done()
    assert (done.staat, done.uitkomst) == (WorkState.KLAAR, "2"), done.foutzin
    assert posted(asked) == [letters[0], letters[2]]
    led = place(asked.get("anna", page))
    assert "Verstuurd: 2 van de 3 brieven. Niet verstuurd: 1." in asked.get("anna", led).text
    assert asked.logged(f"stap_{LETTER}") == [("anna", "gelukt")] * 2


def test_a_letter_that_no_longer_fits_stays_and_the_others_go(asked: Asked, letters: list[str]) -> None:
    asked.post("anna", "/post")
    with session_scope(asked.engine, access(asked.engine, "anna")) as session:
        changed = moves.find_case(session, letters[0])
        factories.take(session, changed, "houd_aan", desk_of(session, NOW), reden="wacht")
    assert asked.done().uitkomst == "2"
    assert posted(asked) == letters[1:]
    shown = asked.get("anna", "/post?gedaan=verstuurd").text
    assert letters[0] in shown and "de zaak is intussen veranderd" in shown.lower()
    assert asked.logged(f"stap_{LETTER}") == [("anna", "geweigerd"), ("anna", "gelukt"), ("anna", "gelukt")]


def test_letters_that_were_posted_before_it_broke_are_not_posted_again(
    asked: Asked, letters: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked.post("anna", "/post")
    held, post = long_work.taken(asked.engine, asked.settings), posting.post
    assert held.id is not None

    def broken(session: Session, row: PreparedLetter, desk: Desk) -> posting.Result:
        result = post(session, row, desk)
        if result.zaaknummer == letters[1]:
            raise RuntimeError
        return result

    with monkeypatch.context() as patched:
        patched.setattr(posting, "post", broken)
        with pytest.raises(RuntimeError):
            worker.run_one(asked.settings, asked.engine, held.id, str(held.uitvoerder))
    assert posted(asked) == letters[:1]
    with session_scope(asked.engine, Access.system()) as session:
        assert work.put_back(session, held)
    assert asked.done().uitkomst == "3"
    assert posted(asked) == letters


def test_other_letters_wait_until_the_first_are_posted(asked: Asked, letters: list[str]) -> None:
    page = place(asked.post("anna", "/post"))
    other = letter_that_waits(asked, "999990044")
    refused = asked.post("anna", "/post")
    assert refused.status_code == 409 and "Uw vorige post wordt nog verstuurd" in refused.text
    assert asked.done().uitkomst == "3"
    assert place(asked.get("anna", page)) == "/post?gedaan=verstuurd"
    assert other in asked.get("anna", "/post").text


def test_who_leaves_half_way_posts_no_more(asked: Asked, letters: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    page = place(asked.post("anna", "/post"))
    post = posting.post

    def leaves(session: Session, row: PreparedLetter, desk: Desk) -> posting.Result:
        with session_scope(asked.engine, Access.system()) as other:
            accounts.disable_user(other, "anna", NOW)
        return post(session, row, desk)

    if asked.settings.on_postgresql:  # on a database in a file one writes at a time
        monkeypatch.setattr(posting, "post", leaves)
    else:
        with session_scope(asked.engine, Access.system()) as session:
            accounts.disable_user(session, "anna", NOW)
    done = asked.done()
    assert done.staat == WorkState.MISLUKT
    assert "is uitgeschakeld. Wat al gedaan was, blijft gedaan." in str(done.foutzin)
    assert posted(asked) == (letters[:1] if asked.settings.on_postgresql else [])
    assert asked.get("bea", page).status_code == 200, "a beheerder sees what goes on for whoever left"


def test_who_may_not_take_the_step_reads_why_no_letter_went(asked: Asked, letters: list[str]) -> None:
    asked.post("tess", "/post")
    assert asked.done().uitkomst == "0"
    assert "Deze brief verstuurt een behandelaar." in asked.get("tess", "/post?gedaan=verstuurd").text


def test_post_that_was_stopped_says_what_stands(asked: Asked, letters: list[str]) -> None:
    page = place(asked.post("anna", "/post"))
    assert asked.post("coen", f"{page}/stopzettingen").status_code == 404
    assert place(asked.post("anna", f"{page}/stopzettingen")) == page
    with session_scope(asked.engine, Access.system(), write=False) as session:
        (waiting,) = work.unfinished(session)
    Hands(asked.settings, asked.engine).settle(waiting)
    assert "Wat al verstuurd is, blijft verstuurd" in asked.get("anna", page).text
    assert posted(asked) == []


def test_who_may_not_post_any_more_posts_nothing(asked: Asked, letters: list[str]) -> None:
    asked.post("anna", "/post")
    with session_scope(asked.engine, Access.system()) as session:
        accounts.set_roles(session, accounts.find_user(session, "anna"), accounts.role_given("behandelaar:0344"))
    assert asked.done().uitkomst == "0"
    assert posted(asked) == []


@pytest.mark.parametrize("soort", WorkKind)
def test_only_a_process_that_destroys_knows_the_owner_of_the_tables(
    settings: Settings, engine: Engine, monkeypatch: pytest.MonkeyPatch, soort: WorkKind
) -> None:
    """It overwrites what was freed; others read files that anybody may have sent."""
    started: list[dict[str, str]] = []
    monkeypatch.setattr("service.workers.hands.subprocess.Popen", lambda command, env, **_: started.append(env))
    monkeypatch.setenv("RNI_DATABASE_OWNER_URL", "postgresql+psycopg://eigenaar@db/rni")
    secret = settings.model_copy(update={"database_owner_url": "postgresql+psycopg://eigenaar@db/rni"})
    hands_process(secret, Work(id=1, soort=soort, uitvoerder="x"))
    assert ("RNI_DATABASE_OWNER_URL" in started[0]) is (soort is WorkKind.VERNIETIGEN)
