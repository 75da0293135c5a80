"""A hand-over by the API: what goes along is offered, chosen, found by the receiver and logged, once."""

from sqlalchemy import Engine
from sqlmodel import select

from service.access import Access
from service.db import session_scope
from service.models import AuditEntry

from .conftest import Door, first_case, is_problem


def test_what_was_chosen_is_found_by_the_receiver(doors: dict[str, Door], loaded: None, engine: Engine) -> None:
    anna, dirk = doors["anna"], doors["dirk"]
    number = first_case(anna)["zaaknummer"]
    anna.post(f"/zaken/{number}/bronnen", {"soort": "kvk", "bevinding": "het bedrijf zit in Venlo"})
    anna.post(f"/zaken/{number}/bronnen", {"soort": "sociaal_domein", "bevinding": "schulden"})
    steps = {one["stap"]: one for one in anna.get(f"/zaken/{number}/stappen").json()["items"]}
    (offered,) = (one for one in steps["draag_over"]["velden"] if one["naam"] == "stukken")
    assert offered["soort"] == "stukken" and len(offered["keuzes"]) == 1
    step = {"stap": "draag_over", "versie": 1, "gegevens": {"gemeentecode": "0983", "stukken": ["bron:999999"]}}
    faulty = is_problem(anna.post(f"/zaken/{number}/stappen", step), 400)
    assert "gegevens/stukken" in str(faulty)
    step["gegevens"] = {"gemeentecode": "0983", "stukken": offered["keuzes"]}
    for _ in range(2):
        done = anna.post(f"/zaken/{number}/stappen", step, key="een-overdracht")
        assert done.status_code == 201 and done.json()["resultaat"] == "andere_gemeente"
    theirs = dirk.get("/zaken", aantal=100, sorteer="-zaaknummer").json()["items"][0]
    assert theirs["herkomst"] == "overdracht"
    (part,) = dirk.get(f"/zaken/{theirs['zaaknummer']}").json()["ontvangen"]
    assert (part["soort"], part["omschrijving"], part["vanGemeente"]) == ("bron", "kvk", "0599")
    assert part["regels"][0] == ["Bevinding", "het bedrijf zit in Venlo"] and part["vastgelegdDoor"] == "anna"
    is_problem(dirk.get(f"/zaken/{theirs['zaaknummer']}/ontvangen/{part['nummer']}"), 404)
    with session_scope(engine, Access.system(), write=False) as session:
        logged = select(AuditEntry.object).where(AuditEntry.actie == "stuk_meegegeven")
        assert list(session.exec(logged)) == [f"{number}/{offered['keuzes'][0].replace(':', '/')}"]
