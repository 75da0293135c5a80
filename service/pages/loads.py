"""Deliveries come in: upload, check with counts that add up, confirm; and what became of earlier ones."""

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import date
from itertools import islice

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from sqlalchemy import Engine
from sqlmodel import Session, col, select

from importers.explanations import MEANINGS
from service import work
from service.db import session_scope
from service.files import storage
from service.loading import deliveries, findings, load_report, uploads
from service.log import audit
from service.log.subjects import subjects_of_rows
from service.models import Upload, WorkKind, WorkState
from service.pages.forms import Sent, claim, new_key
from service.pages.rendering import by_field, render, require, see_other
from service.pages.worklist import display_names
from service.settings import Settings
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, Now, SignedIn, Who, WidePageSession
from service.web.errors import status_of
from service.web.files import FilesSent, digest_of, download, file_name, the_one
from service.work_signs import Progress, Signs, signs_of
from signals.bsn import mask, passes_elfproef
from signals.dates import as_date, complete_date
from signals.errors import DomainError, Invalid, Reason, Refused
from signals.models import Load, LoadStatus, RejectedRow, Uitkomst

router = APIRouter()

MOST_LOADS = 50
MOST_ROWS = 200
REFRESH = 2
"""Seconds after which the page of a load that is being worked on asks for itself again."""
OVERTAKEN = frozenset({"staat_past_niet", "werk_loopt", "niets_te_stoppen"})
"""Somebody else pressed first, or it was done meanwhile: the page of the load says so better than a refusal."""
FATES = ("geaccepteerd", "gewijzigd", "ingetrokken", "dubbel", "afgekeurd")


@dataclass(frozen=True)
class Cell:
    """A faulty cell of a delivered row: its column, what stood there, and how to mend it."""

    kolom: str
    waarde: str
    uitleg: str


@dataclass(frozen=True)
class Standing:
    """What goes on with a load, or how the last work on it ended. alone: it waits, and there is nobody to do it."""

    soort: WorkKind
    staat: WorkState
    told: Progress
    stopping: bool
    foutzin: str | None
    bewijs: str | None
    alone: bool = False

    @property
    def open(self) -> bool:
        """Whether it waits or goes on."""
        return self.staat in work.OPEN


@dataclass(frozen=True)
class FaultyRow:
    """A delivered row that changed nothing, with its faulty cells only."""

    regel: int
    uitkomst: Uitkomst
    signaalnummer: str
    cells: Sequence[Cell]


def _faulty(row: RejectedRow) -> FaultyRow:
    cells = [Cell(fault["kolom"], _shown(row.cellen.get(fault["kolom"], "")), fault["uitleg"]) for fault in row.fouten]
    return FaultyRow(row.regel, row.uitkomst, row.signaalnummer or "", cells)


def _shown(value: str) -> str:
    """As delivered; only a number that really is a BSN is masked."""
    return mask(value) if passes_elfproef(value) else value


@router.get("/leveringen", response_class=HTMLResponse)
def delivery_list(request: Request, who: Who, session: WidePageSession) -> Response:
    """The form to offer a file, and what was offered before."""
    require(who, uploads.LOADERS)
    return _list(request, session, who)


def _list(
    request: Request,
    session: Session,
    who: SignedIn,
    sent: Mapping[str, str] | None = None,
    error: DomainError | None = None,
) -> Response:
    newest = select(Load).where(uploads.visible(who.access)).order_by(col(Load.id).desc()).limit(MOST_LOADS)
    reasons = error.reasons if error else ()
    loads = session.exec(newest).all()
    asked = work.latest_of(session, [load.ladingnummer for load in loads])
    return render(
        request,
        "deliveries.html",
        status=status_of(error) if error else 200,
        loads=loads,
        going_on={number: each.soort.value for number, each in asked.items() if each.staat in work.OPEN},
        most=MOST_LOADS,
        names=display_names(session),
        values=sent or {},
        reasons=reasons,
        errors=by_field(reasons),
        form_key=new_key(),
    )


@router.post("/ladingen", response_class=HTMLResponse, dependencies=[CsrfChecked])
def offer(
    request: Request,
    who: Who,
    session: WidePageSession,
    settings: Config,
    now: Now,
    sent: Sent,
    files: FilesSent,
) -> Response:
    """Keeps a file and has it checked; nothing is loaded before it is confirmed."""
    require(who, uploads.LOADERS)
    try:
        bestand = the_one(files)
        if bestand is None:
            raise Invalid(Reason("verplicht_leeg", "Kies een bestand.", "bestand"))
        received = _received(sent.get("datumOntvangst", ""), now.date())
        form = claim(session, sent, f"{request.url.path} {digest_of(bestand)}", now)
        if form.location:
            return see_other(form.location)
        name = file_name(bestand)
        path = storage.keep(settings, bestand.file)
        with storage.dropped_on_failure(path):
            load = deliveries.offer(session, settings, who.access, path, name, received=received, now=now)
    except DomainError as error:
        session.rollback()
        return _list(request, session, who, sent, error)
    return form.finish(f"/ladingen/{load.ladingnummer}")


def _received(text: str, today: date) -> date:
    if not text:
        return today
    digits = complete_date(text)
    day = as_date(digits) if digits else None
    if day is None:
        raise Invalid(Reason("datum_ongeldig", "Dit is geen bestaande datum. Schrijf dd-mm-jjjj.", "datumOntvangst"))
    if day > today:
        raise Invalid(Reason("datum_in_toekomst", "De ontvangst kan niet na vandaag liggen.", "datumOntvangst"))
    return day


@router.get("/ladingen/{ladingnummer}", response_class=HTMLResponse)
def load_page(
    request: Request,
    who: Who,
    session: WidePageSession,
    engine: Database,
    settings: Config,
    now: Now,
    ladingnummer: str,
) -> Response:
    """How far it is; then what became of every row: the counts, the reasons, and the faulty rows."""
    require(who, uploads.LOADERS)
    load = uploads.find_load(session, who.access, ladingnummer)
    standing = _standing(session, signs_of(engine, settings), load)
    # While it is worked on, a database in a file can log nobody's reading; then the page only says how far it is.
    working = standing is not None and standing.open
    rejected, more, refusal = ([], False, "") if working else _rows(session, settings, load)
    if rejected:
        people = dict.fromkeys(subjects_of_rows(((row.gemeentecode, row.cellen) for row in rejected), load.layout))
        audit.record_reading(engine, who.access, "lading_bekeken", ladingnummer, now, about=people)
    page = render(
        request,
        "load.html",
        load=load,
        standing=standing,
        fates=[(fate, getattr(load, fate)) for fate in FATES],
        adds_up=sum(getattr(load, fate) for fate in FATES) == load.geleverd,
        reasons=[(code, count, MEANINGS.get(code, "")) for code, count in load.redenen.items()],
        warnings=[(code, count, MEANINGS.get(code, "")) for code, count in load.waarschuwingen.items()],
        rows=[_faulty(row) for row in rejected],
        more=more,
        refusal=refusal,
        names=display_names(session),
        refresh=REFRESH,
    )
    if "hx-request" in request.headers and not (standing and standing.open):
        page.headers["HX-Refresh"] = "true"  # the part that asked is there no more: the whole page, once
    return page


def _standing(session: Session, signs: Signs, load: Load) -> Standing | None:
    """None when it was all done within requests."""
    asked = work.latest(session, load.ladingnummer)
    if asked is None:
        return None
    alone = asked.staat == WorkState.WACHT and not signs.anybody_works()
    told, stopping = signs.progress(asked), signs.is_stopping(asked)
    return Standing(asked.soort, asked.staat, told, stopping, asked.foutzin, asked.bewijs, alone)


def _rows(session: Session, settings: Settings, load: Load) -> tuple[list[RejectedRow], bool, str]:
    """Faulty rows, whether there are more than are shown, and why the file cannot be loaded by now."""
    found: Iterable[RejectedRow]
    if load.status == LoadStatus.GECONTROLEERD:
        upload = session.get_one(Upload, load.ladingnummer)
        found = findings.rejected(settings, upload.bestand)
        try:
            uploads.stored(settings, upload)
            rows = list(islice(found, MOST_ROWS + 1))
        except Refused as refused:  # the file is gone, or what was found in it
            return [], False, refused.uitleg
    else:
        query = select(RejectedRow).where(RejectedRow.load_id == load.id).order_by(col(RejectedRow.regel))
        rows = list(session.exec(query.limit(MOST_ROWS + 1)))
    return rows[:MOST_ROWS], len(rows) > MOST_ROWS, ""


@router.post("/ladingen/{ladingnummer}/bevestigingen", dependencies=[CsrfChecked])
def confirm(who: Who, engine: Database, settings: Config, now: Now, ladingnummer: str) -> Response:
    """Has loaded what was checked; pressed twice it is loaded once."""
    require(who, uploads.LOADERS)

    def work(session: Session) -> None:
        deliveries.confirm(session, settings, who.access, ladingnummer, now)

    return _pressed(engine, who, ladingnummer, work)


@router.post("/ladingen/{ladingnummer}/controles", dependencies=[CsrfChecked])
def check_again(who: Who, engine: Database, settings: Config, now: Now, ladingnummer: str) -> Response:
    """Has the file checked once more, after its check was stopped or failed."""
    require(who, uploads.LOADERS)

    def work(session: Session) -> None:
        deliveries.check_again(session, settings, who.access, ladingnummer, now)

    return _pressed(engine, who, ladingnummer, work)


@router.post("/ladingen/{ladingnummer}/stopzettingen", dependencies=[CsrfChecked])
def stop(who: Who, engine: Database, settings: Config, ladingnummer: str) -> Response:
    """Stops what goes on; when nothing does any more, the page says what became of it."""
    require(who, uploads.LOADERS)

    def work(session: Session) -> None:
        deliveries.stop(session, signs_of(engine, settings), who.access, ladingnummer)

    return _pressed(engine, who, ladingnummer, work, write=False)


def _pressed(
    engine: Engine,
    who: SignedIn,
    ladingnummer: str,
    work: Callable[[Session], None],
    *,
    write: bool = True,
    overtaken: Set[str] = OVERTAKEN,
) -> Response:
    """A button on the page of a load: pressed twice, or on an old page, it leads to how things stand.

    write: whether it needs the lock of a database in a file, for which a load may make it wait. overtaken: the
    refusals that only say so.
    """
    try:
        if write:
            deliveries.require_idle(engine, ladingnummer)
        with session_scope(engine, who.access.widened(), write=write) as session:
            work(session)
    except Refused as error:
        if error.reasons[0].code not in overtaken:
            raise
    return see_other(f"/ladingen/{ladingnummer}")


@router.get("/ladingen/{ladingnummer}/verwerkingsverslag")
def report(
    who: Who, session: WidePageSession, engine: Database, settings: Config, now: Now, ladingnummer: str
) -> Response:
    """The XLSX to return to the supplier, for who loaded it and the liaison: there are BSNs in it."""
    return download(
        load_report.MEDIA_TYPE, *load_report.download(session, engine, who.access, ladingnummer, settings, now)
    )


@router.get("/ladingen/{ladingnummer}/annuleringen", response_class=HTMLResponse)
def ask_undo(request: Request, who: Who, session: WidePageSession, ladingnummer: str) -> Response:
    """What goes and what stays, with the button; or every reason why the load cannot be undone."""
    require(who, uploads.LOADERS)
    load = uploads.find_load(session, who.access, ladingnummer)
    return _ask_undo(request, load, uploads.undo_obstacles(session, load))


def _ask_undo(request: Request, load: Load, obstacles: Sequence[Reason], status: int = 200) -> Response:
    return render(request, "load_undo.html", status=status, load=load, obstacles=obstacles)


@router.post("/ladingen/{ladingnummer}/annuleringen", dependencies=[CsrfChecked])
def undo(request: Request, who: Who, engine: Database, now: Now, ladingnummer: str) -> Response:
    """Has the load taken back; pressed twice it is undone once."""
    require(who, uploads.LOADERS)

    def work(session: Session) -> None:
        if uploads.find_load(session, who.access, ladingnummer).status != LoadStatus.ONGEDAAN:
            deliveries.undo(session, who.access, ladingnummer, now)

    try:
        return _pressed(engine, who, ladingnummer, work, overtaken=OVERTAKEN - {"staat_past_niet"})
    except Refused as error:
        with session_scope(engine, who.access.widened(), write=False) as session:
            load = uploads.find_load(session, who.access, ladingnummer)
        return _ask_undo(request, load, error.reasons, status_of(error))
