"""The sessies of an installation in which there is one at least of everything that a page can show."""

from service import sessie_packs
from service.access import Access
from service.db import session_scope
from service.identity import accounts
from tests.service.pages.conftest import ROTTERDAM, Site
from workflow import sessie_notes, sessies
from workflow.actors import Desk
from workflow.sessies import Agenda


def furnish(site: Site) -> None:
    """A sessie of today with a question and two packs, one that was held with two actions of which one is done, and one
    that is off."""
    asked = {"soort": "werksessie", "datum": site.days(0), "plaats": "online", "deelnemers": f"{ROTTERDAM},UWV"}
    asked |= {"tijd": "10:00", "leveringen": "LRNI-2026-07"}
    with session_scope(site.engine, Access.system()) as session:
        people = {naam: accounts.find_user(session, naam) for naam in ("anna", "coen")}
        desks = {
            naam: Desk(accounts.actor_of(session, user, site.today), site.settings.now())
            for naam, user in people.items()
        }
        anna, coen = desks["anna"], desks["coen"]

        def plan(**other: str) -> Agenda:
            return sessies.find(session, sessies.plan(session, coen, asked | other).nummer, coen.actor)

        held = plan(soort="kick_off")
        action = {"tekst": "Maak een voorbeeldbrief.", "organisatie": ROTTERDAM, "voor": site.days(9)}
        site.known["actie"] = str(sessie_notes.agree(session, held, coen, action).id)
        done = sessie_notes.agree(session, held, coen, action | {"tekst": "Stuur de presentatie rond."})
        told = {"gedaanOp": site.days(0), "hoe": "Zij staat bij de werkinstructie."}
        sessie_notes.finish(session, done, anna, sessie_notes.stands(done), told)
        site.known["gedaan"] = str(done.id)
        sessies.hold(session, held.sessie, coen, held.sessie.versie)
        off = plan(soort="kick_off", leveringen="", deelnemers="UWV")
        sessies.call_off(session, off.sessie, coen, off.sessie.versie, {"reden": "De zaal is dicht."})
        ahead = plan()
        question = sessie_notes.ask(session, ahead, anna, {"tekst": "Wat doen we als niemand opendoet?"})
        site.known |= {"vraag": str(question.id), "gehouden": held.sessie.nummer, "afgelast": off.sessie.nummer}
        site.known["sessie"] = ahead.sessie.nummer
        for why in ("", "Er ontbraken leerpunten."):
            new = sessie_packs.make(session, site.engine, Access.of(coen.actor, "test"), ahead, site.today, site.today)
            stood, files = (new.volgnummer, new.digest), sessie_packs.files_made(new)
            sessie_packs.publish(session, ahead, coen, new, files, stood, {"reden": why} if why else {})
