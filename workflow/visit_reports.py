"""The report of a home visit: what was filled in at the door goes once into the dossier of everybody it concerns.

A visit that was made is a fact. When a case moved on since the form was opened, nothing is lost: the others are
recorded, and what concerned that case is kept until somebody places it or sets it aside.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from signals.dates import dutch_date
from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused
from signals.municipalities import same_municipality
from workflow import case_terms, dossier, visit_planning, visits
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.fields import Field, read
from workflow.models import Address, Case
from workflow.phases import OPEN, Phase
from workflow.transitions import BY_NAME
from workflow.visit_models import PlannedVisit, SocialConcern, UnplacedReport, VisitReport, VisitStatus

NEAR = timedelta(days=1)
"""So far from the planned day a visit may have been made."""
KENMERK = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
FOUND = ("ja", "nee", "niet_vastgesteld")
DATE = Field("datum", "datum", "Dag van het bezoek", hint="De dag waarop u er was, ook als een andere was gepland.")
NOT_HERE = "Bijvoorbeeld over een kind. Meld het waar het hoort; schrijf het niet in dit verslag."
CONCERN = Field("zorg", "ja_nee", "Maakt u zich zorgen over iemand die u daar zag", verplicht=False, hint=NOT_HERE)
BROUGHT = Field(
    "zorgWaarheen",
    "tekst",
    "Waar hebt u dit gemeld",
    verplicht=False,
    langste=500,
    hint="Alleen bij wie u het meldde. Wat u zag, vertelt u daar. Dit komt niet in het dossier en niet in de cijfers.",
)
AT_THE_DOOR = (visits.WHO_OPENED, visits.SHOWED_PASS, visits.TOLD_PURPOSE, visits.CONSENTED, visits.ENTERED)
"""What is asked when somebody opened, in the order in which it happens there."""
SEEN = (
    visits.FINDINGS.described("Wat zag u", "Alleen feiten. Dit komt in elk dossier: noem hier geen namen."),
    visits.INSIDE,
    visits.STATEMENTS,
    visits.SEEN,
    visits.OTHERS,
    visits.CARD,
    visits.FOLLOW_UP,
)
UNEXPECTED = tuple(
    replace(field, naam=f"onverwacht{field.naam[0].upper()}{field.naam[1:]}", verplicht=False)
    for field in dossier.KINDS["bijvangst"].velden
)
"""A further person: with a BSN he gets a case of his own, without it is a line for who deals with it."""
TIMES = (
    DATE,
    Field("begin", "tijd", "Begin van het bezoek", hint="Toen u aanbelde, zoals 18:05."),
    Field("einde", "tijd", "Einde van het bezoek", hint="Toen u wegging."),
)
FIELDS = (
    *TIMES,
    visits.VISITORS.described("Wie gingen er", "Namen met pasnummer, gescheiden door een komma."),
    visits.SAFE,
    visits.OPENED,
    *(field.optional() for field in AT_THE_DOOR),
    *SEEN,
    *UNEXPECTED,
    CONCERN,
    BROUGHT,
)
OWN_DOSSIER = "Komt alleen in het dossier van deze persoon. Alleen feiten; hij kan meelezen."
PERSONAL = Field("bevinding", "lange_tekst", "Wat zag of hoorde u over deze persoon", verplicht=False, hint=OWN_DOSSIER)


@dataclass(frozen=True)
class Filled:
    """A form as it came in. By number of the case: its version then, whether the person was found, what was seen."""

    kenmerk: str
    gegevens: Mapping[str, str]
    versies: Mapping[str, int]
    gevonden: Mapping[str, str]
    bevinding: Mapping[str, str]

    @property
    def sha256(self) -> str:
        """Of everything that somebody filled in."""
        content = [dict(self.gegevens), dict(self.gevonden), dict(self.bevinding), sorted(self.versies)]
        return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class CaseAnswer:
    """What became of the report in one case, without a name. soort: vastgelegd, bewaard (to be placed) or
    niet_in_verslag."""

    zaaknummer: str
    soort: str
    uitleg: str


def submit(session: Session, visit: PlannedVisit, desk: Desk, filled: Filled) -> tuple[VisitReport, bool]:
    """Record the report in every case it concerns, all or nothing, and whether it is new: sent twice is recorded once.

    Forbidden without a role for it, Invalid naming every faulty field, NotFound for a case that never was at this
    address, Refused when the same report came in before with another content.
    """
    if not dossier.OUT_OF_DOORS & desk.actor.roles_in(visit.gemeentecode):
        roles = ", ".join(sorted(dossier.OUT_OF_DOORS))
        raise Forbidden(Reason("rol_ontbreekt", f"Het verslag van een bezoek is voor: {roles}."))
    if not KENMERK.fullmatch(filled.kenmerk):
        raise Invalid(Reason("kenmerk_ongeldig", "Dit formulier is niet heel. Open het opnieuw."))
    # Two reports of one visit wait for each other here.
    session.exec(select(PlannedVisit.id).where(col(PlannedVisit.id) == visit.id).with_for_update())
    session.refresh(visit)
    if known := _known(session, visit, filled):
        return known, False
    values = _values(desk, visit, filled)
    cases = [_case(session, visit, number) for number in sorted(filled.versies)]
    if not cases:
        raise Invalid(Reason("zaak_ontbreekt", "Op dit formulier staat niemand. Open het opnieuw."))
    assert visit.id is not None
    report = VisitReport(
        gemeentecode=visit.gemeentecode,
        kenmerk=filled.kenmerk,
        bezoek_id=visit.id,
        sha256=filled.sha256,
        door=desk.actor.naam,
        ontvangen_op=desk.now,
    )
    try:
        with session.begin_nested():
            session.add(report)
            session.flush()
            _Recording(session, visit, desk, filled, values, report).into(cases)
    except IntegrityError:
        if known := _known(session, visit, filled):
            return known, False
        raise
    return report, True


def _known(session: Session, visit: PlannedVisit, filled: Filled) -> VisitReport | None:
    """The same report when it came in before."""
    same = select(VisitReport).where(
        VisitReport.gemeentecode == visit.gemeentecode, VisitReport.kenmerk == filled.kenmerk
    )
    known = session.exec(same).first()
    if known is None or (known.sha256, known.bezoek_id) == (filled.sha256, visit.id):
        return known
    uitleg = (
        "Dit verslag is al vastgelegd, met een andere inhoud. Kijk bij de zaak wat er staat, en leg daar vast wat nog "
        "ontbreekt."
    )
    raise Refused(Reason("verslag_al_vastgelegd", uitleg))


def _case(session: Session, visit: PlannedVisit, number: str) -> Case:
    """A case that is, or was, at the address; its row is held until the report is in."""
    case = session.exec(select(Case).where(Case.zaaknummer == number).with_for_update()).first()
    if case is not None and case.gemeentecode in same_municipality(session, {visit.gemeentecode}, visit.dag):
        session.refresh(case)
        if case.adressleutel == visit.adressleutel:
            return case
        was = select(Address.id).where(Address.zaak_id == case.id, Address.adressleutel == visit.adressleutel)
        if session.exec(was).first() is not None:
            return case
    raise NotFound(Reason("zaak_niet_op_adres", "Een van de zaken op dit formulier hoort niet bij dit adres."))


def _values(desk: Desk, visit: PlannedVisit, filled: Filled) -> dict[str, Any]:
    """What was filled in, by the names of a visit in a dossier; `gevonden` per case; Invalid with every fault."""
    faults: list[Reason] = []
    values: dict[str, Any] = {}
    try:
        values = read(FIELDS, filled.gegevens, desk.now)
    except Invalid as error:
        faults += error.reasons
    opened = filled.gegevens.get("opengedaan") == "ja"
    if opened:
        needed = [field for field in AT_THE_DOOR if field.verplicht and not filled.gegevens.get(field.naam)]
        faults += [Reason("verplicht_leeg", f"Vul in: {field.label}.", field.naam) for field in needed]
    elif filled.gegevens.get("binnengetreden") == "ja" or filled.gegevens.get("toestemming", "") in visits.CONSENT[:2]:
        uitleg = "Er deed niemand open; dan is er ook niet om toestemming gevraagd. Pas een van de twee aan."
        faults.append(Reason("niemand_opende", uitleg, "toestemming"))
    for number in filled.versies:
        told = filled.gevonden.get(number, "")
        if told not in FOUND and (opened or told):
            uitleg = f"Kies of u de persoon van zaak {number} zag."
            faults.append(Reason("verplicht_leeg", uitleg, f"gevonden-{number}"))
        try:
            read((PERSONAL,), {"bevinding": filled.bevinding.get(number, "")}, desk.now)
        except Invalid as error:
            faults += [replace(reason, veld=f"bevinding-{number}") for reason in error.reasons]
    if values.get("zorg") and not values.get("zorgWaarheen"):
        faults.append(Reason("verplicht_leeg", "Vul in waar u de zorg hebt gemeld.", "zorgWaarheen"))
    if values.get("zorgWaarheen") and not values.get("zorg"):
        faults.append(Reason("zorg_ontbreekt", "Kies ja bij zorgen, of haal weg waar u dat meldde.", "zorg"))
    if values and abs(values["datum"] - visit.dag) > NEAR:
        uitleg = (
            f"Dit bezoek staat op {dutch_date(visit.dag)}. Ging u op een andere dag, verzet dan eerst het bezoek; is "
            "die dag voorbij, leg dan een huisbezoek vast bij de zaak."
        )
        faults.append(Reason("andere_dag", uitleg, "datum"))
    if values:
        day = values["datum"]
        for name in ("begin", "einde"):
            moment = datetime.combine(day, values[name], desk.now.tzinfo)
            if moment > desk.now:
                told = f"Het {name} van het bezoek is later dan nu. Kijk dag en tijd na."
                faults.append(Reason("tijdstip_in_toekomst", told, name))
            values[name] = moment
    if faults:
        raise Invalid(faults)
    return values | {
        "gelegitimeerd": values.get("gelegitimeerd", False),
        "doelGemeld": values.get("doelGemeld", False),
        "toestemming": values.get("toestemming", "niet_gevraagd"),
        "veiligheid": values.get("veiligheid", visit.veiligheid),
        "tijdvak": f"{visit.dag:%d-%m-%Y}, {visit.begin:%H.%M}-{visit.einde:%H.%M} uur",
    }


_OF_A_VISIT = frozenset(field.naam for field in visits.FIELDS)


@dataclass(frozen=True)
class _Recording:
    """One report on its way into the dossiers."""

    session: Session
    visit: PlannedVisit
    desk: Desk
    filled: Filled
    values: Mapping[str, Any]
    report: VisitReport

    def into(self, cases: Sequence[Case]) -> None:
        """Record it in every case that stands open, keep it for the others, and note what was answered."""
        standing = self._standing_report()
        answers, recorded = [], []
        kept: list[UnplacedReport] = []
        for case in cases:
            why = standing or self._closed(case)
            if why:
                kept.append(self._keep(case, why))
                answers.append(CaseAnswer(case.zaaknummer, "bewaard", why))
            else:
                answers.append(self._record(case))
                recorded.append(case)
        self._unexpected(recorded, kept)
        if self.values.get("zorg"):
            self._concern()
        answers += self._joined(cases)
        if not standing and self.visit.status == VisitStatus.GEPLAND:
            self.visit.status, self.visit.versie = VisitStatus.AFGELEGD, self.visit.versie + 1
            self.session.add(self.visit)
        self.report.antwoord = [asdict(answer) for answer in answers]
        self.session.add(self.report)
        self.session.flush()

    def _of_case(self, case: Case) -> dict[str, Any]:
        """The fields of a dossier entry; what concerns this person alone stands below what concerns them all."""
        told = {name: value for name, value in self.values.items() if name in _OF_A_VISIT}
        parts = (self.values.get("bevindingen", ""), self.filled.bevinding.get(case.zaaknummer, ""))
        told["bevindingen"] = "\n".join(part for part in parts if part)
        found = self.filled.gevonden.get(case.zaaknummer, "nee")
        return told | {"aangetroffen": {"ja": True, "nee": False}.get(found)}

    def _record(self, case: Case) -> CaseAnswer:
        file = CaseFile(self.session, case)
        values = self._of_case(case)
        case_terms.settle(file)
        row = visits.record(file, self.desk, file.own(self.desk), values, self.visit.adressleutel)
        row.bezoek_id = self.visit.id
        self.session.add(row)
        told = [f"Vastgelegd als bezoek {row.poging} op dit adres."]
        if self.visit.status == VisitStatus.VERVALLEN:
            told.append(f"Het bezoek stond als vervallen ({self.visit.reden_vervallen}).")
        if case.adressleutel != self.visit.adressleutel:
            told.append("Het vermoede adres is intussen een ander; dit bezoek telt niet voor het nieuwe adres.")
        if case.ingetrokken_door_uwv:
            told.append("UWV trok het signaal in; de behandelaar kiest of de zaak sluit of doorgaat.")
        told += self._changes(file)
        return CaseAnswer(case.zaaknummer, "vastgelegd", " ".join(told))

    def _keep(self, case: Case, why: str) -> UnplacedReport:
        """As it came in, but not what could never be placed: whoever was at the door can still mend that."""
        assert self.report.id is not None
        file, told = CaseFile(self.session, case), self._of_case(case)
        if wrong := visits.faults(file, told):
            raise Invalid(wrong)
        values = {name: _plain(value) for name, value in told.items() if value is not None}
        row = UnplacedReport(**file.own(self.desk), verslag_id=self.report.id, gegevens=values, reden=why)
        self.session.add(row)
        return row

    def _closed(self, case: Case) -> str:
        """Why nothing can be added to the case by itself; nothing when it stands open."""
        if case.fase in OPEN:
            return ""
        where = "loopt een bezwaar" if case.fase == Phase.BEZWAAR else "is afgesloten"
        changes = " ".join(self._changes(CaseFile(self.session, case)))
        keep = "Uw verslag is bewaard. Een behandelaar of teamleider plaatst het, of legt het terzijde met een reden."
        if case.resultaat == "andere_gemeente":
            keep += " Hoort de andere gemeente dit te weten, dan gaat het als afdruk naar haar contactpersoon."
        return " ".join(part for part in (f"De zaak {where}.", changes, keep) if part)

    def _changes(self, file: CaseFile) -> list[str]:
        """What happened in a case since the form was opened, and by whom."""
        seen = self.filled.versies[file.case.zaaknummer]
        since = [event for event in file.events if event.volgnummer > seen]
        if not since:
            return []
        told = [
            f"{BY_NAME[event.stap].label if event.stap in BY_NAME else event.stap.replace('_', ' ')} "
            f"({self.desk.contact(event.door).naam}, "
            f"{event.tijdstip.astimezone(self.desk.now.tzinfo):%d-%m-%Y %H.%M} uur)"
            for event in since
        ]
        return [f"Sinds u het formulier opende: {'; '.join(told)}."]

    def _standing_report(self) -> str:
        """Why nothing of this report goes in by itself: the visit has one; nothing when it has none."""
        other = select(VisitReport).where(VisitReport.bezoek_id == self.visit.id, col(VisitReport.id) != self.report.id)
        known = self.session.exec(other.order_by(col(VisitReport.id))).first()
        if known is None:
            return ""
        return (
            f"Van dit bezoek was al een verslag, van {self.desk.contact(known.door).naam}. Het uwe is bewaard. Een "
            "behandelaar of teamleider plaatst het erbij, of legt het terzijde met een reden."
        )

    def _unexpected(self, recorded: Sequence[Case], kept: Sequence[UnplacedReport]) -> None:
        """The further person: in the dossier of the first case that is recorded, else kept with what is kept."""
        names = {field.naam: of.naam for field, of in zip(UNEXPECTED, dossier.KINDS["bijvangst"].velden, strict=True)}
        person = {names[name]: _plain(value) for name, value in self.values.items() if name in names}
        if not person:
            return
        try:
            if recorded:
                dossier.add(self.session, recorded[0], "bijvangst", self.desk, person)
            else:
                read(dossier.KINDS["bijvangst"].velden, person, self.desk.now)
                kept[0].gegevens = {**kept[0].gegevens, "bijvangst": person}
        except Invalid as error:
            back = {value: key for key, value in names.items()}
            raise Invalid(replace(reason, veld=back.get(reason.veld or "")) for reason in error.reasons) from None

    def _concern(self) -> None:
        assert self.visit.id is not None and self.report.id is not None
        self.session.add(
            SocialConcern(
                gemeentecode=self.visit.gemeentecode,
                bezoek_id=self.visit.id,
                verslag_id=self.report.id,
                waarheen=self.values["zorgWaarheen"],
                vastgelegd_op=self.desk.today,
                door=self.desk.actor.naam,
            )
        )

    def _joined(self, cases: Sequence[Case]) -> list[CaseAnswer]:
        """Who came to the address after the form was opened is in no report."""
        known = {case.id for case in cases}
        uitleg = "Kwam er intussen op dit adres bij, en staat niet in uw verslag. Plan zo nodig een nieuw bezoek."
        return [
            CaseAnswer(case.zaaknummer, "niet_in_verslag", uitleg)
            for case in visit_planning.group(self.session, self.visit)
            if case.id not in known
        ]


def _plain(value: Any) -> Any:
    """As JSON keeps it, and as `read` reads it again."""
    return value.isoformat() if hasattr(value, "isoformat") else value


def reports(session: Session, visit: PlannedVisit) -> Sequence[VisitReport]:
    """The reports about a visit, the first one first."""
    mine = select(VisitReport).where(VisitReport.bezoek_id == visit.id)
    return session.exec(mine.order_by(col(VisitReport.id))).all()


def concerns(session: Session, visit: PlannedVisit) -> Sequence[SocialConcern]:
    """Where worries about who lives there were brought: for those who plan and make visits here, and nobody else."""
    mine = select(SocialConcern).where(SocialConcern.bezoek_id == visit.id)
    return session.exec(mine.order_by(col(SocialConcern.id))).all()
