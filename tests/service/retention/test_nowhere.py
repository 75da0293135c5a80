"""After destruction a person is found nowhere: in no file of the database as it lies on disk, and in no other file.

What is known of them is written first through every door there is (tests/service/test_every_route.py). Looked for are
the number as people write it, as it lies sealed, and the words that only these persons have.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import Engine, text
from sqlmodel import col, select

from service.access import Access
from service.app import create_app
from service.audit_models import LogLine
from service.db import session_scope
from service.files.storage import RECEIVED
from service.log import chain
from service.log.subjects import Subject, every_pseudonym
from service.retention import carrying_out, expired, space
from service.retention.journal import FOLDER
from service.row_security import EVERYTHING
from service.settings import Settings
from signals.base import table
from signals.keyring import keyring
from tests.databases import plain_address
from tests.elsewhere.process import Elsewhere
from tests.postgres import as_owner, as_superuser
from tests.service.conftest import NOW as THEN
from tests.service.conftest import ROTTERDAM, Template, access
from tests.service.log.log_walk import Walk
from tests.service.retention import old_cases, steps
from tests.service.retention.old_cases import NOW
from tests.service.test_every_route import ANNA_S, EMPLOYER, NAMES, NEW, OTHER, THIRD, walk_everything
from workflow.retention_models import Certificate, Soort

pytestmark = pytest.mark.every_database

WORDS = (
    *NAMES.values(),
    EMPLOYER,
    "woonfunctie",
    "0612345678",
    "na zes uur",
    "kast 3",
    "niemand thuis",
    "Groesbeekseweg",
)
"""What was filled in, delivered or found about them, and about nobody else."""


def needles() -> Iterator[bytes]:
    """All that may not be found."""
    for bsn in NAMES:
        yield bsn.encode()
        yield from (form.encode() for form in keyring().forms(bsn))
    for word in WORDS:
        yield word.encode()
        yield quote(word).encode()


def database_files(engine: Engine) -> Iterable[Path]:
    """The files of the database as they lie on disk now; of PostgreSQL without pg_wal, its log, which keeps what was
    until it is overwritten, as back-ups do (docs/bewaartermijnen.md)."""
    if engine.dialect.name == "sqlite":
        return list(Path(str(engine.url.database)).parent.glob("*.sqlite3*"))
    url = as_superuser(engine.url.render_as_string(hide_password=False))
    with psycopg.connect(plain_address(url), autocommit=True) as connection:
        connection.execute("CHECKPOINT")
        folder = connection.execute("SHOW data_directory").fetchone()
        number = connection.execute("SELECT oid FROM pg_database WHERE datname = current_database()").fetchone()
        assert folder and number
    return [path for path in (Path(folder[0]) / "base" / str(number[0])).iterdir() if path.is_file()]


def found(engine: Engine, settings: Settings) -> set[bytes]:
    """Which of the needles are in a file of the database or of the data directory."""
    files = [*database_files(engine), *(path for path in settings.data_dir.rglob("*") if path.is_file())]
    contents = [path.read_bytes() for path in files]
    return {needle for needle in needles() if any(needle in content for content in contents)}


@pytest.fixture
def walked(
    settings: Settings, engine: Engine, template: Template, with_brp: Elsewhere, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everybody did everything that can be done here, and then all cases were closed."""
    monkeypatch.setattr(Settings, "now", lambda self: THEN)
    with TestClient(create_app(settings, engine)) as client:
        walk_everything(Walk(client, engine, template.tokens), engine)
    with engine.execution_options(**EVERYTHING).begin() as connection:
        done = "UPDATE zaak SET fase = 'afgesloten', fase_sinds = :day, afgesloten_op = :day"
        connection.execute(text(done), {"day": THEN.date()})
        connection.execute(text("UPDATE bezwaar SET uitkomst = 'ongegrond' WHERE uitkomst IS NULL"))
        connection.execute(text("UPDATE terugkoppeling SET ontvangen_op = verzonden_op WHERE ontvangen_op IS NULL"))


def test_who_was_destroyed_is_found_nowhere(walked: None, engine: Engine, settings: Settings) -> None:
    """What the log says of them stays for its own term, under a name that nobody can turn back into a number:
    Wet BRP 3.11 asks for twenty years."""
    settings = settings.model_copy(
        update={"database_owner_url": as_owner(engine.url.render_as_string(hide_password=False))}
    )
    before = found(engine, settings)
    sealed = {form.encode() for bsn in (ANNA_S, OTHER, THIRD) for form in keyring().forms(bsn)}
    assert sealed <= before  # all of it is there to be found
    assert {word.encode() for word in WORDS if word != NAMES[NEW]} <= before
    assert any((settings.data_dir / RECEIVED).iterdir())

    with session_scope(engine, Access.system()) as session:
        expired.throw_away(session, NOW)
    for soort in (Soort.BESTANDEN, Soort.SIGNAALGEGEVENS, Soort.DOSSIERS):
        steps.carried_out(engine, settings, soort)
    assert found(engine, settings) == set()

    kept = {path.relative_to(settings.data_dir).parts[0] for path in settings.data_dir.rglob("*") if path.is_file()}
    assert kept <= {FOLDER, "logboek", "fouten.log"}
    chain.seal(engine, settings.data_dir, NOW, everything=True)
    with session_scope(engine, Access.system(), write=False) as session:
        assert chain.verify(session, chain.read_heads(chain.heads_file(settings.data_dir))).breuk is None
    names = every_pseudonym(Subject(ROTTERDAM, "BSN", ANNA_S))
    lines = table(LogLine)
    with engine.execution_options(**EVERYTHING).connect() as connection:
        about = connection.execute(lines.select().where(lines.c.data_subject_id.in_(names))).all()
    assert "dossier_vernietigd" in {line.name for line in about}


@pytest.mark.parametrize("databases", ["postgresql"], indirect=True, scope="session")
def test_a_verklaring_does_not_say_overwritten_while_somebody_may_still_read_it(
    engine: Engine, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL writes a deleted row along for as long as a transaction runs that began before."""
    url = engine.url.render_as_string(hide_password=False)
    settings = settings.model_copy(update={"database_owner_url": as_owner(url)})
    old_cases.make(engine, settings, 2)
    monkeypatch.setattr(space, "PAUSES", (0.1,))

    def told() -> str:
        with session_scope(engine, Access.system(), write=False) as session:
            return str([each.inhoud for each in session.exec(select(Certificate).order_by(col(Certificate.id)))][-1])

    with engine.connect().execution_options(isolation_level="REPEATABLE READ") as reader:
        reader.execute(text("SELECT 1"))
        steps.carried_out(engine, settings)
        assert "ruimte in de database is overschreven" not in told()
        assert not carrying_out.overwrite_now(engine, settings, access(engine, "bea"), NOW)
    assert carrying_out.overwrite_now(engine, settings, access(engine, "bea"), NOW)
