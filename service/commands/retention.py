"""`rni retention`: what is past its term, lists, and what becomes of them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlmodel import Session, col, select

from service.commands.desk import REFUSED, WITH_REJECTED, As, AsJson, CommandDesk, answer, desk, existing, progress
from service.db import session_scope
from service.identity.accounts import desk_of
from service.log import audit
from service.retention import again, carrying_out, due, lists
from signals.errors import Forbidden, Invalid, NotFound, Reason
from workflow import legal_holds, moves
from workflow.models import Case
from workflow.phases import MUNICIPAL_ROLES, Role
from workflow.retention import MOST
from workflow.retention_models import DestructionItem, DestructionList, Lijststaat, Soort

commands = typer.Typer(no_args_is_help=True, help="Bewaren en vernietigen.")

Number = Annotated[str, typer.Argument(metavar="LIJST", help="Het nummer van de lijst: VL-JJJJ-NNNN.")]
CaseNumber = Annotated[str, typer.Argument(metavar="ZAAKNUMMER", help="Het nummer van de zaak.")]
Code = Annotated[str | None, typer.Option(metavar="C", help="De gemeente, met vier cijfers.")]
Why = Annotated[str, typer.Option(metavar="T", help="Waarom.")]


@commands.command("due", help="Toont waarvan de bewaartermijn voorbij is, en de lijsten die nog lopen.")
def show_due(gemeente: Code = None, as_json: AsJson = False, actor: As = None) -> None:
    """Counts by kind and municipality; nothing is changed."""
    with desk(actor, touches_cases=False) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            codes = [gemeente] if gemeente else _codes(session, at)
            for code in codes:
                lists.require_handler(at.access.actor, code)
            project = Role.BEHEERDER in at.access.actor.rollen and gemeente is None
            found = due.overview(session, codes, at.now.date(), at.settings.zone, project=project)
            running = [row for row in lists.lists(session, at.access.actor, codes, MOST) if row.staat in lists.OPEN]
            tallies = lists.counted(session, running)
    told = {
        "aanDeBeurt": [
            {
                "soort": one.soort.value,
                "gemeentecode": one.gemeentecode or None,
                "aantal": one.aantal,
                "meer": one.meer,
                "termijn": one.term.in_words,
                "vanaf": one.term.rule.vanaf,
                "grondslag": one.term.rule.bron,
            }
            for one in found
        ],
        "lijsten": [_line(row, tallies[row.id]) for row in running],
    }
    lines = [
        f"{one.soort.value} {one.gemeentecode or 'project'}: {one.aantal}{' of meer' if one.meer else ''} "
        f"({one.term.in_words} na {one.term.rule.vanaf})"
        for one in found
    ]
    lines += [f"{row.nummer}: {_state(row)}, {tallies[row.id].op_lijst} op de lijst" for row in running]
    answer(told, as_json, lines or ["Er zijn geen zaken, en dus ook geen bewaartermijnen die voorbij zijn."])


@commands.command("propose", help="Maakt een vernietigingslijst van wat zijn bewaartermijn heeft gehad.")
def propose(
    soort: Annotated[Soort, typer.Argument(help="Wat er op de lijst komt.")],
    gemeente: Code = None,
    zonder: Annotated[
        list[str] | None, typer.Option(metavar="NUMMER=REDEN", help="Laat dit weg, met de reden; mag vaker.")
    ] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """A list to be approved by somebody else; nothing is destroyed."""
    left_out = [_left_out(each) for each in zonder or ()]
    with desk(actor) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened()) as session:
            who = at.access.actor
            row = lists.propose(session, who, at.now, at.settings.zone, soort, gemeente or due.PROJECT)
            audit.record(session, "vernietiging_voorgesteld", row.nummer, at.now, gemeentecode=lists.whose(row))
            for nummer, reden in left_out:
                lists.leave_out(session, row, nummer, who, at.now, reden)
            told = _whole(session, row)
    _tell(told, as_json, f"Laat een ander haar goedkeuren: rni retention approve {told['lijst']}")


def _left_out(text: str) -> tuple[str, str]:
    nummer, found, reden = text.partition("=")
    if not found:
        uitleg = f"Schrijf bij --zonder een nummer, een = en de reden; niet '{nummer}'."
        raise Invalid(Reason("weglaten_onleesbaar", uitleg, "zonder"))
    return nummer.strip(), reden


@commands.command("show", help="Toont een vernietigingslijst met al haar regels.")
def show(nummer: Number, as_json: AsJson = False, actor: As = None) -> None:
    """Numbers and days, nothing of a person."""
    with desk(actor, touches_cases=False) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            told = _whole(session, lists.find(session, at.access.actor, nummer))
    _tell(told, as_json, "")


@commands.command("approve", help="Keurt een lijst van een ander goed.")
def approve(nummer: Number, as_json: AsJson = False, actor: As = None) -> None:
    """Not by who made it."""
    with desk(actor) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened()) as session:
            row = lists.find(session, at.access.actor, nummer, lock=True)
            lists.approve(session, row, at.access.actor, at.now)
            audit.record(session, "vernietiging_goedgekeurd", nummer, at.now, gemeentecode=lists.whose(row))
            told = _whole(session, row)
    _tell(told, as_json, f"Vernietig wat erop staat met: rni retention destroy {nummer}")


@commands.command("withdraw", help="Trekt een lijst in; er wordt niets vernietigd.")
def withdraw(nummer: Number, reden: Why, as_json: AsJson = False, actor: As = None) -> None:
    """Until it is carried out."""
    with desk(actor) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened()) as session:
            row = lists.find(session, at.access.actor, nummer, lock=True)
            lists.withdraw(session, row, at.access.actor, at.now, reden)
            audit.record(session, "vernietiging_ingetrokken", nummer, at.now, gemeentecode=lists.whose(row))
            told = _whole(session, row)
    _tell(told, as_json, "")


@commands.command("destroy", help="Vernietigt wat op een goedgekeurde lijst staat; gaat verder waar het bleef.")
def destroy(nummer: Number, as_json: AsJson = False, actor: As = None) -> None:
    """Line by line; exit 3 when something waits (a file, a database in use), to be done again later."""
    with desk(actor) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened()) as session:
            row = lists.find(session, at.access.actor, nummer, lock=True)
            if row.staat != Lijststaat.UITVOERING:
                lists.start(session, row, at.access.actor, at.now)
                audit.record(session, "vernietiging_begonnen", nummer, at.now, gemeentecode=lists.whose(row))
        with progress("Vernietigen", as_json) as tick:
            done = carrying_out.carry_out(at.engine, at.settings, nummer, at.now, at.access.origin, tick)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            told = _whole(session, lists.find(session, at.access.actor, nummer))
    waits = "Nog niet alles is gewist. De klok laat het elk uur opnieuw doen; of geef deze opdracht straks opnieuw."
    _tell(told | {"klaar": done.klaar}, as_json, f"Verklaring: {done.verklaring}" if done.klaar else waits)
    if not done.klaar:
        raise typer.Exit(WITH_REJECTED)


@commands.command("certificate", help="Schrijft de verklaring van een uitgevoerde lijst als PDF.")
def certificate(
    nummer: Number,
    out: Annotated[Path, typer.Option(metavar="FILE", help="Het bestand dat wordt geschreven.")],
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """The bytes as they are kept."""
    with desk(actor, touches_cases=False) as at:
        at.require(*lists.WORKERS)
        with session_scope(at.engine, at.access.widened(), write=False) as session:
            row = lists.find(session, at.access.actor, nummer)
            made = lists.certificate(session, row)
            if made is None:
                raise NotFound(
                    Reason("verklaring_onbekend", f"Lijst {nummer} is nog niet uitgevoerd. Er is geen verklaring.")
                )
            out.write_bytes(made.pdf)
            told = {"verklaring": made.nummer, "sha256": made.sha256, "pad": str(out)}
    answer(told, as_json, [f"{made.nummer}: {out}"])


@commands.command("clean", help="Overschrijft vrijgekomen ruimte in de database.")
def clean(as_json: AsJson = False, actor: As = None) -> None:
    """SQLite: the file is written anew. PostgreSQL: its tables, as their owner. Exit 4 when it could not be done."""
    with desk(actor, touches_cases=False) as at:
        at.require(Role.BEHEERDER)
        done = carrying_out.overwrite_now(at.engine, at.settings, at.access, at.now)
    told = "De vrijgekomen ruimte is overschreven."
    if not done:
        told = (
            "De ruimte is niet overschreven: anderen gebruiken de database, of alleen de eigenaar van de tabellen mag "
            "dit. Zet RNI_DATABASE_OWNER_URL, of probeer het op een rustig moment."
        )
    answer({"overschreven": done}, as_json, [told])
    if not done:
        raise typer.Exit(REFUSED)


@commands.command("hold", help="Legt een bewaarplicht op een zaak: er wordt niets van vernietigd.")
def hold(zaaknummer: CaseNumber, reden: Why, as_json: AsJson = False, actor: As = None) -> None:
    """Until it is lifted."""
    with desk(actor) as at:
        at.require(*legal_holds.KEEPERS)
        with session_scope(at.engine, at.access) as session:
            case = moves.find_case(session, zaaknummer)
            made = legal_holds.place(session, case, desk_of(session, at.now), {"reden": reden})
            audit.record(session, "bewaarplicht_opgelegd", zaaknummer, at.now, gemeentecode=case.gemeentecode)
            told = {"zaaknummer": zaaknummer, "bewaarplicht": made.id, "sinds": made.vastgelegd_op}
    answer(
        told, as_json, [f"{zaaknummer}: bewaarplicht {made.id}. Hef haar op met: rni retention release {zaaknummer}"]
    )


@commands.command("release", help="Heft de bewaarplichten van een zaak op, of één daarvan.")
def release(
    zaaknummer: CaseNumber,
    reden: Why,
    nummer: Annotated[int | None, typer.Option(metavar="N", help="Alleen deze bewaarplicht.")] = None,
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """What is past its term may be listed again."""
    with desk(actor) as at:
        at.require(*legal_holds.KEEPERS)
        with session_scope(at.engine, at.access) as session:
            case, sitting = moves.find_case(session, zaaknummer), desk_of(session, at.now)
            standing = [one.id for one in legal_holds.standing(session, case)]
            if not standing and nummer is None:
                uitleg = f"Op zaak {zaaknummer} ligt geen bewaarplicht. Er is niets gewijzigd."
                raise NotFound(Reason("bewaarplicht_onbekend", uitleg))
            lifted = [one for one in ([nummer] if nummer is not None else standing) if one is not None]
            for one in lifted:
                legal_holds.lift(session, case, one, sitting, {"reden": reden})
            audit.record(session, "bewaarplicht_opgeheven", zaaknummer, at.now, gemeentecode=case.gemeentecode)
    answer({"zaaknummer": zaaknummer, "opgeheven": lifted}, as_json, [f"{zaaknummer}: {len(lifted)} opgeheven."])


@commands.command("repeat", help="Vernietigt opnieuw wat na een back-up was vernietigd, volgens een journaal.")
def repeat(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Het journaal dat apart is bewaard.")],
    as_json: AsJson = False,
    actor: As = None,
) -> None:
    """After a restore; exit 3 when something stayed that is no longer the same."""
    path = existing(file)
    with desk(actor) as at:
        at.require(Role.BEHEERDER)
        done = again.repeat(at.engine, at.settings, at.access, path, at.now)
    told = {
        "lijsten": done.lijsten,
        "verklaringen": done.verklaringen,
        "vernietigd": done.vernietigd,
        "alWeg": done.weg,
        "gebleven": [{"nummer": nummer, "reden": why} for nummer, why in done.gebleven],
        "klaar": done.klaar,
    }
    lines = [f"Opnieuw vernietigd: {done.vernietigd}. Al weg: {done.weg}. Gebleven: {len(done.gebleven)}."]
    lines += [f"Verklaring: {number}" for number in done.verklaringen]
    lines += [f"{nummer}: {why}" for nummer, why in done.gebleven]
    answer(told, as_json, lines)
    if done.gebleven or not done.klaar:
        raise typer.Exit(WITH_REJECTED)


def _codes(session: Session, at: CommandDesk) -> Sequence[str]:
    """The municipalities whose lists this actor works on: of a beheerder all that have cases."""
    if Role.BEHEERDER in at.access.actor.rollen or at.access.codes is None:
        return session.exec(select(Case.gemeentecode).distinct().order_by(col(Case.gemeentecode))).all()
    if not at.access.may(*MUNICIPAL_ROLES):
        raise Forbidden(Reason("rol_ontbreekt", "Deze opdracht is voor een teamleider of een beheerder."))
    return sorted(at.access.actor.rollen.get(Role.TEAMLEIDER) or ())


def _state(row: DestructionList) -> str:
    return row.staat.value.replace("_", " ")


def _line(row: DestructionList, tally: lists.Counted) -> dict[str, Any]:
    return {
        "lijst": row.nummer,
        "soort": row.soort.value,
        "gemeentecode": row.gemeentecode or None,
        "staat": row.staat.value,
        "aantallen": vars(tally),
    }


def _whole(session: Session, row: DestructionList) -> dict[str, Any]:
    """A list with its lines, as `--json` prints it."""
    made = lists.certificate(session, row)
    return {
        **_line(row, lists.counted(session, [row])[row.id]),
        "termijn": lists.term_of(row).in_words,
        "voorgesteldDoor": row.voorgesteld_door,
        "goedgekeurdDoor": row.goedgekeurd_door,
        "uitgevoerdDoor": row.uitgevoerd_door,
        "verklaring": made.nummer if made else None,
        "regels": [_item(one) for one in lists.items(session, row)],
    }


def _item(one: DestructionItem) -> dict[str, Any]:
    told = {"object": one.object, "nummer": one.nummer, "sinds": one.sinds, "staat": one.staat.value}
    return told | ({"reden": one.reden} if one.reden else {})


def _tell(told: dict[str, Any], as_json: bool, then: str) -> None:
    lines = [f"{told['lijst']}: {told['soort']}, {told['staat'].replace('_', ' ')}, termijn {told['termijn']}."]
    lines += [
        f"{one['object']} {one['nummer']}: {one['staat']}. {one.get('reden', '')}".strip() for one in told["regels"]
    ]
    answer(told, as_json, [*lines, then] if then else lines)
