"""What goes into the dossier beside the steps: which entries there are, what each asks, and who may add it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session, col, select

from signals.bsn import may_hold_bsn, passes_elfproef
from signals.errors import Forbidden, Invalid, NotFound, Reason, Refused
from signals.municipalities import same_municipality, standing_for
from workflow import case_terms, information_requests, visits
from workflow.actors import Desk
from workflow.case_file import CaseFile
from workflow.deadlines import Term
from workflow.fields import Field, column_name, read
from workflow.models import (
    Bijvangst,
    CallbackRequest,
    Case,
    CaseTask,
    Contact,
    Document,
    InformationRequest,
    Leerpunt,
    OfCase,
    Rectificatie,
    Source,
    TermStatus,
    Visit,
    WalaaEntry,
)
from workflow.opening import open_case
from workflow.phases import BEFORE_BESLUIT, OPEN, OUTCOMES, Answer, Herkomst, Phase, Role

SOURCES = (
    "brp",
    "rni_tva",
    "bag",
    "uwv",
    "werkgever",
    "uitzendbureau",
    "verhuurder",
    "woningcorporatie",
    "nutsbedrijf",
    "zorgverzekeraar",
    "kvk",
    "ind",
    "sociaal_domein",
    "internet",
    "buren",
    "hoofdbewoner",
    "betrokkene",
    "eigen_dossier",
    "anders",
)
CHANNELS = ("telefoon", "brief", "e_mail", "balie", "huisbezoek", "berichtenbox")
LESSONS = (
    "signaal_verouderd",
    "verkeerde_gemeente",
    "adres_onvolledig",
    "instructie_onduidelijk",
    "samenwerking",
    "anders",
)
RECTIFIED = ("verbeterd", "aangevuld", "afgewezen")
BRP_ELSEWHERE = "Alleen van wat in dit dossier staat. Een fout in de BRP zelf gaat langs Wet BRP artikel 2.58."
WITHIN_A_MONTH = "Binnen een maand na het verzoek; bij een afwijzing ook waar hij kan klagen (AVG artikel 12)."
PL_OVERVIEW = "pl_overzicht"
EVER = tuple(Phase)
WORKERS = frozenset({Role.BEHANDELAAR, Role.TOEZICHTHOUDER, Role.BESLISSER, Role.TEAMLEIDER})
HANDLERS = frozenset({Role.BEHANDELAAR, Role.TEAMLEIDER})
OUT_OF_DOORS = frozenset({Role.BEHANDELAAR, Role.TOEZICHTHOUDER})


@dataclass(frozen=True)
class EntryKind:
    """One kind of dossier entry: its words, its fields, who adds it and in which phases.

    `make` turns the values read into the row; it may refuse and may change what hangs on the entry (a term that ends).
    """

    label: str
    table: type[OfCase]
    velden: tuple[Field, ...]
    make: Callable[[CaseFile, Desk, dict[str, Any], dict[str, Any]], OfCase]
    roles: frozenset[Role] = WORKERS
    phases: tuple[Phase, ...] = (*OPEN, Phase.BEZWAAR)
    kept: tuple[str, ...] = ()
    """Columns that are told of an entry though no field asks for them."""


def _source(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    if "indicatieGeheim" in values:
        file.case.indicatie_geheim = int(values["indicatieGeheim"])
        file.session.add(file.case)
    return Source(
        **own,
        soort=values["soort"],
        datum=values.get("datum", desk.today),
        bevinding=values["bevinding"],
        gevorderd=values.get("gevorderd", False),
    )


def _contact(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    return Contact(
        **own,
        soort=values["soort"],
        kanaal=values["kanaal"],
        richting=values.get("richting", "uitgaand"),
        wanneer=values.get("tijdstip", desk.now),
        taal=values.get("taal", ""),
        resultaat=values.get("resultaat", ""),
        afspraken=values.get("afspraken", ""),
    )


def _callback(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    case_terms.start(file, desk, Term.TERUGBELVERZOEK, desk.today)
    return CallbackRequest(**own, telefoonnummer=values["telefoonnummer"], toelichting=values.get("toelichting", ""))


def _document(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    if values["soort"] == PL_OVERVIEW:
        case_terms.stop(file, desk, Term.PL_OVERZICHT, TermStatus.GEHAALD, values["datum"])
    return Document(
        **own,
        omschrijving=values["omschrijving"],
        soort=values["soort"],
        datum=values["datum"],
        kenmerk=values.get("kenmerk"),
        derden=values.get("derden", False),
    )


def _walaa(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    """Only an answer that was given here can have been entered there."""
    answer, case = Answer(values["antwoord"]), file.case
    if answer not in given_answers(case):
        given = ", ".join(given_answers(case)) or "nog geen antwoord"
        uitleg = f"In deze zaak is dit antwoord niet gegeven, maar: {given}. Neem eerst de stap die erbij hoort."
        raise Refused(Reason("antwoord_niet_gegeven", uitleg, "antwoord"))
    if values["datum"] < case.datum_ontvangst:
        uitleg = f"Het signaal is pas op {case.datum_ontvangst:%d-%m-%Y} ontvangen."
        raise Invalid(Reason("datum_voor_ontvangst", uitleg, "datum"))
    case_terms.answered(file, desk, answer, values["datum"])
    return WalaaEntry(**own, antwoord=answer, datum=values["datum"])


def _rectification(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    asked, told = values["gevraagdOp"], values["meegedeeldOp"]
    for name, day in (("gevraagdOp", asked), ("meegedeeldOp", told)):
        if day > desk.today:
            raise Invalid(Reason("datum_in_toekomst", "Deze dag moet nog komen. Vul in wanneer het gebeurde.", name))
    if told < asked:
        uitleg = f"Er werd pas op {asked:%d-%m-%Y} om gevraagd."
        raise Invalid(Reason("datum_voor_verzoek", uitleg, "meegedeeldOp"))
    return Rectificatie(
        **own,
        gevraagd_op=asked,
        betreft=values["betreft"],
        uitkomst=values["uitkomst"],
        toelichting=values["toelichting"],
        meegedeeld_op=told,
    )


def _lesson(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    if values["soort"] == "anders" and not values.get("toelichting"):
        raise Invalid(Reason("verplicht_leeg", "Licht 'anders' toe, zonder persoonsgegevens.", "toelichting"))
    if may_hold_bsn(values.get("toelichting", "")):
        uitleg = "Hier staat een nummer dat een BSN kan zijn. Haal het weg: dit wordt in de werksessie gelezen."
        raise Invalid(Reason("bsn_in_tekst", uitleg, "toelichting"))
    return Leerpunt(**own, soort=values["soort"], toelichting=values.get("toelichting", ""))


def _bijvangst(file: CaseFile, desk: Desk, own: dict[str, Any], values: dict[str, Any]) -> OfCase:
    """A further person who is in the RNI gets a child case; anything else is a referral line."""
    row = Bijvangst(**own, omschrijving=values["omschrijving"])
    person = {name: values.get(name, "") for name in ("voornamen", "voorvoegsel", "geslachtsnaam")}
    if "bsn" not in values:
        if any(person.values()) or "geboortedatum" in values:
            uitleg = "Vul ook het BSN in, of laat de persoon weg: zonder BSN is dit een verwijzing en geen zaak."
            raise Invalid(Reason("verplicht_leeg", uitleg, "bsn"))
        return row
    faults = []
    if not passes_elfproef(values["bsn"]):
        faults.append(Reason("bsn_ongeldig", "Dit burgerservicenummer klopt niet (negen cijfers, elfproef).", "bsn"))
    if not person["geslachtsnaam"]:
        faults.append(Reason("verplicht_leeg", "Vul de geslachtsnaam in.", "geslachtsnaam"))
    here = same_municipality(file.session, {file.case.gemeentecode}, desk.today)
    open_here = select(Case.id).where(
        Case.bsn == values["bsn"], col(Case.gemeentecode).in_(here), col(Case.fase).in_(OPEN)
    )
    if file.session.exec(open_here).first() is not None:
        uitleg = "Over deze persoon loopt in deze gemeente al een zaak. Laat het BSN leeg; de bevinding blijft staan."
        faults.append(Reason("bsn_heeft_lopende_zaak", uitleg, "bsn"))
    if faults:
        raise Invalid(faults)
    born = values.get("geboortedatum")
    person["geboortedatum"] = f"{born:%Y%m%d}" if born else "00000000"
    child = open_case(
        file,
        desk,
        "open_bijvangst",
        with_terms=False,
        bsn=values["bsn"],
        **person,
        gemeentecode=standing_for(file.session, file.case.gemeentecode, desk.today),
        herkomst=Herkomst.BIJVANGST,
        datum_ontvangst=desk.today,
        ouder_id=file.case.id,
    )
    row.kindzaak_id = child.id
    return row


WHEN_TO_CALL = "Wanneer en waarover, bijvoorbeeld: na zes uur, over de brief."
REMARK = Field("toelichting", "lange_tekst", "Toelichting", verplicht=False, hint=WHEN_TO_CALL)
SECRECY = Field(
    "indicatieGeheim",
    "keuze",
    "Indicatie geheim (07.70.10)",
    verplicht=False,
    keuzes=tuple("01234567"),
    hint="Zoals de BRP haar noemt; 0 is niet geheim.",
)
BOUND = "Ja als wie u vroeg wettelijk verplicht was te antwoorden."
REACHED = "Moment: u sprak de persoon zelf. Anders is het een poging."
FROM_US = "Uitgaand: de gemeente nam contact op. Leeg betekent uitgaand."
SAID = "Wat zei de persoon, of wie kreeg u? Alleen feiten."
AGREED = "Wie doet wat, en wanneer?"
WHAT_IT_IS = "Zodat een collega weet wat het is, zoals: kopie huurcontract."
OF_DOCUMENT = "De dag die op het stuk staat; anders de dag waarop u het kreeg."
NEXT_PERSON = "Zonder BSN wordt dit een verwijzing, met BSN en naam een eigen zaak."
ASKED_ON = "De dag waarop de gemeente het verzoek kreeg. Vanaf dan telt de maand."
OWN_WORDS = "In de woorden van de betrokkene."
NO_PERSON = "Zonder persoonsgegevens: dit wordt in de werksessie gelezen."
FOUND = Field("bevinding", "lange_tekst", "Bevinding", hint="Alleen feiten; de betrokkene kan meelezen.")

KINDS: Mapping[str, EntryKind] = {
    "bronnen": EntryKind(
        "Bronnen",
        Source,
        (
            Field("soort", "keuze", "Bron", keuzes=SOURCES, hint="Voor een voornemen zijn twee soorten nodig."),
            Field("datum", "datum", "Geraadpleegd op", verplicht=False, hint="Leeg betekent vandaag."),
            FOUND,
            Field("gevorderd", "ja_nee", "Gevorderd (artikel 2.47, 2.50)", verplicht=False, hint=BOUND),
            SECRECY,
        ),
        _source,
        phases=OPEN,
    ),
    "contacten": EntryKind(
        "Contacten",
        Contact,
        (
            Field("soort", "keuze", "Soort", keuzes=("contactpoging", "contactmoment"), hint=REACHED),
            Field("kanaal", "keuze", "Kanaal", keuzes=CHANNELS),
            Field("richting", "keuze", "Richting", verplicht=False, keuzes=("uitgaand", "inkomend"), hint=FROM_US),
            Field("tijdstip", "tijdstip", "Wanneer", verplicht=False, hint="Leeg betekent nu."),
            Field("resultaat", "lange_tekst", "Resultaat", verplicht=False, hint=SAID),
            Field("afspraken", "lange_tekst", "Afspraken", verplicht=False, hint=AGREED),
            Field("taal", "tekst", "Taal van het gesprek", verplicht=False, langste=2, hint="Twee letters, zoals pl."),
        ),
        _contact,
    ),
    "terugbelverzoeken": EntryKind(
        "Terugbelverzoeken",
        CallbackRequest,
        (Field("telefoonnummer", "telefoon", "Telefoonnummer", hint="Uit het buitenland met + en landcode."), REMARK),
        _callback,
    ),
    "huisbezoeken": EntryKind(
        "Huisbezoeken",
        Visit,
        visits.FIELDS,
        visits.record,
        roles=OUT_OF_DOORS,
        phases=OPEN,
        kept=("poging",),
    ),
    "documenten": EntryKind(
        "Documenten",
        Document,
        (
            Field("omschrijving", "tekst", "Omschrijving", langste=250, hint=WHAT_IT_IS),
            Field("soort", "keuze", "Soort", keuzes=("bewijs", "correspondentie", "verslag", PL_OVERVIEW, "anders")),
            Field("datum", "datum", "Datum", hint=OF_DOCUMENT),
            Field(
                "kenmerk",
                "tekst",
                "Waar het ligt",
                verplicht=False,
                langste=100,
                hint="Kenmerk in het archief.",
            ),
            Field(
                "derden",
                "ja_nee",
                "Bevat gegevens van anderen dan de betrokkene",
                verplicht=False,
                hint="Dan gaat het niet mee als de betrokkene zijn dossier inziet. Leeg betekent nee.",
            ),
        ),
        _document,
        phases=EVER,
        kept=("bestandsnaam", "mediatype", "omvang", "sha256"),
    ),
    "walaa-vastleggingen": EntryKind(
        "WALAA",
        WalaaEntry,
        (
            Field(
                "antwoord", "keuze", "Antwoord", keuzes=tuple(Answer), hint="Een antwoord dat in deze zaak is gegeven."
            ),
            Field("datum", "datum", "Ingevoerd in WALAA op", hint="Deze dag telt voor de termijn."),
        ),
        _walaa,
        roles=HANDLERS,
        phases=EVER,
    ),
    "leerpunten": EntryKind(
        "Leerpunten",
        Leerpunt,
        (
            Field("soort", "keuze", "Soort", keuzes=LESSONS, hint="Waarover kunnen UWV of gemeenten iets leren?"),
            Field("toelichting", "lange_tekst", "Toelichting", verplicht=False, langste=500, hint=NO_PERSON),
        ),
        _lesson,
        phases=EVER,
    ),
    "rectificaties": EntryKind(
        "Rectificaties",
        Rectificatie,
        (
            Field("gevraagdOp", "datum", "Gevraagd op", hint=ASKED_ON),
            Field("betreft", "lange_tekst", "Wat klopt er niet, volgens de betrokkene", hint=OWN_WORDS),
            Field("uitkomst", "keuze", "Wat is besloten", keuzes=RECTIFIED, hint=BRP_ELSEWHERE),
            Field(
                "toelichting",
                "lange_tekst",
                "Wat is juist, of waarom verandert er niets",
                hint="Dit komt naast wat er stond.",
            ),
            Field("meegedeeldOp", "datum", "Verteld aan de betrokkene op", hint=WITHIN_A_MONTH),
        ),
        _rectification,
        roles=HANDLERS,
        phases=EVER,
    ),
    "inlichtingenverzoeken": EntryKind(
        "Inlichtingenverzoeken",
        InformationRequest,
        information_requests.FIELDS,
        information_requests.send,
        roles=frozenset({Role.BEHANDELAAR}),
        phases=tuple(phase for phase in BEFORE_BESLUIT if phase != Phase.ONTVANGEN),
    ),
    "bijvangst": EntryKind(
        "Bijvangst",
        Bijvangst,
        (
            Field("omschrijving", "lange_tekst", "Wat is er nog meer gevonden", hint=NEXT_PERSON),
            Field("bsn", "tekst", "BSN", verplicht=False, hint="Alleen van een volgende persoon die in de RNI staat."),
            Field("voornamen", "tekst", "Voornamen", verplicht=False, langste=200),
            Field("voorvoegsel", "tekst", "Voorvoegsel", verplicht=False, langste=10),
            Field("geslachtsnaam", "tekst", "Geslachtsnaam", verplicht=False, langste=200),
            Field("geboortedatum", "datum", "Geboortedatum", verplicht=False, hint="Leeg als u die niet zeker weet."),
        ),
        _bijvangst,
        roles=OUT_OF_DOORS,
        phases=OPEN,
    ),
}


def kind_named(name: str) -> EntryKind:
    """The kind of entry by its word in the API's address; NotFound for another."""
    if name not in KINDS:
        raise NotFound(Reason("soort_onbekend", f"In een dossier horen: {', '.join(KINDS)}."))
    return KINDS[name]


def add(session: Session, case: Case, kind: str, desk: Desk, gegevens: Mapping[str, Any]) -> OfCase:
    """Add an entry. Forbidden without a role for it, Refused in the wrong phase, Invalid naming every faulty field."""
    entry, file = kind_named(kind), CaseFile(session, case)
    require_open(case, kind, desk)
    values = read(entry.velden, gegevens, desk.now)
    with session.begin_nested():
        file.lock()
        require_open(case, kind, desk)
        case_terms.settle(file)
        row = entry.make(file, desk, file.own(desk), values)
        session.add(row)
        session.flush()
    return row


def require_open(case: Case, kind: str, desk: Desk) -> None:
    """Forbidden or Refused, as for `add`, unless an entry of this kind may be added now."""
    entry = kind_named(kind)
    if not entry.roles & desk.actor.roles_in(case.gemeentecode):
        uitleg = f"{entry.label} vastleggen is voor: {', '.join(sorted(entry.roles))}."
        raise Forbidden(Reason("rol_ontbreekt", uitleg))
    if case.fase not in entry.phases:
        uitleg = f"{entry.label} vastleggen kan niet meer: de zaak is {case.fase}."
        raise Refused(Reason("fase_past_niet", uitleg))


def entries(file: CaseFile, kind: str) -> Sequence[OfCase]:
    """The entries of one kind, oldest first."""
    return file.entries(kind_named(kind).table)


def as_dict(kind: str, row: OfCase) -> dict[str, Any]:
    """An entry by the names of its fields, with who recorded it and when."""
    renamed = {"tijdstip": "wanneer"} if kind == "contacten" else {}
    shown = {one.naam: _plain(getattr(row, renamed.get(one.naam, column_name(one.naam)))) for one in _shown(kind)}
    shown |= {name: getattr(row, name) for name in KINDS[kind].kept}
    return shown | {"nummer": row.id, "vastgelegdOp": row.vastgelegd_op.isoformat(), "door": row.door}  # type: ignore[attr-defined]


def _shown(kind: str) -> list[Field]:
    """Without what is kept elsewhere: a person in the child case, indicatie geheim in the case, taal in the letter."""
    elsewhere = {"bsn", "voornamen", "voorvoegsel", "geslachtsnaam", "geboortedatum", "indicatieGeheim", "taal"}
    return [one for one in kind_named(kind).velden if one.naam not in elsewhere]


def _plain(value: Any) -> Any:
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, (date, datetime)) else value


def given_answers(case: Case) -> tuple[Answer, ...]:
    """The legal answers that this case has given: the first, and that of its standing outcome."""
    final = OUTCOMES[case.resultaat].answer if case.resultaat else None
    return tuple(dict.fromkeys(answer for answer in (case.eerste_antwoord, final) if answer is not None))


def finish_task(session: Session, case: Case, task_id: int, desk: Desk) -> CaseTask:
    """A person looked at it. Done twice is done once."""
    task = session.exec(select(CaseTask).where(CaseTask.id == task_id, CaseTask.zaak_id == case.id)).first()
    if task is None:
        raise NotFound(Reason("taak_onbekend", "Deze taak is er niet (meer)."))
    _require_worker(case, desk)
    if task.afgehandeld_op is None:
        task.afgehandeld_op, task.afgehandeld_door = desk.today, desk.actor.naam
        session.add(task)
    return task


def call_back_done(session: Session, case: Case, request_id: int, desk: Desk) -> CallbackRequest:
    """The person was called back, and the term of this request ends."""
    mine = select(CallbackRequest).where(CallbackRequest.zaak_id == case.id, CallbackRequest.id == request_id)
    request = session.exec(mine).first()
    if request is None:
        raise NotFound(Reason("terugbelverzoek_onbekend", "Dit terugbelverzoek is er niet."))
    _require_worker(case, desk)
    if request.teruggebeld_op is None:
        request.teruggebeld_op = desk.today
        session.add(request)
        asked, file = request.vastgelegd_op, CaseFile(session, case)
        file.lock()
        case_terms.stop_begun(file, Term.TERUGBELVERZOEK, asked, TermStatus.GEHAALD, desk.today)
    return request


def _require_worker(case: Case, desk: Desk) -> None:
    if not WORKERS & desk.actor.roles_in(case.gemeentecode):
        raise Forbidden(Reason("rol_ontbreekt", "Dit is voor wie aan de zaken van deze gemeente werkt."))
