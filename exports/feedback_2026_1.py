"""Feedback to UWV, layout `terugkoppeling_2026_1`: which rows leave, in which file, and what becomes of them."""

import hashlib
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import date, datetime
from pathlib import Path
from typing import Any, BinaryIO, cast

from sqlalchemy import RowMapping, func, insert, literal, or_, select, update
from sqlalchemy.orm import aliased
from sqlmodel import Session, col

from exports.models import DeliveryState, FeedbackDelivery, FeedbackFile, FeedbackRow, LegalBasis, RowKind
from exports.sheet import AT_ONCE, Cell, Column, InColumns, Kind, Sheet, along_csv, write_xlsx
from exports.stands import CATEGORIES, comparison, told_results
from signals.base import table
from signals.bulk import slices
from signals.dates import dutch_date
from signals.errors import Invalid, NotFound, Reason, Refused, named
from signals.models import Grondslag
from signals.numbers import take_numbers
from signals.sealing import opened

SERIES = "TK"
FILE_KINDS = ("csv", "xlsx")

COLUMNS: tuple[Column, ...] = (
    Column("terugkoppelingsnummer", "Het nummer van deze terugkoppeling: TK-JJJJ-NNNN.", breedte=22),
    Column("volgnummer", "Het nummer van de regel in deze terugkoppeling, vanaf 1.", Kind.GETAL, 12),
    Column("leveringsnummer", "De levering waarin UWV het signaal aanleverde."),
    Column("signaalnummer", "Het nummer dat UWV aan het signaal gaf.", breedte=22),
    Column("bsn", "Het burgerservicenummer zoals aangeleverd: tekst van negen cijfers.", breedte=12),
    Column("gemeentecode", "De gemeente die het antwoord of resultaat gaf: vier cijfers.", breedte=14),
    Column(
        "soort",
        "eerste_antwoord, resultaat, correctie (een eerder verteld resultaat klopt niet meer) of intrekking_bevestigd.",
        breedte=22,
    ),
    Column(
        "eerste_antwoord",
        "Het wettelijke eerste antwoord: onderzoek_in_de_brp, afgerond_zonder_brp_mutatie of afgerond_met_brp_mutatie.",
        breedte=30,
    ),
    Column(
        "datum_eerste_antwoord",
        "De dag van het eerste antwoord; nooit voor de ontvangst van dit signaal.",
        Kind.DATUM,
        22,
    ),
    Column(
        "resultaat",
        "ingeschreven, elders, niet_ingeschreven, reeds_ingeschreven of niet_onderzocht. Leeg bij een eerste antwoord "
        "en bij een intrekking; leeg in een correctie betekent: weer in onderzoek.",
        breedte=20,
    ),
    Column("datum_resultaat", "De dag van het resultaat.", Kind.DATUM, 16),
    Column("brp_mutatie", "J als de persoon als ingezetene is ingeschreven, anders N.", breedte=12),
    Column("ingangsdatum_ingezetene", "De dag van ingang van de inschrijving; alleen bij een mutatie.", Kind.DATUM, 24),
    Column("vervangt", "Bij een correctie: de ontvangen regel die vervalt, als TK-JJJJ-NNNN/volgnummer.", breedte=20),
)


def due(session: Session) -> Sequence[RowMapping]:
    """The rows that a make would tell now, in the order of the file; columns: `stands.comparison`."""
    rows = comparison()
    return session.execute(select(rows).where(rows.c.due).order_by(*_order(rows))).mappings().all()


def due_by_kind(session: Session) -> dict[RowKind, int]:
    """{soort: rows} of what a make would tell now."""
    rows = comparison()
    counted = session.execute(select(rows.c.soort, func.count()).where(rows.c.due).group_by(rows.c.soort))
    found = dict(counted.all())
    return {kind: found[kind] for kind in RowKind if kind in found}


def reconciliation(session: Session) -> dict[str, int]:
    """{category: signals}: every accepted signal exactly once, in the order of their precedence."""
    rows = comparison()
    counted = session.execute(select(rows.c.categorie, func.count()).group_by(rows.c.categorie))
    found: dict[str, int] = dict(counted.all())
    return {category: found.get(category, 0) for category in CATEGORIES}


def told_signals(session: Session, signal_ids: Collection[int]) -> set[int]:
    """Those of the signals of which the supplier was told a result, and not since that it no longer stands."""
    told = told_results()
    found: set[int] = set()
    for piece in slices(signal_ids):
        found.update(session.scalars(told.where(told.selected_columns.signal_id.in_(piece))))
    return found


def make(
    session: Session,
    *,
    door: str,
    now: datetime,
    production: bool,
    folder: Path | None = None,
    progress: Callable[[int], None] | None = None,
) -> FeedbackDelivery | None:
    """The next delivery with every row that is due, its two files stored; None (and no number) when nothing is due.

    now: aware, in the clock's time zone. folder: where the files lie while they are made (itself too when
    absent); nothing is left in it. progress: is told how many rows were written.
    Raises Refused while another delivery waits to be sent and, in production, when a grondslag among the rows has no
    recorded legal basis for giving results.
    """
    delivery = reserve(session, door=door, now=now, production=production)
    if delivery is not None:
        _store_files(session, delivery, now.date(), folder, progress)
        session.flush()
    return delivery


def reserve(session: Session, *, door: str, now: datetime, production: bool) -> FeedbackDelivery | None:
    """The next delivery with every row that is due, before its files are made: see `make`."""
    _refuse_while_one_waits(session)
    rows = comparison()
    grounds = session.scalars(select(rows.c.grondslag).where(rows.c.due).distinct()).all()
    if not grounds:
        return None
    if production:
        _refuse_without_basis(session, [Grondslag(ground) for ground in grounds], now.date())
    number = take_numbers(session, SERIES, now.year)[0]
    _refuse_while_one_waits(session)  # taking a number locks the series: whoever was first is visible now
    delivery = FeedbackDelivery(
        nummer=f"{SERIES}-{now.year}-{number:04d}",
        staat=DeliveryState.AANGEMAAKT,
        aangemaakt_op=now,
        aangemaakt_door=door,
    )
    session.add(delivery)
    session.flush()
    assert delivery.id is not None
    delivery.regels = _reserve(session, delivery.id)
    return delivery


def _refuse_while_one_waits(session: Session) -> None:
    waiting = select(col(FeedbackDelivery.nummer)).where(col(FeedbackDelivery.staat) == DeliveryState.AANGEMAAKT)
    nummer = session.scalars(waiting).first()
    if nummer is not None:
        uitleg = (
            f"Terugkoppeling {nummer} is aangemaakt maar nog niet verzonden. "
            "Verzend die eerst en leg dat vast; maak daarna de volgende."
        )
        raise Refused(Reason("terugkoppeling_wacht", uitleg))


def _refuse_without_basis(session: Session, grounds: Iterable[Grondslag], today: date) -> None:
    in_force = set(
        session.scalars(
            select(col(LegalBasis.grondslag)).where(
                col(LegalBasis.vanaf) <= today, or_(col(LegalBasis.tot).is_(None), col(LegalBasis.tot) > today)
            )
        )
    )
    reasons = [
        Reason(
            "grondslag_verstrekking_ontbreekt",
            f"Voor signalen met grondslag {ground.value} is geen geldige grondslag vastgelegd om resultaten aan UWV te "
            "geven (Wet BRP artikel 2.37e lid 3). Laat de beheerder die vastleggen, met wie erover besloot.",
            ground.value,
        )
        for ground in sorted(grounds)
        if ground not in in_force
    ]
    if reasons:
        raise Refused(reasons)


def _order(rows: Any) -> tuple[Any, ...]:
    return (rows.c.leveringsnummer, rows.c.signal_id)


def _reserve(session: Session, delivery_id: int) -> int:
    """Writes every due row in one statement, so that what was found due is what is told; answers how many."""
    rows, told = comparison(), table(FeedbackRow)
    names = (
        "signal_id",
        "leveringsnummer",
        "signaalnummer",
        "bsn",
        "soort",
        "eerste_antwoord",
        "datum_eerste_antwoord",
        "resultaat",
        "datum_resultaat",
        "brp_mutatie",
        "ingangsdatum_ingezetene",
        "gemeentecode",
        "vervangt",
        "vervangt_id",
    )
    chosen = select(
        literal(delivery_id),
        func.row_number().over(order_by=_order(rows)),
        *(rows.c[name] for name in names),
    ).where(rows.c.due)
    session.execute(insert(told).from_select(["terugkoppeling_id", "volgnummer", *names], chosen))
    count = select(func.count()).select_from(told).where(told.c.terugkoppeling_id == delivery_id)
    return session.scalars(count).one()


def file_rows(session: Session, delivery: FeedbackDelivery, progress: Callable[[int], None] | None = None) -> InColumns:
    """The rows as told, in order, read as a stream."""
    return InColumns(_file_columns(session, delivery, progress))


def _file_columns(
    session: Session, delivery: FeedbackDelivery, progress: Callable[[int], None] | None
) -> Iterator[Sequence[Sequence[Cell]]]:
    """A piece at a time by its numbers: so nothing of the rest is in memory, on either database."""
    row = table(FeedbackRow)
    wanted = select(*(row.c[column.naam] for column in COLUMNS[1:])).order_by(row.c.volgnummer)
    here = wanted.where(row.c.terugkoppeling_id == delivery.id)
    for first in range(1, delivery.regels + 1, AT_ONCE):
        with session.connection().execute(here.where(row.c.volgnummer.between(first, first + AT_ONCE - 1))) as result:
            # The driver's own rows: to make something of each value by itself takes three times as long.
            rows = result.cursor.fetchall()
        told = map(_as_told, COLUMNS[1:], zip(*rows, strict=True))
        yield [[delivery.nummer] * len(rows), *told]
        if progress:
            progress(first + len(rows) - 1)


def _as_told(column: Column, values: Sequence[Any]) -> Sequence[Cell]:
    """A column as it lies in the database, as it is in the file."""
    if column.soort == Kind.DATUM:  # SQLite keeps days as text
        days = {day: date.fromisoformat(day) if isinstance(day, str) else day for day in set(values)}
        return [days[day] for day in values]
    match column.naam:
        case "bsn":
            return opened(values)
        case "brp_mutatie":
            return list(map(bool, values))
    return values


def write_files(
    session: Session,
    delivery: FeedbackDelivery,
    today: date,
    csv: BinaryIO,
    xlsx: BinaryIO,
    progress: Callable[[int], None] | None = None,
) -> None:
    """Both files of a delivery at once: its rows are read, and their numbers opened, one time."""
    remarks = (
        f"Terugkoppeling {delivery.nummer} van {today:%d-%m-%Y}, {delivery.regels} regels, terugkoppeling_2026_1.",
        "Het CSV-bestand met hetzelfde nummer is leidend.",
        "Per signaal staat er hoogstens een regel in. Een latere regel over hetzelfde signaal gaat voor.",
    )
    rows = along_csv(csv, COLUMNS, file_rows(session, delivery, progress))
    write_xlsx(xlsx, [Sheet("Terugkoppeling", COLUMNS, rows)], remarks)


def _store_files(
    session: Session,
    delivery: FeedbackDelivery,
    today: date,
    folder: Path | None,
    progress: Callable[[int], None] | None,
) -> None:
    assert delivery.id is not None
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as made:  # without a name, so gone whatever happens
        streams = {kind: made.enter_context(tempfile.TemporaryFile(dir=folder)) for kind in FILE_KINDS}
        csv, xlsx = (cast(BinaryIO, streams[kind]) for kind in FILE_KINDS)
        write_files(session, delivery, today, csv, xlsx, progress)
        for kind, stream in streams.items():
            stream.seek(0)
            content = stream.read()
            session.add(
                FeedbackFile(
                    terugkoppeling_id=delivery.id,
                    soort=kind,
                    naam=f"terugkoppeling-{delivery.nummer}-{today:%Y%m%d}.{kind}",
                    sha256=hashlib.sha256(content).hexdigest(),
                    grootte=len(content),
                    inhoud=content,
                )
            )


def find(session: Session, nummer: str) -> FeedbackDelivery:
    """The delivery with this number; raises NotFound."""
    delivery = session.scalars(select(FeedbackDelivery).where(col(FeedbackDelivery.nummer) == nummer)).first()
    if delivery is None:
        raise NotFound(Reason("terugkoppeling_onbekend", f"Er is geen terugkoppeling met {named(nummer, 'TK-')}."))
    return delivery


def files(session: Session, nummer: str) -> Sequence[FeedbackFile]:
    """The files of a delivery, csv first."""
    delivery = find(session, nummer)
    mine = select(FeedbackFile).where(col(FeedbackFile.terugkoppeling_id) == delivery.id)
    return session.scalars(mine.order_by(col(FeedbackFile.soort))).all()


def file_bytes(session: Session, nummer: str, kind: str) -> bytes:
    """The stored bytes of the `csv` or `xlsx`, the same every time; NotFound when never made or destroyed since."""
    for file in files(session, nummer):
        if file.soort == kind and file.inhoud is not None:
            return file.inhoud
    gone = find(session, nummer).bestanden_vernietigd_op
    if gone is not None and kind in FILE_KINDS:
        uitleg = f"De bestanden van terugkoppeling {nummer} zijn na de bewaartermijn vernietigd, op {dutch_date(gone)}."
        raise NotFound(Reason("bestand_vernietigd", uitleg))
    uitleg = f"Van terugkoppeling {nummer} is er geen {kind}-bestand (meer). Mogelijk zijn: {', '.join(FILE_KINDS)}."
    raise NotFound(Reason("bestand_onbekend", uitleg))


def save(session: Session, nummer: str, folder: Path) -> list[Path]:
    """Writes the stored files into a folder (made when absent); a half-written file never has the final name."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for file in files(session, nummer):
        content = file_bytes(session, nummer, file.soort)
        part = folder / f".{file.naam}.deel"
        part.write_bytes(content)
        paths.append(part.replace(folder / file.naam))
    return paths


def sent(session: Session, nummer: str, door: str, now: datetime) -> FeedbackDelivery:
    """aangemaakt -> verzonden: the rows are told. Refused from any other state, so a double click tells once."""
    values = {"verzonden_op": now, "verzonden_door": door}
    return _step(session, nummer, (DeliveryState.AANGEMAAKT,), DeliveryState.VERZONDEN, values)


def received(session: Session, nummer: str, reference: str, door: str, now: datetime) -> FeedbackDelivery:
    """verzonden -> ontvangen, with the supplier's reference."""
    if not reference.strip():
        raise Invalid(Reason("verplicht_leeg", "Vul het kenmerk in waarmee UWV de ontvangst bevestigde.", "kenmerk"))
    if len(reference.strip()) > 100:
        raise Invalid(Reason("te_lang", "Het kenmerk van UWV mag ten hoogste 100 tekens lang zijn.", "kenmerk"))
    values = {"ontvangen_op": now, "ontvangen_door": door, "kenmerk": reference.strip()}
    return _step(session, nummer, (DeliveryState.VERZONDEN,), DeliveryState.ONTVANGEN, values)


def refused(
    session: Session, nummer: str, reason: str, rows: Collection[int] | None, door: str, now: datetime
) -> FeedbackDelivery:
    """The supplier refuses a sent or received delivery: whole (rows None) or the rows with these volgnummers.

    Refused rows become due again. A delivery of which every row is refused is `geweigerd`; otherwise it keeps its state
    and the other rows stand. Refused for a row that a later standing row replaces: its correction would hang.
    """
    delivery = find(session, nummer)
    text = reason.strip()
    if not text:
        raise Invalid(Reason("verplicht_leeg", "Vul in waarom UWV weigert.", "reden"))
    if len(text) > 1000:
        raise Invalid(Reason("te_lang", "De reden mag ten hoogste 1000 tekens lang zijn.", "reden"))
    if rows is not None:
        _check_rows(session, delivery, rows)
    allowed = (DeliveryState.VERZONDEN, DeliveryState.ONTVANGEN)
    if delivery.staat not in allowed:
        raise _wrong_state(delivery, DeliveryState.GEWEIGERD)
    _refuse_replaced(session, delivery, rows)
    mine = [col(FeedbackRow.terugkoppeling_id) == delivery.id, col(FeedbackRow.geweigerd_op).is_(None)]
    chosen = [*mine] if rows is None else [*mine, col(FeedbackRow.volgnummer).in_(rows)]
    mark = update(FeedbackRow).where(*chosen).values(geweigerd_op=now, geweigerd_door=door, reden=text)
    session.execute(mark)
    if session.scalars(select(col(FeedbackRow.id)).where(*mine).limit(1)).first() is None:
        values = {"geweigerd_op": now, "geweigerd_door": door, "reden": text}
        return _step(session, nummer, allowed, DeliveryState.GEWEIGERD, values)
    return delivery


def _check_rows(session: Session, delivery: FeedbackDelivery, rows: Collection[int]) -> None:
    if not rows:
        raise Invalid(Reason("verplicht_leeg", "Noem de regels die UWV weigert, of weiger het geheel.", "regels"))
    row = table(FeedbackRow)
    query = select(row.c.volgnummer, row.c.geweigerd_op).where(row.c.terugkoppeling_id == delivery.id)
    known = dict(session.execute(query).all())
    unknown = sorted(set(rows) - known.keys())
    if unknown:
        last = len(known)
        uitleg = f"Terugkoppeling {delivery.nummer} heeft regel 1 tot en met {last}, geen regel {_few(unknown)}."
        raise Invalid(Reason("regel_onbekend", uitleg, "regels"))
    already = sorted(number for number in set(rows) if known[number] is not None)
    if already:
        uitleg = f"Regel {_listed(already)} van terugkoppeling {delivery.nummer} is al geweigerd. Noem de andere."
        raise Refused(Reason("regel_al_geweigerd", uitleg, "regels"))


def _refuse_replaced(session: Session, delivery: FeedbackDelivery, rows: Collection[int] | None) -> None:
    mine, later = aliased(table(FeedbackRow)), aliased(table(FeedbackRow))
    newer = table(FeedbackDelivery)
    query = (
        select(mine.c.volgnummer, newer.c.nummer, later.c.volgnummer)
        .join_from(mine, later, later.c.vervangt_id == mine.c.id)
        .join(newer, newer.c.id == later.c.terugkoppeling_id)
        .where(mine.c.terugkoppeling_id == delivery.id, later.c.geweigerd_op.is_(None))
        .order_by(mine.c.volgnummer)
    )
    if rows is not None:
        query = query.where(mine.c.volgnummer.in_(rows))
    reasons = [
        Reason(
            "regel_vervangen",
            f"Regel {volgnummer} van terugkoppeling {delivery.nummer} is vervangen door {other}/{number}. "
            f"Laat UWV eerst {other}/{number} weigeren.",
            "regels",
        )
        for volgnummer, other, number in session.execute(query)
    ]
    if reasons:
        raise Refused(reasons)


def _step(
    session: Session, nummer: str, van: Sequence[DeliveryState], naar: DeliveryState, values: Mapping[str, object]
) -> FeedbackDelivery:
    """Moves a delivery to a state if it still stands in one of `van`: the row settles who was first."""
    delivery = find(session, nummer)
    where = (col(FeedbackDelivery.id) == delivery.id, col(FeedbackDelivery.staat).in_(van))
    moved = session.execute(update(FeedbackDelivery).where(*where).values(staat=naar, **values))
    session.refresh(delivery)
    if moved.rowcount == 0:  # type: ignore[attr-defined]  # an UPDATE's result has it
        raise _wrong_state(delivery, naar)
    return delivery


def _wrong_state(delivery: FeedbackDelivery, naar: DeliveryState) -> Refused:
    now = {
        DeliveryState.AANGEMAAKT: "is aangemaakt maar nog niet verzonden",
        DeliveryState.VERZONDEN: f"is al verzonden door {delivery.verzonden_door}",
        DeliveryState.ONTVANGEN: f"is al door UWV ontvangen (kenmerk {delivery.kenmerk})",
        DeliveryState.GEWEIGERD: f"is door UWV geweigerd ({delivery.reden})",
    }[delivery.staat]
    uitleg = f"Terugkoppeling {delivery.nummer} {now} en kan daarom niet op {naar.value} worden gezet."
    return Refused(Reason("staat_past_niet", uitleg))


def _few(numbers: Sequence[int]) -> str:
    """Numbers that somebody typed; what is long may be a person's, and is not repeated."""
    short = [number for number in numbers if number < 1_000_000][:5]
    return _listed(short) + (" en andere" if len(short) < len(numbers) else "") if short else "met zo'n nummer"


def _listed(numbers: Sequence[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def summary(session: Session, delivery: FeedbackDelivery | None, folder: Path | None = None) -> dict[str, Any]:
    """What `rni feedback make --json` prints; `pad` is the file's name, in `folder` when given."""
    answer: dict[str, Any] = {
        "terugkoppelingsnummer": delivery.nummer if delivery else None,
        "regels": delivery.regels if delivery else 0,
        "soorten": {},
        "bestanden": [],
        "afstemming": reconciliation(session),
    }
    if delivery is None:
        return answer
    row = table(FeedbackRow)
    counted = select(row.c.soort, func.count()).where(row.c.terugkoppeling_id == delivery.id).group_by(row.c.soort)
    found = dict(session.execute(counted).all())
    answer["soorten"] = {kind.value: found[kind] for kind in RowKind if kind in found}
    answer["bestanden"] = [
        {"pad": str(folder / file.naam) if folder else file.naam, "sha256": file.sha256, "bytes": file.grootte}
        for file in files(session, delivery.nummer)
    ]
    return answer
