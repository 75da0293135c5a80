"""Planning a home visit: to which address, when and by whom; what stops it, and what to think of beforehand."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from sqlalchemy import update
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused, Stale
from signals.municipalities import same_municipality
from workflow.actors import Actor, Desk
from workflow.address_group import open_at
from workflow.addresses import chosen_address
from workflow.case_file import CaseFile
from workflow.fields import Field, read
from workflow.holidays import day_off
from workflow.letters import full_name
from workflow.load_statements import PLACE
from workflow.models import Case, CaseEvent, Visit
from workflow.phases import OPEN, Role
from workflow.visit_models import PlannedVisit, VisitStatus
from workflow.visit_policy import progress
from workflow.visits import SAFETY

PLANNERS = frozenset({Role.BEHANDELAAR, Role.TOEZICHTHOUDER, Role.TEAMLEIDER})
FIRST_HOUR, LAST_HOUR = time(7), time(22)
LONGEST_PASS = 20
FURTHEST = timedelta(days=366)
FIELDS = (
    Field("dag", "datum", "Dag", toekomst=True, hint="Vandaag of later, hoogstens een jaar vooruit."),
    Field("begin", "tijd", "Vanaf", hint="Bijvoorbeeld 18:00."),
    Field("einde", "tijd", "Tot", hint="Bezoek kan tussen 07:00 en 22:00."),
    Field("veiligheid", "keuze", "Veiligheid", keuzes=SAFETY, hint="Overleg bij twijfel vooraf met wie daarover gaat."),
    Field(
        "veiligheidToelichting",
        "lange_tekst",
        "Toelichting op de veiligheid",
        verplicht=False,
        hint="Alleen wat nodig is voor het bezoek.",
    ),
    Field("opmerking", "lange_tekst", "Opmerking voor wie gaat", verplicht=False, hint="Bijvoorbeeld: achterom lopen."),
)
CANCELLING = (
    Field(
        "reden",
        "tekst",
        "Waarom gaat het bezoek niet door",
        langste=500,
        hint="Bijvoorbeeld: collega ziek. Zonder namen of gezondheid van bewoners.",
    ),
)


@dataclass(frozen=True)
class Visitor:
    """Who goes: a toezichthouder of the municipality, with the number of his pass."""

    naam: str
    pas: str


def plan(
    session: Session, case: Case, desk: Desk, gegevens: Mapping[str, Any], visitors: Sequence[Visitor]
) -> tuple[PlannedVisit, bool]:
    """A visit to the current address of this case and of all who share it, and whether it is a new one.

    One for an address and the begin of a slot: of two planners the second gets what the first made. Forbidden without
    a role for it, Refused when no case is open there, Invalid naming every faulty field.
    """
    require_planner(desk.actor, case.gemeentecode)
    if case.fase not in OPEN:
        uitleg = f"Op dit adres is geen bezoek te plannen: zaak {case.zaaknummer} is {case.fase}."
        raise Refused(Reason("groep_gesloten", uitleg))
    where = {name: getattr(case, name) for name in (*_PARTS, "adressleutel", "gemeentecode")}
    wanted = PlannedVisit(
        **where,
        **_chosen(desk, case.gemeentecode, gegevens, visitors),
        gepland_door=desk.actor.naam,
        gepland_op=desk.now,
    )
    if standing := _standing(session, wanted, wanted.dag, wanted.begin):
        return standing[0], False
    try:
        with session.begin_nested():
            session.add(wanted)
            session.flush()
    except IntegrityError:
        return _standing(session, wanted, wanted.dag, wanted.begin)[0], False
    return wanted, True


_PARTS = tuple(name for name in PLACE if name != "nummeraanduiding")


def _standing(session: Session, at: PlannedVisit, dag: date, begin: time) -> Sequence[PlannedVisit]:
    """The visits to the same address that begin then; after a merger also under the other code."""
    same = select(PlannedVisit).where(
        col(PlannedVisit.gemeentecode).in_(same_municipality(session, {at.gemeentecode}, dag)),
        PlannedVisit.adressleutel == at.adressleutel,
        PlannedVisit.dag == dag,
        PlannedVisit.begin == begin,
        PlannedVisit.status != VisitStatus.VERVALLEN,
    )
    return session.exec(same.order_by(col(PlannedVisit.id))).all()


def replan(
    session: Session,
    visit: PlannedVisit,
    desk: Desk,
    versie: int,
    gegevens: Mapping[str, Any],
    visitors: Sequence[Visitor],
) -> None:
    """Another day, slot, visitors or remark. As `plan`; Stale when it was changed meanwhile or is no longer ahead."""
    require_planner(desk.actor, visit.gemeentecode)
    if not group(session, visit):
        raise Refused(Reason("groep_gesloten", "Op dit adres is geen zaak meer open. Laat het bezoek vervallen."))
    chosen = _chosen(desk, visit.gemeentecode, gegevens, visitors)
    uitleg = "Op dit adres staat op die dag al een bezoek dat dan begint. Kies een andere tijd."
    taken = Invalid(Reason("tijdvak_bezet", uitleg, "begin"))
    if any(each.id != visit.id for each in _standing(session, visit, chosen["dag"], chosen["begin"])):
        raise taken
    try:
        with session.begin_nested():
            _change(session, visit, versie, chosen)
    except IntegrityError:
        raise taken from None


def cancel(session: Session, visit: PlannedVisit, desk: Desk, versie: int, gegevens: Mapping[str, Any]) -> None:
    """The visit does not take place. Invalid without a reason, Stale as for `replan`."""
    require_planner(desk.actor, visit.gemeentecode)
    values = read(CANCELLING, gegevens, desk.now)
    _change(session, visit, versie, {"status": VisitStatus.VERVALLEN, "reden_vervallen": values["reden"]})


def _change(session: Session, visit: PlannedVisit, versie: int, values: Mapping[str, Any]) -> None:
    """The row settles who was first."""
    mine = (
        col(PlannedVisit.id) == visit.id,
        col(PlannedVisit.versie) == versie,
        col(PlannedVisit.status) == VisitStatus.GEPLAND,
    )
    changed = session.execute(update(PlannedVisit).where(*mine).values(**values, versie=versie + 1))
    session.refresh(visit)
    if not changed.rowcount:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise Stale(
            Reason(
                "bezoek_gewijzigd",
                f"Iemand anders wijzigde dit bezoek intussen; het is nu {visit.status.value}. Kijk wat er nu staat en "
                "probeer het zo nodig opnieuw.",
            )
        )


def require_planner(actor: Actor, gemeentecode: str) -> None:
    """Forbidden for whoever does not plan visits there."""
    if not PLANNERS & actor.roles_in(gemeentecode):
        raise Forbidden(Reason("rol_ontbreekt", f"Bezoeken plannen is voor: {', '.join(sorted(PLANNERS))}."))


def _chosen(desk: Desk, gemeentecode: str, gegevens: Mapping[str, Any], visitors: Sequence[Visitor]) -> dict[str, Any]:
    """The columns that a form fills."""
    faults: list[Reason] = []
    values: dict[str, Any] = {}
    try:
        values = read(FIELDS, gegevens, desk.now)
    except Invalid as error:
        faults += error.reasons
    if values and values["einde"] <= values["begin"]:
        faults.append(Reason("einde_voor_begin", "Het tijdvak eindigt voor het begint.", "einde"))
    elif values and datetime.combine(values["dag"], values["einde"], desk.now.tzinfo) <= desk.now:
        faults.append(Reason("tijdvak_voorbij", "Dit tijdvak is al voorbij. Plan een bezoek vooruit.", "dag"))
    if values and values["dag"] > desk.today + FURTHEST:
        faults.append(Reason("dag_te_ver", "Plan een bezoek ten hoogste een jaar vooruit. Kijk het jaar na.", "dag"))
    faults += _visitor_faults(desk, gemeentecode, visitors)
    if faults:
        raise Invalid(faults)
    return {
        "dag": values["dag"],
        "begin": values["begin"],
        "einde": values["einde"],
        "bezoekers": [{"naam": one.naam, "pas": one.pas} for one in visitors],
        "veiligheid": values["veiligheid"],
        "veiligheid_toelichting": values.get("veiligheidToelichting", ""),
        "opmerking": values.get("opmerking", ""),
    }


def _visitor_faults(desk: Desk, gemeentecode: str, visitors: Sequence[Visitor]) -> list[Reason]:
    if not visitors:
        return [Reason("bezoeker_ontbreekt", "Kies wie er op bezoek gaat.", "bezoekers")]
    known = set(desk.visitors(gemeentecode))
    faults = []
    if any(one.naam not in known for one in visitors):
        uitleg = "Op huisbezoek gaat een toezichthouder van deze gemeente (Wet BRP 4.2)."
        faults.append(Reason("geen_toezichthouder", uitleg, "bezoekers"))
    if any(not one.pas or len(one.pas) > LONGEST_PASS or not one.pas.isprintable() for one in visitors):
        uitleg = f"Vul van iedereen die gaat het pasnummer in, hoogstens {LONGEST_PASS} tekens."
        faults.append(Reason("pasnummer_ontbreekt", uitleg, "bezoekers"))
    return faults


def find(session: Session, number: int) -> PlannedVisit:
    """A planned visit that the session's owner sees; NotFound for another."""
    visit = session.exec(select(PlannedVisit).where(PlannedVisit.id == number)).first()
    if visit is None:
        raise NotFound(Reason("bezoek_onbekend", "Dit bezoek is er niet."))
    return visit


def group(session: Session, visit: PlannedVisit) -> Sequence[Case]:
    """The open cases that the visit concerns now: who joined the address counts, who left it does not."""
    codes = same_municipality(session, {visit.gemeentecode}, visit.dag)
    return open_at(session, {visit.adressleutel}, codes)


def standing_at(session: Session, case: Case, today: date) -> Sequence[PlannedVisit]:
    """The visits that are planned to the current address of a case, the first one first."""
    ahead = select(PlannedVisit).where(
        col(PlannedVisit.gemeentecode).in_(same_municipality(session, {case.gemeentecode}, today)),
        PlannedVisit.adressleutel == case.adressleutel,
        PlannedVisit.status == VisitStatus.GEPLAND,
    )
    return session.exec(ahead.order_by(col(PlannedVisit.dag), col(PlannedVisit.begin))).all()


def concerning(session: Session, file: CaseFile, today: date) -> Sequence[PlannedVisit]:
    """Every visit that was planned to where the person of a case was looked for, as long as the case was open."""
    case, stays = file.case, _stays(file)
    mine = select(PlannedVisit).where(
        col(PlannedVisit.gemeentecode).in_(same_municipality(session, {case.gemeentecode}, today)),
        col(PlannedVisit.adressleutel).in_({key for key, _, _ in stays}),
        col(PlannedVisit.dag) >= case.geopend_op,
    )
    found = session.exec(mine.order_by(col(PlannedVisit.id))).all()
    return [visit for visit in found if any(_falls_in(visit, *stay) for stay in stays)]


def _stays(file: CaseFile) -> list[tuple[str, date, date | None]]:
    """The addresses that were the current one: which, from which day, and until which."""
    case = file.case
    changed = [
        (chosen_address(each.gegevens)["adressleutel"], each.vastgelegd_op) for each in file.events if _moves(each)
    ]
    first = file.addresses[0].adressleutel if changed else case.adressleutel
    begun = [(first, case.geopend_op), *changed]
    ends = [day for _, day in begun[1:]]
    return [(key, day, end) for (key, day), end in zip(begun, [*ends, case.afgesloten_op], strict=True)]


def _moves(event: CaseEvent) -> bool:
    return event.stap == "wijzig_adres" and "huisnummer" in event.gegevens


def _falls_in(visit: PlannedVisit, key: str, begin: date, end: date | None) -> bool:
    planned = visit.gepland_op.date()
    return visit.adressleutel == key and visit.dag >= begin and (end is None or planned <= end)


def warnings(session: Session, visit: PlannedVisit, desk: Desk) -> list[str]:
    """What to think of before going; none of it stops the visit."""
    found = []
    off = day_off(visit.dag)
    if off and off != "zaterdag":
        found.append(f"Deze dag is een bijzondere dag: {off}.")
    if visit.begin < FIRST_HOUR or visit.einde > LAST_HOUR:
        found.append("Het tijdvak ligt voor 7.00 of na 22.00 uur.")
    cases = group(session, visit)
    found += [
        f"Indicatie geheim bij {full_name(case)}: noem de naam aan niemand anders."
        for case in cases
        if case.indicatie_geheim
    ]
    if _others_that_week(session, visit, cases, desk):
        found.append("In dezelfde week is op dit adres nog een bezoek gepland of afgelegd.")
    if not cases:
        found.append("Op dit adres is geen zaak meer open. Laat het bezoek vervallen.")
    return found


def _others_that_week(session: Session, visit: PlannedVisit, cases: Sequence[Case], desk: Desk) -> bool:
    monday = visit.dag - timedelta(days=visit.dag.weekday())
    sunday = monday + timedelta(days=6)
    planned = select(PlannedVisit.id).where(
        col(PlannedVisit.gemeentecode).in_(same_municipality(session, {visit.gemeentecode}, visit.dag)),
        PlannedVisit.adressleutel == visit.adressleutel,
        PlannedVisit.id != visit.id,
        PlannedVisit.status != VisitStatus.VERVALLEN,
        col(PlannedVisit.dag).between(monday, sunday),
    )
    if session.exec(planned).first() is not None:
        return True
    held = select(Visit).where(
        col(Visit.zaak_id).in_([case.id for case in cases]),
        Visit.adressleutel == visit.adressleutel,
        col(Visit.bezoek_id).is_distinct_from(visit.id),
    )
    return any(monday <= one.begin.astimezone(desk.now.tzinfo).date() <= sunday for one in session.exec(held))


def policy_help(session: Session, visit: PlannedVisit, desk: Desk) -> list[tuple[str, str]]:
    """Of each person looked for: what this visit does for the policy of `onbekend_op_adres`."""
    return [
        (full_name(case), progress(CaseFile(session, case), desk).helped_by(visit.dag, visit.begin))
        for case in group(session, visit)
    ]
