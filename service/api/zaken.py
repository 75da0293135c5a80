"""/zaken: cases, their steps and their dossier; rows of another municipality are not there."""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import Response
from sqlmodel import Session, col, select

from service import case_list, case_signals
from service.api.case_shapes import (
    Adres,
    Gebeurtenis,
    OntvangenStuk,
    Persoon,
    Signaal,
    Stap,
    Taak,
    TeNemenStap,
    Zaak,
    ZaakMetDossier,
    Zoekvraag,
)
from service.api.shapes import (
    Gegevens,
    IdempotencyKey,
    Lijst,
    Reden,
    Termijn,
    Vastlegging,
    Veld,
    in_utc,
)
from service.api.versions import TAGGED, IfMatch, on_version, tag
from service.files import letter_file
from service.identity.accounts import desk_of
from service.log import audit, disclosure
from service.log.subjects import subjects_of_cases
from service.web.dependencies import ApiSession, Bearer, Database, Now, ReadingApiSession, RowNumber
from service.web.idempotency import once
from signals.errors import Forbidden, Invalid, Reason, Refused
from signals.models import Signal
from signals.municipalities import same_municipality
from workflow import address_group, case_terms, dossier, moves, unsettled
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import Field as StepField
from workflow.mergers import with_mergers
from workflow.models import Case, CaseEvent, CaseTask, CaseTerm, OfCase, ReceivedPart
from workflow.phases import MUNICIPAL_ROLES, Outcome, Phase, Role
from workflow.transitions import BY_NAME


def works_on_cases(access: Bearer) -> None:
    """Cases are for who works at a municipality; for the project's roles there is nothing here."""
    if not access.may(*MUNICIPAL_ROLES, Role.SYSTEEM):
        raise Forbidden(Reason("rol_ontbreekt", "Zaken zijn er voor wie bij een gemeente aan zaken werkt."))


router = APIRouter(prefix="/zaken", tags=["Zaken"], dependencies=[Depends(works_on_cases)])


class Dossiersoort(StrEnum):
    """What goes into a dossier beside the steps."""

    CONTACTEN = "contacten"
    TERUGBELVERZOEKEN = "terugbelverzoeken"
    BRONNEN = "bronnen"
    HUISBEZOEKEN = "huisbezoeken"
    DOCUMENTEN = "documenten"
    WALAA_VASTLEGGINGEN = "walaa-vastleggingen"
    LEERPUNTEN = "leerpunten"
    RECTIFICATIES = "rectificaties"
    BIJVANGST = "bijvangst"
    INLICHTINGENVERZOEKEN = "inlichtingenverzoeken"


class Sortering(StrEnum):
    """In what order; a minus turns it round. `termijn`: what is due first."""

    TERMIJN = "termijn"
    TERMIJN_OM = "-termijn"
    DATUM_ONTVANGST = "datumOntvangst"
    DATUM_ONTVANGST_OM = "-datumOntvangst"
    ZAAKNUMMER = "zaaknummer"
    ZAAKNUMMER_OM = "-zaaknummer"


Signals = Mapping[int, Sequence[Signal]]


def _shown(session: Session, cases: Sequence[Case], signals: Signals, today: date) -> list[dict[str, Any]]:
    """The fields of Zaak of each case with its signals, with a few statements for all of them together."""
    ids = [case.id for case in cases]
    terms: dict[int, list[CaseTerm]] = defaultdict(list)
    for term in session.exec(select(CaseTerm).where(col(CaseTerm.zaak_id).in_(ids)).order_by(col(CaseTerm.id))):
        terms[term.zaak_id].append(term)
    events = unsettled.events_of(session, cases)
    shown = []
    for case in cases:
        assert case.id is not None
        file = CaseFile(session, case)
        file.events = events[case.id]
        file.terms = [*file.kept_terms, *terms[case.id]]
        shown.append(
            case.model_dump(include=Zaak.model_fields.keys() - {"aangehouden", "termijnen", "gebeurtenissen"})
            | {
                "aangehouden": case.aangehouden_sinds is not None,
                "signaalnummers": [signal.signaalnummer for signal in signals.get(case.id, ())],
                "termijnen": [_term(view) for view in case_terms.views(file, today)],
                "gebeurtenissen": [_event(event) for event in file.events],
            }
        )
    return shown


def _listed(session: Session, cases: Sequence[Case], today: date) -> list[Zaak]:
    signals = case_signals.of_cases(session, [case.id for case in cases])
    return [Zaak(**each) for each in _shown(session, cases, signals, today)]


def _term(view: case_terms.TermView) -> Termijn:
    return Termijn(term=view.term, vanaf=view.vanaf, einde=view.einde, uitleg=list(view.uitleg), status=view.status)


def _entry(kind: str, row: OfCase) -> dict[str, Any]:
    """A dossier entry; moments in UTC, as everywhere in the API."""
    told = dossier.as_dict(kind, row)
    for field in dossier.KINDS[kind].velden:
        if field.soort == "tijdstip" and told[field.naam] is not None:
            told[field.naam] = in_utc(datetime.fromisoformat(told[field.naam]))
    return told


def _event(event: CaseEvent) -> Gebeurtenis:
    return Gebeurtenis(**event.model_dump(include=set(Gebeurtenis.model_fields)))


def _field(field: StepField) -> Veld:
    return Veld(
        naam=field.naam, soort=field.soort, label=field.label, verplicht=field.verplicht, keuzes=list(field.keuzes)
    )


@router.get("", summary="Zaken, wat het eerst af moet bovenaan")
def zaken(
    session: ApiSession,
    engine: Database,
    access: Bearer,
    now: Now,
    fase: Annotated[list[Phase] | None, Query()] = None,
    gemeentecode: Annotated[list[str] | None, Query()] = None,
    behandelaar: Annotated[str | None, Query(max_length=100)] = None,
    resultaat: Outcome | None = None,
    leveringsnummer: Annotated[str | None, Query(max_length=20)] = None,
    termijn_voor: Annotated[
        date | None, Query(alias="termijnVoor", description="Met een lopende termijn die eerder eindigt dan deze dag.")
    ] = None,
    aangehouden: bool | None = None,
    terugbelverzoek: Annotated[bool | None, Query(description="Met een terugbelverzoek dat nog open staat.")] = None,
    sorteer: Sortering = Sortering.TERMIJN,
    aantal: Annotated[int, Query(ge=1, le=case_list.LARGEST_PAGE)] = 50,
    na: Annotated[str | None, Query(max_length=400, description="De cursor van de vorige bladzijde.")] = None,
) -> Lijst[Zaak]:
    """The cases that the bearer sees."""
    wanted = case_list.Filter(
        fase=fase or (),
        gemeentecode=sorted(same_municipality(session, gemeentecode or (), now.date())),
        behandelaar=behandelaar,
        resultaat=resultaat,
        leveringsnummer=leveringsnummer,
        termijn_voor=termijn_voor,
        aangehouden=aangehouden,
        terugbelverzoek=terugbelverzoek,
    )
    page = case_list.page(session, wanted, sort=sorteer, size=aantal, after=na)
    audit.record_reading(engine, access, "lijst_bekeken", "zaken", now, about=subjects_of_cases(page.cases))
    return Lijst(items=_listed(session, page.cases, now.date()), volgende=page.volgende)


@router.post("/_zoek", summary="Zaken zoeken op persoon, adres of signaal")
def zoek_zaken(session: ReadingApiSession, engine: Database, access: Bearer, now: Now, vraag: Zoekvraag) -> Lijst[Zaak]:
    """A search has its words in the body, so that no BSN or name ends up in an address or a log."""
    asked = vraag.model_dump()
    if asked["geboortedatum"]:
        asked["geboortedatum"] = asked["geboortedatum"].replace("-", "")
    found = case_list.search(session, **asked)
    audit.record_reading(engine, access, "gezocht", "zaken", now, about=subjects_of_cases(found))
    return Lijst(items=_listed(session, found, now.date()))


@router.get("/{zaaknummer}", summary="Een zaak met haar dossier", responses={200: TAGGED})
def zaak(
    session: ApiSession, engine: Database, access: Bearer, now: Now, zaaknummer: str, answer: Response
) -> ZaakMetDossier:
    """Everything the bearer's roles may see of a case; who opened it stands in the log."""
    case = moves.find_case(session, zaaknummer)
    answer.headers["ETag"] = tag(case.versie)
    people = subjects_of_cases([case, *address_group.others_at(session, case, now.date())])
    code = case.gemeentecode
    audit.record_reading(engine, access, "zaak_geopend", zaaknummer, now, gemeentecode=code, about=people)
    return _with_dossier(session, case, desk_of(session, now))


def _with_dossier(session: Session, case: Case, desk: Desk) -> ZaakMetDossier:
    signals = case_signals.of_cases(session, [case.id])
    (shown,) = _shown(session, [case], signals, desk.today)
    file = CaseFile(session, case)
    shown["gebeurtenissen"] = [_event(event) for event in with_mergers(session, case, file.events, desk.now)]
    tasks = session.exec(select(CaseTask).where(CaseTask.zaak_id == case.id).order_by(col(CaseTask.id)))
    assert case.id is not None
    handles = bool(desk.actor.roles_in(case.gemeentecode) & {Role.BEHANDELAAR, Role.SYSTEEM})
    return ZaakMetDossier(
        **shown,
        **case.model_dump(
            include={
                "grondslag",
                "datum_resultaat",
                "datum_eerste_antwoord",
                "start_onderzoek",
                "datum_voornemen",
                "aangehouden_reden",
            }
        ),
        persoon=Persoon(**case.model_dump(include=set(Persoon.model_fields))),
        adressen=[Adres.model_validate(one, from_attributes=True) for one in file.addresses],
        adresgroep=[other.zaaknummer for other in address_group.others_at(session, case, desk.today)],
        signalen=[_signal(signal, handles) for signal in signals.get(case.id, ())],
        taken=[Taak(nummer=task.id, **task.model_dump(include=set(Taak.model_fields))) for task in tasks],
        dossier={kind: [_entry(kind, row) for row in dossier.entries(file, kind)] for kind in dossier.KINDS},
        ontvangen=[_received(row) for row in file.received],
    )


def _received(row: ReceivedPart) -> OntvangenStuk:
    same = row.model_dump(include=set(OntvangenStuk.model_fields))
    return OntvangenStuk(**same, nummer=row.id, document=row.document_id)


BENEFIT_FACTS = frozenset({"uitkeringssoort", "datum_vanaf", "datum_tot", "werkgever"})


def _signal(signal: Signal, handles: bool) -> Signaal:
    visible = set(Signaal.model_fields) - (frozenset() if handles else BENEFIT_FACTS)
    if signal.feiten_vernietigd_op is not None:
        visible -= BENEFIT_FACTS
    return Signaal(**signal.model_dump(include=visible))


@router.get("/{zaaknummer}/stappen", summary="Elke stap, en of die nu mag", responses={200: TAGGED})
def stappen(
    session: ApiSession, engine: Database, access: Bearer, now: Now, zaaknummer: str, answer: Response
) -> Lijst[Stap]:
    """Every step of the procedure, with its blockers and its fields; `mag` does not look at gegevens."""
    case = moves.find_case(session, zaaknummer)
    answer.headers["ETag"] = tag(case.versie)
    audit.record_reading(engine, access, "stappen_bekeken", zaaknummer, now, gemeentecode=case.gemeentecode)
    views = moves.steps(CaseFile(session, case), desk_of(session, now))
    return Lijst(
        items=[
            Stap(
                stap=view.stap,
                label=view.label,
                mag=view.mag,
                belemmeringen=[Reden(code=reason.code, uitleg=reason.uitleg) for reason in view.belemmeringen],
                velden=[_field(field) for field in view.velden],
                grondslag=view.grondslag,
            )
            for view in views
        ]
    )


@router.post(
    "/{zaaknummer}/stappen",
    status_code=201,
    summary="Een stap nemen",
    response_model=Zaak,
    responses={201: TAGGED},
)
def neem_stap(
    session: ApiSession,
    engine: Database,
    access: Bearer,
    now: Now,
    zaaknummer: str,
    stap: TeNemenStap,
    if_match: IfMatch = None,
    key: IdempotencyKey = None,
) -> Response:
    """Take a step; answers with the case as it stands after it, without person and dossier: those are asked for."""
    case = moves.find_case(session, zaaknummer)
    code, desk = case.gemeentecode, desk_of(session, now)
    asked = {"pad": f"/zaken/{zaaknummer}/stappen", "stap": stap} | ({"ifMatch": if_match} if if_match else {})

    def take(versie: int) -> CaseEvent:
        try:
            return moves.take(session, case, stap.stap, desk, versie=versie, gegevens=stap.gegevens)
        except Invalid as faulty:
            raise Invalid(replace(each, veld=f"gegevens/{each.veld}") for each in faulty.reasons) from None

    def work() -> tuple[int, Any]:
        moves.find_step(stap.stap)  # what is wrong in any case goes before a condition (RFC 9110, 13.2.1)
        event = on_version(if_match, stap.versie, case.versie, take)
        people = subjects_of_cases([case])  # it is at hand: a question to the database less
        audit.record(session, f"stap_{stap.stap}", zaaknummer, now, gemeentecode=code, about=people)
        disclosure.record_parts(session, case, event, now)
        return 201, _listed(session, [case], desk.today)[0]

    try:
        answer = once(session, key, asked, now, work)
        answer.headers["ETag"] = tag(json.loads(bytes(answer.body))["versie"])  # the same again when it is asked again
        return answer
    except (Refused, Invalid):
        session.rollback()
        if stap.stap in BY_NAME:  # what is no step stays out of the log: it may be anything
            audit.record_refusal(engine, access, f"stap_{stap.stap}", zaaknummer, now, gemeentecode=code)
        raise


@router.get(
    "/{zaaknummer}/brieven/{nummer}",
    summary="Een brief zoals hij is verstuurd",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def brief(
    session: ApiSession, engine: Database, access: Bearer, now: Now, zaaknummer: str, nummer: RowNumber
) -> Response:
    """The stored PDF; who opened it stands in the log."""
    case = moves.find_case(session, zaaknummer)
    return letter_file.answer(session, engine, access, case, nummer, now)


@router.get(
    "/{zaaknummer}/ontvangen/{nummer}",
    summary="Een brief van een andere gemeente, zoals die bij een overdracht meekwam",
    response_class=Response,
    responses={200: {"content": {"application/pdf": {}}}},
)
def ontvangen(
    session: ApiSession, engine: Database, access: Bearer, now: Now, zaaknummer: str, nummer: RowNumber
) -> Response:
    """The stored PDF; who opened it stands in the log."""
    case = moves.find_case(session, zaaknummer)
    return letter_file.received_answer(session, engine, access, case, nummer, now)


@router.get("/{zaaknummer}/{dossiersoort}", summary="De vastleggingen van een soort")
def vastleggingen(
    session: ApiSession, engine: Database, access: Bearer, now: Now, zaaknummer: str, dossiersoort: Dossiersoort
) -> Lijst[Vastlegging]:
    """The dossier entries of one kind, oldest first."""
    case = moves.find_case(session, zaaknummer)
    audit.record_reading(engine, access, "dossier_gelezen", zaaknummer, now, gemeentecode=case.gemeentecode)
    rows = dossier.entries(CaseFile(session, case), dossiersoort)
    return Lijst(items=[Vastlegging(_entry(dossiersoort, row)) for row in rows])


@router.post(
    "/{zaaknummer}/{dossiersoort}",
    status_code=201,
    summary="Iets in het dossier vastleggen",
    response_model=Vastlegging,
)
def leg_vast(
    session: ApiSession,
    now: Now,
    zaaknummer: str,
    dossiersoort: Dossiersoort,
    gegevens: Gegevens,
    key: IdempotencyKey = None,
) -> Response:
    """Add a dossier entry; answers with the entry."""
    case = moves.find_case(session, zaaknummer)

    def work() -> tuple[int, Any]:
        row = dossier.add(session, case, dossiersoort, desk_of(session, now), gegevens)
        audit.record(session, f"vastgelegd_{dossiersoort}", zaaknummer, now, gemeentecode=case.gemeentecode)
        return 201, Vastlegging(_entry(dossiersoort, row))

    asked = {"pad": f"/zaken/{zaaknummer}/{dossiersoort}", "gegevens": gegevens}
    return once(session, key, asked, now, work)
