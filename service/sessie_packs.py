"""The packs of a sessie: made to be looked at, published as they were looked at, and kept so.

What is published is what was seen: the form takes the digest of the preview along, and when anything was counted
otherwise by the time it is sent, the coordinator looks again.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any, TypeAlias

from sqlalchemy import Engine, tuple_
from sqlalchemy.orm import defer
from sqlmodel import Session, col, func, select

from exports.packs.files import made
from exports.packs.frozen import freeze, thaw
from exports.packs.messages import pack_of
from exports.packs.parts import Actie, Leerpunt, Pack, Said, Soort
from exports.selection import Selection
from service.access import Access
from service.reporting import figures_for, municipality_names
from signals.errors import Forbidden, NotFound, Reason, Refused, Stale
from signals.models import Signal
from signals.numbers import take_numbers
from workflow import sessie_notes as notes
from workflow import sessies
from workflow.actors import Actor, Desk
from workflow.fields import Field, read
from workflow.sessie_models import Sessie, SessieLevering, SessiePakket, SessiePakketBestand, SessieSoort
from workflow.sessies import Agenda
from workflow.words import heading

SERIES = "PK"
REASON = (
    Field(
        "reden",
        "lange_tekst",
        "Waarom komt er een nieuw pakket",
        langste=500,
        hint="Dit staat bij het vorige pakket. Zonder persoonsgegevens: iedereen die meedoet leest dit.",
    ),
)
SOORTEN: Mapping[SessieSoort, Soort] = {
    SessieSoort.WERKSESSIE: Soort.WERKSESSIE,
    SessieSoort.EVALUATIESESSIE: Soort.EVALUATIE,
}


class Uitgave(StrEnum):
    """For whom it is."""

    BINNEN = "binnen"
    OPENBAAR = "openbaar"


class Bestand(StrEnum):
    """A file of a pack, in the order in which they are offered."""

    PPTX = "pptx"
    XLSX = "xlsx"
    PDF = "pdf"


@dataclass(frozen=True)
class Edition:
    """A pack for one kind of readers, and all of it as it is kept."""

    pack: Pack
    kept: Mapping[str, Any]


@dataclass(frozen=True)
class Made:
    """A pack that can be published: of each edition, and which of the packs of this sessie it would be."""

    editions: Mapping[Uitgave, Edition]
    peildatum: date
    volgnummer: int

    @property
    def digest(self) -> str:
        """Another text once anything in it is another."""
        told = [edition.kept for edition in self.editions.values()]
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()[:32]


Files: TypeAlias = Mapping[tuple[Uitgave, str], bytes]
"""The bytes of the files of each edition."""


def files_made(new: Made, progress: Callable[[int], None] | None = None) -> Files:
    """The files of a pack, as they will be kept. progress: is told after each edition, counting from two on."""
    files: dict[tuple[Uitgave, str], bytes] = {}
    for place, (uitgave, edition) in enumerate(new.editions.items(), 2):
        for kind, content in made(edition.pack, edition.kept["cijfers"]).items():
            files[uitgave, kind] = content
        if progress:
            progress(place)
    return files


LARGE = 2_000
"""Signals from which on counting and drawing is no work for a request."""


def is_large(session: Session, agenda: Agenda) -> bool:
    """Whether it takes too long to make the pack of this sessie within a request."""
    every = agenda.sessie.soort == SessieSoort.EVALUATIESESSIE  # compared with everything before it
    counted = select(func.count()).select_from(Signal)
    if not every:
        counted = counted.where(col(Signal.leveringsnummer).in_(agenda.leveringen))
    return session.exec(counted).one() > LARGE


def may_have(sessie: Sessie) -> bool:
    """Whether a pack goes with such a sessie: not with a kick-off, before which nothing was counted."""
    return sessie.soort in SOORTEN


def require_reader(agenda: Agenda, actor: Actor) -> None:
    """Forbidden for who only has cases of a levering: a pack holds the true counts of every municipality."""
    if not sessies.takes_part(agenda, actor):
        raise Forbidden(Reason("pakket_voor_deelnemers", "Het pakket is voor wie meedoet aan deze sessie."))


def require_publisher(agenda: Agenda, actor: Actor) -> None:
    """Forbidden for who does not lead sessies; Refused for a sessie that has no pack or is off."""
    sessies.require_leader(actor)
    if not may_have(agenda.sessie):
        uitleg = "Bij een kick-off hoort geen pakket. Publiceer het bij de werksessie of de evaluatiesessie."
        raise Refused(Reason("sessie_zonder_pakket", uitleg))
    notes.require_not_off(agenda.sessie)


def make(session: Session, engine: Engine, access: Access, agenda: Agenda, peildatum: date, today: date) -> Made:
    """What would be published now. Invalid for a peildatum after today."""
    require_publisher(agenda, access.actor)
    soort, chosen = SOORTEN[agenda.sessie.soort], Selection(leveringen=tuple(agenda.leveringen))
    names, said = municipality_names(engine), said_in(session, agenda, access.actor, peildatum)

    def count(selection: Selection, openbaar: bool) -> dict[str, Any]:
        counted = figures_for(engine, access, selection, peildatum, today=today, openbaar=openbaar)
        plain: dict[str, Any] = json.loads(json.dumps(counted))  # as it will be read back
        return plain

    def edition(openbaar: bool) -> Edition:
        counted = count(chosen, openbaar)
        earlier = count(Selection(), openbaar) if soort is Soort.EVALUATIE else None
        heard = None if openbaar else said
        pack = pack_of(soort, counted, names=names, said=heard, earlier=earlier)
        return Edition(pack, freeze(pack, counted, earlier, heard))

    editions = {Uitgave.BINNEN: edition(openbaar=False)}
    if len(agenda.leveringen) == 1:  # of any two together there are no public figures
        editions[Uitgave.OPENBAAR] = edition(openbaar=True)
    return Made(editions, peildatum, len(published(session, agenda)) + 1)


def said_in(session: Session, agenda: Agenda, actor: Actor, until: date) -> Said:
    """The leerpunten, the questions and the actions as they are now, without a person."""
    lessons = notes.lessons(session, agenda, actor, until, until)
    asked = notes.questions(session, agenda, actor)
    agreed = [*(action for action, _ in notes.returning(session, agenda)), *notes.actions(session, agenda)]
    owners = [*map(notes.asker, asked), *(action.organisatie for action in agreed)]
    names = {one: heading(name) for one, name in notes.organisation_names(session, owners).items()}
    return Said(
        tuple(Leerpunt(one.soort, one.toelichting, one.aantal, one.gemeenten, one.conclusie) for one in lessons),
        tuple(Actie(one.tekst, names[one.organisatie], one.voor, one.gedaan_op) for one in agreed),
        tuple(f"{names[notes.asker(one)]}: {one.tekst}" for one in asked),
    )


def publish(
    session: Session,
    agenda: Agenda,
    desk: Desk,
    new: Made,
    files: Files,
    stood: tuple[int, str],
    gegevens: Mapping[str, Any],
) -> SessiePakket:
    """Keeps a pack and its files for good, with a number.

    stood: volgnummer and digest of the preview; Stale when another pack came first, or when it would say something
    else by now. Invalid for a next pack without a reason.
    """
    require_publisher(agenda, desk.actor)
    reason = read_reason(session, agenda, desk, new, stood, gegevens)
    number = take_numbers(session, SERIES, desk.now.year)[0]
    inside, outside = new.editions[Uitgave.BINNEN], new.editions.get(Uitgave.OPENBAAR)
    pack = SessiePakket(
        nummer=f"{SERIES}-{desk.now.year}-{number:04d}",
        sessie_id=agenda.id,
        volgnummer=new.volgnummer,
        soort=inside.pack.soort,
        peildatum=new.peildatum,
        gepubliceerd_op=desk.now,
        gepubliceerd_door=desk.actor.naam,
        reden=reason,
        binnen=dict(inside.kept),
        openbaar=None if outside is None else dict(outside.kept),
    )
    session.add(pack)
    session.flush()
    session.add_all(_file(pack, uitgave, kind, content) for (uitgave, kind), content in files.items())
    session.flush()
    return pack


def read_reason(
    session: Session, agenda: Agenda, desk: Desk, new: Made | None, stood: tuple[int, str], gegevens: Mapping[str, Any]
) -> str:
    """Why there is a next pack, when this is one. Asked also before the files are made, which takes a while.

    new: None before anything is counted; whether that is what was looked at is then seen later.
    """
    before = published(session, agenda)
    if stood[0] != len(before) + 1 or (new and new.volgnummer != stood[0]):
        uitleg = "Er is intussen een pakket gepubliceerd. Hieronder staat het volgende. Bekijk het eerst."
        raise Stale(Reason("pakket_intussen_gepubliceerd", uitleg))
    if new and stood[1] != new.digest:
        uitleg = (
            "De cijfers of de teksten zijn veranderd sinds u het voorbeeld opende. Hieronder staat hoe het nu is. Kijk "
            "nog eens en publiceer dan. Met een peildatum voor vandaag veranderen cijfers niet meer."
        )
        raise Stale(Reason("voorbeeld_veranderd", uitleg))
    return str(sessies.without_bsn(read(REASON, gegevens, desk.now))["reden"]) if before else ""


def _file(pack: SessiePakket, uitgave: Uitgave, kind: str, content: bytes) -> SessiePakketBestand:
    public = f"-{Uitgave.OPENBAAR}" if uitgave is Uitgave.OPENBAAR else ""
    return SessiePakketBestand(
        pakket_id=_id(pack),
        uitgave=uitgave,
        soort=kind,
        naam=f"{pack.soort}-{pack.nummer}-{pack.peildatum:%Y%m%d}{public}.{kind}",
        sha256=hashlib.sha256(content).hexdigest(),
        grootte=len(content),
        inhoud=content,
    )


def _id(pack: SessiePakket) -> int:
    assert pack.id is not None  # it was flushed
    return pack.id


def published(session: Session, agenda: Agenda) -> Sequence[SessiePakket]:
    """The packs of a sessie without what they say, the newest first: that one holds."""
    large = (defer(SessiePakket.binnen), defer(SessiePakket.openbaar))  # type: ignore[arg-type]
    mine = select(SessiePakket).where(SessiePakket.sessie_id == agenda.id).options(*large)
    return session.exec(mine.order_by(col(SessiePakket.volgnummer).desc())).all()


def earlier(session: Session, agenda: Agenda, actor: Actor) -> Sequence[tuple[Sessie, SessiePakket]]:
    """The pack that holds of each earlier sessie about one of these leveringen, newest first, for who took part."""
    about = select(SessieLevering.sessie_id).where(col(SessieLevering.leveringsnummer).in_(agenda.leveringen))
    earlier_day = tuple_(col(Sessie.datum), col(Sessie.id)) < (agenda.sessie.datum, agenda.id)
    before = select(Sessie).where(col(Sessie.id).in_(about), earlier_day)
    held = session.exec(before.order_by(col(Sessie.datum).desc(), col(Sessie.id).desc())).all()
    read = [one for one in sessies.visible(session, actor, held) if sessies.takes_part(one, actor)]
    return [(one.sessie, packs[0]) for one in read if (packs := published(session, one))]


def chosen(packs: Sequence[SessiePakket], volgnummer: int | None) -> SessiePakket:
    """One of the packs of a sessie, the newest unless another is named; NotFound when it is not there."""
    found = next((one for one in packs if volgnummer in (None, one.volgnummer)), None)
    if found is None:
        raise NotFound(Reason("pakket_onbekend", "Er is (nog) geen pakket gepubliceerd onder dit nummer."))
    return found


def read_back(pack: SessiePakket, uitgave: Uitgave) -> Pack:
    """What a published pack says; NotFound when there is no such edition."""
    kept = pack.binnen if uitgave is Uitgave.BINNEN else pack.openbaar
    if kept is None:
        uitleg = "Van dit pakket is er geen openbare uitgave: de sessie gaat over meer dan één levering."
        raise NotFound(Reason("uitgave_onbekend", uitleg))
    return thaw(kept)


def files_of(session: Session, pack: SessiePakket) -> Sequence[SessiePakketBestand]:
    """The files of a pack without their bytes, in the order in which they are offered."""
    mine = select(SessiePakketBestand).where(SessiePakketBestand.pakket_id == pack.id)
    rows = session.exec(mine.options(defer(SessiePakketBestand.inhoud)))  # type: ignore[arg-type]
    order = [*Bestand]
    return sorted(rows, key=lambda one: (one.uitgave, order.index(Bestand(one.soort))))


def file_of(session: Session, pack: SessiePakket, uitgave: Uitgave, soort: Bestand) -> SessiePakketBestand:
    """A file with its bytes, as it was published; NotFound when there is no such edition."""
    found = session.get(SessiePakketBestand, (pack.id, uitgave, soort))
    if found is None:
        raise NotFound(Reason("uitgave_onbekend", "Van dit pakket is dit bestand er niet."))
    return found
