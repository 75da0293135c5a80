"""The tables of a case and its dossier; every row of a case carries its municipality, by which rows are chosen."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary, UniqueConstraint, false
from sqlmodel import Field

from signals.base import Moment, Owned, by_value, index_of
from signals.models import Grondslag
from signals.sealing import SealedBsn
from workflow.phases import Answer, Herkomst, Outcome, Phase

NO_TERM = date.max
"""The last day of the first term of a case in which none runs: such a case comes last."""


def _where_filled(table_name: str, column: str, *then: str) -> Index:
    """An index of only the rows that have a value there."""
    return index_of(f"{column} IS NOT NULL", f"ix_{table_name}_{column}", column, *then)


class Case(Owned, table=True):
    """One person in one municipality. `workflow.moves.take` is the only writer of fase, resultaat and versie.

    A load fills this table in bulk: what it makes for every case (its address, its receipt terms, its opening event and
    link) follows from the columns here and is no row elsewhere, and no foreign key points from this table, CaseSignal
    and CaseEvent to what a load makes.
    """

    __tablename__ = "zaak"
    __table_args__ = (
        Index("ix_zaak_bsn", "bsn"),
        Index("ix_zaak_adres", "gemeentecode", "adressleutel"),  # also finds the cases of a municipality
        Index("ix_zaak_eerste_signaal_id", "eerste_signaal_id"),  # a handed over case has the signal of its sender
        Index("ix_zaak_postcode", "postcode", "huisnummer"),
        Index("ix_zaak_geboortedatum", "geboortedatum"),
        # Lists by what is due first, of a municipality (with a handler, or without) and of a handler.
        index_of("behandelaar IS NULL", "ix_zaak_vrij", "gemeentecode", "eerste_termijn_tot", "id"),
        # A new case has none of these, so a load pays nothing for them.
        index_of("behandelaar IS NOT NULL", "ix_zaak_toegewezen", "gemeentecode", "eerste_termijn_tot", "id"),
        _where_filled("zaak", "behandelaar", "eerste_termijn_tot", "id"),
        _where_filled("zaak", "laatste_stap_op"),
        _where_filled("zaak", "ouder_id"),
        _where_filled("zaak", "voorganger_id"),
        index_of("fase = 'afgesloten'", "ix_zaak_afgesloten", "gemeentecode", "fase_sinds"),  # whose term is over
    )

    id: int | None = Field(default=None, primary_key=True)
    zaaknummer: str = Field(unique=True, max_length=20)
    versie: int = Field(default=1, description="raised by every step; compared before the next")
    fase: Phase = Field(sa_column=Column(by_value(Phase), nullable=False))
    resultaat: Outcome | None = Field(
        default=None, sa_column=Column(by_value(Outcome)), description="the standing outcome; none after heropen"
    )
    datum_resultaat: date | None = None
    eerste_antwoord: Answer | None = Field(default=None, sa_column=Column(by_value(Answer)))
    datum_eerste_antwoord: date | None = None
    herkomst: Herkomst = Field(sa_column=Column(by_value(Herkomst), nullable=False))
    grondslag: Grondslag = Field(sa_column=Column(by_value(Grondslag), nullable=False))
    datum_ontvangst: date = Field(description="receipt in WALAA/TMV; kept when a case is handed over")
    geopend_op: date
    eerste_antwoord_voor: date | None = Field(
        default=None,
        description="end of the receipt term for the first answer (LAA) or the reaction (TMV), as long as it runs here",
    )
    resultaat_voor: date | None = Field(
        default=None, description="end of the receipt term for the result (LAA), as long as it runs here"
    )
    eerste_termijn: str | None = Field(default=None, max_length=60, description="the running term that ends first")
    eerste_termijn_tot: date = Field(
        default=NO_TERM, sa_column_kwargs={"server_default": NO_TERM.isoformat()}, description="its end, or NO_TERM"
    )
    leveringsnummer: str | None = Field(default=None, max_length=20)
    eerste_signaal_id: int | None = Field(default=None, description="of Signal: the one that opened the case")
    lading_id: int | None = Field(
        default=None,
        description="of Load: the one that opened it, as long as its opening event and link are no rows of their own",
    )
    ouder_id: int | None = Field(default=None, description="of Case: bijvangst, the case it was found in")
    voorganger_id: int | None = Field(default=None, description="of Case: handed over from this one")

    bsn: str | None = Field(default=None, sa_type=SealedBsn)
    voornamen: str = Field(default="", max_length=200)
    voorvoegsel: str = Field(default="", max_length=10)
    geslachtsnaam: str = Field(max_length=200)
    geboortedatum: str = Field(max_length=8)
    indicatie_geheim: int | None = Field(default=None, description="07.70.10, asked at the BRP check; 0-7")

    straatnaam: str = Field(default="", max_length=80)
    huisnummer: int = Field(description="this and its neighbours are the current address; others are in Address")
    huisletter: str = Field(default="", max_length=1)
    huisnummertoevoeging: str = Field(default="", max_length=4)
    postcode: str = Field(default="", max_length=6)
    woonplaats: str = Field(default="", max_length=80)
    nummeraanduiding: str = Field(default="", max_length=16)
    adressleutel: str = Field(max_length=200, description="of the current address: the address group")
    adresbron: str = Field(
        max_length=200, description="where the address comes from: adresbron, or the handler's words"
    )
    adres_vanaf: date = Field(description="since when it is the current one")
    adres_signaal_id: int | None = Field(default=None, description="of Signal: the one that gave the address")

    behandelaar: str | None = Field(default=None, max_length=100, description="handler and contact person")
    aangehouden_sinds: date | None = None
    aangehouden_reden: str | None = None
    start_onderzoek: date | None = None
    datum_voornemen: date | None = Field(default=None, description="posting of the standing voornemen; none if lapsed")
    ingangsdatum: date | None = Field(default=None, description="effective date of residence, Wet BRP 2.19 lid 4")
    soort_adres: str | None = Field(default=None, max_length=10, description="woonadres or briefadres, by the besluit")
    fase_voor_bezwaar: Phase | None = Field(default=None, sa_column=Column(by_value(Phase, "fase_voor_bezwaar")))
    afgesloten_op: date | None = None
    laatste_stap_op: date | None = Field(default=None, description="this and what follows: `workflow.course`")
    fase_sinds: date | None = None
    aangehouden_vanaf: date | None = None
    eerst_afgesloten_op: date | None = None
    laatst_afgesloten_op: date | None = None
    beantwoord_op: date | None = None
    onderzoek_begon_op: date | None = None
    heropend_op: date | None = None
    had_resultaat: bool = Field(default=False, sa_column_kwargs={"server_default": false()})
    teruggestuurd: bool = Field(default=False, description="was sent back once; may not be sent back again")
    ingetrokken_door_uwv: date | None = Field(default=None, description="a V for all its signals waits for a person")


class OfCase(Owned):
    """What every dossier row has: its case, and when and by whom it was recorded."""

    zaak_id: int = Field(foreign_key="zaak.id", index=True)
    vastgelegd_op: date = Field(description="the day figures count it from")
    tijdstip: datetime = Field(sa_type=Moment)
    door: str = Field(max_length=200)


class CaseSignal(Owned, table=True):
    """Which signals a case works on; a signal's newest link is its case (a hand-over adds a link)."""

    __tablename__ = "zaak_signaal"
    __table_args__ = (UniqueConstraint("signal_id", "zaak_id"),)

    id: int | None = Field(default=None, primary_key=True)
    zaak_id: int = Field(index=True)
    signal_id: int
    vanaf: date
    actueel: bool = Field(default=True, description="exactly one link of a signal is")
    aangesloten: bool = Field(default=False, description="joined an open case: opened none")
    intrekking_telt: bool = Field(
        default=False, description="withdrawn before a besluit: told as intrekking_bevestigd, whatever comes next"
    )


class Address(Owned, table=True):
    """Another presumed address than the current one: an earlier, or one that a later signal gave."""

    __tablename__ = "zaak_adres"

    id: int | None = Field(default=None, primary_key=True)
    zaak_id: int = Field(foreign_key="zaak.id", index=True)
    signal_id: int | None = Field(default=None, foreign_key="signal.id", index=True)
    straatnaam: str = Field(default="", max_length=80)
    huisnummer: int
    huisletter: str = Field(default="", max_length=1)
    huisnummertoevoeging: str = Field(default="", max_length=4)
    postcode: str = Field(default="", max_length=6)
    woonplaats: str = Field(default="", max_length=80)
    nummeraanduiding: str = Field(default="", max_length=16)
    adressleutel: str = Field(max_length=200)
    bron: str = Field(max_length=200, description="where it comes from: adresbron, or the handler's words")
    vanaf: date


class CaseEvent(OfCase, table=True):
    """A step that was taken. Phase, outcome and first answer are those AFTER it: the last event is the state."""

    __tablename__ = "gebeurtenis"
    __table_args__ = (UniqueConstraint("zaak_id", "volgnummer"),)

    id: int | None = Field(default=None, primary_key=True)
    zaak_id: int
    volgnummer: int
    stap: str = Field(max_length=60)
    van: Phase | None = Field(default=None, sa_column=Column(by_value(Phase, "van")))
    naar: Phase = Field(sa_column=Column(by_value(Phase), nullable=False))
    rol: str = Field(max_length=60, description="the roles under which the step could be taken")
    grondslag: str = Field(description="statute or circulaire, as printed in the case file")
    procedure: str = Field(max_length=20)
    gegevens: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    resultaat: Outcome | None = Field(default=None, sa_column=Column(by_value(Outcome)))
    datum_resultaat: date | None = None
    eerste_antwoord: Answer | None = Field(default=None, sa_column=Column(by_value(Answer)))
    datum_eerste_antwoord: date | None = None
    behandelaar: str | None = Field(default=None, max_length=100)
    ingangsdatum: date | None = Field(default=None, description="effective date of residence after the step")
    aangehouden: bool = False
    afgeleid: bool = Field(default=False, description="taken along by another step: start_onderzoek by a letter")


class TermStatus(StrEnum):
    """How a term ended; none of these while it runs."""

    GEHAALD = "gehaald"
    VERVALLEN = "vervallen"


class CaseTerm(OfCase, table=True):
    """A term that runs or ran in a case, with the explanation of its date."""

    __tablename__ = "termijn"
    __table_args__ = (index_of("beeindigd_op IS NULL", "ix_termijn_lopend", "einde", "zaak_id"),)

    id: int | None = Field(default=None, primary_key=True)
    term: str = Field(max_length=40)
    vanaf: date
    einde: date
    lengte: int | None = Field(default=None, description="the length used, where a setting or a letter gave it")
    uitleg: list[str] = Field(default_factory=list, sa_type=JSON)
    beeindigd_op: date | None = None
    beeindiging: TermStatus | None = Field(default=None, sa_column=Column(by_value(TermStatus)))


class CaseTask(OfCase, table=True):
    """Something a person must look at; `sleutel` keeps the same reminder from being made twice."""

    __tablename__ = "taak"
    __table_args__ = (UniqueConstraint("zaak_id", "sleutel"),)

    id: int | None = Field(default=None, primary_key=True)
    soort: str = Field(max_length=40)
    sleutel: str = Field(max_length=120)
    uitleg: str
    gegevens: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    afgehandeld_op: date | None = None
    afgehandeld_door: str | None = Field(default=None, max_length=200)


class LetterKind(StrEnum):
    """The letters of the procedure."""

    AANSCHRIJVING = "aanschrijving"
    INLICHTINGENVERZOEK = "inlichtingenverzoek"
    VOORNEMEN = "voornemen"
    BESLUIT = "besluit"
    VERLENGING = "verlenging"
    AFSLUITING = "afsluiting"


class Letter(OfCase, table=True):
    """A letter and its posting date, which is the date that counts."""

    __tablename__ = "brief"

    id: int | None = Field(default=None, primary_key=True)
    nummer: int = Field(description="1, 2, ... within the case")
    soort: LetterKind = Field(sa_column=Column(by_value(LetterKind), nullable=False))
    stap: str = Field(max_length=60, description="the step that sent it; tells a besluit from a weigering")
    verzenddatum: date
    geadresseerde: str = Field(max_length=450, description="two names of 200, and the words for a guardian")
    adres: str = Field(max_length=250)
    adressleutel: str = Field(max_length=200)
    contactpersoon: str = Field(max_length=200)
    retour_op: date | None = None
    andere_bekendmaking: str | None = Field(default=None, description="how it was made known after it came back")
    bekendgemaakt_op: date | None = Field(default=None, description="when that was; its term counts from then")
    vervallen_op: date | None = Field(default=None, description="the voornemen or besluit it carried lapsed")


class LetterFile(Owned, table=True):
    """The bytes of a letter as it was sent. Never changed: the database refuses an update."""

    __tablename__ = "brief_bestand"

    brief_id: int = Field(primary_key=True, foreign_key="brief.id", sa_column_kwargs={"autoincrement": False})
    sha256: str = Field(max_length=64)
    pdf: bytes = Field(sa_type=LargeBinary)


class PreparedLetter(OfCase, table=True):
    """A letter that was made and waits for the post; posting it takes its step with exactly these bytes."""

    __tablename__ = "klaargezette_brief"

    id: int | None = Field(default=None, primary_key=True)
    stap: str = Field(max_length=60)
    gegevens: dict[str, Any] = Field(default_factory=dict, sa_type=JSON)
    versie: int = Field(description="of the case, for which it was made")
    brief_nummer: int = Field(description="the number that it bears and must get")
    briefdatum: date
    sha256: str = Field(max_length=64)
    pdf: bytes = Field(sa_type=LargeBinary)
    afgehandeld_op: date | None = None
    afhandeling: str | None = Field(
        default=None, max_length=20, description="verstuurd, vervangen, weggehaald, or vervallen when the case closed"
    )


class InformationRequest(OfCase, table=True):
    """Information about the person asked of somebody else, by letter (Circulaire 4.4)."""

    __tablename__ = "inlichtingenverzoek"

    id: int | None = Field(default=None, primary_key=True)
    brief_nummer: int = Field(description="of Letter, within the case")
    ontvanger: str = Field(max_length=30, description="what the receiver is; decides whether he must answer")
    naam: str = Field(max_length=200)
    straat: str = Field(max_length=100, description="with house number")
    postcode: str = Field(max_length=6)
    plaats: str = Field(max_length=80)
    vragen: str
    uiterlijk: date
    verzenddatum: date


class Source(OfCase, table=True):
    """A source consulted: facts only."""

    __tablename__ = "bron"

    id: int | None = Field(default=None, primary_key=True)
    soort: str = Field(max_length=30)
    datum: date
    bevinding: str
    gevorderd: bool = Field(default=False, description="demanded (Wet BRP 2.47, 2.50) rather than voluntary")


class Contact(OfCase, table=True):
    """An attempt at contact, or a moment at which the person was reached."""

    __tablename__ = "contact"

    id: int | None = Field(default=None, primary_key=True)
    soort: str = Field(max_length=20, description="contactpoging or contactmoment")
    kanaal: str = Field(max_length=20)
    richting: str = Field(max_length=10)
    wanneer: datetime = Field(sa_type=Moment)
    taal: str = Field(default="", max_length=2)
    resultaat: str = ""
    afspraken: str = ""


class CallbackRequest(OfCase, table=True):
    """The person asks to be called; open until called back."""

    __tablename__ = "terugbelverzoek"

    id: int | None = Field(default=None, primary_key=True)
    telefoonnummer: str = Field(max_length=20)
    toelichting: str = ""
    teruggebeld_op: date | None = None


class Visit(OfCase, table=True):
    """A home visit as it was held (Awbi 1, Awb 5:15): entry only with consent."""

    __tablename__ = "huisbezoek"

    id: int | None = Field(default=None, primary_key=True)
    poging: int
    begin: datetime = Field(sa_type=Moment)
    einde: datetime = Field(sa_type=Moment)
    adressleutel: str = Field(max_length=200)
    bezoekers: list[str] = Field(default_factory=list, sa_type=JSON)
    opengedaan: bool
    gelegitimeerd: bool
    doel_gemeld: bool
    toestemming: str = Field(max_length=15, description="gegeven, geweigerd or niet_gevraagd")
    binnengetreden: bool
    aangetroffen: bool | None = Field(default=None, description="the person looked for; none when not established")
    bevindingen: str = ""
    bezoek_id: int | None = Field(default=None, foreign_key="bezoek.id", index=True, description="the planned visit")
    tijdvak: str = Field(default="", max_length=40, description="the slot as it was planned")
    veiligheid: str = Field(default="", max_length=30)
    wie_opende: str = Field(default="", max_length=200)
    gezien_binnen: str = Field(default="", description="facts from inside: only after entry, so with consent")
    verklaringen: str = Field(default="", description="what was said, and by whom")
    documenten_gezien: str = ""
    anderen_aangetroffen: str = ""
    kaart_achtergelaten: bool | None = None
    vervolg: str = ""


class Document(OfCase, table=True):
    """A piece of evidence: its bytes lie in the data directory as `bestand`, or it is only a reference to elsewhere."""

    __tablename__ = "document"
    __table_args__ = (UniqueConstraint("zaak_id", "sha256"),)  # the same bytes once in a case, also of two at once

    id: int | None = Field(default=None, primary_key=True)
    omschrijving: str = Field(max_length=250)
    soort: str = Field(max_length=40)
    datum: date
    sha256: str | None = Field(default=None, max_length=64)
    kenmerk: str | None = Field(default=None, max_length=100, description="where it lies in the municipality's archive")
    derden: bool = Field(default=False, description="holds data of others than the person: left out of an inzage")
    bestand: str | None = Field(default=None, max_length=100, description="random: where the bytes lie; none without")
    bestandsnaam: str | None = Field(default=None, max_length=255, description="as the sender called it; only shown")
    mediatype: str | None = Field(default=None, max_length=100, description="by its content, never by its name")
    omvang: int | None = Field(default=None, description="in bytes")


class ReceivedPart(OfCase, table=True):
    """A part of another municipality's dossier, as it came with a hand-over or a return; never changed."""

    __tablename__ = "ontvangen_stuk"
    __table_args__ = (UniqueConstraint("zaak_id", "sleutel"),)  # what comes again after a return stays one

    id: int | None = Field(default=None, primary_key=True)
    sleutel: str = Field(max_length=60, description="which part of which case: `Z-2026-0000001/bron:12`")
    soort: str = Field(max_length=20, description="bron, contact, huisbezoek, brief or document")
    datum: date = Field(description="of the part itself, there")
    omschrijving: str = Field(max_length=300)
    regels: list[list[str]] = Field(default_factory=list, sa_type=JSON, description="label and text, as it read there")
    van_gemeente: str = Field(max_length=4)
    vastgelegd_door: str = Field(max_length=200, description="who recorded it there, as people call him")
    document_id: int | None = Field(default=None, foreign_key="document.id", index=True)
    sha256: str | None = Field(default=None, max_length=64)
    pdf: bytes | None = Field(default=None, sa_type=LargeBinary, description="of a letter, as it was sent")


class WalaaEntry(OfCase, table=True):
    """A legal answer as entered in WALAA: which, when, by whom. The clock turns green on `datum`."""

    __tablename__ = "walaa_vastlegging"

    id: int | None = Field(default=None, primary_key=True)
    antwoord: Answer = Field(sa_column=Column(by_value(Answer), nullable=False))
    datum: date


class Aangifte(OfCase, table=True):
    """A declaration of residence that came in and waits, or how it was dealt with."""

    __tablename__ = "aangifte"

    id: int | None = Field(default=None, primary_key=True)
    datum: date = Field(description="date of receipt: the effective date when it is processed")
    soort: str = Field(max_length=10, description="woonadres or briefadres")
    afgehandeld_op: date | None = None
    afhandeling: str | None = Field(default=None, max_length=20, description="verwerkt, geweigerd or vervallen")


class Bezwaar(OfCase, table=True):
    """An objection to a besluit in this case, and how it was decided."""

    __tablename__ = "bezwaar"

    id: int | None = Field(default=None, primary_key=True)
    datum: date
    ontvangen_via: str = Field(max_length=40)
    te_laat: bool = Field(description="received after the term; lateness is decided, not blocked")
    uitkomst: str | None = Field(default=None, max_length=20)
    gehoord: str | None = Field(default=None, max_length=20)
    beslist_op: date | None = None


class Leerpunt(OfCase, table=True):
    """What this case teaches about signal or instruction, without personal data."""

    __tablename__ = "leerpunt"

    id: int | None = Field(default=None, primary_key=True)
    soort: str = Field(max_length=30)
    toelichting: str = Field(default="", max_length=500)


class Rectificatie(OfCase, table=True):
    """What the person asked to mend and what was decided; what it is about stays as it is (AVG 16)."""

    __tablename__ = "rectificatie"

    id: int | None = Field(default=None, primary_key=True)
    gevraagd_op: date
    betreft: str
    uitkomst: str = Field(max_length=20)
    toelichting: str
    meegedeeld_op: date


class Bijvangst(OfCase, table=True):
    """Another finding at the address: a referral line, or a further person in the RNI with a child case."""

    __tablename__ = "bijvangst"

    id: int | None = Field(default=None, primary_key=True)
    omschrijving: str
    kindzaak_id: int | None = Field(default=None, foreign_key="zaak.id", index=True)
