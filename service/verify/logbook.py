"""The log: its chain is whole, and every action with people's data has its line in the Logboek Dataverwerkingen."""

from sqlalchemy import and_, exists, or_, select

from service.audit_models import AuditSeal, ChainStart, LogDelivery, LogLine
from service.log import chain
from service.log.subjects import BEGINNINGS, names_somebody
from service.models import AuditEntry
from service.verify.looking import Finding, Findings, Look, check
from signals.base import table

_entry, _line = table(AuditEntry), table(LogLine)
_seal, _delivery, _start = table(AuditSeal), table(LogDelivery), table(ChainStart)


@check("keten van het logboek")
def the_chain_is_whole(look: Look) -> Findings:
    """As `rni audit verify`, without sealing what is new: nothing is written here."""
    if gone := chain.heads_gone(look.session, look.settings.data_dir):
        yield Finding("ketenkoppen_weg", "logboek/ketenkoppen.json", gone.uitleg)
    verdict = chain.verify(look.session, look.heads)
    look.looked += verdict.regels
    if verdict.breuk:
        fault = verdict.breuk
        yield Finding("logboek_geschonden", fault.gemeentecode or "project", fault.uitleg)


@check("regels van verwerkingen")
def every_action_has_its_lines(look: Look) -> Findings:
    """An action on what is about somebody has a line of its own; and no line is without an action."""
    about_somebody = or_(*(_entry.c.object.startswith(beginning) for beginning in BEGINNINGS))
    own = exists().where(_line.c.trace_id == _entry.c.trace_id, _line.c.span_id == _entry.c.span_id)
    of_entry = select(_entry.c.id, _entry.c.actie, _entry.c.object).where(
        _entry.c.span_id.is_not(None), about_somebody, ~own
    )
    for number, action, object_ in look.rows(of_entry.order_by(_entry.c.id)):
        if names_somebody(object_):
            yield Finding("verwerking_niet_vastgelegd", f"audit {number}", f"Het gaat om {action}.")
    spans = or_(_entry.c.span_id == _line.c.span_id, _entry.c.span_id == _line.c.parent_span_id)
    loose = select(_line.c.id, _line.c.name).where(~exists().where(spans)).order_by(_line.c.id)
    for number, action in look.rows(loose):
        yield Finding("verwerking_zonder_handeling", f"logboek_dataverwerking {number}", f"Het gaat om {action}.")


@check("aflevering van het logboek")
def nothing_was_handed_on_that_is_not_there(look: Look) -> Findings:
    """How far the lines were handed on lies within what there is."""
    there = exists().where(_seal.c.id == _delivery.c.zegel_id)
    # The seal itself may have gone after its term; one of later is there then.
    gone = and_(exists().where(_start.c.volgnummer > 0), exists().where(_seal.c.id > _delivery.c.zegel_id))
    beyond = select(_delivery.c.zegel_id).where(_delivery.c.zegel_id > 0, ~there, ~gone)
    for (number,) in look.rows(beyond):
        yield Finding("verwijzing_los", f"logboek_aflevering {number}", "Het zegel waar de aflevering is, is er niet.")
