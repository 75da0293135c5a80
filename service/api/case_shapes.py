"""What the API tells of a case, and what it asks: the shapes of /zaken."""

from datetime import date
from typing import Annotated

from pydantic import Field

from service.api.shapes import ApiModel, Gegevens, Moment, Reden, Termijn, Veld
from workflow.phases import Outcome, Phase
from workflow.transitions import BY_NAME


class Gebeurtenis(ApiModel):
    """A step that was taken."""

    stap: str
    van: Phase | None
    naar: Phase
    tijdstip: Moment
    vastgelegd_op: date
    door: str
    rol: str
    grondslag: str
    gegevens: Gegevens


class Zaak(ApiModel):
    """A case as every list shows it."""

    zaaknummer: str
    versie: int
    fase: Phase
    aangehouden: bool
    gemeentecode: str
    herkomst: str
    leveringsnummer: str | None
    signaalnummers: list[str]
    datum_ontvangst: date
    behandelaar: str | None
    eerste_antwoord: str | None
    resultaat: Outcome | None
    ingangsdatum: date | None
    termijnen: list[Termijn]
    gebeurtenissen: list[Gebeurtenis]


class Persoon(ApiModel):
    """Whom the case is about; the birth date in 8 digits, unknown parts 00."""

    bsn: str | None
    voornamen: str
    voorvoegsel: str
    geslachtsnaam: str
    geboortedatum: str
    indicatie_geheim: int | None


class Adres(ApiModel):
    """A presumed address."""

    straatnaam: str
    huisnummer: int
    huisletter: str
    huisnummertoevoeging: str
    postcode: str
    woonplaats: str
    nummeraanduiding: str
    bron: str
    vanaf: date
    huidig: bool


class Signaal(ApiModel):
    """A signal of the case; what UWV pays or paid is for the handlers only."""

    signaalnummer: str
    leveringsnummer: str
    datum_signaal: date
    datum_ontvangst: date
    grondslag: str
    aanleiding: str
    adresbron: str
    telefoonnummer: str
    emailadres: str
    toelichting: str
    ingetrokken_op: date | None
    uitkeringssoort: str | None = None
    datum_vanaf: date | None = None
    datum_tot: date | None = None
    werkgever: str | None = None


class Taak(ApiModel):
    """Something a person must look at."""

    nummer: int
    soort: str
    uitleg: str
    vastgelegd_op: date
    afgehandeld_op: date | None


class OntvangenStuk(ApiModel):
    """A part of another municipality's dossier, as it came with a hand-over."""

    nummer: int
    soort: str
    datum: date
    omschrijving: str
    regels: Annotated[list[list[str]], Field(description="Steeds een opschrift en een tekst.")]
    van_gemeente: str
    vastgelegd_door: str
    vastgelegd_op: Annotated[date, Field(description="De dag van ontvangst hier.")]
    document: Annotated[int | None, Field(description="Nummer bij de documenten van deze zaak.")]
    sha256: Annotated[str | None, Field(description="Van een brief, te lezen op /ontvangen/{nummer}.")]


class ZaakMetDossier(Zaak):
    """A case with what somebody who works on it sees."""

    grondslag: str
    datum_resultaat: date | None
    datum_eerste_antwoord: date | None
    start_onderzoek: date | None
    datum_voornemen: date | None
    aangehouden_reden: str | None
    persoon: Persoon
    adressen: list[Adres]
    adresgroep: Annotated[list[str], Field(description="Andere zaken op hetzelfde huidige adres.")]
    signalen: list[Signaal]
    taken: list[Taak]
    dossier: Annotated[dict[str, list[Gegevens]], Field(description="De vastleggingen per soort.")]
    ontvangen: Annotated[list[OntvangenStuk], Field(description="Wat bij een overdracht meekwam.")]


class Stap(ApiModel):
    """A step, whether it can be taken now, why not, and what it asks."""

    stap: str
    label: str
    mag: bool
    belemmeringen: list[Reden]
    velden: list[Veld]
    grondslag: str


class TeNemenStap(ApiModel):
    """A step to take; `versie` is that of the case as it was read, unless `If-Match` says it."""

    stap: Annotated[str, Field(max_length=60, json_schema_extra={"enum": list(BY_NAME)})]
    versie: Annotated[
        int | None, Field(ge=0, description="De versie van de zaak zoals u haar las; mag weg als If-Match haar noemt.")
    ] = None
    gegevens: Gegevens = Field(default_factory=dict)


class Zoekvraag(ApiModel):
    """One of: bsn; geslachtsnaam with geboortedatum; postcode with huisnummer; signaalnummer."""

    bsn: Annotated[str | None, Field(pattern=r"^[0-9]{9}$")] = None
    geslachtsnaam: Annotated[str | None, Field(min_length=1, max_length=200)] = None
    geboortedatum: Annotated[
        str | None,
        Field(
            pattern=r"^([0-9]{8}|[0-9]{4}-[0-9]{2}-[0-9]{2})$",
            description="JJJJMMDD met 00 voor onbekende delen, of JJJJ-MM-DD.",
        ),
    ] = None
    postcode: Annotated[str | None, Field(pattern=r"^[0-9]{4} ?[A-Za-z]{2}$")] = None
    huisnummer: Annotated[int | None, Field(ge=1, le=99999)] = None
    signaalnummer: Annotated[str | None, Field(min_length=1, max_length=40)] = None
