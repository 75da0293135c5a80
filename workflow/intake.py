"""Signals become cases, or join the open one: for a whole load at once, by statements on tables.

An importer learns beforehand from `Intake.history` what of cases it must know. Of most signals that is nothing: nobody
else has to do with that person. Their cases are opened by a few wide statements while the file is still being read
(`take_in`); all others wait until it is, because they depend on one another (`finish`). Both follow the file's order: a
case that a V closed is no longer there for the N below it.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    and_,
    case,
    exists,
    func,
    literal,
    or_,
    select,
    union_all,
    update,
)
from sqlalchemy import String as Text
from sqlmodel import Session, col
from sqlmodel import select as select_rows

from signals.base import table
from signals.bulk import among, insert_all, run, slices
from signals.dates import add_months
from signals.models import Grondslag, Load, Mutatiesoort, Signal, SignalChange
from signals.numbers import take_numbers
from workflow import moves
from workflow.actors import Actor, Desk
from workflow.case_history import CaseHistory
from workflow.joining import Joining
from workflow.load_statements import PLACE, LoadStatements
from workflow.models import Case, CaseSignal, CaseTask
from workflow.opening import CASE_SERIES
from workflow.phases import BEFORE_BESLUIT, OPEN, Herkomst, Outcome, Phase
from workflow.running_terms import ANSWER, FIRST, FIRST_END, RESULT, receipt_ends
from workflow.unsettled import is_unsettled, settle

YEARS_LOOKED_BACK = 10
"""How long an earlier case of the person in this municipality is told of (the retention of a dossier)."""

ALSO_ELSEWHERE = "ook_in_andere_gemeente"
"""The kind of task, and the start of its key, that tells of this person's case in another municipality."""

_PERSON = ("bsn", "voornamen", "voorvoegsel", "geslachtsnaam", "geboortedatum", "gemeentecode")
_ADDRESS = (*PLACE, "adressleutel", "adresbron")

_signal = table(Signal)
_change = table(SignalChange)
_case = table(Case)
_link = table(CaseSignal)
_task = table(CaseTask)


class Intake:
    """The way of one load into cases, in the transaction of that load. `now`: aware, in the clock's time zone.

    only: the municipalities whose signals whoever loads may know of; None = all.
    """

    def __init__(self, session: Session, now: datetime, only: frozenset[str] | None = None) -> None:
        self.history = CaseHistory(session, now.date(), only)
        self._session = session
        self._now = now
        self._opening: _Opening | None = None

    def take_in(self, load: Load, first: int, last: int) -> None:
        """Opens the cases of new signals that stand alone: those from one id up to and including another.

        The ids rise from one call to the next; those of signals that do not stand alone are all higher.
        """
        opening = self._of(load)
        opening.open_alone(first, last)
        opening.alone = last

    def finish(self, load: Load) -> int:
        """Deals with all that does not stand alone, and with changes and withdrawals, once the load is written.

        Gives the number of cases opened and stores it as `load.zaken`.
        """
        session, opening = self._session, self._of(load)
        session.flush()
        if self.history.any_apart or load.ingetrokken:
            joining = Joining(session, load, self._now)
            joining.alone = opening.alone
            for first, last in _stretches(session, load):
                opening.open_cases(first, last)
                joining.join_cases(first, last)
                opening.withdraw(first, last)
        if load.gewijzigd:
            opening.tell_changes()
        load.zaken = opening.opened
        session.add(load)
        session.flush()
        session.expire_all()  # the statements went round what the session holds
        session.refresh(load)
        return opening.opened

    def tell_taken(self, load: Load, numbers: Collection[str]) -> None:
        """After `finish`: UWV sent these signaalnummers for something else than the cases here have them for.

        Its rows were rejected; the municipality that loaded them by itself is told in the case, and nothing of the row.
        """
        self._of(load).tell_taken(numbers)

    def _of(self, load: Load) -> "_Opening":
        if self._opening is None:
            self._opening = _Opening(self._session, load, self._now)
        return self._opening


def _stretches(session: Session, load: Load) -> Iterator[tuple[int, int]]:
    """The file in stretches (first and last regel) in which nobody has a new signal below a withdrawn one.

    Within one the new signals may all come first, whatever their order; nearly every file is one stretch.
    """
    withdrawn = (
        select(_change.c.regel, literal(False), _signal.c.bsn)
        .join(_signal, _signal.c.id == _change.c.signal_id)
        .where(_change.c.load_id == load.id, _change.c.soort == Mutatiesoort.VERVALLEN)
    )
    rows = [tuple(row) for row in run(session, withdrawn)]
    for piece in slices({bsn for _, _, bsn in rows}):
        new = select(_signal.c.regel, literal(True), _signal.c.bsn)
        rows += [tuple(row) for row in run(session, new.where(_signal.c.load_id == load.id, _signal.c.bsn.in_(piece)))]
    first = 0
    gone: set[str] = set()
    for regel, is_new, bsn in sorted(rows):
        if is_new and bsn in gone:
            yield first, regel - 1
            first, gone = regel, set()
        if not is_new:
            gone.add(bsn)
    yield first, 2**31 - 1


def _case_numbers(year: int, number: ColumnElement[int]) -> ColumnElement[str]:
    """`workflow.opening.case_number` in a statement, without a function: see `insert_all`."""
    zeros = case(*((number >= 10**digits, "0" * (6 - digits)) for digits in reversed(range(1, 7))), else_="000000")
    return literal(f"Z-{year}-", Text) + zeros + number.cast(Text)


class _Opening(LoadStatements):
    """Opening cases, and what changes and withdrawals do in them."""

    def __init__(self, session: Session, load: Load, now: datetime) -> None:
        super().__init__(session, load, now)
        self.opened = 0

    def open_cases(self, first: int, last: int) -> None:
        """One case for each person in a municipality who has none open there, opened by the first signal."""
        numbered = (
            select(
                _signal.c.id,
                _signal.c.regel,
                func.row_number()
                .over(partition_by=(_signal.c.bsn, _signal.c.gemeentecode), order_by=_signal.c.regel)
                .label("beurt"),
            )
            .where(self.stretch(first, last), ~exists().where(self.is_open_case_of_signal()))
            .subquery()
        )
        chosen = select(numbered.c.id).where(numbered.c.beurt == 1).order_by(numbered.c.regel)
        ids = run(self.session, chosen).scalars().all()
        if ids:
            mine = among(self.session, _signal.c.id, ids)
            self._open(mine, func.row_number().over(order_by=_signal.c.regel), len(ids))
            fresh = and_(among(self.session, _case.c.eerste_signaal_id, ids), _case.c.lading_id == self.load.id)
            self._tell_of_others(fresh)
            self._tell_of_earlier(fresh)

    def open_alone(self, first: int, last: int) -> None:
        """Cases of the new signals between these ids: nobody else has to do with their persons."""
        order = _signal.c.id - (first - 1)
        self._open(_signal.c.id.between(first, last), order, last - first + 1)

    def _open(self, openers: ColumnElement[bool], order: ColumnElement[int], count: int) -> None:
        """A case for each of these signals; order: 1 up to count, by which they are numbered."""
        self.opened += count
        start = take_numbers(self.session, CASE_SERIES, self.today.year, count)[0]
        same = (*_PERSON, *_ADDRESS, "grondslag", "leveringsnummer")
        of_row = {
            **{name: _signal.c[name] for name in same},
            **self._receipt_ends(_signal.c.grondslag),
            "zaaknummer": _case_numbers(self.today.year, order + (start - 1)),
            "eerste_signaal_id": _signal.c.id,
            "adres_signaal_id": _signal.c.id,
        }
        of_load = {
            "lading_id": self.load.id,
            "versie": 1,
            "fase": Phase.ONTVANGEN,
            "herkomst": Herkomst.SIGNAAL,
            "geopend_op": self.today,
            "datum_ontvangst": self.load.datum_ontvangst,
            "adres_vanaf": self.today,
            "teruggestuurd": False,
        }
        values = (literal(value, _case.c[name].type) for name, value in of_load.items())
        chosen = select(*of_row.values(), *values).where(openers)
        run(self.session, insert_all(_case).from_select([*of_row, *of_load], chosen, include_defaults=False))

    def _receipt_ends(self, grondslag: ColumnElement[Grondslag]) -> dict[str, ColumnElement[Any]]:
        ends = {route: receipt_ends(route, self.load.datum_ontvangst) for route in Grondslag}
        return {
            column: case(
                *((grondslag == route, literal(of.get(column), _case.c[column].type)) for route, of in ends.items())
            )
            for column in (ANSWER, RESULT, FIRST, FIRST_END)
        }

    def withdraw(self, first: int, last: int) -> None:
        """What a V does: nothing from the besluit on; it closes a case nobody began on; else a person decides."""
        withdrawn = select(_change.c.signal_id).where(
            _change.c.load_id == self.load.id, _change.c.soort == Mutatiesoort.VERVALLEN
        )
        gone = withdrawn.where(_change.c.regel.between(first, last))
        later = withdrawn.where(_change.c.regel > last)  # noted on the signal by now, but below this stretch
        touched = (
            select(_case.c.id)
            .join(_link, _link.c.zaak_id == _case.c.id)
            .where(_link.c.actueel, _link.c.signal_id.in_(gone), _case.c.fase.in_(BEFORE_BESLUIT))
        )
        opened = select(_case.c.id).where(_case.c.eerste_signaal_id.in_(gone), is_unsettled)
        settle(self.session, run(self.session, opened).scalars().all())
        cases = set(run(self.session, touched).scalars())
        for piece in slices(cases):
            counts = update(_link).values(intrekking_telt=True)
            run(self.session, counts.where(_link.c.zaak_id.in_(piece), _link.c.actueel, _link.c.signal_id.in_(gone)))
            live = exists().where(
                _link.c.zaak_id == _case.c.id,
                _link.c.actueel,
                _link.c.signal_id == _signal.c.id,
                or_(_signal.c.ingetrokken_op.is_(None), _signal.c.id.in_(later)),
            )
            without = select(_case.c.id, _case.c.gemeentecode, _case.c.fase).where(_case.c.id.in_(piece), ~live)
            rows = run(self.session, without).mappings().all()
            self._close([row["id"] for row in rows if row["fase"] == Phase.ONTVANGEN])
            self._ask([row for row in rows if row["fase"] != Phase.ONTVANGEN])

    def _close(self, case_ids: list[int]) -> None:
        """The step `trek_signaal_in`, the only one that the system takes; through the same gate as a person's step."""
        desk = Desk(Actor.system(), self.now)
        for piece in slices(case_ids):
            these = select_rows(Case).where(col(Case.id).in_(piece)).execution_options(populate_existing=True)
            for one in self.session.exec(these):
                moves.take(self.session, one, "trek_signaal_in", desk, versie=one.versie, gegevens={})

    def _ask(self, rows: Sequence[RowMapping]) -> None:
        """The investigation has begun: a person decides whether it goes on (Wet BRP 2.19 lid 3)."""
        uitleg = (
            "UWV trekt alle signalen van deze zaak in. Beslis: sluit de zaak als ingetrokken, of zet het onderzoek "
            "voort op eigen initiatief."
        )
        task = {"soort": "uwv_trekt_in", "sleutel": f"uwv_trekt_in:{self.load.ladingnummer}", "uitleg": uitleg}
        self.add_tasks([{"zaak_id": row["id"], "gemeentecode": row["gemeentecode"]} | task for row in rows])
        for piece in slices([row["id"] for row in rows]):
            run(self.session, update(_case).where(_case.c.id.in_(piece)).values(ingetrokken_door_uwv=self.today))

    def tell_changes(self) -> None:
        """Every W is a task in its case, with the old and the new value."""
        changed = (
            select(_change.c.id, _change.c.oud, _change.c.nieuw, _signal.c.signaalnummer)
            .join(_signal, _signal.c.id == _change.c.signal_id)
            .where(_change.c.load_id == self.load.id, _change.c.soort == Mutatiesoort.GEWIJZIGD)
        )
        linked = changed.add_columns(_link.c.zaak_id, _link.c.gemeentecode).join(
            _link, and_(_link.c.signal_id == _signal.c.id, _link.c.actueel)
        )
        opened = changed.add_columns(_case.c.id, _case.c.gemeentecode).join(
            _case, and_(_case.c.eerste_signaal_id == _signal.c.id, is_unsettled)
        )
        self.add_tasks(
            [
                {
                    "zaak_id": row["zaak_id"],
                    "gemeentecode": row["gemeentecode"],
                    "soort": "signaal_gewijzigd",
                    "sleutel": f"signaal_gewijzigd:{row['id']}",
                    "uitleg": f"UWV wijzigde signaal {row['signaalnummer']}: {', '.join(row['nieuw'])}. Bekijk wat dit "
                    "voor de zaak betekent; verzonden brieven blijven zoals ze zijn.",
                    "gegevens": {"oud": row["oud"], "nieuw": row["nieuw"]},
                }
                for row in run(self.session, union_all(linked, opened)).mappings()
            ]
        )

    def tell_taken(self, numbers: Collection[str]) -> None:
        """A task in the case of each signal with one of these numbers, once for each load that met it."""
        wanted = (_signal.c.id, _signal.c.signaalnummer)
        linked = select(*wanted, _link.c.zaak_id, _link.c.gemeentecode).join(
            _link, and_(_link.c.signal_id == _signal.c.id, _link.c.actueel)
        )
        opened = select(*wanted, _case.c.id.label("zaak_id"), _case.c.gemeentecode).join(
            _case, and_(_case.c.eerste_signaal_id == _signal.c.id, is_unsettled)
        )
        for piece in slices(sorted(numbers)):
            these = among(self.session, _signal.c.signaalnummer, piece)
            found = [
                row for asked in (linked, opened) for row in run(self.session, asked.where(these)).mappings().all()
            ]
            self.add_tasks([self._taken(row) for row in found])

    def _taken(self, row: RowMapping) -> dict[str, Any]:
        uitleg = (
            f"UWV leverde onder nummer {row['signaalnummer']} iets anders aan dan uw gemeente zelf laadde. Die rij is "
            "niet geladen. Vraag UWV welk signaal het nummer heeft. Is dat niet dit signaal, maak dan uw lading "
            "ongedaan als dat nog kan; anders levert UWV onder een nieuw nummer."
        )
        return {
            "zaak_id": row["zaak_id"],
            "gemeentecode": row["gemeentecode"],
            "soort": "signaalnummer_botst",
            "sleutel": f"signaalnummer_botst:{self.load.ladingnummer}:{row['id']}",
            "uitleg": uitleg,
        }

    def _tell_of_others(self, fresh: ColumnElement[bool]) -> None:
        """A person with an open case elsewhere: both cases are told the other municipality and its contact person."""
        other = _case.alias("elders")
        there = self.mergers.now(other.c.gemeentecode)
        pairs = (
            select(
                _case.c.id.label("hier"),
                _case.c.gemeentecode.label("hier_code"),
                _case.c.gemeentecode.label("hier_nu"),
                _case.c.behandelaar.label("hier_wie"),
                other.c.id.label("daar"),
                other.c.gemeentecode.label("daar_code"),
                there.label("daar_nu"),
                other.c.behandelaar.label("daar_wie"),
            )
            .join(other, and_(other.c.bsn == _case.c.bsn, there != _case.c.gemeentecode))
            .where(fresh, other.c.fase.in_(OPEN))
        )
        found = run(self.session, pairs).mappings().all()
        if not found:
            return
        tasks = []
        for pair in found:
            for mine, theirs in (("hier", "daar"), ("daar", "hier")):
                code, who = pair[f"{theirs}_nu"], pair[f"{theirs}_wie"]
                uitleg = (
                    f"Over deze persoon loopt ook een zaak in {self.mergers.name(code)}; contactpersoon daar: "
                    f"{who or 'nog niemand'}. Stem af wie wat doet."
                )
                tasks.append(
                    {
                        "zaak_id": pair[mine],
                        "gemeentecode": pair[f"{mine}_code"],
                        "soort": ALSO_ELSEWHERE,
                        "sleutel": f"{ALSO_ELSEWHERE}:{code}",
                        "uitleg": uitleg,
                        "gegevens": {"gemeentecode": code, "contactpersoon": who},
                    }
                )
        self.add_tasks(tasks)

    def _tell_of_earlier(self, fresh: ColumnElement[bool]) -> None:
        """An earlier case of the person here, closed in the last ten years, is told in the case only."""
        earlier = _case.alias("eerder")
        since = add_months(self.today, -12 * YEARS_LOOKED_BACK)
        told = (
            select(_case.c.id, _case.c.gemeentecode, earlier.c.zaaknummer, earlier.c.afgesloten_op)
            .join(
                earlier,
                and_(
                    earlier.c.bsn == _case.c.bsn,
                    self.mergers.now(earlier.c.gemeentecode) == _case.c.gemeentecode,
                    earlier.c.fase.in_([Phase.AFGESLOTEN, Phase.BEZWAAR]),
                    earlier.c.afgesloten_op >= since,
                    or_(
                        earlier.c.resultaat.is_(None),
                        earlier.c.resultaat.not_in([Outcome.INGETROKKEN, Outcome.NIET_OPGEPAKT]),
                    ),
                ),
            )
            .where(fresh)
        )
        self.add_tasks(
            [
                {
                    "zaak_id": row["id"],
                    "gemeentecode": row["gemeentecode"],
                    "soort": "bsn_eerder_onderzocht",
                    "sleutel": f"bsn_eerder_onderzocht:{row['zaaknummer']}",
                    "uitleg": f"Deze persoon is eerder onderzocht in zaak {row['zaaknummer']}. Bekijk die zaak.",
                    "gegevens": {"zaaknummer": row["zaaknummer"]},
                }
                for row in run(self.session, told).mappings()
            ]
        )
