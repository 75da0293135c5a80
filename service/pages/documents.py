"""Documents of a case: added with their content, looked at in the page, and downloaded."""

from contextlib import nullcontext

from fastapi import APIRouter, Request
from fastapi.responses import FileResponse, HTMLResponse, Response

from service.files import documents
from service.pages import cases
from service.pages.dossier import entry_page
from service.pages.forms import Sent, claim, given
from service.pages.opened import Opened, OpenedCase, require_worker
from service.pages.rendering import render, see_other
from service.pages.worklist import display_names
from service.web.csrf import CsrfChecked
from service.web.dependencies import Config, Database, Now, PageSession, RowNumber, Who
from service.web.files import FilesSent, content_answer, the_one
from signals.errors import DomainError, NotFound, Reason
from workflow import dossier
from workflow.case_file import CaseFile
from workflow.document_kinds import PDF
from workflow.models import Document

router = APIRouter()

VIEWER = (
    "default-src 'none'; object-src 'self'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'self'"
)
"""The policy of a PDF in the page. A sandbox would keep the browser from showing it; its viewer runs apart from us."""
_FRAMED = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; frame-src 'self'; object-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


@router.post("/zaken/{zaaknummer}/dossier/documenten", response_class=HTMLResponse, dependencies=[CsrfChecked])
def add_document(
    request: Request,
    who: Who,
    session: PageSession,
    engine: Database,
    settings: Config,
    now: Now,
    zaaknummer: str,
    sent: Sent,
    files: FilesSent,
) -> Response:
    """Adds the document, once, with a file or without; when it is refused everything typed stays."""
    action = f"vastgelegd_{documents.KIND}"
    typed = given(dossier.KINDS[documents.KIND].velden, sent)
    require_worker(who)
    try:
        file = the_one(files)
        with (
            documents.received(engine, settings, who.access, zaaknummer, file.file, file.filename or "", now)
            if file
            else nullcontext()
        ) as content:
            opened = OpenedCase(request, who, session, engine, now, zaaknummer)
            form = claim(session, sent, f"{request.url.path} {content.sha256 if content else ''}", now)
            if not form.location:
                documents.add(session, opened.case, opened.desk, typed, content)
                opened.log(action)
                return form.finish(f"/zaken/{zaaknummer}?gedaan=vastgelegd")
    except DomainError as error:
        session.rollback()
        opened = OpenedCase(request, who, session, engine, now, zaaknummer)
        opened.refused(action, error)
        return entry_page(opened, documents.KIND, sent=sent, error=error)
    if content:  # carried out before: these bytes lie there already
        content.path.unlink(missing_ok=True)
    return see_other(form.location)


def _log(opened: OpenedCase, document: Document) -> None:
    documents.log_reading(opened.engine, opened.who.access, opened.case, document, opened.now)


@router.get("/zaken/{zaaknummer}/documenten/{nummer}", response_class=HTMLResponse)
def document_page(opened: Opened, nummer: RowNumber) -> Response:
    """What is known of a document, and the document itself where a browser can show it."""
    session = opened.session
    document = documents.find(session, opened.case, nummer)
    _log(opened, document)
    page = render(
        opened.request,
        "document.html",
        **cases.top(session, CaseFile(session, opened.case), opened.desk),
        document=document,
        content=cases.content_of(document),
        pdf=document.mediatype == PDF.mediatype,
        names=display_names(session),
    )
    page.headers["Content-Security-Policy"] = _FRAMED
    return page


@router.get("/zaken/{zaaknummer}/documenten/{nummer}/inhoud")
def content(opened: Opened, settings: Config, nummer: RowNumber) -> FileResponse:
    """The bytes as a download; who took them stands in the log."""
    document = documents.find(opened.session, opened.case, nummer)
    path = documents.stored(settings, document)
    _log(opened, document)
    return content_answer(path, document)


@router.get("/zaken/{zaaknummer}/documenten/{nummer}/weergave")
def view(opened: Opened, settings: Config, nummer: RowNumber) -> FileResponse:
    """A PDF for the frame of its own page; nothing else is ever shown by itself."""
    document = documents.find(opened.session, opened.case, nummer)
    if document.mediatype != PDF.mediatype:
        raise NotFound(Reason("geen_weergave", "Dit document kan hier niet worden getoond. Download het."))
    path = documents.stored(settings, document)
    _log(opened, document)
    headers = {"Content-Security-Policy": VIEWER, "X-Frame-Options": "SAMEORIGIN"}
    name = documents.name_outside(document)
    return FileResponse(
        path, media_type=PDF.mediatype, filename=name, headers=headers, content_disposition_type="inline"
    )
