"""What the database itself guards: that what must stay cannot be changed, and who sees which rows."""

import re
from collections.abc import Iterator, Mapping

from sqlalchemy import Connection, text

from service.access import UWV_TABLES, UWV_WHOLES
from service.row_security import guarded_tables
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table

IN_A_FILE: Mapping[str, str] = {
    "brief_bestand_blijft": "brief_bestand",
    "sessie_pakket_blijft": "sessie_pakket",
    "sessie_pakket_bestand_blijft": "sessie_pakket_bestand",
    **{f"verklaring_van_vernietiging_geen_{deed}": "verklaring_van_vernietiging" for deed in ("update", "delete")},
    **{
        f"{name}_geen_{deed}": name
        for name in ("audit", "audit_zegel", "logboek_dataverwerking")
        for deed in ("update", "delete")
    },
}
"""The triggers of a database in a file, with their tables."""
IN_A_SERVER: Mapping[str, str] = {
    "brief_bestand_blijft": "brief_bestand",
    "sessie_pakket_blijft": "sessie_pakket",
    "sessie_pakket_bestand_blijft": "sessie_pakket_bestand",
    "verklaring_van_vernietiging_blijft": "verklaring_van_vernietiging",
    **{f"{name}_alleen_toevoegen": name for name in ("audit", "audit_zegel", "logboek_dataverwerking")},
}
"""Those of PostgreSQL; they let by only what its function does."""
ONLY_WAY = "vernietig_logboek"
"""The function of PostgreSQL that takes old rows out of the log."""
TERM = "20 years"
"""In what guards the log against deletion: younger rows are kept (Wet BRP 3.11)."""
UNLESS = "rni.vernietigt"
"""What that function says while it works."""
_BY_TERM = re.compile(r"(audit|audit_zegel|logboek_dataverwerking)_geen_delete")
_BUT_ONE_WAY = re.compile(r"(audit|audit_zegel|logboek_dataverwerking)_alleen_toevoegen")

# The policies as the migrations make them (0014), without what PostgreSQL writes around them.
_EVERY_ROW = "SELECTcurrent_setting'rni.codes',true='*'"
_ALL_OF_UWV = "ORSELECTcurrent_setting'rni.signals',true='on'"
_OWN = "ORgemeentecode=ANYSELECTstring_to_arraycurrent_setting'rni.codes',true,','"
_AROUND = re.compile(r"::(character varying|varchar|text)(\[\])?| AS \w+|[\s()]")


@check("triggers")
def what_must_stay_is_guarded(look: Look) -> Findings:
    """Every trigger is there, is on, and still refuses."""
    connection = look.session.connection()
    found = dict(_in_a_file(connection) if look.sqlite else _in_a_server(connection))
    for name, of in (IN_A_FILE if look.sqlite else IN_A_SERVER).items():
        if name not in found:
            yield Finding("wachter_ontbreekt", of, f"De trigger {name} is er niet.")
        elif found[name] != "aan":
            yield Finding("wachter_ontbreekt", of, f"De trigger {name} {found[name]}.")
    if not look.sqlite:
        off = text(
            "SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid"
            " WHERE t.tgisinternal AND t.tgenabled = 'D' AND c.relnamespace = current_schema::regnamespace ORDER BY 1"
        )
        for name in connection.execute(off).scalars():
            yield Finding("wachter_ontbreekt", name, "De bewaking van verwijzingen staat uit.")
        body = text("SELECT prosrc FROM pg_proc WHERE proname = :name AND pronamespace = current_schema::regnamespace")
        if TERM not in (connection.execute(body, {"name": ONLY_WAY}).scalar() or ""):
            yield Finding("wachter_ontbreekt", "audit", f"De functie {ONLY_WAY} let niet meer op de termijn.")


def _in_a_file(connection: Connection) -> Iterator[tuple[str, str]]:
    for name, told in connection.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")):
        yield name, "aan" if _refuses(name, told, "RAISE(ABORT", told) else "weigert niets meer"


def _refuses(name: str, body: str, word: str, when: str) -> bool:
    """Whether a guard still refuses, and one that lets old rows go no younger ones, nor by another way."""
    if " WHEN " in when and not (_BY_TERM.fullmatch(name) or _BUT_ONE_WAY.fullmatch(name)):
        return False
    asked = TERM if _BY_TERM.fullmatch(name) else UNLESS if _BUT_ONE_WAY.fullmatch(name) else ""
    return word in body and asked in when


def _in_a_server(connection: Connection) -> Iterator[tuple[str, str]]:
    asked = text(
        "SELECT t.tgname, t.tgenabled, p.prosrc, pg_get_triggerdef(t.oid) FROM pg_trigger t"
        " JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid"
        " WHERE NOT t.tgisinternal AND c.relnamespace = current_schema::regnamespace"
    )
    for name, enabled, body, made in connection.execute(asked):
        on = enabled if isinstance(enabled, str) else enabled.decode()
        whole = _refuses(name, body, "RAISE EXCEPTION", made)
        yield name, "staat uit" if on == "D" else "aan" if whole else "weigert niets meer"


@check("beveiliging per rij")
def rows_are_chosen_by_whoever_asks(look: Look) -> Findings:
    """PostgreSQL only: on for every guarded table, for its owner too, with the policy that the migrations made."""
    if look.sqlite:
        return
    connection = look.session.connection()
    switched = text(
        "SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class"
        " WHERE relkind = 'r' AND relnamespace = current_schema::regnamespace"
    )
    on = {name: whole for name, whole in connection.execute(switched)}  # noqa: C416  # a row is no pair
    policies: dict[str, list[tuple[str, str, str]]] = {}
    made = text(
        "SELECT tablename, permissive || ' ' || cmd, qual, with_check FROM pg_policies"
        " WHERE schemaname = current_schema"
    )
    for name, kind, seen, written in connection.execute(made):
        policies.setdefault(name, []).append((kind, _plain(seen), _plain(written)))
    for name in guarded_tables():
        if not on.get(name):
            yield Finding("rijbeveiliging_wijkt_af", name, "Zij staat uit, of niet voor de eigenaar.")
        if policies.get(name) != [("PERMISSIVE ALL", *_expected(name))]:
            yield Finding("rijbeveiliging_wijkt_af", name, "De policy is een andere.")


def _plain(expression: str | None) -> str:
    return _AROUND.sub("", expression or "")


def _expected(name: str) -> tuple[str, str]:
    """Who sees and who writes rows of this table."""
    if name in {table(each).name for each in UWV_WHOLES}:
        return _EVERY_ROW + _ALL_OF_UWV, _EVERY_ROW
    written = _EVERY_ROW + _OWN
    return (_EVERY_ROW + _ALL_OF_UWV + _OWN if name in {table(each).name for each in UWV_TABLES} else written), written
