"""A whole dossier leaves the service, as PDF or ZIP: built on disk, handed out, and gone from disk again."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import BinaryIO

from sqlalchemy import Engine
from sqlmodel import Session, select

from exports.dossier import Order, Purpose, Wording, compose
from exports.dossier_chapters import Origin
from exports.dossier_files import write_pdf, write_zip
from service import case_signals
from service.access import Access
from service.db import session_scope
from service.files import documents
from service.files.storage import PRINTS
from service.log import audit, disclosure
from service.models import User
from service.settings import Settings
from signals.errors import DomainError, Forbidden, Reason
from signals.municipalities import name_on
from workflow import letters
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.models import Case, Letter, ReceivedPart
from workflow.phases import Role

PRINTERS = frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER, Role.BESLISSER})
_BLOCK = 256 * 1024


class Form(StrEnum):
    """As what a dossier leaves."""

    PDF = "pdf"
    ZIP = "zip"


MEDIA_TYPES: Mapping[Form, str] = {Form.PDF: "application/pdf", Form.ZIP: "application/zip"}


@dataclass(frozen=True)
class Printed:
    """A dossier ready to leave: its name, how long it is, and its bytes, which are on disk as long as this is open."""

    name: str
    size: int
    stream: BinaryIO

    def blocks(self) -> Iterator[bytes]:
        """The bytes in pieces; closed at the end, or when nobody reads on."""
        with self.stream:
            while block := self.stream.read(_BLOCK):
                yield block


def may_print(case: Case, desk: Desk) -> bool:
    """Whether this desk hands out whole dossiers."""
    return bool(PRINTERS & desk.actor.roles_in(case.gemeentecode))


def print_dossier(
    session: Session,
    engine: Engine,
    settings: Settings,
    access: Access,
    case: Case,
    desk: Desk,
    purpose: Purpose,
    form: Form,
    wording: Wording,
) -> Printed:
    """The dossier of a case; that it leaves, for what and to whom, stands in the log before it does."""
    if not may_print(case, desk):
        named = ", ".join(sorted(PRINTERS))
        raise Forbidden(Reason("rol_ontbreekt", f"Een dossier afdrukken is voor: {named}."))
    dossier = compose(CaseFile(session, case), _order(session, case, desk, purpose, wording))

    folder = settings.data_dir / PRINTS
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with TemporaryDirectory(dir=folder) as name:

        def stored(origin: Origin) -> Path | None:
            if isinstance(origin, ReceivedPart):
                path = Path(name) / f"ontvangen-{origin.id}.pdf"
                path.write_bytes(origin.pdf or b"")
                return path
            if isinstance(origin, Letter):
                path = Path(name) / letters.file_name(case, origin.nummer)
                path.write_bytes(letters.sent(session, case, origin.nummer).pdf)
                return path
            with suppress(DomainError):  # a reference, or bytes that are gone: the print says so
                return documents.stored(settings, origin)
            return None

        made = (write_pdf if form is Form.PDF else write_zip)(dossier, stored, Path(name))
        size, stream = made.stat().st_size, made.open("rb")  # open: it outlives its folder
    try:
        action = f"dossier_verstrekt_{purpose}_{form}"
        with session_scope(engine, access) as log:
            audit.record(log, action, case.zaaknummer, desk.now, gemeentecode=case.gemeentecode)
            disclosure.log_parts(log, case, dossier.parts_along, desk.now)
    except BaseException:
        stream.close()
        raise
    return Printed(f"dossier-{case.zaaknummer}-{purpose}.{form}", size, stream)


def _order(session: Session, case: Case, desk: Desk, purpose: Purpose, wording: Wording) -> Order:
    assert case.id is not None
    return Order(
        purpose=purpose,
        now=desk.now,
        door=desk.actor.naam,
        municipality=name_on(session, case.gemeentecode, desk.today),
        names=dict(session.exec(select(User.naam, User.weergavenaam)).all()),
        signals=case_signals.of_cases(session, [case.id]).get(case.id, ()),
        benefits=bool(desk.actor.roles_in(case.gemeentecode) & {Role.BEHANDELAAR, Role.SYSTEEM}),
        wording=wording,
    )
