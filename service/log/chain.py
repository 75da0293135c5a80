"""The audit log as a chain: entries get a place in that of their municipality, and whoever changed anything is found.

A request writes its entry and waits for nobody. Once a minute `seal` gives every new entry the next number in the chain
of its municipality, one process at a time. What commits late simply gets a later number. A seal is over the one before
it, with a key that the database does not have. Where a chain ends is told to the log and kept in a file beside the
database (`Heads`), because a chain that is cut off at its end is a shorter chain and else as good as new.

What it does not find: an entry that was taken away within the minute before it was sealed; and what is done by somebody
who has the keys, the database, and every place where heads were told. Entries of before there were waarmerken are
sealed before all others, and never later. What is older than its term goes with its seals from the beginning of a chain
(`cut`); where what is left begins stands in `audit_beginpunt`, marked with the key of the chain.
"""

import json
import os
import secrets
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, cast

import structlog
from sqlalchemy import Engine, Row, delete, func, insert, or_, select, update
from sqlmodel import Session

from service.access import Access
from service.audit_models import AuditSeal, ChainStart, LogLine
from service.db import session_scope
from service.log.audit import MARKED, marked
from service.log.log_keys import Key, Purpose, known, newest
from service.models import AuditEntry
from signals.base import table
from signals.bulk import run

log = structlog.get_logger()

AT_ONCE = 10_000
"""Entries that are sealed in one transaction, so that others wait little for a database in a file."""
LONGEST_WORK = timedelta(days=2)
"""No transaction lasts longer: what was written so long before somebody sealed last has a seal by now."""
_LOCK = 0x4C52_4E49_0001
"""Names the advisory lock of whoever seals, on PostgreSQL."""
_AT_ONCE_READ = 5_000

_entry, _seal, _start, _line = table(AuditEntry), table(AuditSeal), table(ChainStart), table(LogLine)
_starts = select(_start.c.gemeentecode, _start.c.volgnummer, _start.c.keten, _start.c.sleutel, _start.c.waarmerk)
_MARKED = [_entry.c[name] for name in MARKED]


class Head(NamedTuple):
    """Where a chain ends: the number of its last seal, and that seal."""

    volgnummer: int
    keten: str


Heads = Mapping[str, Head]
"""By municipality; under the empty text that of the project."""


@dataclass(frozen=True)
class Break:
    """The first place where the log is not as it was written. `soort`: what happened there, in a word for scripts."""

    soort: str
    gemeentecode: str
    uitleg: str
    volgnummer: int | None = None
    regel: int | None = None


@dataclass
class Verdict:
    """What was looked at, where each chain ends, and the first fault."""

    regels: int = 0
    koppen: dict[str, Head] = field(default_factory=dict)
    onverzegeld: int = 0
    breuk: Break | None = None


def heads_file(data_dir: Path) -> Path:
    """Where the heads lie that were told last."""
    return data_dir / "logboek" / "ketenkoppen.json"


def read_heads(path: Path) -> Heads:
    """The heads in a file; none without."""
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    return {code: Head(*head) for code, head in told.items()}


def heads_gone(session: Session, data_dir: Path) -> Break | None:
    """The fault that seals were made and the file of their heads is not there: then a tail may be gone unseen."""
    path = heads_file(data_dir)
    if path.exists() or _last_sealed(session) is None:
        return None
    uitleg = (
        f"Het bestand {path} met de ketenkoppen is weg. Zo is niet te zien of er aan het eind regels ontbreken. Zet "
        "het terug uit de back-up, of geef met --koppen een kopie. Is er geen kopie, geef dan een bestand met {} erin, "
        "en leg vast wie dat besloot."
    )
    return Break("koppen_ontbreken", "", uitleg, None)


def tell(path: Path, heads: Heads) -> None:
    """Into the file, beside what stands there; a reader sees the old one or the new one. And into the log."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_suffix(f".{secrets.token_hex(4)}")
    with fresh.open("x", encoding="utf-8") as file:
        json.dump(dict(sorted({**read_heads(path), **heads}.items())), file)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    log.info("ketenkoppen", koppen={code: f"{head.volgnummer}:{head.keten}" for code, head in heads.items()})


def seal(engine: Engine, data_dir: Path, now: datetime, *, everything: bool = False) -> int:
    """Give every entry that has none a place in its chain; gives how many.

    everything: look at all entries, also those so old that they must have one. Entries of before there were waarmerken
    come first: once one with a waarmerk was sealed, none without is sealed any more. A chain that is shorter than was
    told is left as it is, and so is an entry without a true waarmerk: `verify` says so. Where the file of heads is gone
    none is made anew: what is left would seem to be all there ever was.
    """
    path, after, made = heads_file(data_dir), 0, 0
    told, heads = read_heads(path), dict[str, Head]()
    since: datetime | None = None
    gone = False
    try:
        while True:
            with session_scope(engine, Access.system(origin="klok")) as session:
                if session.get_bind().dialect.name == "postgresql":
                    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))  # type: ignore[deprecated,unused-ignore]
                last = _last_sealed(session)
                gone = gone or (made == 0 and heads_gone(session, data_dir) is not None)
                if made == 0 and last is not None and not everything:
                    since = last.verzegeld_op - LONGEST_WORK
                found = _unsealed(session, since, after)
                sealed = _sealed(session, found, told, now, first=last is None or last.waarmerk is None)
            made += sum(count for count, _ in sealed.values())
            heads |= {code: head for code, (_, head) in sealed.items()}
            if len(found) < AT_ONCE:
                return made
            after = found[-1].id
    finally:
        if heads and gone:
            log.error("ketenkoppen ontbreken", bestand=str(path))
        elif heads:
            tell(path, heads)


def _last_sealed(session: Session) -> Row[Any] | None:
    """When somebody sealed last, and the waarmerk of what that was: none for an entry of before there were any."""
    place = select(_seal.c.verzegeld_op, _entry.c.waarmerk).join(_entry, _entry.c.id == _seal.c.audit_id)
    return run(session, place.order_by(_seal.c.id.desc()).limit(1)).first()


def _unsealed(session: Session, since: datetime | None, after: int) -> Sequence[Row[Any]]:
    found = (
        select(_entry.c.id, _entry.c.waarmerk, *_MARKED)
        .join(_seal, _seal.c.audit_id == _entry.c.id, isouter=True)
        .where(_seal.c.id.is_(None), _entry.c.id > after)
        .order_by(_entry.c.id)
        .limit(AT_ONCE)
    )
    if since is not None:
        found = found.where(_entry.c.tijdstip >= since)
    return run(session, found).all()


def _sealed(
    session: Session, found: Sequence[Row[Any]], told: Heads, now: datetime, *, first: bool
) -> dict[str, tuple[int, Head]]:
    """Seals what is true of these entries; by chain how many, and its new head."""
    key, marks = newest(Purpose.CHAIN), {key.name: key for key in known(Purpose.ENTRY)}
    heads: dict[str, tuple[int, Head]] = {}
    cut: set[str] = set()
    rows = []
    for entry in found:
        code = entry.gemeentecode or ""
        mark = _true_mark(entry, marks, key, first=first)
        if code not in heads and code not in cut:
            if _stands(session, code, told.get(code)):
                heads[code] = 0, _last(session, code)
            else:
                cut.add(code)
                log.error("keten ingekort", gemeentecode=code, verwacht=told[code].volgnummer)
        if mark is None or code in cut:
            continue
        count, head = heads[code]
        row = {"gemeentecode": code, "volgnummer": head.volgnummer + 1, "audit_id": entry.id, "waarmerk": mark}
        keten = _link(key, head.keten, code, head.volgnummer + 1, entry.id, mark)
        rows.append({**row, "sleutel": key.name, "keten": keten, "verzegeld_op": now})
        heads[code] = count + 1, Head(head.volgnummer + 1, keten)
    if rows:
        run(session, insert(_seal), rows)
    return {code: (count, head) for code, (count, head) in heads.items() if count}


def _true_mark(entry: Row[Any], marks: Mapping[str, Key], key: Key, *, first: bool) -> str | None:
    """The waarmerk to seal; None when the entry is not as it was written, or nobody of ours wrote it."""
    content = marked([entry[place] for place in range(2, 2 + len(MARKED))])
    if entry.waarmerk is None:
        return key.mark(content) if first else None
    return entry.waarmerk if entry.sleutel in marks and marks[entry.sleutel].mark(content) == entry.waarmerk else None


def _link(key: Key, before: str, code: str, volgnummer: int, audit_id: int, mark: str) -> str:
    """The seal of an entry: over its place, its waarmerk and the seal before it."""
    return key.mark(f"{before}|{code}|{volgnummer}|{audit_id}|{mark}".encode())


def _last(session: Session, code: str) -> Head:
    newest_first = select(_seal.c.volgnummer, _seal.c.keten).where(_seal.c.gemeentecode == code)
    found = run(session, newest_first.order_by(_seal.c.volgnummer.desc()).limit(1)).first()
    return Head(*found) if found else start_of(session, code)


def start_of(session: Session, code: str) -> Head:
    """Where a chain begins by now: the last seal that went after its term; number 0 while none did."""
    found = run(session, select(_start.c.volgnummer, _start.c.keten).where(_start.c.gemeentecode == code)).first()
    return Head(*found) if found else Head(0, "")


def day_of(session: Session, code: str, place: int) -> date:
    """The day of the entry at a place of a chain, in UTC."""
    entry = select(_entry.c.tijdstip).join(_seal, _seal.c.audit_id == _entry.c.id)
    moment: datetime = run(session, entry.where(_seal.c.gemeentecode == code, _seal.c.volgnummer == place)).scalar_one()
    return moment.date()


def cut(session: Session, code: str, place: int, tot: date) -> int:
    """The entries and seals of a chain up to a place go, with their lines in the Logboek Dataverwerkingen; how many.

    The caller knows that all of them are past their term; the database itself refuses younger ones. tot: the day of the
    last of them.
    """
    mine = select(_seal.c.keten).where(_seal.c.gemeentecode == code, _seal.c.volgnummer == place)
    head = Head(place, run(session, mine).scalar_one())
    before = run(session, select(_start.c.regels).where(_start.c.gemeentecode == code)).scalar() or 0
    gone = _cut_off(session, code, place)
    key = newest(Purpose.CHAIN)
    row = {"volgnummer": place, "keten": head.keten, "tot": tot, "regels": before + gone, "sleutel": key.name}
    row["waarmerk"] = key.mark(_beginning(code, head))
    if not run(session, update(_start).where(_start.c.gemeentecode == code).values(row)).rowcount:  # type: ignore[attr-defined]
        run(session, insert(_start), [{"gemeentecode": code, **row}])
    return gone


def _cut_off(session: Session, code: str, place: int) -> int:
    if session.get_bind().dialect.name == "postgresql":
        # The role of the service may delete nothing of the log; this is the one way, and goes no further than the law.
        return int(run(session, select(func.vernietig_logboek(code, place))).scalar_one())
    seals = select(_seal.c.audit_id).where(_seal.c.gemeentecode == code, _seal.c.volgnummer <= place)
    going = select(_entry.c.trace_id, _entry.c.span_id).where(_entry.c.id.in_(seals)).subquery()
    own = select(going.c.span_id).where(going.c.trace_id == _line.c.trace_id).correlate(_line)
    run(session, delete(_line).where(or_(_line.c.span_id.in_(own), _line.c.parent_span_id.in_(own))))
    gone = run(session, delete(_entry).where(_entry.c.id.in_(seals))).rowcount  # type: ignore[attr-defined]
    run(session, delete(_seal).where(_seal.c.gemeentecode == code, _seal.c.volgnummer <= place))
    return int(gone)


def _beginning(code: str, head: Head) -> bytes:
    return f"begin|{code}|{head.volgnummer}|{head.keten}".encode()


def _stands(session: Session, code: str, told: Head | None) -> bool:
    """Whether the head that was told last is still in its chain, or went after its term."""
    if told is None or told.volgnummer < start_of(session, code).volgnummer:
        return True
    if told == start_of(session, code):
        return True
    same = select(_seal.c.keten).where(_seal.c.gemeentecode == code, _seal.c.volgnummer == told.volgnummer)
    return run(session, same).scalar() == told.keten


def verify(session: Session, told: Heads) -> Verdict:
    """Walk over every chain and every entry; stops at the first fault. `told`: heads that were told before."""
    verdict = Verdict()
    verdict.breuk = _follow(session, told, verdict) or _strangers(session, verdict)
    return verdict


def _follow(session: Session, told: Heads, verdict: Verdict) -> Break | None:
    """Every chain from its first seal to its last, with the entry of each."""
    chains = {key.name: key for key in known(Purpose.CHAIN)}
    marks = {key.name: key for key in known(Purpose.ENTRY)}
    rest = dict(told)
    for code, place, keten, sleutel, waarmerk in run(session, _starts).all():
        start = Head(place, keten)
        if sleutel not in chains or chains[sleutel].mark(_beginning(code, start)) != waarmerk:
            uitleg = f"Het beginpunt van de keten {_named(code)} is niet door deze service geschreven, of gewijzigd."
            return Break("beginpunt_vals", code, uitleg, start.volgnummer)
        verdict.koppen[code] = start
        if (head := rest.get(code)) is not None and (head.volgnummer < start.volgnummer or head == start):
            del rest[code]
    with closing(_rows(session)) as rows:
        for row in rows:
            code = row.gemeentecode
            head = verdict.koppen.get(code, Head(0, ""))
            if fault := _fault(row, head, chains, marks) or _other_head(row, rest):
                return fault
            verdict.koppen[code] = Head(row.volgnummer, row.keten)
            verdict.regels += 1
    for code, head in rest.items():
        if verdict.koppen.get(code, Head(0, "")).volgnummer < head.volgnummer:
            uitleg = f"De keten {_named(code)} hoort minstens {head.volgnummer} regels te hebben. De laatste zijn weg."
            return Break("ingekort", code, uitleg, verdict.koppen.get(code, Head(0, "")).volgnummer + 1)
    return None


def _rows(session: Session) -> Generator[Row[Any], None, None]:
    """The seals in the order of their chains, each with its entry, if that is there."""
    place = [_seal.c[name] for name in ("gemeentecode", "volgnummer", "audit_id", "waarmerk", "sleutel", "keten")]
    entry = [_entry.c.id, _entry.c.waarmerk, *_MARKED]
    both = (
        select(*place, *(column.label(f"regel_{column.name}") for column in entry))
        .join(_entry, _entry.c.id == _seal.c.audit_id, isouter=True)
        .order_by(_seal.c.gemeentecode, _seal.c.volgnummer)
        .execution_options(yield_per=_AT_ONCE_READ)
    )
    with run(session, both) as rows:  # whoever stops half-way leaves no cursor open
        yield from rows


def _fault(row: Row[Any], head: Head, chains: Mapping[str, Key], marks: Mapping[str, Key]) -> Break | None:
    """What is wrong with one seal and its entry; `head`: where its chain stood before it."""
    code, number, regel, sealed, sleutel, keten, present, mark, *content = cast(tuple[Any, ...], row)
    if number != head.volgnummer + 1:
        uitleg = f"In de keten {_named(code)} ontbreekt nummer {head.volgnummer + 1}: die regel is verwijderd."
        return Break("verwijderd", code, uitleg, head.volgnummer + 1)
    chain = chains.get(sleutel)
    if chain is None:
        return _unknown_key(code, number, regel, sleutel)
    if _link(chain, head.keten, code, number, regel, sealed) != keten:
        uitleg = f"In de keten {_named(code)} past nummer {number} niet aan het vorige: verplaatst of vervangen."
        return Break("verplaatst", code, uitleg, number, regel)
    if present is None:
        uitleg = f"In de keten {_named(code)} is van nummer {number} de regel {regel} verwijderd."
        return Break("verwijderd", code, uitleg, number, regel)
    key = chain if mark is None else marks.get(content[-1] or "")  # the last of MARKED names the key
    if key is None:
        return _unknown_key(code, number, regel, content[-1])
    if key.mark(marked(content)) != sealed or mark not in (None, sealed):
        uitleg = f"In de keten {_named(code)} is bij nummer {number} de regel {regel} gewijzigd."
        return Break("gewijzigd", code, uitleg, number, regel)
    return None


def _unknown_key(code: str, number: int | None, regel: int, name: str | None) -> Break:
    uitleg = (
        f"Regel {regel} in de keten {_named(code)} is gewaarmerkt met een sleutel die hier niet bekend is ({name}). "
        "Zet alle eerdere sleutels in RNI_SECRET_KEYS. Staan ze er, dan is de regel gewijzigd."
    )
    return Break("sleutel_onbekend", code, uitleg, number, regel)


def _other_head(row: Row[Any], told: dict[str, Head]) -> Break | None:
    """A head that was told and is another by now: somebody with the keys wrote the chain anew."""
    head = told.get(row.gemeentecode)
    if head is None or head.volgnummer != row.volgnummer:
        return None
    del told[row.gemeentecode]
    if head.keten == row.keten:
        return None
    uitleg = f"De keten {_named(row.gemeentecode)} is bij nummer {row.volgnummer} een andere dan eerder is gemeld."
    return Break("vervangen", row.gemeentecode, uitleg, row.volgnummer, row.audit_id)


def _strangers(session: Session, verdict: Verdict) -> Break | None:
    """Entries without a seal that are not ours, and copies of entries that are."""
    marks = {key.name: key for key in known(Purpose.ENTRY)}
    after = 0
    while found := _unsealed(session, None, after):
        for entry in found:
            if _true_mark(entry, marks, newest(Purpose.CHAIN), first=False) is None:
                uitleg = f"Regel {entry.id} is niet door deze service geschreven, of daarna gewijzigd: ingevoegd."
                return Break("ingevoegd", entry.gemeentecode or "", uitleg, None, entry.id)
            verdict.onverzegeld += 1
        after = found[-1].id
    twice = (
        select(func.max(_entry.c.id).label("id"))
        .where(_entry.c.span_id.is_not(None))
        .group_by(_entry.c.span_id)
        .having(func.count() > 1)
        .limit(1)
    )
    if (copy := run(session, twice).scalar()) is not None:
        return Break("ingevoegd", "", f"Regel {copy} is een kopie van een andere regel: ingevoegd.", None, copy)
    return None


def _named(code: str) -> str:
    return f"van gemeente {code}" if code else "van het project"
