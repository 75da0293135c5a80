"""A new signal joins the open case of its person: its address, its clocks, and what the case becomes by it."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, exists, func, insert, or_, select, update

from signals.base import table
from signals.bulk import run, slices
from signals.models import Signal
from workflow.deadlines import Term
from workflow.load_statements import PLACE, LoadStatements
from workflow.models import Address, Case, CaseSignal, CaseTerm
from workflow.phases import Herkomst
from workflow.running_terms import receipt_terms, running_terms
from workflow.unsettled import settle

RECEIPT_TERMS = (Term.LAA_EERSTE_ANTWOORD, Term.LAA_RESULTAAT, Term.TMV_REACTIE)

_signal = table(Signal)
_case = table(Case)
_link = table(CaseSignal)
_address = table(Address)
_term = table(CaseTerm)
_running = running_terms()


class Joining(LoadStatements):
    """The signals of a load that open no case."""

    def join_cases(self, first: int, last: int) -> None:
        """The other new signals join the open case of their person; another address becomes a second presumed one."""
        opened = _case.alias("geopend")
        oldest = select(func.min(_case.c.id)).where(self.is_open_case_of_signal()).correlate(_signal).scalar_subquery()
        loose = (
            select(
                _signal.c.id.label("signal_id"),
                _signal.c.regel,
                _signal.c.adressleutel,
                _signal.c.grondslag,
                _signal.c.leveringsnummer,
                oldest.label("zaak_id"),
            )
            .where(self.stretch(first, last))
            .where(~exists().where(_link.c.signal_id == _signal.c.id))
            .where(~exists().where(opened.c.eerste_signaal_id == _signal.c.id))
            .subquery()
        )
        joined = run(self.session, select(loose).order_by(loose.c.regel)).mappings().all()
        if not joined:
            return
        settle(self.session, {row["zaak_id"] for row in joined})
        cases = self.by_id(_case, {row["zaak_id"] for row in joined}, "gemeentecode", "herkomst", "eerste_antwoord")
        known = self._addresses({row["zaak_id"] for row in joined})
        links, second = [], []
        for row in joined:
            owner = {"zaak_id": row["zaak_id"], "gemeentecode": cases[row["zaak_id"]]["gemeentecode"]}
            links.append(owner | {"signal_id": row["signal_id"]})
            if row["adressleutel"] not in known[row["zaak_id"]]:
                known[row["zaak_id"]].add(row["adressleutel"])
                second.append(owner | {"signal_id": row["signal_id"]})
        same = {"vanaf": self.today, "actueel": True, "aangesloten": True, "intrekking_telt": False}
        run(self.session, insert(_link), [link | same for link in links])
        waiting = update(_case).values(ingetrokken_door_uwv=None)
        for piece in slices({row["zaak_id"] for row in joined}):
            run(self.session, waiting.where(_case.c.id.in_(piece), _case.c.ingetrokken_door_uwv.is_not(None)))
        self._start_clocks(joined, cases)
        self._become_signalled(joined, cases)
        self._second_addresses(second)

    def _start_clocks(self, joined: Sequence[RowMapping], cases: Mapping[int, Mapping[str, Any]]) -> None:
        """The receipt terms of the route of a joined signal, from its own receipt, where none of them runs.

        Of the reaction to a terugmelding none starts once the case has given its first answer: that holds for this
        signal too from its receipt, and no later step would end the term.
        """
        running: dict[int, set[str]] = {zaak_id: set() for zaak_id in cases}
        for piece in slices(cases):
            terms = select(_running.c.zaak_id, _running.c.term).where(
                _running.c.zaak_id.in_(piece), _running.c.term.in_(RECEIPT_TERMS)
            )
            for zaak_id, term in run(self.session, terms):
                running[zaak_id].add(term)
        started = []
        routes = {row["grondslag"] for row in joined}
        terms_of = {route: receipt_terms(route, self.load.datum_ontvangst).values() for route in routes}
        for zaak_id, grondslag in dict.fromkeys((row["zaak_id"], row["grondslag"]) for row in joined):
            of_route = terms_of[grondslag]
            if not running[zaak_id].isdisjoint(one.term for one in of_route):
                continue
            for one in of_route:
                if one.term == Term.TMV_REACTIE and cases[zaak_id]["eerste_antwoord"]:
                    continue
                running[zaak_id].add(one.term)
                owner = {"zaak_id": zaak_id, "gemeentecode": cases[zaak_id]["gemeentecode"]}
                term = {"term": one.term, "vanaf": one.vanaf, "einde": one.einde, "uitleg": list(one.uitleg)}
                started.append(owner | self.own | term)
        if started:
            run(self.session, insert(_term), started)
            self._keep_first(started)

    def _keep_first(self, started: Iterable[Mapping[str, Any]]) -> None:
        """A term that ends before the first one of its case is that from now on."""
        now = _case.c.eerste_termijn_tot
        ends, term = bindparam("ends", type_=now.type), bindparam("name", type_=_case.c.eerste_termijn.type)
        sooner = or_(now > ends, and_(now == ends, _case.c.eerste_termijn > term))
        changed = update(_case).where(_case.c.id == bindparam("of"), sooner)
        of = [{"of": one["zaak_id"], "name": one["term"], "ends": one["einde"]} for one in started]
        run(self.session, changed.values(eerste_termijn=term, eerste_termijn_tot=ends), of)

    def _become_signalled(self, joined: Sequence[RowMapping], cases: Mapping[int, Mapping[str, Any]]) -> None:
        """A bijvangst of which UWV signals the person is a case like any other from here on; its parent stays."""
        first = {row["zaak_id"]: row for row in reversed(joined)}
        changed = [
            {
                "of": zaak_id,
                "signal": row["signal_id"],
                "route": row["grondslag"],
                "levering": row["leveringsnummer"],
            }
            for zaak_id, row in first.items()
            if cases[zaak_id]["herkomst"] == Herkomst.BIJVANGST
        ]
        if not changed:
            return
        signalled = (
            update(_case)
            .where(_case.c.id == bindparam("of"))
            .values(
                herkomst=Herkomst.SIGNAAL,
                datum_ontvangst=self.load.datum_ontvangst,
                eerste_signaal_id=bindparam("signal"),
                grondslag=bindparam("route"),
                leveringsnummer=bindparam("levering"),
            )
        )
        run(self.session, signalled, changed)

    def _second_addresses(self, rows: list[dict[str, Any]]) -> None:
        signals = self.by_id(
            _signal, {row["signal_id"] for row in rows}, *PLACE, "adressleutel", "adresbron", "signaalnummer"
        )
        addresses, tasks = [], []
        for row in rows:
            signal = dict(signals[row["signal_id"]])
            number, bron = signal.pop("signaalnummer"), signal.pop("adresbron")
            addresses.append(row | signal | {"bron": bron, "vanaf": self.today})
            uitleg = (
                f"Signaal {number} noemt een ander adres. Het staat als tweede vermoedelijk adres bij de zaak. "
                "Bekijk welk adres klopt."
            )
            owner = {name: row[name] for name in ("zaak_id", "gemeentecode")}
            tasks.append(owner | {"soort": "tweede_adres", "sleutel": f"tweede_adres:{number}", "uitleg": uitleg})
        if addresses:
            run(self.session, insert(_address), addresses)
        self.add_tasks(tasks)

    def _addresses(self, case_ids: Collection[int]) -> dict[int, set[str]]:
        known = {
            case_id: {case["adressleutel"]} for case_id, case in self.by_id(_case, case_ids, "adressleutel").items()
        }
        for piece in slices(case_ids):
            of_these = select(_address.c.zaak_id, _address.c.adressleutel).where(_address.c.zaak_id.in_(piece))
            for case_id, key in run(self.session, of_these):
                known[case_id].add(key)
        return known
